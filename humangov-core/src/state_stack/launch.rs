// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`LaunchSettings`]: where tasks run, with what can be said there only.

use crate::{
    fargate_size,
    kind::{
        ecs::{self, CpuArchitecture, OperatingSystemFamily, RuntimePlatform, TaskLaunch},
        elbv2::TargetType,
    },
    size::{Cpu, FargateSize, Memory},
    stack::Stack,
};
use typed_builder::TypedBuilder;

/// Where tasks run and how large they are. What belongs to one place cannot be given to another:
///
/// ```
/// use humangov_core::{fargate_size, state_stack::{FargateSettings, LaunchSettings}};
/// let launch: LaunchSettings = FargateSettings::builder().size(fargate_size!(1024, 2048)).build().into();
/// ```
///
/// ```compile_fail,E0599
/// use humangov_core::state_stack::{Ec2NetworkMode, FargateSettings};
/// FargateSettings::builder().network_mode(Ec2NetworkMode::Bridge).build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaunchSettings {
    /// On Fargate: AWS runs the machines.
    Fargate(FargateSettings),
    /// On EC2 instances that have joined the cluster.
    Ec2(Ec2Settings),
    /// On machines of one's own that have joined the cluster (ECS Anywhere): without a load balancer.
    External(ExternalSettings),
}

/// Tasks on Fargate.
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct FargateSettings {
    /// CPU and memory of a task. By default 0.5 vCPU and 1 GB: the application needs about 100 MiB and little CPU, but is slow to
    /// start on the smallest size.
    #[builder(default = FargateSettings::SIZE)]
    pub size: FargateSize,
    /// Whether on spare capacity. By default not.
    #[builder(default)]
    pub capacity: FargateCapacity,
    /// The processor the images are built for. By default X86_64.
    #[builder(default = CpuArchitecture::X86_64)]
    pub cpu_architecture: CpuArchitecture,
}

/// What tasks on Fargate run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FargateCapacity {
    /// Capacity that is the task's until it ends.
    #[default]
    OnDemand,
    /// Spare capacity: cheaper, and taken back with two minutes' warning.
    Spot,
}

/// Tasks on EC2 instances that have joined the cluster.
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Ec2Settings {
    /// CPU of a task, 128 to 196608 units. By default 512, as on Fargate.
    #[builder(default = FargateSettings::SIZE.cpu())]
    pub cpu: Cpu,
    /// Memory of a task. By default 1 GB, as on Fargate.
    #[builder(default = FargateSettings::SIZE.memory())]
    pub memory: Memory,
    /// How containers reach the network. By default as on Fargate.
    #[builder(default)]
    pub network_mode: Ec2NetworkMode,
    /// The processor the images are built for. By default X86_64.
    #[builder(default = CpuArchitecture::X86_64)]
    pub cpu_architecture: CpuArchitecture,
}

/// How containers on EC2 instances reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Ec2NetworkMode {
    /// A network interface for each task; its containers share localhost. The load balancer's targets are addresses.
    #[default]
    Awsvpc,
    /// Docker's bridge, any free port of the instance. Containers do not share localhost. Targets are instances.
    Bridge,
    /// The instance's own network, one task an instance; containers share localhost. Targets are instances.
    Host,
}

/// Tasks on machines of one's own that have joined the cluster.
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct ExternalSettings {
    /// CPU of a task, 128 to 196608 units. By default 512, as on Fargate.
    #[builder(default = FargateSettings::SIZE.cpu())]
    pub cpu: Cpu,
    /// Memory of a task. By default 1 GB, as on Fargate.
    #[builder(default = FargateSettings::SIZE.memory())]
    pub memory: Memory,
    /// How containers reach the network. By default as the machine itself: nginx finds the application on localhost.
    #[builder(default)]
    pub network_mode: ExternalNetworkMode,
}

/// How containers on machines of one's own reach the network. Either way the tenant is served on port 80 of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ExternalNetworkMode {
    /// The machine's own network; containers share localhost.
    #[default]
    Host,
    /// Docker's bridge. Containers do not share localhost.
    Bridge,
}

impl FargateSettings {
    /// The size unless set: 0.5 vCPU and 1 GB.
    pub const SIZE: FargateSize = fargate_size!(512, 1024);
}

