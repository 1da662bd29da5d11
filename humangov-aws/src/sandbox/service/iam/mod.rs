// SPDX-License-Identifier: MIT OR Apache-2.0
//! Iam.

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Iam {}

impl Iam {
    /// Whether ECS can give the role of this ARN to a task at `now`: it is there, trusts `ecs-tasks.amazonaws.com`, and is known
    /// everywhere by then.
    pub(in crate::sandbox) fn is_assumable_by_tasks(&self, _role_arn: &str, _now: Timestamp) -> bool {
        true
    }

    /// Whether there is a role of this ARN.
    pub(in crate::sandbox) fn has_role(&self, _role_arn: &str) -> bool {
        true
    }
}

pub(super) fn call(_cx: &mut Cx<'_>, operation: &str, _input: Input<'_>) -> Result<Value, ApiError> {
    Err(unknown(operation))
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}
