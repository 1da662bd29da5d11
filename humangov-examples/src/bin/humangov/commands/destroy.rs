// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov destroy`.

use super::{
    chosen,
    planning::open,
    running::{Run, consent},
};
use crate::{
    cli::{Destroy, Global},
    config::Config,
    exit::Exit,
    output::{Failure, Output, plan_text},
};
use humangov_core::{
    address::StackName,
    base_stack::BaseStack,
    fleet::{FleetPlanOptions, Teardown},
    plan::DataPolicy,
};
use std::collections::BTreeSet;

/// Takes states down, and with the last of them the base.
pub async fn run(args: &Destroy, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let base: StackName = BaseStack::NAME.parse().expect("it is the name of a stack");
    let recorded = session.store.list().await?;
    let wanted: BTreeSet<&str> = states.iter().map(humangov_core::tenant::Tenant::slug).collect();
    let mut stacks: Vec<StackName> =
        recorded.iter().filter(|name| wanted.contains(name.as_str())).cloned().collect();
    let mut others =
        recorded.iter().filter(|name| **name != base && !wanted.contains(name.as_str())).peekable();
    // The base goes with the last state, and only when the whole fleet was meant.
    if args.states.states.is_empty() && recorded.contains(&base) {
        if others.peek().is_none() {
            stacks.push(base.clone());
        } else {
            let others: Vec<&str> = others.map(StackName::as_str).collect();
            output.note(&format!(
                "The base stays: {} still use it and are not in the configuration.\n",
                others.join(", ")
            ));
        }
    }
    let mut options = FleetPlanOptions::default();
    options.plan.data = if args.delete_data { DataPolicy::Delete } else { DataPolicy::Keep };
    let teardown = Teardown::new(config.fleet.name.clone(), stacks);
    let plan = teardown.plan(&session.registry, &*session.store, Some(&base), &options).await?;
    output.note(&plan_text(&plan));
    output.note("");
    if !plan.is_no_op() {
        let named = &args.states.states;
        let word = if let [one] = named.as_slice() { one.clone() } else { config.fleet.name.to_string() };
        let what = if args.delete_data { "with all data, for ever" } else { "and keep the data" };
        consent(output, args.run.yes, &format!("Destroy this {what}? Type {word}:"), &word)?;
    }
    Run { session: &session, output, settings: &args.run, plan: &plan, verb: "Destroyed" }.execute().await
}
