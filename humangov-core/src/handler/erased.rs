// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers with the kind's type erased: one method, so that faults, recording and limits wrap one thing.

use crate::{
    handler::{
        Contents, Cx, Depth, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Readiness, Update,
    },
    resource::Resource,
    tags::Owner,
};
use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// One resource to look for.
#[derive(Debug, Clone)]
pub struct ReadRequest<'a> {
    /// For whom.
    pub cx: Cx,
    /// The spec, desired or recorded; its references may be unresolved.
    pub spec: &'a Value,
    /// The outputs recorded.
    pub outputs: Option<&'a Value>,
    /// How much to read.
    pub depth: Depth,
}

/// What the engine asks of a handler.
#[derive(Debug)]
#[non_exhaustive]
pub enum Call<'a> {
    /// Look for these.
    Read(&'a [ReadRequest<'a>]),
    /// Make this.
    Create {
        /// For whom.
        cx: &'a Cx,
        /// What to make.
        spec: &'a Value,
    },
    /// Change this in place.
    Update {
        /// For whom.
        cx: &'a Cx,
        /// How it is.
        prior: &'a Value,
        /// What is known of it.
        outputs: &'a Value,
        /// How it should be.
        desired: &'a Value,
    },
    /// Delete this.
    Delete {
        /// For whom.
        cx: &'a Cx,
        /// How it is.
        prior: &'a Value,
        /// What is known of it.
        outputs: &'a Value,
        /// What may happen to what it holds.
        contents: Contents,
    },
    /// Ask once whether this works.
    Ready {
        /// For whom.
        cx: &'a Cx,
        /// How it should be.
        spec: &'a Value,
        /// What is known of it.
        outputs: &'a Value,
    },
}

/// A resource as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveValue {
    /// Its settings.
    pub spec: Value,
    /// Its outputs.
    pub outputs: Value,
    /// Whose it is.
    pub ownership: Ownership,
}

/// Whose something that was found is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// It says so itself.
    Owner(Owner),
    /// It bears no tags of ours.
    Nobody,
    /// It has no tags of its own: it is whose its parent is.
    Parent,
}

/// What a handler answers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// To [`Call::Read`]: one answer a request, in order.
    Read(Vec<Result<Option<LiveValue>, HandlerError>>),
    /// To [`Call::Create`] and [`Call::Update`].
    Outputs(Value),
    /// To [`Call::Delete`].
    Deleted,
    /// To [`Call::Ready`].
    Readiness(Readiness),
}

/// A handler without its type.
pub trait DynHandler: Send + Sync {
    /// Does what is asked, and answers in kind.
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>>;
}

/// The one adapter between the two worlds.
pub(crate) struct Erased<H>(pub(crate) H);

fn typed<T: DeserializeOwned>(value: &Value, what: &'static str) -> Result<T, HandlerError> {
    T::deserialize(value).map_err(|error| {
        HandlerError::new(HandlerErrorKind::Malformed, what, "the record does not fit this version's type")
            .with_source(error)
    })
}

fn erased<T: Serialize>(value: &T, what: &'static str) -> Result<Value, HandlerError> {
    serde_json::to_value(value)
        .map_err(|error| HandlerError::malformed(what, "cannot be written as JSON").with_source(error))
}

fn live_value<R: Resource>(live: Live<R>) -> Result<LiveValue, HandlerError> {
    let Live { mut spec, outputs, tags } = live;
    spec.normalize();
    let ownership = match &tags {
        None => Ownership::Parent,
        Some(tags) => tags.owner().map_or(Ownership::Nobody, Ownership::Owner),
    };
    Ok(LiveValue { spec: erased(&spec, "read")?, outputs: erased(&outputs, "read")?, ownership })
}

impl<H: Handler> Erased<H> {
    async fn read(&self, requests: &[ReadRequest<'_>]) -> Vec<Result<Option<LiveValue>, HandlerError>> {
        type Out<H> = <<H as Handler>::Resource as Resource>::Outputs;
        let parse = |request: &ReadRequest<'_>| -> Result<(H::Resource, Option<Out<H>>), HandlerError> {
            let outputs =
                request.outputs.map(|outputs| typed(outputs, "read recorded outputs")).transpose()?;
            Ok((typed(request.spec, "read recorded spec")?, outputs))
        };
        let parsed: Vec<_> = requests.iter().map(parse).collect();
        let lookups: Vec<Lookup<'_, H::Resource>> = requests
            .iter()
            .zip(&parsed)
            .filter_map(|(request, parsed)| {
                let (spec, outputs) = parsed.as_ref().ok()?;
                Some(Lookup { cx: &request.cx, spec, outputs: outputs.as_ref(), depth: request.depth })
            })
            .collect();
        let mut found = match lookups.as_slice() {
            [] => Vec::new(),
            [one] => vec![self.0.read(*one).await],
            many => self.0.read_many(many).await,
        }
        .into_iter();
        parsed
            .iter()
            .map(|parsed| match parsed {
                Err(error) => Err(error.clone()),
                Ok(_) => match found.next() {
                    Some(found) => found?.map(live_value).transpose(),
                    None => Err(HandlerError::malformed("read_many", "fewer answers than questions")),
                },
            })
            .collect()
    }
}

impl<H: Handler> DynHandler for Erased<H> {
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>> {
        Box::pin(async move {
            Ok(match call {
                Call::Read(requests) => Reply::Read(self.read(requests).await),
                Call::Create { cx, spec } => {
                    let outputs = self.0.create(cx, &typed(spec, "create")?).await?;
                    Reply::Outputs(erased(&outputs, "create")?)
                }
                Call::Update { cx, prior, outputs, desired } => {
                    let (prior, outputs) = (typed(prior, "update")?, typed(outputs, "update")?);
                    let change =
                        Update { prior: &prior, outputs: &outputs, desired: &typed(desired, "update")? };
                    Reply::Outputs(erased(&self.0.update(cx, change).await?, "update")?)
                }
                Call::Delete { cx, prior, outputs, contents } => {
                    let (spec, outputs) = (typed(prior, "delete")?, typed(outputs, "delete")?);
                    self.0.delete(cx, Prior { spec: &spec, outputs: &outputs, contents }).await?;
                    Reply::Deleted
                }
                Call::Ready { cx, spec, outputs } => Reply::Readiness(
                    self.0.ready(cx, &typed(spec, "ready")?, &typed(outputs, "ready")?).await?,
                ),
            })
        })
    }
}
