// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amazon Elastic Container Service.

mod capacity;
mod cluster;
mod constants;
mod container;
mod deployment;
mod launch;
mod service;
mod task_definition;

pub use capacity::{CapacityProvider, FargateProvider, StrategyItem};
pub use cluster::{Cluster, ClusterOutputs, ContainerInsights};
pub use container::{
    AppProtocol, ContainerCondition, ContainerDefinition, ContainerDependency, FirelensConfiguration,
    FirelensType, HealthCheck, KernelCapabilities, LinuxParameters, LogConfiguration, LogDriver, MountPoint,
    PortMapping, RestartPolicy, Tmpfs, TransportProtocol, Ulimit, UlimitName, VersionConsistency,
};
pub use deployment::{CircuitBreaker, DeploymentAlarms, DeploymentConfiguration};
pub use launch::{
    AwsvpcConfiguration, BinpackField, Ec2CapacityLaunch, Ec2Launch, ExternalLaunch, FargateCapacityLaunch,
    FargateLaunch, Launch, LaunchType, LoadBalancer, PlacementConstraint, PlacementStrategy, Scheduling,
};
pub use service::{AvailabilityZoneRebalancing, PropagateTags, Service, ServiceOutputs};
pub use task_definition::{
    CpuArchitecture, Ec2Task, EfsVolume, ExternalNetworkMode, ExternalTask, FargatePidMode, FargateTask,
    IpcMode, NetworkMode, OperatingSystemFamily, PidMode, RuntimePlatform, TaskDefinition,
    TaskDefinitionOutputs, TaskLaunch, Volume, VolumeSource,
};
