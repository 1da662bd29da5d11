// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tasks.

use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Task {
    pub arn: String,
    pub tags: Tags,
}

/// Executes an operation, if it is one of these.
pub(super) fn call(_cx: &mut Cx<'_>, _operation: &str, _input: Input<'_>) -> Option<Result<Value, ApiError>> {
    None
}

/// How many tasks of a cluster run, and how many are about to.
pub(super) fn counts_in(_ecs: &super::Ecs, _cluster_arn: &str) -> (usize, usize) {
    (0, 0)
}
