// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is deployed: the base and California, as the command declares them.

use humangov_aws::Network;
use humangov_core::{
    address::StackName,
    base_stack::BaseStack,
    fleet_settings::{Alb, FleetSettings, LoadBalancerSettings, NetworkSettings},
    kind::{
        elbv2::{Action, ListenerRule, Scheme, TargetGroup, TargetType},
        logs::LogGroup,
    },
    names::FleetName,
    stack::Stack,
    state_stack::{AutoscalingSettings, Images, StateStack},
    tenant::UsState,
};

pub fn fleet() -> FleetName {
    "humangov".parse().unwrap()
}

pub fn california() -> StackName {
    "california".parse().unwrap()
}

pub fn base_name() -> StackName {
    BaseStack::NAME.parse().unwrap()
}

/// Whether all tenants share a load balancer or have their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    Shared,
    Own(Scheme),
}

fn settings(network: &Network, front: Front) -> FleetSettings {
    let balancer = match front {
        Front::Shared => LoadBalancerSettings::builder().alb(Alb::shared("humangov.example")).build(),
        Front::Own(scheme) => LoadBalancerSettings::builder().scheme(scheme).build(),
    };
    FleetSettings::builder()
        .name(fleet())
        .account("123456789012")
        .region("us-east-1")
        .network(NetworkSettings::new(network.vpc_id.as_str(), network.subnet_ids()))
        .load_balancer(balancer)
        .build()
}

pub fn base(network: &Network, front: Front) -> Stack {
    BaseStack::builder().fleet(settings(network, front)).build().into_stack().unwrap()
}

/// California as it is first.
pub fn first(network: &Network, front: Front) -> Stack {
    let scaling = AutoscalingSettings::builder().min_capacity(1).max_capacity(4).cpu_percent(60).build();
    StateStack::builder()
        .fleet(settings(network, front))
        .tenant(UsState::California)
        .images(Images::new("humangov/app:v1", "humangov/nginx:v1"))
        .autoscaling(scaling)
        .build()
        .into_stack()
        .unwrap()
}

/// California as it is then: another image, so a new revision; logs kept longer and tables without recovery, changed in place; no
/// scaling any more, so its target goes; and with another sort of front, another load balancer before the old one goes.
pub fn second(network: &Network, front: Front) -> Stack {
    StateStack::builder()
        .fleet(settings(network, front))
        .tenant(UsState::California)
        .images(Images::new("humangov/app:v2", "humangov/nginx:v1"))
        .desired_count(2)
        .log_retention_in_days(90)
        .health_check_path("/health")
        .build()
        .into_stack()
        .unwrap()
}

/// Nothing but what is behind the shared load balancer, with a rule that is found by a number that can change; and, after that, a
/// group of logs.
pub fn behind(network: &Network, priority: u32, logs: bool) -> Stack {
    let mut stack = Stack::new(fleet(), california());
    let group = TargetGroup::builder()
        .name("humangov-california-web")
        .port(80)
        .vpc_id(network.vpc_id.as_str())
        .target_type(TargetType::Ip)
        .build();
    let group = stack.add("web", group).unwrap();
    let rule = ListenerRule::builder()
        .listener(BaseStack::listener_arn())
        .priority(priority)
        .host_header(["california.humangov.example"])
        .action(Action::forward(&group))
        .build();
    let rule = stack.add("web", rule).unwrap();
    if logs {
        let logs = stack.add("app", LogGroup::builder().name("/humangov/california/app").build()).unwrap();
        stack.depends_on(&logs, &rule).unwrap();
    }
    stack
}
