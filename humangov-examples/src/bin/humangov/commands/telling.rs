// SPDX-License-Identifier: MIT OR Apache-2.0
//! What everything that runs steps tells: signals, failures, how a run ended, what to type next.

use crate::{
    cli::{Global, OnCancel, RunFlags},
    exit::Exit,
    output::{BAD, GOOD, Output, Progress, STRONG, failed_call, say, seconds},
};
use humangov_core::{
    event::StepOperation,
    exec::{Cancel, CancelLevel, Outcome, Report, StepFailure},
};
use serde_json::Value;
use std::{convert::Infallible, fmt::Write};

/// How a run ended, in a sentence; `verb` is what is said when all went well.
pub fn sentence(report: &Report, verb: &str) -> String {
    let stack = &report.stack;
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
        Outcome::Applied => format!("{GOOD}{verb} {stack}{GOOD:#} in {time}: {done}."),
        Outcome::RolledBack { .. } => {
            format!("{BAD}Rolled back {stack}{BAD:#} in {time}: {undone} undone, nothing left.")
        }
        Outcome::Incomplete { failures } => format!(
            "{BAD}{stack} works, but {} of what should be gone is still there{BAD:#}: {done}. The next run tries again.",
            failures.len()
        ),
        Outcome::Stuck { .. } => {
            format!("{BAD}Stuck {stack}{BAD:#} after {time}: {} left, as told above.", report.left.len())
        }
        Outcome::Cancelled { rolled_back: true } => {
            format!("Stopped {stack}: {undone} undone, nothing left.")
        }
        Outcome::Abandoned => {
            format!("{BAD}Left {stack}{BAD:#} after {time}: {done}; it is not known what became of the rest.")
        }
        Outcome::Settled => format!("Settled {stack}: what was in doubt is recorded as it is."),
        _ => format!("Stopped {stack} after {time}: {done}; the next run goes on from there."),
    }
}

/// What a user of the stack wants to know first.
pub fn outputs(report: &Report, text: &mut String) {
    let told =
        [("url", "url"), ("table", "table_name"), ("bucket", "bucket_name"), ("role", "task_role_arn")];
    for (label, name) in told {
        if let Some(value) = report.exports.get(name).and_then(Value::as_str) {
            let _ = writeln!(text, "  {STRONG}{label:<8}{STRONG:#} {value}");
        }
    }
}

/// Failures are told again at the end, with all that is known, and then what is left, a line each: nothing that matters scrolls
/// away.
pub fn tell_failures(report: &Report) {
    let stack = report.stack.as_str();
    let tell = |failure: &StepFailure| say(&failed_call(stack, failure.address.as_str(), &failure.error));
    match &report.outcome {
        Outcome::RolledBack { cause } => tell(cause),
        Outcome::Incomplete { failures } => failures.iter().for_each(tell),
        Outcome::Stuck { cause, undo_failures } => cause.iter().chain(undo_failures).for_each(tell),
        _ => {}
    }
    for left in &report.left {
        say(&format!("  {stack:<14} {:<34} left: {}", left.address.as_str(), left.reason));
    }
}

/// What to type after these runs, and what that does: nothing where they ended.
pub fn what_next(reports: &[&Report], global: &Global) -> Vec<(String, &'static str)> {
    let mut lines = Vec::new();
    for report in reports {
        let stack = report.stack.as_str();
        match &report.outcome {
            Outcome::Stuck { .. } => {
                lines.push((global.line("recover", [stack]), "tries again, once the cause is gone"));
                let left = report.left.iter().map(|left| left.address.as_str());
                lines.push((
                    global.line("orphan", [stack].into_iter().chain(left)),
                    "lets go of them: they stay in AWS",
                ));
            }
            Outcome::Abandoned => {
                lines.push((global.line("recover", [stack]), "ends it the way it was going"));
                lines.push((global.line("recover --rollback", [stack]), "undoes what it did"));
            }
            _ => {}
        }
    }
    lines
}

/// Says what to type next, one line each.
pub fn tell_next(output: Output, lines: &[(String, &'static str)]) {
    // What does not fit beside the longest command is told below it.
    const MOST: usize = 60;
    let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= MOST).max();
    let width = width.unwrap_or_default();
    for (line, what) in lines {
        if line.chars().count() <= MOST {
            output.note(&format!("Next: {line:<width$}   {what}"));
        } else {
            output.note(&format!("Next: {line}\n      {what}"));
        }
    }
}

/// The first signal asks politely, the second leaves as soon as what is known is written down, the third at once.
pub async fn listen(
    cancel: &Cancel,
    progress: &Progress,
    settings: &RunFlags,
    global: &Global,
) -> Infallible {
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
        if cancel.level() == CancelLevel::Abandon {
            // Whatever holds it up: the journal has all that was begun.
            std::process::exit(Exit::Interrupted.code().into());
        }
        cancel.escalate();
        progress.say(&stopping(cancel.level(), progress, settings.on_cancel, global));
    }
}

fn stopping(level: CancelLevel, progress: &Progress, policy: OnCancel, global: &Global) -> String {
    let running = progress.running();
    let mut text = match (level, policy) {
        (CancelLevel::Drain, OnCancel::Rollback) => {
            "Stopping: nothing new is begun, what runs is finished and, unless that was all, undone."
                .to_owned()
        }
        (CancelLevel::Drain, OnCancel::Halt) => {
            "Stopping: nothing new is begun, what runs is finished, and what was done stays.".to_owned()
        }
        _ => "Leaving at once. The journal has all that was begun.".to_owned(),
    };
    let still = if level == CancelLevel::Drain { "Still running:" } else { "Still running in AWS:" };
    if !running.is_empty() {
        let _ = write!(text, "\n{still}\n{}", running.join("\n"));
    }
    if level == CancelLevel::Drain {
        text.push_str("\nOnce more leaves at once.");
    } else {
        let stacks = progress.stacks();
        let recover = global.line("recover", stacks.iter().map(humangov_core::address::StackName::as_str));
        let _ = write!(text, "\nNext: {recover}");
    }
    text
}
