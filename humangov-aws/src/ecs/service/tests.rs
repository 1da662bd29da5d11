// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_ecs::{
    error::ErrorMetadata,
    operation::{
        create_service::{CreateServiceError, CreateServiceOutput},
        delete_service::{DeleteServiceError, DeleteServiceOutput},
        describe_services::{DescribeServicesError, DescribeServicesOutput},
        describe_tasks::DescribeTasksOutput,
        list_tasks::{ListTasksError, ListTasksOutput},
        tag_resource::TagResourceOutput,
        untag_resource::UntagResourceOutput,
        update_service::UpdateServiceOutput,
    },
    types::{
        DeploymentRolloutState as State,
        error::{
            ClientException, ClusterNotFoundException, InvalidParameterException, ServiceNotFoundException,
        },
    },
};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use aws_smithy_types::DateTime;
use humangov_core::{
    arn::Arn,
    handler::{Contents, Depth, Effect},
    kind::{
        ecs::{
            AvailabilityZoneRebalancing, AwsvpcConfiguration, BinpackField, CircuitBreaker, Cluster,
            DeploymentAlarms, DeploymentConfiguration, Ec2CapacityLaunch, Ec2Launch, ExternalLaunch,
            FargateCapacityLaunch, FargateLaunch, Launch, PlacementConstraint, PlacementStrategy,
            PropagateTags, TaskDefinition,
        },
        elbv2::TargetGroup,
    },
    value::{Input, Reference, Source},
};

const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/humangov";
const SERVICE: &str = "arn:aws:ecs:us-east-1:123456789012:service/humangov/california";
const ADDRESS: &str = "ecs.service/app";
const STARTED: i64 = 1_790_000_000;

fn arn<R>(text: &str) -> Arn<R> {
    text.parse().unwrap()
}

fn revision(number: u32) -> Arn<TaskDefinition> {
    arn(&format!("arn:aws:ecs:us-east-1:123456789012:task-definition/california:{number}"))
}

fn target_group() -> Arn<TargetGroup> {
    arn("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/california/0123")
}

fn network() -> AwsvpcConfiguration {
    AwsvpcConfiguration::builder().subnet("subnet-2").subnet("subnet-1").security_group("sg-1").build()
}

fn on(launch: impl Into<Launch>) -> Service {
    let mut service = Service::builder()
        .name("california")
        .cluster(arn::<Cluster>(CLUSTER))
        .task_definition(revision(2))
        .launch(launch)
        .build();
    service.normalize();
    service
}

fn fargate() -> Service {
    let launch = FargateLaunch::builder().network(network()).load_balancer(target_group(), "nginx", 80);
    let mut service = on(launch.build());
    service.desired_count = Some(2);
    service
}

/// A service as ECS would show it.
fn shown(spec: &Service) -> types::Service {
    let launch = &spec.launch;
    let mut service = types::Service::builder()
        .service_arn(SERVICE.replace("california", &spec.name))
        .service_name(&spec.name)
        .cluster_arn(spec.cluster.text())
        .status("ACTIVE")
        .desired_count(spec.desired_count.map_or(7, convert::int))
        .set_launch_type(launch.launch_type().map(convert::launch_type))
        .set_capacity_provider_strategy(Some(convert::strategy(&launch.capacity_provider_strategy())))
        .set_platform_version(launch.platform_version().map(str::to_owned))
        .set_network_configuration(launch.network().map(convert::network))
        .set_load_balancers(Some(convert::load_balancers(launch.load_balancers())))
        .set_placement_constraints(Some(convert::placement_constraints(launch.placement_constraints())))
        .set_placement_strategy(Some(convert::placement_strategy(launch.placement_strategy())))
        .scheduling_strategy(convert::scheduling(launch.scheduling()))
        .set_health_check_grace_period_seconds(spec.health_check_grace_period_seconds.map(convert::int))
        .deployment_configuration(convert::deployment_configuration(&spec.deployment_configuration, true))
        .set_availability_zone_rebalancing(spec.availability_zone_rebalancing.map(convert::rebalancing))
        .enable_execute_command(spec.enable_execute_command)
        .enable_ecs_managed_tags(spec.enable_ecs_managed_tags)
        .propagate_tags(convert::propagate_tags(spec.propagate_tags))
        .task_definition(spec.task_definition.text())
        .deployments(deployment("ecs-svc/8157234", 2, "PRIMARY", State::InProgress, (0, 2)).build());
    for (key, value) in spec.tags.iter().chain([("humangov:fleet", "humangov")]) {
        service = service.tags(types::Tag::builder().key(key).value(value).build());
    }
    service.build()
}

