// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sandbox under the SDK's own clients.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "what a test measured")]
#![expect(clippy::disallowed_methods, reason = "how long a virtual day takes on the wall is what is told")]

use aws_sdk_ecs::client::Waiters;
use aws_sdk_s3::primitives::ByteStream;
use humangov_aws::{
    Clients,
    sandbox::{CallOutcome, Fault, FaultKind, ImageFailure, Sandbox, SandboxOptions},
};
use std::time::{Duration, Instant};

/// How many callers race for one write, and how often.
const CALLERS: usize = 64;
const ROUNDS: usize = 100;

fn clients(sandbox: &Sandbox) -> Clients {
    Clients::new(&sandbox.sdk_config())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_conditional_puts_of_one_object_one_wins() {
    let s3 = clients(&Sandbox::new()).s3;
    s3.create_bucket().bucket("locks").send().await.unwrap();
    for round in 0..ROUNDS {
        let put = |caller: usize| {
            let body = ByteStream::from(format!("caller {caller}").into_bytes());
            s3.put_object().bucket("locks").key(format!("{round}")).if_none_match("*").body(body).send()
        };
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(put(caller));
        }
        let answers = callers.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_conditional_writes_of_one_item_one_wins() {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    let dynamodb = clients(&Sandbox::new()).dynamodb;
    let key = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let schema = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let table = dynamodb.create_table().table_name("locks").billing_mode(BillingMode::PayPerRequest);
    let table = table.attribute_definitions(key.build().unwrap()).key_schema(schema.build().unwrap());
    table.send().await.unwrap();
    for round in 0..ROUNDS {
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            let put =
                dynamodb.put_item().table_name("locks").item("id", AttributeValue::S(format!("{round}")));
            let put = put.item("holder", AttributeValue::N(caller.to_string()));
            callers.spawn(put.condition_expression("attribute_not_exists(id)").send());
        }
        let answers = callers.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "round {round}");
    }
}

#[tokio::test]
async fn a_large_object_that_is_streamed_comes_back_whole() {
    let s3 = clients(&Sandbox::new()).s3;
    s3.create_bucket().bucket("documents").send().await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = (0..20 * 1024 * 1024_u32)
        .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect();
    std::fs::write(file.path(), &bytes).unwrap();
    let body = ByteStream::from_path(file.path()).await.unwrap();
    s3.put_object().bucket("documents").key("scan.pdf").body(body).send().await.unwrap();
    let got = s3.get_object().bucket("documents").key("scan.pdf").send().await.unwrap();
    assert_eq!(got.content_length(), Some(20 * 1024 * 1024));
    assert!(got.body.collect().await.unwrap().to_vec() == bytes, "other bytes came back");
}

