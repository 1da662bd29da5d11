// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Agenda`]: when which service or task has its turn.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is due when, by ARN. What is steady has no entry, and costs nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::sandbox::service::ecs) struct Agenda(BTreeSet<(Timestamp, String)>);

impl Agenda {
    pub(in crate::sandbox::service::ecs) fn insert(&mut self, at: Timestamp, arn: &str) {
        self.0.insert((at, arn.to_owned()));
    }

    /// The earliest entries, all of one time, if they are due by now.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, Vec<String>)> {
        let due = self.0.first().map(|(at, _)| *at).filter(|at| *at <= now)?;
        let mut arns = Vec::new();
        while self.0.first().is_some_and(|(at, _)| *at == due) {
            arns.extend(self.0.pop_first().map(|(_, arn)| arn));
        }
        Some((due, arns))
    }
}
