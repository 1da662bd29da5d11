// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of services, tasks and deployments share: an account with a cluster and task definitions.

use crate::sandbox::{
    service::ecs::{
        cluster::Cluster,
        task_definition::{Family, TaskDefinition},
    },
    testing::Account,
    timings::Timings,
    world::{Tags, later},
};
use serde_json::{Value, json};
use std::time::Duration;

const ECS: &str = "arn:aws:ecs:us-east-1:123456789012";

/// An account with the cluster `main` and the task definitions `web:1`, `web:2`, `broken:1`, `missing:1` and `fargate:1`.
pub(in crate::sandbox::service::ecs) fn account(timings: Timings) -> Account {
    let mut account = Account::with("ecs", timings);
    let now = account.now;
    account.world.with("us-east-1", now, |cx| {
        let (name, arn) = ("main".to_owned(), format!("{ECS}:cluster/main"));
        let cluster = Cluster { name: name.clone(), arn, active: true, tags: Tags::new() };
        cx.here.ecs.clusters.insert(name, cluster);
    });
    define(&mut account, "web", 1, "shop/web:1", "bridge");
    define(&mut account, "web", 2, "shop/web:2", "bridge");
    define(&mut account, "broken", 1, "shop/broken:1", "bridge");
    define(&mut account, "missing", 1, "shop/no-such-image:1", "bridge");
    define(&mut account, "fargate", 1, "shop/web:1", "awsvpc");
    account
}

/// One more revision of a task definition, with one container `web` on port 80 and a log group `/logs`.
pub(in crate::sandbox::service::ecs) fn define(
    account: &mut Account,
    family: &str,
    revision: u32,
    image: &str,
    mode: &str,
) {
    let arn = format!("{ECS}:task-definition/{family}:{revision}");
    let described = json!({
        "taskDefinitionArn": arn,
        "networkMode": mode,
        "compatibilities": if mode == "awsvpc" { json!(["EC2", "FARGATE"]) } else { json!(["EC2"]) },
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "containerDefinitions": [{
            "name": "web",
            "image": image,
            "essential": true,
            "portMappings": [{"containerPort": 80, "hostPort": if mode == "awsvpc" { 80 } else { 0 }, "protocol": "tcp"}],
        }],
    });
    let definition = TaskDefinition { arn, status: "ACTIVE".to_owned(), tags: Tags::new(), described };
    let now = account.now;
    account.world.with("us-east-1", now, |cx| {
        let family = cx.here.ecs.families.entry(family.to_owned()).or_insert_with(Family::default);
        family.revisions.insert(revision, definition);
        family.last = family.last.max(revision);
    });
}

/// A CreateService of two tasks of a task definition, on instances.
pub(in crate::sandbox::service::ecs) fn wanted(name: &str, definition: &str) -> Value {
    json!({
        "cluster": "main",
        "serviceName": name,
        "taskDefinition": definition,
        "desiredCount": 2,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
    })
}

/// A service as it is told of.
pub(in crate::sandbox::service::ecs) fn service(account: &mut Account, name: &str) -> Value {
    let answer = account.ok("DescribeServices", &json!({"cluster": "main", "services": [name]}));
    answer["services"][0].clone()
}

/// What a service tells of itself, the latest last, ids and ARNs left out.
pub(in crate::sandbox::service::ecs) fn told(service: &Value) -> Vec<String> {
    let events = service["events"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |event: &Value| {
        let text = event["message"].as_str().unwrap_or_default();
        let text = text.split_once(") ").map_or(text, |(_, text)| text);
        text.split(" (task ").next().unwrap_or_default().to_owned()
    };
    events.iter().rev().map(text).collect()
}

/// Lets so many seconds pass, with a look each second.
pub(in crate::sandbox::service::ecs) fn look(account: &mut Account, name: &str, seconds: u64) -> Value {
    for _ in 0..seconds {
        account.now = later(account.now, Duration::from_secs(1));
        service(account, name);
    }
    service(account, name)
}
