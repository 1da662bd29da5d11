// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::{
    elbv2::tests::{ELB, is_owned, refusal, tags_of},
    testing::{cx, mock_client},
};
use aws_sdk_elasticloadbalancingv2::operation::{
    create_target_group::{CreateTargetGroupError, CreateTargetGroupOutput},
    delete_target_group::{DeleteTargetGroupError, DeleteTargetGroupOutput},
    describe_tags::DescribeTagsError,
    describe_target_group_attributes::DescribeTargetGroupAttributesOutput,
    describe_target_groups::{DescribeTargetGroupsError, DescribeTargetGroupsOutput},
    modify_target_group::ModifyTargetGroupOutput,
    modify_target_group_attributes::ModifyTargetGroupAttributesOutput,
};
use aws_smithy_mocks::{RuleMode, mock};
use humangov_core::{
    handler::{Contents, HandlerErrorKind},
    kind::elbv2::{LoadBalancingAlgorithm, Protocol},
};

const ADDRESS: &str = "elbv2.target_group/web";

fn arn_of(name: &str) -> String {
    format!("{ELB}:targetgroup/{name}/1")
}

fn group() -> TargetGroup {
    TargetGroup::builder()
        .name("humangov-california")
        .port(80)
        .protocol_version(ProtocolVersion::Http1)
        .vpc_id("vpc-1")
        .health_check(
            HealthCheck::builder()
                .path("/health")
                .interval_seconds(10)
                .timeout_seconds(5)
                .healthy_threshold_count(2)
                .unhealthy_threshold_count(3)
                .matcher("200-299")
                .protocol(Protocol::Http)
                .port(HealthCheckPort::TrafficPort)
                .build(),
        )
        .deregistration_delay_seconds(30)
        .stickiness(Stickiness::LbCookie { duration_seconds: 60 })
        .tags([("team", "hr")].into_iter().collect())
        .build()
}

fn known(name: &str) -> TargetGroupOutputs {
    TargetGroupOutputs {
        arn: arn_of(name).parse().expect("an ARN"),
        name: name.to_owned(),
        arn_suffix: format!("targetgroup/{name}/1"),
    }
}

fn described(name: &str) -> types::TargetGroup {
    types::TargetGroup::builder()
        .target_group_arn(arn_of(name))
        .target_group_name(name)
        .port(80)
        .protocol(types::ProtocolEnum::Http)
        .protocol_version("HTTP1")
        .vpc_id("vpc-1")
        .target_type(types::TargetTypeEnum::Ip)
        .health_check_path("/health")
        .health_check_interval_seconds(10)
        .health_check_timeout_seconds(5)
        .healthy_threshold_count(2)
        .unhealthy_threshold_count(3)
        .health_check_protocol(types::ProtocolEnum::Http)
        .health_check_port("traffic-port")
        .matcher(types::Matcher::builder().http_code("200-299").build())
        // Some servers name a load balancer once for each of its rules; the spec does not care.
        .load_balancer_arns(format!("{ELB}:loadbalancer/app/humangov/1"))
        .load_balancer_arns(format!("{ELB}:loadbalancer/app/humangov/1"))
        .build()
}

fn page(names: &[&str]) -> DescribeTargetGroupsOutput {
    let found = names.iter().map(|name| described(name)).collect();
    DescribeTargetGroupsOutput::builder().set_target_groups(Some(found)).build()
}

fn handler(client: Client) -> TargetGroupHandler {
    TargetGroupHandler::new(client)
}

