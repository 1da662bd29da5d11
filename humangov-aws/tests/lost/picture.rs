// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Picture`]: what is live and what is recorded, without what differs between two worlds that are the same: numbers of revisions,
//! identifiers that AWS makes up, times.

use crate::account::Account;
use humangov_aws::sandbox::SandboxResource;
use humangov_core::{
    address::StackName,
    store::{Backend, Snapshot, StateStore},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// All there is, as text to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Resources by kind and name, without task definitions.
    live: BTreeMap<String, String>,
    /// Active revisions.
    revisions: Vec<String>,
    /// Records by stack and address.
    recorded: BTreeMap<String, String>,
    /// What records and resources do not agree on.
    disagreements: Vec<String>,
}

impl Picture {
    pub async fn of(account: &Account) -> Self {
        let resources = account.sandbox.resources();
        let names = names(&resources);
        let (mut live, mut revisions) = (BTreeMap::new(), Vec::new());
        for resource in &resources {
            let mut seen = json!({"tags": resource.tags, "settings": resource.settings});
            // Tasks that ran write streams, and another run starts other tasks.
            if let Some(settings) = seen["settings"].as_object_mut() {
                settings.remove("streams");
            }
            let seen = renamed(&seen, &names).to_string();
            if resource.kind == "ecs.task_definition" {
                revisions.push(format!("{} {seen}", family(&resource.name)));
            } else {
                live.insert(format!("{} {}", resource.kind, resource.name), seen);
            }
        }
        let mut snapshots = Vec::new();
        for stack in StateStore::stacks(&account.store).await.unwrap() {
            snapshots.extend(account.store.load(&stack).await.unwrap().map(|snapshot| snapshot.value));
        }
        let mut recorded = BTreeMap::new();
        for snapshot in &snapshots {
            for (address, record) in &snapshot.resources {
                let told = json!({
                    "digest": record.digest,
                    "dependencies": record.dependencies,
                    "holds_data": record.holds_data,
                    "deposed": record.deposed.len(),
                    "unfinished": record.unfinished,
                });
                recorded.insert(format!("{} {address}", snapshot.stack), told.to_string());
            }
            let exports: Vec<&String> = snapshot.exports.keys().collect();
            let told = json!({"exports": exports, "imports": snapshot.imports});
            recorded.insert(snapshot.stack.to_string(), told.to_string());
        }
        revisions.sort();
        Self { live, revisions, recorded, disagreements: disagreements(&resources, &snapshots) }
    }

    /// How a world differs from this one, where it may have one more revision; empty: not at all.
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let mut told: Vec<String> =
            found.disagreements.iter().map(|what| format!("the record is wrong: {what}")).collect();
        told.extend(self.differences_but_for_disagreements(found));
        told
    }

    /// Like [`Picture::differences`], where records may have been wrong before.
    pub fn differences_but_for_disagreements(&self, found: &Self) -> Vec<String> {
        let mut told = Vec::new();
        compare("live", &self.live, &found.live, &mut told);
        compare("record", &self.recorded, &found.recorded, &mut told);
        let mut more = found.revisions.clone();
        for wanted in &self.revisions {
            match more.iter().position(|revision| revision == wanted) {
                Some(at) => drop(more.remove(at)),
                None => told.push(format!("live: missing revision {wanted}")),
            }
        }
        if more.len() > 1 {
            told.push(format!("live: {} revisions too many: {more:?}", more.len()));
        }
        told
    }

    /// What records and resources do not agree on.
    pub fn disagreements(&self) -> &[String] {
        &self.disagreements
    }
}

fn compare(
    what: &str,
    wanted: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
    told: &mut Vec<String>,
) {
    let keys: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    for key in keys {
        match (wanted.get(key), found.get(key)) {
            (Some(wanted), Some(found)) if wanted == found => {}
            (Some(wanted), Some(found)) => {
                told.push(format!("{what}: {key} is {found}, and should be {wanted}"));
            }
            (Some(_), None) => told.push(format!("{what}: {key} is missing")),
            (None, _) => told.push(format!("{what}: {key} should not be there")),
        }
    }
}

/// The family of a revision.
fn family(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(family, _)| family)
}

