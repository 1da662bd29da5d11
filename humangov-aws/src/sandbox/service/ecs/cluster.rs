// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clusters.

use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::service::Found;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub name: String,
    pub arn: String,
    /// Whether it is there; else it was deleted and is still described, as `INACTIVE`.
    pub active: bool,
    pub tags: Tags,
}

impl super::Ecs {
    /// The active cluster of this name or ARN, `default` when none is named.
    pub(super) fn cluster(&self, name: Option<&str>) -> Result<&Cluster, ApiError> {
        let name = name.unwrap_or("default");
        let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
        let found = self.clusters.get(name).filter(|cluster| cluster.active);
        found.ok_or_else(|| ApiError::new("ClusterNotFoundException", "Cluster not found."))
    }
}

/// Executes an operation, if it is one of these.
pub(super) fn call(_cx: &mut Cx<'_>, _operation: &str, _input: Input<'_>) -> Option<Result<Value, ApiError>> {
    None
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}
