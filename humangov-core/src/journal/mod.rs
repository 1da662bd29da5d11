// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run writes down before it does it: a write-ahead log, one for each run, from which the run can be brought to its end by
//! somebody who has nothing but the log and the account.
//!
//! The first record holds the whole plan and the snapshot it begins from. Then comes an intent before every step's first call and
//! an outcome after its last; each is durable before anything depends on it. Records name steps by address, never by index.

mod reader;
mod record;
mod writer;

pub use reader::{Journal, read};
pub use record::{Begun, Ended, FORMAT, Failed, Left, Note, Record, RecordKind, Recovery, StepName};
pub(crate) use writer::{Batch, BegunBy, Kind, Writer};
