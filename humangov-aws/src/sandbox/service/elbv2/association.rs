// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which rules, and so which load balancers, use which target groups: a target group serves one load balancer only.

use super::{
    Elbv2,
    action::{self, Action},
    check::{Sort, configuration},
    limits,
    listener::Listener,
    rule::Rule,
};
use crate::sandbox::error::ApiError;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Elbv2 {
    /// Keeps a rule, new or changed, and which target groups it uses.
    pub(super) fn put_rule(&mut self, arn: &str, rule: Rule) {
        self.take_rule(arn);
        for group in action::groups(&rule.actions) {
            self.uses.entry(group.to_owned()).or_default().insert(arn.to_owned());
        }
        self.rules.insert(arn.to_owned(), rule);
    }

    /// Takes a rule away.
    fn take_rule(&mut self, arn: &str) -> Option<Rule> {
        let rule = self.rules.remove(arn)?;
        for group in action::groups(&rule.actions) {
            if let Some(rules) = self.uses.get_mut(group) {
                rules.remove(arn);
                if rules.is_empty() {
                    self.uses.remove(group);
                }
            }
        }
        Some(rule)
    }

    /// Deletes a rule. What it forwarded to counts as in use until then.
    pub(super) fn remove_rule(&mut self, arn: &str, until: Timestamp) {
        let rule = self.take_rule(arn);
        for group in rule.iter().flat_map(|rule| action::groups(&rule.actions)) {
            if let Some(group) = self.target_groups.get_mut(group) {
                group.held_until = Some(until);
            }
        }
    }

    /// Deletes listeners, and their rules with them.
    pub(super) fn remove_listeners(&mut self, until: Timestamp, is_gone: impl Fn(&str, &Listener) -> bool) {
        let listeners = self.listeners.iter().filter(|(arn, one)| is_gone(arn, one));
        let listeners: Vec<String> = listeners.map(|(arn, _)| arn.clone()).collect();
        for listener in listeners {
            let rules: Vec<String> = self.rules_under(&listener).map(|(arn, _)| arn.clone()).collect();
            rules.iter().for_each(|rule| self.remove_rule(rule, until));
            self.listeners.remove(&listener);
        }
    }

    /// The rules of a listener or of a load balancer, whose ARNs tell that they are.
    pub(super) fn rules_under(&self, arn: &str) -> impl Iterator<Item = (&String, &Rule)> {
        let rules = arn.replacen(":loadbalancer/", ":listener-rule/", 1);
        let prefix = format!("{}/", rules.replacen(":listener/", ":listener-rule/", 1));
        self.rules.range(prefix.clone()..).take_while(move |(arn, _)| arn.starts_with(&prefix))
    }

    /// The load balancer that uses a target group.
    pub(super) fn user_of(&self, group: &str) -> Option<&str> {
        let rule = self.rules.get(self.uses.get(group)?.first()?)?;
        self.listeners.get(&rule.listener).map(|listener| listener.load_balancer.as_str())
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
                let message = format!("Target group '{group}' is not in the VPC of the load balancer");
                return Err(configuration(message));
            }
            if self.user_of(group).is_some_and(|user| user != balancer) {
                let message = format!(
                    "The following target groups cannot be associated with more than one load balancer: {group}"
                );
                return Err(ApiError::new("TargetGroupAssociationLimit", message));
            }
            used.insert(group);
        }
        let others = self.rules_under(balancer).filter(|(arn, _)| Some(arn.as_str()) != replaced);
        used.extend(others.flat_map(|(_, rule)| action::groups(&rule.actions)));
        limits::USED_GROUPS.allow(used.len())
    }
}
