// SPDX-License-Identifier: MIT OR Apache-2.0

use crate::sandbox::{testing::Account, timings::Timings};
use serde_json::{Value, json};
use std::time::Duration;

fn task(family: &str) -> Value {
    json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": ".25 vCPU",
        "memory": "0.5GB",
        "containerDefinitions": [{"name": "web", "image": "nginx", "portMappings": [{"containerPort": 80}]}],
    })
}

fn register(account: &mut Account, family: &str) -> String {
    let made = account.ok("RegisterTaskDefinition", &task(family));
    made["taskDefinition"]["taskDefinitionArn"].as_str().unwrap_or_default().to_owned()
}

fn describe(account: &mut Account, name: &str) -> Value {
    account.ok("DescribeTaskDefinition", &json!({"taskDefinition": name}))["taskDefinition"].clone()
}

#[test]
fn what_is_not_said_is_filled_in() {
    let mut account = Account::new("ecs");
    let made = account.ok("RegisterTaskDefinition", &task("web"))["taskDefinition"].clone();
    let container = &made["containerDefinitions"][0];
    let table = [
        (&made["taskDefinitionArn"], json!("arn:aws:ecs:us-east-1:123456789012:task-definition/web:1")),
        (&made["cpu"], json!("256")),
        (&made["memory"], json!("512")),
        (&made["status"], json!("ACTIVE")),
        (&made["compatibilities"], json!(["EC2", "FARGATE"])),
        (&made["volumes"], json!([])),
        (&container["essential"], json!(true)),
        (&container["cpu"], json!(0)),
        (&container["environment"], json!([])),
        (&container["portMappings"], json!([{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}])),
    ];
    for (found, wanted) in table {
        assert_eq!(*found, wanted);
    }
    assert!(container.get("healthCheck").is_none(), "nothing is made up: {container}");
}

#[test]
fn a_task_on_instances_has_bridged_ports() {
    let mut account = Account::new("ecs");
    let ports = json!([{"containerPort": 80}, {"containerPort": 53, "hostPort": 53, "protocol": "udp"}]);
    let container = json!({"name": "web", "image": "nginx", "memory": 128, "portMappings": ports});
    let task = json!({"family": "web", "containerDefinitions": [container]});
    let made = account.ok("RegisterTaskDefinition", &task)["taskDefinition"].clone();
    assert_eq!(made["networkMode"], "bridge");
    assert_eq!(made["compatibilities"], json!(["EC2", "EXTERNAL"]));
    let ports = &made["containerDefinitions"][0]["portMappings"];
    assert_eq!((&ports[0]["hostPort"], &ports[1]["hostPort"]), (&json!(0), &json!(53)));
    assert!(made.get("cpu").is_none());
}

#[test]
fn tags_are_told_when_asked_for() {
    let mut account = Account::new("ecs");
    let mut task = task("web");
    task["tags"] = json!([{"key": "a", "value": "1"}]);
    assert_eq!(account.ok("RegisterTaskDefinition", &task)["tags"], task["tags"]);
    let plain = account.ok("DescribeTaskDefinition", &json!({"taskDefinition": "web"}));
    assert!(plain.get("tags").is_none());
    let tags = account.ok("DescribeTaskDefinition", &json!({"taskDefinition": "web", "include": ["TAGS"]}));
    assert_eq!(tags["tags"], task["tags"]);
    task["tags"] = json!([]);
    assert_eq!(account.refused("RegisterTaskDefinition", &task), "ClientException");
}

#[test]
fn a_family_stands_for_its_latest_active_revision() {
    let mut account = Account::new("ecs");
    let (first, second) = (register(&mut account, "web"), register(&mut account, "web"));
    assert_eq!(describe(&mut account, "web")["taskDefinitionArn"], second);
    account.ok("DeregisterTaskDefinition", &json!({"taskDefinition": second}));
    assert_eq!(describe(&mut account, "web")["taskDefinitionArn"], first);
    assert_eq!(describe(&mut account, "web:2")["status"], "INACTIVE");
    assert!(describe(&mut account, "web:2")["deregisteredAt"].is_number());
}

