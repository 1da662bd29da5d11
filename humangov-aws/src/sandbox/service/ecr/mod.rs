// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ecr.

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Ecr {}

impl Ecr {
    /// Whether the image `host/repository:tag` or `host/repository@digest` is in a repository of `account` and `region`; nothing
    /// is known of images of others.
    pub(in crate::sandbox) fn has_image(&self, _account: &str, _region: &str, _image: &str) -> Option<bool> {
        None
    }
}

pub(super) fn call(_cx: &mut Cx<'_>, operation: &str, _input: Input<'_>) -> Result<Value, ApiError> {
    Err(unknown(operation))
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}
