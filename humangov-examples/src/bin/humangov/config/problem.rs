// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`ConfigError`]: everything wrong with a file at once, each problem shown at its place.

use serde::Serialize;
use std::{cell::RefCell, fmt, ops::Range};

/// Bytes of the file.
pub(super) type Span = Range<usize>;

/// Where in the file something stands, and under which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) key: String,
}

impl Place {
    /// Whether this is a setting of a single state.
    pub(super) fn is_override(&self) -> bool {
        self.key.starts_with("overrides.")
    }
}

/// Characters of a source line shown around a problem, so that a line of any length fits a terminal.
const SHOWN: usize = 96;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line, counted from 1; absent when the problem is that something is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The key, such as `service.memory`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
    #[serde(skip)]
    excerpt: Option<Excerpt>,
}

/// The line of a problem and the part of it that is wrong, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    text: String,
    marked: Range<usize>,
}

/// A configuration that cannot be used, and every reason why.
///
/// `Display` shows each problem under its line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: String,
    problems: Vec<Problem>,
}

impl ConfigError {
    /// A problem of the file as a whole: it cannot be read, or is none.
    pub(super) fn of_file(file: &str, message: String) -> Self {
        let problem = Problem { line: None, column: None, key: String::new(), message, excerpt: None };
        Self { file: file.to_owned(), problems: vec![problem] }
    }

