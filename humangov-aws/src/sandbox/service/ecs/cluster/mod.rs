// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clusters.

mod capacity;
mod settings;
#[cfg(test)]
mod tests;

use super::{
    Ecs,
    refusal::{invalid, is_name, required},
    service, tags, task,
};
use crate::sandbox::{
    error::ApiError,
    service::{
        Found,
        page::{Order, page},
    },
    wire::Input,
    world::{Cx, Tags, later},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use settings::Settings;
use std::time::Duration;

/// How long a deleted cluster is still described.
const REMEMBERED: Duration = Duration::from_hours(1);

/// How many clusters one DescribeClusters takes.
const MOST_DESCRIBED: usize = 100;

/// What DescribeClusters tells only when asked.
const FIELDS: [&str; 5] = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"];

/// What the other operations tell of a cluster.
const TOLD: [&str; 4] = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "TAGS"];

/// A cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub name: String,
    pub arn: String,
    /// Whether it is there; else it was deleted and is still described, as `INACTIVE`.
    pub active: bool,
    pub tags: Tags,
    /// The capacity providers that can be used in it.
    pub capacity_providers: Vec<String>,
    /// Items of its default capacity provider strategy, with weight and base.
    pub default_strategy: Vec<Value>,
    settings: Settings,
    /// When the last change of its capacity providers is done.
    settled_at: Timestamp,
    /// Whether that change made it.
    provisioning: bool,
    deleted_at: Option<Timestamp>,
}

impl Cluster {
    fn status(&self, now: Timestamp) -> &'static str {
        match self.active {
            false => "INACTIVE",
            true if self.provisioning && now < self.settled_at => "PROVISIONING",
            true => "ACTIVE",
        }
    }

    /// Refuses what cannot be done while its capacity providers change.
    fn settled(&self, now: Timestamp) -> Result<(), ApiError> {
        if now >= self.settled_at {
            return Ok(());
        }
        Err(ApiError::new(
            "UpdateInProgressException",
            "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED state before \
             they can be updated. Wait and try again.",
        ))
    }
}

impl Ecs {
    /// The active cluster of this name or ARN, `default` when none is named.
    pub(super) fn cluster(&self, name: Option<&str>) -> Result<&Cluster, ApiError> {
        let name = name.unwrap_or("default");
        if name.is_empty() {
            return Err(invalid("Cluster can not be blank."));
        }
        self.known_cluster(name).filter(|cluster| cluster.active).ok_or_else(not_found)
    }

    /// The cluster of this name or ARN, also if it was deleted.
    fn known_cluster(&self, identifier: &str) -> Option<&Cluster> {
        let is_arn = identifier.starts_with("arn:");
        let name = identifier.rsplit_once('/').filter(|_| is_arn).map_or(identifier, |(_, name)| name);
        self.clusters.get(name).filter(|cluster| !is_arn || cluster.arn == identifier)
    }

    fn cluster_mut(&mut self, name: Option<&str>) -> Result<&mut Cluster, ApiError> {
        let name = self.cluster(name)?.name.clone();
        self.clusters.get_mut(&name).ok_or_else(not_found)
    }

    /// The tags of the cluster of this ARN.
    pub(super) fn cluster_tags(&mut self, arn: &str) -> Result<&mut Tags, ApiError> {
        if self.known_cluster(arn).is_some_and(|cluster| !cluster.active) {
            return Err(invalid(
                "The specified cluster is inactive. Specify an active cluster and try again.",
            ));
        }
        self.cluster_mut(Some(arn)).map(|cluster| &mut cluster.tags)
    }
}

fn not_found() -> ApiError {
    ApiError::new("ClusterNotFoundException", "Cluster not found.")
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateCluster" => create(cx, input),
        "DescribeClusters" => describe(cx, input),
        "ListClusters" => list(cx, input),
        "UpdateCluster" => update(cx, input),
        "UpdateClusterSettings" => update_settings(cx, input),
        "PutClusterCapacityProviders" => capacity::put(cx, input),
        "DeleteCluster" => delete(cx, input),
        _ => return None,
    })
}

/// Makes a cluster; of a name that is taken, the answer is the cluster that bears it, as it is.
fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.text("clusterName").unwrap_or("default");
    if !is_name(name) {
        return Err(invalid(
            "The cluster name must be up to 255 letters (uppercase and lowercase), numbers, underscores and hyphens.",
        ));
    }
    let tags = tags::given(input)?;
    let given = Settings::read(input)?;
    let capacity = capacity::read(input)?;
    if let Some(there) = cx.here.ecs.known_cluster(name).filter(|cluster| cluster.active) {
        return Ok(answer(cx, there));
    }
    let mut settings = Settings::default();
    settings.change(cx, given);
    let provisioning = !capacity.providers.is_empty();
    let cluster = Cluster {
        name: name.to_owned(),
        arn: cx.arn("ecs", &format!("cluster/{name}")),
        active: true,
        tags,
        settings,
        settled_at: if provisioning { cx.after(cx.behaviour.timings.visibility) } else { cx.now },
        provisioning,
        capacity_providers: capacity.providers,
        default_strategy: capacity.strategy,
        deleted_at: None,
    };
    let made = answer(cx, &cluster);
    cx.here.ecs.clusters.insert(name.to_owned(), cluster);
    Ok(made)
}

fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let names = input.texts("clusters");
    let names = if names.is_empty() { vec!["default"] } else { names };
    if names.len() > MOST_DESCRIBED {
        return Err(invalid(format!("Clusters cannot have more than {MOST_DESCRIBED} elements.")));
    }
    let include = input.texts("include");
    if let Some(other) = include.iter().find(|field| !FIELDS.contains(field)) {
        return Err(invalid(format!("{other} is not one of {}.", FIELDS.join(", "))));
    }
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let forgotten = |at| later(at, REMEMBERED) <= cx.now;
        let known = cx.here.ecs.known_cluster(name);
        match known.filter(|cluster| !cluster.deleted_at.is_some_and(forgotten)) {
            Some(cluster) => clusters.push(described(cx, cluster, &include)),
            None => failures.push(json!({"arn": arn_of(cx, name), "reason": "MISSING"})),
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

fn arn_of(cx: &Cx<'_>, identifier: &str) -> String {
    if identifier.starts_with("arn:") {
        return identifier.to_owned();
    }
    cx.arn("ecs", &format!("cluster/{identifier}"))
}

fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let active = cx.here.ecs.clusters.values().filter(|cluster| cluster.active);
    let arns = active.map(|cluster| (cluster.name.as_str(), cluster.arn.clone()));
    page(input, "clusterArns", 100, Order::Ascending, arns)
}

fn update(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "cluster")?;
    let given = Settings::read(input)?;
    change_settings(cx, name, given)
}

fn update_settings(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "cluster")?;
    let given = Settings::read(input)?;
    if given.insights.is_none() {
        return Err(invalid("Settings can not be empty."));
    }
    cx.here.ecs.cluster(Some(name))?.settled(cx.now)?;
    change_settings(cx, name, given)
}

fn change_settings(cx: &mut Cx<'_>, name: &str, given: settings::Given) -> Result<Value, ApiError> {
    let mut settings = cx.here.ecs.cluster(Some(name))?.settings.clone();
    settings.change(cx, given);
    cx.here.ecs.cluster_mut(Some(name))?.settings = settings;
    cx.here.ecs.cluster(Some(name)).map(|cluster| answer(cx, cluster))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "cluster")?;
    let cluster = cx.here.ecs.cluster(Some(name))?;
    cluster.settled(cx.now)?;
    if service::active_in(&cx.here.ecs, &cluster.arn) > 0 {
        return Err(contains("Services"));
    }
    if task::counts_in(&cx.here.ecs, &cluster.arn) != (0, 0) {
        return Err(contains("Tasks"));
    }
    let now = cx.now;
    let cluster = cx.here.ecs.cluster_mut(Some(name))?;
    cluster.active = false;
    cluster.deleted_at = Some(now);
    cluster.tags.clear();
    let name = cluster.name.clone();
    cx.here.ecs.known_cluster(&name).map(|cluster| answer(cx, cluster)).ok_or_else(not_found)
}

fn contains(what: &str) -> ApiError {
    let message = format!("The Cluster cannot be deleted while {what} are active.");
    ApiError::new(&format!("ClusterContains{what}Exception"), message)
}

/// The answer of an operation on one cluster.
fn answer(cx: &Cx<'_>, cluster: &Cluster) -> Value {
    json!({"cluster": described(cx, cluster, &TOLD)})
}

fn described(cx: &Cx<'_>, cluster: &Cluster, include: &[&str]) -> Value {
    let with = |field: &str, value: Value| if include.contains(&field) { value } else { json!([]) };
    let (running, pending) = task::counts_in(&cx.here.ecs, &cluster.arn);
    let services = service::active_in(&cx.here.ecs, &cluster.arn);
    let mut described = json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status(cx.now),
        // There are no container instances here.
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": services,
        "statistics": with("STATISTICS", statistics(running, pending, services)),
        "tags": with("TAGS", tags::listed(&cluster.tags)),
        "settings": with("SETTINGS", cluster.settings.listed()),
        "capacityProviders": cluster.capacity_providers,
        "defaultCapacityProviderStrategy": cluster.default_strategy,
    });
    if let Some(configuration) =
        cluster.settings.configuration.as_ref().filter(|_| include.contains(&"CONFIGURATIONS"))
    {
        described["configuration"] = configuration.clone();
    }
    if let Some(namespace) = &cluster.settings.namespace {
        described["serviceConnectDefaults"] = json!({"namespace": namespace});
    }
    // Fargate's providers come without attachments; only their status is told.
    if include.contains(&"ATTACHMENTS") && !cluster.capacity_providers.is_empty() {
        let done = cluster.settled(cx.now).is_ok();
        described["attachments"] = json!([]);
        described["attachmentsStatus"] = (if done { "UPDATE_COMPLETE" } else { "UPDATE_IN_PROGRESS" }).into();
    }
    described
}

/// The counts by launch type: without container instances, all that runs is on Fargate.
fn statistics(running: usize, pending: usize, services: usize) -> Value {
    let counts = [
        ("runningEC2TasksCount", 0),
        ("runningFargateTasksCount", running),
        ("pendingEC2TasksCount", 0),
        ("pendingFargateTasksCount", pending),
        ("activeEC2ServiceCount", 0),
        ("activeFargateServiceCount", services),
        ("drainingEC2ServiceCount", 0),
        ("drainingFargateServiceCount", 0),
    ];
    counts.iter().map(|(name, count)| json!({"name": name, "value": count.to_string()})).collect()
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let active = cx.here.ecs.clusters.values().filter(|cluster| cluster.active);
    active
        .map(|cluster| Found {
            kind: "ecs.cluster",
            name: cluster.name.clone(),
            arn: cluster.arn.clone(),
            tags: cluster.tags.clone(),
            settings: json!({
                "container_insights": cluster.settings.insights,
                "capacity_providers": cluster.capacity_providers,
            }),
        })
        .collect()
}
