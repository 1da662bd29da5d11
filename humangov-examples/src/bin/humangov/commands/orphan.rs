// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov orphan`: lets go of resources. They stay in AWS.

use super::{
    planning::open_at,
    running::consent,
    standing::{free, stack_named},
    status::physical_id,
    telling::tell_next,
};
use crate::{
    cli::{Global, Orphan},
    exit::Exit,
    output::{Failure, Output, STRONG, WARN, document},
    session::Site,
};
use humangov_core::{address::Address, exec::Executor, store::Recorded};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write, sync::Arc};

/// Shows what would be let go, asks, and lets it go.
pub async fn run(args: &Orphan, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = Site::find(global, args.fleet.fleet.as_ref())?;
    let session = open_at(global, &site, output).await?;
    let stack = stack_named(&args.stack)?;
    let standing =
        free(&session, std::slice::from_ref(&stack), args.lock.lock_timeout, global, output).await?;
    let snapshot = session.store.load(&stack).await?.map(|snapshot| snapshot.value);
    let runs = standing.iter().flat_map(|standing| &standing.runs);
    let of_runs: BTreeSet<&Address> = runs
        .flat_map(|run| {
            let doubt = run.in_doubt.iter().map(|(address, _)| address);
            doubt.chain(run.failed.iter().map(|(address, ..)| address))
        })
        .collect();
    let recorded = |address: &Address| snapshot.as_ref().and_then(|snapshot| snapshot.resources.get(address));
    let unknown: Vec<String> = args
        .addresses
        .iter()
        .filter(|address| recorded(address).is_none() && !of_runs.contains(address))
        .map(ToString::to_string)
        .collect();
    if !unknown.is_empty() {
        let list = crate::config::and_list(&unknown);
        return Err(Failure::refused("cli.address", format!("nothing is recorded of {list} in {stack}"))
            .hint(format!("see what is: {}", global.line("state show", [stack.as_str()]))));
    }
    let mut text = format!("{STRONG}{stack}{STRONG:#}: these would be let go\n");
    for address in &args.addresses {
        let _ = writeln!(text, "{}", line(address, recorded(address)));
    }
    output.note(&text);
    output.note(&format!(
        "{WARN}They stay in AWS as they are, and cost what they cost.{WARN:#}\n\
         While they bear our tags and are declared, the next apply takes them up again."
    ));
    consent(output, args.consent.yes, &format!("Let them go? Type {stack}:"), stack.as_str())?;
    let executor = Executor::new(session.registry.clone(), Arc::clone(&session.store));
    let gone = executor.orphan(&stack, &args.addresses).await?;
    let mut text = format!("Let go of {} in {stack}; in AWS:\n", args.addresses.len());
    for address in &args.addresses {
        let _ = writeln!(text, "{}", line(address, gone.get(address)));
    }
    output.result(&text, || {
        let of = |address: &Address| {
            let outputs = gone.get(address).map(|record| record.outputs.to_value());
            json!({
                "address": address,
                "physical_id": outputs.as_ref().map(physical_id),
                "arn": outputs.as_ref().and_then(|outputs| outputs.get("arn")),
                "outputs": outputs,
            })
        };
        document(json!({ "stack": stack, "orphaned": args.addresses.iter().map(of).collect::<Vec<_>>() }))
    })?;
    if !of_runs.is_empty() {
        tell_next(output, &[(global.line("recover", [stack.as_str()]), "ends the run without them")]);
    }
    Ok(Exit::Ok)
}

/// A resource by what AWS calls it: its ARN, or what else there is.
fn line(address: &Address, record: Option<&Recorded>) -> String {
    let outputs = record.map(|record| record.outputs.to_value());
    let arn = outputs.as_ref().and_then(|outputs| outputs.get("arn")).and_then(Value::as_str);
    let name = outputs.as_ref().map(physical_id).and_then(|id| id.as_str().map(str::to_owned));
    let what = arn.map(str::to_owned).or(name);
    let what = what.unwrap_or_else(|| "not recorded; if it is there, it bears our tags".to_owned());
    format!("  {:<34} {what}", address.as_str())
}
