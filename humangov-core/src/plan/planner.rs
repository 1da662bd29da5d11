// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`plan`] and [`plan_destroy`]: desired, recorded and live in, a [`Plan`] out. Pure.

use crate::{
    address::{Address, StackName},
    handler::{Contents, LiveValue, Ownership},
    names::FleetName,
    plan::{
        Action, Change, Desired, FieldChange, FieldEffect, LiveSet, Plan, PlanError, PlanErrorKind, PlanKind,
        Prior, Refusal, ReplaceOrder,
        diff::{Sides, diff},
    },
    resource::Rule,
    stack::{Declared, Stack},
    store::{Deposed, Recorded, Snapshot, Versioned},
    tags::Owner,
    value::{Json, Reference, Source, resolve, walk_references},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What other stacks export: values by stack and name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Imports(BTreeMap<StackName, BTreeMap<String, Value>>);

impl Imports {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds what `snapshot` exports.
    #[must_use]
    pub fn with(self, snapshot: &Snapshot) -> Self {
        self.with_exports(snapshot.stack.clone(), snapshot.exports.clone())
    }

    /// Adds what `stack` exports, in the place of what was known of it.
    #[must_use]
    pub fn with_exports(mut self, stack: StackName, exports: BTreeMap<String, Value>) -> Self {
        self.0.insert(stack, exports);
        self
    }

    /// Only what `plan` imports.
    pub(crate) fn needed_by(&self, plan: &Plan) -> Self {
        let mut needed = Self::none();
        let mut note = |stack: &StackName, reference: &Reference| {
            if let Some(value) = self.get(stack, &reference.attr) {
                let exports = needed.0.entry(stack.clone()).or_default();
                exports.insert(reference.attr.to_string(), value.clone());
            }
        };
        plan.walk_imports(&mut note);
        for value in plan.exports.values() {
            walk_references(value, &mut |reference| {
                if let Source::Stack(stack) = &reference.source {
                    note(stack, &reference);
                }
            });
        }
        needed
    }

    /// The export `name` of `stack`, if that is known.
    pub fn get(&self, stack: &StackName, name: &str) -> Option<&Value> {
        self.0.get(stack)?.get(name)
    }
}

/// What a plan may do.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// What becomes of resources that hold data and are no longer wanted.
    pub data: DataPolicy,
    /// Resources that may be deleted and made anew where a change needs that and data or identity would be lost.
    pub allow_replace: BTreeSet<Address>,
}

/// What becomes of resources that hold data and are no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataPolicy {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted if they hold nothing; else the deletion fails.
    DeleteEmpty,
    /// They are deleted with all they hold.
    Delete,
}

/// Compares what `stack` declares with what is recorded and with what is `live`.
///
/// Without `live` the record is believed, and nothing but digests is compared where they are equal.
///
/// # Errors
/// With everything that AWS would refuse, or with every resource that must not be touched: one that is under our name but not
/// ours, or whose change would lose data.
pub fn plan(
    stack: &Stack,
    snapshot: Option<&Versioned<Snapshot>>,
    live: Option<&LiveSet>,
    imports: &Imports,
    options: &PlanOptions,
) -> Result<Plan, PlanError> {
    stack.check().map_err(PlanErrorKind::Stack)?;
    let order = stack.order().map_err(PlanErrorKind::Stack)?;
    let recorded = snapshot.map(|snapshot| &snapshot.value);
    let mut planner = Planner {
        stack,
        recorded,
        live,
        imports,
        options,
        imports_same: recorded.is_none_or(|recorded| {
            recorded.imports.iter().all(|(key, value)| {
                key.split_once('#').and_then(|(stack, name)| imports.get(&stack.parse().ok()?, name))
                    == Some(value)
            })
        }),
        nodes: vec![Node::Unknown; stack.resources().len()],
        records: vec![None; stack.resources().len()],
        same: vec![false; stack.resources().len()],
        all_recorded: true,
        changes: Vec::new(),
        unchanged: 0,
        refusals: Vec::new(),
    };
    let mut unwanted = Vec::new();
    if let Some(recorded) = recorded {
        for (address, record) in &recorded.resources {
            match stack.position(address) {
                Some(node) => planner.take_in(node, record),
                None => unwanted.push((address, record)),
            }
        }
    }
    for node in order {
        planner.plan_declared(node);
    }
    for (address, record) in unwanted.into_iter().rev() {
        planner.plan_unwanted(address, record);
    }
    let exports_change = planner.exports_change();
    let Planner { changes, unchanged, refusals, .. } = planner;
    if !refusals.is_empty() {
        return Err(PlanErrorKind::Refused { stack: stack.name().clone(), refusals }.into());
    }
    Ok(Plan {
        format_version: Plan::FORMAT,
        kind: PlanKind::Apply,
        fleet: stack.fleet().clone(),
        stack: stack.name().clone(),
        base: snapshot.map(|snapshot| snapshot.version.clone()),
        refreshed: live.is_some(),
        changes,
        unchanged,
        warnings: stack.warnings().to_vec(),
        exports: stack.exports().clone(),
        imports: imported(stack, imports),
        exports_change,
    })
}

