// SPDX-License-Identifier: MIT OR Apache-2.0
//! That whoever was there before writes nothing any more once the lock is taken over, though they do not know of it yet.

use super::{LONG, clock, nothing, saved, snapshot, stack, who};
use crate::{
    address::{RunId, StackName},
    store::{Lease, StateStore, StoreError, Version},
};
use futures_util::FutureExt;

pub(super) async fn check(store: &dyn StateStore, same: &dyn StateStore) {
    snapshots(store, same).await;
    nothing_saved(store, same).await;
    journals(store, same).await;
}

/// A lease that was taken over, of which its holder knows nothing; and the lease after it. `how`: by force, or when it ran out.
async fn taken_over(
    (store, same): (&dyn StateStore, &dyn StateStore),
    stack: &StackName,
    by_force: bool,
    before: impl AsyncFnOnce(&Lease),
) -> (Lease, Lease) {
    // The first one's clock stands still, as that of a machine that sleeps.
    let (mine, theirs) = (clock(), clock());
    let first = store.lock(stack, &who("apply"), &mine.clock()).await.expect("free");
    before(&first).await;
    if by_force {
        same.break_lock(stack, None, theirs.now()).await.expect("writable").expect("held");
    } else {
        theirs.advance(LONG);
    }
    let second = same.lock(stack, &who("destroy"), &theirs.clock()).await.expect("it is free");
    assert!(second.token() > first.token(), "a later lease has a greater token");
    first.guard().check().expect("whoever lost it does not know");
    (first, second)
}

fn assert_lost<T>(answer: Result<T, StoreError>) {
    let Err(error) = answer else { panic!("whoever lost the lease may not write") };
    assert_eq!(error.code(), "store.lease_lost", "{error}");
}

async fn snapshots(store: &dyn StateStore, same: &dyn StateStore) {
    for by_force in [false, true] {
        let name = stack(if by_force { "forced" } else { "fenced" });
        let mut version: Option<Version> = None;
        let (first, second) = taken_over((store, same), &name, by_force, async |lease| {
            version = store.save(lease, &snapshot(&name, 1), None).await.expect("new");
        })
        .await;
        assert_lost(store.save(&first, &snapshot(&name, 2), version.as_ref()).await);
        let loaded = same.load(&name).await.expect("readable").expect("saved");
        assert_eq!(loaded.value, saved(&name, 1, second.token()), "what was refused changed nothing");
        // Having been refused, it knows.
        assert_lost(first.guard().check());
        assert!(first.guard().lost().now_or_never().is_some(), "whoever waits for it is told");
        // What was read before the lock was taken is still what is there, though it was written anew.
        let seen = if by_force { version.as_ref() } else { Some(&loaded.version) };
        let next = same.save(&second, &snapshot(&name, 3), seen).await.expect("expected");
        for expected in [None, version.as_ref(), next.as_ref()] {
            assert_lost(store.save(&first, &snapshot(&name, 2), expected).await);
            assert_lost(store.save(&first, &nothing(&name), expected).await);
        }
        first.release(Vec::new()).await.expect("nothing to do");
        let loaded = store.load(&name).await.expect("readable").expect("saved");
        assert_eq!(loaded.value, saved(&name, 3, second.token()));
        second.release(Vec::new()).await.expect("writable");
    }
}

