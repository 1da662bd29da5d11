// SPDX-License-Identifier: MIT OR Apache-2.0
//! On what the tasks of a service run. What belongs to one way of running them cannot be given to another.

mod checks;

use super::capacity::{CapacityProvider, FargateProvider, StrategyItem};
use crate::{arn::Arn, kind::elbv2::TargetGroup, value::Input};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// The platform version that stands for the latest one.
const LATEST: &str = "LATEST";

/// On what the tasks of a service run.
///
/// ```
/// use humangov_core::kind::ecs::{AwsvpcConfiguration, FargateLaunch, Launch};
/// let network = AwsvpcConfiguration::builder().subnet("subnet-1").subnet("subnet-2").security_group("sg-1");
/// let launch: Launch = FargateLaunch::builder().network(network.build()).build().into();
/// ```
///
/// Tasks on machines of one's own have no load balancer, and there is no way to write one:
///
/// ```compile_fail
/// use humangov_core::kind::ecs::ExternalLaunch;
/// ExternalLaunch::builder().load_balancer("arn:aws:elasticloadbalancing:::tg", "nginx", 80).build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Launch {
    /// Fargate.
    Fargate(FargateLaunch),
    /// Fargate, its spare capacity, or both.
    FargateCapacity(FargateCapacityLaunch),
    /// The container instances of the cluster.
    Ec2(Ec2Launch),
    /// Auto Scaling groups, as capacity providers.
    Ec2Capacity(Ec2CapacityLaunch),
    /// Machines of one's own, registered with ECS Anywhere.
    External(ExternalLaunch),
}

/// Tasks on Fargate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a target group to which `container_name` is registered with its port `container_port`.
    pub fn load_balancer(
        &mut self,
        target_group: impl Into<Input<Arn<TargetGroup>>>,
        container_name: impl Into<String>,
        container_port: u16,
    ) {
        self.load_balancers.push(LoadBalancer::new(target_group, container_name, container_port));
    }
))]
pub struct FargateLaunch {
    /// Where the tasks' network interfaces are.
    pub network: AwsvpcConfiguration,
    /// The Fargate platform, such as `1.4.0` or `LATEST`. Absent: the latest.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub platform_version: Option<String>,
    /// The target groups the tasks are registered with, 5 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub load_balancers: Vec<LoadBalancer>,
}

/// Tasks on Fargate, its spare capacity, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Gives Fargate this share: `weight` is 0 to 1000, `base` 0 to 100 000 tasks.
    pub fn fargate(&mut self, weight: u32, base: u32) {
        self.capacity_provider_strategy.push(StrategyItem::new(FargateProvider::Fargate, weight, base));
    }
    /// Gives spare Fargate capacity this share: `weight` is 0 to 1000, `base` 0 to 100 000 tasks.
    pub fn fargate_spot(&mut self, weight: u32, base: u32) {
        self.capacity_provider_strategy.push(StrategyItem::new(FargateProvider::FargateSpot, weight, base));
    }
    /// Adds a target group to which `container_name` is registered with its port `container_port`.
    pub fn load_balancer(
        &mut self,
        target_group: impl Into<Input<Arn<TargetGroup>>>,
        container_name: impl Into<String>,
        container_port: u16,
    ) {
        self.load_balancers.push(LoadBalancer::new(target_group, container_name, container_port));
    }
))]
pub struct FargateCapacityLaunch {
    /// How tasks are spread over the two. The cluster must have those used among its capacity providers.
    #[builder(via_mutators)]
    #[serde(default)]
    pub capacity_provider_strategy: Vec<StrategyItem<FargateProvider>>,
    /// Where the tasks' network interfaces are.
    pub network: AwsvpcConfiguration,
    /// The Fargate platform, such as `1.4.0` or `LATEST`; spare capacity wants 1.3.0 or later. Absent: the latest.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub platform_version: Option<String>,
    /// The target groups the tasks are registered with, 5 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub load_balancers: Vec<LoadBalancer>,
}

