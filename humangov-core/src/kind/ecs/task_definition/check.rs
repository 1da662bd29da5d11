// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ECS would refuse of a task definition.

use super::{EfsVolume, IpcMode, PidMode, RuntimePlatform, TaskDefinition, TaskLaunch, Volume, VolumeSource};
use crate::{
    kind::ecs::{
        CpuArchitecture, LogDriver, NetworkMode, OperatingSystemFamily,
        container::{check_containers, check_name},
    },
    resource::Violations,
    size::{Cpu, Memory},
};
use std::collections::BTreeSet;

/// The containers a task may have (service quota of ECS; not adjustable).
const MOST_CONTAINERS: usize = 10;
/// The bytes a task definition may have (service quota of ECS; not adjustable).
const MOST_BYTES: usize = 64 * 1024;

pub(super) fn check_task(task: &TaskDefinition, found: &mut Violations) {
    check_name(&task.family, "family", found);
    found.within("launch", |found| check_launch(&task.launch, found));
    check_volumes(task, found);
    let count = task.containers.len();
    found.check((1..=MOST_CONTAINERS).contains(&count), "containers", || {
        format!("{count} containers; a task has 1 to {MOST_CONTAINERS}")
    });
    found.check(
        task.containers.is_empty() || task.containers.iter().any(|container| container.essential),
        "containers",
        || "at least one container must be essential",
    );
    check_containers(&task.containers, &task.launch, &task.volumes, found);
    check_sums(task, found);
    check_execution_role(task, found);
    check_bytes(task, found);
}

fn check_launch(launch: &TaskLaunch, found: &mut Violations) {
    if let Some(platform) = launch.runtime_platform() {
        found.check(
            !(platform.is_windows() && platform.cpu_architecture == CpuArchitecture::Arm64),
            "runtime_platform.cpu_architecture",
            || "Windows runs on X86_64 only",
        );
    }
    match launch {
        TaskLaunch::Fargate(task) => {
            if let Some(gib) = task.ephemeral_storage_gib {
                found.check((21..=200).contains(&gib), "ephemeral_storage_gib", || {
                    format!("{gib} GiB; allowed are 21 to 200, or leave it out for 20")
                });
            }
            if let Some(platform) = task.runtime_platform.filter(|platform| platform.is_windows()) {
                check_windows_on_fargate(platform, task.size.cpu(), found);
                found.check(task.pid_mode.is_none(), "pid_mode", || "not on Windows");
            }
        }
        TaskLaunch::Ec2(task) => {
            check_size(task.cpu, task.memory, found);
            let count = task.placement_constraints.len();
            found.check(count <= 10, "placement_constraints", || {
                format!("{count} constraints; at most 10 are allowed")
            });
            found.check(
                task.placement_constraints.iter().all(|expression| !expression.trim().is_empty()),
                "placement_constraints",
                || "an expression of the cluster query language is needed",
            );
            if launch.is_windows() {
                found.check(
                    matches!(task.network_mode, None | Some(NetworkMode::Awsvpc)),
                    "network_mode",
                    || "on Windows it is awsvpc or left out",
                );
                check_namespaces(task.pid_mode, task.ipc_mode, found);
            }
        }
        TaskLaunch::External(task) => {
            check_size(task.cpu, task.memory, found);
            if launch.is_windows() {
                found.check(task.network_mode.is_none(), "network_mode", || "on Windows it is left out");
                check_namespaces(task.pid_mode, task.ipc_mode, found);
            }
        }
    }
}

/// Windows has neither.
fn check_namespaces(pid_mode: Option<PidMode>, ipc_mode: Option<IpcMode>, found: &mut Violations) {
    found.check(pid_mode.is_none(), "pid_mode", || "not on Windows");
    found.check(ipc_mode.is_none(), "ipc_mode", || "not on Windows");
}

fn check_size(cpu: Option<Cpu>, memory: Option<Memory>, found: &mut Violations) {
    found.check(cpu.is_none_or(|cpu| (128..=196_608).contains(&cpu.units())), "cpu", || {
        format!("{} units; allowed are 128 to 196608", cpu.map_or(0, Cpu::units))
    });
    found.check(memory.is_none_or(|memory| memory.mib() >= 6), "memory", || "at least 6 MiB are needed");
}

fn check_windows_on_fargate(platform: RuntimePlatform, cpu: Cpu, found: &mut Violations) {
    use OperatingSystemFamily as Os;
    found.check(
        !matches!(
            platform.operating_system_family,
            Os::WindowsServer2016Full | Os::WindowsServer2004Core | Os::WindowsServer20H2Core
        ),
        "runtime_platform.operating_system_family",
        || "Fargate has Windows Server 2019, 2022 and 2025 only",
    );
    found.check((1024..=4096).contains(&cpu.units()), "size", || {
        format!("{cpu}; Windows on Fargate has 1, 2 or 4 vCPU")
    });
}

