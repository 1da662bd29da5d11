// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon Elastic Container Service.

mod tags;
mod task_definition;

pub use task_definition::TaskDefinitionHandler;
