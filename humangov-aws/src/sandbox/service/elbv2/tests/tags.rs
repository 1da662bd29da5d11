// SPDX-License-Identifier: MIT OR Apache-2.0

use super::{Setup, all, one, with};
use crate::sandbox::service::{self, Found};
use serde_json::{Value, json};

#[test]
fn everything_has_tags_from_its_creation_on() {
    let mut setup = Setup::new();
    let tags = json!([{"Key": "a", "Value": "1"}]);
    let request = with(setup.balancer_of("web"), "Tags", tags.clone());
    let balancer = one(&setup.account.xml("CreateLoadBalancer", &request), "LoadBalancerArn");
    let request = with(setup.group_of("web"), "Tags", tags);
    let group = one(&setup.account.xml("CreateTargetGroup", &request), "TargetGroupArn");
    let listener = setup.listener(&balancer, 80);
    let rule = setup.rule(&listener, 1, &group);
    let arns = json!([balancer, group, listener, rule]);
    setup
        .account
        .ok("AddTags", &json!({"ResourceArns": arns, "Tags": [{"Key": "b"}, {"Key": "c", "Value": "3"}]}));
    setup.account.ok("RemoveTags", &json!({"ResourceArns": arns, "TagKeys": ["c", "z"]}));
    let answer = setup.account.xml("DescribeTags", &json!({"ResourceArns": arns}));
    assert_eq!(all(&answer, "ResourceArn"), [balancer, group, listener, rule]);
    assert_eq!(all(&answer, "Key"), ["a", "b", "a", "b", "b", "b"]);
    let now = setup.account.now;
    let found: Vec<Found> = service::resources(&mut setup.account.world, "us-east-1", now);
    let told: Vec<(&str, &str)> = found
        .iter()
        .filter(|one| one.kind.starts_with("elbv2."))
        .map(|one| (one.kind, one.name.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("elbv2.load_balancer", "web"),
            ("elbv2.target_group", "web"),
            ("elbv2.listener", "web:80"),
            ("elbv2.listener_rule", "web:80/1"),
        ]
    );
}

#[test]
fn tags_of_what_is_not_there_are_refused_by_its_sort() {
    let mut setup = Setup::new();
    let arn = |resource: &str| format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:{resource}");
    for (resource, code) in [
        ("loadbalancer/app/web/1", "LoadBalancerNotFound"),
        ("targetgroup/web/1", "TargetGroupNotFound"),
        ("listener/app/web/1/2", "ListenerNotFound"),
        ("listener-rule/app/web/1/2/3", "RuleNotFound"),
        ("toaster/1", "ValidationError"),
    ] {
        assert_eq!(setup.refused("DescribeTags", &json!({"ResourceArns": [arn(resource)]})), code);
    }
    assert_eq!(setup.refused("DescribeTags", &json!({"ResourceArns": ["web"]})), "ValidationError");
    assert_eq!(setup.refused("DescribeTags", &json!({})), "ValidationError");
}

#[test]
fn tags_have_their_limits() {
    let mut setup = Setup::new();
    let (first, second) = (setup.group("first"), setup.group("second"));
    let numbered =
        |range: std::ops::Range<u32>| -> Value { range.map(|n| json!({"Key": format!("k{n}")})).collect() };
    setup.account.ok("AddTags", &json!({"ResourceArns": [second], "Tags": numbered(0..50)}));
    let more = json!({"ResourceArns": [first, second], "Tags": numbered(49..51)});
    assert_eq!(setup.refused("AddTags", &more), "TooManyTags");
    assert!(!setup.account.xml("DescribeTags", &json!({"ResourceArns": [first]})).contains("<Key>"));
    let long = "a".repeat(129);
    for key in ["", "a!b", &long, "aws:x"] {
        let tags = json!({"ResourceArns": [first], "Tags": [{"Key": key}]});
        assert_eq!(setup.refused("AddTags", &tags), "ValidationError", "{key}");
    }
    let many: Vec<&String> = vec![&first; 21];
    assert_eq!(setup.refused("DescribeTags", &json!({"ResourceArns": many})), "ValidationError");
    assert!(setup.account.call("DescribeTags", &json!({"ResourceArns": many[..20]})).status == 200);
}
