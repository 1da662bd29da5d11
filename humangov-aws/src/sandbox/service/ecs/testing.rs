// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of services, tasks and deployments share: an account with a cluster and task definitions.

use crate::sandbox::{
    testing::{Account, between},
    timings::Timings,
    world::later,
};
use serde_json::{Value, json};
use std::time::Duration;

/// The role that ECS takes to start tasks on Fargate.
pub(in crate::sandbox::service) const EXECUTION_ROLE: &str = "arn:aws:iam::123456789012:role/execution";

/// An account with the cluster `main`, its log group `/logs`, and the task definitions `web:1`, `web:2`, `broken:1` and `missing:1`
/// on instances, `fargate:1` and `sick:1` on Fargate.
pub(in crate::sandbox::service) fn account(timings: Timings) -> Account {
    let mut account = Account::with("logs", timings);
    account.ok("CreateLogGroup", &json!({"logGroupName": "/logs"}));
    create_role(&mut account, "execution");
    account.wait(timings.role);
    let providers = json!({"clusterName": "main", "capacityProviders": ["FARGATE", "FARGATE_SPOT"]});
    account.at("ecs").ok("CreateCluster", &providers);
    account.wait(timings.visibility * 10);
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

/// A role that tasks can have.
pub(in crate::sandbox::service) fn create_role(account: &mut Account, name: &str) {
    let principal = json!({"Service": "ecs-tasks.amazonaws.com"});
    let statement = json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]);
    let trust = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    account.at("iam").ok("CreateRole", &json!({"RoleName": name, "AssumeRolePolicyDocument": trust}));
    account.at("ecs");
}

/// The first subnets of the default VPC, and that VPC.
pub(in crate::sandbox::service) fn subnets(account: &mut Account) -> (Vec<String>, String) {
    let answer = account.at("ec2").xml("DescribeSubnets", &json!({}));
    account.at("ecs");
    let ids =
        answer.split("<subnetId>").skip(1).map(|rest| rest.split('<').next().unwrap_or_default().to_owned());
    (ids.take(2).collect(), between(&answer, "<vpcId>", "</vpcId>").to_owned())
}

/// A target group of targets of a type, behind a new load balancer: its ARN.
pub(in crate::sandbox::service) fn target_group(
    account: &mut Account,
    name: &str,
    target_type: &str,
) -> String {
    let (subnets, vpc) = subnets(account);
    account.at("elasticloadbalancing");
    let group = json!({
        "Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": target_type,
        "HealthCheckIntervalSeconds": 10, "HealthyThresholdCount": 2, "HealthCheckTimeoutSeconds": 5,
    });
    let group = account.xml("CreateTargetGroup", &group);
    let group = between(&group, "<TargetGroupArn>", "</TargetGroupArn>").to_owned();
    let balancer = account.xml("CreateLoadBalancer", &json!({"Name": name, "Subnets": subnets}));
    let balancer = between(&balancer, "<LoadBalancerArn>", "</LoadBalancerArn>");
    let forward = json!([{"Type": "forward", "TargetGroupArn": group}]);
    let listener =
        json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": forward});
    account.xml("CreateListener", &listener);
    account.at("ecs");
    group
}

/// A CreateService of two tasks on Fargate behind a target group.
pub(in crate::sandbox::service) fn behind(account: &mut Account, definition: &str, group: &str) -> Value {
    let mut input = wanted("shop", definition);
    input["launchType"] = json!("FARGATE");
    input["networkConfiguration"] = json!({"awsvpcConfiguration": {"subnets": subnets(account).0}});
    input["loadBalancers"] = json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]);
    input
}

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
