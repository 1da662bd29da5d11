// SPDX-License-Identifier: MIT OR Apache-2.0
//! Typed AWS resources, a planner and an executor for one-application-per-tenant deployments.

pub mod address;
pub mod arn;
pub mod base_stack;
pub mod clock;
pub mod event;
pub mod exec;
pub mod fleet;
pub mod fleet_settings;
pub mod graph;
pub mod handler;
pub mod kind;
pub mod names;
pub mod plan;
pub mod resource;
pub mod sensitive;
pub mod size;
pub mod spec;
pub mod stack;
pub mod state_stack;
pub mod store;
pub mod tags;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;
