// SPDX-License-Identifier: MIT OR Apache-2.0

use crate::sandbox::testing::Account;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/execution";

/// The words of a refusal of a task definition, or nothing if it is none.
fn refusal(task: &Value) -> String {
    let response = Account::new("ecs").call("RegisterTaskDefinition", task);
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status == 200 {
        return String::new();
    }
    assert_eq!(body["__type"], "ClientException", "{body}");
    body["message"].as_str().unwrap_or_default().to_owned()
}

/// A task definition with what both have to say; null takes away.
fn merged(base: &Value, more: &Value) -> Value {
    let mut merged = base.clone();
    if let (Some(members), Some(more)) = (merged.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    merged
}

fn fargate(task: &Value, container: &Value) -> Value {
    let container = merged(&json!({"name": "web", "image": "nginx"}), container);
    let base = json!({
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [container],
    });
    merged(&base, task)
}

fn ec2(task: &Value, container: &Value) -> Value {
    let container = merged(&json!({"name": "web", "image": "nginx", "memory": 128}), container);
    merged(&json!({"family": "web", "containerDefinitions": [container]}), task)
}

fn all_refused<T: AsRef<[(Value, &'static str)]>>(table: T) {
    for (task, says) in table.as_ref() {
        let words = refusal(task);
        assert!(words.contains(says) && !words.is_empty(), "{says}: got {words:?} for {task}");
    }
}

#[test]
fn usual_task_definitions_are_taken() {
    let logs = json!({
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"},
    });
    let secrets = json!([{"name": "S", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/s"}]);
    let full = json!({
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1",
        "logConfiguration": logs,
        "secrets": secrets,
        "environment": [{"name": "A", "value": "b"}],
        "healthCheck": {"command": ["CMD-SHELL", "true"]},
        "linuxParameters": {"initProcessEnabled": true, "capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}},
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/tmp"}],
        "stopTimeout": 120,
    });
    let tasks = [
        fargate(&json!({}), &json!({})),
        fargate(&json!({"executionRoleArn": ROLE, "volumes": [{"name": "scratch", "host": {}}]}), &full),
        ec2(&json!({}), &json!({"privileged": true, "links": []})),
        ec2(&json!({"networkMode": "host", "memory": "256"}), &json!({"memory": null})),
        ec2(&json!({"requiresCompatibilities": ["EXTERNAL"]}), &json!({})),
    ];
    for task in tasks {
        assert_eq!(refusal(&task), "", "{task}");
    }
}

#[test]
fn names_and_containers_are_checked() {
    let two = |name: &str| json!([{"name": "web", "image": "a", "memory": 64}, {"name": name, "image": "a", "memory": 64}]);
    let eleven: Vec<Value> =
        (0..11).map(|n| json!({"name": format!("c{n}"), "image": "a", "memory": 64})).collect();
    all_refused([
        (ec2(&json!({"family": null}), &json!({})), "Family can not be blank"),
        (ec2(&json!({"family": "a b"}), &json!({})), "Family contains invalid characters"),
        (ec2(&json!({"containerDefinitions": []}), &json!({})), "Container list cannot be empty"),
        (ec2(&json!({"containerDefinitions": two("web")}), &json!({})), "unique"),
        (ec2(&json!({"containerDefinitions": two("a b")}), &json!({})), "invalid characters"),
        (ec2(&json!({"containerDefinitions": eleven}), &json!({})), "10 containers"),
        (ec2(&json!({}), &json!({"essential": false})), "essential"),
        (ec2(&json!({}), &json!({"image": null})), "Container.image should not be null or empty"),
        (ec2(&json!({}), &json!({"name": null})), "Container.name should not be null or empty"),
        (ec2(&json!({}), &json!({"command": ["x".repeat(70_000)]})), "Max allowed length is '65536' bytes"),
        (ec2(&json!({"taskRoleArn": "arn:aws:iam::1:user/x"}), &json!({})), "Role is not valid"),
    ]);
}

#[test]
fn sizes_are_checked() {
    all_refused([
        (ec2(&json!({}), &json!({"memory": null})), "At least one of 'memory' or 'memoryReservation'"),
        (ec2(&json!({}), &json!({"memory": 4})), "at least 6 MiB"),
        (ec2(&json!({}), &json!({"memoryReservation": 256})), "greater than 'memoryReservation'"),
        (ec2(&json!({"memory": "64"}), &json!({})), "cannot be more than the 'memory' of the task"),
        (ec2(&json!({"cpu": "256"}), &json!({"cpu": 512})), "total 'cpu'"),
        (ec2(&json!({"cpu": "64"}), &json!({})), "Invalid 'cpu' setting for task"),
        (ec2(&json!({"cpu": "much"}), &json!({})), "Invalid 'cpu' setting for task"),
        (fargate(&json!({"cpu": null}), &json!({})), "'cpu' be defined at the task level"),
        (fargate(&json!({"memory": null}), &json!({})), "'memory' be defined at the task level"),
        (fargate(&json!({"cpu": "300"}), &json!({})), "Invalid 'cpu' setting for task"),
        (fargate(&json!({"memory": "4096"}), &json!({})), "No Fargate configuration exists for given values"),
    ]);
}

#[test]
fn ports_are_checked() {
    let ports = |port: Value| json!({ "portMappings": [port] });
    all_refused([
        (fargate(&json!({}), &ports(json!({"containerPort": 80, "hostPort": 8080}))), "must match"),
        (ec2(&json!({"networkMode": "none"}), &ports(json!({"containerPort": 80}))), "networkMode=none"),
        (ec2(&json!({}), &ports(json!({"containerPort": 70_000}))), "between 1 and 65535"),
        (ec2(&json!({}), &ports(json!({"containerPort": 80, "hostPort": -1}))), "hostPort"),
        (ec2(&json!({}), &ports(json!({}))), "containerPort"),
        (ec2(&json!({}), &ports(json!({"containerPortRange": "90-80"}))), "containerPortRange"),
        (ec2(&json!({}), &ports(json!({"containerPort": 80, "name": "-Web"}))), "port mapping name"),
        (
            ec2(
                &json!({}),
                &json!({"portMappings": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]}),
            ),
            "more than once",
        ),
    ]);
}

#[test]
fn containers_that_need_each_other_are_checked() {
    let other = |more: Value| merged(&json!({"name": "db", "image": "a", "memory": 64}), &more);
    let needing = |condition: &str, other: &Value| {
        let on = json!([{"containerName": "db", "condition": condition}]);
        let web = json!({"name": "web", "image": "a", "memory": 64, "dependsOn": on});
        ec2(&json!({"containerDefinitions": [web, other]}), &json!({}))
    };
    let back = json!([{"containerName": "web", "condition": "START"}]);
    all_refused([
        (ec2(&json!({}), &json!({"dependsOn": [{"containerName": "db", "condition": "START"}]})), "'db'"),
        (ec2(&json!({}), &json!({"dependsOn": [{"containerName": "web", "condition": "START"}]})), "cycle"),
        (ec2(&json!({}), &json!({"volumesFrom": [{"sourceContainer": "db"}]})), "'db'"),
        (ec2(&json!({}), &json!({"links": ["db:database"]})), "'db'"),
        (needing("START", &other(json!({"dependsOn": back}))), "cycle"),
        (needing("HEALTHY", &other(json!({}))), "health check"),
        (needing("SUCCESS", &other(json!({}))), "cannot be an essential container"),
    ]);
    for task in [
        needing("HEALTHY", &other(json!({"healthCheck": {"command": ["CMD", "true"]}}))),
        needing("COMPLETE", &other(json!({"essential": false}))),
    ] {
        assert_eq!(refusal(&task), "");
    }
}

#[test]
fn what_containers_say_of_themselves_is_checked() {
    let check =
        |member: &str, value: i64| json!({"healthCheck": {"command": ["CMD", "true"], member: value}});
    let secret = json!([{"name": "A", "valueFrom": "arn:x"}]);
    let with_role = json!({"executionRoleArn": ROLE});
    all_refused([
        (ec2(&json!({}), &check("interval", 4)), "healthCheck.interval must be between 5 and 300"),
        (ec2(&json!({}), &check("timeout", 61)), "healthCheck.timeout"),
        (ec2(&json!({}), &check("retries", 0)), "healthCheck.retries"),
        (ec2(&json!({}), &check("startPeriod", 301)), "healthCheck.startPeriod"),
        (ec2(&json!({}), &json!({"healthCheck": {"command": ["true"]}})), "must start with CMD"),
        (
            ec2(&json!({}), &json!({"secrets": secret})),
            "you must also specify a value for 'executionRoleArn'",
        ),
        (
            ec2(&with_role, &json!({"secrets": secret, "environment": [{"name": "A", "value": "b"}]})),
            "must be unique",
        ),
        (
            ec2(&with_role, &json!({"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::b/x.txt"}]})),
            ".env",
        ),
        (
            ec2(&json!({}), &json!({"restartPolicy": {"enabled": true, "restartAttemptPeriod": 5}})),
            "between 60 and 1800",
        ),
        (ec2(&json!({}), &json!({"linuxParameters": {"swappiness": 101}})), "swappiness"),
        (ec2(&json!({}), &json!({"stopTimeout": 1})), "stopTimeout"),
        (
            ec2(&json!({}), &json!({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]})),
            "Unknown volume 'v'",
        ),
        (ec2(&json!({"volumes": [{"name": "v"}, {"name": "v"}]}), &json!({})), "Duplicate volume name"),
        (
            fargate(&json!({}), &json!({"hostname": "web"})),
            "'hostname' is not supported when networkMode=awsvpc",
        ),
        (fargate(&json!({}), &json!({"links": ["web"]})), "'links'"),
    ]);
}

#[test]
fn log_options_are_checked() {
    let logs =
        |driver: &str, options: Value| json!({"logConfiguration": {"logDriver": driver, "options": options}});
    let with_role = json!({"executionRoleArn": ROLE});
    let usual = json!({"awslogs-group": "/g", "awslogs-region": "us-east-1"});
    let odd = merged(&usual, &json!({"awslogs-colour": "red"}));
    all_refused([
        (
            ec2(&json!({}), &logs("awslogs", json!({"awslogs-group": "/g"}))),
            "requires options: awslogs-region",
        ),
        (fargate(&with_role, &logs("awslogs", usual.clone())), "requires options: awslogs-stream-prefix"),
        (ec2(&json!({}), &logs("awslogs", odd)), "disallows options: awslogs-colour"),
        (ec2(&json!({}), &logs("awslogs", merged(&usual, &json!({"mode": "x"})))), "mode"),
        (ec2(&json!({}), &logs("splunk", json!({}))), "splunk-token, splunk-url"),
        (ec2(&json!({}), &logs("awsfirelens", json!({}))), "firelensConfiguration"),
    ]);
    assert_eq!(refusal(&ec2(&json!({}), &logs("awslogs", usual))), "");
}

#[test]
fn what_fargate_cannot_do_is_refused() {
    let logs = |driver: &str| {
        let options = json!({"awslogs-group": "/g", "awslogs-region": "r", "awslogs-stream-prefix": "p"});
        json!({"logConfiguration": {"logDriver": driver, "options": options}})
    };
    let ecr = json!({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web"});
    let windows = json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}});
    all_refused([
        (fargate(&json!({"networkMode": "bridge"}), &json!({})), "only supports network mode"),
        (fargate(&json!({"networkMode": null}), &json!({})), "only supports network mode"),
        (fargate(&json!({}), &ecr), "execution role ARN to support ECR images"),
        (fargate(&json!({}), &logs("awslogs")), "execution role ARN to support log driver awslogs"),
        (fargate(&json!({}), &logs("json-file")), "log driver json-file"),
        (fargate(&json!({}), &json!({"privileged": true})), "privileged"),
        (fargate(&json!({}), &json!({"linuxParameters": {"sharedMemorySize": 64}})), "sharedMemorySize"),
        (
            fargate(&json!({}), &json!({"linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}}})),
            "SYS_PTRACE",
        ),
        (fargate(&json!({}), &json!({"stopTimeout": 121})), "stopTimeout"),
        (fargate(&json!({"ipcMode": "host"}), &json!({})), "ipcMode"),
        (fargate(&json!({"pidMode": "host"}), &json!({})), "pidMode"),
        (
            fargate(&json!({"placementConstraints": [{"type": "memberOf", "expression": "x"}]}), &json!({})),
            "placementConstraints",
        ),
        (fargate(&json!({"ephemeralStorage": {"sizeInGiB": 20}}), &json!({})), "between 21 and 200"),
        (
            fargate(&json!({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}}]}), &json!({})),
            "host.sourcePath",
        ),
        (fargate(&windows, &json!({})), "Invalid 'cpu' setting"),
        (fargate(&windows, &json!({"user": "1"})), "Windows containers"),
        (fargate(&json!({"requiresCompatibilities": ["EXTERNAL"]}), &json!({})), "awsvpc"),
    ]);
}

#[test]
fn what_has_not_the_shape_is_refused_otherwise() {
    let table = [
        (ec2(&json!({"networkMode": "x"}), &json!({})), "InvalidParameterException"),
        (ec2(&json!({}), &json!({"logConfiguration": {"logDriver": "x"}})), "InvalidParameterException"),
        (ec2(&json!({}), &json!({"environment": [{"name": "A", "value": 1}]})), "SerializationException"),
        (ec2(&json!({"cpu": 256}), &json!({})), "SerializationException"),
    ];
    for (task, code) in table {
        assert_eq!(Account::new("ecs").refused("RegisterTaskDefinition", &task), code, "{task}");
    }
}
