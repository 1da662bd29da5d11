// SPDX-License-Identifier: MIT OR Apache-2.0
//! Deployments: how services get from one set of tasks to another as time goes by.
//!
//! All that moves by itself is in the [`Agenda`]: which service or task has its turn when. [`advance`] takes it up entry by
//! entry, each at its own time, so that a look after ten minutes finds what a look every second would have found.

mod agenda;
mod breaker;
mod history;
mod record;
mod scheduler;

pub(super) use agenda::Agenda;
pub(super) use record::{Record, Revision};

use super::{
    service::{Service, tail},
    task::{self, Count},
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use jiff::Timestamp;
use record::RecordStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// How many entries of the agenda are taken up in one go at their own time. After long, long times of crashing tasks, what is
/// left goes on from now.
const MOST: usize = 20_000;

/// One set of tasks of a service: those of one revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Deployment {
    /// `ecs-svc/8157234..`.
    pub id: String,
    /// The ARN of the service revision.
    pub revision: String,
    /// The ARN of the service deployment that it is part of now.
    pub record: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub state: Rollout,
    pub reason: String,
    /// Tasks that failed one after the other, as it is told.
    pub failed: u32,
    /// Tasks that failed one after the other, as it counts for the next try.
    pub streak: u32,
    /// No task is started before.
    pub retry_at: Option<Timestamp>,
    /// How often no task could be started, one time after the other.
    pub refused: u32,
    /// Whether it was said that its settings leave no room to move.
    pub stuck: bool,
}

/// How a deployment does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

impl Deployment {
    /// How many tasks it wants: all that the service wants if it is in force, else those that it still has.
    pub(super) fn wanted(&self, service: &Service, primary: bool, has: &Count) -> u32 {
        match (self.state, primary) {
            (Rollout::Failed, _) => 0,
            (_, true) => service.desired,
            (_, false) => has.kept,
        }
    }
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "ListServiceDeployments" => history::list(cx, input),
        "DescribeServiceDeployments" => history::describe(cx, input),
        "DescribeServiceRevisions" => history::describe_revisions(cx, input),
        "StopServiceDeployment" => history::stop(cx, input),
        _ => return None,
    })
}

/// Starts a deployment of what the service is to be now. One that goes on is superseded.
pub(super) fn begin(cx: &mut Cx<'_>, service: &mut Service) {
    let at = cx.now;
    let place = format!("{}/{}", tail(&service.cluster), service.name);
    let (revision, record) = (cx.ids.digits(19), cx.ids.hex(21));
    let revision = cx.arn("ecs", &format!("service-revision/{place}/{revision}"));
    let record = cx.arn("ecs", &format!("service-deployment/{place}/{record}"));
    let id = format!("ecs-svc/{}", cx.ids.digits(19));
    if let Some(before) = service.deployments.first_mut() {
        before.updated = at;
        let superseded = before.record.clone();
        service.close(&superseded, at, RecordStatus::Stopped, "Superseded by a newer service deployment.");
    }
    let sources = service.deployments.iter().map(|deployment| deployment.revision.clone()).collect();
    service.records.push(Record::new(record.clone(), at, revision.clone(), sources));
    service.revisions.insert(revision.clone(), Revision { created: at, target: service.target.clone() });
    let reason = format!("ECS deployment {id} in progress.");
    let deployment = Deployment {
        id,
        revision,
        record,
        created: at,
        updated: at,
        state: Rollout::InProgress,
        reason,
        failed: 0,
        streak: 0,
        retry_at: None,
        refused: 0,
        stuck: false,
    };
    service.deployments.insert(0, deployment);
    service.steady = false;
    service.forget();
    cx.here.ecs.agenda.insert(at, &service.arn);
}

/// Lets all services get to where they are by now.
pub(super) fn advance(cx: &mut Cx<'_>) {
    let mut taken = 0;
    while taken <= 2 * MOST
        && let Some((due, arns)) = cx.here.ecs.agenda.pop(cx.now)
    {
        taken += arns.len();
        let at = if taken > MOST { cx.now } else { due };
        let mut services = BTreeSet::new();
        for arn in arns {
            if arn.contains(":task/") {
                services.extend(task::step(cx, &arn, due, at));
            } else {
                services.insert(arn);
            }
        }
        for arn in services {
            scheduler::reconcile(cx, &arn, at);
        }
    }
}

#[cfg(test)]
mod network_tests;
#[cfg(test)]
mod tests;