fn deployment(
    id: &str,
    number: u32,
    status: &str,
    state: State,
    (running, desired): (i32, i32),
) -> types::builders::DeploymentBuilder {
    types::Deployment::builder()
        .id(id)
        .status(status)
        .task_definition(revision(number).as_str())
        .rollout_state(state)
        .running_count(running)
        .desired_count(desired)
        .created_at(DateTime::from_secs(STARTED))
}

fn outputs() -> ServiceOutputs {
    convert::outputs(&shown(&fargate())).unwrap()
}

fn described(services: Vec<types::Service>) -> DescribeServicesOutput {
    DescribeServicesOutput::builder().set_services(Some(services)).build()
}

fn describes(service: &types::Service) -> Rule {
    let service = service.clone();
    mock!(Client::describe_services).then_output(move || described(vec![service.clone()]))
}

fn describes_nothing() -> Rule {
    mock!(Client::describe_services).then_output(|| {
        let failure = types::Failure::builder().reason("MISSING").build();
        DescribeServicesOutput::builder().failures(failure).build()
    })
}

fn meta(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn no_cluster() -> ClusterNotFoundException {
    ClusterNotFoundException::builder().meta(meta("ClusterNotFoundException", "Cluster not found.")).build()
}

async fn create(client: Client, spec: &Service) -> Result<ServiceOutputs, HandlerError> {
    ServiceHandler::new(client).create(&cx(ADDRESS), spec).await
}

async fn update(client: Client, prior: &Service, desired: &Service) -> Result<ServiceOutputs, HandlerError> {
    let outputs = outputs();
    let change = Update { prior, outputs: &outputs, desired };
    ServiceHandler::new(client).update(&cx(ADDRESS), change).await
}

async fn delete(client: Client) -> Result<(), HandlerError> {
    let (spec, outputs) = (fargate(), outputs());
    let prior = Prior { spec: &spec, outputs: &outputs, contents: Contents::MustBeEmpty };
    ServiceHandler::new(client).delete(&cx(ADDRESS), prior).await
}

#[tokio::test]
async fn a_service_is_made_with_a_token_and_its_owner_in_its_tags() {
    let create_service = mock!(Client::create_service)
        .match_requests(|request| {
            let network = request.network_configuration().unwrap().awsvpc_configuration().unwrap();
            let balancer = &request.load_balancers()[0];
            let tag = |key: &str| request.tags().iter().find(|tag| tag.key() == Some(key));
            request.client_token().is_some_and(|token| token.len() == 32)
                && request.cluster() == Some(CLUSTER)
                && request.desired_count() == Some(2)
                && request.launch_type() == Some(&types::LaunchType::Fargate)
                && request.scheduling_strategy() == Some(&types::SchedulingStrategy::Replica)
                && request.capacity_provider_strategy.is_none()
                && request.platform_version() == Some("LATEST")
                && network.security_groups() == ["sg-1"]
                && network.subnets() == ["subnet-1", "subnet-2"]
                && network.assign_public_ip() == Some(&types::AssignPublicIp::Disabled)
                && balancer.container_name() == Some("nginx")
                && balancer.container_port() == Some(80)
                && request.health_check_grace_period_seconds() == Some(0)
                && tag("humangov:address").and_then(types::Tag::value) == Some(ADDRESS)
        })
        .then_output(|| CreateServiceOutput::builder().service(shown(&fargate())).build());
    let made = create(mock_client!(aws_sdk_ecs, [&create_service]), &fargate()).await.unwrap();
    assert_eq!(made.arn.as_str(), SERVICE);
    assert_eq!(made.cluster_name, "humangov");
    assert_eq!(made.deployment.as_deref(), Some("ecs-svc/8157234"));
    assert_eq!(made.deployment_created_at.as_deref(), Some("2026-09-21T14:13:20Z"));
    assert_eq!(made.task_definition, revision(2));
    assert_eq!(create_service.num_calls(), 1);
}

#[tokio::test]
async fn a_service_that_something_else_scales_begins_with_one_task() {
    let mut spec = fargate();
    spec.desired_count = None;
    let create_service = mock!(Client::create_service)
        .match_requests(|request| request.desired_count() == Some(1))
        .then_output(|| CreateServiceOutput::builder().service(shown(&fargate())).build());
    create(mock_client!(aws_sdk_ecs, [&create_service]), &spec).await.unwrap();
}

#[tokio::test]
async fn a_daemon_has_no_desired_count_and_a_strategy_no_launch_type() {
    let daemon = mock!(Client::create_service)
        .match_requests(|request| {
            request.desired_count().is_none()
                && request.scheduling_strategy() == Some(&types::SchedulingStrategy::Daemon)
                && request.launch_type() == Some(&types::LaunchType::External)
                && request.network_configuration().is_none()
                && request.load_balancers.is_none()
                && request.health_check_grace_period_seconds().is_none()
        })
        .then_output(|| CreateServiceOutput::builder().service(shown(&fargate())).build());
    let spot = mock!(Client::create_service)
        .match_requests(|request| {
            let strategy = request.capacity_provider_strategy();
            request.launch_type().is_none()
                && strategy[0].capacity_provider() == "FARGATE_SPOT"
                && (strategy[0].weight(), strategy[0].base()) == (3, 1)
        })
        .then_output(|| CreateServiceOutput::builder().service(shown(&fargate())).build());
    let client = mock_client!(aws_sdk_ecs, [&daemon, &spot]);
    let external = on(ExternalLaunch::builder().scheduling(Scheduling::Daemon).build());
    create(client.clone(), &external).await.unwrap();
    let capacity = FargateCapacityLaunch::builder().network(network()).fargate_spot(3, 1).build();
    create(client, &on(capacity)).await.unwrap();
    assert_eq!((daemon.num_calls(), spot.num_calls()), (1, 1));
}

#[tokio::test]
async fn an_answer_without_an_arn_is_not_made_up() {
    let create_service = mock!(Client::create_service)
        .then_output(|| CreateServiceOutput::builder().service(types::Service::builder().build()).build());
    let error = create(mock_client!(aws_sdk_ecs, [&create_service]), &fargate()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::Malformed, Effect::Unknown));
}