/// Plans to take a stack down: everything that is recorded goes, data only if `options` say so.
///
/// # Errors
/// With every resource that is under our name but not ours.
pub fn plan_destroy(
    fleet: &FleetName,
    name: &StackName,
    snapshot: Option<&Versioned<Snapshot>>,
    live: Option<&LiveSet>,
    options: &PlanOptions,
) -> Result<Plan, PlanError> {
    let empty = Stack::new(fleet.clone(), name.clone());
    let mut plan = plan(&empty, snapshot, live, &Imports::none(), options)?;
    plan.kind = PlanKind::Destroy;
    // What was made last goes first; among those that do not care, the order of the addresses.
    let depth = depths(&plan.changes);
    plan.changes.sort_by_key(|change| std::cmp::Reverse(depth.get(&change.address).copied()));
    Ok(plan)
}

/// How many steps each resource was after the first, by the recorded dependencies.
fn depths(changes: &[Change]) -> BTreeMap<Address, usize> {
    let index: BTreeMap<&Address, u32> =
        changes.iter().enumerate().filter_map(|(i, c)| Some((&c.address, u32::try_from(i).ok()?))).collect();
    let edges: Vec<Vec<u32>> = changes
        .iter()
        .map(|change| {
            let dependencies = change.prior.iter().flat_map(|prior| &prior.dependencies);
            dependencies.filter_map(|address| index.get(address).copied()).collect()
        })
        .collect();
    let mut depths = BTreeMap::new();
    if let Ok(dag) = crate::graph::Dag::new(&edges) {
        let mut depth = vec![0; changes.len()];
        for &node in dag.order() {
            let below = dag.dependencies(node).iter().map(|&d| depth[d as usize] + 1).max();
            depth[node as usize] = below.unwrap_or(0);
            depths.insert(changes[node as usize].address.clone(), depth[node as usize]);
        }
    }
    depths
}

/// What `stack` imports, by `stack#export`, as far as it is known.
pub(super) fn imported(stack: &Stack, imports: &Imports) -> BTreeMap<String, Value> {
    let mut known = BTreeMap::new();
    if stack.imports().is_empty() {
        return known;
    }
    let mut note = |value: &Value| {
        walk_references(value, &mut |reference| {
            if let Source::Stack(source) = &reference.source
                && let Some(value) = imports.get(source, &reference.attr)
            {
                known.insert(reference.to_string(), value.clone());
            }
        });
    };
    stack.resources().iter().for_each(|resource| note(&resource.spec().canonical().to_value()));
    stack.exports().values().for_each(&mut note);
    known
}

/// What is known of a resource's outputs while its dependents are planned.
#[derive(Clone)]
enum Node {
    /// Nothing: it is made or replaced.
    Unknown,
    /// What was recorded, looked up when asked for. Nothing changed.
    Recorded,
    /// These.
    Known(Value),
}

struct Planner<'a> {
    stack: &'a Stack,
    recorded: Option<&'a Snapshot>,
    live: Option<&'a LiveSet>,
    imports: &'a Imports,
    options: &'a PlanOptions,
    imports_same: bool,
    nodes: Vec<Node>,
    /// What is recorded of each declared resource.
    records: Vec<Option<&'a Recorded>>,
    /// Whether that is of the very same declaration, and all there is to say.
    same: Vec<bool>,
    /// Whether every node so far is [`Node::Recorded`]: then so are the dependencies of the next, which come before it.
    all_recorded: bool,
    changes: Vec<Change>,
    unchanged: usize,
    refusals: Vec<Refusal>,
}

/// What was found where a resource is looked for.
enum Found<'a> {
    NotRead,
    Absent,
    Ours(&'a LiveValue),
    NotOurs(Option<Owner>),
}

