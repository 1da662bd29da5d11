// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of `humangov status`: one line a stack, and below it what needs more words.

use super::{BAD, DIM, STRONG, WARN, failed_call};
use anstyle::Style;
use humangov_aws::{
    ecs::Running,
    elbv2::{TargetHealth, TargetState},
};
use humangov_core::{
    address::Address,
    base_stack::BaseStack,
    event::ErrorReport,
    plan::{Drift, DriftKind, brief_value},
};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// What was asked for, where it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// There is none, such as of the base.
    None,
    /// This.
    Known(T),
    /// It was recorded, and is not there any more.
    Gone,
    /// It could not be read.
    Unread,
}

impl<T> Fact<T> {
    /// It, if it is known.
    pub fn known(&self) -> Option<&T> {
        if let Self::Known(value) = self { Some(value) } else { None }
    }
}

/// A state that does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It was destroyed, and its data kept.
    Data,
    /// A run ended before it had a service.
    Part,
}

/// One stack.
#[derive(Debug)]
pub struct Row {
    pub stack: String,
    /// How long ago it was recorded; `None`: never.
    pub age: Option<Duration>,
    /// The application's image, whole.
    pub image: Option<String>,
    pub service: Fact<Running>,
    pub health: Fact<TargetHealth>,
    /// What was changed outside; `None` when nobody looked.
    pub drift: Option<Vec<Drift>>,
    /// Whether the others run something newer.
    pub behind: bool,
    /// What is there where it is not the whole of it.
    pub left: Option<Left>,
    /// Every resource and what AWS calls it.
    pub resources: Vec<(Address, String)>,
    /// What a user of it wants to know, by label.
    pub outputs: Vec<(&'static str, String)>,
}

/// All stacks that were asked for.
#[derive(Debug)]
pub struct Status {
    pub rows: Vec<Row>,
    /// Reads that failed, by stack and address.
    pub unread: Vec<(String, Address, ErrorReport)>,
}

/// A word of the table, and how it looks.
type Cell = (String, Style);

const PLAIN: Style = Style::new();
const NOTHING: &str = "-";

/// How many states that are not applied have a line of their own.
const MOST_MISSING: usize = 3;

impl Status {
    /// The table; with every resource when `all` are to be told.
    pub fn table(&self, all: bool) -> String {
        let looked = self.rows.iter().any(|row| row.drift.is_some());
        let mut head = vec!["", "revision", "image", "running", "health"];
        if looked {
            head.push("drift");
        }
        head.push("updated");
        let mut lines = vec![head.iter().map(|word| ((*word).to_owned(), STRONG)).collect::<Vec<Cell>>()];
        // A few that are not applied yet are worth a line each; dozens hide what there is.
        let missing = self.rows.iter().filter(|row| row.age.is_none()).count();
        let folded = !all && missing > MOST_MISSING && missing < self.rows.len();
        let rows: Vec<&Row> = self.rows.iter().filter(|row| !folded || row.age.is_some()).collect();
        for row in &rows {
            let mut line = vec![
                (row.stack.clone(), PLAIN),
                (row.revision(), PLAIN),
                (row.image.as_deref().map_or_else(|| NOTHING.to_owned(), short_image), PLAIN),
                row.running(),
                row.health(),
            ];
            if looked {
                line.push(self.drift(row));
            }
            line.push((row.age.map_or_else(|| NOTHING.to_owned(), ago), PLAIN));
            lines.push(line);
        }
        let widths: Vec<usize> = (0..head.len())
            .map(|column| lines.iter().map(|line| line[column].0.chars().count()).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for (i, line) in lines.iter().enumerate() {
            let row = i.checked_sub(1).map(|i| rows[i]);
            let notes = row.map(Row::notes).unwrap_or_default();
            let mut gap = 0;
            for ((word, style), width) in line.iter().zip(&widths) {
                let _ = write!(text, "{:gap$}{style}{word}{style:#}", "");
                gap = width - word.chars().count() + 2;
            }
            if !notes.is_empty() {
                let _ = write!(text, "{:gap$}{WARN}← {}{WARN:#}", "", notes.join(", "));
            }
            text.push('\n');
            if let (true, Some(row)) = (all, row) {
                for (address, id) in &row.resources {
                    let _ = writeln!(text, "  {:<32}  {DIM}{id}{DIM:#}", address.as_str());
                }
                row.tell_outputs(&mut text);
            }
        }
        if folded {
            let _ = writeln!(text, "{missing} more states are not applied; --all lists them");
        }
        // Where there is only one state there is room for more of it.
        let mut states = rows.iter().filter(|row| row.stack != BaseStack::NAME);
        if let (false, Some(only), None) = (all, states.next(), states.next()) {
            only.tell_outputs(&mut text);
        }
        self.tell_unhealthy(&mut text);
        self.tell_drift(&mut text);
        text
    }

    fn drift(&self, row: &Row) -> Cell {
        let unread = self.unread.iter().any(|(stack, ..)| *stack == row.stack);
        let mut words: Vec<&str> = Vec::new();
        let drifts = row.drift.as_deref().unwrap_or_default();
        for drift in drifts {
            let (service, _) = drift.address.kind_str().split_once('.').unwrap_or_default();
            if !words.contains(&service) {
                words.push(service);
            }
        }
        match (words.as_slice(), unread) {
            _ if row.age.is_none() => (NOTHING.to_owned(), PLAIN),
            ([], false) => (NOTHING.to_owned(), PLAIN),
            ([], true) => ("?".to_owned(), WARN),
            ([_] | [_, _], _) => (words.join(", "), WARN),
            _ => (format!("{} resources", drifts.len()), WARN),
        }
    }

    fn tell_unhealthy(&self, text: &mut String) {
        let mut lines = String::new();
        for row in &self.rows {
            let targets = row.health.known().into_iter().flat_map(|health| &health.targets);
            for target in targets.filter(|target| target.state == TargetState::Unhealthy) {
                let port = target.port.map_or_else(String::new, |port| format!(":{port}"));
                let why = target.description.as_deref().or(target.reason.as_deref()).unwrap_or("unhealthy");
                let _ = writeln!(lines, "  {:<16}  {}{port}  {why}", row.stack, target.id);
            }
        }
        if !lines.is_empty() {
            let _ = write!(text, "\n{STRONG}down{STRONG:#} (does not pass its health check)\n{lines}");
        }
    }

    fn tell_drift(&self, text: &mut String) {
        let drifts: Vec<(&str, &Drift)> = self
            .rows
            .iter()
            .flat_map(|row| row.drift.iter().flatten().map(|drift| (row.stack.as_str(), drift)))
            .collect();
        if drifts.is_empty() {
            return;
        }
        let width = |words: &mut dyn Iterator<Item = &str>| words.map(|word| word.chars().count()).max();
        let stacks = width(&mut drifts.iter().map(|(stack, _)| *stack)).unwrap_or(0);
        let addresses = width(&mut drifts.iter().map(|(_, drift)| drift.address.as_str())).unwrap_or(0);
        let _ = writeln!(
            text,
            "\n{STRONG}drift{STRONG:#} (changed outside; humangov plan shows what would be set back)"
        );
        for (stack, drift) in drifts {
            let place = format!("  {stack:<stacks$}  {:<addresses$}", drift.address.as_str());
            match &drift.what {
                DriftKind::Gone => drop(writeln!(text, "{place}  gone")),
                DriftKind::NotOurs => drop(writeln!(text, "{place}  not ours any more: it lacks our tags")),
                DriftKind::Changed(fields) => {
                    let show = |value: &Option<serde_json::Value>| {
                        value.as_ref().map_or_else(|| "absent".to_owned(), brief_value)
                    };
                    for field in fields {
                        let (before, after) = (show(&field.before), show(&field.after));
                        let _ = writeln!(text, "{place}  {}  {before}  →  {after}", field.path);
                    }
                }
                _ => drop(writeln!(text, "{place}  changed")),
            }
        }
    }

    /// What could not be read, the same failure of many stacks once; `None` when all could.
    pub fn failures(&self) -> Option<String> {
        type Same<'a> = (&'a Address, &'a str, Option<&'a str>, &'a str);
        let mut failures: BTreeMap<Same<'_>, (Vec<&str>, &ErrorReport)> = BTreeMap::new();
        for (stack, address, error) in &self.unread {
            let same = (address, error.operation.as_str(), error.aws_code.as_deref(), error.code.as_str());
            failures.entry(same).or_insert_with(|| (Vec::new(), error)).0.push(stack);
        }
        let told = failures.iter().map(|((address, ..), (stacks, error))| {
            let stacks = match stacks.as_slice() {
                [first, second, third, more @ ..] if !more.is_empty() => {
                    format!("{first}, {second}, {third} and {} more", more.len())
                }
                few => few.join(", "),
            };
            failed_call(&stacks, address.as_str(), error)
        });
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| format!("{BAD}not all could be read{BAD:#}\n{}", told.join("\n")))
    }
}

impl Row {
    fn tell_outputs(&self, text: &mut String) {
        for (label, value) in &self.outputs {
            let _ = writeln!(text, "  {STRONG}{label:<8}{STRONG:#} {value}");
        }
    }