fn taken_on_aws() -> Rule {
    mock!(Client::create_service).then_error(|| {
        let meta = meta("InvalidParameterException", "Creation of service was not idempotent.");
        CreateServiceError::InvalidParameterException(InvalidParameterException::builder().meta(meta).build())
    })
}

#[tokio::test]
async fn a_taken_name_is_told_apart_from_one_that_will_be_free() {
    let emulated = mock!(Client::create_service).then_error(|| {
        let meta = meta("ClientException", "Creation of service was not idempotent.");
        CreateServiceError::ClientException(ClientException::builder().meta(meta).build())
    });
    for refused in [taken_on_aws(), emulated] {
        let active = describes(&shown(&fargate()));
        let error = create(mock_client!(aws_sdk_ecs, [&refused, &active]), &fargate()).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));
    }
    let mut service = shown(&fargate());
    service.status = Some("DRAINING".to_owned());
    let (refused, draining) = (taken_on_aws(), describes(&service));
    let error = create(mock_client!(aws_sdk_ecs, [&refused, &draining]), &fargate()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::None));
}

#[tokio::test]
async fn what_is_not_seen_everywhere_yet_is_worth_another_try() {
    let unseen = mock!(Client::create_service)
        .then_error(|| CreateServiceError::ClusterNotFoundException(no_cluster()));
    let error = create(mock_client!(aws_sdk_ecs, [&unseen]), &fargate()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::None));
}

