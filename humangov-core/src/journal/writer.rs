// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Writer`]: puts records together, and writes what came together at once.

use crate::{
    address::{Address, RunId},
    clock::Clock,
    journal::{Ended, FORMAT, Note, Recovery, StepName},
    plan::{Imports, Plan},
    store::{Lease, LockInfo, Snapshot, StateStore, StoreError},
    value::Json,
};
use jiff::Timestamp;
use serde::Serialize;
use std::{io::Write, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a write that fails in passing is tried again. Whoever cannot write for that long does not work either.
const TRIED_FOR: Duration = Duration::from_secs(15);

/// Records that wait to be written, and where they go.
pub(crate) struct Writer {
    run: RunId,
    clock: Clock,
    next: u64,
    end: u64,
    waiting: Vec<u8>,
}

/// What came together, to be written at once.
pub(crate) struct Batch {
    run: RunId,
    at: u64,
    bytes: Vec<u8>,
}

/// [`RecordKind`](crate::journal::RecordKind), of what somebody else owns: a plan is large.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind<'a> {
    Begun(BegunBy<'a>),
    Started {
        step: &'a StepName,
        #[serde(skip_serializing_if = "Option::is_none")]
        spec: Option<&'a Json>,
    },
    Noted {
        step: &'a StepName,
        note: &'a Note,
    },
    Ended(&'a Ended),
    Stopping {
        unwind: bool,
    },
    Stuck,
    TakenUp {
        by: &'a LockInfo,
        recovery: Recovery,
    },
    Orphaned {
        address: &'a Address,
    },
    Closed {
        outcome: &'a str,
    },
}

/// [`Begun`](crate::journal::Begun), of what somebody else owns.
#[derive(Serialize)]
pub(crate) struct BegunBy<'a> {
    pub version: &'a str,
    pub by: &'a LockInfo,
    pub plan: &'a Plan,
    pub imports: &'a Imports,
    pub snapshot: Option<&'a Snapshot>,
    pub undo_on_failure: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    n: u64,
    run: RunId,
    at: Timestamp,
    kind: Kind<'a>,
}

impl Writer {
    /// Writes the journal of `run` from its beginning.
    pub fn new(run: RunId, clock: Clock) -> Self {
        Self::at(run, clock, 0, 0)
    }

    /// Goes on with the journal of `run`, whose next record is the `next`-th, where its log ends.
    pub fn at(run: RunId, clock: Clock, next: u64, end: u64) -> Self {
        Self { run, clock, next, end, waiting: Vec::new() }
    }

    /// Puts a record with those that wait.
    pub fn push(&mut self, kind: Kind<'_>) {
        // What a killed writer left of its last line ends here.
        if self.waiting.is_empty() && matches!(kind, Kind::TakenUp { .. }) {
            self.waiting.push(b'\n');
        }
        let line = Line { v: FORMAT, n: self.next, run: self.run, at: self.clock.now(), kind };
        self.next += 1;
        let start = self.waiting.len();
        self.waiting.extend_from_slice(b"00000000 ");
        let json = start + 9;
        serde_json::to_writer(&mut self.waiting, &line).expect("records are JSON, and memory is no file");
        let sum = crc32fast::hash(&self.waiting[json..]);
        let mut head = &mut self.waiting[start..json];
        write!(head, "{sum:08x}").expect("eight digits fit");
        self.waiting.push(b'\n');
    }

    /// Whether anything waits.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// All that waits, as one write. The next batch may be written once this one is.
    pub fn batch(&mut self) -> Batch {
        let bytes = std::mem::take(&mut self.waiting);
        Batch { run: self.run, at: self.end, bytes }
    }

    /// Takes in where the log ends.
    pub fn written(&mut self, end: u64) {
        self.end = end;
    }

    /// Writes all that waits.
    pub async fn flush(&mut self, store: &dyn StateStore, lease: &Lease) -> Result<(), StoreError> {
        if self.has_waiting() {
            let batch = self.batch();
            self.end = batch.write(store, lease).await?;
        }
        Ok(())
    }
}

impl Batch {
    /// Writes it, trying again while that may help; where the log ends then.
    pub async fn write(&self, store: &dyn StateStore, lease: &Lease) -> Result<u64, StoreError> {
        let give_up = Instant::now() + TRIED_FOR;
        let mut wait = Duration::from_millis(100);
        loop {
            match store.append_to_journal(lease, self.run, self.at, &self.bytes).await {
                Err(error) if error.is_passing() && Instant::now() + wait < give_up => {
                    tracing::warn!(%error, "the journal could not be written");
                    sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(2));
                }
                answer => return answer,
            }
        }
    }
}
