// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::{
    elbv2::tests::{ELB, is_owned, refusal, tags_of},
    testing::{cx, mock_client},
};
use aws_sdk_elasticloadbalancingv2::operation::{
    create_rule::{CreateRuleError, CreateRuleOutput},
    delete_rule::{DeleteRuleError, DeleteRuleOutput},
    describe_rules::{DescribeRulesError, DescribeRulesOutput},
    modify_rule::{ModifyRuleError, ModifyRuleOutput},
    set_rule_priorities::{SetRulePrioritiesError, SetRulePrioritiesOutput},
};
use aws_smithy_mocks::mock;
use humangov_core::{
    handler::{Contents, Depth, Effect},
    kind::elbv2::{Action, TargetGroup},
};

const ADDRESS: &str = "elbv2.listener_rule/web";

fn listener_arn() -> String {
    format!("{ELB}:listener/app/humangov/1/2")
}

fn arn_of(id: u32) -> String {
    format!("{ELB}:listener-rule/app/humangov/1/2/{id}")
}

fn rule(priority: u32) -> ListenerRule {
    let group: Arn<TargetGroup> = format!("{ELB}:targetgroup/humangov-california/1").parse().expect("an ARN");
    ListenerRule::builder()
        .listener(listener_arn().parse::<Arn<Listener>>().expect("an ARN"))
        .priority(priority)
        .host_header(["california.example.com"])
        .path_pattern(["/a", "/b"])
        .action(Action::forward(group))
        .tags([("team", "hr")].into_iter().collect())
        .build()
}

fn known(id: u32) -> ListenerRuleOutputs {
    ListenerRuleOutputs { arn: arn_of(id).parse().expect("an ARN") }
}

/// A rule whose id is a hundred more than its priority.
fn described(priority: u32) -> types::Rule {
    let spec = rule(priority);
    types::Rule::builder()
        .rule_arn(arn_of(100 + priority))
        .priority(priority.to_string())
        .set_conditions(Some(spec.conditions.iter().map(condition::write).collect()))
        .actions(action::write(&spec.action))
        .build()
}

fn page(priorities: &[u32]) -> DescribeRulesOutput {
    let default = types::Rule::builder().rule_arn(arn_of(1)).priority("default").is_default(true).build();
    let rules = priorities.iter().map(|priority| described(*priority)).chain([default]).collect();
    DescribeRulesOutput::builder().set_rules(Some(rules)).build()
}

fn handler(client: Client) -> ListenerRuleHandler {
    ListenerRuleHandler::new(client)
}

#[tokio::test]
async fn a_rule_is_made_by_one_call() {
    let create = mock!(Client::create_rule)
        .match_requests(|request| {
            is_owned(request.tags(), ADDRESS)
                && request.listener_arn() == Some(listener_arn().as_str())
                && request.priority() == Some(6)
                && request.conditions().len() == 2
                && request.actions().len() == 1
        })
        .then_output(|| CreateRuleOutput::builder().rules(described(6)).build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create]));
    assert_eq!(handler.create(&cx(ADDRESS), &rule(6)).await.expect("made"), known(106));
    assert_eq!(create.num_calls(), 1);
}

#[tokio::test]
async fn a_taken_priority_is_told_and_a_lost_arn_is_read() {
    let taken = mock!(Client::create_rule).then_error(|| CreateRuleError::generic(refusal("PriorityInUse")));
    let create = mock!(Client::create_rule).then_output(|| CreateRuleOutput::builder().build());
    let describe = mock!(Client::describe_rules).then_output(|| page(&[5, 6]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&taken, &create, &describe]));
    let error = handler.create(&cx(ADDRESS), &rule(6)).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));
    assert_eq!(handler.create(&cx(ADDRESS), &rule(6)).await.expect("made"), known(106));
}

#[tokio::test]
async fn a_rule_reads_back_as_the_spec_that_made_it() {
    let describe = mock!(Client::describe_rules)
        .match_requests(|request| request.listener_arn() == Some(listener_arn().as_str()))
        .then_output(|| page(&[5, 6]));
    let tags = mock!(Client::describe_tags)
        .match_requests(|request| request.resource_arns() == [arn_of(106)])
        .then_output(|| tags_of([arn_of(106)]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags]));
    let (cx, spec) = (cx(ADDRESS), rule(6));
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let live = handler.read(at).await.expect("read").expect("there");
    assert_eq!(live.spec, spec);
    assert_eq!(live.outputs, known(106));
}

