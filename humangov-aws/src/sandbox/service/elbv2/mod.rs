// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elbv2.

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Elbv2 {}

/// What ECS needs to know of a target group.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct TargetGroupFacts {
    /// `ip` or `instance`.
    pub target_type: String,
    /// Whether a listener or a rule forwards to it.
    pub attached: bool,
    /// From the first check of a good target until it is healthy: interval times threshold, as on AWS.
    pub until_healthy: Duration,
    /// From the first check of a bad target until it is unhealthy.
    pub until_unhealthy: Duration,
    pub deregistration_delay: Duration,
    /// From when on its load balancer sends anything: once that is active.
    pub active_from: Option<Timestamp>,
}

/// How a target does: `initial`, `healthy`, `unhealthy`, `draining`, with AWS's code of the reason where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct TargetHealth {
    pub state: String,
    pub reason: Option<String>,
}

impl Elbv2 {
    /// What ECS needs to know of a target group, if there is one of this ARN.
    pub(in crate::sandbox) fn target_group_facts(&self, _arn: &str) -> Option<TargetGroupFacts> {
        None
    }

    /// Registers a target, or says how it does now.
    pub(in crate::sandbox) fn set_target(
        &mut self,
        _target_group: &str,
        _id: &str,
        _port: u16,
        _health: TargetHealth,
    ) {
    }

    pub(in crate::sandbox) fn remove_target(&mut self, _target_group: &str, _id: &str, _port: u16) {}
}

pub(super) fn call(_cx: &mut Cx<'_>, operation: &str, _input: Input<'_>) -> Result<Value, ApiError> {
    Err(unknown(operation))
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}
