// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a lease is taken, renewed, given up and broken, by nothing but conditional writes of one small object.
//!
//! A lock that is given up is free. Any other that is taken was held by somebody who may still be about to write, so whoever takes
//! it fences first: the snapshot is written anew with the token of the new lease, and every journal gets an empty line. What the
//! one before then writes meets another version or another end, and is refused.

use crate::{
    address::{RunId, StackName},
    clock::Clock,
    store::{
        Backend, LEASE_LASTS, LEASE_RENEWED_EVERY, Lease, LockInfo, Object, OnlyIf, StoreError,
        StoreErrorKind, Version,
        layout::{Head, journal_name, lock_name, nothing, parse_snapshot, runs_of, snapshot_name, text},
        lease::Shared,
        lock::{LockRecord, Sealed, Taken},
    },
};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

/// How soon a lease that could not be renewed is tried again.
const RENEWED_AGAIN: Duration = Duration::from_secs(1);

/// More leases than there can have been since the last one that saved a snapshot.
const LEASES_UNTOLD: u64 = 1 << 32;

/// A lock record and its version.
type Stored = (LockRecord, Version);

pub(super) async fn read_lock<B: Backend>(
    backend: &B,
    stack: &StackName,
) -> Result<Option<Stored>, StoreError> {
    let name = lock_name(stack);
    let Some(Object { bytes, version }) = backend.get(&name).await? else { return Ok(None) };
    Ok(Some((parse_lock(stack, &backend.place(&name), &bytes)?, version)))
}

fn parse_lock(stack: &StackName, place: &str, bytes: &[u8]) -> Result<LockRecord, StoreError> {
    #[derive(Deserialize)]
    struct Format {
        format_version: u32,
    }
    let corrupt = |error: serde_json::Error| {
        let (stack, place, why) = (stack.clone(), place.to_owned(), error.to_string());
        StoreError::new(StoreErrorKind::CorruptLock { stack, place, why })
    };
    let format: Format = serde_json::from_slice(bytes).map_err(corrupt)?;
    if format.format_version > LockRecord::FORMAT {
        return Err(StoreError::new(StoreErrorKind::TooNew(place.to_owned(), format.format_version)));
    }
    serde_json::from_slice(bytes).map_err(corrupt)
}

async fn put_lock<B: Backend>(
    backend: &B,
    stack: &StackName,
    record: &LockRecord,
    over: Option<&Version>,
) -> Result<Option<Version>, StoreError> {
    let name = lock_name(stack);
    let bytes = text(&backend.place(&name), record)?;
    backend.put(&name, bytes, over.map_or(OnlyIf::Absent, OnlyIf::Is)).await
}

fn runs_out(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(LEASE_LASTS).unwrap_or_default()).unwrap_or(now)
}

/// Takes the lock of `stack`, or tells who has it.
pub(super) async fn take<B: Backend>(
    backend: &B,
    stack: &StackName,
    info: &LockInfo,
    clock: &Clock,
) -> Result<Lease, StoreError> {
    let attempt = RunId::generate();
    // From here on: if this fails or is dropped half-way, what it may have written is nobody's.
    let taken = Taken::note(attempt);
    // When the lock was first asked for: its lease is counted from there, whichever of several writes it was that worked.
    let mut first = None;
    loop {
        let now = clock.now();
        let found = read_lock(backend, stack).await?;
        if let Some((record, version)) = &found
            && record.attempt == attempt
        {
            // Our own writing, whose answer was lost.
            let asked = first.unwrap_or((Instant::now(), now));
            return hold(backend, (record.clone(), version.clone()), stack, clock, asked, taken).await;
        }
        if let Some((record, _)) = &found
            && record.held_by.is_some()
            && !record.is_stale(now)
        {
            taken.forget();
            let info = record.held_by.clone().map(Box::new);
            return Err(StoreError::new(StoreErrorKind::Locked { stack: stack.clone(), info }));
        }
        let record = next(backend, stack, found.as_ref().map(|(record, _)| record)).await?;
        let record = LockRecord { attempt, held_by: Some(info.clone()), expires: runs_out(now), ..record };
        let asked = *first.get_or_insert((Instant::now(), now));
        // Refused: somebody else was quicker; or it was this very write, whose answer was lost and that was sent again.
        if let Some(version) =
            put_lock(backend, stack, &record, found.as_ref().map(|(_, version)| version)).await?
        {
            return hold(backend, (record, version), stack, clock, asked, taken).await;
        }
    }
}

