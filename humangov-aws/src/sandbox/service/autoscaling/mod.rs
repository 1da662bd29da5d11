// SPDX-License-Identifier: MIT OR Apache-2.0
//! Application Auto Scaling of ECS services: scalable targets and their policies. Nothing here measures load.

mod policy;
mod tags;
mod target;

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use target::Target;

/// The one namespace and dimension that is modelled.
const NAMESPACE: &str = "ecs";
const DIMENSION: &str = "ecs:service:DesiredCount";

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct AutoScaling {
    /// By resource id: `service/main/web`.
    targets: BTreeMap<String, Target>,
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "RegisterScalableTarget" => target::register(cx, input),
        "DescribeScalableTargets" => target::describe(cx, input),
        "DeregisterScalableTarget" => target::deregister(cx, input),
        "PutScalingPolicy" => policy::put(cx, input),
        "DescribeScalingPolicies" => policy::describe(cx, input),
        "DeleteScalingPolicy" => policy::delete(cx, input),
        "ListTagsForResource" => tags::list(cx, input),
        "TagResource" => tags::add(cx, input),
        "UntagResource" => tags::remove(cx, input),
        _ => Err(unknown(operation)),
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn not_found(what: &str) -> ApiError {
    ApiError::new("ObjectNotFoundException", format!("No {what} found."))
}

/// A member that must be there, of a length that AWS takes.
fn text<'a>(input: Input<'a>, name: &str, most: usize) -> Result<&'a str, ApiError> {
    let Some(text) = input.text(name) else {
        let member = first_lower(name);
        return Err(invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        )));
    };
    if !(1..=most).contains(&text.chars().count()) {
        let member = first_lower(name);
        return Err(invalid(format!(
            "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: Member must have length \
             between 1 and {most}"
        )));
    }
    Ok(text)
}

fn first_lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// That the namespace is ECS's.
fn namespace(input: Input<'_>) -> Result<(), ApiError> {
    match text(input, "ServiceNamespace", 64)? {
        NAMESPACE => Ok(()),
        other => Err(invalid(format!("the sandbox models the service namespace ecs only, not {other}"))),
    }
}

/// The resource id of a call about one target.
fn resource(input: Input<'_>) -> Result<&str, ApiError> {
    namespace(input)?;
    dimension(text(input, "ScalableDimension", 128)?)?;
    let id = text(input, "ResourceId", 1600)?;
    service_of(id)?;
    Ok(id)
}

fn dimension(given: &str) -> Result<(), ApiError> {
    if given == DIMENSION {
        return Ok(());
    }
    Err(invalid(format!(
        "Unsupported service namespace, resource type or scalable dimension: {NAMESPACE}, {given}"
    )))
}

/// Cluster and service of a resource id.
fn service_of(id: &str) -> Result<(&str, &str), ApiError> {
    let parts = id.strip_prefix("service/").and_then(|rest| rest.split_once('/'));
    parts
        .filter(|(cluster, service)| !cluster.is_empty() && !service.is_empty() && !service.contains('/'))
        .ok_or_else(|| {
            invalid(format!("Unsupported service namespace, resource type or scalable dimension: {id}"))
        })
}

/// One page of a list: up to fifty, and a token that says after which the next begins.
fn page<T>(input: Input<'_>, items: Vec<(String, T)>) -> Result<(Vec<T>, Option<String>), ApiError> {
    let most = input.integer("MaxResults").unwrap_or(50);
    if !(1..=50).contains(&most) {
        return Err(invalid("MaxResults must be between 1 and 50"));
    }
    let most = usize::try_from(most).unwrap_or(50);
    let start = match input.text("NextToken") {
        None => 0,
        Some(token) => match items.iter().position(|(name, _)| name == token) {
            Some(last) => last + 1,
            None => return Err(ApiError::new("InvalidNextTokenException", "The next token is invalid.")),
        },
    };
    let more = items.len() > start + most;
    let mut page: Vec<(String, T)> = items.into_iter().skip(start).take(most).collect();
    let token = page.last_mut().filter(|_| more).map(|(name, _)| std::mem::take(name));
    Ok((page.into_iter().map(|(_, item)| item).collect(), token))
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let targets = cx.here.autoscaling.targets.iter();
    targets
        .map(|(id, target)| Found {
            kind: "autoscaling.target",
            name: id.clone(),
            arn: target.arn.clone(),
            tags: target.tags.clone(),
            settings: json!({
                "min_capacity": target.min,
                "max_capacity": target.max,
                "policies": target.policies.keys().collect::<Vec<_>>(),
            }),
        })
        .collect()
}

/// Lets time pass: nothing measures load, so nothing scales by itself.
pub(super) fn advance(_cx: &mut Cx<'_>) {}

#[cfg(test)]
mod tests;
