// SPDX-License-Identifier: MIT OR Apache-2.0
//! Shows a run while it runs: a live tree on a terminal, a line for each change elsewhere, events as JSON lines with `--json`.

use anstyle::{AnsiColor, Style};
use humangov_core::{
    address::{Address, StackName},
    event::{Event, EventKind, Events, StepOperation},
};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    collections::BTreeMap,
    fmt::Write,
    io::{IsTerminal, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A tree that moves.
    Live,
    /// Lines that stay.
    Lines,
    /// Events as JSON lines.
    Json,
}

impl Form {
    /// The form that suits where standard error goes.
    pub fn choose(json: bool) -> Self {
        let plain =
            std::env::var_os("CI").is_some() || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match (json, std::io::stderr().is_terminal() && !plain) {
            (true, _) => Self::Json,
            (false, true) => Self::Live,
            (false, false) => Self::Lines,
        }
    }
}

/// How often a silent run says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Draws the events of any number of stacks. Clones draw together.
#[derive(Clone)]
pub struct Progress(Arc<Mutex<Screen>>);

struct Screen {
    form: Form,
    bars: MultiProgress,
    stacks: BTreeMap<StackName, StackView>,
    spoke: Instant,
}

struct StackView {
    header: ProgressBar,
    running: BTreeMap<Address, Running>,
    done: u64,
}

struct Running {
    since: Instant,
    operation: StepOperation,
    detail: String,
    line: ProgressBar,
}

impl Progress {
    pub fn new(form: Form) -> Self {
        let bars = MultiProgress::new();
        if form != Form::Live {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(Arc::new(Mutex::new(Screen { form, bars, stacks: BTreeMap::new(), spoke: Instant::now() })))
    }

    /// Where a run's events go to be shown.
    pub fn events(&self) -> Events {
        let this = self.clone();
        Events::to(move |event| this.screen().show(&event))
    }

    /// Says now and then what is waited for. Runs until dropped.
    pub async fn beat(&self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.screen().beat();
        }
    }

    /// Says a line among the others; not with `--json`, whose lines are events.
    pub fn say(&self, line: &str) {
        let mut screen = self.screen();
        if screen.form != Form::Json {
            screen.say(line);
        }
    }

    /// What runs now, a line each.
    pub fn running(&self) -> Vec<String> {
        self.screen().running()
    }

    /// The stacks whose runs are under way.
    pub fn stacks(&self) -> Vec<StackName> {
        self.screen().stacks.keys().cloned().collect()
    }

    /// Leaves the screen as it is, without what moved.
    pub fn finish(&self) {
        let screen = self.screen();
        drop(screen.bars.clear());
    }

