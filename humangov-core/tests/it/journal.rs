// SPDX-License-Identifier: MIT OR Apache-2.0
//! Journals: what is in them, what a killed writer or a broken disk leaves of them, and what is made of that.

use crate::world::{World, california, chain};
use humangov_core::{
    address::{Address, RunId},
    exec::{Cancel, Outcome, Recovery, RunProgress, Unfinished},
    handler::HandlerErrorKind,
    journal::{Journal, RecordKind, read},
    store::{Backend, Log, MemoryStore, StoreError, StoreErrorKind},
    testing::{CallOperation, Crash, CrashingStore, Fault, Side, Thing, When},
};
use std::sync::Arc;

/// The journal of a run that was killed at its `nth` write, and its world.
async fn killed_at(nth: usize) -> (World, MemoryStore, RunId, Log) {
    let mut world = World::new();
    let store = MemoryStore::new();
    let crash = Crash::at(nth, Side::After);
    world.store = Arc::new(CrashingStore::new(store.clone(), crash.clone()));
    let plan = world.plan(&chain()).await.unwrap();
    assert!(crash.survive(world.execute(&plan)).await.is_none());
    world.store = Arc::new(store.clone());
    let (_, unfinished) = world.unfinished().await;
    let run = unfinished[0].run;
    let log = world.store.journal(&california(), run).await.unwrap().unwrap();
    (world, store, run, log)
}

fn parsed(run: RunId, bytes: &[u8]) -> Result<Journal, StoreError> {
    read(run, "here", &Log { bytes: bytes.to_vec(), end: bytes.len() as u64 })
}

