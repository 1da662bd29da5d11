// SPDX-License-Identifier: MIT OR Apache-2.0
//! AWS for [`humangov_core`]: one handler a kind over the `aws-sdk-*` clients, and lookups of what an account has.

pub use humangov_core as core;

mod clients;
mod error;
mod identity;
#[cfg(feature = "ec2")]
mod network;
mod registry;
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

pub use clients::Clients;
pub use error::{Service, classify};
pub use identity::{Identity, caller_identity};
#[cfg(feature = "ec2")]
pub use network::{Network, NetworkError, NetworkErrorKind, Subnet};
pub use registry::registry;
