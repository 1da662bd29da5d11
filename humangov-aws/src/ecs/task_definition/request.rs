// SPDX-License-Identifier: MIT OR Apache-2.0
//! A task definition as a request.

use aws_sdk_ecs::{
    Client, error::BuildError,
    operation::register_task_definition::builders::RegisterTaskDefinitionFluentBuilder as Register, types,
};
use humangov_core::{
    handler::{HandlerError, HandlerErrorKind},
    kind::ecs::{
        ContainerDefinition, EfsVolume, HealthCheck, LinuxParameters, LogConfiguration, PortMapping,
        RestartPolicy, TaskDefinition, TaskLaunch, Volume, VolumeSource,
    },
    size::Memory,
    value::Input,
};
use std::collections::BTreeMap;

/// Everything but the tags.
pub(super) fn register(client: &Client, task: &TaskDefinition) -> Result<Register, HandlerError> {
    let volumes: Vec<_> = task.volumes.iter().map(volume).collect::<Result<_, _>>()?;
    let call = client
        .register_task_definition()
        .family(&task.family)
        .set_task_role_arn(task.task_role.as_ref().map(|role| role.text().to_owned()))
        .set_execution_role_arn(task.execution_role.as_ref().map(|role| role.text().to_owned()))
        .set_container_definitions(Some(task.containers.iter().map(container).collect()))
        .set_volumes(non_empty(volumes.into_iter()))
        .set_network_mode(task.launch.network_mode().map(|mode| mode.as_str().into()))
        .set_cpu(task.launch.cpu().map(|cpu| cpu.units().to_string()))
        .set_memory(task.launch.memory().map(|memory| memory.mib().to_string()))
        .set_runtime_platform(task.launch.runtime_platform().map(|platform| {
            types::RuntimePlatform::builder()
                .cpu_architecture(platform.cpu_architecture.as_str().into())
                .operating_system_family(platform.operating_system_family.as_str().into())
                .build()
        }));
    Ok(match &task.launch {
        TaskLaunch::Fargate(task) => call
            .requires_compatibilities(types::Compatibility::Fargate)
            .set_pid_mode(task.pid_mode.map(|mode| mode.as_str().into()))
            .set_ephemeral_storage(
                task.ephemeral_storage_gib
                    .map(|gib| types::EphemeralStorage::builder().size_in_gib(int(gib)).build()),
            ),
        TaskLaunch::Ec2(task) => call
            .requires_compatibilities(types::Compatibility::Ec2)
            .set_pid_mode(task.pid_mode.map(|mode| mode.as_str().into()))
            .set_ipc_mode(task.ipc_mode.map(|mode| mode.as_str().into()))
            .set_placement_constraints(non_empty(task.placement_constraints.iter().map(|expression| {
                types::TaskDefinitionPlacementConstraint::builder()
                    .r#type(types::TaskDefinitionPlacementConstraintType::MemberOf)
                    .expression(expression)
                    .build()
            }))),
        TaskLaunch::External(task) => call
            .requires_compatibilities(types::Compatibility::External)
            .set_pid_mode(task.pid_mode.map(|mode| mode.as_str().into()))
            .set_ipc_mode(task.ipc_mode.map(|mode| mode.as_str().into())),
        _ => return Err(not_taught("this launch type")),
    })
}

/// Core's enums are open, and what is new there may not be known here yet.
fn not_taught(what: &str) -> HandlerError {
    let message = format!("this version cannot make {what}");
    HandlerError::new(HandlerErrorKind::Invalid, "RegisterTaskDefinition", message)
}

