// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`StateStore`]: snapshots, leases and journals, on top of any [`Backend`].

use crate::{
    address::{RunId, StackName},
    clock::Clock,
    store::{
        Backend, LEASE_LASTS, LEASE_RENEWED_EVERY, Lease, Lock, LockInfo, Log, Object, OnlyIf, Snapshot,
        StoreError, StoreErrorKind, Version, Versioned,
        lease::Shared,
        lock::{LockRecord, Taken},
    },
};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};
use tokio::{sync::Mutex, time::Instant};

/// Keeps snapshots, leases and journals. Every [`Backend`] is one.
pub trait StateStore: fmt::Debug + Send + Sync + 'static {
    /// Where the snapshot of `stack` is, for people.
    fn place(&self, stack: &StackName) -> String;

    /// The snapshot of `stack`, if it has one.
    fn load<'a>(
        &'a self,
        stack: &'a StackName,
    ) -> BoxFuture<'a, Result<Option<Versioned<Snapshot>>, StoreError>>;

    /// Saves a snapshot if the stored one is still `expected` (`None`: there is none). All or nothing.
    ///
    /// A snapshot without resources is removed: there is nothing to remember.
    ///
    /// # Errors
    /// When the lease is lost, or the stored snapshot is another.
    fn save<'a>(
        &'a self,
        lease: &'a Lease,
        snapshot: &'a Snapshot,
        expected: Option<&'a Version>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>>;

    /// The right to work on `stack`, or at once who has it. A lock whose holder is gone is taken over: from then on nothing that
    /// holder writes is accepted.
    fn lock<'a>(
        &'a self,
        stack: &'a StackName,
        info: &'a LockInfo,
        clock: &'a Clock,
    ) -> BoxFuture<'a, Result<Lease, StoreError>>;

    /// How the lock of `stack` is; `None`: nobody ever took it.
    fn lock_of<'a>(
        &'a self,
        stack: &'a StackName,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Lock>, StoreError>>;

    /// Breaks the lock of `stack`, whoever holds it; who did. What that one still writes is refused.
    fn break_lock<'a>(
        &'a self,
        stack: &'a StackName,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>>;

    /// The stacks that have a snapshot or a lock that names unfinished runs, in order.
    fn list(&self) -> BoxFuture<'_, Result<Vec<StackName>, StoreError>>;

    /// Appends to the journal of a run, which ends at `at`; where it ends now. Durable when ready. May be repeated with the same
    /// bytes when its outcome is not known.
    ///
    /// # Errors
    /// When the lease is lost, by the clock or because somebody else has appended since.
    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        run: RunId,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// The journal of a run, if there is one.
    fn journal<'a>(
        &'a self,
        stack: &'a StackName,
        run: RunId,
    ) -> BoxFuture<'a, Result<Option<Log>, StoreError>>;

    /// Where the journal of a run is, for people.
    fn journal_place(&self, stack: &StackName, run: RunId) -> String;

    /// Removes the journal of a run that has ended.
    fn remove_journal<'a>(
        &'a self,
        stack: &'a StackName,
        run: RunId,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

fn snapshot_name(stack: &StackName) -> String {
    format!("{stack}.json")
}

fn lock_name(stack: &StackName) -> String {
    format!("{stack}.lock")
}

fn journal_name(stack: &StackName, run: RunId) -> String {
    format!("{stack}.{run}.journal")
}

/// What every snapshot's format begins with, or a mark that says that there is none under this lease.
#[derive(Deserialize)]
struct Head {
    format_version: u32,
    #[serde(default)]
    nothing: bool,
}

/// Stands where a snapshot would be, so that nobody who was there before can write one.
#[derive(Serialize)]
struct Nothing {
    format_version: u32,
    nothing: bool,
    lease: u64,
}

fn parse_snapshot(place: &str, stack: &StackName, bytes: &[u8]) -> Result<Option<Snapshot>, StoreError> {
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

fn text(place: &str, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| StoreError::new(StoreErrorKind::Corrupt(place.to_owned(), error.to_string())))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn parse_lock(place: &str, bytes: &[u8]) -> Result<LockRecord, StoreError> {
    #[derive(Deserialize)]
    struct Format {
        format_version: u32,
    }
    let corrupt = |error: serde_json::Error| {
        StoreError::new(StoreErrorKind::Corrupt(place.to_owned(), error.to_string()))
    };
    let format: Format = serde_json::from_slice(bytes).map_err(corrupt)?;
    if format.format_version > LockRecord::FORMAT {
        return Err(StoreError::new(StoreErrorKind::TooNew(place.to_owned(), format.format_version)));
    }
    serde_json::from_slice(bytes).map_err(corrupt)
}

fn runs_out(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(LEASE_LASTS).unwrap_or_default()).unwrap_or(now)
}

