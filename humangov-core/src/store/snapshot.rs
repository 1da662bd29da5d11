// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Snapshot`]: what is recorded of a stack.

use crate::{
    address::{Address, StackName},
    names::FleetName,
    value::{Digest, Json},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What was made of a stack, as of its last change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The version of this format: [`Snapshot::FORMAT`].
    pub format_version: u32,
    /// The fleet.
    pub fleet: FleetName,
    /// The stack.
    pub stack: StackName,
    /// When it was last saved.
    pub updated_at: Option<Timestamp>,
    /// The resources.
    pub resources: BTreeMap<Address, Recorded>,
    /// What other stacks may import, resolved.
    #[serde(default)]
    pub exports: BTreeMap<String, Value>,
    /// What was imported when the resources were made, by `stack#export`.
    #[serde(default)]
    pub imports: BTreeMap<String, Value>,
    /// The fencing token of the lease under which it was saved; a store sets it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lease: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(lease: &u64) -> bool {
    *lease == 0
}

/// A resource that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The digest of the spec as it was declared, references and all: equal digests need no comparing.
    pub digest: Digest,
    /// The spec as it was applied, every reference resolved.
    pub spec: Json,
    /// What AWS said of it.
    pub outputs: Json,
    /// What it was made after.
    #[serde(default)]
    pub dependencies: Vec<Address>,
    /// Whether it holds data.
    #[serde(default)]
    pub holds_data: bool,
    /// Earlier versions of it that were replaced and are still to be deleted.
    #[serde(default)]
    pub deposed: Vec<Deposed>,
    /// Whether a run ended while it was being made or changed: it may not be as recorded, or not work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
}

/// A replaced resource that is still there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deposed {
    /// Its spec.
    pub spec: Json,
    /// Its outputs.
    pub outputs: Json,
}

impl Recorded {
    /// A record of these, made after nothing, with nothing else to tell.
    pub fn new(digest: Digest, spec: Json, outputs: Json) -> Self {
        Self {
            digest,
            spec,
            outputs,
            dependencies: Vec::new(),
            holds_data: false,
            deposed: Vec::new(),
            unfinished: false,
        }
    }
}

impl Snapshot {
    /// The format this version writes. Older formats are read; newer ones are refused.
    pub const FORMAT: u32 = 1;

    /// Nothing yet.
    pub fn empty(fleet: FleetName, stack: StackName) -> Self {
        Self {
            format_version: Self::FORMAT,
            fleet,
            stack,
            updated_at: None,
            resources: BTreeMap::new(),
            exports: BTreeMap::new(),
            imports: BTreeMap::new(),
            lease: 0,
        }
    }

    /// Whether both tell the same, whenever and by whomever they were saved.
    pub(crate) fn tells_the_same_as(&self, other: &Self) -> bool {
        (&self.fleet, &self.stack, &self.resources, &self.exports, &self.imports)
            == (&other.fleet, &other.stack, &other.resources, &other.exports, &other.imports)
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }
}
