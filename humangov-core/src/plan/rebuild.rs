// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`rebuild`]: a snapshot that was lost, made anew from what is declared and what is live. Pure.

use crate::{
    address::Address,
    handler::{LiveValue, Ownership},
    plan::{
        Imports, LiveSet, PlanError, PlanErrorKind,
        diff::{Sides, as_live, diff},
        planner::imported,
    },
    stack::{Declared, Stack},
    store::{Recorded, Snapshot},
    tags::Owner,
    value::{Canonical, Json, Reference, Source, resolve},
};
use serde_json::Value;

/// A snapshot made anew, and what is not in it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// What is there and ours, as an apply would have left it; when it was saved is for whoever saves it to say.
    pub snapshot: Snapshot,
    /// What is there under our names and does not say that it is ours, with whose it says it is.
    pub foreign: Vec<(Address, Option<Owner>)>,
    /// What is declared and not there.
    pub missing: Vec<Address>,
    /// What is recorded and differs from its declaration: recorded as it is, so that the next plan shows the difference.
    pub differing: Vec<Address>,
}

/// Makes the snapshot of `stack` as if it had been applied and then changed to what is `live`.
///
/// What is as declared is recorded so: a plan then has nothing to do. A setting that is left to AWS is recorded as left to AWS, and
/// one that cannot be read as declared. What only a record can tell is not known again: resources that are no longer
/// declared, and those that were replaced and are still to be deleted.
///
/// What refers to something foreign is compared with that: it is what is there.
///
/// # Errors
/// When the stack cannot be.
pub fn rebuild(stack: &Stack, live: &LiveSet, imports: &Imports) -> Result<Rebuilt, PlanError> {
    stack.check().map_err(PlanErrorKind::Stack)?;
    let order = stack.order().map_err(PlanErrorKind::Stack)?;
    let lookup = |reference: &Reference| match &reference.source {
        Source::Stack(stack) => imports.get(stack, &reference.attr).cloned(),
        Source::Resource(address) => live.get(address)??.outputs.get(&*reference.attr).cloned(),
    };
    let mut rebuilt = Rebuilt {
        snapshot: Snapshot::empty(stack.fleet().clone(), stack.name().clone()),
        foreign: Vec::new(),
        missing: Vec::new(),
        differing: Vec::new(),
    };
    for node in order {
        let declared = &stack.resources()[node as usize];
        let address = declared.address().clone();
        let Some(Some(there)) = live.get(&address) else {
            rebuilt.missing.push(address);
            continue;
        };
        let foreign = match &there.ownership {
            Ownership::Parent => None,
            Ownership::Owner(owner) if owner.is(stack.fleet(), stack.name(), &address) => None,
            Ownership::Owner(owner) => Some(Some(owner.clone())),
            Ownership::Nobody => Some(None),
        };
        if let Some(owner) = foreign {
            rebuilt.foreign.push((address, owner));
            continue;
        }
        let (record, differs) = recorded(stack, declared, there, &lookup);
        if differs {
            rebuilt.differing.push(address.clone());
        }
        rebuilt.snapshot.resources.insert(address, record);
    }
    if !rebuilt.snapshot.is_empty() {
        let mut exports = stack.exports().clone();
        exports.retain(|_, value| resolve(value, &lookup));
        rebuilt.snapshot.exports = exports;
        rebuilt.snapshot.imports = imported(stack, imports);
    }
    Ok(rebuilt)
}

/// The record of what is there, and whether it differs from its declaration.
fn recorded(
    stack: &Stack,
    declared: &Declared,
    there: &LiveValue,
    lookup: &dyn Fn(&Reference) -> Option<Value>,
) -> (Recorded, bool) {
    let info = declared.spec().info();
    let mut desired = declared.spec().canonical().to_value();
    resolve(&mut desired, lookup);
    let desired = info.normalized(desired.clone()).unwrap_or(desired);
    // As if it had been applied: what cannot be read is then compared with itself.
    let sides = Sides { desired: &desired, recorded: Some(&desired), current: &there.spec };
    let differs = !diff(sides, info.rules).is_empty();
    let (digest, spec) = if differs {
        let spec = as_live(&desired, &there.spec, info.rules);
        // Another digest than the declared one, so that a plan which does not look sees the difference too.
        (Canonical::new(&spec).digest(), spec)
    } else {
        (declared.spec().digest(), desired)
    };
    let mut record = Recorded::new(digest, Json::from(&spec), Json::from(&there.outputs));
    record.dependencies =
        declared.dependencies.iter().map(|&on| stack.resources()[on as usize].address().clone()).collect();
    record.holds_data = info.holds_data;
    (record, differs)
}
