// SPDX-License-Identifier: MIT OR Apache-2.0

use super::super::testing::{account, define, look, service, told, wanted};
use crate::sandbox::timings::Timings;
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn a_service_comes_up_step_by_step() {
    let mut account = account(Timings::aws_like());
    let made = account.ok("CreateService", &wanted("shop", "web:1"))["service"].clone();
    assert_eq!((&made["status"], &made["runningCount"]), (&json!("ACTIVE"), &json!(0)));
    assert_eq!(made["deployments"][0]["rolloutState"], "IN_PROGRESS");
    let id = made["deployments"][0]["id"].clone();

    account.wait(Duration::from_secs(1));
    let starting = service(&mut account, "shop");
    assert_eq!((&starting["pendingCount"], &starting["runningCount"]), (&json!(2), &json!(0)));
    account.wait(Duration::from_secs(40));
    let running = service(&mut account, "shop");
    assert_eq!((&running["pendingCount"], &running["runningCount"]), (&json!(0), &json!(2)));
    assert_eq!(running["deployments"][0]["rolloutState"], "IN_PROGRESS", "not healthy for long enough yet");
    account.wait(Duration::from_secs(40));
    let done = service(&mut account, "shop");
    assert_eq!(done["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(done["deployments"][0]["id"], id);
    let number = id.as_str().unwrap_or_default();
    assert_eq!(
        told(&done),
        [
            "has started 2 tasks:".to_owned(),
            format!("(deployment {number}) deployment completed."),
            "has reached a steady state.".to_owned()
        ]
    );
}

#[test]
fn one_look_after_ten_minutes_finds_what_a_look_every_second_finds() {
    let mut worlds = Vec::new();
    for often in [true, false] {
        let mut account = account(Timings::aws_like());
        account.ok("CreateService", &wanted("shop", "web:1"));
        account.ok("CreateService", &wanted("other", "broken:1"));
        if often {
            look(&mut account, "shop", 600);
        } else {
            account.wait(MINUTE * 10);
        }
        service(&mut account, "shop");
        worlds.push(account.world);
    }
    assert_eq!(worlds[0], worlds[1]);
}

#[test]
fn an_update_keeps_enough_tasks_healthy_and_ends_in_one_deployment() {
    let mut account = account(Timings::aws_like());
    account.ok("CreateService", &wanted("shop", "web:1"));
    account.wait(MINUTE * 5);
    let update = json!({"cluster": "main", "service": "shop", "taskDefinition": "web:2"});
    let updated = account.ok("UpdateService", &update)["service"].clone();
    assert_eq!(
        (&updated["deployments"][0]["status"], &updated["deployments"][1]["status"]),
        (&json!("PRIMARY"), &json!("ACTIVE"))
    );
    for second in 0..200 {
        account.wait(Duration::from_secs(1));
        let running = service(&mut account, "shop")["runningCount"].as_u64().unwrap_or_default();
        assert!((2..=4).contains(&running), "{running} running after {second} s");
    }
    let done = service(&mut account, "shop");
    assert_eq!(done["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(done["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(done["taskDefinition"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2");
    assert_eq!(done["deployments"][0]["runningCount"], 2);
}

#[test]
fn with_instant_timings_all_is_over_at_the_first_look() {
    let mut account = account(Timings::instant());
    account.ok("CreateService", &wanted("shop", "web:1"));
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "COMPLETED");
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "taskDefinition": "broken:1"}));
    let back = service(&mut account, "shop");
    assert_eq!(back["taskDefinition"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1");
    assert_eq!(back["deployments"][0]["rolloutState"], "COMPLETED");
    account.ok("DeleteService", &json!({"cluster": "main", "service": "shop", "force": true}));
    assert_eq!(service(&mut account, "shop")["status"], "INACTIVE");
}

#[test]
fn a_first_deployment_that_fails_has_nothing_to_go_back_to() {
    let mut account = account(Timings::aws_like());
    let made = account.ok("CreateService", &wanted("shop", "broken:1"))["service"].clone();
    account.wait(MINUTE * 10);
    let failed = service(&mut account, "shop");
    let deployment = &failed["deployments"][0];
    assert_eq!((&deployment["status"], &deployment["rolloutState"]), (&json!("PRIMARY"), &json!("FAILED")));
    assert_eq!((&deployment["failedTasks"], &deployment["desiredCount"]), (&json!(4), &json!(0)));
    assert_eq!(deployment["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    assert_eq!((&failed["runningCount"], &failed["pendingCount"]), (&json!(0), &json!(0)));
    assert_eq!(failed["desiredCount"], 2);
    let id = made["deployments"][0]["id"].as_str().unwrap_or_default();
    let last = told(&failed).last().cloned();
    assert_eq!(last, Some(format!("(deployment {id}) deployment failed: tasks failed to start.")));
    let described = record(&mut account);
    assert_eq!(described["status"], "ROLLBACK_FAILED");
    assert_eq!(
        described["deploymentCircuitBreaker"],
        json!({"status": "TRIGGERED", "failureCount": 4, "threshold": 3})
    );
}

/// The latest service deployment of `shop`.
fn record(account: &mut crate::sandbox::testing::Account) -> Value {
    let listed = account.ok("ListServiceDeployments", &json!({"cluster": "main", "service": "shop"}));
    let arn = listed["serviceDeployments"][0]["serviceDeploymentArn"].clone();
    let described = account.ok("DescribeServiceDeployments", &json!({"serviceDeploymentArns": [arn]}));
    described["serviceDeployments"][0].clone()
}

#[test]
fn a_deployment_that_fails_gives_way_to_the_one_before_under_its_old_id() {
    let mut account = account(Timings::aws_like());
    let made = account.ok("CreateService", &wanted("shop", "web:1"))["service"].clone();
    account.wait(MINUTE * 5);
    let first = record(&mut account);
    assert_eq!(first["status"], "SUCCESSFUL");
    let update = json!({"cluster": "main", "service": "shop", "taskDefinition": "missing:1"});
    let updated = account.ok("UpdateService", &update)["service"].clone();
    assert_eq!(record(&mut account)["status"], "IN_PROGRESS");
    let mut back = service(&mut account, "shop");
    while back["deployments"][0]["id"] == updated["deployments"][0]["id"] {
        account.wait(Duration::from_secs(1));
        back = service(&mut account, "shop");
    }
    let (old, new) = (&made["deployments"][0]["id"], &updated["deployments"][0]["id"]);
    assert_eq!(back["deployments"][0]["id"], *old);
    assert_eq!(back["runningCount"], 2, "the tasks before were kept");
    assert_eq!(back["taskDefinition"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1");
    let events = told(&back).join("\n");
    let (old, new) = (old.as_str().unwrap_or_default(), new.as_str().unwrap_or_default());
    assert!(
        events.contains(&format!("(deployment {new}) deployment failed: tasks failed to start.")),
        "{events}"
    );
    assert!(events.contains(&format!("rolling back to deployment {old}.")), "{events}");
    account.wait(MINUTE);
    let back = service(&mut account, "shop");
    assert_eq!(back["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(back["deployments"][0]["rolloutState"], "COMPLETED");
    let described = record(&mut account);
    assert_eq!(described["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(described["rollback"]["serviceRevisionArn"], first["targetServiceRevision"]["arn"]);
}

#[test]
fn without_a_circuit_breaker_tasks_are_tried_again_ever_less_often() {
    let mut account = account(Timings::aws_like());
    let mut input = wanted("shop", "broken:1");
    input["deploymentConfiguration"] = json!({});
    account.ok("CreateService", &input);
    let mut counts = Vec::new();
    for _ in 0..3 {
        account.wait(MINUTE * 60);
        let service = service(&mut account, "shop");
        assert_eq!(service["deployments"][0]["rolloutState"], "IN_PROGRESS");
        counts.push(service["deployments"][0]["failedTasks"].as_u64().unwrap_or_default());
    }
    assert!(counts[0] > 8 && counts[2] - counts[1] <= 10, "{counts:?}");
    let events = told(&service(&mut account, "shop")).join("\n");
    assert!(events.contains("is unable to consistently start tasks successfully"), "{events}");
}

#[test]
fn an_endless_crash_does_not_take_endless_time() {
    let mut account = account(Timings::instant());
    let mut input = wanted("shop", "broken:1");
    input["deploymentConfiguration"] = json!({});
    account.ok("CreateService", &input);
    account.wait(MINUTE * 60 * 24 * 30);
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "IN_PROGRESS");
}

#[test]
fn another_count_starts_no_deployment() {
    let mut account = account(Timings::aws_like());
    let made = account.ok("CreateService", &wanted("shop", "web:1"))["service"].clone();
    account.wait(MINUTE * 5);
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "desiredCount": 5}));
    account.wait(Duration::from_mins(1));
    let up = service(&mut account, "shop");
    assert_eq!(
        (&up["runningCount"], &up["deployments"][0]["id"]),
        (&json!(5), &made["deployments"][0]["id"])
    );
    assert_eq!(up["deployments"][0]["rolloutState"], "COMPLETED");
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "desiredCount": 0}));
    account.wait(Duration::from_mins(1));
    let down = service(&mut account, "shop");
    assert_eq!((&down["runningCount"], &down["pendingCount"]), (&json!(0), &json!(0)));
    assert!(told(&down).iter().any(|event| event == "has stopped 5 running tasks:"));
}

#[test]
fn a_new_deployment_supersedes_the_one_under_way() {
    let mut account = account(Timings::aws_like());
    account.ok("CreateService", &wanted("shop", "web:1"));
    account.wait(Duration::from_secs(10));
    let superseded = record(&mut account);
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "taskDefinition": "web:2"}));
    account.wait(MINUTE * 5);
    let done = service(&mut account, "shop");
    assert_eq!(
        (&done["runningCount"], &done["deployments"][0]["rolloutState"]),
        (&json!(2), &json!("COMPLETED"))
    );
    let arns = json!({"serviceDeploymentArns": [superseded["serviceDeploymentArn"]]});
    let described = account.ok("DescribeServiceDeployments", &arns);
    assert_eq!(described["serviceDeployments"][0]["status"], "STOPPED");
}

#[test]
fn limits_that_leave_no_room_are_told() {
    let mut account = account(Timings::aws_like());
    let mut input = wanted("shop", "web:1");
    input["deploymentConfiguration"] = json!({"minimumHealthyPercent": 100, "maximumPercent": 100});
    input["availabilityZoneRebalancing"] = json!("DISABLED");
    account.ok("CreateService", &input);
    account.wait(MINUTE * 5);
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "taskDefinition": "web:2"}));
    account.wait(MINUTE * 60);
    let stuck = service(&mut account, "shop");
    assert_eq!(stuck["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(stuck["runningCount"], 2);
    assert!(
        told(&stuck)
            .iter()
            .any(|event| event.starts_with("was unable to stop or start tasks during a deployment"))
    );
    let room = json!({"minimumHealthyPercent": 50});
    account
        .ok("UpdateService", &json!({"cluster": "main", "service": "shop", "deploymentConfiguration": room}));
    account.wait(MINUTE * 10);
    assert_eq!(service(&mut account, "shop")["deployments"][0]["rolloutState"], "COMPLETED");
}

#[test]
fn a_deployment_can_be_stopped_and_taken_back() {
    let mut account = account(Timings::aws_like());
    account.ok("CreateService", &wanted("shop", "web:1"));
    account.wait(MINUTE * 5);
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "taskDefinition": "web:2"}));
    account.wait(Duration::from_secs(5));
    let arn = record(&mut account)["serviceDeploymentArn"].clone();
    account.ok("StopServiceDeployment", &json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}));
    account.wait(Duration::from_secs(1));
    assert_eq!(record(&mut account)["status"], "ROLLBACK_IN_PROGRESS");
    account.wait(MINUTE * 5);
    assert_eq!(record(&mut account)["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(
        service(&mut account, "shop")["taskDefinition"],
        "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1"
    );
    let code = account.refused("StopServiceDeployment", &json!({"serviceDeploymentArn": arn}));
    assert_eq!(code, "ConflictException");
    let none = "arn:aws:ecs:us-east-1:123456789012:service-deployment/main/none/1";
    let code = account.refused("StopServiceDeployment", &json!({"serviceDeploymentArn": none}));
    assert_eq!(code, "ServiceDeploymentNotFoundException");
}

