// SPDX-License-Identifier: MIT OR Apache-2.0
//! `elbv2.listener`: a port of a load balancer, and what happens to requests there.

use crate::{
    address::Kind,
    arn::Arn,
    kind::elbv2::{Action, LoadBalancer, checks},
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::Input,
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A listener of an Application Load Balancer, known by load balancer and port.
///
/// ```
/// use humangov_core::{address::ParseWordError, arn::Arn, kind::elbv2::{Action, Listener, ListenerProtocol, LoadBalancer}};
/// let balancer: Arn<LoadBalancer> = // a `&Handle<LoadBalancer>` serves as well
///     "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/humangov/50dc6c495c0c9188".parse()?;
/// let plain = Listener::builder()
///     .load_balancer(balancer.clone())
///     .port(80)
///     .default_action(Action::redirect_to_https())
///     .build();
/// let secure = Listener::builder()
///     .load_balancer(balancer)
///     .port(443)
///     .protocol(ListenerProtocol::https("arn:aws:acm:us-east-1:123456789012:certificate/1"))
///     .default_action(Action::fixed_response(404, "no such tenant"))
///     .build();
/// # Ok::<(), ParseWordError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Listener {
    /// The load balancer.
    #[builder(setter(into))]
    pub load_balancer: Input<Arn<LoadBalancer>>,
    /// The port: 1 to 65535; one listener each.
    pub port: u16,
    /// How clients speak.
    #[builder(default, setter(into))]
    #[serde(default)]
    pub protocol: ListenerProtocol,
    /// What happens to requests that no rule is for.
    pub default_action: Action,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// How clients speak to a listener.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ListenerProtocol {
    /// HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https(Https),
}

/// The TLS settings of a listener.
///
/// ```
/// use humangov_core::kind::elbv2::Https;
/// let https = Https::builder()
///     .certificate_arn("arn:aws:acm:us-east-1:123456789012:certificate/1")
///     .additional_certificate("arn:aws:acm:us-east-1:123456789012:certificate/2")
///     .build();
/// assert_eq!(https.ssl_policy, Https::DEFAULT_SSL_POLICY);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a certificate for other host names.
    pub fn additional_certificate(&mut self, certificate: impl Into<Input<String>>) {
        self.additional_certificates.push(certificate.into());
    }
))]
pub struct Https {
    /// The certificate shown to clients that name no host, or one no other certificate is for.
    #[builder(setter(into))]
    pub certificate_arn: Input<String>,
    /// The security policy: which versions and ciphers of TLS are spoken.
    #[builder(default = Https::DEFAULT_SSL_POLICY.to_owned(), setter(into))]
    #[serde(default = "default_ssl_policy")]
    pub ssl_policy: String,
    /// Certificates for other host names: up to 25 a load balancer, unless the quota was raised.
    #[builder(via_mutators)]
    #[serde(default)]
    pub additional_certificates: Vec<Input<String>>,
}

fn default_ssl_policy() -> String {
    Https::DEFAULT_SSL_POLICY.to_owned()
}

impl Https {
    /// TLS 1.2 and 1.3: what the console proposes. The API's own default still allows TLS 1.0.
    pub const DEFAULT_SSL_POLICY: &'static str = "ELBSecurityPolicy-TLS13-1-2-2021-06";
}

impl ListenerProtocol {
    /// HTTPS with one certificate and [`Https::DEFAULT_SSL_POLICY`].
    pub fn https(certificate_arn: impl Into<Input<String>>) -> Self {
        Self::Https(Https::builder().certificate_arn(certificate_arn).build())
    }
}

impl From<Https> for ListenerProtocol {
    fn from(https: Https) -> Self {
        Self::Https(https)
    }
}

/// What is known of a listener that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerOutputs {
    /// The ARN.
    pub arn: Arn<Listener>,
}

impl Resource for Listener {
    const KIND: Kind = Kind::new("elbv2.listener");
    const RULES: &'static [Rule] = &[
        Rule::ReplaceCreateFirst("/load_balancer"),
        Rule::ReplaceCreateFirst("/port"),
        Rule::KeyedBy("/default_action/forward/target_groups", "target_group"),
    ];
    type Outputs = ListenerOutputs;

    fn normalize(&mut self) {
        self.default_action.normalize();
        if let ListenerProtocol::Https(https) = &mut self.protocol {
            checks::sort(&mut https.additional_certificates);
        }
    }

    fn validate(&self, found: &mut Violations) {
        checks::arn(found, "load_balancer", &self.load_balancer, "loadbalancer/app/");
        found.check(self.port != 0, "port", || "0 is no port; allowed are 1 to 65535");
        if let ListenerProtocol::Https(https) = &self.protocol {
            found.within("protocol.https", |found| https.validate(found));
        }
        found.within("default_action", |found| self.default_action.validate(found));
        self.tags.validate(found);
    }
}

