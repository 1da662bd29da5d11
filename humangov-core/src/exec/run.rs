// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Run`]: what a run has done and is to do. Synchronous, and the same whether it happens or is read from a journal.

use crate::{
    address::{Address, AddressMap},
    event::{ErrorReport, StepOperation},
    exec::{
        Direction, LeftOver, Machine, Outcome, Status, StepFailure, Task,
        perform::Work,
        schedule::{Op, Schedule, Step},
    },
    graph::Cycle,
    handler::{Contents, HandlerError, HandlerErrorKind, Registry},
    journal::{Ended, Failed, Left, Note, StepName},
    plan::{Action, Change, Imports, Plan, PlanKind, ReplaceOrder, keep_unmanaged},
    store::{Deposed, Recorded, Snapshot},
    value::{Json, Reference, Source, resolve, walk_references},
};
use serde_json::Value;
use std::collections::HashMap;

/// A run: its plan, how far it is, and what is recorded.
pub(super) struct Run<'a> {
    pub plan: &'a Plan,
    pub imports: &'a Imports,
    pub schedule: Schedule,
    pub machine: Machine,
    /// What there is, as far as is known.
    pub snapshot: Snapshot,
    /// Whether that is not what was recorded before.
    pub dirty: bool,
    /// Outputs as they are now, of what this run made or changed, or was asked for.
    outputs: AddressMap<Json>,
    /// Specs this run sent, every reference resolved, by change. As text: a fraction of the memory of trees.
    resolved: Vec<Option<Json>>,
    /// What was recorded before each step, where anything was.
    before: HashMap<u32, Recorded>,
    /// What was found where this run meant to make something, by change.
    notes: HashMap<usize, Note>,
    cause: Option<StepFailure>,
    failures: Vec<StepFailure>,
}

impl<'a> Run<'a> {
    pub fn new(
        plan: &'a Plan,
        imports: &'a Imports,
        snapshot: Snapshot,
        undo_on_failure: bool,
    ) -> Result<Self, Cycle> {
        let schedule = Schedule::new(plan);
        let mut machine = Machine::new(&schedule.shapes)?;
        if !undo_on_failure {
            machine.never_unwind();
        }
        Ok(Self {
            plan,
            imports,
            machine,
            snapshot,
            dirty: false,
            outputs: AddressMap::default(),
            resolved: vec![None; plan.changes.len()],
            before: HashMap::new(),
            notes: HashMap::new(),
            cause: None,
            failures: Vec::new(),
            schedule,
        })
    }

    pub fn step(&self, task: Task) -> Step {
        self.schedule.steps[task.step as usize]
    }