    fn revision(&self) -> String {
        let arn = self.service.known().and_then(|service| service.task_definition.as_deref());
        arn.and_then(|arn| arn.rsplit_once(':')).map_or_else(|| NOTHING.to_owned(), |(_, n)| format!(":{n}"))
    }

    fn running(&self) -> Cell {
        match &self.service {
            Fact::None => (NOTHING.to_owned(), PLAIN),
            Fact::Gone => ("gone".to_owned(), BAD),
            Fact::Unread => ("?".to_owned(), WARN),
            Fact::Known(service) => {
                let style = if service.running < service.desired { WARN } else { PLAIN };
                (format!("{}/{}", service.running, service.desired), style)
            }
        }
    }

    fn health(&self) -> Cell {
        const WORDS: [(TargetState, &str); 6] = [
            (TargetState::Healthy, "up"),
            (TargetState::Unhealthy, "down"),
            (TargetState::Initial, "starting"),
            (TargetState::Draining, "draining"),
            (TargetState::Unused, "unused"),
            (TargetState::Unavailable, "unknown"),
        ];
        let health = match &self.health {
            Fact::None => return (NOTHING.to_owned(), PLAIN),
            Fact::Gone => return ("gone".to_owned(), BAD),
            Fact::Unread => return ("?".to_owned(), WARN),
            Fact::Known(health) => health,
        };
        let counts = WORDS.map(|(state, word)| (health.count(state), word));
        let words: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        match words.as_slice() {
            [] => ("none up".to_owned(), WARN),
            _ if counts[1].0 > 0 => (words.join(", "), BAD),
            _ => (words.join(", "), PLAIN),
        }
    }

    fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        if self.age.is_none() {
            notes.push("not applied");
        }
        if self.behind && self.left.is_none() {
            notes.push("behind");
        }
        match self.service.known().and_then(|service| service.rollout.as_deref()) {
            Some("IN_PROGRESS") => notes.push("deploying"),
            Some("FAILED") => notes.push("deployment failed"),
            _ => {}
        }
        notes.extend(self.left.map(|left| match left {
            Left::Data => "only its data is left",
            Left::Part => "not finished",
        }));
        notes
    }
}

/// What tells an image from others of its repository: the beginning of its digest, its tag, or both.
fn short_image(image: &str) -> String {
    const MOST: usize = 20;
    let last = image.rsplit('/').next().unwrap_or(image);
    let (named, digest) = match last.split_once('@') {
        Some((named, digest)) => (named, Some(digest.rsplit(':').next().unwrap_or(digest))),
        None => (last, None),
    };
    let tag = named.split_once(':').map(|(_, tag)| match tag.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &tag[..at]),
        None => tag.to_owned(),
    });
    let digest = digest.map(|digest| format!("{}…", digest.chars().take(8).collect::<String>()));
    match (digest, tag) {
        (Some(digest), Some(tag)) => format!("{digest} ({tag})"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => named.to_owned(),
    }
}

/// How long ago, as people say it: `12 s ago`, `2 min ago`, `5 h ago`, `3 d ago`.
fn ago(age: Duration) -> String {
    let (number, unit) = match age.as_secs() {
        seconds @ 0..60 => (seconds, "s"),
        seconds @ 60..3600 => (seconds / 60, "min"),
        seconds @ 3600..172_800 => (seconds / 3600, "h"),
        seconds => (seconds / 86400, "d"),
    };
    format!("{number} {unit} ago")
}

#[cfg(test)]
mod tests;
