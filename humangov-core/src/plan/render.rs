// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans as text.

use crate::plan::{Action, Change, FieldChange, Origin, Plan, ReplaceOrder, Summary};
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
        writeln!(f, "{:<40}{}", plan.stack.as_str(), plan.summary())?;
        let declared = |field: &&FieldChange| field.origin == Origin::Declared;
        let only_drift = |change: &Change| {
            !change.fields.is_empty() && change.fields.iter().all(|field| !declared(&field))
        };
        for change in &plan.changes {
            if change.action == Action::Record && change.deposed.is_empty() || only_drift(change) {
                continue;
            }
            headline(change, f)?;
            fields(change.fields.iter().filter(declared), f)?;
            notes(change, f)?;
        }
        let drifted: Vec<&Change> = plan
            .changes
            .iter()
            .filter(|change| change.fields.iter().any(|field| !declared(&field)))
            .collect();
        if !drifted.is_empty() {
            writeln!(f, "\n  drift (changed outside, would be set back)")?;
            for change in drifted {
                headline(change, f)?;
                fields(change.fields.iter().filter(|field| !declared(field)), f)?;
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

fn headline(change: &Change, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let what = match change.action {
        Action::Create => "create",
        Action::Update => "change in place",
        Action::Replace(ReplaceOrder::CreateFirst) => "replace (create first)",
        Action::Replace(ReplaceOrder::DeleteFirst) => "replace (delete first)",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Keep => "keep",
        Action::Forget => "forget",
        Action::Record => "unchanged",
    };
    let (sign, address) = (change.action.sign(), change.address.as_str());
    match &change.reason {
        Some(reason) => writeln!(f, "  {sign} {address:<34} {what}: {reason}"),
        None => writeln!(f, "  {sign} {address:<34} {what}"),
    }
}

fn fields<'a>(fields: impl Iterator<Item = &'a FieldChange>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for field in fields {
        let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), brief_value);
        writeln!(f, "      {:<32} {}  →  {}", field.path, show(&field.before), show(&field.after))?;
    }
    Ok(())
}

fn notes(change: &Change, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use crate::handler::Contents;
    let holds_data = change.prior.as_ref().is_some_and(|prior| prior.holds_data);
    let note = match (change.action, change.contents) {
        (Action::Keep, _) => Some("data: it and all it holds are kept"),
        (Action::Delete | Action::Replace(_), Contents::Purge) if holds_data => {
            Some("data: it is deleted with all it holds; this cannot be undone")
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

/// A value in a few words: cut in the middle where it is long, `known after apply` where it is a reference.
pub fn brief_value(value: &Value) -> String {
    const MOST: usize = 56;
    let mut unknown = false;
    walk_references(value, &mut |_| unknown = true);
    if unknown {
        return "known after apply".to_owned();
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let chars: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if chars.len() <= MOST {
        return chars.into_iter().collect();
    }
    let (head, tail) = (MOST / 2 - 1, MOST / 2);
    chars[..head].iter().chain(std::iter::once(&'…')).chain(&chars[chars.len() - tail..]).collect()
}
