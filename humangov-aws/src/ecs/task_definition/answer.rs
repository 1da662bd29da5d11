// SPDX-License-Identifier: MIT OR Apache-2.0
//! A task definition as it is described.

use aws_sdk_ecs::types;
use humangov_core::{
    arn::Arn,
    handler::HandlerError,
    kind::{
        ecs::{
            ContainerDefinition, ContainerDependency, Ec2Task, EfsVolume, ExternalTask, FargateTask,
            FirelensConfiguration, HealthCheck, LinuxParameters, LogConfiguration, MountPoint, PortMapping,
            RestartPolicy, RuntimePlatform, TaskDefinition, TaskDefinitionOutputs, TaskLaunch, Tmpfs, Ulimit,
            Volume,
        },
        iam::Role,
    },
    size::{Cpu, FargateSize, Memory},
    tags::Tags,
    value::Input,
};
use std::{collections::BTreeMap, str::FromStr};

const DESCRIBE: &str = "DescribeTaskDefinition";

pub(super) fn outputs(
    operation: &'static str,
    definition: &types::TaskDefinition,
) -> Result<TaskDefinitionOutputs, HandlerError> {
    let arn = definition.task_definition_arn().unwrap_or_default();
    let arn = arn.parse().map_err(|error| HandlerError::malformed(operation, "no ARN").with_source(error))?;
    let family = definition.family().unwrap_or_default().to_owned();
    match u32::try_from(definition.revision()) {
        Ok(revision @ 1..) if !family.is_empty() => Ok(TaskDefinitionOutputs { arn, family, revision }),
        _ => Err(HandlerError::malformed(operation, "no family and revision")),
    }
}

/// The spec that would make what is described. Servers that are not AWS leave members out, or answer empty texts for them.
pub(super) fn spec(definition: &types::TaskDefinition, tags: &Tags) -> Result<TaskDefinition, HandlerError> {
    let mut task = TaskDefinition::builder()
        .family(definition.family().unwrap_or_default())
        .launch(launch(definition)?)
        .tags(tags.of_user())
        .build();
    task.task_role = role(definition.task_role_arn());
    task.execution_role = role(definition.execution_role_arn());
    task.containers = definition.container_definitions().iter().map(container).collect::<Result<_, _>>()?;
    task.volumes = definition.volumes().iter().map(volume).collect::<Result<_, _>>()?;
    Ok(task)
}

fn launch(definition: &types::TaskDefinition) -> Result<TaskLaunch, HandlerError> {
    let requires = |launch: types::Compatibility| definition.requires_compatibilities().contains(&launch);
    let runtime_platform = definition.runtime_platform().map(platform).transpose()?.flatten();
    let pid_mode = definition.pid_mode().map(types::PidMode::as_str);
    let ipc_mode = constant(definition.ipc_mode().map(types::IpcMode::as_str))?;
    let network_mode = definition.network_mode().map(types::NetworkMode::as_str);
    let cpu = size::<Cpu>(definition.cpu())?;
    let memory = size::<Memory>(definition.memory())?;
    if requires(types::Compatibility::Fargate) {
        let (Some(cpu), Some(memory)) = (cpu, memory) else {
            return Err(HandlerError::malformed(DESCRIBE, "a task on Fargate without cpu and memory"));
        };
        let size = FargateSize::new(cpu, memory)
            .map_err(|error| HandlerError::malformed(DESCRIBE, error.to_string()))?;
        let mut task = FargateTask::builder().size(size).build();
        task.ephemeral_storage_gib =
            definition.ephemeral_storage().and_then(|storage| u32::try_from(storage.size_in_gib()).ok());
        task.runtime_platform = runtime_platform;
        task.pid_mode = constant(pid_mode)?;
        return Ok(task.into());
    }
    if requires(types::Compatibility::External) {
        let mut task = ExternalTask::builder().build();
        task.network_mode = constant(network_mode)?;
        (task.cpu, task.memory, task.runtime_platform) = (cpu, memory, runtime_platform);
        (task.pid_mode, task.ipc_mode) = (constant(pid_mode)?, ipc_mode);
        return Ok(task.into());
    }
    let mut task = Ec2Task::builder().build();
    task.network_mode = constant(network_mode)?;
    (task.cpu, task.memory, task.runtime_platform) = (cpu, memory, runtime_platform);
    (task.pid_mode, task.ipc_mode) = (constant(pid_mode)?, ipc_mode);
    let constraints = definition.placement_constraints().iter();
    task.placement_constraints =
        constraints.filter_map(|constraint| constraint.expression().map(str::to_owned)).collect();
    Ok(task.into())
}

