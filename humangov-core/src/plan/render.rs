// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans as text.

use crate::address::Address;
use crate::plan::{Action, Change, FieldChange, FieldEffect, Origin, Plan, ReplaceOrder, Summary};
use crate::stack::{Declared, Stack};
use crate::value::walk_references;
use serde_json::Value;
use std::{collections::HashSet, fmt};

/// A plan to be printed: `Display` writes it, a line for each resource that changes and for each field.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'a> {
    plan: &'a Plan,
    unchanged_of: Option<&'a Stack>,
}

impl<'a> PlanView<'a> {
    /// The plan; what stays as it is is only counted.
    pub const fn new(plan: &'a Plan) -> Self {
        Self { plan, unchanged_of: None }
    }

    /// The same, with a line for each resource of `stack` that stays as it is. A plan does not hold those itself: nobody may ever
    /// ask, and there may be a hundred thousand.
    #[must_use]
    pub const fn with_unchanged_of(self, stack: &'a Stack) -> Self {
        Self { unchanged_of: Some(stack), ..self }
    }
}

impl Plan {
    /// The resources of `stack`, of which this is a plan, that stay as they are, in the order of their declaration.
    pub fn unchanged_of<'a>(&self, stack: &'a Stack) -> impl Iterator<Item = &'a Address> + use<'a> {
        // What is only recorded anew is counted among the unchanged, too.
        let shown = self.changes.iter().filter(|change| change.action != Action::Record || change.acts());
        let changed: HashSet<&'a Address> =
            shown.filter_map(|change| stack.get(&change.address).map(Declared::address)).collect();
        stack.resources().iter().map(Declared::address).filter(move |a| !changed.contains(a))
    }
}

impl Action {
    /// The sign of this action in a plan.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace(_) => "±",
            Self::Delete => "-",
            Self::Adopt => "←",
            Self::Keep => "=",
            Self::Forget => "?",
            Self::Record => " ",
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PlanView::new(self).fmt(f)
    }
}

impl fmt::Display for PlanView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan;
        let columns = Columns::of(self);
        writeln!(f, "{:<1$}  {2}", plan.stack.as_str(), columns.address + 4, plan.summary())?;
        let declared = |field: &&FieldChange| field.origin == Origin::Declared;
        let only_drift = |change: &Change| {
            !change.fields.is_empty() && change.fields.iter().all(|field| !declared(&field))
        };
        for change in &plan.changes {
            if change.action == Action::Record && change.deposed.is_empty() || only_drift(change) {
                continue;
            }
            columns.headline(change, f)?;
            columns.fields(change, declared, f)?;
            notes(change, f)?;
        }
        for address in self.unchanged() {
            writeln!(f, "    {:<1$}  unchanged", address.as_str(), columns.address)?;
        }
        if plan.changes.is_empty() && plan.exports_change {
            writeln!(f, "  only what it exports or imports is recorded anew")?;
        }
        let drifted: Vec<&Change> = plan
            .changes
            .iter()
            .filter(|change| change.fields.iter().any(|field| !declared(&field)))
            .collect();
        if !drifted.is_empty() {
            writeln!(f, "\n  drift (changed outside, would be set back)")?;
            for change in drifted {
                columns.headline(change, f)?;
                columns.fields(change, |field| !declared(field), f)?;
                if only_drift(change) {
                    notes(change, f)?;
                }
            }
        }
        for warning in &plan.warnings {
            writeln!(f, "  ! {warning}")?;
        }
        Ok(())
    }
}

impl<'a> PlanView<'a> {
    fn unchanged(&self) -> impl Iterator<Item = &'a Address> + use<'a> {
        let plan = self.plan;
        self.unchanged_of.into_iter().flat_map(|stack| plan.unchanged_of(stack))
    }
}

/// How wide the columns are: as wide as what is in them, within reason.
struct Columns {
    address: usize,
    path: usize,
}

impl Columns {
    fn of(view: &PlanView<'_>) -> Self {
        let plan = view.plan;
        let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or_default();
        let shown = plan.changes.iter().filter(|change| change.action != Action::Record || change.acts());
        let shown = shown.map(|change| &change.address).chain(view.unchanged());
        let address = widest(&mut shown.map(|address| address.as_str().chars().count()));
        let fields = plan.changes.iter().flat_map(|change| &change.fields);
        let path = widest(&mut fields.map(|field| field.path.chars().count()));
        // Fields are indented by two more, and their values stand below what is done to their resource.
        let address = address.clamp(24, 48);
        Self { address, path: path.clamp(address - 2, 48) }
    }