#[tokio::test]
async fn the_rules_of_one_listener_are_read_page_by_page_once_for_all() {
    let first = mock!(Client::describe_rules)
        .match_requests(|request| request.marker().is_none())
        .then_output(|| {
            let mut page = page(&[5]);
            page.next_marker = Some("more".to_owned());
            page
        });
    let second = mock!(Client::describe_rules)
        .match_requests(|request| request.marker() == Some("more"))
        .then_output(|| page(&[6]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([arn_of(105), arn_of(106)]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&first, &second, &tags]));
    let (cx, specs) = (cx(ADDRESS), [7, 6, 5].map(rule));
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Full }).collect();
    let found: Vec<_> = handler
        .read_many(&at)
        .await
        .into_iter()
        .map(|one| one.expect("read").map(|live| live.spec.priority))
        .collect();
    assert_eq!(found, [None, Some(6), Some(5)]);
    assert_eq!((first.num_calls(), second.num_calls(), tags.num_calls()), (1, 1, 1));
}

#[tokio::test]
async fn a_recorded_rule_is_found_under_any_priority() {
    let describe = mock!(Client::describe_rules).then_output(|| page(&[5, 6]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([arn_of(105)]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags]));
    let (cx, spec, recorded) = (cx(ADDRESS), rule(6), known(105));
    let at = Lookup { cx: &cx, spec: &spec, outputs: Some(&recorded), depth: Depth::Full };
    assert_eq!(handler.read(at).await.expect("read").expect("there").spec.priority, 5);
}

#[tokio::test]
async fn without_its_listener_a_rule_is_absent() {
    let describe =
        mock!(Client::describe_rules).then_error(|| DescribeRulesError::generic(refusal("ListenerNotFound")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe]));
    let (cx, spec) = (cx(ADDRESS), rule(6));
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    assert_eq!(handler.read(at).await.expect("read"), None);
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let priorities = mock!(Client::set_rule_priorities)
        .match_requests(|request| {
            matches!(request.rule_priorities(), [one] if one.priority() == Some(7) && one.rule_arn() == Some(arn_of(106).as_str()))
        })
        .then_output(|| SetRulePrioritiesOutput::builder().build());
    let modify = mock!(Client::modify_rule)
        .match_requests(|request| request.conditions().is_empty() && request.actions().len() == 1)
        .then_output(|| ModifyRuleOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&priorities, &modify]));
    let (prior, mut desired, outputs) = (rule(6), rule(7), known(106));
    desired.action = Action::fixed_response(503, "closed");
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    assert_eq!(handler.update(&cx(ADDRESS), change).await.expect("changed"), outputs);
    let change = Update { prior: &desired, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("nothing to do");
    assert_eq!((priorities.num_calls(), modify.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_priority_that_another_rule_still_holds_is_to_be_tried_again() {
    let priorities = mock!(Client::set_rule_priorities)
        .then_error(|| SetRulePrioritiesError::generic(refusal("PriorityInUse")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&priorities]));
    let (prior, desired, outputs) = (rule(6), rule(7), known(106));
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    let error = handler.update(&cx(ADDRESS), change).await.expect_err("held");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::None));
}

#[tokio::test]
async fn a_refusal_after_a_change_leaves_doubt() {
    let priorities =
        mock!(Client::set_rule_priorities).then_output(|| SetRulePrioritiesOutput::builder().build());
    let modify =
        mock!(Client::modify_rule).then_error(|| ModifyRuleError::generic(refusal("TargetGroupNotFound")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&priorities, &modify]));
    let (prior, mut desired, outputs) = (rule(6), rule(7), known(106));
    desired.action = Action::fixed_response(503, "closed");
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    let error = handler.update(&cx(ADDRESS), change).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotFound, Effect::Unknown));
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted() {
    let delete = mock!(Client::delete_rule)
        .match_requests(|request| request.rule_arn() == Some(arn_of(106).as_str()))
        .then_output(|| DeleteRuleOutput::builder().build());
    let missing = mock!(Client::delete_rule).then_error(|| DeleteRuleError::generic(refusal("RuleNotFound")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&delete, &missing]));
    let (spec, outputs) = (rule(6), known(106));
    for _ in 0..2 {
        let prior = Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
        handler.delete(&cx(ADDRESS), prior).await.expect("nothing there");
    }
    assert_eq!((delete.num_calls(), missing.num_calls()), (1, 1));
}
