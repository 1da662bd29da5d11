// SPDX-License-Identifier: MIT OR Apache-2.0
//! Volumes, and what mounts them.

use super::{Draft, name_of};
use crate::sandbox::{
    error::ApiError,
    service::ecs::refusal::{client, is_name},
    wire::Input,
};
use std::collections::BTreeSet;

/// The sorts of volumes, of which a volume has one at most.
const SORTS: [&str; 4] = [
    "host",
    "dockerVolumeConfiguration",
    "efsVolumeConfiguration",
    "fsxWindowsFileServerVolumeConfiguration",
];

pub(super) fn check(draft: &Draft<'_>) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for volume in draft.task.objects("volumes") {
        let name = volume.text("name").unwrap_or_default();
        check_volume(name, volume)?;
        if !names.insert(name) {
            return Err(client(format!("Duplicate volume name '{name}'.")));
        }
    }
    let at_launch = |volume: &Input<'_>| volume.truth("configuredAtLaunch") == Some(true);
    if draft.task.objects("volumes").filter(at_launch).count() > 1 {
        return Err(client("Only one volume can be configured at launch."));
    }
    draft.containers.iter().try_for_each(|container| check_mounts(*container, &names))
}

fn check_volume(name: &str, volume: Input<'_>) -> Result<(), ApiError> {
    if !is_name(name) {
        return Err(client(format!("Invalid volume name '{name}'.")));
    }
    if SORTS.iter().filter(|sort| volume.has(sort)).count() > 1 {
        return Err(client(format!("Volume '{name}' can have one configuration only.")));
    }
    match volume.object("efsVolumeConfiguration") {
        Some(efs) => check_efs(efs),
        None => Ok(()),
    }
}

fn check_efs(efs: Input<'_>) -> Result<(), ApiError> {
    let encrypted = efs.text("transitEncryption") == Some("ENABLED");
    let authorization = efs.object("authorizationConfig");
    let by_iam = authorization.is_some_and(|it| it.text("iam") == Some("ENABLED"));
    let by_access_point = authorization.is_some_and(|it| it.has("accessPointId"));
    if (by_iam || by_access_point) && !encrypted {
        return Err(client(
            "An EFS volume needs transitEncryption when it has an access point or IAM authorization.",
        ));
    }
    if by_access_point && efs.text("rootDirectory").is_some_and(|root| !["", "/"].contains(&root)) {
        return Err(client("An EFS volume with an access point cannot have a rootDirectory other than '/'."));
    }
    if efs.integer("transitEncryptionPort").is_some_and(|port| !(1..=65_535).contains(&port)) {
        return Err(client("The transitEncryptionPort must be between 1 and 65535."));
    }
    Ok(())
}

fn check_mounts(container: Input<'_>, volumes: &BTreeSet<&str>) -> Result<(), ApiError> {
    for mount in container.objects("mountPoints") {
        let volume = mount.text("sourceVolume").unwrap_or_default();
        if !volumes.contains(volume) {
            return Err(client(format!("Unknown volume '{volume}'.")));
        }
        if mount.text("containerPath").unwrap_or_default().is_empty() {
            return Err(client(format!(
                "A mount point of container '{}' needs a containerPath.",
                name_of(container)
            )));
        }
    }
    Ok(())
}
