// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every test here begins with: a cloud, faults, a store and an executor.

use humangov_core::{
    address::{Address, RunId, StackName},
    clock::Clock,
    event::{Event, Events},
    exec::{Cancel, ExecError, ExecOptions, Executor, Recovery, Report, Unfinished, unfinished},
    handler::{Depth, Registry},
    names::FleetName,
    plan::{Imports, LiveSet, Plan, PlanError, PlanOptions, RefreshTarget, plan, plan_destroy, refresh},
    stack::Stack,
    store::{Lock, MemoryStore, Snapshot, StateStore, Versioned},
    testing::{FakeCloud, Faults, Thing},
};
use std::sync::{Arc, Mutex};

pub struct World {
    pub cloud: FakeCloud,
    pub faults: Faults,
    pub store: Arc<dyn StateStore>,
    pub options: ExecOptions,
    pub plan_options: PlanOptions,
    pub imports: Imports,
    pub events: Arc<Mutex<Vec<Event>>>,
}

pub fn fleet() -> FleetName {
    "humangov".parse().unwrap()
}

pub fn california() -> StackName {
    "california".parse().unwrap()
}

pub fn stack() -> Stack {
    Stack::new(fleet(), california())
}

pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub fn thing(name: &str) -> Thing {
    Thing::builder().name(name).build()
}

/// Three things in a row, each linked to the one before.
pub fn chain() -> Stack {
    let mut stack = stack();
    let a = stack.add("a", thing("a")).unwrap();
    let b = stack.add("b", Thing::builder().name("b").link(&a).note("x", "1").build()).unwrap();
    stack.add("c", Thing::builder().name("c").link(&b).build()).unwrap();
    stack
}

/// A snapshot without the time it was saved.
pub fn timeless(snapshot: Option<Versioned<Snapshot>>) -> Option<Snapshot> {
    snapshot.map(|snapshot| Snapshot { updated_at: None, lease: 0, ..snapshot.value })
}

impl World {
    /// A world whose cloud may keep things in the end.
    pub fn new() -> Self {
        Self::over(FakeCloud::lasting())
    }

    /// A world whose cloud must be empty in the end.
    pub fn to_be_left_empty() -> Self {
        Self::over(FakeCloud::new())
    }

    pub fn over(cloud: FakeCloud) -> Self {
        let mut options = ExecOptions::default();
        options.clock = Clock::fixed("2026-07-01T12:00:00Z".parse().unwrap());
        Self {
            cloud,
            faults: Faults::new(),
            store: Arc::new(MemoryStore::new()),
            options,
            plan_options: PlanOptions::default(),
            imports: Imports::none(),
            events: Arc::default(),
        }
    }

    pub fn registry(&self) -> Registry {
        self.faults.wrap(&self.cloud.registry())
    }

    pub fn executor(&self) -> Executor {
        Executor::with_options(self.registry(), Arc::clone(&self.store), self.options.clone())
    }

    pub fn sink(&self) -> Events {
        let events = Arc::clone(&self.events);
        Events::to(move |event| events.lock().unwrap().push(event))
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    pub async fn snapshot(&self) -> Option<Versioned<Snapshot>> {
        self.store.load(&california()).await.unwrap()
    }

    /// What is there, and what is recorded: all that a rollback must bring back.
    pub async fn all(&self) -> (impl PartialEq + std::fmt::Debug + use<>, Option<Snapshot>) {
        (self.cloud.picture(), timeless(self.snapshot().await))
    }

    pub async fn live(&self, stack: Option<&Stack>, depth: Depth) -> LiveSet {
        let (fleet, snapshot) = (fleet(), self.snapshot().await);
        let name = stack.map_or_else(california, |stack| stack.name().clone());
        let target = RefreshTarget {
            fleet: &fleet,
            name: &name,
            stack,
            snapshot: snapshot.as_ref().map(|snapshot| &snapshot.value),
            imports: &self.imports,
        };
        let registry = self.cloud.registry();
        refresh(&registry, &[target], depth, RunId::from_u128(0)).await.unwrap().remove(0)
    }

    pub async fn plan(&self, stack: &Stack) -> Result<Plan, PlanError> {
        let live = self.live(Some(stack), Depth::Full).await;
        plan(stack, self.snapshot().await.as_ref(), Some(&live), &self.imports, &self.plan_options)
    }

    /// Without looking at the cloud.
    pub async fn quick_plan(&self, stack: &Stack) -> Result<Plan, PlanError> {
        plan(stack, self.snapshot().await.as_ref(), None, &self.imports, &self.plan_options)
    }

    pub async fn plan_destroy(&self) -> Result<Plan, PlanError> {
        let live = self.live(None, Depth::Identity).await;
        plan_destroy(&fleet(), &california(), self.snapshot().await.as_ref(), Some(&live), &self.plan_options)
    }

    pub async fn execute(&self, plan: &Plan) -> Result<Report, ExecError> {
        self.executor().apply(plan, &self.imports, &Cancel::new(), &self.sink()).await
    }

    pub async fn recover(&self, how: Recovery) -> Vec<Report> {
        self.executor().recover(&california(), how, &Cancel::new(), &self.sink()).await.unwrap()
    }

    pub async fn unfinished(&self) -> (Option<Lock>, Vec<Unfinished>) {
        unfinished(&*self.store, &california(), self.options.clock.now()).await.unwrap()
    }

    pub async fn apply(&self, stack: &Stack) -> Report {
        let plan = self.plan(stack).await.unwrap();
        self.execute(&plan).await.unwrap()
    }

    /// Applies, and holds that it worked and that nothing is left to do.
    pub async fn applied(&self, stack: &Stack) -> Report {
        let report = self.apply(stack).await;
        assert!(report.outcome.is_applied(), "{report:#?}");
        self.settled(stack).await;
        report
    }

    /// Holds that the cloud is as `stack` says and as is recorded.
    pub async fn settled(&self, stack: &Stack) {
        let plan = self.plan(stack).await.unwrap();
        assert!(plan.is_empty(), "a plan after apply has nothing to do\n{plan}");
        let quick = self.quick_plan(stack).await.unwrap();
        assert!(quick.is_empty(), "nor has one that compares digests\n{quick}");
        assert_eq!(quick.unchanged, stack.resources().len());
        self.nothing_lost().await;
    }

    /// Holds that all that is ours is recorded, and all that is recorded is there.
    pub async fn nothing_lost(&self) {
        let snapshot = self.snapshot().await;
        let recorded: Vec<&Snapshot> = snapshot.iter().map(|snapshot| &snapshot.value).collect();
        assert_eq!(self.cloud.compare(&recorded), (vec![], vec![]), "(orphans, ghosts)");
    }

    pub async fn destroyed(&self) -> Report {
        let plan = self.plan_destroy().await.unwrap();
        let report = self.execute(&plan).await.unwrap();
        assert!(report.outcome.is_applied(), "{report:#?}");
        report
    }
}

/// The code of what ended a run, and of which resource.
pub fn cause(report: &Report) -> (&str, &str) {
    use humangov_core::exec::Outcome;
    let (Outcome::RolledBack { cause } | Outcome::Stuck { cause: Some(cause), .. }) = &report.outcome else {
        panic!("no cause: {report:#?}")
    };
    (cause.address.as_str(), cause.error.code.as_str())
}
