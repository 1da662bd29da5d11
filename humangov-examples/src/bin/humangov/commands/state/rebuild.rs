// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov state rebuild`: makes records that are lost anew.

use crate::{
    cli::{Global, StateRebuild},
    commands::{
        chosen,
        planning::{declared, open},
        standing::{free, stacks_of},
    },
    config::Config,
    exit::Exit,
    output::{BAD, Failure, GOOD, Output, WARN, document, seconds},
    session::Session,
};
use humangov_core::{
    address::{Address, RunId, StackName},
    base_stack::BaseStack,
    clock::Clock,
    exec,
    handler::Depth,
    plan::{Imports, Rebuilt, RefreshTarget, rebuild, refresh},
    stack::Stack,
    store::{LockInfo, StoreError, StoreErrorKind, Version},
    tags::Owner,
};
use serde_json::{Value, json};
use std::fmt::Write;
use tokio::time::Instant;

/// What became of one stack.
enum Became {
    /// Its record is there, and stays.
    Kept,
    /// Its record was made anew.
    Made(Box<Rebuilt>),
    /// Nothing of it is there.
    Nothing(Box<Rebuilt>),
}

/// Makes the records of the base and these states anew.
///
/// The base comes first: what the states import from it says where they are to be looked for.
pub async fn run(args: &StateRebuild, global: &Global, output: Output) -> Result<Exit, Failure> {
    let started = Instant::now();
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let fleet = declared(&session, &config, &states).await?;
    let patience = args.lock.lock_timeout;
    let standings = free(&session, &stacks_of(&fleet), patience, global, output).await?;
    if let Some(left) = standings.iter().find(|standing| standing.is_left()) {
        return Err(unfinished(&left.stack, global));
    }
    let (base, states): (Vec<&Stack>, Vec<&Stack>) =
        fleet.stacks().iter().partition(|stack| stack.name().as_str() == BaseStack::NAME);
    let mut imports = Imports::none();
    let mut all: Vec<(StackName, Became)> = Vec::new();
    for together in [base, states] {
        for (stack, became) in rebuilt((&session, global), &together, &imports, args.overwrite).await? {
            imports = match &became {
                Became::Made(rebuilt) => imports.with(&rebuilt.snapshot),
                Became::Kept => match session.store.load(&stack).await? {
                    Some(kept) => imports.with(&kept.value),
                    None => imports,
                },
                Became::Nothing(_) => imports,
            };
            all.push((stack, became));
        }
    }
    let mut text = String::new();
    for (stack, became) in &all {
        tell(stack, became, &mut text);
    }
    let has_foreign = all.iter().any(
        |(_, became)| matches!(became, Became::Made(it) | Became::Nothing(it) if !it.foreign.is_empty()),
    );
    let exit = if has_foreign { Exit::Partial } else { Exit::Ok };
    let _ = write!(text, "{} calls, {}", session.calls(), seconds(started.elapsed()));
    output.result(&text, || {
        let stacks: Vec<Value> = all.iter().map(|(stack, became)| tell_document(stack, became)).collect();
        document(json!({ "exit": exit.name(), "stacks": stacks, "calls": session.calls() }))
    })?;
    if has_foreign {
        output.note(
            "  do: see whose it is. If it is ours, give it its humangov: tags back: the next apply takes it up.\n      \
             If not, rename or delete it.",
        );
    }
    output.note(&format!(
        "Next: {}   shows what differs, if anything does",
        global.again("plan", &args.states)
    ));
    Ok(exit)
}

fn unfinished(stack: &StackName, global: &Global) -> Failure {
    let why = format!("a run of {stack} has not ended, and its journal knows more than can be found");
    Failure::refused("state.unfinished", why)
        .hint(format!("end it first: {}", global.line("recover", [stack.as_str()])))
}

/// Reads what is there of these stacks, all together, and records it.
async fn rebuilt(
    (session, global): (&Session, &Global),
    stacks: &[&Stack],
    imports: &Imports,
    overwrite: bool,
) -> Result<Vec<(StackName, Became)>, Failure> {
    let mut all = Vec::new();
    let mut wanted: Vec<(&Stack, Option<Version>)> = Vec::new();
    for &stack in stacks {
        match session.store.load(stack.name()).await {
            Ok(None) => wanted.push((stack, None)),
            Ok(Some(found)) if overwrite => wanted.push((stack, Some(found.version))),
            Ok(Some(_)) => all.push((stack.name().clone(), Became::Kept)),
            Err(error) => return Err(damaged(session, stack.name(), error)),
        }
    }
    // As if nothing were recorded: a record that is written over may be wrong in where it looks.
    let targets: Vec<RefreshTarget<'_>> = wanted.iter().map(|(stack, _)| target(stack, imports)).collect();
    let live = refresh(&session.registry, &targets, Depth::Full, RunId::generate())
        .await
        .map_err(|error| Failure::from(humangov_core::fleet::FleetError::from(error)))?;
    for ((stack, version), live) in wanted.iter().zip(&live) {
        let rebuilt = rebuild(stack, live, imports)
            .map_err(|error| Failure::refused(error.code(), error.to_string()))?;
        let name = stack.name().clone();
        if rebuilt.snapshot.is_empty() && version.is_none() {
            all.push((name, Became::Nothing(Box::new(rebuilt))));
            continue;
        }
        save((session, global), &rebuilt, version.as_ref()).await?;
        all.push((name, Became::Made(Box::new(rebuilt))));
    }
    Ok(all)
}

