// SPDX-License-Identifier: MIT OR Apache-2.0
//! Roles: their trust, their inline policies, what is attached to them.

use super::{
    Found, Iam, add_tags, already_exists, check_name, check_path, delete_conflict,
    document::{self, Purpose},
    listed_tags, managed, no_such_entity, page, remove_tags, required, shown_tags, validation,
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, iso, tags_to},
};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the characters of an account's roles, trust policies and inline policies may add up to (IAM and STS quotas).
const MOST_ROLES: usize = 1000;
const MOST_TRUST: usize = 2048;
const MOST_INLINE: usize = 10_240;
const MOST_ATTACHED: usize = 10;

/// IAM writes documents percent-encoded, as RFC 3986 does it.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Role {
    pub name: String,
    pub id: String,
    pub arn: String,
    pub path: String,
    pub trust: String,
    pub description: Option<String>,
    pub session_seconds: i64,
    pub boundary: Option<String>,
    pub tags: Tags,
    pub inline: BTreeMap<String, String>,
    pub attached: BTreeSet<String>,
    pub created: Timestamp,
    /// When it, or its trust, is known everywhere.
    pub usable_from: Timestamp,
}

/// Executes an operation, if it is about roles.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateRole" => create(cx, input),
        "GetRole" => cx.iam.role(input).map(|role| json!({"Role": shown(role, true)})),
        "ListRoles" => list(cx, input),
        "UpdateRole" => update(cx, input),
        "UpdateRoleDescription" => describe(cx, input),
        "UpdateAssumeRolePolicy" => put_trust(cx, input),
        "DeleteRole" => delete(cx, input),
        "PutRolePolicy" => put_inline(cx, input),
        "GetRolePolicy" => get_inline(cx, input),
        "DeleteRolePolicy" => delete_inline(cx, input),
        "ListRolePolicies" => cx.iam.role(input).and_then(|role| {
            let names = role.inline.keys().map(|name| (name.clone(), Value::from(name.as_str())));
            page(input, "PolicyNames", names.collect())
        }),
        "AttachRolePolicy" => attach(cx, input),
        "DetachRolePolicy" => detach(cx, input),
        "ListAttachedRolePolicies" => cx.iam.role(input).and_then(|role| {
            let attached = role.attached.iter().map(|arn| (arn.clone(), attached(arn)));
            page(input, "AttachedPolicies", attached.collect())
        }),
        "PutRolePermissionsBoundary" => put_boundary(cx, input),
        "DeleteRolePermissionsBoundary" => delete_boundary(cx, input),
        "TagRole" => {
            cx.iam.role(input).and_then(|role| add_tags(&mut role.tags, input)).map(|()| Value::Null)
        }
        "UntagRole" => cx.iam.role(input).map(|role| {
            remove_tags(&mut role.tags, input);
            Value::Null
        }),
        "ListRoleTags" => cx.iam.role(input).and_then(|role| listed_tags(input, &role.tags)),
        "GetAccountAuthorizationDetails" => details(cx, input),
        "CreateServiceLinkedRole" => create_linked(cx, input),
        _ => return None,
    })
}

fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "RoleName")?;
    check_name("roleName", name, 64)?;
    let path = input.text("Path").unwrap_or("/");
    check_path(path)?;
    let trust = required(input, "AssumeRolePolicyDocument")?;
    document::check(trust, Purpose::Trust, MOST_TRUST)?;
    let session_seconds = session(input)?.unwrap_or(3600);
    check_description(input)?;
    let boundary = input.text("PermissionsBoundary").map(str::to_owned);
    if let Some(arn) = &boundary {
        check_boundary(cx.iam, arn)?;
    }
    if cx.iam.roles.contains_key(&name.to_lowercase()) {
        return Err(already_exists(format!("Role with name {name} already exists.")));
    }
    if cx.iam.roles.len() >= MOST_ROLES {
        let message = format!("Cannot exceed quota for RolesPerAccount: {MOST_ROLES}");
        return Err(ApiError::new("LimitExceeded", message).with_status(409));
    }
    let mut tags = Tags::new();
    add_tags(&mut tags, input)?;
    let role = Role {
        name: name.to_owned(),
        id: format!("AROA{}", cx.ids.base32(17)),
        arn: format!("arn:{}:iam::{}:role{path}{name}", cx.partition(), cx.account),
        path: path.to_owned(),
        trust: trust.to_owned(),
        description: input.text("Description").map(str::to_owned),
        session_seconds,
        boundary,
        tags,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        created: cx.now,
        usable_from: cx.after(cx.behaviour.timings.role),
    };
    // What CreateRole answers leaves the last use and, for most roles, the description out.
    let answer = json!({"Role": shown(&role, true)});
    cx.iam.roles.insert(name.to_lowercase(), role);
    Ok(answer)
}