/// What was replaced and can take its place again, and how it differs from what is wanted.
struct WayBack<'a> {
    deposed: &'a Deposed,
    current: Value,
    outputs: Value,
    fields: Vec<FieldChange>,
}

impl<'a> Planner<'a> {
    /// Compares while the record is at hand: going through all records twice would take twice the time.
    fn take_in(&mut self, node: u32, record: &'a Recorded) {
        let declared = &self.stack.resources()[node as usize];
        self.records[node as usize] = Some(record);
        self.same[node as usize] = record.digest == declared.spec.digest()
            && record.deposed.is_empty()
            && !record.unfinished
            && self.same_dependencies(declared, record);
    }

    fn plan_declared(&mut self, node: u32) {
        let declared = &self.stack.resources()[node as usize];
        let record = self.records[node as usize];
        if self.live.is_none()
            && self.same[node as usize]
            && self.imports_same
            && (self.all_recorded
                || declared.dependencies.iter().all(|&d| matches!(self.nodes[d as usize], Node::Recorded)))
        {
            self.nodes[node as usize] = Node::Recorded;
            self.unchanged += 1;
            return;
        }
        self.all_recorded = false;
        match (self.find(&declared.address), record) {
            (Found::NotOurs(owner), record) => {
                self.refuse_foreign(&declared.address, owner, record.is_some());
            }
            (Found::NotRead | Found::Absent, None) => {
                self.push(declared, Action::Create, None, Vec::new(), None, record);
            }
            (Found::Absent, Some(record)) => {
                let desired = self.desired(declared);
                if let Some(way_back) = self.way_back(declared, &desired, record) {
                    return self.take_back(node, declared, record, way_back, false);
                }
                let reason = Some("it was deleted outside".to_owned());
                self.push(declared, Action::Create, reason, Vec::new(), None, Some(record));
            }
            (Found::NotRead, Some(record)) => {
                let prior = prior(record, record.spec.to_value(), record.outputs.to_value());
                self.compare(node, declared, Some(record), prior);
            }
            (Found::Ours(live), record) => {
                let (spec, outputs) = (live.spec.clone(), live.outputs.clone());
                let prior = match record {
                    Some(record) => prior(record, spec, outputs),
                    None => (
                        Prior {
                            spec: Json::from(&spec),
                            outputs: Json::from(&outputs),
                            recorded: false,
                            dependencies: self.dependencies(declared),
                            holds_data: declared.spec.info().holds_data,
                        },
                        spec,
                        outputs,
                    ),
                };
                self.compare(node, declared, record, prior);
            }
        }
    }

