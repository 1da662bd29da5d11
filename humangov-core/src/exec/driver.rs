// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Executor`]: drives a plan through the machine, step by step, and records what was done.

use crate::{
    address::{Address, RunId, StackName},
    clock::Clock,
    event::{ErrorReport, Event, EventKind, Events, StepOperation},
    exec::{
        Cancel, CancelLevel, Direction, LeftOver, Machine, Mode, Outcome, Report, Status, StepFailure,
        StepReport, Task,
        perform::{Done, Failure, Left, Performed, Performer, Work},
        schedule::{Op, Schedule, Step},
    },
    handler::{Contents, Cx, HandlerError, HandlerErrorKind, Registry},
    plan::{Action, Change, Imports, Plan, PlanKind, ReplaceOrder, keep_unmanaged},
    store::{Deposed, LockInfo, Recorded, Snapshot, StateStore, StoreError, Version},
    value::{Json, Reference, Source, resolve, walk_references},
};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;
use std::{collections::HashMap, error::Error, fmt, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tracing::Instrument;

/// How plans are executed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExecOptions {
    /// How many steps run at once, over all stacks of this executor.
    pub concurrency: usize,
    /// The longest a step may take, waiting included, and a deletion may go unanswered.
    pub step_timeout: Duration,
    /// The longest a refused call is tried again, while what it needs settles, and any other call may go unanswered.
    pub settle_timeout: Duration,
    /// The wait before the first retry; each next one is twice as long.
    pub retry_first: Duration,
    /// The longest wait before a retry.
    pub retry_most: Duration,
    /// The wait before something is asked again whether it works; each next one is longer by six tenths.
    pub poll_first: Duration,
    /// The longest wait before asking again.
    pub poll_most: Duration,
    /// What happens to what was done when a step fails, or when the run is cancelled.
    pub on_failure: OnFailure,
    /// Tells the wall time.
    pub clock: Clock,
}

/// What happens to what was done when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// It is undone.
    #[default]
    RollBack,
    /// It stays, recorded; the next run goes on from there.
    Halt,
}

impl Default for ExecOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            step_timeout: Duration::from_secs(30 * 60),
            settle_timeout: Duration::from_secs(5 * 60),
            retry_first: Duration::from_millis(500),
            retry_most: Duration::from_secs(10),
            poll_first: Duration::from_millis(400),
            poll_most: Duration::from_secs(5),
            on_failure: OnFailure::RollBack,
            clock: Clock::system(),
        }
    }
}

/// Executes plans against the handlers of a registry, and records what was done in a store. Clones share the concurrency.
#[derive(Debug, Clone)]
pub struct Executor {
    registry: Registry,
    store: Arc<dyn StateStore>,
    options: ExecOptions,
    slots: Arc<Semaphore>,
}

/// A run that could not be begun, or whose record could not be kept. A step that fails is not an error: see [`Outcome`].
#[derive(Debug, Clone)]
pub struct ExecError {
    kind: ExecErrorKind,
    report: Option<Box<Report>>,
}

/// What went wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ExecErrorKind {
    /// The snapshot has changed since the plan was made.
    Stale(StackName),
    /// The plan's format is not this version's.
    Format(u32),
    /// No handler for the kind of this resource.
    NoHandler(Address),
    /// An import that no applied stack exports.
    MissingImport(Reference),
    /// The plan's steps wait for each other: it was not made by this planner.
    Cycle,
    /// The store failed.
    Store(StoreError),
}

impl ExecError {
    fn new(kind: ExecErrorKind) -> Self {
        Self { kind, report: None }
    }

    /// What went wrong.
    pub fn kind(&self) -> &ExecErrorKind {
        &self.kind
    }

    /// What was done before, if anything was.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_deref()
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match &self.kind {
            ExecErrorKind::Stale(_) => "plan.stale",
            ExecErrorKind::Format(_) => "plan.format",
            ExecErrorKind::NoHandler(_) => "exec.no_handler",
            ExecErrorKind::MissingImport(_) => "exec.missing_import",
            ExecErrorKind::Cycle => "exec.cycle",
            ExecErrorKind::Store(error) => error.code(),
        }
    }
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExecErrorKind::Stale(stack) => {
                write!(f, "stack {stack} has changed since this plan was made; plan again")
            }
            ExecErrorKind::Format(format) => {
                write!(f, "the plan has format {format}, this version reads {}", Plan::FORMAT)
            }
            ExecErrorKind::NoHandler(address) => {
                write!(f, "there is no handler for {address}; is its service's feature on?")
            }
            ExecErrorKind::MissingImport(reference) => {
                write!(f, "{reference} is imported and not exported; apply that stack first")
            }
            ExecErrorKind::Cycle => f.write_str("the steps of the plan wait for each other"),
            ExecErrorKind::Store(error) if self.report.is_none() => error.fmt(f),
            ExecErrorKind::Store(_) => f.write_str("what was done could not be recorded"),
        }
    }
}

