// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans that cannot be executed.

use crate::world::{World, california, chain, stack, thing};
use humangov_core::{
    event::Events,
    exec::{Cancel, Executor, Recovery},
    handler::Registry,
    stack::Stack,
    store::LockInfo,
    testing::Thing,
};
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn a_plan_made_before_another_run_is_stale() {
    let world = World::new();
    let plan = world.plan(&chain()).await.unwrap();
    world.applied(&chain()).await;
    let before = world.all().await;
    let error = world.execute(&plan).await.unwrap_err();
    assert_eq!(error.code(), "plan.stale");
    assert_eq!(error.to_string(), "stack california has changed since this plan was made; plan again");
    assert_eq!(world.all().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_stack_somebody_works_on_is_left_alone() {
    let world = World::new();
    let info = LockInfo::this_process("destroy", world.options.clock.now());
    let lease = world.store.lock(&california(), &info, &world.options.clock).await.unwrap();
    let plan = world.plan(&chain()).await.unwrap();
    let error = world.execute(&plan).await.unwrap_err();
    assert_eq!(error.code(), "store.locked");
    let why = error.to_string();
    assert_eq!(why, format!("stack california is locked: {info}"));
    assert!(why.contains("has run destroy on it since 2026-07-01T12:00:00Z"), "{why}");
    assert!(world.cloud.names().is_empty());
    lease.release(Vec::new()).await.unwrap();
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
}

/// Three things in a row, the middle one as no other plan here wants it.
fn changed() -> Stack {
    let mut stack = stack();
    let a = stack.add("a", thing("a")).unwrap();
    let b = stack.add("b", Thing::builder().name("b").link(&a).note("x", "2").build()).unwrap();
    stack.add("c", Thing::builder().name("c").link(&b).build()).unwrap();
    stack
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_died_before_it_began_leaves_plans_as_good_as_they_were() {
    let world = World::new();
    world.applied(&chain()).await;
    let (clock, stack) = (&world.options.clock, &california());
    let info = LockInfo::this_process("apply", clock.now());
    drop(world.store.lock(stack, &info, clock).await.unwrap());
    // Whoever takes the lock now writes the snapshot anew, to keep the one before from saving; it says what it said.
    let plan = world.plan(&changed()).await.unwrap();
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
    // The same for a lock that is broken after the plan was made.
    let plan = world.plan(&chain()).await.unwrap();
    let lease = world.store.lock(stack, &info, clock).await.unwrap();
    world.store.break_lock(stack, None, clock.now()).await.unwrap();
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
    drop(lease);
    // Nor is it otherwise if somebody else takes it over first, and finds nothing to recover.
    let plan = world.plan(&changed()).await.unwrap();
    drop(world.store.lock(stack, &info, clock).await.unwrap());
    let (cancel, silent) = (Cancel::new(), Events::none());
    let recovered = world.executor().recover(stack, Recovery::Settle, &cancel, &silent).await.unwrap();
    assert_eq!(recovered.len(), 0);
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
}

#[tokio::test(start_paused = true)]
async fn a_kind_without_a_handler_is_told_before_anything_is_touched() {
    let world = World::new();
    let plan = world.plan(&chain()).await.unwrap();
    let executor = Executor::new(Registry::new(), Arc::clone(&world.store));
    let error = executor.apply(&plan, &world.imports, &Cancel::new(), &Events::none()).await.unwrap_err();
    assert_eq!(error.code(), "exec.no_handler");
    assert_eq!(error.to_string(), "there is no handler for test.thing/a; is its service's feature on?");
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_another_format_is_refused() {
    let world = World::new();
    let mut plan = world.plan(&chain()).await.unwrap();
    plan.format_version = 2;
    let error = world.execute(&plan).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("plan.format", "the plan has format 2, this version reads 1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_whose_steps_wait_for_each_other_is_refused() {
    let world = World::new();
    let mut plan = world.plan(&chain()).await.unwrap();
    let last = plan.changes[2].address.clone();
    plan.changes[0].desired.as_mut().unwrap().dependencies.push(last);
    assert_eq!(world.execute(&plan).await.unwrap_err().code(), "exec.cycle");
    assert!(world.cloud.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_cloud_would_refuse_is_told_by_the_plan_all_at_once() {
    let world = World::new();
    let mut stack = stack();
    stack.add("a", thing("")).unwrap();
    stack.add("b", humangov_core::testing::Thing::builder().name("b").size(101).build()).unwrap();
    let error = world.plan(&stack).await.unwrap_err();
    assert_eq!(error.code(), "stack.invalid");
    insta::assert_snapshot!(error, @r"
    stack california has 2 problems
    test.thing/a.name: a name has 1 to 64 characters
    test.thing/b.size: 101; a size is 0 to 100
    ");
}
