// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver: takes a run through its steps, and writes everything down before it happens and after.

use crate::{
    address::{RunId, StackName},
    event::{ErrorReport, Event, EventKind, Events, StepOperation},
    exec::{
        Cancel, CancelLevel, ExecError, ExecErrorKind, Executor, Mode, OnFailure, Outcome, Report,
        StepReport, Task,
        perform::{Done, Failure, NoteToKeep, Performed, Work},
        run::Run,
    },
    journal::{Batch, Ended, Failed, Kind, Left, Writer},
    store::{Lease, StateStore, StoreError, Version},
    value::Json,
};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::sync::Arc;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::Instant,
};
use tracing::Instrument;

/// How many steps are begun before the clock and whoever cancels are heeded again.
const AT_ONCE: usize = 64;

/// What a run is driven with.
pub(super) struct Begin<'a> {
    pub executor: &'a Executor,
    pub id: RunId,
    pub run: Run<'a>,
    /// The tasks that were begun before, and whose outcome is not known.
    pub in_doubt: Vec<Task>,
    /// Whether the run is only closed: whatever it did stays.
    pub settles: bool,
    pub version: Option<Version>,
    pub lease: &'a Lease,
    /// Where everything is written down; `None`: there is nothing to do that would have to be.
    pub journal: Option<Writer>,
    pub events: &'a Events,
}

type StepFuture<'a> = BoxFuture<'a, (Task, Performed)>;
type Running<'a> = FuturesUnordered<StepFuture<'a>>;

/// What waits until what was written down is durable.
#[derive(Default)]
struct Held<'a> {
    steps: Vec<StepFuture<'a>>,
    events: Vec<EventKind>,
    kept: Vec<oneshot::Sender<()>>,
}

/// A write under way, and what waits for it.
type Writing<'a> = (BoxFuture<'a, Result<u64, StoreError>>, Held<'a>);

