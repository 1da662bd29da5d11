// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`lease_race`]: many runners, one stack.

use crate::{
    address::{RunId, StackName},
    store::{LockInfo, StateStore},
    testing::HandClock,
};
use futures_util::future::join_all;
use jiff::Timestamp;
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::task::yield_now;

/// Has `runners` race for the lease of one stack, each of them until it has had it `rounds` times, and checks that one works at a
/// time, and that tokens count how often it was had. Every third lease is dropped as if its holder had died, every fifth is broken by
/// force once its holder has stopped working. Tells in which order they had it.
///
/// # Panics
/// When two of them work at once, or a later lease has no greater token: this is a test.
pub async fn lease_race(runners: &[&dyn StateStore], rounds: usize) -> Vec<usize> {
    let stack: StackName = "raced".parse().expect("a stack name");
    // Nobody's lease runs out.
    let clock = HandClock::at(Timestamp::UNIX_EPOCH);
    let working = AtomicUsize::new(0);
    let tokens: Mutex<Vec<(u64, usize)>> = Mutex::new(Vec::new());
    let run = async |runner: usize, store: &dyn StateStore| {
        for round in 0..rounds {
            let info = LockInfo::this_process("apply", clock.now());
            let lease = loop {
                match store.lock(&stack, &info, &clock.clock()).await {
                    Ok(lease) => break lease,
                    Err(error) => assert_eq!(error.code(), "store.locked", "{error}"),
                }
                yield_now().await;
            };
            assert_eq!(working.fetch_add(1, Ordering::SeqCst), 0, "one works at a time");
            tokens.lock().expect("whole").push((lease.token(), runner));
            // Something that others would be in the way of.
            let run = RunId::generate();
            let end = store.append_to_journal(&lease, run, 0, b"begun\n").await.expect("ours");
            yield_now().await;
            store.append_to_journal(&lease, run, end, b"closed\n").await.expect("ours");
            store.remove_journal(&stack, run).await.expect("writable");
            working.fetch_sub(1, Ordering::SeqCst);
            if round % 3 == 0 {
                drop(lease);
            } else if round % 5 == 0 {
                store.break_lock(&stack, None, clock.now()).await.expect("writable").expect("it was held");
                let lost =
                    store.append_to_journal(&lease, run, 0, b"more\n").await.expect_err("it is broken");
                assert_eq!(lost.code(), "store.lease_lost");
            } else {
                lease.release(Vec::new()).await.expect("writable");
            }
        }
    };
    join_all(runners.iter().enumerate().map(|(runner, store)| run(runner, *store))).await;
    let tokens = tokens.into_inner().expect("whole");
    assert_eq!(tokens.len(), runners.len() * rounds);
    assert!(tokens.is_sorted_by(|(a, _), (b, _)| a < b), "later leases have greater tokens: {tokens:?}");
    tokens.into_iter().map(|(_, runner)| runner).collect()
}
