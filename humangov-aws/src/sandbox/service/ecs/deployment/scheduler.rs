// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scheduler of services: starts and stops tasks until there is what there should be.

use super::{
    super::{
        service::{Service, Status, tail},
        task::{self, Health, Order, State},
    },
    Rollout, breaker,
    record::RecordStatus,
};
use crate::sandbox::world::{Cx, later};
use jiff::Timestamp;
use serde_json::Value;
use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

/// How long a service that is gone is still described.
const DESCRIBED: Duration = Duration::from_hours(1);

/// The longest wait between tries of tasks that fail.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Lets a service do what there is to do at `at`.
pub(super) fn reconcile(cx: &mut Cx<'_>, arn: &str, at: Timestamp) {
    // Taken out of the world, so that the rest of it can be changed meanwhile.
    let Some(mut service) = cx.here.ecs.services.remove(arn) else { return };
    match service.status {
        Status::Active => roll(cx, &mut service, at),
        Status::Draining => drain(cx, &mut service, at),
        Status::Inactive => {
            if service.inactive_since.is_some_and(|since| later(since, DESCRIBED) <= at) {
                return;
            }
        }
    }
    cx.here.ecs.services.insert(service.arn.clone(), service);
}

/// Stops all tasks of a service that was deleted. It is gone when all of them are at least on their way down.
fn drain(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp) {
    settle(cx, service, at);
    let running = tasks(cx, service, |_| true);
    let live: Vec<String> =
        running.iter().filter(|task| !task.stopping).map(|task| task.arn.clone()).collect();
    stop(cx, service, &live, at);
    let busy = tasks(cx, service, |task| task.state != State::Stopping);
    if busy.is_empty() {
        let last =
            service.deployments.first().map(|deployment| deployment.record.clone()).unwrap_or_default();
        service.close(&last, at, RecordStatus::Stopped, "The service was deleted.");
        service.deployments.clear();
        (service.status, service.inactive_since) = (Status::Inactive, Some(at));
        cx.here.ecs.agenda.insert(later(at, DESCRIBED), &service.arn);
    }
}

/// One step of a service that is there.
fn roll(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp) {
    settle(cx, service, at);
    breaker::trip(cx, service, at);
    stop_unhealthy(cx, service, at);
    let Some(primary) = service.deployments.first() else { return };
    let (id, record) = (primary.id.clone(), primary.record.clone());
    if let Some(record) = service.record(&record).filter(|record| record.status == RecordStatus::Pending) {
        record.go(at, RecordStatus::InProgress);
    }
    stop_surplus(cx, service, &id, at);
    start_missing(cx, service, &id, at);
    conclude(cx, service, &id, at);
}

/// What the scheduler looks at of a task.
#[derive(Debug)]
struct Seen {
    arn: String,
    deployment: String,
    state: State,
    health: Health,
    stopping: bool,
    created: Timestamp,
}

impl Seen {
    fn counts(&self) -> bool {
        self.state == State::Running && self.health == Health::Good && !self.stopping
    }
}

/// Those of a service's tasks that have not stopped and are as asked for.
fn tasks(cx: &Cx<'_>, service: &Service, fits: impl Fn(&Seen) -> bool) -> Vec<Seen> {
    let tasks = service.tasks.iter().filter_map(|arn| cx.here.ecs.tasks.get(arn));
    tasks
        .map(|task| Seen {
            arn: task.arn.clone(),
            deployment: task.started_by.clone().unwrap_or_default(),
            state: task.state,
            health: task.health,
            stopping: task.stop.is_some(),
            created: task.created,
        })
        .filter(fits)
        .collect()
}

