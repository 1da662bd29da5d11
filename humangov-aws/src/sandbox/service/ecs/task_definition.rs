// SPDX-License-Identifier: MIT OR Apache-2.0
//! Task definitions: families of revisions.

use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::service::Found;
use std::collections::BTreeMap;

/// All revisions of a name. A revision's number never comes again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Family {
    pub revisions: BTreeMap<u32, TaskDefinition>,
    pub last: u32,
}

/// One revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TaskDefinition {
    pub arn: String,
    /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`.
    pub status: String,
    pub tags: Tags,
    /// As DescribeTaskDefinition shows it, with AWS's defaults filled in.
    pub described: Value,
}

impl TaskDefinition {
    pub(super) fn network_mode(&self) -> &str {
        self.described["networkMode"].as_str().unwrap_or("bridge")
    }

    pub(super) fn containers(&self) -> &[Value] {
        self.described["containerDefinitions"].as_array().map_or(&[], Vec::as_slice)
    }
}

impl super::Ecs {
    /// The revision of this ARN, or `family:revision`, or the latest active one of a family.
    pub(super) fn task_definition(&self, name: &str) -> Option<&TaskDefinition> {
        let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
        match name.rsplit_once(':') {
            Some((family, revision)) => self.families.get(family)?.revisions.get(&revision.parse().ok()?),
            None => {
                let revisions = &self.families.get(name)?.revisions;
                revisions.values().rev().find(|revision| revision.status == "ACTIVE")
            }
        }
    }
}

/// Executes an operation, if it is one of these.
pub(super) fn call(_cx: &mut Cx<'_>, _operation: &str, _input: Input<'_>) -> Option<Result<Value, ApiError>> {
    None
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}
