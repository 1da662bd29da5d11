// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_ecs::{
    operation::{
        delete_task_definitions::DeleteTaskDefinitionsOutput,
        deregister_task_definition::{DeregisterTaskDefinitionError, DeregisterTaskDefinitionOutput},
        describe_task_definition::DescribeTaskDefinitionError,
        register_task_definition::{
            RegisterTaskDefinitionError, RegisterTaskDefinitionInput, RegisterTaskDefinitionOutput,
        },
        tag_resource::{TagResourceError, TagResourceOutput},
        untag_resource::UntagResourceOutput,
    },
    types::{self, Failure, Tag, error::ClientException},
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::error::ErrorMetadata;
use humangov_core::{
    fargate_size,
    handler::{Contents, Depth},
    kind::ecs::{
        ContainerCondition, ContainerDefinition, Ec2Task, EfsVolume, ExternalNetworkMode, ExternalTask,
        FargatePidMode, FargateTask, FirelensConfiguration, FirelensType, HealthCheck, IpcMode,
        LinuxParameters, LogConfiguration, LogDriver, MountPoint, NetworkMode, PidMode, PortMapping,
        RestartPolicy, RuntimePlatform, TaskLaunch, Tmpfs, TransportProtocol, UlimitName, VersionConsistency,
        Volume,
    },
    resource::Resource,
    size::{Cpu, Memory},
    value::Input,
};

const ADDRESS: &str = "ecs.task_definition/app";
const ARN: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/humangov-california:7";
const ROLE: &str = "arn:aws:iam::123456789012:role/humangov-execution";

fn normal(mut task: TaskDefinition) -> TaskDefinition {
    task.normalize();
    task
}

fn role() -> Input<humangov_core::arn::Arn<humangov_core::kind::iam::Role>> {
    Input::Known(ROLE.parse().expect("an ARN"))
}

/// Everything a definition can say, launched as told.
fn full(launch: impl Into<TaskLaunch>) -> TaskDefinition {
    let app = ContainerDefinition::builder()
        .name("app")
        .image("123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov:1")
        .port(8000)
        .port_mapping(
            PortMapping::builder().container_port(53).protocol(TransportProtocol::Udp).name("dns").build(),
        )
        .env("US_STATE", "california")
        .env("AWS_BUCKET", "humangov-california-s3")
        .environment_file("arn:aws:s3:::humangov-config/california.env")
        .secret("DATABASE_URL", "arn:aws:ssm:us-east-1:123456789012:parameter/db")
        .command(["gunicorn", "app:app"])
        .entry_point(["/entry.sh"])
        .working_directory("/app")
        .user("1000:1000")
        .health_check(
            HealthCheck::builder().command(["CMD", "/health"]).interval(10).start_period(60).build(),
        )
        .depends_on("router", ContainerCondition::Start)
        .log_configuration(
            LogConfiguration::awslogs("/humangov/california", "us-east-1", "app").non_blocking("25m"),
        )
        .cpu(Cpu::from_units(128))
        .memory(Memory::from_mib(512))
        .memory_reservation(Memory::from_mib(256))
        .start_timeout(60)
        .stop_timeout(30)
        .restart_policy(RestartPolicy::builder().ignored_exit_code(0).restart_attempt_period(60).build())
        .ulimit(UlimitName::Nofile, 1024, 65535)
        .linux_parameters(
            LinuxParameters::builder()
                .init_process_enabled(true)
                .add_capability("SYS_PTRACE")
                .drop_capability("NET_RAW")
                .tmpfs(Tmpfs::new("/run", Memory::from_mib(16)).mount_options(["noexec"]))
                .build(),
        )
        .mount_point(MountPoint::read_only("files", "/files"))
        .mount_point(MountPoint::new("scratch", "/tmp"))
        .readonly_root_filesystem(true)
        .docker_label("team", "hr")
        .version_consistency(VersionConsistency::Disabled)
        .build();
    let router = ContainerDefinition::builder()
        .name("router")
        .image("registry.example.com/router")
        .essential(false)
        .firelens_configuration(
            FirelensConfiguration::builder()
                .firelens_type(FirelensType::Fluentbit)
                .option("enable-ecs-log-metadata", "true")
                .build(),
        )
        .log_configuration(
            LogConfiguration::builder()
                .log_driver(LogDriver::Splunk)
                .option("splunk-url", "https://splunk.example.com")
                .secret_option("splunk-token", "token")
                .build(),
        )
        .repository_credentials("registry-login")
        .build();
    let files = EfsVolume::builder()
        .file_system_id("fs-12345678")
        .transit_encryption(true)
        .transit_encryption_port(2049)
        .access_point_id("fsap-12345678")
        .iam(true)
        .build();
    normal(
        TaskDefinition::builder()
            .family("humangov-california")
            .launch(launch)
            .task_role(role())
            .execution_role(role())
            .container(app)
            .container(router)
            .volume(Volume::bind("scratch"))
            .volume(Volume::efs("files", files))
            .build(),
    )
}

