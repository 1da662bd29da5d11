// SPDX-License-Identifier: MIT OR Apache-2.0
//! Log drivers and their options.

use super::Draft;
use crate::sandbox::{error::ApiError, service::ecs::refusal::client, wire::Input};

/// What the options of a driver must be among: those it cannot do without, and the others.
struct Options {
    driver: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const AWSLOGS: Options = Options {
    driver: "awslogs",
    required: &["awslogs-group", "awslogs-region"],
    optional: &[
        "awslogs-create-group",
        "awslogs-stream-prefix",
        "awslogs-datetime-format",
        "awslogs-multiline-pattern",
        "mode",
        "max-buffer-size",
    ],
};

pub(super) fn check(draft: &Draft<'_>) -> Result<(), ApiError> {
    let routers = draft.containers.iter().filter(|container| container.has("firelensConfiguration")).count();
    if routers > 1 {
        return Err(client("A task definition can have one container with a firelensConfiguration only."));
    }
    for logs in draft.containers.iter().filter_map(|container| container.object("logConfiguration")) {
        match logs.text("logDriver").unwrap_or_default() {
            "awslogs" => check_awslogs(draft, logs)?,
            "splunk" => require(logs, "splunk", &["splunk-token", "splunk-url"])?,
            "awsfirelens" if routers == 0 => {
                return Err(client(
                    "The log driver awsfirelens needs a container with a firelensConfiguration in the task definition.",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_awslogs(draft: &Draft<'_>, logs: Input<'_>) -> Result<(), ApiError> {
    require(logs, AWSLOGS.driver, AWSLOGS.required)?;
    if draft.requires("FARGATE") {
        require(logs, AWSLOGS.driver, &["awslogs-stream-prefix"])?;
    }
    let options = logs.object("options").and_then(|options| options.0.as_object());
    let known = |name: &str| AWSLOGS.required.contains(&name) || AWSLOGS.optional.contains(&name);
    if let Some(other) = options.into_iter().flatten().map(|(name, _)| name).find(|name| !known(name)) {
        return Err(client(format!("Log driver awslogs disallows options: {other}")));
    }
    let mode = logs.object("options").and_then(|options| options.text("mode"));
    if mode.is_some_and(|mode| !["blocking", "non-blocking"].contains(&mode)) {
        return Err(client("The log option mode must be blocking or non-blocking."));
    }
    Ok(())
}

/// An option may be a secret.
fn require(logs: Input<'_>, driver: &str, names: &[&str]) -> Result<(), ApiError> {
    let options = logs.object("options");
    let is_there = |name: &&&str| {
        options.is_some_and(|options| options.text(name).is_some_and(|text| !text.is_empty()))
            || logs.objects("secretOptions").any(|secret| secret.text("name") == Some(name))
    };
    let missing: Vec<&str> = names.iter().filter(|name| !is_there(name)).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(client(format!("Log driver {driver} requires options: {}", missing.join(", "))))
}
