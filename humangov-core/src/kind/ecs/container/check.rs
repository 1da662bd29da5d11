// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ECS would refuse of containers, each by itself and all together.

use super::{ContainerCondition, ContainerDefinition, HealthCheck, KernelCapabilities, LogDriver, image};
use crate::{
    kind::ecs::{NetworkMode, TaskLaunch, Volume},
    resource::Violations,
    size::Memory,
    value::Input,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// Host ports taken by SSH, the Docker daemon and the ECS agent.
const RESERVED_HOST_PORTS: [u16; 6] = [22, 2375, 2376, 51678, 51679, 51680];
/// Taken by the platform of Windows on Fargate.
const RESERVED_ON_WINDOWS_FARGATE: u16 = 3150;
/// What a container must at least have (ContainerDefinition, `memory`).
const LEAST_MEMORY: Memory = Memory::from_mib(6);

/// Adds to `found` what ECS would refuse of a name of a family, container or volume.
pub(in crate::kind::ecs) fn check_name(name: &str, path: &str, found: &mut Violations) {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    found.check(
        (1..=255).contains(&name.len()) && name.bytes().all(allowed),
        path,
        || "a name has 1 to 255 of A-Z, a-z, 0-9, _ and -",
    );
}

/// Adds to `found` what ECS would refuse of `containers`, launched by `launch` with `volumes` to mount.
pub(in crate::kind::ecs) fn check_containers(
    containers: &[ContainerDefinition],
    launch: &TaskLaunch,
    volumes: &[Volume],
    found: &mut Violations,
) {
    for (index, container) in containers.iter().enumerate() {
        let name = if container.name.is_empty() { index.to_string() } else { container.name.clone() };
        found.within(&format!("containers.{name}"), |found| {
            let check = Check { container, launch };
            check.all(found);
            check.mount_points(volumes, found);
            check.dependencies(containers, found);
        });
    }
    check_names(containers, found);
    check_shared_ports(containers, launch, found);
    if let Some(cycle) = cycle(containers) {
        found.add("containers", format!("containers wait for each other: {}", cycle.join(" -> ")));
    }
    check_log_routers(containers, found);
}

struct Check<'a> {
    container: &'a ContainerDefinition,
    launch: &'a TaskLaunch,
}