impl Error for ExecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            ExecErrorKind::Store(error) if self.report.is_none() => error.source(),
            ExecErrorKind::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for ExecError {
    fn from(error: StoreError) -> Self {
        Self::new(ExecErrorKind::Store(error))
    }
}

impl Executor {
    /// An executor with the usual options.
    pub fn new(registry: Registry, store: Arc<dyn StateStore>) -> Self {
        Self::with_options(registry, store, ExecOptions::default())
    }

    /// An executor with these options.
    pub fn with_options(registry: Registry, store: Arc<dyn StateStore>, options: ExecOptions) -> Self {
        let slots = Arc::new(Semaphore::new(options.concurrency.max(1)));
        Self { registry, store, options, slots }
    }

    /// Executes `plan`.
    ///
    /// The stack is locked meanwhile. Every step's result is recorded; what was created and changed is undone when a step
    /// fails, in reverse order. Deletions come last and are never undone.
    ///
    /// # Errors
    /// When the run could not be begun (nothing was touched), or could not be recorded. A step that fails is no error here:
    /// match the report's [`Outcome`].
    pub async fn apply(
        &self,
        plan: &Plan,
        imports: &Imports,
        cancel: &Cancel,
        events: &Events,
    ) -> Result<Report, ExecError> {
        let run = RunId::generate();
        let span = tracing::info_span!("apply", stack = %plan.stack, %run);
        self.run(run, plan, imports, cancel, events).instrument(span).await
    }

    async fn run(
        &self,
        run: RunId,
        plan: &Plan,
        imports: &Imports,
        cancel: &Cancel,
        events: &Events,
    ) -> Result<Report, ExecError> {
        self.check(plan, imports)?;
        let operation = if plan.kind == PlanKind::Destroy { "destroy" } else { "apply" };
        let info = LockInfo::this_process(operation, self.options.clock.now());
        let _lease = self.store.lock(&plan.stack, &info).await?;
        let stored = self.store.load(&plan.stack).await?;
        let (snapshot, version) = match stored {
            Some(stored) => (stored.value, Some(stored.version)),
            None => (Snapshot::empty(plan.fleet.clone(), plan.stack.clone()), None),
        };
        if !plan.is_based_on(version.as_ref()) {
            return Err(ExecError::new(ExecErrorKind::Stale(plan.stack.clone())));
        }
        let schedule = Schedule::new(plan);
        let machine = Machine::new(&schedule.shapes).map_err(|_| ExecError::new(ExecErrorKind::Cycle))?;
        let mut driver = Driver {
            executor: self,
            run,
            plan,
            imports,
            events,
            before: vec![None; schedule.steps.len()],
            found: HashMap::new(),
            schedule,
            machine,
            snapshot,
            version,
            outputs: HashMap::new(),
            resolved: HashMap::new(),
            steps: Vec::new(),
            cause: None,
            failures: Vec::new(),
            cancelled: CancelLevel::None,
            store_error: None,
            dirty: false,
            saved: Instant::now(),
        };
        driver.drive(cancel).await
    }

    /// Everything that can be known to fail before anything is touched.
    fn check(&self, plan: &Plan, imports: &Imports) -> Result<(), ExecError> {
        if plan.format_version != Plan::FORMAT {
            return Err(ExecError::new(ExecErrorKind::Format(plan.format_version)));
        }
        for change in plan.changes.iter().filter(|change| change.acts()) {
            if self.registry.get(change.address.kind_str()).is_none() {
                return Err(ExecError::new(ExecErrorKind::NoHandler(change.address.clone())));
            }
            let mut missing = None;
            if let Some(desired) = &change.desired {
                walk_references(&desired.spec.to_value(), &mut |reference| {
                    if let Source::Stack(stack) = &reference.source
                        && imports.get(stack, &reference.attr).is_none()
                    {
                        missing = Some(reference);
                    }
                });
            }
            if let Some(reference) = missing {
                return Err(ExecError::new(ExecErrorKind::MissingImport(reference)));
            }
        }
        Ok(())
    }
}

