// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amazon Elastic Container Service.
<<<<<<< HEAD
<<<<<<< HEAD
=======

mod capacity;
mod cluster;
mod deployment;
mod launch;
mod service;

pub use capacity::{CapacityProvider, FargateProvider, StrategyItem};
pub use cluster::{Cluster, ClusterOutputs, ContainerInsights};
pub use deployment::{CircuitBreaker, DeploymentAlarms, DeploymentConfiguration};
pub use launch::{
    AwsvpcConfiguration, BinpackField, Ec2CapacityLaunch, Ec2Launch, ExternalLaunch, FargateCapacityLaunch,
    FargateLaunch, Launch, LaunchType, LoadBalancer, PlacementConstraint, PlacementStrategy, Scheduling,
};
pub use service::{AvailabilityZoneRebalancing, PropagateTags, Service, ServiceOutputs};

mod task_definition;
pub use task_definition::{TaskDefinition, TaskDefinitionOutputs};
>>>>>>> f93fdc9 (core/kind: add ecs.cluster, ecs.service and autoscaling.target)
=======

mod container;
mod task_definition;

pub use container::{
    AppProtocol, ContainerCondition, ContainerDefinition, ContainerDependency, FirelensConfiguration,
    FirelensType, HealthCheck, KernelCapabilities, LinuxParameters, LogConfiguration, LogDriver, MountPoint,
    PortMapping, RestartPolicy, Tmpfs, TransportProtocol, Ulimit, UlimitName, VersionConsistency,
};
pub use task_definition::{
    CpuArchitecture, Ec2Task, EfsVolume, ExternalNetworkMode, ExternalTask, FargatePidMode, FargateTask,
    IpcMode, NetworkMode, OperatingSystemFamily, PidMode, RuntimePlatform, TaskDefinition,
    TaskDefinitionOutputs, TaskLaunch, Volume, VolumeSource,
};
>>>>>>> cb079b7 (core/kind: add ecs.task_definition)