fn fargate() -> TaskDefinition {
    full(
        FargateTask::builder()
            .size(fargate_size!(512, 1024))
            .ephemeral_storage_gib(30)
            .runtime_platform(RuntimePlatform::LINUX_ARM64)
            .pid_mode(FargatePidMode::Task)
            .build(),
    )
}

fn small() -> TaskDefinition {
    let app = ContainerDefinition::builder().name("app").image("nginx").port(80).build();
    normal(
        TaskDefinition::builder()
            .family("humangov-california")
            .launch(fargate_size!(256, 512))
            .container(app)
            .build(),
    )
}

/// What is sent to register `task`.
fn request(task: &TaskDefinition) -> RegisterTaskDefinitionInput {
    let client = mock_client!(aws_sdk_ecs, []);
    let call = request::register(&client, task).expect("known to this version");
    call.as_input().clone().build().expect("complete")
}

/// What AWS describes once `sent` is registered.
fn described(sent: RegisterTaskDefinitionInput) -> types::TaskDefinition {
    types::TaskDefinition::builder()
        .task_definition_arn(ARN)
        .set_family(sent.family)
        .revision(7)
        .status(TaskDefinitionStatus::Active)
        .set_task_role_arn(sent.task_role_arn)
        .set_execution_role_arn(sent.execution_role_arn)
        .set_network_mode(sent.network_mode)
        .set_container_definitions(sent.container_definitions)
        .set_volumes(sent.volumes)
        .set_placement_constraints(sent.placement_constraints)
        .set_requires_compatibilities(sent.requires_compatibilities)
        .set_cpu(sent.cpu)
        .set_memory(sent.memory)
        .set_pid_mode(sent.pid_mode)
        .set_ipc_mode(sent.ipc_mode)
        .set_ephemeral_storage(sent.ephemeral_storage)
        .set_runtime_platform(sent.runtime_platform)
        .build()
}

fn describes(definition: &types::TaskDefinition, tags: &[(&str, &str)]) -> Rule {
    let tags: Vec<Tag> =
        tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
    let answer = DescribeTaskDefinitionOutput::builder()
        .task_definition(definition.clone())
        .set_tags(Some(tags))
        .build();
    mock!(Client::describe_task_definition)
        .match_requests(|request| request.include() == [TaskDefinitionField::Tags])
        .then_output(move || answer.clone())
}

fn client_exception(message: &str) -> ClientException {
    let meta = ErrorMetadata::builder().code("ClientException").message(message).build();
    ClientException::builder().message(message).meta(meta).build()
}

fn describes_nothing() -> Rule {
    mock!(Client::describe_task_definition).then_error(|| {
        DescribeTaskDefinitionError::ClientException(client_exception("Unable to describe task definition."))
    })
}

fn outputs() -> TaskDefinitionOutputs {
    TaskDefinitionOutputs {
        arn: ARN.parse().expect("an ARN"),
        family: "humangov-california".to_owned(),
        revision: 7,
    }
}

async fn read(client: Client, wanted: &TaskDefinition) -> Option<Live<TaskDefinition>> {
    let cx = cx(ADDRESS);
    let at = Lookup { cx: &cx, spec: wanted, outputs: None, depth: Depth::Full };
    TaskDefinitionHandler::new(client).read(at).await.expect("read")
}

