// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listeners.

use super::{
    Elbv2,
    action::{self, Action},
    attributes::{self, HTTP_LISTENER, HTTPS_LISTENER, Set, Tables},
    check::{Sort, arn, choice, configuration, invalid, page, port, some},
    limits,
    rule::Rule,
    tags, tls,
};
use crate::sandbox::{
    error::ApiError,
    service::Found,
    wire::Input,
    world::{Cx, Tags},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const PROTOCOLS: [&str; 9] = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"];

/// A listener. Its actions are those of its default rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Listener {
    pub load_balancer: String,
    pub port: u16,
    /// Of HTTPS.
    pub tls: Option<Tls>,
    /// The certificates beside the default one, in the order they were added.
    pub certificates: Vec<String>,
    /// The ARN of the default rule.
    default_rule: String,
    attributes: Set,
    pub tags: Tags,
}

/// What a listener of HTTPS has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tls {
    policy: String,
    /// The default certificate.
    pub certificate: String,
    /// What is done with certificates of clients: `off` or `passthrough`.
    mutual: String,
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateListener" => create(cx, input),
        "DescribeListeners" => describe(&cx.here.elbv2, input),
        "ModifyListener" => modify(cx, input),
        "DeleteListener" => delete(cx, input),
        "DescribeListenerAttributes" => found(cx, input)
            .map(|(_, listener)| attributes::described(listener.tables(), &listener.attributes)),
        "ModifyListenerAttributes" => modify_attributes(cx, input),
        _ => return None,
    })
}

fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let balancer = arn(input, "LoadBalancerArn", Sort::LoadBalancer)?;
    Sort::LoadBalancer.find(&cx.here.elbv2.load_balancers, balancer)?;
    let port = port(input, "Port")?.ok_or_else(|| invalid("A listener port must be specified"))?;
    let https = is_https(input)?.ok_or_else(|| invalid("A listener protocol must be specified"))?;
    let tls = tls(cx, input, https, None)?;
    let actions = action::read(some(input, "DefaultActions")?, https)?;
    let tags = tags::given(input)?;
    let elb = &cx.here.elbv2;
    if let Some((arn, there)) = elb.on_port(balancer, port) {
        if there.tls == tls && elb.default_actions(there) == actions {
            return Ok(json!({"Listeners": [elb.described(arn, there)]}));
        }
        return Err(duplicate(balancer));
    }
    elb.admit(balancer, None, &actions)?;
    let of_balancer = elb.listeners.values().filter(|listener| listener.load_balancer == balancer);
    limits::LISTENERS.allow(of_balancer.count() + 1)?;
    let arn = format!("{}/{}", balancer.replacen(":loadbalancer/", ":listener/", 1), cx.ids.hex(16));
    let rule_arn = Rule::arn(&arn, cx.ids);
    let listener = Listener {
        load_balancer: balancer.to_owned(),
        port,
        tls,
        certificates: Vec::new(),
        default_rule: rule_arn.clone(),
        attributes: Set::new(),
        tags,
    };
    let elb = &mut cx.here.elbv2;
    elb.rules.insert(rule_arn, Rule::of_listener(&arn, actions));
    let described = elb.described(&arn, &listener);
    elb.listeners.insert(arn, listener);
    Ok(json!({"Listeners": [described]}))
}

/// Whether the request asks for HTTPS rather than HTTP, if it says.
fn is_https(input: Input<'_>) -> Result<Option<bool>, ApiError> {
    match choice(input, "Protocol", &PROTOCOLS)? {
        None => Ok(None),
        Some("HTTP") => Ok(Some(false)),
        Some("HTTPS") => Ok(Some(true)),
        Some(other) => {
            let message = format!("Protocol '{other}' is not supported by application load balancers");
            Err(ApiError::new("UnsupportedProtocol", message))
        }
    }
}

/// What the listener has of TLS after the request, if it had `before` before.
fn tls(cx: &Cx<'_>, input: Input<'_>, https: bool, before: Option<&Tls>) -> Result<Option<Tls>, ApiError> {
    if !input.list("AlpnPolicy").is_empty() {
        return Err(configuration("ALPN policies are for TLS listeners only"));
    }
    let (policy, certificate) = (tls::policy(input)?, tls::certificate(cx, input)?);
    let mutual = input.object("MutualAuthentication");
    if !https {
        if policy.is_some() || certificate.is_some() || mutual.is_some() {
            return Err(configuration("Certificates and SSL policies are for HTTPS listeners only"));
        }
        return Ok(None);
    }
    let mutual = match mutual.map(|mutual| choice(mutual, "Mode", &["off", "passthrough", "verify"])) {
        Some(mode) => mode?,
        None => None,
    };
    if mutual == Some("verify") {
        return Err(ApiError::new("TrustStoreNotFound", "The specified trust store does not exist"));
    }
    let before = |part: fn(&Tls) -> &String| before.map(|tls| part(tls).as_str());
    let certificate = certificate
        .or(before(|tls| &tls.certificate))
        .ok_or_else(|| invalid("A certificate must be specified for HTTPS listeners"))?;
    let policy = policy.or(before(|tls| &tls.policy)).unwrap_or(tls::USUAL_POLICY);
    let mutual = mutual.or(before(|tls| &tls.mutual)).unwrap_or("off");
    Ok(Some(Tls {
        policy: policy.to_owned(),
        certificate: certificate.to_owned(),
        mutual: mutual.to_owned(),
    }))
}

