// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Plan`] and [`Change`]: what would be done, as data.

use crate::{
    address::{Address, StackName},
    handler::Contents,
    names::FleetName,
    store::{Deposed, Version},
    value::{Digest, Json, Reference, Source, walk_references},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What would be done to one stack.
///
/// Refers to the version of the snapshot it was made from: executing it later is refused when that has moved on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this format: [`Plan::FORMAT`].
    pub format_version: u32,
    /// Whether it makes or takes down.
    pub kind: PlanKind,
    /// The fleet.
    pub fleet: FleetName,
    /// The stack.
    pub stack: StackName,
    /// The snapshot it was made from; `None`: there was none.
    pub base: Option<Version>,
    /// Whether what is there was read; otherwise the record was believed.
    #[serde(default)]
    pub refreshed: bool,
    /// What changes, in dependency order.
    pub changes: Vec<Change>,
    /// How many resources stay as they are.
    pub unchanged: usize,
    /// What a person should know before saying yes.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What other stacks may import afterwards; references are not resolved.
    #[serde(default)]
    pub exports: BTreeMap<String, Value>,
    /// What was imported, by `stack#export`, as far as it was known.
    #[serde(default)]
    pub imports: BTreeMap<String, Value>,
    /// Whether the record of what is exported or imported changes.
    #[serde(default)]
    pub exports_change: bool,
}

/// Whether a plan makes or takes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// It brings a stack to what is desired.
    Apply,
    /// It takes a stack down.
    Destroy,
}

/// What would be done to one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// What is done.
    pub action: Action,
    /// Why, where the fields do not say it.
    pub reason: Option<String>,
    /// Which fields differ.
    pub fields: Vec<FieldChange>,
    /// What it should be; `None` when it should not be.
    pub desired: Option<Desired>,
    /// What it is; `None` when it is not.
    pub prior: Option<Prior>,
    /// Other versions of it, which were replaced and are still there, to be deleted.
    #[serde(default)]
    pub deposed: Vec<Deposed>,
    /// What a deletion may do to what it holds.
    pub contents: Contents,
}

/// What a resource should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// The spec; its references are resolved when its turn comes.
    pub spec: Json,
    /// The digest of the spec as declared.
    pub digest: Digest,
    /// Whether it holds data.
    pub holds_data: bool,
    /// What it is made after.
    pub dependencies: Vec<Address>,
}

/// What a resource is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// The spec, live where it was read, as recorded otherwise.
    pub spec: Json,
    /// The outputs, likewise.
    pub outputs: Json,
    /// Whether it was in the snapshot; if not, it was found.
    pub recorded: bool,
    /// What it was made after.
    #[serde(default)]
    pub dependencies: Vec<Address>,
    /// Whether it holds data.
    #[serde(default)]
    pub holds_data: bool,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// A new one takes its place.
    Replace(ReplaceOrder),
    /// It is deleted.
    Delete,
    /// It is ours and was not in the snapshot: it is recorded, and changed in place where it differs.
    Adopt,
    /// It stays, since it holds data and nobody asked for its deletion.
    Keep,
    /// It is gone already: only the record goes.
    Forget,
    /// Nothing is done to it; the record is brought up to date.
    Record,
}

/// Which half of a replacement comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceOrder {
    /// The new one is made, everything moves, the old one goes last.
    CreateFirst,
    /// The old one goes, then the new one is made: what it served is down between the two.
    DeleteFirst,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its path, such as `containers.app.image`.
    pub path: String,
    /// How it is; `None`: absent.
    pub before: Option<Value>,
    /// How it should be; `None`: absent. References in it are known after apply.
    pub after: Option<Value>,
    /// What follows from the difference.
    pub effect: FieldEffect,
    /// Who made the difference.
    pub origin: Origin,
}

/// What follows from a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldEffect {
    /// The field is changed in place.
    InPlace,
    /// The resource is replaced.
    Replace(ReplaceOrder),
    /// The plan is refused unless replacing is allowed: data or identity would be lost.
    Refused,
}

/// Who made a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The declaration changed.
    Declared,
    /// The resource was changed outside.
    Drift,
}

/// How many resources get what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// Made.
    pub create: usize,
    /// Changed in place.
    pub change: usize,
    /// Replaced.
    pub replace: usize,
    /// Deleted, what earlier runs replaced and could not delete among them.
    pub delete: usize,
    /// Adopted.
    pub adopt: usize,
    /// Kept although the stack goes, or no longer has them.
    pub keep: usize,
    /// Left as they are.
    pub unchanged: usize,
}

impl Summary {
    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            create: self.create + other.create,
            change: self.change + other.change,
            replace: self.replace + other.replace,
            delete: self.delete + other.delete,
            adopt: self.adopt + other.adopt,
            keep: self.keep + other.keep,
            unchanged: self.unchanged + other.unchanged,
        }
    }
}

impl Plan {
    /// The format this version writes.
    pub const FORMAT: u32 = 1;

    /// Shows every reference to what another stack exports, in what is to be there.
    pub(crate) fn walk_imports(&self, see: &mut dyn FnMut(&StackName, &Reference)) {
        let desired = self.changes.iter().filter_map(|change| change.desired.as_ref());
        for desired in desired.filter(|desired| desired.spec.may_import()) {
            walk_references(&desired.spec.to_value(), &mut |reference| {
                if let Source::Stack(stack) = &reference.source {
                    see(stack, &reference);
                }
            });
        }
    }

    /// Whether executing it would do nothing in AWS.
    pub fn is_no_op(&self) -> bool {
        self.changes.iter().all(|change| !change.acts())
    }

    /// Whether executing it would do nothing at all, not even to the snapshot.
    pub fn is_empty(&self) -> bool {
        !self.exports_change
            && self.changes.iter().all(|change| change.action == Action::Keep && change.deposed.is_empty())
    }

    /// How many resources get what.
    pub fn summary(&self) -> Summary {
        let mut sum = Summary { unchanged: self.unchanged, ..Summary::default() };
        for change in &self.changes {
            sum.delete += change.deposed.len();
            match change.action {
                Action::Create => sum.create += 1,
                Action::Update => sum.change += 1,
                Action::Replace(_) => sum.replace += 1,
                Action::Delete => sum.delete += 1,
                Action::Adopt => sum.adopt += 1,
                Action::Keep => sum.keep += 1,
                Action::Forget => {}
                Action::Record => sum.unchanged += 1,
            }
        }
        sum
    }
}

impl Change {
    /// Whether it calls AWS to change anything.
    pub fn acts(&self) -> bool {
        let calls = match self.action {
            Action::Create | Action::Update | Action::Replace(_) | Action::Delete => true,
            Action::Adopt => !self.fields.is_empty(),
            Action::Keep | Action::Forget | Action::Record => false,
        };
        calls || !self.deposed.is_empty()
    }
}
