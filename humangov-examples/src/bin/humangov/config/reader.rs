// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a TOML tree key by key and goes on after a problem, so that all of them are told at once.
//!
//! What has been asked for is what is known: a key nobody asked for is refused, with the nearest that somebody did.

use super::problem::{Place, Problems, Span};
use humangov_core::size::{Cpu, Memory, ParseSizeError};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::RangeInclusive,
    str::FromStr,
};
use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// What a key holds.
#[derive(Debug, Clone, Default)]
pub(super) enum Setting<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// Something that is no `T`; the problem has been told.
    Bad,
    /// This.
    Is(Field<T>),
}

impl<T> Setting<T> {
    /// The value and its place, if there is a good one.
    pub(super) fn field(&self) -> Option<&Field<T>> {
        match self {
            Self::Is(field) => Some(field),
            Self::Absent | Self::Bad => None,
        }
    }

    /// The value, if there is a good one.
    pub(super) fn get(&self) -> Option<&T> {
        self.field().map(|field| &field.value)
    }

    /// The value, if there is a good one.
    pub(super) fn into_value(self) -> Option<T> {
        match self {
            Self::Is(field) => Some(field.value),
            Self::Absent | Self::Bad => None,
        }
    }

    /// The setting with its value made into another one.
    pub(super) fn map<U>(self, make: impl FnOnce(T) -> U) -> Setting<U> {
        match self {
            Self::Absent => Setting::Absent,
            Self::Bad => Setting::Bad,
            Self::Is(Field { value, place }) => Setting::Is(Field { value: make(value), place }),
        }
    }

    /// Where the value stands, if there is a good one.
    pub(super) fn place(&self) -> Option<&Place> {
        self.field().map(|field| &field.place)
    }

    /// Whether the key is not there.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether something wrong is there.
    pub(super) fn is_bad(&self) -> bool {
        matches!(self, Self::Bad)
    }

    /// This setting, or `base` where the key is not there.
    pub(super) fn or(&self, base: &Self) -> Self
    where
        T: Clone,
    {
        if self.is_absent() { base.clone() } else { self.clone() }
    }
}

/// A word out of a fixed list.
pub(super) trait Choice: Copy + 'static {
    /// All of them, as written in the file.
    const ALL: &'static [(&'static str, Self)];
}

/// An amount that may be a number or text with a unit.
pub(super) trait Amount: FromStr<Err = ParseSizeError> {
    fn from_number(number: u32) -> Self;
}

impl Amount for Cpu {
    fn from_number(number: u32) -> Self {
        Self::from_units(number)
    }
}

impl Amount for Memory {
    fn from_number(number: u32) -> Self {
        Self::from_mib(number)
    }
}

/// What all tables of one file share.
#[derive(Debug, Default)]
pub(super) struct Context<'a> {
    pub(super) problems: Problems,
    seen: RefCell<Vec<(String, &'a DeTable<'a>)>>,
    known: RefCell<BTreeMap<String, BTreeSet<String>>>,
    partial: bool,
}

/// One table of the file, or the place where it would be.
#[derive(Debug)]
pub(super) struct Table<'a, 'c> {
    context: &'c Context<'a>,
    path: String,
    entries: Option<&'a DeTable<'a>>,
    span: Option<Span>,
    /// Whether something else stands in its place.
    bad: bool,
}

impl<'a> Context<'a> {
    /// For a file that was understood wholly or, with syntax errors, only in part: what seems to be missing may just be
    /// what was not understood.
    pub(super) fn new(partial: bool) -> Self {
        Self { partial, ..Self::default() }
    }

    /// The file's own table.
    pub(super) fn root(&self, entries: &'a DeTable<'a>) -> Table<'a, '_> {
        Table::new(self, String::new(), Some(entries), None, false)
    }

    /// Refuses every key that nobody asked for.
    pub(super) fn refuse_unknown(&self) {
        let known = self.known.borrow();
        let none = BTreeSet::new();
        for (path, entries) in self.seen.borrow().iter() {
            let here = known.get(path).unwrap_or(&none);
            for (key, _) in entries.iter().filter(|(key, _)| !here.contains(key.get_ref().as_ref())) {
                let message = unknown_key(key.get_ref(), path, here, &known);
                self.problems.add(Some(key.span()), join(path, key.get_ref()), message);
            }
        }
    }
}

impl<'a, 'c> Table<'a, 'c> {
    fn new(
        context: &'c Context<'a>,
        path: String,
        entries: Option<&'a DeTable<'a>>,
        span: Option<Span>,
        bad: bool,
    ) -> Self {
        if let Some(entries) = entries {
            context.seen.borrow_mut().push((path.clone(), entries));
        }
        Self { context, path, entries, span, bad }
    }

