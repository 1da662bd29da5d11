// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `apply` and `destroy` share: consent, progress, the end.

use super::telling::{listen, outputs, sentence, tell_failures, tell_next, what_next};
use crate::{
    cli::{Global, RunFlags},
    exit::Exit,
    output::{BAD, Failure, Form, Output, Progress, ask, chain, document, say, seconds},
    session::Session,
};
use humangov_core::{
    exec::{Cancel, CancelLevel, ExecErrorKind, Outcome, Report},
    fleet::{self, FleetPlan, FleetReport, StackResult},
    plan::Action,
    store::StoreErrorKind,
};
use serde_json::{Value, json};
use std::fmt::Write;
use tokio::time::Instant;

/// Goes on only if the user wants it: with `--yes`, or by typing `word` where somebody is there to type.
pub fn consent(output: Output, yes: bool, question: &str, word: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !output.can_ask() {
        return Err(Failure::refused("cli.no_consent", "nobody is here to be asked, and nothing was done")
            .hint("give --yes to go ahead"));
    }
    if ask(question, word)? { Ok(()) } else { Err(Failure::refused("cli.declined", "nothing was done")) }
}

/// A plan to be executed.
pub struct Run<'a> {
    pub session: &'a Session,
    pub global: &'a Global,
    pub output: Output,
    pub settings: &'a RunFlags,
    pub plan: &'a FleetPlan,
    /// What is said at the end when all went well.
    pub verb: &'static str,
}

impl Run<'_> {
    /// Executes the plan, showing how it goes, and tells how it went.
    pub async fn execute(self) -> Result<Exit, Failure> {
        let started = Instant::now();
        let cancel = Cancel::new();
        let progress = Progress::new(Form::choose(self.output.is_json()));
        let executor = self.session.executor(self.settings);
        let events = progress.events();
        let running = fleet::apply(&executor, &*self.session.store, self.plan, &cancel, &events);
        let report = tokio::select! {
            report = running => report,
            never = progress.beat() => match never {},
            never = listen(&cancel, &progress, self.settings, self.global) => match never {},
        };
        progress.finish();
        let report = report?;
        let exit = exit_of(&report, cancel.level());
        self.tell(&report, exit, started)?;
        Ok(exit)
    }

    fn tell(&self, report: &FleetReport, exit: Exit, started: Instant) -> Result<(), Failure> {
        for (stack, result) in &report.stacks {
            match result {
                StackResult::Failed(error) => say(&format!("{BAD}✗{BAD:#} {stack}  {}", chain(&**error))),
                StackResult::Ran(report) | StackResult::TakenDown { undone: report, .. } => {
                    tell_failures(report);
                }
                _ => {}
            }
        }
        let mut text = String::new();
        for (stack, result) in &report.stacks {
            let _ = writeln!(text, "{}", self.sentence(stack.as_str(), result));
            if let StackResult::Ran(report) = result {
                outputs(report, &mut text);
            }
        }
        for plan in &self.plan.plans {
            for change in plan.changes.iter().filter(|change| change.action == Action::Keep) {
                let _ = writeln!(
                    text,
                    "  {:<14} {:<34} kept with its data; --delete-data deletes it",
                    plan.stack.as_str(),
                    change.address.as_str()
                );
            }
        }
        let retries: u32 = report.reports().map(Report::retries).sum();
        let _ =
            write!(text, "{} calls, {retries} retries, {}", self.session.calls(), seconds(started.elapsed()));
        self.output.result(&text, || self.document(report, exit))?;
        let ran: Vec<&Report> = report.reports().collect();
        tell_next(self.output, &what_next(&ran, self.global));
        Ok(())
    }

    /// How one stack fared, in a sentence.
    fn sentence(&self, stack: &str, result: &StackResult) -> String {
        match result {
            StackResult::Ran(report) => sentence(report, self.verb),
            StackResult::Unchanged => format!("{stack}: nothing to do"),
            StackResult::Failed(error) => format!("{BAD}{stack}: not begun{BAD:#}: {}", chain(&**error)),
            StackResult::NotRun { because_of } => {
                format!("{BAD}{stack}: not begun{BAD:#}, since {because_of} did not get there")
            }
            StackResult::Cancelled => format!("{stack}: not begun, since the run was stopped"),
            StackResult::TakenDown { undone, .. } if undone.outcome.is_applied() => {
                format!("{stack}: taken down again, since nothing that needs it got there")
            }
            StackResult::TakenDown { .. } => {
                format!(
                    "{BAD}{stack}: could not be taken down again{BAD:#}; see above. To try again: {}",
                    self.global.line("destroy", [])
                )
            }
            _ => format!("{stack}: {result:?}"),
        }
    }

    fn document(&self, report: &FleetReport, exit: Exit) -> Value {
        let stacks: Vec<Value> = report
            .stacks
            .iter()
            .map(|(stack, result)| match result {
                StackResult::Ran(report) => json!({ "stack": stack, "result": "ran", "report": report }),
                StackResult::Unchanged => json!({ "stack": stack, "result": "unchanged" }),
                StackResult::Failed(error) => {
                    json!({ "stack": stack, "result": "failed", "error": { "code": error.code(), "message": chain(&**error) } })
                }
                StackResult::TakenDown { made, undone } => {
                    json!({ "stack": stack, "result": "taken_down", "made": made, "undone": undone })
                }
                StackResult::Cancelled => json!({ "stack": stack, "result": "cancelled" }),
                StackResult::NotRun { because_of } => {
                    json!({ "stack": stack, "result": "not_run", "because_of": because_of })
                }
                _ => json!({ "stack": stack }),
            })
            .collect();
        let kept: Vec<Value> = self
            .plan
            .plans
            .iter()
            .flat_map(|plan| plan.changes.iter().map(move |change| (plan, change)))
            .filter(|(_, change)| change.action == Action::Keep)
            .map(|(plan, change)| json!({ "stack": plan.stack, "address": change.address }))
            .collect();
        document(
            json!({ "exit": exit.name(), "stacks": stacks, "kept": kept, "calls": self.session.calls() }),
        )
    }
}