#[test]
fn what_is_not_there_cannot_be_described_or_deregistered() {
    let mut account = Account::new("ecs");
    let arn = register(&mut account, "web");
    let elsewhere = arn.replace("us-east-1", "us-west-2");
    for name in ["other", "web:2", "web:x", elsewhere.as_str()] {
        let input = json!({"taskDefinition": name});
        assert_eq!(account.refused("DescribeTaskDefinition", &input), "ClientException", "{name}");
        assert_eq!(account.refused("DeregisterTaskDefinition", &input), "ClientException", "{name}");
    }
    assert_eq!(
        account.refused("DeregisterTaskDefinition", &json!({"taskDefinition": "web"})),
        "ClientException"
    );
    account.ok("DeregisterTaskDefinition", &json!({"taskDefinition": "web:1"}));
    let code = account.refused("DeregisterTaskDefinition", &json!({"taskDefinition": "web:1"}));
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(account.refused("DescribeTaskDefinition", &json!({})), "InvalidParameterException");
}

#[test]
fn a_revision_is_deleted_after_it_was_deregistered_and_its_number_stays_taken() {
    let mut account = Account::with("ecs", Timings::aws_like());
    let arn = register(&mut account, "web");
    let delete = json!({"taskDefinitions": [arn, "web:9"]});
    let failures = account.ok("DeleteTaskDefinitions", &delete)["failures"].clone();
    assert!(failures[0]["reason"].as_str().is_some_and(|reason| reason.contains("still in ACTIVE status")));
    assert_eq!(failures[1]["arn"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:9");
    account.ok("DeregisterTaskDefinition", &json!({"taskDefinition": arn}));
    let deleted = account.ok("DeleteTaskDefinitions", &delete);
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(describe(&mut account, &arn)["status"], "DELETE_IN_PROGRESS");
    account.wait(Duration::from_secs(5));
    assert_eq!(account.refused("DescribeTaskDefinition", &json!({"taskDefinition": arn})), "ClientException");
    assert_eq!(account.ok("ListTaskDefinitionFamilies", &json!({}))["families"], json!([]));
    assert!(register(&mut account, "web").ends_with("web:2"));
}

#[test]
fn so_many_can_be_deleted_at_once_by_revision() {
    let mut account = Account::new("ecs");
    for names in [json!([]), json!(vec!["web:1"; 11]), json!(["web"])] {
        let code = account.refused("DeleteTaskDefinitions", &json!({"taskDefinitions": names}));
        assert_eq!(code, "InvalidParameterException", "{names}");
    }
}

#[test]
fn revisions_are_listed_by_family_status_and_number_in_pages() {
    let mut account = Account::new("ecs");
    for _ in 0..11 {
        register(&mut account, "web");
    }
    register(&mut account, "web-2");
    account.ok("DeregisterTaskDefinition", &json!({"taskDefinition": "web:1"}));
    let names = |answer: &Value| -> Vec<String> {
        let arns = answer["taskDefinitionArns"].as_array().into_iter().flatten().filter_map(Value::as_str);
        arns.map(|arn| arn.rsplit('/').next().unwrap_or_default().to_owned()).collect()
    };
    let all = account.ok("ListTaskDefinitions", &json!({}));
    assert_eq!(names(&all).len(), 11);
    assert_eq!(names(&all)[..2], ["web:2", "web:3"]);
    let latest =
        account.ok("ListTaskDefinitions", &json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 2}));
    assert_eq!(names(&latest), ["web:11", "web:10"]);
    let next =
        json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 2, "nextToken": latest["nextToken"]});
    assert_eq!(names(&account.ok("ListTaskDefinitions", &next)), ["web:9", "web:8"]);
    assert_eq!(names(&account.ok("ListTaskDefinitions", &json!({"status": "INACTIVE"}))), ["web:1"]);
    assert_eq!(
        names(&account.ok("ListTaskDefinitions", &json!({"familyPrefix": "we"}))),
        Vec::<String>::new()
    );
    for input in [json!({"sort": "UP"}), json!({"status": "GONE"}), json!({"maxResults": 101})] {
        assert_eq!(account.refused("ListTaskDefinitions", &input), "InvalidParameterException", "{input}");
    }
}

#[test]
fn families_are_listed_by_prefix_and_by_whether_they_have_active_revisions() {
    let mut account = Account::new("ecs");
    for family in ["api", "web", "web-2"] {
        register(&mut account, family);
    }
    account.ok("DeregisterTaskDefinition", &json!({"taskDefinition": "web:1"}));
    let mut families = |input: Value| account.ok("ListTaskDefinitionFamilies", &input)["families"].clone();
    assert_eq!(families(json!({})), json!(["api", "web", "web-2"]));
    assert_eq!(families(json!({"familyPrefix": "we", "status": "ACTIVE"})), json!(["web-2"]));
    assert_eq!(families(json!({"status": "INACTIVE"})), json!(["web"]));
}
