// SPDX-License-Identifier: MIT OR Apache-2.0
//! Resource Groups Tagging.

use super::unknown;
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde_json::Value;

pub(super) fn call(_cx: &mut Cx<'_>, operation: &str, _input: Input<'_>) -> Result<Value, ApiError> {
    Err(unknown(operation))
}
