// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_applicationautoscaling::{
    error::ErrorMetadata,
    operation::{
        delete_scaling_policy::DeleteScalingPolicyOutput,
        deregister_scalable_target::{DeregisterScalableTargetError, DeregisterScalableTargetOutput},
        describe_scalable_targets::DescribeScalableTargetsOutput,
        describe_scaling_policies::DescribeScalingPoliciesOutput,
        put_scaling_policy::{PutScalingPolicyError, PutScalingPolicyOutput},
        register_scalable_target::{RegisterScalableTargetError, RegisterScalableTargetOutput},
        tag_resource::TagResourceOutput,
        untag_resource::UntagResourceOutput,
    },
    types::error::{ObjectNotFoundException, ValidationException},
};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use aws_smithy_types::DateTime;
use humangov_core::{
    handler::Contents,
    value::{Input, Reference, Source},
};

const ADDRESS: &str = "autoscaling.target/app";
const ID: &str = "service/humangov/california";
const ARN: &str = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0ec50123";

fn cpu() -> TargetTracking {
    TargetTracking::builder().metric(Metric::CpuUtilization).target_value(60).scale_in_cooldown(120).build()
}

fn requests() -> TargetTracking {
    let label = "app/humangov/01/targetgroup/california/23";
    let metric = Metric::AlbRequestCountPerTarget { resource_label: label.into() };
    TargetTracking::builder().metric(metric).target_value(1000).disable_scale_in(true).build()
}

fn target() -> ScalableTarget {
    ScalableTarget::builder()
        .cluster_name("humangov")
        .service_name("california")
        .min_capacity(1)
        .max_capacity(4)
        .policy("cpu", cpu())
        .policy("requests", requests())
        .build()
}

fn known() -> ScalableTargetOutputs {
    ScalableTargetOutputs { resource_id: ID.to_owned(), arn: Some(ARN.to_owned()) }
}

fn shown(id: &str) -> types::ScalableTarget {
    types::ScalableTarget::builder()
        .service_namespace(Ecs)
        .scalable_dimension(EcsServiceDesiredCount)
        .resource_id(id)
        .min_capacity(1)
        .max_capacity(4)
        .role_arn("")
        .creation_time(DateTime::from_secs(0))
        .scalable_target_arn(ARN)
        .build()
        .unwrap()
}

fn shown_policy(
    name: &str,
    configuration: types::TargetTrackingScalingPolicyConfiguration,
) -> types::ScalingPolicy {
    types::ScalingPolicy::builder()
        .policy_arn("arn")
        .policy_name(name)
        .service_namespace(Ecs)
        .scalable_dimension(EcsServiceDesiredCount)
        .resource_id(ID)
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(configuration)
        .creation_time(DateTime::from_secs(0))
        .build()
        .unwrap()
}

fn describes(targets: Vec<types::ScalableTarget>) -> Rule {
    mock!(Client::describe_scalable_targets).then_output(move || {
        DescribeScalableTargetsOutput::builder().set_scalable_targets(Some(targets.clone())).build()
    })
}

fn registers() -> Rule {
    mock!(Client::register_scalable_target)
        .match_requests(|request| request.resource_id() == Some(ID))
        .then_output(|| RegisterScalableTargetOutput::builder().scalable_target_arn(ARN).build())
}

fn puts(name: &'static str, value: f64) -> Rule {
    mock!(Client::put_scaling_policy)
        .match_requests(move |request| {
            let configuration = request.target_tracking_scaling_policy_configuration().unwrap();
            request.policy_name() == Some(name)
                && request.resource_id() == Some(ID)
                && (configuration.target_value() - value).abs() < f64::EPSILON
        })
        .then_output(|| PutScalingPolicyOutput::builder().policy_arn("arn").build().unwrap())
}

