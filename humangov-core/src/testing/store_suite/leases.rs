// SPDX-License-Identifier: MIT OR Apache-2.0
//! How leases are taken, held and ended.

use super::{LONG, clock, stack, who};
use crate::{
    address::RunId,
    store::{LEASE_LASTS, Lease, StateStore, StoreErrorKind},
};
use futures_util::future::join_all;
use std::time::Duration;

pub(super) async fn check(store: &dyn StateStore, same: &dyn StateStore) {
    held(store, same).await;
    ran_out(store, same).await;
    dropped(store, same).await;
    broken(store, same).await;
    unfinished(store, same).await;
    raced(store, same).await;
}

async fn held(store: &dyn StateStore, same: &dyn StateStore) {
    let (locks, clock) = (stack("locks"), clock());
    let at = clock.clock();
    assert_eq!(same.lock_of(&locks, clock.now()).await.expect("readable"), None, "nobody ever took it");
    let lease = store.lock(&locks, &who("apply"), &at).await.expect("free");
    assert_eq!((lease.stack(), lease.unfinished()), (&locks, &[][..]));
    for again in [store, same] {
        let error = again.lock(&locks, &who("destroy"), &at).await.expect_err("held");
        assert_eq!(error.code(), "store.locked");
        let StoreErrorKind::Locked { stack, info: holder } = error.kind() else {
            panic!("a held lock says who holds it: {error}");
        };
        assert_eq!((stack, holder.as_deref()), (&locks, Some(&who("apply"))), "the holder is told");
        let lock = again.lock_of(&locks, clock.now()).await.expect("readable").expect("held");
        assert!(lock.is_held(), "{lock:?}");
        assert_eq!((lock.info, lock.token), (Some(who("apply")), lease.token()));
        assert_eq!(lock.expires.duration_since(clock.now()), LEASE_LASTS.try_into().expect("short"));
    }
    let free = stack("free");
    let another = store.lock(&free, &who("apply"), &at).await.expect("another stack is free");
    another.release(Vec::new()).await.expect("writable");
    assert!(same.load(&locks).await.expect("readable").is_none(), "a lock is no snapshot");
    let token = lease.token();
    lease.guard().check().expect("it lasts");
    lease.release(Vec::new()).await.expect("writable");
    let lock = same.lock_of(&locks, clock.now()).await.expect("readable").expect("it was taken once");
    assert_eq!((lock.info.as_ref(), lock.is_held(), lock.stale), (None, false, false), "{lock:?}");
    let next = same.lock(&locks, &who("destroy"), &at).await.expect("free again");
    assert!(next.token() > token, "a later lease has a greater token");
    next.release(Vec::new()).await.expect("writable");
}

async fn ran_out(store: &dyn StateStore, same: &dyn StateStore) {
    let (expires, mine, theirs) = (stack("expires"), clock(), clock());
    let first = store.lock(&expires, &who("apply"), &mine.clock()).await.expect("free");
    // Not while it lasts, and not the moment it ends: clocks differ.
    for _ in 0..2 {
        theirs.advance(LEASE_LASTS.saturating_sub(Duration::from_secs(10)));
        let error = same.lock(&expires, &who("apply"), &theirs.clock()).await.expect_err("it may last");
        assert_eq!(error.code(), "store.locked");
    }
    first.guard().check().expect("by its own clock it lasts");
    theirs.advance(LONG);
    let lock = same.lock_of(&expires, theirs.now()).await.expect("readable").expect("held");
    assert!(lock.stale && !lock.is_held(), "{lock:?}");
    let second = same.lock(&expires, &who("destroy"), &theirs.clock()).await.expect("it ran out");
    assert!(second.token() > first.token(), "a later lease has a greater token");
    mine.advance(LONG);
    let error = first.guard().check().expect_err("it ran out");
    assert_eq!(error.code(), "store.lease_lost");
    // Whoever lost it gives up nothing.
    first.release(Vec::new()).await.expect("nothing to do");
    let error = store.lock(&expires, &who("apply"), &theirs.clock()).await.expect_err("held");
    assert_eq!(error.code(), "store.locked");
    second.release(Vec::new()).await.expect("writable");
}

async fn dropped(store: &dyn StateStore, same: &dyn StateStore) {
    let (drops, clock) = (stack("drops"), clock());
    let first = store.lock(&drops, &who("apply"), &clock.clock()).await.expect("free");
    let (token, guard) = (first.token(), first.guard());
    drop(first);
    assert_eq!(guard.check().expect_err("dropped").code(), "store.lease_lost");
    let second = same.lock(&drops, &who("apply"), &clock.clock()).await.expect("whoever dropped it is gone");
    assert!(second.token() > token, "a later lease has a greater token");
    let error = same.lock(&drops, &who("apply"), &clock.clock()).await.expect_err("held");
    assert_eq!(error.code(), "store.locked");
    second.release(Vec::new()).await.expect("writable");
}