/// Tasks on the container instances of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a target group to which `container_name` is registered with its port `container_port`.
    pub fn load_balancer(
        &mut self,
        target_group: impl Into<Input<Arn<TargetGroup>>>,
        container_name: impl Into<String>,
        container_port: u16,
    ) {
        self.load_balancers.push(LoadBalancer::new(target_group, container_name, container_port));
    }
    /// Adds a condition on the instances.
    pub fn placement_constraint(&mut self, constraint: PlacementConstraint) {
        self.placement_constraints.push(constraint);
    }
    /// Adds a preference among the instances; earlier ones count more.
    pub fn placement_strategy(&mut self, strategy: PlacementStrategy) {
        self.placement_strategy.push(strategy);
    }
))]
pub struct Ec2Launch {
    /// Where the tasks' network interfaces are: for network mode `awsvpc`, and only for that.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub network: Option<AwsvpcConfiguration>,
    /// The target groups the tasks are registered with, 5 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub load_balancers: Vec<LoadBalancer>,
    /// Conditions on the instances, 10 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Preferences among the instances, 5 at most; none for a daemon.
    #[builder(via_mutators)]
    #[serde(default)]
    pub placement_strategy: Vec<PlacementStrategy>,
    /// Whether a number of tasks, or one on each instance.
    #[builder(default)]
    #[serde(default)]
    pub scheduling: Scheduling,
}

/// Tasks on Auto Scaling groups, as capacity providers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Gives the capacity provider of this name a share: `weight` is 0 to 1000, `base` 0 to 100 000 tasks.
    pub fn provider(&mut self, name: impl Into<String>, weight: u32, base: u32) {
        self.capacity_provider_strategy.push(StrategyItem::new(name.into(), weight, base));
    }
    /// Adds a target group to which `container_name` is registered with its port `container_port`.
    pub fn load_balancer(
        &mut self,
        target_group: impl Into<Input<Arn<TargetGroup>>>,
        container_name: impl Into<String>,
        container_port: u16,
    ) {
        self.load_balancers.push(LoadBalancer::new(target_group, container_name, container_port));
    }
    /// Adds a condition on the instances.
    pub fn placement_constraint(&mut self, constraint: PlacementConstraint) {
        self.placement_constraints.push(constraint);
    }
    /// Adds a preference among the instances; earlier ones count more.
    pub fn placement_strategy(&mut self, strategy: PlacementStrategy) {
        self.placement_strategy.push(strategy);
    }
))]
pub struct Ec2CapacityLaunch {
    /// How tasks are spread over the cluster's capacity providers.
    #[builder(via_mutators)]
    #[serde(default)]
    pub capacity_provider_strategy: Vec<StrategyItem<String>>,
    /// Where the tasks' network interfaces are: for network mode `awsvpc`, and only for that.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub network: Option<AwsvpcConfiguration>,
    /// The target groups the tasks are registered with, 5 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub load_balancers: Vec<LoadBalancer>,
    /// Conditions on the instances, 10 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Preferences among the instances, 5 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub placement_strategy: Vec<PlacementStrategy>,
}

/// Tasks on machines of one's own. They have neither load balancers nor network interfaces of AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a condition on the machines.
    pub fn placement_constraint(&mut self, constraint: PlacementConstraint) {
        self.placement_constraints.push(constraint);
    }
))]
pub struct ExternalLaunch {
    /// Conditions on the machines, 10 at most.
    #[builder(via_mutators)]
    #[serde(default)]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Whether a number of tasks, or one on each machine.
    #[builder(default)]
    #[serde(default)]
    pub scheduling: Scheduling,
}

/// Where the network interfaces of tasks are (network mode `awsvpc`). All in one VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a subnet, by id.
    pub fn subnet(&mut self, id: impl Into<Input<String>>) {
        self.subnets.push(id.into());
    }
    /// Adds subnets, by id.
    pub fn subnets(&mut self, ids: impl IntoIterator<Item = impl Into<Input<String>>>) {
        self.subnets.extend(ids.into_iter().map(Into::into));
    }
    /// Adds a security group, by id.
    pub fn security_group(&mut self, id: impl Into<Input<String>>) {
        self.security_groups.push(id.into());
    }
    /// Adds security groups, by id.
    pub fn security_groups(&mut self, ids: impl IntoIterator<Item = impl Into<Input<String>>>) {
        self.security_groups.extend(ids.into_iter().map(Into::into));
    }
))]
pub struct AwsvpcConfiguration {
    /// The ids of 1 to 16 subnets.
    #[builder(via_mutators)]
    pub subnets: Vec<Input<String>>,
    /// The ids of up to 5 security groups. None: the VPC's default group.
    #[builder(via_mutators)]
    #[serde(default)]
    pub security_groups: Vec<Input<String>>,
    /// Whether tasks get public addresses; only on Fargate. In a public subnet they reach no registry without one.
    #[builder(default)]
    #[serde(default)]
    pub assign_public_ip: bool,
}

