// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::kind::ecs::{
    AwsvpcConfiguration, CircuitBreaker, DeploymentAlarms, Ec2Launch, ExternalLaunch, FargateCapacityLaunch,
    FargateLaunch,
};

fn arn<R>(text: &str) -> Arn<R> {
    text.parse().expect("an ARN")
}

fn on(launch: impl Into<Launch>) -> Service {
    Service::builder()
        .name("humangov-california")
        .cluster(arn::<Cluster>("arn:aws:ecs:us-east-1:123456789012:cluster/humangov"))
        .task_definition(arn::<TaskDefinition>("arn:aws:ecs:us-east-1:123456789012:task-definition/ca:3"))
        .launch(launch)
        .build()
}

fn fargate() -> FargateLaunch {
    let group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/california/0123";
    FargateLaunch::builder()
        .network(
            AwsvpcConfiguration::builder()
                .subnet("subnet-2")
                .subnet("subnet-1")
                .security_group("sg-1")
                .build(),
        )
        .load_balancer(arn(group), "nginx", 80)
        .build()
}

fn problems(service: &Service) -> String {
    let mut found = Violations::default();
    service.validate(&mut found);
    found.to_string()
}

#[test]
fn a_usual_service_is_fine() {
    let mut service = on(fargate());
    service.desired_count = Some(2);
    service.health_check_grace_period_seconds = Some(60);
    service.availability_zone_rebalancing = Some(AvailabilityZoneRebalancing::Enabled);
    assert_eq!(problems(&service), "");
    service.normalize();
    assert_eq!(problems(&service), "");
    assert_eq!(problems(&on(Ec2Launch::builder().scheduling(Scheduling::Daemon).build())), "");
    assert_eq!(problems(&on(ExternalLaunch::builder().build())), "");
}

/// What is done to a service that is fine, and what is then told.
type Case<'a> = (&'a dyn Fn(&mut Service), &'a str);

