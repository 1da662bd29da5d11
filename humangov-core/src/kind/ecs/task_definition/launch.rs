// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where tasks run, and the settings that belong to each place.

use crate::{
    kind::ecs::constants::constants,
    size::{Cpu, FargateSize, Memory},
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// Where tasks run, with what can be said there only. AWS checks a definition against it (`requiresCompatibilities`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum TaskLaunch {
    /// On Fargate.
    Fargate(FargateTask),
    /// On EC2 instances of the cluster.
    Ec2(Ec2Task),
    /// On hosts of one's own that joined the cluster (ECS Anywhere).
    External(ExternalTask),
}

/// A task on Fargate. Its network mode is always `awsvpc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct FargateTask {
    /// CPU and memory of the whole task.
    pub size: FargateSize,
    /// Scratch space of the task in GiB, image layers included: 21 to 200. Absent: 20.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub ephemeral_storage_gib: Option<u32>,
    /// Operating system and processor. Absent: Linux on X86_64.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Whose processes containers see. Absent: their own. Not on Windows.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub pid_mode: Option<FargatePidMode>,
}

/// A task on EC2 instances of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(
    doc,
    mutators(
        /// Lets tasks run only on instances that match this expression of the cluster query language.
        pub fn placement_constraint(&mut self, expression: impl Into<String>) {
            self.placement_constraints.push(expression.into());
        }
    )
)]
pub struct Ec2Task {
    /// How containers reach the network. Absent: `bridge`; on Windows, its own default.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub network_mode: Option<NetworkMode>,
    /// CPU of the whole task: 128 to 196608 units.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub cpu: Option<Cpu>,
    /// Memory of the whole task. Absent: every container says how much it needs.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub memory: Option<Memory>,
    /// Operating system and processor. Absent: whatever the instances have.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Whose processes containers see. Absent: their own. Not on Windows.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub pid_mode: Option<PidMode>,
    /// With whom containers share memory segments and queues. Absent: as the Docker daemon does. Not on Windows.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub ipc_mode: Option<IpcMode>,
    /// Expressions of the cluster query language that instances must match; at most ten.
    #[builder(via_mutators)]
    #[serde(default)]
    pub placement_constraints: Vec<String>,
}

/// A task on hosts of one's own (ECS Anywhere). They have no `awsvpc` network and no load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct ExternalTask {
    /// How containers reach the network. Absent: `bridge`; on Windows, its own default.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub network_mode: Option<ExternalNetworkMode>,
    /// CPU of the whole task: 128 to 196608 units.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub cpu: Option<Cpu>,
    /// Memory of the whole task. Absent: every container says how much it needs.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub memory: Option<Memory>,
    /// Operating system and processor. Absent: whatever the hosts have.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Whose processes containers see. Absent: their own. Not on Windows.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub pid_mode: Option<PidMode>,
    /// With whom containers share memory segments and queues. Absent: as the Docker daemon does. Not on Windows.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub ipc_mode: Option<IpcMode>,
}

constants! {
    /// How containers on EC2 instances reach the network.
    pub enum NetworkMode {
        /// Through Docker's bridge; ports are mapped to the instance's. Target groups have target type `instance`.
        Bridge = "bridge",
        /// As the instance itself.
        Host = "host",
        /// With a network interface and an address of the task's own. Target groups have target type `ip`.
        Awsvpc = "awsvpc",
        /// Not at all.
        None = "none",
    }
}

constants! {
    /// How containers on hosts of one's own reach the network.
    pub enum ExternalNetworkMode {
        /// Through Docker's bridge; ports are mapped to the host's.
        Bridge = "bridge",
        /// As the host itself.
        Host = "host",
        /// Not at all.
        None = "none",
    }
}

constants! {
    /// Whose processes the containers of a Fargate task see, if not their own.
    #[non_exhaustive]
    pub enum FargatePidMode {
        /// Those of all containers of the task.
        Task = "task",
    }
}

constants! {
    /// Whose processes containers see, if not their own.
    pub enum PidMode {
        /// The host's.
        Host = "host",
        /// Those of all containers of the task.
        Task = "task",
    }
}

constants! {
    /// With whom containers share memory segments and queues.
    pub enum IpcMode {
        /// With the host.
        Host = "host",
        /// With all containers of the task.
        Task = "task",
        /// With nobody.
        None = "none",
    }
}

/// Operating system and processor of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimePlatform {
    /// The processor. Windows runs on X86_64 only.
    pub cpu_architecture: CpuArchitecture,
    /// The operating system.
    pub operating_system_family: OperatingSystemFamily,
}

constants! {
    /// A processor.
    #[non_exhaustive]
    pub enum CpuArchitecture {
        /// Intel and AMD.
        X86_64 = "X86_64",
        /// Graviton and other ARM.
        Arm64 = "ARM64",
    }
}

