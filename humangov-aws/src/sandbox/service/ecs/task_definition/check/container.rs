// SPDX-License-Identifier: MIT OR Apache-2.0
//! What holds of each container by itself.

use super::{Draft, name_of};
use crate::sandbox::{
    error::ApiError,
    service::ecs::refusal::{client, is_name},
    wire::Input,
};
use std::{collections::BTreeSet, ops::RangeInclusive};

/// How many environment files a container can have.
const MOST_FILES: usize = 10;

/// How many exit codes a restart policy can ignore.
const MOST_EXIT_CODES: usize = 50;

/// What cannot be said of a container in this network mode.
const NOT_WITH_AWSVPC: [&str; 3] = ["links", "hostname", "extraHosts"];

/// What cannot be said of a Windows container.
const NOT_ON_WINDOWS: [&str; 10] = [
    "linuxParameters",
    "user",
    "readonlyRootFilesystem",
    "ulimits",
    "privileged",
    "links",
    "dnsServers",
    "dnsSearchDomains",
    "extraHosts",
    "disableNetworking",
];

/// Members of an object of a container that must be within a range.
const RANGES: [(&str, &str, RangeInclusive<i64>); 7] = [
    ("healthCheck", "interval", 5..=300),
    ("healthCheck", "timeout", 2..=60),
    ("healthCheck", "retries", 1..=10),
    ("healthCheck", "startPeriod", 0..=300),
    ("restartPolicy", "restartAttemptPeriod", 60..=1800),
    ("linuxParameters", "swappiness", 0..=100),
    ("linuxParameters", "maxSwap", 0..=i64::MAX),
];

/// Refuses a container of a draft, or does not.
type Rule = fn(&Draft<'_>, Input<'_>) -> Result<(), ApiError>;

const RULES: [Rule; 7] = [identity, supported, ranges, health_check, environment, restart_policy, timeouts];

pub(super) fn check(draft: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    RULES.iter().try_for_each(|rule| rule(draft, container))
}

fn refused(container: Input<'_>, why: &str) -> ApiError {
    client(format!("Invalid setting for container '{}'. {why}", name_of(container)))
}

fn identity(_: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    if name_of(container).is_empty() {
        return Err(client("Container.name should not be null or empty."));
    }
    if !is_name(name_of(container)) {
        return Err(client("Container.name contains invalid characters or is longer than 255."));
    }
    match container.text("image").unwrap_or_default() {
        "" => Err(client("Container.image should not be null or empty.")),
        image if image.contains(char::is_whitespace) => {
            Err(client("Container.image contains invalid characters."))
        }
        _ => Ok(()),
    }
}

fn supported(draft: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    let said = |names: &[&'static str]| names.iter().copied().find(|name| container.has(name));
    if draft.network_mode == "awsvpc"
        && let Some(name) = said(&NOT_WITH_AWSVPC)
    {
        return Err(refused(container, &format!("'{name}' is not supported when networkMode=awsvpc.")));
    }
    if container.has("links") && draft.network_mode != "bridge" {
        return Err(refused(container, "'links' is only supported when networkMode=bridge."));
    }
    if draft.is_windows()
        && let Some(name) = said(&NOT_ON_WINDOWS)
    {
        return Err(refused(container, &format!("'{name}' is not supported for Windows containers.")));
    }
    Ok(())
}

fn ranges(_: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    for (object, member, range) in &RANGES {
        let value = container.object(object).and_then(|object| object.integer(member));
        if value.is_some_and(|value| !range.contains(&value)) {
            let (least, most) = range.clone().into_inner();
            return Err(refused(
                container,
                &format!("{object}.{member} must be between {least} and {most}."),
            ));
        }
    }
    Ok(())
}

fn health_check(_: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    let Some(check) = container.object("healthCheck") else { return Ok(()) };
    match check.texts("command")[..] {
        ["CMD" | "CMD-SHELL", _, ..] | ["NONE"] => Ok(()),
        _ => Err(refused(container, "The command of a healthCheck must start with CMD or CMD-SHELL.")),
    }
}

fn environment(_: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    let mut names: BTreeSet<&str> =
        container.objects("environment").filter_map(|variable| variable.text("name")).collect();
    for secret in container.objects("secrets") {
        let name = secret.text("name").unwrap_or_default();
        if secret.text("valueFrom").unwrap_or_default().is_empty() {
            return Err(refused(container, "The valueFrom of a secret should not be empty."));
        }
        if !names.insert(name) {
            return Err(client(format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on the container, \
                 such as '{name}'."
            )));
        }
    }
    let mut files = container.objects("environmentFiles");
    if container.list("environmentFiles").len() > MOST_FILES {
        return Err(refused(container, "There can be ten environmentFiles at most."));
    }
    let is_file = |arn: &str| {
        arn.starts_with("arn:")
            && arn.contains(":s3:::")
            && arn.rsplit_once('.').is_some_and(|(_, extension)| extension == "env")
    };
    if files.any(|file| !file.text("value").is_some_and(is_file)) {
        return Err(refused(
            container,
            "An environment file must be the ARN of an S3 object that ends with .env.",
        ));
    }
    Ok(())
}

fn restart_policy(_: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    let policy = container.object("restartPolicy");
    if policy.is_some_and(|policy| policy.list("ignoredExitCodes").len() > MOST_EXIT_CODES) {
        return Err(refused(container, "A restartPolicy can have 50 ignoredExitCodes at most."));
    }
    Ok(())
}

fn timeouts(_: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    for name in ["startTimeout", "stopTimeout"] {
        if container.integer(name).is_some_and(|seconds| seconds < 2) {
            return Err(refused(container, &format!("'{name}' must be at least 2 seconds.")));
        }
    }
    Ok(())
}
