// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon Elastic Container Registry.

mod repository;

pub use repository::RepositoryHandler;
