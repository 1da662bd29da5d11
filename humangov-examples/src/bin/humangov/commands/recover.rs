// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov recover`: brings runs that were killed or are stuck to their end, from nothing but their journals and the account.

use super::{
    planning::open_at,
    running::consent,
    standing::{Standing, free, recorded, standings},
    telling::{listen, outputs, sentence, tell_failures, tell_next, what_next},
};
use crate::{
    cli::{Global, Recover},
    exit::Exit,
    output::{BAD, Failure, Form, GOOD, Output, Progress, WARN, chain, document, say, seconds},
    session::{Session, Site},
};
use futures_util::future::join_all;
use humangov_core::{
    address::StackName,
    base_stack::BaseStack,
    event::Events,
    exec::{Cancel, CancelLevel, ExecError, Executor, Outcome, Recovery, Report, RunProgress},
};
use serde_json::{Value, json};
use std::fmt::Write;
use tokio::time::Instant;

/// Finds what has not ended, says so, and ends it.
pub async fn run(args: &Recover, global: &Global, output: Output) -> Result<Exit, Failure> {
    let started = Instant::now();
    let site = Site::find(global, args.recorded.fleet.fleet.as_ref())?;
    let session = open_at(global, &site, output).await?;
    let stacks = recorded(&session, &args.recorded).await?;
    let mut found = if args.recorded.states.is_empty() {
        standings(&session, &stacks).await?
    } else {
        // Whoever names a state wants that one, and waits for it.
        free(&session, &stacks, args.run.lock.lock_timeout, global, output).await?
    };
    found.retain(|standing| !standing.is_quiet());
    for standing in &found {
        output.note(standing.text().trim_end());
        if standing.is_held() {
            output.note(&format!("{WARN}{}: left alone{WARN:#}, since its run is under way", standing.stack));
        }
        output.note("");
    }
    let left: Vec<&Standing> = found.iter().filter(|standing| standing.is_left()).collect();
    let how = if args.rollback { Recovery::RollBack } else { Recovery::Resume };
    if left.is_empty() {
        output.result("Nothing to recover: every run has ended.", || {
            tell(&session, how, &found, &[], Exit::Ok)
        })?;
        return Ok(Exit::Ok);
    }
    if let Some(error) = left.iter().find_map(|standing| standing.damaged.clone()) {
        return Err(Failure::from(error).hint(
            "the account is as it is; move the journal away and `humangov apply` finds what is there by its tags",
        ));
    }
    let question = match how {
        Recovery::RollBack => "Undo what these runs did? Type yes:",
        _ => "Go on with these runs? Type yes:",
    };
    consent(output, args.run.consent.yes, question, "yes")?;

    let cancel = Cancel::new();
    let progress = Progress::new(Form::choose(output.is_json()));
    let (executor, events) = (session.executor(&args.run), progress.events());
    let running = recover(&executor, &left, how, &cancel, &events);
    let results = tokio::select! {
        results = running => results,
        never = progress.beat() => match never {},
        never = listen(&cancel, &progress, &args.run, global) => match never {},
    };
    progress.finish();

    let exit = exit_of(&results, &left, how, cancel.level());
    let reports = || results.iter().flat_map(|(_, result)| result.iter().flatten());
    reports().for_each(tell_failures);
    let mut text = String::new();
    for (stack, result) in &results {
        match result {
            Ok(reports) => {
                for report in reports {
                    let _ = writeln!(text, "{}", ended(report, how));
                    outputs(report, &mut text);
                }
            }
            Err(error) => {
                say(&format!("{BAD}✗{BAD:#} {stack}  {}", chain(error)));
                let _ = writeln!(text, "{BAD}{stack}: not recovered{BAD:#}");
            }
        }
    }
    let retries: u32 = reports().map(Report::retries).sum();
    let _ = write!(text, "{} calls, {retries} retries, {}", session.calls(), seconds(started.elapsed()));
    output.result(&text, || tell(&session, how, &found, &results, exit))?;
    tell_next(output, &what_next(&reports().collect::<Vec<_>>(), global));
    Ok(exit)
}

