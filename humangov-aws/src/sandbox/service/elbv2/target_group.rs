// SPDX-License-Identifier: MIT OR Apache-2.0
//! Target groups.

use super::{
    Elbv2,
    attributes::{self, Set, Tables},
    check::{self, Sort, arn, choice, invalid, page, port, required},
    health_check::{HealthCheck, Of},
    limits, tags,
    target::Target,
};
use crate::sandbox::{
    error::ApiError,
    service::Found,
    wire::Input,
    world::{Cx, Tags},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

const PROTOCOLS: [&str; 9] = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"];

/// A target group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TargetGroup {
    pub name: String,
    pub settings: Settings,
    attributes: Set,
    pub tags: Tags,
    /// By id and port.
    pub targets: BTreeMap<String, Target>,
    /// Until when it counts as in use although no listener and no rule forwards to it any more.
    pub held_until: Option<Timestamp>,
}

/// What two calls must agree in to be for the same target group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub target_type: String,
    pub protocol: Option<String>,
    version: Option<String>,
    pub port: Option<u16>,
    pub vpc_id: Option<String>,
    pub ip_address_type: String,
    pub check: HealthCheck,
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateTargetGroup" => create(cx, input),
        "DescribeTargetGroups" => describe(&cx.here.elbv2, input),
        "ModifyTargetGroup" => modify(cx, input),
        "DeleteTargetGroup" => delete(cx, input),
        "DescribeTargetGroupAttributes" => {
            found(cx, input).map(|(_, group)| attributes::described(group.tables(), &group.attributes))
        }
        "ModifyTargetGroupAttributes" => modify_attributes(cx, input),
        _ => return None,
    })
}

fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = check::name(input, "Target group")?;
    let (settings, tags) = (settings(cx, input)?, tags::given(input)?);
    let elb = &cx.here.elbv2;
    if let Some((arn, there)) = elb.target_groups.iter().find(|(_, there)| there.name == name) {
        if there.settings == settings {
            return Ok(json!({"TargetGroups": [there.described(arn, elb.user_of(arn))]}));
        }
        let message =
            format!("A target group with the same name '{name}' exists, but with different settings");
        return Err(ApiError::new("DuplicateTargetGroupName", message));
    }
    limits::TARGET_GROUPS.allow(elb.target_groups.len() + 1)?;
    let group = TargetGroup {
        name: name.to_owned(),
        settings,
        attributes: Set::new(),
        tags,
        targets: BTreeMap::new(),
        held_until: None,
    };
    let arn = format!("targetgroup/{name}/{}", cx.ids.hex(16));
    let arn = cx.arn("elasticloadbalancing", &arn);
    let described = group.described(&arn, None);
    cx.here.elbv2.target_groups.insert(arn, group);
    Ok(json!({"TargetGroups": [described]}))
}

fn settings(cx: &Cx<'_>, input: Input<'_>) -> Result<Settings, ApiError> {
    let target_type =
        choice(input, "TargetType", &["instance", "ip", "lambda", "alb"])?.unwrap_or("instance");
    let (protocol, port) = (choice(input, "Protocol", &PROTOCOLS)?, port(input, "Port")?);
    let (version, vpc_id) = (version(input, protocol)?, input.text("VpcId"));
    if target_type == "lambda" {
        if protocol.is_some() || port.is_some() || vpc_id.is_some() {
            return Err(invalid(
                "Protocol, port and VPC ID cannot be specified for target groups with target type 'lambda'",
            ));
        }
    } else {
        protocol.ok_or_else(|| invalid("A protocol must be specified"))?;
        port.ok_or_else(|| invalid("A port must be specified"))?;
        let vpc_id = vpc_id.ok_or_else(|| invalid("A VPC ID must be specified"))?;
        // Every VPC has a default security group, which cannot be deleted.
        if cx.here.ec2.default_security_group(vpc_id).is_none() {
            return Err(invalid(format!("The VPC ID '{vpc_id}' is not found")));
        }
    }
    if protocol == Some("GENEVE") && port != Some(6081) {
        return Err(invalid("Port must be 6081 for target groups with protocol 'GENEVE'"));
    }
    if target_type == "alb" && protocol != Some("TCP") {
        return Err(invalid("Protocol must be TCP for target groups with target type 'alb'"));
    }
    let of = Of { target_type, protocol, grpc: version == Some("GRPC") };
    let ip_address_type = choice(input, "IpAddressType", &["ipv4", "ipv6"])?.unwrap_or("ipv4");
    Ok(Settings {
        target_type: target_type.to_owned(),
        protocol: protocol.map(str::to_owned),
        version: version.map(str::to_owned),
        port,
        vpc_id: vpc_id.map(str::to_owned),
        ip_address_type: ip_address_type.to_owned(),
        check: HealthCheck::new(of, input)?,
    })
}

/// The protocol version, which HTTP has, and only that.
fn version<'a>(input: Input<'a>, protocol: Option<&str>) -> Result<Option<&'a str>, ApiError> {
    let version = choice(input, "ProtocolVersion", &["HTTP1", "HTTP2", "GRPC"])?;
    match (matches!(protocol, Some("HTTP" | "HTTPS")), version) {
        (true, version) => Ok(version.or(Some("HTTP1"))),
        (false, Some(_)) => Err(invalid("Protocol version is for target groups of HTTP and HTTPS only")),
        (false, None) => Ok(None),
    }
}

