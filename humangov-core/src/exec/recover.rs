// SPDX-License-Identifier: MIT OR Apache-2.0
//! Brings runs that have not ended to their end, from nothing but their journals and the account.

use crate::{
    address::{Address, RunId, StackName},
    event::{ErrorReport, Events},
    exec::{
        Cancel, Direction, ExecError, ExecErrorKind, Executor, Mode, Report, Task,
        driver::{Begin, Driver},
        executor::Held,
        run::Run,
    },
    handler::{HandlerError, HandlerErrorKind},
    journal::{Begun, Ended, Failed, Journal, Kind, Left, Record, RecordKind, Recovery, Writer, read},
    store::{LockInfo, Recorded, Snapshot, StoreErrorKind, Versioned},
    value::Json,
};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tracing::Instrument;

impl Executor {
    /// Brings every run of `stack` that has not ended to its end, and reports on each, oldest first; nothing when there is none.
    /// What a run left in doubt is looked up by name, tags and what else tells it.
    ///
    /// # Errors
    /// When the stack is locked, a journal cannot be read, what is in doubt cannot be looked up, or the store fails.
    pub async fn recover(
        &self,
        stack: &StackName,
        how: Recovery,
        cancel: &Cancel,
        events: &Events,
    ) -> Result<Vec<Report>, ExecError> {
        let now = self.options.clock.now();
        let lock = self.store.lock_of(stack, now).await?;
        if lock.is_none_or(|lock| lock.info.is_none() && lock.unfinished.is_empty()) {
            return Ok(Vec::new());
        }
        let mut held = self.hold(stack, LockInfo::this_process("recover", now)).await?;
        let span = tracing::info_span!("recover", %stack);
        let result = self.recover_held(&mut held, how, cancel, events).instrument(span).await;
        held.release(result).await
    }

    /// Like [`Executor::recover`], under a lease that is held already.
    pub(super) async fn recover_held(
        &self,
        held: &mut Held,
        how: Recovery,
        cancel: &Cancel,
        events: &Events,
    ) -> Result<Vec<Report>, ExecError> {
        let mut reports = Vec::new();
        for id in held.unfinished.clone() {
            let stack = held.lease.stack().clone();
            let Some((journal, writer)) = self.take_up(held, id, how).await? else {
                self.store.remove_journal(&stack, id).await?;
                held.unfinished.retain(|run| *run != id);
                continue;
            };
            let Some(begun) = &journal.begun else { continue };
            let (report, over) =
                self.recover_run(held, id, begun, &journal.records, (writer, how), (cancel, events)).await?;
            if over {
                held.unfinished.retain(|run| *run != id);
            }
            reports.push(report?);
        }
        Ok(reports)
    }

