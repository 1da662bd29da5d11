// SPDX-License-Identifier: MIT OR Apache-2.0
//! A snapshot that is made anew from what is declared and what is there.

use crate::world::{World, address, california, chain, thing};
use humangov_core::{
    clock::Clock,
    handler::Depth,
    plan::{Rebuilt, rebuild},
    stack::Stack,
    store::{LockInfo, MemoryStore},
    testing::{Thing, Vault},
    value::Import,
};
use std::sync::Arc;

/// Everything a stack can have: links, notes, a resource that holds data, an order that was asked for, exports.
fn whole() -> Stack {
    let mut stack = chain();
    let a = address("test.thing/a");
    let papers = stack.add("papers", Vault::builder().name("papers").build()).unwrap();
    let last = stack.add("last", Thing::builder().name("last").colour("red").build()).unwrap();
    stack.depends_on(&last, &papers).unwrap();
    stack.export("last", last.get(Thing::ID)).unwrap();
    stack.export("word", "plain").unwrap();
    assert!(stack.get(&a).is_some());
    stack
}

/// A world in which `stack` was applied and whose records were lost then.
async fn lost(stack: &Stack) -> World {
    let mut world = World::new();
    world.applied(stack).await;
    world.store = Arc::new(MemoryStore::new());
    world
}

async fn rebuilt(world: &World, stack: &Stack) -> Rebuilt {
    rebuild(stack, &world.live(Some(stack), Depth::Full).await, &world.imports).unwrap()
}

async fn save(world: &World, rebuilt: &Rebuilt) {
    let info = LockInfo::this_process("state rebuild", Clock::system().now());
    let lease = world.store.lock(&california(), &info, &world.options.clock).await.unwrap();
    world.store.save(&lease, &rebuilt.snapshot, None).await.unwrap();
    lease.release(Vec::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_is_made_anew_as_the_apply_had_left_it() {
    let mut world = World::new();
    world.applied(&whole()).await;
    let mut before = world.snapshot().await.unwrap().value;
    (before.updated_at, before.lease) = (None, 0);
    world.store = Arc::new(MemoryStore::new());
    let rebuilt = rebuilt(&world, &whole()).await;
    assert_eq!(rebuilt.snapshot, before);
    assert_eq!(
        (&rebuilt.foreign[..], &rebuilt.missing[..], &rebuilt.differing[..]),
        (&[][..], &[][..], &[][..])
    );
    save(&world, &rebuilt).await;
    world.settled(&whole()).await;
    assert!(world.quick_plan(&whole()).await.unwrap().is_empty(), "nor has one that does not look");
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_recorded_as_it_is_and_the_next_plan_shows_it() {
    let world = lost(&whole()).await;
    world.cloud.edit("b", |thing| thing.size = 9);
    world.cloud.edit("last", |thing| thing.notes.extend([("by".to_owned(), "hand".to_owned())]));
    let rebuilt = rebuilt(&world, &whole()).await;
    assert_eq!(rebuilt.differing, [address("test.thing/b"), address("test.thing/last")]);
    save(&world, &rebuilt).await;
    for plan in [world.plan(&whole()).await.unwrap(), world.quick_plan(&whole()).await.unwrap()] {
        let shown: Vec<String> = plan
            .changes
            .iter()
            .flat_map(|change| change.fields.iter().map(move |it| format!("{} {}", change.address, it.path)))
            .collect();
        // What is left to the cloud, such as the colour of the others, is nobody's change.
        assert_eq!(shown, ["test.thing/b size", "test.thing/last notes.by"], "{plan}");
    }
    world.applied(&whole()).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_or_not_there_is_named_and_not_recorded() {
    let world = lost(&whole()).await;
    world.cloud.untag("b");
    world.cloud.remove("last");
    let rebuilt = rebuilt(&world, &whole()).await;
    assert_eq!(rebuilt.foreign, [(address("test.thing/b"), None)]);
    assert_eq!(rebuilt.missing, [address("test.thing/last")]);
    let recorded: Vec<&str> =
        rebuilt.snapshot.resources.keys().map(humangov_core::address::Address::name).collect();
    assert_eq!(recorded, ["a", "c", "papers"], "what refers to it is ours all the same");
    assert!(rebuilt.differing.is_empty(), "{rebuilt:#?}");
    assert!(!rebuilt.snapshot.exports.contains_key("last"), "what is not there is not exported");
    // Nothing at all is no snapshot.
    let nothing = self::rebuilt(&World::new(), &whole()).await;
    assert_eq!(
        (nothing.snapshot.is_empty(), nothing.snapshot.exports.len(), nothing.missing.len()),
        (true, 0, 5)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_imported_is_recorded_with_it() {
    let mut stack = crate::world::stack();
    let ground: Import<String> = Import::new("base".parse().unwrap(), "ground");
    stack.add("a", Thing::builder().name("a").link(ground).build()).unwrap();
    let mut world = World::new();
    world.cloud.insert_foreign(thing("ground"));
    let exports = [("ground".to_owned(), "thing-ground".into())].into();
    world.imports = world.imports.clone().with_exports("base".parse().unwrap(), exports);
    world.applied(&stack).await;
    world.store = Arc::new(MemoryStore::new());
    let rebuilt = rebuilt(&world, &stack).await;
    assert_eq!(rebuilt.snapshot.imports["base#ground"], "thing-ground");
    save(&world, &rebuilt).await;
    world.settled(&stack).await;
}