#[tokio::test]
async fn services_are_read_ten_at_a_time_and_by_cluster() {
    let other = "arn:aws:ecs:us-east-1:123456789012:cluster/other";
    let mut specs: Vec<Service> = (0..13)
        .map(|i| {
            let mut spec = fargate();
            spec.name = format!("s{i}");
            spec
        })
        .collect();
    specs[3].cluster = arn::<Cluster>(other).into();
    specs[12].cluster = Input::Reference(Reference {
        source: Source::Resource("ecs.cluster/main".parse().unwrap()),
        attr: "arn".into(),
    });
    let answer = |names: &'static [usize], specs: &[Service]| {
        let services: Vec<_> = names.iter().rev().map(|&i| shown(&specs[i])).collect();
        mock!(Client::describe_services)
            .match_requests(move |request| {
                let asked: Vec<String> = names.iter().map(|i| format!("s{i}")).collect();
                request.services() == asked && request.include() == [types::ServiceField::Tags]
            })
            .then_output(move || described(services.clone()))
    };
    let first = answer(&[0, 1, 2, 4, 5, 6, 7, 8, 9, 10], &specs);
    let last = answer(&[11], &specs);
    let gone = mock!(Client::describe_services)
        .match_requests(move |request| request.cluster() == Some(other))
        .then_error(|| DescribeServicesError::ClusterNotFoundException(no_cluster()));
    let handler = ServiceHandler::new(mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [&first, &last, &gone]));
    let cx = cx(ADDRESS);
    let at: Vec<_> =
        specs.iter().map(|spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Identity }).collect();
    let found: Vec<_> = handler
        .read_many(&at)
        .await
        .into_iter()
        .map(|live| live.unwrap().map(|live| live.outputs.name))
        .collect();
    let expected: Vec<_> = (0..13).map(|i| (i != 3 && i != 12).then(|| format!("s{i}"))).collect();
    assert_eq!(found, expected);
    assert_eq!((first.num_calls(), last.num_calls(), gone.num_calls()), (1, 1, 1));
}

#[tokio::test]
async fn what_was_recorded_tells_the_cluster_when_the_spec_cannot() {
    let mut spec = fargate();
    spec.cluster = Input::Reference(Reference {
        source: Source::Resource("ecs.cluster/main".parse().unwrap()),
        attr: "arn".into(),
    });
    let describe = describes(&shown(&fargate()));
    let handler = ServiceHandler::new(mock_client!(aws_sdk_ecs, [&describe]));
    let (cx, outputs) = (cx(ADDRESS), outputs());
    let at = Lookup { cx: &cx, spec: &spec, outputs: Some(&outputs), depth: Depth::Full };
    assert_eq!(handler.read(at).await.unwrap().unwrap().outputs, outputs);
}

#[tokio::test]
async fn services_that_are_going_or_gone_are_not_there() {
    for status in ["DRAINING", "INACTIVE"] {
        let mut service = shown(&fargate());
        service.status = Some(status.to_owned());
        let describe = describes(&service);
        let handler = ServiceHandler::new(mock_client!(aws_sdk_ecs, [&describe]));
        let (cx, spec) = (cx(ADDRESS), fargate());
        let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
        assert_eq!(handler.read(at).await.unwrap(), None, "{status}");
    }
}