pub(super) struct Driver<'a> {
    executor: &'a Executor,
    id: RunId,
    run: Run<'a>,
    in_doubt: Vec<Task>,
    settles: bool,
    version: Option<Version>,
    lease: &'a Lease,
    journal: Option<Writer>,
    events: &'a Events,
    held: Held<'a>,
    notes: (mpsc::UnboundedSender<NoteToKeep>, mpsc::UnboundedReceiver<NoteToKeep>),
    steps: Vec<StepReport>,
    cancelled: CancelLevel,
    store_error: Option<StoreError>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(begin: Begin<'a>) -> Self {
        let Begin { executor, id, run, in_doubt, settles, version, lease, journal, events } = begin;
        Self {
            executor,
            id,
            steps: Vec::with_capacity(run.schedule.steps.len()),
            run,
            in_doubt,
            settles,
            version,
            lease,
            journal,
            events,
            held: Held::default(),
            notes: mpsc::unbounded_channel(),
            cancelled: CancelLevel::None,
            store_error: None,
        }
    }

    /// Takes the run to its end, and tells whether it is over: then nothing but its report is left of it.
    pub(super) async fn drive(mut self, cancel: &Cancel) -> (Result<Report, ExecError>, bool) {
        let started = Instant::now();
        self.tell(EventKind::RunStarted { steps: self.run.schedule.steps.len() });
        self.steps_until_the_end(cancel).await;
        let abandoned = self.cancelled == CancelLevel::Abandon || self.store_error.is_some();
        if !abandoned && self.run.machine.mode() == Mode::Finished && self.run.all_forward_done() {
            // A plan without clean-up steps never was in that mode for a turn of the loop.
            self.run.commit();
        }
        let outcome = if self.settles && !abandoned { Outcome::Settled } else { self.run.outcome(abandoned) };
        let mut over = false;
        if !abandoned {
            match self.close(outcome.name()).await {
                Ok(closed) => over = closed,
                Err(error) => self.store_error = Some(error),
            }
        }
        let elapsed = started.elapsed();
        self.tell(EventKind::RunFinished { outcome: outcome.name().to_owned(), elapsed });
        for event in std::mem::take(&mut self.held.events) {
            self.emit(event);
        }
        let report = Report {
            run: self.id,
            stack: self.run.plan.stack.clone(),
            left: self.run.left(&outcome),
            outcome,
            steps: self.steps,
            exports: self.run.snapshot.exports.clone(),
            elapsed,
        };
        match self.store_error {
            None => (Ok(report), over),
            Some(error) => {
                (Err(ExecError { kind: ExecErrorKind::Store(error), report: Some(Box::new(report)) }), over)
            }
        }
    }

    /// Begins what may begin and takes in what ends, until nothing is left to do, or the run is to be left as it is.
    async fn steps_until_the_end(&mut self, cancel: &Cancel) {
        let mut running = Running::new();
        let mut writing: Option<Writing<'a>> = None;
        let mut mode = self.run.machine.mode();
        let lost = self.lease.guard();
        let lost = lost.lost();
        tokio::pin!(lost);
        let slots = Arc::clone(&self.executor.slots);
        loop {
            if cancel.level() > self.cancelled {
                self.heed(cancel.level());
                if self.cancelled == CancelLevel::Abandon {
                    // What ended is worth being known, but nobody waits for it.
                    return;
                }
            }
            if self.run.machine.mode() != mode {
                mode = self.run.machine.mode();
                match mode {
                    Mode::Unwinding => self.tell(EventKind::RollbackStarted),
                    Mode::Cleanup => {
                        self.run.commit();
                        self.tell(EventKind::CleanupStarted);
                    }
                    _ => {}
                }
            }
            // A step begins when there is room for it: what only waits for room can still be called off.
            let mut turn = AT_ONCE;
            while turn > 0
                && self.store_error.is_none()
                && self.run.machine.mode() == mode
                && self.has_task()
                && let Ok(slot) = Arc::clone(&slots).try_acquire_owned()
            {
                self.begin(slot);
                turn -= 1;
            }
            if self.run.machine.mode() != mode {
                continue;
            }
            if writing.is_none() && self.store_error.is_none() {
                writing = self.write();
            }
            // What is written at once needs no turn of the loop.
            if let Some((write, _)) = &mut writing
                && let Some(answer) = write.now_or_never()
            {
                let held = writing.take().map(|(_, held)| held).unwrap_or_default();
                self.written(answer, held, &mut running);
                continue;
            }
            if running.is_empty() && writing.is_none() && (!self.has_task() || self.store_error.is_some()) {
                return;
            }
            let may_begin = self.has_task() && self.store_error.is_none();
            tokio::select! {
                // In this order: whoever asks the run to stop is heeded before anything else is begun.
                biased;
                _ = cancel.beyond(self.cancelled) => {}
                error = &mut lost => {
                    self.store_error = Some(error);
                    return;
                }
                answer = async { writing.as_mut().map(|(write, _)| write).expect("there is one").await },
                    if writing.is_some() =>
                {
                    let held = writing.take().map(|(_, held)| held).unwrap_or_default();
                    self.written(answer, held, &mut running);
                }
                Some(note) = self.notes.1.recv() => self.keep(note),
                ended = running.next(), if !running.is_empty() => {
                    let Some((task, performed)) = ended else { continue };
                    self.end(task, performed);
                    // Results that came together are written down together.
                    while let Some(Some((task, performed))) = running.next().now_or_never() {
                        self.end(task, performed);
                    }
                }
                slot = Arc::clone(&slots).acquire_owned(), if may_begin => {
                    let slot = slot.expect("the executor never closes its slots");
                    self.begin(slot);
                }
            }
        }
    }

    /// Records how the run ended: in the snapshot, and that nothing is left to do. Whether that is so.
    async fn close(&mut self, outcome: &str) -> Result<bool, StoreError> {
        if let Some(journal) = &mut self.journal {
            journal.flush(&*self.executor.store, self.lease).await?;
        }
        self.save().await?;
        let stuck = self.run.is_stuck() && !self.settles;
        let Some(journal) = &mut self.journal else { return Ok(!stuck) };
        journal.push(if stuck { Kind::Stuck } else { Kind::Closed { outcome } });
        journal.flush(&*self.executor.store, self.lease).await?;
        if stuck {
            return Ok(false);
        }
        // It tells that it is closed: one that stays behind is no more than in the way.
        if let Err(error) = self.executor.store.remove_journal(&self.run.plan.stack, self.id).await {
            tracing::warn!(%error, "the journal of a run that has ended could not be removed");
            return Ok(false);
        }
        Ok(true)
    }

    async fn save(&mut self) -> Result<(), StoreError> {
        if self.run.dirty {
            self.run.snapshot.updated_at = Some(self.executor.options.clock.now());
            let saved =
                self.executor.store.save(self.lease, &self.run.snapshot, self.version.as_ref()).await?;
            self.version = saved;
            self.run.dirty = false;
        }
        Ok(())
    }

    /// Does as it is asked to by whoever cancels.
    fn heed(&mut self, level: CancelLevel) {
        self.cancelled = level;
        let unwind = self.executor.options.on_cancel == OnFailure::RollBack;
        self.record(Kind::Stopping { unwind });
        self.run.machine.stop(unwind);
    }

    fn record(&mut self, kind: Kind<'_>) {
        if let Some(journal) = &mut self.journal {
            journal.push(kind);
        }
    }

    /// Tells it once what it tells of is durable.
    fn tell(&mut self, what: EventKind) {
        self.held.events.push(what);
    }

    fn emit(&self, what: EventKind) {
        let at = self.executor.options.clock.now();
        self.events.emit(Event { at, run: self.id, stack: self.run.plan.stack.clone(), what });
    }

    fn has_task(&self) -> bool {
        !self.in_doubt.is_empty() || self.run.machine.has_task()
    }

    /// Begins the next task, if there still is one: it is written down, and does nothing before that is durable.
    fn begin(&mut self, slot: OwnedSemaphorePermit) {
        let (task, again) = match self.in_doubt.pop() {
            Some(task) => (task, true),
            None => match self.run.machine.next_task() {
                Some(task) => (task, false),
                None => return,
            },
        };
        let step = self.start(task, again, slot);
        self.held.steps.push(step);
    }

    /// What a task has to do, as a future that shares nothing with the driver, and leaves its slot when it is done.
    fn start(&mut self, task: Task, again: bool, slot: OwnedSemaphorePermit) -> StepFuture<'a> {
        let change = self.run.change(task);
        let operation = self.run.operation(task);
        let address = change.address.clone();
        self.tell(EventKind::StepStarted { address: address.clone(), operation });
        let spec = self.run.spec_of(task, &self.executor.registry);
        if let Some(journal) = &mut self.journal {
            let planned = change.desired.as_ref().map(|desired| &desired.spec);
            let spec = spec.as_ref().ok().and_then(Option::as_ref);
            let spec = spec.filter(|spec| planned.is_none_or(|planned| planned.as_str() != spec.as_str()));
            journal.push(Kind::Started { step: &self.run.name(task), spec });
        }
        let at_once =
            |result| -> StepFuture<'a> { Box::pin(std::future::ready((task, Performed::at_once(result)))) };
        let spec = match spec {
            Ok(spec) => spec,
            Err(error) => return at_once(Err(Failure { error, left: Left::Nothing })),
        };
        self.run.started(task, spec);
        let work = self.run.work(task, again);
        if matches!(work, Work::Nothing) {
            return at_once(Ok(Done::default()));
        }
        let (run, lease, notes) = ((self.id, &self.run), self.lease.guard(), self.notes.0.clone());
        let mut performer = match self.executor.performer(run, task, lease.clone(), self.events, notes) {
            Ok(performer) => performer,
            Err(error) => return at_once(Err(Failure { error, left: Left::Nothing })),
        };
        let span = tracing::info_span!("step", %address, operation = operation.verb());
        let perform = async move {
            let performed = performer.perform(&work).await;
            drop(slot);
            (task, performed)
        };
        Box::pin(lease.scope(perform).instrument(span))
    }

    /// Writes down what a step has found; it goes on once that is durable.
    fn keep(&mut self, note: NoteToKeep) {
        let NoteToKeep { task, note, kept } = note;
        if self.store_error.is_some() {
            // It is not kept, which ends the step.
            return;
        }
        let name = self.run.name(task);
        self.record(Kind::Noted { step: &name, note: &note });
        self.run.noted(task, note);
        self.held.kept.push(kept);
    }

    /// Takes in a result: it is written down, and told once that is durable.
    fn end(&mut self, task: Task, performed: Performed) {
        let Performed { result, retries, elapsed } = performed;
        let (outputs, failed) = match result {
            Ok(done) => (done.outputs.as_ref().map(Json::from), None),
            Err(Failure { error, left }) => (None, Some(Failed { error: ErrorReport::from(&error), left })),
        };
        let ended = Ended { step: self.run.name(task), outputs, failed };
        self.record(Kind::Ended(&ended));
        self.run.ended(task, &ended);
        let Ended { step, failed, .. } = ended;
        let error = failed.map(|failed| failed.error);
        let (address, operation): (_, StepOperation) = (step.address, step.operation);
        self.tell(match &error {
            None => EventKind::StepFinished { address: address.clone(), operation, elapsed },
            Some(error) => {
                EventKind::StepFailed { address: address.clone(), operation, error: error.clone(), elapsed }
            }
        });
        self.steps.push(StepReport { address, operation, error, elapsed, retries });
    }

    /// Begins to write all that waits to be written.
    fn write(&mut self) -> Option<Writing<'a>> {
        let held = std::mem::take(&mut self.held);
        let batch: Option<Batch> =
            self.journal.as_mut().filter(|journal| journal.has_waiting()).map(Writer::batch);
        let Some(batch) = batch else {
            if held.steps.is_empty() && held.events.is_empty() && held.kept.is_empty() {
                return None;
            }
            return Some((Box::pin(std::future::ready(Ok(0))), held));
        };
        let (store, lease): (&'a dyn StateStore, _) = (&*self.executor.store, self.lease);
        Some((Box::pin(async move { batch.write(store, lease).await }), held))
    }

    /// What was written down is durable: what waited for it goes on. Or it is not: then nothing new is begun.
    fn written(&mut self, answer: Result<u64, StoreError>, held: Held<'a>, running: &mut Running<'a>) {
        match answer {
            Ok(end) => {
                if let Some(journal) = &mut self.journal
                    && end > 0
                {
                    journal.written(end);
                }
                for event in held.events {
                    self.emit(event);
                }
                for kept in held.kept {
                    // A step that is gone does not wait.
                    let _ = kept.send(());
                }
                for mut step in held.steps {
                    // What needs no waiting ends here: what it works on is still at hand.
                    match (&mut step).now_or_never() {
                        Some((task, performed)) => self.end(task, performed),
                        // It is polled again among the others, which tells it whom to wake.
                        None => running.push(step),
                    }
                }
            }
            Err(error) => {
                let stack: &StackName = &self.run.plan.stack;
                tracing::error!(%error, %stack, "the journal could not be written");
                if matches!(error.kind(), crate::store::StoreErrorKind::LeaseLost { .. }) {
                    // Somebody else works on the stack: what runs here must not go on.
                    running.clear();
                }
                // What waits to be kept no longer is, which ends those steps.
                self.held.kept.clear();
                self.store_error = Some(error);
            }
        }
    }
}
