// SPDX-License-Identifier: MIT OR Apache-2.0
//! Targets and their health.

use super::{
    TargetHealth,
    check::{invalid, port, required, some},
    limits,
    target_group::{TargetGroup, found},
};
use crate::sandbox::{
    error::ApiError,
    timings::Timings,
    wire::Input,
    world::{Cx, later},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;

/// A registered target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    pub id: String,
    pub port: u16,
    pub health: Health,
}

/// Who knows how a target does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Health {
    /// The service that runs it says so.
    Told(TargetHealth),
    /// Registered by a call, at this time. Nothing answers there, so it never becomes healthy.
    Silent(Timestamp),
    /// Deregistered by a call; gone at this time.
    Draining(Timestamp),
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "RegisterTargets" => register(cx, input),
        "DeregisterTargets" => deregister(cx, input),
        "DescribeTargetHealth" => describe(cx, input),
        _ => return None,
    })
}

/// Under what a target is kept: the same address may be there with several ports.
pub(super) fn key(id: &str, port: u16) -> String {
    format!("{id}:{port}")
}

fn register(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let now = cx.now;
    let (_, group) = found(cx, input)?;
    let mut after = group.targets.clone();
    after.retain(|_, target| !target.is_gone(now));
    for (id, port) in given(group, input)? {
        check(group, id)?;
        let target = after.entry(key(id, port)).or_insert_with(|| Target {
            id: id.to_owned(),
            port,
            health: Health::Silent(now),
        });
        if matches!(target.health, Health::Draining(_)) {
            target.health = Health::Silent(now);
        }
    }
    let most = if group.settings.target_type == "lambda" { 1 } else { after.len() };
    if after.len() > most {
        return Err(ApiError::new("TooManyTargets", "A target group of a Lambda function has one target"));
    }
    limits::TARGETS.allow(after.len())?;
    group.targets = after;
    Ok(Value::Null)
}

/// The targets of a request: their ids, and their ports or else that of the group.
fn given<'i>(group: &TargetGroup, input: Input<'i>) -> Result<Vec<(&'i str, u16)>, ApiError> {
    let usual = group.settings.port.unwrap_or_default();
    let target = |value| {
        let target = Input(value);
        Ok((required(target, "Id")?, port(target, "Port")?.unwrap_or(usual)))
    };
    some(input, "Targets")?.iter().map(target).collect()
}

/// That the id is one of the group's type, and can be a target.
fn check(group: &TargetGroup, id: &str) -> Result<(), ApiError> {
    let settings = &group.settings;
    match settings.target_type.as_str() {
        "ip" => {
            let address: IpAddr = id
                .parse()
                .map_err(|_| invalid(format!("The IP address '{id}' is not a valid IP address")))?;
            let fits = match address {
                IpAddr::V4(v4) => settings.ip_address_type == "ipv4" && is_within(v4.octets()),
                IpAddr::V6(_) => settings.ip_address_type == "ipv6",
            };
            if fits {
                return Ok(());
            }
            Err(invalid(format!(
                "The IP address '{id}' is not within a supported range for the target group"
            )))
        }
        "instance" => {
            // There are no instances in the sandbox.
            let told = if id.starts_with("i-") { "do not exist" } else { "are not valid instance IDs" };
            Err(ApiError::new("InvalidTarget", format!("The following targets {told}: '{id}'")))
        }
        _ if id.starts_with("arn:") => Ok(()),
        kind => Err(invalid(format!("'{id}' is not a valid ARN of a target of the type '{kind}'"))),
    }
}