#[tokio::test]
async fn every_launch_reads_back_as_the_spec_that_made_it() {
    let placed = PlacementConstraint::MemberOf("attribute:ecs.os-type == linux".to_owned());
    let spread = PlacementStrategy::Spread("attribute:ecs.availability-zone".to_owned());
    let capacity = FargateCapacityLaunch::builder()
        .network(network())
        .fargate(1, 1)
        .fargate_spot(3, 0)
        .platform_version("1.4.0");
    let ec2 = Ec2Launch::builder()
        .network(network())
        .placement_constraint(placed.clone())
        .placement_constraint(PlacementConstraint::DistinctInstance)
        .placement_strategy(spread)
        .placement_strategy(PlacementStrategy::Binpack(BinpackField::Memory))
        .placement_strategy(PlacementStrategy::Random)
        .load_balancer(target_group(), "nginx", 80);
    let ec2_capacity = Ec2CapacityLaunch::builder().provider("big", 1, 0).provider("small", 2, 1);
    let mut full = fargate();
    full.health_check_grace_period_seconds = Some(60);
    full.deployment_configuration = DeploymentConfiguration::builder()
        .minimum_healthy_percent(50)
        .maximum_percent(150)
        .circuit_breaker(CircuitBreaker::ROLL_BACK)
        .alarms(DeploymentAlarms::builder().alarm("errors").rollback(true).build())
        .build();
    full.availability_zone_rebalancing = Some(AvailabilityZoneRebalancing::Disabled);
    full.enable_execute_command = true;
    full.enable_ecs_managed_tags = true;
    full.propagate_tags = PropagateTags::TaskDefinition;
    full.tags.insert("team", "hr");
    let mut specs = vec![
        full,
        on(capacity.build()),
        on(ec2.build()),
        on(ec2_capacity.build()),
        on(ExternalLaunch::builder().placement_constraint(placed).build()),
    ];
    specs.iter_mut().for_each(|spec| spec.desired_count = Some(3));
    specs.push(on(Ec2Launch::builder().scheduling(Scheduling::Daemon).build()));
    for mut spec in specs {
        spec.normalize();
        let live = convert::live(&shown(&spec)).unwrap();
        assert_eq!(live.spec, spec);
        assert_eq!(live.tags.unwrap().get("humangov:fleet"), Some("humangov"));
    }
}

#[tokio::test]
async fn what_a_server_leaves_out_makes_no_difference() {
    let mut service = shown(&fargate());
    service.deployment_configuration = None;
    service.health_check_grace_period_seconds = None;
    service.platform_version = None;
    service.propagate_tags = None;
    assert_eq!(convert::live(&service).unwrap().spec, fargate());
}

fn updates(
    check: impl Fn(&aws_sdk_ecs::operation::update_service::UpdateServiceInput) -> bool + Send + Sync + 'static,
) -> Rule {
    mock!(Client::update_service)
        .match_requests(move |request| {
            request.cluster() == Some(CLUSTER) && request.service() == Some("california") && check(request)
        })
        .then_output(|| {
            let mut service = shown(&fargate());
            let new = deployment("ecs-svc/9999", 3, "PRIMARY", State::InProgress, (0, 2)).build();
            let old = deployment("ecs-svc/8157234", 2, "ACTIVE", State::Completed, (2, 2)).build();
            service.deployments = Some(vec![new, old]);
            UpdateServiceOutput::builder().service(service).build()
        })
}

#[tokio::test]
async fn a_new_task_definition_starts_the_deployment_that_is_followed() {
    let mut desired = fargate();
    desired.task_definition = revision(3).into();
    let rule = updates(|request| {
        request.task_definition() == Some(revision(3).as_str())
            && request.desired_count().is_none()
            && request.force_new_deployment().is_none()
            && request.network_configuration().is_none()
            && request.load_balancers.is_none()
            && request.deployment_configuration().is_none()
            && request.platform_version().is_none()
            && request.propagate_tags().is_none()
            && request.enable_execute_command().is_none()
    });
    let after = update(mock_client!(aws_sdk_ecs, [&rule]), &fargate(), &desired).await.unwrap();
    assert_eq!(after.deployment.as_deref(), Some("ecs-svc/9999"));
    assert_eq!(after.task_definition, revision(3));
}

