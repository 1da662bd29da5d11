// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happens when calls fail: every call in turn, in every way.

use crate::world::{World, address, cause, chain, stack, thing};
use humangov_core::{
    exec::{OnFailure, Outcome},
    handler::HandlerErrorKind,
    stack::Stack,
    testing::{CallOperation, Fault, Seen, Thing, Vault, When},
};
use std::time::Duration;

/// What there is before the run that fails.
fn before() -> Stack {
    let mut stack = stack();
    let base = stack.add("base", thing("base")).unwrap();
    let kept = stack.add("kept", Thing::builder().name("kept").link(&base).note("n", "1").build()).unwrap();
    let moved = stack.add("moved", Thing::builder().name("moved1").shape("s1").link(&base).build()).unwrap();
    stack.add("user", Thing::builder().name("user").link(&moved).link(&kept).build()).unwrap();
    stack
        .add("slotted", Thing::builder().name("slotted").slot(1).link(&base).note("s", "1").build())
        .unwrap();
    stack.add("going", Thing::builder().name("going").link(&base).build()).unwrap();
    stack
}

/// A run in which everything happens that can: creates, updates, both replacements, deletes.
fn after() -> Stack {
    let mut stack = stack();
    let base = stack.add("base", Thing::builder().name("base").size(2).build()).unwrap();
    let kept = stack.add("kept", Thing::builder().name("kept").link(&base).note("n", "2").build()).unwrap();
    let moved = stack.add("moved", Thing::builder().name("moved2").shape("s2").link(&base).build()).unwrap();
    stack.add("user", Thing::builder().name("user").link(&moved).link(&kept).build()).unwrap();
    stack
        .add("slotted", Thing::builder().name("slotted").slot(2).link(&kept).note("s", "1").build())
        .unwrap();
    let new = stack.add("new", Thing::builder().name("new").link(&moved).note("k", "v").build()).unwrap();
    stack.add("newer", Thing::builder().name("newer").link(&new).build()).unwrap();
    stack.add("papers", Vault::builder().name("papers").build()).unwrap();
    stack
}

async fn started() -> World {
    let world = World::new();
    world.applied(&before()).await;
    world.faults.clear();
    world
}

/// The calls of a clean run.
async fn calls() -> Vec<Seen> {
    let world = started().await;
    let plan = world.plan(&after()).await.unwrap();
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
    world.settled(&after()).await;
    assert_eq!(world.cloud.refused_deletes(), 0);
    world.faults.seen()
}

const CLEANUPS: [&str; 2] = ["test.thing/going", "test.thing/moved"];

fn is_cleanup(call: &Seen) -> bool {
    call.operation == CallOperation::Delete && CLEANUPS.contains(&call.address.as_str())
}