    fn headline(&self, change: &Change, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, address, what) = (change.action.sign(), change.address.as_str(), what(change));
        write!(f, "  {sign} {address:<0$}  {what}", self.address)?;
        match &change.reason {
            Some(reason) => writeln!(f, ": {reason}"),
            None => writeln!(f),
        }
    }

    fn fields(
        &self,
        change: &Change,
        pick: impl Fn(&&FieldChange) -> bool,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        // Where only some of the fields are why it is replaced, those say so.
        let forces = |field: &FieldChange| matches!(field.effect, FieldEffect::Replace(_));
        let some = matches!(change.action, Action::Replace(_)) && !change.fields.iter().all(forces);
        for field in change.fields.iter().filter(pick) {
            let why = if some && forces(field) { "  (needs a new one)" } else { "" };
            let taken = 6 + self.path.max(field.path.chars().count()) + 2 + 5 + why.chars().count();
            let (before, after) = sides(field, LINE.saturating_sub(taken));
            writeln!(f, "      {:<1$}  {before}  →  {after}{why}", field.path, self.path)?;
        }
        Ok(())
    }
}

/// How long a line may become because of its values.
const LINE: usize = 80;
/// How much of a value is shown at least, however little room is left.
const LEAST: usize = 24;

/// Both sides of a change in `room` characters together. The shorter one leaves its room to the longer one.
fn sides(field: &FieldChange, room: usize) -> (String, String) {
    let text = |value: &Option<Value>| match value {
        None => "absent".chars().collect(),
        Some(value) if is_unknown(value) => "known after apply".chars().collect(),
        Some(value) => one_line(value),
    };
    let (before, after) = (text(&field.before), text(&field.after));
    let half = (room / 2).max(LEAST);
    let longest = |other: usize| half.max(room.saturating_sub(other.min(half))).min(MOST);
    let most = (longest(after.len()), longest(before.len()));
    if before.len() <= most.0 && after.len() <= most.1 {
        return (before.into_iter().collect(), after.into_iter().collect());
    }
    // Two long values that begin alike are shown from shortly before they part.
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    if same >= half / 2 {
        return where_they_differ(&before, &after, half.min(MOST));
    }
    (cut(&before, most.0), cut(&after, most.1))
}

const fn what(change: &Change) -> &'static str {
    match change.action {
        Action::Create => "create",
        Action::Update => "change in place",
        Action::Replace(ReplaceOrder::CreateFirst) => "replace (create first)",
        Action::Replace(ReplaceOrder::DeleteFirst) => "replace (delete first)",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Keep => "keep",
        Action::Forget => "forget",
        Action::Record => "clean up",
    }
}

fn notes(change: &Change, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use crate::handler::Contents;
    let holds_data = change.prior.as_ref().is_some_and(|prior| prior.holds_data);
    let note = match (change.action, change.contents) {
        (Action::Keep, _) => Some("data: it and all it holds are kept"),
        (Action::Delete | Action::Replace(_), Contents::Purge) if holds_data => {
            Some("data: it is deleted with all it holds; this cannot be undone")
        }
        (Action::Delete | Action::Replace(_), Contents::MustBeEmpty) if holds_data => {
            Some("data: it is deleted only if it is empty, and the run fails if it is not")
        }
        (Action::Replace(ReplaceOrder::DeleteFirst), _) => {
            Some("irreversible: the old one is deleted first; what it serves is down until the new one works")
        }
        _ => None,
    };
    if let Some(note) = note {
        writeln!(f, "      {note}")?;
    }
    match change.deposed.len() {
        0 => Ok(()),
        1 => writeln!(f, "      another version of it, which was replaced, is deleted"),
        n => writeln!(f, "      {n} other versions of it, which were replaced, are deleted"),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acting = [
            (self.create, "to create"),
            (self.change, "to change"),
            (self.replace, "to replace"),
            (self.delete, "to delete"),
            (self.adopt, "to adopt"),
            (self.keep, "kept"),
        ];
        let mut parts: Vec<String> = acting
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if parts.is_empty() {
            return write!(f, "no changes ({} resources)", self.unchanged);
        }
        if self.unchanged > 0 {
            parts.push(format!("{} unchanged", self.unchanged));
        }
        f.write_str(&parts.join(", "))
    }
}

/// How many characters of a value are shown.
const MOST: usize = 56;

