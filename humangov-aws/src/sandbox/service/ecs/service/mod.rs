// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services.

mod change;
mod checks;
mod create;
mod describing;
mod events;
mod settings;

pub(super) use checks::{awsvpc, launchable, revision};
pub(super) use events::Event;

use super::{
    deployment::{self, Deployment, Record, Revision},
    refusal::invalid,
};
use crate::sandbox::{
    error::ApiError,
    service::Found,
    wire::Input,
    world::{Cx, Tags},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Service {
    pub arn: String,
    pub tags: Tags,
    pub name: String,
    /// The ARN of its cluster.
    pub cluster: String,
    pub status: Status,
    pub created: Timestamp,
    pub desired: u32,
    /// What applies as soon as it is set: counts in per cent, grace period, placement.
    pub settings: Map<String, Value>,
    /// What the next deployment brings about: task definition, network, load balancers.
    pub target: Map<String, Value>,
    /// By ARN.
    pub revisions: BTreeMap<String, Revision>,
    /// The one in force first, then those on their way out.
    pub deployments: Vec<Deployment>,
    /// The last deployment that was completed, to go back to.
    pub fallback: Option<Deployment>,
    /// What is told of its deployments, the latest last.
    pub records: Vec<Record>,
    /// The latest first.
    pub events: VecDeque<Event>,
    /// The ARNs of its tasks that have not stopped.
    pub tasks: BTreeSet<String>,
    /// Whether it was said that all is as it should be, and still is.
    pub steady: bool,
    /// The call that made it, for it to be repeated.
    pub request: Value,
    pub inactive_since: Option<Timestamp>,
}

/// What a service is up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Status {
    Active,
    /// It was deleted, and its tasks are being stopped.
    Draining,
    /// It is gone, and still described for a while.
    Inactive,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl super::Ecs {
    /// The service of this name or ARN in the cluster of this ARN, whatever its status.
    pub(super) fn service(&self, cluster: &str, name: &str) -> Result<Option<&Service>, ApiError> {
        Ok(self.services.get(&service_arn(cluster, name)?))
    }
}

/// The ARN of the service of this name or ARN in the cluster of this ARN.
pub(super) fn service_arn(cluster: &str, name: &str) -> Result<String, ApiError> {
    let wanted = tail(cluster);
    let name = match name.split_once(":service/") {
        None => name,
        Some((_, path)) => {
            let (of, name) = path.split_once('/').unwrap_or((wanted, path));
            if of != wanted {
                return Err(invalid(format!("Identifier is for cluster {of}. Your cluster is {wanted}")));
            }
            name
        }
    };
    Ok(format!("{}/{name}", cluster.replacen(":cluster/", ":service/", 1)))
}

/// What stands after the last slash.
pub(super) fn tail(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, tail)| tail)
}

pub(super) fn not_found() -> ApiError {
    ApiError::new("ServiceNotFoundException", "Service not found.")
}

/// The ARN of the cluster that is named, or of the one called `default`.
pub(super) fn cluster_arn(cx: &Cx<'_>, input: Input<'_>) -> Result<String, ApiError> {
    Ok(cx.here.ecs.cluster(input.text("cluster"))?.arn.clone())
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateService" => create::create(cx, input),
        "UpdateService" => change::update(cx, input),
        "DeleteService" => change::delete(cx, input),
        "DescribeServices" => describing::describe(cx, input),
        "ListServices" => describing::list(cx, input),
        _ => return deployment::call(cx, operation, input),
    })
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let services = cx.here.ecs.services.values().filter(|service| service.status == Status::Active);
    services
        .map(|service| Found {
            kind: "ecs.service",
            name: service.name.clone(),
            arn: service.arn.clone(),
            tags: service.tags.clone(),
            settings: json!({
                "cluster": tail(&service.cluster),
                "desired_count": service.desired,
                "task_definition": tail(service.target_text("taskDefinition")),
            }),
        })
        .collect()
}

/// How many services of a cluster there are that are not `INACTIVE`.
pub(super) fn active_in(ecs: &super::Ecs, cluster_arn: &str) -> usize {
    let services = ecs.services.values();
    services.filter(|service| service.cluster == cluster_arn && service.status != Status::Inactive).count()
}

/// The number of tasks that a service of a cluster wants, if there is such a service and it is active.
pub(super) fn desired_count(cx: &Cx<'_>, cluster: &str, service: &str) -> Option<u32> {
    let cluster = &cx.here.ecs.cluster(Some(cluster)).ok()?.arn;
    let service = cx.here.ecs.service(cluster, service).ok()??;
    (service.status == Status::Active).then_some(service.desired)
}

/// Has a service want another number of tasks, as UpdateService does.
pub(super) fn scale(cx: &mut Cx<'_>, cluster: &str, service: &str, count: u32) {
    let Ok(cluster) = cx.here.ecs.cluster(Some(cluster)).map(|cluster| cluster.arn.clone()) else { return };
    let Ok(arn) = service_arn(&cluster, service) else { return };
    let ecs = &mut cx.here.ecs;
    if let Some(service) = ecs.services.get_mut(&arn).filter(|service| service.status == Status::Active) {
        service.desired = count;
        ecs.agenda.insert(cx.now, &arn);
    }
}

#[cfg(test)]
mod tests;
