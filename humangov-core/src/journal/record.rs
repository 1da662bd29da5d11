// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Record`]: one line of a journal.

use crate::{
    address::{Address, RunId},
    event::{ErrorReport, StepOperation},
    plan::{Imports, Plan},
    store::{LockInfo, Snapshot},
    value::Json,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format this version writes. Older formats are read for ever; newer ones are refused.
pub const FORMAT: u32 = 1;

/// One thing that was written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of its format: [`FORMAT`].
    #[serde(rename = "v")]
    pub format_version: u32,
    /// Its place in the journal, from 0.
    #[serde(rename = "n")]
    pub sequence: u64,
    /// The run.
    pub run: RunId,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub kind: RecordKind,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordKind {
    /// The run begins: all that is needed to bring it to its end.
    Begun(Box<Begun>),
    /// A step is about to be done, or undone. Until it ended, whether it was is in doubt.
    Started {
        /// The step.
        step: StepName,
        /// What is to be there, every reference resolved, where that is not what the plan says already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spec: Option<Json>,
    },
    /// What was found where something is about to be made by a plan that had not looked.
    Noted {
        /// The step.
        step: StepName,
        /// What was found.
        note: Note,
    },
    /// A step has ended.
    Ended(Ended),
    /// The run was asked to stop.
    Stopping {
        /// Whether what it did is to be undone.
        unwind: bool,
    },
    /// Not everything could be undone: the run waits for somebody to say `recover`, or to let go of what is left.
    Stuck,
    /// Somebody takes the run up. What comes after the last whole record before this was cut off.
    TakenUp {
        /// Who.
        by: LockInfo,
        /// Whether it goes on, goes back, or is only recorded as it is.
        recovery: Recovery,
    },
    /// Whatever is left of this resource stays: the run does not undo it any more.
    Orphaned {
        /// The resource.
        address: Address,
    },
    /// The run has ended, and the snapshot tells what there is.
    Closed {
        /// How, as [`crate::exec::Outcome::name`] says it.
        outcome: String,
    },
}

/// What a run begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// The version of the library.
    pub version: String,
    /// Who began it.
    pub by: LockInfo,
    /// What it is to do.
    pub plan: Plan,
    /// What the plan imports.
    pub imports: Imports,
    /// What was recorded before, if anything was.
    pub snapshot: Option<Snapshot>,
    /// Whether what was done is undone when a step fails.
    pub undo_on_failure: bool,
}

/// A step by its name: journals never name steps by index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepName {
    /// Its resource.
    pub address: Address,
    /// What it does.
    pub operation: StepOperation,
    /// Which of what earlier runs replaced it deletes, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<usize>,
}

/// What was found where something is about to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// Nothing: what is found there later, this run has made.
    Nothing,
    /// What this run must bring back, not delete, when it goes back.
    Found(Json),
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// The step.
    pub step: StepName,
    /// What AWS said of what is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
}

/// How a step failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// Why.
    pub error: ErrorReport,
    /// What it left behind.
    pub left: Left,
}

/// What a failed step left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// Surely nothing, or nothing new.
    Nothing,
    /// Something with these outputs.
    Outputs(Json),
    /// A change that may have happened in part.
    Partly,
    /// Perhaps something: looking did not tell.
    InDoubt,
}

/// What becomes of a run that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recovery {
    /// It goes on the way it was going, forward or back, to its end.
    #[default]
    Resume,
    /// What it did is undone. One that had committed, and was deleting what is no longer needed, deletes nothing more.
    RollBack,
    /// Nothing more is done: what is in doubt is looked up and recorded as it is, for the next plan to go on from.
    Settle,
}
