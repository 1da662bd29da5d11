// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Elastic Load Balancing version 2: Application Load Balancers; and [`target_health`]: which targets are up.

mod action;
mod batch;
mod condition;
mod listener;
mod listener_rule;
mod load_balancer;
mod tags;
mod target_group;
mod target_health;

pub use listener::ListenerHandler;
pub use listener_rule::ListenerRuleHandler;
pub use load_balancer::LoadBalancerHandler;
pub use target_group::TargetGroupHandler;
pub use target_health::{Target, TargetHealth, TargetState, target_health};

#[cfg(test)]
mod tests;
