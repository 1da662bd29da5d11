// SPDX-License-Identifier: MIT OR Apache-2.0
//! Between the specs of clusters and services and the shapes of the SDK.

use super::tags;
use aws_sdk_ecs::types;
use aws_smithy_types::date_time::Format;
use humangov_core::{
    arn::Arn,
    handler::{HandlerError, Live},
    kind::ecs::{
        AvailabilityZoneRebalancing, AwsvpcConfiguration, BinpackField, CapacityProvider, CircuitBreaker,
        DeploymentAlarms, DeploymentConfiguration, Ec2CapacityLaunch, Ec2Launch, ExternalLaunch,
        FargateCapacityLaunch, FargateLaunch, FargateProvider, Launch, LaunchType, LoadBalancer,
        PlacementConstraint, PlacementStrategy, PropagateTags, Scheduling, Service, ServiceOutputs,
        StrategyItem,
    },
    resource::Resource,
    value::Input,
};

/// AWS's integers are signed; validation has seen to it that ours fit.
pub(super) fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// The ARN in the `field` of an answer.
pub(super) fn arn<R>(text: Option<&str>, field: &'static str) -> Result<Arn<R>, HandlerError> {
    text.unwrap_or_default()
        .parse()
        .map_err(|error| HandlerError::malformed(field, "no ARN").with_source(error))
}

pub(super) fn strategy(items: &[StrategyItem<CapacityProvider>]) -> Vec<types::CapacityProviderStrategyItem> {
    items
        .iter()
        .map(|item| {
            types::CapacityProviderStrategyItem::builder()
                .capacity_provider(item.capacity_provider.as_str())
                .weight(int(item.weight))
                .base(int(item.base))
                .build()
                .expect("the provider, the one field that is required, is set")
        })
        .collect()
}

pub(super) fn from_strategy(
    items: &[types::CapacityProviderStrategyItem],
) -> Vec<StrategyItem<CapacityProvider>> {
    items
        .iter()
        .map(|item| {
            StrategyItem::new(item.capacity_provider().into(), count(item.weight()), count(item.base()))
        })
        .collect()
}

/// The network settings. The security groups are always sent: without the field, moto answers an internal error.
pub(super) fn network(network: &AwsvpcConfiguration) -> types::NetworkConfiguration {
    let texts = |ids: &[Input<String>]| ids.iter().map(|id| id.text().to_owned()).collect();
    let awsvpc = types::AwsVpcConfiguration::builder()
        .set_subnets(Some(texts(&network.subnets)))
        .set_security_groups(Some(texts(&network.security_groups)))
        .assign_public_ip(if network.assign_public_ip {
            types::AssignPublicIp::Enabled
        } else {
            types::AssignPublicIp::Disabled
        })
        .build()
        .expect("the subnets, the one field that is required, are set");
    types::NetworkConfiguration::builder().awsvpc_configuration(awsvpc).build()
}

pub(super) fn load_balancers(balancers: &[LoadBalancer]) -> Vec<types::LoadBalancer> {
    balancers
        .iter()
        .map(|balancer| {
            types::LoadBalancer::builder()
                .target_group_arn(balancer.target_group.text())
                .container_name(&balancer.container_name)
                .container_port(balancer.container_port.into())
                .build()
        })
        .collect()
}

pub(super) fn placement_constraints(constraints: &[PlacementConstraint]) -> Vec<types::PlacementConstraint> {
    constraints
        .iter()
        .filter_map(|constraint| {
            let builder = types::PlacementConstraint::builder();
            Some(match constraint {
                PlacementConstraint::DistinctInstance => {
                    builder.r#type(types::PlacementConstraintType::DistinctInstance).build()
                }
                PlacementConstraint::MemberOf(expression) => {
                    builder.r#type(types::PlacementConstraintType::MemberOf).expression(expression).build()
                }
                _ => return None,
            })
        })
        .collect()
}

