// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs that are asked to stop, and runs whose record cannot be kept.

use crate::world::{World, address, chain, stack, thing};
use humangov_core::{
    event::{EventKind, Events, StepOperation},
    exec::{Cancel, CancelLevel, OnFailure, Outcome, Recovery, Report},
    handler::HandlerErrorKind,
    stack::Stack,
    store::{MemoryStore, StoreError},
    testing::{CallOperation, Fault, TappedStore, When},
};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

fn wide(width: usize) -> Stack {
    let mut stack = stack();
    for n in 0..width {
        stack.add(&format!("t{n:02}"), thing(&format!("t{n:02}"))).unwrap();
    }
    stack
}

/// Applies, asking to stop after each of these times.
async fn cancelled(world: &World, stack: &Stack, after: &[Duration]) -> Report {
    let plan = world.plan(stack).await.unwrap();
    let (executor, cancel, sink) = (world.executor(), Cancel::new(), world.sink());
    let ask = async {
        for pause in after {
            tokio::time::sleep(*pause).await;
            cancel.escalate();
        }
    };
    let (report, ()) = tokio::join!(executor.apply(&plan, &world.imports, &cancel, &sink), ask);
    report.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_to_stop_finishes_what_runs_and_goes_back() {
    let world = World::to_be_left_empty();
    world.cloud.set_latency(Duration::from_secs(10));
    let report = cancelled(&world, &chain(), &[Duration::from_secs(25)]).await;
    assert_eq!(report.outcome, Outcome::Cancelled { rolled_back: true });
    let created: Vec<_> =
        world.faults.seen().into_iter().filter(|s| s.operation == CallOperation::Create).collect();
    assert_eq!(created.len(), 2, "the third was not begun");
    assert!(world.snapshot().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_only_waits_for_its_turn_is_not_begun_any_more() {
    let mut world = World::to_be_left_empty();
    world.options.concurrency = 2;
    world.cloud.set_latency(Duration::from_secs(10));
    let report = cancelled(&world, &wide(20), &[Duration::from_secs(5)]).await;
    assert_eq!(report.outcome, Outcome::Cancelled { rolled_back: true });
    assert_eq!(world.faults.count(CallOperation::Create), 2);
    let started =
        world.events().iter().filter(|event| format!("{:?}", event.what).contains("StepStarted")).count();
    assert_eq!(started, 4, "two creates and their undoing: {:#?}", world.events());
}

#[tokio::test(start_paused = true)]
async fn what_only_waits_for_its_turn_is_not_begun_after_a_failure() {
    let mut world = World::to_be_left_empty();
    world.options.concurrency = 2;
    let first = When::any().operation(CallOperation::Create).times(1);
    world.faults.add(first, Fault::Refuse(humangov_core::handler::HandlerErrorKind::Quota));
    let report = world.apply(&wide(20)).await;
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }));
    assert!(world.faults.count(CallOperation::Create) <= 3, "{}", world.faults.count(CallOperation::Create));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_cancelled_before_it_began_does_nothing() {
    let world = World::to_be_left_empty();
    let plan = world.plan(&chain()).await.unwrap();
    let cancel = Cancel::new();
    cancel.escalate();
    let report = world.executor().apply(&plan, &world.imports, &cancel, &world.sink()).await.unwrap();
    assert_eq!(report.outcome, Outcome::Cancelled { rolled_back: true });
    assert_eq!((report.steps.len(), world.faults.count(CallOperation::Create)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_halting_run_that_is_asked_to_stop_leaves_what_was_done() {
    let mut world = World::new();
    world.options.on_cancel = OnFailure::Halt;
    world.cloud.set_latency(Duration::from_secs(10));
    let report = cancelled(&world, &chain(), &[Duration::from_secs(25)]).await;
    assert_eq!(report.outcome, Outcome::Cancelled { rolled_back: false });
    assert_eq!(world.cloud.names(), ["a", "b"]);
    world.nothing_lost().await;
    world.cloud.set_latency(Duration::ZERO);
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_request_abandons_what_runs_and_the_next_run_repairs_it() {
    let world = World::new();
    world.cloud.set_polls("b", u32::MAX);
    let minute = Duration::from_secs(60);
    let report = cancelled(&world, &chain(), &[minute, minute]).await;
    assert_eq!(report.outcome, Outcome::Abandoned);
    assert_eq!(report.elapsed, 2 * minute, "it left at once");
    let left: Vec<_> = report.left.iter().map(|left| (left.address.name(), left.reason.as_str())).collect();
    assert_eq!(left, [("a", "it was not undone"), ("b", "it was under way")]);
    assert_eq!(world.cloud.names(), ["a", "b"]);
    world.cloud.set_polls("b", 0);
    world.cloud.remove("b");
    let recovered = world.recover(Recovery::Resume).await;
    assert_eq!(recovered[0].outcome, Outcome::Cancelled { rolled_back: true }, "it was going back");
    assert!(world.cloud.names().is_empty() && world.snapshot().await.is_none());
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn what_an_abandoned_run_left_in_doubt_is_settled_before_the_next() {
    let world = World::new();
    world.cloud.set_polls("b", 1000);
    let minute = Duration::from_secs(60);
    let _ = cancelled(&world, &chain(), &[minute, minute]).await;
    world.cloud.set_polls("b", 0);
    let plan = world.plan(&chain()).await.unwrap();
    assert_eq!(
        world.execute(&plan).await.unwrap_err().code(),
        "plan.stale",
        "more is known than was planned"
    );
    let plan = world.plan(&chain()).await.unwrap();
    assert_eq!((plan.summary().change, plan.summary().create), (1, 1), "b was not finished\n{plan}");
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn after_the_commit_nothing_is_undone() {
    let world = World::new();
    world.applied(&chain()).await;
    let mut less = stack();
    less.add("new", thing("new")).unwrap();
    world.cloud.set_latency(Duration::from_secs(10));
    // 20 s to make the new one, then c goes, then b, then a.
    let report = cancelled(&world, &less, &[Duration::from_secs(10 + 25)]).await;
    assert_eq!(report.outcome, Outcome::Cancelled { rolled_back: false });
    assert_eq!(world.cloud.names(), ["a", "new"], "what was going when it was asked to stop is gone");
    let left: Vec<_> = report.left.iter().map(|left| (left.address.name(), left.reason.as_str())).collect();
    assert_eq!(left, [("a", "it was not deleted yet")]);
    world.cloud.set_latency(Duration::ZERO);
    world.applied(&less).await;
}

/// A store whose writes to what ends in `what`, journals or snapshots, fail from the n-th to before the m-th; and what is in it.
fn failing(what: &'static str, from: u32, until: u32) -> (TappedStore<MemoryStore>, MemoryStore) {
    let (store, writes) = (MemoryStore::new(), AtomicU32::new(0));
    let failing = TappedStore::new(store.clone(), move |name, _| {
        if name.ends_with(what) && (from..until).contains(&(writes.fetch_add(1, Ordering::Relaxed) + 1)) {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Err(StoreError::io("write", "/full", full));
        }
        Ok(())
    });
    (failing, store)
}

/// A chain that is applied to a store that fails, and the store as it is once it works again.
async fn with_failing_store(
    (failing, store): (TappedStore<MemoryStore>, MemoryStore),
) -> (World, humangov_core::exec::ExecError) {
    let mut world = World::new();
    world.store = Arc::new(failing);
    world.cloud.set_latency(Duration::from_secs(1));
    let plan = world.quick_plan(&chain()).await.unwrap();
    let error = world.execute(&plan).await.unwrap_err();
    world.store = Arc::new(store);
    (world, error)
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_written_down_when_the_journal_fails_waits_no_longer() {
    let mut world = World::new();
    world.store = Arc::new(failing(".journal", 3, u32::MAX).0);
    // What it finds comes while what the others have found is tried to be written.
    let late = When::any().operation(CallOperation::Read).address(&address("test.thing/t01"));
    world.faults.add(late.times(1), Fault::Refuse(HandlerErrorKind::Throttled));
    let plan = world.quick_plan(&wide(3)).await.unwrap();
    let run = tokio::time::timeout(Duration::from_hours(1), world.execute(&plan));
    let error = run.await.expect("it ends").unwrap_err();
    assert_eq!(error.code(), "store.io");
    assert!(world.cloud.names().is_empty(), "nothing was made");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_steps_never_wait_still_heeds_whoever_stops_it() {
    let world = World::to_be_left_empty();
    let plan = world.plan(&wide(300)).await.unwrap();
    let cancel = Cancel::new();
    let stopper = cancel.clone();
    let events = Events::to(move |event| {
        if matches!(event.what, EventKind::StepFinished { operation: StepOperation::Create, .. })
            && stopper.level() == CancelLevel::None
        {
            stopper.escalate();
        }
    });
    let report = world.executor().apply(&plan, &world.imports, &cancel, &events).await.unwrap();
    assert_eq!(report.outcome, Outcome::Cancelled { rolled_back: true });
    let made = world.faults.count(CallOperation::Create);
    assert!((1..=64).contains(&made), "{made} were made, most of them after it was asked to stop");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_not_made() {
    let (world, error) = with_failing_store(failing(".journal", 1, u32::MAX)).await;
    assert_eq!((error.code(), error.to_string().as_str()), ("store.io", "could not write /full"));
    assert_eq!(error.source().unwrap().to_string(), "no storage space");
    assert!(error.report().is_none(), "it was not begun");
    assert_eq!(world.faults.seen().len(), 0, "and nothing was called");
    assert!(world.recover(Recovery::Resume).await.is_empty());
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_journal_cannot_be_written_stops_and_is_recovered_later() {
    for nth in 2..8 {
        let (world, error) = with_failing_store(failing(".journal", nth, u32::MAX)).await;
        assert_eq!(error.code(), "store.io", "{nth}");
        let report = error.report().unwrap();
        assert_eq!(report.outcome, Outcome::Abandoned, "what is done is not known to be all");
        let recovered = world.recover(Recovery::Resume).await;
        assert!(recovered[0].outcome.is_applied(), "{nth}: {recovered:#?}");
        world.settled(&chain()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_written_for_a_moment_holds_up_nothing() {
    let mut world = World::new();
    world.store = Arc::new(failing(".journal", 3, 6).0);
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_worked_and_cannot_be_recorded_says_so_and_is_recorded_later() {
    let (world, error) = with_failing_store(failing(".json", 1, u32::MAX)).await;
    assert_eq!(error.to_string(), "what was done could not be recorded");
    assert!(error.report().unwrap().outcome.is_applied(), "it had all been done");
    let seen = world.faults.seen().len();
    assert!(world.recover(Recovery::Resume).await[0].outcome.is_applied());
    assert_eq!(world.faults.seen().len(), seen, "nothing had to be done again");
    world.settled(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn a_long_run_is_seen_while_it_runs() {
    let world = World::new();
    world.cloud.set_latency(Duration::from_secs(1));
    world.cloud.set_polls("c", u32::MAX);
    let plan = world.plan(&chain()).await.unwrap();
    let (executor, cancel, sink) = (world.executor(), Cancel::new(), world.sink());
    let look = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let (lock, runs) = world.unfinished().await;
        assert!(lock.unwrap().is_held());
        assert_eq!(runs[0].snapshot.resources.len(), 2);
        let [(address, operation)] = &runs[0].in_doubt[..] else { panic!("{runs:#?}") };
        assert_eq!((address.name(), *operation), ("c", StepOperation::Create));
        cancel.escalate();
        cancel.escalate();
    };
    let (report, ()) = tokio::join!(executor.apply(&plan, &world.imports, &cancel, &sink), look);
    assert_eq!(report.unwrap().left.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_thing_that_was_only_seen_is_never_touched_by_an_empty_plan() {
    let world = World::new();
    world.applied(&chain()).await;
    let plan = world.plan(&chain()).await.unwrap();
    let version = world.snapshot().await.unwrap().version;
    world.faults.clear();
    let report = world.execute(&plan).await.unwrap();
    assert!(report.outcome.is_applied() && report.steps.is_empty() && world.faults.seen().is_empty());
    assert_eq!(world.snapshot().await.unwrap().version, version, "not even the record");
}
