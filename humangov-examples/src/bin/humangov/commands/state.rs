// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov state`: what is recorded.

mod rebuild;

use super::{
    planning::open_at,
    standing::{Standing, recorded, standings},
    status::physical_id,
};
use crate::{
    cli::{Global, State, StateCommand, StateList, StateShow},
    exit::Exit,
    output::{DIM, Failure, Output, STRONG, WARN, document},
    session::{Session, Site},
};
use futures_util::future::try_join_all;
use humangov_core::{
    address::StackName,
    store::{Snapshot, StoreError, StoreErrorKind},
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Looks at what is recorded, or makes it anew.
pub async fn run(args: &State, global: &Global, output: Output) -> Result<Exit, Failure> {
    match &args.command {
        StateCommand::List(args) => list(args, global, output).await,
        StateCommand::Show(args) => show(args, global, output).await,
        StateCommand::Rebuild(args) => rebuild::run(args, global, output).await,
    }
}

/// What is recorded of a stack; a record that is damaged is told as such, beside the others.
type Record = Result<Option<Snapshot>, StoreError>;

async fn load(session: &Session, stack: &StackName) -> Result<Record, StoreError> {
    match session.store.load(stack).await {
        Ok(found) => Ok(Ok(found.map(|found| found.value))),
        Err(error) if matches!(error.kind(), StoreErrorKind::Corrupt(..) | StoreErrorKind::TooNew(..)) => {
            Ok(Err(error))
        }
        Err(error) => Err(error),
    }
}

async fn list(args: &StateList, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = Site::find(global, args.fleet.fleet.as_ref())?;
    let session = open_at(global, &site, output).await?;
    let stacks = session.store.stacks().await?;
    let records = try_join_all(stacks.iter().map(|stack| load(&session, stack))).await?;
    let standings = standings(&session, &stacks).await?;
    // Where a stack was taken down a mark may stay behind, by which late writers are refused: nobody needs to see that.
    let found: Vec<(StackName, Record, Standing)> = stacks
        .into_iter()
        .zip(records)
        .zip(standings)
        .map(|((stack, record), standing)| (stack, record, standing))
        .filter(|(_, record, standing)| !matches!(record, Ok(None)) || !standing.is_quiet())
        .collect();
    let mut text = String::new();
    let width = found.iter().map(|(stack, ..)| stack.as_str().len()).max().unwrap_or_default();
    for (stack, record, standing) in &found {
        let (what, at) = match record {
            Ok(Some(snapshot)) => {
                let at = snapshot.updated_at.map(|at| format!("{at:.0}")).unwrap_or_default();
                (format!("{} resources", snapshot.resources.len()), at)
            }
            Ok(None) => ("not recorded".to_owned(), String::new()),
            Err(_) => ("damaged".to_owned(), String::new()),
        };
        let line = format!("{:<width$}  {what:<14}  {at:<20}{}", stack.as_str(), notes(standing));
        let _ = writeln!(text, "{}", line.trim_end());
        if let Err(error) = record {
            let _ = writeln!(text, "  {error}");
        }
    }
    if found.is_empty() {
        text.push_str("Nothing is recorded here.");
    }
    output.result(&text, || {
        let of = |(stack, record, standing): &(StackName, Record, Standing)| {
            let snapshot = record.as_ref().ok().and_then(Option::as_ref);
            json!({
                "stack": stack,
                "place": session.store.snapshot_place(stack),
                "resources": snapshot.map(|snapshot| snapshot.resources.len()),
                "updated_at": snapshot.and_then(|snapshot| snapshot.updated_at),
                "damaged": record.as_ref().err().map(ToString::to_string),
                "standing": standing.document(),
            })
        };
        document(json!({ "fleet": session.fleet, "stacks": found.iter().map(of).collect::<Vec<_>>() }))
    })?;
    Ok(exit_of(found.iter().map(|(_, record, _)| record)))
}

fn notes(standing: &Standing) -> String {
    let held = standing.is_held();
    let note = match (held, standing.runs.len(), &standing.damaged) {
        (true, ..) => "← a run is under way",
        (false, 0, None) => return String::new(),
        (false, 0, Some(_)) => "← a journal is damaged",
        (false, 1, _) => "← a run has not ended",
        (false, ..) => "← runs have not ended",
    };
    format!("  {WARN}{note}{WARN:#}")
}

fn exit_of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Exit {
    if records.into_iter().any(Result::is_err) { Exit::Error } else { Exit::Ok }
}

async fn show(args: &StateShow, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = Site::find(global, args.recorded.fleet.fleet.as_ref())?;
    let session = open_at(global, &site, output).await?;
    let stacks = recorded(&session, &args.recorded).await?;
    let records = try_join_all(stacks.iter().map(|stack| load(&session, stack))).await?;
    let mut text = String::new();
    for (stack, record) in stacks.iter().zip(&records) {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ =
            writeln!(text, "{STRONG}{stack}{STRONG:#}  {DIM}{}{DIM:#}", session.store.snapshot_place(stack));
        match record {
            Ok(Some(snapshot)) => tell(snapshot, &mut text),
            Ok(None) => drop(writeln!(text, "  not recorded")),
            Err(error) => drop(writeln!(text, "  {error}")),
        }
    }
    if stacks.is_empty() {
        text.push_str("Nothing is recorded here.");
    }
    output.result(&text, || {
        let snapshots: Vec<Value> = records
            .iter()
            .filter_map(|record| serde_json::to_value(record.as_ref().ok()?.as_ref()?).ok())
            .collect();
        document(json!({ "fleet": session.fleet, "snapshots": snapshots }))
    })?;
    Ok(exit_of(&records))
}

/// Every resource with what AWS calls it, and what a run left of it.
fn tell(snapshot: &Snapshot, text: &mut String) {
    for (address, record) in &snapshot.resources {
        let outputs = record.outputs.to_value();
        let id = physical_id(&outputs);
        let _ = write!(text, "  {:<32}  {}", address.as_str(), id.as_str().unwrap_or("-"));
        let mut notes = Vec::new();
        if record.unfinished {
            notes.push("not finished".to_owned());
        }
        if record.holds_data {
            notes.push("holds data".to_owned());
        }
        match record.deposed.len() {
            0 => {}
            n => notes.push(format!("{n} replaced, to be deleted")),
        }
        if !notes.is_empty() {
            let _ = write!(text, "  {DIM}({}){DIM:#}", notes.join(", "));
        }
        text.push('\n');
    }
    for (name, value) in &snapshot.exports {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(text, "  {DIM}export{DIM:#} {name} = {value}");
    }
}
