// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver: takes a plan through the machine, step by step, and records what was done.

use crate::{
    address::{Address, AddressMap, RunId},
    event::{ErrorReport, Event, EventKind, Events, StepOperation},
    exec::{
        Cancel, CancelLevel, Direction, ExecError, ExecErrorKind, Executor, LeftOver, Machine, Mode,
        OnFailure, Outcome, Report, Status, StepFailure, StepReport, Task,
        perform::{Done, Failure, Left, Performed, Performer, Work},
        schedule::{Op, Schedule, Step},
    },
    handler::{Contents, Cx, HandlerError, HandlerErrorKind},
    plan::{Action, Change, Imports, Plan, PlanKind, ReplaceOrder, keep_unmanaged},
    store::{Deposed, Lease, Recorded, Snapshot, StoreError, Version},
    value::{Json, Reference, Source, resolve, walk_references},
};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};
use tracing::Instrument;

/// How often an unfinished run saves its snapshot, at the most; less often where saving takes long, so that it takes a twentieth of
/// the run and no more. What is not saved is found again by its tags.
const SAVE_EVERY: Duration = Duration::from_millis(500);

/// How many steps are begun before the clock and whoever cancels are heeded again.
const AT_ONCE: usize = 64;

/// What a run begins with.
pub(super) struct Begin<'a> {
    pub executor: &'a Executor,
    pub run: RunId,
    pub plan: &'a Plan,
    pub imports: &'a Imports,
    pub events: &'a Events,
    pub schedule: Schedule,
    pub machine: Machine,
    pub snapshot: Snapshot,
    pub version: Option<Version>,
    pub lease: &'a Lease,
}

pub(super) struct Driver<'a> {
    executor: &'a Executor,
    run: RunId,
    plan: &'a Plan,
    imports: &'a Imports,
    events: &'a Events,
    schedule: Schedule,
    machine: Machine,
    snapshot: Snapshot,
    version: Option<Version>,
    lease: &'a Lease,
    /// Outputs as they are now, of what this run made or changed, or was asked for.
    outputs: AddressMap<Json>,
    /// Specs this run sent, every reference resolved, by change. As text: a fraction of the memory of trees.
    resolved: Vec<Option<Json>>,
    /// What was recorded before each step, where anything was.
    before: HashMap<u32, Recorded>,
    /// Specs of what this run meant to make and found there, by change: to be brought back, not deleted, when it goes back.
    found: HashMap<usize, Value>,
    steps: Vec<StepReport>,
    cause: Option<StepFailure>,
    failures: Vec<StepFailure>,
    cancelled: CancelLevel,
    store_error: Option<StoreError>,
    dirty: bool,
    saved: Instant,
    save_after: Duration,
}

type Running<'a> = FuturesUnordered<BoxFuture<'a, (Task, StepOperation, Performed)>>;

impl<'a> Driver<'a> {
    pub(super) fn new(begin: Begin<'a>) -> Self {
        let Begin { executor, run, plan, imports, events, schedule, machine, snapshot, version, lease } =
            begin;
        let steps = schedule.steps.len();
        Self {
            executor,
            run,
            plan,
            imports,
            events,
            before: HashMap::new(),
            found: HashMap::new(),
            schedule,
            machine,
            snapshot,
            version,
            lease,
            outputs: AddressMap::default(),
            resolved: vec![None; plan.changes.len()],
            steps: Vec::with_capacity(steps),
            cause: None,
            failures: Vec::new(),
            cancelled: CancelLevel::None,
            store_error: None,
            dirty: false,
            saved: Instant::now(),
            save_after: SAVE_EVERY,
        }
    }

