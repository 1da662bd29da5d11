// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Lease`]: the right to work on a stack, for as long as it is renewed. [`LeaseGuard`]: whether it still lasts.

use crate::{
    address::{RunId, StackName},
    clock::Clock,
    store::{
        LEASE_LASTS, LockInfo, StoreError, StoreErrorKind, Version,
        lock::{Sealed, Taken},
    },
};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

/// The right to work on a stack. It is renewed in the background until it is released or dropped; one that is dropped may be taken
/// over like one whose holder has died: by this process at once, by others when it has run out.
pub struct Lease {
    shared: Arc<Shared>,
    unfinished: Vec<RunId>,
    sealed: Option<Sealed>,
    renewing: Option<JoinHandle<()>>,
    give_up: Option<GiveUp>,
    taken: Option<Taken>,
}

/// Gives the lock up, with these runs known not to have ended.
pub(super) type GiveUp =
    Box<dyn FnOnce(Vec<RunId>) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;

pub(super) struct Shared {
    pub stack: StackName,
    pub token: u64,
    /// Whether the lock was ever taken from somebody.
    fenced: bool,
    pub clock: Clock,
    /// When the lease was last known to be ours, by both clocks: one of them stands still while a machine sleeps.
    confirmed: Mutex<(Instant, Timestamp)>,
    lost: watch::Sender<Option<Lost>>,
}

/// Why a lease is gone.
#[derive(Debug, Clone)]
struct Lost(Option<Box<LockInfo>>);

impl Shared {
    /// A lease that was ours at `asked`, when it was asked for.
    pub fn new(
        stack: StackName,
        token: u64,
        fenced: bool,
        clock: Clock,
        asked: (Instant, Timestamp),
    ) -> Self {
        Self { stack, token, fenced, clock, confirmed: Mutex::new(asked), lost: watch::Sender::new(None) }
    }

    /// Takes in that the lease was ours when that was asked, at `asked`.
    pub fn confirm(&self, asked: (Instant, Timestamp)) {
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    /// Takes in that somebody else has the lock.
    pub fn lose(&self, taken_by: Option<LockInfo>) {
        self.lost.send_if_modified(|lost| {
            let first = lost.is_none();
            if first {
                *lost = Some(Lost(taken_by.map(Box::new)));
            }
            first
        });
    }

    pub fn check(&self) -> Result<(), StoreError> {
        if self.lost.borrow().is_none() {
            let (asked, at) = *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
            let lasts = SignedDuration::try_from(LEASE_LASTS).unwrap_or(SignedDuration::MAX);
            if asked.elapsed() < LEASE_LASTS && self.clock.now().duration_since(at) < lasts {
                return Ok(());
            }
            self.lose(None);
        }
        let taken_by = self.lost.borrow().as_ref().and_then(|Lost(by)| by.clone());
        Err(StoreError::new(StoreErrorKind::LeaseLost { stack: self.stack.clone(), taken_by }))
    }
}

impl Lease {
    pub(super) fn new(
        shared: Arc<Shared>,
        (unfinished, sealed): (Vec<RunId>, Option<Sealed>),
        renewing: JoinHandle<()>,
        give_up: GiveUp,
        taken: Taken,
    ) -> Self {
        Self {
            shared,
            unfinished,
            sealed,
            renewing: Some(renewing),
            give_up: Some(give_up),
            taken: Some(taken),
        }
    }

    /// The stack.
    pub fn stack(&self) -> &StackName {
        &self.shared.stack
    }

    /// The fencing token: greater than that of every lease on this stack before.
    pub fn token(&self) -> u64 {
        self.shared.token
    }

    /// Runs that were begun under earlier leases, and that nobody is known to have brought to their end; oldest first.
    pub fn unfinished(&self) -> &[RunId] {
        &self.unfinished
    }

    /// The version that says what `seen` said: another than that if the snapshot was written anew when this lock, or the one before,
    /// was taken from somebody.
    pub(crate) fn as_sealed<'a>(&'a self, seen: &'a Version) -> &'a Version {
        match &self.sealed {
            Some(Sealed { over, by }) if over == seen => by,
            _ => seen,
        }
    }

    /// Whether the lock was ever taken from somebody, who may still be about to write.
    pub(super) fn is_fenced(&self) -> bool {
        self.shared.fenced
    }

    /// Takes in that somebody else has the lock.
    pub(super) fn lose(&self, taken_by: Option<LockInfo>) {
        self.shared.lose(taken_by);
    }

    /// What tells whether the lease still lasts, to be handed around.
    pub fn guard(&self) -> LeaseGuard {
        LeaseGuard(Arc::clone(&self.shared))
    }

    /// Gives the lock up. `unfinished`: the runs that still have a journal.
    ///
    /// # Errors
    /// When the store cannot be written; then the lock is free once the lease has run out.
    pub async fn release(mut self, unfinished: Vec<RunId>) -> Result<(), StoreError> {
        if let Some(renewing) = self.renewing.take() {
            renewing.abort();
            // What is being written must not come after what gives it up.
            drop(renewing.await);
        }
        if let Some(give_up) = self.give_up.take() {
            give_up(unfinished).await?;
        }
        if let Some(taken) = self.taken.take() {
            taken.forget();
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(renewing) = self.renewing.take() {
            renewing.abort();
        }
        // Whoever is dropped half-way has left a run behind: the lock stays, as one that may be taken over.
        self.shared.lose(None);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("stack", &self.shared.stack)
            .field("token", &self.shared.token)
            .finish_non_exhaustive()
    }
}

tokio::task_local! {
    static CURRENT: LeaseGuard;
}

/// Tells whether a lease still lasts: asked before everything that writes, so that whoever was held up for too long stops.
#[derive(Clone)]
pub struct LeaseGuard(Arc<Shared>);

impl LeaseGuard {
    /// Refuses once the lease has run out, by the clock, or is known to be taken. Asks nobody.
    ///
    /// # Errors
    /// With who has it now, if that is known.
    pub fn check(&self) -> Result<(), StoreError> {
        self.0.check()
    }

    /// Waits until the lease is known to be lost.
    pub async fn lost(&self) -> StoreError {
        loop {
            if let Err(error) = self.check() {
                return error;
            }
            let runs_out = {
                let (asked, _) = *self.0.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
                asked + LEASE_LASTS
            };
            let mut lost = self.0.lost.subscribe();
            tokio::select! {
                _ = lost.wait_for(Option::is_some) => {}
                () = tokio::time::sleep_until(runs_out) => {}
            }
        }
    }

    /// Does `work` under this lease: [`LeaseGuard::check_current`] asks it meanwhile.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Refuses if this task works under a lease that is lost. Clients call it before every request they send, tries again
    /// included; what works under no lease goes on.
    ///
    /// # Errors
    /// Like [`LeaseGuard::check`].
    pub fn check_current() -> Result<(), StoreError> {
        CURRENT.try_with(Self::check).unwrap_or(Ok(()))
    }
}

impl fmt::Debug for LeaseGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseGuard").field("stack", &self.0.stack).field("token", &self.0.token).finish()
    }
}
