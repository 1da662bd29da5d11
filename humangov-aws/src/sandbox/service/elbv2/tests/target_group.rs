// SPDX-License-Identifier: MIT OR Apache-2.0

use super::{Setup, all, attribute, forward, listener_of, one, with};
use crate::sandbox::{service::elbv2::TargetHealth, timings::Timings};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn a_target_group_has_the_defaults_of_its_protocol() {
    let mut setup = Setup::new();
    let request = setup.group_of("web");
    let answer = setup.account.xml("CreateTargetGroup", &request);
    for (name, value) in [
        ("HealthCheckProtocol", "HTTP"),
        ("HealthCheckPort", "traffic-port"),
        ("HealthCheckPath", "/"),
        ("HealthCheckIntervalSeconds", "30"),
        ("HealthCheckTimeoutSeconds", "5"),
        ("HealthyThresholdCount", "5"),
        ("UnhealthyThresholdCount", "2"),
        ("HttpCode", "200"),
        ("ProtocolVersion", "HTTP1"),
        ("IpAddressType", "ipv4"),
        ("HealthCheckEnabled", "true"),
    ] {
        assert_eq!(one(&answer, name), value, "{name}");
    }
    let grpc = with(setup.group_of("grpc"), "ProtocolVersion", "GRPC");
    let answer = setup.account.xml("CreateTargetGroup", &grpc);
    assert_eq!(one(&answer, "GrpcCode"), "12");
    assert_eq!(one(&answer, "HealthCheckPath"), "/AWS.ALB/healthcheck");
    let lambda = json!({"Name": "lambda", "TargetType": "lambda"});
    let answer = setup.account.xml("CreateTargetGroup", &lambda);
    assert_eq!(one(&answer, "HealthCheckIntervalSeconds"), "35");
    assert_eq!(one(&answer, "HealthCheckEnabled"), "false");
    assert!(!answer.contains("<Port>"));
    let tcp = with(setup.group_of("tcp"), "Protocol", "TCP");
    let answer = setup.account.xml("CreateTargetGroup", &tcp);
    assert_eq!(one(&answer, "HealthCheckProtocol"), "TCP");
    assert!(!answer.contains("<Matcher>"));
}

#[test]
fn the_same_settings_give_the_same_target_group_and_others_are_refused() {
    let mut setup = Setup::new();
    let (arn, request) = (setup.group("web"), setup.group_of("web"));
    assert_eq!(one(&setup.account.xml("CreateTargetGroup", &request), "TargetGroupArn"), arn);
    let spelt_out = with(request.clone(), "HealthCheckPath", "/");
    assert_eq!(one(&setup.account.xml("CreateTargetGroup", &spelt_out), "TargetGroupArn"), arn);
    let code = setup.refused("CreateTargetGroup", &with(request, "Port", 8001));
    assert_eq!(code, "DuplicateTargetGroupName");
}

#[test]
fn a_target_group_that_cannot_be_is_refused() {
    let mut setup = Setup::new();
    let request = setup.group_of("web");
    let cases = [
        ("Name", json!("a".repeat(33))),
        ("Name", json!("-web")),
        ("Protocol", json!(null)),
        ("Protocol", json!("FTP")),
        ("Port", json!(null)),
        ("Port", json!(65_536)),
        ("Port", json!("web")),
        ("VpcId", json!(null)),
        ("VpcId", json!("vpc-0123456789abcdef0")),
        ("TargetType", json!("task")),
        ("ProtocolVersion", json!("HTTP3")),
        ("HealthCheckProtocol", json!("TCP")),
        ("HealthCheckIntervalSeconds", json!(4)),
        ("HealthCheckIntervalSeconds", json!(5)),
        ("HealthCheckTimeoutSeconds", json!(30)),
        ("HealthCheckTimeoutSeconds", json!(121)),
        ("HealthyThresholdCount", json!(1)),
        ("UnhealthyThresholdCount", json!(11)),
        ("HealthCheckPath", json!("health")),
        ("HealthCheckPort", json!("web")),
        ("HealthCheckEnabled", json!(false)),
        ("Matcher", json!({"HttpCode": "500"})),
        ("Matcher", json!({"HttpCode": "299-200"})),
        ("Matcher", json!({"HttpCode": ""})),
        ("Matcher", json!({"GrpcCode": "12"})),
    ];
    for (name, value) in cases {
        let refused = setup.refused("CreateTargetGroup", &with(request.clone(), name, value.clone()));
        assert_eq!(refused, "ValidationError", "{name}: {value}");
    }
}