/// How a run ended; that it was undone is good where that was asked for.
fn ended(report: &Report, how: Recovery) -> String {
    let undone =
        matches!(report.outcome, Outcome::RolledBack { .. } | Outcome::Cancelled { rolled_back: true });
    if how == Recovery::RollBack && undone {
        let count = report.steps.iter().filter(|step| step.error.is_none()).count();
        return format!(
            "{GOOD}Rolled back {}{GOOD:#} in {}: {count} undone, nothing left.",
            report.stack,
            seconds(report.elapsed)
        );
    }
    sentence(report, "Finished")
}

/// A stack, and how its runs ended.
type Recovered = (StackName, Result<Vec<Report>, ExecError>);

/// What others import from comes first when runs go on, and last when they are undone.
async fn recover(
    executor: &Executor,
    left: &[&Standing],
    how: Recovery,
    cancel: &Cancel,
    events: &Events,
) -> Vec<Recovered> {
    let (base, states): (Vec<&Standing>, Vec<&Standing>) =
        left.iter().partition(|standing| standing.stack.as_str() == BaseStack::NAME);
    let order = if how == Recovery::RollBack { [states, base] } else { [base, states] };
    let mut results = Vec::new();
    for together in order {
        if cancel.level() != CancelLevel::None {
            break;
        }
        let runs = together.iter().map(|standing| async {
            let result = executor.recover(&standing.stack, how, cancel, events).await;
            (standing.stack.clone(), result)
        });
        results.extend(join_all(runs).await);
    }
    results
}

/// Good is what was asked for: to the end for a run that went on, undone for one that was to go back or was going back already.
fn exit_of(results: &[Recovered], left: &[&Standing], how: Recovery, cancelled: CancelLevel) -> Exit {
    let went_back = |report: &Report| {
        let runs = left.iter().flat_map(|standing| &standing.runs);
        let before = runs.filter(|run| run.run == report.run).map(|run| run.progress);
        how == Recovery::RollBack
            || before
                .into_iter()
                .any(|was| matches!(was, RunProgress::Unwinding | RunProgress::Stuck | RunProgress::Ending))
    };
    let exit = |report: &Report| match &report.outcome {
        Outcome::Applied | Outcome::Settled => Exit::Ok,
        Outcome::RolledBack { .. } | Outcome::Cancelled { .. } if went_back(report) => Exit::Ok,
        Outcome::RolledBack { .. } => Exit::RolledBack,
        Outcome::Incomplete { .. } => Exit::Partial,
        _ => Exit::Error,
    };
    let all: Vec<Exit> = results
        .iter()
        .flat_map(|(_, result)| match result {
            Ok(reports) => reports.iter().map(exit).collect(),
            Err(error) => vec![Failure::from(error.clone()).exit()],
        })
        .collect();
    let is_good = all.iter().all(|exit| *exit == Exit::Ok);
    if is_good && results.len() == left.len() {
        return Exit::Ok;
    }
    if cancelled != CancelLevel::None {
        return Exit::Interrupted;
    }
    match all.iter().filter(|exit| **exit != Exit::Ok).collect::<Vec<_>>()[..] {
        [first, ref more @ ..] if more.len() + 1 == all.len() && more.iter().all(|exit| *exit == first) => {
            *first
        }
        _ => Exit::Partial,
    }
}

fn tell(session: &Session, how: Recovery, found: &[Standing], results: &[Recovered], exit: Exit) -> Value {
    let stacks: Vec<Value> = results
        .iter()
        .map(|(stack, result)| match result {
            Ok(reports) => json!({ "stack": stack, "reports": reports }),
            Err(error) => {
                json!({ "stack": stack, "error": { "code": error.code(), "message": chain(error) } })
            }
        })
        .collect();
    document(json!({
        "exit": exit.name(),
        "fleet": session.fleet,
        "how": if how == Recovery::RollBack { "rollback" } else { "resume" },
        "found": found.iter().map(Standing::document).collect::<Vec<_>>(),
        "stacks": stacks,
        "calls": session.calls(),
    }))
}
