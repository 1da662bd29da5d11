// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which load balancers use which target groups: one each.

use super::{
    Elbv2,
    action::{self, Action},
    check::{Sort, configuration},
    limits,
    listener::Listener,
};
use crate::sandbox::error::ApiError;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

impl Elbv2 {
    /// Each use of a target group by a rule: rule, load balancer, target group.
    fn uses(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.rules.iter().flat_map(|(arn, rule)| {
            let balancer = self.listeners.get(&rule.listener).map(|listener| listener.load_balancer.as_str());
            let used = move |group| balancer.map(|balancer| (arn.as_str(), balancer, group));
            action::groups(&rule.actions).filter_map(used)
        })
    }

    /// The load balancer of each target group that has one.
    pub(super) fn users(&self) -> BTreeMap<&str, &str> {
        self.uses().map(|(_, balancer, group)| (group, balancer)).collect()
    }

    /// The load balancer of one target group.
    pub(super) fn user_of(&self, group: &str) -> Option<&str> {
        self.uses().find(|(_, _, used)| *used == group).map(|(_, balancer, _)| balancer)
    }

    /// That a load balancer may use what `actions` forward to; `replaced` is the rule whose actions they take the place of.
    pub(super) fn admit(
        &self,
        balancer: &str,
        replaced: Option<&str>,
        actions: &[Action],
    ) -> Result<(), ApiError> {
        let vpc_id = &Sort::LoadBalancer.find(&self.load_balancers, balancer)?.settings.vpc_id;
        let mut used = BTreeSet::new();
        for group in action::groups(actions) {
            let settings = &Sort::TargetGroup.find(&self.target_groups, group)?.settings;
            if !matches!(settings.protocol.as_deref(), Some("HTTP" | "HTTPS") | None) {
                let message = format!(
                    "Target group '{group}' has a protocol that an application load balancer has not"
                );
                return Err(ApiError::new("IncompatibleProtocols", message));
            }
            if settings.vpc_id.as_ref().is_some_and(|other| other != vpc_id) {
                return Err(configuration(format!(
                    "Target group '{group}' is not in the VPC of the load balancer"
                )));
            }
            used.insert(group);
        }
        let elsewhere = |(_, other, group): &(&str, &str, &str)| *other != balancer && used.contains(group);
        if let Some((_, _, group)) = self.uses().find(elsewhere) {
            let message = format!(
                "The following target groups cannot be associated with more than one load balancer: {group}"
            );
            return Err(ApiError::new("TargetGroupAssociationLimit", message));
        }
        let others = self.uses().filter(|(rule, other, _)| *other == balancer && Some(*rule) != replaced);
        let all: BTreeSet<&str> = others.map(|(_, _, group)| group).chain(used).collect();
        limits::USED_GROUPS.allow(all.len())
    }

    /// Has target groups count as in use until then, because something that forwarded to them was just deleted.
    pub(super) fn let_go(&mut self, actions: &[Action], until: Timestamp) {
        for group in action::groups(actions) {
            if let Some(group) = self.target_groups.get_mut(group) {
                group.held_until = Some(until);
            }
        }
    }

    /// Deletes listeners, and their rules with them.
    pub(super) fn remove_listeners(&mut self, until: Timestamp, is_gone: impl Fn(&Listener) -> bool) {
        let gone: BTreeSet<String> =
            self.listeners.iter().filter(|(_, one)| is_gone(one)).map(|(arn, _)| arn.clone()).collect();
        let rules: Vec<String> = self
            .rules
            .iter()
            .filter(|(_, rule)| gone.contains(&rule.listener))
            .map(|(arn, _)| arn.clone())
            .collect();
        for rule in rules {
            if let Some(rule) = self.rules.remove(&rule) {
                self.let_go(&rule.actions, until);
            }
        }
        self.listeners.retain(|arn, _| !gone.contains(arn));
    }
}
