// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`StateStore`]: snapshots, leases and journals, on top of any [`Backend`].

use crate::{
    address::{RunId, StackName},
    clock::Clock,
    store::{
        Backend, Lease, Lock, LockInfo, Log, Object, OnlyIf, Snapshot, StoreError, StoreErrorKind, Version,
        Versioned,
        layout::{Head, journal_name, nothing, parse_snapshot, runs_of, snapshot_name, text},
        locking::{break_lock, read_lock, take},
    },
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::{borrow::Cow, fmt};

/// Keeps snapshots, leases and journals. Every [`Backend`] is one.
pub trait StateStore: fmt::Debug + Send + Sync + 'static {
    /// Where the snapshot of `stack` is, for people.
    fn snapshot_place(&self, stack: &StackName) -> String;

    /// The snapshot of `stack`, if it has one.
    fn load<'a>(
        &'a self,
        stack: &'a StackName,
    ) -> BoxFuture<'a, Result<Option<Versioned<Snapshot>>, StoreError>>;

    /// Saves a snapshot if the stored one is still `expected` (`None`: there is none), which may have been read before `lease` was
    /// taken. All or nothing.
    ///
    /// A snapshot without resources is removed: there is nothing to remember.
    ///
    /// # Errors
    /// When the lease is lost, as far as is known here or the stored snapshot tells, or when that is another.
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

    /// Breaks the lock of `stack`; who held it, if that can be read. What that one still writes is refused. A lock that is damaged is
    /// made anew by that.
    ///
    /// `token`: that of the lease that is meant; `None`: whichever there is.
    ///
    /// # Errors
    /// When another lease than is meant holds it by now.
    fn break_lock<'a>(
        &'a self,
        stack: &'a StackName,
        token: Option<u64>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>>;

    /// The stacks that have a snapshot or a journal, in order; also those that have neither any more and whose lock was ever taken
    /// from somebody.
    fn stacks(&self) -> BoxFuture<'_, Result<Vec<StackName>, StoreError>>;

    /// Appends to the journal of a run, which ends at `at`; where it ends now. Durable when ready. May be repeated with the same
    /// bytes when its outcome is not known.
    ///
    /// # Errors
    /// When the lease is lost, by the clock or because somebody else has appended since.
    fn append_to_journal<'a>(
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

/// What somebody meets who writes under a lease that is no longer theirs.
async fn lease_lost<B: Backend>(backend: &B, lease: &Lease) -> StoreError {
    let stack = lease.stack().clone();
    // Who has it is only to be told: where that cannot be read, it is not.
    let found = read_lock(backend, &stack).await.ok().flatten().map(|(record, _)| record);
    // It may be this one, and only a write of whoever had it before came late.
    let is_ours = found.as_ref().is_some_and(|record| record.token == lease.token());
    let holder = found.and_then(|record| record.held_by).filter(|_| !is_ours);
    if !is_ours {
        lease.lose(holder.clone());
    }
    StoreError::new(StoreErrorKind::LeaseLost { stack, taken_by: holder.map(Box::new) })
}

async fn save<B: Backend>(
    backend: &B,
    lease: &Lease,
    snapshot: &Snapshot,
    expected: Option<&Version>,
) -> Result<Option<Version>, StoreError> {
    lease.guard().check()?;
    let name = snapshot_name(&snapshot.stack);
    let place = Backend::place(backend, &name);
    let bytes = if !snapshot.is_empty() {
        let mut value = Cow::Borrowed(snapshot);
        if value.lease != lease.token() {
            value.to_mut().lease = lease.token();
        }
        Some(text(&place, &*value)?)
    } else if lease.is_fenced() {
        // Whoever held the lock before may have seen no snapshot either: were nothing there, they could still write one.
        Some(nothing(&place, lease.token())?)
    } else {
        None
    };
    let version = |found: Version| (!snapshot.is_empty()).then_some(found);
    // What is there, if it was not what was expected.
    let mut found = None;
    let mut over = expected.map(|expected| lease.as_sealed(expected)).cloned();
    if expected.is_none() {
        found = backend.get(&name).await?;
        match &found {
            // A mark of an earlier lease, or of this one.
            Some(object)
                if matches!(parse_snapshot(&place, &snapshot.stack, &object.bytes), Ok(None))
                    && Head::lease_of(&object.bytes) <= lease.token() =>
            {
                over = Some(object.version.clone());
                found = None;
            }
            None if snapshot.is_empty() => return Ok(None),
            _ => {}
        }
    }
    if found.is_none() {
        match (&bytes, &over) {
            (Some(bytes), over) => {
                let only_if = over.as_ref().map_or(OnlyIf::Absent, OnlyIf::Is);
                if let Some(written) = backend.put(&name, bytes.clone(), only_if).await? {
                    return Ok(version(written));
                }
            }
            (None, Some(over)) if backend.remove(&name, over).await? => return Ok(None),
            (None, _) => {}
        }
        found = backend.get(&name).await?;
    }
    match (found, bytes) {
        // This very write, whose answer was lost and that was sent again.
        (Some(object), Some(bytes)) if object.bytes == bytes => Ok(version(object.version)),
        (None, None) => Ok(None),
        (Some(object), _) if Head::lease_of(&object.bytes) > lease.token() => {
            Err(lease_lost(backend, lease).await)
        }
        // What cannot be read is somebody's all the same.
        _ => Err(StoreError::new(StoreErrorKind::Conflict(snapshot.stack.clone()))),
    }
}

async fn append<B: Backend>(
    backend: &B,
    lease: &Lease,
    run: RunId,
    at: u64,
    bytes: &[u8],
) -> Result<u64, StoreError> {
    lease.guard().check()?;
    let name = journal_name(lease.stack(), run);
    let Some(end) = Backend::append(backend, &name, at, bytes).await? else {
        return Err(lease_lost(backend, lease).await);
    };
    // Whoever took the lock has seen to the journals that were there then. If this one was not, it must not be begun.
    if at == 0 {
        let lock = read_lock(backend, lease.stack()).await?;
        if lock.is_none_or(|(record, _)| record.token != lease.token()) {
            // Or they have seen it, and may have gone on with it: then it is theirs.
            if Backend::append(backend, &name, end, b"\n").await?.is_some() {
                backend.remove_log(&name).await?;
            }
            return Err(lease_lost(backend, lease).await);
        }
    }
    Ok(end)
}

impl<B: Backend> StateStore for B {
    fn snapshot_place(&self, stack: &StackName) -> String {
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
        Box::pin(save(self, lease, snapshot, expected))
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
            let Some((record, _)) = read_lock(self, stack).await? else {
                // Nobody ever took it; or it is lost, and journals tell of it.
                let unfinished = runs_of(self, stack).await?;
                return Ok((!unfinished.is_empty()).then(|| Lock::lost(unfinished)));
            };
            let mut lock = record.to_lock(now);
            // Whoever holds it has not told which run they begin.
            if record.held_by.as_ref().is_some_and(|info| info.run.is_none()) {
                lock.unfinished = runs_of(self, stack).await?;
            }
            Ok(Some(lock))
        })
    }

    fn break_lock<'a>(
        &'a self,
        stack: &'a StackName,
        token: Option<u64>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>> {
        Box::pin(break_lock(self, stack, token, now))
    }

    fn stacks(&self) -> BoxFuture<'_, Result<Vec<StackName>, StoreError>> {
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

    fn append_to_journal<'a>(
        &'a self,
        lease: &'a Lease,
        run: RunId,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(append(self, lease, run, at, bytes))
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
