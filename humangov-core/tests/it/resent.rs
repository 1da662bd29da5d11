// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Resent`]: what becomes of writes whose answers are lost.

use futures_util::future::BoxFuture;
use humangov_core::store::{Backend, Log, Object, OnlyIf, StoreError, Version};

/// A store whose every first answer is lost on the way, so that every write is sent twice, as clients do by themselves.
#[derive(Debug, Clone)]
pub struct Resent<B>(pub B);

impl<B: Backend> Backend for Resent<B> {
    fn place(&self, name: &str) -> String {
        Backend::place(&self.0, name)
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        self.0.get(name)
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        Box::pin(async move {
            drop(self.0.put(name, bytes.clone(), only_if).await);
            self.0.put(name, bytes, only_if).await
        })
    }

    fn remove<'a>(&'a self, name: &'a str, version: &'a Version) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            drop(self.0.remove(name, version).await);
            self.0.remove(name, version).await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Backend::list(&self.0, prefix)
    }

    fn append<'a>(
        &'a self,
        log: &'a str,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            drop(Backend::append(&self.0, log, at, bytes).await);
            Backend::append(&self.0, log, at, bytes).await
        })
    }

    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        self.0.read_log(log)
    }

    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            drop(self.0.remove_log(log).await);
            self.0.remove_log(log).await
        })
    }
}
