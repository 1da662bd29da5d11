// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::{
    elbv2::tests::{ELB, is_owned, refusal, tags_of},
    testing::{cx, mock_client},
};
use aws_sdk_elasticloadbalancingv2::operation::{
    add_listener_certificates::{AddListenerCertificatesError, AddListenerCertificatesOutput},
    create_listener::{CreateListenerError, CreateListenerOutput},
    delete_listener::{DeleteListenerError, DeleteListenerOutput},
    describe_listener_certificates::DescribeListenerCertificatesOutput,
    describe_listeners::{DescribeListenersError, DescribeListenersOutput},
    modify_listener::ModifyListenerOutput,
    remove_listener_certificates::RemoveListenerCertificatesOutput,
};
use aws_smithy_mocks::{RuleMode, mock};
use humangov_core::{
    handler::{Contents, Effect, HandlerErrorKind},
    kind::elbv2::Action,
    value::{Reference, Source},
};

const ADDRESS: &str = "elbv2.listener/web";
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1";
const OTHER: &str = "arn:aws:acm:us-east-1:123456789012:certificate/2";

fn balancer(name: &str) -> String {
    format!("{ELB}:loadbalancer/app/{name}/1")
}

fn arn_of(balancer: &str, port: u16) -> String {
    format!("{ELB}:listener/app/{balancer}/1/{port}")
}

fn listener(protocol: ListenerProtocol) -> Listener {
    Listener::builder()
        .load_balancer(balancer("humangov").parse::<Arn<LoadBalancer>>().expect("an ARN"))
        .port(443)
        .protocol(protocol)
        .default_action(Action::fixed_response(404, "no such tenant"))
        .tags([("team", "hr")].into_iter().collect())
        .build()
}

fn https() -> Https {
    Https::builder().certificate_arn(CERTIFICATE).additional_certificate(OTHER).build()
}

fn known(port: u16) -> ListenerOutputs {
    ListenerOutputs { arn: arn_of("humangov", port).parse().expect("an ARN") }
}

fn described(name: &str, port: u16) -> types::Listener {
    types::Listener::builder()
        .listener_arn(arn_of(name, port))
        .load_balancer_arn(balancer(name))
        .port(i32::from(port))
        .protocol(ProtocolEnum::Http)
        .default_actions(action::write(&Action::fixed_response(404, "no such tenant")))
        .build()
}

fn page(listeners: impl IntoIterator<Item = types::Listener>) -> DescribeListenersOutput {
    DescribeListenersOutput::builder().set_listeners(Some(listeners.into_iter().collect())).build()
}

fn certificate_of(arn: &str, is_default: bool) -> types::Certificate {
    types::Certificate::builder().certificate_arn(arn).is_default(is_default).build()
}

fn handler(client: Client) -> ListenerHandler {
    ListenerHandler::new(client)
}

#[tokio::test]
async fn a_plain_listener_is_made_by_one_call() {
    let create = mock!(Client::create_listener)
        .match_requests(|request| {
            is_owned(request.tags(), ADDRESS)
                && request.load_balancer_arn() == Some(balancer("humangov").as_str())
                && request.port() == Some(443)
                && request.protocol() == Some(&ProtocolEnum::Http)
                && request.ssl_policy().is_none()
                && request.certificates().is_empty()
                && request.default_actions().len() == 1
        })
        .then_output(|| CreateListenerOutput::builder().listeners(described("humangov", 443)).build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create]));
    let outputs = handler.create(&cx(ADDRESS), &listener(ListenerProtocol::Http)).await.expect("made");
    assert_eq!(outputs, known(443));
    assert_eq!(create.num_calls(), 1);
}

#[tokio::test]
async fn a_secure_listener_names_its_policy_and_gets_other_certificates_by_a_second_call() {
    let create = mock!(Client::create_listener)
        .match_requests(|request| {
            request.ssl_policy() == Some(Https::DEFAULT_SSL_POLICY)
                && matches!(request.certificates(), [one] if one.certificate_arn() == Some(CERTIFICATE))
        })
        .then_output(|| CreateListenerOutput::builder().listeners(described("humangov", 443)).build());
    let add = mock!(Client::add_listener_certificates)
        .match_requests(
            |request| matches!(request.certificates(), [one] if one.certificate_arn() == Some(OTHER)),
        )
        .then_error(|| AddListenerCertificatesError::generic(refusal("TooManyCertificates")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create, &add]));
    let error = handler.create(&cx(ADDRESS), &listener(https().into())).await.expect_err("too many");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::Quota, Effect::Unknown));
    assert_eq!((create.num_calls(), add.num_calls()), (1, 1));
}