/// A value in a few words: cut in the middle where it is long, `known after apply` where it is a reference.
pub fn brief_value(value: &Value) -> String {
    if is_unknown(value) { "known after apply".to_owned() } else { cut(&one_line(value), MOST) }
}

fn is_unknown(value: &Value) -> bool {
    let mut unknown = false;
    walk_references(value, &mut |_| unknown = true);
    unknown
}

/// At most `most` characters: the beginning and the end of what is longer.
fn cut(chars: &[char], most: usize) -> String {
    if chars.len() <= most {
        return chars.iter().collect();
    }
    // The end of an ARN is its name; it begins like all the others.
    let names = chars.len() - (most - 1);
    if chars.starts_with(&['a', 'r', 'n', ':'])
        && let Some(slash) = chars[names..].iter().position(|c| *c == '/')
    {
        return std::iter::once(&'…').chain(&chars[names + slash..]).collect();
    }
    let tail = most / 2;
    let head = most - tail - 1;
    chars[..head].iter().chain(std::iter::once(&'…')).chain(&chars[chars.len() - tail..]).collect()
}

/// A value as the characters of one line.
fn one_line(value: &Value) -> Vec<char> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Two values that begin alike, each cut to `most` characters so that their first difference is shown, from the last `/` before it
/// where that is near.
fn where_they_differ(before: &[char], after: &[char], most: usize) -> (String, String) {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let longest = before.len().max(after.len());
    let start = if same == longest || longest <= most {
        // What is equal and not cut, such as what is sensitive, stays as it is.
        0
    } else {
        // In the middle, or further left where the end is near.
        let earliest = same.saturating_sub(most / 2).min((longest + 1).saturating_sub(most));
        (earliest..same).find(|&at| before[at] == '/').unwrap_or(earliest)
    };
    let show = |chars: &[char]| -> String {
        let left = if start > 0 { "…" } else { "" };
        let end = chars.len().min(start + most - left.chars().count());
        let (end, right) = if end < chars.len() { (end - 1, "…") } else { (end, "") };
        format!("{left}{}{right}", chars[start.min(end)..end].iter().collect::<String>())
    };
    (show(before), show(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str, room: usize) -> (String, String) {
        let field = FieldChange {
            path: "image".to_owned(),
            before: Some(before.into()),
            after: Some(after.into()),
            effect: FieldEffect::InPlace,
            origin: Origin::Declared,
        };
        sides(&field, room)
    }

    #[test]
    fn long_values_that_begin_alike_show_where_they_part() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(60), "z".repeat(60));
        let (before, after) = shown(&long("80"), &long("443"), 60);
        assert!(before.contains("aa80zz") && after.contains("aa443zz"), "{before} {after}");
        assert!(before.starts_with('…') && before.ends_with('…'));
        assert_eq!((before.chars().count(), after.chars().count()), (30, 30));
    }

    #[test]
    fn what_parts_near_the_end_is_shown_from_a_slash_on() {
        let image =
            |version: &str| format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/app{version}");
        let (before, after) = shown(&image(":v1"), &image(":v2"), 60);
        assert_eq!((before.as_str(), after.as_str()), ("…/humangov/app:v1", "…/humangov/app:v2"));
        let digest = |start: &str| image(&format!("@sha256:{start}{}", "0".repeat(56)));
        let (before, after) = shown(&digest("1f0c2d3e"), &digest("9ab2c3d4"), 60);
        assert_eq!(
            (before.as_str(), after.as_str()),
            ("…/app@sha256:1f0c2d3e00000000…", "…/app@sha256:9ab2c3d400000000…")
        );
    }

    #[test]
    fn a_short_value_leaves_its_room_to_a_long_one() {
        let (before, after) = shown("app:1", &"x".repeat(50), 60);
        assert_eq!((before.as_str(), after.chars().count()), ("app:1", 50));
        let (before, after) = shown(&"y".repeat(50), &"x".repeat(50), 60);
        assert_eq!((before.chars().count(), after.chars().count()), (30, 30));
    }

    #[test]
    fn of_an_arn_the_name_is_shown() {
        let (before, _) =
            shown("arn:aws:ecs:us-east-1:123456789012:task-definition/humangov-texas-app:1", "x", 43);
        assert_eq!(before, "…/humangov-texas-app:1");
    }

    #[test]
    fn what_is_sensitive_is_shown_as_such_on_both_sides() {
        let hidden = "(sensitive)".to_owned();
        assert_eq!(shown(&hidden, &hidden, 10), (hidden.clone(), hidden.clone()));
    }
}