#[test]
fn service_deployments_come_latest_first_and_in_pages() {
    let mut account = account(Timings::instant());
    account.ok("CreateService", &wanted("shop", "web:1"));
    for _ in 0..3 {
        let update = json!({"cluster": "main", "service": "shop", "forceNewDeployment": true});
        account.ok("UpdateService", &update);
        account.wait(MINUTE);
        service(&mut account, "shop");
    }
    let asked = json!({"cluster": "main", "service": "shop", "maxResults": 3, "status": ["SUCCESSFUL"]});
    let first = account.ok("ListServiceDeployments", &asked);
    assert_eq!(first["serviceDeployments"].as_array().map(Vec::len), Some(3));
    let mut next = asked.clone();
    next["nextToken"] = first["nextToken"].clone();
    let second = account.ok("ListServiceDeployments", &next);
    assert_eq!(second["serviceDeployments"].as_array().map(Vec::len), Some(1));
    assert!(second.get("nextToken").is_none());
    let revision = first["serviceDeployments"][0]["targetServiceRevisionArn"].clone();
    let described = account.ok("DescribeServiceRevisions", &json!({"serviceRevisionArns": [revision]}));
    assert_eq!(described["serviceRevisions"][0]["containerImages"][0]["image"], "shop/web:1");
    let code = account.refused("ListServiceDeployments", &json!({"cluster": "main", "service": "none"}));
    assert_eq!(code, "ServiceNotFoundException");
}

#[test]
fn images_that_come_back_to_life_let_a_service_recover() {
    let mut account = account(Timings::aws_like());
    let mut input = wanted("shop", "broken:1");
    input["deploymentConfiguration"] = json!({});
    account.ok("CreateService", &input);
    account.wait(MINUTE * 2);
    assert_eq!(service(&mut account, "shop")["runningCount"], 0);
    define(&mut account, "web", "shop/web:3", "bridge");
    account.ok("UpdateService", &json!({"cluster": "main", "service": "shop", "taskDefinition": "web"}));
    account.wait(MINUTE * 2);
    let up = service(&mut account, "shop");
    assert_eq!((&up["runningCount"], &up["deployments"][0]["failedTasks"]), (&json!(2), &json!(0)));
    assert_eq!(up["taskDefinition"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3");
}