fn check_volumes(task: &TaskDefinition, found: &mut Violations) {
    let mut names = BTreeSet::new();
    for Volume { name, source } in &task.volumes {
        found.within(&format!("volumes.{name}"), |found| {
            check_name(name, "name", found);
            found.check(names.insert(name), "name", || "another volume has this name");
            match source {
                VolumeSource::Bind => {}
                VolumeSource::Host { .. } => {
                    found.check(
                        !task.launch.is_fargate(),
                        "source",
                        || "Fargate has no directories of hosts; use a bind or EFS volume",
                    );
                }
                VolumeSource::Efs(efs) => {
                    found.check(!task.launch.is_windows(), "source", || "EFS is not on Windows");
                    check_efs(efs, found);
                }
            }
        });
    }
}

fn check_efs(efs: &EfsVolume, found: &mut Violations) {
    let id = |text: &str, prefix: &str| {
        text.strip_prefix(prefix)
            .is_some_and(|hex| (8..=40).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    found.within("source.efs", |found| {
        if let Some(file_system) = efs.file_system_id.known() {
            found.check(id(file_system, "fs-") || file_system.starts_with("arn:"), "file_system_id", || {
                format!("{file_system:?} is not fs- and hexadecimal digits")
            });
        }
        if let Some(access_point) = efs.access_point_id.as_ref().and_then(|id| id.known()) {
            found.check(
                id(access_point, "fsap-") || access_point.starts_with("arn:"),
                "access_point_id",
                || format!("{access_point:?} is not fsap- and hexadecimal digits"),
            );
        }
        if efs.access_point_id.is_some() {
            found.check(
                efs.root_directory.as_deref().is_none_or(|path| path.is_empty() || path == "/"),
                "root_directory",
                || "the access point has its own; leave this out",
            );
        }
        found.check(
            efs.transit_encryption || (efs.access_point_id.is_none() && !efs.iam),
            "transit_encryption",
            || "an access point and iam need it",
        );
        found.check(
            efs.transit_encryption_port.is_none_or(|port| port > 0 && efs.transit_encryption),
            "transit_encryption_port",
            || "1 to 65535, and only with transit_encryption",
        );
    });
}

/// What the containers have, or reserve, must fit into the task.
fn check_sums(task: &TaskDefinition, found: &mut Violations) {
    if let Some(of_task) = task.launch.cpu() {
        let sum: u64 = task.containers.iter().filter_map(|it| it.cpu).map(|cpu| u64::from(cpu.units())).sum();
        found.check(sum <= u64::from(of_task.units()), "containers", || {
            format!("the containers have {sum} CPU units in all; the task has {}", of_task.units())
        });
    }
    if let Some(of_task) = task.launch.memory() {
        let sum: u64 = task
            .containers
            .iter()
            .filter_map(|it| it.memory_reservation.or(it.memory))
            .map(|memory| u64::from(memory.mib()))
            .sum();
        found.check(sum <= u64::from(of_task.mib()), "containers", || {
            format!("the containers reserve {sum} MiB in all; the task has {}", of_task.mib())
        });
    }
}

fn check_execution_role(task: &TaskDefinition, found: &mut Violations) {
    if task.execution_role.is_some() {
        return;
    }
    let reason = task.containers.iter().find_map(|container| {
        let name = &container.name;
        if container.needs_execution_role() {
            return Some(format!("for secrets, environment files and registry logins of container {name}"));
        }
        if !task.launch.is_fargate() {
            return None;
        }
        if container.image_is_in_ecr() {
            return Some(format!("on Fargate for the image of container {name} in ECR"));
        }
        let logs = container.log_configuration.as_ref();
        logs.is_some_and(|logs| logs.log_driver == LogDriver::Awslogs)
            .then(|| format!("on Fargate for the logs of container {name}"))
    });
    if let Some(reason) = reason {
        found.add("execution_role", format!("needed {reason}"));
    }
}

fn check_bytes(task: &TaskDefinition, found: &mut Violations) {
    let Ok(text) = serde_json::to_string(task) else { return };
    // To AWS a variable is {"name":…,"value":…}, to us "name":…; everything else is much the same length.
    let variables: usize = task.containers.iter().map(|it| it.environment.len() + it.secrets.len()).sum();
    let bytes = text.len() + variables * r#"{"name":,"value"},"#.len();
    found.check(bytes <= MOST_BYTES, "containers", || {
        format!("the definition has about {bytes} bytes; at most {MOST_BYTES} are allowed")
    });
}
