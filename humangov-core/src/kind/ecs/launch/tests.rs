// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::{
    resource::Violations,
    value::{Reference, Source},
};

fn network() -> AwsvpcConfiguration {
    AwsvpcConfiguration::builder().subnet("subnet-1").subnet("subnet-2").security_group("sg-1").build()
}

fn target_group() -> Arn<TargetGroup> {
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/california/0123".parse().expect("an ARN")
}

fn problems(launch: impl Into<Launch>) -> String {
    let mut found = Violations::default();
    launch.into().validate(&mut found);
    found.to_string()
}

fn fargate(network: AwsvpcConfiguration) -> FargateLaunch {
    FargateLaunch::builder().network(network).build()
}

#[test]
fn usual_launches_are_fine() {
    assert_eq!(problems(fargate(network())), "");
    let spot = FargateCapacityLaunch::builder()
        .network(network())
        .fargate(1, 1)
        .fargate_spot(3, 0)
        .platform_version("1.4.0")
        .load_balancer(target_group(), "nginx", 80);
    assert_eq!(problems(spot.build()), "");
    let ec2 = Ec2Launch::builder()
        .placement_constraint(PlacementConstraint::MemberOf("attribute:ecs.os-type == linux".to_owned()))
        .placement_strategy(PlacementStrategy::Spread("attribute:ecs.availability-zone".to_owned()))
        .placement_strategy(PlacementStrategy::Binpack(BinpackField::Memory));
    assert_eq!(problems(ec2.build()), "");
    assert_eq!(
        problems(Ec2CapacityLaunch::builder().provider("my-group", 1, 0).network(network()).build()),
        ""
    );
    assert_eq!(problems(ExternalLaunch::builder().scheduling(Scheduling::Daemon).build()), "");
}

#[test]
fn every_problem_of_a_network_is_told() {
    let mut bad = network();
    bad.subnets = (0..17).map(|i| format!("subnet-{i}").into()).collect();
    bad.security_groups = (0..6).map(|i| format!("sg-{i}").into()).collect();
    assert_eq!(
        problems(fargate(bad)),
        "fargate.network.subnets: 17 subnets; allowed are 1 to 16\n\
         fargate.network.security_groups: 6 security groups; at most 5 are allowed"
    );
    assert_eq!(
        problems(fargate(AwsvpcConfiguration::builder().build())),
        "fargate.network.subnets: 0 subnets; allowed are 1 to 16"
    );
    let bad = AwsvpcConfiguration::builder().subnets(["subnet-1", "subnet-1", "net-2"]).security_group("web");
    assert_eq!(
        problems(fargate(bad.build())),
        "fargate.network.subnets.1: listed twice\n\
         fargate.network.subnets.2: \"net-2\" is not an id; those begin subnet-\n\
         fargate.network.security_groups.0: \"web\" is not an id; those begin sg-"
    );
}

#[test]
fn public_addresses_are_for_fargate_only() {
    let public = || AwsvpcConfiguration::builder().subnet("subnet-1").assign_public_ip(true).build();
    assert_eq!(problems(fargate(public())), "");
    assert_eq!(
        problems(Ec2Launch::builder().network(public()).build()),
        "ec2.network.assign_public_ip: only tasks on Fargate can have public addresses of their own"
    );
}

#[test]
fn a_strategy_needs_a_provider_of_its_own_sort() {
    assert_eq!(
        problems(FargateCapacityLaunch::builder().network(network()).build()),
        "fargate_capacity.capacity_provider_strategy: name at least one provider"
    );
    assert_eq!(
        problems(Ec2CapacityLaunch::builder().provider("FARGATE", 1, 0).build()),
        "ec2_capacity.capacity_provider_strategy.FARGATE: names beginning with aws, ecs or fargate are reserved by AWS"
    );
}