pub(super) fn placement_strategy(strategy: &[PlacementStrategy]) -> Vec<types::PlacementStrategy> {
    strategy
        .iter()
        .filter_map(|strategy| {
            let builder = types::PlacementStrategy::builder();
            Some(match strategy {
                PlacementStrategy::Random => builder.r#type(types::PlacementStrategyType::Random).build(),
                PlacementStrategy::Spread(field) => {
                    builder.r#type(types::PlacementStrategyType::Spread).field(field).build()
                }
                PlacementStrategy::Binpack(field) => {
                    let field = match field {
                        BinpackField::Cpu => "cpu",
                        BinpackField::Memory => "memory",
                    };
                    builder.r#type(types::PlacementStrategyType::Binpack).field(field).build()
                }
                _ => return None,
            })
        })
        .collect()
}

/// All deployment settings. ECS merges them into what it has, so each is sent; alarms only if there were or shall be any.
pub(super) fn deployment_configuration(
    configuration: &DeploymentConfiguration,
    had_alarms: bool,
) -> types::DeploymentConfiguration {
    let breaker = configuration.circuit_breaker.unwrap_or_default();
    let alarms = configuration.alarms.clone().unwrap_or_default();
    let alarms = (had_alarms || alarms != DeploymentAlarms::default()).then(|| {
        types::DeploymentAlarms::builder()
            .set_alarm_names(Some(alarms.alarm_names))
            .enable(alarms.enable)
            .rollback(alarms.rollback)
            .build()
            .expect("the three fields, all required, are set")
    });
    types::DeploymentConfiguration::builder()
        .set_minimum_healthy_percent(configuration.minimum_healthy_percent.map(int))
        .set_maximum_percent(configuration.maximum_percent.map(int))
        .deployment_circuit_breaker(
            types::DeploymentCircuitBreaker::builder()
                .enable(breaker.enable)
                .rollback(breaker.rollback)
                .build(),
        )
        .set_alarms(alarms)
        .build()
}

pub(super) fn launch_type(launch_type: LaunchType) -> types::LaunchType {
    match launch_type {
        LaunchType::Fargate => types::LaunchType::Fargate,
        LaunchType::Ec2 => types::LaunchType::Ec2,
        LaunchType::External => types::LaunchType::External,
    }
}

pub(super) fn scheduling(scheduling: Scheduling) -> types::SchedulingStrategy {
    match scheduling {
        Scheduling::Replica => types::SchedulingStrategy::Replica,
        Scheduling::Daemon => types::SchedulingStrategy::Daemon,
    }
}

pub(super) fn rebalancing(rebalancing: AvailabilityZoneRebalancing) -> types::AvailabilityZoneRebalancing {
    match rebalancing {
        AvailabilityZoneRebalancing::Enabled => types::AvailabilityZoneRebalancing::Enabled,
        AvailabilityZoneRebalancing::Disabled => types::AvailabilityZoneRebalancing::Disabled,
    }
}

pub(super) fn propagate_tags(propagate: PropagateTags) -> types::PropagateTags {
    match propagate {
        PropagateTags::None => types::PropagateTags::None,
        PropagateTags::Service => types::PropagateTags::Service,
        PropagateTags::TaskDefinition => types::PropagateTags::TaskDefinition,
    }
}

/// The deployment that is in force.
pub(super) fn primary(service: &types::Service) -> Option<&types::Deployment> {
    service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"))
}

pub(super) fn outputs(service: &types::Service) -> Result<ServiceOutputs, HandlerError> {
    let cluster: Arn<_> = arn(service.cluster_arn(), "clusterArn")?;
    let cluster_name = cluster.resource().trim_start_matches("cluster/").to_owned();
    let deployment = primary(service);
    let task_definition =
        deployment.and_then(types::Deployment::task_definition).or(service.task_definition());
    Ok(ServiceOutputs {
        arn: arn(service.service_arn(), "serviceArn")?,
        name: service.service_name().unwrap_or_default().to_owned(),
        cluster,
        cluster_name,
        deployment: deployment.and_then(|deployment| deployment.id().map(str::to_owned)),
        deployment_created_at: deployment
            .and_then(types::Deployment::created_at)
            .and_then(|at| at.fmt(Format::DateTime).ok()),
        task_definition: arn(task_definition, "taskDefinition")?,
    })
}

