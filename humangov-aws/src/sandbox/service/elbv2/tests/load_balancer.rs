// SPDX-License-Identifier: MIT OR Apache-2.0

use super::{Setup, all, attribute, forward, listener_of, one, with};
use crate::sandbox::{
    testing::Account,
    timings::Timings,
    world::{World, later},
};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_load_balancer_is_provisioned_and_then_active() {
    let mut setup = Setup::with(Timings::aws_like());
    let request = setup.balancer_of("web");
    let answer = setup.account.xml("CreateLoadBalancer", &request);
    assert_eq!(one(&answer, "Code"), "provisioning");
    assert!(one(&answer, "DNSName").starts_with("web-"), "{answer}");
    assert_eq!(one(&answer, "CanonicalHostedZoneId"), "Z35SXDOTRQ7X7K");
    assert_eq!(one(&answer, "CreatedTime"), "2026-01-01T00:00:00.000Z");
    assert_eq!(all(&answer, "SubnetId").len(), 2);
    let arn = one(&answer, "LoadBalancerArn");
    let prefix = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/";
    assert!(arn.starts_with(prefix), "{arn}");
    let asked = json!({"LoadBalancerArns": [arn]});
    setup.account.wait(Duration::from_secs(119));
    assert_eq!(one(&setup.account.xml("DescribeLoadBalancers", &asked), "Code"), "provisioning");
    setup.account.wait(Duration::from_secs(1));
    assert_eq!(one(&setup.account.xml("DescribeLoadBalancers", &asked), "Code"), "active");
}

#[test]
fn the_same_settings_give_the_same_load_balancer_and_others_are_refused() {
    let mut setup = Setup::new();
    let (arn, request) = (setup.balancer("web"), setup.balancer_of("web"));
    let reversed: Vec<_> = setup.subnets[..2].iter().rev().cloned().collect();
    let again = with(request.clone(), "Subnets", reversed);
    assert_eq!(one(&setup.account.xml("CreateLoadBalancer", &again), "LoadBalancerArn"), arn);
    let code = setup.refused("CreateLoadBalancer", &with(request, "Scheme", "internal"));
    assert_eq!(code, "DuplicateLoadBalancerName");
}

#[test]
fn a_load_balancer_that_cannot_be_is_refused() {
    let mut setup = Setup::new();
    let request = setup.balancer_of("web");
    let subnets = setup.subnets.clone();
    let cases = [
        ("Name", json!("a".repeat(33)), "ValidationError"),
        ("Name", json!("internal-web"), "ValidationError"),
        ("Name", json!("web-"), "ValidationError"),
        ("Name", json!("we_b"), "ValidationError"),
        ("Name", json!(null), "ValidationError"),
        ("Subnets", json!([subnets[0]]), "ValidationError"),
        ("Subnets", json!([subnets[0], subnets[0]]), "InvalidConfigurationRequest"),
        ("Subnets", json!([subnets[0], "subnet-0123456789abcdef0"]), "SubnetNotFound"),
        ("Subnets", json!([subnets[0], "web"]), "ValidationError"),
        ("SubnetMappings", json!([{"SubnetId": subnets[0]}]), "ValidationError"),
        ("SecurityGroups", json!(["sg-0123456789abcdef0"]), "InvalidSecurityGroup"),
        ("Scheme", json!("public"), "ValidationError"),
        ("IpAddressType", json!("ipv6"), "ValidationError"),
        ("IpAddressType", json!("dualstack"), "InvalidConfigurationRequest"),
        ("Tags", json!([{"Key": "a"}, {"Key": "a"}]), "DuplicateTagKeys"),
        ("Tags", json!([{"Key": "aws:a"}]), "ValidationError"),
    ];
    for (name, value, code) in cases {
        let refused = setup.refused("CreateLoadBalancer", &with(request.clone(), name, value.clone()));
        assert_eq!(refused, code, "{name}: {value}");
    }
}

