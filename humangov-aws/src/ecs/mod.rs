// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon Elastic Container Service, and [`running`]: how services run.

mod cluster;
mod convert;
mod running;
mod service;
mod tags;
mod task_definition;

pub use cluster::ClusterHandler;
pub use running::{Running, running};
pub use service::ServiceHandler;
pub use task_definition::TaskDefinitionHandler;
