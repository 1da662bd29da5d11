// SPDX-License-Identifier: MIT OR Apache-2.0
//! The containers of a task: [`ContainerDefinition`] and what it is made of.

mod check;
mod image;
mod logs;
mod parts;

pub use logs::{FirelensConfiguration, FirelensType, LogConfiguration, LogDriver};
pub use parts::{
    AppProtocol, ContainerCondition, ContainerDependency, HealthCheck, KernelCapabilities, LinuxParameters,
    MountPoint, PortMapping, RestartPolicy, Tmpfs, TransportProtocol, Ulimit, UlimitName, VersionConsistency,
};

pub(super) use check::{check_containers, check_name};

use crate::{
    size::{Cpu, Memory},
    value::Input,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use typed_builder::TypedBuilder;

/// One container of a [`TaskDefinition`](super::TaskDefinition).
///
/// ```
/// use humangov_core::kind::ecs::{ContainerDefinition, HealthCheck, LogConfiguration};
/// let app = ContainerDefinition::builder()
///     .name("app")
///     .image("123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov:1.4.2")
///     .port(8000)
///     .env("US_STATE", "california")
///     .secret("DATABASE_URL", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf")
///     .health_check(HealthCheck::shell("curl --fail http://localhost:8000/health"))
///     .log_configuration(LogConfiguration::awslogs("/humangov/california", "us-east-1", "app"))
///     .build();
/// assert_eq!(app.port_mappings[0].container_port, 8000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(
    doc,
    mutators(
        /// Opens a TCP port.
        pub fn port(&mut self, container_port: u16) {
            self.port_mappings.push(PortMapping::tcp(container_port));
        }
        /// Opens a port with all that can be said of it.
        pub fn port_mapping(&mut self, mapping: PortMapping) {
            self.port_mappings.push(mapping);
        }
        /// Sets an environment variable; the last value given for a name holds.
        pub fn env(&mut self, name: impl Into<String>, value: impl Into<Input<String>>) {
            self.environment.insert(name.into(), value.into());
        }
        /// Adds a file of environment variables: the ARN of an S3 object whose name ends in `.env`. Earlier files win.
        pub fn environment_file(&mut self, arn: impl Into<Input<String>>) {
            self.environment_files.push(arn.into());
        }
        /// Sets an environment variable to a secret: the ARN of a Secrets Manager secret or an SSM parameter, or the
        /// name of a parameter of the same region. It is fetched once, when the task starts, by the execution role.
        pub fn secret(&mut self, name: impl Into<String>, value_from: impl Into<Input<String>>) {
            self.secrets.insert(name.into(), value_from.into());
        }
        /// Starts this container only once `container_name` has come as far as `condition`.
        pub fn depends_on(&mut self, container_name: impl Into<String>, condition: ContainerCondition) {
            self.depends_on.push(ContainerDependency { container_name: container_name.into(), condition });
        }
        /// Mounts a volume of the task.
        pub fn mount_point(&mut self, mount: MountPoint) {
            self.mount_points.push(mount);
        }
        /// Limits a resource of the container's processes.
        pub fn ulimit(&mut self, name: UlimitName, soft_limit: i32, hard_limit: i32) {
            self.ulimits.push(Ulimit { name, soft_limit, hard_limit });
        }
        /// Adds a Docker label.
        pub fn docker_label(&mut self, key: impl Into<String>, value: impl Into<String>) {
            self.docker_labels.insert(key.into(), value.into());
        }
    )
)]
pub struct ContainerDefinition {
    /// The name: 1 to 255 of `A-Z a-z 0-9 _ -`, unique within the task.
    #[builder(setter(into))]
    pub name: String,
    /// The image, such as `nginx:1.29` or `ACCOUNT.dkr.ecr.REGION.amazonaws.com/humangov@sha256:…`; up to 255 characters
    /// before the digest.
    #[builder(setter(into))]
    pub image: Input<String>,
    /// Whether the task stops when this container does. At least one container of a task is essential.
    #[builder(default = true)]
    #[serde(default = "yes")]
    pub essential: bool,
    /// The ports it listens on.
    #[builder(via_mutators)]
    #[serde(default)]
    pub port_mappings: Vec<PortMapping>,
    /// Environment variables. They win over those of the files.
    #[builder(via_mutators)]
    #[serde(default)]
    pub environment: BTreeMap<String, Input<String>>,
    /// Files of environment variables, at most ten: ARNs of S3 objects whose names end in `.env`.
    #[builder(via_mutators)]
    #[serde(default)]
    pub environment_files: Vec<Input<String>>,
    /// Environment variables whose values are secrets: variable to ARN, or name of an SSM parameter.
    #[builder(via_mutators)]
    #[serde(default)]
    pub secrets: BTreeMap<String, Input<String>>,
    /// The command; empty: the image's own.
    #[builder(default, setter(transform = |words: impl IntoIterator<Item = impl Into<String>>| strings(words)))]
    #[serde(default)]
    pub command: Vec<String>,
    /// The entry point; empty: the image's own.
    #[builder(default, setter(transform = |words: impl IntoIterator<Item = impl Into<String>>| strings(words)))]
    #[serde(default)]
    pub entry_point: Vec<String>,
    /// Where the command runs. Absent: the image's own.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub working_directory: Option<String>,
    /// Who runs it: `user`, `uid`, `user:group` and so on. Absent: the image's own. Not on Windows.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub user: Option<String>,
    /// How ECS tells that it works. The image's own `HEALTHCHECK` is ignored by ECS.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub health_check: Option<HealthCheck>,
    /// What must have happened to other containers before this one starts.
    #[builder(via_mutators)]
    #[serde(default)]
    pub depends_on: Vec<ContainerDependency>,
    /// Where its output goes. Absent: what the host does by default; on Fargate, nowhere.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub log_configuration: Option<LogConfiguration>,
    /// Makes this container the log router of the task, for containers whose log driver is `awsfirelens`.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub firelens_configuration: Option<FirelensConfiguration>,
    /// Its share of CPU. The sum over the containers is at most what the task has.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub cpu: Option<Cpu>,
    /// The memory beyond which it is killed; at least 6 MiB.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub memory: Option<Memory>,
    /// The memory reserved for it; at least 6 MiB and less than `memory`.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub memory_reservation: Option<Memory>,
    /// How long others wait for it to come as far as they need, in seconds; 2 to 120 on Fargate.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub start_timeout: Option<u32>,
    /// How long it has from SIGTERM to SIGKILL, in seconds; 2 to 120 on Fargate. Absent: 30 unless the host says otherwise.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub stop_timeout: Option<u32>,
    /// When ECS starts it again by itself, without replacing the task.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub restart_policy: Option<RestartPolicy>,
    /// Limits of its processes. Not on Windows. On Fargate `nofile` is 65535 unless set.
    #[builder(via_mutators)]
    #[serde(default)]
    pub ulimits: Vec<Ulimit>,
    /// What only Linux has. Not on Windows.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub linux_parameters: Option<LinuxParameters>,
    /// Volumes of the task, and where they are seen.
    #[builder(via_mutators)]
    #[serde(default)]
    pub mount_points: Vec<MountPoint>,
    /// Whether it may not write to its own file system. Not on Windows.
    #[builder(default)]
    #[serde(default)]
    pub readonly_root_filesystem: bool,
    /// Whether it has the host's rights. Neither on Fargate nor on Windows.
    #[builder(default)]
    #[serde(default)]
    pub privileged: bool,
    /// Docker labels.
    #[builder(via_mutators)]
    #[serde(default)]
    pub docker_labels: BTreeMap<String, String>,
    /// The Secrets Manager secret with the login to a private registry that is not ECR: ARN, or name within the region.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub repository_credentials: Option<Input<String>>,
    /// Whether the image's tag is resolved to a digest once a deployment. Absent: it is.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub version_consistency: Option<VersionConsistency>,
}

