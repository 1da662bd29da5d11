// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Stack`]: resources joined by references. The unit of lock, snapshot, plan, rollback and blame.

use crate::{
    address::{Address, AddressMap, ParseWordError, ResourceName, StackName},
    graph::{Cycle, Dag},
    names::FleetName,
    resource::{Resource, Violations},
    spec::Spec,
    value::{Handle, Source, walk_references},
};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What should exist: resources, the order between them, and what other stacks may import.
///
/// Problems of a resource (what AWS would refuse) are gathered as resources are added and told all at once by
/// [`Stack::check`], which planning begins with.
///
/// ```
/// use humangov_core::{kind::logs::LogGroup, stack::Stack};
/// let mut stack = Stack::new("humangov".parse()?, "california".parse()?);
/// let group = stack.add("app", LogGroup::builder().name("/humangov/california").retention_in_days(30).build())?;
/// stack.export("log_group", group.get(LogGroup::NAME))?;
/// stack.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stack {
    fleet: FleetName,
    name: StackName,
    resources: Vec<Declared>,
    index: AddressMap<u32>,
    /// Whether any order was asked for by [`Stack::depends_on`].
    ordered: bool,
    exports: BTreeMap<String, Value>,
    imports: BTreeSet<StackName>,
    violations: Violations,
    warnings: Vec<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone)]
pub struct Declared {
    pub(crate) address: Address,
    pub(crate) spec: Spec,
    pub(crate) dependencies: Vec<u32>,
    /// Whether some of the dependencies are no references: then the digest of the spec does not tell them.
    pub(crate) ordered: bool,
}

impl Declared {
    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What it should be.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }
}

impl AsRef<[u32]> for Declared {
    fn as_ref(&self) -> &[u32] {
        &self.dependencies
    }
}

impl Stack {
    /// An empty stack `name` of `fleet`.
    pub fn new(fleet: FleetName, name: StackName) -> Self {
        Self {
            fleet,
            name,
            resources: Vec::new(),
            index: AddressMap::default(),
            ordered: false,
            exports: BTreeMap::new(),
            imports: BTreeSet::new(),
            violations: Violations::default(),
            warnings: Vec::new(),
        }
    }

    /// Adds a resource, and gives the handle by which others refer to it.
    ///
    /// # Errors
    /// When the name is not a [`ResourceName`], when the address is taken, or when a reference names no earlier resource of
    /// this stack. What AWS would refuse is not an error yet: see [`Stack::check`].
    pub fn add<R: Resource>(&mut self, name: &str, resource: R) -> Result<Handle<R>, StackError> {
        let name: ResourceName = name.parse().map_err(StackErrorKind::Name)?;
        let address = Address::new(&R::KIND, &name);
        if self.index.contains_key(&address) {
            return Err(StackErrorKind::Duplicate(address).into());
        }
        let mut prefixed = Violations::default();
        prefixed.within(address.as_str(), |found| resource.validate(found));
        let (spec, value) = Spec::erase(resource)
            .map_err(|error| StackErrorKind::Unwritable(address.clone(), error.to_string()))?;
        let dependencies = self.dependencies_of(&address, &value)?;
        for violation in &prefixed {
            self.violations.add(&violation.path, violation.message.clone());
        }
        let index = u32::try_from(self.resources.len()).map_err(|_| StackErrorKind::TooMany)?;
        self.index.insert(address.clone(), index);
        self.resources.push(Declared { address: address.clone(), spec, dependencies, ordered: false });
        Ok(Handle::new(address))
    }

    fn dependencies_of(&mut self, address: &Address, value: &Value) -> Result<Vec<u32>, StackError> {
        let mut dependencies = Vec::new();
        let mut unknown = None;
        walk_references(value, &mut |reference| match reference.source {
            Source::Resource(target) => match self.index.get(&target) {
                Some(&index) => dependencies.push(index),
                None => unknown = Some(target),
            },
            Source::Stack(stack) => {
                self.imports.insert(stack);
            }
        });
        dependencies.sort_unstable();
        dependencies.dedup();
        match unknown {
            Some(target) => Err(StackErrorKind::UnknownReference { from: address.clone(), target }.into()),
            None => Ok(dependencies),
        }
    }