/// A target group that the tasks of a service are registered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoadBalancer {
    /// The target group: of target type `ip` for network mode `awsvpc`, else `instance`.
    pub target_group: Input<Arn<TargetGroup>>,
    /// The container that takes the requests, by its name in the task definition.
    pub container_name: String,
    /// The container's port, 1 to 65535.
    pub container_port: u16,
}

impl LoadBalancer {
    /// The target group to which `container_name` is registered with its port `container_port`.
    pub fn new(
        target_group: impl Into<Input<Arn<TargetGroup>>>,
        container_name: impl Into<String>,
        container_port: u16,
    ) -> Self {
        Self { target_group: target_group.into(), container_name: container_name.into(), container_port }
    }
}

/// A condition on where tasks may be placed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlacementConstraint {
    /// Each task on an instance of its own.
    DistinctInstance,
    /// On instances for which this expression of the cluster query language holds; up to 2000 characters.
    MemberOf(String),
}

/// A preference about where tasks are placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlacementStrategy {
    /// Anywhere.
    Random,
    /// Evenly over the values of this attribute, such as `attribute:ecs.availability-zone` or `instanceId`.
    Spread(String),
    /// Where the least of this is left.
    Binpack(BinpackField),
}

/// What [`PlacementStrategy::Binpack`] saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinpackField {
    /// CPU units.
    Cpu,
    /// Memory.
    Memory,
}

/// How many tasks a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scheduling {
    /// As many as desired.
    #[default]
    Replica,
    /// One on each instance that meets the constraints. Such a service has no desired count.
    Daemon,
}

/// A launch type, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LaunchType {
    /// Fargate.
    Fargate,
    /// Container instances.
    Ec2,
    /// Machines of one's own.
    External,
}

impl Launch {
    /// The launch type; `None` where a capacity provider strategy stands in its place.
    pub const fn launch_type(&self) -> Option<LaunchType> {
        match self {
            Self::Fargate(_) => Some(LaunchType::Fargate),
            Self::Ec2(_) => Some(LaunchType::Ec2),
            Self::External(_) => Some(LaunchType::External),
            Self::FargateCapacity(_) | Self::Ec2Capacity(_) => None,
        }
    }

    /// On what sort of machine, whether by launch type or by capacity providers.
    pub const fn runs_on(&self) -> LaunchType {
        match self {
            Self::Fargate(_) | Self::FargateCapacity(_) => LaunchType::Fargate,
            Self::Ec2(_) | Self::Ec2Capacity(_) => LaunchType::Ec2,
            Self::External(_) => LaunchType::External,
        }
    }

    /// The capacity provider strategy; empty where a launch type stands in its place.
    pub fn capacity_provider_strategy(&self) -> Vec<StrategyItem<CapacityProvider>> {
        match self {
            Self::FargateCapacity(launch) => {
                launch.capacity_provider_strategy.iter().map(StrategyItem::to_common).collect()
            }
            Self::Ec2Capacity(launch) => {
                launch.capacity_provider_strategy.iter().map(StrategyItem::to_common).collect()
            }
            Self::Fargate(_) | Self::Ec2(_) | Self::External(_) => Vec::new(),
        }
    }

    /// Where the tasks' network interfaces are, if they have any.
    pub const fn network(&self) -> Option<&AwsvpcConfiguration> {
        match self {
            Self::Fargate(launch) => Some(&launch.network),
            Self::FargateCapacity(launch) => Some(&launch.network),
            Self::Ec2(launch) => launch.network.as_ref(),
            Self::Ec2Capacity(launch) => launch.network.as_ref(),
            Self::External(_) => None,
        }
    }

    /// The Fargate platform.
    pub fn platform_version(&self) -> Option<&str> {
        match self {
            Self::Fargate(launch) => launch.platform_version.as_deref(),
            Self::FargateCapacity(launch) => launch.platform_version.as_deref(),
            Self::Ec2(_) | Self::Ec2Capacity(_) | Self::External(_) => None,
        }
    }