fn duplicate(balancer: &str) -> ApiError {
    let message = format!("A listener already exists on this port for this load balancer '{balancer}'");
    ApiError::new("DuplicateListener", message)
}

impl Elbv2 {
    fn on_port(&self, balancer: &str, port: u16) -> Option<(&String, &Listener)> {
        self.listeners.iter().find(|(_, one)| one.load_balancer == balancer && one.port == port)
    }

    fn default_actions(&self, listener: &Listener) -> &[Action] {
        self.rules.get(&listener.default_rule).map_or(&[], |rule| rule.actions.as_slice())
    }

    fn described(&self, arn: &str, listener: &Listener) -> Value {
        let tls = listener.tls.as_ref();
        json!({
            "ListenerArn": arn,
            "LoadBalancerArn": listener.load_balancer,
            "Port": listener.port,
            "Protocol": listener.protocol(),
            "SslPolicy": tls.map(|tls| &tls.policy),
            "Certificates": tls.map(|tls| json!([{"CertificateArn": tls.certificate}])),
            "MutualAuthentication": tls.map(|tls| json!({"Mode": tls.mutual})),
            "DefaultActions": action::described(self.default_actions(listener)),
        })
    }
}

impl Listener {
    fn protocol(&self) -> &'static str {
        if self.tls.is_some() { "HTTPS" } else { "HTTP" }
    }

    fn tables(&self) -> Tables {
        if self.tls.is_some() { HTTPS_LISTENER } else { HTTP_LISTENER }
    }
}

fn describe(elb: &Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let (arns, balancer) = (input.texts("ListenerArns"), input.text("LoadBalancerArn"));
    match balancer {
        Some(balancer) if arns.is_empty() => {
            Sort::LoadBalancer.find(&elb.load_balancers, balancer)?;
        }
        None if !arns.is_empty() => {
            for arn in &arns {
                Sort::Listener.find(&elb.listeners, arn)?;
            }
        }
        _ => return Err(invalid("You must specify either listener ARNs or a load balancer ARN")),
    }
    let asked = |arn: &str, one: &Listener| {
        arns.contains(&arn) || balancer.is_some_and(|balancer| one.load_balancer == balancer)
    };
    let asked = elb.listeners.iter().filter(|(arn, one)| asked(arn, one));
    let mut asked: Vec<_> = asked.map(|(arn, one)| (format!("{:05}/{arn}", one.port), (arn, one))).collect();
    asked.sort_by(|(a, _), (b, _)| a.cmp(b));
    page(input, "Listeners", asked, |(arn, one)| elb.described(arn, one))
}

fn found<'c, 'i>(cx: &'c mut Cx<'_>, input: Input<'i>) -> Result<(&'i str, &'c mut Listener), ApiError> {
    let arn = arn(input, "ListenerArn", Sort::Listener)?;
    Ok((arn, Sort::Listener.find_mut(&mut cx.here.elbv2.listeners, arn)?))
}

fn modify(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (arn, listener) = found(cx, input)?;
    let mut after = listener.clone();
    let https = is_https(input)?.unwrap_or(after.tls.is_some());
    after.tls = tls(cx, input, https, after.tls.as_ref())?;
    if after.tls.is_none() {
        after.certificates.clear();
    }
    after.port = port(input, "Port")?.unwrap_or(after.port);
    let elb = &mut cx.here.elbv2;
    if elb.on_port(&after.load_balancer, after.port).is_some_and(|(other, _)| other != arn) {
        return Err(duplicate(&after.load_balancer));
    }
    if !input.list("DefaultActions").is_empty() {
        let actions = action::read(input.list("DefaultActions"), https)?;
        elb.admit(&after.load_balancer, Some(&after.default_rule), &actions)?;
        if let Some(rule) = elb.rules.get_mut(&after.default_rule) {
            rule.actions = actions;
        }
    }
    let described = elb.described(arn, &after);
    elb.listeners.insert(arn.to_owned(), after);
    Ok(json!({"Listeners": [described]}))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, listener) = found(cx, input)?;
    let rule = listener.default_rule.clone();
    let until = cx.after(cx.behaviour.timings.visibility);
    cx.here.elbv2.remove_listeners(until, |listener| listener.default_rule == rule);
    Ok(Value::Null)
}

fn modify_attributes(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, listener) = found(cx, input)?;
    listener.attributes = attributes::changed(listener.tables(), "Listener", &listener.attributes, input)?;
    Ok(attributes::described(listener.tables(), &listener.attributes))
}

/// A listener's name for those who look: that of its load balancer, and the port.
pub(super) fn label(elb: &Elbv2, listener: &Listener) -> String {
    let balancer = elb.load_balancers.get(&listener.load_balancer);
    format!("{}:{}", balancer.map_or("", |balancer| &balancer.name), listener.port)
}

pub(super) fn resources(elb: &Elbv2) -> impl Iterator<Item = Found> {
    elb.listeners.iter().map(|(arn, one)| Found {
        kind: "elbv2.listener",
        name: label(elb, one),
        arn: arn.clone(),
        tags: one.tags.clone(),
        settings: json!({
            "protocol": one.protocol(),
            "default_actions": action::described(elb.default_actions(one)),
        }),
    })
}
