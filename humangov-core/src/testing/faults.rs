// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Faults`]: has chosen calls of handlers fail in chosen ways.

use crate::{
    address::{Address, Kind},
    handler::{Call, DynHandler, Effect, HandlerError, HandlerErrorKind, Registry, Reply},
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a call of a handler is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallOperation {
    /// [`Call::Read`].
    Read,
    /// [`Call::Create`].
    Create,
    /// [`Call::Update`].
    Update,
    /// [`Call::Delete`].
    Delete,
    /// [`Call::Ready`].
    Ready,
}

/// A call that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Seen {
    /// What it was for.
    pub operation: CallOperation,
    /// The resource; the first one, where many are read.
    pub address: Address,
    /// Which of these calls it was, from 1.
    pub nth: u32,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} no. {}", self.operation, self.address, self.nth)
    }
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is refused, and changes nothing.
    Refuse(HandlerErrorKind),
    /// It works, and its answer is lost.
    LoseAnswer,
    /// It never gets there, and nobody knows.
    TimeOut,
    /// It works in part (a create leaves out notes, a delete takes them away), and the rest is refused so.
    Part(HandlerErrorKind),
    /// It works, its answer is lost, and the client sends it again by itself.
    Resent,
    /// A read that does not see what is there: it was made a moment ago.
    Unseen,
    /// It is never answered.
    Hang,
}

/// Which calls fail. Whatever is not said does not matter.
///
/// ```
/// use humangov_core::testing::{CallOperation, When};
/// let second_delete = When::any().operation(CallOperation::Delete).nth(2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    kind: Option<Kind>,
    operation: Option<CallOperation>,
    address: Option<Address>,
    nth: Option<u32>,
    times: Option<u32>,
}

impl When {
    /// Any call.
    pub fn any() -> Self {
        Self::default()
    }

    /// Exactly the call that was seen.
    pub fn seen(seen: &Seen) -> Self {
        Self::any().operation(seen.operation).address(&seen.address).nth(seen.nth)
    }

    /// Only of this kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only calls for this.
    #[must_use]
    pub fn operation(mut self, operation: CallOperation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Only of this resource.
    #[must_use]
    pub fn address(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    /// Only the n-th of its operation and resource, from 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = Some(nth);
        self
    }

    /// No more than this often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn matches(&self, seen: &Seen) -> bool {
        self.kind.as_ref().is_none_or(|kind| kind.as_str() == seen.address.kind_str())
            && self.operation.is_none_or(|operation| operation == seen.operation)
            && self.address.as_ref().is_none_or(|address| *address == seen.address)
            && self.nth.is_none_or(|nth| nth == seen.nth)
            && self.times != Some(0)
    }
}

/// Has chosen calls fail, and lists all calls. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    rules: Vec<(When, Fault)>,
    seen: Vec<Seen>,
    counts: HashMap<(CallOperation, Address), u32>,
    fired: Vec<Seen>,
}

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the calls of `when` fail so, from now on. Of several faults, the one that was added first is taken.
    pub fn add(&self, when: When, fault: Fault) {
        self.inner().rules.push((when, fault));
    }

    /// Forgets all faults and all calls.
    pub fn clear(&self) {
        *self.inner() = Inner::default();
    }

    /// All calls so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.inner().seen.clone()
    }

    /// How many calls there were for this.
    pub fn count(&self, operation: CallOperation) -> usize {
        self.inner().seen.iter().filter(|seen| seen.operation == operation).count()
    }

    /// The calls that failed by our doing.
    pub fn fired(&self) -> Vec<Seen> {
        self.inner().fired.clone()
    }

    /// The handlers of `registry`, with these faults.
    #[must_use]
    pub fn wrap(&self, registry: &Registry) -> Registry {
        registry.map(|_, inner| Arc::new(Faulty { faults: self.clone(), inner }))
    }

    fn choose(&self, operation: CallOperation, address: &Address) -> Option<Fault> {
        let mut inner = self.inner();
        let count = inner.counts.entry((operation, address.clone())).or_default();
        *count += 1;
        let seen = Seen { operation, address: address.clone(), nth: *count };
        inner.seen.push(seen.clone());
        let (when, fault) = inner.rules.iter_mut().find(|(when, _)| when.matches(&seen))?;
        when.times = when.times.map(|times| times - 1);
        let fault = *fault;
        inner.fired.push(seen);
        Some(fault)
    }
}

struct Faulty {
    faults: Faults,
    inner: Arc<dyn DynHandler>,
}

fn lost(message: &str) -> HandlerError {
    HandlerError::new(HandlerErrorKind::Transient, "call", message).with_effect(Effect::Unknown)
}

fn without_notes(whole: &Value) -> Value {
    let mut part = whole.clone();
    if let Some(notes) = part.get_mut("notes") {
        *notes = Value::Object(serde_json::Map::new());
    }
    part
}

impl DynHandler for Faulty {
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>> {
        let (operation, address) = match &call {
            Call::Read(requests) => {
                (CallOperation::Read, requests.first().map(|request| &request.cx.address))
            }
            Call::Create { cx, .. } => (CallOperation::Create, Some(&cx.address)),
            Call::Update { cx, .. } => (CallOperation::Update, Some(&cx.address)),
            Call::Delete { cx, .. } => (CallOperation::Delete, Some(&cx.address)),
            Call::Ready { cx, .. } => (CallOperation::Ready, Some(&cx.address)),
        };
        let fault = address.and_then(|address| self.faults.choose(operation, address));
        Box::pin(async move {
            match fault {
                None => self.inner.call(call).await,
                Some(Fault::Refuse(kind)) => {
                    Err(HandlerError::new(kind, "call", "this call was told to fail"))
                }
                Some(Fault::TimeOut) => Err(lost("this call was told to get lost")),
                Some(Fault::LoseAnswer) => {
                    self.inner.call(call).await?;
                    Err(lost("this answer was told to get lost"))
                }
                Some(Fault::Resent) => {
                    let again = match &call {
                        Call::Create { spec, cx } => Call::Create { spec, cx },
                        _ => return Err(lost("only a create is sent again")),
                    };
                    self.inner.call(call).await?;
                    self.inner.call(again).await
                }
                Some(Fault::Unseen) => match call {
                    Call::Read(requests) => Ok(Reply::Read(requests.iter().map(|_| Ok(None)).collect())),
                    _ => Err(lost("only a read does not see")),
                },
                Some(Fault::Part(kind)) => {
                    match &call {
                        Call::Create { cx, spec } => {
                            let part = without_notes(spec);
                            self.inner.call(Call::Create { cx, spec: &part }).await?;
                        }
                        Call::Delete { cx, prior, outputs, .. } => {
                            let desired = &without_notes(prior);
                            self.inner.call(Call::Update { cx, prior, outputs, desired }).await?;
                        }
                        _ => return Err(lost("only a create or a delete works in part")),
                    }
                    let error = HandlerError::new(kind, "call", "the second half was refused");
                    Err(error.with_effect(Effect::Unknown))
                }
                Some(Fault::Hang) => std::future::pending().await,
            }
        })
    }
}