fn meta(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

async fn delete(client: Client) -> Result<(), HandlerError> {
    let (spec, outputs) = (target(), known());
    let prior = Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
    ScalableTargetHandler::new(client).delete(&cx(ADDRESS), prior).await
}

#[tokio::test]
async fn a_target_is_registered_with_its_policies() {
    let register = mock!(Client::register_scalable_target)
        .match_requests(|request| {
            request.resource_id() == Some(ID)
                && request.scalable_dimension() == Some(&EcsServiceDesiredCount)
                && (request.min_capacity(), request.max_capacity()) == (Some(1), Some(4))
                && request.tags().is_some_and(|tags| tags["humangov:address"] == ADDRESS)
        })
        .then_output(|| RegisterScalableTargetOutput::builder().scalable_target_arn(ARN).build());
    let (cpu, requests) = (puts("cpu", 60.0), puts("requests", 1000.0));
    let client = mock_client!(aws_sdk_applicationautoscaling, [&register, &cpu, &requests]);
    let made = ScalableTargetHandler::new(client).create(&cx(ADDRESS), &target()).await.unwrap();
    assert_eq!(made, known());
    assert_eq!((register.num_calls(), cpu.num_calls(), requests.num_calls()), (1, 1, 1));
}

#[tokio::test]
async fn what_is_not_seen_everywhere_yet_is_worth_another_try() {
    let no_service = mock!(Client::register_scalable_target).then_error(|| {
        let meta = meta("ValidationException", "ECS service doesn't exist: service/humangov/california");
        RegisterScalableTargetError::ValidationException(ValidationException::builder().meta(meta).build())
    });
    let handler = ScalableTargetHandler::new(mock_client!(aws_sdk_applicationautoscaling, [&no_service]));
    let error = handler.create(&cx(ADDRESS), &target()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::None));

    let unseen = mock!(Client::put_scaling_policy).then_error(|| {
        let meta = meta("ObjectNotFoundException", "No scalable target registered");
        PutScalingPolicyError::ObjectNotFoundException(ObjectNotFoundException::builder().meta(meta).build())
    });
    let register = registers();
    let client = mock_client!(aws_sdk_applicationautoscaling, [&register, &unseen]);
    let error = ScalableTargetHandler::new(client).create(&cx(ADDRESS), &target()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::Unknown));
}

#[tokio::test]
async fn a_target_reads_back_as_the_spec_that_made_it() {
    let describe = describes(vec![shown(ID)]);
    let page = |token: Option<&'static str>, policies: Vec<types::ScalingPolicy>| {
        mock!(Client::describe_scaling_policies)
            .match_requests(move |request| {
                request.resource_id() == Some(ID) && request.next_token().is_none() == token.is_some()
            })
            .then_output(move || {
                DescribeScalingPoliciesOutput::builder()
                    .set_scaling_policies(Some(policies.clone()))
                    .set_next_token(token.map(str::to_owned))
                    .build()
            })
    };
    let mut fraction = configuration(&cpu()).unwrap();
    fraction.target_value = 60.5;
    let first = page(
        Some("more"),
        vec![shown_policy("cpu", configuration(&cpu()).unwrap()), shown_policy("not-ours-to-say", fraction)],
    );
    let last = page(None, vec![shown_policy("requests", configuration(&requests()).unwrap())]);
    let client = mock_client!(aws_sdk_applicationautoscaling, [&describe, &first, &last]);
    let (cx, spec) = (cx(ADDRESS), target());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let live = ScalableTargetHandler::new(client).read(at).await.unwrap().unwrap();
    assert_eq!(live, Live { spec: target(), outputs: known(), tags: None });
    assert_eq!((describe.num_calls(), first.num_calls(), last.num_calls()), (1, 1, 1));
}

#[tokio::test]
async fn targets_are_read_together_and_in_the_order_asked() {
    let mut specs: Vec<ScalableTarget> = (0..52)
        .map(|i| {
            let mut spec = target();
            spec.service_name = format!("s{i}").into();
            spec
        })
        .collect();
    specs[1].service_name = Input::Reference(Reference {
        source: Source::Resource("ecs.service/app".parse().unwrap()),
        attr: "name".into(),
    });
    let rule = |from: usize, to: usize| {
        mock!(Client::describe_scalable_targets)
            .match_requests(move |request| {
                request.resource_ids().last().is_some_and(|id| id == &format!("service/humangov/s{}", to - 1))
            })
            .then_output(move || {
                let there = (from..to).rev().filter(|i| *i != 3);
                let there = there.map(|i| shown(&format!("service/humangov/s{i}"))).collect();
                DescribeScalableTargetsOutput::builder().set_scalable_targets(Some(there)).build()
            })
    };
    let (first, last) = (rule(0, 50), rule(50, 52));
    let client = mock_client!(aws_sdk_applicationautoscaling, RuleMode::MatchAny, [&first, &last]);
    let handler = ScalableTargetHandler::new(client);
    let cx = cx(ADDRESS);
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Identity }).collect();
    let found: Vec<bool> =
        handler.read_many(&at).await.into_iter().map(|live| live.unwrap().is_some()).collect();
    assert_eq!(found, (0..52).map(|i| i != 1 && i != 3).collect::<Vec<_>>());
    assert_eq!((first.num_calls(), last.num_calls()), (1, 1));
}

