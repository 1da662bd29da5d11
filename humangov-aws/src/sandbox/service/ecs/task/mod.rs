// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tasks.

mod describing;
mod failing;
mod lifecycle;
mod run;
mod start;

pub(super) use lifecycle::{step, stop};
pub(super) use start::{Order, not_assumable, roles, start};

use super::service::Service;
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Task {
    pub arn: String,
    pub tags: Tags,
    /// The ARN of its cluster.
    pub cluster: String,
    /// The ARN of its task definition.
    pub definition: String,
    pub group: String,
    /// Of a service's task, the id of the deployment.
    pub started_by: Option<String>,
    /// The ARN of the service that it is of.
    pub service: Option<String>,
    pub state: State,
    /// When it moves on by itself.
    pub next: Option<Timestamp>,
    pub health: Health,
    /// Whether it failed, and its service's scheduler has not yet seen that.
    pub failed: bool,
    /// Whether its targets were registered, and its service's scheduler has not yet told that.
    pub registered: bool,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub stopping_at: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    /// Why it stops.
    pub stop: Option<Stop>,
    pub containers: Vec<Container>,
    pub interface: Option<Interface>,
    pub targets: Vec<Target>,
    /// What stays as it was when it was started: where it runs, its size, what overrides its definition.
    pub shown: Map<String, Value>,
    /// The call that started it, for it to be repeated.
    pub request: Option<Value>,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    Provisioning,
    Pending,
    Running,
    /// It runs still: its targets are being deregistered.
    Deactivating,
    Stopping,
    Stopped,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// How a task does by its checks, or by time where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Health {
    Unknown,
    Good,
    Bad,
}

/// Why a task stops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stop {
    pub code: String,
    pub reason: String,
}

/// A container of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Container {
    pub arn: String,
    pub name: String,
    pub image: String,
    pub runtime_id: String,
    pub exit_code: Option<i32>,
    pub reason: Option<String>,
    /// Whether its definition has a health check.
    pub checked: bool,
}

/// The network interface of a task in the network mode `awsvpc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Interface {
    /// The id of the attachment.
    pub attachment: String,
    pub id: String,
    pub address: String,
    pub subnet: String,
}

/// A target of a load balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    /// The ARN of its target group.
    pub group: String,
    pub id: String,
    pub port: u16,
}

/// How a failed health check is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sickness {
    pub port: String,
    pub place: String,
    pub reason: &'static str,
    pub stopped: String,
}

impl Task {
    /// Why its service stops it when its health checks fail.
    pub(super) fn sickness(&self) -> Sickness {
        match self.targets.first() {
            Some(target) => {
                let place = format!("(target-group {})", target.group);
                let stopped = format!("Task failed ELB health checks in {place}");
                Sickness {
                    port: format!("(port {})", target.port),
                    place,
                    reason: "Health checks failed",
                    stopped,
                }
            }
            None => Sickness {
                port: "(container)".to_owned(),
                place: "(task)".to_owned(),
                reason: "Container health checks failed",
                stopped: "Task failed container health checks".to_owned(),
            },
        }
    }
}

/// How many tasks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    pub running: u32,
    pub pending: u32,
    /// Those that are not being stopped.
    pub kept: u32,
}

impl Count {
    /// The tasks of a service, or of one of its deployments.
    pub(super) fn of(ecs: &super::Ecs, service: &Service, deployment: Option<&str>) -> Self {
        let mut count = Self::default();
        for task in service.tasks.iter().filter_map(|arn| ecs.tasks.get(arn)) {
            if deployment.is_some_and(|id| task.started_by.as_deref() != Some(id)) {
                continue;
            }
            count.running += u32::from(matches!(task.state, State::Running | State::Deactivating));
            count.pending += u32::from(matches!(task.state, State::Provisioning | State::Pending));
            count.kept += u32::from(task.stop.is_none());
        }
        count
    }
}

/// How many tasks of a cluster run or are being stopped, and how many are on their way up.
pub(super) fn counts_in(ecs: &super::Ecs, cluster_arn: &str) -> (usize, usize) {
    let states = || ecs.tasks.values().filter(|task| task.cluster == cluster_arn).map(|task| task.state);
    let pending = states().filter(|state| matches!(state, State::Provisioning | State::Pending)).count();
    let stopped = states().filter(|state| *state == State::Stopped).count();
    (states().count() - pending - stopped, pending)
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "RunTask" => run::run(cx, input),
        "StopTask" => run::stop(cx, input),
        "ListTasks" => describing::list(cx, input),
        "DescribeTasks" => describing::describe(cx, input),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
