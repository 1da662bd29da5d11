// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`FakeCloud`]: a cloud in memory, as strict as the real one.

use crate::{
    handler::{
        Contents, Cx, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Readiness, Registry,
        Update,
    },
    resource::Resource,
    store::Snapshot,
    tags::Tags,
    testing::{Thing, ThingOutputs, Vault, VaultOutputs},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A cloud in memory for [`Thing`]s and [`Vault`]s. Clones are the same cloud.
///
/// It is as strict as a real one: names are unique, what a thing links to must exist and cannot be deleted before it, a vault
/// with contents is only deleted with them, and what cannot be changed in place is refused.
///
/// When the last clone of a cloud made by [`FakeCloud::new`] goes, it panics if anything with our tags is left.
#[derive(Debug, Clone)]
pub struct FakeCloud(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    /// Whether what is left at the end is meant to be.
    lasting: bool,
}

#[derive(Debug, Default)]
struct World {
    items: BTreeMap<(&'static str, String), Item>,
    polls: BTreeMap<String, u32>,
    never: BTreeMap<String, (String, Vec<String>)>,
    latency: Duration,
    fresh_ids: bool,
    serial: u32,
    refused_deletes: u32,
    running: usize,
    most_running: usize,
}

#[derive(Debug, Clone)]
struct Item {
    spec: Value,
    tags: Tags,
    id: String,
    links: Vec<String>,
    contents: Vec<String>,
    polls_left: u32,
}

/// Counts a call as running until it ends or is dropped.
struct Running<'a>(&'a FakeCloud);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.world().running -= 1;
    }
}