impl ContainerDefinition {
    /// One form for equal meanings. `host_is_container`: the network mode maps no ports, so both ends are the same.
    pub(super) fn normalize(&mut self, host_is_container: bool) {
        for mapping in &mut self.port_mappings {
            mapping.host_port = match mapping.host_port {
                None | Some(0) => host_is_container.then_some(mapping.container_port),
                fixed => fixed,
            };
        }
        self.port_mappings.sort_by_key(PortMapping::key);
        self.depends_on.sort_by(|a, b| a.container_name.cmp(&b.container_name));
        self.ulimits.sort_by_key(|limit| limit.name);
        self.mount_points.sort_by(|a, b| a.container_path.cmp(&b.container_path));
        // AWS answers 0, and some servers an empty text, where nothing was said.
        self.cpu = self.cpu.filter(|cpu| cpu.units() > 0);
        self.working_directory = self.working_directory.take().filter(|path| !path.is_empty());
        self.user = self.user.take().filter(|user| !user.is_empty());
        if let Some(check) = &mut self.health_check {
            check.start_period = check.start_period.filter(|seconds| *seconds > 0);
        }
        self.linux_parameters =
            self.linux_parameters.take().filter(|parameters| *parameters != LinuxParameters::default());
    }

    /// Whether the image, if it is known, is in a private repository of ECR.
    pub(super) fn image_is_in_ecr(&self) -> bool {
        self.image.known().is_some_and(|image| image::is_in_ecr(image))
    }

    /// Whether this container must be fetched or started with the rights of an execution role, whatever the launch.
    pub(super) fn needs_execution_role(&self) -> bool {
        !self.secrets.is_empty()
            || !self.environment_files.is_empty()
            || self.repository_credentials.is_some()
            || self.log_configuration.as_ref().is_some_and(|logs| !logs.secret_options.is_empty())
    }
}

fn strings(words: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    words.into_iter().map(Into::into).collect()
}

const fn yes() -> bool {
    true
}
