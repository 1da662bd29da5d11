// SPDX-License-Identifier: MIT OR Apache-2.0

use super::{CERTIFICATE, Setup, all, forward, nothing_here, one, rule_of, with};
use crate::sandbox::testing::between;
use serde_json::{Value, json};

/// A listener, and a target group for its rules.
fn ground() -> (Setup, String, String) {
    let mut setup = Setup::new();
    let balancer = setup.balancer("web");
    let (listener, group) = (setup.listener(&balancer, 80), setup.group("web"));
    (setup, listener, group)
}

#[test]
fn rules_come_in_the_order_of_their_priorities_and_the_default_one_last() {
    let (mut setup, listener, group) = ground();
    for priority in [100, 9, 50_000] {
        setup.rule(&listener, priority, &group);
    }
    let answer = setup.account.xml("DescribeRules", &json!({"ListenerArn": listener}));
    assert_eq!(all(&answer, "Priority"), ["9", "100", "50000", "default"]);
    assert_eq!(all(&answer, "IsDefault"), ["false", "false", "false", "true"]);
    let first = json!({"ListenerArn": listener, "PageSize": 3});
    let answer = setup.account.xml("DescribeRules", &first);
    let rest = with(first, "Marker", one(&answer, "NextMarker"));
    let answer = setup.account.xml("DescribeRules", &rest);
    assert_eq!(all(&answer, "Priority"), ["default"]);
    assert!(!answer.contains("NextMarker"));
}

#[test]
fn a_priority_is_given_once_even_for_the_same_rule() {
    let (mut setup, listener, group) = ground();
    setup.rule(&listener, 1, &group);
    let again = rule_of(&listener, 1, &forward(&group));
    assert_eq!(setup.refused("CreateRule", &again), "PriorityInUse");
}

#[test]
fn a_rule_that_cannot_be_is_refused() {
    let (mut setup, listener, group) = ground();
    let request = rule_of(&listener, 1, &forward(&group));
    let absent = format!("{listener}0");
    for (name, value, code) in [
        ("Priority", json!(0), "ValidationError"),
        ("Priority", json!(50_001), "ValidationError"),
        ("Priority", json!(null), "ValidationError"),
        ("Conditions", json!(null), "ValidationError"),
        ("Actions", json!(null), "ValidationError"),
        ("Actions", json!([forward(&format!("{group}0"))]), "TargetGroupNotFound"),
        ("ListenerArn", json!(absent), "ListenerNotFound"),
        ("ListenerArn", json!("web"), "ValidationError"),
    ] {
        let refused = setup.refused("CreateRule", &with(request.clone(), name, value.clone()));
        assert_eq!(refused, code, "{name}: {value}");
    }
}

fn hosts(values: &[&str]) -> Value {
    json!({"Field": "host-header", "HostHeaderConfig": {"Values": values}})
}

#[test]
fn hosts_and_paths_are_answered_in_both_forms() {
    let (mut setup, listener, group) = ground();
    let request = rule_of(&listener, 1, &forward(&group));
    let older = setup.account.xml("CreateRule", &request);
    let config = between(&older, "<PathPatternConfig>", "</PathPatternConfig>");
    assert_eq!(config, "<Values><member>/1/*</member></Values>");
    let conditions = json!([hosts(&["a.com", "b.com"])]);
    let newer = with(with(request, "Conditions", conditions), "Priority", 2);
    let newer = setup.account.xml("CreateRule", &newer);
    let values = "<Values><member>a.com</member><member>b.com</member></Values>";
    assert!(
        newer.contains(&format!(
            "<Field>host-header</Field><HostHeaderConfig>{values}</HostHeaderConfig>{values}"
        )),
        "{newer}"
    );
}

