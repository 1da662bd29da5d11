// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where what was made is recorded: one [`Snapshot`] a stack, saved by compare-and-swap under a lock.
//!
//! A snapshot makes plans fast and tells what is ours to delete. It can be lost: names are a function of fleet, stack and
//! address, and every resource bears tags that say whose it is, so the next plan finds and adopts what is there.

mod file;
mod memory;
mod snapshot;

pub use file::FileStore;
pub use memory::MemoryStore;
pub use snapshot::{Deposed, Recorded, Snapshot};

use crate::address::StackName;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{any::Any, error::Error, fmt, path::PathBuf, sync::Arc};

/// Which state of a snapshot one has seen: opaque, made by the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// A version a store made.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value, and the version that was read.
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Its version.
    pub version: Version,
}

/// Who works on a stack: told to whoever finds it locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LockInfo {
    /// Who: user and host.
    pub holder: String,
    /// Their process.
    pub process: u32,
    /// What they do, such as `apply`.
    pub operation: String,
    /// Since when.
    pub since: Timestamp,
}

impl LockInfo {
    /// This process, doing `operation`.
    pub fn this_process(operation: &str, since: Timestamp) -> Self {
        let var =
            |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        let user = var(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "someone".to_owned());
        let host =
            std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|host| host.trim().to_owned());
        let host =
            host.or_else(|| var(&["HOSTNAME", "COMPUTERNAME"])).unwrap_or_else(|| "this host".to_owned());
        Self {
            holder: format!("{user}@{host}"),
            process: std::process::id(),
            operation: operation.to_owned(),
            since,
        }
    }
}

impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (process {}) has run {} on it since {:.0}",
            self.holder, self.process, self.operation, self.since
        )
    }
}

/// The right to work on a stack, held until dropped.
pub struct Lease(#[expect(dead_code, reason = "held for its drop")] Box<dyn Any + Send + Sync>);

impl Lease {
    /// A lease that lasts as long as `guard`.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

/// Keeps snapshots. Object-safe; bring your own.
pub trait StateStore: fmt::Debug + Send + Sync + 'static {
    /// The snapshot of `stack`, if it has one.
    fn load<'a>(
        &'a self,
        stack: &'a StackName,
    ) -> BoxFuture<'a, Result<Option<Versioned<Snapshot>>, StoreError>>;

    /// Saves a snapshot if the stored one is still `expected` (`None`: there is none). All or nothing.
    ///
    /// A snapshot without resources is removed: there is nothing to remember.
    fn save<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        expected: Option<&'a Version>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>>;

    /// The right to work on `stack`, or at once who has it.
    fn lock<'a>(
        &'a self,
        stack: &'a StackName,
        info: &'a LockInfo,
    ) -> BoxFuture<'a, Result<Lease, StoreError>>;

    /// The stacks that have a snapshot, in order.
    fn list(&self) -> BoxFuture<'_, Result<Vec<StackName>, StoreError>>;
}

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
    /// The snapshot was changed since it was read.
    Conflict(StackName),
    /// The snapshot cannot be understood: where it is and why.
    Corrupt(PathBuf, String),
    /// The snapshot was written by a newer version.
    TooNew(PathBuf, u32),
    /// Reading or writing failed: what, and where.
    Io(&'static str, PathBuf),
}

impl StoreError {
    /// An error of this kind.
    pub fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
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

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match self.kind {
            StoreErrorKind::Locked { .. } => "store.locked",
            StoreErrorKind::Conflict(_) => "store.conflict",
            StoreErrorKind::Corrupt(..) => "store.corrupt",
            StoreErrorKind::TooNew(..) => "store.too_new",
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
            StoreErrorKind::Conflict(stack) => {
                write!(
                    f,
                    "the snapshot of stack {stack} was changed by somebody else since it was read; plan again"
                )
            }
            StoreErrorKind::Corrupt(path, why) => {
                write!(f, "the snapshot {} cannot be read: {why}", path.display())
            }
            StoreErrorKind::TooNew(path, version) => {
                write!(f, "the snapshot {} has format {version}; a newer humangov wrote it", path.display())
            }
            StoreErrorKind::Io(what, path) => write!(f, "could not {what} {}", path.display()),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
