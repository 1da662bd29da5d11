// SPDX-License-Identifier: MIT OR Apache-2.0
//! How deployments are followed, and what is told of those that fail.

use super::*;

async fn ready(client: Client) -> Readiness {
    ServiceHandler::new(client).ready(&cx(ADDRESS), &fargate(), &outputs()).await.unwrap()
}

fn in_rollout(deployments: Vec<types::Deployment>) -> types::Service {
    let mut service = shown(&fargate());
    service.deployments = Some(deployments);
    service
}

#[tokio::test]
async fn a_failed_deployment_is_told_with_events_and_the_last_words_of_its_tasks() {
    let failed = deployment("ecs-svc/8157234", 2, "PRIMARY", State::Failed, (0, 2))
        .failed_tasks(3)
        .rollout_state_reason("ECS deployment circuit breaker: tasks failed to start.");
    let mut service = in_rollout(vec![failed.build()]);
    let event = |seconds: i64, message: &str| {
        types::ServiceEvent::builder().created_at(DateTime::from_secs(seconds)).message(message).build()
    };
    service.events = Some(vec![
        event(STARTED + 60, "(service california) deployment ecs-svc/8157234 deployment failed."),
        event(STARTED + 30, "(service california) has started 2 tasks."),
        event(STARTED - 60, "(service california) has reached a steady state."),
    ]);
    let task = |started_by: &str, code: i32| {
        types::Task::builder()
            .started_by(started_by)
            .stop_code(types::TaskStopCode::EssentialContainerExited)
            .stopped_reason("Essential container in task exited")
            .containers(types::Container::builder().name("app").exit_code(code).build())
            .containers(types::Container::builder().name("nginx").exit_code(0).build())
            .build()
    };
    let tasks = vec![task("ecs-svc/8157234", 3), task("ecs-svc/8157234", 3), task("ecs-svc/1", 9)];
    let describe = describes(&service);
    let list = mock!(Client::list_tasks)
        .match_requests(|request| {
            request.desired_status() == Some(&types::DesiredStatus::Stopped)
                && request.service_name() == Some("california")
        })
        .then_output(|| ListTasksOutput::builder().task_arns("a").task_arns("b").task_arns("c").build());
    let describe_tasks = mock!(Client::describe_tasks)
        .match_requests(|request| request.tasks() == ["a", "b", "c"])
        .then_output(move || DescribeTasksOutput::builder().set_tasks(Some(tasks.clone())).build());
    let readiness = ready(mock_client!(aws_sdk_ecs, [&describe, &list, &describe_tasks])).await;
    assert_eq!(
        readiness,
        Readiness::Failed {
            reason: "deployment ecs-svc/8157234 failed: ECS deployment circuit breaker: tasks failed to start; 3 tasks failed".to_owned(),
            details: vec![
                "2026-09-21T14:13:50Z has started 2 tasks.".to_owned(),
                "2026-09-21T14:14:20Z deployment ecs-svc/8157234 deployment failed.".to_owned(),
                "2 tasks stopped: Essential container in task exited (EssentialContainerExited)".to_owned(),
                "container app exited 3".to_owned(),
                "ECS has no earlier deployment to put the service back to".to_owned(),
            ],
        }
    );
}

#[tokio::test]
async fn a_failure_is_told_even_when_its_tasks_cannot_be_read() {
    let failed = || {
        let failed = deployment("ecs-svc/8157234", 2, "PRIMARY", State::Failed, (0, 2)).build();
        describes(&in_rollout(vec![failed]))
    };
    let refused = mock!(Client::list_tasks).then_error(|| {
        let meta = meta("AccessDeniedException", "not authorized");
        ListTasksError::generic(meta)
    });
    let describe = failed();
    let Readiness::Failed { details, .. } = ready(mock_client!(aws_sdk_ecs, [&describe, &refused])).await
    else {
        panic!("failed");
    };
    assert_eq!(
        details[0],
        "the stopped tasks could not be read: ListTasks failed: AccessDeniedException: not authorized"
    );
    let (describe, none) =
        (failed(), mock!(Client::list_tasks).then_output(|| ListTasksOutput::builder().build()));
    let Readiness::Failed { details, .. } = ready(mock_client!(aws_sdk_ecs, [&describe, &none])).await else {
        panic!("failed");
    };
    assert_eq!(details, ["ECS has no earlier deployment to put the service back to"]);
}

