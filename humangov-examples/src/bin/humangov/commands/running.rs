// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `apply` and `destroy` share: consent, signals, progress, the end.

use crate::{
    cli::RunFlags,
    exit::Exit,
    output::{
        BAD, Failure, Form, GOOD, Output, Progress, STRONG, ask, chain, document, failed_call, say, seconds,
    },
    session::Session,
};
use humangov_core::{
    event::StepOperation,
    exec::{Cancel, CancelLevel, ExecErrorKind, Outcome, Report, StepFailure},
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
        let executor = self.session.executor(self.settings.concurrency, self.settings.timeout);
        let events = progress.events();
        let running = fleet::apply(&executor, &*self.session.store, self.plan, &cancel, &events);
        let report = tokio::select! {
            report = running => report,
            never = progress.beat() => match never {},
            never = listen(&cancel) => match never {},
        };
        progress.finish();
        let report = report?;
        let exit = exit_of(&report, cancel.level());
        self.tell(&report, exit, started)?;
        Ok(exit)
    }

    fn tell(&self, report: &FleetReport, exit: Exit, started: Instant) -> Result<(), Failure> {
        for (stack, result) in &report.stacks {
            tell_failures(stack.as_str(), result);
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
        Ok(())
    }

    /// How one stack fared, in a sentence.
    fn sentence(&self, stack: &str, result: &StackResult) -> String {
        let report = match result {
            StackResult::Ran(report) => report,
            StackResult::Unchanged => return format!("{stack}: nothing to do"),
            StackResult::Failed(error) => {
                return format!("{BAD}{stack}: not begun{BAD:#}: {}", chain(&**error));
            }
            StackResult::NotRun { because_of } => {
                return format!("{BAD}{stack}: not begun{BAD:#}, since {because_of} did not get there");
            }
            StackResult::Cancelled => return format!("{stack}: not begun, since the run was stopped"),
            StackResult::TakenDown { undone, .. } if undone.outcome.is_applied() => {
                return format!("{stack}: taken down again, since nothing that needs it got there");
            }
            StackResult::TakenDown { .. } => {
                return format!(
                    "{BAD}{stack}: could not be taken down again{BAD:#}; see above. To try again: humangov destroy"
                );
            }
            _ => return format!("{stack}: {result:?}"),
        };
        let time = seconds(report.elapsed);
        let counts = [
            (StepOperation::Create, "created"),
            (StepOperation::Update, "changed"),
            (StepOperation::Delete, "deleted"),
            (StepOperation::DeleteReplaced, "replaced ones deleted"),
        ];
        let done: Vec<String> = counts
            .iter()
            .map(|(operation, word)| (report.count(*operation), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let done = if done.is_empty() { "nothing to do".to_owned() } else { done.join(", ") };
        let undone = [StepOperation::UndoCreate, StepOperation::UndoUpdate, StepOperation::UndoDelete];
        let undone: usize = undone.iter().map(|operation| report.count(*operation)).sum();
        match &report.outcome {
            Outcome::Applied => format!("{GOOD}{} {stack}{GOOD:#} in {time}: {done}.", self.verb),
            Outcome::RolledBack { .. } => {
                format!("{BAD}Rolled back {stack}{BAD:#} in {time}: {undone} undone, nothing left.")
            }
            Outcome::Incomplete { failures } => format!(
                "{BAD}{stack} works, but {} of what should be gone is still there{BAD:#}: {done}. The next run tries again.",
                failures.len()
            ),
            Outcome::Stuck { .. } => format!(
                "{BAD}Stuck {stack}{BAD:#} after {time}: {} left, as told above. Run the command again once the cause is gone.",
                report.left.len()
            ),
            Outcome::Cancelled { rolled_back: true } => {
                format!("Stopped {stack}: {undone} undone, nothing left.")
            }
            _ => format!("Stopped {stack} after {time}: {done}; the next run goes on from there."),
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

/// What a user of the stack wants to know first.
fn outputs(report: &Report, text: &mut String) {
    let told =
        [("url", "url"), ("table", "table_name"), ("bucket", "bucket_name"), ("role", "task_role_arn")];
    for (label, name) in told {
        if let Some(value) = report.exports.get(name).and_then(Value::as_str) {
            let _ = writeln!(text, "  {STRONG}{label:<8}{STRONG:#} {value}");
        }
    }
}

/// Failures are told again at the end, with all that is known: nothing that matters scrolls away.
fn tell_failures(stack: &str, result: &StackResult) {
    if let StackResult::Failed(error) = result {
        say(&format!("{BAD}✗{BAD:#} {stack}  {}", chain(&**error)));
    }
    let (StackResult::Ran(report) | StackResult::TakenDown { undone: report, .. }) = result else { return };
    let tell = |failure: &StepFailure| say(&failed_call(stack, failure.address.as_str(), &failure.error));
    match &report.outcome {
        Outcome::RolledBack { cause } => tell(cause),
        Outcome::Incomplete { failures } => failures.iter().for_each(tell),
        Outcome::Stuck { cause, undo_failures } => cause.iter().chain(undo_failures).for_each(tell),
        _ => {}
    }
    for left in &report.left {
        say(&format!("  {stack}  {}  left: {}", left.address, left.reason));
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

/// The first signal asks politely, the second leaves at once.
async fn listen(cancel: &Cancel) -> std::convert::Infallible {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    loop {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            Some(()) = async { match &mut terminate { Some(signal) => signal.recv().await, None => None } } => {}
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
        cancel.escalate();
        say(match cancel.level() {
            CancelLevel::Drain => {
                "\nStopping: nothing new is begun, what runs is finished and, unless that was all, undone. Once more leaves at once."
            }
            _ => "\nLeaving at once. What still runs in AWS is found again by the next apply.",
        });
    }
}
