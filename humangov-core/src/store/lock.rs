// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`LockInfo`]: who works on a stack. [`Lock`]: how its lock is.

use crate::{address::RunId, store::Version};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How long a lease lasts unless it is renewed.
pub const LEASE_LASTS: Duration = Duration::from_secs(30);

/// How often a lease is renewed.
pub const LEASE_RENEWED_EVERY: Duration = Duration::from_secs(8);

/// How long after a lease ran out it is left alone all the same: clocks differ.
pub(super) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(15);

/// Who works on a stack: told to whoever finds it locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LockInfo {
    /// Who: user and host.
    pub holder: String,
    /// Their process.
    pub process: u32,
    /// The machine that process is on, as nothing but that machine knows it; by it one learns whether the process still lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// What they do, such as `apply`.
    pub operation: String,
    /// Since when.
    pub since: Timestamp,
    /// The run they are about to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
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
            machine: this_machine(),
            operation: operation.to_owned(),
            since,
            run: None,
        }
    }

    /// Whether its process is surely gone: it was on this very machine, and no process here has its number.
    fn is_surely_gone(&self) -> bool {
        self.machine.is_some() && self.machine == this_machine() && is_gone(Path::new("/proc"), self.process)
    }
}

/// Whether no process has this number. Where a process sees only its own user's, it does not see the first one either, and what it
/// does not see may well be there.
fn is_gone(proc: &Path, process: u32) -> bool {
    let is_there = |number: u32| proc.join(number.to_string()).try_exists();
    matches!((is_there(1), is_there(process)), (Ok(true), Ok(false)))
}

/// This boot of this machine, and which of its processes are to be seen here: numbers of processes mean something only within both.
fn this_machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let processes = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), processes.display()))
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

/// How the lock of a stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// Who holds it; `None`: nobody does.
    pub info: Option<LockInfo>,
    /// Whether whoever holds it is gone: its process is no more, or has not renewed it for long. It may be taken over.
    pub stale: bool,
    /// The number of its latest lease.
    pub token: u64,
    /// When the lease runs out unless it is renewed.
    pub expires: Timestamp,
    /// Runs that have not ended, oldest first. While somebody works under it, theirs is one of them.
    pub unfinished: Vec<RunId>,
}

impl Lock {
    /// One of which only journals tell.
    pub(super) fn lost(unfinished: Vec<RunId>) -> Self {
        Self { info: None, stale: false, token: 0, expires: Timestamp::UNIX_EPOCH, unfinished }
    }

    /// Whether somebody works under it.
    pub fn is_held(&self) -> bool {
        self.info.is_some() && !self.stale
    }
}

/// A lock as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LockRecord {
    pub format_version: u32,
    /// Counts leases: a later one has a greater number.
    pub token: u64,
    /// One attempt to take the lock: by it whoever's answer was lost knows their own writing.
    pub attempt: RunId,
    /// `None`: given up by whoever held it, who writes nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<LockInfo>,
    pub expires: Timestamp,
    /// Whether it was broken by force: whoever held it may still be about to write.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broken: bool,
    /// Whether it was ever taken from somebody, who may have been about to write.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fenced: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<RunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
}

/// A snapshot that was written anew when a lock was taken from somebody: two versions that say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub over: Version,
    pub by: Version,
}

impl LockRecord {
    pub const FORMAT: u32 = 1;

    /// The runs that are not known to have ended, that of whoever holds it among them.
    pub fn runs(&self) -> Vec<RunId> {
        let mut runs = self.unfinished.clone();
        let held = self.held_by.as_ref().and_then(|info| info.run);
        runs.extend(held.filter(|run| !self.unfinished.contains(run)));
        runs
    }

    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.held_by.as_ref().is_some_and(|info| {
            was_dropped_here(self.attempt) || info.is_surely_gone() || now > self.expires + CLOCKS_DIFFER
        })
    }

    pub fn to_lock(&self, now: Timestamp) -> Lock {
        Lock {
            info: self.held_by.clone(),
            stale: self.is_stale(now),
            token: self.token,
            expires: self.expires,
            unfinished: self.runs(),
        }
    }
}

/// The leases that this process has taken, and whether each is still held: one that was dropped is nobody's.
static TAKEN_HERE: Mutex<BTreeMap<RunId, bool>> = Mutex::new(BTreeMap::new());

fn taken_here() -> std::sync::MutexGuard<'static, BTreeMap<RunId, bool>> {
    TAKEN_HERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that this process holds a lease as long as this lives.
#[derive(Debug)]
pub(super) struct Taken(RunId);

impl Taken {
    pub fn note(attempt: RunId) -> Self {
        taken_here().insert(attempt, true);
        Self(attempt)
    }

    /// It was given up in the store: there is nothing to remember.
    pub fn forget(self) {
        taken_here().remove(&self.0);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(held) = taken_here().get_mut(&self.0) {
            *held = false;
        }
    }
}

fn was_dropped_here(attempt: RunId) -> bool {
    taken_here().get(&attempt) == Some(&false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_only_where_others_can_be_seen() {
        let proc = tempfile::tempdir().expect("a directory");
        assert!(!is_gone(proc.path(), 77), "who sees nobody knows nothing");
        std::fs::create_dir(proc.path().join("1")).expect("made");
        assert!(is_gone(proc.path(), 77));
        std::fs::create_dir(proc.path().join("77")).expect("made");
        assert!(!is_gone(proc.path(), 77));
    }
}
