// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is told of a service's deployments later: service deployments and service revisions.

use super::super::service::Service;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many service deployments of a service are kept.
const KEPT: usize = 50;

/// What a service was to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox::service::ecs) struct Revision {
    pub created: Timestamp,
    pub target: Map<String, Value>,
}

/// A service deployment: from one revision to another, or back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox::service::ecs) struct Record {
    pub arn: String,
    pub status: RecordStatus,
    pub reason: Option<String>,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub updated: Timestamp,
    /// The ARN of the revision that it is to bring about.
    pub target: String,
    /// The ARNs of the revisions that there were.
    pub sources: Vec<String>,
    pub rollback: Option<Rollback>,
    /// How many tasks failed.
    pub failures: u32,
    /// Whether the circuit breaker ended it.
    pub tripped: bool,
}

/// The way back of a service deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox::service::ecs) struct Rollback {
    pub at: Timestamp,
    pub reason: String,
    /// The ARN of the revision that it goes back to.
    pub revision: String,
}

/// How a service deployment does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::sandbox::service::ecs) enum RecordStatus {
    Pending,
    InProgress,
    Successful,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl RecordStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    /// Whether nothing comes after it.
    pub(in crate::sandbox::service::ecs) fn is_over(self) -> bool {
        matches!(self, Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed)
    }
}

impl Record {
    pub(super) fn new(arn: String, at: Timestamp, target: String, sources: Vec<String>) -> Self {
        Self {
            arn,
            status: RecordStatus::Pending,
            reason: None,
            created: at,
            started: None,
            finished: None,
            updated: at,
            target,
            sources,
            rollback: None,
            failures: 0,
            tripped: false,
        }
    }

    /// Goes on to another status.
    pub(super) fn go(&mut self, at: Timestamp, status: RecordStatus) {
        (self.status, self.updated) = (status, at);
        if status == RecordStatus::InProgress {
            self.started = Some(at);
        }
        if status.is_over() {
            self.finished = Some(at);
        }
    }
}

impl Service {
    pub(super) fn record(&mut self, arn: &str) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.arn == arn)
    }

    /// Ends a service deployment that is not over yet.
    pub(super) fn close(&mut self, arn: &str, at: Timestamp, status: RecordStatus, reason: &str) {
        if let Some(record) = self.record(arn).filter(|record| !record.status.is_over()) {
            record.go(at, status);
            record.reason = Some(reason.to_owned());
        }
    }

    /// Forgets the oldest service deployments, and the revisions that nothing tells of any more.
    pub(super) fn forget(&mut self) {
        self.records.drain(..self.records.len().saturating_sub(KEPT));
        let told: Vec<String> = self
            .records
            .iter()
            .flat_map(|record| record.sources.iter().chain([&record.target]))
            .chain(self.deployments.iter().chain(&self.fallback).map(|deployment| &deployment.revision))
            .cloned()
            .collect();
        self.revisions.retain(|arn, _| told.contains(arn));
    }
}