/// Takes note of what has become of tasks: of those that stopped, of targets that were registered, of failures.
fn settle(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp) {
    let mut registered: BTreeMap<String, usize> = BTreeMap::new();
    let primary = service.deployments.first().map(|deployment| deployment.id.clone());
    let (mut failed, mut healthy) = (0, false);
    let ecs = &mut cx.here.ecs;
    service.tasks.retain(|arn| {
        let Some(task) = ecs.tasks.get_mut(arn) else { return false };
        if std::mem::take(&mut task.registered) {
            for target in &task.targets {
                *registered.entry(target.group.clone()).or_default() += 1;
            }
        }
        let ours = task.started_by == primary;
        failed += u32::from(std::mem::take(&mut task.failed) && ours);
        healthy |= ours && task.health == Health::Good && task.stop.is_none();
        task.state != State::Stopped
    });
    for (group, count) in registered {
        service.tell(cx.ids, at, &format!("registered {count} targets in (target-group {group})"));
    }
    if failed > 0 {
        count_failures(cx, service, failed, at);
    } else if healthy {
        let reset = service.breaker().reset_on_healthy;
        if let Some(primary) = service.deployments.first_mut() {
            primary.streak = 0;
            primary.failed = if reset { 0 } else { primary.failed };
        }
    }
}

/// Counts failed tasks of the deployment in force. Each further round of them is tried again later than the one before.
fn count_failures(cx: &mut Cx<'_>, service: &mut Service, failed: u32, at: Timestamp) {
    let (breaker, round) = (service.breaker(), service.desired.max(1));
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.streak = primary.streak.saturating_add(failed);
    let watched = primary.state == Rollout::InProgress;
    if watched {
        primary.failed = primary.failed.saturating_add(failed);
        primary.updated = at;
    }
    let rounds = primary.streak / round;
    let mut wait = backed_off(cx, Duration::from_secs(5), rounds.saturating_sub(1));
    if !(watched && breaker.enable) && rounds > 2 {
        // Without an end to it, this must take time, however fast time goes.
        wait = wait.max(least_wait(rounds - 2));
    }
    primary.retry_at = Some(later(at, wait));
    cx.here.ecs.agenda.insert(later(at, wait), &service.arn);
    if rounds > 2 {
        service.tell(
            cx.ids,
            at,
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the \
             Amazon ECS Developer Guide.",
        );
    }
}

/// `first`, doubled so many times, at AWS's own pace at most a quarter of an hour.
fn backed_off(cx: &Cx<'_>, first: Duration, times: u32) -> Duration {
    cx.behaviour.timings.paced(first.saturating_mul(1 << times.min(10)).min(LONGEST_WAIT))
}

/// What a wait lasts at least where time goes by faster than AWS's.
fn least_wait(times: u32) -> Duration {
    Duration::from_secs(1 << times.min(10)).min(LONGEST_WAIT)
}

/// Stops tasks that fail their health checks, once their grace period is over.
fn stop_unhealthy(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp) {
    let grace = cx.behaviour.timings.paced(service.grace());
    let (mut sick, mut next) = (Vec::new(), None);
    for arn in &service.tasks {
        let Some(task) = cx.here.ecs.tasks.get(arn).filter(|task| task.health == Health::Bad) else {
            continue;
        };
        if task.stop.is_some() {
            continue;
        }
        let until = later(task.started.unwrap_or(at), grace);
        if until <= at {
            sick.push((arn.clone(), task.sickness()));
        } else {
            next = Some(next.map_or(until, |next: Timestamp| next.min(until)));
        }
    }
    if let Some(next) = next {
        cx.here.ecs.agenda.insert(next, &service.arn);
    }
    let primary = service.deployments.first().map(|deployment| deployment.id.clone());
    let mut failed = 0;
    for (arn, sickness) in sick {
        let id = tail(&arn);
        let told = format!(
            "(task {id}) {} is unhealthy in {} due to (reason {})",
            sickness.port, sickness.place, sickness.reason
        );
        service.tell(cx.ids, at, &told);
        failed += u32::from(cx.here.ecs.tasks.get(&arn).is_some_and(|task| task.started_by == primary));
        task::stop(cx, &arn, at, "ServiceSchedulerInitiated", &sickness.stopped);
        tell_stopped(cx, service, std::slice::from_ref(&arn), at);
    }
    if failed > 0 {
        count_failures(cx, service, failed, at);
        breaker::trip(cx, service, at);
    }
}