#[tokio::test]
async fn a_count_that_something_else_sets_is_never_sent() {
    let (prior, mut desired) = (fargate(), fargate());
    desired.desired_count = None;
    // No rule: any call would fail.
    let after = update(mock_client!(aws_sdk_ecs, []), &prior, &desired).await.unwrap();
    assert_eq!(after, outputs());
    desired.desired_count = Some(5);
    let rule = updates(|request| request.desired_count() == Some(5) && request.task_definition().is_none());
    update(mock_client!(aws_sdk_ecs, [&rule]), &prior, &desired).await.unwrap();
}

#[tokio::test]
async fn another_capacity_provider_strategy_forces_a_deployment() {
    let capacity = |weight| {
        let launch = FargateCapacityLaunch::builder().network(network()).fargate_spot(weight, 0).build();
        on(launch)
    };
    let changed = updates(|request| {
        request.capacity_provider_strategy()[0].weight() == 2 && request.force_new_deployment() == Some(true)
    });
    update(mock_client!(aws_sdk_ecs, [&changed]), &capacity(1), &capacity(2)).await.unwrap();
    // An empty strategy leads back to the launch type.
    let back = updates(|request| {
        request.capacity_provider_strategy.as_ref().is_some_and(Vec::is_empty)
            && request.force_new_deployment() == Some(true)
    });
    let plain = on(FargateLaunch::builder().network(network()).build());
    update(mock_client!(aws_sdk_ecs, [&back]), &capacity(1), &plain).await.unwrap();
}

#[tokio::test]
async fn what_was_set_and_is_no_longer_is_sent_empty() {
    let mut prior = fargate();
    prior.launch = FargateLaunch::builder()
        .network(network())
        .load_balancer(target_group(), "nginx", 80)
        .platform_version("1.3.0")
        .build()
        .into();
    prior.health_check_grace_period_seconds = Some(60);
    prior.enable_execute_command = true;
    prior.enable_ecs_managed_tags = true;
    prior.propagate_tags = PropagateTags::Service;
    prior.availability_zone_rebalancing = Some(AvailabilityZoneRebalancing::Disabled);
    prior.deployment_configuration = DeploymentConfiguration::builder()
        .minimum_healthy_percent(50)
        .circuit_breaker(CircuitBreaker::ROLL_BACK)
        .alarms(DeploymentAlarms::builder().alarm("errors").build())
        .build();
    let mut desired = on(FargateLaunch::builder().network(network()).build());
    desired.desired_count = Some(2);
    let rule = updates(|request| {
        let configuration = request.deployment_configuration().unwrap();
        let breaker = configuration.deployment_circuit_breaker().unwrap();
        let alarms = configuration.alarms().unwrap();
        request.load_balancers.as_ref().is_some_and(Vec::is_empty)
            && request.platform_version() == Some("LATEST")
            && request.health_check_grace_period_seconds() == Some(0)
            && request.enable_execute_command() == Some(false)
            && request.enable_ecs_managed_tags() == Some(false)
            && request.propagate_tags() == Some(&types::PropagateTags::None)
            && request.availability_zone_rebalancing().is_none()
            && configuration.minimum_healthy_percent() == Some(100)
            && configuration.maximum_percent() == Some(200)
            && !breaker.enable()
            && !breaker.rollback()
            && alarms.alarm_names().is_empty()
            && !alarms.enable()
    });
    update(mock_client!(aws_sdk_ecs, [&rule]), &prior, &desired).await.unwrap();
}

#[tokio::test]
async fn the_settings_of_instances_are_sent_and_taken_back() {
    let bare = on(Ec2Launch::builder().build());
    let full = Ec2Launch::builder()
        .network(network())
        .placement_constraint(PlacementConstraint::DistinctInstance)
        .placement_strategy(PlacementStrategy::Random)
        .build();
    let full = on(full);
    let set = updates(|request| {
        request.network_configuration().is_some_and(|network| network.awsvpc_configuration().is_some())
            && request.placement_constraints().len() == 1
            && request.placement_strategy().len() == 1
    });
    update(mock_client!(aws_sdk_ecs, [&set]), &bare, &full).await.unwrap();
    let cleared = updates(|request| {
        request.network_configuration().is_some_and(|network| network.awsvpc_configuration().is_none())
            && request.placement_constraints.as_ref().is_some_and(Vec::is_empty)
            && request.placement_strategy.as_ref().is_some_and(Vec::is_empty)
    });
    update(mock_client!(aws_sdk_ecs, [&cleared]), &full, &bare).await.unwrap();
}