async fn broken(store: &dyn StateStore, same: &dyn StateStore) {
    let (breaks, clock) = (stack("breaks"), clock());
    let break_it = || async { same.break_lock(&breaks, None, clock.now()).await.expect("writable") };
    assert_eq!(break_it().await, None, "nobody ever took it");
    let first = store.lock(&breaks, &who("apply"), &clock.clock()).await.expect("free");
    let another = same.break_lock(&breaks, Some(first.token() + 1), clock.now()).await;
    assert_eq!(another.expect_err("it has another lease").code(), "store.locked");
    assert!(first.guard().check().is_ok());
    assert_eq!(break_it().await, Some(who("apply")), "who held it is told");
    assert_eq!(break_it().await, None, "nobody holds it any more");
    let lock = same.lock_of(&breaks, clock.now()).await.expect("readable").expect("it was taken once");
    assert!(!lock.is_held() && lock.token > first.token(), "{lock:?}");
    let second = same.lock(&breaks, &who("destroy"), &clock.clock()).await.expect("free");
    assert!(second.token() > first.token(), "a later lease has a greater token");
    first.release(Vec::new()).await.expect("nothing to do");
    let lock = store.lock_of(&breaks, clock.now()).await.expect("readable").expect("held");
    assert!(lock.is_held(), "whoever lost it gives up nothing: {lock:?}");
    second.release(Vec::new()).await.expect("writable");
}

async fn unfinished(store: &dyn StateStore, same: &dyn StateStore) {
    let (runs, clock) = (stack("runs"), clock());
    let lock =
        async |store: &dyn StateStore| store.lock(&runs, &who("apply"), &clock.clock()).await.expect("free");
    let listed = || async {
        let lock = same.lock_of(&runs, clock.now()).await.expect("readable").expect("it was taken once");
        lock.unfinished
    };
    let (one, two) = (RunId::from_u128(1), RunId::from_u128(2));
    let lease = lock(store).await;
    let end = store.append_to_journal(&lease, one, 0, b"one\n").await.expect("new");
    assert_eq!(listed().await, [one], "what is under way is told");
    store.append_to_journal(&lease, one, end, b"more\n").await.expect("it ends there");
    lease.release(vec![one]).await.expect("writable");
    assert_eq!(listed().await, [one], "what was left is told");
    let lease = lock(same).await;
    assert_eq!(lease.unfinished(), [one], "and told to whoever comes next");
    assert_eq!(same.journal(&runs, one).await.expect("readable").expect("left").bytes, b"one\nmore\n");
    // Whoever is killed tells nobody, but for what they meant to begin.
    same.append_to_journal(&lease, two, 0, b"two\n").await.expect("new");
    drop(lease);
    assert_eq!(listed().await, [one, two]);
    let lease = lock(store).await;
    assert_eq!(lease.unfinished(), [one, two], "its journal tells");
    let journal = store.journal(&runs, two).await.expect("readable").expect("left");
    assert_eq!(journal.bytes.trim_ascii(), b"two", "all that was written is there");
    assert!(same.stacks().await.expect("readable").contains(&runs), "a journal is something left");
    for run in [one, two] {
        store.remove_journal(&runs, run).await.expect("writable");
        store.remove_journal(&runs, run).await.expect("it may be removed again");
    }
    assert_eq!(same.journal(&runs, one).await.expect("readable"), None);
    lease.release(Vec::new()).await.expect("writable");
    let mut info = who("apply");
    info.run = Some(one);
    let lease = store.lock(&runs, &info, &clock.clock()).await.expect("free");
    assert_eq!(listed().await, [one], "what is about to begin is told");
    drop(lease);
    let lease = lock(same).await;
    assert_eq!(lease.unfinished(), [], "it never began");
    lease.release(Vec::new()).await.expect("writable");
    assert_eq!(listed().await, []);
    let lease = lock(same).await;
    assert_eq!(lease.unfinished(), []);
    lease.release(Vec::new()).await.expect("writable");
}

async fn raced(store: &dyn StateStore, same: &dyn StateStore) {
    let (races, clock) = (stack("races"), clock());
    for round in 0..5 {
        let take = |n: usize| {
            let store = if n.is_multiple_of(2) { store } else { same };
            let (races, at) = (races.clone(), clock.clock());
            async move { store.lock(&races, &who("apply"), &at).await }
        };
        let (won, lost): (Vec<_>, Vec<_>) =
            join_all((0..8).map(take)).await.into_iter().partition(Result::is_ok);
        let won: Vec<Lease> = won.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "one of many gets the lock in round {round}");
        assert!(
            lost.iter().filter_map(|lost| lost.as_ref().err()).all(|error| error.code() == "store.locked")
        );
        for lease in won {
            // Every other one dies.
            if round % 2 == 0 {
                lease.release(Vec::new()).await.expect("writable");
            }
        }
    }
}