    fn screen(&self) -> std::sync::MutexGuard<'_, Screen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    fn say(&mut self, line: &str) {
        self.spoke = Instant::now();
        match self.form {
            // The bars write past `anstream`, which knows whether colours are welcome.
            Form::Live if is_plain() => {
                drop(self.bars.println(anstream::adapter::strip_str(line).to_string()));
            }
            Form::Live => drop(self.bars.println(line)),
            Form::Lines | Form::Json => drop(writeln!(anstream::stderr(), "{line}")),
        }
    }

    fn show(&mut self, event: &Event) {
        if self.form == Form::Json {
            let line = serde_json::to_string(event).unwrap_or_default();
            return self.say(&line);
        }
        let stack = &event.stack;
        match &event.what {
            EventKind::RunStarted { steps } => {
                let header = self.bars.add(ProgressBar::new(u64::try_from(*steps).unwrap_or(0)));
                header.set_style(style("{prefix:16} ▕{bar:20}▏ {pos}/{len}   {since}"));
                header.set_prefix(stack.to_string());
                // Its time goes on while nothing else happens.
                header.enable_steady_tick(Duration::from_secs(1));
                self.stacks.insert(stack.clone(), StackView { header, running: BTreeMap::new(), done: 0 });
            }
            EventKind::StepStarted { address, operation } => self.start(stack, address, *operation),
            EventKind::StepProgressed { address, detail } => self.detail(stack, address, detail.clone()),
            EventKind::StepRetried { address, attempt, error, .. } => {
                self.detail(
                    stack,
                    address,
                    format!(
                        "try {} failed ({}), trying again",
                        attempt,
                        error.aws_code.as_deref().unwrap_or(&error.code)
                    ),
                );
            }
            EventKind::StepFinished { address, operation, elapsed } => {
                self.end(stack, address);
                if *operation != StepOperation::Record {
                    let (good, what) = (AnsiColor::Green.on_default(), past(*operation));
                    self.say(&line(good, "✓", stack, address, what, *elapsed));
                }
            }
            EventKind::StepFailed { address, operation, error, elapsed } => {
                self.end(stack, address);
                let bad = AnsiColor::Red.on_default();
                let what = format!("{} failed", operation.verb());
                self.say(&line(bad, "✗", stack, address, &what, *elapsed));
                self.say(&format!("      {error}"));
            }
            EventKind::RollbackStarted => self.say(&format!("{stack}  rolling back what this run did")),
            EventKind::RunFinished { .. } => {
                if let Some(view) = self.stacks.remove(stack) {
                    view.header.finish_and_clear();
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, stack: &StackName, address: &Address, operation: StepOperation) {
        let Some(view) = self.stacks.get_mut(stack) else { return };
        let line = self.bars.insert_after(&view.header, ProgressBar::new_spinner());
        line.set_style(style("  {spinner} {prefix:28} {since:>9}   {wide_msg}"));
        line.set_prefix(address.to_string());
        line.set_message(operation.verb());
        line.enable_steady_tick(Duration::from_millis(120));
        view.running.insert(
            address.clone(),
            Running { since: Instant::now(), operation, detail: String::new(), line },
        );
    }

    fn detail(&mut self, stack: &StackName, address: &Address, detail: String) {
        if let Some(running) = self.stacks.get_mut(stack).and_then(|view| view.running.get_mut(address)) {
            running.line.set_message(detail.clone());
            running.detail = detail;
        }
    }

    fn end(&mut self, stack: &StackName, address: &Address) {
        let Some(view) = self.stacks.get_mut(stack) else { return };
        if let Some(running) = view.running.remove(address) {
            running.line.finish_and_clear();
        }
        view.done += 1;
        view.header.set_position(view.done);
    }

    fn beat(&mut self) {
        if self.form != Form::Lines || self.spoke.elapsed() < HEARTBEAT {
            return;
        }
        for line in self.running() {
            self.say(&line);
        }
    }

    fn running(&self) -> Vec<String> {
        let running = self.stacks.iter().flat_map(|(stack, view)| {
            view.running.iter().map(move |(address, running)| (stack, address, running))
        });
        let line = |(stack, address, running): (&StackName, &Address, &Running)| {
            let what = if running.detail.is_empty() { running.operation.verb() } else { &running.detail };
            format!("  … {stack}  {address}  {}  {what}", seconds(running.since.elapsed()))
        };
        running.map(line).collect()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("since", |state: &ProgressState, text: &mut dyn Write| {
            let _ = text.write_str(&seconds(state.elapsed()));
        })
        .progress_chars("█▓░")
}

/// Whether standard error is to have no colours.
fn is_plain() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) == anstream::ColorChoice::Never
}

fn line(
    color: Style,
    sign: &str,
    stack: &StackName,
    address: &Address,
    what: &str,
    elapsed: Duration,
) -> String {
    format!(
        "  {color}{sign}{color:#} {:<14} {:<34} {what:<16} {:>8}",
        stack.as_str(),
        address.as_str(),
        seconds(elapsed)
    )
}

/// What a step that worked has done.
fn past(operation: StepOperation) -> &'static str {
    match operation {
        StepOperation::Create => "created",
        StepOperation::Update => "changed",
        StepOperation::Delete => "deleted",
        StepOperation::DeleteReplaced => "old one deleted",
        StepOperation::Record => "recorded",
        StepOperation::UndoCreate
        | StepOperation::UndoUpdate
        | StepOperation::UndoDelete
        | StepOperation::UndoRecord => "undone",
        _ => "done",
    }
}

/// A time as people say it: `0.3 s`, `41 s`, `1 min 12 s`.
pub fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    match whole {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{whole} s"),
        _ => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = [300, 9_960, 41_000, 72_500].map(|ms| seconds(Duration::from_millis(ms)));
        assert_eq!(said, ["0.3 s", "10.0 s", "41 s", "1 min 12 s"]);
    }
}
