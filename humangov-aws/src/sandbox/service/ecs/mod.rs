// SPDX-License-Identifier: MIT OR Apache-2.0
//! ECS: clusters, task definitions, services and their deployments, tasks.

mod cluster;
mod deployment;
mod refusal;
mod service;
mod shape;
mod tags;
mod task;
mod task_definition;
#[cfg(test)]
pub(super) mod testing;

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use cluster::Cluster;
use deployment::Agenda;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::Service;
use std::collections::BTreeMap;
use task::Task;
use task_definition::Family;

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Ecs {
    /// By name; also those that were deleted, for a while.
    clusters: BTreeMap<String, Cluster>,
    /// Revisions, by family.
    families: BTreeMap<String, Family>,
    /// By ARN; also those that were deleted, for a while.
    services: BTreeMap<String, Service>,
    /// By ARN; also those that stopped, for a while.
    tasks: BTreeMap<String, Task>,
    /// When which service or task moves on by itself.
    agenda: Agenda,
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    tags::call(cx, operation, input)
        .or_else(|| cluster::call(cx, operation, input))
        .or_else(|| task_definition::call(cx, operation, input))
        .or_else(|| service::call(cx, operation, input))
        .or_else(|| task::call(cx, operation, input))
        .unwrap_or_else(|| Err(unknown(operation)))
}

/// Lets deployments, tasks and what is being deleted get to where they are by now.
pub(super) fn advance(cx: &mut Cx<'_>) {
    deployment::advance(cx);
    task_definition::advance(cx);
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let mut found = cluster::resources(cx);
    found.extend(task_definition::resources(cx));
    found.extend(service::resources(cx));
    found
}

/// The number of tasks that a service of a cluster wants, if there is such a service and it is active.
pub(in crate::sandbox) fn desired_count(cx: &Cx<'_>, cluster: &str, service: &str) -> Option<u32> {
    service::desired_count(cx, cluster, service)
}

/// Has a service want another number of tasks, as UpdateService does.
pub(in crate::sandbox) fn scale(cx: &mut Cx<'_>, cluster: &str, service: &str, count: u32) {
    service::scale(cx, cluster, service, count);
}
