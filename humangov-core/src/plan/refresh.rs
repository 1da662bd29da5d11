// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`refresh`] and [`refresh_partly`]: read what is live, all stacks of a fleet together, as few calls as the handlers' batches
//! allow.

use crate::{
    address::{Address, Kind, RunId, StackName},
    handler::{Call, Cx, Depth, HandlerError, LiveValue, ReadRequest, Registry, Reply},
    names::FleetName,
    plan::{Imports, keep_unmanaged},
    stack::Stack,
    store::{Recorded, Snapshot},
    value::{Reference, Source, resolve, walk_references},
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    fmt,
};

/// One stack to read: what is declared of it, what is recorded, or both.
#[derive(Debug, Clone, Copy)]
pub struct RefreshTarget<'a> {
    /// The fleet.
    pub fleet: &'a FleetName,
    /// The stack's name.
    pub name: &'a StackName,
    /// What is declared; `None` when the stack is to go.
    pub stack: Option<&'a Stack>,
    /// What is recorded.
    pub snapshot: Option<&'a Snapshot>,
    /// What other stacks export.
    pub imports: &'a Imports,
}

/// What was found of one stack: every resource asked for is in it, as it is or as `None`; only those whose read failed are not.
#[derive(Debug, Clone, Default)]
pub struct LiveSet {
    resources: HashMap<Address, Option<LiveValue>>,
    /// What earlier runs replaced and did not delete, in the order it is recorded, where something else is declared by now.
    deposed: HashMap<Address, Vec<Option<LiveValue>>>,
}

impl LiveSet {
    /// What was found at `address`; the outer `None`: nobody looked.
    pub fn get(&self, address: &Address) -> Option<Option<&LiveValue>> {
        self.resources.get(address).map(Option::as_ref)
    }

    /// What was found of what earlier runs replaced there, as far as anybody looked.
    pub(super) fn deposed(&self, address: &Address) -> &[Option<LiveValue>] {
        self.deposed.get(address).map(Vec::as_slice).unwrap_or_default()
    }

    /// The addresses looked at.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.resources.keys()
    }
}

/// Reads that failed: each with its stack and address.
#[derive(Debug, Clone)]
pub struct RefreshError(Vec<(StackName, Address, HandlerError)>);

impl RefreshError {
    /// Every failure.
    pub fn failures(&self) -> &[(StackName, Address, HandlerError)] {
        &self.0
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        "refresh.failed"
    }
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not read what is there")?;
        for (stack, address, error) in &self.0 {
            write!(f, "\n{stack}  {address}  {error}")?;
        }
        Ok(())
    }
}

impl Error for RefreshError {}

struct Pending {
    target: usize,
    address: Address,
    /// Which of what was replaced there; `None`: what is there now.
    deposed: Option<usize>,
    kind: Kind,
    spec: Value,
    outputs: Option<Value>,
    waits_for: Vec<Address>,
}