fn describe(elb: &Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let all = &elb.target_groups;
    let (arns, names) = (input.texts("TargetGroupArns"), input.texts("Names"));
    let balancer = input.text("LoadBalancerArn");
    if [!arns.is_empty(), !names.is_empty(), balancer.is_some()].into_iter().filter(|given| *given).count()
        > 1
    {
        return Err(invalid(
            "Target group ARNs, target group names and a load balancer ARN cannot be specified at the same time",
        ));
    }
    if let Some(balancer) = balancer {
        Sort::LoadBalancer.find(&elb.load_balancers, balancer)?;
    }
    for arn in &arns {
        Sort::TargetGroup.find(all, arn)?;
    }
    if !names.iter().all(|name| all.values().any(|one| one.name == *name)) {
        return Err(Sort::TargetGroup.missing());
    }
    let users = elb.users();
    let asked = |arn: &str, one: &TargetGroup| {
        (arns.is_empty() || arns.contains(&arn))
            && (names.is_empty() || names.contains(&one.name.as_str()))
            && (balancer.is_none() || users.get(arn).copied() == balancer)
    };
    let asked = all.iter().filter(|(arn, one)| asked(arn, one));
    let asked = asked.map(|(arn, one)| (arn.clone(), (arn, one))).collect();
    page(input, "TargetGroups", asked, |(arn, one)| one.described(arn, users.get(arn.as_str()).copied()))
}

impl TargetGroup {
    fn of(&self) -> Of<'_> {
        let settings = &self.settings;
        Of { target_type: &settings.target_type, protocol: settings.protocol.as_deref(), grpc: self.grpc() }
    }

    fn grpc(&self) -> bool {
        self.settings.version.as_deref() == Some("GRPC")
    }

    /// How it is told; `user` is the load balancer that uses it.
    fn described(&self, arn: &str, user: Option<&str>) -> Value {
        let settings = &self.settings;
        let members = [
            ("TargetGroupArn", json!(arn)),
            ("TargetGroupName", json!(self.name)),
            ("Protocol", json!(settings.protocol)),
            ("ProtocolVersion", json!(settings.version)),
            ("Port", json!(settings.port)),
            ("VpcId", json!(settings.vpc_id)),
            ("TargetType", json!(settings.target_type)),
            ("IpAddressType", json!(settings.ip_address_type)),
            ("LoadBalancerArns", user.into_iter().collect()),
        ];
        let mut told: Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        settings.check.describe(self.grpc(), &mut told);
        Value::Object(told)
    }

    /// The attributes that such a group has.
    fn tables(&self) -> Tables {
        match (self.settings.target_type.as_str(), self.settings.protocol.as_deref()) {
            ("lambda", _) => attributes::LAMBDA_GROUP,
            (_, Some("HTTP" | "HTTPS")) => attributes::HTTP_GROUP,
            (_, Some("GENEVE")) => attributes::GENEVE_GROUP,
            _ => attributes::TCP_GROUP,
        }
    }

    /// How long a target that leaves is still drained.
    pub(super) fn deregistration_delay(&self) -> Duration {
        let set = self.attributes.get("deregistration_delay.timeout_seconds");
        Duration::from_secs(set.and_then(|seconds| seconds.parse().ok()).unwrap_or(300))
    }
}

/// The target group that a request names.
pub(super) fn found<'c, 'i>(
    cx: &'c mut Cx<'_>,
    input: Input<'i>,
) -> Result<(&'i str, &'c mut TargetGroup), ApiError> {
    let arn = arn(input, "TargetGroupArn", Sort::TargetGroup)?;
    Ok((arn, Sort::TargetGroup.find_mut(&mut cx.here.elbv2.target_groups, arn)?))
}

fn modify(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (arn, group) = found(cx, input)?;
    group.settings.check = group.settings.check.clone().changed(group.of(), input)?;
    let elb = &cx.here.elbv2;
    let group = Sort::TargetGroup.find(&elb.target_groups, arn)?;
    Ok(json!({"TargetGroups": [group.described(arn, elb.user_of(arn))]}))
}

fn modify_attributes(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, group) = found(cx, input)?;
    let after = attributes::changed(group.tables(), "Target group", &group.attributes, input)?;
    attributes::check_target_group(&after)?;
    group.attributes = after;
    Ok(attributes::described(group.tables(), &group.attributes))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = required(input, "TargetGroupArn")?;
    Sort::TargetGroup.check(arn)?;
    let elb = &mut cx.here.elbv2;
    let held = elb.target_groups.get(arn).and_then(|group| group.held_until);
    if elb.user_of(arn).is_some() || held.is_some_and(|until| cx.now < until) {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(ApiError::new("ResourceInUse", message));
    }
    // AWS documents no refusal of one that is not there.
    elb.target_groups.remove(arn);
    Ok(Value::Null)
}

pub(super) fn resources(elb: &Elbv2) -> impl Iterator<Item = Found> {
    elb.target_groups.iter().map(|(arn, one)| Found {
        kind: "elbv2.target_group",
        name: one.name.clone(),
        arn: arn.clone(),
        tags: one.tags.clone(),
        settings: json!({
            "protocol": one.settings.protocol,
            "port": one.settings.port,
            "target_type": one.settings.target_type,
            "targets": one.targets.len(),
        }),
    })
}
