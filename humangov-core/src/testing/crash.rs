// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Crash`]: a process that dies at a chosen point. [`CrashingStore`]: a store whose writes are such points.

use crate::store::{Backend, Log, Object, OnlyIf, StoreError, Version};
use futures_util::future::BoxFuture;
use std::{
    future::{Future, pending},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// On which side of a point a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Before it: it never happened.
    Before,
    /// In it: what can happen in part did, and what cannot did not happen.
    Within,
    /// After it: it happened, and nobody learnt of it.
    After,
}

impl Side {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Before, Self::Within, Self::After];
}

/// A process that dies at a chosen point: everything it does to the world outside goes through [`Crash::point`]. Clones are the
/// same process.
///
/// ```
/// use humangov_core::testing::{Crash, Side};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let crash = Crash::at(2, Side::After);
/// let written = std::cell::Cell::new(0);
/// let write = async || crash.point("write", async { written.set(written.get() + 1) }).await;
/// let lived = crash.survive(async {
///     write().await;
///     write().await;
///     write().await;
/// });
/// assert_eq!(lived.await, None);
/// assert_eq!((written.get(), crash.points()), (2, 2));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Crash(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    at: Option<(usize, Side)>,
    passed: Mutex<Vec<String>>,
    dead: watch::Sender<bool>,
}

impl Crash {
    /// A process that lives.
    pub fn never() -> Self {
        Self::new(None)
    }

    /// A process that dies at its `nth` point, from 1.
    pub fn at(nth: usize, side: Side) -> Self {
        Self::new(Some((nth, side)))
    }

    fn new(at: Option<(usize, Side)>) -> Self {
        Self(Arc::new(Inner { at, passed: Mutex::default(), dead: watch::Sender::new(false) }))
    }

    fn passed(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many points it came to.
    pub fn points(&self) -> usize {
        self.passed().len()
    }

    /// What it was about to do at each point it came to.
    pub fn seen(&self) -> Vec<String> {
        self.passed().clone()
    }

    /// Whether it died.
    pub fn is_dead(&self) -> bool {
        *self.0.dead.borrow()
    }

    /// Does `work`, which can only happen as a whole, unless the process is dead or dies here: then this never returns.
    pub async fn point<T>(&self, what: impl Into<String>, work: impl Future<Output = T>) -> T {
        self.point_in_parts(what, work, async {}).await
    }

    /// Does `work`; of it only `part` is done when the process dies within it.
    pub async fn point_in_parts<T>(
        &self,
        what: impl Into<String>,
        work: impl Future<Output = T>,
        part: impl Future<Output = ()>,
    ) -> T {
        self.unless_dead(async {}).await;
        let dies = {
            let mut passed = self.passed();
            passed.push(what.into());
            self.0.at.and_then(|(nth, side)| (nth == passed.len()).then_some(side))
        };
        match dies {
            None => self.unless_dead(work).await,
            Some(side) => {
                match side {
                    Side::Before => {}
                    Side::Within => part.await,
                    Side::After => drop(work.await),
                }
                self.0.dead.send_replace(true);
                pending().await
            }
        }
    }

    /// Does what leaves no trace in the world outside, unless the process is dead before or meanwhile.
    pub async fn unless_dead<T>(&self, work: impl Future<Output = T>) -> T {
        if self.is_dead() {
            return pending().await;
        }
        let done = work.await;
        if self.is_dead() { pending().await } else { done }
    }

    /// Runs the process; `None`: it died, and is gone with all it was about to do.
    pub async fn survive<F: Future>(&self, run: F) -> Option<F::Output> {
        let mut dead = self.0.dead.subscribe();
        let output = tokio::select! {
            biased;
            _ = dead.wait_for(|dead| *dead) => None,
            output = run => Some(output),
        };
        output.filter(|_| !self.is_dead())
    }
}

/// A store of a process that may die: its writes are points of a [`Crash`], an append also one in which half of it is written.
#[derive(Debug, Clone)]
pub struct CrashingStore<B> {
    inner: B,
    crash: Crash,
}

impl<B: Backend> CrashingStore<B> {
    /// What `inner` keeps, as `crash` sees it.
    pub fn new(inner: B, crash: Crash) -> Self {
        Self { inner, crash }
    }
}

impl<B: Backend> Backend for CrashingStore<B> {
    fn place(&self, name: &str) -> String {
        self.inner.place(name)
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        Box::pin(self.crash.unless_dead(self.inner.get(name)))
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        // Not begun before its turn: a backend may do its work when it is asked, and not when it is waited for.
        let work = async move { self.inner.put(name, bytes, only_if).await };
        Box::pin(self.crash.point(format!("put {name}"), work))
    }