    /// The whole key of `key` of this table.
    pub(super) fn key(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Where the table begins, if the file has it.
    pub(super) fn place(&self) -> Option<Place> {
        Some(Place { span: self.span.clone()?, key: self.path.clone() })
    }

    /// The problems of the file.
    pub(super) fn problems(&self) -> &'c Problems {
        &self.context.problems
    }

    /// Tells that `key` is missing, unless the file was understood only in part.
    pub(super) fn missing(&self, key: &str, message: impl fmt::Display) {
        if !self.context.partial && !self.bad {
            self.context.problems.add(
                self.span.clone(),
                self.key(key),
                format!("{} is missing: {message}", self.key(key)),
            );
        }
    }

    fn place_of(&self, key: &str, span: Span) -> Place {
        Place { span, key: self.key(key) }
    }

    fn has(&self, key: &str) -> bool {
        self.entries.is_some_and(|entries| entries.keys().any(|found| found.get_ref() == key))
    }

    fn entry(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.context.known.borrow_mut().entry(self.path.clone()).or_default().insert(key.to_owned());
        self.entries?.iter().find(|(found, _)| found.get_ref() == key).map(|(_, value)| value)
    }

    fn read<T>(&self, key: &str, read: impl FnOnce(&DeValue<'a>) -> Result<T, String>) -> Setting<T> {
        let Some(value) = self.entry(key) else { return Setting::Absent };
        match read(value.get_ref()) {
            Ok(read) => Setting::Is(Field { value: read, place: self.place_of(key, value.span()) }),
            Err(message) => {
                self.problems().at(&self.place_of(key, value.span()), message);
                Setting::Bad
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Setting<bool> {
        self.read(key, |value| value.as_bool().ok_or_else(|| expected("true or false", value)))
    }

    /// A whole number of `allowed`.
    pub(super) fn integer(&self, key: &str, allowed: RangeInclusive<u32>) -> Setting<u32> {
        self.read(key, |value| {
            let what = format!("a whole number from {} to {}", allowed.start(), allowed.end());
            let number = value.as_integer().ok_or_else(|| expected(&what, value))?;
            small(number).filter(|number| allowed.contains(number)).ok_or_else(|| format!("must be {what}"))
        })
    }

    /// A number, or text with a unit.
    pub(super) fn amount<T: Amount>(&self, key: &str) -> Setting<T> {
        self.read(key, |value| match value {
            DeValue::Integer(number) => small(number)
                .map(T::from_number)
                .ok_or_else(|| "must be a whole number that is not negative".into()),
            DeValue::String(text) => text.parse().map_err(|error: ParseSizeError| error.to_string()),
            other => Err(expected("a whole number or text with a unit", other)),
        })
    }

    /// Text that `parse` takes.
    pub(super) fn text<T, E: fmt::Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Setting<T> {
        self.read(key, |value| parse(text(value)?).map_err(|error| error.to_string()))
    }

    /// One word of a fixed list.
    pub(super) fn choice<T: Choice>(&self, key: &str) -> Setting<T> {
        self.text(key, choose)
    }

    /// A list of texts, each of which `parse` takes, none of them twice; good only if all are.
    pub(super) fn texts<T: Ord + fmt::Display, E: fmt::Display>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Setting<Vec<Field<T>>> {
        let Some(value) = self.entry(key) else { return Setting::Absent };
        let Some(items) = value.get_ref().as_array() else {
            let message = expected("a list of texts", value.get_ref());
            self.problems().at(&self.place_of(key, value.span()), message);
            return Setting::Bad;
        };
        let before = self.context.problems.len();
        let mut good = Vec::new();
        for item in items {
            let place = self.place_of(key, item.span());
            match text(item.get_ref()).and_then(|text| parse(text).map_err(|error| error.to_string())) {
                Ok(value) if good.iter().any(|found: &Field<T>| found.value == value) => {
                    self.problems().at(&place, format!("{value} is listed twice"));
                }
                Ok(value) => good.push(Field { value, place }),
                Err(message) => self.problems().at(&place, message),
            }
        }
        if self.context.problems.len() > before {
            return Setting::Bad;
        }
        Setting::Is(Field { value: good, place: self.place_of(key, value.span()) })
    }

    /// The table under `key`.
    pub(super) fn table(&self, key: &str) -> Table<'a, 'c> {
        let (entries, span) = match self.entry(key) {
            None => (None, None),
            Some(value) => {
                let entries = value.get_ref().as_table();
                if entries.is_none() {
                    let message = expected("a table", value.get_ref());
                    self.problems().at(&self.place_of(key, value.span()), message);
                }
                (entries, Some(value.span()).filter(|_| entries.is_some()))
            }
        };
        let bad = entries.is_none() && self.has(key);
        Table::new(self.context, self.key(key), entries, span, bad)
    }

    /// The section `key`, unless what has that name is none: then it is another key that is misspelt, and told as such.
    pub(super) fn section(&self, key: &str) -> Option<Table<'a, 'c>> {
        let is_section = |value: &Spanned<DeValue<'_>>| value.get_ref().as_table().is_some();
        let found = self.entries?.iter().find(|(found, _)| found.get_ref() == key);
        found.is_none_or(|(_, value)| is_section(value)).then(|| self.table(key))
    }

    /// Every key of a table whose keys the user chooses, with its place.
    pub(super) fn keys(&self) -> Vec<Field<String>> {
        let entries = self.entries.into_iter().flat_map(DeTable::iter);
        let mut keys: Vec<Field<String>> = entries
            .map(|(key, _)| Field {
                value: key.get_ref().to_string(),
                place: self.place_of(key.get_ref(), key.span()),
            })
            .collect();
        keys.sort_by_key(|key| key.place.span.start);
        keys
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| match value {
        DeValue::Integer(number) => format!("must be text: write \"{number}\""),
        DeValue::Float(number) => format!("must be text: write \"{number}\""),
        other => expected("text in quotes", other),
    })
}

fn small(number: &DeInteger<'_>) -> Option<u32> {
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

fn expected(what: &str, found: &DeValue<'_>) -> String {
    let found = match found {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("must be {what}, not {found}")
}

pub(super) fn choose<T: Choice>(text: &str) -> Result<T, String> {
    let words: Vec<&str> = T::ALL.iter().map(|(word, _)| *word).collect();
    T::ALL.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let near = nearest(text, words.iter().copied()).map(|word| format!("did you mean {word}? "));
        format!("{}allowed are {}", near.unwrap_or_default(), or_list(&words))
    })
}

fn unknown_key(
    key: &str,
    path: &str,
    here: &BTreeSet<String>,
    known: &BTreeMap<String, BTreeSet<String>>,
) -> String {
    let near = nearest(key, here.iter().map(String::as_str));
    // The keys of an override repeat those of the sections they override.
    let other = known.iter().filter(|(other, _)| *other != path && !other.starts_with("overrides"));
    let mut elsewhere = other.filter(|(_, keys)| keys.contains(key)).map(|(other, _)| other.as_str());
    match (near, elsewhere.next()) {
        (Some(near), _) => format!("unknown key; did you mean {near}?"),
        (None, Some("")) if known.contains_key(key) => {
            format!("unknown key; [{key}] is a section of its own, for all states")
        }
        (None, Some("")) => format!("unknown key; {key} belongs at the top, before the first [section]"),
        (None, Some(section)) => format!("unknown key; {key} belongs in [{section}]"),
        (None, None) if here.is_empty() => "unknown key".to_owned(),
        (None, None) => {
            let keys: Vec<&str> = here.iter().map(String::as_str).collect();
            format!("unknown key; allowed are {}", and_list(&keys))
        }
    }
}

/// The word nearest to `text`, if one is near enough to have been meant.
pub(super) fn nearest<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let text = text.to_lowercase().replace('-', "_");
    let distance = |word: &str| strsim::damerau_levenshtein(&text, &word.to_lowercase().replace('-', "_"));
    let words: Vec<&str> = words.collect();
    let (wrong, word) = words.iter().map(|word| (distance(word), *word)).min()?;
    let begun: Vec<_> = words.iter().filter(|word| text.len() >= 3 && word.starts_with(&text)).collect();
    if let [only] = begun[..] {
        return Some(only);
    }
    // A third of the letters may be wrong.
    (wrong <= (word.chars().count() / 3).max(1) && wrong < text.chars().count()).then_some(word)
}

/// `a, b or c`.
pub(super) fn or_list<T: AsRef<str>>(words: &[T]) -> String {
    listed(words, "or")
}

/// `a, b and c`.
pub(crate) fn and_list<T: AsRef<str>>(words: &[T]) -> String {
    listed(words, "and")
}

fn listed<T: AsRef<str>>(words: &[T], last_joiner: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} {last_joiner} {last}", first.join(", ")),
    }
}
