// SPDX-License-Identifier: MIT OR Apache-2.0

use super::super::testing::{account, look, service, subnets, told, wanted};
use crate::sandbox::{testing::Account, timings::Timings, world::Cx};
use serde_json::{Value, json};
use std::time::Duration;

const INVALID: &str = "InvalidParameterException";

/// `wanted`, with some members otherwise.
fn other(changes: &Value) -> Value {
    let mut input = wanted("shop", "web:1");
    for (name, value) in changes.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

fn with_world<T>(account: &mut Account, f: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    let now = account.now;
    account.world.with("us-east-1", now, f)
}

#[test]
fn a_service_is_told_of_with_awss_defaults() {
    let mut account = account(Timings::instant());
    let mut input = other(&json!({"tags": [{"key": "a", "value": "b"}]}));
    input["deploymentConfiguration"] = Value::Null;
    account.ok("CreateService", &input);
    let shown = service(&mut account, "shop");
    let expected = json!({
        "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/main/shop",
        "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/main",
        "launchType": "EC2",
        "schedulingStrategy": "REPLICA",
        "propagateTags": "NONE",
        "enableECSManagedTags": false,
        "availabilityZoneRebalancing": "ENABLED",
        "loadBalancers": [],
        "desiredCount": 2,
        "runningCount": 2,
    });
    for (name, value) in expected.as_object().into_iter().flatten() {
        assert_eq!(shown[name], *value, "{name}");
    }
    let configuration = &shown["deploymentConfiguration"];
    assert_eq!(
        (&configuration["minimumHealthyPercent"], &configuration["maximumPercent"]),
        (&json!(100), &json!(200))
    );
    assert!(shown.get("tags").is_none(), "tags must be asked for");
    let asked = json!({"cluster": "main", "services": [shown["serviceArn"]], "include": ["TAGS"]});
    let tagged = account.ok("DescribeServices", &asked);
    assert_eq!(tagged["services"][0]["tags"], json!([{"key": "a", "value": "b"}]));
}

#[test]
fn what_cannot_be_is_refused() {
    let mut account = account(Timings::instant());
    account.ok("DeregisterTaskDefinition", &json!({"taskDefinition": "web:2"}));
    let network =
        |id: &str, group: &str| json!({"awsvpcConfiguration": {"subnets": [id], "securityGroups": [group]}});
    let group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/none/0123456789abcdef";
    let balancer = |container: &str, port: u16| json!([{"targetGroupArn": group, "containerName": container, "containerPort": port}]);
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true}});
    let subnet = subnets(&mut account).0[0].clone();
    let item = |provider: &str, base: i64| json!({"capacityProvider": provider, "weight": 1, "base": base});
    let table = [
        (json!({"cluster": "none"}), "ClusterNotFoundException"),
        (json!({"serviceName": "a b"}), INVALID),
        (json!({"serviceName": ""}), INVALID),
        (json!({"serviceName": "a".repeat(256)}), INVALID),
        (json!({"taskDefinition": "none"}), "ClientException"),
        (json!({"taskDefinition": "web:2"}), "ClientException"),
        (json!({"taskDefinition": null}), INVALID),
        (json!({"desiredCount": -1}), INVALID),
        (json!({"desiredCount": null}), INVALID),
        (json!({"launchType": "MOON"}), INVALID),
        (json!({"launchType": "FARGATE"}), INVALID),
        (json!({"launchType": "EC2", "capacityProviderStrategy": [item("a", 0)]}), INVALID),
        (json!({"capacityProviderStrategy": [item("FARGATE", 0), item("a", 0)]}), INVALID),
        (json!({"capacityProviderStrategy": [item("FARGATE", 1), item("FARGATE_SPOT", 1)]}), INVALID),
        (json!({"platformVersion": "1.4.0"}), INVALID),
        (json!({"schedulingStrategy": "DAEMON"}), INVALID),
        (json!({"schedulingStrategy": "NONE"}), INVALID),
        (json!({"healthCheckGracePeriodSeconds": 60}), INVALID),
        (json!({"healthCheckGracePeriodSeconds": -1}), INVALID),
        (json!({"networkConfiguration": network(&subnet, "sg-none")}), INVALID),
        (json!({"taskDefinition": "fargate:1", "launchType": "FARGATE"}), INVALID),
        (
            json!({"taskDefinition": "fargate:1", "launchType": "FARGATE", "networkConfiguration": network("subnet-none", "sg-none")}),
            INVALID,
        ),
        (
            json!({"taskDefinition": "fargate:1", "launchType": "FARGATE", "networkConfiguration": network(&subnet, "sg-none")}),
            INVALID,
        ),
        (
            json!({"taskDefinition": "fargate:1", "launchType": "FARGATE", "platformVersion": "9.9.9"}),
            "PlatformUnknownException",
        ),
        (json!({"loadBalancers": balancer("none", 80)}), INVALID),
        (json!({"loadBalancers": balancer("web", 81)}), INVALID),
        (json!({"loadBalancers": balancer("web", 80)}), INVALID),
        (json!({"deploymentConfiguration": {"minimumHealthyPercent": 150, "maximumPercent": 100}}), INVALID),
        (
            json!({"deploymentConfiguration": {"maximumPercent": 100}, "availabilityZoneRebalancing": "ENABLED"}),
            INVALID,
        ),
        (json!({"deploymentConfiguration": breaker}), INVALID),
        (json!({"deploymentController": {"type": "EXTERNAL"}}), "UnsupportedFeatureException"),
        (json!({"clientToken": "a".repeat(37)}), INVALID),
        (json!({"tags": [{"key": "aws:x", "value": ""}]}), INVALID),
        (json!({"propagateTags": "ALL"}), INVALID),
    ];
    for (changes, code) in table {
        assert_eq!(account.refused("CreateService", &other(&changes)), code, "{changes}");
    }
}

