// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stacks that import from each other.

use crate::world::{World, fleet, stack, thing};
use humangov_core::{
    event::Events,
    exec::{Cancel, Outcome},
    plan::{Imports, PlanOptions, plan},
    stack::Stack,
    testing::Thing,
    value::Import,
};

fn base(name: &str) -> Stack {
    let mut base = Stack::new(fleet(), "base".parse().unwrap());
    let ground = base.add("ground", Thing::builder().name(name).shape(name).build()).unwrap();
    base.export("ground", ground.get(Thing::ID)).unwrap();
    base
}

fn dependent() -> Stack {
    let mut stack = stack();
    let ground: Import<String> = Import::new("base".parse().unwrap(), "ground");
    let a = stack.add("a", Thing::builder().name("a").link(ground).build()).unwrap();
    stack.add("b", Thing::builder().name("b").link(&a).build()).unwrap();
    stack
}

/// Applies the base, and gives a world that imports from it.
async fn world_over(base: &Stack, mut world: World) -> World {
    let name = base.name().clone();
    let recorded = world.store.load(&name).await.unwrap();
    let plan = plan(base, recorded.as_ref(), None, &Imports::none(), &PlanOptions::default()).unwrap();
    let report =
        world.executor().apply(&plan, &Imports::none(), &Cancel::new(), &Events::none()).await.unwrap();
    // A replaced base may keep what is still in use for the next run.
    assert!(matches!(report.outcome, Outcome::Applied | Outcome::Incomplete { .. }), "{report:#?}");
    world.imports = Imports::none().with(&world.store.load(&name).await.unwrap().unwrap().value);
    world
}

#[tokio::test(start_paused = true)]
async fn a_stack_imports_what_its_base_exported() {
    let world = world_over(&base("ground"), World::new()).await;
    let plan = world.plan(&dependent()).await.unwrap();
    assert_eq!(plan.imports["base#ground"], "thing-ground");
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
    assert_eq!(world.cloud.things()["a"].links[0].text(), "thing-ground");
    let again = world.quick_plan(&dependent()).await.unwrap();
    assert!(again.is_empty(), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_import_is_known_after_apply_in_the_plan_and_refused_by_the_executor() {
    let world = World::new();
    let plan = world.plan(&dependent()).await.unwrap();
    let error = world.execute(&plan).await.unwrap_err();
    assert_eq!(error.code(), "exec.missing_import");
    assert_eq!(error.to_string(), "base#ground is imported and not exported; apply that stack first");
    assert!(world.cloud.names().is_empty() && world.snapshot().await.is_none(), "nothing was touched");
}

#[tokio::test(start_paused = true)]
async fn a_changed_export_is_a_change_of_whoever_imports_it() {
    let world = world_over(&base("ground"), World::new()).await;
    let first = world.plan(&dependent()).await.unwrap();
    assert!(world.execute(&first).await.unwrap().outcome.is_applied());
    let mut world = world_over(&base("floor"), world).await;
    for plan in [world.quick_plan(&dependent()).await.unwrap(), world.plan(&dependent()).await.unwrap()] {
        assert_eq!(plan.changes.len(), 1, "{plan}");
        let field = &plan.changes[0].fields[0];
        assert_eq!(
            (field.path.as_str(), field.before.clone().unwrap(), field.after.clone().unwrap()),
            ("links", serde_json::json!(["thing-ground"]), serde_json::json!(["thing-floor"]))
        );
    }
    let plan = world.quick_plan(&dependent()).await.unwrap();
    assert!(world.execute(&plan).await.unwrap().outcome.is_applied());
    world = world_over(&base("floor"), world).await;
    assert_eq!(world.cloud.names(), ["a", "b", "floor"], "now the old one is free to go");
    assert!(world.quick_plan(&dependent()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_export_of_what_is_not_known_is_left_out() {
    let world = World::new();
    let mut stack = stack();
    stack.add("a", thing("a")).unwrap();
    let ground: Import<String> = Import::new("base".parse().unwrap(), "ground");
    let ground: humangov_core::value::Output<String> = ground.into();
    stack.export("ground", ground).unwrap();
    let report = world.apply(&stack).await;
    assert!(report.outcome.is_applied() && report.exports.is_empty());
}
