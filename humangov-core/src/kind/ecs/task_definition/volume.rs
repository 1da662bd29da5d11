// SPDX-License-Identifier: MIT OR Apache-2.0
//! Volumes of a task.

use crate::value::Input;
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A volume that containers of a task can mount.
///
/// ```
/// use humangov_core::kind::ecs::{EfsVolume, Volume};
/// let scratch = Volume::bind("scratch");
/// let files = Volume::efs("files", EfsVolume::builder().file_system_id("fs-0123456789abcdef0").build());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Volume {
    /// The name: 1 to 255 of `A-Z a-z 0-9 _ -`, unique within the task.
    pub name: String,
    /// What it is.
    pub source: VolumeSource,
}

/// What a volume is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum VolumeSource {
    /// Space on the host, or of the Fargate task, that goes with the task.
    Bind,
    /// A directory of the host. Not on Fargate.
    Host {
        /// Its path.
        source_path: String,
    },
    /// A file system of Amazon EFS.
    Efs(EfsVolume),
}

/// A file system of Amazon EFS. Not on Windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct EfsVolume {
    /// The file system's id, such as `fs-0123456789abcdef0`.
    #[builder(setter(into))]
    pub file_system_id: Input<String>,
    /// The directory that is mounted. Absent: the root. With an access point: the access point's.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub root_directory: Option<String>,
    /// Whether data is encrypted on its way. Needed for an access point and for `iam`.
    #[builder(default)]
    #[serde(default)]
    pub transit_encryption: bool,
    /// The port encrypted data is sent by. Absent: as the mount helper chooses.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub transit_encryption_port: Option<u16>,
    /// The access point, such as `fsap-0123456789abcdef0`.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub access_point_id: Option<Input<String>>,
    /// Whether the task's role says what may be done with the files.
    #[builder(default)]
    #[serde(default)]
    pub iam: bool,
}

impl Volume {
    /// Space that goes with the task, for containers to share.
    pub fn bind(name: impl Into<String>) -> Self {
        Self { name: name.into(), source: VolumeSource::Bind }
    }

    /// The directory `source_path` of the host.
    pub fn host(name: impl Into<String>, source_path: impl Into<String>) -> Self {
        Self { name: name.into(), source: VolumeSource::Host { source_path: source_path.into() } }
    }

    /// A file system of Amazon EFS.
    pub fn efs(name: impl Into<String>, file_system: EfsVolume) -> Self {
        Self { name: name.into(), source: VolumeSource::Efs(file_system) }
    }

    pub(super) fn normalize(&mut self) {
        match &mut self.source {
            // Docker chooses a place if none is told.
            VolumeSource::Host { source_path } if source_path.is_empty() => self.source = VolumeSource::Bind,
            VolumeSource::Efs(efs) => {
                efs.root_directory = efs.root_directory.take().filter(|path| !path.is_empty() && path != "/");
            }
            VolumeSource::Bind | VolumeSource::Host { .. } => {}
        }
    }
}
