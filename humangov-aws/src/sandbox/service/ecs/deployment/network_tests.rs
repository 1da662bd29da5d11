// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services on Fargate, behind load balancers, with roles.

use super::super::testing::{
    EXECUTION_ROLE, account, behind, create_role, look, service, target_group, told,
};
use crate::sandbox::{
    testing::{Account, between},
    timings::Timings,
};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

/// The states of the targets of a group.
fn targets(account: &mut Account, group: &str) -> Vec<String> {
    let answer =
        account.at("elasticloadbalancing").xml("DescribeTargetHealth", &json!({"TargetGroupArn": group}));
    account.at("ecs");
    let states =
        answer.split("<State>").skip(1).map(|rest| rest.split('<').next().unwrap_or_default().to_owned());
    states.collect()
}

/// The ids of the network interfaces that tasks hold.
fn interfaces(account: &mut Account) -> usize {
    let answer = account.at("ec2").xml("DescribeNetworkInterfaces", &json!({}));
    account.at("ecs");
    answer.matches("attachment/").count()
}

#[test]
fn a_new_service_waits_for_its_new_load_balancer_and_its_health_checks() {
    let mut account = account(Timings::aws_like());
    let group = target_group(&mut account, "shop", "ip");
    let input = behind(&mut account, "fargate:1", &group);
    let made = account.ok("CreateService", &input)["service"].clone();
    assert_eq!(
        (&made["platformVersion"], &made["healthCheckGracePeriodSeconds"]),
        (&json!("LATEST"), &json!(0))
    );
    look(&mut account, "shop", 41);
    assert_eq!(targets(&mut account, &group), ["initial", "initial"]);
    // The load balancer takes two minutes, then come two checks ten seconds apart.
    look(&mut account, "shop", 80);
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "IN_PROGRESS");
    look(&mut account, "shop", 22);
    assert_eq!(targets(&mut account, &group), ["healthy", "healthy"]);
    let done = service(&mut account, "shop");
    assert_eq!(done["deployments"][0]["rolloutState"], "COMPLETED");
    assert!(
        told(&done).contains(&format!("registered 2 targets in (target-group {group})")),
        "{:?}",
        told(&done)
    );
    let arns =
        account.ok("ListTasks", &json!({"cluster": "main", "serviceName": "shop"}))["taskArns"].clone();
    let tasks = account.ok("DescribeTasks", &json!({"cluster": "main", "tasks": arns}))["tasks"].clone();
    assert_eq!(
        (&tasks[0]["attachments"][0]["status"], &tasks[0]["launchType"]),
        (&json!("ATTACHED"), &json!("FARGATE"))
    );
    assert_eq!(
        tasks[0]["containers"][0]["networkInterfaces"][0]["privateIpv4Address"],
        tasks[0]["attachments"][0]["details"][2]["value"]
    );
}

#[test]
fn a_service_that_is_deleted_drains_for_as_long_as_its_targets_do() {
    let mut account = account(Timings::aws_like());
    let group = target_group(&mut account, "shop", "ip");
    let input = behind(&mut account, "fargate:1", &group);
    account.ok("CreateService", &input);
    account.wait(MINUTE * 10);
    assert_eq!(interfaces(&mut account), 2);
    account.ok("DeleteService", &json!({"cluster": "main", "service": "shop", "force": true}));
    account.wait(MINUTE * 4);
    assert_eq!(targets(&mut account, &group), ["draining", "draining"]);
    assert_eq!(service(&mut account, "shop")["status"], "DRAINING");
    account.wait(MINUTE);
    assert_eq!(service(&mut account, "shop")["status"], "INACTIVE");
    assert!(targets(&mut account, &group).is_empty());
    assert_eq!(interfaces(&mut account), 2, "they are held a while longer");
    account.wait(MINUTE * 2);
    assert_eq!(interfaces(&mut account), 0);
}