/// The record after `before`, for somebody to hold.
async fn next<B: Backend>(
    backend: &B,
    stack: &StackName,
    before: Option<&LockRecord>,
) -> Result<LockRecord, StoreError> {
    let sealed = before.and_then(|before| before.sealed.clone());
    let (token, broken, fenced, unfinished) = if let Some(before) = before {
        let broken = before.broken || before.held_by.is_some();
        (before.token, broken, before.fenced, before.runs())
    } else {
        // The first lock of all; or what there was is lost, and the snapshot and the journals tell what came before.
        let unfinished = runs_of(backend, stack).await?;
        let saved = backend.get(&snapshot_name(stack)).await?;
        let token = saved.map_or(0, |object| Head::lease_of(&object.bytes).saturating_add(LEASES_UNTOLD));
        (token, !unfinished.is_empty(), false, unfinished)
    };
    Ok(LockRecord {
        format_version: LockRecord::FORMAT,
        token: token.saturating_add(1),
        attempt: RunId::from_u128(0),
        held_by: None,
        expires: Timestamp::UNIX_EPOCH,
        broken,
        fenced: fenced || broken,
        unfinished,
        sealed,
    })
}

/// The lease of a lock that is taken.
async fn hold<B: Backend>(
    backend: &B,
    (mut record, version): Stored,
    stack: &StackName,
    clock: &Clock,
    asked: (Instant, Timestamp),
    taken: Taken,
) -> Result<Lease, StoreError> {
    let unfinished = if record.broken {
        record.sealed = seal(backend, stack, record.token).await?;
        fence_journals(backend, stack, &record.unfinished).await?
    } else {
        record.unfinished.clone()
    };
    let sealed = record.sealed.clone();
    let shared = Arc::new(Shared::new(stack.clone(), record.token, record.fenced, clock.clone(), asked));
    let stored = Arc::new(Mutex::new((record, version)));
    let renewing = tokio::spawn(renew(backend.clone(), Arc::clone(&stored), Arc::clone(&shared)));
    let (backend, stack) = (backend.clone(), stack.clone());
    let give_up = Box::new(move |unfinished: Vec<RunId>| -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move { give_up(&backend, &stack, &stored, unfinished).await })
    });
    Ok(Lease::new(shared, (unfinished, sealed), renewing, give_up, taken))
}

/// Writes the snapshot anew under this lease, so that whoever holds an earlier version of it can no longer save; which version was
/// written over which, unless there was none or it was sealed before.
async fn seal<B: Backend>(backend: &B, stack: &StackName, token: u64) -> Result<Option<Sealed>, StoreError> {
    let name = snapshot_name(stack);
    let place = backend.place(&name);
    let mut over = None;
    loop {
        let found = backend.get(&name).await?;
        let saved = match &found {
            Some(object) => parse_snapshot(&place, stack, &object.bytes)?,
            None => None,
        };
        let bytes = match saved {
            Some(mut snapshot) => {
                snapshot.lease = token;
                text(&place, &snapshot)?
            }
            None => nothing(&place, token)?,
        };
        if let Some(Object { version, .. }) = found.as_ref().filter(|object| object.bytes == bytes) {
            // It is so already, perhaps by our own writing, whose answer was lost.
            return Ok(over.map(|over| Sealed { over, by: version.clone() }));
        }
        over = found.map(|object| object.version);
        let only_if = over.as_ref().map_or(OnlyIf::Absent, OnlyIf::Is);
        if let Some(by) = backend.put(&name, bytes, only_if).await? {
            return Ok(over.map(|over| Sealed { over, by }));
        }
    }
}

/// Ends every journal of `stack` anew, so that nobody who knows where one ended can go on with it; whose they are. `known`: whose
/// there may be.
///
/// An empty line says nothing, and ends one that was cut off.
async fn fence_journals<B: Backend>(
    backend: &B,
    stack: &StackName,
    known: &[RunId],
) -> Result<Vec<RunId>, StoreError> {
    let mut runs = runs_of(backend, stack).await?;
    runs.extend(known);
    runs.sort();
    runs.dedup();
    let mut unfinished = Vec::new();
    for run in runs {
        let name = journal_name(stack, run);
        loop {
            let Some(log) = backend.read_log(&name).await? else {
                // Whoever removed it may not have come to the end of that.
                backend.remove_log(&name).await?;
                break;
            };
            if backend.append(&name, log.end, b"\n").await?.is_some() {
                unfinished.push(run);
                break;
            }
        }
    }
    Ok(unfinished)
}

