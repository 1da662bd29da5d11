// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scaling policies.

use super::{
    DIMENSION, NAMESPACE, dimension, invalid, namespace, not_found, page, resource, target::seen_since, text,
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, epoch},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many policies a target may have.
const MOST: usize = 50;

/// The sorts of policies, and the member that configures each.
const KINDS: [(&str, &str); 3] = [
    ("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration"),
    ("StepScaling", "StepScalingPolicyConfiguration"),
    ("PredictiveScaling", "PredictiveScalingPolicyConfiguration"),
];

/// Predefined metrics of ECS services.
const METRICS: [&str; 5] = [
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageMemoryUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution",
    "ECSServiceAverageMemoryUtilizationHighResolution",
    "ALBRequestCountPerTarget",
];

/// A policy of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Policy {
    arn: String,
    /// `TargetTrackingScaling`, `StepScaling` or `PredictiveScaling`.
    kind: String,
    configuration: Value,
    /// Names and ARNs.
    alarms: Vec<(String, String)>,
    created: Timestamp,
}

/// Makes a policy, or gives it another configuration.
pub(super) fn put(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = resource(input)?;
    let name = named(input)?;
    let since = seen_since(cx);
    let target = cx.here.autoscaling.seen(id, since).ok_or_else(|| {
        not_found(&format!(
            "scalable target registered for service namespace: {NAMESPACE}, resource ID: {id}, scalable dimension: {DIMENSION}"
        ))
    })?;
    let before = target.policies.get(name).map(|policy| policy.kind.clone());
    let kind = match (input.text("PolicyType"), &before) {
        (Some(kind), _) => kind.to_owned(),
        (None, Some(before)) => before.clone(),
        (None, None) => "StepScaling".to_owned(),
    };
    if before.as_ref().is_some_and(|before| *before != kind) {
        return Err(invalid("The policy type of an existing policy can not be changed"));
    }
    if before.is_none() && target.policies.len() >= MOST {
        return Err(ApiError::new(
            "LimitExceededException",
            "Too many scaling policies for this scalable target.",
        ));
    }
    let Some((_, member)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        return Err(invalid(format!(
            "1 validation error detected: Value '{kind}' at 'policyType' failed to satisfy constraint: Member must satisfy enum \
             value set: [PredictiveScaling, StepScaling, TargetTrackingScaling]"
        )));
    };
    let Some(configuration) = input.object(member) else {
        return Err(invalid(format!("{member} is required for policy type {kind}")));
    };
    match kind.as_str() {
        "TargetTrackingScaling" => target_tracking(configuration)?,
        "StepScaling" => step(configuration)?,
        _ => {}
    }
    let policy = store(cx, id, name, &kind, configuration.0.clone())?;
    Ok(json!({"PolicyARN": policy.arn, "Alarms": alarms(&policy)}))
}

fn named(input: Input<'_>) -> Result<&str, ApiError> {
    let name = text(input, "PolicyName", 256)?;
    if name.chars().any(char::is_control) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'policyName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: \\p{{Print}}+"
        )));
    }
    Ok(name)
}

/// Checks a target tracking configuration: a target, and one metric.
fn target_tracking(configuration: Input<'_>) -> Result<(), ApiError> {
    let value = configuration.get("TargetValue").and_then(Value::as_f64);
    if !value.is_some_and(|value| value > 0.0) {
        return Err(invalid("TargetValue must be a positive number"));
    }
    for name in ["ScaleInCooldown", "ScaleOutCooldown"] {
        if configuration.integer(name).is_some_and(|seconds| !(0..=i64::from(i32::MAX)).contains(&seconds)) {
            return Err(invalid(format!("{name} must be between 0 and {}", i32::MAX)));
        }
    }
    let predefined = configuration.object("PredefinedMetricSpecification");
    match (predefined, configuration.object("CustomizedMetricSpecification")) {
        (Some(predefined), None) => predefined_metric(predefined),
        (None, Some(_)) => Ok(()),
        _ => Err(invalid(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified",
        )),
    }
}

fn predefined_metric(metric: Input<'_>) -> Result<(), ApiError> {
    let kind = metric.text("PredefinedMetricType").unwrap_or_default();
    if !METRICS.contains(&kind) {
        return Err(invalid(format!(
            "Unsupported predefined metric type {kind} for service namespace {NAMESPACE}"
        )));
    }
    match (kind == "ALBRequestCountPerTarget", metric.text("ResourceLabel")) {
        (false, Some(_)) => Err(invalid(format!("ResourceLabel can not be specified for {kind}"))),
        (true, None) => Err(invalid(format!("ResourceLabel must be specified for {kind}"))),
        (true, Some(label)) if !is_label(label) => Err(invalid(format!(
            "Resource label {label} must be of the form app/NAME/ID/targetgroup/NAME/ID"
        ))),
        _ => Ok(()),
    }
}

