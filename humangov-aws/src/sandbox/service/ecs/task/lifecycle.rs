// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a task gets from one state to the next.

use super::{Health, State, Stop, Task, failing};
use crate::sandbox::{
    service::elbv2::TargetHealth,
    world::{Cx, later},
};
use failing::Fate;
use jiff::Timestamp;
use std::time::Duration;

/// How long a task that stopped is still described.
const DESCRIBED: Duration = Duration::from_hours(1);

/// Lets a task do what was due at `due`, at `at`; tells the service that is to look after it.
pub(in crate::sandbox::service::ecs) fn step(
    cx: &mut Cx<'_>,
    arn: &str,
    due: Timestamp,
    at: Timestamp,
) -> Option<String> {
    if cx.here.ecs.tasks.get(arn)?.next != Some(due) {
        return None;
    }
    // Taken out of the world, so that the rest of it can be changed meanwhile.
    let mut task = cx.here.ecs.tasks.remove(arn)?;
    task.next = None;
    match task.state {
        State::Provisioning => {
            task.state = State::Pending;
            task.next = Some(later(at, cx.behaviour.timings.task_start.saturating_sub(half_start(cx))));
        }
        State::Pending => match failing::start_failure(cx, &task) {
            Some((container, reason)) => {
                task.containers[container].reason = Some(reason.clone());
                fail(&mut task, "TaskFailedToStart", reason);
                end(cx, &mut task, at);
            }
            None => run(cx, &mut task, at),
        },
        State::Running => fulfil(cx, &mut task, at),
        State::Deactivating => {
            release_targets(cx, &task);
            wind_down(cx, &mut task, at);
        }
        State::Stopping => end(cx, &mut task, at),
        // Forgotten.
        State::Stopped => return None,
    }
    let service = task.service.clone();
    put_back(cx, task);
    service
}

fn half_start(cx: &Cx<'_>) -> Duration {
    cx.behaviour.timings.task_start / 2
}

fn put_back(cx: &mut Cx<'_>, task: Task) {
    if let Some(next) = task.next {
        cx.here.ecs.agenda.insert(next, &task.arn);
    }
    cx.here.ecs.tasks.insert(task.arn.clone(), task);
}

/// Its containers run.
fn run(cx: &mut Cx<'_>, task: &mut Task, at: Timestamp) {
    (task.state, task.started) = (State::Running, Some(at));
    failing::write_logs(cx, task, at);
    set_targets(cx, task, "initial", Some("Elb.RegistrationInProgress"));
    task.registered = !task.targets.is_empty();
    let fate = failing::fate(cx, task);
    task.next = Some(failing::fulfilled(cx, task, &fate, at));
}

/// What was to become of it has.
fn fulfil(cx: &mut Cx<'_>, task: &mut Task, at: Timestamp) {
    match failing::fate(cx, task) {
        Fate::Exits(container, code) => {
            task.containers[container].exit_code = Some(code);
            fail(task, "EssentialContainerExited", "Essential container in task exited".to_owned());
            end(cx, task, at);
        }
        Fate::Sick => {
            task.health = Health::Bad;
            set_targets(cx, task, "unhealthy", Some("Target.FailedHealthChecks"));
        }
        Fate::Good => {
            task.health = Health::Good;
            set_targets(cx, task, "healthy", None);
        }
    }
}

fn fail(task: &mut Task, code: &str, reason: String) {
    task.failed = true;
    task.stop = Some(Stop { code: code.to_owned(), reason });
}

/// Orders a task to stop: first its targets are deregistered, then its containers stop.
pub(in crate::sandbox::service::ecs) fn stop(
    cx: &mut Cx<'_>,
    arn: &str,
    at: Timestamp,
    code: &str,
    reason: &str,
) {
    let Some(mut task) = cx.here.ecs.tasks.remove(arn) else { return };
    if task.stop.is_none() {
        task.stop = Some(Stop { code: code.to_owned(), reason: reason.to_owned() });
        if task.state == State::Running {
            task.state = State::Deactivating;
            set_targets(cx, &task, "draining", Some("Target.DeregistrationInProgress"));
            let drained = cx.behaviour.timings.paced(deregistration(cx, &task));
            task.next = Some(later(at, drained.max(cx.behaviour.timings.task_stop / 2)));
        } else {
            wind_down(cx, &mut task, at);
        }
    }
    put_back(cx, task);
}

/// Its containers are told to stop.
fn wind_down(cx: &Cx<'_>, task: &mut Task, at: Timestamp) {
    (task.state, task.stopping_at) = (State::Stopping, Some(at));
    let whole = cx.behaviour.timings.task_stop;
    task.next = Some(later(at, if task.started.is_some() { whole.saturating_sub(whole / 2) } else { whole }));
}

/// It has stopped: nothing of it is left but its story.
fn end(cx: &mut Cx<'_>, task: &mut Task, at: Timestamp) {
    (task.state, task.stopped) = (State::Stopped, Some(at));
    task.stopping_at.get_or_insert(at);
    task.next = Some(later(at, DESCRIBED));
    if task.started.is_some() {
        for container in &mut task.containers {
            container.exit_code.get_or_insert(0);
        }
    }
    release_targets(cx, task);
    if let Some(interface) = &task.interface {
        cx.here.ec2.remove_interface(&interface.id, later(at, cx.behaviour.timings.network_interface));
    }
}

/// The longest of its target groups' delays.
fn deregistration(cx: &Cx<'_>, task: &Task) -> Duration {
    let groups = task.targets.iter().filter_map(|target| cx.here.elbv2.target_group_facts(&target.group));
    groups.map(|facts| facts.deregistration_delay).max().unwrap_or_default()
}

fn set_targets(cx: &mut Cx<'_>, task: &Task, state: &str, reason: Option<&str>) {
    for target in &task.targets {
        let health = TargetHealth { state: state.to_owned(), reason: reason.map(str::to_owned) };
        cx.here.elbv2.set_target(&target.group, &target.id, target.port, health);
    }
}

fn release_targets(cx: &mut Cx<'_>, task: &Task) {
    if task.started.is_some() {
        for target in &task.targets {
            cx.here.elbv2.remove_target(&target.group, &target.id, target.port);
        }
    }
}
