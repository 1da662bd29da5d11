// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a store keeps for a stack, under which names, and as what text.

use crate::{
    address::{RunId, StackName},
    store::{Backend, Snapshot, StoreError, StoreErrorKind},
};
use serde::{Deserialize, Serialize};

pub(super) fn snapshot_name(stack: &StackName) -> String {
    format!("{stack}.json")
}

pub(super) fn lock_name(stack: &StackName) -> String {
    format!("{stack}.lock")
}

pub(super) fn journal_name(stack: &StackName, run: RunId) -> String {
    format!("{stack}.{run}.journal")
}

/// The runs of `stack` that have a journal, oldest first.
pub(super) async fn runs_of<B: Backend>(backend: &B, stack: &StackName) -> Result<Vec<RunId>, StoreError> {
    let prefix = format!("{stack}.");
    let names = backend.list(&prefix).await?;
    let runs =
        names.iter().filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix(".journal")?.parse().ok());
    let mut runs: Vec<RunId> = runs.collect();
    runs.sort();
    Ok(runs)
}

/// What every snapshot's format begins with, or a mark that says that there is none under this lease.
#[derive(Deserialize)]
pub(super) struct Head {
    format_version: u32,
    #[serde(default)]
    nothing: bool,
    #[serde(default)]
    lease: u64,
}

impl Head {
    /// The token of the lease under which these bytes were written, as far as they tell.
    pub fn lease_of(bytes: &[u8]) -> u64 {
        serde_json::from_slice(bytes).map_or(0, |head: Self| head.lease)
    }
}

/// Stands where a snapshot would be, so that nobody who was there before can write one.
#[derive(Serialize)]
struct Mark {
    format_version: u32,
    nothing: bool,
    lease: u64,
}

/// The snapshot in `bytes`; `None`: they are a mark that says that there is none.
pub(super) fn parse_snapshot(
    place: &str,
    stack: &StackName,
    bytes: &[u8],
) -> Result<Option<Snapshot>, StoreError> {
    let corrupt = |why: String| StoreError::new(StoreErrorKind::Corrupt(place.to_owned(), why));
    let head: Head = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
    if head.format_version > Snapshot::FORMAT {
        return Err(StoreError::new(StoreErrorKind::TooNew(place.to_owned(), head.format_version)));
    }
    if head.nothing {
        return Ok(None);
    }
    let value: Snapshot = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
    if value.stack != *stack {
        return Err(corrupt(format!("it is of stack {}", value.stack)));
    }
    Ok(Some(value))
}

/// The mark that says that there is no snapshot under the lease of this token.
pub(super) fn nothing(place: &str, token: u64) -> Result<Vec<u8>, StoreError> {
    text(place, &Mark { format_version: Snapshot::FORMAT, nothing: true, lease: token })
}

/// What is kept of `value` at `place`.
pub(super) fn text(place: &str, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| StoreError::new(StoreErrorKind::Corrupt(place.to_owned(), error.to_string())))?;
    bytes.push(b'\n');
    Ok(bytes)
}
