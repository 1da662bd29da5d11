// SPDX-License-Identifier: MIT OR Apache-2.0
//! Applies the plans of many stacks.

use crate::{
    event::Events,
    exec::{Cancel, CancelLevel, Executor, Outcome},
    fleet::{FleetPlan, FleetReport, StackResult},
    plan::{DataPolicy, Imports, PlanKind, PlanOptions, plan_destroy},
    store::{StateStore, StoreError},
};
use futures_util::{StreamExt, stream::FuturesUnordered};

/// Executes every plan, each after those it waits for; what does not wait for another runs at the same time.
///
/// A stack whose run fails is rolled back on its own. Those that wait for it are not run; all others go on. A stack that this run
/// made from nothing, and of whose dependents none got there, is taken down again: nothing is left of a run that came to nothing. Not
/// so where the store has stacks that are not in `plan`: somebody else may have begun to use it.
///
/// # Errors
/// When the store cannot tell what stacks without changes export; nothing was touched then.
pub async fn apply(
    executor: &Executor,
    store: &dyn StateStore,
    plan: &FleetPlan,
    cancel: &Cancel,
    events: &Events,
) -> Result<FleetReport, StoreError> {
    let mut imports = Imports::none();
    for plan in &plan.plans {
        if let Some(snapshot) = store.load(&plan.stack).await? {
            imports = imports.with(&snapshot.value);
        }
    }
    let mut results: Vec<Option<StackResult>> = plan.plans.iter().map(|_| None).collect();
    let mut started = vec![false; plan.plans.len()];
    let mut running = FuturesUnordered::new();
    loop {
        for (i, stack_plan) in plan.plans.iter().enumerate() {
            if started[i] {
                continue;
            }
            let waits_for = || plan.after.get(i).into_iter().flatten().map(|&j| j as usize);
            let failed = waits_for().find(|&j| results[j].as_ref().is_some_and(|result| !result.works()));
            if let Some(failed) = failed {
                started[i] = true;
                results[i] = Some(StackResult::NotRun { because_of: plan.plans[failed].stack.clone() });
            } else if waits_for().all(|j| results[j].is_some()) {
                started[i] = true;
                if stack_plan.is_empty() {
                    results[i] = Some(StackResult::Unchanged);
                } else if cancel.level() == CancelLevel::None {
                    let imports = imports.clone();
                    running
                        .push(async move { (i, executor.apply(stack_plan, &imports, cancel, events).await) });
                } else {
                    results[i] = Some(StackResult::Cancelled);
                }
            }
        }
        if results.iter().all(Option::is_some) {
            break;
        }
        let Some((i, result)) = running.next().await else {
            // Something that was settled above may have let others go.
            if started.iter().all(|started| *started) {
                break;
            }
            continue;
        };
        results[i] = Some(match result {
            Ok(report) => {
                // Taken from the report: a store that fails now must not have the other runs dropped where they are.
                if matches!(report.outcome, Outcome::Applied | Outcome::Incomplete { .. }) {
                    imports = imports.with_exports(report.stack.clone(), report.exports.clone());
                }
                StackResult::Ran(Box::new(report))
            }
            Err(error) => StackResult::Failed(Box::new(error)),
        });
    }
    drop(running);
    if cancel.level() != CancelLevel::Abandon {
        for i in (0..plan.plans.len()).rev() {
            if was_made_in_vain(plan, &results, i) {
                take_down(executor, store, plan, i, &mut results, events).await;
            }
        }
    }
    let stacks = plan.plans.iter().map(|plan| plan.stack.clone());
    let results = results.into_iter().map(|result| result.unwrap_or(StackResult::Unchanged));
    Ok(FleetReport { stacks: stacks.zip(results).collect() })
}

/// Whether stack `i` was made by this run for others, all of which were rolled back or never begun.
fn was_made_in_vain(plan: &FleetPlan, results: &[Option<StackResult>], i: usize) -> bool {
    let made = plan.plans[i].kind == PlanKind::Apply
        && plan.plans[i].base.is_none()
        && matches!(&results[i], Some(StackResult::Ran(report)) if report.outcome.is_applied());
    let nothing_of = |j: usize| match &results[j] {
        Some(StackResult::Ran(report)) => {
            plan.plans[j].base.is_none()
                && matches!(
                    report.outcome,
                    Outcome::RolledBack { .. } | Outcome::Cancelled { rolled_back: true }
                )
        }
        Some(StackResult::NotRun { .. } | StackResult::Cancelled | StackResult::TakenDown { .. }) => {
            plan.plans[j].base.is_none()
        }
        _ => false,
    };
    let mut dependents = (0..plan.plans.len())
        .filter(|&j| plan.after.get(j).is_some_and(|after| after.iter().any(|&k| k as usize == i)))
        .peekable();
    made && dependents.peek().is_some() && dependents.all(nothing_of)
}

async fn take_down(
    executor: &Executor,
    store: &dyn StateStore,
    plan: &FleetPlan,
    i: usize,
    results: &mut [Option<StackResult>],
    events: &Events,
) {
    let made = &plan.plans[i];
    // A store that fails here leaves the stack as it was made, and reported so: the next run can take it down.
    let Ok(stacks) = store.stacks().await else { return };
    if stacks.iter().any(|name| plan.plans.iter().all(|plan| plan.stack != *name)) {
        return;
    }
    let Ok(snapshot) = store.load(&made.stack).await else { return };
    let options = PlanOptions { data: DataPolicy::DeleteEmpty, ..PlanOptions::default() };
    let Ok(plan) = plan_destroy(&made.fleet, &made.stack, snapshot.as_ref(), None, &options) else { return };
    // Whoever asked the run to stop wants this finished.
    if let Ok(undone) = executor.apply(&plan, &Imports::none(), &Cancel::new(), events).await
        && let Some(StackResult::Ran(made)) = results[i].take()
    {
        results[i] = Some(StackResult::TakenDown { made, undone: Box::new(undone) });
    }
}
