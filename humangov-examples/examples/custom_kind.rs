// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kind of one's own: declared, planned, applied, changed and destroyed beside the built-in ones, with nothing of the engine
//! changed. Runs offline: its "cloud" is a map in memory.
//!
//! ```text
//! $ cargo run --example custom_kind
//! california                              1 to create
//!   + acme.topic/news                    create
//! applied: https://acme.example/california-news
//! california                              1 to change
//!   ~ acme.topic/news                    change in place
//!       retention_hours                  24  →  48
//! applied: https://acme.example/california-news
//! destroyed
//! ```

use humangov_core::{
    address::Kind,
    event::Events,
    exec::{Cancel, Executor},
    handler::{Cx, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Registry, Update},
    plan::{Imports, PlanOptions, plan, plan_destroy},
    resource::{Resource, Rule, Violations},
    stack::Stack,
    store::{MemoryStore, StateStore},
    tags::Tags,
    value::Attr,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    error::Error,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Topic {
    name: String,
    retention_hours: u32,
}

/// What is known once it exists.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TopicOutputs {
    url: String,
}

impl Topic {
    /// Other resources refer to this as `handle.get(Topic::URL)`.
    const URL: Attr<Self, String> = Attr::new("url");
}

impl Resource for Topic {
    const KIND: Kind = Kind::new("acme.topic");
    const RULES: &'static [Rule] = &[Rule::ReplaceCreateFirst("/name")];
    type Outputs = TopicOutputs;

    fn validate(&self, found: &mut Violations) {
        found.check((1..=168).contains(&self.retention_hours), "retention_hours", || "1 to 168 hours");
    }
}

/// Acts on topics. A real one would call a service.
#[derive(Debug, Clone, Default)]
struct TopicHandler(Arc<Mutex<BTreeMap<String, (Topic, Tags)>>>);

impl TopicHandler {
    fn topics(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Topic, Tags)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outputs(topic: &Topic) -> TopicOutputs {
    TopicOutputs { url: format!("https://acme.example/{}", topic.name) }
}

impl Handler for TopicHandler {
    type Resource = Topic;

    async fn read(&self, at: Lookup<'_, Topic>) -> Result<Option<Live<Topic>>, HandlerError> {
        let found = self.topics().get(&at.spec.name).cloned();
        Ok(found.map(|(spec, tags)| Live { outputs: outputs(&spec), spec, tags: Some(tags) }))
    }

    async fn create(&self, cx: &Cx, spec: &Topic) -> Result<TopicOutputs, HandlerError> {
        let mut topics = self.topics();
        if topics.contains_key(&spec.name) {
            return Err(HandlerError::new(
                HandlerErrorKind::AlreadyExists,
                "CreateTopic",
                "the name is taken",
            ));
        }
        // The tags say whose it is; without them it would never be touched again.
        topics.insert(spec.name.clone(), (spec.clone(), cx.tags(&Tags::new())));
        Ok(outputs(spec))
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Topic>) -> Result<TopicOutputs, HandlerError> {
        self.topics().insert(change.desired.name.clone(), (change.desired.clone(), cx.tags(&Tags::new())));
        Ok(outputs(change.desired))
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Topic>) -> Result<(), HandlerError> {
        self.topics().remove(&prior.spec.name);
        Ok(())
    }
}

fn declare(retention_hours: u32) -> Result<Stack, Box<dyn Error>> {
    let mut stack = Stack::new("acme".parse()?, "california".parse()?);
    let topic = stack.add("news", Topic { name: "california-news".to_owned(), retention_hours })?;
    stack.export("url", topic.get(Topic::URL))?;
    Ok(stack)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = anstream::stdout();
    let registry = Registry::new().with(TopicHandler::default());
    let store = Arc::new(MemoryStore::new());
    let executor = Executor::new(registry, Arc::<MemoryStore>::clone(&store));
    let (none, cancel, events) = (Imports::none(), Cancel::new(), Events::none());

    for retention_hours in [24, 48] {
        let stack = declare(retention_hours)?;
        let snapshot = store.load(stack.name()).await?;
        let plan = plan(&stack, snapshot.as_ref(), None, &none, &PlanOptions::default())?;
        write!(out, "{plan}")?;
        let report = executor.apply(&plan, &none, &cancel, &events).await?;
        writeln!(out, "{}: {}", report.outcome.name(), report.exports["url"].as_str().unwrap_or_default())?;
    }

    let stack = declare(48)?;
    let snapshot = store.load(stack.name()).await?;
    let plan = plan_destroy(stack.fleet(), stack.name(), snapshot.as_ref(), None, &PlanOptions::default())?;
    if executor.apply(&plan, &none, &cancel, &events).await?.outcome.is_applied() {
        writeln!(out, "destroyed")?;
    }
    Ok(())
}