async fn delete(client: Client) -> Result<(), HandlerError> {
    let (spec, outputs) = (small(), outputs());
    let prior = Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
    TaskDefinitionHandler::new(client).delete(&cx(ADDRESS), prior).await
}

#[tokio::test]
async fn a_revision_is_registered_with_its_owner_and_its_content_in_its_tags() {
    let wanted = fargate();
    let digest = wanted.content_digest().to_string();
    let answer = described(request(&wanted));
    let register = mock!(Client::register_task_definition)
        .match_requests(move |request| {
            let tags = tags::of_ecs(request.tags());
            tags.get("humangov:stack") == Some("california")
                && tags.get("humangov:address") == Some(ADDRESS)
                && tags.get(DIGEST) == Some(digest.as_str())
                && request.requires_compatibilities() == [types::Compatibility::Fargate]
                && request.network_mode() == Some(&types::NetworkMode::Awsvpc)
                && (request.cpu(), request.memory()) == (Some("512"), Some("1024"))
                && request.execution_role_arn() == Some(ROLE)
        })
        .then_output(move || RegisterTaskDefinitionOutput::builder().task_definition(answer.clone()).build());
    let handler = TaskDefinitionHandler::new(mock_client!(aws_sdk_ecs, [&register]));
    assert_eq!(handler.create(&cx(ADDRESS), &wanted).await.expect("registered"), outputs());
    assert_eq!(register.num_calls(), 1);
}

#[tokio::test]
async fn a_crowded_family_is_worth_another_try() {
    let register = mock!(Client::register_task_definition).then_error(|| {
        RegisterTaskDefinitionError::ClientException(client_exception(
            "Too many concurrent attempts to create a new revision of the specified family.",
        ))
    });
    let handler = TaskDefinitionHandler::new(mock_client!(aws_sdk_ecs, [&register]));
    let error = handler.create(&cx(ADDRESS), &small()).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::None));
}

#[tokio::test]
async fn an_answer_without_an_arn_is_not_made_up() {
    let register = mock!(Client::register_task_definition).then_output(|| {
        let definition = types::TaskDefinition::builder().family("humangov-california").revision(7).build();
        RegisterTaskDefinitionOutput::builder().task_definition(definition).build()
    });
    let handler = TaskDefinitionHandler::new(mock_client!(aws_sdk_ecs, [&register]));
    let error = handler.create(&cx(ADDRESS), &small()).await.expect_err("no ARN");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::Malformed, Effect::Unknown));
}

#[tokio::test]
async fn every_launch_reads_back_as_the_spec_that_made_it() {
    let ec2 = Ec2Task::builder()
        .network_mode(NetworkMode::Host)
        .cpu(Cpu::from_units(256))
        .memory(Memory::from_mib(1024))
        .pid_mode(PidMode::Host)
        .ipc_mode(IpcMode::None)
        .placement_constraint("attribute:ecs.os-type == linux")
        .build();
    let external = ExternalTask::builder().network_mode(ExternalNetworkMode::Bridge).build();
    for mut wanted in [fargate(), full(ec2), full(external), small()] {
        // Without the digest among the tags, only what is described tells.
        let describe = describes(&described(request(&wanted)), &[("team", "hr")]);
        wanted.tags.insert("team", "hr");
        let live = read(mock_client!(aws_sdk_ecs, [&describe]), &small()).await.expect("there");
        assert_eq!(normal(live.spec), wanted);
        assert_eq!(live.outputs, outputs());
    }
}

