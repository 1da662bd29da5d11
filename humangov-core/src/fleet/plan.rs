// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans of many stacks.

use crate::{
    address::{Address, RunId, StackName},
    exec::ExecError,
    graph::Dag,
    handler::{Depth, Ownership, Registry},
    names::FleetName,
    plan::{
        Imports, LiveSet, Plan, PlanError, PlanOptions, RefreshError, RefreshTarget, Summary, plan,
        plan_destroy, refresh,
    },
    stack::Stack,
    store::{Recorded, Snapshot, StateStore, StoreError, Version, Versioned},
    value::{Json, Reference, Source, resolve},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, error::Error, fmt};

/// Stacks in an order in which each comes after those it imports from.
#[derive(Debug, Clone)]
pub struct Fleet {
    stacks: Vec<Stack>,
}

/// How a fleet is planned.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FleetPlanOptions {
    /// Whether what is live is read. If not, what is recorded is believed.
    pub refresh: bool,
    /// How each stack is planned.
    pub plan: PlanOptions,
}

impl Default for FleetPlanOptions {
    fn default() -> Self {
        Self { refresh: true, plan: PlanOptions::default() }
    }
}

/// Plans of stacks, each after those it imports from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetPlan {
    /// The version of this format: [`FleetPlan::FORMAT`].
    pub format_version: u32,
    /// One plan a stack.
    pub plans: Vec<Plan>,
    /// For each plan, the earlier ones it waits for, by index.
    pub after: Vec<Vec<u32>>,
}

impl FleetPlan {
    /// The format this version writes.
    pub const FORMAT: u32 = 1;

    /// Whether executing it would do nothing in AWS.
    pub fn is_no_op(&self) -> bool {
        self.plans.iter().all(Plan::is_no_op)
    }

    /// How many resources get what, over all stacks.
    pub fn summary(&self) -> Summary {
        self.plans.iter().fold(Summary::default(), |sum, plan| sum.plus(plan.summary()))
    }
}

impl fmt::Display for FleetPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, plan) in self.plans.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            plan.fmt(f)?;
        }
        Ok(())
    }
}

impl Fleet {
    /// The stacks, put in order.
    ///
    /// # Errors
    /// When two have one name, or when they import from each other.
    pub fn new(stacks: Vec<Stack>) -> Result<Self, FleetError> {
        let mut index = BTreeMap::new();
        for (i, stack) in (0u32..).zip(&stacks) {
            if index.insert(stack.name().clone(), i).is_some() {
                return Err(FleetErrorKind::Duplicate(stack.name().clone()).into());
            }
        }
        let edges: Vec<Vec<u32>> = stacks
            .iter()
            .map(|stack| stack.imports().iter().filter_map(|name| index.get(name).copied()).collect())
            .collect();
        let dag = Dag::new(&edges).map_err(|cycle| {
            FleetErrorKind::Cycle(cycle.0.iter().map(|&i| stacks[i as usize].name().clone()).collect())
        })?;
        let mut stacks: Vec<Option<Stack>> = stacks.into_iter().map(Some).collect();
        let stacks = dag.order().iter().filter_map(|&i| stacks[i as usize].take()).collect();
        Ok(Self { stacks })
    }