/// How often an unfinished run saves its snapshot, at the most. What is not saved is found again by its tags.
const SAVE_EVERY: Duration = Duration::from_millis(500);

struct Driver<'a> {
    executor: &'a Executor,
    run: RunId,
    plan: &'a Plan,
    imports: &'a Imports,
    events: &'a Events,
    schedule: Schedule,
    machine: Machine,
    snapshot: Snapshot,
    version: Option<Version>,
    /// Outputs as they are now, of what this run made or changed, or was asked for.
    outputs: HashMap<Address, Value>,
    /// Specs this run sent, every reference resolved, by change.
    resolved: HashMap<usize, Value>,
    /// What was recorded before each step.
    before: Vec<Option<Recorded>>,
    /// Specs of what this run meant to make and found there, by change: to be brought back, not deleted, when it goes back.
    found: HashMap<usize, Value>,
    steps: Vec<StepReport>,
    cause: Option<StepFailure>,
    failures: Vec<StepFailure>,
    cancelled: CancelLevel,
    store_error: Option<StoreError>,
    dirty: bool,
    saved: Instant,
}

type Running<'a> = FuturesUnordered<BoxFuture<'a, (Task, StepOperation, Performed)>>;

impl Driver<'_> {
    async fn drive(&mut self, cancel: &Cancel) -> Result<Report, ExecError> {
        let started = Instant::now();
        if self.executor.options.on_failure == OnFailure::Halt {
            self.machine.never_unwind();
        }
        self.emit(EventKind::RunStarted { steps: self.schedule.steps.len() });
        self.heed(cancel.level());
        let mut running = Running::new();
        let mut mode = self.machine.mode();
        loop {
            if self.machine.mode() != mode {
                mode = self.machine.mode();
                match mode {
                    Mode::Unwinding => self.emit(EventKind::RollbackStarted),
                    Mode::Cleanup => {
                        self.commit();
                        self.emit(EventKind::CleanupStarted);
                    }
                    _ => {}
                }
            }
            // A step begins when there is room for it: what only waits for room can still be called off.
            let slots = Arc::clone(&self.executor.slots);
            while self.machine.has_task()
                && let Ok(slot) = Arc::clone(&slots).try_acquire_owned()
            {
                self.begin(slot, &mut running);
            }
            if self.machine.mode() != mode {
                continue;
            }
            if running.is_empty() && !self.machine.has_task() {
                break;
            }
            tokio::select! {
                slot = slots.acquire_owned(), if self.machine.has_task() => {
                    let slot = slot.expect("the executor never closes its slots");
                    self.begin(slot, &mut running);
                }
                ended = running.next(), if !running.is_empty() => {
                    let Some((task, operation, performed)) = ended else { continue };
                    self.end(task, operation, performed);
                    // Results that came together are recorded together.
                    while let Some(Some((task, operation, performed))) = futures_util::FutureExt::now_or_never(running.next()) {
                        self.end(task, operation, performed);
                    }
                    if self.dirty && self.saved.elapsed() >= SAVE_EVERY {
                        self.save().await;
                    }
                }
                level = cancel.beyond(self.cancelled) => {
                    self.heed(level);
                    if level == CancelLevel::Abandon {
                        break;
                    }
                }
            }
        }
        drop(running);
        if self.machine.mode() == Mode::Finished && self.all_forward_done() {
            // A plan without clean-up steps never was in that mode for a turn of the loop.
            self.commit();
        }
        self.save().await;
        let outcome = self.outcome();
        let elapsed = started.elapsed();
        self.emit(EventKind::RunFinished { outcome: outcome.name().to_owned(), elapsed });
        let report = Report {
            run: self.run,
            stack: self.plan.stack.clone(),
            left: self.left(&outcome),
            outcome,
            steps: std::mem::take(&mut self.steps),
            exports: self.snapshot.exports.clone(),
            elapsed,
        };
        // A run that its store stopped says so, even where the end of it could be recorded.
        match self.store_error.take() {
            None => Ok(report),
            Some(error) => {
                Err(ExecError { kind: ExecErrorKind::Store(error), report: Some(Box::new(report)) })
            }
        }
    }

    /// Does as it is asked to by whoever cancels.
    fn heed(&mut self, level: CancelLevel) {
        self.cancelled = level;
        if level > CancelLevel::None {
            self.machine.stop(self.executor.options.on_failure == OnFailure::RollBack);
        }
    }

    /// Begins the next task, if there still is one.
    fn begin(&mut self, slot: OwnedSemaphorePermit, running: &mut Running<'_>) {
        let Some(task) = self.machine.next_task() else { return };
        let perform = self.start(task);
        running.push(Box::pin(async move {
            let ended = perform.await;
            drop(slot);
            ended
        }));
    }

    fn emit(&self, what: EventKind) {
        let at = self.executor.options.clock.now();
        self.events.emit(Event { at, run: self.run, stack: self.plan.stack.clone(), what });
    }

    fn step(&self, task: Task) -> Step {
        self.schedule.steps[task.step as usize]
    }

    fn change(&self, task: Task) -> &Change {
        &self.plan.changes[self.step(task).change]
    }

    /// The value a reference stands for now.
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match &reference.source {
            Source::Stack(stack) => self.imports.get(stack, &reference.attr).cloned(),
            Source::Resource(address) => match self.outputs.get(address) {
                Some(outputs) => outputs.get(&*reference.attr).cloned(),
                None => {
                    self.snapshot.resources.get(address)?.outputs.to_value().get(&*reference.attr).cloned()
                }
            },
        }
    }

    fn resolve_desired(&self, change: &Change) -> Result<Value, HandlerError> {
        let desired = change.desired.as_ref().map(|desired| desired.spec.to_value()).unwrap_or_default();
        let mut value = desired;
        if resolve(&mut value, &|reference| self.lookup(reference)) {
            // What was a reference may sort differently now that it is text.
            return Ok(match self.executor.registry.info(change.address.kind_str()) {
                Some(info) => info.normalized(value),
                None => value,
            });
        }
        let mut missing = Vec::new();
        walk_references(&value, &mut |reference| missing.push(reference.to_string()));
        let message = format!("{} is not known although what it comes from is done", missing.join(", "));
        Err(HandlerError::new(HandlerErrorKind::Malformed, "resolve", message))
    }

    /// Begins a task: what it has to do, as a future that shares nothing with the driver.
    fn start<'f>(&mut self, task: Task) -> BoxFuture<'f, (Task, StepOperation, Performed)> {
        let step = self.step(task);
        let operation = operation_of(step.op, task.direction);
        let address = self.change(task).address.clone();
        let work = match task.direction {
            Direction::Do => self.work(task),
            Direction::Undo => Ok(self.undo_work(task)),
        };
        self.emit(EventKind::StepStarted { address: address.clone(), operation });
        let handler = self.executor.registry.get(address.kind_str()).cloned();
        let span = tracing::info_span!("step", %address, operation = operation.verb());
        let (work, handler) = match (work, handler) {
            (Ok(work), Some(handler)) => (work, handler),
            (Ok(Work::Nothing), None) => {
                return Box::pin(std::future::ready((
                    task,
                    operation,
                    Performed::at_once(Ok(Done::default())),
                )));
            }
            (work, _) => {
                let error = work.err().unwrap_or_else(|| {
                    HandlerError::new(
                        HandlerErrorKind::Other,
                        "step",
                        format!("no handler for {}", address.kind_str()),
                    )
                });
                let failed = Performed::at_once(Err(Failure { error, left: Left::Nothing }));
                return Box::pin(std::future::ready((task, operation, failed)));
            }
        };
        let performer = Performer {
            handler,
            cx: Cx::new(self.plan.fleet.clone(), self.plan.stack.clone(), address, self.run),
            options: self.executor.options.clone(),
            events: self.events.clone(),
            clock: self.executor.options.clock.clone(),
            retries: 0,
            found: None,
        };
        let perform = async move { (task, operation, performer.perform(work).await) };
        Box::pin(perform.instrument(span))
    }

    /// What a forward or clean-up step has to do.
    fn work(&mut self, task: Task) -> Result<Work, HandlerError> {
        let step = self.step(task);
        let change = &self.plan.changes[step.change];
        let prior = || {
            let prior = change.prior.as_ref();
            (
                prior.map(|prior| prior.spec.to_value()).unwrap_or_default(),
                prior.map(|prior| prior.outputs.to_value()).unwrap_or_default(),
            )
        };
        self.before[task.step as usize] = self.snapshot.resources.get(&change.address).cloned();
        Ok(match step.op {
            Op::Forget => Work::Nothing,
            Op::Record => {
                let spec = self.resolve_desired(change)?;
                self.resolved.insert(step.change, spec);
                Work::Nothing
            }
            Op::Create => {
                let spec = self.resolve_desired(change)?;
                self.resolved.insert(step.change, spec.clone());
                // A plan that did not look at the cloud does not know that there is nothing yet.
                Work::Create { spec, others: others(change), look_first: !self.plan.refreshed }
            }
            Op::Update => {
                let mut desired = self.resolve_desired(change)?;
                self.resolved.insert(step.change, desired.clone());
                let (prior, outputs) = prior();
                let recorded =
                    self.before[task.step as usize].as_ref().map(|recorded| recorded.spec.to_value());
                keep_unmanaged(&mut desired, recorded.as_ref(), &prior);
                Work::Update { prior, outputs, desired }
            }
            Op::DeleteFirst | Op::Delete | Op::DeleteReplaced => {
                let (prior, outputs) = prior();
                Work::Delete { prior, outputs, contents: change.contents }
            }
            Op::DeleteDeposed(nth) => {
                let deposed = &change.deposed[nth];
                Work::Delete {
                    prior: deposed.spec.to_value(),
                    outputs: deposed.outputs.to_value(),
                    contents: Contents::MustBeEmpty,
                }
            }
        })
    }

    /// The inverse of a step that was done, or may have been.
    fn undo_work(&self, task: Task) -> Work {
        let step = self.step(task);
        let change = self.change(task);
        let prior = || change.prior.as_ref().map(|prior| prior.spec.to_value()).unwrap_or_default();
        match step.op {
            Op::Create => {
                if let Some(found) = self.found.get(&step.change) {
                    return Work::Restore { desired: found.clone() };
                }
                let spec = self.resolved.get(&step.change).cloned().unwrap_or_default();
                match self.outputs.get(&change.address) {
                    Some(outputs) => Work::Delete {
                        prior: spec,
                        outputs: outputs.clone(),
                        contents: Contents::MustBeEmpty,
                    },
                    None => Work::DeleteIfThere { spec, others: others(change) },
                }
            }
            Op::Update => Work::Restore { desired: prior() },
            Op::DeleteFirst => Work::Recreate { spec: prior() },
            Op::Record | Op::Forget | Op::Delete | Op::DeleteReplaced | Op::DeleteDeposed(_) => Work::Nothing,
        }
    }

    /// Takes in a result: the machine, the record, then everybody else.
    fn end(&mut self, task: Task, operation: StepOperation, performed: Performed) {
        let address = self.change(task).address.clone();
        let Performed { result, found, retries, elapsed } = performed;
        if let Some(found) = found {
            self.found.insert(self.step(task).change, found);
        }
        let error = match result {
            Ok(done) => {
                self.record_success(task, done.outputs);
                self.machine.succeeded(task).expect("the task ran");
                None
            }
            Err(Failure { error, left }) => {
                let report = ErrorReport::from(&error);
                let failure = StepFailure { address: address.clone(), operation, error: report.clone() };
                self.record_failure(task, left);
                let cleanup = self.schedule.shapes[task.step as usize].cleanup;
                if task.direction == Direction::Do && !cleanup && self.cause.is_none() {
                    self.cause = Some(failure);
                } else {
                    self.failures.push(failure);
                }
                Some(report)
            }
        };
        let event = match &error {
            None => EventKind::StepFinished { address: address.clone(), operation, elapsed },
            Some(error) => {
                EventKind::StepFailed { address: address.clone(), operation, error: error.clone(), elapsed }
            }
        };
        self.emit(event);
        self.steps.push(StepReport { address, operation, error, elapsed, retries });
    }

    fn record_success(&mut self, task: Task, outputs: Option<Value>) {
        self.dirty = true;
        let step = self.step(task);
        let change = &self.plan.changes[step.change];
        let address = &change.address;
        if task.direction == Direction::Undo {
            match (step.op, self.before[task.step as usize].take()) {
                (Op::DeleteFirst, Some(mut before)) => {
                    if let Some(outputs) = outputs {
                        before.outputs = Json::from(&outputs);
                    }
                    self.snapshot.resources.insert(address.clone(), before);
                }
                (_, Some(before)) => drop(self.snapshot.resources.insert(address.clone(), before)),
                (_, None) => drop(self.snapshot.resources.remove(address)),
            }
            self.outputs.remove(address);
            return;
        }
        match step.op {
            Op::Create | Op::Update | Op::Record => {
                let outputs = outputs
                    .or_else(|| change.prior.as_ref().map(|prior| prior.outputs.to_value()))
                    .unwrap_or_default();
                self.record(step, &outputs, false);
                self.outputs.insert(address.clone(), outputs);
            }
            Op::Delete | Op::DeleteFirst | Op::Forget => drop(self.snapshot.resources.remove(address)),
            Op::DeleteReplaced => {
                let replaced = change.prior.as_ref().map(|prior| &prior.outputs);
                if let Some(recorded) = self.snapshot.resources.get_mut(address) {
                    recorded.deposed.retain(|deposed| Some(&deposed.outputs) != replaced);
                }
            }
            Op::DeleteDeposed(nth) => {
                let gone = &change.deposed[nth];
                if let Some(recorded) = self.snapshot.resources.get_mut(address) {
                    recorded.deposed.retain(|deposed| deposed.outputs != gone.outputs);
                }
            }
        }
    }

    /// Records what is there now under the address of a change.
    fn record(&mut self, step: Step, outputs: &Value, unfinished: bool) {
        let change = &self.plan.changes[step.change];
        let Some(desired) = &change.desired else { return };
        let mut deposed = change.deposed.clone();
        if step.op == Op::Create
            && let (Action::Replace(ReplaceOrder::CreateFirst), Some(prior)) = (change.action, &change.prior)
        {
            deposed.push(Deposed { spec: prior.spec.clone(), outputs: prior.outputs.clone() });
        }
        let spec = self.resolved.get(&step.change).cloned().unwrap_or_default();
        let recorded = Recorded {
            digest: desired.digest,
            spec: Json::from(&spec),
            outputs: Json::from(outputs),
            dependencies: desired.dependencies.clone(),
            holds_data: desired.holds_data,
            deposed,
            unfinished,
        };
        self.snapshot.resources.insert(change.address.clone(), recorded);
    }

    fn record_failure(&mut self, task: Task, left: Left) {
        self.dirty = true;
        let step = self.step(task);
        let address = &self.plan.changes[step.change].address;
        if task.direction == Direction::Undo {
            self.mark_unfinished(address);
            return self.machine.failed(task, true).expect("the task ran");
        }
        match left {
            Left::Nothing => self.machine.failed(task, false).expect("the task ran"),
            Left::Outputs(outputs) => {
                // It exists: whatever becomes of this run, that must be known.
                self.record(step, &outputs, true);
                self.outputs.insert(address.clone(), outputs);
                self.machine.failed(task, true).expect("the task ran");
            }
            Left::Partly => {
                self.mark_unfinished(address);
                self.machine.failed(task, true).expect("the task ran");
            }
            Left::InDoubt => {
                self.mark_unfinished(address);
                self.machine.in_doubt(task).expect("the task ran");
            }
        }
    }

    /// Has the next run look after a resource again, unless this one undoes what it did to it.
    fn mark_unfinished(&mut self, address: &Address) {
        if let Some(recorded) = self.snapshot.resources.get_mut(address) {
            recorded.unfinished = true;
        }
    }

    fn all_forward_done(&self) -> bool {
        (0..)
            .zip(&self.schedule.shapes)
            .all(|(step, shape)| shape.cleanup || self.machine.status(step) == Status::Done)
    }

    /// What was wanted works: from here on, others may import from it.
    fn commit(&mut self) {
        if self.plan.kind == PlanKind::Destroy {
            // What is kept stays; what was exported went with the rest.
            self.dirty |= !self.snapshot.exports.is_empty();
            self.snapshot.exports.clear();
            self.snapshot.imports.clear();
            return;
        }
        let mut exports = self.plan.exports.clone();
        exports.retain(|_, value| resolve(value, &|reference| self.lookup(reference)));
        let mut imports = std::collections::BTreeMap::new();
        for change in self.plan.changes.iter().filter_map(|change| change.desired.as_ref()) {
            walk_references(&change.spec.to_value(), &mut |reference| {
                if let Source::Stack(stack) = &reference.source
                    && let Some(value) = self.imports.get(stack, &reference.attr)
                {
                    imports.insert(reference.to_string(), value.clone());
                }
            });
        }
        let mut all = self.plan.imports.clone();
        all.extend(imports);
        self.dirty |= self.snapshot.exports != exports || self.snapshot.imports != all;
        self.snapshot.exports = exports;
        self.snapshot.imports = all;
    }

    /// Saves what is known. When that fails nothing new is begun: what cannot be recorded must not be made.
    async fn save(&mut self) {
        if !self.dirty {
            return;
        }
        self.snapshot.updated_at = Some(self.executor.options.clock.now());
        match self.executor.store.save(&self.snapshot, self.version.as_ref()).await {
            Ok(version) => {
                self.version = version;
                self.dirty = false;
            }
            Err(error) => {
                tracing::error!(%error, "the snapshot could not be saved");
                self.store_error = Some(error);
                self.machine.stop(self.executor.options.on_failure == OnFailure::RollBack);
            }
        }
        self.saved = Instant::now();
    }

    fn outcome(&mut self) -> Outcome {
        let failures = std::mem::take(&mut self.failures);
        if self.cancelled == CancelLevel::Abandon {
            return Outcome::Stuck { cause: self.cause.take(), undo_failures: failures };
        }
        if self.all_forward_done() {
            let skipped = (0..)
                .zip(&self.schedule.shapes)
                .any(|(step, _)| self.machine.status(step) == Status::Skipped);
            return match (failures.is_empty(), skipped) {
                (true, false) => Outcome::Applied,
                (true, true) => Outcome::Cancelled { rolled_back: false },
                (false, _) => Outcome::Incomplete { failures },
            };
        }
        let undone = (0..).zip(&self.schedule.shapes).all(|(step, _)| !self.machine.is_applied(step));
        match (self.cause.take(), undone) {
            (Some(cause), true) => Outcome::RolledBack { cause },
            (cause, false) if cause.is_some() || !failures.is_empty() => {
                Outcome::Stuck { cause, undo_failures: failures }
            }
            (_, rolled_back) => Outcome::Cancelled { rolled_back },
        }
    }

    fn left(&self, outcome: &Outcome) -> Vec<LeftOver> {
        if outcome.is_applied() {
            return Vec::new();
        }
        let committed = self.all_forward_done();
        let mut left = Vec::new();
        for (step, shape) in (0..).zip(&self.schedule.shapes) {
            let task = Task { step, direction: Direction::Do };
            let reason = match (self.machine.status(step), shape.cleanup) {
                (Status::Failed | Status::InDoubt, true) => "it could not be deleted",
                (Status::Skipped, true) if committed => "it was not deleted yet",
                (Status::UndoFailed, false) => "it could not be undone",
                (Status::InDoubt, false) => "whether it was made is not known",
                (Status::Failed, false) if self.machine.is_applied(step) => {
                    "it was not finished and not undone"
                }
                (Status::Done, false) if !committed => "it was not undone",
                (Status::Running | Status::Undoing, _) => "it was under way",
                _ => continue,
            };
            left.push(LeftOver { address: self.change(task).address.clone(), reason: reason.to_owned() });
        }
        left
    }
}