    pub(super) async fn drive(&mut self, cancel: &Cancel) -> Result<Report, ExecError> {
        let started = Instant::now();
        if self.executor.options.on_failure == OnFailure::Halt {
            self.machine.never_unwind();
        }
        self.emit(EventKind::RunStarted { steps: self.schedule.steps.len() });
        let mut running = Running::new();
        let mut mode = self.machine.mode();
        loop {
            if cancel.level() > self.cancelled {
                self.heed(cancel.level());
                if self.cancelled == CancelLevel::Abandon {
                    break;
                }
            }
            // Before anything new is begun: what is done must be recorded first, if it is time.
            if self.dirty && Instant::now() >= self.saved + self.save_after {
                self.save_in_turn().await;
            }
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
            let mut turn = AT_ONCE;
            while turn > 0
                && self.machine.mode() == mode
                && self.machine.has_task()
                && let Ok(slot) = Arc::clone(&slots).try_acquire_owned()
            {
                self.begin(slot, &mut running);
                turn -= 1;
            }
            if self.machine.mode() != mode {
                continue;
            }
            if running.is_empty() && !self.machine.has_task() {
                break;
            }
            tokio::select! {
                // In this order: whoever asks the run to stop is heeded before anything else is begun.
                biased;
                _ = cancel.beyond(self.cancelled) => {}
                ended = running.next(), if !running.is_empty() => {
                    let Some((task, operation, performed)) = ended else { continue };
                    self.end(task, operation, performed);
                    // Results that came together are recorded together.
                    while let Some(Some((task, operation, performed))) = running.next().now_or_never() {
                        self.end(task, operation, performed);
                    }
                }
                // Saving and cancelling are heeded above. By the clock and not with the results: the last of them may be minutes
                // before the next.
                () = sleep_until(self.saved + self.save_after), if self.dirty => {}
                slot = slots.acquire_owned(), if self.machine.has_task() => {
                    let slot = slot.expect("the executor never closes its slots");
                    self.begin(slot, &mut running);
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
        self.machine.stop(self.executor.options.on_failure == OnFailure::RollBack);
    }

    /// Begins the next task, if there still is one. What needs no waiting ends here: what it works on is still at hand then.
    fn begin(&mut self, slot: OwnedSemaphorePermit, running: &mut Running<'a>) {
        let Some(task) = self.machine.next_task() else { return };
        let mut step = self.start(task, slot);
        match (&mut step).now_or_never() {
            Some((task, operation, performed)) => self.end(task, operation, performed),
            // It is polled again among the others, which tells it whom to wake.
            None => running.push(step),
        }
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
            Source::Resource(address) => {
                let recorded = || self.snapshot.resources.get(address).map(|recorded| &recorded.outputs);
                self.outputs.get(address).or_else(recorded)?.member(&reference.attr)
            }
        }
    }

    fn resolve_desired(&self, change: &Change) -> Result<Value, HandlerError> {
        let desired = change.desired.as_ref().map(|desired| desired.spec.to_value()).unwrap_or_default();
        let mut value = desired;
        if resolve(&mut value, &|reference| self.lookup(reference)) {
            // What was a reference may sort differently now that it is text.
            return match self.executor.registry.info(change.address.kind_str()) {
                Some(info) => info.normalized(value).map_err(|error| {
                    HandlerError::malformed("resolve", "what was planned does not fit this version's type")
                        .with_source(error)
                }),
                None => Ok(value),
            };
        }
        let mut missing = Vec::new();
        walk_references(&value, &mut |reference| missing.push(reference.to_string()));
        let message = format!("{} is not known although what it comes from is done", missing.join(", "));
        Err(HandlerError::new(HandlerErrorKind::Malformed, "resolve", message))
    }

    /// Begins a task: what it has to do, as a future that shares nothing with the driver, and leaves its slot when it is done.
    fn start(
        &mut self,
        task: Task,
        slot: OwnedSemaphorePermit,
    ) -> BoxFuture<'a, (Task, StepOperation, Performed)> {
        let step = self.step(task);
        let operation = operation_of(step.op, task.direction);
        let address = self.change(task).address.clone();
        let work = match task.direction {
            Direction::Do => self.work(task),
            Direction::Undo => Ok(self.undo_work(task)),
        };
        self.emit(EventKind::StepStarted { address: address.clone(), operation });
        let handler = self.executor.registry.get(address.kind_str());
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
        let mut performer = Performer {
            handler: &**handler,
            cx: Cx::new(self.plan.fleet.clone(), self.plan.stack.clone(), address, self.run),
            options: &self.executor.options,
            events: self.events,
            retries: 0,
            found: None,
        };
        let perform = async move {
            let performed = performer.perform(&work).await;
            drop(slot);
            (task, operation, performed)
        };
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
        if let Some(recorded) = self.snapshot.resources.get(&change.address) {
            self.before.insert(task.step, recorded.clone());
        }
        Ok(match step.op {
            Op::Forget => Work::Nothing,
            Op::Record => {
                let spec = self.resolve_desired(change)?;
                self.resolved[step.change] = Some(Json::from(&spec));
                Work::Nothing
            }
            Op::Create => {
                let spec = self.resolve_desired(change)?;
                self.resolved[step.change] = Some(Json::from(&spec));
                // A plan that did not look at the cloud does not know that there is nothing yet.
                Work::Create { spec, others: others(change), look_first: !self.plan.refreshed }
            }
            Op::Update => {
                let mut desired = self.resolve_desired(change)?;
                self.resolved[step.change] = Some(Json::from(&desired));
                let (prior, outputs) = prior();
                let recorded = self.before.get(&task.step).map(|recorded| recorded.spec.to_value());
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
        let applied = || self.resolved[step.change].as_ref().map(Json::to_value).unwrap_or_default();
        match step.op {
            Op::Create => {
                if let Some(found) = self.found.get(&step.change) {
                    return Work::Restore { desired: found.clone(), applied: applied() };
                }
                let spec = applied();
                match self.outputs.get(&change.address) {
                    Some(outputs) => Work::Delete {
                        prior: spec,
                        outputs: outputs.to_value(),
                        contents: Contents::MustBeEmpty,
                    },
                    None => Work::DeleteIfThere { spec, others: others(change) },
                }
            }
            Op::Update => Work::Restore { desired: prior(), applied: applied() },
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
            match (step.op, self.before.remove(&task.step)) {
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
                let outputs = match (outputs, &change.prior) {
                    (None, Some(prior)) => prior.outputs.clone(),
                    (outputs, _) => Json::from(&outputs.unwrap_or_default()),
                };
                self.record(step, outputs.clone(), false);
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
    fn record(&mut self, step: Step, outputs: Json, unfinished: bool) {
        let change = &self.plan.changes[step.change];
        let Some(desired) = &change.desired else { return };
        let mut deposed = change.deposed.clone();
        if step.op == Op::Create
            && let (Action::Replace(ReplaceOrder::CreateFirst), Some(prior)) = (change.action, &change.prior)
        {
            deposed.push(Deposed { spec: prior.spec.clone(), outputs: prior.outputs.clone() });
        }
        let spec = self.resolved[step.change].clone();
        let recorded = Recorded {
            digest: desired.digest,
            spec: spec.unwrap_or_else(|| desired.spec.clone()),
            outputs,
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
                let outputs = Json::from(&outputs);
                self.record(step, outputs.clone(), true);
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
        let desired = self.plan.changes.iter().filter_map(|change| change.desired.as_ref());
        for desired in desired.filter(|desired| desired.spec.may_import()) {
            walk_references(&desired.spec.to_value(), &mut |reference| {
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

    /// Saves while the run goes on, and says when to do so again.
    async fn save_in_turn(&mut self) {
        let begun = Instant::now();
        self.save().await;
        self.save_after = SAVE_EVERY.max(20 * begun.elapsed());
    }

    /// Saves what is known. When that fails nothing new is begun: what cannot be recorded must not be made.
    async fn save(&mut self) {
        if !self.dirty {
            return;
        }
        self.snapshot.updated_at = Some(self.executor.options.clock.now());
        match self.executor.store.save(self.lease, &self.snapshot, self.version.as_ref()).await {
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
