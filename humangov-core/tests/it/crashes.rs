// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs that are killed at every point where they touch the world outside, and what becomes of them.

use crate::world::World;
use futures_util::future::BoxFuture;
use humangov_core::{
    event::Events,
    exec::{Cancel, Executor, Outcome, Recovery},
    handler::{Call, DynHandler, HandlerError, Registry, Reply},
    plan::{Action, Plan},
    stack::Stack,
    store::{Backend, MemoryStore},
    testing::{CallOperation, Crash, CrashingStore, Fault, Side, When, strategies::histories},
};
use proptest::prelude::*;
use std::{sync::Arc, time::Duration};

/// A handler of a process that may die: what it changes is a point of the crash.
struct Dying {
    crash: Crash,
    inner: Arc<dyn DynHandler>,
}

impl DynHandler for Dying {
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>> {
        let what = match &call {
            Call::Create { cx, .. } => format!("create {}", cx.address),
            Call::Update { cx, .. } => format!("update {}", cx.address),
            Call::Delete { cx, .. } => format!("delete {}", cx.address),
            _ => {
                return Box::pin(self.crash.unless_dead(self.inner.call(call)));
            }
        };
        Box::pin(self.crash.point(what, async move { self.inner.call(call).await }))
    }
}

fn dying(registry: &Registry, crash: &Crash) -> Registry {
    registry.map(|_, inner| Arc::new(Dying { crash: crash.clone(), inner }))
}

/// A handler whose calls take a while to arrive, and arrive although whoever made them is gone.
struct Late {
    name: &'static str,
    inner: Arc<dyn DynHandler>,
}

impl DynHandler for Late {
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>> {
        let (cx, spec) = match call {
            Call::Create { cx, spec } if cx.address.name() == self.name => (cx.clone(), spec.clone()),
            other => return self.inner.call(other),
        };
        let inner = Arc::clone(&self.inner);
        let arrives = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            inner.call(Call::Create { cx: &cx, spec: &spec }).await
        });
        Box::pin(async move { arrives.await.unwrap() })
    }
}

/// A world with a store that can be looked into.
struct Scene {
    world: World,
    store: MemoryStore,
}

impl Scene {
    /// A world where `before` is deployed.
    async fn with(before: &Stack) -> Self {
        let store = MemoryStore::new();
        let mut world = World::new();
        world.store = Arc::new(store.clone());
        // What is in use cannot be deleted, however often that is tried.
        world.options.step_timeout = Duration::from_secs(40);
        world.applied(before).await;
        Self { world, store }
    }

    /// Executes `plan` as a process that may die.
    async fn run(&self, plan: &Plan, crash: &Crash) -> Option<Outcome> {
        let executor = Executor::with_options(
            dying(&self.world.registry(), crash),
            Arc::new(CrashingStore::new(self.store.clone(), crash.clone())),
            self.world.options.clone(),
        );
        let (cancel, events) = (Cancel::new(), Events::none());
        let run = crash.survive(executor.apply(plan, &self.world.imports, &cancel, &events)).await?;
        Some(run.unwrap().outcome)
    }

    /// Holds that nothing of any run is left but what it made and recorded.
    async fn is_clean(&self, context: &str) {
        let (lock, unfinished) = self.world.unfinished().await;
        assert!(unfinished.is_empty() && !lock.is_some_and(|lock| lock.is_held()), "{context}");
        let names = Backend::list(&self.store, "").await.unwrap();
        assert!(!names.iter().any(|name| name.ends_with(".journal")), "{names:?} {context}");
        let snapshot = self.world.snapshot().await;
        let recorded: Vec<_> = snapshot.iter().map(|snapshot| &snapshot.value).collect();
        assert_eq!(
            self.world.cloud.compare(&recorded),
            (vec![], vec![]),
            "(orphans, ghosts) {context} {recorded:#?}"
        );
    }
}

/// How the run goes that is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Well,
    /// Its last create or change fails.
    Failing,
    Destroy,
}

async fn plan_of(world: &World, after: &Stack, ending: Ending) -> Plan {
    match ending {
        Ending::Destroy => world.plan_destroy().await.unwrap(),
        _ => world.plan(after).await.unwrap(),
    }
}

fn fail_last(world: &World, plan: &Plan) {
    let acts = plan.changes.iter().rev().find(|change| change.desired.is_some() && change.acts());
    if let Some(change) = acts {
        let operation = match change.action {
            Action::Create | Action::Replace(_) => CallOperation::Create,
            _ => CallOperation::Update,
        };
        let when = When::any().operation(operation).address(&change.address).times(1);
        world.faults.add(when, Fault::Refuse(humangov_core::handler::HandlerErrorKind::Quota));
    }
}

/// The run that brings `before` to `after` and is not killed: how many points it has, and how it ends.
async fn whole(before: &Stack, after: &Stack, ending: Ending) -> (usize, Outcome) {
    let scene = Scene::with(before).await;
    let plan = plan_of(&scene.world, after, ending).await;
    if ending == Ending::Failing {
        fail_last(&scene.world, &plan);
    }
    let crash = Crash::never();
    let outcome = scene.run(&plan, &crash).await.unwrap();
    (crash.points(), outcome)
}

