// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of services, tasks and deployments share: an account with a cluster and task definitions.

use crate::sandbox::{testing::Account, timings::Timings, world::later};
use serde_json::{Value, json};
use std::time::Duration;

/// An account with the cluster `main`, its log group `/logs`, and the task definitions `web:1`, `web:2`, `broken:1` and `missing:1`
/// on instances, `fargate:1` and `sick:1` on Fargate.
pub(in crate::sandbox::service) fn account(timings: Timings) -> Account {
    let mut account = Account::with("logs", timings);
    account.ok("CreateLogGroup", &json!({"logGroupName": "/logs"}));
    account.at("ecs").ok("CreateCluster", &json!({"clusterName": "main"}));
    for (family, image, mode) in [
        ("web", "shop/web:1", "bridge"),
        ("web", "shop/web:2", "bridge"),
        ("broken", "shop/broken:1", "bridge"),
        ("missing", "shop/no-such-image:1", "bridge"),
        ("fargate", "shop/web:1", "awsvpc"),
        ("sick", "shop/unhealthy:1", "awsvpc"),
    ] {
        define(&mut account, family, image, mode);
    }
    account
}

/// One more revision of a task definition, with one container `web` on port 80.
pub(in crate::sandbox::service) fn define(account: &mut Account, family: &str, image: &str, mode: &str) {
    let mut input = json!({
        "family": family,
        "networkMode": mode,
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{
            "name": "web",
            "image": image,
            "portMappings": [{"containerPort": 80}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/logs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"},
            },
        }],
    });
    if mode == "awsvpc" {
        input["requiresCompatibilities"] = json!(["FARGATE"]);
        input["executionRoleArn"] = json!(EXECUTION_ROLE);
    }
    account.at("ecs").ok("RegisterTaskDefinition", &input);
}

/// The role that ECS takes to start tasks on Fargate.
const EXECUTION_ROLE: &str = "arn:aws:iam::123456789012:role/execution";

/// A CreateService of two tasks of a task definition, on instances.
pub(in crate::sandbox::service) fn wanted(name: &str, definition: &str) -> Value {
    json!({
        "cluster": "main",
        "serviceName": name,
        "taskDefinition": definition,
        "desiredCount": 2,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
    })
}

/// A service as it is told of.
pub(in crate::sandbox::service) fn service(account: &mut Account, name: &str) -> Value {
    let answer = account.ok("DescribeServices", &json!({"cluster": "main", "services": [name]}));
    answer["services"][0].clone()
}

/// What a service tells of itself, the latest last, ids and ARNs left out.
pub(in crate::sandbox::service) fn told(service: &Value) -> Vec<String> {
    let events = service["events"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |event: &Value| {
        let text = event["message"].as_str().unwrap_or_default();
        let text = text.split_once(") ").map_or(text, |(_, text)| text);
        text.split(" (task ").next().unwrap_or_default().to_owned()
    };
    events.iter().rev().map(text).collect()
}

/// Lets so many seconds pass, with a look each second.
pub(in crate::sandbox::service) fn look(account: &mut Account, name: &str, seconds: u64) -> Value {
    for _ in 0..seconds {
        account.now = later(account.now, Duration::from_secs(1));
        service(account, name);
    }
    service(account, name)
}
