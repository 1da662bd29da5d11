// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`MemoryStore`]: snapshots for as long as the process lives.

use crate::{
    address::StackName,
    store::{Lease, LockInfo, Snapshot, StateStore, StoreError, StoreErrorKind, Version, Versioned},
};
use futures_util::future::{BoxFuture, ready};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Keeps snapshots in memory: for tests, and for tools that keep their own records. Clones share what is kept.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    snapshots: BTreeMap<StackName, (u64, Snapshot)>,
    locks: BTreeMap<StackName, LockInfo>,
    next: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version(number: u64) -> Version {
    Version::new(number.to_string())
}

struct Guard(MemoryStore, StackName);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.inner().locks.remove(&self.1);
    }
}

impl StateStore for MemoryStore {
    fn load<'a>(
        &'a self,
        stack: &'a StackName,
    ) -> BoxFuture<'a, Result<Option<Versioned<Snapshot>>, StoreError>> {
        let inner = self.inner();
        let found = inner.snapshots.get(stack);
        let found =
            found.map(|(number, value)| Versioned { value: value.clone(), version: version(*number) });
        Box::pin(ready(Ok(found)))
    }

    fn save<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        expected: Option<&'a Version>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        let mut inner = self.inner();
        let stored = inner.snapshots.get(&snapshot.stack).map(|(number, _)| version(*number));
        if stored.as_ref() != expected {
            return Box::pin(ready(Err(StoreError::new(StoreErrorKind::Conflict(snapshot.stack.clone())))));
        }
        if snapshot.is_empty() {
            inner.snapshots.remove(&snapshot.stack);
            return Box::pin(ready(Ok(None)));
        }
        inner.next += 1;
        let number = inner.next;
        inner.snapshots.insert(snapshot.stack.clone(), (number, snapshot.clone()));
        Box::pin(ready(Ok(Some(version(number)))))
    }

    fn lock<'a>(
        &'a self,
        stack: &'a StackName,
        info: &'a LockInfo,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        let mut inner = self.inner();
        if let Some(info) = inner.locks.get(stack) {
            let kind = StoreErrorKind::Locked { stack: stack.clone(), info: Some(Box::new(info.clone())) };
            return Box::pin(ready(Err(StoreError::new(kind))));
        }
        inner.locks.insert(stack.clone(), info.clone());
        Box::pin(ready(Ok(Lease::new(Guard(self.clone(), stack.clone())))))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<StackName>, StoreError>> {
        Box::pin(ready(Ok(self.inner().snapshots.keys().cloned().collect())))
    }
}
