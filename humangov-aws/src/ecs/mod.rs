// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon Elastic Container Service.

mod cluster;
mod convert;
mod service;
mod tags;
mod task_definition;

pub use cluster::ClusterHandler;
pub use service::ServiceHandler;
pub use task_definition::TaskDefinitionHandler;
