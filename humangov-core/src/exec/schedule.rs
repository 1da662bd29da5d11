// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lowers changes to steps.
//!
//! Forward steps make and change; clean-up steps delete, after the last forward step has worked. So going back never has to
//! bring anything back, but for a replacement that must delete first.

use crate::{
    address::{Address, AddressMap},
    exec::machine::StepShape,
    plan::{Action, Plan, ReplaceOrder},
};

/// What a step does to the resource of its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// Only the record changes.
    Record,
    /// Only the record goes.
    Forget,
    /// Make what is desired.
    Create,
    /// Change what is there into what is desired.
    Update,
    /// Delete what is there so that what is desired can be made: the first half of a delete-first replacement.
    DeleteFirst,
    /// Delete what is there.
    Delete,
    /// Delete what was replaced in this run.
    DeleteReplaced,
    /// Delete the n-th of what was replaced in earlier runs.
    DeleteDeposed(usize),
}

/// One step: which change, and what of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub change: usize,
    pub op: Op,
}

/// Steps and their order.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    pub steps: Vec<Step>,
    pub shapes: Vec<StepShape>,
}

impl Schedule {
    /// The steps of `plan`. What lets go of something that is deleted first does so before the deletion, and takes hold of it again
    /// after it is back, unless that would have steps wait for each other.
    pub(crate) fn new(plan: &Plan) -> Self {
        let careful = Self::build(plan, true);
        if crate::graph::Dag::new(&careful.shapes).is_ok() { careful } else { Self::build(plan, false) }
    }

    fn build(plan: &Plan, let_go_first: bool) -> Self {
        let mut schedule = Self::default();
        let index: AddressMap<usize, &Address> =
            plan.changes.iter().enumerate().map(|(i, change)| (&change.address, i)).collect();
        let mut forward: Vec<Option<u32>> = vec![None; plan.changes.len()];
        let mut delete_first: Vec<Option<u32>> = vec![None; plan.changes.len()];
        let mut deletes: Vec<Vec<u32>> = vec![Vec::new(); plan.changes.len()];
        for (i, change) in plan.changes.iter().enumerate() {
            match change.action {
                Action::Create => forward[i] = Some(schedule.add(i, Op::Create, false)),
                Action::Update => forward[i] = Some(schedule.add(i, Op::Update, false)),
                Action::Adopt if !change.fields.is_empty() => {
                    forward[i] = Some(schedule.add(i, Op::Update, false));
                }
                Action::Adopt | Action::Record => forward[i] = Some(schedule.add(i, Op::Record, false)),
                Action::Replace(ReplaceOrder::CreateFirst) => {
                    forward[i] = Some(schedule.add(i, Op::Create, false));
                    deletes[i].push(schedule.add(i, Op::DeleteReplaced, true));
                }
                Action::Replace(ReplaceOrder::DeleteFirst) => {
                    let delete = schedule.add(i, Op::DeleteFirst, false);
                    delete_first[i] = Some(delete);
                    let create = schedule.add(i, Op::Create, false);
                    schedule.after(create, delete);
                    forward[i] = Some(create);
                }
                Action::Delete => deletes[i].push(schedule.add(i, Op::Delete, true)),
                Action::Forget => deletes[i].push(schedule.add(i, Op::Forget, true)),
                Action::Keep => {}
            }
            let last = match change.action {
                Action::Delete | Action::Forget => deletes[i].first().copied(),
                _ => None,
            };
            for deposed in 0..change.deposed.len() {
                let delete = schedule.add(i, Op::DeleteDeposed(deposed), true);
                deletes[i].push(delete);
                // The record goes with the last of them: what could not be deleted must not be forgotten.
                if let Some(last) = last {
                    schedule.after(last, delete);
                }
            }
        }
        let behind_delete = behind_delete(plan, &index, &delete_first);
        for (i, change) in plan.changes.iter().enumerate() {
            // What is made waits for what it needs.
            for dependency in change.desired.iter().flat_map(|desired| &desired.dependencies) {
                let Some(&d) = index.get(dependency) else { continue };
                if let (Some(this), Some(needed)) = (forward[i], forward[d]) {
                    schedule.after(this, needed);
                    // Nothing goes down for the sake of something that then cannot be made. Where what is needed waits for
                    // another delete-first replacement, which may in turn wait for this one to go, that cannot be had.
                    if let (Some(delete), false) = (delete_first[i], behind_delete[d]) {
                        schedule.after(delete, needed);
                    }
                }
            }
            // What is deleted waits for what needs it.
            for dependency in change.prior.iter().flat_map(|prior| &prior.dependencies) {
                let Some(&d) = index.get(dependency) else { continue };
                if let (Some(needed_by), Some(delete)) = (delete_first[i], delete_first[d]) {
                    schedule.after(delete, needed_by);
                }
                let keeps =
                    change.desired.as_ref().is_some_and(|desired| desired.dependencies.contains(dependency));
                if let (Some(lets_go), Some(delete), false, true) =
                    (forward[i], delete_first[d], keeps, let_go_first)
                {
                    schedule.after(delete, lets_go);
                }
                for a in 0..deletes[d].len() {
                    for b in 0..deletes[i].len() {
                        let (delete, needed_by) = (deletes[d][a], deletes[i][b]);
                        schedule.after(delete, needed_by);
                    }
                }
            }
        }
        schedule
    }

    fn add(&mut self, change: usize, op: Op, cleanup: bool) -> u32 {
        let index = u32::try_from(self.steps.len()).expect("a plan has fewer than 2^32 steps");
        self.steps.push(Step { change, op });
        self.shapes.push(StepShape { after: Vec::new(), cleanup });
        index
    }

    fn after(&mut self, step: u32, earlier: u32) {
        self.shapes[step as usize].after.push(earlier);
    }
}

/// Which changes wait, however far back, for a delete-first replacement, or are one.
fn behind_delete(
    plan: &Plan,
    index: &AddressMap<usize, &Address>,
    delete_first: &[Option<u32>],
) -> Vec<bool> {
    let mut behind: Vec<bool> = delete_first.iter().map(Option::is_some).collect();
    if !behind.contains(&true) {
        return behind;
    }
    // Changes are in dependency order.
    for (i, change) in plan.changes.iter().enumerate() {
        let mut dependencies = change.desired.iter().flat_map(|desired| &desired.dependencies);
        behind[i] |= dependencies.any(|address| index.get(address).is_some_and(|&d| behind[d]));
    }
    behind
}
