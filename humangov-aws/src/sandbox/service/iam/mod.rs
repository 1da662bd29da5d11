// SPDX-License-Identifier: MIT OR Apache-2.0
//! IAM: roles and their policies, managed policies, service-linked roles. Global to the account.

mod document;
mod managed;
mod role;

use super::{Found, unknown};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, tags_from, tags_to},
};
use jiff::Timestamp;
use managed::Policy;
use role::Role;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most tags of a role or a policy.
const MOST_TAGS: usize = 50;

/// What there is in the account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Iam {
    /// By name in lower case: names are unique whatever their case.
    roles: BTreeMap<String, Role>,
    /// The account's own managed policies, by ARN.
    policies: BTreeMap<String, Policy>,
}

impl Iam {
    /// Whether ECS can give the role of this ARN to a task at `now`: it is there, trusts `ecs-tasks.amazonaws.com`, and is known
    /// everywhere by then.
    pub(in crate::sandbox) fn is_assumable_by_tasks(&self, role_arn: &str, now: Timestamp) -> bool {
        self.by_arn(role_arn).is_some_and(|role| {
            role.usable_from <= now && document::trusts(&role.trust, "ecs-tasks.amazonaws.com")
        })
    }

    /// Whether there is a role of this ARN.
    pub(in crate::sandbox) fn has_role(&self, role_arn: &str) -> bool {
        self.by_arn(role_arn).is_some()
    }

    fn by_arn(&self, arn: &str) -> Option<&Role> {
        let name = arn.rsplit_once('/').map_or(arn, |(_, name)| name);
        self.roles.get(&name.to_lowercase()).filter(|role| role.arn == arn)
    }

    fn role(&mut self, input: Input<'_>) -> Result<&mut Role, ApiError> {
        let name = required(input, "RoleName")?;
        self.roles
            .get_mut(&name.to_lowercase())
            .ok_or_else(|| no_such_entity(format!("The role with name {name} cannot be found.")))
    }
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    role::call(cx, operation, input)
        .or_else(|| managed::call(cx, operation, input))
        .unwrap_or_else(|| Err(unknown(operation)))
}

fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, ApiError> {
    input.text(name).filter(|text| !text.is_empty()).ok_or_else(|| {
        let member = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
        validation(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"))
    })
}

fn validation(what: impl AsRef<str>) -> ApiError {
    ApiError::new("ValidationError", format!("1 validation error detected: {}", what.as_ref()))
}

fn no_such_entity(message: String) -> ApiError {
    ApiError::new("NoSuchEntity", message).with_status(404)
}

fn already_exists(message: String) -> ApiError {
    ApiError::new("EntityAlreadyExists", message).with_status(409)
}

fn delete_conflict(message: &str) -> ApiError {
    ApiError::new("DeleteConflict", message).with_status(409)
}

/// Checks a name of letters, digits and `+=,.@-_`.
fn check_name(member: &str, name: &str, most: usize) -> Result<(), ApiError> {
    let value = format!("Value at '{member}' failed to satisfy constraint: Member must ");
    if name.len() > most {
        return Err(validation(format!("{value}have length less than or equal to {most}")));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(ApiError::new(
            "ValidationError",
            format!(
                "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: \
                 +=,.@_-"
            ),
        ));
    }
    Ok(())
}

/// Checks a path: `/`, or words between slashes.
fn check_path(path: &str) -> Result<(), ApiError> {
    let fine = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.bytes().all(|b| (0x21..=0x7f).contains(&b));
    if fine {
        return Ok(());
    }
    Err(ApiError::new(
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / \
         characters.",
    ))
}

/// Adds tags of a request to those there are.
fn add_tags(tags: &mut Tags, input: Input<'_>) -> Result<(), ApiError> {
    let given = tags_from(input.list("Tags"), "Key", "Value");
    if given.keys().any(|key| key.to_lowercase().starts_with("aws:")) {
        return Err(ApiError::new(
            "InvalidInput",
            "Caller is not allowed to use the reserved prefix aws: in tag keys",
        ));
    }
    let mut all = tags.clone();
    all.extend(given);
    if all.len() > MOST_TAGS {
        let message = format!("The number of tags has reached the maximum limit of {MOST_TAGS}.");
        return Err(ApiError::new("LimitExceeded", message).with_status(409));
    }
    *tags = all;
    Ok(())
}

fn remove_tags(tags: &mut Tags, input: Input<'_>) {
    for key in input.texts("TagKeys") {
        tags.remove(key);
    }
}

/// One page of what there is, under `name`: by `Marker` and `MaxItems`, of which 100 is usual and 1000 the most.
fn page(input: Input<'_>, name: &str, mut all: Vec<(String, Value)>) -> Result<Value, ApiError> {
    let most = input.integer("MaxItems").unwrap_or(100);
    if !(1..=1000).contains(&most) {
        return Err(validation(
            "Value at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000",
        ));
    }
    if let Some(marker) = input.text("Marker") {
        all.retain(|(key, _)| key.as_str() > marker);
    }
    let most = usize::try_from(most).unwrap_or(100);
    let more = all.len() > most;
    all.truncate(most);
    let marker = all.last().filter(|_| more).map(|(key, _)| key.clone());
    let shown: Vec<Value> = all.into_iter().map(|(_, value)| value).collect();
    Ok(json!({name: shown, "IsTruncated": more, "Marker": marker}))
}

fn listed_tags(input: Input<'_>, tags: &Tags) -> Result<Value, ApiError> {
    let all = tags.iter().map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value})));
    page(input, "Tags", all.collect())
}

fn shown_tags(tags: &Tags) -> Value {
    if tags.is_empty() { Value::Null } else { tags_to(tags, "Key", "Value") }
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    role::resources(cx)
}

#[cfg(test)]
mod tests;