#[tokio::test]
async fn a_group_is_made_with_its_health_check_and_then_given_its_attributes() {
    let create = mock!(Client::create_target_group)
        .match_requests(|request| {
            is_owned(request.tags(), ADDRESS)
                && request.target_type() == Some(&types::TargetTypeEnum::Ip)
                && request.health_check_path() == Some("/health")
                && request.health_check_port() == Some("traffic-port")
                && request.health_check_timeout_seconds() == Some(5)
                && request.matcher().and_then(types::Matcher::http_code) == Some("200-299")
        })
        .then_output(|| {
            CreateTargetGroupOutput::builder().target_groups(described("humangov-california")).build()
        });
    let modify = mock!(Client::modify_target_group_attributes)
        .match_requests(|request| {
            let mut set: Vec<_> =
                request.attributes().iter().filter_map(|one| one.key().zip(one.value())).collect();
            set.sort_unstable();
            set == [
                ("deregistration_delay.timeout_seconds", "30"),
                ("stickiness.enabled", "true"),
                ("stickiness.lb_cookie.duration_seconds", "60"),
                ("stickiness.type", "lb_cookie"),
            ]
        })
        .then_output(|| ModifyTargetGroupAttributesOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create, &modify]));
    let outputs = handler.create(&cx(ADDRESS), &group()).await.expect("made");
    assert_eq!(outputs, known("humangov-california"));
    assert_eq!((create.num_calls(), modify.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_group_without_attributes_is_made_by_one_call() {
    let create = mock!(Client::create_target_group)
        .match_requests(|request| request.matcher().is_none() && request.health_check_path().is_none())
        .then_output(|| CreateTargetGroupOutput::builder().target_groups(described("x")).build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create]));
    let spec = TargetGroup::builder().name("x").port(80).vpc_id("vpc-1").build();
    assert_eq!(handler.create(&cx(ADDRESS), &spec).await.expect("made"), known("x"));
}

#[tokio::test]
async fn a_taken_name_is_told_and_a_lost_arn_is_read() {
    let taken = mock!(Client::create_target_group)
        .then_error(|| CreateTargetGroupError::generic(refusal("DuplicateTargetGroupName")));
    let create =
        mock!(Client::create_target_group).then_output(|| CreateTargetGroupOutput::builder().build());
    let describe = mock!(Client::describe_target_groups).then_output(|| page(&["x"]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&taken, &create, &describe]));
    let spec = TargetGroup::builder().name("x").port(80).vpc_id("vpc-1").build();
    let error = handler.create(&cx(ADDRESS), &spec).await.expect_err("taken");
    assert_eq!(error.kind(), HandlerErrorKind::AlreadyExists);
    assert_eq!(handler.create(&cx(ADDRESS), &spec).await.expect("made"), known("x"));
}

#[tokio::test]
async fn a_group_reads_back_as_the_spec_that_made_it() {
    let describe = mock!(Client::describe_target_groups)
        .match_requests(|request| request.names() == ["humangov-california"])
        .then_output(|| page(&["humangov-california"]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([arn_of("humangov-california")]));
    let attributes = mock!(Client::describe_target_group_attributes).then_output(|| {
        let one =
            |key: &str, value: &str| types::TargetGroupAttribute::builder().key(key).value(value).build();
        DescribeTargetGroupAttributesOutput::builder()
            .attributes(one("deregistration_delay.timeout_seconds", "30"))
            .attributes(one("stickiness.enabled", "true"))
            .attributes(one("stickiness.type", "lb_cookie"))
            .attributes(one("stickiness.lb_cookie.duration_seconds", "60"))
            .build()
    });
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags, &attributes]));
    let (cx, spec) = (cx(ADDRESS), group());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let live = handler.read(at).await.expect("read").expect("there");
    assert_eq!(live.spec, spec);
    assert_eq!(live.outputs, known("humangov-california"));
}

#[tokio::test]
async fn fifty_groups_are_told_by_three_calls_each_for_groups_and_tags() {
    let describe = mock!(Client::describe_target_groups)
        .match_requests(|request| !request.names().is_empty() && request.names().len() <= 20)
        .then_compute_output(|request| page(&request.names().iter().map(String::as_str).collect::<Vec<_>>()));
    let tags = mock!(Client::describe_tags)
        .match_requests(|request| request.resource_arns().len() <= 20)
        .then_compute_output(|request| tags_of(request.resource_arns()));
    let client = mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&describe, &tags]);
    let cx = cx(ADDRESS);
    let specs: Vec<_> = (0..50)
        .map(|i| TargetGroup::builder().name(format!("tg-{i}")).port(80).vpc_id("vpc-1").build())
        .collect();
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Identity }).collect();
    let found = handler(client).read_many(&at).await;
    for (spec, live) in specs.iter().zip(found) {
        assert_eq!(live.expect("read").expect("there").outputs.name, spec.name);
    }
    assert_eq!((describe.num_calls(), tags.num_calls()), (3, 3));
}

