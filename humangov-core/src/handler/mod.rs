// SPDX-License-Identifier: MIT OR Apache-2.0
//! How kinds meet a cloud: one [`Handler`] a kind, typed on the outside, erased for the engine.

mod erased;
mod error;
mod registry;

pub use erased::{Call, DynHandler, LiveValue, Ownership, ReadRequest, Reply};
pub use error::{Effect, HandlerError, HandlerErrorKind};
pub use registry::Registry;

use crate::{
    address::{Address, RunId, StackName},
    names::FleetName,
    resource::Resource,
    tags::{self, Tags},
    value::Digest,
};
use futures_util::future::join_all;
use std::{fmt, future::Future};

/// For whom a handler works: which resource, of which stack, in which run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Cx {
    /// The fleet.
    pub fleet: FleetName,
    /// The stack.
    pub stack: StackName,
    /// The resource.
    pub address: Address,
    /// The run.
    pub run: RunId,
}

impl Cx {
    /// The context of one resource in one run.
    pub fn new(fleet: FleetName, stack: StackName, address: Address, run: RunId) -> Self {
        Self { fleet, stack, address, run }
    }

    /// What the resource must be tagged with: the user's tags and those that say it is ours.
    pub fn tags(&self, of_user: &Tags) -> Tags {
        of_user.merged(&tags::ownership(&self.fleet, &self.stack, &self.address))
    }

    /// A token of 32 characters that is the same whenever this run makes this very thing, and never otherwise.
    pub fn client_token(&self, spec: Digest) -> String {
        let all = format!("{}/{}/{}/{}/{spec}", self.run, self.fleet, self.stack, self.address);
        Digest::of(all.as_bytes()).to_string()[..32].to_owned()
    }
}

/// How much a read must tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Whether it exists, its outputs and whose it is: as few calls as possible. The spec read may be incomplete.
    Identity,
    /// Every setting as well.
    Full,
}

/// Where to look for a resource.
#[derive(Debug)]
pub struct Lookup<'a, R: Resource> {
    /// For whom.
    pub cx: &'a Cx,
    /// What is wanted there, or what was recorded. Inputs may be unknown; when one that tells *where* to look is, then what
    /// it comes from does not exist yet, and neither does this: answer `None`.
    pub spec: &'a R,
    /// What was recorded, if anything was.
    pub outputs: Option<&'a R::Outputs>,
    /// How much to read.
    pub depth: Depth,
}

// Derived, these would ask for `R: Clone + Copy`, although only references to an `R` are copied.
#[expect(clippy::expl_impl_clone_on_copy, reason = "see above")]
impl<R: Resource> Clone for Lookup<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R: Resource> Copy for Lookup<'_, R> {}

/// A resource as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Live<R: Resource> {
    /// Its settings, as the spec that would make it. User tags only.
    pub spec: R,
    /// Its outputs.
    pub outputs: R::Outputs,
    /// All its tags, by which it is known whose it is. `None`: it has none of its own and is its parent's.
    pub tags: Option<Tags>,
}

/// A change in place: from `prior` to `desired`.
#[derive(Debug)]
pub struct Update<'a, R: Resource> {
    /// The settings as they are, read or recorded.
    pub prior: &'a R,
    /// The outputs as they are.
    pub outputs: &'a R::Outputs,
    /// The settings as they should be; every input is known. What is left to AWS is here as it is in `prior`, so an optional
    /// setting that `prior` has and this lacks was taken out: it goes back to AWS's default.
    pub desired: &'a R,
}

/// What is to be deleted.
#[derive(Debug)]
pub struct Prior<'a, R: Resource> {
    /// Its settings.
    pub spec: &'a R,
    /// Its outputs.
    pub outputs: &'a R::Outputs,
    /// What may happen to what it holds.
    pub contents: Contents,
}

/// What a deletion may do to the contents of a resource that holds data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contents {
    /// Delete only what is empty; refuse otherwise.
    MustBeEmpty,
    /// Delete the contents first. The user asked for it, this time.
    Purge,
}

/// Whether a resource does its work yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// It does.
    Ready,
    /// Not yet: what is going on, for people.
    Pending(String),
    /// It never will: why, and what is known of it, a line each.
    Failed {
        /// The reason in one line.
        reason: String,
        /// Events, stopped tasks, last words.
        details: Vec<String>,
    },
}

/// Acts on one kind of resource. Implementors write plain `async fn`.
///
/// # Contract
/// - Every method may be called again after it failed, timed out, or was forgotten: names and tokens are deterministic.
/// - `create` reports [`Effect::None`] only if surely nothing was made; the engine looks otherwise.
/// - `delete` of what is not there is a success.
/// - No method waits for readiness; `ready` is one poll, the engine owns the loop.
pub trait Handler: Send + Sync + 'static {
    /// The kind.
    type Resource: Resource;

    /// Looks for a resource. `None`: it does not exist.
    fn read(
        &self,
        at: Lookup<'_, Self::Resource>,
    ) -> impl Future<Output = Result<Option<Live<Self::Resource>>, HandlerError>> + Send;

    /// Looks for many, in the order asked. Provided: one [`Handler::read`] each; override where AWS reads in batches.
    fn read_many(
        &self,
        at: &[Lookup<'_, Self::Resource>],
    ) -> impl Future<Output = Vec<Result<Option<Live<Self::Resource>>, HandlerError>>> + Send {
        join_all(at.iter().map(|at| self.read(*at)))
    }

    /// Makes a resource; every input is known.
    fn create(
        &self,
        cx: &Cx,
        spec: &Self::Resource,
    ) -> impl Future<Output = Result<<Self::Resource as Resource>::Outputs, HandlerError>> + Send;

    /// Changes a resource in place. Only what differs is sent.
    fn update(
        &self,
        cx: &Cx,
        change: Update<'_, Self::Resource>,
    ) -> impl Future<Output = Result<<Self::Resource as Resource>::Outputs, HandlerError>> + Send;

    /// Deletes a resource.
    fn delete(
        &self,
        cx: &Cx,
        prior: Prior<'_, Self::Resource>,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Asks once whether what was made or changed does its work. Provided: it does.
    fn ready(
        &self,
        cx: &Cx,
        spec: &Self::Resource,
        outputs: &<Self::Resource as Resource>::Outputs,
    ) -> impl Future<Output = Result<Readiness, HandlerError>> + Send {
        let _ = (cx, spec, outputs);
        async { Ok(Readiness::Ready) }
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MustBeEmpty => "only if empty",
            Self::Purge => "with its data",
        })
    }
}
