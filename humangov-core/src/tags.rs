// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags: those a user sets, and those by which a resource is known to be ours.

use crate::{
    address::{Address, StackName},
    names::FleetName,
    resource::Violations,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The prefix of the tags that say whose a resource is.
pub const OWNERSHIP_PREFIX: &str = "humangov:";
/// Tag key: the fleet a resource belongs to.
pub const FLEET: &str = "humangov:fleet";
/// Tag key: the stack a resource belongs to.
pub const STACK: &str = "humangov:stack";
/// Tag key: the address of a resource within its stack.
pub const ADDRESS: &str = "humangov:address";
/// Tag key: the digest of the spec a revision was made from. Only on kinds that are known by their content.
pub const DIGEST: &str = "humangov:digest";

/// Tags by key. AWS allows 50 a resource, keys of 1 to 128 and values of up to 256 characters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// No tags.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a tag, or replaces the one with the same key.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// The value of the tag `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All tags, ordered by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// These tags and `more`; where both have a key, the value of `more`.
    #[must_use]
    pub fn merged(&self, more: &Tags) -> Self {
        let mut all = self.clone();
        all.0.extend(more.0.clone());
        all
    }

    /// What a user set: without ownership tags and without those AWS itself adds (`aws:`).
    #[must_use]
    pub fn of_user(&self) -> Self {
        self.iter()
            .filter(|(key, _)| !key.starts_with(OWNERSHIP_PREFIX) && !key.starts_with("aws:"))
            .collect()
    }

    /// Which keys must be removed and which tags set to get from these to `wanted`. Keys of AWS (`aws:`) stay.
    pub fn changes_to(&self, wanted: &Tags) -> (Vec<String>, Tags) {
        let removed = self
            .0
            .keys()
            .filter(|key| !key.starts_with("aws:") && !wanted.0.contains_key(*key))
            .cloned()
            .collect();
        let set = wanted.iter().filter(|(key, value)| self.get(key) != Some(value)).collect();
        (removed, set)
    }

    /// Whose resource these tags say it is.
    pub fn owner(&self) -> Option<Owner> {
        Some(Owner {
            fleet: self.get(FLEET)?.to_owned(),
            stack: self.get(STACK)?.to_owned(),
            address: self.get(ADDRESS)?.to_owned(),
        })
    }

    /// Adds to `found` what AWS would refuse, or what is ours to set.
    pub fn validate(&self, found: &mut Violations) {
        // Five of the fifty stay free for the ownership tags.
        found.check(self.len() <= 45, "tags", || format!("{} tags; at most 45 can be set", self.len()));
        for (key, value) in self.iter() {
            let path = format!("tags.{key}");
            found.check(
                (1..=128).contains(&key.chars().count()),
                &path,
                || "a tag key has 1 to 128 characters",
            );
            found.check(value.chars().count() <= 256, &path, || "a tag value has up to 256 characters");
            found.check(
                !key.to_ascii_lowercase().starts_with("aws:"),
                &path,
                || "tag keys beginning aws: are reserved by AWS",
            );
            found.check(!key.starts_with(OWNERSHIP_PREFIX), &path, || {
                format!("tag keys beginning {OWNERSHIP_PREFIX} are set by humangov itself")
            });
            let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
            found.check(
                key.chars().chain(value.chars()).all(allowed),
                &path,
                || "tags may hold letters, digits, spaces and _ . : / = + - @",
            );
        }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

/// Whose a resource is, as its tags say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Owner {
    /// The fleet.
    pub fleet: String,
    /// The stack within the fleet.
    pub stack: String,
    /// The address within the stack.
    pub address: String,
}

impl Owner {
    /// Whether this is the resource `address` of `stack` of `fleet`.
    pub fn is(&self, fleet: &FleetName, stack: &StackName, address: &Address) -> bool {
        self.fleet == fleet.as_str() && self.stack == stack.as_str() && self.address == address.as_str()
    }
}

/// The tags that mark the resource `address` of `stack` of `fleet`.
pub fn ownership(fleet: &FleetName, stack: &StackName, address: &Address) -> Tags {
    [(FLEET, fleet.as_str()), (STACK, stack.as_str()), (ADDRESS, address.as_str())].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_leave_tags_of_aws_alone() {
        let now: Tags = [("aws:x", "1"), ("old", "1"), ("same", "1"), ("new", "0")].into_iter().collect();
        let wanted: Tags = [("same", "1"), ("new", "1")].into_iter().collect();
        let (removed, set) = now.changes_to(&wanted);
        assert_eq!(removed, ["old"]);
        assert_eq!(set, [("new", "1")].into_iter().collect());
    }

    #[test]
    fn reserved_keys_are_refused() {
        let tags: Tags = [("humangov:fleet", "x"), ("AWS:x", "y"), ("ok", "z")].into_iter().collect();
        let mut found = Violations::default();
        tags.validate(&mut found);
        assert_eq!(found.len(), 2);
    }
}
