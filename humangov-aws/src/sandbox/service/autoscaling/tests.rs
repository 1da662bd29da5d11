// SPDX-License-Identifier: MIT OR Apache-2.0

use crate::sandbox::{
    service::ecs::testing::{account, service, wanted},
    testing::Account,
    timings::Timings,
};
use serde_json::{Value, json};
use std::time::Duration;

const NAME: &str = "application-autoscaling";
const INVALID: &str = "ValidationException";
const GONE: &str = "ObjectNotFoundException";

/// An account with the service `shop` of two tasks.
fn with_service(timings: Timings) -> Account {
    let mut account = account(timings);
    account.ok("CreateService", &wanted("shop", "web:1"));
    account.at(NAME);
    account
}

/// Members about the target of `shop`, and others.
fn about(more: &Value) -> Value {
    let mut input = json!({
        "ServiceNamespace": "ecs",
        "ResourceId": "service/main/shop",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

fn tracking(configuration: &Value) -> Value {
    about(&json!({
        "PolicyName": "cpu",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": configuration,
    }))
}

fn cpu() -> Value {
    json!({"TargetValue": 60, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}})
}

#[test]
fn a_target_is_made_and_changed_by_the_same_call() {
    let mut account = with_service(Timings::instant());
    let bounds = json!({"MinCapacity": 3, "MaxCapacity": 6, "Tags": {"a": "b"}});
    let arn = account.ok("RegisterScalableTarget", &about(&bounds))["ScalableTargetARN"].clone();
    let changed = account.ok("RegisterScalableTarget", &about(&json!({"MaxCapacity": 8})));
    assert_eq!(changed["ScalableTargetARN"], arn);
    let asked = json!({"ServiceNamespace": "ecs", "ResourceIds": ["service/main/shop", "service/main/none"]});
    let targets = account.ok("DescribeScalableTargets", &asked)["ScalableTargets"].clone();
    assert_eq!(targets.as_array().map(Vec::len), Some(1));
    assert_eq!((&targets[0]["MinCapacity"], &targets[0]["MaxCapacity"]), (&json!(3), &json!(8)));
    assert_eq!(targets[0]["SuspendedState"]["DynamicScalingInSuspended"], false);
    assert!(
        targets[0]["RoleARN"]
            .as_str()
            .is_some_and(|role| role.contains("AWSServiceRoleForApplicationAutoScaling"))
    );
    let shop = service(account.at("ecs"), "shop");
    assert_eq!(
        (&shop["desiredCount"], &shop["runningCount"]),
        (&json!(3), &json!(3)),
        "it was moved into the bounds"
    );
}

#[test]
fn targets_that_cannot_be_are_refused() {
    let mut account = with_service(Timings::instant());
    let table = [
        json!({"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "service/main/none"}),
        json!({"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "service/none/shop"}),
        json!({"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "shop"}),
        json!({"MinCapacity": 1, "MaxCapacity": 2, "ScalableDimension": "ecs:service:Size"}),
        json!({"MinCapacity": 1, "MaxCapacity": 2, "ServiceNamespace": "moon"}),
        json!({"MinCapacity": 3, "MaxCapacity": 2}),
        json!({"MinCapacity": -1, "MaxCapacity": 2}),
        json!({"MinCapacity": 1}),
        json!({"MaxCapacity": 1}),
    ];
    for bounds in table {
        assert_eq!(account.refused("RegisterScalableTarget", &about(&bounds)), INVALID, "{bounds}");
    }
    let response = account.call(
        "RegisterScalableTarget",
        &about(&json!({"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "service/main/none"})),
    );
    assert!(String::from_utf8_lossy(&response.body).contains("ECS service doesn't exist: service/main/none"));
    let many: Vec<String> = (0..51).map(|n| format!("service/main/{n}")).collect();
    assert_eq!(
        account.refused("DescribeScalableTargets", &json!({"ServiceNamespace": "ecs", "ResourceIds": many})),
        INVALID
    );
}

#[test]
fn a_policy_has_alarms_and_goes_with_its_target() {
    let mut account = with_service(Timings::instant());
    assert_eq!(account.refused("PutScalingPolicy", &tracking(&cpu())), GONE);
    account.ok("RegisterScalableTarget", &about(&json!({"MinCapacity": 1, "MaxCapacity": 4})));
    let first = account.ok("PutScalingPolicy", &tracking(&cpu()));
    assert_eq!(first["Alarms"].as_array().map(Vec::len), Some(2));
    let mut only_out = cpu();
    only_out["DisableScaleIn"] = json!(true);
    let second = account.ok("PutScalingPolicy", &tracking(&only_out));
    assert_eq!(
        (&second["PolicyARN"], second["Alarms"].as_array().map(Vec::len)),
        (&first["PolicyARN"], Some(1))
    );
    let found = account.ok("DescribeScalingPolicies", &about(&json!({})))["ScalingPolicies"].clone();
    assert_eq!(found[0]["TargetTrackingScalingPolicyConfiguration"], only_out);
    assert_eq!(found[0]["PolicyType"], "TargetTrackingScaling");
    account.ok("DeleteScalingPolicy", &about(&json!({"PolicyName": "cpu"})));
    assert_eq!(account.refused("DeleteScalingPolicy", &about(&json!({"PolicyName": "cpu"}))), GONE);
    account.ok("PutScalingPolicy", &tracking(&cpu()));
    account.ok("DeregisterScalableTarget", &about(&json!({})));
    assert_eq!(account.refused("DeregisterScalableTarget", &about(&json!({}))), GONE);
    assert_eq!(
        account.ok("DescribeScalingPolicies", &json!({"ServiceNamespace": "ecs"}))["ScalingPolicies"],
        json!([])
    );
}

#[test]
fn policies_that_cannot_be_are_refused() {
    let mut account = with_service(Timings::instant());
    account.ok("RegisterScalableTarget", &about(&json!({"MinCapacity": 1, "MaxCapacity": 4})));
    let metric = |kind: &str, label: Option<&str>| json!({"TargetValue": 1, "PredefinedMetricSpecification": {"PredefinedMetricType": kind, "ResourceLabel": label}});
    let table = [
        json!({}),
        json!({"TargetValue": 60}),
        json!({"TargetValue": 0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}),
        metric("DynamoDBReadCapacityUtilization", None),
        metric("ALBRequestCountPerTarget", None),
        metric("ALBRequestCountPerTarget", Some("app/a/1")),
        metric("ECSServiceAverageCPUUtilization", Some("app/a/1/targetgroup/b/2")),
    ];
    for configuration in table {
        assert_eq!(
            account.refused("PutScalingPolicy", &tracking(&configuration)),
            INVALID,
            "{configuration}"
        );
    }
    account.ok(
        "PutScalingPolicy",
        &tracking(&metric("ALBRequestCountPerTarget", Some("app/a/1/targetgroup/b/2"))),
    );
    let mut nameless = tracking(&cpu());
    nameless["PolicyName"] = json!("");
    assert_eq!(account.refused("PutScalingPolicy", &nameless), INVALID);
    let step = about(&json!({"PolicyName": "cpu", "PolicyType": "StepScaling"}));
    assert_eq!(account.refused("PutScalingPolicy", &step), INVALID);
}

#[test]
fn a_target_outlives_its_service_and_is_not_seen_at_once() {
    let mut account = with_service(Timings::aws_like());
    account.ok("RegisterScalableTarget", &about(&json!({"MinCapacity": 1, "MaxCapacity": 4})));
    assert_eq!(account.refused("PutScalingPolicy", &tracking(&cpu())), GONE);
    account.wait(Duration::from_secs(1));
    account.ok("PutScalingPolicy", &tracking(&cpu()));
    account.at("ecs").ok("DeleteService", &json!({"cluster": "main", "service": "shop", "force": true}));
    account.wait(Duration::from_mins(2));
    let targets = account.at(NAME).ok("DescribeScalableTargets", &json!({"ServiceNamespace": "ecs"}));
    assert_eq!(targets["ScalableTargets"].as_array().map(Vec::len), Some(1));
    assert_eq!(account.refused("RegisterScalableTarget", &about(&json!({"MaxCapacity": 5}))), INVALID);
    account.ok("DeregisterScalableTarget", &about(&json!({})));
}

#[test]
fn tags_are_changed_by_arn() {
    let mut account = with_service(Timings::instant());
    let bounds = json!({"MinCapacity": 1, "MaxCapacity": 4, "Tags": {"a": "1"}});
    let arn = account.ok("RegisterScalableTarget", &about(&bounds))["ScalableTargetARN"].clone();
    account.ok("TagResource", &json!({"ResourceARN": arn, "Tags": {"b": "2"}}));
    account.ok("UntagResource", &json!({"ResourceARN": arn, "TagKeys": ["a"]}));
    assert_eq!(account.ok("ListTagsForResource", &json!({"ResourceARN": arn}))["Tags"], json!({"b": "2"}));
    let none =
        json!({"ResourceARN": "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0"});
    assert_eq!(account.refused("ListTagsForResource", &none), "ResourceNotFoundException");
    let many: serde_json::Map<String, Value> = (0..50).map(|n| (n.to_string(), json!(""))).collect();
    assert_eq!(
        account.refused("TagResource", &json!({"ResourceARN": arn, "Tags": many})),
        "TooManyTagsException"
    );
}

#[test]
fn targets_and_policies_come_in_pages() {
    let mut account = account(Timings::instant());
    for n in 0..3 {
        account.at("ecs").ok("CreateService", &wanted(&format!("shop-{n}"), "web:1"));
        let target = about(
            &json!({"ResourceId": format!("service/main/shop-{n}"), "MinCapacity": 1, "MaxCapacity": 4}),
        );
        account.at(NAME).ok("RegisterScalableTarget", &target);
        let mut policy = tracking(&cpu());
        policy["ResourceId"] = target["ResourceId"].clone();
        account.ok("PutScalingPolicy", &policy);
    }
    for (operation, list) in
        [("DescribeScalableTargets", "ScalableTargets"), ("DescribeScalingPolicies", "ScalingPolicies")]
    {
        let first = account.ok(operation, &json!({"ServiceNamespace": "ecs", "MaxResults": 2}));
        assert_eq!(first[list].as_array().map(Vec::len), Some(2), "{operation}");
        let rest = json!({"ServiceNamespace": "ecs", "MaxResults": 2, "NextToken": first["NextToken"]});
        assert_eq!(account.ok(operation, &rest)[list].as_array().map(Vec::len), Some(1), "{operation}");
        let nonsense = json!({"ServiceNamespace": "ecs", "NextToken": "nonsense"});
        assert_eq!(account.refused(operation, &nonsense), "InvalidNextTokenException");
    }
}
