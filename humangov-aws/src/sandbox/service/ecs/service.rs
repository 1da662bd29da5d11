// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services.

use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::service::Found;

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Service {
    pub arn: String,
    pub tags: Tags,
}

/// Executes an operation, if it is one of these.
pub(super) fn call(_cx: &mut Cx<'_>, _operation: &str, _input: Input<'_>) -> Option<Result<Value, ApiError>> {
    None
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}

/// The number of tasks that a service of a cluster wants, if there is such a service and it is active.
pub(super) fn desired_count(_cx: &Cx<'_>, _cluster: &str, _service: &str) -> Option<u32> {
    None
}

/// Has a service want another number of tasks, as UpdateService does.
pub(super) fn scale(_cx: &mut Cx<'_>, _cluster: &str, _service: &str, _count: u32) {}

/// How many services of a cluster are active.
pub(super) fn active_in(_ecs: &super::Ecs, _cluster_arn: &str) -> usize {
    0
}