#[tokio::test]
async fn a_group_that_goes_while_its_tags_are_read_does_not_hide_the_others() {
    let describe = mock!(Client::describe_target_groups).then_output(|| page(&["a", "b"]));
    let both = mock!(Client::describe_tags)
        .match_requests(|request| request.resource_arns().len() == 2)
        .then_error(|| DescribeTagsError::generic(refusal("TargetGroupNotFound")));
    let a = mock!(Client::describe_tags)
        .match_requests(|request| request.resource_arns() == [arn_of("a")])
        .then_error(|| DescribeTagsError::generic(refusal("TargetGroupNotFound")));
    let b = mock!(Client::describe_tags)
        .match_requests(|request| request.resource_arns() == [arn_of("b")])
        .then_output(|| tags_of([arn_of("b")]));
    let client = mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&describe, &both, &a, &b]);
    let cx = cx(ADDRESS);
    let specs = ["a", "b"].map(|name| TargetGroup::builder().name(name).port(80).vpc_id("vpc-1").build());
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Identity }).collect();
    let found: Vec<_> =
        handler(client).read_many(&at).await.into_iter().map(|one| one.expect("read").is_some()).collect();
    assert_eq!(found, [false, true]);
}

#[tokio::test]
async fn an_answer_without_tags_does_not_pass_for_an_untagged_group() {
    let describe = mock!(Client::describe_target_groups).then_output(|| page(&["humangov-california"]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of::<&str>([]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags]));
    let (cx, spec) = (cx(ADDRESS), group());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Identity };
    let error = handler.read(at).await.expect_err("malformed");
    assert_eq!(error.kind(), HandlerErrorKind::Malformed);
}