#[tokio::test]
async fn other_certificates_are_added_one_by_one() {
    let create = mock!(Client::create_listener)
        .then_output(|| CreateListenerOutput::builder().listeners(described("humangov", 443)).build());
    let add = |arn: &'static str| {
        mock!(Client::add_listener_certificates)
            .match_requests(
                move |request| matches!(request.certificates(), [one] if one.certificate_arn() == Some(arn)),
            )
            .then_output(|| AddListenerCertificatesOutput::builder().build())
    };
    let (first, second) = (add(OTHER), add(CERTIFICATE));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&create, &first, &second]));
    let mut two = https();
    two.additional_certificates = vec![OTHER.into(), CERTIFICATE.into()];
    handler.create(&cx(ADDRESS), &listener(two.into())).await.expect("made");
    assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_taken_port_is_told_and_a_lost_arn_is_read() {
    let taken = mock!(Client::create_listener)
        .then_error(|| CreateListenerError::generic(refusal("DuplicateListener")));
    let create = mock!(Client::create_listener).then_output(|| CreateListenerOutput::builder().build());
    let describe = mock!(Client::describe_listeners)
        .then_output(|| page([described("humangov", 80), described("humangov", 443)]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&taken, &create, &describe]));
    let spec = listener(ListenerProtocol::Http);
    let error = handler.create(&cx(ADDRESS), &spec).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));
    assert_eq!(handler.create(&cx(ADDRESS), &spec).await.expect("made"), known(443));
}

#[tokio::test]
async fn a_secure_listener_reads_back_as_the_spec_that_made_it() {
    let describe = mock!(Client::describe_listeners)
        .match_requests(|request| request.load_balancer_arn() == Some(balancer("humangov").as_str()))
        .then_output(|| {
            let mut secure = described("humangov", 443);
            secure.protocol = Some(ProtocolEnum::Https);
            secure.ssl_policy = Some(Https::DEFAULT_SSL_POLICY.to_owned());
            secure.certificates = Some(vec![certificate_of(CERTIFICATE, true)]);
            page([described("humangov", 80), secure])
        });
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([arn_of("humangov", 443)]));
    let certificates = mock!(Client::describe_listener_certificates).then_output(|| {
        DescribeListenerCertificatesOutput::builder()
            .certificates(certificate_of(CERTIFICATE, true))
            .certificates(certificate_of(OTHER, false))
            .build()
    });
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags, &certificates]));
    let (cx, spec) = (cx(ADDRESS), listener(https().into()));
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let live = handler.read(at).await.expect("read").expect("there");
    assert_eq!(live.spec, spec);
    assert_eq!(live.outputs, known(443));
}

#[tokio::test]
async fn the_listeners_of_one_load_balancer_are_read_by_two_calls() {
    let describe = mock!(Client::describe_listeners)
        .then_output(|| page([described("humangov", 80), described("humangov", 443)]));
    let tags = mock!(Client::describe_tags)
        .then_output(|| tags_of([arn_of("humangov", 80), arn_of("humangov", 443)]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags]));
    let cx = cx(ADDRESS);
    let specs = [443, 80, 8080].map(|port| {
        let mut spec = listener(ListenerProtocol::Http);
        spec.port = port;
        spec
    });
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Full }).collect();
    let found: Vec<_> = handler
        .read_many(&at)
        .await
        .into_iter()
        .map(|one| one.expect("read").map(|live| live.spec.port))
        .collect();
    assert_eq!(found, [Some(443), Some(80), None]);
    assert_eq!((describe.num_calls(), tags.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_listener_of_a_load_balancer_to_come_is_absent_unless_it_is_recorded() {
    let describe = mock!(Client::describe_listeners)
        .match_requests(|request| request.load_balancer_arn() == Some(balancer("humangov").as_str()))
        .then_output(|| page([described("humangov", 80)]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([arn_of("humangov", 80)]));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&describe, &tags]));
    let (cx, mut spec, recorded) = (cx(ADDRESS), listener(ListenerProtocol::Http), known(80));
    let source = Source::Resource("elbv2.load_balancer/web".parse().expect("an address"));
    spec.load_balancer = Input::Reference(Reference { source, attr: "arn".into() });
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    assert_eq!(handler.read(at).await.expect("read"), None);
    // The port wanted is another than the one recorded: what is recorded is what is there.
    let at = Lookup { outputs: Some(&recorded), ..at };
    assert_eq!(handler.read(at).await.expect("read").expect("there").spec.port, 80);
}