/// A lock record and its version.
type LockVersion = Option<(LockRecord, Version)>;

async fn read_lock<B: Backend>(backend: &B, name: &str) -> Result<LockVersion, StoreError> {
    let Some(Object { bytes, version }) = backend.get(name).await? else { return Ok(None) };
    Ok(Some((parse_lock(&backend.place(name), &bytes)?, version)))
}

async fn put_lock<B: Backend>(
    backend: &B,
    name: &str,
    record: &LockRecord,
    over: Option<&Version>,
) -> Result<Option<Version>, StoreError> {
    let bytes = text(&backend.place(name), record)?;
    backend.put(name, bytes, over.map_or(OnlyIf::Absent, OnlyIf::Is)).await
}

/// Runs whose journals are there although no lock tells of them: the lock was lost, by hand or otherwise.
async fn stray_journals<B: Backend>(backend: &B, stack: &StackName) -> Result<Vec<RunId>, StoreError> {
    let prefix = format!("{stack}.");
    let names = backend.list(&prefix).await?;
    let runs =
        names.iter().filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix(".journal")?.parse().ok());
    let mut runs: Vec<RunId> = runs.collect();
    runs.sort();
    Ok(runs)
}

async fn take<B: Backend>(
    backend: &B,
    stack: &StackName,
    info: &LockInfo,
    clock: &Clock,
) -> Result<Lease, StoreError> {
    let name = lock_name(stack);
    let attempt = RunId::generate();
    // Noted before it is written: whoever is dropped in between must not leave a lock that looks held.
    let taken = Taken::note(attempt);
    loop {
        let now = clock.now();
        let asked = (Instant::now(), now);
        let found = read_lock(backend, &name).await?;
        let mine = found.as_ref().is_some_and(|(record, _)| record.attempt == attempt);
        if let Some((record, _)) = &found
            && !mine
            && record.held_by.is_some()
            && !record.is_stale(now)
        {
            let info = record.held_by.clone().map(Box::new);
            taken.forget();
            return Err(StoreError::new(StoreErrorKind::Locked { stack: stack.clone(), info }));
        }
        // The one before may still be about to write: what it writes must be refused from now on.
        let fence = found.as_ref().is_some_and(|(record, _)| record.broken || record.held_by.is_some());
        let (record, version) = if mine && let Some(mine) = found {
            mine
        } else {
            let unfinished = match &found {
                Some((before, _)) => before.runs(),
                None => stray_journals(backend, stack).await?,
            };
            let record = LockRecord {
                format_version: LockRecord::FORMAT,
                token: found.as_ref().map_or(0, |(before, _)| before.token) + 1,
                attempt,
                held_by: Some(info.clone()),
                expires: runs_out(now),
                broken: fence,
                unfinished,
            };
            match put_lock(backend, &name, &record, found.as_ref().map(|(_, version)| version)).await? {
                Some(version) => (record, version),
                // Somebody else was quicker; or it was this very write, whose answer was lost and that was sent again.
                None => continue,
            }
        };
        let (token, unfinished) = (record.token, record.unfinished.clone());
        if fence {
            seal(backend, stack, token).await?;
        }
        let shared = Arc::new(Shared::new(stack.clone(), token, clock.clone(), asked));
        let stored = Arc::new(Mutex::new((record, version)));
        let renewing =
            tokio::spawn(renew(backend.clone(), name.clone(), Arc::clone(&stored), Arc::clone(&shared)));
        let give_up = {
            let backend = backend.clone();
            Box::new(move |unfinished: Vec<RunId>| -> BoxFuture<'static, Result<(), StoreError>> {
                Box::pin(async move { give_up(&backend, &name, stored, unfinished).await })
            })
        };
        return Ok(Lease::new(shared, unfinished, renewing, give_up, taken));
    }
}

