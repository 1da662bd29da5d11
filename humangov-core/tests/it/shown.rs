// SPDX-License-Identifier: MIT OR Apache-2.0
//! What plans look like.

use crate::world::{World, chain, stack, thing};
use humangov_core::{
    handler::HandlerErrorKind,
    plan::{DataPolicy, Plan, PlanView},
    stack::Stack,
    testing::{CallOperation, Fault, Thing, Vault, When},
};

fn shown(plan: &Plan) -> String {
    let text = plan.to_string();
    assert!(text.lines().all(|line| line == line.trim_end()), "no spaces at the ends of lines: {text:?}");
    text
}

fn full() -> Stack {
    let mut stack = stack();
    let a = stack.add("network", thing("net")).unwrap();
    let b = stack.add("web", Thing::builder().name("web").link(&a).note("image", "app:1").build()).unwrap();
    stack.add("a-rather-long-name-for-a-thing", Thing::builder().name("long").link(&b).build()).unwrap();
    stack.add("papers", Vault::builder().name("papers").build()).unwrap();
    stack
}

#[tokio::test(start_paused = true)]
async fn a_first_plan() {
    let mut stack = full();
    stack.warn("anybody on the internet can reach web");
    insta::assert_snapshot!(shown(&World::new().plan(&stack).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_plan_with_nothing_to_do() {
    let world = World::new();
    world.applied(&full()).await;
    insta::assert_snapshot!(shown(&world.plan(&full()).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn what_stays_as_it_is_is_listed_when_asked_for() {
    let world = World::new();
    world.applied(&full()).await;
    let same = world.plan(&full()).await.unwrap();
    world.cloud.edit("net", |thing| thing.size = 40);
    let mut next = full();
    next.add("new", thing("new")).unwrap();
    let plan = world.plan(&next).await.unwrap();
    let view = |plan: &Plan, stack: &Stack| PlanView::new(plan).with_unchanged_of(stack).to_string();
    insta::assert_snapshot!(format!("{}\n---\n{}", view(&same, &full()), view(&plan, &next)));
    assert_eq!(plan.unchanged_of(&next).count(), plan.summary().unchanged);
}

#[tokio::test(start_paused = true)]
async fn changes_and_drift() {
    let world = World::new();
    world.applied(&full()).await;
    world.cloud.edit("net", |thing| thing.size = 40);
    world.cloud.edit("long", |thing| {
        thing.size = 3;
        thing.notes.insert("who".to_owned(), "somebody in the console".to_owned());
    });
    let mut next = stack();
    let a = next.add("network", thing("net")).unwrap();
    let image =
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/app@sha256:9ab2f3c4d5e6f708192a3b4c5d6e7f80";
    let web = Thing::builder().name("web").size(20).link(&a).note("image", image).tag("team", "blue").build();
    let b = next.add("web", web).unwrap();
    let long = Thing::builder().name("long").link(&b).colour("red").build();
    next.add("a-rather-long-name-for-a-thing", long).unwrap();
    next.add("papers", Vault::builder().name("papers").build()).unwrap();
    insta::assert_snapshot!(shown(&world.plan(&next).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn replacements() {
    let mut world = World::new();
    let of = |n: u32| {
        let mut stack = stack();
        let a =
            stack.add("a", Thing::builder().name(format!("a{n}")).shape(format!("s{n}")).build()).unwrap();
        let b = stack.add("b", Thing::builder().name("b").slot(n).link(&a).build()).unwrap();
        stack.add("c", Thing::builder().name("c").size(n).link(&b).build()).unwrap();
        stack.add("papers", Vault::builder().name(format!("papers{n}")).build()).unwrap();
        stack
    };
    world.applied(&of(1)).await;
    world.plan_options.allow_replace.insert("test.vault/papers".parse().unwrap());
    let kept = shown(&world.plan(&of(2)).await.unwrap());
    world.plan_options.data = DataPolicy::Delete;
    let purged = shown(&world.plan(&of(2)).await.unwrap());
    insta::assert_snapshot!(format!("{kept}\n--- data may go ---\n{purged}"));
}

#[tokio::test(start_paused = true)]
async fn a_destroy_that_keeps_data_and_one_that_does_not() {
    let mut world = World::new();
    world.applied(&full()).await;
    world.cloud.remove("long");
    let kept = shown(&world.plan_destroy().await.unwrap());
    world.plan_options.data = DataPolicy::Delete;
    let purged = shown(&world.plan_destroy().await.unwrap());
    insta::assert_snapshot!(format!("{kept}\n--- data may go ---\n{purged}"));
}

#[tokio::test(start_paused = true)]
async fn leftovers_of_earlier_runs() {
    let world = World::new();
    let of = |n: u32| {
        let mut stack = stack();
        stack.add("a", Thing::builder().name(format!("a{n}")).shape(format!("s{n}")).build()).unwrap();
        stack
    };
    world.applied(&of(1)).await;
    world.faults.add(
        When::any().operation(CallOperation::Delete).times(1),
        Fault::Refuse(HandlerErrorKind::AccessDenied),
    );
    let _ = world.apply(&of(2)).await;
    insta::assert_snapshot!(shown(&world.plan(&of(2)).await.unwrap()));
    insta::assert_snapshot!("what_is_taken_back", shown(&world.plan(&of(1)).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn what_was_found_again() {
    let mut world = World::new();
    world.applied(&chain()).await;
    world.cloud.edit("b", |thing| thing.size = 3);
    world.cloud.remove("c");
    world.store = std::sync::Arc::new(humangov_core::store::MemoryStore::new());
    insta::assert_snapshot!(shown(&world.plan(&chain()).await.unwrap()));
}
