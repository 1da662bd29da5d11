// SPDX-License-Identifier: MIT OR Apache-2.0
//! Managed policies: the account's own, and those of AWS that are known here by name.

use super::{
    Iam, add_tags, already_exists, check_name, check_path, delete_conflict,
    document::{self, Purpose},
    listed_tags, no_such_entity, remove_tags, required, shown_tags,
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, iso},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many there may be in an account, and how many characters each may have (IAM and STS quotas).
const MOST: usize = 1500;
const MOST_CHARACTERS: usize = 6144;

/// AWS's own policies that deployments of this kind attach; on AWS there are hundreds more.
const OF_AWS: [&str; 12] = [
    "AdministratorAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonDynamoDBReadOnlyAccess",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonECS_FullAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchLogsFullAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "service-role/AmazonECSTaskExecutionRolePolicy",
];

/// A policy of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Policy {
    name: String,
    id: String,
    path: String,
    description: Option<String>,
    document: String,
    tags: Tags,
    created: Timestamp,
}

/// Refuses a policy that is not there.
pub(super) fn check_there(iam: &Iam, arn: &str) -> Result<(), ApiError> {
    let of_aws = |arn: &str| {
        arn.strip_prefix("arn:aws").and_then(|rest| rest.split_once(":iam::aws:policy/")).is_some_and(
            |(partition, name)| ["", "-cn", "-us-gov"].contains(&partition) && OF_AWS.contains(&name),
        )
    };
    if iam.policies.contains_key(arn) || of_aws(arn) {
        return Ok(());
    }
    if !arn.starts_with("arn:") {
        return Err(ApiError::new("InvalidInput", format!("ARN {arn} is not valid.")));
    }
    Err(no_such_entity(format!("Policy {arn} does not exist or is not attachable.")))
}

/// Executes an operation, if it is about managed policies.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreatePolicy" => create(cx, input),
        "GetPolicy" => get(cx, input),
        "DeletePolicy" => delete(cx, input),
        "TagPolicy" => {
            own(cx.iam, input).and_then(|policy| add_tags(&mut policy.tags, input)).map(|()| Value::Null)
        }
        "UntagPolicy" => own(cx.iam, input).map(|policy| {
            remove_tags(&mut policy.tags, input);
            Value::Null
        }),
        "ListPolicyTags" => own(cx.iam, input).and_then(|policy| listed_tags(input, &policy.tags)),
        _ => return None,
    })
}

fn own<'i>(iam: &'i mut Iam, input: Input<'_>) -> Result<&'i mut Policy, ApiError> {
    let arn = required(input, "PolicyArn")?;
    iam.policies.get_mut(arn).ok_or_else(|| no_such_entity(format!("Policy {arn} was not found.")))
}

fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "PolicyName")?;
    check_name("policyName", name, 128)?;
    let path = input.text("Path").unwrap_or("/");
    check_path(path)?;
    let text = required(input, "PolicyDocument")?;
    document::check(text, Purpose::Permissions, MOST_CHARACTERS)?;
    let arn = format!("arn:{}:iam::{}:policy{path}{name}", cx.partition(), cx.account);
    let taken = |policy: &Policy| policy.name.eq_ignore_ascii_case(name);
    if cx.iam.policies.values().any(taken) {
        return Err(already_exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    if cx.iam.policies.len() >= MOST {
        let message = format!("Cannot exceed quota for PoliciesPerAccount: {MOST}");
        return Err(ApiError::new("LimitExceeded", message).with_status(409));
    }
    let mut tags = Tags::new();
    add_tags(&mut tags, input)?;
    let policy = Policy {
        name: name.to_owned(),
        id: format!("ANPA{}", cx.ids.base32(17)),
        path: path.to_owned(),
        description: input.text("Description").map(str::to_owned),
        document: text.to_owned(),
        tags,
        created: cx.now,
    };
    let answer = json!({"Policy": shown(cx.iam, &arn, &policy)});
    cx.iam.policies.insert(arn, policy);
    Ok(answer)
}

fn uses(iam: &Iam, arn: &str) -> (usize, usize) {
    let attached = iam.roles.values().filter(|role| role.attached.contains(arn)).count();
    let boundaries = iam.roles.values().filter(|role| role.boundary.as_deref() == Some(arn)).count();
    (attached, boundaries)
}

fn shown(iam: &Iam, arn: &str, policy: &Policy) -> Value {
    let (attached, boundaries) = uses(iam, arn);
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": arn,
        "Path": policy.path,
        "DefaultVersionId": "v1",
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": true,
        "Description": policy.description,
        "CreateDate": iso(policy.created),
        "UpdateDate": iso(policy.created),
        "Tags": shown_tags(&policy.tags),
    })
}

fn get(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = required(input, "PolicyArn")?;
    if let Some(policy) = cx.iam.policies.get(arn) {
        return Ok(json!({"Policy": shown(cx.iam, arn, policy)}));
    }
    check_there(cx.iam, arn).map_err(|error| match error.code.as_str() {
        "NoSuchEntity" => no_such_entity(format!("Policy {arn} was not found.")),
        _ => error,
    })?;
    let (attached, boundaries) = uses(cx.iam, arn);
    let name = arn.rsplit_once('/').map_or(arn, |(_, name)| name);
    Ok(json!({"Policy": {
        "PolicyName": name,
        "Arn": arn,
        "Path": if arn.contains("/service-role/") { "/service-role/" } else { "/" },
        "DefaultVersionId": "v1",
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": true,
    }}))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = required(input, "PolicyArn")?;
    own(cx.iam, input)?;
    let (attached, boundaries) = uses(cx.iam, arn);
    if attached + boundaries > 0 {
        return Err(delete_conflict("Cannot delete a policy attached to entities."));
    }
    cx.iam.policies.remove(arn);
    Ok(Value::Null)
}
