// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans as text.

use crate::plan::{Action, Change, FieldChange, FieldEffect, Origin, Plan, ReplaceOrder, Summary};
use crate::value::walk_references;
use serde_json::Value;
use std::fmt;

/// A plan to be printed: `Display` writes it, a line for each resource that changes and for each field.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'a> {
    plan: &'a Plan,
}

impl<'a> PlanView<'a> {
    /// The whole plan.
    pub const fn new(plan: &'a Plan) -> Self {
        Self { plan }
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
        let columns = Columns::of(plan);
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

/// How wide the columns are: as wide as what is in them, within reason.
struct Columns {
    address: usize,
    path: usize,
}

impl Columns {
    fn of(plan: &Plan) -> Self {
        let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or_default();
        let shown = plan.changes.iter().filter(|change| change.action != Action::Record || change.acts());
        let address = widest(&mut shown.map(|change| change.address.as_str().chars().count()));
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
        let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), brief_value);
        for field in change.fields.iter().filter(pick) {
            let (mut before, mut after) = (show(&field.before), show(&field.after));
            if let (true, Some(old), Some(new)) = (before == after, &field.before, &field.after) {
                // They differ in what was cut.
                (before, after) = where_they_differ(&one_line(old), &one_line(new));
            }
            // Where only some of the fields are why it is replaced, those say so.
            let why = match (change.action, field.effect) {
                (Action::Replace(_), FieldEffect::Replace(_)) => "  (needs a new one)",
                _ => "",
            };
            writeln!(f, "      {:<1$}  {before}  →  {after}{why}", field.path, self.path)?;
        }
        Ok(())
    }
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
        1 => writeln!(f, "      an earlier version of it that was replaced is deleted"),
        n => writeln!(f, "      {n} earlier versions of it that were replaced are deleted"),
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
    let mut unknown = false;
    walk_references(value, &mut |_| unknown = true);
    if unknown {
        return "known after apply".to_owned();
    }
    let chars = one_line(value);
    if chars.len() <= MOST {
        return chars.into_iter().collect();
    }
    let (head, tail) = (MOST / 2 - 1, MOST / 2);
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

/// Two values that read the same when cut in the middle, cut so that their first difference is shown.
fn where_they_differ(before: &[char], after: &[char]) -> (String, String) {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    // What is equal and not cut, such as what is sensitive, stays as it is.
    let start = if same == before.len().max(after.len()) { 0 } else { same.saturating_sub(MOST / 2) };
    let cut = |chars: &[char]| -> String {
        let end = chars.len().min(start + MOST);
        let (left, right) = (if start > 0 { "…" } else { "" }, if end < chars.len() { "…" } else { "" });
        format!("{left}{}{right}", chars[start.min(end)..end].iter().collect::<String>())
    };
    (cut(before), cut(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_read_the_same_when_cut_show_where_they_differ() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(60), "z".repeat(60));
        let (before, after) = (Value::from(long("80")), Value::from(long("443")));
        assert_eq!(brief_value(&before), brief_value(&after));
        let (before, after) = where_they_differ(&one_line(&before), &one_line(&after));
        assert!(before.contains("aa80zz") && after.contains("aa443zz"), "{before} {after}");
        assert!(before.starts_with('…') && before.ends_with('…'));
    }

    #[test]
    fn what_is_sensitive_is_shown_as_such_on_both_sides() {
        let hidden = one_line(&Value::from("(sensitive)"));
        assert_eq!(where_they_differ(&hidden, &hidden).0, "(sensitive)");
    }
}