#[test]
fn a_name_is_held_and_the_same_call_again_is_the_same_service() {
    let mut account = account(Timings::aws_like());
    let input = other(&json!({"clientToken": "token"}));
    let first = account.ok("CreateService", &input)["service"].clone();
    assert_eq!(
        account.ok("CreateService", &input)["service"]["deployments"][0]["id"],
        first["deployments"][0]["id"]
    );
    assert_eq!(account.refused("CreateService", &wanted("shop", "web:1")), INVALID);
    let mut changed = input.clone();
    changed["desiredCount"] = json!(3);
    assert_eq!(account.refused("CreateService", &changed), INVALID);

    account.wait(Duration::from_mins(2));
    account.ok("DeleteService", &json!({"cluster": "main", "service": "shop", "force": true}));
    let response = account.call("CreateService", &input);
    assert!(String::from_utf8_lossy(&response.body).contains("still Draining"), "{response:?}");
    account.wait(Duration::from_mins(2));
    assert_eq!(service(&mut account, "shop")["status"], "INACTIVE");
    let again = account.ok("CreateService", &input)["service"].clone();
    assert_eq!(again["status"], "ACTIVE");
    assert_ne!(again["deployments"][0]["id"], first["deployments"][0]["id"]);
}

#[test]
fn a_service_that_is_gone_is_described_for_a_while() {
    let mut account = account(Timings::aws_like());
    account.ok("CreateService", &wanted("shop", "web:1"));
    account.wait(Duration::from_mins(2));
    let named = json!({"cluster": "main", "service": "shop"});
    assert_eq!(account.refused("DeleteService", &named), INVALID, "it still wants tasks");
    let answer = account.ok("DeleteService", &json!({"cluster": "main", "service": "shop", "force": true}));
    assert_eq!(answer["service"]["status"], "DRAINING");
    assert_eq!(account.ok("ListServices", &json!({"cluster": "main"}))["serviceArns"], json!([]));
    assert_eq!(account.refused("UpdateService", &named), "ServiceNotActiveException");
    with_world(&mut account, |cx| {
        let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/main";
        assert_eq!(super::active_in(&cx.here.ecs, cluster), 1);
        assert_eq!(super::super::task::counts_in(&cx.here.ecs, cluster), (2, 0));
        assert_eq!(super::desired_count(cx, "main", "shop"), None);
    });
    account.wait(Duration::from_mins(1));
    assert_eq!(service(&mut account, "shop")["status"], "INACTIVE");
    assert_eq!(account.refused("DeleteService", &named), "ServiceNotFoundException");
    account.wait(Duration::from_secs(3700));
    let answer = account.ok("DescribeServices", &json!({"cluster": "main", "services": ["shop"]}));
    assert_eq!((&answer["services"], &answer["failures"][0]["reason"]), (&json!([]), &json!("MISSING")));
    assert_eq!(account.refused("UpdateService", &named), "ServiceNotFoundException");
}

#[test]
fn what_is_left_out_of_an_update_stays() {
    let mut account = account(Timings::instant());
    account.ok("CreateService", &wanted("shop", "web:1"));
    let before = service(&mut account, "shop");
    let update = json!({
        "cluster": "main", "service": "shop", "propagateTags": "SERVICE", "enableExecuteCommand": true,
        "deploymentConfiguration": {"maximumPercent": 150, "deploymentCircuitBreaker": {"enable": true, "rollback": false}},
    });
    let after = account.ok("UpdateService", &update)["service"].clone();
    assert_eq!(
        after["deployments"][0]["id"], before["deployments"][0]["id"],
        "none of these starts a deployment"
    );
    let configuration = &after["deploymentConfiguration"];
    assert_eq!(
        (&configuration["minimumHealthyPercent"], &configuration["maximumPercent"]),
        (&json!(100), &json!(150))
    );
    assert_eq!(configuration["deploymentCircuitBreaker"], json!({"enable": true, "rollback": false}));
    assert_eq!((&after["propagateTags"], &after["desiredCount"]), (&json!("SERVICE"), &json!(2)));

    let same = json!({"cluster": "main", "service": "shop", "taskDefinition": "web:1"});
    let after = account.ok("UpdateService", &same)["service"].clone();
    assert_eq!(after["deployments"][0]["id"], before["deployments"][0]["id"], "nothing is new");
    let force = json!({"cluster": "main", "service": "shop", "forceNewDeployment": true});
    let forced = account.ok("UpdateService", &force)["service"].clone();
    assert_ne!(forced["deployments"][0]["id"], before["deployments"][0]["id"]);
    for (changes, code) in [
        (json!({"taskDefinition": "none"}), "ClientException"),
        (json!({"service": "none"}), "ServiceNotFoundException"),
        (json!({"cluster": "none"}), "ClusterNotFoundException"),
        (json!({"desiredCount": -1}), INVALID),
        (json!({"healthCheckGracePeriodSeconds": 9}), INVALID),
    ] {
        let mut update = json!({"cluster": "main", "service": "shop"});
        for (name, value) in changes.as_object().into_iter().flatten() {
            update[name] = value.clone();
        }
        assert_eq!(account.refused("UpdateService", &update), code, "{changes}");
    }
}