impl FakeCloud {
    /// An empty cloud that must be empty again in the end.
    #[expect(
        clippy::new_without_default,
        reason = "a cloud that panics when dropped is asked for, not defaulted"
    )]
    pub fn new() -> Self {
        Self(Arc::new(Shared { world: Mutex::default(), lasting: false }))
    }

    /// An empty cloud in which things may be left in the end.
    pub fn lasting() -> Self {
        Self(Arc::new(Shared { world: Mutex::default(), lasting: true }))
    }

    /// The handlers of this cloud's kinds.
    pub fn registry(&self) -> Registry {
        Registry::new().with(ThingHandler(self.clone())).with(VaultHandler(self.clone()))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every call take this long.
    pub fn set_latency(&self, latency: Duration) {
        self.world().latency = latency;
    }

    /// Gives everything made from now on an id that was never given before, as networks and load balancers do. Otherwise ids are
    /// made from names.
    pub fn set_fresh_ids(&self) {
        self.world().fresh_ids = true;
    }

    /// Has what is named `name` be ready only after being asked `polls` times, whenever it is made or changed.
    pub fn set_polls(&self, name: &str, polls: u32) {
        self.world().polls.insert(name.to_owned(), polls);
    }

    /// Has what is named `name` never be ready, for this reason.
    pub fn never_ready(&self, name: &str, reason: &str, details: &[&str]) {
        let details = details.iter().map(|&line| line.to_owned()).collect();
        self.world().never.insert(name.to_owned(), (reason.to_owned(), details));
    }

    /// Lets what is named `name` be ready again.
    pub fn now_ready(&self, name: &str) {
        self.world().never.remove(name);
    }

    /// Puts a thing there that is somebody else's, with only the tags it has itself.
    pub fn insert_foreign(&self, thing: Thing) {
        let tags = thing.tags.clone();
        self.insert(thing, tags);
    }

    /// Puts a thing there with exactly these tags.
    pub fn insert(&self, thing: Thing, tags: Tags) {
        let mut world = self.world();
        let id = world.id_of("thing", &thing.name);
        let item = Item::of(&thing, tags, id, links_of(&thing));
        world.items.insert((THING, thing.name), item);
    }

    /// Changes a thing behind everybody's back.
    ///
    /// # Panics
    /// When there is no such thing.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Thing)) {
        let mut world = self.world();
        let item = world.items.get_mut(&(THING, name.to_owned())).expect("a thing of that name");
        let mut thing: Thing = item.spec();
        edit(&mut thing);
        item.links = links_of(&thing);
        item.spec = value(&thing);
    }

    /// Takes the tags of a thing away behind everybody's back.
    ///
    /// # Panics
    /// When there is no such thing.
    pub fn untag(&self, name: &str) {
        self.world().items.get_mut(&(THING, name.to_owned())).expect("a thing of that name").tags =
            Tags::new();
    }

    /// Deletes a thing or a vault behind everybody's back.
    pub fn remove(&self, name: &str) {
        self.world().items.retain(|(_, of), _| of != name);
    }

    /// Puts a document into a vault.
    ///
    /// # Panics
    /// When there is no such vault.
    pub fn fill(&self, vault: &str, document: &str) {
        let mut world = self.world();
        let item = world.items.get_mut(&(VAULT, vault.to_owned())).expect("a vault of that name");
        item.contents.push(document.to_owned());
    }

    /// The names of all that is there, things before vaults.
    pub fn names(&self) -> Vec<String> {
        self.world().items.keys().map(|(_, name)| name.clone()).collect()
    }

    /// All things, by name.
    pub fn things(&self) -> BTreeMap<String, Thing> {
        let world = self.world();
        let things = world.items.iter().filter(|((kind, _), _)| *kind == THING);
        things.map(|((_, name), item)| (name.clone(), item.spec())).collect()
    }

    /// All there is to see, to be compared with how it was before or will be after: settings, tags, ids and contents.
    pub fn picture(&self) -> BTreeMap<String, Value> {
        let world = self.world();
        let items = world.items.iter().map(|((kind, name), item)| {
            let all = serde_json::json!({
                "spec": item.spec, "tags": item.tags, "id": item.id, "contents": item.contents,
            });
            (format!("{kind}/{name}"), all)
        });
        items.collect()
    }

    /// How often a delete was refused because something still linked to what was to go. In a right order it is never.
    pub fn refused_deletes(&self) -> u32 {
        self.world().refused_deletes
    }

    /// The most calls that ever ran at once.
    pub fn most_running(&self) -> usize {
        self.world().most_running
    }

    /// What bears our tags and is not in the record, or is in the record and not there: `(orphans, ghosts)`.
    pub fn compare(&self, snapshots: &[&Snapshot]) -> (Vec<String>, Vec<String>) {
        let mut recorded: Vec<String> = Vec::new();
        for snapshot in snapshots {
            for record in snapshot.resources.values() {
                let deposed = record.deposed.iter().map(|deposed| &deposed.outputs);
                let outputs = std::iter::once(&record.outputs).chain(deposed);
                recorded.extend(outputs.filter_map(|o| Some(o.to_value().get("id")?.as_str()?.to_owned())));
            }
        }
        let world = self.world();
        let ours: Vec<&Item> = world.items.values().filter(|item| item.tags.owner().is_some()).collect();
        let orphans = ours.iter().filter(|item| !recorded.contains(&item.id)).map(|item| item.id.clone());
        let ghosts = recorded.iter().filter(|id| !world.items.values().any(|item| item.id == **id));
        (orphans.collect(), ghosts.cloned().collect())
    }

    async fn call(&self) -> Running<'_> {
        let latency = {
            let mut world = self.world();
            world.running += 1;
            world.most_running = world.most_running.max(world.running);
            world.latency
        };
        let running = Running(self);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        running
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.lasting || std::thread::panicking() {
            return;
        }
        let world = self.world.get_mut().unwrap_or_else(PoisonError::into_inner);
        let left: Vec<_> =
            world.items.iter().filter(|(_, item)| item.tags.owner().is_some()).map(|(at, _)| at).collect();
        assert!(left.is_empty(), "these are left in the cloud: {left:?}");
    }
}

const THING: &str = "test.thing";
const VAULT: &str = "test.vault";

fn value(spec: &impl Serialize) -> Value {
    serde_json::to_value(spec).expect("test kinds are JSON")
}

fn links_of(thing: &Thing) -> Vec<String> {
    thing.links.iter().map(|link| link.text().to_owned()).collect()
}

impl Item {
    fn of(spec: &impl Serialize, tags: Tags, id: String, links: Vec<String>) -> Self {
        Self { spec: value(spec), tags, id, links, contents: Vec::new(), polls_left: 0 }
    }

    fn spec<R: DeserializeOwned>(&self) -> R {
        serde_json::from_value(self.spec.clone()).expect("what was written can be read")
    }
}