impl Https {
    fn validate(&self, found: &mut Violations) {
        certificate(found, "certificate_arn", &self.certificate_arn);
        for (i, other) in self.additional_certificates.iter().enumerate() {
            certificate(found, &format!("additional_certificates.{i}"), other);
        }
        checks::distinct(found, "additional_certificates", &self.additional_certificates);
        found.check(
            !self.additional_certificates.contains(&self.certificate_arn),
            "additional_certificates",
            || "the default certificate need not be listed again",
        );
        found.check(
            self.ssl_policy.starts_with("ELBSecurityPolicy-") && self.ssl_policy.len() <= 128,
            "ssl_policy",
            || format!("{:?} is no security policy; their names begin ELBSecurityPolicy-", self.ssl_policy),
        );
    }
}

fn certificate(found: &mut Violations, path: &str, input: &Input<String>) {
    if let Some(text) = input.known() {
        let parsed = text.parse::<Arn<()>>();
        found.check(parsed.is_ok_and(|arn| matches!(arn.service(), "acm" | "iam")), path, || {
            format!("{text:?} is not the ARN of a certificate of ACM or IAM")
        });
    }
}

impl HasArn for Listener {}

#[cfg(test)]
mod tests {
    use super::*;

    const BALANCER: &str =
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/humangov/50dc6c495c0c9188";
    const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1";

    fn listener(protocol: ListenerProtocol) -> Listener {
        Listener::builder()
            .load_balancer(BALANCER.parse::<Arn<LoadBalancer>>().expect("an ARN"))
            .port(443)
            .protocol(protocol)
            .default_action(Action::fixed_response(404, "no such tenant"))
            .build()
    }

    fn problems(listener: &Listener) -> String {
        let mut found = Violations::default();
        listener.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn usual_listeners_are_fine() {
        assert_eq!(problems(&listener(ListenerProtocol::Http)), "");
        assert_eq!(problems(&listener(ListenerProtocol::https(CERTIFICATE))), "");
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let https = |change: fn(&mut Https)| {
            let mut https = Https::builder().certificate_arn(CERTIFICATE).build();
            change(&mut https);
            listener(https.into())
        };
        let mut no_port = listener(ListenerProtocol::Http);
        no_port.port = 0;
        let mut nowhere = listener(ListenerProtocol::Http);
        let network = BALANCER.replace("/app/", "/net/").parse::<Arn<LoadBalancer>>().expect("an ARN");
        nowhere.load_balancer = network.into();
        let mut bad_action = listener(ListenerProtocol::Http);
        bad_action.default_action = Action::fixed_response(301, "");
        let table = [
            (no_port, "port: 0 is no port"),
            (nowhere, "load_balancer: arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/"),
            (bad_action, "default_action.fixed_response.status_code: 301 is not allowed"),
            (
                https(|h| h.certificate_arn = "arn:aws:s3:::bucket".into()),
                "protocol.https.certificate_arn: \"arn:aws:s3:::bucket\" is not the ARN of a certificate",
            ),
            (
                https(|h| h.ssl_policy = "TLS13".into()),
                "protocol.https.ssl_policy: \"TLS13\" is no security policy",
            ),
            (
                https(|h| h.additional_certificates = vec![h.certificate_arn.clone()]),
                "additional_certificates: the default certificate need not be listed again",
            ),
            (
                https(|h| h.additional_certificates = vec!["x".into()]),
                "protocol.https.additional_certificates.0: \"x\" is not the ARN",
            ),
        ];
        for (listener, expected) in table {
            let text = problems(&listener);
            assert!(text.contains(expected), "{text:?} lacks {expected:?}");
        }
    }

    #[test]
    fn the_protocol_is_one_word_or_its_settings() {
        let json = |protocol| serde_json::to_value(listener(protocol)).expect("JSON")["protocol"].clone();
        assert_eq!(json(ListenerProtocol::Http), "http");
        assert_eq!(json(ListenerProtocol::https(CERTIFICATE))["https"]["certificate_arn"], CERTIFICATE);
    }
}
