// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a container definition is made of.

use crate::{kind::ecs::constants::constants, size::Memory};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use typed_builder::TypedBuilder;

/// A port of a container, and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct PortMapping {
    /// The port the container listens on; 1 to 65535.
    pub container_port: u16,
    /// The port of the host. With network modes `awsvpc` and `host` it is the container's or absent; with `bridge`,
    /// absent or 0 means any free one. 22, 2375, 2376 and 51678 to 51680 are taken by the host itself.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub host_port: Option<u16>,
    /// The protocol.
    #[builder(default)]
    #[serde(default)]
    pub protocol: TransportProtocol,
    /// The name Service Connect knows the port by: 1 to 64 of `a-z 0-9 _ -`, not beginning with `-`.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub name: Option<String>,
    /// What is spoken on it; only for Service Connect.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub app_protocol: Option<AppProtocol>,
}

impl PortMapping {
    /// A TCP port.
    pub fn tcp(container_port: u16) -> Self {
        Self::builder().container_port(container_port).build()
    }

    pub(super) fn key(&self) -> (u16, TransportProtocol, Option<u16>) {
        (self.container_port, self.protocol, self.host_port)
    }
}

constants! {
    /// The protocol of a port.
    #[derive(Default)]
    pub enum TransportProtocol {
        /// TCP.
        #[default]
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }
}

constants! {
    /// What is spoken on a port.
    #[non_exhaustive]
    pub enum AppProtocol {
        /// HTTP/1.1.
        Http = "http",
        /// HTTP/2.
        Http2 = "http2",
        /// gRPC.
        Grpc = "grpc",
    }
}

/// How ECS tells whether a container works: a command run within it.
///
/// ```
/// use humangov_core::kind::ecs::HealthCheck;
/// let quick = HealthCheck::builder().command(["CMD", "/bin/health"]).interval(10).start_period(60).build();
/// assert_eq!((quick.interval, quick.timeout, quick.retries), (10, 5, 3));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct HealthCheck {
    /// The command: `CMD` and its words, or `CMD-SHELL` and a line for the container's shell.
    #[builder(setter(transform = |words: impl IntoIterator<Item = impl Into<String>>| super::strings(words)))]
    pub command: Vec<String>,
    /// From one check to the next, in seconds; 5 to 300.
    #[builder(default = HealthCheck::INTERVAL)]
    #[serde(default = "HealthCheck::interval")]
    pub interval: u32,
    /// How long a check may take, in seconds; 2 to 60.
    #[builder(default = HealthCheck::TIMEOUT)]
    #[serde(default = "HealthCheck::timeout")]
    pub timeout: u32,
    /// How many checks fail in a row until the container is unhealthy; 1 to 10.
    #[builder(default = HealthCheck::RETRIES)]
    #[serde(default = "HealthCheck::retries")]
    pub retries: u32,
    /// How long failures do not count after the start, in seconds; up to 300. Absent: they count at once.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub start_period: Option<u32>,
}

impl HealthCheck {
    /// The interval unless set, in seconds.
    pub const INTERVAL: u32 = 30;
    /// The timeout unless set, in seconds.
    pub const TIMEOUT: u32 = 5;
    /// The retries unless set.
    pub const RETRIES: u32 = 3;

    /// A check by a line for the container's shell, at AWS's default pace.
    pub fn shell(line: impl Into<String>) -> Self {
        Self::builder().command(["CMD-SHELL".to_owned(), line.into()]).build()
    }

    /// A check by a command and its arguments, without a shell, at AWS's default pace.
    pub fn exec(words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let words = words.into_iter().map(Into::into);
        Self::builder().command(std::iter::once("CMD".to_owned()).chain(words)).build()
    }

    const fn interval() -> u32 {
        Self::INTERVAL
    }
    const fn timeout() -> u32 {
        Self::TIMEOUT
    }
    const fn retries() -> u32 {
        Self::RETRIES
    }
}

/// What must have happened to another container first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerDependency {
    /// The other container.
    pub container_name: String,
    /// How far it must have come.
    pub condition: ContainerCondition,
}

constants! {
    /// How far a container must have come before another starts.
    pub enum ContainerCondition {
        /// It was started.
        Start = "START",
        /// It has exited. Not for essential containers.
        Complete = "COMPLETE",
        /// It has exited with status 0. Not for essential containers.
        Success = "SUCCESS",
        /// Its health check has passed. It must have one.
        Healthy = "HEALTHY",
    }
}

/// When a container is started again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(
    doc,
    mutators(
        /// Adds an exit code after which it is not started again.
        pub fn ignored_exit_code(&mut self, code: i32) {
            self.ignored_exit_codes.insert(code);
        }
    )
)]
pub struct RestartPolicy {
    /// Whether it is.
    #[builder(default = true)]
    #[serde(default = "super::yes")]
    pub enabled: bool,
    /// Exit codes after which it is not; at most 50.
    #[builder(via_mutators)]
    #[serde(default)]
    pub ignored_exit_codes: BTreeSet<i32>,
    /// How long it must have run to be started again, in seconds; 60 to 1800.
    #[builder(default = RestartPolicy::ATTEMPT_PERIOD)]
    #[serde(default = "RestartPolicy::attempt_period")]
    pub restart_attempt_period: u32,
}