/// Private addresses (RFC 1918) and those of RFC 6598: others are targets only as parts of the VPC.
fn is_within(octets: [u8; 4]) -> bool {
    match octets {
        [10, ..] | [192, 168, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        [100, second, ..] => (64..128).contains(&second),
        _ => false,
    }
}

fn deregister(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (now, timings) = (cx.now, cx.behaviour.timings);
    let (arn, group) = found(cx, input)?;
    let leaving = given(group, input)?;
    let used = cx.here.elbv2.user_of(arn).is_some();
    let (_, group) = found(cx, input)?;
    let gone = later(now, timings.paced(group.deregistration_delay()));
    for (id, port) in leaving {
        // What is not there needs not go.
        if let Some(target) = group.targets.get_mut(&key(id, port)) {
            target.health = Health::Draining(if used { gone } else { now });
        }
    }
    group.targets.retain(|_, target| !target.is_gone(now));
    Ok(Value::Null)
}

fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (now, timings) = (cx.now, cx.behaviour.timings);
    let arn = found(cx, input)?.0;
    let facts = cx.here.elbv2.target_group_facts(arn);
    let active_from = facts.and_then(|facts| facts.active_from);
    let (_, group) = found(cx, input)?;
    group.targets.retain(|_, target| !target.is_gone(now));
    let asked: Option<Vec<(&str, u16)>> =
        if input.list("Targets").is_empty() { None } else { Some(given(group, input)?) };
    let show = |target: &Target| target.described(group, active_from, now, &timings);
    let shown: Vec<Value> = match asked {
        None => group.targets.values().map(show).collect(),
        Some(asked) => {
            let one = |(id, port): (&str, u16)| match group.targets.get(&key(id, port)) {
                Some(target) => show(target),
                None => told(id, port, None, "unused", Some("Target.NotRegistered")),
            };
            asked.into_iter().map(one).collect()
        }
    };
    Ok(json!({ "TargetHealthDescriptions": shown }))
}

impl Target {
    fn is_gone(&self, now: Timestamp) -> bool {
        matches!(self.health, Health::Draining(gone) if gone <= now)
    }

    /// How it is told; `active_from` is when the load balancer begins to send requests, if there is one.
    fn described(
        &self,
        group: &TargetGroup,
        active_from: Option<Timestamp>,
        now: Timestamp,
        timings: &Timings,
    ) -> Value {
        let (state, reason) = match (&self.health, active_from) {
            (Health::Draining(_), _) => ("draining", Some("Target.DeregistrationInProgress")),
            (_, None) => ("unused", Some("Target.NotInUse")),
            (Health::Told(health), _) => (health.state.as_str(), health.reason.as_deref()),
            (Health::Silent(_), Some(active_from)) if now < active_from => {
                ("initial", Some("Elb.RegistrationInProgress"))
            }
            (Health::Silent(since), Some(active_from)) => {
                let checked = timings.paced(group.settings.check.until_unhealthy());
                if now < later(active_from.max(*since), checked) {
                    ("initial", Some("Elb.InitialHealthChecking"))
                } else {
                    ("unhealthy", Some("Target.Timeout"))
                }
            }
        };
        let check_port = match group.settings.check.port.as_deref() {
            Some("traffic-port") => Some(self.port.to_string()),
            port => port.map(str::to_owned),
        };
        told(&self.id, self.port, check_port, state, reason)
    }
}

fn told(id: &str, port: u16, check_port: Option<String>, state: &str, reason: Option<&str>) -> Value {
    let description = reason.map(|reason| match reason {
        "Elb.InitialHealthChecking" => "Initial health checks in progress",
        "Elb.RegistrationInProgress" => "Target registration is in progress",
        "Target.DeregistrationInProgress" => "Target deregistration is in progress",
        "Target.FailedHealthChecks" => "Health checks failed",
        "Target.NotInUse" => "Target group is not configured to receive traffic from the load balancer",
        "Target.NotRegistered" => "Target is not registered to the target group",
        "Target.ResponseCodeMismatch" => "Health checks failed with these codes: [500]",
        "Target.Timeout" => "Request timed out",
        other => other,
    });
    json!({
        // A Lambda function has no port.
        "Target": {"Id": id, "Port": Some(port).filter(|port| *port > 0)},
        "HealthCheckPort": check_port,
        "TargetHealth": {"State": state, "Reason": reason, "Description": description},
    })
}