/// Writes the snapshot anew under this lease, so that whoever holds an earlier version of it can no longer save.
async fn seal<B: Backend>(backend: &B, stack: &StackName, token: u64) -> Result<(), StoreError> {
    let name = snapshot_name(stack);
    let place = backend.place(&name);
    loop {
        let found = backend.get(&name).await?;
        let bytes = match &found {
            Some(object) => match parse_snapshot(&place, stack, &object.bytes)? {
                Some(mut snapshot) => {
                    snapshot.lease = token;
                    text(&place, &snapshot)?
                }
                None => nothing(&place, token)?,
            },
            None => nothing(&place, token)?,
        };
        let only_if = found.as_ref().map_or(OnlyIf::Absent, |object| OnlyIf::Is(&object.version));
        if found.as_ref().is_some_and(|object| object.bytes == bytes)
            || backend.put(&name, bytes, only_if).await?.is_some()
        {
            return Ok(());
        }
    }
}

fn nothing(place: &str, token: u64) -> Result<Vec<u8>, StoreError> {
    text(place, &Nothing { format_version: Snapshot::FORMAT, nothing: true, lease: token })
}

/// Renews a lease until it is lost.
async fn renew<B: Backend>(
    backend: B,
    name: String,
    stored: Arc<Mutex<(LockRecord, Version)>>,
    shared: Arc<Shared>,
) {
    loop {
        tokio::time::sleep(LEASE_RENEWED_EVERY).await;
        let now = shared.clock.now();
        let asked = (Instant::now(), now);
        let mut stored = stored.lock().await;
        let mut record = stored.0.clone();
        record.expires = runs_out(now);
        match put_lock(&backend, &name, &record, Some(&stored.1)).await {
            Ok(Some(version)) => {
                *stored = (record, version);
                shared.confirm(asked);
            }
            // Taken; or our own writing, whose answer was lost.
            Ok(None) => match read_lock(&backend, &name).await {
                Ok(Some((found, version))) if found.attempt == record.attempt && found.held_by.is_some() => {
                    *stored = (found, version);
                    shared.confirm(asked);
                }
                Ok(found) => return shared.lose(found.and_then(|(record, _)| record.held_by)),
                Err(error) => tracing::warn!(%error, "the lock could not be read"),
            },
            // The lease lasts for a few more tries.
            Err(error) => tracing::warn!(%error, "the lock could not be renewed"),
        }
    }
}

async fn give_up<B: Backend>(
    backend: &B,
    name: &str,
    stored: Arc<Mutex<(LockRecord, Version)>>,
    unfinished: Vec<RunId>,
) -> Result<(), StoreError> {
    let stored = stored.lock().await;
    let mut record = stored.0.clone();
    record.held_by = None;
    record.broken = false;
    record.unfinished = unfinished;
    let mut over = stored.1.clone();
    loop {
        if put_lock(backend, name, &record, Some(&over)).await?.is_some() {
            return Ok(());
        }
        match read_lock(backend, name).await? {
            Some((found, version)) if found.attempt == record.attempt && found.held_by.is_some() => {
                over = version
            }
            // Given up already, or no longer ours to give up.
            _ => return Ok(()),
        }
    }
}

async fn break_lock<B: Backend>(
    backend: &B,
    stack: &StackName,
    now: Timestamp,
) -> Result<Option<LockInfo>, StoreError> {
    let name = lock_name(stack);
    loop {
        let Some((before, version)) = read_lock(backend, &name).await? else { return Ok(None) };
        let Some(holder) = before.held_by.clone() else { return Ok(None) };
        let record = LockRecord {
            token: before.token + 1,
            attempt: RunId::generate(),
            held_by: None,
            expires: now,
            broken: true,
            unfinished: before.runs(),
            ..before
        };
        if put_lock(backend, &name, &record, Some(&version)).await?.is_some() {
            return Ok(Some(holder));
        }
    }
}

impl<B: Backend> StateStore for B {
    fn place(&self, stack: &StackName) -> String {
        Backend::place(self, &snapshot_name(stack))
    }

