// SPDX-License-Identifier: MIT OR Apache-2.0
//! Roles: how they are named, and what cannot be done without one.

use super::Draft;
use crate::sandbox::{error::ApiError, service::ecs::refusal::client};

pub(super) fn check(draft: &Draft<'_>) -> Result<(), ApiError> {
    for role in ["taskRoleArn", "executionRoleArn"] {
        if draft.task.text(role).is_some_and(|role| !is_role(role)) {
            return Err(client("Role is not valid"));
        }
    }
    if draft.task.has("executionRoleArn") {
        return Ok(());
    }
    match draft.containers.iter().find_map(|container| NEEDS.iter().find(|(name, _)| container.has(name))) {
        Some((_, what)) => Err(without(what)),
        None if has_secret_options(draft) => Err(without("log configuration secrets")),
        None => Ok(()),
    }
}

/// What the execution role is needed for, wherever the task runs.
const NEEDS: [(&str, &str); 3] = [
    ("secrets", "container secrets"),
    ("repositoryCredentials", "repository credentials"),
    ("environmentFiles", "environment files"),
];

fn has_secret_options(draft: &Draft<'_>) -> bool {
    let mut logs = draft.containers.iter().filter_map(|container| container.object("logConfiguration"));
    logs.any(|logs| !logs.list("secretOptions").is_empty())
}

fn without(what: &str) -> ApiError {
    client(format!("When you are specifying {what}, you must also specify a value for 'executionRoleArn'."))
}

/// An ARN, or a name.
fn is_role(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    let name = match text.strip_prefix("arn:") {
        None => text,
        Some(arn) => match arn.splitn(5, ':').collect::<Vec<_>>()[..] {
            [_, "iam", "", account, role] if account.len() == 12 => {
                role.strip_prefix("role/").unwrap_or_default()
            }
            _ => "",
        },
    };
    !name.is_empty() && name.chars().all(allowed)
}
