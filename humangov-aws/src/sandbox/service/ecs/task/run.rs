// SPDX-License-Identifier: MIT OR Apache-2.0
//! RunTask and StopTask.

use super::{
    Order,
    describing::{described, task_arn},
    lifecycle, not_assumable, roles, start,
};
use crate::sandbox::{
    error::ApiError,
    service::ecs::{
        refusal::{client, invalid, required},
        service::{self, cluster_arn, tail},
        tags,
    },
    wire::Input,
    world::{Cx, Tags},
};
use serde_json::{Value, json};

/// Starts tasks that no service looks after; for a call that is repeated, those that it started.
pub(super) fn run(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    let count = input.integer("count").unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("count must be between 1 and 10."));
    }
    let by = input.text("startedBy");
    if by.is_some_and(|by| by.len() > 128 || by.starts_with("ecs-svc/")) {
        return Err(invalid("startedBy can have at most 128 characters."));
    }
    if input.text("clientToken").is_some_and(|token| token.len() > 64) {
        return Err(invalid("clientToken can have at most 64 characters."));
    }
    if let Some(before) = before(cx, &cluster, input)? {
        return Ok(before);
    }
    if input.has("launchType") && !input.list("capacityProviderStrategy").is_empty() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again",
        ));
    }
    let definition = service::revision(cx, input.text("taskDefinition").unwrap_or_default())?;
    let (arn, of_definition) = (definition.arn.clone(), definition.tags.clone());
    service::launchable(cx, &cluster, input, definition)?;
    service::awsvpc(cx, input, definition)?;
    if let Some(role) = roles(cx, &arn).iter().find(|role| !cx.iam.is_assumable_by_tasks(role, cx.now)) {
        return Err(client(not_assumable(role)));
    }
    let family = tail(&arn).split(':').next().unwrap_or_default();
    let group = input.text("group").map_or_else(|| format!("family:{family}"), str::to_owned);
    let mut given: Tags = match input.text("propagateTags") {
        Some("TASK_DEFINITION") => of_definition,
        _ => Tags::new(),
    };
    given.extend(tags::given(input)?);

    let mut started = Vec::new();
    for slot in 0..usize::try_from(count).unwrap_or(1) {
        let order = Order {
            cluster: cluster.clone(),
            definition: arn.clone(),
            service: None,
            group: group.clone(),
            started_by: by.map(str::to_owned),
            settings: input.0.clone(),
            tags: given.clone(),
            slot,
        };
        let task = start::start(cx, order, cx.now);
        if let Some(task) = cx.here.ecs.tasks.get_mut(&task) {
            task.targets.clear();
            task.request = input.has("clientToken").then(|| input.0.clone());
            started.push(described(task, true));
        }
    }
    Ok(json!({"tasks": started, "failures": []}))
}

/// The tasks that the same call started. Another call with the same token is refused.
fn before(cx: &Cx<'_>, cluster: &str, input: Input<'_>) -> Result<Option<Value>, ApiError> {
    let Some(token) = input.text("clientToken") else { return Ok(None) };
    let tasks = cx.here.ecs.tasks.values().filter(|task| {
        let request = task.request.as_ref();
        task.cluster == cluster && request.is_some_and(|request| request["clientToken"] == token)
    });
    let tasks: Vec<_> = tasks.collect();
    if tasks.is_empty() {
        return Ok(None);
    }
    if tasks.iter().any(|task| task.request.as_ref() != Some(input.0)) {
        let arns: Vec<&str> = tasks.iter().map(|task| task.arn.as_str()).collect();
        let message = "The clientToken was used before with other parameters.";
        return Err(ApiError::new("ConflictException", message).with("resourceIds", arns));
    }
    let tasks: Vec<Value> = tasks.into_iter().map(|task| described(task, true)).collect();
    Ok(Some(json!({"tasks": tasks, "failures": []})))
}

pub(super) fn stop(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    let arn = task_arn(&cluster, required(input, "task")?);
    if input.text("reason").is_some_and(|reason| reason.len() > 1024) {
        return Err(invalid("reason can have at most 1024 characters."));
    }
    let missing = || invalid("The referenced task was not found.");
    let task = cx.here.ecs.tasks.get(&arn).ok_or_else(missing)?;
    let service = task.service.clone();
    let reason = input.text("reason").unwrap_or("Task stopped by user");
    lifecycle::stop(cx, &arn, cx.now, "UserInitiated", reason);
    if let Some(service) = service {
        cx.here.ecs.agenda.insert(cx.now, &service);
    }
    let task = cx.here.ecs.tasks.get(&arn).ok_or_else(missing)?;
    Ok(json!({ "task": described(task, true) }))
}