    /// The stacks, each after those it imports from.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// Tells everything that AWS would refuse in any stack, at once.
    ///
    /// # Errors
    /// With one error a stack that has problems.
    pub fn check(&self) -> Result<(), FleetError> {
        let problems: Vec<PlanError> = self
            .stacks
            .iter()
            .filter_map(|stack| stack.check().err())
            .map(|error| crate::plan::PlanErrorKind::Stack(error).into())
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(FleetErrorKind::Plans(problems).into()) }
    }

    /// Plans every stack.
    ///
    /// # Errors
    /// When the store or a read fails; or with the errors of all stacks that cannot be planned.
    pub async fn plan(
        &self,
        registry: &Registry,
        store: &dyn StateStore,
        options: &FleetPlanOptions,
    ) -> Result<FleetPlan, FleetError> {
        self.check()?;
        let mut snapshots = Vec::with_capacity(self.stacks.len());
        let mut imports = Imports::none();
        for stack in &self.stacks {
            let snapshot = store.load(stack.name()).await?;
            if let Some(snapshot) = &snapshot {
                imports = imports.with(&snapshot.value);
            }
            snapshots.push(snapshot);
        }
        let live = if options.refresh {
            let targets: Vec<RefreshTarget<'_>> = self
                .stacks
                .iter()
                .zip(&snapshots)
                .map(|(stack, snapshot)| RefreshTarget {
                    fleet: stack.fleet(),
                    name: stack.name(),
                    stack: Some(stack),
                    snapshot: snapshot.as_ref().map(|snapshot| &snapshot.value),
                    imports: &imports,
                })
                .collect();
            refresh(registry, &targets, Depth::Full, RunId::generate()).await?.into_iter().map(Some).collect()
        } else {
            vec![None::<LiveSet>; self.stacks.len()]
        };
        let mut planned = Vec::new();
        let mut refused = Vec::new();
        // What a changed stack will export is known only once it is applied.
        let mut known = imports.clone();
        for ((stack, snapshot), live) in self.stacks.iter().zip(&snapshots).zip(&live) {
            match plan(stack, snapshot.as_ref(), live.as_ref(), &known, &options.plan) {
                Ok(plan) => {
                    forget_changed_exports(&plan, snapshot.as_ref(), &mut known);
                    planned.push(plan);
                }
                Err(error) => refused.push(error),
            }
        }
        if !refused.is_empty() {
            return Err(FleetErrorKind::Plans(refused).into());
        }
        let place: BTreeMap<&StackName, u32> =
            (0u32..).zip(&self.stacks).map(|(i, stack)| (stack.name(), i)).collect();
        let after = self
            .stacks
            .iter()
            .map(|stack| stack.imports().iter().filter_map(|name| place.get(name).copied()).collect())
            .collect();
        Ok(FleetPlan { format_version: FleetPlan::FORMAT, plans: planned, after })
    }
}

/// Takes out of `known` what `plan` exports of resources that will be made anew.
fn forget_changed_exports(plan: &Plan, snapshot: Option<&Versioned<Snapshot>>, known: &mut Imports) {
    let Some(snapshot) = snapshot else { return };
    let made: std::collections::BTreeSet<_> = plan
        .changes
        .iter()
        .filter(|change| {
            matches!(change.action, crate::plan::Action::Create | crate::plan::Action::Replace(_))
        })
        .map(|change| &change.address)
        .collect();
    let mut stays = snapshot.value.clone();
    stays.exports.retain(|name, _| {
        let mut changes = false;
        if let Some(value) = plan.exports.get(name) {
            crate::value::walk_references(value, &mut |reference| {
                if let crate::value::Source::Resource(address) = &reference.source {
                    changes |= made.contains(address);
                }
            });
        }
        !changes
    });
    *known = std::mem::take(known).with(&stays);
}

/// Stacks to be taken down, by name.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Teardown {
    /// The fleet.
    pub fleet: FleetName,
    /// The stacks.
    pub stacks: Vec<StackName>,
    /// What is declared of some of them.
    pub declared: Vec<Stack>,
}

impl Teardown {
    /// These stacks of `fleet`.
    pub fn new(fleet: FleetName, stacks: Vec<StackName>) -> Self {
        Self { fleet, stacks, declared: Vec::new() }
    }

    /// Looks for what `stacks` declare as well: what bears the tags of a stack that goes and is not recorded, since a run was killed
    /// or its record lost, goes too. Only with [`FleetPlanOptions::refresh`].
    #[must_use]
    pub fn declaring(mut self, stacks: impl IntoIterator<Item = Stack>) -> Self {
        self.declared.extend(stacks);
        self
    }