    fn remove<'a>(&'a self, name: &'a str, version: &'a Version) -> BoxFuture<'a, Result<bool, StoreError>> {
        let work = async move { self.inner.remove(name, version).await };
        Box::pin(self.crash.point(format!("remove {name}"), work))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(self.crash.unless_dead(self.inner.list(prefix)))
    }

    fn append<'a>(
        &'a self,
        log: &'a str,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        let work = async move { self.inner.append(log, at, bytes).await };
        let half = async move { drop(self.inner.append(log, at, &bytes[..bytes.len() / 2]).await) };
        Box::pin(self.crash.point_in_parts(format!("append to {log}"), work, half))
    }

    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        Box::pin(self.crash.unless_dead(self.inner.read_log(log)))
    }

    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let work = async move { self.inner.remove_log(log).await };
        Box::pin(self.crash.point(format!("remove {log}"), work))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        store::{LockInfo, MemoryStore, StateStore},
    };
    use std::sync::atomic::{AtomicU32, Ordering};

    async fn three_writes(crash: &Crash, written: &AtomicU32) -> Option<&'static str> {
        let run = async {
            for _ in 0..3 {
                crash.point("write", async { written.fetch_add(1, Ordering::Relaxed) }).await;
            }
            "lived"
        };
        crash.survive(run).await
    }

    #[tokio::test]
    async fn a_process_dies_before_or_after_the_chosen_point_and_does_nothing_more() {
        for nth in 1..=3 {
            for (side, done) in [(Side::Before, nth - 1), (Side::Within, nth - 1), (Side::After, nth)] {
                let (crash, written) = (Crash::at(nth, side), AtomicU32::new(0));
                assert_eq!(three_writes(&crash, &written).await, None);
                assert_eq!(written.into_inner() as usize, done, "{nth} {side:?}");
                assert_eq!(crash.points(), nth);
            }
        }
    }

    #[tokio::test]
    async fn a_process_whose_point_never_comes_lives() {
        for crash in [Crash::never(), Crash::at(4, Side::Before)] {
            let written = AtomicU32::new(0);
            assert_eq!(three_writes(&crash, &written).await, Some("lived"));
            assert_eq!((written.into_inner(), crash.is_dead()), (3, false));
            assert_eq!(crash.seen(), ["write"; 3]);
        }
    }

    #[tokio::test]
    async fn what_runs_beside_dies_with_it() {
        let (crash, late) = (Crash::at(1, Side::After), AtomicU32::new(0));
        let beside = async {
            tokio::task::yield_now().await;
            crash.point("beside", async { late.fetch_add(1, Ordering::Relaxed) }).await;
            crash.unless_dead(async { late.fetch_add(1, Ordering::Relaxed) }).await;
        };
        let run = async { tokio::join!(crash.point("first", async {}), beside) };
        assert!(crash.survive(run).await.is_none());
        assert_eq!((late.into_inner(), crash.points()), (0, 1));
    }

    #[tokio::test]
    async fn a_store_is_left_as_far_as_the_process_got() {
        for (side, kept) in [(Side::Before, "ab"), (Side::Within, "abc"), (Side::After, "abcd")] {
            let (inner, crash) = (MemoryStore::new(), Crash::at(3, side));
            let store = CrashingStore::new(inner.clone(), crash.clone());
            let run = async {
                let first = store.put("object", b"1".to_vec(), OnlyIf::Absent).await.expect("written");
                Backend::append(&store, "log", 0, b"ab").await.expect("appended");
                Backend::append(&store, "log", 2, b"cd").await.expect("appended");
                store.remove("object", &first.expect("a version")).await.expect("removed")
            };
            assert_eq!(crash.survive(run).await, None);
            let log = inner.read_log("log").await.expect("readable").expect("there").bytes;
            assert_eq!(String::from_utf8_lossy(&log), kept, "{side:?}");
            assert!(inner.get("object").await.expect("readable").is_some(), "nothing came after it");
            assert_eq!(crash.seen(), ["put object", "append to log", "append to log"]);
        }
    }
    #[tokio::test]
    async fn a_lock_whose_taker_died_before_it_knew_may_be_taken() {
        let (inner, crash) = (MemoryStore::new(), Crash::at(1, Side::After));
        let (stack, clock) = ("california".parse().expect("a stack"), Clock::system());
        let info = LockInfo::this_process("apply", clock.now());
        let store = CrashingStore::new(inner.clone(), crash.clone());
        assert!(crash.survive(store.lock(&stack, &info, &clock)).await.is_none());
        let lock = inner.lock_of(&stack, clock.now()).await.expect("readable").expect("written");
        assert!(lock.stale && !lock.is_held(), "{lock:?}");
        let lease = inner.lock(&stack, &info, &clock).await.expect("nobody has it");
        assert_eq!(lease.token(), 2);
    }
}