/// Makes a service `web` of one task in a cluster `main`.
async fn a_service(clients: &Clients, image: &str) {
    use aws_sdk_ecs::types::{
        AssignPublicIp, AwsVpcConfiguration, Compatibility, ContainerDefinition, DeploymentCircuitBreaker,
        DeploymentConfiguration, LaunchType, NetworkConfiguration, NetworkMode,
    };
    let subnets = clients.ec2.describe_subnets().send().await.unwrap();
    let subnet = subnets.subnets()[0].subnet_id().unwrap();
    clients.ecs.create_cluster().cluster_name("main").send().await.unwrap();
    let container = ContainerDefinition::builder().name("app").image(image).build();
    let task = clients.ecs.register_task_definition().family("web").network_mode(NetworkMode::Awsvpc);
    let task = task.requires_compatibilities(Compatibility::Fargate).cpu("256").memory("512");
    task.container_definitions(container).send().await.unwrap();
    let network = AwsVpcConfiguration::builder().subnets(subnet).assign_public_ip(AssignPublicIp::Enabled);
    let breaker = DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
    let service = clients.ecs.create_service().cluster("main").service_name("web").task_definition("web");
    service
        .desired_count(1)
        .launch_type(LaunchType::Fargate)
        .network_configuration(
            NetworkConfiguration::builder().awsvpc_configuration(network.build().unwrap()).build(),
        )
        .deployment_configuration(
            DeploymentConfiguration::builder().deployment_circuit_breaker(breaker).build(),
        )
        .send()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_sdks_waiters_live_in_virtual_time() {
    let mut options = SandboxOptions::aws_like();
    options.timings.task_start = Duration::from_mins(10);
    let sandbox = Sandbox::with_options(&options);
    let clients = clients(&sandbox);
    let (wall, virtually) = (Instant::now(), tokio::time::Instant::now());
    a_service(&clients, "app:v1").await;
    let stable = clients.ecs.wait_until_services_stable().cluster("main").services("web");
    stable.wait(Duration::from_mins(30)).await.unwrap();
    println!("{:?} of virtual time took {:?}", virtually.elapsed(), wall.elapsed());
    assert!(virtually.elapsed() >= Duration::from_mins(10));
    assert!(sandbox.count("DescribeServices") > 5, "it was asked again and again");
}

#[tokio::test(start_paused = true)]
async fn a_failing_image_trips_the_circuit_breaker() {
    let sandbox = Sandbox::with_options(&SandboxOptions::aws_like());
    sandbox.fail_image(ImageFailure::exits("app:bad", 7, ["no database"]));
    let clients = clients(&sandbox);
    a_service(&clients, "app:bad").await;
    tokio::time::sleep(Duration::from_mins(30)).await;
    let described = clients.ecs.describe_services().cluster("main").services("web").send().await.unwrap();
    let deployment = &described.services()[0].deployments()[0];
    assert_eq!(deployment.rollout_state().unwrap().as_str(), "FAILED", "{deployment:?}");
    assert!(deployment.failed_tasks() >= 3, "{deployment:?}");
}

#[tokio::test(start_paused = true)]
async fn faults_meet_the_sdk_as_they_do_on_a_bad_day() {
    let sandbox = Sandbox::new();
    let clients = clients(&sandbox);
    let create = |name: &str| clients.logs.create_log_group().log_group_name(name).send();
    // Throttled twice: the SDK tries again by itself.
    sandbox.inject(Fault::new(FaultKind::Throttle).operation("CreateLogGroup").times(2));
    create("a").await.unwrap();
    assert_eq!(sandbox.count("CreateLogGroup"), 3);
    sandbox.clear_faults();
    // The answer is lost: the SDK tries again, and finds what it made itself.
    sandbox.inject(Fault::new(FaultKind::LostAnswer).operation("CreateLogGroup").times(1));
    let error = create("b").await.unwrap_err().into_service_error();
    assert!(error.is_resource_already_exists_exception(), "{error:?}");
    let calls = sandbox.calls();
    let lost = calls.iter().filter(|call| call.outcome == CallOutcome::AnswerLost).count();
    assert_eq!(lost, 1);
    sandbox.clear_faults();
    sandbox.inject(Fault::new(FaultKind::ResetBefore).operation("CreateLogGroup").times(1));
    create("c").await.unwrap();
    sandbox.clear_faults();
    sandbox.inject(Fault::new(FaultKind::Error {
        code: "AccessDeniedException".into(),
        message: "no".into(),
        status: 400,
    }));
    let error = create("d").await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("AccessDeniedException"));
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_was_not_executed_even_where_its_answer_would_have_been_lost() {
    let sandbox = Sandbox::with_options(&SandboxOptions::aws_like());
    sandbox.inject(Fault::new(FaultKind::LostAnswer).operation("DescribeLogGroups"));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        callers.spawn(clients(&sandbox).logs.describe_log_groups().send());
    }
    callers.join_all().await;
    let calls = sandbox.calls();
    let count = |outcome: CallOutcome| calls.iter().filter(|call| call.outcome == outcome).count();
    assert!(count(CallOutcome::AnswerLost) >= 5, "a burst of five is answered");
    assert!(count(CallOutcome::Refused("ThrottlingException".to_owned())) > 0, "{calls:#?}");
}

#[tokio::test(start_paused = true)]
async fn calls_take_time_and_too_many_of_them_are_refused() {
    let sandbox = Sandbox::with_options(&SandboxOptions::aws_like());
    let clients = clients(&sandbox);
    let virtually = tokio::time::Instant::now();
    for n in 0..40 {
        clients.logs.create_log_group().log_group_name(format!("g{n}")).send().await.unwrap();
    }
    assert!(virtually.elapsed() >= Duration::from_secs(3), "{:?}", virtually.elapsed());
    let mut register = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let container =
            aws_sdk_ecs::types::ContainerDefinition::builder().name("app").image("app:v1").memory(64).build();
        register.spawn(
            clients.ecs.register_task_definition().family("web").container_definitions(container).send(),
        );
    }
    register.join_all().await;
    let throttled = sandbox
        .calls()
        .iter()
        .filter(|call| call.outcome == CallOutcome::Refused("ThrottlingException".into()))
        .count();
    assert!(throttled > 0, "AWS registers one task definition a second after a burst of 20");
}
