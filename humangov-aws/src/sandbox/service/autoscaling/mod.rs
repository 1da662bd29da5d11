// SPDX-License-Identifier: MIT OR Apache-2.0
//! AutoScaling.

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct AutoScaling {}

pub(super) fn call(_cx: &mut Cx<'_>, operation: &str, _input: Input<'_>) -> Result<Value, ApiError> {
    Err(unknown(operation))
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}

/// Lets time pass.
pub(super) fn advance(_cx: &mut Cx<'_>) {}
