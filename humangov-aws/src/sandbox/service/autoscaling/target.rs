// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scalable targets.

use super::{
    DIMENSION, NAMESPACE, dimension, invalid, namespace, not_found, page, policy::Policy, resource,
    service_of, tags,
};
use crate::sandbox::{
    error::ApiError,
    service::ecs,
    wire::Input,
    world::{Cx, Tags, epoch, later},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A service whose number of tasks may be changed, within bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    pub arn: String,
    pub min: u32,
    pub max: u32,
    pub role: String,
    pub created: Timestamp,
    pub suspended: Suspended,
    pub tags: Tags,
    /// By name.
    pub policies: BTreeMap<String, Policy>,
}

/// What of the scaling is suspended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Suspended {
    #[serde(rename = "DynamicScalingInSuspended")]
    scaling_in: bool,
    #[serde(rename = "DynamicScalingOutSuspended")]
    scaling_out: bool,
    #[serde(rename = "ScheduledScalingSuspended")]
    scheduled: bool,
}

impl Suspended {
    /// With what of it is given.
    fn with(self, given: Input<'_>) -> Self {
        let or = |name, before| given.truth(name).unwrap_or(before);
        Self {
            scaling_in: or("DynamicScalingInSuspended", self.scaling_in),
            scaling_out: or("DynamicScalingOutSuspended", self.scaling_out),
            scheduled: or("ScheduledScalingSuspended", self.scheduled),
        }
    }
}

impl super::AutoScaling {
    /// The target of a resource id, once it is seen everywhere.
    pub(super) fn seen(&mut self, id: &str, since: Timestamp) -> Option<&mut Target> {
        self.targets.get_mut(id).filter(|target| target.created <= since)
    }
}

fn capacity(input: Input<'_>, name: &str) -> Result<Option<u32>, ApiError> {
    let Some(given) = input.integer(name) else { return Ok(None) };
    let fits = u32::try_from(given).ok().filter(|given| *given <= i32::MAX.unsigned_abs());
    fits.map(Some).ok_or_else(|| invalid(format!("{name} must be between 0 and {}", i32::MAX)))
}

/// Makes a target, or changes what is given of it; either way the service's count gets between its bounds.
pub(super) fn register(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = resource(input)?;
    let (cluster, service) = service_of(id)?;
    let before = cx.here.autoscaling.targets.get(id);
    let bound = |name: &str, before: Option<u32>| {
        let given = capacity(input, name)?.or(before);
        given.ok_or_else(|| invalid(format!("{name} is required when registering a new scalable target")))
    };
    let min = bound("MinCapacity", before.map(|target| target.min))?;
    let max = bound("MaxCapacity", before.map(|target| target.max))?;
    if min > max {
        return Err(invalid("Maximum capacity cannot be less than minimum capacity"));
    }
    if before.is_some() && input.has("Tags") {
        return Err(invalid(
            "The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the \
             TagResource API.",
        ));
    }
    let tags = tags::given(input.get("Tags"))?;
    let Some(count) = ecs::desired_count(cx, cluster, service) else {
        return Err(invalid(format!("ECS service doesn't exist: {id}")));
    };
    let suspended = input.object("SuspendedState");
    let arn = match cx.here.autoscaling.targets.get_mut(id) {
        Some(target) => {
            (target.min, target.max) = (min, max);
            if let Some(given) = suspended {
                target.suspended = target.suspended.with(given);
            }
            target.arn.clone()
        }
        None => make(cx, input, id, (min, max), tags),
    };
    let within = count.clamp(min, max);
    if within != count {
        ecs::scale(cx, cluster, service, within);
    }
    Ok(json!({ "ScalableTargetARN": arn }))
}

fn make(cx: &mut Cx<'_>, input: Input<'_>, id: &str, (min, max): (u32, u32), tags: Tags) -> String {
    let number = format!("scalable-target/{}", cx.ids.hex(36));
    let arn = cx.arn("application-autoscaling", &number);
    // A role that is given is not used: services like ECS have their own.
    let role = format!(
        "arn:{}:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
         AWSServiceRoleForApplicationAutoScaling_ECSService",
        cx.partition(),
        cx.account
    );
    let suspended = Suspended::default();
    let target = Target {
        arn: arn.clone(),
        min,
        max,
        role,
        created: cx.now,
        suspended: input.object("SuspendedState").map_or(suspended, |given| suspended.with(given)),
        tags,
        policies: BTreeMap::new(),
    };
    cx.here.autoscaling.targets.insert(id.to_owned(), target);
    arn
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    namespace(input)?;
    let ids = input.texts("ResourceIds");
    if ids.len() > 50 {
        return Err(invalid(
            "1 validation error detected: Value at 'resourceIds' failed to satisfy constraint: Member must have length less \
             than or equal to 50",
        ));
    }
    if let Some(given) = input.text("ScalableDimension") {
        dimension(given)?;
    }
    let targets = cx.here.autoscaling.targets.iter();
    let found = targets
        .filter(|(id, _)| ids.is_empty() || ids.contains(&id.as_str()))
        .map(|(id, target)| (id.clone(), described(id, target)))
        .collect();
    let (targets, token) = page(input, found)?;
    let mut answer = json!({ "ScalableTargets": targets });
    if let Some(token) = token {
        answer["NextToken"] = token.into();
    }
    Ok(answer)
}

fn described(id: &str, target: &Target) -> Value {
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": id,
        "ScalableDimension": DIMENSION,
        "MinCapacity": target.min,
        "MaxCapacity": target.max,
        "RoleARN": target.role,
        "CreationTime": epoch(target.created),
        "SuspendedState": target.suspended,
        "ScalableTargetARN": target.arn,
    })
}

/// Forgets a target, and its policies with it.
pub(super) fn deregister(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = resource(input)?;
    let gone = cx.here.autoscaling.targets.remove(id);
    gone.map(|_| Value::Null).ok_or_else(|| {
        not_found(&format!(
            "scalable target for service namespace: {NAMESPACE}, resource ID: {id}, scalable dimension: {DIMENSION}"
        ))
    })
}

/// From when on what is made is seen by every call.
pub(super) fn seen_since(cx: &Cx<'_>) -> Timestamp {
    let visible = cx.behaviour.timings.visibility;
    // What was made so long ago or longer.
    let ago = later(Timestamp::UNIX_EPOCH, visible).as_millisecond();
    Timestamp::from_millisecond(cx.now.as_millisecond() - ago).unwrap_or(cx.now)
}