/// Kills the run that brings `before` to `after` at one point, and recovers it in one way. `works`: whether it gets there when
/// nobody kills it; what is in use cannot be deleted to be made anew.
async fn tried(
    before: &Stack,
    after: &Stack,
    (ending, works): (Ending, bool),
    (nth, side): (usize, Side),
    how: Recovery,
) {
    let scene = Scene::with(before).await;
    let world = &scene.world;
    let was = world.all().await;
    let plan = plan_of(world, after, ending).await;
    if ending == Ending::Failing {
        fail_last(world, &plan);
    }
    let crash = Crash::at(nth, side);
    let outcome = scene.run(&plan, &crash).await;
    assert!(outcome.is_none(), "it was killed");
    let context = format!("{ending:?}, killed {side:?} {}, {how:?}\n{plan}", crash.seen()[nth - 1]);
    if how != Recovery::Resume {
        // What fails once would hit the undoing.
        world.faults.clear();
    }
    let reports = world.recover(how).await;
    let again = world.recover(how).await;
    assert!(again.is_empty(), "once is enough: {context}\n{again:#?}");
    scene.is_clean(&format!("{context}\n{reports:#?}")).await;
    let committed = || async {
        let now = world.plan(after).await.unwrap();
        now.changes.iter().all(|change| {
            matches!(change.action, Action::Delete | Action::Forget | Action::Keep | Action::Record)
        })
    };
    match (ending, how, reports.first().map(|report| &report.outcome)) {
        // It had not begun, or there was nothing left of it but its journal.
        (_, _, None) | (Ending::Destroy, ..) => {}
        (Ending::Well, Recovery::Resume, Some(outcome)) if works => {
            assert_eq!(outcome, &Outcome::Applied, "{context}");
            world.settled(after).await;
        }
        (Ending::Well | Ending::Failing, Recovery::Resume, Some(outcome)) => {
            let undone = matches!(outcome, Outcome::RolledBack { .. } | Outcome::Applied);
            assert!(undone || !plan.changes.iter().any(|c| c.desired.is_some()), "{context}\n{outcome:#?}");
        }
        (_, Recovery::RollBack, Some(outcome)) => match outcome {
            Outcome::RolledBack { .. } | Outcome::Cancelled { rolled_back: true } => {
                assert_eq!(world.all().await, was, "{context}");
            }
            _ => assert!(committed().await, "{context}\n{outcome:#?}"),
        },
        _ => {}
    }
    if matches!(reports.first().map(|r| &r.outcome), Some(Outcome::RolledBack { .. })) {
        assert_eq!(world.all().await, was, "{context}");
    }
    world.faults.clear();
    if ending == Ending::Destroy {
        world.destroyed().await;
        assert!(world.cloud.names().is_empty(), "{context}");
    } else if works {
        world.applied(after).await;
    }
    scene.is_clean(&context).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_had_sent_is_not_missed_although_it_arrives_after_it() {
    let mut wanted = crate::world::stack();
    for name in ["early", "late"] {
        wanted.add(name, crate::world::thing(name)).unwrap();
    }
    let mut missed = 0;
    for how in [Recovery::Resume, Recovery::RollBack, Recovery::Settle] {
        for nth in 1.. {
            let scene = Scene::with(&crate::world::stack()).await;
            let world = &scene.world;
            let crash = Crash::at(nth, Side::After);
            let registry =
                world.registry().map(|_, inner| Arc::new(Late { name: "late", inner: Arc::clone(&inner) }));
            let store = Arc::new(CrashingStore::new(scene.store.clone(), crash.clone()));
            let executor = Executor::with_options(registry, store, world.options.clone());
            let plan = world.plan(&wanted).await.unwrap();
            let (cancel, events) = (Cancel::new(), Events::none());
            if crash.survive(executor.apply(&plan, &world.imports, &cancel, &events)).await.is_some() {
                break;
            }
            missed += usize::from(!world.cloud.names().contains(&"late".to_owned()));
            let _ = world.recover(how).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            scene.is_clean(&format!("killed after {}, {how:?}", crash.seen()[nth - 1])).await;
        }
    }
    assert!(missed > 0, "nothing was on its way");
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_run_that_is_killed_anywhere_is_brought_to_its_end_or_back(designs in histories(4, 1)) {
        let [before, after] = &designs[..] else { panic!("{designs:#?}") };
        let (before, after) = (before.stack(), after.stack());
        let works = block_on(whole(&before, &after, Ending::Well)).1.is_applied();
        for ending in [Ending::Well, Ending::Failing, Ending::Destroy] {
            if ending == Ending::Failing && !works {
                // It fails as it is.
                continue;
            }
            let (points, _) = block_on(whole(&before, &after, ending));
            for nth in 1..=points {
                for side in Side::ALL {
                    for how in [Recovery::Resume, Recovery::RollBack, Recovery::Settle] {
                        block_on(tried(&before, &after, (ending, works), (nth, side), how));
                    }
                }
            }
        }
    }
}
