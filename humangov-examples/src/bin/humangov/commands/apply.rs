// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov apply`.

use super::{
    chosen,
    planning::{SavedPlan, declared, open, planned},
    running::{Run, consent},
    standing::{settle, stacks_of},
    telling::tell_next,
};
use crate::{
    cli::{Apply, Global},
    config::Config,
    exit::Exit,
    output::{Failure, Output, plan_text},
};
use humangov_core::address::StackName;

/// Makes it so.
pub async fn run(args: &Apply, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let plan = if let Some(path) = &args.plan {
        let plan = SavedPlan::load(path, &session)?;
        // What that changes makes the plan stale, and it is refused.
        let stacks: Vec<StackName> = plan.plans.iter().map(|plan| plan.stack.clone()).collect();
        settle(&session, &stacks, &args.run, global, output).await?;
        plan
    } else {
        let fleet = declared(&session, &config, &states).await?;
        settle(&session, &stacks_of(&fleet), &args.run, global, output).await?;
        planned(&session, &fleet, true).await?
    };
    output.note(&plan_text(&plan, None));
    output.note("");
    if !plan.is_no_op() {
        consent(output, args.run.consent.yes, "Apply this? Type yes:", "yes")?;
    }
    let run = Run { session: &session, global, output, settings: &args.run, plan: &plan, verb: "Applied" };
    let exit = run.execute().await?;
    if exit == Exit::Ok {
        let next = [
            ("status", "how it runs"),
            ("plan", "what another configuration would change"),
            ("destroy", "takes it down, keeping data"),
        ];
        tell_next(output, &next.map(|(command, what)| (global.again(command, &args.states), what)));
    }
    Ok(exit)
}