#[tokio::test]
async fn a_listener_made_anew_outside_is_found_by_load_balancer_and_port() {
    let old = mock!(Client::describe_listeners)
        .match_requests(|request| request.load_balancer_arn() == Some(balancer("old").as_str()))
        .then_error(|| DescribeListenersError::generic(refusal("LoadBalancerNotFound")));
    let new = mock!(Client::describe_listeners)
        .match_requests(|request| request.load_balancer_arn() == Some(balancer("humangov").as_str()))
        .then_output(|| page([described("humangov", 443)]));
    let tags = mock!(Client::describe_tags).then_output(|| tags_of([arn_of("humangov", 443)]));
    let client = mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&old, &new, &tags]);
    let (cx, spec) = (cx(ADDRESS), listener(ListenerProtocol::Http));
    let recorded = ListenerOutputs { arn: arn_of("old", 443).parse().expect("an ARN") };
    let at = Lookup { cx: &cx, spec: &spec, outputs: Some(&recorded), depth: Depth::Full };
    assert_eq!(handler(client).read(at).await.expect("read").expect("there").outputs, known(443));
}

#[tokio::test]
async fn going_secure_takes_protocol_policy_and_certificate_in_one_call() {
    let modify = mock!(Client::modify_listener)
        .match_requests(|request| {
            request.protocol() == Some(&ProtocolEnum::Https)
                && request.ssl_policy() == Some(Https::DEFAULT_SSL_POLICY)
                && request.certificates().len() == 1
                && request.default_actions().is_empty()
                && request.port().is_none()
        })
        .then_output(|| ModifyListenerOutput::builder().build());
    let add = mock!(Client::add_listener_certificates)
        .then_output(|| AddListenerCertificatesOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&modify, &add]));
    let (prior, desired) = (listener(ListenerProtocol::Http), listener(https().into()));
    let outputs = known(443);
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    assert_eq!(handler.update(&cx(ADDRESS), change).await.expect("changed"), outputs);
    assert_eq!((modify.num_calls(), add.num_calls()), (1, 1));
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let modify = mock!(Client::modify_listener)
        .match_requests(|request| {
            request.protocol().is_none()
                && request.ssl_policy().is_none()
                && request.certificates().is_empty()
                && request.default_actions().len() == 1
        })
        .then_output(|| ModifyListenerOutput::builder().build());
    let remove = mock!(Client::remove_listener_certificates)
        .match_requests(
            |request| matches!(request.certificates(), [one] if one.certificate_arn() == Some(OTHER)),
        )
        .then_output(|| RemoveListenerCertificatesOutput::builder().build());
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&modify, &remove]));
    let (prior, mut desired) = (listener(https().into()), listener(ListenerProtocol::https(CERTIFICATE)));
    desired.default_action = Action::redirect_to_https();
    let outputs = known(443);
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("changed");
    let change = Update { prior: &desired, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("nothing to do");
    assert_eq!((modify.num_calls(), remove.num_calls()), (1, 1));
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted() {
    let delete = mock!(Client::delete_listener)
        .match_requests(|request| request.listener_arn() == Some(arn_of("humangov", 443).as_str()))
        .then_output(|| DeleteListenerOutput::builder().build());
    let missing = mock!(Client::delete_listener)
        .then_error(|| DeleteListenerError::generic(refusal("ListenerNotFound")));
    let handler = handler(mock_client!(aws_sdk_elasticloadbalancingv2, [&delete, &missing]));
    let (spec, outputs) = (listener(ListenerProtocol::Http), known(443));
    for _ in 0..2 {
        let prior = Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
        handler.delete(&cx(ADDRESS), prior).await.expect("nothing there");
    }
    assert_eq!((delete.num_calls(), missing.num_calls()), (1, 1));
}
