// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amazon Elastic Container Registry.

mod lifecycle_policy;
mod repository;

pub use lifecycle_policy::{LifecycleCount, LifecyclePolicy, LifecycleRule, ParseLifecycleError, TagStatus};
pub use repository::{Encryption, ImageTagMutability, Repository, RepositoryOutputs};
