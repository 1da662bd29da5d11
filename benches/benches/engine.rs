// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine with 100 001 resources: one cluster, and 100 000 services in chains of ten. Figures are in `benches/README.md`.
#![expect(clippy::unwrap_used, reason = "a bench that cannot begin has nothing to measure")]
#![expect(clippy::print_stdout, reason = "counts are figures too")]

use criterion::{BatchSize, Criterion, SamplingMode, criterion_group, criterion_main};
use humangov_core::{
    address::Kind,
    event::Events,
    exec::{Cancel, Direction, ExecOptions, Executor, Machine, Mode, StepShape},
    handler::{Cx, Handler, HandlerError, Live, Lookup, Prior, Registry, Update},
    plan::{Imports, PlanOptions, plan},
    resource::{Resource, Rule},
    stack::Stack,
    store::{MemoryStore, Recorded, Snapshot, Version, Versioned},
    testing::TappedStore,
    value::{Attr, Handle, Input, Json},
};
use serde::{Deserialize, Serialize};
use std::{
    hint::black_box,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const SERVICES: usize = 100_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cluster {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Service {
    name: String,
    cluster: Input<String>,
    image: String,
    cpu: u32,
    memory: u32,
    desired_count: u32,
    env: Vec<(String, String)>,
    subnets: Vec<String>,
    security_groups: Vec<String>,
    depends: Vec<Input<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Outputs {
    arn: String,
}

const CLUSTER_ARN: Attr<Cluster, String> = Attr::new("arn");
const SERVICE_ARN: Attr<Service, String> = Attr::new("arn");

impl Resource for Cluster {
    const KIND: Kind = Kind::new("bench.cluster");
    type Outputs = Outputs;
}

impl Resource for Service {
    const KIND: Kind = Kind::new("bench.service");
    const RULES: &'static [Rule] = &[Rule::ReplaceDeleteFirst("/name"), Rule::ReplaceDeleteFirst("/cluster")];
    type Outputs = Outputs;
    fn normalize(&mut self) {
        self.subnets.sort_unstable();
    }
}

struct Memory<R>(PhantomData<fn() -> R>);

trait Named {
    fn outputs(&self) -> Outputs;
}
impl Named for Cluster {
    fn outputs(&self) -> Outputs {
        Outputs { arn: format!("arn:aws:ecs:us-east-1:123456789012:cluster/{}", self.name) }
    }
}
impl Named for Service {
    fn outputs(&self) -> Outputs {
        Outputs { arn: format!("arn:aws:ecs:us-east-1:123456789012:service/main/{}", self.name) }
    }
}

impl<R: Resource<Outputs = Outputs> + Named> Handler for Memory<R> {
    type Resource = R;
    async fn read(&self, _: Lookup<'_, R>) -> Result<Option<Live<R>>, HandlerError> {
        Ok(None)
    }
    async fn create(&self, _: &Cx, spec: &R) -> Result<Outputs, HandlerError> {
        Ok(spec.outputs())
    }
    async fn update(&self, _: &Cx, change: Update<'_, R>) -> Result<Outputs, HandlerError> {
        Ok(change.outputs.clone())
    }
    async fn delete(&self, _: &Cx, _: Prior<'_, R>) -> Result<(), HandlerError> {
        Ok(())
    }
}

fn service(n: usize, cluster: &Handle<Cluster>, after: Option<&Handle<Service>>) -> Service {
    Service {
        name: format!("svc-{n}"),
        cluster: cluster.get(CLUSTER_ARN).into(),
        image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov:1.2.3".to_owned(),
        cpu: 256,
        memory: 512,
        desired_count: 2,
        env: (0..8).map(|k| (format!("ENV_{k}"), format!("value-{k}-{n}"))).collect(),
        subnets: vec!["subnet-0bb1c79de3EXAMPLE".to_owned(), "subnet-0aa1c79de3EXAMPLE".to_owned()],
        security_groups: vec!["sg-0a1b2c3d".to_owned()],
        depends: after.map(|after| after.get(SERVICE_ARN).into()).into_iter().collect(),
    }
}

fn declare() -> Stack {
    declare_of(SERVICES)
}

fn declare_of(services: usize) -> Stack {
    let mut stack = Stack::new("humangov".parse().unwrap(), "bench".parse().unwrap());
    let cluster = stack.add("main", Cluster { name: "main".to_owned() }).unwrap();
    let mut before: Option<Handle<Service>> = None;
    for n in 0..services {
        let after = before.as_ref().filter(|_| !n.is_multiple_of(10));
        before = Some(stack.add(&format!("svc-{n}"), service(n, &cluster, after)).unwrap());
    }
    stack
}

/// What would be recorded of `stack` once it is applied.
fn recorded(stack: &Stack) -> Versioned<Snapshot> {
    let mut snapshot = Snapshot::empty(stack.fleet().clone(), stack.name().clone());
    let all = plan(stack, None, None, &Imports::none(), &PlanOptions::default()).unwrap();
    for change in all.changes {
        let desired = change.desired.unwrap();
        let outputs = Json::from(&serde_json::json!({"arn": change.address.as_str()}));
        let mut record = Recorded::new(desired.digest, desired.spec, outputs);
        record.dependencies = desired.dependencies;
        snapshot.resources.insert(change.address, record);
    }
    // Read back, as from a store: otherwise it would share its addresses with the stack, and caches would be kinder than they are.
    let text = serde_json::to_string(&snapshot).unwrap();
    Versioned { value: serde_json::from_str(&text).unwrap(), version: Version::new("1") }
}

fn shapes() -> Vec<StepShape> {
    let after = |n: u32| {
        if n == 0 || (n - 1).is_multiple_of(10) { vec![0; usize::from(n > 0)] } else { vec![0, n - 1] }
    };
    (0..=u32::try_from(SERVICES).unwrap()).map(|n| StepShape { after: after(n), cleanup: false }).collect()
}

fn forward(mut machine: Machine) -> Machine {
    while let Some(task) = machine.next_task() {
        machine.succeeded(task).unwrap();
    }
    machine
}

/// All steps work but the last one, and are undone.
fn there_and_back(mut machine: Machine) -> Machine {
    let mut left = SERVICES + 1;
    while let Some(task) = machine.next_task() {
        left -= usize::from(task.direction == Direction::Do);
        if left == 0 && task.direction == Direction::Do {
            machine.failed(task, false).unwrap();
        } else {
            machine.succeeded(task).unwrap();
        }
    }
    machine
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine/100_001");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(8));

    group.bench_function("declare", |bencher| bencher.iter_with_large_drop(declare));

    let stack = declare();
    let snapshot = recorded(&stack);
    let quick = || plan(&stack, Some(&snapshot), None, &Imports::none(), &PlanOptions::default()).unwrap();
    assert!(quick().is_empty());
    group.bench_function("plan_without_changes", |bencher| bencher.iter(|| black_box(quick())));

    let shapes = shapes();
    group.bench_function("machine_new", |bencher| {
        bencher.iter_with_large_drop(|| Machine::new(&shapes).unwrap());
    });
    let machine = Machine::new(&shapes).unwrap();
    group.bench_function("machine_forward", |bencher| {
        bencher.iter_batched(
            || machine.clone(),
            |machine| {
                let machine = forward(machine);
                assert_eq!(machine.mode(), Mode::Finished);
                machine
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("machine_forward_and_back", |bencher| {
        bencher.iter_batched(|| machine.clone(), there_and_back, BatchSize::PerIteration);
    });

    let registry = Registry::new().with(Memory::<Cluster>(PhantomData)).with(Memory::<Service>(PhantomData));
    let mut everything = plan(&stack, None, None, &Imports::none(), &PlanOptions::default()).unwrap();
    // As if it had been looked: otherwise every create looks first.
    everything.refreshed = true;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    group.bench_function("execute", |bencher| {
        bencher.iter(|| {
            let mut options = ExecOptions::default();
            options.concurrency = 64;
            let executor = Executor::with_options(registry.clone(), Arc::new(MemoryStore::new()), options);
            let (cancel, events, imports) = (Cancel::new(), Events::none(), Imports::none());
            let report = runtime.block_on(executor.apply(&everything, &imports, &cancel, &events)).unwrap();
            assert!(report.outcome.is_applied());
        });
    });
    group.finish();
}

/// What writing everything down costs: the same run with a journal and without one, over handlers that take no time.
fn journal(criterion: &mut Criterion) {
    const MANY: usize = 10_000;
    let stack = declare_of(MANY - 1);
    let registry = Registry::new().with(Memory::<Cluster>(PhantomData)).with(Memory::<Service>(PhantomData));
    let mut plan = plan(&stack, None, None, &Imports::none(), &PlanOptions::default()).unwrap();
    plan.refreshed = true;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let executor = || {
        let counts = Arc::clone(&counts);
        let store = TappedStore::new(MemoryStore::new(), move |name, bytes| {
            if name.ends_with(".journal") {
                counts.0.fetch_add(1, Ordering::Relaxed);
                counts.1.fetch_add(bytes.len(), Ordering::Relaxed);
            }
            Ok(())
        });
        let mut options = ExecOptions::default();
        options.concurrency = 64;
        Executor::with_options(registry.clone(), Arc::new(store), options)
    };
    let run = |executor: &Executor| {
        let (cancel, events, imports) = (Cancel::new(), Events::none(), Imports::none());
        let report = runtime.block_on(executor.apply(&plan, &imports, &cancel, &events)).unwrap();
        assert!(report.outcome.is_applied());
    };
    run(&executor());
    let (writes, bytes) = (counts.0.load(Ordering::Relaxed), counts.1.load(Ordering::Relaxed));
    println!("journal: {writes} writes and {} bytes a resource for {MANY} resources", bytes / MANY);

    let mut group = criterion.benchmark_group("journal/10_000");
    group.sample_size(20).sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(8));
    for (name, without) in [("execute_without", true), ("execute_with", false)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    let executor = executor();
                    if without { executor.without_journal() } else { executor }
                },
                |executor| {
                    run(&executor);
                    executor
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, engine, journal);
criterion_main!(benches);
