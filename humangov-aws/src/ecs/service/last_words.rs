// SPDX-License-Identifier: MIT OR Apache-2.0
//! The last lines that a container of a failed deployment wrote to CloudWatch Logs.
//!
//! ECS tells an exit code; why the application gave up is in its log alone. What cannot be read is told in one line and fails
//! nothing: the failure of the deployment is the story.

use crate::{
    ecs::service::rollout::tail,
    error::{self, classify},
};
use aws_sdk_cloudwatchlogs::{Client as Logs, types::OutputLogEvent};
use aws_sdk_ecs::{Client, types};
use humangov_core::handler::HandlerError;

/// How many lines are told.
const MAX_LINES: usize = 5;
/// How many are asked for: some are blank.
const ASKED: i32 = 10;
/// A page may be empty although an earlier one is not.
const MAX_PAGES: usize = 3;
/// How many characters of a line are told.
const MAX_CHARS: usize = 200;

/// What the container that made one of `tasks` stop said last. Nothing, if none ever ran.
pub(super) async fn told(ecs: &Client, logs: &Logs, tasks: &[types::Task]) -> Vec<String> {
    let Some((task, container)) = culprit(tasks) else { return Vec::new() };
    let name = container.name().unwrap_or_default();
    match lines(ecs, logs, task, name).await {
        Ok(lines) if lines.is_empty() => vec![format!("{name} said nothing")],
        Ok(lines) => lines.into_iter().map(|line| format!("{name} said: {line}")).collect(),
        Err(why) => vec![format!("the log of {name} could not be read: {why}")],
    }
}

/// The container whose log tells most: in the newest task that has one, that which failed, or else one that ran.
fn culprit(tasks: &[types::Task]) -> Option<(&types::Task, &types::Container)> {
    let mut newest: Vec<&types::Task> = tasks.iter().collect();
    let time = |task: &types::Task| task.stopped_at().or(task.stopping_at()).or(task.created_at()).copied();
    newest.sort_by_key(|task| std::cmp::Reverse(time(task)));
    let find = |wanted: fn(i32) -> bool| {
        let found = |container: &&types::Container| container.exit_code().is_some_and(wanted);
        newest.iter().find_map(|task| Some((*task, task.containers().iter().find(found)?)))
    };
    // Once one container has failed, ECS stops those beside it, by SIGTERM (143) or SIGKILL (137).
    find(|code| !matches!(code, 0 | 137 | 143)).or_else(|| find(|code| code != 0)).or_else(|| find(|_| true))
}

async fn lines(ecs: &Client, logs: &Logs, task: &types::Task, name: &str) -> Result<Vec<String>, String> {
    let definition = task.task_definition_arn().ok_or("ECS does not say which task definition it is of")?;
    let answer = ecs.describe_task_definition().task_definition(definition).send().await;
    let answer =
        answer.map_err(|error| classify(error::Service::Ecs, "DescribeTaskDefinition", error).to_string())?;
    let containers = answer.task_definition().map(types::TaskDefinition::container_definitions);
    let container = containers.unwrap_or_default().iter().find(|container| container.name() == Some(name));
    let log = container.and_then(types::ContainerDefinition::log_configuration);
    let log = log.ok_or("its task definition has no log configuration")?;
    if *log.log_driver() != types::LogDriver::Awslogs {
        return Err(format!("it goes to {}, not to CloudWatch Logs", log.log_driver().as_str()));
    }
    let option = |key: &str| log.options().and_then(|options| options.get(key)).map(String::as_str);
    let here = logs.config().region().map(AsRef::as_ref);
    if let Some(region) = option("awslogs-region").filter(|region| Some(*region) != here) {
        return Err(format!("it is in {region}"));
    }
    let group = option("awslogs-group").ok_or("no awslogs-group is set")?;
    // Without a prefix the stream has a name that only Docker knows.
    let prefix = option("awslogs-stream-prefix").ok_or("no awslogs-stream-prefix is set")?;
    let stream = format!("{prefix}/{name}/{}", tail(task.task_arn().unwrap_or_default()));
    let events = last_events(logs, group, &stream).await.map_err(|error| error.to_string())?;
    let lines: Vec<String> = events.iter().filter_map(|event| line(event.message()?)).collect();
    Ok(lines[lines.len().saturating_sub(MAX_LINES)..].to_vec())
}

async fn last_events(logs: &Logs, group: &str, stream: &str) -> Result<Vec<OutputLogEvent>, HandlerError> {
    let mut token = None;
    for _ in 0..MAX_PAGES {
        let call = logs.get_log_events().log_group_name(group).log_stream_name(stream);
        let call = call.start_from_head(false).limit(ASKED).set_next_token(token.clone());
        let page =
            call.send().await.map_err(|error| classify(error::Service::Logs, "GetLogEvents", error))?;
        let before = page.next_backward_token;
        match page.events {
            Some(events) if !events.is_empty() => return Ok(events),
            // At the beginning the token stays the same.
            _ if before == token => break,
            _ => token = before,
        }
    }
    Ok(Vec::new())
}

/// A message as one line of a screen: nothing in it moves the cursor, and it does not go on for ever. `None`: it is blank.
fn line(message: &str) -> Option<String> {
    let clean: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim_end();
    if clean.trim_start().is_empty() {
        return None;
    }
    Some(match clean.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean.to_owned(),
    })
}

#[cfg(test)]
mod tests;