    pub fn change(&self, task: Task) -> &'a Change {
        &self.plan.changes[self.step(task).change]
    }

    pub fn operation(&self, task: Task) -> StepOperation {
        operation_of(self.step(task).op, task.direction)
    }

    /// The name of a task, by which it is found again.
    pub fn name(&self, task: Task) -> StepName {
        let deposed = match self.step(task).op {
            Op::DeleteDeposed(nth) => Some(nth),
            _ => None,
        };
        StepName { address: self.change(task).address.clone(), operation: self.operation(task), deposed }
    }

    /// The tasks by their names.
    pub fn names(&self) -> HashMap<StepName, Task> {
        let mut names = HashMap::with_capacity(2 * self.schedule.steps.len());
        for step in (0..).take(self.schedule.steps.len()) {
            for direction in [Direction::Do, Direction::Undo] {
                let task = Task { step, direction };
                // Clean-up steps are never undone, and one of them has the name that a step's undoing would have.
                if direction == Direction::Do || !self.schedule.shapes[step as usize].cleanup {
                    names.insert(self.name(task), task);
                }
            }
        }
        names
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

    fn resolve_desired(&self, change: &Change, registry: &Registry) -> Result<Value, HandlerError> {
        let desired = change.desired.as_ref().map(|desired| desired.spec.to_value()).unwrap_or_default();
        let mut value = desired;
        if resolve(&mut value, &|reference| self.lookup(reference)) {
            // What was a reference may sort differently now that it is text.
            return match registry.info(change.address.kind_str()) {
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

    /// Takes in that a task begins. `spec`: what is to be there, every reference resolved, where the task puts anything there.
    pub fn started(&mut self, task: Task, spec: Option<Json>) {
        if task.direction == Direction::Undo {
            return;
        }
        let step = self.step(task);
        let change = &self.plan.changes[step.change];
        if let Some(recorded) = self.snapshot.resources.get(&change.address) {
            self.before.entry(task.step).or_insert_with(|| recorded.clone());
        }
        if spec.is_some() {
            self.resolved[step.change] = spec;
        }
    }

    /// Like [`Run::started`], of what a journal says: `spec` is left out of it where it is what the plan says.
    pub fn started_as(&mut self, task: Task, spec: Option<Json>) {
        let puts = matches!(self.step(task).op, Op::Create | Op::Update | Op::Record);
        let planned = || self.change(task).desired.as_ref().map(|desired| desired.spec.clone());
        let spec = if puts { spec.or_else(planned) } else { None };
        self.started(task, spec);
    }

    /// Takes in what was found where a task is about to make something.
    pub fn noted(&mut self, task: Task, note: Note) {
        self.notes.insert(self.step(task).change, note);
    }

    /// The spec that a task puts there, every reference resolved; `None`: it puts nothing there.
    ///
    /// # Errors
    /// When what a reference stands for is not known.
    pub fn spec_of(&self, task: Task, registry: &Registry) -> Result<Option<Json>, HandlerError> {
        let step = self.step(task);
        if task.direction == Direction::Undo || !matches!(step.op, Op::Create | Op::Update | Op::Record) {
            return Ok(None);
        }
        // What was begun before sends what it sent then.
        if let Some(spec) = &self.resolved[step.change] {
            return Ok(Some(spec.clone()));
        }
        let spec = self.resolve_desired(self.change(task), registry)?;
        Ok(Some(Json::from(&spec)))
    }

    /// What a task has to do, once it was begun. `again`: it was begun before, and what became of that is not known.
    pub fn work(&self, task: Task, again: bool) -> Work {
        match task.direction {
            Direction::Do => self.forward_work(task, again),
            Direction::Undo => self.undo_work(task),
        }
    }

    fn resolved(&self, change: usize) -> Value {
        self.resolved[change].as_ref().map(Json::to_value).unwrap_or_default()
    }

    /// What a forward or clean-up step has to do.
    fn forward_work(&self, task: Task, again: bool) -> Work {
        let step = self.step(task);
        let change = self.change(task);
        let prior = || {
            let prior = change.prior.as_ref();
            (
                prior.map(|prior| prior.spec.to_value()).unwrap_or_default(),
                prior.map(|prior| prior.outputs.to_value()).unwrap_or_default(),
            )
        };
        let recorded = || self.before.get(&task.step).map(|recorded| recorded.spec.to_value());
        match step.op {
            Op::Forget | Op::Record => Work::Nothing,
            Op::Create => {
                let (spec, others) = (self.resolved(step.change), others(change));
                match self.notes.get(&step.change) {
                    Some(Note::Found(_)) => {
                        let outputs = None;
                        Work::BringTo { desired: spec.clone(), recorded: None, look: spec, outputs }
                    }
                    // A plan that did not look at the cloud does not know that there is nothing yet.
                    None if !self.plan.refreshed => Work::CreateOrFind { spec, others },
                    _ if again => Work::CreateAgain { spec, others },
                    _ => Work::Create { spec, others },
                }
            }
            Op::Update if again => {
                let (spec, outputs) = (self.resolved(step.change), Some(prior().1));
                Work::BringTo { desired: spec.clone(), recorded: recorded(), look: spec, outputs }
            }
            Op::Update => {
                let mut desired = self.resolved(step.change);
                let (prior, outputs) = prior();
                keep_unmanaged(&mut desired, recorded().as_ref(), &prior);
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
        }
    }

    /// The inverse of a step that was done, or may have been. It may be done twice.
    fn undo_work(&self, task: Task) -> Work {
        let step = self.step(task);
        let change = self.change(task);
        let prior = || change.prior.as_ref().map(|prior| prior.spec.to_value()).unwrap_or_default();
        let applied = || self.resolved(step.change);
        match step.op {
            Op::Create => {
                let outputs = self.outputs.get(&change.address);
                match self.notes.get(&step.change) {
                    Some(Note::Found(found)) => {
                        let (desired, outputs) = (found.to_value(), outputs.map(Json::to_value));
                        return Work::BringTo {
                            desired,
                            recorded: Some(applied()),
                            look: applied(),
                            outputs,
                        };
                    }
                    // It had only begun to look: what is there is none of its making.
                    None if !self.plan.refreshed => return Work::Nothing,
                    _ => {}
                }
                let spec = applied();
                match outputs {
                    Some(outputs) => Work::Delete {
                        prior: spec,
                        outputs: outputs.to_value(),
                        contents: Contents::MustBeEmpty,
                    },
                    None => Work::DeleteIfThere { spec, others: others(change) },
                }
            }
            // Not every field is read unless it is asked for: what was applied is to be seen, so that it can be taken back.
            Op::Update => Work::BringTo {
                desired: prior(),
                recorded: Some(applied()),
                look: applied(),
                outputs: change.prior.as_ref().map(|prior| prior.outputs.to_value()),
            },
            Op::DeleteFirst => Work::Recreate { spec: prior() },
            Op::Record | Op::Forget | Op::Delete | Op::DeleteReplaced | Op::DeleteDeposed(_) => Work::Nothing,
        }
    }

    /// Where a look tells what became of a task that was begun: the spec, the outputs if they are known, and the outputs of what
    /// may be there and is something else. `None`: no look can tell.
    pub fn to_look_at(&self, task: Task) -> Option<(Value, Option<Value>, Vec<Value>)> {
        let step = self.step(task);
        let change = self.change(task);
        let prior = || {
            let prior = change.prior.as_ref()?;
            Some((prior.spec.to_value(), Some(prior.outputs.to_value()), Vec::new()))
        };
        match step.op {
            Op::Create => Some((self.resolved(step.change), None, others(change))),
            Op::DeleteFirst if task.direction == Direction::Undo => {
                change.prior.as_ref().map(|prior| (prior.spec.to_value(), None, Vec::new()))
            }
            Op::DeleteFirst | Op::Delete | Op::DeleteReplaced => prior(),
            Op::DeleteDeposed(nth) => {
                let deposed = &change.deposed[nth];
                Some((deposed.spec.to_value(), Some(deposed.outputs.to_value()), Vec::new()))
            }
            Op::Update | Op::Record | Op::Forget => None,
        }
    }

    /// The tasks that may have made something of which nothing is known.
    pub fn made_in_doubt(&self) -> Vec<Task> {
        let tasks = (0..).take(self.schedule.steps.len()).map(|step| Task { step, direction: Direction::Do });
        tasks
            .filter(|task| {
                matches!(self.machine.status(task.step), Status::InDoubt | Status::UndoFailed)
                    && self.step(*task).op == Op::Create
                    && !self.outputs.contains_key(&self.change(*task).address)
            })
            .collect()
    }

    /// Takes in that something is there which a task has made, although that did not become known then.
    pub fn found(&mut self, task: Task, outputs: Json) {
        self.record(task, outputs, true);
    }

    /// Whether a task changes what is there in place, one way or the other.
    pub fn changes_in_place(&self, task: Task) -> bool {
        self.step(task).op == Op::Update
    }

    /// Whether a task deletes.
    pub fn deletes(&self, task: Task) -> bool {
        matches!(
            (self.step(task).op, task.direction),
            (Op::DeleteFirst | Op::Delete | Op::DeleteReplaced | Op::DeleteDeposed(_), Direction::Do)
                | (Op::Create, Direction::Undo)
        )
    }

    /// Takes in a result.
    pub fn ended(&mut self, task: Task, ended: &Ended) {
        self.dirty = true;
        let Some(Failed { error, left }) = &ended.failed else {
            self.record_success(task, ended.outputs.clone());
            self.machine.succeeded(task).expect("the task ran");
            return;
        };
        self.record_failure(task, left);
        // Nobody saw it fail: it is no reason for anything.
        if error.code == HandlerErrorKind::Interrupted.code() {
            return;
        }
        let cleanup = self.schedule.shapes[task.step as usize].cleanup;
        let failure = self.failure(task, error);
        if task.direction == Direction::Do && !cleanup && self.cause.is_none() {
            self.cause = Some(failure);
        } else {
            self.failures.push(failure);
        }
    }

    fn failure(&self, task: Task, error: &ErrorReport) -> StepFailure {
        StepFailure {
            address: self.change(task).address.clone(),
            operation: self.operation(task),
            error: error.clone(),
        }
    }

    /// What could not be undone, or deleted, so far.
    pub fn failures(&self) -> &[StepFailure] {
        &self.failures
    }

    /// The step that failed first.
    pub fn cause(&self) -> Option<&StepFailure> {
        self.cause.as_ref()
    }

    /// Goes on the way it was going before somebody settled it without coming to the end of that, and forgets what could not be
    /// undone: it is tried once more.
    pub fn resume(&mut self) {
        if self.machine.resume() {
            self.failures.clear();
        }
    }

    /// Leaves what is there of a resource as it is, and records it no more.
    pub fn orphan(&mut self, address: &Address) {
        for step in (0..).take(self.schedule.steps.len()) {
            if self.change(Task { step, direction: Direction::Do }).address == *address {
                self.machine.let_go(step);
            }
        }
        self.failures.retain(|failure| failure.address != *address);
        self.dirty |= self.snapshot.resources.remove(address).is_some();
    }

    fn record_success(&mut self, task: Task, outputs: Option<Json>) {
        let step = self.step(task);
        let change = &self.plan.changes[step.change];
        let address = &change.address;
        if task.direction == Direction::Undo {
            match (step.op, self.before.remove(&task.step)) {
                // What was made again, or changed back, is as it was, and yet some of what AWS tells of it is not.
                (Op::DeleteFirst | Op::Update, Some(mut before)) => {
                    // What was taken back is not what was recorded as being there.
                    let was_taken_back = change.deposed.iter().any(|other| other.outputs == before.outputs);
                    if let (Some(outputs), false) = (outputs, was_taken_back) {
                        before.outputs = outputs;
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
                    (outputs, _) => outputs.unwrap_or_else(|| Json::from(&Value::Null)),
                };
                self.record(task, outputs.clone(), false);
                self.outputs.insert(address.clone(), outputs);
            }
            // What was replaced earlier and is still there must be known of in between.
            Op::DeleteFirst if !change.deposed.is_empty() => self.mark_unfinished(address),
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
    fn record(&mut self, task: Task, outputs: Json, unfinished: bool) {
        let step = self.step(task);
        let change = &self.plan.changes[step.change];
        let Some(desired) = &change.desired else { return };
        let mut deposed = change.deposed.clone();
        if step.op == Op::Create
            && let (Action::Replace(ReplaceOrder::CreateFirst), Some(prior)) = (change.action, &change.prior)
        {
            // As it was declared: what AWS adds by itself was never set.
            let declared = self.before.get(&task.step).map(|before| &before.spec);
            let spec = declared.unwrap_or(&prior.spec).clone();
            deposed.push(Deposed { spec, outputs: prior.outputs.clone() });
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

    fn record_failure(&mut self, task: Task, left: &Left) {
        let step = self.step(task);
        let address = &self.plan.changes[step.change].address;
        if task.direction == Direction::Undo {
            match left {
                // It is there still, and perhaps nobody knew that it had been made.
                Left::Outputs(outputs) if step.op == Op::Create => self.record(task, outputs.clone(), true),
                _ => self.mark_unfinished(address),
            }
            return self.machine.failed(task, true).expect("the task ran");
        }
        match left {
            Left::Nothing => self.machine.failed(task, false).expect("the task ran"),
            Left::Outputs(outputs) => {
                // It exists: whatever becomes of this run, that must be known.
                self.record(task, outputs.clone(), true);
                self.outputs.insert(address.clone(), outputs.clone());
                self.machine.failed(task, true).expect("the task ran");
            }
            Left::Partly => {
                // What was replaced is not what is recorded.
                if !matches!(step.op, Op::DeleteReplaced | Op::DeleteDeposed(_)) {
                    self.mark_unfinished(address);
                }
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

    pub fn all_forward_done(&self) -> bool {
        (0..)
            .zip(&self.schedule.shapes)
            .all(|(step, shape)| shape.cleanup || self.machine.status(step) == Status::Done)
    }

    /// What was wanted works: from here on, others may import from it.
    pub fn commit(&mut self) {
        if self.plan.kind == PlanKind::Destroy {
            // What is kept stays; what was exported went with the rest.
            self.dirty |= !self.snapshot.exports.is_empty();
            self.snapshot.exports.clear();
            self.snapshot.imports.clear();
            return;
        }
        let mut exports = self.plan.exports.clone();
        exports.retain(|_, value| resolve(value, &|reference| self.lookup(reference)));
        let mut imports = self.plan.imports.clone();
        self.plan.walk_imports(&mut |stack, reference| {
            if let Some(value) = self.imports.get(stack, &reference.attr) {
                imports.insert(reference.to_string(), value.clone());
            }
        });
        self.dirty |= self.snapshot.exports != exports || self.snapshot.imports != imports;
        self.snapshot.exports = exports;
        self.snapshot.imports = imports;
    }

    /// Whether something could not be undone: the run waits for somebody to say what becomes of that.
    pub fn is_stuck(&self) -> bool {
        (0..).take(self.schedule.steps.len()).any(|step| self.machine.status(step) == Status::UndoFailed)
    }

    /// How the run ended, or would if it ended now.
    pub fn outcome(&self, abandoned: bool) -> Outcome {
        let failures = self.failures.clone();
        if abandoned {
            return Outcome::Abandoned;
        }
        if self.all_forward_done() {
            let skipped =
                (0..).take(self.schedule.steps.len()).any(|step| self.machine.status(step) != Status::Done);
            return match (failures.is_empty(), skipped) {
                (true, false) => Outcome::Applied,
                (true, true) => Outcome::Cancelled { rolled_back: false },
                (false, _) => Outcome::Incomplete { failures },
            };
        }
        let undone = (0..).zip(&self.schedule.shapes).all(|(step, _)| !self.machine.is_applied(step));
        match (self.cause.clone(), undone) {
            (Some(cause), true) => Outcome::RolledBack { cause },
            (cause, false) if cause.is_some() || !failures.is_empty() => {
                Outcome::Stuck { cause, undo_failures: failures }
            }
            (_, rolled_back) => Outcome::Cancelled { rolled_back },
        }
    }

    /// What is still there and should not be.
    pub fn left(&self, outcome: &Outcome) -> Vec<LeftOver> {
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
