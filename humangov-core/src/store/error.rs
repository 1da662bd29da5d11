// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`StoreError`]: a store that could not do what was asked.

use crate::{
    address::{RunId, StackName},
    store::LockInfo,
};
use std::{error::Error, fmt, sync::Arc};

/// A store that could not do what was asked.
#[derive(Debug, Clone)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Somebody else works on the stack.
    Locked {
        /// The stack.
        stack: StackName,
        /// Who, if they said so.
        info: Option<Box<LockInfo>>,
    },
    /// The lease on the stack ran out or was taken: whoever held it writes nothing more.
    LeaseLost {
        /// The stack.
        stack: StackName,
        /// Who has it now, if that is known.
        taken_by: Option<Box<LockInfo>>,
    },
    /// The snapshot was changed since it was read.
    Conflict(StackName),
    /// What is stored cannot be understood: where it is and why.
    Corrupt(String, String),
    /// A lock is damaged, and who holds it not known: which, where it is and why.
    CorruptLock {
        /// The stack.
        stack: StackName,
        /// Where it is.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A journal is damaged: where it is, why, and how many of its records can be read.
    CorruptJournal {
        /// The run.
        run: RunId,
        /// Where it is.
        place: String,
        /// What is wrong with it.
        why: String,
        /// How many records before the damage can be read.
        readable: u64,
    },
    /// What is stored was written by a newer version.
    TooNew(String, u32),
    /// The bucket or table that something would be in does not exist.
    Missing {
        /// Where that would be.
        place: String,
        /// What makes it, for a shell.
        make: String,
    },
    /// What keeps the state refuses: what, and where. It says why.
    Refused(&'static str, String),
    /// Reading or writing failed: what, and where.
    Io(&'static str, String),
}

impl StoreError {
    /// An error of this kind.
    pub fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Something that could not be read or written: `what` was done to what `place`.
    pub fn io(
        what: &'static str,
        place: impl Into<String>,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self::new(StoreErrorKind::Io(what, place.into())).with_source(source)
    }

    /// The same error, caused by `source`.
    #[must_use]
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &StoreErrorKind {
        &self.kind
    }

    /// Whether the same may work a little later: nothing is wrong with what was asked or what is stored.
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Io(..))
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match self.kind {
            StoreErrorKind::Locked { .. } => "store.locked",
            StoreErrorKind::LeaseLost { .. } => "store.lease_lost",
            StoreErrorKind::Conflict(_) => "store.conflict",
            StoreErrorKind::Corrupt(..) => "store.corrupt",
            StoreErrorKind::CorruptLock { .. } => "store.corrupt_lock",
            StoreErrorKind::CorruptJournal { .. } => "store.corrupt_journal",
            StoreErrorKind::TooNew(..) => "store.too_new",
            StoreErrorKind::Missing { .. } => "store.missing",
            StoreErrorKind::Refused(..) => "store.refused",
            StoreErrorKind::Io(..) => "store.io",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            StoreErrorKind::Locked { stack, info: Some(info) } => {
                write!(f, "stack {stack} is locked: {info}")
            }
            StoreErrorKind::Locked { stack, info: None } => {
                write!(f, "stack {stack} is locked by another process")
            }
            StoreErrorKind::LeaseLost { stack, taken_by: Some(info) } => {
                write!(f, "the lock of stack {stack} was taken over: {info}")
            }
            StoreErrorKind::LeaseLost { stack, taken_by: None } => {
                write!(f, "the lock of stack {stack} could not be renewed in time, or was taken over")
            }
            StoreErrorKind::Conflict(stack) => {
                write!(
                    f,
                    "the snapshot of stack {stack} was changed by somebody else since it was read; plan again"
                )
            }
            StoreErrorKind::Corrupt(place, why) => write!(f, "{place} cannot be read: {why}"),
            StoreErrorKind::CorruptLock { stack, place, why } => {
                write!(f, "the lock of stack {stack}, {place}, is damaged: {why}")
            }
            StoreErrorKind::CorruptJournal { run, place, why, readable } => write!(
                f,
                "the journal of run {run}, {place}, is damaged: {why}; {readable} records before that can be read"
            ),
            StoreErrorKind::TooNew(place, version) => {
                write!(f, "{place} has format {version}; a newer humangov wrote it")
            }
            StoreErrorKind::Missing { place, make } => {
                write!(f, "{place} cannot be had: what holds it does not exist; make it with: {make}")
            }
            StoreErrorKind::Refused(what, place) => write!(f, "was refused to {what} {place}"),
            StoreErrorKind::Io(what, place) => write!(f, "could not {what} {place}"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