#[test]
fn every_problem_is_told() {
    let with = |change: &dyn Fn(&mut Service)| {
        let mut service = on(fargate());
        change(&mut service);
        problems(&service)
    };
    let external = |service: &mut Service| service.launch = ExternalLaunch::builder().build().into();
    let daemon = |service: &mut Service| {
        service.launch = Ec2Launch::builder().scheduling(Scheduling::Daemon).build().into();
    };
    let rebalance = |service: &mut Service| {
        service.availability_zone_rebalancing = Some(AvailabilityZoneRebalancing::Enabled);
    };
    let cases: [Case<'_>; 13] = [
        (
            &|s| s.name = "human gov".to_owned(),
            "name: a service's name has 1 to 255 of A-Z, a-z, 0-9, _ and -",
        ),
        (
            &|s| s.cluster = arn::<Cluster>("arn:aws:ecs:us-east-1:123456789012:service/x").into(),
            "cluster: arn:aws:ecs:us-east-1:123456789012:service/x is not the ARN of a cluster",
        ),
        (
            &|s| {
                s.task_definition =
                    arn::<TaskDefinition>("arn:aws:ecs:us-east-1:1:task-definition/ca").into();
            },
            "task_definition: arn:aws:ecs:us-east-1:1:task-definition/ca is not the ARN of a revision; write …:task-definition/FAMILY:NUMBER",
        ),
        (
            &|s| s.desired_count = Some(u32::MAX),
            "desired_count: 4294967295 tasks; at most 2147483647 are allowed",
        ),
        (
            &|s| {
                daemon(s);
                s.desired_count = Some(2);
            },
            "desired_count: a daemon runs one task on each instance, so it has no desired count",
        ),
        (
            &|s| {
                external(s);
                s.health_check_grace_period_seconds = Some(30);
            },
            "health_check_grace_period_seconds: there is no load balancer whose health checks it could hold off",
        ),
        (
            &|s| s.health_check_grace_period_seconds = Some(u32::MAX),
            "health_check_grace_period_seconds: 4294967295 seconds; at most 2147483647 are allowed",
        ),
        (
            &|s| {
                s.desired_count = Some(1);
                s.deployment_configuration.minimum_healthy_percent = Some(100);
                s.deployment_configuration.maximum_percent = Some(100);
            },
            "deployment_configuration: between 100 % and 100 % of 1 there is no room to stop or start a task; lower minimum_healthy_percent or raise maximum_percent",
        ),
        (
            &|s| s.deployment_configuration.alarms = Some(DeploymentAlarms::builder().build()),
            "deployment_configuration.alarms: name at least one alarm, or set enable to false",
        ),
        (
            &|s| {
                rebalance(s);
                s.deployment_configuration.minimum_healthy_percent = Some(50);
                s.deployment_configuration.maximum_percent = Some(100);
            },
            "availability_zone_rebalancing: it starts a task before it stops one, so maximum_percent must be above 100",
        ),
        (
            &|s| {
                rebalance(s);
                daemon(s);
            },
            "availability_zone_rebalancing: a daemon runs on every instance, so there is nothing to even out",
        ),
        (
            &|s| {
                rebalance(s);
                external(s);
            },
            "availability_zone_rebalancing: machines of one's own are in no Availability Zone",
        ),
        (
            &|s| {
                rebalance(s);
                let zone = "attribute:ecs.availability-zone == us-east-1a".to_owned();
                let zone = PlacementConstraint::MemberOf(zone);
                s.launch = Ec2Launch::builder().placement_constraint(zone).build().into();
            },
            "availability_zone_rebalancing: it cannot be used together with a constraint on attribute:ecs.availability-zone",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(with(change), expected);
    }
}

#[test]
fn problems_of_the_launch_are_told_with_their_place() {
    let service = on(FargateLaunch::builder().network(AwsvpcConfiguration::builder().build()).build());
    assert_eq!(problems(&service), "launch.fargate.network.subnets: 0 subnets; allowed are 1 to 16");
}

#[test]
fn what_aws_fills_in_is_written_out() {
    let mut service = on(fargate());
    service.normalize();
    let mut explicit = on(fargate());
    explicit.health_check_grace_period_seconds = Some(0);
    explicit.deployment_configuration = DeploymentConfiguration::builder()
        .minimum_healthy_percent(100)
        .maximum_percent(200)
        .circuit_breaker(CircuitBreaker::OFF)
        .alarms(DeploymentAlarms::default())
        .build();
    explicit.normalize();
    assert_eq!(service, explicit);
    assert_eq!(service.desired_count, None);
    let text = serde_json::to_string(&service).expect("JSON");
    assert!(text.contains(r#""platform_version":"LATEST""#), "{text}");
    assert_eq!(serde_json::from_str::<Service>(&text).expect("reads"), service);

    let mut daemon = on(Ec2Launch::builder().scheduling(Scheduling::Daemon).build());
    daemon.health_check_grace_period_seconds = Some(0);
    daemon.normalize();
    assert_eq!(daemon.health_check_grace_period_seconds, None);
    assert_eq!(daemon.deployment_configuration.minimum_healthy_percent, Some(0));
    assert_eq!(daemon.deployment_configuration.maximum_percent, Some(100));
}

#[test]
fn another_sort_of_machine_or_scheduling_is_another_service() {
    let of = |launch: Launch| {
        let mut service = on(launch);
        service.normalize();
        let json = serde_json::to_value(&service).expect("JSON");
        (json["runs_on"].clone(), json["scheduling"].clone())
    };
    let spot = FargateCapacityLaunch::builder().network(fargate().network).fargate_spot(1, 0).build();
    assert_eq!(of(fargate().into()), ("FARGATE".into(), "REPLICA".into()));
    assert_eq!(of(spot.into()), ("FARGATE".into(), "REPLICA".into()));
    assert_eq!(of(Ec2Launch::builder().build().into()), ("EC2".into(), "REPLICA".into()));
    let daemon = Ec2Launch::builder().scheduling(Scheduling::Daemon).build();
    assert_eq!(of(daemon.into()), ("EC2".into(), "DAEMON".into()));
    for path in ["/runs_on", "/scheduling", "/name", "/cluster"] {
        assert!(Service::RULES.contains(&Rule::ReplaceDeleteFirst(path)), "{path}");
    }
}
