// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov plan`.

use super::{
    chosen,
    planning::{SavedPlan, declared, open, plan_document, planned},
};
use crate::{
    cli::{Global, Plan},
    config::Config,
    exit::Exit,
    output::{Failure, Output, plan_text},
};

/// Shows what would change.
pub async fn run(args: &Plan, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let fleet = declared(&session, &config, &states).await?;
    let plan = planned(&session, &fleet, !args.no_refresh).await?;
    let changes = !plan.is_no_op();
    output.result(&plan_text(&plan), || plan_document(&plan, &session))?;
    output.note(&format!("{} calls", session.calls()));
    if let Some(path) = &args.out {
        SavedPlan::new(&session, plan).save(path)?;
        output.note(&format!("Next: humangov apply --plan {}", path.display()));
    } else if changes {
        let named = args.states.states.join(" ");
        output.note(format!("Next: humangov apply {named}").trim_end());
    }
    Ok(if changes && args.detailed_exitcode { Exit::Changes } else { Exit::Ok })
}
