// SPDX-License-Identifier: MIT OR Apache-2.0
//! AWS for [`humangov_core`]: one handler a kind over the `aws-sdk-*` clients, and lookups of what an account has.
//!
//! Everything else, from declaring stacks to executing plans, is in [`humangov_core`] (here also as [`core`]).
//!
//! ```no_run
//! use humangov_aws::{Clients, caller_identity, registry};
//! use humangov_core::{exec::Executor, store::FileStore};
//! use std::sync::Arc;
//!
//! # async fn example(config: aws_types::SdkConfig) -> Result<(), humangov_core::handler::HandlerError> {
//! // `config` is what `aws_config::load_from_env` gives.
//! let clients = Clients::new(&config);
//! let account = caller_identity(&clients.sts).await?.account;
//! let executor = Executor::new(registry(&clients), Arc::new(FileStore::new(format!(".humangov/{account}"))));
//! # Ok(())
//! # }
//! ```
//!
//! # What is here
//!
//! - [`Clients`]: one SDK client for each enabled service, with the configuration you give: region, credentials, endpoint, HTTP client.
//! - [`registry`]: the handlers of all enabled kinds. Add your own with [`Registry::with`](humangov_core::handler::Registry::with).
//! - [`caller_identity`]: the account and partition of the credentials.
//! - `Network` (feature `ec2`): the default VPC, or the one you name, checked.
//! - `ecs::running` and `elbv2::target_health` (features `ecs` and `elasticloadbalancingv2`): how services run and which targets
//!   are up.
//! - [`store`]: state in a bucket or in a table, for more than one machine.
//! - [`classify`]: what an SDK error means to the engine, for handlers of your own.
//!
//! # Features
//!
//! One for each AWS service, all on by default. Turn defaults off and name what you need to build less.
//!
//! | feature | kinds |
//! | --- | --- |
//! | `applicationautoscaling` | `autoscaling.target` |
//! | `cloudwatchlogs` | `logs.log_group`, and with `ecs` the last lines that a failed container logged |
//! | `dynamodb` | `dynamodb.table` |
//! | `ec2` | `ec2.security_group`, and `Network`; the largest SDK crate by far |
//! | `ecr` | `ecr.repository` |
//! | `ecs` | `ecs.cluster`, `ecs.task_definition`, `ecs.service` |
//! | `elasticloadbalancingv2` | `elbv2.load_balancer`, `elbv2.listener`, `elbv2.listener_rule`, `elbv2.target_group` |
//! | `iam` | `iam.role` |
//! | `s3` | `s3.bucket` |
//!
//! # Errors
//!
//! Handlers answer with [`HandlerError`](humangov_core::handler::HandlerError): a stable code, the operation, AWS's code, message and
//! request id, and whether the call may have worked all the same.
//!
//! # Stability
//!
//! 0.1: the API may change with a minor version. A major version of an `aws-sdk-*` crate is a breaking change here, since [`Clients`] shows them.
//!
//! Minimum Rust version: 1.94.1, as the SDK asks for.

pub use humangov_core as core;

mod clients;
mod error;
mod identity;
mod lease_check;
#[cfg(feature = "ec2")]
mod network;
mod registry;
mod resent;
#[cfg(any(
    feature = "applicationautoscaling",
    feature = "dynamodb",
    feature = "elasticloadbalancingv2",
    feature = "s3"
))]
mod reset;
#[cfg(any(feature = "ecr", feature = "elasticloadbalancingv2", feature = "iam"))]
mod steps;
#[cfg(test)]
mod testing;

#[cfg(feature = "applicationautoscaling")]
pub mod autoscaling;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "ec2")]
pub mod ec2;
#[cfg(feature = "ecr")]
pub mod ecr;
#[cfg(feature = "ecs")]
pub mod ecs;
#[cfg(feature = "elasticloadbalancingv2")]
pub mod elbv2;
#[cfg(feature = "iam")]
pub mod iam;
#[cfg(feature = "cloudwatchlogs")]
pub mod logs;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod store;

pub use clients::Clients;
pub use error::{Service, classify};
pub use identity::{Identity, caller_identity};
#[cfg(feature = "ec2")]
pub use network::{Network, NetworkError, NetworkErrorKind, Subnet};
pub use registry::registry;

/// The examples of README and guide, kept compiling.
#[cfg(all(doctest, feature = "ec2"))]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../../docs/guide.md")]
struct Readme;

/// The example of the sandbox's reference, kept running.
#[cfg(all(doctest, feature = "sandbox"))]
#[doc = include_str!("../../docs/reference/sandbox.md")]
struct SandboxReference;