    fn find(&self, address: &Address) -> Found<'a> {
        match self.live.and_then(|live| live.get(address)) {
            None => Found::NotRead,
            Some(None) => Found::Absent,
            Some(Some(live)) if self.is_ours(address, &live.ownership) => Found::Ours(live),
            Some(Some(live)) => match &live.ownership {
                Ownership::Owner(owner) => Found::NotOurs(Some(owner.clone())),
                Ownership::Parent | Ownership::Nobody => Found::NotOurs(None),
            },
        }
    }

    fn is_ours(&self, address: &Address, ownership: &Ownership) -> bool {
        match ownership {
            Ownership::Parent => true,
            Ownership::Owner(owner) => owner.is(self.stack.fleet(), self.stack.name(), address),
            Ownership::Nobody => false,
        }
    }

    fn refuse_foreign(&mut self, address: &Address, owner: Option<Owner>, recorded: bool) {
        self.refusals.push(Refusal::NotOurs { address: address.clone(), owner, recorded });
    }

    /// Of specs with the same digest, whose references are the same.
    fn same_dependencies(&self, declared: &Declared, record: &Recorded) -> bool {
        if declared.dependencies.len() != record.dependencies.len() {
            return false;
        }
        if !declared.ordered && record.digest == declared.spec.digest() {
            return true;
        }
        let addresses = declared.dependencies.iter().map(|&d| &self.stack.resources()[d as usize].address);
        addresses.eq(&record.dependencies)
    }

    /// Whether what is exported or imported differs from what is recorded.
    fn exports_change(&self) -> bool {
        let Some(recorded) = self.recorded else { return !self.stack.exports().is_empty() };
        let mut exports = self.stack.exports().clone();
        exports.retain(|_, value| resolve(value, &|reference| self.lookup(reference)));
        exports != recorded.exports || !self.imports_same
    }

    fn dependencies(&self, declared: &Declared) -> Vec<Address> {
        declared.dependencies.iter().map(|&d| self.stack.resources()[d as usize].address.clone()).collect()
    }

    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match &reference.source {
            Source::Stack(stack) => self.imports.get(stack, &reference.attr).cloned(),
            Source::Resource(address) => match &self.nodes[self.stack.position(address)? as usize] {
                Node::Unknown => None,
                Node::Known(outputs) => outputs.get(&*reference.attr).cloned(),
                Node::Recorded => self.recorded?.resources.get(address)?.outputs.member(&reference.attr),
            },
        }
    }

    fn compare(
        &mut self,
        node: u32,
        declared: &Declared,
        record: Option<&Recorded>,
        (prior, current, outputs): (Prior, Value, Value),
    ) {
        let desired = self.desired(declared);
        let recorded = record.map(|record| record.spec.to_value());
        let sides = Sides { desired: &desired, recorded: recorded.as_ref(), current: &current };
        let rules: &[Rule] = declared.spec.info().rules;
        let mut fields = diff(sides, rules);
        if self.options.allow_replace.contains(&declared.address) {
            for field in fields.iter_mut().filter(|field| field.effect == FieldEffect::Refused) {
                field.effect = FieldEffect::Replace(ReplaceOrder::DeleteFirst);
            }
        }
        if fields.iter().any(|field| field.effect == FieldEffect::Refused) {
            let fields = fields.into_iter().filter(|field| field.effect == FieldEffect::Refused).collect();
            self.refusals.push(Refusal::Immutable { address: declared.address.clone(), fields });
            return;
        }
        let unfinished = record.is_some_and(|record| record.unfinished);
        let replaced = fields.iter().any(|field| matches!(field.effect, FieldEffect::Replace(_)));
        if let (true, Some(record)) = (replaced, record)
            && let Some(way_back) = self.way_back(declared, &desired, record)
        {
            return self.take_back(node, declared, record, way_back, true);
        }
        let replaces = |order| fields.iter().any(|field| field.effect == FieldEffect::Replace(order));
        let action = if replaces(ReplaceOrder::DeleteFirst) {
            Action::Replace(ReplaceOrder::DeleteFirst)
        } else if replaces(ReplaceOrder::CreateFirst) {
            Action::Replace(ReplaceOrder::CreateFirst)
        } else if record.is_none() {
            Action::Adopt
        } else if fields.is_empty() {
            let same_record = record.is_some_and(|record| {
                record.digest == declared.spec.digest()
                    && record.outputs == prior.outputs
                    && record.deposed.is_empty()
                    && self.same_dependencies(declared, record)
            });
            if same_record && !unfinished {
                self.nodes[node as usize] = Node::Known(outputs);
                self.unchanged += 1;
                return;
            }
            // What an earlier run did not finish is changed to what it should be already, and waited for.
            if unfinished { Action::Update } else { Action::Record }
        } else {
            Action::Update
        };
        if !matches!(action, Action::Replace(_)) {
            self.nodes[node as usize] = Node::Known(outputs);
        }
        let reason = match action {
            Action::Adopt => Some("it bears our tags and was not recorded".to_owned()),
            Action::Update if unfinished && fields.is_empty() => {
                Some("an earlier run did not finish it".to_owned())
            }
            _ => None,
        };
        self.push(declared, action, reason, fields, Some(prior), record);
    }

    /// What is declared, every reference resolved that can be.
    fn desired(&self, declared: &Declared) -> Value {
        let mut desired = declared.spec.canonical().to_value();
        resolve(&mut desired, &|reference| self.lookup(reference));
        // With references left in it, it may not fit the type.
        declared.spec.info().normalized(desired.clone()).unwrap_or(desired)
    }

    /// What an earlier run replaced and did not delete, if it is or can be changed into what is wanted now. It may well hold the
    /// name, so that no other could be made.
    fn way_back(&self, declared: &Declared, desired: &Value, record: &'a Recorded) -> Option<WayBack<'a>> {
        let found = self.live.map(|live| live.deposed(&declared.address));
        record.deposed.iter().enumerate().find_map(|(nth, deposed)| {
            let (current, outputs) = match found {
                None => (deposed.spec.to_value(), deposed.outputs.to_value()),
                Some(found) => {
                    let live = found.get(nth)?.as_ref()?;
                    if !self.is_ours(&declared.address, &live.ownership) {
                        return None;
                    }
                    (live.spec.clone(), live.outputs.clone())
                }
            };
            let recorded = deposed.spec.to_value();
            let sides = Sides { desired, recorded: Some(&recorded), current: &current };
            let fields = diff(sides, declared.spec.info().rules);
            let in_place = fields.iter().all(|field| field.effect == FieldEffect::InPlace);
            in_place.then_some(WayBack { deposed, current, outputs, fields })
        })
    }

    /// Has what was replaced take its place again; what took its place, if that `is_there`, is replaced.
    fn take_back(
        &mut self,
        node: u32,
        declared: &Declared,
        record: &Recorded,
        way_back: WayBack<'_>,
        is_there: bool,
    ) {
        let WayBack { deposed, current, outputs, fields } = way_back;
        let reason = Some("what was replaced is taken back".to_owned());
        let (prior, ..) = prior(record, current, outputs.clone());
        self.nodes[node as usize] = Node::Known(outputs);
        self.push(declared, Action::Update, reason, fields, Some(prior), Some(record));
        let Some(change) = self.changes.last_mut() else { return };
        change.deposed.retain(|other| other != deposed);
        if is_there {
            change.deposed.push(Deposed { spec: record.spec.clone(), outputs: record.outputs.clone() });
        }
    }

    fn push(
        &mut self,
        declared: &Declared,
        action: Action,
        reason: Option<String>,
        fields: Vec<FieldChange>,
        prior: Option<Prior>,
        record: Option<&Recorded>,
    ) {
        let holds_data = declared.spec.info().holds_data;
        let desired = Desired {
            spec: declared.spec.canonical().to_json(),
            digest: declared.spec.digest(),
            holds_data,
            dependencies: self.dependencies(declared),
        };
        self.changes.push(Change {
            address: declared.address.clone(),
            action,
            reason,
            fields,
            desired: Some(desired),
            prior,
            deposed: record.map(|record| self.still_deposed(declared, record)).unwrap_or_default(),
            contents: self.contents(holds_data),
        });
    }

    /// What earlier runs replaced and may still be there. What is gone by now must not be deleted: what is made next may well
    /// have its name.
    fn still_deposed(&self, declared: &Declared, record: &Recorded) -> Vec<Deposed> {
        let found = self.live.map(|live| live.deposed(&declared.address)).unwrap_or_default();
        let mut nth = 0..;
        let mut deposed = record.deposed.clone();
        deposed.retain(|_| !matches!(nth.next().and_then(|nth| found.get(nth)), Some(None)));
        deposed
    }

    fn contents(&self, holds_data: bool) -> Contents {
        if holds_data && self.options.data == DataPolicy::Delete {
            Contents::Purge
        } else {
            Contents::MustBeEmpty
        }
    }

    /// A resource that is recorded and no longer declared.
    fn plan_unwanted(&mut self, address: &Address, record: &Recorded) {
        let keep = record.holds_data && self.options.data == DataPolicy::Keep;
        let (action, reason, prior) = match self.find(address) {
            Found::NotOurs(owner) => return self.refuse_foreign(address, owner, true),
            Found::Absent => {
                let prior = prior(record, record.spec.to_value(), record.outputs.to_value()).0;
                (Action::Forget, Some("it was deleted outside".to_owned()), prior)
            }
            Found::NotRead => {
                let prior = prior(record, record.spec.to_value(), record.outputs.to_value()).0;
                (if keep { Action::Keep } else { Action::Delete }, None, prior)
            }
            // The settings were perhaps not read: the recorded ones are complete.
            Found::Ours(live) => {
                let prior = prior(record, record.spec.to_value(), live.outputs.clone()).0;
                (if keep { Action::Keep } else { Action::Delete }, None, prior)
            }
        };
        self.changes.push(Change {
            address: address.clone(),
            action,
            reason,
            fields: Vec::new(),
            desired: None,
            prior: Some(prior),
            deposed: record.deposed.clone(),
            contents: self.contents(record.holds_data),
        });
    }
}

fn prior(record: &Recorded, spec: Value, outputs: Value) -> (Prior, Value, Value) {
    let prior = Prior {
        spec: Json::from(&spec),
        outputs: Json::from(&outputs),
        recorded: true,
        dependencies: record.dependencies.clone(),
        holds_data: record.holds_data,
    };
    (prior, spec, outputs)
}
