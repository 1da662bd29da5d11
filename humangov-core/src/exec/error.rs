// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`ExecError`]: a run that could not be begun, or not be recorded.

use crate::{
    address::{Address, RunId, StackName},
    event::ErrorReport,
    exec::Report,
    plan::Plan,
    store::StoreError,
    value::Reference,
};
use std::{error::Error, fmt};

/// A run that could not be begun, or whose record could not be kept. A step that fails is not an error: see [`Outcome`](super::Outcome).
#[derive(Debug, Clone)]
pub struct ExecError {
    pub(super) kind: ExecErrorKind,
    pub(super) report: Option<Box<Report>>,
}

/// What went wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ExecErrorKind {
    /// The snapshot has changed since the plan was made.
    Stale(StackName),
    /// The plan's format is not this version's.
    Format(u32),
    /// No handler for the kind of this resource.
    NoHandler(Address),
    /// An import that no applied stack exports.
    MissingImport(Reference),
    /// The plan's steps wait for each other: it was not made by this planner.
    Cycle,
    /// The journal of a run does not fit what it says the run was to do.
    Journal {
        /// The run.
        run: RunId,
        /// What does not fit.
        why: String,
    },
    /// What became of a step could not be looked up: the run stays as it is.
    InDoubt {
        /// The run.
        run: RunId,
        /// Every step, and why.
        steps: Vec<(Address, ErrorReport)>,
    },
    /// A run was killed half-way: what it left in doubt must be settled first.
    Unfinished {
        /// The stack.
        stack: StackName,
        /// The run.
        run: RunId,
    },
    /// The store failed.
    Store(StoreError),
}

impl ExecError {
    pub(super) fn new(kind: ExecErrorKind) -> Self {
        Self { kind, report: None }
    }

    /// What went wrong.
    pub fn kind(&self) -> &ExecErrorKind {
        &self.kind
    }

    /// What was done before, if anything was.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_deref()
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match &self.kind {
            ExecErrorKind::Stale(_) => "plan.stale",
            ExecErrorKind::Format(_) => "plan.format",
            ExecErrorKind::NoHandler(_) => "exec.no_handler",
            ExecErrorKind::MissingImport(_) => "exec.missing_import",
            ExecErrorKind::Cycle => "exec.cycle",
            ExecErrorKind::Journal { .. } => "exec.journal",
            ExecErrorKind::InDoubt { .. } => "exec.in_doubt",
            ExecErrorKind::Unfinished { .. } => "exec.unfinished",
            ExecErrorKind::Store(error) => error.code(),
        }
    }
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExecErrorKind::Stale(stack) => {
                write!(f, "stack {stack} has changed since this plan was made; plan again")
            }
            ExecErrorKind::Format(format) => {
                write!(f, "the plan has format {format}, this version reads {}", Plan::FORMAT)
            }
            ExecErrorKind::NoHandler(address) => {
                write!(f, "there is no handler for {address}; is its service's feature on?")
            }
            ExecErrorKind::MissingImport(reference) => {
                write!(f, "{reference} is imported and not exported; apply that stack first")
            }
            ExecErrorKind::Cycle => f.write_str("the steps of the plan wait for each other"),
            ExecErrorKind::Journal { run, why } => {
                write!(f, "the journal of run {run} does not fit its plan: {why}")
            }
            ExecErrorKind::InDoubt { run, steps } => {
                write!(f, "what run {run} left in doubt could not be looked up")?;
                steps.iter().try_for_each(|(address, error)| write!(f, "\n{address}  {error}"))
            }
            ExecErrorKind::Unfinished { stack, run } => {
                write!(f, "run {run} of stack {stack} was killed half-way; recover it first")
            }
            ExecErrorKind::Store(error) if self.report.is_none() => error.fmt(f),
            ExecErrorKind::Store(_) => f.write_str("what was done could not be recorded"),
        }
    }
}

impl Error for ExecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            ExecErrorKind::Store(error) if self.report.is_none() => error.source(),
            ExecErrorKind::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for ExecError {
    fn from(error: StoreError) -> Self {
        Self::new(ExecErrorKind::Store(error))
    }
}