#[test]
fn every_field_has_its_own_rules() {
    let (mut setup, listener, group) = ground();
    let request = rule_of(&listener, 1, &forward(&group));
    let path = |text: &str| json!({"Field": "path-pattern", "Values": [text]});
    let header = |name: &str| json!({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": ["1"]}});
    let method =
        |text: &str| json!({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": [text]}});
    let source = |text: &str| json!({"Field": "source-ip", "SourceIpConfig": {"Values": [text]}});
    let query = |pair: Value| json!({"Field": "query-string", "QueryStringConfig": {"Values": [pair]}});
    let bad = [
        json!([]),
        json!([{"Field": "moon-phase", "Values": ["full"]}]),
        json!([{"Values": ["a.com"]}]),
        json!([{"Field": "host-header"}]),
        json!([{"Field": "host-header", "Values": ["a.com"], "HostHeaderConfig": {"Values": ["b.com"]}}]),
        json!([{"Field": "host-header", "PathPatternConfig": {"Values": ["/a"]}}]),
        json!([{"Field": "http-request-method", "Values": ["GET"]}]),
        json!([hosts(&["a b.com"])]),
        json!([hosts(&["localhost"])]),
        json!([hosts(&["a.com"]), hosts(&["b.com"])]),
        json!([hosts(&["a.com", "b.com", "c.com", "d.com", "e.com", "f.com"])]),
        json!([
            hosts(&["a.com", "b.com", "c.com"]),
            json!({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b", "/c"]}})
        ]),
        json!([path("/a b")]),
        json!([path(&"/a".repeat(65))]),
        json!([path("/*/*/*/*/*/*")]),
        json!([header("Host")]),
        json!([header("a b")]),
        json!([method("get")]),
        json!([source("10.0.0.1")]),
        json!([query(json!({"Key": "a"}))]),
    ];
    for conditions in bad {
        let refused = setup.refused("CreateRule", &with(request.clone(), "Conditions", conditions.clone()));
        assert_eq!(refused, "ValidationError", "{conditions}");
    }
    let good = json!([
        header("X-A"),
        header("X-B"),
        method("GET"),
        source("10.0.0.0/8"),
        query(json!({"Key": "a", "Value": "b*"}))
    ]);
    let answer = setup.account.xml("CreateRule", &with(request, "Conditions", good));
    assert_eq!(all(&answer, "HttpHeaderName"), ["X-A", "X-B"]);
    assert_eq!((one(&answer, "Key"), one(&answer, "Value")), ("a".to_owned(), "b*".to_owned()));
}

#[test]
fn conditions_and_actions_are_replaced_as_whole_lists() {
    let (mut setup, listener, group) = ground();
    let rule = setup.rule(&listener, 1, &group);
    let answer =
        setup.account.xml("ModifyRule", &json!({"RuleArn": rule, "Conditions": [hosts(&["a.com"])]}));
    assert_eq!(all(&answer, "Field"), ["host-header"]);
    assert_eq!(one(&answer, "TargetGroupArn"), group);
    setup.account.ok("ModifyRule", &json!({"RuleArn": rule, "Actions": [nothing_here()]}));
    setup.account.ok("DeleteTargetGroup", &json!({"TargetGroupArn": group}));
    assert_eq!(setup.refused("ModifyRule", &json!({"RuleArn": rule})), "ValidationError");
}

#[test]
fn the_default_rule_is_the_listeners() {
    let (mut setup, listener, group) = ground();
    let answer = setup.account.xml("DescribeRules", &json!({"ListenerArn": listener}));
    let rule = one(&answer, "RuleArn");
    assert_eq!(setup.refused("DeleteRule", &json!({"RuleArn": rule})), "OperationNotPermitted");
    let change = json!({"RuleArn": rule, "Actions": [forward(&group)]});
    assert_eq!(setup.refused("ModifyRule", &change), "OperationNotPermitted");
    let change = json!({"RulePriorities": [{"RuleArn": rule, "Priority": 1}]});
    assert_eq!(setup.refused("SetRulePriorities", &change), "OperationNotPermitted");
    setup
        .account
        .ok("ModifyListener", &json!({"ListenerArn": listener, "DefaultActions": [forward(&group)]}));
    let answer = setup.account.xml("DescribeRules", &json!({"RuleArns": [rule]}));
    assert_eq!(one(&answer, "TargetGroupArn"), group);
}

#[test]
fn rules_change_places_in_one_call() {
    let (mut setup, listener, group) = ground();
    let (first, second) = (setup.rule(&listener, 1, &group), setup.rule(&listener, 2, &group));
    let pair = |rule: &str, priority: u32| json!({"RuleArn": rule, "Priority": priority});
    let clash = json!({"RulePriorities": [pair(&first, 2)]});
    assert_eq!(setup.refused("SetRulePriorities", &clash), "PriorityInUse");
    let twice = json!({"RulePriorities": [pair(&first, 3), pair(&first, 4)]});
    assert_eq!(setup.refused("SetRulePriorities", &twice), "ValidationError");
    let absent = json!({"RulePriorities": [pair(&first, 3), pair(&format!("{first}0"), 4)]});
    assert_eq!(setup.refused("SetRulePriorities", &absent), "RuleNotFound");
    let swap = json!({"RulePriorities": [pair(&first, 2), pair(&second, 1)]});
    setup.account.ok("SetRulePriorities", &swap);
    let answer = setup.account.xml("DescribeRules", &json!({"ListenerArn": listener}));
    assert_eq!(all(&answer, "RuleArn")[..2], [second, first]);
}

#[test]
fn a_load_balancer_has_a_hundred_rules_and_a_hundred_target_groups() {
    let (mut setup, listener, group) = ground();
    for priority in 1..=99 {
        setup.rule(&listener, priority, &group);
    }
    for n in 1..=20 {
        let groups: Vec<Value> =
            (0..5).map(|m| json!({"TargetGroupArn": setup.group(&format!("g-{n}-{m}"))})).collect();
        let request = json!({"Type": "forward", "ForwardConfig": {"TargetGroups": groups}});
        let rule = setup.account.xml("DescribeRules", &json!({"ListenerArn": listener, "PageSize": n}));
        let rule = all(&rule, "RuleArn").pop().expect("a rule");
        let change = json!({"RuleArn": rule, "Actions": [request]});
        // The twentieth five would be one too many beside the first group.
        match n {
            20 => {
                assert_eq!(setup.refused("ModifyRule", &change), "TooManyUniqueTargetGroupsPerLoadBalancer")
            }
            _ => drop(setup.account.ok("ModifyRule", &change)),
        }
    }
    setup.rule(&listener, 100, &group);
    let request = rule_of(&listener, 101, &forward(&group));
    assert_eq!(setup.refused("CreateRule", &request), "TooManyRules");
}

#[test]
fn quotas_can_be_asked_for() {
    let mut setup = Setup::new();
    let answer = setup.account.xml("DescribeAccountLimits", &json!({}));
    let at = all(&answer, "Name").iter().position(|name| name == "application-load-balancers");
    assert_eq!(at.map(|at| all(&answer, "Max")[at].clone()).as_deref(), Some("50"));
}

#[test]
fn gone_is_gone() {
    let (mut setup, listener, group) = ground();
    let rule = setup.rule(&listener, 1, &group);
    setup.account.ok("DeleteRule", &json!({"RuleArn": rule}));
    assert_eq!(setup.refused("DeleteRule", &json!({"RuleArn": rule})), "RuleNotFound");
    setup.account.ok("DeleteListener", &json!({"ListenerArn": listener}));
    assert_eq!(setup.refused("DeleteListener", &json!({"ListenerArn": listener})), "ListenerNotFound");
    assert_eq!(setup.refused("DeleteRule", &json!({"RuleArn": CERTIFICATE})), "ValidationError");
}
