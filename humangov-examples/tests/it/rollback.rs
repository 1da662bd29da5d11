// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whatever call fails, a failed run leaves the account as it was.

use crate::{
    emulator::{Emulator, FAIL_MARKER},
    proxy::{Fault, Proxy},
    world::{World, config},
};
use serde_json::Value;

#[test]
fn every_write_refused_in_turn_is_rolled_back_to_nothing() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let config = config(
        &["california"],
        "v1",
        "[service.autoscaling]\nmin_capacity = 1\nmax_capacity = 2\ncpu_percent = 60\n",
    );
    let world = World::new(&proxy.url(), &config);
    // The base stays between the runs: what existed before must be as before.
    world.expect(0, "apply --yes");
    world.expect(0, "destroy california --yes --delete-data");
    let before = emulator.look("humangov");
    proxy.clear();
    world.expect(0, "apply california --yes");
    let writes = proxy.writes();
    assert!(writes.len() > 20, "the run has writes to fail: {writes:?}");
    world.expect(0, "destroy california --yes --delete-data");
    assert_eq!(emulator.look("humangov"), before);

    for (number, operation) in (1..).zip(&writes) {
        proxy.clear();
        proxy.fail_nth_write(number, Fault::AccessDenied);
        let ran = world.run("apply california --yes");
        let failed = refused(&proxy);
        let context =
            format!("write {number}, {operation}, refused {failed:?}\n{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, 4, "{context}");
        let [failed] = failed.as_slice() else { panic!("one refusal: {context}") };
        let (_, operation) = failed.split_once('.').unwrap();
        let told = ran.stderr.lines().find(|line| line.contains("california") && line.contains(operation));
        let told = told.unwrap_or_else(|| panic!("the error names stack and operation: {context}"));
        assert!(
            told.contains('/') && (told.contains("Denied") || told.contains("Unauthorized")),
            "{told}\n{context}"
        );
        assert_eq!(emulator.look("humangov"), before, "nothing of this run is left: {context}");
    }
    // And the way is free.
    proxy.clear();
    world.expect(0, "apply california --yes");
}

fn refused(proxy: &Proxy) -> Vec<String> {
    let refused = |status: Option<u16>| status.is_some_and(|status| status >= 400);
    proxy
        .calls()
        .iter()
        .filter(|call| call.write && refused(call.status) && !call.forwarded)
        .map(super::proxy::Call::key)
        .collect()
}

#[test]
fn every_write_of_an_empty_account_refused_in_turn_leaves_an_empty_account() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), &config(&["california"], "v1", ""));
    let mut number = 1;
    loop {
        proxy.clear();
        proxy.fail_nth_write(number, Fault::AccessDenied);
        let ran = world.run("apply --yes");
        if refused(&proxy).is_empty() {
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            break;
        }
        let context = format!("write {number}, {:?}\n{}", refused(&proxy), ran.stderr);
        assert!(matches!(ran.code, 3 | 4), "{context}");
        proxy.clear();
        // A base that was applied stays when the state fails: it is a stack of its own.
        world.expect(0, "destroy --yes --delete-data");
        assert_eq!(emulator.look("humangov"), Value::Object(serde_json::Map::new()), "{context}");
        number += 1;
    }
    assert!(number > 25, "every write of base and state was tried: {number}");
}

#[test]
fn lost_answers_are_found_again() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), &config(&["california"], "v1", ""));
    for key in [
        "iam.CreateRole",
        "ecs.RegisterTaskDefinition",
        "ecs.CreateService",
        "elbv2.CreateTargetGroup",
        "s3.CreateBucket",
    ] {
        proxy.fail(key, 1..=1, Fault::LoseAnswer);
    }
    world.expect(0, "apply --yes");
    let look = emulator.look("humangov");
    assert_eq!(look["ecs.task_definition"].as_array().unwrap().len(), 1, "no second revision is left");
    world.expect(0, "plan --detailed-exitcode");
}

#[test]
fn a_deployment_that_ecs_rolls_back_is_told_and_the_old_revision_runs() {
    let emulator = Emulator::moto();
    let world = World::new(&emulator.url(), &config(&["california"], "v1", ""));
    world.expect(0, "apply --yes");
    let before = emulator.look("humangov");
    world.configure(&config(&["california"], &format!("{FAIL_MARKER}-2"), ""));
    let ran = world.expect(4, "apply --yes");
    assert!(ran.stderr.contains("ecs.service/app"), "{}", ran.stderr);
    assert!(ran.stderr.contains("circuit breaker") || ran.stderr.contains("rolled"), "{}", ran.stderr);
    assert!(ran.stderr.contains("ECS itself put the service back to"), "{}", ran.stderr);
    let after = emulator.look("humangov");
    let running = |look: &Value| look["ecs.service"][0]["settings"]["taskDefinition"].clone();
    assert_eq!(running(&after), running(&before));
    assert_eq!(after["ecs.task_definition"], before["ecs.task_definition"]);
    world.configure(&config(&["california"], "v1", ""));
    world.expect(0, "plan --detailed-exitcode");
}