    /// Plans to take the stacks down: `base` once all the others are gone, those at the same time.
    ///
    /// # Errors
    /// When the store or a read fails; or with the errors of all stacks that cannot be planned.
    pub async fn plan(
        &self,
        registry: &Registry,
        store: &dyn StateStore,
        base: Option<&StackName>,
        options: &FleetPlanOptions,
    ) -> Result<FleetPlan, FleetError> {
        let mut snapshots = Vec::new();
        // The base last: its turn comes when nobody imports from it any more.
        let (bases, others): (Vec<_>, Vec<_>) = self.stacks.iter().partition(|name| Some(*name) == base);
        for name in others.iter().chain(&bases) {
            snapshots.push(((*name).clone(), store.load(name).await?));
        }
        let imports = match base {
            Some(base) if options.refresh => self.exports(registry, store, base).await?,
            _ => Imports::none(),
        };
        let declared = |name: &StackName| self.declared.iter().find(|stack| stack.name() == name);
        let live = if options.refresh {
            let targets: Vec<RefreshTarget<'_>> = snapshots
                .iter()
                .map(|(name, snapshot)| RefreshTarget {
                    fleet: &self.fleet,
                    name,
                    stack: declared(name),
                    snapshot: snapshot.as_ref().map(|snapshot| &snapshot.value),
                    imports: &imports,
                })
                .collect();
            refresh(registry, &targets, Depth::Identity, RunId::generate())
                .await?
                .into_iter()
                .map(Some)
                .collect()
        } else {
            vec![None::<LiveSet>; snapshots.len()]
        };
        let (mut plans, mut refused) = (Vec::new(), Vec::new());
        for ((name, snapshot), live) in snapshots.iter().zip(&live) {
            let unrecorded = match (declared(name), live) {
                (Some(stack), Some(live)) => unrecorded(stack, snapshot.as_ref(), live),
                _ => BTreeMap::new(),
            };
            let known = with(snapshot.as_ref(), &self.fleet, name, &unrecorded);
            match plan_destroy(&self.fleet, name, known.as_ref(), live.as_ref(), &options.plan) {
                Ok(mut plan) => {
                    plan.base = snapshot.as_ref().map(|snapshot| snapshot.version.clone());
                    for change in
                        plan.changes.iter_mut().filter(|change| unrecorded.contains_key(&change.address))
                    {
                        change.reason = Some("it bears our tags and was not recorded".to_owned());
                    }
                    plans.push(plan);
                }
                Err(error) => refused.push(error),
            }
        }
        if !refused.is_empty() {
            return Err(FleetErrorKind::Plans(refused).into());
        }
        let others = u32::try_from(others.len()).unwrap_or(u32::MAX);
        let after = (0u32..)
            .zip(&plans)
            .map(|(i, _)| if i < others { Vec::new() } else { (0..others).collect() })
            .collect();
        Ok(FleetPlan { format_version: FleetPlan::FORMAT, plans, after })
    }

    /// What `base` exports, by its record or, where that is lost, by what is there: other stacks are looked for by it.
    async fn exports(
        &self,
        registry: &Registry,
        store: &dyn StateStore,
        base: &StackName,
    ) -> Result<Imports, FleetError> {
        if let Some(recorded) = store.load(base).await? {
            return Ok(Imports::none().with(&recorded.value));
        }
        let Some(stack) = self.declared.iter().find(|stack| stack.name() == base) else {
            return Ok(Imports::none());
        };
        let none = Imports::none();
        let target = RefreshTarget {
            fleet: &self.fleet,
            name: base,
            stack: Some(stack),
            snapshot: None,
            imports: &none,
        };
        let found = refresh(registry, &[target], Depth::Identity, RunId::generate()).await?;
        let output = |reference: &Reference| match &reference.source {
            Source::Resource(address) => found.first()?.get(address)??.outputs.get(&*reference.attr).cloned(),
            Source::Stack(_) => None,
        };
        let mut exports = stack.exports().clone();
        exports.retain(|_, value| resolve(value, &output));
        Ok(none.with_exports(base.clone(), exports))
    }
}