#[test]
fn platform_versions_are_checked() {
    let with = |version: &str| FargateLaunch::builder().network(network()).platform_version(version).build();
    for fine in ["LATEST", "1.4.0", "1.0.0"] {
        assert_eq!(problems(with(fine)), "", "{fine}");
    }
    for wrong in ["latest", "1.4", "", "1.4.x"] {
        assert!(problems(with(wrong)).contains("is not a platform version"), "{wrong}");
    }
    let spot =
        FargateCapacityLaunch::builder().network(network()).fargate_spot(1, 0).platform_version("1.2.0");
    assert_eq!(
        problems(spot.build()),
        "fargate_capacity.platform_version: FARGATE_SPOT needs platform version 1.3.0 or later, not 1.2.0"
    );
}

#[test]
fn every_problem_of_load_balancers_is_told() {
    let mut launch = FargateLaunch::builder()
        .network(network())
        .load_balancer(
            "arn:aws:iam::123456789012:role/x".parse::<Arn<TargetGroup>>().expect("an ARN"),
            "a b",
            0,
        )
        .build();
    assert_eq!(
        problems(launch.clone()),
        "fargate.load_balancers.0.container_name: a container's name has 1 to 255 of A-Z, a-z, 0-9, _ and -\n\
         fargate.load_balancers.0.container_port: 0 is not a port; allowed are 1 to 65535\n\
         fargate.load_balancers.0.target_group: arn:aws:iam::123456789012:role/x is not the ARN of a target group"
    );
    launch.load_balancers = (1..=6).map(|port| LoadBalancer::new(target_group(), "nginx", port)).collect();
    assert_eq!(problems(launch), "fargate.load_balancers: 6 target groups; a service has at most 5");
}

#[test]
fn every_problem_of_placement_is_told() {
    let mut launch = Ec2Launch::builder()
        .scheduling(Scheduling::Daemon)
        .placement_constraint(PlacementConstraint::MemberOf(String::new()))
        .placement_strategy(PlacementStrategy::Spread("zone".to_owned()))
        .build();
    assert_eq!(
        problems(launch.clone()),
        "ec2.placement_constraints.0: an expression has 1 to 2000 characters\n\
         ec2.placement_strategy: a daemon runs on every instance, so it has no placement strategy\n\
         ec2.placement_strategy.0: cannot spread over \"zone\"; write instanceId, host or attribute:NAME"
    );
    launch.scheduling = Scheduling::Replica;
    launch.placement_constraints = vec![PlacementConstraint::DistinctInstance; 11];
    launch.placement_strategy = vec![PlacementStrategy::Random; 6];
    assert_eq!(
        problems(launch),
        "ec2.placement_constraints: 11 constraints; a service has at most 10\n\
         ec2.placement_strategy: 6 strategies; a service has at most 5"
    );
}

#[test]
fn sets_are_sorted_and_references_come_last() {
    let reference = Input::Reference(Reference {
        source: Source::Resource("ec2.security_group/app".parse().expect("an address")),
        attr: "id".into(),
    });
    let mut launch: Launch = FargateLaunch::builder()
        .network(
            AwsvpcConfiguration::builder()
                .subnets(["subnet-2", "subnet-1"])
                .security_group(reference.clone())
                .security_group("sg-1")
                .build(),
        )
        .load_balancer(target_group(), "nginx", 443)
        .load_balancer(target_group(), "nginx", 80)
        .build()
        .into();
    launch.normalize();
    let network = launch.network().expect("a network");
    assert_eq!(network.subnets, ["subnet-1".into(), "subnet-2".into()]);
    assert_eq!(network.security_groups, ["sg-1".into(), reference]);
    assert_eq!(launch.load_balancers()[0].container_port, 80);
}

#[test]
fn a_launch_is_written_under_its_own_name() {
    let launch: Launch = ExternalLaunch::builder().build().into();
    let text = serde_json::to_string(&launch).expect("JSON");
    assert_eq!(text, r#"{"external":{"placement_constraints":[],"scheduling":"REPLICA"}}"#);
    assert_eq!(serde_json::from_str::<Launch>(r#"{"external":{}}"#).expect("reads"), launch);
}
