// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::testing::mock_client;
use aws_sdk_cloudwatchlogs::{
    error::ErrorMetadata,
    operation::get_log_events::{GetLogEventsError, GetLogEventsOutput},
};
use aws_sdk_ecs::operation::describe_task_definition::{
    DescribeTaskDefinitionError, DescribeTaskDefinitionOutput,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;

const REVISION: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/california:8";

/// A task whose containers exited so, or never ran.
fn task(id: &str, stopped_at: i64, exits: [Option<i32>; 2]) -> types::Task {
    let mut task = types::Task::builder()
        .task_arn(format!("arn:aws:ecs:us-east-1:123456789012:task/humangov/{id}"))
        .task_definition_arn(REVISION)
        .stopped_at(DateTime::from_secs(stopped_at));
    for (name, exit) in ["nginx", "app"].into_iter().zip(exits) {
        task = task.containers(types::Container::builder().name(name).set_exit_code(exit).build());
    }
    task.build()
}

fn awslogs(options: &[(&str, &str)]) -> types::LogConfiguration {
    let mut log = types::LogConfiguration::builder().log_driver(types::LogDriver::Awslogs);
    for (key, value) in options {
        log = log.options(*key, *value);
    }
    log.build().unwrap()
}

fn usual() -> types::LogConfiguration {
    awslogs(&[
        ("awslogs-group", "/humangov/california"),
        ("awslogs-region", "us-east-1"),
        ("awslogs-stream-prefix", "web"),
    ])
}

fn defined(log: Option<types::LogConfiguration>) -> Rule {
    mock!(Client::describe_task_definition)
        .match_requests(|request| request.task_definition() == Some(REVISION))
        .then_output(move || {
            let container = types::ContainerDefinition::builder().name("app");
            let container = container.set_log_configuration(log.clone()).build();
            let definition = types::TaskDefinition::builder().container_definitions(container).build();
            DescribeTaskDefinitionOutput::builder().task_definition(definition).build()
        })
}

fn page(messages: &[&str], before: Option<&str>) -> GetLogEventsOutput {
    let event = |message: &&str| OutputLogEvent::builder().message(*message).build();
    GetLogEventsOutput::builder()
        .set_events(Some(messages.iter().map(event).collect()))
        .set_next_backward_token(before.map(str::to_owned))
        .build()
}

async fn told_of(definition: &Rule, log: &[&Rule], tasks: &[types::Task]) -> Vec<String> {
    let ecs = mock_client!(aws_sdk_ecs, [definition]);
    let logs = match log {
        [] => mock_client!(aws_sdk_cloudwatchlogs, []),
        [one] => mock_client!(aws_sdk_cloudwatchlogs, [one]),
        [one, other, ..] => mock_client!(aws_sdk_cloudwatchlogs, [one, other]),
    };
    told(&ecs, &logs, tasks).await
}

#[tokio::test]
async fn the_newest_task_and_the_container_that_failed_are_asked() {
    let definition = defined(Some(usual()));
    let log = mock!(Logs::get_log_events)
        .match_requests(|request| {
            request.log_group_name() == Some("/humangov/california")
                && request.log_stream_name() == Some("web/app/new")
                && request.start_from_head() == Some(false)
                && request.limit() == Some(10)
        })
        .then_output(|| page(&["1", "2", "3", " \n", "4", "  at x\r\n", "\u{1b}[31mNo\tneed\u{7}"], None));
    let tasks = [
        task("old", 10, [None, Some(3)]),
        task("new", 30, [Some(143), Some(3)]),
        task("other", 20, [None, Some(3)]),
    ];
    assert_eq!(
        told_of(&definition, &[&log], &tasks).await,
        ["app said: 2", "app said: 3", "app said: 4", "app said:   at x", "app said:  [31mNo need"]
    );
    assert_eq!((definition.num_calls(), log.num_calls()), (1, 1));
}

#[test]
fn what_failed_by_itself_comes_before_what_was_stopped_and_that_before_what_ended_well() {
    let picked = |tasks: &[types::Task]| {
        culprit(tasks).map(|(task, container)| {
            format!("{}/{}", tail(task.task_arn().unwrap()), container.name().unwrap())
        })
    };
    let (well, killed, failed, never) = (Some(0), Some(137), Some(1), None);
    let (new, old) = (|exits| task("new", 2, exits), |exits| task("old", 1, exits));
    assert_eq!(picked(&[old([well, failed]), new([killed, well])]).as_deref(), Some("old/app"));
    assert_eq!(picked(&[old([well, killed]), new([killed, well])]).as_deref(), Some("new/nginx"));
    assert_eq!(picked(&[old([well, well]), new([never, well])]).as_deref(), Some("new/app"));
    // No image, no log.
    assert_eq!(picked(&[new([never, never])]), None);
    assert_eq!(picked(&[]), None);
}

#[tokio::test]
async fn without_a_container_that_ran_nothing_is_asked() {
    let definition = defined(None);
    assert!(told_of(&definition, &[], &[task("new", 1, [None, None])]).await.is_empty());
    assert_eq!(definition.num_calls(), 0);
}

#[tokio::test]
async fn an_empty_page_is_not_taken_for_silence() {
    let tasks = [task("new", 1, [None, Some(1)])];
    let definition = defined(Some(usual()));
    let empty = mock!(Logs::get_log_events)
        .match_requests(|request| request.next_token().is_none())
        .then_output(|| page(&[], Some("b")));
    let full = mock!(Logs::get_log_events)
        .match_requests(|request| request.next_token() == Some("b"))
        .then_output(|| page(&["why"], Some("b")));
    assert_eq!(told_of(&definition, &[&empty, &full], &tasks).await, ["app said: why"]);

    let definition = defined(Some(usual()));
    let silent = mock!(Logs::get_log_events).then_output(|| page(&[], None));
    assert_eq!(told_of(&definition, &[&silent], &tasks).await, ["app said nothing"]);
    assert_eq!(silent.num_calls(), 1);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_one_line() {
    let tasks = [task("new", 1, [None, Some(1)])];
    let meta = |code: &str| ErrorMetadata::builder().code(code).message("no").build();
    let definition = defined(Some(usual()));
    let denied = mock!(Logs::get_log_events)
        .then_error(move || GetLogEventsError::generic(meta("AccessDeniedException")));
    assert_eq!(
        told_of(&definition, &[&denied], &tasks).await,
        ["the log of app could not be read: GetLogEvents failed: AccessDeniedException: no"]
    );
    let definition = mock!(Client::describe_task_definition)
        .then_error(move || DescribeTaskDefinitionError::generic(meta("AccessDeniedException")));
    assert_eq!(
        told_of(&definition, &[], &tasks).await,
        ["the log of app could not be read: DescribeTaskDefinition failed: AccessDeniedException: no"]
    );
    let splunk = types::LogConfiguration::builder().log_driver(types::LogDriver::Splunk).build().unwrap();
    let group = ("awslogs-group", "g");
    for (log, why) in [
        (None, "its task definition has no log configuration"),
        (Some(splunk), "it goes to splunk, not to CloudWatch Logs"),
        (Some(awslogs(&[("awslogs-region", "eu-west-1")])), "it is in eu-west-1"),
        (Some(awslogs(&[])), "no awslogs-group is set"),
        (Some(awslogs(&[group])), "no awslogs-stream-prefix is set"),
    ] {
        let definition = defined(log);
        let told = told_of(&definition, &[], &tasks).await;
        assert_eq!(told, [format!("the log of app could not be read: {why}")]);
    }
}

#[test]
fn long_lines_are_cut_between_characters() {
    assert_eq!(line(&"ß".repeat(200)), Some("ß".repeat(200)));
    assert_eq!(line(&"ß".repeat(201)), Some(format!("{}…", "ß".repeat(200))));
    assert_eq!(line("\r\n\t"), None);
}
