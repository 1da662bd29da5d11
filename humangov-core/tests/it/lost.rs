// SPDX-License-Identifier: MIT OR Apache-2.0
//! Things that were there before a run that did not know of them.

use crate::world::{World, address, california, cause, chain, fleet, stack, thing};
use humangov_core::{
    event::Events,
    exec::{Cancel, Outcome, Recovery},
    fleet::{FleetPlanOptions, Teardown},
    handler::HandlerErrorKind,
    plan::Plan,
    store::{LockInfo, MemoryStore},
    testing::{CallOperation, Fault, Thing, When},
};
use std::{sync::Arc, time::Duration};

/// A world whose snapshot is lost.
async fn forgetful() -> World {
    let mut world = World::new();
    world.applied(&chain()).await;
    world.store = Arc::new(MemoryStore::new());
    world.faults.clear();
    world
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_did_not_look_finds_what_is_ours_when_it_comes_to_it() {
    let world = forgetful().await;
    world.cloud.edit("b", |thing| thing.size = 9);
    let plan = world.quick_plan(&chain()).await.unwrap();
    let report = world.execute(&plan).await.unwrap();
    assert!(report.outcome.is_applied(), "{report:#?}");
    assert_eq!(world.faults.count(CallOperation::Create), 0, "nothing was made twice");
    world.settled(&chain()).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_never_deletes_what_was_there_before_the_run() {
    let world = forgetful().await;
    world.cloud.edit("b", |thing| thing.size = 9);
    let before = world.all().await;
    let mut more = chain();
    let c = more.get(&address("test.thing/c")).unwrap().address().clone();
    let last = Thing::builder().name("d").link("thing-c").build();
    more.add("d", last).unwrap();
    world.faults.add(
        When::any().operation(CallOperation::Create).address(&address("test.thing/d")),
        Fault::Refuse(HandlerErrorKind::AccessDenied),
    );
    for lost in [false, true] {
        if lost {
            let first = When::any().operation(CallOperation::Update).address(&c).times(1);
            world.faults.add(first, Fault::LoseAnswer);
        }
        let plan = world.quick_plan(&more).await.unwrap();
        let report = world.execute(&plan).await.unwrap();
        assert_eq!(cause(&report).0, "test.thing/d");
        assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
        assert_eq!(world.all().await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_not_taken_by_a_plan_that_did_not_look() {
    let world = World::new();
    world.cloud.insert_foreign(thing("b"));
    let before = world.cloud.picture();
    let plan = world.quick_plan(&chain()).await.unwrap();
    let report = world.execute(&plan).await.unwrap();
    assert_eq!(cause(&report), ("test.thing/b", "handler.already_exists"));
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    assert_eq!(world.cloud.picture(), before);
}

#[tokio::test(start_paused = true)]
async fn what_came_between_plan_and_apply_and_is_not_ours_is_not_taken() {
    let world = World::new();
    let plan = world.plan(&chain()).await.unwrap();
    world.cloud.insert_foreign(thing("b"));
    let before = world.cloud.picture();
    // The answer to the create is lost, so that only looking can tell whose it is.
    world.faults.add(When::any().operation(CallOperation::Create).nth(1), Fault::TimeOut);
    let report = world.execute(&plan).await.unwrap();
    assert_eq!(cause(&report), ("test.thing/b", "handler.already_exists"));
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    assert_eq!(world.cloud.picture(), before);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_where_nobody_may_look_is_refused_cleanly() {
    let world = World::to_be_left_empty();
    let b = address("test.thing/b");
    let plan = world.plan(&chain()).await.unwrap();
    let of_b = |operation| When::any().operation(operation).address(&b);
    world.faults.add(of_b(CallOperation::Create), Fault::Refuse(HandlerErrorKind::AlreadyExists));
    world.faults.add(of_b(CallOperation::Read), Fault::Refuse(HandlerErrorKind::AccessDenied));
    let report = world.execute(&plan).await.unwrap();
    assert_eq!(cause(&report), ("test.thing/b", "handler.already_exists"));
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "the create made nothing: {report:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_made_a_moment_ago_and_is_not_seen_everywhere_is_waited_for() {
    let b = address("test.thing/b");
    let of_b = |operation| When::any().operation(operation).address(&b);
    for made in [Fault::Resent, Fault::LoseAnswer, Fault::Part(HandlerErrorKind::NotFound)] {
        for unseen in 0..4 {
            let world = World::new();
            let plan = world.plan(&chain()).await.unwrap();
            world.faults.add(of_b(CallOperation::Create).times(1), made);
            world.faults.add(of_b(CallOperation::Read).times(unseen), Fault::Unseen);
            world.faults.add(of_b(CallOperation::Update).times(1), Fault::Refuse(HandlerErrorKind::NotFound));
            let report = world.execute(&plan).await.unwrap();
            assert!(report.outcome.is_applied(), "{made:?}, not seen {unseen} times: {report:#?}");
            world.settled(&chain()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_after_a_kill_never_deletes_what_the_run_had_only_looked_for() {
    let mut world = World::new();
    let mut alone = stack();
    alone.add("a", thing("a")).unwrap();
    world.applied(&alone).await;
    world.store = Arc::new(MemoryStore::new());
    let before = world.all().await;
    let plan = world.quick_plan(&alone).await.unwrap();
    world.faults.add(When::any().operation(CallOperation::Read), Fault::Hang);
    let (executor, cancel, silent) = (world.executor(), Cancel::new(), Events::none());
    let leave = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            cancel.escalate();
        }
    };
    let (report, ()) = tokio::join!(executor.apply(&plan, &world.imports, &cancel, &silent), leave);
    assert!(matches!(report.unwrap().outcome, Outcome::Abandoned), "it was left in the middle of looking");
    world.faults.clear();
    let recovered = executor.recover(&california(), Recovery::RollBack, &Cancel::new(), &silent).await;
    assert_eq!(recovered.unwrap().len(), 1);
    assert_eq!(world.all().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_came_to_no_step_does_nothing_once_others_have_worked() {
    let world = World::new();
    let plan = world.plan(&chain()).await.unwrap();
    // It is left as soon as it is written down what it is to do.
    let (executor, cancel, silent) = (world.executor(), Cancel::new(), Events::none());
    cancel.escalate();
    cancel.escalate();
    let report = executor.apply(&plan, &world.imports, &cancel, &silent).await.unwrap();
    assert!(matches!(report.outcome, Outcome::Abandoned), "{report:#?}");
    let journal = world.store.journal(&california(), report.run).await.unwrap().unwrap();
    // Somebody who does not know of it works on the stack.
    world.store.remove_journal(&california(), report.run).await.unwrap();
    let mut alone = stack();
    alone.add("a", thing("a")).unwrap();
    world.applied(&alone).await;
    let before = world.all().await;
    let info = LockInfo::this_process("apply", world.options.clock.now());
    let lease = world.store.lock(&california(), &info, &world.options.clock).await.unwrap();
    world.store.append_to_journal(&lease, report.run, 0, &journal.bytes).await.unwrap();
    lease.release(vec![report.run]).await.unwrap();
    for how in [Recovery::Resume, Recovery::RollBack] {
        let reports = executor.recover(&california(), how, &Cancel::new(), &silent).await.unwrap();
        assert!(reports.iter().all(|report| report.outcome == Outcome::Settled), "{reports:#?}");
        assert_eq!(world.all().await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_plan_did_not_look_for_and_cannot_change_into_what_is_declared_is_told() {
    let world = forgetful().await;
    world.cloud.edit("b", |thing| thing.shape = "square".to_owned());
    let before = world.all().await;
    let plan = world.quick_plan(&chain()).await.unwrap();
    let report = world.execute(&plan).await.unwrap();
    assert_eq!(cause(&report), ("test.thing/b", "handler.already_exists"));
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    assert_eq!(world.all().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_create_in_doubt_is_undone_if_it_turns_out_to_be_there() {
    let world = World::to_be_left_empty();
    let b = address("test.thing/b");
    let plan = world.plan(&chain()).await.unwrap();
    let of_b = |operation| When::any().operation(operation).address(&b);
    world.faults.add(of_b(CallOperation::Create), Fault::LoseAnswer);
    world.faults.add(of_b(CallOperation::Read).times(1), Fault::Refuse(HandlerErrorKind::AccessDenied));
    let report = world.execute(&plan).await.unwrap();
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    assert!(world.cloud.names().is_empty(), "looking again found it");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_the_second_half_of_a_delete_first_replacement_is_found_again() {
    let world = World::new();
    let of = |slot: u32| {
        let mut stack = stack();
        stack.add("a", Thing::builder().name("a").slot(slot).build()).unwrap();
        stack
    };
    world.applied(&of(0)).await;
    world.faults.clear();
    // The new one has the same name and so the same outputs as the old one, which is gone.
    world.faults.add(When::any().operation(CallOperation::Create).times(1), Fault::LoseAnswer);
    world.applied(&of(1)).await;
    world.faults.clear();
    world.faults.add(
        When::any().operation(CallOperation::Create).times(1),
        Fault::Part(HandlerErrorKind::AccessDenied),
    );
    let before = world.all().await;
    let report = world.apply(&of(2)).await;
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    assert_eq!(world.all().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_is_told_what_was_declared_takes_down_what_no_record_knows() {
    let mut world = forgetful().await;
    // What is under our name and is not ours stays, and is nobody's business here.
    world.cloud.untag("a");
    let plan = teardown(&world, true).await;
    let told: Vec<_> = plan.changes.iter().map(|it| (it.address.name(), it.reason.as_deref())).collect();
    let reason = Some("it bears our tags and was not recorded");
    assert_eq!(told, [("c", reason), ("b", reason)], "the last made goes first");
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
    assert_eq!(world.cloud.names(), ["a"]);
    world.store = Arc::new(MemoryStore::new());
    assert!(teardown(&world, false).await.is_no_op(), "without the declaration nothing is looked for");
}

async fn teardown(world: &World, declared: bool) -> Plan {
    let teardown = Teardown::new(fleet(), vec![california()]);
    let teardown = if declared { teardown.declaring([chain()]) } else { teardown };
    let options = FleetPlanOptions::default();
    let plan = teardown.plan(&world.registry(), &*world.store, None, &options).await.unwrap();
    plan.plans.into_iter().next().unwrap()
}