#[test]
fn health_checks_are_changed_in_part() {
    let mut setup = Setup::new();
    let arn = setup.group("web");
    let change =
        json!({"TargetGroupArn": arn, "HealthCheckPath": "/up", "Matcher": {"HttpCode": "200-299,301"}});
    let answer = setup.account.xml("ModifyTargetGroup", &change);
    assert_eq!(one(&answer, "HealthCheckPath"), "/up");
    assert_eq!(one(&answer, "HttpCode"), "200-299,301");
    assert_eq!(one(&answer, "HealthCheckIntervalSeconds"), "30");
    let change = json!({"TargetGroupArn": arn, "HealthCheckTimeoutSeconds": 60});
    assert_eq!(setup.refused("ModifyTargetGroup", &change), "ValidationError");
    let answer = setup.account.xml("DescribeTargetGroups", &json!({"Names": ["web"]}));
    assert_eq!(one(&answer, "HealthCheckTimeoutSeconds"), "5");
}

#[test]
fn attributes_have_defaults_and_are_checked() {
    let mut setup = Setup::new();
    let arn = setup.group("web");
    let change = |pairs: &[(&str, &str)]| {
        let attributes: Vec<Value> =
            pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        json!({"TargetGroupArn": arn, "Attributes": attributes})
    };
    let answer = setup.account.xml("DescribeTargetGroupAttributes", &json!({"TargetGroupArn": arn}));
    assert_eq!(attribute(&answer, "deregistration_delay.timeout_seconds"), "300");
    assert_eq!(all(&answer, "Key").len(), 14);
    let delay = [("deregistration_delay.timeout_seconds", "5"), ("slow_start.duration_seconds", "30")];
    let answer = setup.account.xml("ModifyTargetGroupAttributes", &change(&delay));
    assert_eq!(attribute(&answer, "deregistration_delay.timeout_seconds"), "5");
    for (pairs, code) in [
        ([("deregistration_delay.timeout_seconds", "3601")].as_slice(), "ValidationError"),
        (&[("deregistration_delay.timeout_seconds", "")], "ValidationError"),
        (&[("slow_start.duration_seconds", "29")], "ValidationError"),
        (&[("lambda.multi_value_headers.enabled", "true")], "ValidationError"),
        (&[("load_balancing.algorithm.type", "least_outstanding_requests")], "InvalidConfigurationRequest"),
        (&[("load_balancing.algorithm.anomaly_mitigation", "on")], "InvalidConfigurationRequest"),
        (&[("stickiness.enabled", "true"), ("stickiness.type", "app_cookie")], "InvalidConfigurationRequest"),
        (&[("stickiness.app_cookie.cookie_name", "AWSALBAPP")], "InvalidConfigurationRequest"),
    ] {
        assert_eq!(setup.refused("ModifyTargetGroupAttributes", &change(pairs)), code, "{pairs:?}");
    }
}

#[test]
fn groups_are_found_by_name_arn_and_load_balancer() {
    let mut setup = Setup::new();
    let (balancer, used) = (setup.balancer("web"), setup.group("used"));
    let free = setup.group("free");
    setup.account.ok("CreateListener", &listener_of(&balancer, 80, &forward(&used)));
    let names = |answer: String| all(&answer, "TargetGroupName");
    assert_eq!(names(setup.account.xml("DescribeTargetGroups", &json!({"Names": ["free"]}))), ["free"]);
    let of_balancer = json!({"LoadBalancerArn": balancer});
    assert_eq!(names(setup.account.xml("DescribeTargetGroups", &of_balancer)), ["used"]);
    let answer = setup.account.xml("DescribeTargetGroups", &json!({"TargetGroupArns": [used]}));
    assert!(answer.contains(&format!("<LoadBalancerArns><member>{balancer}</member></LoadBalancerArns>")));
    let code = setup.refused("DescribeTargetGroups", &json!({"Names": ["free", "other"]}));
    assert_eq!(code, "TargetGroupNotFound");
    let both = json!({"Names": ["free"], "TargetGroupArns": [free]});
    assert_eq!(setup.refused("DescribeTargetGroups", &both), "ValidationError");
}

