// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Account`]: an AWS account and what is recorded of it. [`Process`]: a run of the command in it, which may die.

use crate::{
    declared::{base_name, fleet},
    wire::{Calling, UnderWay, Wire},
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use humangov_aws::{
    Clients,
    sandbox::{Latency, Sandbox, SandboxOptions},
};
use humangov_core::{
    address::{RunId, StackName},
    event::Events,
    exec::{Cancel, ExecError, Executor, Recovery, Report},
    fleet::{FleetPlanOptions, Teardown},
    handler::{Depth, Registry},
    plan::{DataPolicy, Imports, Plan, PlanOptions, RefreshTarget, plan, refresh},
    stack::Stack,
    store::{MemoryStore, StateStore},
    testing::{Crash, CrashingStore},
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// An account and the store of those who work in it.
#[derive(Debug)]
pub struct Account {
    pub sandbox: Sandbox,
    pub store: MemoryStore,
    under_way: UnderWay,
    /// What its processes call it with: clients take long to make.
    registry: OnceLock<Registry>,
    /// The process that calls now.
    now: Calling,
}

impl Account {
    /// An empty one, in which one call comes after the other.
    pub fn new() -> Self {
        Self::of(Sandbox::new(), MemoryStore::new(), UnderWay::Lost)
    }

    /// An empty one, in which calls take their time, so that many are under way at once; those of a process that dies arrive.
    pub fn busy() -> Self {
        let mut options = SandboxOptions::default();
        options.latency = Latency::AwsLike;
        let sandbox = Sandbox::with_options(&options);
        Self::of(sandbox, MemoryStore::new(), UnderWay::Arrives)
    }

    /// One of its own that is as this one is now.
    pub fn fork(&self) -> Self {
        Self::of(self.sandbox.fork(), self.store.fork(), self.under_way)
    }

    fn of(sandbox: Sandbox, store: MemoryStore, under_way: UnderWay) -> Self {
        Self { sandbox, store, under_way, registry: OnceLock::new(), now: Calling::default() }
    }

    /// Clients that go through nothing but the sandbox.
    pub fn clients(&self) -> Clients {
        Clients::new(&self.sandbox.sdk_config())
    }

    /// A process that lives.
    pub fn process(&self) -> Process {
        self.process_that(&Crash::never())
    }

    /// A process that may die. One calls at a time.
    pub fn process_that(&self, crash: &Crash) -> Process {
        self.now.is(crash);
        let registry = self.registry.get_or_init(|| self.connected()).clone();
        let store: Arc<dyn StateStore> = Arc::new(CrashingStore::new(self.store.clone(), crash.clone()));
        let executor = Executor::new(registry.clone(), Arc::clone(&store));
        Process { registry, store, executor, crash: crash.clone() }
    }

    fn connected(&self) -> Registry {
        let http = Wire::client(self.sandbox.http_client(), self.now.clone(), self.under_way);
        let sdk = self.sandbox.sdk_config().into_builder().http_client(http);
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(30)).build();
        let retries = RetryConfig::standard().with_max_attempts(3);
        let sdk = sdk.retry_config(retries).timeout_config(timeouts).build();
        humangov_aws::registry(&Clients::new(&sdk))
    }
}

/// What a stack is to become.
#[derive(Debug, Clone)]
pub enum Goal {
    /// As declared.
    Declared(Stack),
    /// It goes, as far as that is allowed; it was declared so.
    Gone(Stack, DataPolicy),
}

impl Goal {
    pub fn stack(&self) -> &StackName {
        match self {
            Self::Declared(stack) | Self::Gone(stack, _) => stack.name(),
        }
    }
}

/// A run of the command.
#[derive(Debug)]
pub struct Process {
    registry: Registry,
    pub store: Arc<dyn StateStore>,
    executor: Executor,
    crash: Crash,
}

impl Process {
    pub async fn imports(&self) -> Imports {
        match self.store.load(&base_name()).await.unwrap() {
            Some(base) => Imports::none().with(&base.value),
            None => Imports::none(),
        }
    }

    /// The plan for `goal`, after looking at all there is.
    pub async fn plan(&self, goal: &Goal) -> Result<Plan, String> {
        match goal {
            Goal::Declared(stack) => {
                let (imports, fleet) = (self.imports().await, fleet());
                let snapshot = self.store.load(stack.name()).await.map_err(|error| error.to_string())?;
                let target = RefreshTarget {
                    fleet: &fleet,
                    name: stack.name(),
                    stack: Some(stack),
                    snapshot: snapshot.as_ref().map(|snapshot| &snapshot.value),
                    imports: &imports,
                };
                let live = refresh(&self.registry, &[target], Depth::Full, RunId::generate()).await;
                let live = live.map_err(|error| error.to_string())?;
                let options = PlanOptions::default();
                plan(stack, snapshot.as_ref(), live.first(), &imports, &options)
                    .map_err(|error| error.to_string())
            }
            Goal::Gone(stack, data) => {
                let teardown = Teardown::new(fleet(), vec![stack.name().clone()]).declaring([stack.clone()]);
                let mut options = FleetPlanOptions::default();
                options.plan.data = *data;
                let base = base_name();
                let plans = teardown.plan(&self.registry, &*self.store, Some(&base), &options).await;
                let mut plans = plans.map_err(|error| error.to_string())?.plans;
                Ok(plans.remove(0))
            }
        }
    }

    /// Executes a plan; `None`: the process died meanwhile.
    pub async fn apply(&self, plan: &Plan) -> Option<Result<Report, ExecError>> {
        let run = async {
            let imports = self.imports().await;
            self.executor.apply(plan, &imports, &Cancel::new(), &Events::none()).await
        };
        self.crash.survive(run).await
    }

    /// Brings what has not ended to its end; `None`: the process died meanwhile.
    pub async fn recover(&self, stack: &StackName, how: Recovery) -> Option<Result<Vec<Report>, ExecError>> {
        let (cancel, events) = (Cancel::new(), Events::none());
        self.crash.survive(self.executor.recover(stack, how, &cancel, &events)).await
    }
}