/// Whether it is the end of a load balancer's ARN and that of a target group's.
fn is_label(label: &str) -> bool {
    let parts: Vec<&str> = label.split('/').collect();
    let whole = parts.iter().all(|part| !part.is_empty());
    parts.len() == 6 && parts[0] == "app" && parts[3] == "targetgroup" && whole
}

fn step(configuration: Input<'_>) -> Result<(), ApiError> {
    let kinds = ["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"];
    if !configuration.text("AdjustmentType").is_some_and(|kind| kinds.contains(&kind)) {
        return Err(invalid(format!("AdjustmentType must be one of {}", kinds.join(", "))));
    }
    if configuration.list("StepAdjustments").is_empty() {
        return Err(invalid("At least one StepAdjustment must be specified"));
    }
    if configuration.objects("StepAdjustments").any(|step| !step.has("ScalingAdjustment")) {
        return Err(invalid("ScalingAdjustment is required"));
    }
    Ok(())
}

fn store(
    cx: &mut Cx<'_>,
    id: &str,
    name: &str,
    kind: &str,
    configuration: Value,
) -> Result<Policy, ApiError> {
    let number = cx.ids.uuid();
    let arn = format!("scalingPolicy:{number}:resource/{NAMESPACE}/{id}:policyName/{name}");
    let arn = cx.arn("autoscaling", &arn);
    let tracking = kind == "TargetTrackingScaling";
    let alarms = if tracking { new_alarms(cx, id, &configuration) } else { Vec::new() };
    let policy = Policy { arn, kind: kind.to_owned(), configuration, alarms, created: cx.now };
    let target = cx.here.autoscaling.targets.get_mut(id).ok_or_else(|| not_found("scalable target"))?;
    let policy = match target.policies.remove(name) {
        // It stays the same policy, with its alarms changed.
        Some(before) => Policy { arn: before.arn, created: before.created, ..policy },
        None => policy,
    };
    target.policies.insert(name.to_owned(), policy.clone());
    Ok(policy)
}

/// A policy that tracks a target has an alarm to scale out, and one to scale in unless it never does.
fn new_alarms(cx: &mut Cx<'_>, id: &str, configuration: &Value) -> Vec<(String, String)> {
    let only_out = Input(configuration).truth("DisableScaleIn").unwrap_or(false);
    let ways: &[&str] = if only_out { &["AlarmHigh"] } else { &["AlarmHigh", "AlarmLow"] };
    let alarms = ways.iter().map(|way| {
        let name = format!("TargetTracking-{id}-{way}-{}", cx.ids.uuid());
        let arn = cx.arn("cloudwatch", &format!("alarm:{name}"));
        (name, arn)
    });
    alarms.collect()
}

fn alarms(policy: &Policy) -> Value {
    policy.alarms.iter().map(|(name, arn)| json!({"AlarmName": name, "AlarmARN": arn})).collect()
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    namespace(input)?;
    let (id, names) = (input.text("ResourceId"), input.texts("PolicyNames"));
    if names.len() > 50 {
        return Err(invalid("PolicyNames can have at most 50 items"));
    }
    if let Some(given) = input.text("ScalableDimension") {
        dimension(given)?;
        if id.is_none() {
            return Err(invalid("ResourceId is required when ScalableDimension is specified"));
        }
    }
    let mut found = Vec::new();
    for (of, target) in cx.here.autoscaling.targets.iter().filter(|(of, _)| id.is_none_or(|id| *of == id)) {
        for (name, policy) in &target.policies {
            if names.is_empty() || names.contains(&name.as_str()) {
                found.push((policy.arn.clone(), described(of, name, policy)));
            }
        }
    }
    let (policies, token) = page(input, found)?;
    let mut answer = json!({ "ScalingPolicies": policies });
    if let Some(token) = token {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

fn described(id: &str, name: &str, policy: &Policy) -> Value {
    let mut shown = json!({
        "PolicyARN": policy.arn,
        "PolicyName": name,
        "ServiceNamespace": NAMESPACE,
        "ResourceId": id,
        "ScalableDimension": DIMENSION,
        "PolicyType": policy.kind,
        "CreationTime": epoch(policy.created),
        "Alarms": alarms(policy),
    });
    if let Some((_, member)) = KINDS.iter().find(|(kind, _)| *kind == policy.kind) {
        shown[*member] = policy.configuration.clone();
    }
    shown
}

pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (id, name) = (resource(input)?, named(input)?);
    let target = cx.here.autoscaling.targets.get_mut(id);
    let gone = target.and_then(|target| target.policies.remove(name));
    gone.map(|_| Value::Null).ok_or_else(|| {
        not_found(&format!(
            "scaling policy for service namespace: {NAMESPACE}, resource ID: {id}, scalable dimension: {DIMENSION}, name: {name}"
        ))
    })
}
