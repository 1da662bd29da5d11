// SPDX-License-Identifier: MIT OR Apache-2.0
//! What AWS would refuse of a launch.

use super::{
    AwsvpcConfiguration, LATEST, Launch, LaunchType, LoadBalancer, PlacementConstraint, PlacementStrategy,
    Scheduling, order,
};
use crate::{
    kind::ecs::{
        capacity::{CapacityProvider, StrategyItem, validate_named, validate_strategy},
        cluster::is_name,
    },
    resource::Violations,
    value::Input,
};
use std::collections::BTreeSet;

impl Launch {
    pub(in crate::kind::ecs) fn validate(&self, found: &mut Violations) {
        let variant = match self {
            Self::Fargate(_) => "fargate",
            Self::FargateCapacity(_) => "fargate_capacity",
            Self::Ec2(_) => "ec2",
            Self::Ec2Capacity(_) => "ec2_capacity",
            Self::External(_) => "external",
        };
        found.within(variant, |found| self.validate_inner(found));
    }

    fn validate_inner(&self, found: &mut Violations) {
        let strategy = self.capacity_provider_strategy();
        validate_strategy(&strategy, "capacity_provider_strategy", found);
        if self.launch_type().is_none() {
            found.check(!strategy.is_empty(), "capacity_provider_strategy", || "name at least one provider");
        }
        if let Self::Ec2Capacity(launch) = self {
            for StrategyItem { capacity_provider: name, .. } in &launch.capacity_provider_strategy {
                // Fargate's providers would pass as such in the common form, but belong to another launch.
                if matches!(
                    CapacityProvider::from(name.as_str()),
                    CapacityProvider::Fargate | CapacityProvider::FargateSpot
                ) {
                    validate_named(name, &format!("capacity_provider_strategy.{name}"), found);
                }
            }
        }
        if let Some(network) = self.network() {
            found.within("network", |found| {
                network.validate(found);
                found.check(
                    self.runs_on() == LaunchType::Fargate || !network.assign_public_ip,
                    "assign_public_ip",
                    || "only tasks on Fargate can have public addresses of their own",
                );
            });
        }
        if let Some(version) = self.platform_version() {
            let numbers: Option<Vec<u32>> =
                version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>();
            let numbers = numbers.filter(|numbers| numbers.len() == 3);
            found.check(version == LATEST || numbers.is_some(), "platform_version", || {
                format!("{version:?} is not a platform version; write LATEST or three numbers such as 1.4.0")
            });
            let spot = strategy.iter().any(|item| item.capacity_provider == CapacityProvider::FargateSpot);
            found.check(
                !spot || numbers.is_none_or(|numbers| numbers >= vec![1, 3, 0]),
                "platform_version",
                || format!("FARGATE_SPOT needs platform version 1.3.0 or later, not {version}"),
            );
        }
        validate_balancers(self.load_balancers(), found);
        self.validate_placement(found);
    }

    fn validate_placement(&self, found: &mut Violations) {
        let constraints = self.placement_constraints();
        found.check(constraints.len() <= 10, "placement_constraints", || {
            format!("{} constraints; a service has at most 10", constraints.len())
        });
        for (i, constraint) in constraints.iter().enumerate() {
            if let PlacementConstraint::MemberOf(expression) = constraint {
                found.check(
                    (1..=2000).contains(&expression.chars().count()),
                    &format!("placement_constraints.{i}"),
                    || "an expression has 1 to 2000 characters",
                );
            }
        }
        let strategy = self.placement_strategy();
        found.check(strategy.len() <= 5, "placement_strategy", || {
            format!("{} strategies; a service has at most 5", strategy.len())
        });
        found.check(
            self.scheduling() == Scheduling::Replica || strategy.is_empty(),
            "placement_strategy",
            || "a daemon runs on every instance, so it has no placement strategy",
        );
        for (i, strategy) in strategy.iter().enumerate() {
            if let PlacementStrategy::Spread(field) = strategy {
                found.check(
                    matches!(field.as_str(), "instanceId" | "host") || field.starts_with("attribute:"),
                    &format!("placement_strategy.{i}"),
                    || format!("cannot spread over {field:?}; write instanceId, host or attribute:NAME"),
                );
            }
        }
    }
}

impl AwsvpcConfiguration {
    fn validate(&self, found: &mut Violations) {
        found.check((1..=Self::MAX_SUBNETS).contains(&self.subnets.len()), "subnets", || {
            format!("{} subnets; allowed are 1 to {}", self.subnets.len(), Self::MAX_SUBNETS)
        });
        found.check(self.security_groups.len() <= Self::MAX_SECURITY_GROUPS, "security_groups", || {
            format!(
                "{} security groups; at most {} are allowed",
                self.security_groups.len(),
                Self::MAX_SECURITY_GROUPS
            )
        });
        validate_ids(&self.subnets, "subnets", "subnet-", found);
        validate_ids(&self.security_groups, "security_groups", "sg-", found);
    }
}

fn validate_ids(ids: &[Input<String>], path: &str, prefix: &str, found: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (i, input) in ids.iter().enumerate() {
        if let Some(id) = input.known() {
            found.check(id.starts_with(prefix), &format!("{path}.{i}"), || {
                format!("{id:?} is not an id; those begin {prefix}")
            });
        }
        found.check(seen.insert(order(input)), &format!("{path}.{i}"), || "listed twice");
    }
}

fn validate_balancers(balancers: &[LoadBalancer], found: &mut Violations) {
    found.check(balancers.len() <= 5, "load_balancers", || {
        format!("{} target groups; a service has at most 5", balancers.len())
    });
    for (i, balancer) in balancers.iter().enumerate() {
        found.within(&format!("load_balancers.{i}"), |found| {
            found.check(
                is_name(&balancer.container_name),
                "container_name",
                || "a container's name has 1 to 255 of A-Z, a-z, 0-9, _ and -",
            );
            found.check(
                balancer.container_port != 0,
                "container_port",
                || "0 is not a port; allowed are 1 to 65535",
            );
            if let Some(arn) = balancer.target_group.known() {
                found.check(
                    arn.service() == "elasticloadbalancing" && arn.resource().starts_with("targetgroup/"),
                    "target_group",
                    || format!("{arn} is not the ARN of a target group"),
                );
            }
        });
    }
}
