// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`store_suite`]: what every [`StateStore`] must do.

use crate::{
    address::StackName,
    store::{LockInfo, Recorded, Snapshot, StateStore, StoreErrorKind, Version},
    value::{Digest, Json},
};
use jiff::Timestamp;
use serde_json::json;

fn snapshot(stack: &str, size: u32) -> Snapshot {
    let stack: StackName = stack.parse().expect("a stack name");
    let mut snapshot = Snapshot::empty("humangov".parse().expect("a fleet name"), stack);
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

/// Checks that a store does what [`StateStore`] promises. `same` is another instance over the same place, as another process
/// would have it; the place must be empty.
///
/// # Panics
/// When the store does not do it: this is a test.
pub async fn store_suite(store: &dyn StateStore, same: &dyn StateStore) {
    empty(store).await;
    saves(store, same).await;
    conflicts(store, same).await;
    locks(store, same).await;
}

async fn empty(store: &dyn StateStore) {
    let stack: StackName = "nobody".parse().expect("a stack name");
    assert!(store.load(&stack).await.expect("readable").is_none(), "what was never saved is not there");
    assert_eq!(store.list().await.expect("readable"), [], "nothing is listed");
    let nothing = Snapshot::empty("humangov".parse().expect("a fleet name"), stack.clone());
    assert_eq!(store.save(&nothing, None).await.expect("nothing to do"), None, "nothing is not kept");
    assert!(store.load(&stack).await.expect("readable").is_none(), "nothing is not there");
}

async fn saves(store: &dyn StateStore, same: &dyn StateStore) {
    let first = snapshot("saves", 1);
    let version = store.save(&first, None).await.expect("new").expect("a version");
    let loaded = same.load(&first.stack).await.expect("readable").expect("saved");
    assert_eq!((&loaded.value, &loaded.version), (&first, &version), "what was saved is loaded");
    let second = snapshot("saves", 2);
    let next = same.save(&second, Some(&version)).await.expect("expected").expect("a version");
    assert_ne!(version, next, "another content has another version");
    assert_eq!(store.load(&first.stack).await.expect("readable").expect("saved").value, second);
    store.save(&snapshot("another", 1), None).await.expect("new");
    let names = store.list().await.expect("readable");
    assert_eq!(names.iter().map(StackName::as_str).collect::<Vec<_>>(), ["another", "saves"], "in order");
    let mut gone = second;
    gone.resources.clear();
    assert_eq!(store.save(&gone, Some(&next)).await.expect("expected"), None, "nothing is left to keep");
    assert!(same.load(&gone.stack).await.expect("readable").is_none(), "an empty snapshot is removed");
    assert_eq!(same.list().await.expect("readable").len(), 1);
}

async fn conflicts(store: &dyn StateStore, same: &dyn StateStore) {
    let first = snapshot("conflicts", 1);
    let version = store.save(&first, None).await.expect("new").expect("a version");
    let next = same.save(&snapshot("conflicts", 2), Some(&version)).await.expect("expected");
    let stale = [None, Some(version), Some(Version::new("never"))];
    for expected in &stale {
        let error = store.save(&snapshot("conflicts", 3), expected.as_ref()).await.expect_err("stale");
        assert_eq!(
            (error.code(), error.kind()),
            ("store.conflict", &StoreErrorKind::Conflict(first.stack.clone()))
        );
    }
    let kept = store.load(&first.stack).await.expect("readable").expect("saved");
    assert_eq!(
        (kept.value, Some(kept.version)),
        (snapshot("conflicts", 2), next),
        "a conflict changes nothing"
    );
    let never = snapshot("never-saved", 1);
    let error = store.save(&never, Some(&Version::new("1"))).await.expect_err("never saved");
    assert_eq!(error.code(), "store.conflict", "what is not there is no version");
}

async fn locks(store: &dyn StateStore, same: &dyn StateStore) {
    let stack: StackName = "locks".parse().expect("a stack name");
    let info = LockInfo::this_process("apply", Timestamp::UNIX_EPOCH);
    let other = LockInfo::this_process("destroy", Timestamp::UNIX_EPOCH);
    let lease = store.lock(&stack, &info).await.expect("free");
    for again in [store, same] {
        let error = again.lock(&stack, &other).await.expect_err("held");
        assert_eq!(error.code(), "store.locked");
        let StoreErrorKind::Locked { stack: locked, info: holder } = error.kind() else {
            panic!("a held lock says who holds it: {error}");
        };
        assert_eq!((locked, holder.as_deref()), (&stack, Some(&info)), "the holder is told");
    }
    let another =
        store.lock(&"free".parse().expect("a stack name"), &other).await.expect("another stack is free");
    assert!(
        same.load(&stack).await.expect("readable").is_none(),
        "a lock is no snapshot, and does not stop readers"
    );
    drop(lease);
    drop(same.lock(&stack, &other).await.expect("free again"));
    drop(another);
    drop(store.lock(&stack, &info).await.expect("free again"));
}
