// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command in the sandbox: one account in a file, for one command after the other.

use crate::{
    battery::Served,
    world::{World, config, text},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, time::Duration};

/// The configuration that the README's first command uses.
const SAMPLE: &str = include_str!("../../humangov.toml");

/// Everything in the account, by stack and kind.
fn shown(world: &World) -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_str(&world.expect(0, "sandbox show --json").stdout).unwrap();
    let resources = document["resources"].as_array().unwrap();
    let of = |found: &Value| {
        let stack = found["tags"]["humangov:stack"].as_str().unwrap_or_default();
        (stack.to_owned(), text(&found["kind"]).to_owned())
    };
    resources.iter().map(of).collect()
}

#[test]
fn the_first_command_shows_the_whole_product_without_an_account() {
    let world = World::sandbox(SAMPLE);
    let applied = world.expect(0, "apply --yes california");
    assert!(applied.stderr.contains("Plan: 15 to create"), "{}", applied.stderr);
    assert!(applied.stderr.contains("✓ california     ecs.service/app"), "{}", applied.stderr);
    for told in [
        "http://humangov-california-alb",
        "humangov-california-dynamodb",
        "humangov-california-123456789012-us-east-1",
        "role/humangov-california-task",
    ] {
        assert!(applied.stdout.contains(told), "{told}:\n{}", applied.stdout);
    }
    world.expect(0, "plan --detailed-exitcode california");
    let status = world.status();
    assert_eq!(status.len(), 15, "{status:#?}");
    assert!(world.expect(0, "status california").stdout.contains("1/1"));
    let kinds = |found: &BTreeSet<(String, String)>, stack: &str| {
        found.iter().filter(|(of, _)| of == stack).map(|(_, kind)| kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&shown(&world), "california").len(), 10);
    world.expect(0, "destroy --yes california");
    assert_eq!(kinds(&shown(&world), "california"), ["dynamodb.table", "s3.bucket"]);
    world.expect(0, "destroy --yes --delete-data");
    assert_eq!(shown(&world), BTreeSet::new());
}

#[test]
fn without_a_state_named_all_fifty_are_deployed() {
    let world = World::sandbox(SAMPLE);
    world.expect(0, "apply --yes");
    let services = shown(&world).into_iter().filter(|(_, kind)| kind == "ecs.service");
    assert_eq!(services.count(), 50);
    let plan = world.expect(0, "plan --detailed-exitcode");
    assert!(plan.stdout.contains("554 resources are as they should be"), "{}", plan.stdout);
}

#[test]
fn a_failing_image_is_told_with_its_last_words() {
    let world = World::sandbox(&config(&["california"], "broken", ""));
    let failed = world.expect(4, "apply --yes");
    for told in [
        "Essential container in task exited",
        "container app exited 3",
        "AttributeError: 'NoneType' object has no attribute 'split'",
        "ECS has no earlier deployment to put the service back to",
        "Rolled back california",
    ] {
        assert!(failed.stderr.contains(told) || failed.stdout.contains(told), "{told}:\n{}", failed.stderr);
    }
    assert_eq!(shown(&world), BTreeSet::new(), "nothing is left of a first run that failed");
    // An update that fails is put back by ECS, and then by us.
    world.configure(&config(&["california"], "v1", ""));
    world.expect(0, "apply --yes");
    world.configure(&config(&["california"], "broken", ""));
    let failed = world.expect(4, "apply --yes");
    let told = "ECS itself put the service back to humangov-california-app:2 (1 of 1 running)";
    assert!(failed.stderr.contains(told), "{}", failed.stderr);
    world.configure(&config(&["california"], "v1", ""));
    world.expect(0, "plan --detailed-exitcode");
}

#[test]
fn faults_in_a_file_meet_the_command() {
    let world = World::sandbox(&config(&["california"], "v1", ""));
    let refused = json!([
        {"operation": "CreateService", "tenant": "california", "kind": {"error": {"code": "AccessDeniedException", "message": "no"}}},
    ]);
    fs::write(world.path("faults.json"), refused.to_string()).unwrap();
    let failed = world.expect(4, "apply --yes --sandbox-faults faults.json");
    assert!(failed.stderr.contains("AccessDeniedException"), "{}", failed.stderr);
    assert_eq!(shown(&world), BTreeSet::new());
    let lost = json!([{"operation": "CreateService", "times": 1, "kind": "lost_answer"}]);
    fs::write(world.path("faults.json"), lost.to_string()).unwrap();
    world.expect(0, "apply --yes --sandbox-faults faults.json");
    world.expect(0, "plan --detailed-exitcode");
    fs::write(world.path("faults.json"), "[{\"operatoin\": 1}]").unwrap();
    let refused = world.expect(5, "plan --sandbox-faults faults.json");
    assert!(refused.stderr.contains("operatoin"), "{}", refused.stderr);
}

#[test]
fn one_command_at_a_time_has_the_sandbox() {
    let world = World::sandbox(&config(&["california"], "v1", ""));
    let served = Served::start(&world);
    let busy = world.run("plan");
    drop(served);
    assert_eq!(busy.code, 6, "{}", busy.stderr);
    assert!(busy.stderr.contains("in use by another process"), "{}", busy.stderr);
    world.expect(2, "plan --detailed-exitcode");
}

#[test]
fn a_command_that_is_killed_while_it_saves_leaves_the_old_world_or_the_new() {
    let world = World::sandbox(&config(&["california", "ohio", "texas", "utah"], "v1", ""));
    let file = world.path("sandbox.json");
    let (mut cut_short, mut grown) = (0, BTreeSet::new());
    for kill in 0..25_u64 {
        let mut running = world.command("apply --yes").spawn().unwrap();
        // Spread over the whole of a run, which takes about a third of a second.
        std::thread::sleep(Duration::from_millis(10 + kill * 13 % 330));
        running.kill().unwrap();
        cut_short += usize::from(running.wait().unwrap().code().is_none());
        let saved: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(saved["format_version"], 1);
        grown.insert(shown(&world).len());
    }
    assert!(cut_short > 5, "most runs are to be killed, {cut_short} were");
    println!("{cut_short} runs killed; resources seen afterwards: {grown:?}");
    // And the next run goes on from there.
    world.expect(0, "apply --yes");
    world.expect(0, "plan --detailed-exitcode");
}

#[test]
fn what_a_command_made_is_served_to_others() {
    let world = World::sandbox(&config(&["california"], "v1", ""));
    world.expect(0, "apply --yes");
    let served = Served::start(&world);
    let script = "import boto3, json\nprint(json.dumps(boto3.client('ecs').list_clusters()['clusterArns']))";
    let clusters = served.boto3(script);
    assert_eq!(clusters, json!(["arn:aws:ecs:us-east-1:123456789012:cluster/humangov"]));
}

#[test]
fn what_no_record_knows_is_taken_down_when_its_state_is_named() {
    let world = World::sandbox(&config(&["california"], "v1", ""));
    world.expect(0, "apply --yes");
    // As after a run that was killed before it wrote a word.
    fs::remove_dir_all(world.path("sandbox.json.store")).unwrap();
    world.expect(0, "destroy --yes");
    assert_eq!(shown(&world).len(), 13, "what nobody named and no record tells of is left alone");
    let destroyed = world.expect(0, "destroy --yes --delete-data california base");
    assert!(destroyed.stderr.contains("it bears our tags and was not recorded"), "{}", destroyed.stderr);
    assert_eq!(shown(&world), BTreeSet::new());
}
