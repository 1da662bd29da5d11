// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`unfinished`]: what is known of runs that have not ended, from their journals alone.

use crate::{
    address::{Address, RunId, StackName},
    event::{ErrorReport, StepOperation},
    exec::{ExecError, Mode, Status, StepFailure, recover::replay},
    journal::{Journal, read},
    plan::PlanKind,
    store::{Lock, LockInfo, Snapshot, StateStore},
};
use jiff::Timestamp;

/// A run that has not ended: it is under way, was killed, or is stuck.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The run.
    pub run: RunId,
    /// Its stack.
    pub stack: StackName,
    /// Whether it makes or takes down.
    pub kind: PlanKind,
    /// Who began it.
    pub begun_by: LockInfo,
    /// How far it is.
    pub progress: RunProgress,
    /// How many steps it has, forward.
    pub steps: usize,
    /// How many of them are done and not undone.
    pub done: usize,
    /// Steps that were begun and whose outcome is not recorded.
    pub in_doubt: Vec<(Address, StepOperation)>,
    /// Steps that failed, and why.
    pub failed: Vec<(Address, StepOperation, ErrorReport)>,
    /// What there is of the stack as far as the journal tells: what is in doubt is as it was before.
    pub snapshot: Snapshot,
    /// When the last record was written; `None`: there is none after the first.
    pub last_at: Option<Timestamp>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunProgress {
    /// It was going forward.
    Forward,
    /// It was undoing what it had done, or about to.
    Unwinding,
    /// Everything wanted works; it was deleting what is no longer needed.
    Cleanup,
    /// It gave up undoing: what is left is in [`Unfinished::failed`].
    Stuck,
    /// Nothing was left to do but to say so.
    Ending,
}

/// The runs of `stack` that have not ended, oldest first, and how its lock is. Reads only: while the lock is held, they are under way.
///
/// # Errors
/// When the store cannot be read, or a journal is damaged.
pub async fn unfinished(
    store: &dyn StateStore,
    stack: &StackName,
    now: Timestamp,
) -> Result<(Option<Lock>, Vec<Unfinished>), ExecError> {
    let lock = store.lock_of(stack, now).await?;
    let mut found = Vec::new();
    for &id in lock.iter().flat_map(|lock| &lock.unfinished) {
        let Some(log) = store.journal(stack, id).await? else { continue };
        let journal = read(id, &store.journal_place(stack, id), &log)?;
        if !journal.is_closed() {
            found.extend(tell(&journal)?);
        }
    }
    Ok((lock, found))
}

fn tell(journal: &Journal) -> Result<Option<Unfinished>, ExecError> {
    let Some(begun) = &journal.begun else { return Ok(None) };
    let (run, open) = replay(journal.run, begun, &journal.records)?;
    let progress = match run.machine.mode() {
        Mode::Finished if run.is_stuck() => RunProgress::Stuck,
        Mode::Forward => RunProgress::Forward,
        Mode::Cleanup => RunProgress::Cleanup,
        Mode::Draining | Mode::Unwinding => RunProgress::Unwinding,
        Mode::Finished => RunProgress::Ending,
    };
    let statuses = (0..).take(run.schedule.steps.len()).map(|step| run.machine.status(step));
    let failed = run.cause().into_iter().chain(run.failures());
    let failed =
        failed.map(|StepFailure { address, operation, error }| (address.clone(), *operation, error.clone()));
    Ok(Some(Unfinished {
        run: journal.run,
        stack: begun.plan.stack.clone(),
        kind: begun.plan.kind,
        begun_by: begun.by.clone(),
        progress,
        steps: run.schedule.steps.len(),
        done: statuses.filter(|status| *status == Status::Done).count(),
        in_doubt: open.iter().map(|&task| (run.change(task).address.clone(), run.operation(task))).collect(),
        failed: failed.collect(),
        last_at: journal.records.last().map(|record| record.at),
        snapshot: run.snapshot,
    }))
}
