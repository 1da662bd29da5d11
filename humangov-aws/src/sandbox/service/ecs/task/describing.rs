// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tasks as DescribeTasks shows them, and their lists.

use super::{Container, Health, State, Task};
use crate::sandbox::{
    error::ApiError,
    service::{
        ecs::{
            refusal::invalid,
            service::{cluster_arn, not_found, tail},
        },
        page::{Order, page},
    },
    wire::Input,
    world::{Cx, epoch, tags_to},
};
use serde_json::{Value, json};

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    let wanted = input.texts("tasks");
    match wanted.len() {
        0 => return Err(invalid("Tasks cannot be empty.")),
        1..=100 => {}
        _ => return Err(invalid("Tasks can have at most 100 items.")),
    }
    let include = input.texts("include");
    if include.iter().any(|field| *field != "TAGS") {
        return Err(invalid("include must be one of TAGS."));
    }
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for name in wanted {
        let arn = task_arn(&cluster, name);
        match cx.here.ecs.tasks.get(&arn) {
            Some(task) => tasks.push(described(task, !include.is_empty())),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

/// The ARN of the task of this id or ARN in the cluster of this ARN.
pub(super) fn task_arn(cluster: &str, name: &str) -> String {
    format!("{}/{}", cluster.replacen(":cluster/", ":task/", 1), tail(name))
}

pub(super) fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    let status = input.text("desiredStatus").unwrap_or("RUNNING");
    if !["RUNNING", "PENDING", "STOPPED"].contains(&status) {
        return Err(invalid("desiredStatus must be one of RUNNING, PENDING, STOPPED."));
    }
    let others = ["serviceName", "family", "containerInstance", "launchType", "desiredStatus"];
    if input.has("startedBy") && others.iter().any(|name| input.has(name)) {
        return Err(invalid(
            "When you specify startedBy as the filter, it must be the only filter that you use.",
        ));
    }
    let group = input.text("serviceName").map(|name| format!("service:{}", tail(name)));
    if let Some(name) = input.text("serviceName") {
        cx.here.ecs.service(&cluster, name)?.ok_or_else(not_found)?;
    }
    let family = |task: &Task| tail(&task.definition).split(':').next().unwrap_or_default().to_owned();
    let shown = |task: &Task, name: &str| {
        input.text(name).is_none_or(|wanted| task.shown.get(name).is_some_and(|value| value == wanted))
    };
    let instance = input.text("containerInstance").map(tail);
    let fits = |task: &&Task| {
        task.cluster == cluster
            && task.desired_status() == status
            && group.as_ref().is_none_or(|group| task.group == *group)
            && input.text("family").is_none_or(|wanted| family(task) == wanted)
            && input.text("startedBy").is_none_or(|wanted| task.started_by.as_deref() == Some(wanted))
            && shown(task, "launchType")
            && instance.is_none_or(|id| {
                let on = task.shown.get("containerInstanceArn").and_then(Value::as_str);
                on.is_some_and(|on| tail(on) == id)
            })
    };
    let tasks = cx.here.ecs.tasks.values().filter(fits);
    page(input, "taskArns", 100, Order::Ascending, tasks.map(|task| (task.arn.as_str(), task.arn.as_str())))
}

impl Task {
    fn desired_status(&self) -> &'static str {
        if self.stop.is_some() { "STOPPED" } else { "RUNNING" }
    }

    /// What its container health checks say, where it has any.
    fn health_status(&self) -> &'static str {
        let checked = self.containers.iter().any(|container| container.checked);
        match self.health {
            Health::Good if checked => "HEALTHY",
            Health::Bad if checked => "UNHEALTHY",
            _ => "UNKNOWN",
        }
    }
}

/// A task, as it is told of.
pub(super) fn described(task: &Task, with_tags: bool) -> Value {
    let mut shown = task.shown.clone();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    let containers: Vec<Value> = task.containers.iter().map(|of| container(task, of)).collect();
    put("taskArn", task.arn.as_str().into());
    put("clusterArn", task.cluster.as_str().into());
    put("taskDefinitionArn", task.definition.as_str().into());
    put("group", task.group.as_str().into());
    put("lastStatus", task.state.name().into());
    put("desiredStatus", task.desired_status().into());
    put("healthStatus", task.health_status().into());
    put("containers", containers.into());
    put("attachments", attachments(task));
    put("attributes", json!([{"name": "ecs.cpu-architecture", "value": "x86_64"}]));
    put("createdAt", epoch(task.created));
    put("version", version(task).into());
    let times = [("startedAt", task.started), ("stoppingAt", task.stopping_at), ("stoppedAt", task.stopped)];
    for (name, at) in times {
        if let Some(at) = at {
            put(name, epoch(at));
        }
    }
    if task.started.is_some() {
        put("connectivity", "CONNECTED".into());
        put("executionStoppedAt", task.stopped.map_or(Value::Null, epoch));
    }
    if let Some(by) = &task.started_by {
        put("startedBy", by.as_str().into());
    }
    if let Some(stop) = &task.stop {
        put("stopCode", stop.code.as_str().into());
        put("stoppedReason", stop.reason.as_str().into());
    }
    put("tags", if with_tags { tags_to(&task.tags, "key", "value") } else { json!([]) });
    shown.retain(|_, value| !value.is_null());
    Value::Object(shown)
}

/// Grows with each change.
fn version(task: &Task) -> u64 {
    match task.state {
        State::Provisioning => 1,
        State::Pending => 2,
        State::Running => 3,
        State::Deactivating => 4,
        State::Stopping => 5,
        State::Stopped => 6,
    }
}

fn container(task: &Task, container: &Container) -> Value {
    let status = match task.state {
        State::Provisioning | State::Pending => "PENDING",
        State::Running | State::Deactivating | State::Stopping => "RUNNING",
        State::Stopped => "STOPPED",
    };
    let interfaces = task.interface.iter().map(
        |interface| json!({"attachmentId": interface.attachment, "privateIpv4Address": interface.address}),
    );
    let mut shown = json!({
        "containerArn": container.arn,
        "taskArn": task.arn,
        "name": container.name,
        "image": container.image,
        "lastStatus": status,
        "networkBindings": [],
        "networkInterfaces": interfaces.collect::<Vec<Value>>(),
        "healthStatus": if container.checked { task.health_status() } else { "UNKNOWN" },
        "cpu": "0",
    });
    if task.started.is_some() {
        shown["runtimeId"] = container.runtime_id.as_str().into();
    }
    if let Some(code) = container.exit_code {
        shown["exitCode"] = code.into();
    }
    if let Some(reason) = &container.reason {
        shown["reason"] = reason.as_str().into();
    }
    shown
}

fn attachments(task: &Task) -> Value {
    let status = match task.state {
        State::Provisioning => "PRECREATED",
        State::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    let attachments = task.interface.iter().map(|interface| {
        let details: Vec<Value> = [
            ("subnetId", &interface.subnet),
            ("networkInterfaceId", &interface.id),
            ("privateIPv4Address", &interface.address),
        ]
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
        json!({"id": interface.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details})
    });
    attachments.collect()
}