    /// The target groups the tasks are registered with.
    pub fn load_balancers(&self) -> &[LoadBalancer] {
        match self {
            Self::Fargate(launch) => &launch.load_balancers,
            Self::FargateCapacity(launch) => &launch.load_balancers,
            Self::Ec2(launch) => &launch.load_balancers,
            Self::Ec2Capacity(launch) => &launch.load_balancers,
            Self::External(_) => &[],
        }
    }

    /// Conditions on where tasks may be placed.
    pub fn placement_constraints(&self) -> &[PlacementConstraint] {
        match self {
            Self::Ec2(launch) => &launch.placement_constraints,
            Self::Ec2Capacity(launch) => &launch.placement_constraints,
            Self::External(launch) => &launch.placement_constraints,
            Self::Fargate(_) | Self::FargateCapacity(_) => &[],
        }
    }

    /// Preferences about where tasks are placed.
    pub fn placement_strategy(&self) -> &[PlacementStrategy] {
        match self {
            Self::Ec2(launch) => &launch.placement_strategy,
            Self::Ec2Capacity(launch) => &launch.placement_strategy,
            Self::Fargate(_) | Self::FargateCapacity(_) | Self::External(_) => &[],
        }
    }

    /// How many tasks run.
    pub const fn scheduling(&self) -> Scheduling {
        match self {
            Self::Ec2(launch) => launch.scheduling,
            Self::External(launch) => launch.scheduling,
            Self::Fargate(_) | Self::FargateCapacity(_) | Self::Ec2Capacity(_) => Scheduling::Replica,
        }
    }

    /// Sorts what is a set, and writes out the platform version that AWS would take. The order of placement strategies
    /// means something and stays.
    pub(super) fn normalize(&mut self) {
        match self {
            Self::Fargate(launch) => {
                launch.platform_version.get_or_insert_with(|| LATEST.to_owned());
                launch.network.normalize();
                sort_balancers(&mut launch.load_balancers);
            }
            Self::FargateCapacity(launch) => {
                launch.platform_version.get_or_insert_with(|| LATEST.to_owned());
                launch.capacity_provider_strategy.sort();
                launch.network.normalize();
                sort_balancers(&mut launch.load_balancers);
            }
            Self::Ec2(launch) => {
                launch.network.iter_mut().for_each(AwsvpcConfiguration::normalize);
                sort_balancers(&mut launch.load_balancers);
                launch.placement_constraints.sort();
            }
            Self::Ec2Capacity(launch) => {
                launch.capacity_provider_strategy.sort();
                launch.network.iter_mut().for_each(AwsvpcConfiguration::normalize);
                sort_balancers(&mut launch.load_balancers);
                launch.placement_constraints.sort();
            }
            Self::External(launch) => launch.placement_constraints.sort(),
        }
    }
}

macro_rules! from_launch {
    ($($launch:ident => $variant:ident),*) => {$(
        impl From<$launch> for Launch {
            fn from(launch: $launch) -> Self {
                Self::$variant(launch)
            }
        }
    )*};
}
from_launch!(
    FargateLaunch => Fargate,
    FargateCapacityLaunch => FargateCapacity,
    Ec2Launch => Ec2,
    Ec2CapacityLaunch => Ec2Capacity,
    ExternalLaunch => External
);

impl AwsvpcConfiguration {
    /// The most subnets (`awsvpcConfiguration` of CreateService).
    pub const MAX_SUBNETS: usize = 16;
    /// The most security groups (`awsvpcConfiguration` of CreateService).
    pub const MAX_SECURITY_GROUPS: usize = 5;

    fn normalize(&mut self) {
        for ids in [&mut self.subnets, &mut self.security_groups] {
            ids.sort_by_cached_key(order);
        }
    }
}

fn sort_balancers(balancers: &mut [LoadBalancer]) {
    balancers.sort_by_cached_key(|balancer| {
        (balancer.container_name.clone(), balancer.container_port, order(&balancer.target_group))
    });
}

/// A key to sort inputs by: known ones by their text, others by what they refer to.
fn order<T: std::fmt::Display + Serialize>(input: &Input<T>) -> (bool, String) {
    match input {
        Input::Known(value) => (false, value.to_string()),
        Input::Reference(reference) => (true, reference.to_string()),
        Input::Join(_) => (true, serde_json::to_string(input).unwrap_or_default()),
    }
}

#[cfg(test)]
#[path = "launch/tests.rs"]
mod tests;