    /// Has `dependent` made after `dependency` and deleted before it, although no value passes between them.
    ///
    /// # Errors
    /// When either is not of this stack, or when the two would wait for each other.
    pub fn depends_on<A: Resource, B: Resource>(
        &mut self,
        dependent: &Handle<A>,
        dependency: &Handle<B>,
    ) -> Result<(), StackError> {
        let find = |address: &Address| {
            self.index.get(address).copied().ok_or_else(|| StackErrorKind::UnknownReference {
                from: dependent.address().clone(),
                target: address.clone(),
            })
        };
        let (from, to) = (find(dependent.address())?, find(dependency.address())?);
        if self.resources[from as usize].dependencies.contains(&to) {
            return Ok(());
        }
        self.resources[from as usize].dependencies.push(to);
        if let Err(error) = self.dag() {
            self.resources[from as usize].dependencies.pop();
            return Err(error);
        }
        self.resources[from as usize].ordered = true;
        self.ordered = true;
        Ok(())
    }

    /// Lets other stacks import a value under `name`: an output, an input, or plain data.
    ///
    /// # Errors
    /// When the name is taken, or the value cannot be written as JSON.
    pub fn export(&mut self, name: &str, value: impl Serialize) -> Result<(), StackError> {
        let value = serde_json::to_value(value)
            .map_err(|error| StackErrorKind::Export(name.to_owned(), error.to_string()))?;
        if self.exports.insert(name.to_owned(), value).is_some() {
            return Err(StackErrorKind::Export(name.to_owned(), "it is exported twice".to_owned()).into());
        }
        Ok(())
    }

    /// Adds a warning that every plan of this stack shows.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Adds a problem found by whoever composes the stack; [`Stack::check`] tells it with the others.
    pub fn refuse(&mut self, path: &str, message: impl Into<std::borrow::Cow<'static, str>>) {
        self.violations.add(path, message);
    }

    /// Tells everything that AWS would refuse, at once.
    ///
    /// # Errors
    /// With every violation found in any resource.
    pub fn check(&self) -> Result<(), StackError> {
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(StackErrorKind::Invalid { stack: self.name.clone(), violations: self.violations.clone() }
                .into())
        }
    }

    /// The graph of the resources, numbered as they were added.
    ///
    /// # Errors
    /// When [`Stack::depends_on`] closed a cycle.
    pub fn dag(&self) -> Result<Dag, StackError> {
        Dag::new(&self.resources).map_err(|Cycle(path)| {
            let path = path.into_iter().map(|node| self.resources[node as usize].address.clone()).collect();
            StackErrorKind::Cycle(path).into()
        })
    }

    /// The positions of the resources, each after those it depends on.
    pub(crate) fn order(&self) -> Result<Vec<u32>, StackError> {
        // References only go back; only an order that was asked for can go forward.
        if self.ordered {
            self.dag().map(|dag| dag.order().to_vec())
        } else {
            Ok((0..).zip(&self.resources).map(|(n, _)| n).collect())
        }
    }

    /// The fleet this stack belongs to.
    pub fn fleet(&self) -> &FleetName {
        &self.fleet
    }

    /// The stack's name.
    pub fn name(&self) -> &StackName {
        &self.name
    }

    /// The resources, in the order they were added.
    pub fn resources(&self) -> &[Declared] {
        &self.resources
    }

    /// The resource at `address`.
    pub fn get(&self, address: &Address) -> Option<&Declared> {
        self.index.get(address).map(|&index| &self.resources[index as usize])
    }

    pub(crate) fn position(&self, address: &Address) -> Option<u32> {
        self.index.get(address).copied()
    }

    /// What is exported: JSON in which references are not resolved.
    pub fn exports(&self) -> &BTreeMap<String, Value> {
        &self.exports
    }

    /// The stacks this one imports from.
    pub fn imports(&self) -> &BTreeSet<StackName> {
        &self.imports
    }

    /// What plans should warn of.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// A stack that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct StackError(#[from] StackErrorKind);

