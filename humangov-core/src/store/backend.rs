// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Backend`]: where a store keeps its bytes. Bring your own: everything else is done on top of it.

use crate::store::{StoreError, Version};
use futures_util::future::BoxFuture;
use std::fmt;

/// An object, and the version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Which version of it that is.
    pub version: Version,
}

/// What must hold for an object to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlyIf<'a> {
    /// There is none of that name.
    Absent,
    /// It still has this version.
    Is(&'a Version),
}

/// A log as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// All that was appended, one after the other. The last append may be there in part if it never returned.
    pub bytes: Vec<u8>,
    /// Where the next append goes.
    pub end: u64,
}

/// Named objects that are written under a condition, and named logs that grow at their end. Two dozen lines over a directory, a
/// bucket or a table make a [`StateStore`](super::StateStore), with leases, journals and snapshots.
///
/// Names are of `a-z`, `0-9`, `-`, `_` and `.`; an object and a log never have the same. Clones share what is kept.
///
/// # Contract
/// - Every write is all or nothing to readers, atomic with its condition against any other process, and durable once its future
///   is ready.
/// - A read sees every write that was ready before it began.
/// - A write whose answer was lost may be repeated with the same bytes: [`Backend::append`] finds its own and is content;
///   [`Backend::put`] is then refused, and whoever called reads and compares.
pub trait Backend: Clone + fmt::Debug + Send + Sync + 'static {
    /// Where the object or the log of this name is, for people: a path or a URL.
    fn place(&self, name: &str) -> String;

    /// The object of that name, if there is one.
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>>;

    /// Writes an object; `None`: the condition did not hold, and nothing was written.
    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>>;

    /// Removes an object if it still has that version; whether it did. Of one that is gone already it may say either: some servers
    /// do not tell.
    fn remove<'a>(&'a self, name: &'a str, version: &'a Version) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The names of all objects and logs that begin with `prefix`, each once, in order.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;

    /// Appends to a log that ends at `at`, 0 for one that is not there yet; where it ends now. `None`: it ends elsewhere, since
    /// somebody else appended to it, and nothing was written.
    fn append<'a>(
        &'a self,
        log: &'a str,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>>;

    /// The log of that name, if there is one.
    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>>;

    /// Removes a log, if it is there. Whoever is cut off leaves a whole log, or what is none to readers and goes when it is removed
    /// again.
    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}
