// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ecs.task_definition`: which containers run together, how large, and with whose rights.

mod check;
mod launch;
mod volume;

pub use launch::{
    CpuArchitecture, Ec2Task, ExternalNetworkMode, ExternalTask, FargatePidMode, FargateTask, IpcMode,
    NetworkMode, OperatingSystemFamily, PidMode, RuntimePlatform, TaskLaunch,
};
pub use volume::{EfsVolume, Volume, VolumeSource};

use crate::{
    address::Kind,
    arn::Arn,
    kind::{ecs::ContainerDefinition, iam::Role},
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Digest, Input},
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A task definition: one revision of a family.
///
/// A revision never changes, so any change but one of tags makes a new revision; the old one goes once nothing refers to it.
///
/// ```
/// use humangov_core::fargate_size;
/// use humangov_core::kind::ecs::{ContainerDefinition, FargateTask, TaskDefinition};
///
/// let app = ContainerDefinition::builder()
///     .name("app")
///     .image("public.ecr.aws/docker/library/nginx:1.29")
///     .port(80)
///     .env("US_STATE", "california")
///     .build();
/// let task = TaskDefinition::builder()
///     .family("humangov-california")
///     .launch(FargateTask::builder().size(fargate_size!(512, 1024)).ephemeral_storage_gib(30).build())
///     .container(app)
///     .build();
/// assert_eq!(task.containers.len(), 1);
/// ```
///
/// What one launch type has cannot be given to another. Fargate's network mode is always `awsvpc`:
///
/// ```compile_fail,E0599
/// use humangov_core::{fargate_size, kind::ecs::{FargateTask, NetworkMode}};
/// let task = FargateTask::builder().size(fargate_size!(512, 1024)).network_mode(NetworkMode::Bridge).build();
/// ```
///
/// and hosts of one's own have no `awsvpc`:
///
/// ```compile_fail,E0599
/// use humangov_core::kind::ecs::{ExternalNetworkMode, ExternalTask};
/// let task = ExternalTask::builder().network_mode(ExternalNetworkMode::Awsvpc).build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(
    doc,
    mutators(
        /// Adds a container.
        pub fn container(&mut self, container: ContainerDefinition) {
            self.containers.push(container);
        }
        /// Adds a volume that containers can mount.
        pub fn volume(&mut self, volume: Volume) {
            self.volumes.push(volume);
        }
    )
)]
pub struct TaskDefinition {
    /// The family, of which this is a revision: 1 to 255 of `A-Z a-z 0-9 _ -`.
    #[builder(setter(into))]
    pub family: String,
    /// Where tasks run, and what goes with that: a [`FargateTask`], [`Ec2Task`] or [`ExternalTask`], or just a Fargate size.
    #[builder(setter(into))]
    pub launch: TaskLaunch,
    /// The role the application's own calls to AWS are made with.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub task_role: Option<Input<Arn<Role>>>,
    /// The role ECS fetches images and secrets, and writes logs, with.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub execution_role: Option<Input<Arn<Role>>>,
    /// The containers: 1 to 10, at least one of them essential.
    #[builder(via_mutators)]
    pub containers: Vec<ContainerDefinition>,
    /// Volumes that containers can mount.
    #[builder(via_mutators)]
    #[serde(default)]
    pub volumes: Vec<Volume>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// What is known of a task definition that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDefinitionOutputs {
    /// The ARN, with the revision.
    pub arn: Arn<TaskDefinition>,
    /// The family.
    pub family: String,
    /// The revision: counted within the family, never used again.
    pub revision: u32,
}

impl TaskDefinition {
    /// The family.
    pub const FAMILY: Attr<Self, String> = Attr::new("family");
    /// The revision.
    pub const REVISION: Attr<Self, u32> = Attr::new("revision");

    /// The digest of everything that makes a revision what it is: all but the tags, which can change.
    ///
    /// Two definitions of equal meaning have the same; kept as the tag [`DIGEST`](crate::tags::DIGEST), it tells without
    /// comparing field by field whether a revision is the one wanted.
    pub fn content_digest(&self) -> Digest {
        let mut content = self.clone();
        content.normalize();
        content.tags = Tags::new();
        Digest::of_value(&content).expect("a task definition has text keys and whole numbers only")
    }
}

impl Resource for TaskDefinition {
    const KIND: Kind = Kind::new("ecs.task_definition");
    const RULES: &'static [Rule] = &[
        Rule::ReplaceCreateFirst("/family"),
        Rule::ReplaceCreateFirst("/launch"),
        Rule::ReplaceCreateFirst("/task_role"),
        Rule::ReplaceCreateFirst("/execution_role"),
        Rule::ReplaceCreateFirst("/containers"),
        Rule::ReplaceCreateFirst("/volumes"),
        Rule::KeyedBy("/containers", "name"),
        Rule::KeyedBy("/volumes", "name"),
    ];
    type Outputs = TaskDefinitionOutputs;

    fn normalize(&mut self) {
        self.launch.normalize();
        let host_is_container = self.launch.host_port_is_container_port();
        for container in &mut self.containers {
            container.normalize(host_is_container);
        }
        self.containers.sort_by(|a, b| a.name.cmp(&b.name));
        for volume in &mut self.volumes {
            volume.normalize();
        }
        self.volumes.sort_by(|a, b| a.name.cmp(&b.name));
    }

    fn validate(&self, found: &mut Violations) {
        check::check_task(self, found);
        self.tags.validate(found);
    }
}

impl HasArn for TaskDefinition {}

#[cfg(test)]
mod tests;
