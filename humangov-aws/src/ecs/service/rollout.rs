// SPDX-License-Identifier: MIT OR Apache-2.0
//! Follows the deployment that our own call started.
//!
//! SDK waiters ask whether the service is stable, which it also is when ECS has put it back to what ran before. What counts here
//! is one deployment, by its id: it must be the one in force (`PRIMARY`), complete, with all its tasks running. Deployments
//! beside it, on their way out, do not count (an emulator keeps them for ever).

use crate::{
    ecs::convert,
    error::{self, classify},
};
use aws_sdk_ecs::{
    Client,
    types::{self, DeploymentRolloutState as State},
};
use aws_smithy_types::{DateTime, date_time::Format};
use humangov_core::{handler::HandlerError, kind::ecs::ServiceOutputs};
use std::collections::BTreeMap;

/// How many events, and how many sorts of stopped tasks, are told.
const MAX_LINES: usize = 5;

const NO_REASON: &str = "ECS gives no reason";

/// How a deployment does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Ready,
    Pending(String),
    Failed {
        reason: String,
        /// What ECS did about it of itself, so that nobody takes it for what is undone here.
        since_then: Option<String>,
    },
}

impl Verdict {
    fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), since_then: None }
    }
}

/// How the deployment of `outputs` does, as `service` shows it.
pub(super) fn judge(service: &types::Service, outputs: &ServiceOutputs) -> Verdict {
    match service.status() {
        Some("DRAINING") => return Verdict::failed("the service is being deleted"),
        Some("INACTIVE") => return Verdict::failed("the service was deleted"),
        _ => {}
    }
    let Some(primary) = convert::primary(service) else {
        return Verdict::Pending("no deployment yet".to_owned());
    };
    match &outputs.deployment {
        Some(ours) if primary.id() != Some(ours) => elsewhere(service, primary, ours, outputs),
        // Without an id there is nothing to follow but what is in force.
        _ => in_force(service, primary),
    }
}

/// Our deployment is in force.
fn in_force(service: &types::Service, primary: &types::Deployment) -> Verdict {
    let id = primary.id().unwrap_or_default();
    let (running, desired) = (primary.running_count(), primary.desired_count());
    match primary.rollout_state() {
        Some(State::Failed) => {
            let reason = format!("deployment {id} failed: {}", why(primary));
            return Verdict::Failed { reason, since_then: Some(not_gone_back(service, primary)) };
        }
        // Another count starts no deployment: the old one stays COMPLETED while tasks come and go. How many are wanted is what
        // ECS says, since something else may scale the service meanwhile.
        Some(State::Completed) if running == desired => return Verdict::Ready,
        // A deployment that something other than ECS controls has no such state.
        None if running == desired && service.deployments().len() == 1 => return Verdict::Ready,
        _ => {}
    }
    let failed = primary.failed_tasks();
    // What changes comes first: where there is little room the end is cut off.
    let mut what = format!("{running} of {desired} running, {failed} failed (deployment {})", short(id));
    // Tasks that cannot be placed, or whose role is not there yet, are tried again by ECS itself: no failure at once, but the
    // only hint at why nothing happens.
    if let Some(event) = since(service, primary.created_at()).next()
        && let Some(message) = event.message().filter(|message| message.contains("unable to"))
    {
        what = format!("{what}; {}", without_service(message));
    }
    Verdict::Pending(what)
}

/// Something else is in force than our deployment.
fn elsewhere(
    service: &types::Service,
    primary: &types::Deployment,
    ours: &str,
    outputs: &ServiceOutputs,
) -> Verdict {
    let found = service.deployments().iter().find(|deployment| deployment.id() == Some(ours));
    let failed = found.filter(|deployment| deployment.rollout_state() == Some(&State::Failed));
    // ECS goes back to the deployment that was there before, under its old id, and soon calls it completed: from then on only
    // the events know what happened.
    let story = since(service, created(outputs).as_ref())
        .filter_map(types::ServiceEvent::message)
        .find(|message| message.contains(ours) && message.contains("failed"));
    let rolling_back = primary.rollout_state_reason().is_some_and(|reason| reason.contains("rolling back"));
    let reason = match (failed, story) {
        (Some(failed), _) => Some(why(failed)),
        (None, Some(story)) => Some(match story.split_once("failed: ") {
            Some((_, why)) => why.trim_end_matches('.').to_owned(),
            None => NO_REASON.to_owned(),
        }),
        (None, None) => rolling_back.then(|| why(primary)),
    };
    if let Some(reason) = reason {
        return Verdict::Failed {
            reason: format!("deployment {ours} failed: {reason}"),
            since_then: Some(format!(
                "ECS itself put the service back to {} ({})",
                revision(primary),
                running(primary)
            )),
        };
    }
    // An answer may be from before our call: then nothing in it is as new as what our call started.
    let touched = primary.updated_at().or(primary.created_at());
    let older = touched.zip(created(outputs)).is_some_and(|(touched, ours)| *touched < ours);
    if found.is_none() && older {
        return Verdict::Pending(format!("deployment {}: not visible yet", short(ours)));
    }
    Verdict::failed(format!(
        "deployment {} of {}, which is not ours, took the place of {ours}",
        primary.id().unwrap_or_default(),
        revision(primary)
    ))
}