impl Check<'_> {
    fn all(&self, found: &mut Violations) {
        let container = self.container;
        check_name(&container.name, "name", found);
        if let Some(problem) = container.image.known().and_then(|image| image::problem(image)) {
            found.add("image", problem);
        }
        self.ports(found);
        self.environment(found);
        if let Some(check) = &container.health_check {
            found.within("health_check", |found| health_check(check, found));
        }
        if let Some(logs) = &container.log_configuration {
            found.within("log_configuration", |found| logs.validate(self.launch.is_fargate(), found));
        }
        if let Some(router) = &container.firelens_configuration {
            let from_s3 = router.options.get("config-file-type").is_some_and(|kind| kind == "s3");
            found.check(
                !(self.launch.is_fargate() && from_s3),
                "firelens_configuration.options.config-file-type",
                || "on Fargate the configuration can only be a file of the image",
            );
        }
        self.memory(found);
        self.times(found);
        self.linux(found);
        self.platform(found);
    }

    fn ports(&self, found: &mut Violations) {
        let network = self.launch.network_mode();
        for mapping in &self.container.port_mappings {
            found.within(&format!("port_mappings.{}", mapping.container_port), |found| {
                found.check(mapping.container_port > 0, "container_port", || "ports are 1 to 65535");
                if network == Some(NetworkMode::None) {
                    found.add("container_port", "without a network (network mode none) there are no ports");
                }
                let host_port = mapping.host_port.filter(|port| *port > 0);
                if self.launch.host_port_is_container_port() {
                    found.check(
                        host_port.is_none_or(|port| port == mapping.container_port),
                        "host_port",
                        || {
                            format!(
                                "with network modes awsvpc and host it is the container's: {} or absent",
                                mapping.container_port
                            )
                        },
                    );
                }
                let on_host = match network {
                    Some(NetworkMode::Host) => Some(mapping.container_port),
                    Some(NetworkMode::Bridge) | None => host_port,
                    Some(NetworkMode::Awsvpc | NetworkMode::None) => None,
                };
                found.check(
                    on_host.is_none_or(|port| !RESERVED_HOST_PORTS.contains(&port)),
                    "host_port",
                    || "22, 2375, 2376 and 51678 to 51680 are taken by the host itself",
                );
                found.check(
                    !(self.launch.is_fargate()
                        && self.launch.is_windows()
                        && mapping.container_port == RESERVED_ON_WINDOWS_FARGATE),
                    "container_port",
                    || "3150 is taken by Windows on Fargate",
                );
                if let Some(name) = &mapping.name {
                    let allowed =
                        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
                    found.check(
                        (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-'),
                        "name",
                        || "a port's name has 1 to 64 of a-z, 0-9, _ and -, not beginning with -",
                    );
                }
            });
        }
    }

    fn environment(&self, found: &mut Violations) {
        let container = self.container;
        for (field, variables) in [("environment", &container.environment), ("secrets", &container.secrets)] {
            for name in variables.keys() {
                found.check(
                    !name.is_empty() && !name.contains(['=', '\0']),
                    &format!("{field}.{name}"),
                    || "a variable needs a name, without =",
                );
            }
        }
        for name in container.secrets.keys().filter(|name| container.environment.contains_key(*name)) {
            found.add(&format!("secrets.{name}"), "set in environment too; a variable is one or the other");
        }
        for (name, value_from) in &container.secrets {
            check_secret(value_from, &format!("secrets.{name}"), found);
        }
        if let Some(logs) = &container.log_configuration {
            for (name, value_from) in &logs.secret_options {
                let path = format!("log_configuration.secret_options.{name}");
                check_secret(value_from, &path, found);
                found.check(!logs.options.contains_key(name), &path, || "set in options too");
            }
        }
        let files = &container.environment_files;
        found.check(files.len() <= 10, "environment_files", || {
            format!("{} files; at most 10 are allowed", files.len())
        });
        for file in files.iter().filter_map(Input::known) {
            let extension = file.rsplit_once('.').map(|(_, extension)| extension);
            found.check(
                file.starts_with("arn:") && file.contains(":s3:::") && extension == Some("env"),
                "environment_files",
                || format!("{file:?} is not the ARN of an S3 object whose name ends in .env"),
            );
        }
        found.check(
            container.repository_credentials.as_ref().and_then(Input::known).is_none_or(|it| !it.is_empty()),
            "repository_credentials",
            || "the name or ARN of a secret is needed",
        );
    }

    fn memory(&self, found: &mut Violations) {
        let container = self.container;
        for (field, memory) in
            [("memory", container.memory), ("memory_reservation", container.memory_reservation)]
        {
            found.check(memory.is_none_or(|memory| memory >= LEAST_MEMORY), field, || {
                format!("a container has at least {LEAST_MEMORY}")
            });
        }
        if let (Some(hard), Some(soft)) = (container.memory, container.memory_reservation) {
            found.check(soft < hard, "memory_reservation", || {
                format!("{soft} are reserved; it must be less than the memory, {hard}")
            });
        }
        let of_task = self.launch.memory();
        if of_task.is_none() {
            found.check(
                container.memory.is_some() || container.memory_reservation.is_some(),
                "memory",
                || "without memory of the whole task, each container needs memory or memory_reservation",
            );
        }
        if let (Some(task), Some(hard)) = (of_task, container.memory) {
            found.check(hard <= task, "memory", || format!("{hard} are more than the task has, {task}"));
        }
    }

    fn times(&self, found: &mut Violations) {
        let container = self.container;
        if self.launch.is_fargate() {
            check_range(container.start_timeout, 2..=120, "start_timeout", found);
            check_range(container.stop_timeout, 2..=120, "stop_timeout", found);
        }
        if let Some(policy) = &container.restart_policy {
            let period = Some(policy.restart_attempt_period);
            check_range(period, 60..=1800, "restart_policy.restart_attempt_period", found);
            let codes = policy.ignored_exit_codes.len();
            found.check(codes <= 50, "restart_policy.ignored_exit_codes", || {
                format!("{codes} exit codes; at most 50 are allowed")
            });
        }
        let mut limited = BTreeSet::new();
        for limit in &container.ulimits {
            found.check(limited.insert(limit.name), "ulimits", || format!("{} is limited twice", limit.name));
            let (soft, hard) = (limit.soft_limit, limit.hard_limit);
            let in_order = hard == -1 || (soft != -1 && soft <= hard);
            found.check(soft >= -1 && hard >= -1 && in_order, "ulimits", || {
                format!("{}: limits are -1 (none) or more, and the soft one at most the hard one", limit.name)
            });
        }
    }

    fn linux(&self, found: &mut Violations) {
        let on_fargate = self.launch.is_fargate();
        let Some(linux) = &self.container.linux_parameters else { return };
        found.within("linux_parameters", |found| {
            let (add, drop) = (&linux.capabilities.add, &linux.capabilities.drop);
            for (field, names) in [("capabilities.add", add), ("capabilities.drop", drop)] {
                for name in names {
                    found.check(KernelCapabilities::NAMES.contains(&name.as_str()), field, || {
                        format!(
                            "{name:?} is not a capability; allowed are {}",
                            KernelCapabilities::NAMES.join(", ")
                        )
                    });
                }
            }
            if on_fargate {
                for name in add.iter().filter(|name| *name != "SYS_PTRACE") {
                    found.add("capabilities.add", format!("{name}: on Fargate only SYS_PTRACE can be added"));
                }
                for (field, set) in [
                    ("shared_memory_size", linux.shared_memory_size.is_some()),
                    ("max_swap", linux.max_swap.is_some()),
                    ("swappiness", linux.swappiness.is_some()),
                ] {
                    found.check(!set, field, || "not on Fargate");
                }
            }
            check_range(linux.swappiness, 0..=100, "swappiness", found);
            found.check(
                linux.swappiness.is_none() || linux.max_swap.is_some(),
                "swappiness",
                || "only with max_swap",
            );
            for mount in &linux.tmpfs {
                found.check(mount.container_path.starts_with('/'), "tmpfs", || {
                    format!("{:?} is not an absolute path", mount.container_path)
                });
                found.check(mount.size.mib() > 0, "tmpfs", || "a size of at least 1 MiB is needed");
            }
        });
    }

    fn platform(&self, found: &mut Violations) {
        let container = self.container;
        if self.launch.is_fargate() {
            found.check(!container.privileged, "privileged", || "not on Fargate");
        }
        if self.launch.is_windows() {
            for (field, set) in [
                ("ulimits", !container.ulimits.is_empty()),
                ("linux_parameters", container.linux_parameters.is_some()),
                ("user", container.user.is_some()),
                ("readonly_root_filesystem", container.readonly_root_filesystem),
                ("privileged", container.privileged),
            ] {
                found.check(!set, field, || "not on Windows");
            }
        }
    }

    fn mount_points(&self, volumes: &[Volume], found: &mut Violations) {
        let mut paths = BTreeSet::new();
        for mount in &self.container.mount_points {
            found.within(&format!("mount_points.{}", mount.source_volume), |found| {
                found.check(
                    volumes.iter().any(|volume| volume.name == mount.source_volume),
                    "source_volume",
                    || {
                        format!(
                            "the task has no volume {:?}; it has {}",
                            mount.source_volume,
                            list(volumes.iter().map(|volume| volume.name.as_str()))
                        )
                    },
                );
                found.check(
                    !mount.container_path.is_empty()
                        && (self.launch.is_windows() || mount.container_path.starts_with('/')),
                    "container_path",
                    || "an absolute path is needed",
                );
                found.check(paths.insert(&mount.container_path), "container_path", || {
                    format!("{:?} is mounted twice", mount.container_path)
                });
            });
        }
    }

    fn dependencies(&self, all: &[ContainerDefinition], found: &mut Violations) {
        let mut seen = BTreeSet::new();
        for dependency in &self.container.depends_on {
            let name = &dependency.container_name;
            found.within(&format!("depends_on.{name}"), |found| {
                found.check(seen.insert(name), "", || "named twice");
                let Some(other) = all.iter().find(|other| other.name == *name) else {
                    let names = list(all.iter().map(|other| other.name.as_str()));
                    return found.add("container_name", format!("the task has no such container; it has {names}"));
                };
                match dependency.condition {
                    ContainerCondition::Start => {}
                    ContainerCondition::Healthy => {
                        found.check(other.health_check.is_some(), "condition", || {
                            format!("HEALTHY needs a health check, which {name} has not")
                        });
                    }
                    ContainerCondition::Complete | ContainerCondition::Success => {
                        found.check(!other.essential, "condition", || {
                            format!("{name} is essential: if it exits the task stops; allowed are START and HEALTHY")
                        });
                    }
                }
            });
        }
    }
}

