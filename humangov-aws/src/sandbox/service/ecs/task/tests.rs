// SPDX-License-Identifier: MIT OR Apache-2.0

use super::super::testing::{account, service, wanted};
use crate::sandbox::{testing::Account, timings::Timings};
use serde_json::{Value, json};
use std::time::Duration;

/// The tasks of `shop` with this desired status, as they are told of.
fn tasks(account: &mut Account, status: &str) -> Vec<Value> {
    let asked = json!({"cluster": "main", "serviceName": "shop", "desiredStatus": status});
    let arns = account.ok("ListTasks", &asked)["taskArns"].clone();
    if arns == json!([]) {
        return Vec::new();
    }
    let answer = account.ok("DescribeTasks", &json!({"cluster": "main", "tasks": arns, "include": ["TAGS"]}));
    answer["tasks"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_services_tasks_say_whose_they_are() {
    let mut account = account(Timings::instant());
    let mut input = wanted("shop", "web:1");
    input["propagateTags"] = json!("SERVICE");
    input["enableECSManagedTags"] = json!(true);
    input["tags"] = json!([{"key": "a", "value": "b"}]);
    account.ok("CreateService", &input);
    let id = service(&mut account, "shop")["deployments"][0]["id"].clone();
    let tasks = tasks(&mut account, "RUNNING");
    assert_eq!(tasks.len(), 2);
    let task = &tasks[0];
    assert_eq!((&task["startedBy"], &task["group"]), (&id, &json!("service:shop")));
    assert_eq!(
        (&task["lastStatus"], &task["containers"][0]["lastStatus"]),
        (&json!("RUNNING"), &json!("RUNNING"))
    );
    assert_eq!(
        task["tags"],
        json!([
            {"key": "a", "value": "b"},
            {"key": "aws:ecs:clusterName", "value": "main"},
            {"key": "aws:ecs:serviceName", "value": "shop"}
        ])
    );
    let found = account.ok("ListTasks", &json!({"cluster": "main", "startedBy": id}));
    assert_eq!(found["taskArns"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_essential_container_that_exits_ends_its_task_and_leaves_its_last_words() {
    let mut account = account(Timings::aws_like());
    account.ok("CreateService", &wanted("shop", "broken:1"));
    account.wait(Duration::from_secs(45));
    let tasks = tasks(&mut account, "STOPPED");
    let task = &tasks[0];
    assert_eq!(
        (&task["lastStatus"], &task["stopCode"]),
        (&json!("STOPPED"), &json!("EssentialContainerExited"))
    );
    assert_eq!(task["stoppedReason"], "Essential container in task exited");
    assert_eq!(task["containers"][0]["exitCode"], 3);
    let id = super::super::service::tail(task["taskArn"].as_str().unwrap_or_default());
    let asked = json!({"logGroupName": "/logs", "logStreamName": format!("app/web/{id}")});
    let log = account.at("logs").ok("GetLogEvents", &asked);
    assert!(log["events"].to_string().contains("NoneType"), "{log}");
    account.at("ecs").wait(Duration::from_secs(3700 + 600));
    assert!(self::tasks(&mut account, "STOPPED").is_empty(), "stopped tasks are forgotten after an hour");
}

#[test]
fn an_image_that_cannot_be_pulled_never_starts() {
    let mut account = account(Timings::aws_like());
    account.ok("CreateService", &wanted("shop", "missing:1"));
    account.wait(Duration::from_secs(41));
    let tasks = tasks(&mut account, "STOPPED");
    let task = &tasks[0];
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    let reason = task["stoppedReason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert_eq!(task["containers"][0]["reason"], reason);
    assert!(task["containers"][0].get("exitCode").is_none());
    assert!(task.get("startedAt").is_none());
}

#[test]
fn a_log_group_that_is_not_there_keeps_a_task_from_starting() {
    let mut account = account(Timings::instant());
    account.at("logs").ok("DeleteLogGroup", &json!({"logGroupName": "/logs"}));
    account.at("ecs").ok("CreateService", &wanted("shop", "web:1"));
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "FAILED");
    let tasks = tasks(&mut account, "STOPPED");
    assert_eq!(tasks[0]["stopCode"], "TaskFailedToStart");
    let reason = tasks[0]["stoppedReason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("ResourceInitializationError: "), "{reason}");
}

#[test]
fn a_task_can_be_run_and_stopped_by_hand() {
    let mut account = account(Timings::aws_like());
    let run = json!({"cluster": "main", "taskDefinition": "web", "startedBy": "me", "clientToken": "once"});
    let first = account.ok("RunTask", &run)["tasks"][0].clone();
    assert_eq!((&first["lastStatus"], &first["group"]), (&json!("PROVISIONING"), &json!("family:web")));
    assert_eq!(first["taskDefinitionArn"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2");
    assert_eq!(account.ok("RunTask", &run)["tasks"][0]["taskArn"], first["taskArn"]);
    let mut another = run.clone();
    another["count"] = json!(2);
    assert_eq!(account.refused("RunTask", &another), "ConflictException");
    account.wait(Duration::from_mins(1));
    let named = json!({"cluster": "main", "tasks": [first["taskArn"], "none"]});
    let answer = account.ok("DescribeTasks", &named);
    assert_eq!(answer["tasks"][0]["lastStatus"], "RUNNING");
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let stop = json!({"cluster": "main", "task": first["taskArn"], "reason": "enough"});
    let stopped = account.ok("StopTask", &stop)["task"].clone();
    assert_eq!(
        (&stopped["desiredStatus"], &stopped["stopCode"]),
        (&json!("STOPPED"), &json!("UserInitiated"))
    );
    account.wait(Duration::from_secs(20));
    let answer = account.ok("DescribeTasks", &named);
    assert_eq!(
        (&answer["tasks"][0]["lastStatus"], &answer["tasks"][0]["stoppedReason"]),
        (&json!("STOPPED"), &json!("enough"))
    );
    assert_eq!(
        account.refused("StopTask", &json!({"cluster": "main", "task": "none"})),
        "InvalidParameterException"
    );
}

#[test]
fn a_services_task_that_is_stopped_by_hand_is_replaced() {
    let mut account = account(Timings::aws_like());
    account.ok("CreateService", &wanted("shop", "web:1"));
    account.wait(Duration::from_mins(2));
    let task = tasks(&mut account, "RUNNING")[0]["taskArn"].clone();
    account.ok("StopTask", &json!({"cluster": "main", "task": task}));
    account.wait(Duration::from_secs(6));
    let shown = service(&mut account, "shop");
    assert_eq!((&shown["runningCount"], &shown["pendingCount"]), (&json!(1), &json!(1)));
    account.wait(Duration::from_mins(2));
    let shown = service(&mut account, "shop");
    assert_eq!((&shown["runningCount"], &shown["deployments"][0]["failedTasks"]), (&json!(2), &json!(0)));
}

#[test]
fn lists_of_tasks_are_checked() {
    let mut account = account(Timings::instant());
    for (asked, code) in [
        (json!({"cluster": "none"}), "ClusterNotFoundException"),
        (json!({"cluster": "main", "serviceName": "none"}), "ServiceNotFoundException"),
        (json!({"cluster": "main", "desiredStatus": "GONE"}), "InvalidParameterException"),
        (json!({"cluster": "main", "maxResults": 0}), "InvalidParameterException"),
        (json!({"cluster": "main", "startedBy": "a", "family": "b"}), "InvalidParameterException"),
        (json!({"cluster": "main", "nextToken": "nonsense"}), "InvalidParameterException"),
    ] {
        assert_eq!(account.refused("ListTasks", &asked), code, "{asked}");
    }
    assert_eq!(
        account.refused("DescribeTasks", &json!({"cluster": "main", "tasks": []})),
        "InvalidParameterException"
    );
    account.ok("RunTask", &json!({"cluster": "main", "taskDefinition": "web:1", "count": 3}));
    let page = account.ok("ListTasks", &json!({"cluster": "main", "family": "web", "maxResults": 2}));
    let rest = json!({"cluster": "main", "family": "web", "nextToken": page["nextToken"]});
    assert_eq!(account.ok("ListTasks", &rest)["taskArns"].as_array().map(Vec::len), Some(1));
    for (run, code) in [
        (json!({"count": 11}), "InvalidParameterException"),
        (json!({"taskDefinition": "none"}), "ClientException"),
        (json!({"taskDefinition": "fargate", "launchType": "FARGATE"}), "InvalidParameterException"),
        (json!({"launchType": "FARGATE"}), "InvalidParameterException"),
    ] {
        let mut input = json!({"cluster": "main", "taskDefinition": "web"});
        for (name, value) in run.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        assert_eq!(account.refused("RunTask", &input), code, "{run}");
    }
}
