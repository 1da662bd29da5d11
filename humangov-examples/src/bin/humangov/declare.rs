// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the configuration to the library's stacks.

use crate::{
    config::{self, Alb, Config, CpuArchitecture, Launch, NetworkMode},
    output::Failure,
    session::Session,
};
use humangov_aws::Network;
use humangov_core::{
    base_stack::BaseStack,
    fleet::Fleet,
    fleet_settings::{self, FleetSettings, LoadBalancerSettings, ManagedPolicy, NetworkSettings},
    kind::{ecs, elbv2},
    size::FargateSize,
    stack::{Stack, StackError},
    state_stack::{
        AutoscalingSettings, DataSettings, Ec2NetworkMode, Ec2Settings, ExternalNetworkMode,
        ExternalSettings, FargateCapacity, FargateSettings, Images, LaunchSettings, StateStack,
    },
    tenant::Tenant,
};

/// Whether any of the states runs where the network must be known.
pub fn needs_network(config: &Config, states: &[Tenant]) -> bool {
    config.load_balancer.alb() == Alb::Shared
        || states.iter().any(|state| config.settings(state).service.launch != Launch::External)
}

/// The base and these states, checked.
pub fn fleet(
    config: &Config,
    session: &Session,
    network: Option<&Network>,
    states: &[Tenant],
) -> Result<Fleet, Failure> {
    let settings = fleet_settings(config, session, network);
    let mut stacks = vec![BaseStack::builder().fleet(&settings).build().into_stack()];
    stacks.extend(states.iter().map(|state| state_stack(config, &settings, state)));
    let stacks = stacks.into_iter().collect::<Result<Vec<Stack>, StackError>>();
    let stacks = stacks.map_err(|error| Failure::refused(error.code(), error.to_string()))?;
    let fleet = Fleet::new(stacks)?;
    fleet.check()?;
    Ok(fleet)
}

fn fleet_settings(config: &Config, session: &Session, network: Option<&Network>) -> FleetSettings {
    let balancer = &config.load_balancer;
    let mut load_balancer = LoadBalancerSettings::builder()
        .alb(match (balancer.alb(), &balancer.domain) {
            (Alb::Shared, Some(domain)) => fleet_settings::Alb::shared(domain),
            _ => fleet_settings::Alb::PerState,
        })
        .scheme(match balancer.scheme {
            config::Scheme::InternetFacing => elbv2::Scheme::InternetFacing,
            config::Scheme::Internal => elbv2::Scheme::Internal,
        })
        .ingress_cidrs(balancer.ingress_cidrs.clone())
        .idle_timeout_seconds(balancer.idle_timeout_seconds)
        .build();
    load_balancer.certificate_arn = balancer.certificate_arn.as_deref().map(Into::into);
    let policies = config.iam.managed_policies.iter().map(|policy| match policy {
        config::ManagedPolicy::AmazonS3FullAccess => ManagedPolicy::AmazonS3FullAccess,
        config::ManagedPolicy::AmazonDynamoDbFullAccess => ManagedPolicy::AmazonDynamoDbFullAccess,
        config::ManagedPolicy::AmazonEcsTaskExecutionRolePolicy => {
            ManagedPolicy::AmazonEcsTaskExecutionRolePolicy
        }
    });
    let mut settings = FleetSettings::builder()
        .name(config.fleet.name.clone())
        .account(session.identity.account.as_str())
        .region(session.region.as_str())
        .partition(session.identity.partition.as_str())
        .load_balancer(load_balancer)
        .managed_policies(policies)
        .tags(config.fleet.tags.clone())
        .build();
    settings.permissions_boundary.clone_from(&config.iam.permissions_boundary);
    settings.network = network.map(|network| {
        let mut settings = NetworkSettings::new(network.vpc_id.as_str(), network.subnet_ids());
        settings.assign_public_ip = config.network.as_ref().is_none_or(|network| network.assign_public_ip);
        settings
    });
    settings
}

fn state_stack(config: &Config, fleet: &FleetSettings, state: &Tenant) -> Result<Stack, StackError> {
    let settings = config.settings(state);
    let service = &settings.service;
    let mut stack = StateStack::builder()
        .fleet(fleet)
        .tenant(state.clone())
        .images(Images::new(settings.images.app.as_str(), settings.images.nginx.as_str()))
        .launch(launch(service))
        .desired_count(service.desired_count)
        .data(
            DataSettings::builder()
                .point_in_time_recovery(config.data.point_in_time_recovery)
                .deletion_protection(config.data.deletion_protection)
                .versioning(config.data.versioning)
                .build(),
        )
        .log_retention_in_days(config.logs.retention_in_days)
        .health_check_path(service.health_check_path.as_str())
        .deregistration_delay_seconds(service.deregistration_delay_seconds)
        .enable_execute_command(service.enable_execute_command)
        .build();
    stack.health_check_grace_period_seconds = service.health_check_grace_period_seconds;
    stack.autoscaling = service.autoscaling.as_ref().map(|scaling| {
        let mut settings = AutoscalingSettings::builder()
            .min_capacity(scaling.min_capacity)
            .max_capacity(scaling.max_capacity)
            .build();
        settings.cpu_percent = scaling.cpu_percent;
        settings.memory_percent = scaling.memory_percent;
        settings
    });
    stack.into_stack()
}

fn launch(service: &config::Service) -> LaunchSettings {
    let architecture = match service.cpu_architecture {
        CpuArchitecture::X86_64 => ecs::CpuArchitecture::X86_64,
        CpuArchitecture::Arm64 => ecs::CpuArchitecture::Arm64,
    };
    match service.launch {
        Launch::Fargate | Launch::FargateSpot => FargateSettings::builder()
            // The configuration was refused otherwise.
            .size(FargateSize::new(service.cpu, service.memory).unwrap_or(FargateSettings::SIZE))
            .capacity(match service.launch {
                Launch::FargateSpot => FargateCapacity::Spot,
                _ => FargateCapacity::OnDemand,
            })
            .cpu_architecture(architecture)
            .build()
            .into(),
        Launch::Ec2 => Ec2Settings::builder()
            .cpu(service.cpu)
            .memory(service.memory)
            .cpu_architecture(architecture)
            .network_mode(match service.network_mode {
                Some(NetworkMode::Bridge) => Ec2NetworkMode::Bridge,
                Some(NetworkMode::Host) => Ec2NetworkMode::Host,
                Some(NetworkMode::Awsvpc) | None => Ec2NetworkMode::Awsvpc,
            })
            .build()
            .into(),
        Launch::External => ExternalSettings::builder()
            .cpu(service.cpu)
            .memory(service.memory)
            .network_mode(match service.network_mode {
                Some(NetworkMode::Bridge) => ExternalNetworkMode::Bridge,
                _ => ExternalNetworkMode::Host,
            })
            .build()
            .into(),
    }
}