/// Stops what is too much: of the deployment in force, and of those before it as soon as enough tasks are healthy without.
fn stop_surplus(cx: &mut Cx<'_>, service: &mut Service, primary: &str, at: Timestamp) {
    let failed = service.deployments.first().is_some_and(|deployment| deployment.state == Rollout::Failed);
    let wanted = if failed { 0 } else { usize::try_from(service.desired).unwrap_or(usize::MAX) };
    let live = tasks(cx, service, |task| !task.stopping);
    let (mut own, mut old): (Vec<Seen>, Vec<Seen>) =
        live.into_iter().partition(|task| task.deployment == primary);
    // The last to be stopped are the oldest of the healthy ones.
    own.sort_by_key(|task| (Reverse(task.counts()), task.created));
    let mut surplus: Vec<String> = own.drain(wanted.min(own.len())..).map(|task| task.arn).collect();
    if !failed {
        let healthy = own.iter().chain(&old).filter(|task| task.counts()).count();
        let mut spare = healthy.saturating_sub(service.limits().0);
        old.sort_by_key(|task| (task.counts(), task.created));
        for task in old {
            if task.counts() {
                if spare == 0 {
                    break;
                }
                spare -= 1;
            }
            surplus.push(task.arn);
        }
    }
    stop(cx, service, &surplus, at);
}

/// Stops tasks because the service needs them no longer.
fn stop(cx: &mut Cx<'_>, service: &mut Service, arns: &[String], at: Timestamp) {
    if arns.is_empty() {
        return;
    }
    for arn in arns {
        let by = cx.here.ecs.tasks.get(arn).and_then(|task| task.started_by.clone()).unwrap_or_default();
        let reason = format!("Scaling activity initiated by (deployment {by})");
        task::stop(cx, arn, at, "ServiceSchedulerInitiated", &reason);
    }
    tell_stopped(cx, service, arns, at);
}

fn tell_stopped(cx: &mut Cx<'_>, service: &mut Service, arns: &[String], at: Timestamp) {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    let mut draining = 0;
    for task in arns.iter().filter_map(|arn| cx.here.ecs.tasks.get(arn)) {
        if task.state == State::Deactivating && !task.targets.is_empty() {
            draining += 1;
            for target in &task.targets {
                *groups.entry(target.group.clone()).or_default() += 1;
            }
        }
    }
    for (group, count) in groups {
        service.tell(cx.ids, at, &format!("deregistered {count} targets in (target-group {group})"));
    }
    if draining > 0 {
        service.tell(cx.ids, at, &format!("has begun draining connections on {draining} tasks."));
    }
    service.tell(cx.ids, at, &format!("has stopped {} running tasks: {}.", arns.len(), told(arns)));
    service.steady = false;
}

fn told(arns: &[String]) -> String {
    let tasks: Vec<String> = arns.iter().map(|arn| format!("(task {})", tail(arn))).collect();
    tasks.join(" ")
}

/// Starts what is missing of the deployment in force, as far as there may be more tasks now.
fn start_missing(cx: &mut Cx<'_>, service: &mut Service, primary: &str, at: Timestamp) {
    let Some(deployment) = service.deployments.first() else { return };
    if deployment.state == Rollout::Failed || deployment.retry_at.is_some_and(|retry| retry > at) {
        return;
    }
    let (all, live) = (tasks(cx, service, |_| true), tasks(cx, service, |task| !task.stopping));
    let own = live.iter().filter(|task| task.deployment == primary).count();
    let missing = usize::try_from(service.desired).unwrap_or(usize::MAX).saturating_sub(own);
    let room = service.limits().1.saturating_sub(live.len());
    let count = missing.min(room);
    if count == 0 {
        // Something that is on its way up or down makes room later.
        let waits = live.iter().any(|task| !task.counts()) || all.len() > live.len();
        if missing > 0 && !waits {
            stuck(cx, service, at);
        }
        return;
    }
    if let Some(role) = role_missing(cx, service, at) {
        return refuse(cx, service, &role, at);
    }
    let mut started = Vec::new();
    for n in 0..count {
        let order = order(cx, service, primary, own + n);
        started.push(task::start(cx, order, at));
    }
    service.tasks.extend(started.iter().cloned());
    service.steady = false;
    service.tell(cx.ids, at, &format!("has started {count} tasks: {}.", told(&started)));
    if let Some(deployment) = service.deployments.first_mut() {
        (deployment.refused, deployment.stuck) = (0, false);
    }
}