#[tokio::test]
async fn only_tags_that_differ_are_sent() {
    let (mut prior, mut desired) = (fargate(), fargate());
    prior.tags.insert("old", "1");
    desired.tags.insert("new", "1");
    let untag = mock!(Client::untag_resource)
        .match_requests(|request| request.resource_arn() == Some(SERVICE) && request.tag_keys() == ["old"])
        .then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource)
        .match_requests(|request| request.tags().iter().any(|tag| tag.key() == Some("new")))
        .then_output(|| TagResourceOutput::builder().build());
    update(mock_client!(aws_sdk_ecs, [&untag, &tag]), &prior, &desired).await.unwrap();
    assert_eq!((untag.num_calls(), tag.num_calls()), (1, 1));
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted() {
    let missing = describes_nothing();
    delete(mock_client!(aws_sdk_ecs, [&missing])).await.unwrap();
    let no_such_cluster = mock!(Client::describe_services)
        .then_error(|| DescribeServicesError::ClusterNotFoundException(no_cluster()));
    delete(mock_client!(aws_sdk_ecs, [&no_such_cluster])).await.unwrap();
    let mut service = shown(&fargate());
    service.status = Some("INACTIVE".to_owned());
    let inactive = describes(&service);
    delete(mock_client!(aws_sdk_ecs, [&inactive])).await.unwrap();
    let active = describes(&shown(&fargate()));
    let vanished = mock!(Client::delete_service).then_error(|| {
        let meta = meta("ServiceNotFoundException", "Service not found.");
        DeleteServiceError::ServiceNotFoundException(ServiceNotFoundException::builder().meta(meta).build())
    });
    delete(mock_client!(aws_sdk_ecs, [&active, &vanished])).await.unwrap();
    assert_eq!(vanished.num_calls(), 1);
}

#[tokio::test]
async fn a_deletion_is_over_when_the_last_task_has_stopped() {
    let ends_as = |status: &'static str| {
        mock!(Client::delete_service).match_requests(|request| request.force() == Some(true)).then_output(
            move || {
                let mut service = shown(&fargate());
                service.status = Some(status.to_owned());
                service.running_count = 2;
                DeleteServiceOutput::builder().service(service).build()
            },
        )
    };
    let (active, draining) = (describes(&shown(&fargate())), ends_as("DRAINING"));
    let error = delete(mock_client!(aws_sdk_ecs, [&active, &draining])).await.unwrap_err();
    assert_eq!(error.kind(), HandlerErrorKind::NotYet);
    assert_eq!(error.message(), "draining: 2 tasks left");

    // Asked again, it is only looked at.
    let mut service = shown(&fargate());
    service.status = Some("DRAINING".to_owned());
    service.running_count = 1;
    let still = describes(&service);
    let error = delete(mock_client!(aws_sdk_ecs, [&still])).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (HandlerErrorKind::NotYet, "draining: 1 task left"));

    let (active, at_once) = (describes(&shown(&fargate())), ends_as("INACTIVE"));
    delete(mock_client!(aws_sdk_ecs, [&active, &at_once])).await.unwrap();
}

#[tokio::test]
async fn a_service_whose_deployments_are_active_is_deleted_later() {
    let active = describes(&shown(&fargate()));
    let refused = mock!(Client::delete_service).then_error(|| {
        let message = "The service cannot be stopped while deployments are active.";
        DeleteServiceError::InvalidParameterException(
            InvalidParameterException::builder().meta(meta("InvalidParameterException", message)).build(),
        )
    });
    let error = delete(mock_client!(aws_sdk_ecs, [&active, &refused])).await.unwrap_err();
    assert_eq!(error.kind(), HandlerErrorKind::NotYet);
}

mod following;