/// A service as ECS shows it, as the spec that would make it.
pub(super) fn live(service: &types::Service) -> Result<Live<Service>, HandlerError> {
    let (outputs, tags) = (outputs(service)?, tags::of_ecs(service.tags()));
    let mut spec = Service::builder()
        .name(&outputs.name)
        .cluster(outputs.cluster.clone())
        .task_definition(arn(service.task_definition(), "taskDefinition")?)
        .launch(launch(service)?)
        .tags(tags.of_user())
        .build();
    // What ECS says of a daemon's desired count is a count of instances, not a setting.
    if spec.launch.scheduling() == Scheduling::Replica {
        spec.desired_count = Some(count(service.desired_count()));
    }
    spec.health_check_grace_period_seconds = service.health_check_grace_period_seconds().map(count);
    if let Some(configuration) = service.deployment_configuration() {
        spec.deployment_configuration = from_deployment_configuration(configuration);
    }
    spec.availability_zone_rebalancing = match service.availability_zone_rebalancing() {
        Some(types::AvailabilityZoneRebalancing::Enabled) => Some(AvailabilityZoneRebalancing::Enabled),
        Some(types::AvailabilityZoneRebalancing::Disabled) => Some(AvailabilityZoneRebalancing::Disabled),
        _ => None,
    };
    spec.enable_execute_command = service.enable_execute_command();
    spec.enable_ecs_managed_tags = service.enable_ecs_managed_tags();
    spec.propagate_tags = match service.propagate_tags() {
        Some(types::PropagateTags::Service) => PropagateTags::Service,
        Some(types::PropagateTags::TaskDefinition) => PropagateTags::TaskDefinition,
        _ => PropagateTags::None,
    };
    spec.normalize();
    Ok(Live { spec, outputs, tags: Some(tags) })
}

fn launch(service: &types::Service) -> Result<Launch, HandlerError> {
    let network = service.network_configuration().and_then(from_network);
    let strategy = from_strategy(service.capacity_provider_strategy());
    let load_balancers = from_load_balancers(service.load_balancers())?;
    let placement_constraints = from_placement_constraints(service.placement_constraints());
    let placement_strategy = from_placement_strategy(service.placement_strategy());
    let platform_version =
        service.platform_version().filter(|version| !version.is_empty()).map(str::to_owned);
    let scheduling = match service.scheduling_strategy() {
        Some(types::SchedulingStrategy::Daemon) => Scheduling::Daemon,
        _ => Scheduling::Replica,
    };
    let empty = || AwsvpcConfiguration::builder().build();
    // A strategy comes before the launch type: where there is one, AWS leaves the other out, but emulators say EC2.
    if !strategy.is_empty() {
        let fargate = |item: &StrategyItem<CapacityProvider>| {
            let provider = match item.capacity_provider {
                CapacityProvider::Fargate => FargateProvider::Fargate,
                CapacityProvider::FargateSpot => FargateProvider::FargateSpot,
                _ => return None,
            };
            Some(StrategyItem::new(provider, item.weight, item.base))
        };
        if let Some(strategy) = strategy.iter().map(fargate).collect() {
            let mut launch = FargateCapacityLaunch::builder().network(network.unwrap_or_else(empty)).build();
            launch.capacity_provider_strategy = strategy;
            launch.platform_version = platform_version;
            launch.load_balancers = load_balancers;
            return Ok(launch.into());
        }
        let mut launch = Ec2CapacityLaunch::builder().build();
        launch.capacity_provider_strategy = strategy
            .into_iter()
            .map(|item| StrategyItem::new(item.capacity_provider.into(), item.weight, item.base))
            .collect();
        launch.network = network;
        launch.load_balancers = load_balancers;
        launch.placement_constraints = placement_constraints;
        launch.placement_strategy = placement_strategy;
        return Ok(launch.into());
    }
    Ok(match service.launch_type() {
        Some(types::LaunchType::Fargate) => {
            let mut launch = FargateLaunch::builder().network(network.unwrap_or_else(empty)).build();
            launch.platform_version = platform_version;
            launch.load_balancers = load_balancers;
            launch.into()
        }
        Some(types::LaunchType::External) => {
            let mut launch = ExternalLaunch::builder().scheduling(scheduling).build();
            launch.placement_constraints = placement_constraints;
            launch.into()
        }
        _ => {
            let mut launch = Ec2Launch::builder().scheduling(scheduling).build();
            launch.network = network;
            launch.load_balancers = load_balancers;
            launch.placement_constraints = placement_constraints;
            launch.placement_strategy = placement_strategy;
            launch.into()
        }
    })
}

