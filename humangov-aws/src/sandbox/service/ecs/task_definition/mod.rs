// SPDX-License-Identifier: MIT OR Apache-2.0
//! Task definitions: families of revisions.

mod attributes;
mod check;
mod defaults;
mod list;
mod register;
mod shape;
#[cfg(test)]
mod tests;

use super::{
    Ecs,
    refusal::{client, invalid, required},
    tags,
};
use crate::sandbox::{
    error::ApiError,
    service::Found,
    wire::Input,
    world::{Cx, Tags, epoch},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many revisions one DeleteTaskDefinitions takes.
const MOST_DELETED: usize = 10;

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
    /// When its deletion is done.
    gone_at: Option<Timestamp>,
}

impl TaskDefinition {
    pub(super) fn network_mode(&self) -> &str {
        self.described["networkMode"].as_str().unwrap_or("bridge")
    }

    pub(super) fn containers(&self) -> &[Value] {
        self.described["containerDefinitions"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Moves it on to a status, and notes when.
    fn become_status(&mut self, status: &str, since: &str, now: Timestamp) {
        status.clone_into(&mut self.status);
        self.described["status"] = status.into();
        self.described[since] = epoch(now);
    }
}

impl Ecs {
    /// The revision of this ARN, or `family:revision`, or the latest active one of a family.
    pub(super) fn task_definition(&self, name: &str) -> Option<&TaskDefinition> {
        let (family, revision) = split(name);
        let revisions = &self.families.get(family)?.revisions;
        let found = match revision {
            Some(revision) => revisions.get(&revision.parse().ok()?),
            None => revisions.values().rev().find(|revision| revision.status == "ACTIVE"),
        };
        // An ARN may be of another region or account.
        found.filter(|found| !name.starts_with("arn:") || found.arn.starts_with(name))
    }

    /// The revision of this ARN or `family:revision`.
    pub(super) fn task_definition_mut(&mut self, name: &str) -> Option<&mut TaskDefinition> {
        let arn = self.task_definition(name)?.arn.clone();
        let (family, revision) = split(&arn);
        self.families.get_mut(family)?.revisions.get_mut(&revision?.parse().ok()?)
    }
}

/// Family and revision of an ARN or a name.
fn split(name: &str) -> (&str, Option<&str>) {
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    name.split_once(':').map_or((name, None), |(family, revision)| (family, Some(revision)))
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "RegisterTaskDefinition" => register::register(cx, input),
        "DescribeTaskDefinition" => describe(cx, input),
        "ListTaskDefinitions" => list::definitions(cx, input),
        "ListTaskDefinitionFamilies" => list::families(cx, input),
        "DeregisterTaskDefinition" => deregister(cx, input),
        "DeleteTaskDefinitions" => delete(cx, input),
        _ => return None,
    })
}

fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "taskDefinition")?;
    let include = input.texts("include");
    if include.iter().any(|field| *field != "TAGS") {
        return Err(invalid("include can have TAGS only."));
    }
    let definition = cx.here.ecs.task_definition(name);
    let definition = definition.ok_or_else(|| client("Unable to describe task definition."))?;
    let mut answer = json!({ "taskDefinition": definition.described });
    if !include.is_empty() {
        answer["tags"] = tags::listed(&definition.tags);
    }
    Ok(answer)
}

fn deregister(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "taskDefinition")?;
    if split(name).1.is_none() {
        return Err(client("The revision of the task definition must be specified."));
    }
    let now = cx.now;
    let definition = cx.here.ecs.task_definition_mut(name);
    let definition = definition.ok_or_else(|| client("The specified task definition does not exist."))?;
    if definition.status != "ACTIVE" {
        return Err(invalid("The specified task definition is inactive."));
    }
    definition.become_status("INACTIVE", "deregisteredAt", now);
    Ok(json!({ "taskDefinition": definition.described }))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let names = input.texts("taskDefinitions");
    if names.is_empty() || names.len() > MOST_DELETED {
        return Err(invalid(format!("taskDefinitions must have between 1 and {MOST_DELETED} elements.")));
    }
    if names.iter().any(|name| split(name).1.is_none()) {
        return Err(invalid("The revision of each task definition must be specified."));
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match delete_one(cx, name) {
            Ok(described) => deleted.push(described),
            Err(reason) => failures.push(json!({"arn": arn_of(cx, name), "reason": reason})),
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

fn delete_one(cx: &mut Cx<'_>, name: &str) -> Result<Value, &'static str> {
    let (now, gone_at) = (cx.now, cx.after(cx.behaviour.timings.visibility));
    let definition =
        cx.here.ecs.task_definition_mut(name).ok_or("The specified task definition does not exist.")?;
    match definition.status.as_str() {
        "ACTIVE" => Err(
            "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
        ),
        "INACTIVE" => {
            definition.become_status("DELETE_IN_PROGRESS", "deleteRequestedAt", now);
            definition.gone_at = Some(gone_at);
            Ok(definition.described.clone())
        }
        _ => Ok(definition.described.clone()),
    }
}

fn arn_of(cx: &Cx<'_>, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    cx.arn("ecs", &format!("task-definition/{name}"))
}

/// Forgets the revisions whose deletion is done. Their numbers stay taken.
pub(super) fn advance(cx: &mut Cx<'_>) {
    for family in cx.here.ecs.families.values_mut() {
        family.revisions.retain(|_, definition| definition.gone_at.is_none_or(|at| at > cx.now));
    }
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let revisions = cx.here.ecs.families.values().flat_map(|family| family.revisions.values());
    let active = revisions.filter(|definition| definition.status == "ACTIVE");
    active.map(found).collect()
}

fn found(definition: &TaskDefinition) -> Found {
    let images: Vec<&Value> = definition.containers().iter().map(|container| &container["image"]).collect();
    Found {
        kind: "ecs.task_definition",
        name: definition.arn.rsplit_once('/').map_or("", |(_, name)| name).to_owned(),
        arn: definition.arn.clone(),
        tags: definition.tags.clone(),
        settings: json!({
            "cpu": definition.described["cpu"],
            "memory": definition.described["memory"],
            "network_mode": definition.network_mode(),
            "images": images,
        }),
    }
}