/// Reads every declared and every recorded resource of `targets`; the answers are in their order.
///
/// Reads of one kind go to its handler together, over all stacks. A resource that is found by a value of another one that is
/// not recorded is read after that one.
///
/// # Errors
/// With every read that failed, after all were tried.
pub async fn refresh(
    registry: &Registry,
    targets: &[RefreshTarget<'_>],
    depth: Depth,
    run: RunId,
) -> Result<Vec<LiveSet>, RefreshError> {
    match refresh_partly(registry, targets, depth, run).await {
        (found, None) => Ok(found),
        (_, Some(error)) => Err(error),
    }
}

/// Like [`refresh`], for those who only look: gives what could be read besides the reads that failed.
///
/// Not for plans: what was not read would be taken to be as recorded.
pub async fn refresh_partly(
    registry: &Registry,
    targets: &[RefreshTarget<'_>],
    depth: Depth,
    run: RunId,
) -> (Vec<LiveSet>, Option<RefreshError>) {
    let mut found: Vec<LiveSet> = targets.iter().map(|_| LiveSet::default()).collect();
    let mut failures = Vec::new();
    let mut pending: Vec<Pending> = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        pending.extend(reads_of(index, target));
    }
    while !pending.is_empty() {
        // What waits for something still to be read is read after it.
        let unread: std::collections::HashSet<(usize, Address)> =
            pending.iter().map(|read| (read.target, read.address.clone())).collect();
        let waits =
            |read: &Pending| read.waits_for.iter().any(|a| unread.contains(&(read.target, a.clone())));
        let (later, mut now): (Vec<_>, Vec<_>) = pending.into_iter().partition(waits);
        if now.is_empty() {
            // Only a cycle could wait for itself, and a stack has none; recorded specs have no references.
            now = later;
            pending = Vec::new();
        } else {
            pending = later;
        }
        for read in &mut now {
            let (target, live) = (&targets[read.target], &found[read.target]);
            resolve(&mut read.spec, &|reference| lookup(reference, target, live));
        }
        read_wave(registry, targets, now, depth, run, &mut found, &mut failures).await;
    }
    let failed = (!failures.is_empty()).then_some(RefreshError(failures));
    (found, failed)
}

fn reads_of<'a>(index: usize, target: &'a RefreshTarget<'a>) -> impl Iterator<Item = Pending> + 'a {
    let recorded =
        move |address: &Address| target.snapshot.and_then(|snapshot| snapshot.resources.get(address));
    let declared = target.stack.into_iter().flat_map(Stack::resources).map(move |resource| {
        let address = resource.address();
        if let Some(recorded) = recorded(address) {
            let mut read = recorded_read(index, address, recorded);
            // Handlers read some settings only when asked. One that is newly declared is: what it was before is to be shown,
            // and to be gone back to.
            if recorded.digest != resource.spec().digest() {
                keep_unmanaged(&mut read.spec, None, &resource.spec().canonical().to_value());
            }
            return read;
        }
        let spec = resource.spec().canonical().to_value();
        let mut waits_for = Vec::new();
        walk_references(&spec, &mut |reference| {
            if let Source::Resource(source) = reference.source {
                waits_for.push(source);
            }
        });
        let kind = address.kind();
        Pending {
            target: index,
            address: address.clone(),
            deposed: None,
            kind,
            spec,
            outputs: None,
            waits_for,
        }
    });
    let gone = move |address: &Address| target.stack.is_none_or(|stack| stack.get(address).is_none());
    let dropped = target
        .snapshot
        .into_iter()
        .flat_map(|snapshot| &snapshot.resources)
        .filter(move |(address, _)| gone(address));
    // What was replaced may be wanted again only where something else than before is declared.
    let replaced = target.stack.into_iter().flat_map(Stack::resources).flat_map(move |resource| {
        let address = resource.address();
        let recorded = recorded(address).filter(|recorded| recorded.digest != resource.spec().digest());
        let deposed = recorded.into_iter().flat_map(|recorded| recorded.deposed.iter().enumerate());
        deposed.map(move |(nth, deposed)| Pending {
            target: index,
            address: address.clone(),
            deposed: Some(nth),
            kind: address.kind(),
            spec: deposed.spec.to_value(),
            outputs: Some(deposed.outputs.to_value()),
            waits_for: Vec::new(),
        })
    });
    let dropped = dropped.map(move |(address, recorded)| recorded_read(index, address, recorded));
    declared.chain(dropped).chain(replaced)
}

/// What is recorded is looked for where it was made: its declaration may have another name by now.
fn recorded_read(target: usize, address: &Address, recorded: &Recorded) -> Pending {
    Pending {
        target,
        address: address.clone(),
        deposed: None,
        kind: address.kind(),
        spec: recorded.spec.to_value(),
        outputs: Some(recorded.outputs.to_value()),
        waits_for: Vec::new(),
    }
}

fn lookup(reference: &Reference, target: &RefreshTarget<'_>, live: &LiveSet) -> Option<Value> {
    match &reference.source {
        Source::Stack(stack) => target.imports.get(stack, &reference.attr).cloned(),
        Source::Resource(address) => match live.get(address) {
            Some(Some(found)) => found.outputs.get(&*reference.attr).cloned(),
            Some(None) => None,
            None => target.snapshot?.resources.get(address)?.outputs.member(&reference.attr),
        },
    }
}

async fn read_wave(
    registry: &Registry,
    targets: &[RefreshTarget<'_>],
    now: Vec<Pending>,
    depth: Depth,
    run: RunId,
    found: &mut [LiveSet],
    failures: &mut Vec<(StackName, Address, HandlerError)>,
) {
    let mut by_kind: BTreeMap<Kind, Vec<Pending>> = BTreeMap::new();
    for read in now {
        by_kind.entry(read.kind.clone()).or_default().push(read);
    }
    let mut reads: FuturesUnordered<_> = by_kind
        .into_iter()
        .map(|(kind, reads)| async move {
            let answers = match registry.get(kind.as_str()) {
                None => Err(HandlerError::new(
                    crate::handler::HandlerErrorKind::Other,
                    "read",
                    format!("no handler for {kind}"),
                )),
                Some(handler) => {
                    let requests: Vec<ReadRequest<'_>> = reads
                        .iter()
                        .map(|read| {
                            let target = &targets[read.target];
                            let cx =
                                Cx::new(target.fleet.clone(), target.name.clone(), read.address.clone(), run);
                            ReadRequest { cx, spec: &read.spec, outputs: read.outputs.as_ref(), depth }
                        })
                        .collect();
                    match handler.call(Call::Read(&requests)).await {
                        Ok(Reply::Read(answers)) if answers.len() == reads.len() => Ok(answers),
                        Ok(_) => Err(HandlerError::malformed(
                            "read",
                            "the handler's answer does not fit the question",
                        )),
                        Err(error) => Err(error),
                    }
                }
            };
            (reads, answers)
        })
        .collect();
    while let Some((reads, answers)) = reads.next().await {
        let mut answers = match answers {
            Ok(answers) => answers.into_iter(),
            Err(error) => reads.iter().map(|_| Err(error.clone())).collect::<Vec<_>>().into_iter(),
        };
        for read in reads {
            match answers.next() {
                Some(Ok(live)) => match read.deposed {
                    None => drop(found[read.target].resources.insert(read.address, live)),
                    Some(nth) => {
                        let deposed = found[read.target].deposed.entry(read.address).or_default();
                        deposed.resize_with(deposed.len().max(nth + 1), || None);
                        deposed[nth] = live;
                    }
                },
                Some(Err(error)) => failures.push((targets[read.target].name.clone(), read.address, error)),
                None => {}
            }
        }
    }
}