#[tokio::test]
async fn without_a_known_name_nothing_is_asked() {
    let mut spec = target();
    spec.service_name = Input::Reference(Reference {
        source: Source::Resource("ecs.service/app".parse().unwrap()),
        attr: "name".into(),
    });
    let handler = ScalableTargetHandler::new(mock_client!(aws_sdk_applicationautoscaling, []));
    let cx = cx(ADDRESS);
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    assert_eq!(handler.read(at).await.unwrap(), None);
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let (mut prior, mut desired, outputs) = (target(), target(), known());
    let handler = ScalableTargetHandler::new(mock_client!(aws_sdk_applicationautoscaling, []));
    let nothing = Update { prior: &prior, outputs: &outputs, desired: &desired };
    assert_eq!(handler.update(&cx(ADDRESS), nothing).await.unwrap(), outputs);

    desired.max_capacity = 6;
    desired.policies.remove("requests");
    desired.policies.get_mut("cpu").unwrap().target_value = 70;
    desired.tags.insert("new", "1");
    prior.tags.insert("old", "1");
    let (register, put) = (registers(), puts("cpu", 70.0));
    let drop = mock!(Client::delete_scaling_policy)
        .match_requests(|request| request.policy_name() == Some("requests"))
        .then_output(|| DeleteScalingPolicyOutput::builder().build());
    let untag = mock!(Client::untag_resource)
        .match_requests(|request| request.resource_arn() == Some(ARN) && request.tag_keys() == ["old"])
        .then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource)
        .match_requests(|request| request.tags().is_some_and(|tags| tags["new"] == "1"))
        .then_output(|| TagResourceOutput::builder().build());
    let client = mock_client!(aws_sdk_applicationautoscaling, [&register, &put, &drop, &untag, &tag]);
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    ScalableTargetHandler::new(client).update(&cx(ADDRESS), change).await.unwrap();
    let calls = [&register, &put, &drop, &untag, &tag].map(Rule::num_calls);
    assert_eq!(calls, [1; 5]);
}

#[tokio::test]
async fn a_cooldown_that_is_taken_out_goes_back_to_the_default() {
    let (mut prior, mut desired, outputs) = (target(), target(), known());
    let put = mock!(Client::put_scaling_policy)
        .match_requests(|request| {
            let configuration = request.target_tracking_scaling_policy_configuration().unwrap();
            request.policy_name() == Some("cpu")
                && configuration.scale_in_cooldown() == Some(300)
                && configuration.scale_out_cooldown() == Some(300)
        })
        .then_output(|| PutScalingPolicyOutput::builder().policy_arn("arn").build().unwrap());
    let handler = ScalableTargetHandler::new(mock_client!(aws_sdk_applicationautoscaling, [&put]));
    let policy = prior.policies.get_mut("cpu").unwrap();
    (policy.scale_in_cooldown, policy.scale_out_cooldown) = (Some(60), Some(60));
    let policy = desired.policies.get_mut("cpu").unwrap();
    (policy.scale_in_cooldown, policy.scale_out_cooldown) = (None, None);
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.unwrap();
    assert_eq!(put.num_calls(), 1);

    // What is the default already takes no call.
    let policy = prior.policies.get_mut("cpu").unwrap();
    (policy.scale_in_cooldown, policy.scale_out_cooldown) = (Some(300), Some(300));
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.unwrap();
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted() {
    let there = mock!(Client::deregister_scalable_target)
        .then_output(|| DeregisterScalableTargetOutput::builder().build());
    delete(mock_client!(aws_sdk_applicationautoscaling, [&there])).await.unwrap();
    let gone = mock!(Client::deregister_scalable_target).then_error(|| {
        let meta = meta("ObjectNotFoundException", "No scalable target found");
        DeregisterScalableTargetError::ObjectNotFoundException(
            ObjectNotFoundException::builder().meta(meta).build(),
        )
    });
    delete(mock_client!(aws_sdk_applicationautoscaling, [&gone])).await.unwrap();
}

#[tokio::test]
async fn a_refused_deletion_is_believed_only_if_the_target_is_there() {
    let refusal = || {
        mock!(Client::deregister_scalable_target).then_error(|| {
            let meta = meta("ValidationException", "No scalable target found");
            DeregisterScalableTargetError::ValidationException(
                ValidationException::builder().meta(meta).build(),
            )
        })
    };
    let (refused, none) = (refusal(), describes(Vec::new()));
    delete(mock_client!(aws_sdk_applicationautoscaling, [&refused, &none])).await.unwrap();
    let (refused, there) = (refusal(), describes(vec![shown(ID)]));
    let client = mock_client!(aws_sdk_applicationautoscaling, [&refused, &there]);
    let error = delete(client).await.unwrap_err();
    assert_eq!(error.kind(), HandlerErrorKind::Invalid);
}

#[test]
fn only_whole_values_can_be_expressed() {
    assert_eq!((whole(60.0), whole(60.5), whole(-1.0), whole(0.1)), (Some(60), None, None, None));
}
