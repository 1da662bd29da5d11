// SPDX-License-Identifier: MIT OR Apache-2.0
//! The launch types besides Fargate.

use crate::{
    emulator::Emulator,
    world::{World, config},
};
use serde_json::Value;

fn lives_and_goes(service: &str) -> Value {
    let emulator = Emulator::moto();
    let world = World::new(&emulator.url(), &config(&["california"], "v1", service));
    world.expect(0, "apply --yes");
    world.expect(0, "plan --detailed-exitcode");
    let look = emulator.look("humangov");
    world.expect(0, "destroy --yes --delete-data");
    assert_eq!(emulator.look("humangov"), Value::Object(serde_json::Map::new()));
    look
}

#[test]
fn a_state_runs_on_instances_of_the_cluster() {
    let look = lives_and_goes("[service]\nlaunch = \"ec2\"\nnetwork_mode = \"bridge\"\n");
    assert_eq!(look["ecs.service"][0]["settings"]["launchType"], "EC2");
    assert_eq!(look["ecs.task_definition"][0]["settings"]["networkMode"], "bridge");
    assert_eq!(look["elbv2.target_group"][0]["settings"]["TargetType"], "instance");
}

#[test]
fn a_state_runs_on_instances_with_addresses_of_its_own() {
    let look = lives_and_goes("[service]\nlaunch = \"ec2\"\nnetwork_mode = \"awsvpc\"\n");
    assert_eq!(look["elbv2.target_group"][0]["settings"]["TargetType"], "ip");
}

#[test]
fn a_state_runs_on_machines_of_ones_own() {
    let look = lives_and_goes("[service]\nlaunch = \"external\"\n");
    assert_eq!(look["ecs.service"][0]["settings"]["launchType"], "EXTERNAL");
    assert_eq!(look["elbv2.load_balancer"], Value::Null, "no load balancer reaches such machines");
}

#[test]
fn a_state_runs_on_spot_capacity() {
    let look = lives_and_goes("[service]\nlaunch = \"fargate_spot\"\n");
    let strategy = look["ecs.service"][0]["settings"]["capacityProviderStrategy"].to_string();
    assert!(strategy.contains("FARGATE_SPOT"), "{strategy}");
}