fn kinds(journal: &Journal) -> Vec<String> {
    let told = journal.records.iter().map(|record| match &record.kind {
        RecordKind::Started { step, .. } => format!("started {:?} {}", step.operation, step.address),
        RecordKind::Ended(ended) => format!("ended {:?} {}", ended.step.operation, ended.step.address),
        other => format!("{other:?}"),
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn a_journal_holds_the_plan_then_an_intent_before_and_an_outcome_after_each_step() {
    // The lock, the beginning, three writes of steps.
    let (world, _, run, log) = killed_at(5).await;
    let journal = parsed(run, &log.bytes).unwrap();
    let begun = journal.begun.as_ref().unwrap();
    assert_eq!((begun.plan.changes.len(), begun.snapshot.is_none()), (3, true));
    assert_eq!(
        kinds(&journal),
        [
            "started Create test.thing/a",
            "ended Create test.thing/a",
            "started Create test.thing/b",
            "ended Create test.thing/b",
            "started Create test.thing/c",
        ],
        "what one step needs of another is durable before it begins"
    );
    let (lock, unfinished) = world.unfinished().await;
    assert!(lock.unwrap().stale, "whoever held it is gone");
    assert_eq!(
        (unfinished[0].progress, unfinished[0].done, unfinished[0].steps),
        (RunProgress::Forward, 2, 3)
    );
    assert_eq!(unfinished[0].in_doubt.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_is_cut_off_anywhere_in_its_last_line_is_the_journal_before_that_line() {
    let (_, _, run, log) = killed_at(5).await;
    let text = log.bytes;
    let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let before = parsed(run, &text[..last]).unwrap();
    for end in last..text.len() - 1 {
        let torn = parsed(run, &text[..end]).unwrap();
        assert_eq!(torn.records, before.records, "cut off after {end} bytes");
    }
    assert_eq!(parsed(run, &text).unwrap().records.len(), before.records.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_a_journal_up_may_be_killed_while_writing_that_down_any_number_of_times() {
    let mut world = World::new();
    let store = MemoryStore::new();
    for side in [Side::After, Side::Within, Side::Within, Side::Within] {
        // The lock, and one more write: what is left of the first run, then of those that take it up.
        let crash = if side == Side::After { Crash::at(4, side) } else { Crash::at(2, side) };
        world.store = Arc::new(CrashingStore::new(store.clone(), crash.clone()));
        let died = if side == Side::After {
            let plan = world.plan(&chain()).await.unwrap();
            crash.survive(world.execute(&plan)).await.is_none()
        } else {
            crash.survive(world.recover(Recovery::Resume)).await.is_none()
        };
        assert!(died, "{:?}", crash.seen());
    }
    world.store = Arc::new(store);
    assert!(world.recover(Recovery::Resume).await[0].outcome.is_applied());
    world.settled(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_damaged_lines_at_the_end_one_was_whole_once_unless_both_are_cut_off() {
    let (_, _, run, log) = killed_at(5).await;
    let lines: Vec<&[u8]> = log.bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let (last, before) = lines.split_last().unwrap();
    let (one_more, whole) = before.split_last().unwrap();
    let cut = |line: &[u8]| [&line[..line.len() / 2], b"\n"].concat();
    let broken = |line: &[u8]| [&line[..10], b"~", &line[11..]].concat();
    let ends = |one: Vec<u8>, other: Vec<u8>| parsed(run, &[whole.concat(), one, other].concat());
    assert_eq!(ends(cut(one_more), cut(last)).unwrap().next, whole.len() as u64);
    for wrong in [
        ends(broken(one_more), cut(last)),
        ends(cut(one_more), broken(last)),
        ends(broken(one_more), broken(last)),
    ] {
        let error = wrong.unwrap_err();
        assert!(matches!(error.kind(), StoreErrorKind::CorruptJournal { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_damaged_byte_before_the_last_line_is_found() {
    let (_, _, run, log) = killed_at(4).await;
    let text = log.bytes;
    let first = text.iter().position(|byte| *byte == b'\n').unwrap();
    let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    for at in (0..first).step_by(97).chain(first..last) {
        let mut damaged = text.clone();
        damaged[at] ^= 0x04;
        let error = parsed(run, &damaged).expect_err("damaged");
        let StoreErrorKind::CorruptJournal { place, readable, .. } = error.kind() else {
            panic!("{error:?}")
        };
        assert_eq!(place, "here", "byte {at}");
        assert_eq!(*readable == 0, at <= first, "byte {at}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_record_and_one_of_another_run_are_found() {
    let (_, _, run, log) = killed_at(5).await;
    let lines: Vec<&[u8]> = log.bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let without: Vec<u8> =
        lines.iter().enumerate().filter(|(n, _)| *n != 2).flat_map(|(_, line)| line.to_vec()).collect();
    let error = parsed(run, &without).expect_err("a record is missing");
    assert_eq!(error.code(), "store.corrupt_journal");
    assert_eq!(
        error.to_string(),
        format!(
            "the journal of run {run}, here, is damaged: line 3 is record 3; record 2 is missing; 2 records before that can be read"
        )
    );
    let other = RunId::from_u128(7);
    assert!(parsed(other, &log.bytes).expect_err("another run").to_string().contains("line 1 is of run"));
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_a_newer_version_is_refused_whatever_is_in_it() {
    let run = RunId::from_u128(7);
    let json = br#"{"v":9,"everything":"is different"}"#;
    let line = [format!("{:08x} ", crc32(json)).as_bytes(), json, b"\n"].concat();
    assert_eq!(parsed(run, &line).unwrap_err().kind(), &StoreErrorKind::TooNew("here".to_owned(), 9));
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = !0_u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(sum & 1));
        }
    }
    !sum
}

#[tokio::test(start_paused = true)]
async fn a_damaged_journal_stops_whoever_would_go_on_and_nothing_is_touched() {
    let (world, store, run, log) = killed_at(5).await;
    let name = format!("california.{run}.journal");
    store.remove_log(&name).await.unwrap();
    let mut damaged = log.bytes;
    damaged[200] ^= 0x01;
    Backend::append(&store, &name, 0, &damaged).await.unwrap().unwrap();
    let before = world.cloud.picture();
    world.faults.clear();
    let executor = world.executor();
    for how in [Recovery::Resume, Recovery::RollBack, Recovery::Settle] {
        let recovered =
            executor.recover(&california(), how, &humangov_core::exec::Cancel::new(), &world.sink()).await;
        assert_eq!(recovered.unwrap_err().code(), "store.corrupt_journal");
    }
    assert!(world.faults.seen().is_empty());
    assert_eq!(world.cloud.picture(), before);
    let kept = world.store.journal(&california(), run).await.unwrap().unwrap().bytes;
    assert!(kept.starts_with(&damaged), "it is kept as it is");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_run_is_told_tried_again_and_let_go() {
    for let_go in [false, true] {
        let world = World::new();
        let (b, c) = ("test.thing/b".parse().unwrap(), "test.thing/c".parse().unwrap());
        let refused = Fault::Refuse(humangov_core::handler::HandlerErrorKind::AccessDenied);
        world.faults.add(When::any().operation(CallOperation::Create).address(&c), refused);
        world.faults.add(When::any().operation(CallOperation::Delete).address(&b), refused);
        let report = world.apply(&chain()).await;
        assert!(matches!(report.outcome, Outcome::Stuck { .. }));
        let (lock, unfinished) = world.unfinished().await;
        assert!(!lock.unwrap().is_held());
        assert_eq!((unfinished[0].run, unfinished[0].progress), (report.run, RunProgress::Stuck));
        let failed: Vec<_> = unfinished[0].failed.iter().map(|(address, ..)| address.name()).collect();
        assert_eq!(failed, ["c", "b"]);
        // As long as nothing changes, nothing comes of trying again.
        assert!(matches!(world.recover(Recovery::Resume).await[0].outcome, Outcome::Stuck { .. }));
        if let_go {
            // What b needs cannot go either.
            let a = "test.thing/a".parse().unwrap();
            let orphaned = world.executor().orphan(&california(), &[b.clone(), a]).await.unwrap();
            assert_eq!(orphaned.keys().map(Address::name).collect::<Vec<_>>(), ["a", "b"]);
            let recovered = world.recover(Recovery::Resume).await;
            assert!(matches!(recovered[0].outcome, Outcome::RolledBack { .. }), "{recovered:#?}");
            assert_eq!(world.cloud.names(), ["a", "b"], "they stay");
            assert!(world.snapshot().await.is_none());
        } else {
            world.faults.clear();
            let recovered = world.recover(Recovery::Resume).await;
            assert!(matches!(recovered[0].outcome, Outcome::RolledBack { .. }), "{recovered:#?}");
            assert!(world.cloud.names().is_empty() && world.snapshot().await.is_none());
        }
        assert!(world.recover(Recovery::Resume).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_undone_before_the_run_was_killed_is_tried_again_with_the_rest() {
    let (b, c) = ("test.thing/b".parse().unwrap(), "test.thing/c".parse().unwrap());
    let refused = Fault::Refuse(HandlerErrorKind::AccessDenied);
    let mut stack = chain();
    let d = stack.add("d", Thing::builder().name("d").build()).unwrap();
    stack.add("e", Thing::builder().name("e").link(&d).build()).unwrap();
    let mut were_undoing = 0;
    for nth in 1.. {
        let mut world = World::new();
        let store = MemoryStore::new();
        let crash = Crash::at(nth, Side::After);
        world.store = Arc::new(CrashingStore::new(store.clone(), crash.clone()));
        world.faults.add(When::any().operation(CallOperation::Create).address(&c), refused);
        world.faults.add(When::any().operation(CallOperation::Delete).address(&b), refused);
        let plan = world.plan(&stack).await.unwrap();
        if crash.survive(world.execute(&plan)).await.is_some() {
            break;
        }
        world.store = Arc::new(store.clone());
        world.faults.clear();
        let (_, unfinished) = world.unfinished().await;
        let could_not_undo = |run: &Unfinished| run.failed.iter().any(|(address, ..)| *address == b);
        let undoing =
            unfinished.iter().any(|run| run.progress == RunProgress::Unwinding && could_not_undo(run));
        were_undoing += usize::from(undoing);
        for report in world.recover(Recovery::Resume).await {
            let ended = matches!(report.outcome, Outcome::RolledBack { .. } | Outcome::Applied);
            assert!(ended, "killed at {nth}: {report:#?}");
        }
        assert!(world.recover(Recovery::Resume).await.is_empty(), "killed at {nth}");
        world.applied(&stack).await;
    }
    assert!(were_undoing > 0, "none was killed between the two");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_settling_was_killed_still_goes_the_way_it_was_going() {
    let (b, c) = ("test.thing/b".parse().unwrap(), "test.thing/c".parse().unwrap());
    let refused = Fault::Refuse(HandlerErrorKind::AccessDenied);
    let mut ended = std::collections::BTreeSet::new();
    for fails in [false, true] {
        for (nth, after) in (3..=12).flat_map(|nth| (2..=6).map(move |after| (nth, after))) {
            let mut world = World::new();
            let store = MemoryStore::new();
            let dies_at = |nth| Crash::at(nth, Side::After);
            let over = |crash: &Crash| Arc::new(CrashingStore::new(store.clone(), crash.clone()));
            if fails {
                world.faults.add(When::any().operation(CallOperation::Create).address(&c).times(1), refused);
                world.faults.add(When::any().operation(CallOperation::Delete).address(&b).times(1), refused);
            }
            let plan = world.plan(&chain()).await.unwrap();
            for (crash, first) in [(dies_at(nth), true), (dies_at(after), false)] {
                world.store = over(&crash);
                let executor = world.executor();
                let (stack, cancel, events) = (california(), Cancel::new(), world.sink());
                if first {
                    let _ = crash.survive(executor.apply(&plan, &world.imports, &cancel, &events)).await;
                } else {
                    let settles = executor.recover(&stack, Recovery::Settle, &cancel, &events);
                    let _ = crash.survive(settles).await;
                }
            }
            world.store = Arc::new(store.clone());
            world.faults.clear();
            for report in world.recover(Recovery::Resume).await {
                assert!(!matches!(report.outcome, Outcome::Stuck { .. }), "{nth} {after}: {report:#?}");
                ended.insert(report.outcome.name());
            }
            assert!(world.recover(Recovery::Resume).await.is_empty(), "{nth} {after}");
            world.nothing_lost().await;
            world.applied(&chain()).await;
        }
    }
    assert!(ended.contains("applied") && ended.contains("rolled_back"), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn settling_looks_up_what_ended_in_doubt_and_what_could_not_be_undone_since_nobody_could_look() {
    let world = World::new();
    let c = "test.thing/c".parse().unwrap();
    world.faults.add(When::any().operation(CallOperation::Create).address(&c), Fault::LoseAnswer);
    let blind = Fault::Refuse(HandlerErrorKind::AccessDenied);
    world.faults.add(When::any().operation(CallOperation::Read).address(&c), blind);
    let plan = world.plan(&chain()).await.unwrap();
    let report = world.execute(&plan).await.unwrap();
    assert!(matches!(report.outcome, Outcome::Stuck { .. }), "{report:#?}");
    let recorded = |snapshot: &humangov_core::store::Snapshot| snapshot.resources.contains_key(&c);
    assert!(!recorded(&world.snapshot().await.unwrap().value), "nobody knows whether it is there");
    // As long as nobody can look, it stays so.
    let settle = || async {
        let executor = world.executor();
        executor.recover(&california(), Recovery::Settle, &Cancel::new(), &world.sink()).await
    };
    assert_eq!(settle().await.unwrap_err().code(), "exec.in_doubt");
    world.faults.clear();
    assert!(matches!(settle().await.unwrap()[0].outcome, Outcome::Settled));
    let snapshot = world.snapshot().await.unwrap().value;
    assert!(recorded(&snapshot) && snapshot.resources[&c].unfinished);
    world.nothing_lost().await;
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_run_in_doubt_may_have_made_cannot_be_let_go_before_it_is_known() {
    let (world, _, run, _) = killed_at(5).await;
    let error = world.executor().orphan(&california(), &["test.thing/b".parse().unwrap()]).await.unwrap_err();
    assert_eq!(error.code(), "exec.unfinished");
    assert!(error.to_string().contains(&run.to_string()));
}

#[tokio::test(start_paused = true)]
async fn a_resource_of_a_stack_at_rest_is_let_go_by_forgetting_it() {
    let world = World::new();
    world.applied(&chain()).await;
    let c = "test.thing/c".parse().unwrap();
    let orphaned = world.executor().orphan(&california(), std::slice::from_ref(&c)).await.unwrap();
    assert_eq!(orphaned[&c].outputs.to_value()["id"], "thing-c");
    assert_eq!(world.snapshot().await.unwrap().value.resources.len(), 2);
    assert_eq!(world.cloud.names(), ["a", "b", "c"]);
}

/// Never change these texts: journals like them are out there.
#[tokio::test(start_paused = true)]
async fn a_journal_written_by_the_first_version_is_recovered_for_ever() {
    let run: RunId = "01a21712-4b89-7140-8279-b10fd347e530".parse().unwrap();
    let text = include_str!("golden/journal-v1.journal");
    let journal = parsed(run, text.as_bytes()).unwrap();
    assert!(!journal.is_closed());
    let seen: std::collections::BTreeSet<String> = journal
        .records
        .iter()
        .map(|record| format!("{:?}", record.kind).split([' ', '(', '{']).next().unwrap().to_owned())
        .collect();
    let all = ["Ended", "Noted", "Orphaned", "Started", "Stopping", "Stuck", "TakenUp"];
    assert_eq!(
        seen.iter().map(String::as_str).collect::<Vec<_>>(),
        all,
        "one of each that a journal goes on after"
    );
    let mut world = World::new();
    let store = MemoryStore::new();
    Backend::append(&store, &format!("california.{run}.journal"), 0, text.as_bytes()).await.unwrap().unwrap();
    world.store = Arc::new(store);
    let recovered = world.recover(Recovery::Resume).await;
    assert!(matches!(recovered[0].outcome, Outcome::RolledBack { .. }), "{recovered:#?}");
    assert!(world.unfinished().await.1.is_empty());
}