fn container(container: &ContainerDefinition) -> types::ContainerDefinition {
    types::ContainerDefinition::builder()
        .name(&container.name)
        .image(container.image.text())
        .essential(container.essential)
        .set_port_mappings(non_empty(container.port_mappings.iter().map(port_mapping)))
        .set_environment(non_empty(
            container
                .environment
                .iter()
                .map(|(name, value)| types::KeyValuePair::builder().name(name).value(value.text()).build()),
        ))
        .set_environment_files(non_empty(container.environment_files.iter().map(|file| {
            let file = types::EnvironmentFile::builder().value(file.text());
            complete(file.r#type(types::EnvironmentFileType::S3).build())
        })))
        .set_secrets(secrets(&container.secrets))
        .set_command(non_empty(container.command.iter().cloned()))
        .set_entry_point(non_empty(container.entry_point.iter().cloned()))
        .set_working_directory(container.working_directory.clone())
        .set_user(container.user.clone())
        .set_health_check(container.health_check.as_ref().map(health_check))
        .set_depends_on(non_empty(container.depends_on.iter().map(|on| {
            let dependency = types::ContainerDependency::builder().container_name(&on.container_name);
            complete(dependency.condition(on.condition.as_str().into()).build())
        })))
        .set_log_configuration(container.log_configuration.as_ref().map(logs))
        .set_firelens_configuration(container.firelens_configuration.as_ref().map(|router| {
            let options = router.options.iter().map(|(name, value)| (name.clone(), value.clone()));
            let kind = types::FirelensConfiguration::builder().r#type(router.firelens_type.as_str().into());
            complete(kind.set_options(non_empty(options)).build())
        }))
        .cpu(container.cpu.map_or(0, |cpu| int(cpu.units())))
        .set_memory(container.memory.map(mib))
        .set_memory_reservation(container.memory_reservation.map(mib))
        .set_start_timeout(container.start_timeout.map(int))
        .set_stop_timeout(container.stop_timeout.map(int))
        .set_restart_policy(container.restart_policy.as_ref().map(restart_policy))
        .set_ulimits(non_empty(container.ulimits.iter().map(|limit| {
            let ulimit = types::Ulimit::builder().name(limit.name.as_str().into());
            complete(ulimit.soft_limit(limit.soft_limit).hard_limit(limit.hard_limit).build())
        })))
        .set_linux_parameters(container.linux_parameters.as_ref().map(linux_parameters))
        .set_mount_points(non_empty(container.mount_points.iter().map(|mount| {
            types::MountPoint::builder()
                .source_volume(&mount.source_volume)
                .container_path(&mount.container_path)
                .read_only(mount.read_only)
                .build()
        })))
        // Said only where it is so: on Windows AWS refuses even the denial.
        .set_readonly_root_filesystem(container.readonly_root_filesystem.then_some(true))
        .set_privileged(container.privileged.then_some(true))
        .set_docker_labels(non_empty(
            container.docker_labels.iter().map(|(key, value)| (key.clone(), value.clone())),
        ))
        .set_repository_credentials(container.repository_credentials.as_ref().map(|secret| {
            complete(types::RepositoryCredentials::builder().credentials_parameter(secret.text()).build())
        }))
        .set_version_consistency(container.version_consistency.map(|it| it.as_str().into()))
        .build()
}

fn port_mapping(mapping: &PortMapping) -> types::PortMapping {
    types::PortMapping::builder()
        .container_port(i32::from(mapping.container_port))
        .set_host_port(mapping.host_port.map(i32::from))
        .protocol(mapping.protocol.as_str().into())
        .set_name(mapping.name.clone())
        .set_app_protocol(mapping.app_protocol.map(|it| it.as_str().into()))
        .build()
}

fn health_check(check: &HealthCheck) -> types::HealthCheck {
    let built = types::HealthCheck::builder()
        .set_command(Some(check.command.clone()))
        .interval(int(check.interval))
        .timeout(int(check.timeout))
        .retries(int(check.retries))
        .set_start_period(check.start_period.map(int))
        .build();
    complete(built)
}

fn logs(logs: &LogConfiguration) -> types::LogConfiguration {
    let options = logs.options.iter().map(|(name, value)| (name.clone(), value.text().to_owned()));
    let built = types::LogConfiguration::builder()
        .log_driver(logs.log_driver.as_str().into())
        .set_options(non_empty(options))
        .set_secret_options(secrets(&logs.secret_options))
        .build();
    complete(built)
}

fn restart_policy(policy: &RestartPolicy) -> types::ContainerRestartPolicy {
    let built = types::ContainerRestartPolicy::builder()
        .enabled(policy.enabled)
        .set_ignored_exit_codes(non_empty(policy.ignored_exit_codes.iter().copied()))
        .restart_attempt_period(int(policy.restart_attempt_period))
        .build();
    complete(built)
}

fn linux_parameters(linux: &LinuxParameters) -> types::LinuxParameters {
    let (add, drop) = (&linux.capabilities.add, &linux.capabilities.drop);
    let capabilities = types::KernelCapabilities::builder()
        .set_add(non_empty(add.iter().cloned()))
        .set_drop(non_empty(drop.iter().cloned()))
        .build();
    types::LinuxParameters::builder()
        .init_process_enabled(linux.init_process_enabled)
        .set_capabilities((!add.is_empty() || !drop.is_empty()).then_some(capabilities))
        .set_tmpfs(non_empty(linux.tmpfs.iter().map(|mount| {
            let tmpfs = types::Tmpfs::builder().container_path(&mount.container_path).size(mib(mount.size));
            complete(tmpfs.set_mount_options(non_empty(mount.mount_options.iter().cloned())).build())
        })))
        .set_shared_memory_size(linux.shared_memory_size.map(mib))
        .set_max_swap(linux.max_swap.map(mib))
        .set_swappiness(linux.swappiness.map(int))
        .build()
}

fn volume(volume: &Volume) -> Result<types::Volume, HandlerError> {
    let built = types::Volume::builder().name(&volume.name);
    Ok(match &volume.source {
        VolumeSource::Bind => built.host(types::HostVolumeProperties::builder().build()).build(),
        VolumeSource::Host { source_path } => {
            built.host(types::HostVolumeProperties::builder().source_path(source_path).build()).build()
        }
        VolumeSource::Efs(file_system) => built.efs_volume_configuration(efs(file_system)).build(),
        _ => return Err(not_taught("this sort of volume")),
    })
}

fn efs(efs: &EfsVolume) -> types::EfsVolumeConfiguration {
    let authorization = types::EfsAuthorizationConfig::builder()
        .set_access_point_id(efs.access_point_id.as_ref().map(|id| id.text().to_owned()))
        .set_iam(efs.iam.then_some(types::EfsAuthorizationConfigIam::Enabled))
        .build();
    let built = types::EfsVolumeConfiguration::builder()
        .file_system_id(efs.file_system_id.text())
        .set_root_directory(efs.root_directory.clone())
        .set_transit_encryption(efs.transit_encryption.then_some(types::EfsTransitEncryption::Enabled))
        .set_transit_encryption_port(efs.transit_encryption_port.map(i32::from))
        .set_authorization_config((efs.iam || efs.access_point_id.is_some()).then_some(authorization))
        .build();
    complete(built)
}

fn secrets(secrets: &BTreeMap<String, Input<String>>) -> Option<Vec<types::Secret>> {
    non_empty(secrets.iter().map(|(name, value_from)| {
        complete(types::Secret::builder().name(name).value_from(value_from.text()).build())
    }))
}

/// The items, unless there are none: an empty list, or map, is left out.
fn non_empty<T, C: FromIterator<T>>(items: impl Iterator<Item = T>) -> Option<C> {
    let mut items = items.peekable();
    items.peek().is_some().then(|| items.collect())
}

/// Memory in MiB; beyond what fits, the most there is: AWS refuses it in its own words.
fn mib(memory: Memory) -> i32 {
    int(memory.mib())
}

fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// What was built, for types all of whose required members are set above.
fn complete<T>(built: Result<T, BuildError>) -> T {
    built.expect("every required member is set")
}
