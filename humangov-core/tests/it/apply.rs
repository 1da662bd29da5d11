// SPDX-License-Identifier: MIT OR Apache-2.0
//! What plans do when all goes well.

use crate::world::{World, address, chain, fleet, stack, thing};
use futures_util::future::BoxFuture;
use humangov_core::{
    address::RunId,
    event::StepOperation,
    exec::Outcome,
    handler::{Call, Depth, DynHandler, HandlerError, Reply},
    plan::{Action, DataPolicy, Origin, Plan, RefreshTarget, ReplaceOrder, refresh},
    stack::Stack,
    tags::{self, Tags},
    testing::{CallOperation, Thing, Vault},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn actions(plan: &Plan) -> Vec<(&str, Action)> {
    plan.changes.iter().map(|change| (change.address.name(), change.action)).collect()
}

/// One thing, and one that links to it.
fn pair(first: Thing) -> Stack {
    let mut stack = stack();
    let a = stack.add("a", first).unwrap();
    stack.add("b", Thing::builder().name("b").link(&a).build()).unwrap();
    stack
}

#[tokio::test(start_paused = true)]
async fn creates_go_in_order_and_what_follows_has_nothing_to_do() {
    let world = World::to_be_left_empty();
    let report = world.applied(&chain()).await;
    let order: Vec<&str> = report.steps.iter().map(|step| step.address.name()).collect();
    assert_eq!(order, ["a", "b", "c"]);
    assert_eq!(world.cloud.things()["b"].links[0].text(), "thing-a", "references were resolved");
    world.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_depend_runs_at_once() {
    let world = World::new();
    world.cloud.set_latency(Duration::from_secs(1));
    let mut stack = stack();
    for n in 0..8 {
        stack.add(&format!("t{n}"), thing(&format!("t{n}"))).unwrap();
    }
    let report = world.applied(&stack).await;
    assert_eq!(world.cloud.most_running(), 8);
    assert_eq!(
        report.elapsed,
        Duration::from_secs(2),
        "a second to create, a second to ask whether it is ready"
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_is_allowed() {
    let mut world = World::new();
    world.options.concurrency = 3;
    world.cloud.set_latency(Duration::from_secs(1));
    let mut stack = stack();
    for n in 0..8 {
        stack.add(&format!("t{n}"), thing(&format!("t{n}"))).unwrap();
    }
    // A refresh is one batch: only steps are counted here.
    let plan = world.quick_plan(&stack).await.unwrap();
    let report = world.execute(&plan).await.unwrap();
    assert_eq!(report.outcome, Outcome::Applied);
    assert_eq!(world.cloud.most_running(), 3);
}

#[tokio::test(start_paused = true)]
async fn stacks_of_one_executor_share_its_limit() {
    let mut world = World::new();
    world.options.concurrency = 4;
    world.cloud.set_latency(Duration::from_secs(1));
    let executor = world.executor();
    let plans: Vec<Plan> = ["texas", "ohio", "utah"]
        .iter()
        .map(|name| {
            let mut stack = Stack::new(crate::world::fleet(), name.parse().unwrap());
            for n in 0..5 {
                stack.add(&format!("t{n}"), thing(&format!("{name}-{n}"))).unwrap();
            }
            humangov_core::plan::plan(&stack, None, None, &world.imports, &world.plan_options).unwrap()
        })
        .collect();
    let (cancel, sink) = (humangov_core::exec::Cancel::new(), world.sink());
    let runs = plans.iter().map(|plan| executor.apply(plan, &world.imports, &cancel, &sink));
    for report in futures_util::future::join_all(runs).await {
        assert!(report.unwrap().outcome.is_applied());
    }
    assert_eq!(world.cloud.most_running(), 4);
    assert_eq!(world.cloud.names().len(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_changed_field_is_changed_in_place() {
    let world = World::new();
    world.applied(&pair(thing("a"))).await;
    let changed = pair(Thing::builder().name("a").size(7).note("k", "v").tag("team", "blue").build());
    let plan = world.plan(&changed).await.unwrap();
    assert_eq!(actions(&plan), [("a", Action::Update)], "what links to it is not touched: its id stays");
    let report = world.applied(&changed).await;
    assert_eq!(report.count(StepOperation::Update), 1);
    let a = &world.cloud.things()["a"];
    assert_eq!((a.size, a.notes["k"].as_str(), a.tags.get("team")), (7, "v", Some("blue")));
}

#[tokio::test(start_paused = true)]
async fn a_field_left_out_again_goes_back_to_the_clouds_own() {
    let world = World::new();
    let red = || Thing::builder().name("a").colour("red").build();
    world.applied(&pair(red())).await;
    assert_eq!(world.cloud.things()["a"].colour.as_deref(), Some("red"));
    world.applied(&pair(thing("a"))).await;
    assert_eq!(world.cloud.things()["a"].colour.as_deref(), Some("grey"));
}

/// Notes what is read.
struct Noting {
    read: Arc<Mutex<Vec<Value>>>,
    inner: Arc<dyn DynHandler>,
}

impl DynHandler for Noting {
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>> {
        if let Call::Read(requests) = &call {
            self.read.lock().unwrap().extend(requests.iter().map(|request| request.spec.clone()));
        }
        self.inner.call(call)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_newly_declared_is_asked_for_besides_what_is_recorded() {
    let world = World::new();
    world.applied(&pair(thing("a"))).await;
    let stack = pair(Thing::builder().name("a").size(7).colour("red").build());
    let read = Arc::new(Mutex::new(Vec::new()));
    let registry = world.cloud.registry().map(|_, inner| Arc::new(Noting { read: Arc::clone(&read), inner }));
    let (fleet, snapshot) = (fleet(), world.snapshot().await.unwrap().value);
    let target = RefreshTarget {
        fleet: &fleet,
        name: stack.name(),
        stack: Some(&stack),
        snapshot: Some(&snapshot),
        imports: &world.imports,
    };
    refresh(&registry, &[target], Depth::Full, RunId::from_u128(0)).await.unwrap();
    let read = read.lock().unwrap();
    let a = read.iter().find(|spec| spec["name"] == "a").unwrap();
    assert_eq!((&a["size"], &a["colour"]), (&json!(1), &json!("red")));
}

#[tokio::test(start_paused = true)]
async fn a_create_first_replacement_moves_everything_before_the_old_one_goes() {
    let world = World::new();
    world.applied(&pair(thing("a"))).await;
    let square = pair(Thing::builder().name("a2").shape("square").build());
    let plan = world.plan(&square).await.unwrap();
    assert_eq!(
        actions(&plan),
        [("a", Action::Replace(ReplaceOrder::CreateFirst)), ("b", Action::Update)],
        "what links to it follows"
    );
    let report = world.applied(&square).await;
    let order: Vec<_> = report.steps.iter().map(|step| (step.address.name(), step.operation)).collect();
    assert_eq!(
        order,
        [("a", StepOperation::Create), ("b", StepOperation::Update), ("a", StepOperation::DeleteReplaced)]
    );
    assert_eq!(world.cloud.names(), ["a2", "b"]);
    assert_eq!(world.cloud.refused_deletes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_whole_chain_is_replaced_create_first() {
    let world = World::new();
    let chain = |suffix: &str| {
        let mut stack = stack();
        let of = |name: &str| format!("{name}{suffix}");
        let a = stack.add("a", Thing::builder().name(of("a")).shape(of("s")).build()).unwrap();
        let b = stack.add("b", Thing::builder().name(of("b")).shape(of("s")).link(&a).build()).unwrap();
        stack.add("c", Thing::builder().name(of("c")).shape(of("s")).link(&a).link(&b).build()).unwrap();
        stack
    };
    world.applied(&chain("1")).await;
    world.applied(&chain("2")).await;
    assert_eq!(world.cloud.names(), ["a2", "b2", "c2"]);
    assert_eq!(world.cloud.refused_deletes(), 0, "the old ones went in order");
}

#[tokio::test(start_paused = true)]
async fn a_delete_first_replacement_takes_down_what_is_replaced_with_it_in_order() {
    let world = World::new();
    let chain = |slot: u32| {
        let mut stack = stack();
        let a = stack.add("a", Thing::builder().name("a").slot(slot).build()).unwrap();
        let b = stack.add("b", Thing::builder().name("b").slot(slot).link(&a).build()).unwrap();
        stack.add("c", Thing::builder().name("c").slot(slot).link(&b).link(&a).build()).unwrap();
        stack
    };
    world.applied(&chain(0)).await;
    let report = world.applied(&chain(1)).await;
    let order: Vec<_> = report.steps.iter().map(|step| (step.address.name(), step.operation)).collect();
    let (delete, create) = (StepOperation::Delete, StepOperation::Create);
    assert_eq!(
        order,
        [("c", delete), ("b", delete), ("a", delete), ("a", create), ("b", create), ("c", create)]
    );
    assert_eq!(world.cloud.refused_deletes(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_delete_first_replacements_with_a_changed_thing_between_them_are_no_cycle() {
    let world = World::new();
    let stack = |slot: u32, linked: bool| {
        let mut stack = stack();
        let bottom = stack.add("bottom", Thing::builder().name("bottom").slot(slot).build()).unwrap();
        let middle = Thing::builder().name("middle").size(1 + slot);
        let middle = if linked { middle.link(&bottom).build() } else { middle.build() };
        let middle = stack.add("middle", middle).unwrap();
        let top = Thing::builder().name("top").slot(slot).link(&bottom).link(&middle).build();
        stack.add("top", top).unwrap();
        stack
    };
    world.applied(&stack(0, false)).await;
    world.applied(&stack(1, true)).await;
}

#[tokio::test(start_paused = true)]
async fn links_that_turn_round_are_no_cycle() {
    let world = World::new();
    let stack = |turned: bool, slot: u32| {
        let mut stack = stack();
        let (first, second) = if turned { ("b", "a") } else { ("a", "b") };
        let handle = stack.add(first, Thing::builder().name(first).slot(slot).build()).unwrap();
        stack.add(second, Thing::builder().name(second).slot(slot).link(&handle).build()).unwrap();
        stack
    };
    world.applied(&stack(false, 0)).await;
    world.applied(&stack(true, 0)).await;
    world.applied(&stack(false, 1)).await;
    world.applied(&stack(true, 2)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_declared_is_deleted_after_what_no_longer_links_to_it() {
    let world = World::new();
    world.applied(&chain()).await;
    let mut less = stack();
    less.add("c", thing("c")).unwrap();
    let report = world.applied(&less).await;
    let order: Vec<_> = report.steps.iter().map(|step| (step.address.name(), step.operation)).collect();
    assert_eq!(
        order,
        [("c", StepOperation::Update), ("b", StepOperation::Delete), ("a", StepOperation::Delete)]
    );
    assert_eq!((world.cloud.names(), world.cloud.refused_deletes()), (vec!["c".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn destroy_takes_down_in_order_and_keeps_no_record() {
    let world = World::to_be_left_empty();
    world.applied(&chain()).await;
    let plan = world.plan_destroy().await.unwrap();
    assert_eq!(actions(&plan), [("c", Action::Delete), ("b", Action::Delete), ("a", Action::Delete)]);
    world.destroyed().await;
    assert_eq!(world.cloud.refused_deletes(), 0);
    assert!(world.snapshot().await.is_none(), "nothing is recorded any more");
    let again = world.destroyed().await;
    assert!(again.steps.is_empty(), "and once more does nothing");
}

fn with_vault() -> Stack {
    let mut stack = stack();
    stack.add("a", thing("a")).unwrap();
    stack.add("papers", Vault::builder().name("papers").build()).unwrap();
    stack
}

#[tokio::test(start_paused = true)]
async fn data_outlives_a_destroy_and_is_found_again() {
    let world = World::new();
    world.applied(&with_vault()).await;
    world.cloud.fill("papers", "birth certificate");
    let plan = world.plan_destroy().await.unwrap();
    assert_eq!(actions(&plan), [("papers", Action::Keep), ("a", Action::Delete)]);
    world.destroyed().await;
    assert_eq!(world.cloud.names(), ["papers"]);
    world.nothing_lost().await;
    world.applied(&with_vault()).await;
    assert_eq!(world.cloud.picture()["test.vault/papers"]["contents"][0], "birth certificate");
}

#[tokio::test(start_paused = true)]
async fn data_goes_when_that_is_asked_for() {
    let mut world = World::to_be_left_empty();
    world.applied(&with_vault()).await;
    world.cloud.fill("papers", "birth certificate");
    world.plan_options.data = DataPolicy::Delete;
    world.destroyed().await;
    assert!(world.snapshot().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn everything_that_cannot_be_changed_is_told_at_once() {
    let world = World::new();
    let of = |key: &str| {
        let mut stack = stack();
        stack.add("a", Thing::builder().name("a").key(key).build()).unwrap();
        stack.add("b", Thing::builder().name("b").key(key).build()).unwrap();
        stack.add("papers", Vault::builder().name(format!("papers{key}")).build()).unwrap();
        stack
    };
    world.applied(&of("x")).await;
    let error = world.plan(&of("y")).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    stack california cannot be planned
    test.thing/a cannot be changed so: key is x and would be y; AWS fixes this at creation, and a new one would lose its data or identity
    test.thing/b cannot be changed so: key is x and would be y; AWS fixes this at creation, and a new one would lose its data or identity
    test.vault/papers cannot be changed so: name is papersx and would be papersy; AWS fixes this at creation, and a new one would lose its data or identity
    ");
    assert_eq!(error.code(), "plan.refused");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_changed_is_replaced_where_that_is_allowed() {
    let mut world = World::new();
    let of = |key: &str| pair(Thing::builder().name("a").key(key).build());
    let mut single = stack();
    single.add("a", Thing::builder().name("a").key("x").build()).unwrap();
    world.applied(&single).await;
    world.plan_options.allow_replace.insert(address("test.thing/a"));
    let plan = world.plan(&of("y")).await.unwrap();
    assert_eq!(actions(&plan)[0], ("a", Action::Replace(ReplaceOrder::DeleteFirst)));
    world.applied(&of("y")).await;
    assert_eq!(world.cloud.things()["a"].key, "y");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_refused_before_anything_is_written() {
    let world = World::new();
    let theirs =
        tags::ownership(&"other".parse().unwrap(), &"texas".parse().unwrap(), &address("test.thing/x"));
    world.cloud.insert_foreign(Thing::builder().name("b").tag("owner", "them").build());
    world.cloud.insert(thing("c"), theirs);
    let before = world.cloud.picture();
    let error = world.plan(&chain()).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    stack california cannot be planned
    test.thing/b exists under our name but bears no tags of ours; rename or delete it, or use another fleet name
    test.thing/c exists under our name but is test.thing/x of stack texas in fleet other
    ");
    assert_eq!((error.code(), world.cloud.picture() == before), ("plan.refused", true));
}

#[tokio::test(start_paused = true)]
async fn what_lost_our_tags_is_refused() {
    let world = World::new();
    world.applied(&chain()).await;
    world.cloud.untag("b");
    let error = world.plan(&chain()).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    stack california cannot be planned
    test.thing/b is recorded as ours but bears no tags of ours any more; somebody made it anew or removed its humangov: tags
    ");
    let error = world.plan_destroy().await.unwrap_err();
    assert_eq!(error.code(), "plan.refused", "a destroy does not touch it either");
}

#[tokio::test(start_paused = true)]
async fn a_lost_snapshot_is_rebuilt_from_what_bears_our_tags() {
    let mut world = World::new();
    world.applied(&chain()).await;
    let before = world.all().await;
    world.store = std::sync::Arc::new(humangov_core::store::MemoryStore::new());
    world.cloud.edit("c", |thing| thing.size = 9);
    let plan = world.plan(&chain()).await.unwrap();
    assert_eq!(actions(&plan), [("a", Action::Adopt), ("b", Action::Adopt), ("c", Action::Adopt)]);
    let report = world.applied(&chain()).await;
    assert_eq!((report.count(StepOperation::Record), report.count(StepOperation::Update)), (2, 1));
    assert_eq!(world.all().await, before);
}

#[tokio::test(start_paused = true)]
async fn drift_is_told_apart_and_set_back() {
    let world = World::new();
    world.applied(&pair(thing("a"))).await;
    world.cloud.edit("a", |thing| {
        thing.size = 50;
        thing.notes.insert("by".to_owned(), "hand".to_owned());
    });
    let mut changed = stack();
    let a = changed.add("a", Thing::builder().name("a").tag("team", "blue").build()).unwrap();
    changed.add("b", Thing::builder().name("b").link(&a).build()).unwrap();
    let plan = world.plan(&changed).await.unwrap();
    let origins: Vec<_> = plan.changes[0].fields.iter().map(|f| (f.path.as_str(), f.origin)).collect();
    assert_eq!(
        origins,
        [("notes.by", Origin::Drift), ("size", Origin::Drift), ("tags.team", Origin::Declared)]
    );
    world.applied(&changed).await;
    let a = &world.cloud.things()["a"];
    assert_eq!((a.size, a.notes.is_empty()), (1, true));
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_outside_is_made_again() {
    let world = World::new();
    world.applied(&chain()).await;
    world.cloud.remove("c");
    let plan = world.plan(&chain()).await.unwrap();
    assert_eq!(actions(&plan), [("c", Action::Create)]);
    assert_eq!(plan.changes[0].reason.as_deref(), Some("it was deleted outside"));
    world.applied(&chain()).await;
    world.cloud.remove("c");
    let mut less = stack();
    let a = less.add("a", thing("a")).unwrap();
    less.add("b", Thing::builder().name("b").link(&a).note("x", "1").build()).unwrap();
    let report = world.applied(&less).await;
    assert_eq!(report.count(StepOperation::Record), 1, "what is unwanted and gone is forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_new_name_is_a_replacement_and_not_something_deleted_outside() {
    let world = World::new();
    world.applied(&pair(thing("a"))).await;
    let plan = world.plan(&pair(thing("z"))).await.unwrap();
    assert_eq!(actions(&plan)[0], ("a", Action::Replace(ReplaceOrder::CreateFirst)));
    world.applied(&pair(thing("z"))).await;
    assert_eq!(world.cloud.names(), ["b", "z"], "the old one is not forgotten");
}

#[tokio::test(start_paused = true)]
async fn readiness_is_waited_for_before_dependents_start() {
    let world = World::new();
    world.cloud.set_polls("a", 5);
    let report = world.applied(&chain()).await;
    assert_eq!(world.faults.count(CallOperation::Ready), 6 + 1 + 1);
    // 0.4 s, and each wait 1.6 times the one before.
    assert!((4.0..7.0).contains(&report.elapsed.as_secs_f64()), "{:?}", report.elapsed);
}

#[tokio::test(start_paused = true)]
async fn order_without_a_reference_is_kept_and_recorded() {
    let world = World::to_be_left_empty();
    let of = |ordered: bool| {
        let mut stack = stack();
        let a = stack.add("a", thing("a")).unwrap();
        let b = stack.add("b", thing("b")).unwrap();
        if ordered {
            stack.depends_on(&a, &b).unwrap();
        }
        stack
    };
    world.applied(&of(false)).await;
    let quick = world.quick_plan(&of(true)).await.unwrap();
    assert_eq!(actions(&quick), [("a", Action::Record)], "the order of a later destroy depends on it");
    assert!(quick.is_no_op() && !quick.is_empty());
    world.applied(&of(true)).await;
    let plan = world.plan_destroy().await.unwrap();
    assert_eq!(actions(&plan), [("a", Action::Delete), ("b", Action::Delete)]);
    world.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn an_export_alone_is_a_change_of_the_record() {
    let world = World::new();
    world.applied(&chain()).await;
    let mut exporting = stack();
    let a = exporting.add("a", thing("a")).unwrap();
    let b = exporting.add("b", Thing::builder().name("b").link(&a).note("x", "1").build()).unwrap();
    exporting.add("c", Thing::builder().name("c").link(&b).build()).unwrap();
    exporting.export("b", b.get(Thing::ID)).unwrap();
    let plan = world.quick_plan(&exporting).await.unwrap();
    assert!(plan.is_no_op() && !plan.is_empty(), "nothing to do in the cloud, but something to record");
    let report = world.applied(&exporting).await;
    assert_eq!(report.exports["b"], "thing-b");
    world.applied(&chain()).await;
    assert!(world.snapshot().await.unwrap().value.exports.is_empty(), "and taken back");
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_was_saved_as_json_executes_the_same() {
    let world = World::new();
    world.applied(&pair(thing("a"))).await;
    world.cloud.edit("b", |thing| thing.size = 3);
    let mut next = pair(Thing::builder().name("a2").shape("square").build());
    next.add("new", thing("new")).unwrap();
    next.add("papers", Vault::builder().name("papers").build()).unwrap();
    let plan = world.plan(&next).await.unwrap();
    let text = serde_json::to_string_pretty(&plan).unwrap();
    let loaded: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(loaded, plan);
    assert_eq!(loaded.to_string(), plan.to_string());
    assert!(world.execute(&loaded).await.unwrap().outcome.is_applied());
    world.settled(&next).await;
}

#[tokio::test(start_paused = true)]
async fn tags_of_the_user_and_of_ours_live_together() {
    let world = World::new();
    let mut stack = stack();
    stack.add("a", Thing::builder().name("a").tag("team", "blue").build()).unwrap();
    world.applied(&stack).await;
    let tags: Tags = serde_json::from_value(world.cloud.picture()["test.thing/a"]["tags"].clone()).unwrap();
    let all: Vec<_> = tags.iter().collect();
    assert_eq!(
        all,
        [
            ("humangov:address", "test.thing/a"),
            ("humangov:fleet", "humangov"),
            ("humangov:stack", "california"),
            ("team", "blue")
        ]
    );
}
