// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`CallRecord`]: what was called, as data.

use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// One call that reached the sandbox; a retry is a call of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CallRecord {
    /// When it came.
    pub at: Timestamp,
    /// The service, by the name it signs with: `ecs`, `elasticloadbalancing`, `s3`.
    pub service: String,
    /// The operation: `CreateService`.
    pub operation: String,
    /// The stack it was about, as far as its words tell.
    pub tenant: Option<String>,
    /// How long the answer took.
    pub duration: Duration,
    /// What became of it.
    pub outcome: CallOutcome,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallOutcome {
    /// It was executed and answered.
    Ok,
    /// It was refused, with this code.
    Refused(String),
    /// A fault broke the connection before it was executed.
    NotExecuted,
    /// It was executed, and a fault kept the answer, or a part of it.
    AnswerLost,
}

impl CallRecord {
    /// Whether the call only reads.
    pub fn is_read(&self) -> bool {
        is_read(&self.operation)
    }
}

/// Whether an operation of this name only reads.
pub(super) fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List", "Head", "Scan", "Query", "BatchGet", "BatchCheck", "Filter"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}