fn order(cx: &Cx<'_>, service: &Service, deployment: &str, slot: usize) -> Order {
    let definition = service.target_text("taskDefinition").to_owned();
    let propagated = service.settings.get("propagateTags").and_then(Value::as_str);
    let mut tags = match propagated {
        Some("SERVICE") => service.tags.clone(),
        Some("TASK_DEFINITION") => {
            cx.here.ecs.task_definition(&definition).map(|found| found.tags.clone()).unwrap_or_default()
        }
        _ => BTreeMap::new(),
    };
    if service.settings.get("enableECSManagedTags") == Some(&Value::Bool(true)) {
        tags.insert("aws:ecs:clusterName".to_owned(), tail(&service.cluster).to_owned());
        tags.insert("aws:ecs:serviceName".to_owned(), service.name.clone());
    }
    let mut settings = service.target.clone();
    settings.extend(
        service
            .settings
            .get("enableExecuteCommand")
            .map(|on| ("enableExecuteCommand".to_owned(), on.clone())),
    );
    Order {
        cluster: service.cluster.clone(),
        definition,
        service: Some(service.arn.clone()),
        group: format!("service:{}", service.name),
        started_by: Some(deployment.to_owned()),
        settings: Value::Object(settings),
        tags,
        slot,
    }
}

/// A role of the task definition that ECS cannot give to tasks now.
fn role_missing(cx: &Cx<'_>, service: &Service, at: Timestamp) -> Option<String> {
    task::roles(cx, service.target_text("taskDefinition"))
        .into_iter()
        .find(|role| !cx.iam.is_assumable_by_tasks(role, at))
}

/// No task was started. It is tried again.
fn refuse(cx: &mut Cx<'_>, service: &mut Service, role: &str, at: Timestamp) {
    let message = task::not_assumable(role);
    service.tell(cx.ids, at, &format!("failed to launch a task with (error {message})."));
    let Some(deployment) = service.deployments.first_mut() else { return };
    let first = backed_off(cx, Duration::from_secs(10), deployment.refused);
    let retry = later(at, first.max(least_wait(deployment.refused)));
    deployment.refused = deployment.refused.saturating_add(1);
    deployment.retry_at = Some(retry);
    cx.here.ecs.agenda.insert(retry, &service.arn);
}

fn stuck(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp) {
    let Some(deployment) = service.deployments.first_mut() else { return };
    if !std::mem::replace(&mut deployment.stuck, true) {
        service.tell(
            cx.ids,
            at,
            "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the \
             minimumHealthyPercent or maximumPercent value and try again.",
        );
    }
}

/// Sees whether all is as it should be, and says so once.
fn conclude(cx: &mut Cx<'_>, service: &mut Service, primary: &str, at: Timestamp) {
    // Deployments before are over when their last task is.
    let here: Vec<String> = tasks(cx, service, |_| true).into_iter().map(|task| task.deployment).collect();
    service.deployments.retain(|deployment| deployment.id == primary || here.contains(&deployment.id));
    let settled = tasks(cx, service, |task| task.counts() && task.deployment == primary).len();
    let wanted = usize::try_from(service.desired).unwrap_or(usize::MAX);
    let failed = service.deployments.first().is_none_or(|deployment| deployment.state == Rollout::Failed);
    if failed || settled != wanted || service.tasks.len() != wanted {
        service.steady = false;
        return;
    }
    let Some(deployment) = service.deployments.first_mut() else { return };
    if deployment.state == Rollout::InProgress {
        (deployment.state, deployment.updated) = (Rollout::Completed, at);
        deployment.reason = format!("ECS deployment {primary} completed.");
        let (record, failures) = (deployment.record.clone(), deployment.failed);
        service.fallback = Some(deployment.clone());
        if let Some(record) = service.record(&record) {
            record.failures = record.failures.max(failures);
            let back = record.status == RecordStatus::RollbackInProgress;
            record.go(at, if back { RecordStatus::RollbackSuccessful } else { RecordStatus::Successful });
        }
        service.tell(cx.ids, at, &format!("(deployment {primary}) deployment completed."));
    }
    if !std::mem::replace(&mut service.steady, true) {
        service.tell(cx.ids, at, "has reached a steady state.");
    }
}