constants! {
    /// An operating system.
    #[non_exhaustive]
    #[expect(missing_docs, reason = "AWS's names of Windows versions")]
    pub enum OperatingSystemFamily {
        Linux = "LINUX",
        WindowsServer2016Full = "WINDOWS_SERVER_2016_FULL",
        WindowsServer2019Full = "WINDOWS_SERVER_2019_FULL",
        WindowsServer2019Core = "WINDOWS_SERVER_2019_CORE",
        WindowsServer2004Core = "WINDOWS_SERVER_2004_CORE",
        WindowsServer20H2Core = "WINDOWS_SERVER_20H2_CORE",
        WindowsServer2022Full = "WINDOWS_SERVER_2022_FULL",
        WindowsServer2022Core = "WINDOWS_SERVER_2022_CORE",
        WindowsServer2025Full = "WINDOWS_SERVER_2025_FULL",
        WindowsServer2025Core = "WINDOWS_SERVER_2025_CORE",
    }
}

impl RuntimePlatform {
    /// Linux on Intel and AMD.
    pub const LINUX_X86_64: Self = Self::new(CpuArchitecture::X86_64, OperatingSystemFamily::Linux);
    /// Linux on ARM.
    pub const LINUX_ARM64: Self = Self::new(CpuArchitecture::Arm64, OperatingSystemFamily::Linux);

    /// This operating system on this processor.
    pub const fn new(
        cpu_architecture: CpuArchitecture,
        operating_system_family: OperatingSystemFamily,
    ) -> Self {
        Self { cpu_architecture, operating_system_family }
    }

    /// Whether the operating system is a Windows.
    pub const fn is_windows(self) -> bool {
        !matches!(self.operating_system_family, OperatingSystemFamily::Linux)
    }
}

impl TaskLaunch {
    /// The platform, where one is set.
    pub const fn runtime_platform(&self) -> Option<RuntimePlatform> {
        match self {
            Self::Fargate(task) => task.runtime_platform,
            Self::Ec2(task) => task.runtime_platform,
            Self::External(task) => task.runtime_platform,
        }
    }

    /// How containers reach the network. `None`: by the default of Windows.
    pub fn network_mode(&self) -> Option<NetworkMode> {
        let set = match self {
            Self::Fargate(_) => return Some(NetworkMode::Awsvpc),
            Self::Ec2(task) => task.network_mode,
            Self::External(task) => task.network_mode.map(|mode| match mode {
                ExternalNetworkMode::Bridge => NetworkMode::Bridge,
                ExternalNetworkMode::Host => NetworkMode::Host,
                ExternalNetworkMode::None => NetworkMode::None,
            }),
        };
        set.or_else(|| (!self.is_windows()).then_some(NetworkMode::Bridge))
    }

    /// CPU of the whole task, where it is set.
    pub fn cpu(&self) -> Option<Cpu> {
        match self {
            Self::Fargate(task) => Some(task.size.cpu()),
            Self::Ec2(task) => task.cpu,
            Self::External(task) => task.cpu,
        }
    }

    /// Memory of the whole task, where it is set.
    pub fn memory(&self) -> Option<Memory> {
        match self {
            Self::Fargate(task) => Some(task.size.memory()),
            Self::Ec2(task) => task.memory,
            Self::External(task) => task.memory,
        }
    }

    /// Whether tasks run on Fargate.
    pub const fn is_fargate(&self) -> bool {
        matches!(self, Self::Fargate(_))
    }

    /// Whether tasks run on Windows.
    pub fn is_windows(&self) -> bool {
        self.runtime_platform().is_some_and(RuntimePlatform::is_windows)
    }

    /// Whether the network maps no ports, so that the host's is the container's.
    pub(in crate::kind::ecs) fn host_port_is_container_port(&self) -> bool {
        matches!(self.network_mode(), Some(NetworkMode::Awsvpc | NetworkMode::Host))
    }

    pub(super) fn normalize(&mut self) {
        let on_windows = self.is_windows();
        match self {
            Self::Ec2(task) => {
                if !on_windows {
                    task.network_mode.get_or_insert(NetworkMode::Bridge);
                }
                task.placement_constraints.sort();
            }
            Self::External(task) if !on_windows => {
                task.network_mode.get_or_insert(ExternalNetworkMode::Bridge);
            }
            Self::External(_) | Self::Fargate(_) => {}
        }
    }
}

impl From<FargateTask> for TaskLaunch {
    fn from(task: FargateTask) -> Self {
        Self::Fargate(task)
    }
}
impl From<FargateSize> for TaskLaunch {
    /// On Fargate, with everything but the size as AWS has it.
    fn from(size: FargateSize) -> Self {
        Self::Fargate(FargateTask::builder().size(size).build())
    }
}
impl From<Ec2Task> for TaskLaunch {
    fn from(task: Ec2Task) -> Self {
        Self::Ec2(task)
    }
}
impl From<ExternalTask> for TaskLaunch {
    fn from(task: ExternalTask) -> Self {
        Self::External(task)
    }
}