/// Our deployment failed, and is in force all the same: ECS had nothing to go back to, or was not told to.
fn not_gone_back(service: &types::Service, ours: &types::Deployment) -> String {
    let others = service.deployments().iter().filter(|other| other.id() != ours.id());
    match others.max_by_key(|other| other.running_count()) {
        None => "ECS has no earlier deployment to put the service back to".to_owned(),
        Some(other) => format!(
            "ECS did not put the service back; {} is still there beside it ({})",
            revision(other),
            running(other)
        ),
    }
}

/// `family:revision` of what a deployment runs.
fn revision(deployment: &types::Deployment) -> &str {
    tail(deployment.task_definition().unwrap_or_default())
}

fn running(deployment: &types::Deployment) -> String {
    format!("{} of {} running", deployment.running_count(), deployment.desired_count())
}

fn why(deployment: &types::Deployment) -> String {
    let reason = deployment.rollout_state_reason().unwrap_or(NO_REASON).trim_end_matches('.');
    match deployment.failed_tasks() {
        0 => reason.to_owned(),
        1 => format!("{reason}; 1 task failed"),
        failed => format!("{reason}; {failed} tasks failed"),
    }
}

/// The latest of the service's events since our deployment was made, in the order in which they happened.
pub(super) fn events(service: &types::Service, outputs: &ServiceOutputs) -> Vec<String> {
    let mut told: Vec<String> = since(service, created(outputs).as_ref())
        .take(MAX_LINES)
        .map(|event| {
            let at = event.created_at().map(|at| DateTime::from_secs(at.secs()));
            let at = at.and_then(|at| at.fmt(Format::DateTime).ok()).unwrap_or_default();
            format!("{at} {}", without_service(event.message().unwrap_or_default())).trim_start().to_owned()
        })
        .collect();
    told.reverse();
    told
}

/// ECS lists the latest event first.
fn since<'a>(
    service: &'a types::Service,
    start: Option<&DateTime>,
) -> impl Iterator<Item = &'a types::ServiceEvent> {
    let start = start.copied();
    service
        .events()
        .iter()
        .filter(move |event| event.created_at().zip(start).is_none_or(|(at, start)| *at >= start))
}

/// The tasks of our deployment that stopped.
pub(super) async fn stopped_tasks(
    client: &Client,
    outputs: &ServiceOutputs,
) -> Result<Vec<types::Task>, HandlerError> {
    let cluster = outputs.cluster.as_str();
    let listed = client
        .list_tasks()
        .cluster(cluster)
        .service_name(&outputs.name)
        .desired_status(types::DesiredStatus::Stopped)
        .send()
        .await;
    let listed = listed.map_err(|error| classify(error::Service::Ecs, "ListTasks", error))?;
    let arns = listed.task_arns.unwrap_or_default();
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let described = client.describe_tasks().cluster(cluster).set_tasks(Some(arns)).send().await;
    let described = described.map_err(|error| classify(error::Service::Ecs, "DescribeTasks", error))?;
    let mut tasks = described.tasks.unwrap_or_default();
    // Tasks of the deployment before ours were stopped on purpose. ECS says in `startedBy` which one a task is of.
    tasks.retain(|task| outputs.deployment.as_deref().is_none_or(|ours| task.started_by() == Some(ours)));
    Ok(tasks)
}

/// Why tasks stopped, a line each sort.
pub(super) fn why_stopped(tasks: &[types::Task]) -> Vec<String> {
    let mut sorts: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for task in tasks {
        *sorts.entry(told(task)).or_default() += 1;
    }
    sorts
        .into_iter()
        .take(MAX_LINES)
        .flat_map(|(lines, count)| {
            let tasks = if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") };
            lines
                .into_iter()
                .enumerate()
                .map(move |(i, line)| if i == 0 { format!("{tasks} stopped: {line}") } else { line })
        })
        .collect()
}

/// Why a task stopped, then what its containers say.
fn told(task: &types::Task) -> Vec<String> {
    let code = task.stop_code().map(types::TaskStopCode::as_str);
    let mut lines = vec![match (task.stopped_reason(), code) {
        (Some(reason), Some(code)) => format!("{reason} ({code})"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => NO_REASON.to_owned(),
    }];
    lines.extend(task.containers().iter().filter_map(|container| {
        let name = container.name().unwrap_or_default();
        match (container.exit_code(), container.reason()) {
            (None | Some(0), None) => None,
            (None, Some(reason)) => Some(format!("container {name}: {reason}")),
            (Some(code), None) => Some(format!("container {name} exited {code}")),
            (Some(code), Some(reason)) => Some(format!("container {name} exited {code}: {reason}")),
        }
    }));
    lines
}

fn created(outputs: &ServiceOutputs) -> Option<DateTime> {
    DateTime::from_str(outputs.deployment_created_at.as_deref()?, Format::DateTime).ok()
}

/// What an ARN ends in: `family:revision` of a task definition, the id of a task.
pub(super) fn tail(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, tail)| tail)
}

/// `ecs-svc/8157…`: enough of an id to follow it on a screen.
fn short(id: &str) -> String {
    match id.rsplit_once('/') {
        Some((kind, number)) if number.chars().count() > 4 => {
            format!("{kind}/{}…", number.chars().take(4).collect::<String>())
        }
        _ => id.to_owned(),
    }
}

/// An event without the `(service NAME) ` that begins each of them.
fn without_service(message: &str) -> &str {
    message.strip_prefix("(service ").and_then(|rest| rest.split_once(") ")).map_or(message, |(_, rest)| rest)
}
