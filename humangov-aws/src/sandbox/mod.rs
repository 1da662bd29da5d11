// SPDX-License-Identifier: MIT OR Apache-2.0
//! An AWS in this process: to try things out without an account, and to test with.
//!
//! A [`Sandbox`] answers the very requests that the SDK's clients send, below their HTTP connector: no port, no network, and the
//! same handlers, retries and error handling as on AWS. It models AWS's behaviour for every call that the handlers make:
//! what must exist, what must be unique, what is refused in use, defaults, limits, codes and wire shapes; services whose
//! deployments progress or fail, load balancers that take their time, deletions that linger.
//!
//! ```
//! use humangov_aws::sandbox::Sandbox;
//!
//! # async fn example() -> Result<(), humangov_core::handler::HandlerError> {
//! let sandbox = Sandbox::new();
//! let clients = humangov_aws::Clients::new(&sandbox.sdk_config());
//! let identity = humangov_aws::caller_identity(&clients.sts).await?;
//! assert_eq!(identity.account, "123456789012");
//! assert_eq!(sandbox.count("GetCallerIdentity"), 1);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! - Time is tokio's: with a paused clock, a rollout of ten minutes takes none. [`Timings`] say how long things take,
//!   [`Latency`] how long calls take, and [`SandboxOptions::rates`] switches AWS's published rates on.
//! - [`Sandbox::inject`] makes calls go wrong: refused, throttled, reset, answered too late or not at all ([`Fault`]).
//! - [`Sandbox::fail_image`] makes containers of an image fail ([`ImageFailure`]).
//! - [`Sandbox::calls`] tells what was called, [`Sandbox::resources`] what there is.
//! - [`Sandbox::open`] keeps it all in a file, so that one command after the other sees the same world.
//! - [`Sandbox::serve`] answers over HTTP, for the AWS CLI or boto3.
//!
//! What is modelled and what is not is listed in `docs/reference/sandbox.md`.

mod clock;
mod connector;
mod error;
mod fault;
mod file;
mod ids;
mod images;
mod instance;
mod rates;
mod serve;
mod service;
mod tenant;
#[cfg(test)]
mod testing;
mod timings;
mod transcript;
mod wire;
mod world;

pub use fault::{Fault, FaultKind};
pub use file::SandboxError;
pub use images::{ContainerFailure, ImageFailure};
pub use instance::{Sandbox, SandboxOptions, SandboxResource};
pub use timings::{Latency, Timings};
pub use transcript::{CallOutcome, CallRecord};
