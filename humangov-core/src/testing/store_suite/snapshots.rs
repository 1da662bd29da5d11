// SPDX-License-Identifier: MIT OR Apache-2.0
//! How snapshots are kept.

use super::{clock, nothing, saved, snapshot, stack, who};
use crate::store::{StateStore, StoreErrorKind, Version};

pub(super) async fn check(store: &dyn StateStore, same: &dyn StateStore) {
    saves(store, same).await;
    conflicts(store, same).await;
}

async fn saves(store: &dyn StateStore, same: &dyn StateStore) {
    let saves = stack("saves");
    let lease = store.lock(&saves, &who("apply"), &clock().clock()).await.expect("free");
    assert!(store.load(&saves).await.expect("readable").is_none(), "what was never saved is not there");
    assert_eq!(store.stacks().await.expect("readable"), [], "nothing is listed");
    assert_eq!(
        store.save(&lease, &nothing(&saves), None).await.expect("no conflict"),
        None,
        "nothing is kept"
    );
    assert!(same.load(&saves).await.expect("readable").is_none(), "nothing is not there");
    let version = store.save(&lease, &snapshot(&saves, 1), None).await.expect("new").expect("a version");
    let loaded = same.load(&saves).await.expect("readable").expect("saved");
    assert_eq!(
        (&loaded.value, &loaded.version),
        (&saved(&saves, 1, lease.token()), &version),
        "what was saved is loaded, with the token of the lease it was saved under"
    );
    let next = store.save(&lease, &snapshot(&saves, 2), Some(&version)).await.expect("expected");
    assert_ne!(Some(version), next, "another content has another version");
    let loaded = store.load(&saves).await.expect("readable").expect("saved");
    assert_eq!(loaded.value, saved(&saves, 2, lease.token()));
    let other = store.lock(&stack("another"), &who("apply"), &clock().clock()).await.expect("free");
    store.save(&other, &snapshot(&stack("another"), 1), None).await.expect("new");
    let names = same.stacks().await.expect("readable");
    assert_eq!(names, [stack("another"), stack("saves")], "in order");
    assert_eq!(store.save(&lease, &nothing(&saves), next.as_ref()).await.expect("expected"), None);
    assert!(same.load(&saves).await.expect("readable").is_none(), "an empty snapshot is removed");
    assert_eq!(same.stacks().await.expect("readable"), [stack("another")]);
    lease.release(Vec::new()).await.expect("writable");
    other.release(Vec::new()).await.expect("writable");
}

async fn conflicts(store: &dyn StateStore, same: &dyn StateStore) {
    let conflicts = stack("conflicts");
    let lease = store.lock(&conflicts, &who("apply"), &clock().clock()).await.expect("free");
    let never = Version::new("never");
    let error = store.save(&lease, &snapshot(&conflicts, 1), Some(&never)).await.expect_err("never saved");
    assert_eq!(error.code(), "store.conflict", "what is not there is no version");
    let version = store.save(&lease, &snapshot(&conflicts, 1), None).await.expect("new").expect("a version");
    let next = store.save(&lease, &snapshot(&conflicts, 2), Some(&version)).await.expect("expected");
    for expected in [None, Some(&version), Some(&never)] {
        for wanted in [snapshot(&conflicts, 3), nothing(&conflicts)] {
            let error = store.save(&lease, &wanted, expected).await.expect_err("stale");
            assert_eq!(error.kind(), &StoreErrorKind::Conflict(conflicts.clone()), "{expected:?}");
        }
    }
    let kept = same.load(&conflicts).await.expect("readable").expect("saved");
    let unchanged = (saved(&conflicts, 2, lease.token()), next);
    assert_eq!((kept.value, Some(kept.version)), unchanged, "a conflict changes nothing");
    lease.release(Vec::new()).await.expect("writable");
}
