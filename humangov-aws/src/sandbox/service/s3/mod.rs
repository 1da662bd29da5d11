// SPDX-License-Identifier: MIT OR Apache-2.0
//! S3.

use super::{Found, unknown};
use crate::sandbox::{
    error::ApiError,
    wire::{Request, Response},
    world::Cx,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The buckets of the account, and what they hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct S3 {}

/// Which operation `request` is, and the words in it that name something, for the transcript.
pub(super) fn read(_request: &Request) -> (&'static str, Value) {
    ("Unknown", Value::Null)
}

pub(super) fn call(_cx: &mut Cx<'_>, operation: &str, _request: &Request) -> Result<Response, ApiError> {
    Err(unknown(operation))
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}