/// The outputs of what is, or may be, still there under the address of a change, and is not what the change makes. The first
/// half of a delete-first replacement has gone when the second begins, and may well have had the same outputs.
fn others(change: &Change) -> Vec<Value> {
    let replaced = match change.action {
        Action::Replace(ReplaceOrder::CreateFirst) => change.prior.as_ref().map(|prior| &prior.outputs),
        _ => None,
    };
    replaced
        .into_iter()
        .chain(change.deposed.iter().map(|deposed| &deposed.outputs))
        .map(Json::to_value)
        .collect()
}

const fn operation_of(op: Op, direction: Direction) -> StepOperation {
    match (op, direction) {
        (Op::Create, Direction::Do) => StepOperation::Create,
        (Op::Update, Direction::Do) => StepOperation::Update,
        (Op::DeleteFirst | Op::Delete, Direction::Do) => StepOperation::Delete,
        (Op::DeleteReplaced | Op::DeleteDeposed(_), _) => StepOperation::DeleteReplaced,
        (Op::Record | Op::Forget, Direction::Do) => StepOperation::Record,
        (Op::Create, Direction::Undo) => StepOperation::UndoCreate,
        (Op::Update, Direction::Undo) => StepOperation::UndoUpdate,
        (Op::DeleteFirst | Op::Delete, Direction::Undo) => StepOperation::UndoDelete,
        (Op::Record | Op::Forget, Direction::Undo) => StepOperation::UndoRecord,
    }
}