fn platform(platform: &types::RuntimePlatform) -> Result<Option<RuntimePlatform>, HandlerError> {
    let processor = constant(platform.cpu_architecture().map(types::CpuArchitecture::as_str))?;
    let system = constant(platform.operating_system_family().map(types::OsFamily::as_str))?;
    Ok(match (processor, system) {
        (None, None) => None,
        (processor, system) => {
            let usual = RuntimePlatform::LINUX_X86_64;
            Some(RuntimePlatform::new(
                processor.unwrap_or(usual.cpu_architecture),
                system.unwrap_or(usual.operating_system_family),
            ))
        }
    })
}

fn container(described: &types::ContainerDefinition) -> Result<ContainerDefinition, HandlerError> {
    let mut container = ContainerDefinition::builder()
        .name(described.name().unwrap_or_default())
        .image(described.image().unwrap_or_default())
        .essential(described.essential().unwrap_or(true))
        .build();
    container.port_mappings = described.port_mappings().iter().map(port_mapping).collect::<Result<_, _>>()?;
    container.environment = described
        .environment()
        .iter()
        .filter_map(|pair| Some((pair.name()?.to_owned(), pair.value().unwrap_or_default().into())))
        .collect();
    container.environment_files = described.environment_files().iter().map(|it| it.value().into()).collect();
    container.secrets = secrets(described.secrets());
    container.command = described.command().to_vec();
    container.entry_point = described.entry_point().to_vec();
    container.working_directory = described.working_directory().map(str::to_owned);
    container.user = described.user().map(str::to_owned);
    container.health_check = described.health_check().map(health_check);
    container.depends_on = described
        .depends_on()
        .iter()
        .map(|on| {
            let condition = required(on.condition().as_str())?;
            Ok(ContainerDependency { container_name: on.container_name().to_owned(), condition })
        })
        .collect::<Result<_, HandlerError>>()?;
    container.log_configuration = described.log_configuration().map(logs).transpose()?;
    container.firelens_configuration = described
        .firelens_configuration()
        .map(|router| {
            let kind = required(router.r#type().as_str())?;
            let mut configuration = FirelensConfiguration::builder().firelens_type(kind).build();
            configuration.options = router.options().into_iter().flatten().map(owned).collect();
            Ok::<_, HandlerError>(configuration)
        })
        .transpose()?;
    container.cpu = natural(Some(described.cpu())).map(Cpu::from_units);
    container.memory = natural(described.memory()).map(Memory::from_mib);
    container.memory_reservation = natural(described.memory_reservation()).map(Memory::from_mib);
    container.start_timeout = natural(described.start_timeout());
    container.stop_timeout = natural(described.stop_timeout());
    container.restart_policy = described.restart_policy().map(restart_policy);
    container.ulimits = described
        .ulimits()
        .iter()
        .map(|limit| {
            let name = required(limit.name().as_str())?;
            Ok(Ulimit { name, soft_limit: limit.soft_limit(), hard_limit: limit.hard_limit() })
        })
        .collect::<Result<_, HandlerError>>()?;
    container.linux_parameters = described.linux_parameters().map(linux_parameters);
    container.mount_points = described
        .mount_points()
        .iter()
        .map(|mount| {
            let (volume, path) = (mount.source_volume(), mount.container_path());
            let mut point = MountPoint::new(volume.unwrap_or_default(), path.unwrap_or_default());
            point.read_only = mount.read_only().unwrap_or_default();
            point
        })
        .collect();
    container.readonly_root_filesystem = described.readonly_root_filesystem().unwrap_or_default();
    container.privileged = described.privileged().unwrap_or_default();
    container.docker_labels = described.docker_labels().into_iter().flatten().map(owned).collect();
    container.repository_credentials =
        described.repository_credentials().map(|it| it.credentials_parameter().into());
    container.version_consistency =
        constant(described.version_consistency().map(types::VersionConsistency::as_str))?;
    Ok(container)
}

fn port_mapping(described: &types::PortMapping) -> Result<PortMapping, HandlerError> {
    let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
    let mut mapping = PortMapping::tcp(port(described.container_port()).unwrap_or_default());
    mapping.host_port = port(described.host_port());
    mapping.protocol =
        constant(described.protocol().map(types::TransportProtocol::as_str))?.unwrap_or_default();
    mapping.name = described.name().map(str::to_owned);
    mapping.app_protocol = constant(described.app_protocol().map(types::ApplicationProtocol::as_str))?;
    Ok(mapping)
}

fn health_check(described: &types::HealthCheck) -> HealthCheck {
    let mut check = HealthCheck::builder().command(described.command()).build();
    check.interval = natural(described.interval()).unwrap_or(HealthCheck::INTERVAL);
    check.timeout = natural(described.timeout()).unwrap_or(HealthCheck::TIMEOUT);
    check.retries = natural(described.retries()).unwrap_or(HealthCheck::RETRIES);
    check.start_period = natural(described.start_period());
    check
}

fn logs(described: &types::LogConfiguration) -> Result<LogConfiguration, HandlerError> {
    let driver = required(described.log_driver().as_str())?;
    let mut logs = LogConfiguration::builder().log_driver(driver).build();
    let options = described.options().into_iter().flatten();
    logs.options = options.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    logs.secret_options = secrets(described.secret_options());
    Ok(logs)
}

fn restart_policy(described: &types::ContainerRestartPolicy) -> RestartPolicy {
    let mut policy = RestartPolicy::builder().enabled(described.enabled()).build();
    policy.ignored_exit_codes = described.ignored_exit_codes().iter().copied().collect();
    policy.restart_attempt_period =
        natural(described.restart_attempt_period()).unwrap_or(RestartPolicy::ATTEMPT_PERIOD);
    policy
}

fn linux_parameters(described: &types::LinuxParameters) -> LinuxParameters {
    let mut linux = LinuxParameters::default();
    linux.init_process_enabled = described.init_process_enabled().unwrap_or_default();
    if let Some(capabilities) = described.capabilities() {
        linux.capabilities.add = capabilities.add().iter().cloned().collect();
        linux.capabilities.drop = capabilities.drop().iter().cloned().collect();
    }
    let mounts = described.tmpfs().iter();
    linux.tmpfs = mounts
        .map(|mount| {
            let size = Memory::from_mib(natural(Some(mount.size())).unwrap_or_default());
            Tmpfs::new(mount.container_path(), size).mount_options(mount.mount_options())
        })
        .collect();
    linux.shared_memory_size = natural(described.shared_memory_size()).map(Memory::from_mib);
    linux.max_swap = natural(described.max_swap()).map(Memory::from_mib);
    linux.swappiness = natural(described.swappiness());
    linux
}

fn volume(described: &types::Volume) -> Result<Volume, HandlerError> {
    let name = described.name().unwrap_or_default();
    if described.docker_volume_configuration().is_some()
        || described.fsx_windows_file_server_volume_configuration().is_some()
        || described.configured_at_launch() == Some(true)
    {
        let message = format!("volume {name} is of a sort that cannot be declared here");
        return Err(HandlerError::malformed(DESCRIBE, message));
    }
    if let Some(described) = described.efs_volume_configuration() {
        return Ok(Volume::efs(name, efs(described)));
    }
    let path = described.host().and_then(types::HostVolumeProperties::source_path);
    Ok(match path.filter(|path| !path.is_empty()) {
        Some(path) => Volume::host(name, path),
        None => Volume::bind(name),
    })
}

fn efs(described: &types::EfsVolumeConfiguration) -> EfsVolume {
    let mut efs = EfsVolume::builder().file_system_id(described.file_system_id()).build();
    efs.root_directory = described.root_directory().map(str::to_owned);
    efs.transit_encryption = described.transit_encryption() == Some(&types::EfsTransitEncryption::Enabled);
    let port = described.transit_encryption_port();
    efs.transit_encryption_port = port.and_then(|port| u16::try_from(port).ok());
    if let Some(authorization) = described.authorization_config() {
        efs.access_point_id = authorization.access_point_id().map(Into::into);
        efs.iam = authorization.iam() == Some(&types::EfsAuthorizationConfigIam::Enabled);
    }
    efs
}

fn secrets(described: &[types::Secret]) -> BTreeMap<String, Input<String>> {
    described.iter().map(|secret| (secret.name().to_owned(), secret.value_from().into())).collect()
}

/// A role by its ARN. A short name, which AWS takes too, cannot be told from another account's: it counts as another role.
fn role(described: Option<&str>) -> Option<Input<Arn<Role>>> {
    described.and_then(|arn| arn.parse().ok()).map(Input::Known)
}

fn size<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    described: Option<&str>,
) -> Result<Option<T>, HandlerError> {
    let wrong = |error| HandlerError::malformed(DESCRIBE, "a size that is none").with_source(error);
    described.filter(|text| !text.is_empty()).map(str::parse).transpose().map_err(wrong)
}

/// A constant; an empty text stands for none.
fn constant<T: FromStr<Err: std::fmt::Display>>(described: Option<&str>) -> Result<Option<T>, HandlerError> {
    described.filter(|text| !text.is_empty()).map(required).transpose()
}

fn required<T: FromStr<Err: std::fmt::Display>>(described: &str) -> Result<T, HandlerError> {
    described.parse().map_err(|error: T::Err| HandlerError::malformed(DESCRIBE, error.to_string()))
}

fn natural(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

fn owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