#[tokio::test]
async fn what_servers_add_and_leave_out_makes_no_difference() {
    let wanted = small();
    let mut filled = described(request(&wanted));
    for container in filled.container_definitions.iter_mut().flatten() {
        container.mount_points = Some(vec![]);
        container.environment = Some(vec![]);
        container.essential = Some(true);
    }
    let mut bare = described(request(&wanted));
    (bare.task_role_arn, bare.execution_role_arn) = (Some(String::new()), Some(String::new()));
    (bare.pid_mode, bare.ipc_mode) = (Some("".into()), Some("".into()));
    for container in bare.container_definitions.iter_mut().flatten() {
        for mapping in container.port_mappings.iter_mut().flatten() {
            (mapping.host_port, mapping.protocol) = (None, None);
        }
    }
    for definition in [filled, bare] {
        let describe = describes(&definition, &[]);
        let live = read(mock_client!(aws_sdk_ecs, [&describe]), &wanted).await.expect("there");
        assert_eq!(normal(live.spec), wanted);
    }
}

#[tokio::test]
async fn content_is_known_by_its_digest_however_little_is_described() {
    let wanted = fargate();
    let mut definition = described(request(&wanted));
    definition.container_definitions = None;
    let digest = wanted.content_digest().to_string();
    let describe =
        describes(&definition, &[(DIGEST, &digest), ("humangov:fleet", "humangov"), ("team", "hr")]);
    let live = read(mock_client!(aws_sdk_ecs, [&describe]), &wanted).await.expect("there");
    assert_eq!(live.spec.containers, wanted.containers);
    assert_eq!(live.spec.tags, [("team", "hr")].into_iter().collect());
    assert_eq!(live.tags.expect("tagged").len(), 3);
}

#[tokio::test]
async fn a_recorded_revision_is_looked_for_by_its_arn_and_others_by_family() {
    let definition = described(request(&small()));
    for (recorded, expected) in [(Some(outputs()), ARN), (None, "humangov-california")] {
        let answer = DescribeTaskDefinitionOutput::builder().task_definition(definition.clone()).build();
        let describe = mock!(Client::describe_task_definition)
            .match_requests(move |request| request.task_definition() == Some(expected))
            .then_output(move || answer.clone());
        let handler = TaskDefinitionHandler::new(mock_client!(aws_sdk_ecs, [&describe]));
        let (cx, spec) = (cx(ADDRESS), small());
        let at = Lookup { cx: &cx, spec: &spec, outputs: recorded.as_ref(), depth: Depth::Identity };
        assert!(handler.read(at).await.expect("read").is_some());
        assert_eq!(describe.num_calls(), 1);
    }
}

#[tokio::test]
async fn what_is_unknown_or_inactive_is_not_there() {
    let describe = describes_nothing();
    assert_eq!(read(mock_client!(aws_sdk_ecs, [&describe]), &small()).await, None);
    for status in [TaskDefinitionStatus::Inactive, TaskDefinitionStatus::DeleteInProgress] {
        let mut definition = described(request(&small()));
        definition.status = Some(status);
        let describe = describes(&definition, &[]);
        assert_eq!(read(mock_client!(aws_sdk_ecs, [&describe]), &small()).await, None);
    }
}

#[tokio::test]
async fn only_tags_that_differ_are_sent() {
    let untag = mock!(Client::untag_resource)
        .match_requests(|request| request.resource_arn() == Some(ARN) && request.tag_keys() == ["old"])
        .then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource)
        .match_requests(|request| {
            let tags = tags::of_ecs(request.tags());
            tags.get("new") == Some("1") && tags.get("same").is_none() && tags.owner().is_some()
        })
        .then_output(|| TagResourceOutput::builder().build());
    let (mut prior, mut desired, outputs) = (small(), small(), outputs());
    prior.tags = [("old", "1"), ("same", "1")].into_iter().collect();
    desired.tags = [("new", "1"), ("same", "1")].into_iter().collect();
    let handler = TaskDefinitionHandler::new(mock_client!(aws_sdk_ecs, [&untag, &tag]));
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    assert_eq!(handler.update(&cx(ADDRESS), change).await.expect("tagged"), outputs);
    let nothing = Update { prior: &desired, outputs: &outputs, desired: &desired };
    handler.update(&cx(ADDRESS), nothing).await.expect("nothing to do");
    assert_eq!((untag.num_calls(), tag.num_calls()), (1, 1));
}