#[tokio::test]
async fn absence_is_an_answer_and_other_failures_are_not() {
    let missing = mock!(Client::describe_target_groups)
        .then_error(|| DescribeTargetGroupsError::generic(refusal("TargetGroupNotFound")));
    let refused = mock!(Client::describe_target_groups)
        .then_error(|| DescribeTargetGroupsError::generic(refusal("AccessDenied")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&missing, &refused]));
    let (cx, spec) = (cx(ADDRESS), group());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    assert_eq!(handler.read(at).await.expect("read"), None);
    assert_eq!(handler.read(at).await.expect_err("refused").kind(), HandlerErrorKind::AccessDenied);
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let check = mock!(Client::modify_target_group)
        .match_requests(|request| {
            request.health_check_path() == Some("/ready")
                && request.health_check_interval_seconds().is_none()
                && request.matcher().is_none()
        })
        .then_output(|| ModifyTargetGroupOutput::builder().build());
    let attributes = mock!(Client::modify_target_group_attributes)
        .match_requests(|request| {
            matches!(request.attributes(), [one] if one.key() == Some("stickiness.enabled") && one.value() == Some("false"))
        })
        .then_output(|| ModifyTargetGroupAttributesOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&check, &attributes]));
    let (prior, mut desired, outputs) = (group(), group(), known("humangov-california"));
    desired.health_check.path = Some("/ready".to_owned());
    desired.stickiness = Some(Stickiness::Off);
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    assert_eq!(handler.update(&cx(ADDRESS), change).await.expect("changed"), outputs);
    let change = Update { prior: &prior, outputs: &outputs, desired: &prior };
    handler.update(&cx(ADDRESS), change).await.expect("nothing to do");
    assert_eq!((check.num_calls(), attributes.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_group_in_use_is_to_be_tried_again_and_a_missing_one_is_done() {
    let delete = mock!(Client::delete_target_group)
        .match_requests(|request| request.target_group_arn() == Some(arn_of("humangov-california").as_str()))
        .then_output(|| DeleteTargetGroupOutput::builder().build());
    let missing = mock!(Client::delete_target_group)
        .then_error(|| DeleteTargetGroupError::generic(refusal("TargetGroupNotFound")));
    let in_use = mock!(Client::delete_target_group)
        .then_error(|| DeleteTargetGroupError::generic(refusal("ResourceInUse")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&delete, &missing, &in_use]));
    let (spec, outputs) = (group(), known("humangov-california"));
    let prior = || Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
    handler.delete(&cx(ADDRESS), prior()).await.expect("deleted");
    handler.delete(&cx(ADDRESS), prior()).await.expect("gone already");
    let error = handler.delete(&cx(ADDRESS), prior()).await.expect_err("in use");
    assert_eq!(error.kind(), HandlerErrorKind::NotYet);
}

#[test]
fn every_attribute_reads_back_as_it_was_written() {
    let app = Stickiness::AppCookie { cookie_name: "session".to_owned(), duration_seconds: 60 };
    for stickiness in
        [None, Some(Stickiness::Off), Some(Stickiness::LbCookie { duration_seconds: 60 }), Some(app)]
    {
        let mut spec = group();
        spec.stickiness = stickiness;
        spec.slow_start_seconds = Some(0);
        spec.load_balancing_algorithm = Some(LoadBalancingAlgorithm::WeightedRandom);
        let written = attributes(&spec).into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let mut read = group();
        read_attributes(&mut read, &written);
        assert_eq!(read, spec);
    }
}

#[test]
fn grpc_has_status_codes_of_its_own() {
    let check = HealthCheck::builder().matcher("0-99").build();
    let matcher = write_matcher(&check, Some(ProtocolVersion::Grpc)).expect("a matcher");
    assert_eq!((matcher.grpc_code(), matcher.http_code()), (Some("0-99"), None));
    let mut group = described("x");
    group.matcher = Some(matcher);
    assert_eq!(read_health_check(&group).matcher.as_deref(), Some("0-99"));
}

#[tokio::test]
async fn what_is_taken_out_of_a_spec_goes_back_to_the_default() {
    let check = mock!(Client::modify_target_group)
        .match_requests(|request| {
            request.health_check_path() == Some("/")
                && request.health_check_protocol() == Some(&types::ProtocolEnum::Http)
                && request.health_check_port() == Some("traffic-port")
                && request.health_check_interval_seconds() == Some(30)
                && request.health_check_timeout_seconds() == Some(5)
                && request.healthy_threshold_count() == Some(5)
                && request.unhealthy_threshold_count() == Some(2)
                && request.matcher().and_then(types::Matcher::http_code) == Some("200")
        })
        .then_output(|| ModifyTargetGroupOutput::builder().build());
    let attributes = mock!(Client::modify_target_group_attributes)
        .match_requests(|request| {
            let mut set: Vec<_> =
                request.attributes().iter().filter_map(|one| one.key().zip(one.value())).collect();
            set.sort_unstable();
            set == [
                ("deregistration_delay.timeout_seconds", "300"),
                ("load_balancing.algorithm.type", "round_robin"),
                ("slow_start.duration_seconds", "0"),
                ("stickiness.enabled", "false"),
            ]
        })
        .then_output(|| ModifyTargetGroupAttributesOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&check, &attributes]));
    let (mut prior, mut desired, outputs) = (group(), group(), known("humangov-california"));
    prior.health_check = HealthCheck::builder()
        .path("/ready")
        .protocol(Protocol::Https)
        .port(HealthCheckPort::Port(8080))
        .interval_seconds(10)
        .timeout_seconds(4)
        .healthy_threshold_count(2)
        .unhealthy_threshold_count(3)
        .matcher("200-299")
        .build();
    prior.slow_start_seconds = Some(30);
    prior.load_balancing_algorithm = Some(LoadBalancingAlgorithm::WeightedRandom);
    desired.health_check = HealthCheck::default();
    desired.deregistration_delay_seconds = None;
    desired.stickiness = None;
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("changed");
    assert_eq!((check.num_calls(), attributes.num_calls()), (1, 1));
}

#[test]
fn grpc_has_defaults_of_its_own() {
    let mut prior = group();
    prior.protocol_version = Some(ProtocolVersion::Grpc);
    let mut desired = prior.clone();
    prior.health_check = HealthCheck::builder().path("/app.Health/check").matcher("0").build();
    desired.health_check = HealthCheck::default();
    let check = with_defaults(&prior, &desired).health_check;
    assert_eq!((check.path.as_deref(), check.matcher.as_deref()), (Some("/AWS.ALB/healthcheck"), Some("12")));
}