async fn nothing_saved(store: &dyn StateStore, same: &dyn StateStore) {
    let name = stack("unsaved");
    let (first, second) = taken_over((store, same), &name, true, async |_| {}).await;
    assert!(same.load(&name).await.expect("readable").is_none(), "nothing was saved");
    assert_lost(store.save(&first, &snapshot(&name, 1), None).await);
    assert!(same.load(&name).await.expect("readable").is_none(), "what was refused changed nothing");
    let version = same.save(&second, &snapshot(&name, 2), None).await.expect("nothing was saved");
    second.release(Vec::new()).await.expect("writable");
    drop(first);
    // Nor when everything is gone again.
    let (first, second) = taken_over((store, same), &stack("removed"), false, async |_| {}).await;
    let removed = stack("removed");
    let saved = same.save(&second, &snapshot(&removed, 1), None).await.expect("nothing was saved");
    assert_eq!(same.save(&second, &nothing(&removed), saved.as_ref()).await.expect("expected"), None);
    assert!(same.load(&removed).await.expect("readable").is_none(), "an empty snapshot is none");
    assert_eq!(same.save(&second, &nothing(&removed), None).await.expect("it is none"), None);
    assert_lost(store.save(&first, &snapshot(&removed, 2), None).await);
    assert!(same.load(&removed).await.expect("readable").is_none(), "what was refused changed nothing");
    second.release(Vec::new()).await.expect("writable");
    // And whoever comes later may write.
    let third = store.lock(&removed, &who("apply"), &clock().clock()).await.expect("free");
    assert_lost(store.save(&first, &snapshot(&removed, 2), None).await);
    store.save(&third, &snapshot(&removed, 3), None).await.expect("nothing is saved").expect("a version");
    third.release(Vec::new()).await.expect("writable");
    let fourth = same.lock(&name, &who("apply"), &clock().clock()).await.expect("free");
    same.save(&fourth, &snapshot(&name, 4), version.as_ref()).await.expect("expected").expect("a version");
    fourth.release(Vec::new()).await.expect("writable");
}

async fn journals(store: &dyn StateStore, same: &dyn StateStore) {
    let (begun, later) = (RunId::from_u128(3), RunId::from_u128(4));
    for by_force in [false, true] {
        let name = stack(if by_force { "journal-b" } else { "journal-a" });
        let mut end = 0;
        let (first, second) = taken_over((store, same), &name, by_force, async |lease| {
            end = store.append_to_journal(lease, begun, 0, b"one\n").await.expect("new");
        })
        .await;
        assert_eq!(second.unfinished(), [begun], "what the one before had begun is told");
        let read = async || same.journal(&name, begun).await.expect("readable");
        let log = read().await.expect("begun");
        assert_eq!(log.bytes.trim_ascii(), b"one", "all that was written is there");
        assert_lost(store.append_to_journal(&first, begun, end, b"two\n").await);
        assert_eq!(read().await.as_ref(), Some(&log), "what was refused changed nothing");
        drop(first);
        let end =
            same.append_to_journal(&second, begun, log.end, b"taken up\n").await.expect("it ends there");
        let bytes = read().await.expect("begun").bytes;
        assert!(bytes.starts_with(b"one\n") && bytes.ends_with(b"\ntaken up\n"), "{bytes:?}");
        same.append_to_journal(&second, begun, end, b"closed\n").await.expect("it ends there");
        same.remove_journal(&name, begun).await.expect("writable");
        second.release(Vec::new()).await.expect("writable");
    }
    // Neither one that had not begun by then, nor one that is gone by now.
    let name = stack("journal-c");
    let mut end = 0;
    let (first, second) = taken_over((store, same), &name, true, async |lease| {
        end = store.append_to_journal(lease, begun, 0, b"one\n").await.expect("new");
    })
    .await;
    let log = same.journal(&name, begun).await.expect("readable").expect("begun");
    same.append_to_journal(&second, begun, log.end, b"closed\n").await.expect("it ends there");
    same.remove_journal(&name, begun).await.expect("writable");
    assert_lost(store.append_to_journal(&first, begun, end, b"two\n").await);
    second.release(Vec::new()).await.expect("writable");
    drop(first);
    let (first, second) = taken_over((store, same), &name, true, async |_| {}).await;
    assert_lost(store.append_to_journal(&first, later, 0, b"one\n").await);
    for run in [begun, later] {
        assert_eq!(same.journal(&name, run).await.expect("readable"), None, "nothing of it is there");
    }
    second.release(Vec::new()).await.expect("writable");
}