fn target<'a>(stack: &'a Stack, imports: &'a Imports) -> RefreshTarget<'a> {
    RefreshTarget { fleet: stack.fleet(), name: stack.name(), stack: Some(stack), snapshot: None, imports }
}

fn damaged(session: &Session, stack: &StackName, error: StoreError) -> Failure {
    let is_damaged = matches!(error.kind(), StoreErrorKind::Corrupt(..));
    let failure = Failure::from(error);
    if is_damaged {
        failure
            .hint(format!("move {} out of the way, and rebuild again", session.store.snapshot_place(stack)))
    } else {
        failure
    }
}

/// Under the lease, so that nobody works on what was read a moment ago.
async fn save(
    (session, global): (&Session, &Global),
    rebuilt: &Rebuilt,
    over: Option<&Version>,
) -> Result<(), Failure> {
    let clock = Clock::system();
    let info = LockInfo::this_process("state rebuild", clock.now());
    let stack = &rebuilt.snapshot.stack;
    let lease = session.store.lock(stack, &info, &clock).await?;
    let runs = lease.unfinished().to_vec();
    // One may have been begun, and killed, since it was looked for them.
    let (_, left) = exec::unfinished(&*session.store, stack, clock.now()).await?;
    if !left.is_empty() {
        lease.release(runs).await?;
        return Err(unfinished(stack, global));
    }
    let mut snapshot = rebuilt.snapshot.clone();
    snapshot.updated_at = Some(clock.now());
    let saved = session.store.save(&lease, &snapshot, over).await;
    lease.release(runs).await?;
    Ok(saved.map(drop)?)
}

fn tell(stack: &StackName, became: &Became, text: &mut String) {
    let rebuilt = match became {
        Became::Kept => {
            let _ = writeln!(text, "{stack}: its record is there and stays; --overwrite makes it anew");
            return;
        }
        Became::Nothing(rebuilt) => {
            let _ = writeln!(text, "{stack}: nothing of it is there that is ours");
            rebuilt
        }
        Became::Made(rebuilt) => {
            let count = rebuilt.snapshot.resources.len();
            let _ = writeln!(text, "{GOOD}Rebuilt {stack}{GOOD:#}: {count} recorded.");
            rebuilt
        }
    };
    for (address, owner) in &rebuilt.foreign {
        let _ = writeln!(text, "  {BAD}✗{BAD:#} {:<34} {}", address.as_str(), whose(owner.as_ref()));
    }
    let list = |text: &mut String, addresses: &[Address], what: &str| {
        for address in addresses {
            let _ = writeln!(text, "  {WARN}!{WARN:#} {:<34} {what}", address.as_str());
        }
    };
    list(text, &rebuilt.differing, "not as declared; recorded as it is");
    if matches!(became, Became::Made(_)) {
        list(text, &rebuilt.missing, "declared and not there");
    }
}

fn whose(owner: Option<&Owner>) -> String {
    match owner {
        None => "has our name and not all of our tags; not recorded".to_owned(),
        Some(owner) => {
            format!("is {} of {} in fleet {}; not recorded", owner.address, owner.stack, owner.fleet)
        }
    }
}

fn tell_document(stack: &StackName, became: &Became) -> Value {
    let (result, rebuilt) = match became {
        Became::Kept => ("kept", None),
        Became::Made(rebuilt) => ("rebuilt", Some(rebuilt)),
        Became::Nothing(rebuilt) => ("nothing", Some(rebuilt)),
    };
    let foreign = rebuilt.iter().flat_map(|rebuilt| &rebuilt.foreign).map(|(address, owner)| {
        let owner = owner
            .as_ref()
            .map(|owner| json!({ "fleet": owner.fleet, "stack": owner.stack, "address": owner.address }));
        json!({ "address": address, "owner": owner })
    });
    json!({
        "stack": stack,
        "result": result,
        "recorded": rebuilt.map(|rebuilt| rebuilt.snapshot.resources.len()),
        "foreign": foreign.collect::<Vec<_>>(),
        "differing": rebuilt.map(|rebuilt| &rebuilt.differing),
        "missing": rebuilt.map(|rebuilt| &rebuilt.missing),
    })
}
