// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Executor`]: checks a plan against what is stored, locks its stack, and has it driven.

use crate::{
    address::{RunId, StackName},
    clock::Clock,
    event::Events,
    exec::{
        Cancel, ExecError, ExecErrorKind, Report, Task,
        driver::{Begin, Driver},
        perform::{NoteToKeep, Performer},
        run::Run,
    },
    handler::{Cx, HandlerError, HandlerErrorKind, Registry},
    journal::{BegunBy, Kind, Recovery, Writer},
    plan::{Imports, Plan, PlanKind},
    store::{Lease, LeaseGuard, LockInfo, Snapshot, StateStore},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, mpsc::UnboundedSender};
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
    /// How long a call may be on its way of whose sender nothing but its journal is left: as long does recovery wait before it looks
    /// up what is in doubt, if anything is.
    pub arrival: Duration,
    /// What happens to what was done when a step fails.
    pub on_failure: OnFailure,
    /// What happens to what was done when the run is cancelled.
    pub on_cancel: OnFailure,
    /// Tells the wall time.
    pub clock: Clock,
}

/// What happens to what was done when a run does not get to its end.
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
            arrival: Duration::from_secs(2),
            on_failure: OnFailure::RollBack,
            on_cancel: OnFailure::RollBack,
            clock: Clock::system(),
        }
    }
}

/// Executes plans against the handlers of a registry, and records what was done in a store. Clones share the concurrency.
#[derive(Debug, Clone)]
pub struct Executor {
    pub(super) registry: Registry,
    pub(super) store: Arc<dyn StateStore>,
    pub(super) options: ExecOptions,
    pub(super) slots: Arc<Semaphore>,
    journals: bool,
}

impl Executor {
    /// An executor with the usual options.
    pub fn new(registry: Registry, store: Arc<dyn StateStore>) -> Self {
        Self::with_options(registry, store, ExecOptions::default())
    }

    /// An executor with these options.
    pub fn with_options(registry: Registry, store: Arc<dyn StateStore>, options: ExecOptions) -> Self {
        let slots = Arc::new(Semaphore::new(options.concurrency.max(1)));
        Self { registry, store, options, slots, journals: true }
    }

