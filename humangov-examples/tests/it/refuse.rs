// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is not ours is never touched.

use crate::{
    emulator::Emulator,
    proxy::Proxy,
    world::{World, config},
};

#[test]
fn what_bears_our_name_without_our_tags_is_refused_before_anything_is_touched() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), &config(&["california"], "v1", ""));
    emulator.boto3(
        "import boto3, json\n\
         boto3.client('dynamodb').create_table(TableName='humangov-california-dynamodb', BillingMode='PAY_PER_REQUEST',\n\
             AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}], KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}])\n\
         boto3.client('logs').create_log_group(logGroupName='/humangov/california/app')\n\
         print(json.dumps(1))",
    );
    let before = emulator.look("humangov");
    for command in ["plan", "apply --yes"] {
        let ran = world.expect(5, command);
        for address in ["dynamodb.table/employees", "logs.log_group/app"] {
            assert!(ran.stderr.contains(address), "both are told at once: {}", ran.stderr);
        }
    }
    assert_eq!(proxy.writes(), Vec::<String>::new());
    assert_eq!(emulator.look("humangov"), before);
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_done_without_consent() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), &config(&["california"], "v1", ""));
    let ran = world.expect(5, "apply");
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert_eq!(proxy.writes(), Vec::<String>::new());
}

#[test]
fn a_stack_that_somebody_works_on_is_left_alone_and_who_is_told() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), &config(&["california"], "v1", ""));
    world.expect(0, "apply --yes");
    world.configure(&config(&["california"], "v2", ""));
    proxy.clear();
    let lock = world.path(".humangov/humangov/123456789012/us-east-1/california.lock");
    let free = std::fs::read(&lock).unwrap();
    let mut held: serde_json::Value = serde_json::from_slice(&free).unwrap();
    held["held_by"] = serde_json::json!({
        "holder": "ana@laptop", "process": 7, "operation": "apply", "since": "2026-01-01T00:00:00Z"
    });
    held["expires"] = "2999-01-01T00:00:00Z".into();
    std::fs::write(&lock, held.to_string()).unwrap();
    let ran = world.expect(6, "apply --yes");
    assert!(ran.stderr.contains("california is locked"), "{}", ran.stderr);
    assert_eq!(proxy.writes(), Vec::<String>::new());
    std::fs::write(&lock, free).unwrap();
    world.expect(0, "apply --yes");
}