/// Renews a lease until it is lost.
async fn renew<B: Backend>(backend: B, stored: Arc<Mutex<Stored>>, shared: Arc<Shared>) {
    let mut wait = LEASE_RENEWED_EVERY;
    loop {
        sleep(wait).await;
        // Whoever works under it stops; renewed, it would only keep others out.
        if shared.check().is_err() {
            return;
        }
        // A store that does not answer must not use up the time in which it could be asked again.
        match timeout(LEASE_RENEWED_EVERY, renew_once(&backend, &stored, &shared)).await {
            Ok(Ok(true)) => wait = LEASE_RENEWED_EVERY,
            Ok(Ok(false)) => return,
            Ok(Err(error)) => {
                tracing::warn!(%error, stack = %shared.stack, "the lock could not be renewed");
                wait = RENEWED_AGAIN;
            }
            Err(_) => {
                tracing::warn!(stack = %shared.stack, "the lock could not be renewed: no answer");
                wait = RENEWED_AGAIN;
            }
        }
    }
}

/// Renews a lease; whether it is still ours.
async fn renew_once<B: Backend>(
    backend: &B,
    stored: &Mutex<Stored>,
    shared: &Shared,
) -> Result<bool, StoreError> {
    let mut stored = stored.lock().await;
    loop {
        let now = shared.clock.now();
        let asked = (Instant::now(), now);
        let record = LockRecord { expires: runs_out(now), ..stored.0.clone() };
        if let Some(version) = put_lock(backend, &shared.stack, &record, Some(&stored.1)).await? {
            *stored = (record, version);
            shared.confirm(asked);
            return Ok(true);
        }
        match read_lock(backend, &shared.stack).await? {
            Some((found, version)) if found.attempt == record.attempt && found.held_by.is_some() => {
                // Our own writing: this one, whose answer was lost, or an earlier one that came late and proves less.
                let is_this = found.expires == record.expires;
                *stored = (found, version);
                if is_this {
                    shared.confirm(asked);
                    return Ok(true);
                }
            }
            found => {
                shared.lose(found.and_then(|(record, _)| record.held_by));
                return Ok(false);
            }
        }
    }
}

async fn give_up<B: Backend>(
    backend: &B,
    stack: &StackName,
    stored: &Mutex<Stored>,
    unfinished: Vec<RunId>,
) -> Result<(), StoreError> {
    let stored = stored.lock().await;
    let record = LockRecord { held_by: None, broken: false, unfinished, ..stored.0.clone() };
    let mut over = stored.1.clone();
    loop {
        if put_lock(backend, stack, &record, Some(&over)).await?.is_some() {
            return Ok(());
        }
        match read_lock(backend, stack).await? {
            // A renewal that came late.
            Some((found, version)) if found.attempt == record.attempt && found.held_by.is_some() => {
                over = version;
            }
            // Given up already, or no longer ours to give up.
            _ => return Ok(()),
        }
    }
}

/// Breaks the lock of `stack`; who held it, if that can be read.
pub(super) async fn break_lock<B: Backend>(
    backend: &B,
    stack: &StackName,
    mut meant: Option<u64>,
    now: Timestamp,
) -> Result<Option<LockInfo>, StoreError> {
    let attempt = RunId::generate();
    let name = lock_name(stack);
    let mut held = None;
    loop {
        let Some(Object { bytes, version }) = backend.get(&name).await? else { return Ok(None) };
        let before = match parse_lock(stack, &backend.place(&name), &bytes) {
            // Our own writing, whose answer was lost.
            Ok(before) if before.attempt == attempt => return Ok(held),
            Ok(before) if before.held_by.is_none() => return Ok(None),
            Ok(before) if meant.is_some_and(|token| token != before.token) => {
                let info = before.held_by.map(Box::new);
                return Err(StoreError::new(StoreErrorKind::Locked { stack: stack.clone(), info }));
            }
            Ok(before) => before,
            // Damaged: somebody may hold it.
            Err(error) if matches!(error.kind(), StoreErrorKind::CorruptLock { .. }) => {
                next(backend, stack, None).await?
            }
            Err(error) => return Err(error),
        };
        // Whoever may have it when this is tried again is not meant.
        meant = Some(before.token);
        held.clone_from(&before.held_by);
        let record = LockRecord {
            token: before.token.saturating_add(1),
            attempt,
            held_by: None,
            expires: now,
            broken: true,
            fenced: true,
            unfinished: before.runs(),
            ..before
        };
        if put_lock(backend, stack, &record, Some(&version)).await?.is_some() {
            return Ok(held);
        }
    }
}