#[tokio::test]
async fn a_service_that_is_not_seen_yet_is_waited_for() {
    let missing = describes_nothing();
    assert_eq!(
        ready(mock_client!(aws_sdk_ecs, [&missing])).await,
        Readiness::Pending("not visible yet".to_owned())
    );
}

/// How the deployment `ecs-svc/8157234`, for two tasks of revision 2, is judged.
fn judged(service: &types::Service) -> String {
    match rollout::judge(service, &outputs()) {
        rollout::Verdict::Ready => "ready".to_owned(),
        rollout::Verdict::Pending(what) => format!("pending: {what}"),
        rollout::Verdict::Failed { reason, since_then: None } => format!("failed: {reason}"),
        rollout::Verdict::Failed { reason, since_then: Some(then) } => format!("failed: {reason}\n{then}"),
    }
}

#[test]
fn our_own_deployment_is_followed() {
    let ours = |state, counts| deployment("ecs-svc/8157234", 2, "PRIMARY", state, counts);
    let old = || deployment("ecs-svc/1", 1, "ACTIVE", State::Completed, (2, 2)).build();
    let case = |deployments: Vec<types::Deployment>| judged(&in_rollout(deployments));
    assert_eq!(
        case(vec![ours(State::InProgress, (1, 2)).failed_tasks(1).build(), old()]),
        "pending: 1 of 2 running, 1 failed (deployment ecs-svc/8157…)"
    );
    assert_eq!(case(vec![ours(State::Completed, (2, 2)).build()]), "ready");
    // An emulator never takes the old one away.
    assert_eq!(case(vec![ours(State::Completed, (2, 2)).build(), old()]), "ready");
    // A count that was changed is being reached, or was changed again by something that scales the service.
    assert_eq!(case(vec![ours(State::Completed, (1, 1)).build()]), "ready");
    assert_eq!(
        case(vec![ours(State::Completed, (2, 4)).build()]),
        "pending: 2 of 4 running, 0 failed (deployment ecs-svc/8157…)"
    );
    assert_eq!(case(vec![]), "pending: no deployment yet");
    let mut stateless = ours(State::Completed, (2, 2)).build();
    stateless.rollout_state = None;
    assert_eq!(case(vec![stateless]), "ready");
}

#[test]
fn a_service_without_tasks_is_ready() {
    let none = deployment("ecs-svc/8157234", 2, "PRIMARY", State::Completed, (0, 0));
    assert_eq!(judged(&in_rollout(vec![none.build()])), "ready");
}

#[test]
fn a_role_that_cannot_be_assumed_yet_is_told_but_no_failure() {
    let mut service =
        in_rollout(vec![deployment("ecs-svc/8157234", 2, "PRIMARY", State::InProgress, (0, 2)).build()]);
    let event = |seconds, message: &str| {
        types::ServiceEvent::builder().created_at(DateTime::from_secs(seconds)).message(message).build()
    };
    let message = "(service california) was unable to assume the role.";
    service.events = Some(vec![event(STARTED + 5, message)]);
    let plain = "pending: 0 of 2 running, 0 failed (deployment ecs-svc/8157…)";
    assert_eq!(judged(&service), format!("{plain}; was unable to assume the role."));
    // One from before our deployment tells nothing of it.
    service.events = Some(vec![event(STARTED - 5, message)]);
    assert_eq!(judged(&service), plain);
}