fn session(input: Input<'_>) -> Result<Option<i64>, ApiError> {
    match input.integer("MaxSessionDuration") {
        Some(seconds) if !(3600..=43_200).contains(&seconds) => Err(validation(format!(
            "Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200"
        ))),
        seconds => Ok(seconds),
    }
}

fn check_description(input: Input<'_>) -> Result<(), ApiError> {
    if input.text("Description").is_some_and(|text| text.chars().count() > 1000) {
        return Err(validation(
            "Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000",
        ));
    }
    Ok(())
}

fn check_boundary(iam: &Iam, arn: &str) -> Result<(), ApiError> {
    if !arn.starts_with("arn:") || !arn.contains(":policy/") {
        return Err(ApiError::new(
            "InvalidInput",
            format!("ARN {arn} is not valid for a permissions boundary"),
        ));
    }
    managed::check_there(iam, arn)
}

fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let prefix = input.text("PathPrefix").unwrap_or("/");
    let roles = cx.iam.roles.values().filter(|role| role.path.starts_with(prefix));
    // Tags and the boundary are left out here, as the reference says.
    page(input, "Roles", roles.map(|role| (role.name.to_lowercase(), shown(role, false))).collect())
}

/// A role as answers show it; `whole`: with what only GetRole and CreateRole tell.
fn shown(role: &Role, whole: bool) -> Value {
    let mut shown = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": iso(role.created),
        "AssumeRolePolicyDocument": encoded(&role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.session_seconds,
    });
    if whole {
        shown["Tags"] = shown_tags(&role.tags);
        shown["PermissionsBoundary"] = boundary(role);
        shown["RoleLastUsed"] = json!({});
    }
    shown
}

fn boundary(role: &Role) -> Value {
    role.boundary.as_ref().map_or(
        Value::Null,
        |arn| json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}),
    )
}

fn encoded(document: &str) -> String {
    utf8_percent_encode(document, ENCODED).to_string()
}

fn attached(arn: &str) -> Value {
    json!({"PolicyArn": arn, "PolicyName": arn.rsplit_once('/').map_or(arn, |(_, name)| name)})
}

/// What is left out is set back, as the reference warns.
fn update(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let seconds = session(input)?.unwrap_or(3600);
    check_description(input)?;
    let role = unlinked(cx.iam.role(input)?)?;
    role.session_seconds = seconds;
    if let Some(text) = input.text("Description") {
        role.description = Some(text.to_owned());
    }
    Ok(json!({}))
}

fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    check_description(input)?;
    let role = cx.iam.role(input)?;
    role.description = input.text("Description").map(str::to_owned);
    Ok(json!({"Role": shown(role, true)}))
}

fn put_trust(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let usable_from = cx.after(cx.behaviour.timings.role);
    let trust = required(input, "PolicyDocument")?;
    let role = unlinked(cx.iam.role(input)?)?;
    document::check(trust, Purpose::Trust, MOST_TRUST)?;
    if !document::trusts(&role.trust, "ecs-tasks.amazonaws.com") {
        role.usable_from = usable_from;
    }
    trust.clone_into(&mut role.trust);
    Ok(Value::Null)
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let role = unlinked(cx.iam.role(input)?)?;
    if !role.attached.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must detach all policies first."));
    }
    if !role.inline.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must delete policies first."));
    }
    let key = role.name.to_lowercase();
    cx.iam.roles.remove(&key);
    Ok(Value::Null)
}

/// Refuses what only the linked service may change.
fn unlinked(role: &mut Role) -> Result<&mut Role, ApiError> {
    if role.path.starts_with("/aws-service-role/") {
        return Err(ApiError::new(
            "UnmodifiableEntity",
            format!(
                "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
                role.name
            ),
        ));
    }
    Ok(role)
}

fn put_inline(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "PolicyName")?;
    check_name("policyName", name, 128)?;
    let text = required(input, "PolicyDocument")?;
    let role = unlinked(cx.iam.role(input)?)?;
    document::check(text, Purpose::Permissions, usize::MAX)?;
    let size = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let others: usize =
        role.inline.iter().filter(|(other, _)| *other != name).map(|(_, text)| size(text)).sum();
    if others + size(text) > MOST_INLINE {
        let message = format!("Maximum policy size of {MOST_INLINE} bytes exceeded for role {}", role.name);
        return Err(ApiError::new("LimitExceeded", message).with_status(409));
    }
    role.inline.insert(name.to_owned(), text.to_owned());
    Ok(Value::Null)
}

fn no_inline(name: &str) -> ApiError {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}

fn get_inline(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "PolicyName")?;
    let role = cx.iam.role(input)?;
    let text = role.inline.get(name).ok_or_else(|| no_inline(name))?;
    Ok(json!({"RoleName": role.name, "PolicyName": name, "PolicyDocument": encoded(text)}))
}

