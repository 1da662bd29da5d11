// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a run ended.

use crate::{
    address::{Address, RunId, StackName},
    event::{ErrorReport, StepOperation},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// How a run ended: to be matched, since only one of these means that all is well.
#[must_use = "a run that was executed is not a run that worked"]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Everything was done.
    Applied,
    /// Everything that was wanted works, but not all that should go is gone: the next run tries again.
    Incomplete {
        /// What did not go, and why.
        failures: Vec<StepFailure>,
    },
    /// A step failed, and what this run had done was undone.
    RolledBack {
        /// The step that failed first.
        cause: StepFailure,
    },
    /// A step failed, and not everything could be undone, or nothing was to be.
    Stuck {
        /// The step that failed first; `None` when the run was cancelled.
        cause: Option<StepFailure>,
        /// What could not be undone, and why.
        undo_failures: Vec<StepFailure>,
    },
    /// It was asked to stop.
    Cancelled {
        /// Whether what it had done was undone.
        rolled_back: bool,
    },
    /// It was left at once, where it was: its journal tells how to bring it to its end.
    Abandoned,
    /// It had not ended; what it left in doubt was looked up and recorded, and nothing more was done.
    Settled,
}

impl Outcome {
    /// A short stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Incomplete { .. } => "incomplete",
            Self::RolledBack { .. } => "rolled_back",
            Self::Stuck { .. } => "stuck",
            Self::Cancelled { .. } => "cancelled",
            Self::Abandoned => "abandoned",
            Self::Settled => "settled",
        }
    }

    /// Whether everything was done.
    pub const fn is_applied(&self) -> bool {
        matches!(self, Self::Applied)
    }
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepFailure {
    /// Its resource.
    pub address: Address,
    /// What it did.
    pub operation: StepOperation,
    /// Why it failed.
    pub error: ErrorReport,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// Its resource.
    pub address: Address,
    /// What it did.
    pub operation: StepOperation,
    /// Why it failed, if it did.
    pub error: Option<ErrorReport>,
    /// How long it took.
    #[serde(rename = "elapsed_ms", with = "crate::event::millis")]
    pub elapsed: Duration,
    /// How often it was tried again.
    pub retries: u32,
}

/// Something this run made, or meant to delete, that is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeftOver {
    /// Its resource.
    pub address: Address,
    /// Why it is still there.
    pub reason: String,
}

/// All about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// Its stack.
    pub stack: StackName,
    /// How it ended.
    pub outcome: Outcome,
    /// Every step that ran, in the order they ended.
    pub steps: Vec<StepReport>,
    /// What is still there and should not be.
    pub left: Vec<LeftOver>,
    /// What other stacks may import now.
    pub exports: BTreeMap<String, Value>,
    /// How long it took.
    #[serde(rename = "elapsed_ms", with = "crate::event::millis")]
    pub elapsed: Duration,
}

impl Report {
    /// How many steps of this sort worked.
    pub fn count(&self, operation: StepOperation) -> usize {
        self.steps.iter().filter(|step| step.operation == operation && step.error.is_none()).count()
    }

    /// How often anything was tried again.
    pub fn retries(&self) -> u32 {
        self.steps.iter().map(|step| step.retries).sum()
    }
}
