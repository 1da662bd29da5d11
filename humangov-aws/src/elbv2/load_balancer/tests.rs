// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::{
    elbv2::tests::{ELB, is_owned, refusal, tags_of},
    testing::{cx, mock_client},
};
use aws_sdk_elasticloadbalancingv2::operation::{
    add_tags::AddTagsOutput,
    create_load_balancer::{CreateLoadBalancerError, CreateLoadBalancerOutput},
    delete_load_balancer::{DeleteLoadBalancerError, DeleteLoadBalancerOutput},
    describe_load_balancer_attributes::DescribeLoadBalancerAttributesOutput,
    describe_load_balancers::{DescribeLoadBalancersError, DescribeLoadBalancersOutput},
    describe_tags::DescribeTagsError,
    modify_load_balancer_attributes::{
        ModifyLoadBalancerAttributesError, ModifyLoadBalancerAttributesOutput,
    },
    remove_tags::RemoveTagsOutput,
    set_ip_address_type::SetIpAddressTypeOutput,
    set_security_groups::SetSecurityGroupsOutput,
    set_subnets::SetSubnetsOutput,
};
use aws_smithy_mocks::{RuleMode, mock};
use humangov_core::{
    handler::{Contents, Effect},
    kind::elbv2::IpAddressType,
    resource::Resource,
};

const ADDRESS: &str = "elbv2.load_balancer/web";

fn balancer() -> LoadBalancer {
    LoadBalancer::builder()
        .name("humangov")
        .subnets(["subnet-1", "subnet-2"])
        .security_group("sg-1")
        .tags([("team", "hr")].into_iter().collect())
        .build()
}

fn known(name: &str) -> LoadBalancerOutputs {
    LoadBalancerOutputs {
        arn: format!("{ELB}:loadbalancer/app/{name}/1").parse().expect("an ARN"),
        name: name.to_owned(),
        dns_name: format!("{name}-1.us-east-1.elb.amazonaws.com"),
        hosted_zone_id: "Z35SXDOTRQ7X7K".to_owned(),
        arn_suffix: format!("app/{name}/1"),
    }
}

fn described(name: &str) -> types::LoadBalancer {
    let zone = |subnet: &str| types::AvailabilityZone::builder().subnet_id(subnet).build();
    types::LoadBalancer::builder()
        .load_balancer_arn(format!("{ELB}:loadbalancer/app/{name}/1"))
        .load_balancer_name(name)
        .dns_name(format!("{name}-1.us-east-1.elb.amazonaws.com"))
        .canonical_hosted_zone_id("Z35SXDOTRQ7X7K")
        .scheme(types::LoadBalancerSchemeEnum::InternetFacing)
        .availability_zones(zone("subnet-2"))
        .availability_zones(zone("subnet-1"))
        .security_groups("sg-1")
        .ip_address_type(types::IpAddressType::Ipv4)
        .build()
}

fn page(names: &[&str]) -> DescribeLoadBalancersOutput {
    let found = names.iter().map(|name| described(name)).collect();
    DescribeLoadBalancersOutput::builder().set_load_balancers(Some(found)).build()
}

fn in_state(code: State) -> DescribeLoadBalancersOutput {
    let state = types::LoadBalancerState::builder().code(code).reason("why").build();
    let mut found = described("humangov");
    found.state = Some(state);
    DescribeLoadBalancersOutput::builder().load_balancers(found).build()
}

fn attributes_of(list: &[types::LoadBalancerAttribute]) -> Vec<(&str, &str)> {
    let mut set: Vec<_> = list.iter().filter_map(|one| one.key().zip(one.value())).collect();
    set.sort_unstable();
    set
}

fn handler(client: Client) -> LoadBalancerHandler {
    LoadBalancerHandler::new(client)
}

