// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the stacks of a fleet fared.

use crate::{
    address::StackName,
    exec::{ExecError, Outcome, Report},
};

/// How each stack of a fleet fared.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FleetReport {
    /// One result a stack, in the order of the plan.
    pub stacks: Vec<(StackName, StackResult)>,
}

/// How one stack fared.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StackResult {
    /// Its plan was executed: how that ended is in the report.
    Ran(Box<Report>),
    /// There was nothing to do.
    Unchanged,
    /// The run could not be begun, or not be recorded.
    Failed(Box<ExecError>),
    /// It was made in this run for others, none of which got there; so it was taken down again.
    TakenDown {
        /// How it was made.
        made: Box<Report>,
        /// How it was taken down.
        undone: Box<Report>,
    },
    /// The run was asked to stop before its turn came.
    Cancelled,
    /// A stack it needs did not get there.
    NotRun {
        /// That stack.
        because_of: StackName,
    },
}

impl StackResult {
    /// Whether the stack is as it should be.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Ran(report) => matches!(report.outcome, Outcome::Applied),
            Self::Unchanged => true,
            Self::Failed(_) | Self::Cancelled | Self::NotRun { .. } | Self::TakenDown { .. } => false,
        }
    }
}

impl StackResult {
    /// Whether what others import from the stack is there, even if something that should be gone is not.
    pub fn works(&self) -> bool {
        match self {
            Self::Ran(report) => matches!(report.outcome, Outcome::Applied | Outcome::Incomplete { .. }),
            _ => self.is_good(),
        }
    }
}

impl FleetReport {
    /// Whether every stack is as it should be.
    pub fn is_good(&self) -> bool {
        self.stacks.iter().all(|(_, result)| result.is_good())
    }

    /// The reports of all that ran.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.stacks.iter().flat_map(|(_, result)| match result {
            StackResult::Ran(report) => vec![&**report],
            StackResult::TakenDown { made, undone } => vec![&**made, &**undone],
            _ => Vec::new(),
        })
    }
}
