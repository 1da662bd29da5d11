// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elastic Load Balancing version 2: Application Load Balancers.

mod action;
mod checks;
mod condition;
mod listener;
mod listener_rule;
mod load_balancer;
mod target_group;
mod words;

pub use action::{
    Action, ContentType, FixedResponse, Forward, ForwardStickiness, Redirect, RedirectProtocol,
    RedirectStatusCode, WeightedTargetGroup,
};
pub use condition::{Condition, QueryStringPair};
pub use listener::{Https, Listener, ListenerOutputs, ListenerProtocol};
pub use listener_rule::{ListenerRule, ListenerRuleOutputs};
pub use load_balancer::{
    AccessLogs, DesyncMitigationMode, IpAddressType, LoadBalancer, LoadBalancerOutputs, Scheme,
    XffHeaderProcessingMode,
};
pub use target_group::{
    HealthCheck, HealthCheckPort, LoadBalancingAlgorithm, Protocol, ProtocolVersion, Stickiness, TargetGroup,
    TargetGroupOutputs, TargetType,
};