#[tokio::test]
async fn a_load_balancer_without_attributes_is_made_by_one_call() {
    let create = mock!(Client::create_load_balancer)
        .match_requests(|request| {
            is_owned(request.tags(), ADDRESS)
                && request.name() == Some("humangov")
                && request.subnets() == ["subnet-1", "subnet-2"]
                && request.security_groups() == ["sg-1"]
                && request.ip_address_type().is_none()
        })
        .then_output(|| CreateLoadBalancerOutput::builder().load_balancers(described("humangov")).build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create]));
    let outputs = handler.create(&cx(ADDRESS), &balancer()).await.expect("made");
    assert_eq!(outputs, known("humangov"));
    assert_eq!(create.num_calls(), 1);
}

#[tokio::test]
async fn attributes_are_set_by_a_second_call_whose_failure_leaves_doubt() {
    let create = mock!(Client::create_load_balancer)
        .then_output(|| CreateLoadBalancerOutput::builder().load_balancers(described("humangov")).build());
    let modify = mock!(Client::modify_load_balancer_attributes)
        .match_requests(|request| {
            attributes_of(request.attributes())
                == [
                    ("access_logs.s3.bucket", "logs"),
                    ("access_logs.s3.enabled", "true"),
                    ("access_logs.s3.prefix", ""),
                    ("deletion_protection.enabled", "true"),
                    ("idle_timeout.timeout_seconds", "120"),
                ]
        })
        .then_error(|| ModifyLoadBalancerAttributesError::generic(refusal("InvalidConfigurationRequest")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create, &modify]));
    let mut spec = balancer();
    spec.idle_timeout_seconds = Some(120);
    spec.deletion_protection = Some(true);
    spec.access_logs = Some(AccessLogs::s3("logs"));
    let error = handler.create(&cx(ADDRESS), &spec).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::Invalid, Effect::Unknown));
    assert_eq!(modify.num_calls(), 1);
}

#[tokio::test]
async fn a_taken_name_is_told_and_nothing_was_made() {
    let create = mock!(Client::create_load_balancer)
        .then_error(|| CreateLoadBalancerError::generic(refusal("DuplicateLoadBalancerName")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create]));
    let error = handler.create(&cx(ADDRESS), &balancer()).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));
}

#[tokio::test]
async fn an_answer_that_lost_a_part_is_completed_by_a_read() {
    let create = mock!(Client::create_load_balancer).then_output(|| {
        let mut made = described("humangov");
        made.dns_name = None;
        CreateLoadBalancerOutput::builder().load_balancers(made).build()
    });
    let describe = mock!(Client::describe_load_balancers).then_output(|| page(&["humangov"]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create, &describe]));
    assert_eq!(handler.create(&cx(ADDRESS), &balancer()).await.expect("made"), known("humangov"));
}

#[tokio::test]
async fn a_load_balancer_reads_back_as_the_spec_that_made_it() {
    let describe = mock!(Client::describe_load_balancers)
        .match_requests(|request| request.names() == ["humangov"])
        .then_output(|| page(&["humangov"]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([known("humangov").arn.as_str()]));
    let attributes = mock!(Client::describe_load_balancer_attributes).then_output(|| {
        let one =
            |key: &str, value: &str| types::LoadBalancerAttribute::builder().key(key).value(value).build();
        DescribeLoadBalancerAttributesOutput::builder()
            .attributes(one("idle_timeout.timeout_seconds", "120"))
            .attributes(one("deletion_protection.enabled", "true"))
            .attributes(one("routing.http.desync_mitigation_mode", "defensive"))
            .attributes(one("access_logs.s3.enabled", "false"))
            .attributes(one("access_logs.s3.bucket", ""))
            .build()
    });
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags, &attributes]));
    let (cx, mut spec) = (cx(ADDRESS), balancer());
    spec.ip_address_type = Some(IpAddressType::Ipv4);
    spec.idle_timeout_seconds = Some(120);
    spec.deletion_protection = Some(true);
    spec.desync_mitigation_mode = Some(humangov_core::kind::elbv2::DesyncMitigationMode::Defensive);
    spec.access_logs = Some(AccessLogs::Off);
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let mut live = handler.read(at).await.expect("read").expect("there");
    live.spec.normalize();
    assert_eq!(live.spec, spec);
    assert_eq!(live.outputs, known("humangov"));
    assert_eq!(live.tags.expect("has tags").get("humangov:fleet"), Some("humangov"));
}

