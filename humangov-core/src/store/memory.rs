// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`MemoryStore`]: what is kept for as long as the process lives.

use crate::store::{Backend, Log, Object, OnlyIf, StoreError, Version};
use futures_util::future::{BoxFuture, ready};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Keeps everything in memory: for tests, and for tools that keep their own records. Clones share what is kept.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

#[derive(Debug, Clone, Default)]
struct Inner {
    objects: BTreeMap<String, (u64, Vec<u8>)>,
    logs: BTreeMap<String, Vec<u8>>,
    next: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of its own that keeps what this one keeps now, in the same versions.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.inner().clone())))
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version(number: u64) -> Version {
    Version::new(number.to_string())
}

fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(ready(Ok(value)))
}

impl Backend for MemoryStore {
    fn place(&self, name: &str) -> String {
        format!("memory:{name}")
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        let inner = self.inner();
        let found = inner.objects.get(name);
        done(found.map(|(number, bytes)| Object { bytes: bytes.clone(), version: version(*number) }))
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        let mut inner = self.inner();
        let holds = match (inner.objects.get(name), only_if) {
            (None, OnlyIf::Absent) => true,
            (Some((number, _)), OnlyIf::Is(expected)) => version(*number) == *expected,
            _ => false,
        };
        if !holds {
            return done(None);
        }
        inner.next += 1;
        let number = inner.next;
        inner.objects.insert(name.to_owned(), (number, bytes));
        done(Some(version(number)))
    }

    fn remove<'a>(&'a self, name: &'a str, expected: &'a Version) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut inner = self.inner();
        let holds = inner.objects.get(name).is_some_and(|(number, _)| version(*number) == *expected);
        if holds {
            inner.objects.remove(name);
        }
        done(holds)
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let inner = self.inner();
        let names = inner.objects.keys().chain(inner.logs.keys());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).cloned().collect();
        names.sort();
        done(names)
    }

    fn append<'a>(
        &'a self,
        log: &'a str,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        let mut inner = self.inner();
        if at > 0 && !inner.logs.contains_key(log) {
            // Somebody else has removed it.
            return done(None);
        }
        let kept = inner.logs.entry(log.to_owned()).or_default();
        if kept.len() as u64 == at {
            kept.extend_from_slice(bytes);
        } else if !usize::try_from(at).is_ok_and(|at| kept.get(at..) == Some(bytes)) {
            return done(None);
        }
        done(Some(kept.len() as u64))
    }

    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        let inner = self.inner();
        done(inner.logs.get(log).map(|bytes| Log { bytes: bytes.clone(), end: bytes.len() as u64 }))
    }

    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner().logs.remove(log);
        done(())
    }
}