    fn load<'a>(
        &'a self,
        stack: &'a StackName,
    ) -> BoxFuture<'a, Result<Option<Versioned<Snapshot>>, StoreError>> {
        Box::pin(async move {
            let name = snapshot_name(stack);
            let Some(Object { bytes, version }) = self.get(&name).await? else { return Ok(None) };
            let value = parse_snapshot(&Backend::place(self, &name), stack, &bytes)?;
            Ok(value.map(|value| Versioned { value, version }))
        })
    }

    fn save<'a>(
        &'a self,
        lease: &'a Lease,
        snapshot: &'a Snapshot,
        expected: Option<&'a Version>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        Box::pin(async move {
            let name = snapshot_name(&snapshot.stack);
            let place = Backend::place(self, &name);
            lease.guard().check()?;
            let conflict = || StoreError::new(StoreErrorKind::Conflict(snapshot.stack.clone()));
            let mark = match expected {
                Some(_) => None,
                None => match self.get(&name).await? {
                    None => None,
                    Some(object) => match parse_snapshot(&place, &snapshot.stack, &object.bytes) {
                        Ok(None) => Some(object.version),
                        // What cannot be read is somebody's all the same.
                        Ok(Some(_)) | Err(_) => return Err(conflict()),
                    },
                },
            };
            let over = expected.or(mark.as_ref());
            if snapshot.is_empty() {
                return match over {
                    None => Ok(None),
                    Some(over) if self.remove(&name, over).await? => Ok(None),
                    Some(_) => match self.get(&name).await? {
                        // Removed by this very call, whose answer was lost.
                        None if expected.is_none() || mark.is_some() => Ok(None),
                        _ => Err(conflict()),
                    },
                };
            }
            let mut value = std::borrow::Cow::Borrowed(snapshot);
            if value.lease != lease.token() {
                value.to_mut().lease = lease.token();
            }
            let bytes = text(&place, &*value)?;
            let only_if = over.map_or(OnlyIf::Absent, OnlyIf::Is);
            if let Some(version) = self.put(&name, bytes.clone(), only_if).await? {
                return Ok(Some(version));
            }
            // This very write, whose answer was lost and that was sent again.
            match self.get(&name).await? {
                Some(object) if object.bytes == bytes => Ok(Some(object.version)),
                _ => Err(conflict()),
            }
        })
    }

    fn lock<'a>(
        &'a self,
        stack: &'a StackName,
        info: &'a LockInfo,
        clock: &'a Clock,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(take(self, stack, info, clock))
    }

    fn lock_of<'a>(
        &'a self,
        stack: &'a StackName,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Lock>, StoreError>> {
        Box::pin(async move {
            let found = read_lock(self, &lock_name(stack)).await?;
            Ok(found.map(|(record, _)| record.to_lock(now)))
        })
    }

    fn break_lock<'a>(
        &'a self,
        stack: &'a StackName,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>> {
        Box::pin(break_lock(self, stack, now))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<StackName>, StoreError>> {
        Box::pin(async move {
            let names = Backend::list(self, "").await?;
            let stacks = names.iter().filter_map(|name| {
                let (stack, rest) = name.split_once('.')?;
                (rest == "json" || rest.ends_with(".journal")).then(|| stack.parse().ok())?
            });
            let mut stacks: Vec<StackName> = stacks.collect();
            stacks.sort();
            stacks.dedup();
            Ok(stacks)
        })
    }

    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        run: RunId,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            lease.guard().check()?;
            if at == 0 {
                // Later appends are refused once somebody has taken the run up; of this one nobody knows yet.
                let found = read_lock(self, &lock_name(lease.stack())).await?;
                let holder = found.filter(|(record, _)| record.token != lease.token());
                if let Some((record, _)) = holder {
                    let (stack, taken_by) = (lease.stack().clone(), record.held_by.map(Box::new));
                    return Err(StoreError::new(StoreErrorKind::LeaseLost { stack, taken_by }));
                }
            }
            match Backend::append(self, &journal_name(lease.stack(), run), at, bytes).await? {
                Some(end) => Ok(end),
                None => {
                    let stack = lease.stack().clone();
                    Err(StoreError::new(StoreErrorKind::LeaseLost { stack, taken_by: None }))
                }
            }
        })
    }

    fn journal<'a>(
        &'a self,
        stack: &'a StackName,
        run: RunId,
    ) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        Box::pin(async move { self.read_log(&journal_name(stack, run)).await })
    }

    fn journal_place(&self, stack: &StackName, run: RunId) -> String {
        Backend::place(self, &journal_name(stack, run))
    }

    fn remove_journal<'a>(
        &'a self,
        stack: &'a StackName,
        run: RunId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.remove_log(&journal_name(stack, run)).await })
    }
}
