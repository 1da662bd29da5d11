// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`store_suite`]: what every [`Backend`] must do, and every [`StateStore`].

mod backends;
mod fences;
mod leases;
mod snapshots;

use crate::{
    address::StackName,
    store::{Backend, LockInfo, Recorded, Snapshot, StateStore},
    testing::HandClock,
    value::{Digest, Json},
};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;

/// Longer than anybody's lease lasts without being renewed, however much clocks differ.
const LONG: Duration = Duration::from_secs(120);

/// Checks that a store keeps every promise of [`Backend`]: conditions, versions, lists, logs; and that snapshots, leases, fences and
/// journals on top of it hold. `same` is another instance over the same place, as another process would have it. The place must be
/// empty, and is not afterwards.
///
/// # Panics
/// When the store does not do it: this is a test.
pub async fn store_suite<B: Backend>(store: &B, same: &B) {
    backends::check(store, same).await;
    state_suite(store, same).await;
}

/// The part of [`store_suite`] that is about snapshots, leases, fences and journals: for stores that are no
/// backends, or backends that lose answers.
///
/// # Panics
/// When the store does not do it: this is a test.
pub async fn state_suite(store: &dyn StateStore, same: &dyn StateStore) {
    snapshots::check(store, same).await;
    leases::check(store, same).await;
    fences::check(store, same).await;
}

fn stack(name: &str) -> StackName {
    name.parse().expect("a stack name")
}

fn snapshot(stack: &StackName, size: u32) -> Snapshot {
    let mut snapshot = Snapshot::empty("humangov".parse().expect("a fleet name"), stack.clone());
    snapshot.updated_at = Some(Timestamp::UNIX_EPOCH);
    let mut record = Recorded::new(
        Digest::of(b"spec"),
        Json::from(&json!({"name": "a", "size": size, "nothing": null})),
        Json::from(&json!({"id": "thing-a", "nested": {"ö": ["\u{1f600}", 1.5, null]}})),
    );
    record.dependencies.push("test.thing/b".parse().expect("an address"));
    snapshot.resources.insert("test.thing/a".parse().expect("an address"), record);
    snapshot.exports.insert("id".to_owned(), json!("thing-a"));
    snapshot
}

/// The same, as it is loaded when it was saved under the lease of this token.
fn saved(stack: &StackName, size: u32, lease: u64) -> Snapshot {
    Snapshot { lease, ..snapshot(stack, size) }
}

fn nothing(stack: &StackName) -> Snapshot {
    Snapshot { resources: std::collections::BTreeMap::new(), ..snapshot(stack, 0) }
}

fn who(operation: &str) -> LockInfo {
    LockInfo::this_process(operation, Timestamp::UNIX_EPOCH)
}

/// A clock, at a time at which nothing else in this process is.
fn clock() -> HandClock {
    HandClock::at("2026-01-01T00:00:00Z".parse().expect("a time"))
}