#[tokio::test(start_paused = true)]
async fn whichever_call_fails_in_whatever_way_nothing_is_left_of_the_run() {
    let calls = calls().await;
    let count = |operation| calls.iter().filter(|call| call.operation == operation).count();
    let counts = [CallOperation::Create, CallOperation::Update, CallOperation::Delete].map(count);
    assert_eq!(counts, [5, 3, 3], "the run is meant to do everything");
    let faults = [
        Fault::Refuse(HandlerErrorKind::AccessDenied),
        Fault::Refuse(HandlerErrorKind::Invalid),
        Fault::Refuse(HandlerErrorKind::AlreadyExists),
        Fault::Refuse(HandlerErrorKind::Other),
        Fault::Part(HandlerErrorKind::AccessDenied),
    ];
    let mut rolled_back = 0;
    for call in calls.iter().filter(|call| !is_cleanup(call)) {
        for fault in faults {
            let label = format!("{fault:?} of {call}");
            let in_parts = matches!(call.operation, CallOperation::Create | CallOperation::Delete);
            if matches!(fault, Fault::Part(_)) && !in_parts {
                continue;
            }
            let world = started().await;
            let before = world.all().await;
            let plan = world.plan(&after()).await.unwrap();
            world.faults.add(When::seen(call), fault);
            let report = world.execute(&plan).await.unwrap();
            assert_eq!(world.faults.fired().len(), 1, "{label}");
            assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{label}: {report:#?}");
            assert_eq!(cause(&report).0, call.address.as_str(), "{label}");
            assert!(report.left.is_empty(), "{label}: {report:#?}");
            assert_eq!(world.all().await, before, "{label}");
            assert_eq!(world.cloud.refused_deletes(), 0, "{label}");
            world.settled(&crate::fail::before()).await;
            world.faults.clear();
            world.applied(&after()).await;
            rolled_back += 1;
        }
    }
    assert!(rolled_back > 60, "{rolled_back}");
}

#[tokio::test(start_paused = true)]
async fn whichever_answer_is_lost_the_run_goes_on() {
    for call in &calls().await {
        for fault in [
            Fault::LoseAnswer,
            Fault::TimeOut,
            Fault::Hang,
            Fault::Refuse(HandlerErrorKind::Throttled),
            Fault::Resent,
            // What the first half made is not everywhere yet.
            Fault::Part(HandlerErrorKind::NotFound),
        ] {
            if matches!(fault, Fault::Resent | Fault::Part(_)) && call.operation != CallOperation::Create {
                continue;
            }
            let label = format!("{fault:?} of {call}");
            let world = started().await;
            let plan = world.plan(&after()).await.unwrap();
            world.faults.add(When::seen(call), fault);
            let report = world.execute(&plan).await.unwrap();
            assert_eq!(world.faults.fired().len(), 1, "{label}");
            if fault == Fault::Hang {
                // Nobody can tell what became of it but by looking, and waiting for it has a limit.
                assert!(report.elapsed <= 3 * world.options.step_timeout, "{label}: {:?}", report.elapsed);
                if !report.outcome.is_applied() {
                    assert!(
                        matches!(report.outcome, Outcome::RolledBack { .. } | Outcome::Incomplete { .. }),
                        "{label}: {report:#?}"
                    );
                }
            } else {
                assert!(report.outcome.is_applied(), "{label}: {report:#?}");
                assert!(report.elapsed < Duration::from_secs(60), "{label}: {:?}", report.elapsed);
                world.settled(&after()).await;
            }
            world.nothing_lost().await;
            assert_eq!(world.cloud.refused_deletes(), 0, "{label}");
            world.faults.clear();
            world.applied(&after()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clean_up_that_fails_undoes_nothing_and_is_tried_again_by_the_next_run() {
    for call in calls().await.iter().filter(|call| is_cleanup(call)) {
        let world = started().await;
        let plan = world.plan(&after()).await.unwrap();
        world.faults.add(When::seen(call), Fault::Refuse(HandlerErrorKind::AccessDenied));
        let report = world.execute(&plan).await.unwrap();
        let Outcome::Incomplete { failures } = &report.outcome else { panic!("{report:#?}") };
        assert_eq!(failures[0].address, call.address);
        assert_eq!(report.left.len(), 1, "{report:#?}");
        assert_eq!(report.left[0].reason, "it could not be deleted");
        world.nothing_lost().await;
        world.faults.clear();
        world.applied(&after()).await;
        assert!(!world.cloud.names().iter().any(|name| name == "going" || name == "moved1"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_going_is_looked_after_by_the_next_run_when_looking_does_not_help() {
    for (refusals, in_doubt) in [
        (vec![HandlerErrorKind::NotYet, HandlerErrorKind::AccessDenied], true),
        (vec![HandlerErrorKind::AccessDenied], false),
    ] {
        let world = World::new();
        world.applied(&chain()).await;
        let c = address("test.thing/c");
        for (nth, refusal) in (1..).zip(refusals) {
            let when = When::any().operation(CallOperation::Delete).address(&c).nth(nth);
            world.faults.add(when, Fault::Refuse(refusal));
        }
        let plan = world.plan_destroy().await.unwrap();
        let looks = When::any().operation(CallOperation::Read).address(&c);
        world.faults.add(looks, Fault::Refuse(HandlerErrorKind::AccessDenied));
        let report = world.execute(&plan).await.unwrap();
        assert!(matches!(report.outcome, Outcome::Incomplete { .. }), "{report:#?}");
        assert_eq!(world.snapshot().await.unwrap().value.resources[&c].unfinished, in_doubt);
        world.faults.clear();
        world.destroyed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_replaced_thing_that_could_not_be_deleted_goes_before_its_successors_record() {
    // Destroying then, one of the two can be deleted and the other cannot: neither must be forgotten.
    for nth in [1, 2] {
        let world = started().await;
        let plan = world.plan(&after()).await.unwrap();
        let moved = address("test.thing/moved");
        let deletes = || When::any().operation(CallOperation::Delete).address(&moved);
        world.faults.add(deletes(), Fault::Refuse(HandlerErrorKind::AccessDenied));
        let _ = world.execute(&plan).await.unwrap();
        let snapshot = world.snapshot().await.unwrap().value;
        assert_eq!(snapshot.resources["test.thing/moved"].deposed.len(), 1);
        world.faults.clear();
        world.faults.add(deletes().nth(nth), Fault::Refuse(HandlerErrorKind::AccessDenied));
        let plan = world.plan_destroy().await.unwrap();
        let report = world.execute(&plan).await.unwrap();
        assert!(matches!(report.outcome, Outcome::Incomplete { .. }), "{report:#?}");
        world.nothing_lost().await;
        world.destroyed().await;
        assert_eq!(world.cloud.names(), ["papers"]);
    }
}

/// A thing `a` and one that needs it; the two differ with `n`, and `shape` cannot be changed.
fn shaped(n: u32, shape: &str) -> Stack {
    let mut stack = stack();
    let name = format!("a{n}");
    let a = stack.add("a", Thing::builder().name(name).shape(shape).size(n).build()).unwrap();
    stack.add("user", Thing::builder().name("user").link(&a).build()).unwrap();
    stack
}

/// `a2` has replaced `a1`, which could not be deleted.
async fn half_replaced() -> World {
    let world = World::new();
    world.applied(&shaped(1, "s1")).await;
    let plan = world.plan(&shaped(2, "s2")).await.unwrap();
    let deletes = When::any().operation(CallOperation::Delete).times(1);
    world.faults.add(deletes, Fault::Refuse(HandlerErrorKind::AccessDenied));
    let report = world.execute(&plan).await.unwrap();
    assert!(matches!(report.outcome, Outcome::Incomplete { .. }), "{report:#?}");
    assert_eq!(world.cloud.names(), ["a1", "a2", "user"]);
    world
}

#[tokio::test(start_paused = true)]
async fn a_replaced_thing_that_is_still_there_is_taken_back_when_it_is_wanted_again() {
    let world = half_replaced().await;
    // It need not be quite as it was.
    let mut wanted = stack();
    let a = wanted.add("a", Thing::builder().name("a1").shape("s1").size(7).build()).unwrap();
    wanted.add("user", Thing::builder().name("user").link(&a).build()).unwrap();
    let plan = world.plan(&wanted).await.unwrap();
    assert_eq!((plan.summary().change, plan.summary().delete, plan.summary().replace), (2, 1, 0), "{plan}");
    world.applied(&wanted).await;
    assert_eq!(world.cloud.names(), ["a1", "user"]);
    assert_eq!(world.cloud.things()["a1"].size, 7);
}

#[tokio::test(start_paused = true)]
async fn a_thing_that_was_taken_back_is_replaced_again_if_the_run_goes_back() {
    for operation in [CallOperation::Update, CallOperation::Ready] {
        let world = half_replaced().await;
        let before = world.all().await;
        let when = When::any().operation(operation).address(&address("test.thing/user")).times(1);
        world.faults.add(when, Fault::Refuse(HandlerErrorKind::AccessDenied));
        let report = world.apply(&shaped(1, "s1")).await;
        assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
        assert_eq!(world.all().await, before);
        world.applied(&shaped(2, "s2")).await;
        assert_eq!(world.cloud.names(), ["a2", "user"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_replaced_is_not_taken_back_if_it_is_gone_or_somebody_elses() {
    let world = half_replaced().await;
    world.cloud.remove("a1");
    world.applied(&shaped(1, "s1")).await;
    assert_eq!(world.cloud.names(), ["a1", "user"]);

    let world = half_replaced().await;
    world.cloud.untag("a1");
    let report = world.apply(&shaped(1, "s1")).await;
    assert_eq!(cause(&report), ("test.thing/a", "handler.already_exists"));
}

#[tokio::test(start_paused = true)]
async fn what_was_replaced_is_taken_back_in_the_place_of_what_somebody_deleted() {
    let world = half_replaced().await;
    world.cloud.remove("user");
    world.cloud.remove("a2");
    world.applied(&shaped(1, "s1")).await;
    assert_eq!(world.cloud.names(), ["a1", "user"]);
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_replaced_thing_that_cannot_be_taken_back_is_not_taken_for_a_new_one() {
    let world = half_replaced().await;
    // It has the name, and cannot get the shape.
    let report = world.apply(&shaped(1, "s3")).await;
    assert_eq!(cause(&report), ("test.thing/a", "handler.already_exists"));
    let Outcome::RolledBack { cause } = &report.outcome else { panic!("{report:#?}") };
    assert!(cause.error.details[0].contains("apply what was declared before"), "{cause:#?}");
    world.nothing_lost().await;
    assert!(world.apply(&shaped(2, "s2")).await.outcome.is_applied(), "the way out: clean up first");
    world.applied(&shaped(1, "s3")).await;
    assert_eq!(world.cloud.names(), ["a1", "user"]);
}

#[tokio::test(start_paused = true)]
async fn a_create_first_replacement_that_keeps_its_name_fails_and_leaves_the_old_one() {
    let world = World::new();
    let of = |shape: &str| {
        let mut stack = stack();
        stack.add("a", Thing::builder().name("a").shape(shape).build()).unwrap();
        stack
    };
    world.applied(&of("round")).await;
    let before = world.all().await;
    let report = world.apply(&of("square")).await;
    assert_eq!(cause(&report), ("test.thing/a", "handler.already_exists"));
    assert_eq!(world.all().await, before);
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_with_growing_pauses() {
    let world = World::new();
    let call = When::any().operation(CallOperation::Create).address(&address("test.thing/b"));
    world.faults.add(call.times(4), Fault::Refuse(HandlerErrorKind::Throttled));
    let report = world.applied(&chain()).await;
    assert_eq!(report.retries(), 4);
    assert_eq!(report.elapsed, Duration::from_millis(500 + 1000 + 2000 + 4000));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_settle_in_time_is_given_up() {
    let world = World::new();
    let call = When::any().operation(CallOperation::Create).address(&address("test.thing/b"));
    world.faults.add(call, Fault::Refuse(HandlerErrorKind::NotYet));
    let report = world.apply(&chain()).await;
    assert_eq!(cause(&report), ("test.thing/b", "handler.not_yet"));
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }));
    let limit = world.options.settle_timeout;
    assert!(
        report.elapsed <= limit && report.elapsed + world.options.retry_most > limit,
        "{:?}",
        report.elapsed
    );
    assert!(world.cloud.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_never_works_is_undone_and_its_last_words_are_told() {
    let world = World::to_be_left_empty();
    world.cloud.never_ready("b", "exited with 3", &["AttributeError: 'NoneType'", "stopped 3 times"]);
    let report = world.apply(&chain()).await;
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    let failed = report.steps.iter().find_map(|step| step.error.as_ref()).unwrap();
    assert_eq!((failed.code.as_str(), failed.message.as_str()), ("handler.failed", "exited with 3"));
    assert_eq!(failed.details, ["AttributeError: 'NoneType'", "stopped 3 times"]);
    assert!(world.cloud.names().is_empty() && world.snapshot().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_takes_back_what_was_set_and_leaves_alone_what_never_was() {
    let with = |thing: Thing| {
        let mut stack = stack();
        let a = stack.add("a", thing).unwrap();
        stack.add("b", Thing::builder().name("b").link(&a).build()).unwrap();
        stack
    };
    for (changed, looks) in [
        (Thing::builder().name("a").size(7).build(), true),
        (Thing::builder().name("a").size(7).build(), false),
        (Thing::builder().name("a").size(7).colour("red").build(), true),
        (Thing::builder().name("a").size(7).colour("red").build(), false),
    ] {
        let world = World::new();
        world.applied(&with(thing("a"))).await;
        world.cloud.edit("a", |thing| thing.colour = Some("blue".to_owned()));
        world.cloud.never_ready("a", "no", &[]);
        let (stack, set) = (with(changed.clone()), changed.colour.is_some());
        let plan = if looks { world.plan(&stack).await } else { world.quick_plan(&stack).await }.unwrap();
        world.execute(&plan).await.unwrap();
        let a = &world.cloud.things()["a"];
        // What was there before is only known to a plan that looked.
        let expected = if set && !looks { "grey" } else { "blue" };
        assert_eq!((a.size, a.colour.as_deref()), (1, Some(expected)), "set: {set}, looks: {looks}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_to_work_is_undone() {
    let world = World::to_be_left_empty();
    world.cloud.set_polls("b", u32::MAX);
    let report = world.apply(&chain()).await;
    assert_eq!(cause(&report), ("test.thing/b", "handler.timed_out"));
    assert!(report.elapsed <= world.options.step_timeout + Duration::from_secs(1));
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn polls_that_fail_in_passing_fail_nothing() {
    let world = World::new();
    let polls = When::any().operation(CallOperation::Ready).address(&address("test.thing/b"));
    world.faults.add(polls.clone().times(2), Fault::Refuse(HandlerErrorKind::Transient));
    world.faults.add(polls.clone().times(2), Fault::Refuse(HandlerErrorKind::Throttled));
    world.faults.add(polls.times(1), Fault::LoseAnswer);
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_fails_is_stuck_and_told_and_recorded_and_the_next_run_repairs_it() {
    let world = World::new();
    let (b, c) = (address("test.thing/b"), address("test.thing/c"));
    world.faults.add(
        When::any().operation(CallOperation::Create).address(&c),
        Fault::Refuse(HandlerErrorKind::AccessDenied),
    );
    world.faults.add(
        When::any().operation(CallOperation::Delete).address(&b),
        Fault::Refuse(HandlerErrorKind::AccessDenied),
    );
    let report = world.apply(&chain()).await;
    let Outcome::Stuck { cause: Some(cause), undo_failures } = &report.outcome else { panic!("{report:#?}") };
    assert_eq!((&cause.address, undo_failures.len(), &undo_failures[0].address), (&c, 1, &b));
    let left: Vec<_> = report.left.iter().map(|left| (left.address.name(), left.reason.as_str())).collect();
    assert_eq!(left, [("a", "it was not undone"), ("b", "it could not be undone")]);
    assert_eq!(world.cloud.names(), ["a", "b"], "what b needs is not pulled from under it");
    world.nothing_lost().await;
    world.faults.clear();
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_left_unready_by_a_stuck_run_is_waited_for_by_the_next() {
    let world = World::new();
    world.cloud.never_ready("b", "broken", &[]);
    let deletes = When::any().operation(CallOperation::Delete);
    world.faults.add(deletes, Fault::Refuse(HandlerErrorKind::AccessDenied));
    let report = world.apply(&chain()).await;
    assert!(matches!(report.outcome, Outcome::Stuck { .. }), "{report:#?}");
    world.nothing_lost().await;
    world.faults.clear();
    // Its settings are right, and it does not work: to do nothing would be to say that all is well.
    for plan in [world.plan(&chain()).await.unwrap(), world.quick_plan(&chain()).await.unwrap()] {
        let b = plan.changes.iter().find(|change| change.address.name() == "b").unwrap();
        assert_eq!(b.reason.as_deref(), Some("an earlier run did not finish it"), "{plan}");
    }
    let report = world.apply(&chain()).await;
    assert_eq!(cause(&report), ("test.thing/b", "handler.failed"));
    world.cloud.now_ready("b");
    world.applied(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn a_halted_run_leaves_what_was_done_and_the_next_goes_on() {
    let mut world = World::new();
    world.options.on_failure = OnFailure::Halt;
    let b = address("test.thing/b");
    world.faults.add(
        When::any().operation(CallOperation::Create).address(&b).times(1),
        Fault::Refuse(HandlerErrorKind::AccessDenied),
    );
    let report = world.apply(&chain()).await;
    let Outcome::Stuck { cause: Some(cause), undo_failures } = &report.outcome else { panic!("{report:#?}") };
    assert_eq!((&cause.address, undo_failures.is_empty()), (&b, true));
    assert_eq!(world.cloud.names(), ["a"]);
    assert_eq!(report.left.len(), 1);
    world.nothing_lost().await;
    let report = world.applied(&chain()).await;
    assert_eq!(report.steps.len(), 2, "what was made is not made again");
}

#[tokio::test(start_paused = true)]
async fn a_halted_run_that_left_only_what_failed_says_so() {
    let mut world = World::new();
    world.options.on_failure = OnFailure::Halt;
    world.cloud.never_ready("a", "broken", &[]);
    let mut one = stack();
    one.add("a", thing("a")).unwrap();
    let report = world.apply(&one).await;
    assert!(matches!(report.outcome, Outcome::Stuck { .. }), "it is still there: {report:#?}");
    assert_eq!((report.left.len(), world.cloud.names().len()), (1, 1));
    world.nothing_lost().await;
    world.cloud.now_ready("a");
    world.applied(&one).await;
}

#[tokio::test(start_paused = true)]
async fn data_that_came_in_meanwhile_is_not_rolled_back_over() {
    let world = World::new();
    let mut stack = stack();
    let papers = stack.add("papers", Vault::builder().name("papers").build()).unwrap();
    let a = stack.add("a", thing("a")).unwrap();
    stack.depends_on(&a, &papers).unwrap();
    world.cloud.set_polls("a", u32::MAX);
    let plan = world.plan(&stack).await.unwrap();
    let (executor, cancel, sink) = (world.executor(), humangov_core::exec::Cancel::new(), world.sink());
    let run = executor.apply(&plan, &world.imports, &cancel, &sink);
    let fill = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        world.cloud.fill("papers", "birth certificate");
    };
    let (report, ()) = tokio::join!(run, fill);
    let report = report.unwrap();
    let Outcome::Stuck { undo_failures, .. } = &report.outcome else { panic!("{report:#?}") };
    assert_eq!(undo_failures[0].error.code, "handler.not_empty");
    assert_eq!(report.left.len(), 1);
    assert_eq!(world.cloud.names(), ["papers"]);
    world.nothing_lost().await;
}

#[tokio::test(start_paused = true)]
async fn an_undone_delete_records_what_came_back_under_a_new_id() {
    let world = World::new();
    world.cloud.set_fresh_ids();
    let of = |slot: u32| {
        let mut stack = stack();
        stack.add("a", Thing::builder().name("a").slot(slot).build()).unwrap();
        stack
    };
    world.applied(&of(0)).await;
    world.faults.clear();
    let create = When::any().operation(CallOperation::Create).nth(1);
    world.faults.add(create, Fault::Refuse(HandlerErrorKind::AccessDenied));
    let report = world.apply(&of(1)).await;
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    world.settled(&of(0)).await;
}