#[test]
fn tasks_that_never_pass_their_checks_are_stopped_after_their_grace() {
    let mut account = account(Timings::aws_like());
    let group = target_group(&mut account, "shop", "ip");
    account.wait(MINUTE * 5);
    let mut input = behind(&mut account, "sick:1", &group);
    input["healthCheckGracePeriodSeconds"] = json!(120);
    account.ok("CreateService", &input);
    account.wait(Duration::from_secs(40 + 110));
    assert_eq!(targets(&mut account, &group), ["unhealthy", "unhealthy"]);
    assert_eq!(service(&mut account, "shop")["deployments"][0]["failedTasks"], 0);
    account.wait(Duration::from_secs(15));
    assert_eq!(service(&mut account, "shop")["deployments"][0]["failedTasks"], 2);
    account.wait(MINUTE * 20);
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "FAILED");
    let stopped = json!({"cluster": "main", "serviceName": "shop", "desiredStatus": "STOPPED"});
    let arns = account.ok("ListTasks", &stopped)["taskArns"].clone();
    let tasks = account.ok("DescribeTasks", &json!({"cluster": "main", "tasks": arns}))["tasks"].clone();
    assert_eq!(tasks[0]["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(tasks[0]["stoppedReason"], format!("Task failed ELB health checks in (target-group {group})"));
}

#[test]
fn a_target_group_must_fit_and_be_in_use() {
    let mut account = account(Timings::instant());
    let fitting = target_group(&mut account, "shop", "ip");
    let other = target_group(&mut account, "other", "instance");
    let group = json!({"Name": "alone", "Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": vpc(&mut account)});
    let alone = account.at("elasticloadbalancing").xml("CreateTargetGroup", &group);
    let alone = between(&alone, "<TargetGroupArn>", "</TargetGroupArn>").to_owned();
    account.at("ecs");
    for (group, words) in [
        (&other, "incompatible with the awsvpc network mode"),
        (&alone, "does not have an associated load balancer"),
    ] {
        let input = behind(&mut account, "fargate:1", group);
        let response = account.call("CreateService", &input);
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert!(text.contains("InvalidParameterException") && text.contains(words), "{text}");
    }
    let input = behind(&mut account, "fargate:1", &fitting);
    account.ok("CreateService", &input);
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(targets(&mut account, &fitting), ["healthy", "healthy"]);
}

fn vpc(account: &mut Account) -> String {
    super::super::testing::subnets(account).1
}

#[test]
fn a_role_that_is_not_there_yet_holds_tasks_back_and_is_told() {
    let mut account = account(Timings::aws_like());
    let group = target_group(&mut account, "shop", "ip");
    account.at("iam").ok("DeleteRole", &json!({"RoleName": "execution"}));
    account.at("ecs");
    let input = behind(&mut account, "fargate:1", &group);
    account.ok("CreateService", &input);
    account.wait(MINUTE);
    let waiting = service(&mut account, "shop");
    assert_eq!((&waiting["pendingCount"], &waiting["runningCount"]), (&json!(0), &json!(0)));
    let words =
        format!("ECS was unable to assume the role '{EXECUTION_ROLE}' that was provided for this task.");
    assert!(told(&waiting).last().is_some_and(|event| event.contains(&words)), "{:?}", told(&waiting));
    assert_eq!(waiting["deployments"][0]["failedTasks"], 0);
    create_role(&mut account, "execution");
    account.wait(MINUTE * 10);
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "COMPLETED");
}

#[test]
fn other_load_balancers_start_a_deployment_and_the_settings_come_back_with_a_rollback() {
    let mut account = account(Timings::aws_like());
    let (blue, green) = (target_group(&mut account, "blue", "ip"), target_group(&mut account, "green", "ip"));
    let input = behind(&mut account, "fargate:1", &blue);
    account.ok("CreateService", &input);
    account.wait(MINUTE * 10);
    let balancer = json!([{"targetGroupArn": green, "containerName": "web", "containerPort": 80}]);
    let update =
        json!({"cluster": "main", "service": "shop", "taskDefinition": "sick:1", "loadBalancers": balancer});
    let updated = account.ok("UpdateService", &update)["service"].clone();
    assert_eq!(updated["loadBalancers"], balancer);
    account.wait(MINUTE * 30);
    let back = service(&mut account, "shop");
    assert_eq!(back["loadBalancers"][0]["targetGroupArn"], Value::from(blue.as_str()));
    assert_eq!(back["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(targets(&mut account, &blue), ["healthy", "healthy"]);
    assert!(targets(&mut account, &green).is_empty());
}
