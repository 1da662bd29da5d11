// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elastic Load Balancing: Application Load Balancers, their listeners and rules, target groups and targets.

mod action;
mod association;
mod attributes;
mod check;
mod condition;
mod health_check;
mod limits;
mod listener;
mod load_balancer;
mod network;
mod rule;
mod tags;
mod target;
mod target_group;
#[cfg(test)]
mod tests;
mod tls;

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use jiff::Timestamp;
use listener::Listener;
use load_balancer::LoadBalancer;
use rule::Rule;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use target::{Health, Target};
use target_group::TargetGroup;

/// What there is in a region, all by ARN.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Elbv2 {
    load_balancers: BTreeMap<String, LoadBalancer>,
    target_groups: BTreeMap<String, TargetGroup>,
    listeners: BTreeMap<String, Listener>,
    /// The default rules of the listeners too.
    rules: BTreeMap<String, Rule>,
}

/// What ECS needs to know of a target group.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct TargetGroupFacts {
    /// `ip` or `instance`.
    pub target_type: String,
    /// Whether a listener or a rule forwards to it.
    pub attached: bool,
    /// From the first check of a good target until it is healthy: interval times threshold, as on AWS.
    pub until_healthy: Duration,
    /// From the first check of a bad target until it is unhealthy.
    pub until_unhealthy: Duration,
    pub deregistration_delay: Duration,
    /// From when on its load balancer sends anything: once that is active.
    pub active_from: Option<Timestamp>,
}

/// How a target does: `initial`, `healthy`, `unhealthy`, `draining`, with AWS's code of the reason where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct TargetHealth {
    pub state: String,
    pub reason: Option<String>,
}

impl Elbv2 {
    /// What ECS needs to know of a target group, if there is one of this ARN.
    pub(in crate::sandbox) fn target_group_facts(&self, arn: &str) -> Option<TargetGroupFacts> {
        let group = self.target_groups.get(arn)?;
        let user = self.user_of(arn).and_then(|balancer| self.load_balancers.get(balancer));
        Some(TargetGroupFacts {
            target_type: group.settings.target_type.clone(),
            attached: user.is_some(),
            until_healthy: group.settings.check.until_healthy(),
            until_unhealthy: group.settings.check.until_unhealthy(),
            deregistration_delay: group.deregistration_delay(),
            active_from: user.map(|balancer| balancer.active_from),
        })
    }

    /// Registers a target, or says how it does now. Without such a target group nothing is registered.
    pub(in crate::sandbox) fn set_target(
        &mut self,
        target_group: &str,
        id: &str,
        port: u16,
        health: TargetHealth,
    ) {
        if let Some(group) = self.target_groups.get_mut(target_group) {
            let target = Target { id: id.to_owned(), port, health: Health::Told(health) };
            group.targets.insert(target::key(id, port), target);
        }
    }

    /// Forgets a target.
    pub(in crate::sandbox) fn remove_target(&mut self, target_group: &str, id: &str, port: u16) {
        if let Some(group) = self.target_groups.get_mut(target_group) {
            group.targets.remove(&target::key(id, port));
        }
    }
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    if operation == "DescribeAccountLimits" {
        return limits::describe(input);
    }
    let nouns = [
        load_balancer::call,
        target_group::call,
        target::call,
        listener::call,
        tls::call,
        rule::call,
        tags::call,
    ];
    let answer = nouns.into_iter().find_map(|noun| noun(cx, operation, input));
    answer.unwrap_or_else(|| Err(unknown(operation)))
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let elb = &cx.here.elbv2;
    load_balancer::resources(elb)
        .chain(target_group::resources(elb))
        .chain(listener::resources(elb))
        .chain(rule::resources(elb))
        .collect()
}