fn from_network(network: &types::NetworkConfiguration) -> Option<AwsvpcConfiguration> {
    let awsvpc = network.awsvpc_configuration()?;
    Some(
        AwsvpcConfiguration::builder()
            .subnets(awsvpc.subnets().iter().map(String::as_str))
            .security_groups(awsvpc.security_groups().iter().map(String::as_str))
            .assign_public_ip(awsvpc.assign_public_ip() == Some(&types::AssignPublicIp::Enabled))
            .build(),
    )
}

fn from_load_balancers(balancers: &[types::LoadBalancer]) -> Result<Vec<LoadBalancer>, HandlerError> {
    // A balancer without a target group is of the classic sort, which no kind of ours stands for.
    balancers
        .iter()
        .filter_map(|balancer| balancer.target_group_arn().map(|group| (balancer, group)))
        .map(|(balancer, group)| {
            let port =
                balancer.container_port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
            let container = balancer.container_name().unwrap_or_default();
            Ok(LoadBalancer::new(arn(Some(group), "targetGroupArn")?, container, port))
        })
        .collect()
}

fn from_placement_constraints(constraints: &[types::PlacementConstraint]) -> Vec<PlacementConstraint> {
    constraints
        .iter()
        .filter_map(|constraint| match constraint.r#type()? {
            types::PlacementConstraintType::DistinctInstance => Some(PlacementConstraint::DistinctInstance),
            types::PlacementConstraintType::MemberOf => {
                Some(PlacementConstraint::MemberOf(constraint.expression().unwrap_or_default().to_owned()))
            }
            _ => None,
        })
        .collect()
}

fn from_placement_strategy(strategy: &[types::PlacementStrategy]) -> Vec<PlacementStrategy> {
    strategy
        .iter()
        .filter_map(|strategy| match strategy.r#type()? {
            types::PlacementStrategyType::Random => Some(PlacementStrategy::Random),
            types::PlacementStrategyType::Spread => {
                Some(PlacementStrategy::Spread(strategy.field().unwrap_or_default().to_owned()))
            }
            // ECS answers in its own case: CPU and MEMORY.
            types::PlacementStrategyType::Binpack => {
                let cpu = strategy.field().is_some_and(|field| field.eq_ignore_ascii_case("cpu"));
                Some(PlacementStrategy::Binpack(if cpu { BinpackField::Cpu } else { BinpackField::Memory }))
            }
            _ => None,
        })
        .collect()
}

fn from_deployment_configuration(configuration: &types::DeploymentConfiguration) -> DeploymentConfiguration {
    let mut spec = DeploymentConfiguration::builder().build();
    spec.minimum_healthy_percent = configuration.minimum_healthy_percent().map(count);
    spec.maximum_percent = configuration.maximum_percent().map(count);
    spec.circuit_breaker = configuration.deployment_circuit_breaker().map(|breaker| {
        CircuitBreaker::builder().enable(breaker.enable()).rollback(breaker.rollback()).build()
    });
    spec.alarms = configuration.alarms().map(|alarms| {
        let mut found =
            DeploymentAlarms::builder().enable(alarms.enable()).rollback(alarms.rollback()).build();
        found.alarm_names = alarms.alarm_names().to_vec();
        found
    });
    spec
}