impl RestartPolicy {
    /// The attempt period unless set, in seconds.
    pub const ATTEMPT_PERIOD: u32 = 300;

    const fn attempt_period() -> u32 {
        Self::ATTEMPT_PERIOD
    }
}

/// A volume of the task within a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MountPoint {
    /// The volume's name.
    pub source_volume: String,
    /// Where the container sees it.
    pub container_path: String,
    /// Whether the container may only read it.
    #[serde(default)]
    pub read_only: bool,
}

impl MountPoint {
    /// `source_volume` at `container_path`, for reading and writing.
    pub fn new(source_volume: impl Into<String>, container_path: impl Into<String>) -> Self {
        Self { source_volume: source_volume.into(), container_path: container_path.into(), read_only: false }
    }

    /// `source_volume` at `container_path`, for reading only.
    pub fn read_only(source_volume: impl Into<String>, container_path: impl Into<String>) -> Self {
        Self { read_only: true, ..Self::new(source_volume, container_path) }
    }
}

/// A limit of a container's processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    /// What is limited.
    pub name: UlimitName,
    /// The limit; at most the hard one. -1: none.
    pub soft_limit: i32,
    /// How far the processes may raise it. -1: without end.
    pub hard_limit: i32,
}

constants! {
    /// What can be limited (setrlimit(2)).
    #[non_exhaustive]
    #[expect(missing_docs, reason = "named and explained by setrlimit(2)")]
    pub enum UlimitName {
        Core = "core",
        Cpu = "cpu",
        Data = "data",
        Fsize = "fsize",
        Locks = "locks",
        Memlock = "memlock",
        Msgqueue = "msgqueue",
        Nice = "nice",
        Nofile = "nofile",
        Nproc = "nproc",
        Rss = "rss",
        Rtprio = "rtprio",
        Rttime = "rttime",
        Sigpending = "sigpending",
        Stack = "stack",
    }
}

/// Settings that only Linux has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(
    doc,
    mutators(
        /// Adds a capability to those Docker gives, such as `SYS_PTRACE`, the only one Fargate lets add.
        pub fn add_capability(&mut self, name: impl Into<String>) {
            self.capabilities.add.insert(name.into());
        }
        /// Takes a capability away, such as `NET_RAW` or `ALL`.
        pub fn drop_capability(&mut self, name: impl Into<String>) {
            self.capabilities.drop.insert(name.into());
        }
        /// Mounts memory as a file system.
        pub fn tmpfs(&mut self, mount: Tmpfs) {
            self.tmpfs.push(mount);
        }
    )
)]
pub struct LinuxParameters {
    /// Whether an init process forwards signals and reaps children.
    #[builder(default)]
    #[serde(default)]
    pub init_process_enabled: bool,
    /// Kernel capabilities beside Docker's own.
    #[builder(via_mutators)]
    #[serde(default)]
    pub capabilities: KernelCapabilities,
    /// Memory mounted as file systems.
    #[builder(via_mutators)]
    #[serde(default)]
    pub tmpfs: Vec<Tmpfs>,
    /// The size of `/dev/shm`. Not on Fargate.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub shared_memory_size: Option<Memory>,
    /// How much it may swap. Not on Fargate.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub max_swap: Option<Memory>,
    /// How eagerly it swaps, 0 to 100; only with `max_swap`. Not on Fargate.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub swappiness: Option<u32>,
}

/// Kernel capabilities given and taken, by their names without `CAP_`; see [`KernelCapabilities::NAMES`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KernelCapabilities {
    /// Those given.
    #[serde(default)]
    pub add: BTreeSet<String>,
    /// Those taken away.
    #[serde(default)]
    pub drop: BTreeSet<String>,
}

impl KernelCapabilities {
    /// The names ECS knows (KernelCapabilities, `add` and `drop`).
    pub const NAMES: [&'static str; 38] = [
        "ALL",
        "AUDIT_CONTROL",
        "AUDIT_WRITE",
        "BLOCK_SUSPEND",
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "IPC_LOCK",
        "IPC_OWNER",
        "KILL",
        "LEASE",
        "LINUX_IMMUTABLE",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "MKNOD",
        "NET_ADMIN",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_CHROOT",
        "SYS_MODULE",
        "SYS_NICE",
        "SYS_PACCT",
        "SYS_PTRACE",
        "SYS_RAWIO",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "SYSLOG",
        "WAKE_ALARM",
    ];
}

/// Memory mounted as a file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tmpfs {
    /// Where the container sees it.
    pub container_path: String,
    /// How much fits.
    pub size: Memory,
    /// Options of mount(8), such as `noexec`.
    #[serde(default)]
    pub mount_options: Vec<String>,
}

impl Tmpfs {
    /// A file system of up to `size` at `container_path`.
    pub fn new(container_path: impl Into<String>, size: Memory) -> Self {
        Self { container_path: container_path.into(), size, mount_options: Vec::new() }
    }

    /// The same, with these options of mount(8).
    #[must_use]
    pub fn mount_options(mut self, options: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.mount_options = super::strings(options);
        self
    }
}

constants! {
    /// Whether an image's tag is resolved to a digest once a deployment.
    pub enum VersionConsistency {
        /// It is: all tasks of a deployment run the same image.
        Enabled = "enabled",
        /// It is not: each task pulls what the tag then names.
        Disabled = "disabled",
    }
}
