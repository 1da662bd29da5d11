// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where words go: results to standard output, everything else to standard error, colours only where they are welcome.

mod advice;
mod failure;
mod plan_text;
mod progress;
mod run_text;
mod status_text;

pub use failure::{Failure, chain, failed_call};
pub use plan_text::plan_text;
pub use progress::{Form, Progress, seconds};
pub use run_text::{progress_name, run_line, run_text};
pub use status_text::{Fact, Left, Row, Status};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Write};

/// Something good.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something bad.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Something to know.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();
/// What stands out.
pub const STRONG: Style = Style::new().bold();

/// The version of the JSON documents on standard output. Fields may be added to a version, never taken away or changed.
pub const FORMAT_VERSION: u32 = 1;

/// How this run speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// As the flags want it. What the environment says of colours (`NO_COLOR`, `CLICOLOR`, `TERM=dumb`) holds besides.
    pub fn new(json: bool, no_color: bool) -> Self {
        if no_color {
            anstream::ColorChoice::Never.write_global();
        }
        Self { json }
    }

    /// Whether the result is to be a JSON document.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// The result: `text` for people, or `document` as JSON.
    pub fn result(self, text: &str, document: impl FnOnce() -> Value) -> io::Result<()> {
        if self.json { print_document(&document()) } else { print(text) }
    }

    /// Something to know besides the result. Not with `--json`, where it is part of the document.
    pub fn note(self, text: &str) {
        if !self.json {
            say(text);
        }
    }

    /// Whether somebody is there to be asked: no pipe, no CI, and no JSON for a program.
    pub fn can_ask(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal() && is_for_people()
    }
}

/// Asks for `word` to be typed; whether it was.
pub fn ask(question: &str, word: &str) -> io::Result<bool> {
    let mut stderr = anstream::stderr();
    write!(stderr, "{STRONG}{question}{STRONG:#} ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == word)
}

/// Whether the environment is one in which lines may move and questions be asked.
pub fn is_for_people() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
    !set("CI") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A JSON document with its version, of `value`, which must be an object.
pub fn document(value: impl Serialize) -> Value {
    let mut document = json!({ "format_version": FORMAT_VERSION });
    if let (Value::Object(into), Ok(Value::Object(from))) = (&mut document, serde_json::to_value(value)) {
        into.extend(from);
    }
    document
}

/// Writes to standard output. A reader who has seen enough (`| head`) is no error.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout();
    let newline = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    match write!(stdout, "{text}{newline}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn print_document(document: &Value) -> io::Result<()> {
    print(&format!("{document:#}"))
}

/// Writes to standard error; nobody could be told if that failed.
pub fn say(text: &str) {
    drop(writeln!(anstream::stderr(), "{text}"));
}