fn refused(kind: HandlerErrorKind, operation: &'static str, message: String) -> HandlerError {
    HandlerError::new(kind, operation, message)
}

impl World {
    fn id_of(&mut self, what: &str, name: &str) -> String {
        self.serial += 1;
        if self.fresh_ids { format!("{what}-{name}-{}", self.serial) } else { format!("{what}-{name}") }
    }

    fn check_links(&self, operation: &'static str, links: &[String]) -> Result<(), HandlerError> {
        match links.iter().find(|link| !self.items.values().any(|item| item.id == **link)) {
            None => Ok(()),
            Some(link) => {
                Err(refused(HandlerErrorKind::Invalid, operation, format!("{link} does not exist")))
            }
        }
    }

    fn insert(
        &mut self,
        operation: &'static str,
        at: (&'static str, String),
        mut item: Item,
    ) -> Result<String, HandlerError> {
        if self.items.contains_key(&at) {
            return Err(refused(HandlerErrorKind::AlreadyExists, operation, format!("{} exists", at.1)));
        }
        self.check_links(operation, &item.links)?;
        item.polls_left = self.polls.get(&at.1).copied().unwrap_or_default();
        let id = item.id.clone();
        self.items.insert(at, item);
        Ok(id)
    }

    fn delete(
        &mut self,
        operation: &'static str,
        at: &(&'static str, String),
        id: &str,
        contents: Contents,
    ) -> Result<(), HandlerError> {
        let Some(item) = self.items.get(at).filter(|item| item.id == id) else { return Ok(()) };
        let holders: Vec<_> = self
            .items
            .iter()
            .filter(|(_, other)| other.links.contains(&item.id))
            .map(|(at, _)| &at.1)
            .collect();
        if !holders.is_empty() {
            let message = format!("{} is needed by {holders:?}", at.1);
            self.refused_deletes += 1;
            return Err(refused(HandlerErrorKind::NotYet, operation, message));
        }
        if contents == Contents::MustBeEmpty && !item.contents.is_empty() {
            return Err(refused(HandlerErrorKind::NotEmpty, operation, format!("{} is not empty", at.1)));
        }
        self.items.remove(at);
        Ok(())
    }

    fn ready(&mut self, at: &(&'static str, String)) -> Readiness {
        if let Some((reason, details)) = self.never.get(&at.1) {
            return Readiness::Failed { reason: reason.clone(), details: details.clone() };
        }
        match self.items.get_mut(at) {
            None => Readiness::Failed { reason: format!("{} is gone", at.1), details: Vec::new() },
            Some(item) if item.polls_left == 0 => Readiness::Ready,
            Some(item) => {
                item.polls_left -= 1;
                Readiness::Pending(format!("{} more", item.polls_left))
            }
        }
    }
}

fn arn<R>(id: &str) -> crate::arn::Arn<R> {
    format!("arn:fake:test:nowhere:123456789012:{id}").parse().expect("an ARN")
}

/// Acts on things.
struct ThingHandler(FakeCloud);

fn thing_outputs(id: String, name: &str) -> ThingOutputs {
    ThingOutputs { arn: arn(&id), id, name: name.to_owned() }
}

impl Handler for ThingHandler {
    type Resource = Thing;

    async fn read(&self, at: Lookup<'_, Thing>) -> Result<Option<Live<Thing>>, HandlerError> {
        let _running = self.0.call().await;
        let world = self.0.world();
        // Like most of AWS: things are found by name.
        let Some(item) = world.items.get(&(THING, at.spec.name.clone())) else { return Ok(None) };
        let mut spec: Thing = item.spec();
        spec.tags = item.tags.of_user();
        let outputs = thing_outputs(item.id.clone(), &spec.name);
        Ok(Some(Live { spec, outputs, tags: Some(item.tags.clone()) }))
    }

    async fn create(&self, cx: &Cx, spec: &Thing) -> Result<ThingOutputs, HandlerError> {
        let _running = self.0.call().await;
        let mut world = self.0.world();
        let id = world.id_of("thing", &spec.name);
        let mut made = spec.clone();
        made.colour.get_or_insert_with(|| "grey".to_owned());
        let item = Item::of(&made, cx.tags(&spec.tags), id, links_of(spec));
        let id = world.insert("CreateThing", (THING, spec.name.clone()), item)?;
        Ok(thing_outputs(id, &spec.name))
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Thing>) -> Result<ThingOutputs, HandlerError> {
        let _running = self.0.call().await;
        let Update { prior, outputs, desired } = change;
        let mut world = self.0.world();
        world.check_links("UpdateThing", &links_of(desired))?;
        let polls = world.polls.get(&desired.name).copied().unwrap_or_default();
        let Some(item) =
            world.items.get_mut(&(THING, outputs.name.clone())).filter(|item| item.id == outputs.id)
        else {
            return Err(refused(HandlerErrorKind::NotFound, "UpdateThing", format!("no {}", outputs.id)));
        };
        let now: Thing = item.spec();
        let fixed = |thing: &Thing| (thing.name.clone(), thing.shape.clone(), thing.slot, thing.key.clone());
        if fixed(&now) != fixed(desired) {
            let message = format!("{} cannot be changed so", outputs.id);
            return Err(refused(HandlerErrorKind::Invalid, "UpdateThing", message));
        }
        let mut made = desired.clone();
        // What was taken out is the cloud's own again; what was never set stays as it is.
        if made.colour.is_none() {
            made.colour = prior.colour.as_ref().map_or(now.colour, |_| Some("grey".to_owned()));
        }
        item.links = links_of(desired);
        item.spec = value(&made);
        item.tags = cx.tags(&desired.tags);
        item.polls_left = polls;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Thing>) -> Result<(), HandlerError> {
        let _running = self.0.call().await;
        let at = (THING, prior.outputs.name.clone());
        self.0.world().delete("DeleteThing", &at, &prior.outputs.id, prior.contents)
    }

    async fn ready(&self, _: &Cx, spec: &Thing, _: &ThingOutputs) -> Result<Readiness, HandlerError> {
        let _running = self.0.call().await;
        Ok(self.0.world().ready(&(THING, spec.name.clone())))
    }
}

/// Acts on vaults.
struct VaultHandler(FakeCloud);

impl Handler for VaultHandler {
    type Resource = Vault;

    async fn read(&self, at: Lookup<'_, Vault>) -> Result<Option<Live<Vault>>, HandlerError> {
        let _running = self.0.call().await;
        let world = self.0.world();
        let Some(item) = world.items.get(&(VAULT, at.spec.name.clone())) else { return Ok(None) };
        let mut spec: Vault = item.spec();
        spec.tags = item.tags.of_user();
        let outputs = VaultOutputs { id: item.id.clone(), arn: arn(&item.id) };
        Ok(Some(Live { spec, outputs, tags: Some(item.tags.clone()) }))
    }

    async fn create(&self, cx: &Cx, spec: &Vault) -> Result<VaultOutputs, HandlerError> {
        let _running = self.0.call().await;
        let mut world = self.0.world();
        let id = world.id_of("vault", &spec.name);
        let item = Item::of(spec, cx.tags(&spec.tags), id, Vec::new());
        let id = world.insert("CreateVault", (VAULT, spec.name.clone()), item)?;
        Ok(VaultOutputs { arn: arn(&id), id })
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Vault>) -> Result<VaultOutputs, HandlerError> {
        let _running = self.0.call().await;
        let mut world = self.0.world();
        let Some(item) = world.items.get_mut(&(VAULT, change.desired.name.clone())) else {
            let message = format!("no {}", change.outputs.id);
            return Err(refused(HandlerErrorKind::NotFound, "UpdateVault", message));
        };
        item.spec = value(change.desired);
        item.tags = cx.tags(&change.desired.tags);
        Ok(change.outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Vault>) -> Result<(), HandlerError> {
        let _running = self.0.call().await;
        let at = (VAULT, prior.spec.name.clone());
        self.0.world().delete("DeleteVault", &at, &prior.outputs.id, prior.contents)
    }

    async fn ready(&self, _: &Cx, spec: &Vault, _: &VaultOutputs) -> Result<Readiness, HandlerError> {
        let _running = self.0.call().await;
        Ok(self.0.world().ready(&(VAULT, spec.name.clone())))
    }
}

// The kinds' names are said once more above, for maps keyed by them.
const _: () = assert!(matches!(
    (THING.len(), VAULT.len(), Thing::HOLDS_DATA, Vault::HOLDS_DATA),
    (10, 10, false, true)
));
