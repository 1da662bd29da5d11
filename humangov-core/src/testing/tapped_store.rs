// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`TappedStore`]: a store whose writes are seen, counted, or refused.

use crate::store::{Backend, Log, Object, OnlyIf, StoreError, Version};
use futures_util::future::BoxFuture;
use std::{fmt, sync::Arc};

/// A store that shows every object it is to put and every part of a log it is to append to a function first, by name and bytes; where
/// that fails, so does the write, and nothing is written. Clones share both.
///
/// ```
/// use humangov_core::{store::{Backend, MemoryStore, StoreError}, testing::TappedStore};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
/// let store = TappedStore::new(MemoryStore::new(), move |name, bytes| {
///     if bytes.len() > 3 { Err(StoreError::io("write", name, full())) } else { Ok(()) }
/// });
/// assert_eq!(Backend::append(&store, "log", 0, b"one").await.expect("it is short"), Some(3));
/// assert_eq!(Backend::append(&store, "log", 3, b"three").await.expect_err("too long").code(), "store.io");
/// # }
/// ```
#[derive(Clone)]
pub struct TappedStore<B> {
    inner: B,
    tap: Arc<Tap>,
}

type Tap = dyn Fn(&str, &[u8]) -> Result<(), StoreError> + Send + Sync;

impl<B: Backend> TappedStore<B> {
    /// What `inner` keeps, as far as `tap` lets it.
    pub fn new(
        inner: B,
        tap: impl Fn(&str, &[u8]) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self { inner, tap: Arc::new(tap) }
    }
}

impl<B: fmt::Debug> fmt::Debug for TappedStore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TappedStore").field(&self.inner).finish()
    }
}

impl<B: Backend> Backend for TappedStore<B> {
    fn place(&self, name: &str) -> String {
        self.inner.place(name)
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        self.inner.get(name)
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        match (self.tap)(name, &bytes) {
            Ok(()) => self.inner.put(name, bytes, only_if),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn remove<'a>(&'a self, name: &'a str, version: &'a Version) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.inner.remove(name, version)
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.inner.list(prefix)
    }

    fn append<'a>(
        &'a self,
        log: &'a str,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        match (self.tap)(log, bytes) {
            Ok(()) => self.inner.append(log, at, bytes),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        self.inner.read_log(log)
    }

    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.remove_log(log)
    }
}