#[test]
fn a_group_in_use_is_not_deleted_and_one_that_is_gone_is_no_error() {
    let mut setup = Setup::new();
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let listener = setup.listener(&balancer, 80);
    let rule = setup.rule(&listener, 1, &group);
    let named = json!({"TargetGroupArn": group});
    assert_eq!(setup.refused("DeleteTargetGroup", &named), "ResourceInUse");
    setup.account.ok("DeleteRule", &json!({"RuleArn": rule}));
    setup.account.ok("DeleteTargetGroup", &named);
    setup.account.ok("DeleteTargetGroup", &named);
    assert_eq!(setup.refused("DescribeTargetHealth", &named), "TargetGroupNotFound");
}

#[test]
fn a_target_that_does_not_answer_becomes_unhealthy_and_drains_when_it_leaves() {
    let mut setup = Setup::with(Timings::aws_like());
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let named = json!({"TargetGroupArn": group});
    let target = json!({"TargetGroupArn": group, "Targets": [{"Id": "10.0.0.1"}]});
    setup.account.ok("RegisterTargets", &target);
    let state = |setup: &mut Setup, input: &Value| {
        let answer = setup.account.xml("DescribeTargetHealth", input);
        (one(&answer, "State"), one(&answer, "Reason"))
    };
    let told = |state: &str, reason: &str| (state.to_owned(), reason.to_owned());
    assert_eq!(state(&mut setup, &named), told("unused", "Target.NotInUse"));
    setup.account.ok("CreateListener", &listener_of(&balancer, 80, &forward(&group)));
    assert_eq!(state(&mut setup, &named), told("initial", "Elb.RegistrationInProgress"));
    setup.account.wait(Duration::from_secs(121));
    assert_eq!(state(&mut setup, &named), told("initial", "Elb.InitialHealthChecking"));
    setup.account.wait(Duration::from_secs(60));
    assert_eq!(state(&mut setup, &named), told("unhealthy", "Target.Timeout"));
    let other = json!({"TargetGroupArn": group, "Targets": [{"Id": "10.0.0.2", "Port": 80}]});
    assert_eq!(state(&mut setup, &other), told("unused", "Target.NotRegistered"));
    setup.account.ok("DeregisterTargets", &other);
    setup.account.ok("DeregisterTargets", &target);
    assert_eq!(state(&mut setup, &named), told("draining", "Target.DeregistrationInProgress"));
    setup.account.wait(Duration::from_secs(300));
    let answer = setup.account.xml("DescribeTargetHealth", &named);
    assert!(answer.contains("<TargetHealthDescriptions></TargetHealthDescriptions>"), "{answer}");
}

#[test]
fn targets_are_of_their_groups_type() {
    let mut setup = Setup::new();
    let ip = setup.group("ip");
    let instance = with(setup.group_of("instance"), "TargetType", "instance");
    let instance = one(&setup.account.xml("CreateTargetGroup", &instance), "TargetGroupArn");
    let register = |group: &str, id: &str| json!({"TargetGroupArn": group, "Targets": [{"Id": id}]});
    assert_eq!(setup.refused("RegisterTargets", &register(&ip, "i-1")), "ValidationError");
    assert_eq!(setup.refused("RegisterTargets", &register(&ip, "8.8.8.8")), "ValidationError");
    assert_eq!(setup.refused("RegisterTargets", &register(&instance, "i-1")), "InvalidTarget");
    assert_eq!(setup.refused("RegisterTargets", &json!({"TargetGroupArn": ip})), "ValidationError");
}

#[test]
fn the_targets_of_ecs_do_as_it_says() {
    let mut setup = Setup::new();
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    setup.account.ok("CreateListener", &listener_of(&balancer, 80, &forward(&group)));
    let health = TargetHealth { state: "healthy".to_owned(), reason: None };
    let (arn, now) = (group.clone(), setup.account.now);
    setup.account.world.with("us-east-1", now, |cx| cx.here.elbv2.set_target(&arn, "10.0.0.7", 8000, health));
    let named = json!({"TargetGroupArn": group});
    let answer = setup.account.xml("DescribeTargetHealth", &named);
    assert_eq!((one(&answer, "Id"), one(&answer, "State")), ("10.0.0.7".to_owned(), "healthy".to_owned()));
    assert_eq!(one(&answer, "HealthCheckPort"), "8000");
    assert!(!answer.contains("<Reason>"));
    setup.account.world.with("us-east-1", now, |cx| cx.here.elbv2.remove_target(&arn, "10.0.0.7", 8000));
    assert!(!setup.account.xml("DescribeTargetHealth", &named).contains("<Id>"));
}
