// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two kinds of resource that exist in a [`FakeCloud`](super::FakeCloud) alone: one field for each thing a field can do.

use crate::{
    address::Kind,
    arn::Arn,
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Handle, Input},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use typed_builder::TypedBuilder;

/// A thing: every field stands for a sort of field that resources have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a thing, by handle, output or id, without which this one cannot be. The cloud refuses to delete that before this.
    pub fn link(&mut self, to: impl Into<Link>) {
        self.links.push(to.into().0);
    }
    /// Sets a note.
    pub fn note(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.notes.insert(key.into(), value.into());
    }
    /// Sets a tag.
    pub fn tag(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.tags.insert(key, value);
    }
))]
pub struct Thing {
    /// What it is found by: unique among things, 1 to 64 characters. Changing it makes a new one first.
    #[builder(setter(into))]
    pub name: String,
    /// Changed in place; 0 to 100.
    #[builder(default = 1)]
    pub size: u32,
    /// Changed by making a new one first, which needs another name.
    #[builder(default = "round".to_owned(), setter(into))]
    pub shape: String,
    /// Changed by deleting the old one first.
    #[builder(default)]
    pub slot: u32,
    /// Never changed.
    #[builder(default, setter(into))]
    pub key: String,
    /// Ids of the things it needs: a set.
    #[builder(via_mutators)]
    #[serde(default)]
    pub links: Vec<Input<String>>,
    /// A map, changed in place.
    #[builder(via_mutators)]
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
    /// Left to the cloud where absent, which then says `grey`.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub colour: Option<String>,
    /// Tags.
    #[builder(via_mutators)]
    #[serde(default)]
    pub tags: Tags,
}

/// What a thing can be linked to.
#[derive(Debug, Clone)]
pub struct Link(Input<String>);

impl<T: Into<Input<String>>> From<T> for Link {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}
impl From<&Handle<Thing>> for Link {
    fn from(thing: &Handle<Thing>) -> Self {
        Self(thing.get(Thing::ID).into())
    }
}

/// What is known of a thing that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThingOutputs {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: Arn<Thing>,
    /// Its name.
    pub name: String,
}

impl Thing {
    /// The id.
    pub const ID: Attr<Self, String> = Attr::new("id");
    /// The name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
}

impl Resource for Thing {
    const KIND: Kind = Kind::new("test.thing");
    const RULES: &'static [Rule] = &[
        Rule::ReplaceCreateFirst("/name"),
        Rule::ReplaceCreateFirst("/shape"),
        Rule::ReplaceDeleteFirst("/slot"),
        Rule::Immutable("/key"),
    ];
    type Outputs = ThingOutputs;

    fn normalize(&mut self) {
        self.links.sort_by_cached_key(|link| serde_json::to_string(link).unwrap_or_default());
        self.links.dedup();
    }

    fn validate(&self, found: &mut Violations) {
        found.check((1..=64).contains(&self.name.len()), "name", || "a name has 1 to 64 characters");
        found.check(self.size <= 100, "size", || format!("{}; a size is 0 to 100", self.size));
        self.tags.validate(found);
    }
}

impl HasArn for Thing {}

/// A vault: it holds data, and goes only when it is empty or when that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Vault {
    /// What it is found by. Never changed.
    #[builder(setter(into))]
    pub name: String,
    /// Changed in place.
    #[builder(default = 1)]
    pub size: u32,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// What is known of a vault that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VaultOutputs {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: Arn<Vault>,
}

impl Vault {
    /// The id.
    pub const ID: Attr<Self, String> = Attr::new("id");
}

impl Resource for Vault {
    const KIND: Kind = Kind::new("test.vault");
    const RULES: &'static [Rule] = &[Rule::Immutable("/name")];
    const HOLDS_DATA: bool = true;
    type Outputs = VaultOutputs;
}

impl HasArn for Vault {}
