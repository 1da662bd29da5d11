// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs that have not ended, for people.

use super::{BAD, STRONG, WARN, seconds};
use humangov_core::{
    address::{Address, StackName},
    event::{ErrorReport, StepOperation},
    exec::{RunProgress, Unfinished},
    store::LockInfo,
};
use jiff::Timestamp;
use std::{fmt::Write, time::Duration};

/// What is told of a run.
struct Told<'a> {
    stack: &'a StackName,
    begun_by: &'a LockInfo,
    progress: RunProgress,
    steps: usize,
    done: usize,
    in_doubt: &'a [(Address, StepOperation)],
    failed: &'a [(Address, StepOperation, ErrorReport)],
    last_at: Option<Timestamp>,
}

impl<'a> From<&'a Unfinished> for Told<'a> {
    fn from(run: &'a Unfinished) -> Self {
        Self {
            stack: &run.stack,
            begun_by: &run.begun_by,
            progress: run.progress,
            steps: run.steps,
            done: run.done,
            in_doubt: &run.in_doubt,
            failed: &run.failed,
            last_at: run.last_at,
        }
    }
}

/// The name of how far a run is, for programs.
pub const fn progress_name(progress: RunProgress) -> &'static str {
    match progress {
        RunProgress::Forward => "forward",
        RunProgress::Unwinding => "unwinding",
        RunProgress::Cleanup => "cleanup",
        RunProgress::Stuck => "stuck",
        RunProgress::Ending => "ending",
        _ => "other",
    }
}

/// A run in two lines: who began it, how far it is.
pub fn run_line(run: &Unfinished) -> String {
    Told::from(run).line()
}

/// All that is known of a run, in a paragraph.
pub fn run_text(run: &Unfinished, under_way: bool, now: Timestamp) -> String {
    Told::from(run).text(under_way, now)
}

impl Told<'_> {
    fn how_far(&self) -> String {
        let Self { done, steps, .. } = self;
        match self.progress {
            RunProgress::Forward => format!("{done} of {steps} steps done"),
            RunProgress::Unwinding => {
                format!("it was undoing what it had done: {done} of {steps} steps left to undo")
            }
            RunProgress::Cleanup => {
                "everything wanted works; it was deleting what is no longer needed".to_owned()
            }
            RunProgress::Ending => "only its end is not recorded".to_owned(),
            _ => "it failed, and could not undo everything".to_owned(),
        }
    }

    fn line(&self) -> String {
        let doubt = match self.in_doubt.len() {
            0 => String::new(),
            n => format!(", {n} in doubt"),
        };
        let LockInfo { operation, holder, since, .. } = self.begun_by;
        format!("{operation} by {holder}, begun at {since:.0}\n  {}{doubt}", self.how_far())
    }

    fn text(&self, under_way: bool, now: Timestamp) -> String {
        let what = match (under_way, self.progress) {
            (true, _) => format!("{WARN}a run is under way{WARN:#}"),
            (false, RunProgress::Stuck) => format!("{BAD}a run is stuck{BAD:#}"),
            (false, _) => format!("{WARN}a run was cut short{WARN:#}"),
        };
        let LockInfo { operation, holder, process, since, .. } = self.begun_by;
        let mut text = String::new();
        let _ = writeln!(text, "{STRONG}{}{STRONG:#}: {what}", self.stack);
        let _ =
            writeln!(text, "  begun     {operation} by {holder} (process {process}), {}", ago(*since, now));
        if let Some(at) = self.last_at {
            let _ = writeln!(text, "  last sign {}", ago(at, now));
        }
        let _ = writeln!(text, "  how far   {}", self.how_far());
        let doubt = if under_way { "running" } else { "in doubt" };
        for (address, operation) in self.in_doubt {
            let _ = writeln!(text, "  {doubt:<9} {:<34} {}", address.as_str(), operation.verb());
        }
        for (address, operation, error) in self.failed {
            let _ = writeln!(text, "  failed    {:<34} {}", address.as_str(), operation.verb());
            let _ = writeln!(text, "            {error}");
        }
        text
    }
}

/// A moment as people say it: `12 s ago`, and by the clock where it is long ago.
fn ago(at: Timestamp, now: Timestamp) -> String {
    // A clock that was set back is no reason for a negative age.
    let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
    if age < Duration::from_hours(1) { format!("{} ago", seconds(age)) } else { format!("at {at:.0}") }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use humangov_core::handler::{HandlerError, HandlerErrorKind};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn shown(progress: RunProgress, under_way: bool) -> String {
        let mut begun_by = LockInfo::this_process("apply", at("2026-07-01T12:00:00Z"));
        begun_by.holder = "ana@laptop".to_owned();
        begun_by.process = 4242;
        let error = HandlerError::new(HandlerErrorKind::AccessDenied, "DeleteRole", "no")
            .with_aws_code("AccessDenied");
        let failed = [("iam.role/task".parse().unwrap(), StepOperation::UndoCreate, (&error).into())];
        let told = Told {
            stack: &"california".parse().unwrap(),
            begun_by: &begun_by,
            progress,
            steps: 14,
            done: 5,
            in_doubt: &[("ecs.service/app".parse().unwrap(), StepOperation::Create)],
            failed: if progress == RunProgress::Stuck { &failed } else { &[] },
            last_at: Some(at("2026-07-01T12:01:12Z")),
        };
        let text = told.text(under_way, at("2026-07-01T12:02:00Z"));
        anstream::adapter::strip_str(&format!("{text}{}", told.line())).to_string()
    }

    #[test]
    fn a_run_that_was_cut_short_is_told_with_what_is_in_doubt() {
        insta::assert_snapshot!(shown(RunProgress::Forward, false), @"
        california: a run was cut short
          begun     apply by ana@laptop (process 4242), 2 min 0 s ago
          last sign 48 s ago
          how far   5 of 14 steps done
          in doubt  ecs.service/app                    create
        apply by ana@laptop, begun at 2026-07-01T12:00:00Z
          5 of 14 steps done, 1 in doubt
        ");
    }

    #[test]
    fn a_run_that_is_stuck_is_told_with_what_failed() {
        insta::assert_snapshot!(shown(RunProgress::Stuck, false), @"
        california: a run is stuck
          begun     apply by ana@laptop (process 4242), 2 min 0 s ago
          last sign 48 s ago
          how far   it failed, and could not undo everything
          in doubt  ecs.service/app                    create
          failed    iam.role/task                      undo create
                    DeleteRole failed: AccessDenied: no
        apply by ana@laptop, begun at 2026-07-01T12:00:00Z
          it failed, and could not undo everything, 1 in doubt
        ");
    }

    #[test]
    fn a_run_that_is_under_way_is_no_cause_for_alarm() {
        insta::assert_snapshot!(shown(RunProgress::Unwinding, true), @"
        california: a run is under way
          begun     apply by ana@laptop (process 4242), 2 min 0 s ago
          last sign 48 s ago
          how far   it was undoing what it had done: 5 of 14 steps left to undo
          running   ecs.service/app                    create
        apply by ana@laptop, begun at 2026-07-01T12:00:00Z
          it was undoing what it had done: 5 of 14 steps left to undo, 1 in doubt
        ");
    }
}