#[test]
fn a_rollback_by_ecs_is_a_failure() {
    let reason = "ECS deployment circuit breaker: tasks failed to start.";
    let back = deployment("ecs-svc/99", 1, "PRIMARY", State::InProgress, (0, 2))
        .rollout_state_reason("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.")
        .created_at(DateTime::from_secs(STARTED + 90))
        .build();
    let ours = deployment("ecs-svc/8157234", 2, "ACTIVE", State::Failed, (0, 0))
        .rollout_state_reason(reason)
        .failed_tasks(3)
        .build();
    assert_eq!(
        judged(&in_rollout(vec![back.clone(), ours])),
        "failed: deployment ecs-svc/8157234 failed: ECS deployment circuit breaker: tasks failed to start; 3 tasks failed\n\
         ECS itself put the service back to california:1 (0 of 2 running)"
    );
    // Ours may be gone by the time we look.
    assert_eq!(
        judged(&in_rollout(vec![back])),
        "failed: deployment ecs-svc/8157234 failed: ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1\n\
         ECS itself put the service back to california:1 (0 of 2 running)"
    );
    // When all is over, the deployment before ours is in force again, and only the events tell.
    let old = deployment("ecs-svc/1", 1, "PRIMARY", State::Completed, (2, 2))
        .created_at(DateTime::from_secs(STARTED - 900))
        .updated_at(DateTime::from_secs(STARTED + 120))
        .build();
    let mut service = in_rollout(vec![old]);
    let event = types::ServiceEvent::builder().created_at(DateTime::from_secs(STARTED + 90)).message(
        "(service california) (deployment ecs-svc/8157234) deployment failed: tasks failed to start.",
    );
    service.events = Some(vec![event.build()]);
    assert_eq!(
        judged(&service),
        "failed: deployment ecs-svc/8157234 failed: tasks failed to start\n\
         ECS itself put the service back to california:1 (2 of 2 running)"
    );
}

#[test]
fn a_failure_that_ecs_leaves_in_force_says_what_else_is_there() {
    let failed = || deployment("ecs-svc/8157234", 2, "PRIMARY", State::Failed, (0, 2)).build();
    let old = deployment("ecs-svc/1", 1, "ACTIVE", State::Completed, (2, 2)).build();
    assert_eq!(
        judged(&in_rollout(vec![failed(), old])),
        "failed: deployment ecs-svc/8157234 failed: ECS gives no reason\n\
         ECS did not put the service back; california:1 is still there beside it (2 of 2 running)"
    );
    assert_eq!(
        judged(&in_rollout(vec![failed()])),
        "failed: deployment ecs-svc/8157234 failed: ECS gives no reason\n\
         ECS has no earlier deployment to put the service back to"
    );
}

#[test]
fn a_deployment_of_somebody_else_is_a_failure_and_an_old_answer_is_not() {
    let other = |seconds| {
        deployment("ecs-svc/77", 5, "PRIMARY", State::InProgress, (0, 2))
            .created_at(DateTime::from_secs(STARTED + seconds))
            .build()
    };
    let ours = deployment("ecs-svc/8157234", 2, "ACTIVE", State::InProgress, (1, 0)).build();
    let superseded =
        "failed: deployment ecs-svc/77 of california:5, which is not ours, took the place of ecs-svc/8157234";
    assert_eq!(judged(&in_rollout(vec![other(30), ours])), superseded);
    assert_eq!(judged(&in_rollout(vec![other(30)])), superseded);
    assert_eq!(judged(&in_rollout(vec![other(-30)])), "pending: deployment ecs-svc/8157…: not visible yet");
}

#[test]
fn a_service_that_is_deleted_meanwhile_is_a_failure() {
    let mut service = shown(&fargate());
    service.status = Some("DRAINING".to_owned());
    assert_eq!(judged(&service), "failed: the service is being deleted");
    service.status = Some("INACTIVE".to_owned());
    assert_eq!(judged(&service), "failed: the service was deleted");
}