fn health_check(check: &HealthCheck, found: &mut Violations) {
    let well_formed = match check.command.as_slice() {
        [first, rest @ ..] => (first == "CMD" || first == "CMD-SHELL") && !rest.is_empty(),
        [] => false,
    };
    found.check(well_formed, "command", || "a check is CMD and words, or CMD-SHELL and a line for the shell");
    check_range(Some(check.interval), 5..=300, "interval", found);
    check_range(Some(check.timeout), 2..=60, "timeout", found);
    check_range(Some(check.retries), 1..=10, "retries", found);
    check_range(check.start_period, 0..=300, "start_period", found);
}

fn check_range(value: Option<u32>, allowed: RangeInclusive<u32>, path: &str, found: &mut Violations) {
    found.check(value.is_none_or(|value| allowed.contains(&value)), path, || {
        format!("{}; allowed are {} to {}", value.unwrap_or_default(), allowed.start(), allowed.end())
    });
}

/// A secret is named by the ARN of one of the two services, or, a parameter of the same region, by its name.
fn check_secret(value_from: &Input<String>, path: &str, found: &mut Violations) {
    let Some(text) = value_from.known() else { return };
    let service = text.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(1));
    let right = if text.starts_with("arn:") {
        matches!(service, Some("secretsmanager" | "ssm"))
    } else {
        !text.is_empty()
    };
    found.check(
        right,
        path,
        || "a secret is the ARN of a Secrets Manager secret or SSM parameter, or a parameter's name",
    );
}

