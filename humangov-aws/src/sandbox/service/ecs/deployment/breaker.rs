// SPDX-License-Identifier: MIT OR Apache-2.0
//! Deployments that fail: the circuit breaker, and the way back.

use super::{
    super::service::Service,
    Rollout,
    record::{RecordStatus, Rollback},
};
use crate::sandbox::world::Cx;
use jiff::Timestamp;

/// Why a deployment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Too many of its tasks failed.
    Tasks,
    /// StopServiceDeployment was called.
    Asked,
}

impl Cause {
    fn reason(self) -> &'static str {
        match self {
            Self::Tasks => "the circuit breaker threshold was exceeded.",
            Self::Asked => "the user stopped it.",
        }
    }
}

/// Gives up the deployment in force if it must: it starts no more tasks, and what was there before may come back.
pub(super) fn trip(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp) {
    let breaker = service.breaker();
    let Some(primary) = service.deployments.first() else { return };
    let requested = primary.record.clone();
    let failed = primary.failed;
    if primary.state != Rollout::InProgress {
        return;
    }
    let asked =
        service.record(&requested).is_some_and(|record| record.status == RecordStatus::RollbackRequested);
    if asked {
        fail(cx, service, at, Cause::Asked, true);
    } else if breaker.enable && failed >= breaker.threshold {
        fail(cx, service, at, Cause::Tasks, breaker.rollback);
    }
}

fn fail(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp, cause: Cause, rollback: bool) {
    let Some(primary) = service.deployments.first_mut() else { return };
    let (id, arn, failed) = (primary.id.clone(), primary.record.clone(), primary.failed);
    let (reason, told) = match cause {
        Cause::Tasks => ("ECS deployment circuit breaker: tasks failed to start.", "tasks failed to start."),
        Cause::Asked => {
            ("ECS deployment was stopped by the user.", "the deployment was stopped by the user.")
        }
    };
    (primary.state, primary.updated, primary.reason) = (Rollout::Failed, at, reason.to_owned());
    service.tell(cx.ids, at, &format!("(deployment {id}) deployment failed: {told}"));
    let was_rolling_back = match service.record(&arn) {
        Some(record) => {
            record.failures = failed;
            record.tripped |= cause == Cause::Tasks;
            record.rollback.is_some()
        }
        None => false,
    };
    let why = cause.reason();
    if !rollback && !was_rolling_back {
        service.close(&arn, at, RecordStatus::Stopped, &format!("Service deployment stopped because {why}"));
    } else if !go_back(cx, service, at, cause) {
        let reason = format!("Service deployment rolled back because {why} No rollback candidate was found.");
        service.close(&arn, at, RecordStatus::RollbackFailed, &reason);
    }
}

/// Puts the last deployment that was completed back in force, under its old id; tells whether there is one.
fn go_back(cx: &mut Cx<'_>, service: &mut Service, at: Timestamp, cause: Cause) -> bool {
    let Some(arn) = service.deployments.first().map(|failed| failed.record.clone()) else { return false };
    let Some(mut back) = service.fallback.take() else { return false };
    let why = match cause {
        Cause::Tasks => "ECS deployment circuit breaker: rolling back",
        Cause::Asked => "ECS deployment stopped by the user: rolling back",
    };
    service.deployments.retain(|deployment| deployment.id != back.id);
    (back.state, back.updated) = (Rollout::InProgress, at);
    (back.failed, back.streak, back.refused, back.retry_at) = (0, 0, 0, None);
    back.reason = format!("{why} to deploymentId {}.", back.id);
    back.record.clone_from(&arn);
    if let Some(revision) = service.revisions.get(&back.revision) {
        service.target = revision.target.clone();
    }
    let reason = format!("Service deployment rolled back because {}", cause.reason());
    if let Some(record) = service.record(&arn) {
        record.go(at, RecordStatus::RollbackInProgress);
        record.reason = Some(reason.clone());
        record.rollback = Some(Rollback { at, reason, revision: back.revision.clone() });
    }
    service.tell(cx.ids, at, &format!("rolling back to deployment {}.", back.id));
    service.deployments.insert(0, back);
    true
}