impl Default for LaunchSettings {
    fn default() -> Self {
        FargateSettings::builder().build().into()
    }
}

impl From<FargateSettings> for LaunchSettings {
    fn from(settings: FargateSettings) -> Self {
        Self::Fargate(settings)
    }
}
impl From<FargateSize> for LaunchSettings {
    /// On Fargate, with everything but the size by default.
    fn from(size: FargateSize) -> Self {
        FargateSettings::builder().size(size).build().into()
    }
}
impl From<Ec2Settings> for LaunchSettings {
    fn from(settings: Ec2Settings) -> Self {
        Self::Ec2(settings)
    }
}
impl From<ExternalSettings> for LaunchSettings {
    fn from(settings: ExternalSettings) -> Self {
        Self::External(settings)
    }
}

impl LaunchSettings {
    /// Whether a load balancer can send requests to the tasks.
    pub(super) const fn is_behind_load_balancer(&self) -> bool {
        !matches!(self, Self::External(_))
    }

    /// Whether each task has a network interface, and so security groups, of its own.
    pub(super) const fn has_interface(&self) -> bool {
        match self {
            Self::Fargate(_) => true,
            Self::Ec2(settings) => matches!(settings.network_mode, Ec2NetworkMode::Awsvpc),
            Self::External(_) => false,
        }
    }

    /// Whether the web server has one certain port of the machine, so that a machine serves one task at a time.
    pub(super) const fn has_fixed_port(&self) -> bool {
        match self {
            Self::Fargate(_) => false,
            Self::Ec2(settings) => matches!(settings.network_mode, Ec2NetworkMode::Host),
            Self::External(_) => true,
        }
    }

    const fn is_bridge(&self) -> bool {
        match self {
            Self::Fargate(_) => false,
            Self::Ec2(settings) => matches!(settings.network_mode, Ec2NetworkMode::Bridge),
            Self::External(settings) => matches!(settings.network_mode, ExternalNetworkMode::Bridge),
        }
    }

    /// What the load balancer's targets are.
    pub(super) const fn target_type(&self) -> TargetType {
        if self.has_interface() { TargetType::Ip } else { TargetType::Instance }
    }

    /// The part of a task definition that depends on the place.
    pub(super) fn task_launch(&self) -> TaskLaunch {
        let linux = |architecture| RuntimePlatform::new(architecture, OperatingSystemFamily::Linux);
        match self {
            Self::Fargate(settings) => ecs::FargateTask::builder()
                .size(settings.size)
                .runtime_platform(linux(settings.cpu_architecture))
                .build()
                .into(),
            Self::Ec2(settings) => ecs::Ec2Task::builder()
                .cpu(settings.cpu)
                .memory(settings.memory)
                .runtime_platform(linux(settings.cpu_architecture))
                .network_mode(match settings.network_mode {
                    Ec2NetworkMode::Awsvpc => ecs::NetworkMode::Awsvpc,
                    Ec2NetworkMode::Bridge => ecs::NetworkMode::Bridge,
                    Ec2NetworkMode::Host => ecs::NetworkMode::Host,
                })
                .build()
                .into(),
            Self::External(settings) => ecs::ExternalTask::builder()
                .cpu(settings.cpu)
                .memory(settings.memory)
                .network_mode(match settings.network_mode {
                    ExternalNetworkMode::Host => ecs::ExternalNetworkMode::Host,
                    ExternalNetworkMode::Bridge => ecs::ExternalNetworkMode::Bridge,
                })
                .build()
                .into(),
        }
    }

    /// Warns of what a user must see to elsewhere.
    pub(super) fn warn(&self, stack: &mut Stack) {
        if self.is_bridge() {
            stack.warn(
                "containers do not share localhost with network mode bridge: the nginx image must reach the \
                 application in another way",
            );
        }
        if self.is_behind_load_balancer() && !self.has_interface() {
            let ports = if self.is_bridge() { "32768 to 65535" } else { "80" };
            stack.warn(format!(
                "tasks have no security group of their own: the one of the instances must admit the load balancer on \
                 ports {ports}"
            ));
        }
    }
}