fn check_names(containers: &[ContainerDefinition], found: &mut Violations) {
    let mut counts = BTreeMap::<&str, usize>::new();
    for container in containers {
        *counts.entry(&container.name).or_default() += 1;
    }
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 1) {
        found.add(&format!("containers.{name}.name"), format!("{count} containers have this name"));
    }
}

/// Containers of one network share its ports; through a bridge, they share those of the host.
fn check_shared_ports(containers: &[ContainerDefinition], launch: &TaskLaunch, found: &mut Violations) {
    let one_network = launch.host_port_is_container_port();
    let (mut ports, mut names) = (BTreeMap::new(), BTreeMap::new());
    for container in containers {
        for mapping in &container.port_mappings {
            let path = format!("containers.{}.port_mappings.{}", container.name, mapping.container_port);
            let on_host = if one_network { Some(mapping.container_port) } else { mapping.host_port };
            if let Some(port) = on_host.filter(|port| *port > 0)
                && let Some(other) = ports.insert((port, mapping.protocol), container.name.as_str())
            {
                found.add(&path, format!("port {port} is taken already, by container {other}"));
            }
            if let Some(name) = &mapping.name
                && let Some(other) = names.insert(name.as_str(), container.name.as_str())
            {
                found.add(
                    &format!("{path}.name"),
                    format!("a port of container {other} has the name {name:?}; names are unique in a task"),
                );
            }
        }
    }
}

fn check_log_routers(containers: &[ContainerDefinition], found: &mut Violations) {
    let routers = containers.iter().filter(|it| it.firelens_configuration.is_some()).count();
    found.check(routers <= 1, "containers", || {
        format!("{routers} containers are log routers (firelens_configuration); one is allowed")
    });
    for container in containers {
        let routed =
            container.log_configuration.as_ref().is_some_and(|it| it.log_driver == LogDriver::Awsfirelens);
        found.check(
            !routed || routers > 0,
            &format!("containers.{}.log_configuration.log_driver", container.name),
            || "awsfirelens needs another container to be the log router (firelens_configuration)",
        );
    }
}

/// Containers that wait for each other, the first of them again at the end.
fn cycle(containers: &[ContainerDefinition]) -> Option<Vec<&str>> {
    let waits: BTreeMap<&str, Vec<&str>> = containers
        .iter()
        .map(|it| (it.name.as_str(), it.depends_on.iter().map(|on| on.container_name.as_str()).collect()))
        .collect();
    let mut done = BTreeSet::new();
    waits.keys().find_map(|name| walk(name, &waits, &mut done, &mut Vec::new()))
}

fn walk<'a>(
    name: &'a str,
    waits: &BTreeMap<&'a str, Vec<&'a str>>,
    done: &mut BTreeSet<&'a str>,
    path: &mut Vec<&'a str>,
) -> Option<Vec<&'a str>> {
    if let Some(start) = path.iter().position(|seen| *seen == name) {
        let mut cycle = path.split_off(start);
        cycle.push(name);
        return Some(cycle);
    }
    if done.contains(name) {
        return None;
    }
    path.push(name);
    let found = waits.get(name).into_iter().flatten().find_map(|next| walk(next, waits, done, path));
    path.pop();
    done.insert(name);
    found
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