/// The exit code of a run of many stacks.
fn exit_of(report: &FleetReport, cancelled: CancelLevel) -> Exit {
    if report.is_good() {
        return Exit::Ok;
    }
    if cancelled != CancelLevel::None {
        return Exit::Interrupted;
    }
    let outcome = |result: &StackResult| match result {
        StackResult::Ran(report) => Some(report.outcome.clone()),
        _ => None,
    };
    let any = |test: &dyn Fn(&StackResult) -> bool| report.stacks.iter().any(|(_, result)| test(result));
    if any(&|result| matches!(outcome(result), Some(Outcome::Applied | Outcome::Incomplete { .. }))) {
        return Exit::Partial;
    }
    let stuck = |result: &StackResult| match result {
        StackResult::Ran(report) => matches!(report.outcome, Outcome::Stuck { .. }),
        StackResult::TakenDown { undone, .. } => !undone.outcome.is_applied(),
        _ => false,
    };
    if any(&stuck) {
        return Exit::Error;
    }
    if any(&|result| matches!(outcome(result), Some(Outcome::RolledBack { .. }))) {
        return Exit::RolledBack;
    }
    let failed = report.stacks.iter().find_map(|(_, result)| match result {
        StackResult::Failed(error) => Some(error),
        _ => None,
    });
    match failed.map(|error| error.kind()) {
        Some(ExecErrorKind::Store(error)) if matches!(error.kind(), StoreErrorKind::Locked { .. }) => {
            Exit::Locked
        }
        Some(ExecErrorKind::Store(_)) | None => Exit::Error,
        Some(_) => Exit::Refused,
    }
}
