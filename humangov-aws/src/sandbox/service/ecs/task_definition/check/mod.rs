// SPDX-License-Identifier: MIT OR Apache-2.0
//! What RegisterTaskDefinition refuses.

mod container;
mod dependencies;
mod fargate;
mod logging;
mod ports;
mod role;
mod size;
#[cfg(test)]
mod tests;
mod volumes;

use crate::sandbox::{
    error::ApiError,
    service::ecs::refusal::{client, is_name},
    wire::Input,
};
use std::collections::BTreeSet;

/// How many containers a task can have.
const MOST_CONTAINERS: usize = 10;

/// How many bytes a task definition can have.
const MOST_BYTES: usize = 65_536;

/// How many placement constraints a task definition can have.
const MOST_CONSTRAINTS: usize = 10;

/// A task definition that somebody wants to register.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub task: Input<'a>,
    pub containers: Vec<Input<'a>>,
    pub network_mode: &'a str,
    /// CPU units of the task.
    pub cpu: Option<i64>,
    /// MiB of the task.
    pub memory: Option<i64>,
}

impl<'a> Draft<'a> {
    /// Takes a draft that has the shape of a task definition.
    pub(super) fn new(task: Input<'a>) -> Result<Self, ApiError> {
        Ok(Self {
            task,
            containers: task.objects("containerDefinitions").collect(),
            network_mode: task.text("networkMode").unwrap_or("bridge"),
            cpu: task.text("cpu").map(size::cpu).transpose()?,
            memory: task.text("memory").map(size::memory).transpose()?,
        })
    }

    /// Whether it must run on `launch`.
    fn requires(&self, launch: &str) -> bool {
        self.task.texts("requiresCompatibilities").contains(&launch)
    }

    /// Where it can run: the launch types that have no objection.
    pub(super) fn compatibilities(&self) -> Vec<&'static str> {
        let mut launches = vec!["EC2"];
        if fargate::check(self).is_ok() {
            launches.push("FARGATE");
        }
        if self.network_mode != "awsvpc" {
            launches.push("EXTERNAL");
        }
        if self.requires("MANAGED_INSTANCES") {
            launches.push("MANAGED_INSTANCES");
        }
        launches
    }

    fn container(&self, name: &str) -> Option<Input<'a>> {
        self.containers.iter().copied().find(|container| name_of(*container) == name)
    }

    fn is_windows(&self) -> bool {
        let platform = self.task.object("runtimePlatform");
        platform
            .and_then(|platform| platform.text("operatingSystemFamily"))
            .is_some_and(|family| family.starts_with("WINDOWS"))
    }
}

fn name_of(container: Input<'_>) -> &str {
    container.text("name").unwrap_or_default()
}

/// Refuses a draft, or does not.
type Rule = fn(&Draft<'_>) -> Result<(), ApiError>;

/// What holds of the task, in the order in which it is looked at.
const RULES: [Rule; 11] = [
    family,
    containers,
    bytes,
    each_container,
    launch_types,
    size::check,
    volumes::check,
    dependencies::check,
    logging::check,
    role::check,
    placement,
];

/// Refuses what cannot be a task definition.
pub(super) fn check(draft: &Draft<'_>) -> Result<(), ApiError> {
    RULES.iter().try_for_each(|rule| rule(draft))
}

fn family(draft: &Draft<'_>) -> Result<(), ApiError> {
    match draft.task.text("family").unwrap_or_default() {
        "" => Err(client("Family can not be blank.")),
        family if is_name(family) => Ok(()),
        _ => Err(client("Family contains invalid characters or is longer than 255.")),
    }
}

fn containers(draft: &Draft<'_>) -> Result<(), ApiError> {
    let containers = &draft.containers;
    if containers.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    if containers.len() > MOST_CONTAINERS {
        return Err(client(format!("A task definition can have {MOST_CONTAINERS} containers at most.")));
    }
    let names: BTreeSet<&str> = containers.iter().map(|container| name_of(*container)).collect();
    if names.len() < containers.len() {
        return Err(client("Container names must be unique within a task definition."));
    }
    if !containers.iter().any(|container| container.truth("essential").unwrap_or(true)) {
        return Err(client("At least one container of a task definition must be essential."));
    }
    Ok(())
}

fn bytes(draft: &Draft<'_>) -> Result<(), ApiError> {
    let length = draft.task.0.to_string().len();
    if length > MOST_BYTES {
        return Err(client(format!(
            "Actual length: '{length}'. Max allowed length is '{MOST_BYTES}' bytes."
        )));
    }
    Ok(())
}

fn each_container(draft: &Draft<'_>) -> Result<(), ApiError> {
    for container in &draft.containers {
        container::check(draft, *container)?;
        ports::check(draft, *container)?;
    }
    ports::check_names(draft)
}

fn placement(draft: &Draft<'_>) -> Result<(), ApiError> {
    if draft.task.list("placementConstraints").len() > MOST_CONSTRAINTS {
        return Err(client(format!(
            "A task definition can have {MOST_CONSTRAINTS} placement constraints at most."
        )));
    }
    if draft.task.objects("placementConstraints").any(|constraint| !constraint.has("expression")) {
        return Err(client("A placement constraint of type memberOf needs an expression."));
    }
    Ok(())
}

fn launch_types(draft: &Draft<'_>) -> Result<(), ApiError> {
    if draft.requires("FARGATE") {
        fargate::check(draft)?;
    }
    if draft.requires("EXTERNAL") && draft.network_mode == "awsvpc" {
        return Err(client("External compatible task definitions do not support network mode awsvpc."));
    }
    Ok(())
}