impl StackError {
    /// What went wrong.
    pub fn kind(&self) -> &StackErrorKind {
        &self.0
    }

    /// The stable code of this error, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match &self.0 {
            StackErrorKind::Name(_) => "stack.name",
            StackErrorKind::Duplicate(_) => "stack.duplicate",
            StackErrorKind::UnknownReference { .. } => "stack.unknown_reference",
            StackErrorKind::Cycle(_) => "stack.cycle",
            StackErrorKind::Export(..) => "stack.export",
            StackErrorKind::Invalid { .. } => "stack.invalid",
            StackErrorKind::Unwritable(..) => "stack.unwritable",
            StackErrorKind::TooMany => "stack.too_many",
        }
    }
}

/// What is wrong with a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StackErrorKind {
    /// A resource's name is not one.
    Name(ParseWordError),
    /// Two resources at one address.
    Duplicate(Address),
    /// A reference to something that is not in the stack.
    UnknownReference {
        /// The resource that refers.
        from: Address,
        /// What it refers to.
        target: Address,
    },
    /// Resources that wait for each other, each for the next.
    Cycle(Vec<Address>),
    /// An export that cannot be: its name and why.
    Export(String, String),
    /// Settings that AWS would refuse.
    Invalid {
        /// The stack.
        stack: StackName,
        /// Every one of them.
        violations: Violations,
    },
    /// A spec that cannot be written as JSON.
    Unwritable(Address, String),
    /// More than 2^32 resources.
    TooMany,
}

impl fmt::Display for StackErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Duplicate(address) => write!(f, "{address} is declared twice"),
            Self::UnknownReference { from, target } => {
                write!(f, "{from} refers to {target}, which is not in the stack; add that first")
            }
            Self::Cycle(path) => {
                f.write_str("these wait for each other: ")?;
                path.iter().try_for_each(|address| write!(f, "{address} -> "))?;
                path.first().map_or(Ok(()), |first| write!(f, "{first}"))
            }
            Self::Export(name, why) => write!(f, "export {name} cannot be: {why}"),
            Self::Invalid { stack, violations } => {
                let (s, len) = (if violations.len() == 1 { "" } else { "s" }, violations.len());
                write!(f, "stack {stack} has {len} problem{s}\n{violations}")
            }
            Self::Unwritable(address, why) => write!(f, "{address} cannot be written as JSON: {why}"),
            Self::TooMany => f.write_str("a stack holds fewer than 2^32 resources"),
        }
    }
}

impl std::error::Error for StackErrorKind {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::logs::LogGroup;

    fn stack() -> Stack {
        Stack::new("humangov".parse().expect("valid"), "california".parse().expect("valid"))
    }

    fn group(name: &str) -> LogGroup {
        LogGroup::builder().name(name).build()
    }

    #[test]
    fn an_address_is_taken_once() {
        let mut stack = stack();
        stack.add("app", group("/a")).expect("new");
        assert_eq!(stack.add("app", group("/b")).expect_err("taken").code(), "stack.duplicate");
    }

    #[test]
    fn a_cycle_is_refused_and_leaves_the_stack_as_it_was() {
        let mut stack = stack();
        let (a, b) = (stack.add("a", group("/a")).expect("new"), stack.add("b", group("/b")).expect("new"));
        stack.depends_on(&a, &b).expect("fine");
        let error = stack.depends_on(&b, &a).expect_err("cycle");
        assert_eq!(
            error.to_string(),
            "these wait for each other: logs.log_group/a -> logs.log_group/b -> logs.log_group/a"
        );
        assert_eq!(stack.dag().expect("acyclic").order(), [1, 0]);
    }

    #[test]
    fn problems_of_all_resources_are_told_at_once() {
        let mut stack = stack();
        stack.add("a", group("/a b")).expect("added");
        stack.add("b", LogGroup::builder().name("/b").retention_in_days(2).build()).expect("added");
        let text = stack.check().expect_err("invalid").to_string();
        assert!(text.starts_with("stack california has 2 problems\nlogs.log_group/a.name: "), "{text}");
        assert!(text.contains("logs.log_group/b.retention_in_days: 2 days"), "{text}");
    }
}