#[tokio::test]
async fn what_is_not_found_in_either_way_is_absent() {
    let missing = mock!(Client::describe_load_balancers)
        .then_error(|| DescribeLoadBalancersError::generic(refusal("LoadBalancerNotFound")));
    let empty = mock!(Client::describe_load_balancers).then_output(|| page(&[]));
    let (cx, spec) = (cx(ADDRESS), balancer());
    for rule in [&missing, &empty] {
        let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [rule]));
        let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
        assert_eq!(handler.read(at).await.expect("read"), None);
        assert_eq!(rule.num_calls(), 1);
    }
}

#[tokio::test]
async fn what_is_deleted_between_two_calls_is_absent() {
    let describe = mock!(Client::describe_load_balancers).then_output(|| page(&["humangov"]));
    let tags = mock!(Client::describe_tags)
        .then_error(|| DescribeTagsError::generic(refusal("LoadBalancerNotFound")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags]));
    let (cx, spec) = (cx(ADDRESS), balancer());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Identity };
    assert_eq!(handler.read(at).await.expect("read"), None);
}

#[tokio::test]
async fn a_recorded_load_balancer_is_looked_for_under_its_recorded_name() {
    let describe = mock!(Client::describe_load_balancers)
        .match_requests(|request| request.names() == ["humangov-old"])
        .then_output(|| page(&["humangov-old"]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([known("humangov-old").arn.as_str()]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags]));
    let (cx, spec, recorded) = (cx(ADDRESS), balancer(), known("humangov-old"));
    let at = Lookup { cx: &cx, spec: &spec, outputs: Some(&recorded), depth: Depth::Identity };
    assert_eq!(handler.read(at).await.expect("read").expect("there").outputs, recorded);
}

#[tokio::test]
async fn many_are_read_by_few_calls_and_a_missing_one_by_a_list() {
    let by_name = mock!(Client::describe_load_balancers)
        .match_requests(|request| request.names().len() == 3)
        .then_error(|| DescribeLoadBalancersError::generic(refusal("LoadBalancerNotFound")));
    let first = mock!(Client::describe_load_balancers)
        .match_requests(|request| request.names().is_empty() && request.marker().is_none())
        .then_output(|| {
            let mut page = page(&["a", "another"]);
            page.next_marker = Some("more".to_owned());
            page
        });
    let second = mock!(Client::describe_load_balancers)
        .match_requests(|request| request.marker() == Some("more"))
        .then_output(|| page(&["c"]));
    let tags = mock!(Client::describe_tags)
        .match_requests(|request| request.resource_arns().len() == 2)
        .then_output(|| tags_of([known("a").arn.as_str(), known("c").arn.as_str()]));
    let client =
        mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&by_name, &first, &second, &tags]);
    let cx = cx(ADDRESS);
    let specs = ["c", "b", "a"].map(|name| {
        let mut spec = balancer();
        name.clone_into(&mut spec.name);
        spec
    });
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Identity }).collect();
    let found: Vec<_> = handler(client)
        .read_many(&at)
        .await
        .into_iter()
        .map(|one| one.expect("read").map(|live| live.outputs.name))
        .collect();
    assert_eq!(found, [Some("c".to_owned()), None, Some("a".to_owned())]);
    let calls = [&by_name, &first, &second, &tags].map(aws_smithy_mocks::Rule::num_calls);
    assert_eq!(calls, [1, 1, 1, 1]);
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let subnets = mock!(Client::set_subnets)
        .match_requests(|request| request.subnets() == ["subnet-1", "subnet-3"])
        .then_output(|| SetSubnetsOutput::builder().build());
    let groups = mock!(Client::set_security_groups)
        .match_requests(|request| request.security_groups() == ["sg-2"])
        .then_output(|| SetSecurityGroupsOutput::builder().build());
    let addresses = mock!(Client::set_ip_address_type)
        .match_requests(|request| request.ip_address_type() == Some(&types::IpAddressType::Dualstack))
        .then_output(|| SetIpAddressTypeOutput::builder().build());
    let attributes = mock!(Client::modify_load_balancer_attributes)
        .match_requests(|request| {
            matches!(request.attributes(), [one] if one.key() == Some("idle_timeout.timeout_seconds") && one.value() == Some("90"))
        })
        .then_output(|| ModifyLoadBalancerAttributesOutput::builder().build());
    let untag = mock!(Client::remove_tags)
        .match_requests(|request| request.tag_keys() == ["team"])
        .then_output(|| RemoveTagsOutput::builder().build());
    let tag = mock!(Client::add_tags)
        .match_requests(|request| {
            is_owned(request.tags(), ADDRESS) && request.tags().iter().any(|tag| tag.key() == Some("unit"))
        })
        .then_output(|| AddTagsOutput::builder().build());
    let handler = handler(mock_client!(
        aws_sdk_elasticloadbalancingv2,
        [&subnets, &groups, &addresses, &attributes, &untag, &tag]
    ));
    let (mut prior, mut desired) = (balancer(), balancer());
    prior.idle_timeout_seconds = Some(60);
    prior.http2 = Some(true);
    desired.http2 = Some(true);
    desired.idle_timeout_seconds = Some(90);
    desired.ip_address_type = Some(IpAddressType::Dualstack);
    desired.subnets[1] = "subnet-3".into();
    desired.security_groups = vec!["sg-2".into()];
    desired.tags = [("unit", "hr")].into_iter().collect();
    let outputs = known("humangov");
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    assert_eq!(handler.update(&cx(ADDRESS), change).await.expect("changed"), outputs);
    let change = Update { prior: &desired, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("nothing to do");
    let calls =
        [&subnets, &groups, &addresses, &attributes, &untag, &tag].map(aws_smithy_mocks::Rule::num_calls);
    assert_eq!(calls, [1; 6]);
}