    /// Reads a journal and writes down who goes on with it, so that nobody else does; `None`: it is closed.
    async fn take_up(
        &self,
        held: &Held,
        id: RunId,
        how: Recovery,
    ) -> Result<Option<(Journal, Writer)>, ExecError> {
        let stack = held.lease.stack();
        loop {
            let Some(log) = self.store.journal(stack, id).await? else { return Ok(None) };
            let journal = read(id, &self.store.journal_place(stack, id), &log)?;
            if journal.is_closed() {
                return Ok(None);
            }
            let mut writer = Writer::at(id, self.options.clock.clone(), journal.next, journal.end);
            writer.push(Kind::TakenUp { by: &held.info, recovery: how });
            match writer.flush(&*self.store, &held.lease).await {
                Ok(()) => return Ok(Some((journal, writer))),
                // Whoever had it before wrote one more record since it was read, and none after that.
                Err(error)
                    if matches!(error.kind(), StoreErrorKind::LeaseLost { .. })
                        && held.lease.guard().check().is_ok() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn recover_run(
        &self,
        held: &Held,
        id: RunId,
        begun: &Begun,
        records: &[Record],
        (mut journal, how): (Writer, Recovery),
        (cancel, events): (&Cancel, &Events),
    ) -> Result<(Result<Report, ExecError>, bool), ExecError> {
        let (mut run, mut in_doubt) = replay(id, begun, records)?;
        let stored = self.store.load(held.lease.stack()).await?;
        let stored = stored.as_ref();
        let how = if is_outdated(begun, records, stored) {
            let nothing = || Snapshot::empty(begun.plan.fleet.clone(), begun.plan.stack.clone());
            run.snapshot = stored.map_or_else(nothing, |stored| stored.value.clone());
            Recovery::Settle
        } else {
            how
        };
        taken_up(&mut run, how);
        if !in_doubt.is_empty() {
            // What was sent last may not have arrived yet: who looks at once does not see it, and it would be nobody's.
            tokio::time::sleep(self.options.arrival).await;
        }
        if run.machine.leaves_it() {
            let found = self.look_up(id, &run, &in_doubt, held).await?;
            for (task, found) in in_doubt.drain(..).zip(found) {
                take_in(&mut run, task, found, &mut journal);
            }
        } else if run.machine.mode() == Mode::Draining {
            // Undoing them looks first.
            for task in in_doubt.drain(..) {
                end_in_doubt(&mut run, task, Left::InDoubt, &mut journal);
            }
        }
        if how == Recovery::Settle {
            // What ended in doubt, or could not be undone because looking did not help, was never looked up.
            let made = run.made_in_doubt();
            let found = self.look_up(id, &run, &made, held).await?;
            for (task, found) in made.into_iter().zip(found) {
                found.into_iter().for_each(|outputs| run.found(task, outputs));
            }
        }
        run.dirty = !stored.is_some_and(|stored| stored.value.tells_the_same_as(&run.snapshot));
        let version = stored.map(|stored| stored.version.clone());
        let begin = Begin {
            executor: self,
            id,
            run,
            in_doubt,
            settles: how == Recovery::Settle,
            version,
            lease: &held.lease,
            journal: Some(journal),
            events,
        };
        Ok(Driver::new(begin).drive(cancel).await)
    }

    /// Finds out what is there of each of these tasks, changing nothing.
    async fn look_up(
        &self,
        id: RunId,
        run: &Run<'_>,
        tasks: &[Task],
        held: &Held,
    ) -> Result<Vec<Option<Json>>, ExecError> {
        let events = Events::none();
        let looks = tasks.iter().map(|&task| {
            let asked = run.to_look_at(task);
            let (lease, notes) = (held.lease.guard(), mpsc::unbounded_channel().0);
            let performer = self.performer((id, run), task, lease.clone(), &events, notes);
            async move {
                let Some((spec, outputs, others)) = asked else { return Ok(None) };
                let mut performer = performer?;
                lease.scope(performer.look_up(&spec, outputs.as_ref(), &others)).await
            }
        });
        let (mut unclear, mut clear) = (Vec::new(), Vec::new());
        for (&task, found) in tasks.iter().zip(join_all(looks.collect::<Vec<_>>()).await) {
            match found {
                Err(error) => unclear.push((run.change(task).address.clone(), ErrorReport::from(&error))),
                Ok(found) => clear.push(found.map(|live| Json::from(&live.outputs))),
            }
        }
        if unclear.is_empty() {
            return Ok(clear);
        }
        Err(ExecError::new(ExecErrorKind::InDoubt { run: id, steps: unclear }))
    }

    /// Lets go of resources: they stay in AWS, and neither the snapshot of `stack` nor a run that is stuck on them knows of them any
    /// more. What was let go, as it was recorded; what was not recorded is not in it.
    ///
    /// # Errors
    /// When the stack is locked, a run of it was killed half-way and must be recovered first, or the store fails.
    pub async fn orphan(
        &self,
        stack: &StackName,
        addresses: &[Address],
    ) -> Result<BTreeMap<Address, Recorded>, ExecError> {
        let mut held = self.hold(stack, LockInfo::this_process("orphan", self.options.clock.now())).await?;
        let result = self.orphan_held(&mut held, addresses).await;
        held.release(result).await
    }

    async fn orphan_held(
        &self,
        held: &mut Held,
        addresses: &[Address],
    ) -> Result<BTreeMap<Address, Recorded>, ExecError> {
        let stack = held.lease.stack().clone();
        for id in held.unfinished.clone() {
            let Some(log) = self.store.journal(&stack, id).await? else { continue };
            let journal = read(id, &self.store.journal_place(&stack, id), &log)?;
            let Some(begun) = journal.begun.as_ref().filter(|_| !journal.is_closed()) else { continue };
            let (mut run, in_doubt) = replay(id, begun, &journal.records)?;
            if !run.is_stuck() || !in_doubt.is_empty() {
                return Err(ExecError::new(ExecErrorKind::Unfinished { stack, run: id }));
            }
            let mut writer = Writer::at(id, self.options.clock.clone(), journal.next, journal.end);
            writer.push(Kind::TakenUp { by: &held.info, recovery: Recovery::Resume });
            taken_up(&mut run, Recovery::Resume);
            for address in addresses {
                writer.push(Kind::Orphaned { address });
                run.orphan(address);
            }
            writer.push(Kind::Stuck);
            writer.flush(&*self.store, &held.lease).await?;
        }
        let mut orphaned = BTreeMap::new();
        if let Some(mut stored) = self.store.load(&stack).await? {
            for address in addresses {
                if let Some(recorded) = stored.value.resources.remove(address) {
                    orphaned.insert(address.clone(), recorded);
                }
            }
            if !orphaned.is_empty() {
                stored.value.updated_at = Some(self.options.clock.now());
                self.store.save(&held.lease, &stored.value, Some(&stored.version)).await?;
            }
        }
        Ok(orphaned)
    }
}

/// Whether a run had not come to any step before somebody else worked on its stack: nothing is left of it, and what it was to do is
/// no longer what is wanted.
fn is_outdated(begun: &Begun, records: &[Record], stored: Option<&Versioned<Snapshot>>) -> bool {
    let is_as_then = match (stored, &begun.snapshot) {
        (Some(now), Some(then)) => now.value.tells_the_same_as(then),
        (now, then) => now.is_none() && then.is_none(),
    };
    !is_as_then && !records.iter().any(|record| matches!(record.kind, RecordKind::Started { .. }))
}

/// Takes in what was found of a task that had been begun: `found` is what is there.
fn take_in(run: &mut Run<'_>, task: Task, found: Option<Json>, journal: &mut Writer) {
    if run.to_look_at(task).is_none() {
        // A change that may have happened in part; what only the record knows of is as it is.
        if run.changes_in_place(task) {
            end_in_doubt(run, task, Left::Partly, journal);
        } else {
            end_well(run, task, None, journal);
        }
    } else if run.deletes(task) {
        match found {
            None => end_well(run, task, None, journal),
            // It may be there although nobody knew that it had been made.
            Some(outputs) if task.direction == Direction::Undo => {
                end_in_doubt(run, task, Left::Outputs(outputs), journal);
            }
            Some(_) => end_in_doubt(run, task, Left::Nothing, journal),
        }
    } else if task.direction == Direction::Undo {
        match found {
            None => end_in_doubt(run, task, Left::Nothing, journal),
            outputs => end_well(run, task, outputs, journal),
        }
    } else {
        let left = found.map_or(Left::Nothing, Left::Outputs);
        end_in_doubt(run, task, left, journal);
    }
}

fn end_well(run: &mut Run<'_>, task: Task, outputs: Option<Json>, journal: &mut Writer) {
    let ended = Ended { step: run.name(task), outputs, failed: None };
    journal.push(Kind::Ended(&ended));
    run.ended(task, &ended);
}

/// Ends a task whose end nobody saw, leaving this.
fn end_in_doubt(run: &mut Run<'_>, task: Task, left: Left, journal: &mut Writer) {
    let message = "the run was killed or left before it was known how this ended";
    let error = HandlerError::new(HandlerErrorKind::Interrupted, "step", message);
    let failed = Failed { error: ErrorReport::from(&error), left };
    let ended = Ended { step: run.name(task), outputs: None, failed: Some(failed) };
    journal.push(Kind::Ended(&ended));
    run.ended(task, &ended);
}

/// Has a run go the way that whoever takes it up wants.
fn taken_up(run: &mut Run<'_>, how: Recovery) {
    match how {
        Recovery::Resume => run.resume(),
        Recovery::RollBack => {
            run.resume();
            run.machine.roll_back();
        }
        Recovery::Settle => run.machine.halt(),
    }
}

/// A run as its journal tells it, and the tasks that were begun and have not ended, in the order they were begun.
pub(super) fn replay<'a>(
    id: RunId,
    begun: &'a Begun,
    records: &[Record],
) -> Result<(Run<'a>, Vec<Task>), ExecError> {
    let wrong = |why: String| ExecError::new(ExecErrorKind::Journal { run: id, why });
    let plan = &begun.plan;
    let empty = || Snapshot::empty(plan.fleet.clone(), plan.stack.clone());
    let snapshot = begun.snapshot.clone().unwrap_or_else(empty);
    let mut run = Run::new(plan, &begun.imports, snapshot, begun.undo_on_failure)
        .map_err(|_| ExecError::new(ExecErrorKind::Cycle))?;
    let names = run.names();
    let mut open: Vec<Task> = Vec::new();
    for record in records {
        let number = record.sequence;
        let task_of = |step| {
            names.get(step).copied().ok_or_else(|| wrong(format!("record {number} is of a step it has not")))
        };
        match &record.kind {
            RecordKind::Started { step, spec } => {
                let task = task_of(step)?;
                if !open.contains(&task) {
                    let begun = run.machine.begin(task);
                    begun.map_err(|error| wrong(format!("record {number}: {error}")))?;
                    open.push(task);
                }
                run.started_as(task, spec.clone());
            }
            RecordKind::Noted { step, note } => run.noted(task_of(step)?, note.clone()),
            RecordKind::Ended(ended) => {
                let task = task_of(&ended.step)?;
                let Some(at) = open.iter().position(|open| *open == task) else {
                    return Err(wrong(format!("record {number} ends what had not begun")));
                };
                open.remove(at);
                run.ended(task, ended);
            }
            RecordKind::Stopping { unwind } => run.machine.stop(*unwind),
            RecordKind::TakenUp { recovery, .. } => taken_up(&mut run, *recovery),
            RecordKind::Orphaned { address } => run.orphan(address),
            RecordKind::Stuck | RecordKind::Closed { .. } => {}
            RecordKind::Begun(_) => return Err(wrong(format!("record {number} begins it again"))),
        }
    }
    Ok((run, open))
}
