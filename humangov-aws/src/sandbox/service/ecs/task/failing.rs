// SPDX-License-Identifier: MIT OR Apache-2.0
//! What becomes of a task's containers: whether they start, keep running, pass their checks; and what they write.

use super::Task;
use crate::sandbox::{
    images::ContainerFailure,
    service::ecs::{service::tail, task_definition::TaskDefinition},
    wire::Input,
    world::{Cx, later},
};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// How long ECS waits until a task without any check counts as healthy.
const UNCHECKED: Duration = Duration::from_secs(40);

/// What will become of a task that runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// This container, which is essential, exits with this code.
    Exits(usize, i32),
    Sick,
    Good,
}

/// A reason why a task's containers do not even start: which container, and what ECS says.
pub(super) fn start_failure(cx: &Cx<'_>, task: &Task) -> Option<(usize, String)> {
    let containers = || task.containers.iter().enumerate();
    for (n, container) in containers() {
        let pull = |why: &str| {
            Some((
                n,
                format!("CannotPullContainerError: pull image manifest has been retried 1 time(s): {why}"),
            ))
        };
        if let Some(ContainerFailure::NotPulled(why)) = failure(cx, &container.image) {
            return pull(why);
        }
        if cx.behaviour.images_must_exist
            && cx.here.ecr.has_image(cx.account, cx.region, &container.image) == Some(false)
        {
            let image = &container.image;
            return pull(&format!("failed to resolve ref {image}: {image}: not found"));
        }
    }
    for (n, container) in containers() {
        let Some(log) = log(cx, task, &container.name) else { continue };
        if !log.created && !cx.here.logs.has(&log.group) {
            return Some((
                n,
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to \
                 create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
                    .to_owned(),
            ));
        }
    }
    None
}

/// What will become of a task whose containers run now.
pub(super) fn fate(cx: &Cx<'_>, task: &Task) -> Fate {
    let mut fate = Fate::Good;
    for (n, container) in task.containers.iter().enumerate() {
        match failure(cx, &container.image) {
            Some(ContainerFailure::Exits { code, .. }) if is_essential(cx, task, &container.name) => {
                return Fate::Exits(n, *code);
            }
            Some(ContainerFailure::Unhealthy) if container.checked || !task.targets.is_empty() => {
                fate = Fate::Sick;
            }
            _ => {}
        }
    }
    fate
}

/// When that has become of it, if it runs from `at` on.
pub(super) fn fulfilled(cx: &Cx<'_>, task: &Task, fate: &Fate, at: Timestamp) -> Timestamp {
    let timings = cx.behaviour.timings;
    let good = match fate {
        Fate::Exits(..) => return later(at, timings.task_failure),
        Fate::Good => true,
        Fate::Sick => false,
    };
    let mut until = at;
    for target in &task.targets {
        let Some(facts) = cx.here.elbv2.target_group_facts(&target.group) else { continue };
        // Nothing is checked before there is something that checks.
        let from = facts.active_from.map_or(at, |active| active.max(at));
        let length = if good { facts.until_healthy } else { facts.until_unhealthy };
        until = until.max(later(from, timings.paced(length)));
    }
    for container in task.containers.iter().filter(|container| container.checked) {
        let defined = definition(cx, task).and_then(|found| defined(found, &container.name));
        let check = defined.and_then(|defined| defined.object("healthCheck"));
        let number = |name: &str, usual: i64| {
            let given = check.and_then(|check| check.integer(name)).unwrap_or(usual);
            u64::try_from(given).unwrap_or_default()
        };
        let seconds = if good {
            number("interval", 30)
        } else {
            number("startPeriod", 0) + number("interval", 30) * number("retries", 3)
        };
        until = until.max(later(at, timings.paced(Duration::from_secs(seconds))));
    }
    let checked = !task.targets.is_empty() || task.containers.iter().any(|container| container.checked);
    if checked { until } else { later(at, timings.paced(UNCHECKED)) }
}

/// Has the containers write to their logs: that they are up, or how they fail.
pub(super) fn write_logs(cx: &mut Cx<'_>, task: &Task, at: Timestamp) {
    for container in &task.containers {
        let Some(log) = log(cx, task, &container.name) else { continue };
        let lines = match failure(cx, &container.image) {
            Some(ContainerFailure::Exits { log, .. }) => log.clone(),
            _ => start_up(cx, task, &container.name),
        };
        let id = tail(&task.arn);
        let stream = match log.prefix {
            Some(prefix) => format!("{prefix}/{}/{id}", container.name),
            None => container.runtime_id.clone(),
        };
        cx.here.logs.write(&log.group, &stream, at, &lines);
    }
}

fn start_up(cx: &Cx<'_>, task: &Task, name: &str) -> Vec<String> {
    let defined = definition(cx, task).and_then(|found| defined(found, name));
    let port = defined.and_then(|defined| defined.objects("portMappings").next()?.integer("containerPort"));
    let mut lines = vec![format!("[INFO] Starting {name}")];
    lines.extend(port.map(|port| format!("[INFO] Listening at: http://0.0.0.0:{port}")));
    lines.push("[INFO] Ready".to_owned());
    lines
}

fn failure<'c>(cx: &'c Cx<'_>, image: &str) -> Option<&'c ContainerFailure> {
    cx.behaviour.failures.iter().find(|failure| image.contains(&failure.image)).map(|failure| &failure.how)
}

fn definition<'c>(cx: &'c Cx<'_>, task: &Task) -> Option<&'c TaskDefinition> {
    cx.here.ecs.task_definition(&task.definition)
}

fn defined<'d>(definition: &'d TaskDefinition, name: &str) -> Option<Input<'d>> {
    definition.containers().iter().map(Input).find(|container| container.text("name") == Some(name))
}

fn is_essential(cx: &Cx<'_>, task: &Task, name: &str) -> bool {
    let defined = definition(cx, task).and_then(|found| defined(found, name));
    defined.and_then(|defined| defined.truth("essential")).unwrap_or(true)
}

/// Where a container's lines go, if to CloudWatch Logs of this region.
struct Log {
    group: String,
    prefix: Option<String>,
    /// Whether the group is made when it is not there.
    created: bool,
}

fn log(cx: &Cx<'_>, task: &Task, name: &str) -> Option<Log> {
    let configuration = defined(definition(cx, task)?, name)?.object("logConfiguration")?;
    let options =
        configuration.object("options").filter(|_| configuration.text("logDriver") == Some("awslogs"))?;
    let elsewhere = options.text("awslogs-region").is_some_and(|region| region != cx.region);
    let option = |name: &str| options.get(name).and_then(Value::as_str).map(str::to_owned);
    let group = option("awslogs-group").filter(|_| !elsewhere)?;
    let created = options.truth("awslogs-create-group").unwrap_or(false);
    Some(Log { group, prefix: option("awslogs-stream-prefix"), created })
}
