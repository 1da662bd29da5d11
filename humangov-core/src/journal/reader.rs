// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`read`]: a journal's bytes in, its records out. Pure.

use crate::{
    address::RunId,
    journal::{Begun, FORMAT, Record, RecordKind},
    store::{Log, StoreError, StoreErrorKind},
};
use serde::Deserialize;
use std::fmt;

/// A journal as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// The run.
    pub run: RunId,
    /// What the run began with; `None`: it had not come to write that down whole, and so has done nothing.
    pub begun: Option<Box<Begun>>,
    /// The records after that one.
    pub records: Vec<Record>,
    /// Where the next record goes in the log.
    pub end: u64,
    /// The place of the next record in the journal.
    pub next: u64,
}

impl Journal {
    /// Whether the run has ended: nothing is left to be done but to remove the journal.
    pub fn is_closed(&self) -> bool {
        self.begun.is_none()
            || matches!(self.records.last(), Some(Record { kind: RecordKind::Closed { .. }, .. }))
    }
}

/// The journal in `log`, of `run`, kept at `place`.
///
/// What was being written when the writer died may be there in part: a last line that is not whole is left out, and so is one
/// before a record that takes the run up again. Whoever wrote it had not yet done what it says. Whoever took the run up may have
/// died in writing that, and the next one too: then several lines in a row are cut off.
///
/// # Errors
/// When a line before the last is damaged, when records are missing, or when a newer version wrote it.
pub fn read(run: RunId, place: &str, log: &Log) -> Result<Journal, StoreError> {
    let mut journal = Journal { run, begun: None, records: Vec::new(), end: log.end, next: 0 };
    let mut torn: Option<Torn> = None;
    let damaged = |why: String, readable: u64| {
        StoreError::new(StoreErrorKind::CorruptJournal { run, place: place.to_owned(), why, readable })
    };
    for (number, line) in log.bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let record = match line_of(line) {
            Ok(record) => record,
            Err(LineError::TooNew(version)) => {
                return Err(StoreError::new(StoreErrorKind::TooNew(place.to_owned(), version)));
            }
            Err(LineError::Damaged(why)) => {
                let cut_off = is_cut_off(line);
                match &torn {
                    None => torn = Some(Torn { number, why, cut_off }),
                    // One was being written when the writer died. Of two, one was whole once.
                    Some(first) if !(first.cut_off && cut_off) => {
                        return Err(damaged(first.to_string(), journal.next));
                    }
                    Some(_) => {}
                }
                continue;
            }
        };
        if let Some(torn) = torn.take()
            && !matches!(record.kind, RecordKind::TakenUp { .. })
        {
            return Err(damaged(torn.to_string(), journal.next));
        }
        if record.run != run {
            return Err(damaged(format!("line {} is of run {}", number + 1, record.run), journal.next));
        }
        if record.sequence != journal.next {
            let why = format!("line {} is record {}", number + 1, record.sequence);
            return Err(damaged(format!("{why}; record {} is missing", journal.next), journal.next));
        }
        journal.next += 1;
        match (record, journal.begun.is_some()) {
            (record, true) => journal.records.push(record),
            (Record { kind: RecordKind::Begun(begun), .. }, false) => journal.begun = Some(begun),
            // It was taken up before it had begun.
            (Record { kind: RecordKind::TakenUp { .. } | RecordKind::Closed { .. }, .. }, false) => {}
            (_, false) => return Err(damaged("it does not begin with what it is to do".to_owned(), 0)),
        }
    }
    Ok(journal)
}

enum LineError {
    TooNew(u32),
    Damaged(String),
}

/// A line that is not whole.
struct Torn {
    number: usize,
    why: String,
    cut_off: bool,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number + 1, self.why)
    }
}

/// Whether a line that is damaged is the beginning of one.
fn is_cut_off(line: &[u8]) -> bool {
    let json = line.get(9..).unwrap_or_default();
    serde_json::from_slice::<serde::de::IgnoredAny>(json).is_err_and(|error| error.is_eof())
}

/// What records of all formats begin with.
#[derive(Deserialize)]
struct Head {
    v: u32,
}

fn line_of(line: &[u8]) -> Result<Record, LineError> {
    let damaged = |why: &str| LineError::Damaged(why.to_owned());
    let (Some(sum), Some(b' '), Some(json)) = (line.get(..8), line.get(8), line.get(9..)) else {
        return Err(damaged("it is cut off"));
    };
    let sum = str::from_utf8(sum).ok().and_then(|sum| u32::from_str_radix(sum, 16).ok());
    if sum != Some(crc32fast::hash(json)) {
        return Err(damaged("its checksum does not fit"));
    }
    let head: Head = serde_json::from_slice(json).map_err(|error| LineError::Damaged(error.to_string()))?;
    if head.v > FORMAT {
        return Err(LineError::TooNew(head.v));
    }
    serde_json::from_slice(json).map_err(|error| LineError::Damaged(error.to_string()))
}