/// Names for what AWS made up names of.
fn names(resources: &[SandboxResource]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for resource in resources {
        let name = format!("{} {}", resource.kind, family(&resource.name));
        let id = resource.arn.rsplit('/').next().unwrap_or_default();
        names.insert(id.to_owned(), name.clone());
        names.insert(resource.arn.clone(), name.clone());
        names.insert(resource.name.clone(), name);
    }
    names
}

fn renamed(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::from(names.get(text).unwrap_or(text).as_str()),
        Value::Array(items) => items.iter().map(|item| renamed(item, names)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), renamed(member, names))).collect()
        }
        other => other.clone(),
    }
}

/// What is recorded and not there, and what is there, ours, and not recorded.
fn disagreements(resources: &[SandboxResource], snapshots: &[Snapshot]) -> Vec<String> {
    let mut wrong = Vec::new();
    let arns: BTreeSet<&str> = resources.iter().map(|resource| resource.arn.as_str()).collect();
    let mut known = BTreeSet::new();
    for snapshot in snapshots {
        for (address, record) in &snapshot.resources {
            let of = format!("{} {address}", snapshot.stack);
            let deposed = record.deposed.iter().map(|deposed| &deposed.outputs);
            for outputs in std::iter::once(&record.outputs).chain(deposed) {
                let outputs = outputs.to_value();
                match (outputs["arn"].as_str(), outputs["id"].as_str()) {
                    // What a run could not finish, a deletion among others, is looked after by the next.
                    (Some(arn), _) if !arns.contains(arn) && !record.unfinished => {
                        wrong.push(format!("{of} is recorded as {arn}, which is not there"));
                    }
                    (Some(id), _) | (None, Some(id)) => drop(known.insert(id.to_owned())),
                    (None, None) => drop(known.insert(of.clone())),
                }
            }
        }
    }
    for resource in resources.iter().filter(|resource| resource.kind != "ecs.task_definition") {
        let tag = |name: &str| resource.tags.get(name).map(String::as_str).unwrap_or_default();
        let of = format!("{} {}", tag("humangov:stack"), tag("humangov:address"));
        if tag("humangov:fleet").is_empty() {
            continue;
        }
        let id = resource.arn.rsplit('/').next().unwrap_or_default();
        if ![of.as_str(), resource.arn.as_str(), id].iter().any(|name| known.contains(*name)) {
            wrong.push(format!("{} {} is there as {of}, and not recorded", resource.kind, resource.name));
        }
    }
    wrong
}

/// What is left of a run in the store, without what differs between two that are the same.
pub async fn traces(account: &Account, stack: &StackName) -> Vec<String> {
    let mut told = Vec::new();
    for name in Backend::list(&account.store, "").await.unwrap() {
        match Backend::read_log(&account.store, &name).await.unwrap() {
            Some(log) if name.ends_with(".journal") => {
                let lines: Vec<&[u8]> = log.bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let is_whole = log.bytes.ends_with(b"\n");
                told.push(format!("a journal of {} lines, whole: {is_whole}", lines.len()));
            }
            _ => told.push(name),
        }
    }
    let now = humangov_core::clock::Clock::system().now();
    let lock = account.store.lock_of(stack, now).await.unwrap();
    told.push(format!("{:?}", lock.map(|lock| (lock.info.is_some(), lock.unfinished.len()))));
    told
}

/// What a run that has not ended leaves in the store: nothing of it may be there after its recovery.
pub async fn remains(account: &Account, stack: &StackName) -> Vec<String> {
    let mut told = Vec::new();
    let names = Backend::list(&account.store, "").await.unwrap();
    told.extend(
        names.into_iter().filter(|name| name.ends_with(".journal")).map(|name| format!("{name} is left")),
    );
    let now = humangov_core::clock::Clock::system().now();
    let (lock, unfinished) = humangov_core::exec::unfinished(&account.store, stack, now).await.unwrap();
    if let Some(lock) = lock {
        if lock.info.is_some() {
            told.push(format!("the lock is held: {lock:?}"));
        }
        if !lock.unfinished.is_empty() {
            told.push(format!("the lock names unfinished runs: {lock:?}"));
        }
    }
    told.extend(unfinished.iter().map(|run| format!("a run is unfinished: {run:?}")));
    told
}

/// The first differences, a line each.
pub fn lines(told: &[String]) -> String {
    let mut text = String::new();
    for line in told.iter().take(12) {
        write!(text, "\n    {line}").unwrap();
    }
    text
}
