// SPDX-License-Identifier: MIT OR Apache-2.0
//! What of a service must be sent to ECS to get from one spec to another.

use crate::ecs::convert;
use aws_sdk_ecs::types;
use humangov_core::{
    kind::ecs::{DeploymentAlarms, Service},
    resource::Resource,
};

/// The fields of an UpdateService. What is `None` ECS leaves as it is, so what is to go is sent empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Changes {
    pub task_definition: Option<String>,
    pub desired_count: Option<i32>,
    pub capacity_provider_strategy: Option<Vec<types::CapacityProviderStrategyItem>>,
    pub force_new_deployment: Option<bool>,
    pub platform_version: Option<String>,
    pub network_configuration: Option<types::NetworkConfiguration>,
    pub load_balancers: Option<Vec<types::LoadBalancer>>,
    pub placement_constraints: Option<Vec<types::PlacementConstraint>>,
    pub placement_strategy: Option<Vec<types::PlacementStrategy>>,
    pub health_check_grace_period_seconds: Option<i32>,
    pub deployment_configuration: Option<types::DeploymentConfiguration>,
    pub availability_zone_rebalancing: Option<types::AvailabilityZoneRebalancing>,
    pub enable_execute_command: Option<bool>,
    pub enable_ecs_managed_tags: Option<bool>,
    pub propagate_tags: Option<types::PropagateTags>,
}

/// What takes a service from `prior` to `desired`, tags apart; `None` if nothing does.
pub(super) fn between(prior: &Service, desired: &Service) -> Option<Changes> {
    let (mut prior, mut desired) = (prior.clone(), desired.clone());
    prior.normalize();
    desired.normalize();
    let (was, is) = (&prior.launch, &desired.launch);
    let mut changes = Changes::default();

    if prior.task_definition != desired.task_definition {
        changes.task_definition = Some(desired.task_definition.text().to_owned());
    }
    // Without a count of ours, something else scales the service.
    changes.desired_count =
        desired.desired_count.filter(|_| prior.desired_count != desired.desired_count).map(convert::int);

    let strategy = is.capacity_provider_strategy();
    if was.capacity_provider_strategy() != strategy {
        // Empty leads back to the launch type. Tasks move only with a new deployment, and this alone would start none.
        changes.capacity_provider_strategy = Some(convert::strategy(&strategy));
        changes.force_new_deployment = Some(true);
    }
    if was.platform_version() != is.platform_version() {
        changes.platform_version = is.platform_version().map(str::to_owned);
    }
    if was.network() != is.network() {
        // Tasks that are no longer in network mode `awsvpc` must not have these settings: then they are sent empty.
        changes.network_configuration = Some(
            is.network().map_or_else(|| types::NetworkConfiguration::builder().build(), convert::network),
        );
    }
    if was.load_balancers() != is.load_balancers() {
        changes.load_balancers = Some(convert::load_balancers(is.load_balancers()));
    }
    if was.placement_constraints() != is.placement_constraints() {
        changes.placement_constraints = Some(convert::placement_constraints(is.placement_constraints()));
    }
    if was.placement_strategy() != is.placement_strategy() {
        changes.placement_strategy = Some(convert::placement_strategy(is.placement_strategy()));
    }
    if prior.health_check_grace_period_seconds != desired.health_check_grace_period_seconds {
        changes.health_check_grace_period_seconds =
            Some(desired.health_check_grace_period_seconds.map_or(0, convert::int));
    }
    if prior.deployment_configuration != desired.deployment_configuration {
        let had_alarms =
            prior.deployment_configuration.alarms.is_some_and(|alarms| alarms != DeploymentAlarms::default());
        changes.deployment_configuration =
            Some(convert::deployment_configuration(&desired.deployment_configuration, had_alarms));
    }
    // What is unset here depends on the service's age, so there is nothing to send that would bring it back.
    changes.availability_zone_rebalancing = desired
        .availability_zone_rebalancing
        .filter(|_| prior.availability_zone_rebalancing != desired.availability_zone_rebalancing)
        .map(convert::rebalancing);
    if prior.enable_execute_command != desired.enable_execute_command {
        changes.enable_execute_command = Some(desired.enable_execute_command);
    }
    if prior.enable_ecs_managed_tags != desired.enable_ecs_managed_tags {
        changes.enable_ecs_managed_tags = Some(desired.enable_ecs_managed_tags);
    }
    if prior.propagate_tags != desired.propagate_tags {
        changes.propagate_tags = Some(convert::propagate_tags(desired.propagate_tags));
    }
    (changes != Changes::default()).then_some(changes)
}