#[tokio::test]
async fn what_is_taken_out_of_a_spec_goes_back_to_the_default() {
    let addresses = mock!(Client::set_ip_address_type)
        .match_requests(|request| request.ip_address_type() == Some(&types::IpAddressType::Ipv4))
        .then_output(|| SetIpAddressTypeOutput::builder().build());
    let modify = mock!(Client::modify_load_balancer_attributes)
        .match_requests(|request| {
            attributes_of(request.attributes())
                == [
                    ("access_logs.s3.enabled", "false"),
                    ("client_keep_alive.seconds", "3600"),
                    ("deletion_protection.enabled", "false"),
                    ("idle_timeout.timeout_seconds", "60"),
                    ("routing.http.desync_mitigation_mode", "defensive"),
                    ("routing.http.drop_invalid_header_fields.enabled", "false"),
                    ("routing.http.preserve_host_header.enabled", "false"),
                    ("routing.http.xff_header_processing.mode", "append"),
                    ("routing.http2.enabled", "true"),
                ]
        })
        .then_output(|| ModifyLoadBalancerAttributesOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&addresses, &modify]));
    let (mut prior, desired, outputs) = (full(), balancer(), known("humangov"));
    prior.ip_address_type = Some(IpAddressType::Dualstack);
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("changed");
    assert_eq!((addresses.num_calls(), modify.num_calls()), (1, 1));

    // What is the default already takes no call.
    prior = balancer();
    prior.idle_timeout_seconds = Some(60);
    prior.http2 = Some(true);
    prior.ip_address_type = Some(IpAddressType::Ipv4);
    prior.access_logs = Some(AccessLogs::Off);
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("no call is made");
}