    /// The same executor, that writes no journals: to measure what they cost. A run that is killed is lost.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn without_journal(mut self) -> Self {
        self.journals = false;
        self
    }

    /// Executes `plan`.
    ///
    /// The stack is leased meanwhile. Every intent and every result is written to the run's journal before anything depends on it, so
    /// that [`Executor::recover`] can bring the run to its end if this process dies. What was created and changed is undone when a
    /// step fails, in reverse order. Deletions come last and are never undone. The snapshot is saved at the end.
    ///
    /// What an earlier run left in doubt is settled first ([`Recovery::Settle`]); when that brings news, the plan is stale.
    ///
    /// # Errors
    /// When the run could not be begun (nothing was touched), could not be written down (it stops where it is, and its journal
    /// tells), or lost its lease. A step that fails is no error here: match the report's [`Outcome`](super::Outcome).
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
        id: RunId,
        plan: &Plan,
        imports: &Imports,
        cancel: &Cancel,
        events: &Events,
    ) -> Result<Report, ExecError> {
        self.check(plan, imports)?;
        let operation = if plan.kind == PlanKind::Destroy { "destroy" } else { "apply" };
        let mut info = LockInfo::this_process(operation, self.options.clock.now());
        info.run = Some(id);
        let mut held = self.hold(&plan.stack, info).await?;
        let result = self.run_held(id, plan, imports, (cancel, events), &mut held).await;
        held.release(result).await
    }

    /// Takes the lease on a stack.
    pub(super) async fn hold(&self, stack: &StackName, info: LockInfo) -> Result<Held, ExecError> {
        let lease = self.store.lock(stack, &info, &self.options.clock).await?;
        Ok(Held { unfinished: lease.unfinished().to_vec(), lease, info })
    }

    async fn run_held(
        &self,
        id: RunId,
        plan: &Plan,
        imports: &Imports,
        (cancel, events): (&Cancel, &Events),
        held: &mut Held,
    ) -> Result<Report, ExecError> {
        // A plan is made of what is recorded: what an earlier run left in doubt must be, and then this plan may be stale.
        self.recover_held(held, Recovery::Settle, &Cancel::new(), &Events::none()).await?;
        let (before, version) = match self.store.load(&plan.stack).await? {
            Some(stored) => (Some(stored.value), Some(stored.version)),
            None => (None, None),
        };
        if plan.base.as_ref().map(|base| held.lease.as_sealed(base)) != version.as_ref() {
            return Err(ExecError::new(ExecErrorKind::Stale(plan.stack.clone())));
        }
        let undo_on_failure = self.options.on_failure == OnFailure::RollBack;
        let snapshot =
            before.clone().unwrap_or_else(|| Snapshot::empty(plan.fleet.clone(), plan.stack.clone()));
        let run = Run::new(plan, imports, snapshot, undo_on_failure)
            .map_err(|_| ExecError::new(ExecErrorKind::Cycle))?;
        let mut journal = None;
        if self.journals && !run.schedule.steps.is_empty() {
            let mut writer = Writer::new(id, self.options.clock.clone());
            writer.push(Kind::Begun(BegunBy {
                version: env!("CARGO_PKG_VERSION"),
                by: &held.info,
                plan,
                imports: &imports.needed_by(plan),
                snapshot: before.as_ref(),
                undo_on_failure,
            }));
            // Nothing is touched before it is durable what is to be done.
            held.unfinished.push(id);
            writer.flush(&*self.store, &held.lease).await?;
            journal = Some(writer);
        }
        drop(before);
        let begin = Begin {
            executor: self,
            id,
            run,
            in_doubt: Vec::new(),
            settles: false,
            version,
            lease: &held.lease,
            journal,
            events,
        };
        let (report, over) = Driver::new(begin).drive(cancel).await;
        if over {
            held.unfinished.retain(|run| *run != id);
        }
        report
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
        }
        let mut missing = None;
        plan.walk_imports(&mut |stack, reference| {
            if imports.get(stack, &reference.attr).is_none() {
                missing.get_or_insert_with(|| reference.clone());
            }
        });
        match missing {
            Some(reference) => Err(ExecError::new(ExecErrorKind::MissingImport(reference))),
            None => Ok(()),
        }
    }

    /// What performs, or looks up, one task of a run under a lease; `notes`: where it tells what must be written down.
    pub(super) fn performer<'a>(
        &'a self,
        (id, run): (RunId, &Run<'_>),
        task: Task,
        lease: LeaseGuard,
        events: &'a Events,
        notes: UnboundedSender<NoteToKeep>,
    ) -> Result<Performer<'a>, HandlerError> {
        let (plan, address) = (run.plan, &run.change(task).address);
        let Some(handler) = self.registry.get(address.kind_str()) else {
            let message = format!("no handler for {}", address.kind_str());
            return Err(HandlerError::new(HandlerErrorKind::Other, "step", message));
        };
        let rules = self.registry.info(address.kind_str()).map(|info| info.rules).unwrap_or_default();
        let cx = Cx::new(plan.fleet.clone(), plan.stack.clone(), address.clone(), id);
        Ok(Performer {
            handler: &**handler,
            rules,
            cx,
            options: &self.options,
            events,
            retries: 0,
            task,
            notes,
            lease,
        })
    }
}

/// A lease, and the runs that will still have a journal when it is released.
pub(super) struct Held {
    pub lease: Lease,
    pub info: LockInfo,
    pub unfinished: Vec<RunId>,
}

impl Held {
    /// Gives the lease up, and `result` on; a lease that cannot be given up only runs out later.
    pub async fn release<T>(self, result: Result<T, ExecError>) -> Result<T, ExecError> {
        if let Err(error) = self.lease.release(self.unfinished).await {
            tracing::warn!(%error, "the lock could not be given up; it runs out by itself");
        }
        result
    }
}