#[test]
fn there_are_fifty_load_balancers_and_they_come_in_pages() {
    let mut setup = Setup::new();
    for n in 0..50 {
        setup.balancer(&format!("web-{n}"));
    }
    let request = setup.balancer_of("one-more");
    assert_eq!(setup.refused("CreateLoadBalancer", &request), "TooManyLoadBalancers");
    let (mut names, mut marker) = (Vec::new(), json!(null));
    loop {
        let page = json!({"PageSize": 20, "Marker": marker});
        let answer = setup.account.xml("DescribeLoadBalancers", &page);
        names.extend(all(&answer, "LoadBalancerName"));
        match all(&answer, "NextMarker").pop() {
            Some(next) => marker = json!(next),
            None => break,
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 50);
    assert_eq!(setup.refused("DescribeLoadBalancers", &json!({"PageSize": 401})), "ValidationError");
}

#[test]
fn describing_what_is_not_there_fails_as_a_whole() {
    let mut setup = Setup::new();
    setup.balancer("web");
    let code = setup.refused("DescribeLoadBalancers", &json!({"Names": ["web", "other"]}));
    assert_eq!(code, "LoadBalancerNotFound");
    let absent = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/0123456789abcdef";
    assert_eq!(
        setup.refused("DescribeLoadBalancers", &json!({"LoadBalancerArns": [absent]})),
        "LoadBalancerNotFound"
    );
    assert_eq!(
        setup.refused("DescribeLoadBalancers", &json!({"LoadBalancerArns": ["web"]})),
        "ValidationError"
    );
    let many = vec![absent; 21];
    assert_eq!(setup.refused("DescribeLoadBalancers", &json!({"LoadBalancerArns": many})), "ValidationError");
}

#[test]
fn attributes_have_defaults_and_are_checked() {
    let mut setup = Setup::new();
    let arn = setup.balancer("web");
    let answer = setup.account.xml("DescribeLoadBalancerAttributes", &json!({"LoadBalancerArn": arn}));
    assert_eq!(attribute(&answer, "idle_timeout.timeout_seconds"), "60");
    assert_eq!(attribute(&answer, "routing.http2.enabled"), "true");
    let change = |key: &str, value: &str| json!({"LoadBalancerArn": arn, "Attributes": [{"Key": key, "Value": value}]});
    let answer =
        setup.account.xml("ModifyLoadBalancerAttributes", &change("idle_timeout.timeout_seconds", "120"));
    assert_eq!(attribute(&answer, "idle_timeout.timeout_seconds"), "120");
    let answer =
        setup.account.xml("ModifyLoadBalancerAttributes", &change("idle_timeout.timeout_seconds", ""));
    assert_eq!(attribute(&answer, "idle_timeout.timeout_seconds"), "60");
    for (key, value, code) in [
        ("idle_timeout.timeout_seconds", "0", "ValidationError"),
        ("idle_timeout.timeout_seconds", "4001", "ValidationError"),
        ("routing.http2.enabled", "yes", "ValidationError"),
        ("routing.http2.enabled", "", "ValidationError"),
        ("load_balancing.cross_zone.enabled", "false", "ValidationError"),
        ("no.such.key", "1", "ValidationError"),
        ("access_logs.s3.enabled", "true", "InvalidConfigurationRequest"),
    ] {
        assert_eq!(setup.refused("ModifyLoadBalancerAttributes", &change(key, value)), code, "{key}={value}");
    }
}

#[test]
fn a_protected_load_balancer_stays_and_deletion_takes_all_that_is_its() {
    let mut setup = Setup::new();
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let listener = setup.listener(&balancer, 80);
    let rule = setup.rule(&listener, 1, &group);
    let protect = |on: &str| {
        let attribute = json!({"Key": "deletion_protection.enabled", "Value": on});
        json!({"LoadBalancerArn": balancer, "Attributes": [attribute]})
    };
    setup.account.ok("ModifyLoadBalancerAttributes", &protect("true"));
    let named = json!({"LoadBalancerArn": balancer});
    assert_eq!(setup.refused("DeleteLoadBalancer", &named), "OperationNotPermitted");
    setup.account.ok("ModifyLoadBalancerAttributes", &protect("false"));
    assert_eq!(setup.refused("DeleteTargetGroup", &json!({"TargetGroupArn": group})), "ResourceInUse");
    setup.account.ok("DeleteLoadBalancer", &named);
    setup.account.ok("DeleteLoadBalancer", &named);
    assert_eq!(setup.refused("DescribeListeners", &json!({"ListenerArns": [listener]})), "ListenerNotFound");
    assert_eq!(setup.refused("DescribeRules", &json!({"RuleArns": [rule]})), "RuleNotFound");
    setup.account.ok("DeleteTargetGroup", &json!({"TargetGroupArn": group}));
}

#[test]
fn what_a_deleted_listener_forwarded_to_counts_as_in_use_for_a_moment() {
    let mut setup = Setup::with(Timings::aws_like());
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let request = listener_of(&balancer, 80, &forward(&group));
    let listener = one(&setup.account.xml("CreateListener", &request), "ListenerArn");
    setup.account.ok("DeleteListener", &json!({"ListenerArn": listener}));
    assert_eq!(setup.refused("DeleteTargetGroup", &json!({"TargetGroupArn": group})), "ResourceInUse");
    setup.account.wait(Duration::from_secs(1));
    setup.account.ok("DeleteTargetGroup", &json!({"TargetGroupArn": group}));
}

/// The network interfaces with this security group.
fn interfaces(account: &mut Account, group: &str) -> Vec<String> {
    let filter = json!([{"Name": "group-id", "Value": [group]}]);
    let answer = account.at("ec2").xml("DescribeNetworkInterfaces", &json!({"Filter": filter}));
    account.at(super::NAME);
    all(&answer, "description")
}

fn security_group(setup: &mut Setup, name: &str) -> String {
    let request = json!({"GroupName": name, "GroupDescription": name, "VpcId": setup.vpc});
    let answer = setup.account.at("ec2").xml("CreateSecurityGroup", &request);
    setup.account.at(super::NAME);
    one(&answer, "groupId")
}

#[test]
fn its_network_interfaces_hold_its_security_groups_until_after_its_end() {
    let mut setup = Setup::with(Timings::aws_like());
    let (first, second) = (security_group(&mut setup, "first"), security_group(&mut setup, "second"));
    let request = with(setup.balancer_of("web"), "SecurityGroups", json!([first]));
    let arn = one(&setup.account.xml("CreateLoadBalancer", &request), "LoadBalancerArn");
    let described = interfaces(&mut setup.account, &first);
    assert_eq!(described.len(), 2);
    let path = arn.split_once("loadbalancer/").expect("an ARN").1;
    assert!(described.iter().all(|text| text == &format!("ELB {path}")), "{described:?}");
    let change = json!({"LoadBalancerArn": arn, "SecurityGroups": [second]});
    assert_eq!(all(&setup.account.xml("SetSecurityGroups", &change), "member"), [second.clone()]);
    assert_eq!(interfaces(&mut setup.account, &first).len(), 0);
    assert_eq!(interfaces(&mut setup.account, &second).len(), 2);
    setup.account.ok("DeleteLoadBalancer", &json!({"LoadBalancerArn": arn}));
    assert_eq!(interfaces(&mut setup.account, &second).len(), 2);
    setup.account.wait(Duration::from_secs(60));
    assert_eq!(interfaces(&mut setup.account, &second).len(), 0);
}

#[test]
fn subnets_are_replaced_as_a_whole() {
    let mut setup = Setup::new();
    let (arn, subnets) = (setup.balancer("web"), setup.subnets.clone());
    let change = json!({"LoadBalancerArn": arn, "Subnets": subnets});
    assert_eq!(all(&setup.account.xml("SetSubnets", &change), "SubnetId").len(), subnets.len());
    let change = json!({"LoadBalancerArn": arn, "Subnets": subnets[..1]});
    assert_eq!(setup.refused("SetSubnets", &change), "ValidationError");
    let change = json!({"LoadBalancerArn": arn, "Subnets": subnets[1..]});
    setup.account.ok("SetSubnets", &change);
    let answer = setup.account.xml("DescribeLoadBalancers", &json!({"Names": ["web"]}));
    let mut told = all(&answer, "SubnetId");
    let mut wanted = subnets[1..].to_vec();
    (told.sort(), wanted.sort()).1;
    assert_eq!(told, wanted);
}

#[test]
fn the_default_security_group_is_taken_where_none_is_given() {
    let mut setup = Setup::new();
    let vpc = setup.vpc.clone();
    let request = setup.balancer_of("web");
    let answer = setup.account.xml("CreateLoadBalancer", &request);
    let default = setup
        .account
        .world
        .with("us-east-1", setup.account.now, |cx| cx.here.ec2.default_security_group(&vpc));
    assert_eq!(
        all(&answer, "member").iter().filter(|text| Some(*text) == default.as_ref()).count(),
        1,
        "{answer}"
    );
}

#[test]
fn ecs_learns_when_targets_are_reached() {
    let mut setup = Setup::with(Timings::aws_like());
    let (balancer, group) = (setup.balancer("web"), setup.group("web"));
    let now = setup.account.now;
    let facts = |world: &mut World| {
        world.with("us-east-1", now, |cx| cx.here.elbv2.target_group_facts(&group)).expect("a target group")
    };
    let before = facts(&mut setup.account.world);
    assert!(!before.attached && before.active_from.is_none());
    setup.account.ok("CreateListener", &listener_of(&balancer, 80, &forward(&group)));
    let after = facts(&mut setup.account.world);
    assert_eq!(after.active_from, Some(later(now, Duration::from_secs(120))));
    assert_eq!(after.until_healthy, Duration::from_secs(150));
    assert_eq!(after.until_unhealthy, Duration::from_secs(60));
    assert_eq!(after.deregistration_delay, Duration::from_secs(300));
}
