// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov plan`.

use super::{
    chosen,
    planning::{SavedPlan, declared, open, plan_document, planned},
    standing::{noted, stacks_of},
};
use crate::{
    cli::{Global, Plan, States},
    config::Config,
    exit::Exit,
    output::{Failure, Output, plan_text, seconds},
};
use humangov_core::fleet::{Fleet, FleetPlan};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Shows what would change.
pub async fn run(args: &Plan, global: &Global, output: Output) -> Result<Exit, Failure> {
    let started = Instant::now();
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let fleet = declared(&session, &config, &states).await?;
    let unfinished = noted(&session, &stacks_of(&fleet), global, output).await?;
    let plan = planned(&session, &fleet, !args.no_refresh).await?;
    let changes = !plan.is_no_op();
    let text = plan_text(&plan, args.all.then_some(&fleet));
    output.result(&text, || {
        let mut document = plan_document(&plan, &session);
        document["unfinished"] = unfinished;
        if args.all {
            document["unchanged"] = unchanged(&plan, &fleet);
        }
        document
    })?;
    output.note(&format!("{} calls, {}", session.calls(), seconds(started.elapsed())));
    if let Some(path) = &args.out {
        SavedPlan::new(&session, plan).save(path)?;
        let apply = global.again("apply", &States::default());
        output.note(&format!("Next: {apply} --plan {}", path.display()));
    } else if changes {
        output.note(&format!("Next: {}", global.again("apply", &args.states)));
    }
    Ok(if changes && args.detailed_exitcode { Exit::Changes } else { Exit::Ok })
}

/// Every resource that stays as it is.
fn unchanged(plan: &FleetPlan, fleet: &Fleet) -> Value {
    let stacks = plan.plans.iter().zip(fleet.stacks());
    let resources = stacks.flat_map(|(plan, stack)| {
        plan.unchanged_of(stack).map(|address| json!({ "stack": plan.stack, "address": address }))
    });
    resources.collect()
}
