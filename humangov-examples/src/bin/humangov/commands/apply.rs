// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov apply`.

use super::{
    chosen,
    planning::{SavedPlan, declared, open, planned},
    running::{Run, consent},
};
use crate::{
    cli::{Apply, Global},
    config::Config,
    exit::Exit,
    output::{Failure, Output, plan_text},
};

/// Makes it so.
pub async fn run(args: &Apply, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let plan = if let Some(path) = &args.plan {
        SavedPlan::load(path, &session)?
    } else {
        let fleet = declared(&session, &config, &states).await?;
        planned(&session, &fleet, true).await?
    };
    output.note(&plan_text(&plan, None));
    output.note("");
    if !plan.is_no_op() {
        consent(output, args.run.yes, "Apply this? Type yes:", "yes")?;
    }
    let run = Run { session: &session, output, settings: &args.run, plan: &plan, verb: "Applied" };
    let exit = run.execute().await?;
    if exit == Exit::Ok {
        let next = [
            ("status", "how it runs"),
            ("plan", "what another configuration would change"),
            ("destroy", "takes it down, keeping data"),
        ];
        let lines = next.map(|(command, what)| (global.again(command, &args.states), what));
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default();
        for (line, what) in lines {
            output.note(&format!("Next: {line:<width$}   {what}"));
        }
    }
    Ok(exit)
}
