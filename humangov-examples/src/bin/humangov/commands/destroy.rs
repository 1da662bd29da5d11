// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov destroy`.

use super::{
    chosen, is_base,
    planning::{declared, open},
    running::{Run, consent},
    standing::{settle, standings},
};
use crate::{
    cli::{Destroy, Global},
    config::{Config, and_list},
    exit::Exit,
    output::{Failure, Output, plan_text},
};
use humangov_core::{
    address::StackName,
    base_stack::BaseStack,
    fleet::{FleetPlanOptions, Teardown},
    plan::DataPolicy,
    tenant::Tenant,
};
use std::collections::BTreeSet;

/// Takes states down, and with the last of them the base.
pub async fn run(args: &Destroy, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let base: StackName = BaseStack::NAME.parse().expect("it is the name of a stack");
    let recorded = session.store.stacks().await?;
    settle(&session, &concerned(&states, &args.states.states, &recorded), &args.run, global, output).await?;
    let wanted: BTreeSet<&str> = states.iter().map(Tenant::slug).collect();
    let named = &args.states.states;
    // A state that is named may be there without a record: a run can be killed before it writes one.
    let mut stacks: Vec<StackName> = states
        .iter()
        .map(|state| state.slug().parse().expect("every slug is the name of a stack"))
        .filter(|name| !named.is_empty() || recorded.contains(name))
        .collect();
    let names_base = named.iter().any(|word| is_base(word));
    // The base goes with the last state, and only when it or the whole fleet was meant.
    if names_base || (named.is_empty() && recorded.contains(&base)) {
        let others = recorded.iter().filter(|name| **name != base && !wanted.contains(name.as_str()));
        let others: Vec<StackName> = others.cloned().collect();
        let mut users = Vec::new();
        for standing in standings(&session, &others).await? {
            let name = &standing.stack;
            let snapshot = session.store.load(name).await?;
            // Data that was kept when its state went needs no base. A run that has not ended does.
            if !standing.is_quiet()
                || snapshot.is_some_and(|it| it.value.resources.values().any(|record| !record.holds_data))
            {
                users.push(name.to_string());
            }
        }
        if users.is_empty() {
            stacks.push(base.clone());
        } else {
            let verb = if users.len() == 1 { "uses" } else { "use" };
            let users = and_list(&users);
            if names_base {
                return Err(Failure::refused("cli.states", format!("the base must stay: {users} {verb} it"))
                    .hint("destroy those first, or the whole fleet by naming none"));
            }
            output.note(&format!(
                "The base stays: {users} {verb} it and {} not in the configuration.\n",
                if verb == "uses" { "is" } else { "are" }
            ));
        }
    }
    let mut options = FleetPlanOptions::default();
    options.plan.data = if args.delete_data { DataPolicy::Delete } else { DataPolicy::Keep };
    let going: Vec<Tenant> =
        states.into_iter().filter(|state| stacks.iter().any(|name| name.as_str() == state.slug())).collect();
    let mut teardown = Teardown::new(config.fleet.name.clone(), stacks);
    if !teardown.stacks.is_empty() {
        match declared(&session, &config, &going).await {
            Ok(fleet) => teardown = teardown.declaring(fleet.stacks().iter().cloned()),
            // What no longer fits its account can be taken down all the same.
            Err(failure) => output.note(&format!("Only what is recorded goes: {}\n", failure.message())),
        }
    }
    let plan = teardown.plan(&session.registry, &*session.store, Some(&base), &options).await?;
    output.note(&plan_text(&plan, None));
    output.note("");
    if !plan.is_no_op() {
        let word = if let [one] = named.as_slice() { one.clone() } else { config.fleet.name.to_string() };
        let what = if args.delete_data { "with all data, for ever" } else { "and keep the data" };
        consent(output, args.run.consent.yes, &format!("Destroy this {what}? Type {word}:"), &word)?;
    }
    Run { session: &session, global, output, settings: &args.run, plan: &plan, verb: "Destroyed" }
        .execute()
        .await
}

/// Of what is recorded, what this may take down: the base only if it was named, or everything was meant.
fn concerned(states: &[Tenant], named: &[String], recorded: &[StackName]) -> Vec<StackName> {
    let with_base = named.is_empty() || named.iter().any(|word| is_base(word));
    let is_concerned = |stack: &&StackName| {
        states.iter().any(|state| state.slug() == stack.as_str())
            || (with_base && stack.as_str() == BaseStack::NAME)
    };
    recorded.iter().filter(is_concerned).cloned().collect()
}