fn delete_inline(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "PolicyName")?;
    let role = unlinked(cx.iam.role(input)?)?;
    role.inline.remove(name).map(|_| Value::Null).ok_or_else(|| no_inline(name))
}

fn attach(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = required(input, "PolicyArn")?;
    unlinked(cx.iam.role(input)?)?;
    managed::check_there(cx.iam, arn)?;
    let role = cx.iam.role(input)?;
    if role.attached.len() >= MOST_ATTACHED && !role.attached.contains(arn) {
        let message = format!("Cannot exceed quota for PoliciesPerRole: {MOST_ATTACHED}");
        return Err(ApiError::new("LimitExceeded", message).with_status(409));
    }
    role.attached.insert(arn.to_owned());
    Ok(Value::Null)
}

fn detach(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = required(input, "PolicyArn")?;
    let role = unlinked(cx.iam.role(input)?)?;
    if role.attached.remove(arn) {
        Ok(Value::Null)
    } else {
        Err(no_such_entity(format!("Policy {arn} was not found.")))
    }
}

fn put_boundary(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = required(input, "PermissionsBoundary")?;
    unlinked(cx.iam.role(input)?)?;
    check_boundary(cx.iam, arn)?;
    cx.iam.role(input)?.boundary = Some(arn.to_owned());
    Ok(Value::Null)
}

fn delete_boundary(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let role = unlinked(cx.iam.role(input)?)?;
    let name = role.name.clone();
    role.boundary
        .take()
        .map(|_| Value::Null)
        .ok_or_else(|| no_such_entity(format!("Role {name} does not have a permissions boundary.")))
}

/// Roles with all that belongs to them, in one sweep.
fn details(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let filters = input.texts("Filter");
    let wanted = filters.is_empty() || filters.contains(&"Role");
    let roles = cx.iam.roles.values().filter(|_| wanted).map(|role| {
        let inline: Vec<Value> = role
            .inline
            .iter()
            .map(|(name, text)| json!({"PolicyName": name, "PolicyDocument": encoded(text)}))
            .collect();
        let detail = json!({
            "Path": role.path,
            "RoleName": role.name,
            "RoleId": role.id,
            "Arn": role.arn,
            "CreateDate": iso(role.created),
            "AssumeRolePolicyDocument": encoded(&role.trust),
            "InstanceProfileList": [],
            "RolePolicyList": inline,
            "AttachedManagedPolicies": role.attached.iter().map(|arn| attached(arn)).collect::<Vec<_>>(),
            "PermissionsBoundary": boundary(role),
            "Tags": tags_to(&role.tags, "Key", "Value"),
        });
        (role.name.to_lowercase(), detail)
    });
    let mut answer = page(input, "RoleDetailList", roles.collect())?;
    for other in ["UserDetailList", "GroupDetailList", "Policies"] {
        answer[other] = json!([]);
    }
    Ok(answer)
}

/// Services that HumanGov's resources have roles made for, and the names of those.
const LINKED: [(&str, &str); 3] = [
    ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
    ("ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"),
];

fn create_linked(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let service = required(input, "AWSServiceName")?;
    let Some((_, name)) = LINKED.iter().find(|(linked, _)| *linked == service) else {
        let message = format!("Service role creation policy for {service} does not exist");
        return Err(ApiError::new("InvalidInput", message));
    };
    if cx.iam.roles.contains_key(&name.to_lowercase()) {
        let message = format!(
            "Service role name {name} has been taken in this account, please try a different suffix."
        );
        return Err(ApiError::new("InvalidInput", message));
    }
    let path = format!("/aws-service-role/{service}/");
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    });
    let role = Role {
        name: (*name).to_owned(),
        id: format!("AROA{}", cx.ids.base32(17)),
        arn: format!("arn:{}:iam::{}:role{path}{name}", cx.partition(), cx.account),
        path,
        trust: trust.to_string(),
        description: input.text("Description").map(str::to_owned),
        session_seconds: 3600,
        boundary: None,
        tags: Tags::new(),
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        created: cx.now,
        usable_from: cx.now,
    };
    let answer = json!({"Role": shown(&role, false)});
    cx.iam.roles.insert(name.to_lowercase(), role);
    Ok(answer)
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let own = cx.iam.roles.values().filter(|role| !role.path.starts_with("/aws-service-role/"));
    own.map(|role| Found {
        kind: "iam.role",
        name: role.name.clone(),
        arn: role.arn.clone(),
        tags: role.tags.clone(),
        settings: json!({
            "inline_policies": role.inline.keys().collect::<Vec<_>>(),
            "managed_policies": role.attached,
            "permissions_boundary": role.boundary,
        }),
    })
    .collect()
}