#[test]
fn a_deregistered_task_definition_goes_on_being_used() {
    let mut account = account(Timings::instant());
    account.ok("CreateService", &wanted("shop", "web:1"));
    account.ok("DeregisterTaskDefinition", &json!({"taskDefinition": "web:1"}));
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "desiredCount": 3}));
    assert_eq!(service(&mut account, "shop")["runningCount"], 3);
}

#[test]
fn services_are_described_ten_at_a_time_and_listed_in_pages() {
    let mut account = account(Timings::instant());
    for n in 0..12 {
        account.ok("CreateService", &wanted(&format!("shop-{n:02}"), "web:1"));
    }
    let names: Vec<String> = (0..11).map(|n| format!("shop-{n:02}")).collect();
    let asked = json!({"cluster": "main", "services": names});
    assert_eq!(account.refused("DescribeServices", &asked), INVALID);
    assert_eq!(account.refused("DescribeServices", &json!({"cluster": "main", "services": []})), INVALID);
    let elsewhere = "arn:aws:ecs:us-east-1:123456789012:service/other/shop-01";
    assert_eq!(
        account.refused("DescribeServices", &json!({"cluster": "main", "services": [elsewhere]})),
        INVALID
    );
    let first = account.ok("ListServices", &json!({"cluster": "main"}));
    assert_eq!(first["serviceArns"].as_array().map(Vec::len), Some(10));
    let second = account.ok("ListServices", &json!({"cluster": "main", "nextToken": first["nextToken"]}));
    assert_eq!(second["serviceArns"].as_array().map(Vec::len), Some(2));
    assert_eq!(account.refused("ListServices", &json!({"cluster": "main", "maxResults": 101})), INVALID);
}

#[test]
fn a_daemon_has_a_task_on_its_instance() {
    let mut account = account(Timings::instant());
    let mut input = other(&json!({"schedulingStrategy": "DAEMON"}));
    input.as_object_mut().expect("an object").remove("desiredCount");
    account.ok("CreateService", &input);
    let shown = service(&mut account, "shop");
    assert_eq!((&shown["desiredCount"], &shown["runningCount"]), (&json!(1), &json!(1)));
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "taskDefinition": "web:2"}));
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "COMPLETED");
}

#[test]
fn capacity_providers_take_the_place_of_the_launch_type_and_give_it_back() {
    let mut account = account(Timings::instant());
    let items = json!([
        {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 1},
    ]);
    let network = json!({"awsvpcConfiguration": {"subnets": subnets(&mut account).0}});
    let input = json!({
        "taskDefinition": "fargate", "networkConfiguration": network, "capacityProviderStrategy": items, "desiredCount": 3,
    });
    account.ok("CreateService", &other(&input));
    let shown = service(&mut account, "shop");
    assert!(shown.get("launchType").is_none());
    assert_eq!(shown["deployments"][0]["platformVersion"], "1.4.0");
    let arns =
        account.ok("ListTasks", &json!({"cluster": "main", "serviceName": "shop"}))["taskArns"].clone();
    let tasks = account.ok("DescribeTasks", &json!({"cluster": "main", "tasks": arns}))["tasks"].clone();
    let providers = |name: &str| {
        let tasks = tasks.as_array().into_iter().flatten();
        tasks.filter(|task| task["capacityProviderName"] == name).count()
    };
    assert_eq!((providers("FARGATE"), providers("FARGATE_SPOT")), (2, 1));
    let back = json!({"cluster": "main", "service": "shop", "capacityProviderStrategy": [], "forceNewDeployment": true});
    account.ok("UpdateService", &back);
    let shown = service(&mut account, "shop");
    assert_eq!((&shown["launchType"], shown.get("capacityProviderStrategy")), (&json!("FARGATE"), None));
}

#[test]
fn only_the_last_hundred_events_are_kept() {
    let mut account = account(Timings::instant());
    account.ok("CreateService", &wanted("shop", "web:1"));
    for _ in 0..60 {
        account
            .ok("UpdateService", &json!({"cluster": "main", "service": "shop", "forceNewDeployment": true}));
    }
    let shown = look(&mut account, "shop", 1);
    assert_eq!(told(&shown).len(), 100);
}