#[tokio::test]
async fn a_prefix_of_logs_that_is_taken_out_is_emptied() {
    let modify = mock!(Client::modify_load_balancer_attributes)
        .match_requests(|request| attributes_of(request.attributes()) == [("access_logs.s3.prefix", "")])
        .then_output(|| ModifyLoadBalancerAttributesOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&modify]));
    let (mut prior, mut desired, outputs) = (balancer(), balancer(), known("humangov"));
    prior.access_logs = Some(AccessLogs::S3 { bucket: "logs".into(), prefix: Some("web".to_owned()) });
    desired.access_logs = Some(AccessLogs::s3("logs"));
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("changed");
    assert_eq!(modify.num_calls(), 1);
}

#[tokio::test]
async fn deleting_tells_what_to_do_about_protection_and_takes_absence_for_done() {
    let (spec, outputs) = (balancer(), known("humangov"));
    let prior = || Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
    let delete = mock!(Client::delete_load_balancer)
        .match_requests(|request| request.load_balancer_arn() == Some(known("humangov").arn.as_str()))
        .then_output(|| DeleteLoadBalancerOutput::builder().build());
    let missing = mock!(Client::delete_load_balancer)
        .then_error(|| DeleteLoadBalancerError::generic(refusal("LoadBalancerNotFound")));
    let protected = mock!(Client::delete_load_balancer)
        .then_error(|| DeleteLoadBalancerError::generic(refusal("OperationNotPermitted")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&delete, &missing, &protected]));
    handler.delete(&cx(ADDRESS), prior()).await.expect("deleted");
    handler.delete(&cx(ADDRESS), prior()).await.expect("gone already");
    let error = handler.delete(&cx(ADDRESS), prior()).await.expect_err("protected");
    assert_eq!(error.kind(), HandlerErrorKind::Invalid);
    assert_eq!(
        error.to_string(),
        "DeleteLoadBalancer failed: OperationNotPermitted: load balancer humangov is protected from deletion; \
         set deletion_protection to false and apply, then delete it"
    );
}

#[tokio::test]
async fn an_active_load_balancer_is_ready_even_if_impaired() {
    let rules = [State::Active, State::ActiveImpaired, State::Provisioning, State::Failed]
        .map(|state| mock!(Client::describe_load_balancers).then_output(move || in_state(state.clone())));
    let [active, impaired, provisioning, failed] = &rules;
    let unknown = mock!(Client::describe_load_balancers)
        .then_error(|| DescribeLoadBalancersError::generic(refusal("LoadBalancerNotFound")));
    let handler = handler(mock_client!(
        aws_sdk_elasticloadbalancingv2,
        [active, impaired, provisioning, failed, &unknown]
    ));
    let (cx, spec, outputs) = (cx(ADDRESS), balancer(), known("humangov"));
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(handler.ready(&cx, &spec, &outputs).await.expect("asked"));
    }
    assert_eq!(
        told,
        [
            Readiness::Ready,
            Readiness::Ready,
            Readiness::Pending("provisioning".to_owned()),
            Readiness::Failed {
                reason: "load balancer humangov could not be set up".to_owned(),
                details: vec!["why".to_owned()]
            },
            // Not all of AWS knows a new one at once.
            Readiness::Pending("not listed yet".to_owned()),
        ]
    );
}

#[test]
fn every_attribute_reads_back_as_it_was_written() {
    let spec = full();
    let written = attributes(&spec).into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut read = spec.clone();
    read.access_logs = None;
    read_attributes(&mut read, &written);
    assert_eq!(read, spec);
}

/// No attribute as AWS makes it.
fn full() -> LoadBalancer {
    let mut spec = balancer();
    spec.deletion_protection = Some(true);
    spec.idle_timeout_seconds = Some(1);
    spec.client_keep_alive_seconds = Some(60);
    spec.http2 = Some(false);
    spec.drop_invalid_header_fields = Some(true);
    spec.preserve_host_header = Some(true);
    spec.desync_mitigation_mode = Some(humangov_core::kind::elbv2::DesyncMitigationMode::Strictest);
    spec.xff_header_processing_mode = Some(humangov_core::kind::elbv2::XffHeaderProcessingMode::Preserve);
    spec.access_logs = Some(AccessLogs::S3 { bucket: "logs".into(), prefix: Some("web".to_owned()) });
    spec
}
