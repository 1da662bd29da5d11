// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`drift`]: recorded and live compared, whatever is declared by now. Pure.

use crate::{
    address::Address,
    handler::{Ownership, Registry},
    plan::{
        FieldChange, LiveSet,
        diff::{Sides, diff},
    },
    store::Snapshot,
};
use serde::{Deserialize, Serialize};

/// A resource that was changed outside since it was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The resource.
    pub address: Address,
    /// How it differs from the record.
    pub what: DriftKind,
}

/// How a resource differs from its record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftKind {
    /// It is gone.
    Gone,
    /// What is there is not ours: somebody made it, or took our tags away.
    NotOurs,
    /// These fields differ: `before` is what is there, `after` what was recorded, as in a plan that sets them back.
    Changed(Vec<FieldChange>),
}

/// What was changed outside: every resource of `snapshot` that is not as it was recorded, in the order of the addresses.
///
/// What `live` does not tell is left out, and so is what a run had not finished. Rules are those of the kinds in `registry`.
pub fn drift(registry: &Registry, snapshot: &Snapshot, live: &LiveSet) -> Vec<Drift> {
    let differs = |address: &Address| -> Option<DriftKind> {
        let record = &snapshot.resources[address];
        if record.unfinished {
            return None;
        }
        let Some(found) = live.get(address)? else { return Some(DriftKind::Gone) };
        let ours = match &found.ownership {
            Ownership::Parent => true,
            Ownership::Owner(owner) => owner.is(&snapshot.fleet, &snapshot.stack, address),
            Ownership::Nobody => false,
        };
        if !ours {
            return Some(DriftKind::NotOurs);
        }
        let info = registry.info(address.kind_str());
        // Another version may have recorded it, with other ways to write the same.
        let recorded = record.spec.to_value();
        let normal = info.and_then(|info| info.normalized(recorded.clone()).ok());
        let recorded = normal.unwrap_or(recorded);
        let sides = Sides { desired: &recorded, recorded: Some(&recorded), current: &found.spec };
        let fields = diff(sides, info.map_or(&[], |info| info.rules));
        (!fields.is_empty()).then_some(DriftKind::Changed(fields))
    };
    snapshot
        .resources
        .keys()
        .filter_map(|address| Some(Drift { address: address.clone(), what: differs(address)? }))
        .collect()
}