/// What is there of `stack`, ours by its tags or by its parent's, and not in its snapshot: as it would be recorded.
fn unrecorded(
    stack: &Stack,
    snapshot: Option<&Versioned<Snapshot>>,
    live: &LiveSet,
) -> BTreeMap<Address, Recorded> {
    let is_recorded = |address| snapshot.is_some_and(|it| it.value.resources.contains_key(address));
    let mut found = BTreeMap::new();
    for declared in stack.resources().iter().filter(|declared| !is_recorded(declared.address())) {
        let address = declared.address();
        let Some(Some(there)) = live.get(address) else { continue };
        let ours = match &there.ownership {
            Ownership::Owner(owner) => owner.is(stack.fleet(), stack.name(), address),
            Ownership::Parent => true,
            Ownership::Nobody => false,
        };
        if ours {
            let (spec, outputs) = (Json::from(&there.spec), Json::from(&there.outputs));
            let mut record = Recorded::new(declared.spec().digest(), spec, outputs);
            record.dependencies = declared
                .dependencies
                .iter()
                .map(|&on| stack.resources()[on as usize].address().clone())
                .collect();
            record.holds_data = declared.spec().info().holds_data;
            record.unfinished = true;
            found.insert(address.clone(), record);
        }
    }
    found
}

/// `snapshot` with what was found besides it.
fn with(
    snapshot: Option<&Versioned<Snapshot>>,
    fleet: &FleetName,
    name: &StackName,
    more: &BTreeMap<Address, Recorded>,
) -> Option<Versioned<Snapshot>> {
    if more.is_empty() {
        return snapshot.cloned();
    }
    let mut known = snapshot.cloned().unwrap_or_else(|| Versioned {
        value: Snapshot::empty(fleet.clone(), name.clone()),
        version: Version::new("none"),
    });
    known.value.resources.extend(more.clone());
    Some(known)
}

/// A fleet that could not be planned.
#[derive(Debug, Clone)]
pub struct FleetError(Box<FleetErrorKind>);

/// Why.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum FleetErrorKind {
    /// Two stacks of one name.
    Duplicate(StackName),
    /// Stacks that import from each other.
    Cycle(Vec<StackName>),
    /// The store failed.
    Store(StoreError),
    /// Reading what is there failed.
    Refresh(RefreshError),
    /// Stacks that cannot be planned, each with its reason.
    Plans(Vec<PlanError>),
    /// A run could not be begun.
    Exec(ExecError),
}

impl FleetError {
    /// Why.
    pub fn kind(&self) -> &FleetErrorKind {
        &self.0
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match &*self.0 {
            FleetErrorKind::Duplicate(_) => "fleet.duplicate",
            FleetErrorKind::Cycle(_) => "fleet.cycle",
            FleetErrorKind::Store(error) => error.code(),
            FleetErrorKind::Refresh(error) => error.code(),
            FleetErrorKind::Plans(errors) => errors.first().map_or("plan.refused", PlanError::code),
            FleetErrorKind::Exec(error) => error.code(),
        }
    }
}

impl From<FleetErrorKind> for FleetError {
    fn from(kind: FleetErrorKind) -> Self {
        Self(Box::new(kind))
    }
}
impl From<StoreError> for FleetError {
    fn from(error: StoreError) -> Self {
        FleetErrorKind::Store(error).into()
    }
}
impl From<RefreshError> for FleetError {
    fn from(error: RefreshError) -> Self {
        FleetErrorKind::Refresh(error).into()
    }
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            FleetErrorKind::Duplicate(stack) => write!(f, "two stacks are called {stack}"),
            FleetErrorKind::Cycle(path) => {
                f.write_str("these stacks import from each other: ")?;
                path.iter().try_for_each(|stack| write!(f, "{stack} -> "))?;
                path.first().map_or(Ok(()), |first| write!(f, "{first}"))
            }
            FleetErrorKind::Store(error) => error.fmt(f),
            FleetErrorKind::Refresh(error) => error.fmt(f),
            FleetErrorKind::Exec(error) => error.fmt(f),
            FleetErrorKind::Plans(errors) => {
                for (i, error) in errors.iter().enumerate() {
                    if i > 0 {
                        writeln!(f)?;
                    }
                    error.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

impl Error for FleetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.0 {
            FleetErrorKind::Store(error) => error.source(),
            FleetErrorKind::Exec(error) => error.source(),
            _ => None,
        }
    }
}