    /// The problems, in the order of the file.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The file, as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        writeln!(f, "{} has {count} problem{}", self.file, if count == 1 { "" } else { "s" })?;
        let place = |problem: &Problem| match (problem.line, problem.column) {
            (Some(line), Some(column)) => format!("{line}:{column}"),
            _ => String::new(),
        };
        let width = self.problems.iter().map(|problem| place(problem).len()).max().unwrap_or(0).max(4);
        for problem in &self.problems {
            let place = place(problem);
            match &problem.excerpt {
                Some(Excerpt { text, marked }) => {
                    writeln!(f, "\n  {place:>width$} │ {text}")?;
                    let (before, carets) = (" ".repeat(marked.start), "^".repeat(marked.len().max(1)));
                    write!(f, "  {:width$} │ {before}{carets}", "")?;
                    // Beside the carets, or below them where it does not fit and there is not half a line left.
                    let margin = width + 5;
                    let beside = marked.start + carets.len() + 1;
                    let fits = margin + beside + problem.message.chars().count() <= LINE;
                    let is_beside = fits || margin + beside <= LINE / 2;
                    let indent = if is_beside { beside } else { marked.start.min(LINE / 4) };
                    for (i, line) in
                        wrapped(&problem.message, LINE.saturating_sub(margin + indent)).iter().enumerate()
                    {
                        match i {
                            0 if is_beside => write!(f, " {line}")?,
                            _ => write!(f, "\n  {:width$} │ {:indent$}{line}", "", "")?,
                        }
                    }
                }
                None => {
                    for line in wrapped(&problem.message, LINE.saturating_sub(width + 5)) {
                        write!(f, "\n  {:width$} │ {line}", "")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// How long a line becomes before it is broken.
const LINE: usize = 90;

/// `text` in lines of at most `most` characters, broken between words.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Collects problems while a file is read.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<(Option<Span>, String, String)>>);

impl Problems {
    /// Adds a problem of what stands at `place`.
    pub(super) fn at(&self, place: &Place, message: impl Into<String>) {
        self.add(Some(place.span.clone()), &place.key, message);
    }

    /// Adds a problem of `key`, at `span` if the file has something there. The same problem counts once.
    pub(super) fn add(&self, span: Option<Span>, key: impl Into<String>, message: impl Into<String>) {
        let problem = (span, key.into(), message.into());
        let mut found = self.0.borrow_mut();
        if !found.iter().any(|(span, _, message)| (span, message) == (&problem.0, &problem.2)) {
            found.push(problem);
        }
    }

    /// Adds all of `more`.
    pub(super) fn append(&self, more: Self) {
        self.0.borrow_mut().extend(more.0.into_inner());
    }

    /// Forgets the problems on lines that `other` has problems on too.
    pub(super) fn forget_lines_of(&self, other: &Self, source: &str) {
        let line = |span: &Option<Span>| {
            span.as_ref()
                .map(|span| source.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count())
        };
        let lines: Vec<_> = other.0.borrow().iter().map(|(span, ..)| line(span)).collect();
        self.0.borrow_mut().retain(|(span, ..)| !lines.contains(&line(span)));
    }

    /// Forgets the problems from this byte on.
    pub(super) fn forget_from(&self, end: usize) {
        self.0.borrow_mut().retain(|(span, ..)| span.as_ref().is_none_or(|span| span.start < end));
    }

    /// How many there are so far.
    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// All of them as one error about `file`; nothing if there are none.
    pub(super) fn into_result(self, file: &str, source: &str) -> Result<(), ConfigError> {
        let mut found = self.0.into_inner();
        if found.is_empty() {
            return Ok(());
        }
        // What is missing comes last: it has no place in the file.
        found.sort_by_key(|(span, ..)| span.as_ref().map_or(usize::MAX, |span| span.start));
        let problems = found.into_iter().map(|(span, key, message)| locate(source, span, key, message));
        Err(ConfigError { file: file.to_owned(), problems: problems.collect() })
    }
}

fn locate(source: &str, span: Option<Span>, key: String, message: String) -> Problem {
    let Some(span) = span else {
        return Problem { line: None, column: None, key, message, excerpt: None };
    };
    let boundary = |at: usize| (0..=at.min(source.len())).rev().find(|at| source.is_char_boundary(*at));
    let start = boundary(span.start).unwrap_or(0);
    let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = source[line_start..].find('\n').map_or(source.len(), |newline| line_start + newline);
    let end = boundary(span.end).unwrap_or(start).clamp(start, line_end.max(start));
    let chars = |text: &str| text.chars().count();
    let column = chars(&source[line_start..start]);
    let marked = column..column + chars(&source[start..end]);
    let excerpt = Some(excerpt(source[line_start..line_end].trim_end(), marked));
    let line = source[..line_start].matches('\n').count() + 1;
    Problem { line: Some(line), column: Some(column + 1), key, message, excerpt }
}

/// The line with what a terminal would act on replaced, cut to about [`SHOWN`] characters around what is marked.
fn excerpt(line: &str, marked: Range<usize>) -> Excerpt {
    let line: Vec<char> = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let marked = marked.start..marked.end.min(marked.start + SHOWN / 2);
    let from = if line.len() <= SHOWN { 0 } else { marked.start.saturating_sub(SHOWN / 4) };
    let to = line.len().min(from + SHOWN);
    let (before, after) = (if from > 0 { "…" } else { "" }, if to < line.len() { "…" } else { "" });
    let text: String = line.get(from..to).unwrap_or_default().iter().collect();
    let shift = before.chars().count();
    Excerpt {
        text: format!("{before}{text}{after}").trim_end().to_owned(),
        marked: marked.start - from + shift..marked.end - from + shift,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn shown(source: &str, spans: &[(usize, usize)]) -> String {
        let problems = Problems::default();
        spans.iter().for_each(|(start, end)| problems.add(Some(*start..*end), "key", "wrong"));
        problems.into_result("humangov.toml", source).unwrap_err().to_string()
    }

    #[test]
    fn a_problem_is_underlined_where_it_is() {
        let text = shown("a = 1\nkey = \"wrong\"\n", &[(12, 19)]);
        insta::assert_snapshot!(text, @r#"
        humangov.toml has 1 problem

           2:7 │ key = "wrong"
               │       ^^^^^^^ wrong
        "#);
    }

    #[test]
    fn problems_come_in_the_order_of_the_file_and_once() {
        let text = shown("a = 1\nb = 2\n", &[(6, 7), (0, 1), (6, 7)]);
        assert!(text.starts_with("humangov.toml has 2 problems\n\n   1:1 │ a = 1\n"), "{text}");
    }

    #[test]
    fn columns_count_characters_and_tabs_are_one() {
        let text = shown("\tké = [\"x\"]\n", &[(7, 12)]);
        assert!(text.contains("   1:7 │  ké = [\"x\"]\n       │       ^^^^^ wrong"), "{text}");
    }

    #[test]
    fn long_lines_are_cut_around_the_problem() {
        let source = format!("key = \"{}\" # end\n", "x".repeat(300));
        let text = shown(&source, &[(6, 308)]);
        assert!(text.lines().all(|line| line.chars().count() <= SHOWN + 16), "{text}");
        let source = format!("key = [\"{}\", \"bad\"]\n", "x".repeat(300));
        let start = source.find("\"bad\"").unwrap();
        assert!(
            shown(&source, &[(start, start + 5)]).contains("\"bad\"]\n"),
            "{}",
            shown(&source, &[(start, start + 5)])
        );
    }

    #[test]
    fn any_span_can_be_shown() {
        let source = "é\n\nü = 1";
        for start in 0..=source.len() + 2 {
            for end in start..=source.len() + 2 {
                shown(source, &[(start, end)]);
            }
        }
    }
}