#[tokio::test]
async fn half_an_update_is_told_as_such() {
    let untag = mock!(Client::untag_resource).then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource)
        .then_error(|| TagResourceError::ClientException(client_exception("no such tag")));
    let (mut prior, mut desired, outputs) = (small(), small(), outputs());
    prior.tags.insert("old", "1");
    desired.tags.insert("new", "1");
    let handler = TaskDefinitionHandler::new(mock_client!(aws_sdk_ecs, [&untag, &tag]));
    let change = Update { prior: &prior, outputs: &outputs, desired: &desired };
    let error = handler.update(&cx(ADDRESS), change).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::Invalid, Effect::Unknown));
}

fn deregisters() -> Rule {
    mock!(Client::deregister_task_definition)
        .match_requests(|request| request.task_definition() == Some(ARN))
        .then_output(|| DeregisterTaskDefinitionOutput::builder().build())
}

fn refuses_to_deregister(message: &'static str) -> Rule {
    mock!(Client::deregister_task_definition)
        .then_error(move || DeregisterTaskDefinitionError::ClientException(client_exception(message)))
}

fn deletes() -> Rule {
    mock!(Client::delete_task_definitions)
        .match_requests(|request| request.task_definitions() == [ARN])
        .then_output(|| DeleteTaskDefinitionsOutput::builder().build())
}

fn fails_to_delete(reason: &'static str) -> Rule {
    mock!(Client::delete_task_definitions).then_output(move || {
        let failure = Failure::builder().arn(ARN).reason(reason).build();
        DeleteTaskDefinitionsOutput::builder().failures(failure).build()
    })
}

#[tokio::test]
async fn a_revision_is_deregistered_and_deleted() {
    let (deregister, remove) = (deregisters(), deletes());
    delete(mock_client!(aws_sdk_ecs, [&deregister, &remove])).await.expect("deleted");
    assert_eq!((deregister.num_calls(), remove.num_calls()), (1, 1));
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted() {
    let deregister = refuses_to_deregister("Unable to describe task definition.");
    delete(mock_client!(aws_sdk_ecs, [&deregister])).await.expect("nothing to do");
    let (deregister, remove) = (
        deregisters(),
        fails_to_delete(
            "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
        ),
    );
    delete(mock_client!(aws_sdk_ecs, [&deregister, &remove])).await.expect("nothing to do");
}

#[tokio::test]
async fn what_is_inactive_already_is_deleted_all_the_same() {
    const REFUSAL: &str = "The specified task definition is inactive.";
    let mut definition = described(request(&small()));
    definition.status = Some(TaskDefinitionStatus::Inactive);
    let (deregister, describe, remove) =
        (refuses_to_deregister(REFUSAL), describes(&definition, &[]), deletes());
    delete(mock_client!(aws_sdk_ecs, [&deregister, &describe, &remove])).await.expect("deleted");
    assert_eq!(remove.num_calls(), 1);

    definition.status = Some(TaskDefinitionStatus::DeleteInProgress);
    let (deregister, describe) = (refuses_to_deregister(REFUSAL), describes(&definition, &[]));
    delete(mock_client!(aws_sdk_ecs, [&deregister, &describe])).await.expect("nothing to do");

    let (deregister, describe) = (refuses_to_deregister(REFUSAL), describes_nothing());
    delete(mock_client!(aws_sdk_ecs, [&deregister, &describe])).await.expect("nothing to do");
}

#[tokio::test]
async fn a_refusal_to_deregister_what_is_active_is_passed_on() {
    let deregister = refuses_to_deregister("Not now.");
    let describe = describes(&described(request(&small())), &[]);
    let error = delete(mock_client!(aws_sdk_ecs, [&deregister, &describe])).await.expect_err("refused");
    assert_eq!(error.to_string(), "DeregisterTaskDefinition failed: ClientException: Not now.");
}

#[tokio::test]
async fn a_deregistration_not_seen_yet_is_worth_another_try() {
    let (deregister, remove) = (
        deregisters(),
        fails_to_delete(
            "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
        ),
    );
    let error = delete(mock_client!(aws_sdk_ecs, [&deregister, &remove])).await.expect_err("too early");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::Unknown));
}
