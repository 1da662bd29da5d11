// SPDX-License-Identifier: MIT OR Apache-2.0
//! Security groups: made, listed, deleted.

use super::{
    Ec2,
    cidr::Cidr,
    listing::Listing,
    noun::{RULE, SECURITY_GROUP},
    refusal::{invalid_value, missing, required},
    rule::{Peer, Rule, Traffic, permissions_of},
    tags,
};
use crate::sandbox::{error::ApiError, ids::Ids, wire::Input, world::Cx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The quota of a new account, for each region.
const MOST: usize = 2500;

const DEFAULT: &str = "default";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    pub name: String,
    pub description: String,
    pub vpc: String,
    /// In order of their making.
    pub rules: Vec<Rule>,
    /// When the last of EC2's servers knows of it.
    seen_from: Timestamp,
}

const LISTING: Listing = Listing {
    set: "securityGroupInfo",
    noun: Some(&SECURITY_GROUP),
    filters: &[
        ("description", "groupDescription"),
        ("egress.ip-permission.cidr", "ipPermissionsEgress.ipRanges.cidrIp"),
        ("egress.ip-permission.from-port", "ipPermissionsEgress.fromPort"),
        ("egress.ip-permission.group-id", "ipPermissionsEgress.groups.groupId"),
        ("egress.ip-permission.ipv6-cidr", "ipPermissionsEgress.ipv6Ranges.cidrIpv6"),
        ("egress.ip-permission.prefix-list-id", "ipPermissionsEgress.prefixListIds.prefixListId"),
        ("egress.ip-permission.protocol", "ipPermissionsEgress.ipProtocol"),
        ("egress.ip-permission.to-port", "ipPermissionsEgress.toPort"),
        ("egress.ip-permission.user-id", "ipPermissionsEgress.groups.userId"),
        ("group-id", "groupId"),
        ("group-name", "groupName"),
        ("ip-permission.cidr", "ipPermissions.ipRanges.cidrIp"),
        ("ip-permission.from-port", "ipPermissions.fromPort"),
        ("ip-permission.group-id", "ipPermissions.groups.groupId"),
        ("ip-permission.ipv6-cidr", "ipPermissions.ipv6Ranges.cidrIpv6"),
        ("ip-permission.prefix-list-id", "ipPermissions.prefixListIds.prefixListId"),
        ("ip-permission.protocol", "ipPermissions.ipProtocol"),
        ("ip-permission.to-port", "ipPermissions.toPort"),
        ("ip-permission.user-id", "ipPermissions.groups.userId"),
        ("owner-id", "ownerId"),
        ("vpc-id", "vpcId"),
    ],
    longest: 1000,
};

impl Group {
    /// The group that each VPC has from the beginning.
    pub(super) fn default_of(vpc: &str) -> Self {
        Self {
            name: DEFAULT.to_owned(),
            description: "default VPC security group".to_owned(),
            vpc: vpc.to_owned(),
            rules: Vec::new(),
            seen_from: Timestamp::UNIX_EPOCH,
        }
    }

    pub(super) fn is_default(&self) -> bool {
        self.name == DEFAULT
    }

    /// Whether every call knows of it.
    pub(super) fn is_seen(&self, now: Timestamp) -> bool {
        self.seen_from <= now
    }

    /// Whether a rule is with this group.
    fn mentions(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.traffic.peer == Peer::Group(id.to_owned()))
    }
}

impl Ec2 {
    /// The default security group of a VPC, if there is one.
    pub(in crate::sandbox) fn default_security_group(&self, vpc_id: &str) -> Option<String> {
        let mut groups = self.groups.iter();
        groups.find(|(_, group)| group.vpc == vpc_id && group.is_default()).map(|(id, _)| id.clone())
    }

    /// Makes a group, which lets everything out, and if it is a VPC's own, in what comes from itself; tells its id.
    pub(super) fn add_group(&mut self, mut group: Group, ids: &mut Ids) -> String {
        let id = SECURITY_GROUP.new_id(ids);
        let mut rule = |egress, peer| Rule {
            id: RULE.new_id(ids),
            egress,
            traffic: Traffic::all(peer),
            description: None,
        };
        if group.is_default() {
            group.rules.push(rule(false, Peer::Group(id.clone())));
        }
        group.rules.push(rule(true, Peer::Cidr(Cidr::ANYWHERE)));
        self.groups.insert(id.clone(), group);
        id
    }

    /// A group by its id, if it is known everywhere at `now`.
    pub(super) fn group(&self, id: &str, now: Timestamp) -> Result<&Group, ApiError> {
        let group = self.groups.get(id).filter(|group| group.is_seen(now));
        group.ok_or_else(|| SECURITY_GROUP.refusal(id))
    }

    /// The id of a group by its name, as far as groups can be named so: in the default VPC.
    pub(super) fn group_named(&self, name: &str, now: Timestamp) -> Result<&str, ApiError> {
        let vpc = self.default_vpc().ok_or_else(no_default_vpc)?;
        let mut seen = self.groups.iter().filter(|(_, group)| group.vpc == vpc && group.is_seen(now));
        let found = seen.find(|(_, group)| group.name.eq_ignore_ascii_case(name));
        found.map(|(id, _)| id.as_str()).ok_or_else(|| {
            let message = format!("The security group '{name}' does not exist in default VPC '{vpc}'");
            ApiError::new("InvalidGroup.NotFound", message)
        })
    }
}

fn no_default_vpc() -> ApiError {
    ApiError::new("VPCIdNotSpecified", "No default VPC for this user")
}

/// The id of the group that a call names by `GroupId` or `GroupName`.
pub(super) fn target(cx: &Cx<'_>, input: Input<'_>) -> Result<String, ApiError> {
    let ec2 = &cx.here.ec2;
    match (input.text("GroupId"), input.text("GroupName")) {
        (Some(_), Some(_)) => Err(ApiError::new(
            "InvalidParameterCombination",
            "The parameter groupName cannot be used with the parameter groupId",
        )),
        (Some(id), None) => ec2.group(id, cx.now).map(|_| id.to_owned()),
        (None, Some(name)) => ec2.group_named(name, cx.now).map(str::to_owned),
        (None, None) => Err(missing("GroupName or GroupId")),
    }
}

pub(super) fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = worded(input, "GroupName")?;
    let description = worded(input, "GroupDescription")?;
    if name.starts_with("sg-") {
        let why = "Group names may not be in the format sg-*.";
        return Err(invalid_value(name, "GroupName", why));
    }
    if name.eq_ignore_ascii_case(DEFAULT) {
        let message = format!("Cannot use reserved security group name: {name}");
        return Err(ApiError::new("InvalidGroup.Reserved", message));
    }
    let given = tags::specified(input, SECURITY_GROUP.resource_type)?;
    let seen_from = cx.after(cx.behaviour.timings.visibility);
    let ec2 = &mut cx.here.ec2;
    let vpc = match input.text("VpcId") {
        Some(id) => ec2.vpc(id).map(|_| id)?,
        None => ec2.default_vpc().ok_or_else(no_default_vpc)?,
    };
    if ec2.groups.values().any(|group| group.vpc == vpc && group.name.eq_ignore_ascii_case(name)) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(ApiError::new("InvalidGroup.Duplicate", message));
    }
    if ec2.groups.len() >= MOST {
        let message = "The maximum number of security groups has been reached.";
        return Err(ApiError::new("SecurityGroupLimitExceeded", message));
    }
    let group = Group {
        name: name.to_owned(),
        description: description.to_owned(),
        vpc: vpc.to_owned(),
        rules: Vec::new(),
        seen_from,
    };
    let id = ec2.add_group(group, cx.ids);
    ec2.set_tags(&id, given);
    Ok(json!({
        "return": true,
        "groupId": id,
        "securityGroupArn": arn(cx, &id),
        "tagSet": cx.here.ec2.tag_set(&id),
    }))
}

/// A name or a description: there, no longer than 255 characters, and of those that are allowed.
fn worded<'a>(input: Input<'a>, parameter: &str) -> Result<&'a str, ApiError> {
    let text = required(input, parameter)?;
    if text.chars().count() > 255 {
        return Err(invalid_value(text, parameter, "It is longer than 255 characters."));
    }
    if !text.chars().all(is_allowed) {
        let why = "Valid characters are a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*";
        return Err(invalid_value(text, parameter, why));
    }
    Ok(text)
}

/// Whether a character can stand in a name or a description.
pub(super) fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c)
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let ec2 = &cx.here.ec2;
    let mut ids = input.texts("GroupId");
    for name in input.texts("GroupName") {
        ids.push(if ec2.groups.contains_key(name) { name } else { ec2.group_named(name, cx.now)? });
    }
    let seen = ec2.groups.iter().filter(|(_, group)| group.is_seen(cx.now));
    LISTING.answer(input, &ids, seen.map(|(id, _)| id.as_str()), |id| described(cx, id))
}

pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = target(cx, input)?;
    let ec2 = &mut cx.here.ec2;
    if ec2.groups.get(&id).is_some_and(Group::is_default) {
        let message =
            format!("the specified group: \"{id}\" name: \"{DEFAULT}\" cannot be deleted by a user");
        return Err(ApiError::new("CannotDelete", message));
    }
    let held = ec2.interfaces.values().any(|made| made.interface.security_groups.contains(&id))
        || ec2.groups.iter().any(|(other, group)| *other != id && group.mentions(&id));
    if held {
        return Err(ApiError::new("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    ec2.groups.remove(&id);
    ec2.forget_tags();
    Ok(json!({"return": true, "groupId": id}))
}

pub(super) fn arn(cx: &Cx<'_>, id: &str) -> String {
    cx.arn("ec2", &format!("{}/{id}", SECURITY_GROUP.resource_type))
}

fn described(cx: &Cx<'_>, id: &str) -> Value {
    let Some(group) = cx.here.ec2.groups.get(id) else { return Value::Null };
    json!({
        "groupId": id,
        "groupName": group.name,
        "groupDescription": group.description,
        "vpcId": group.vpc,
        "ownerId": cx.account,
        "securityGroupArn": arn(cx, id),
        "ipPermissions": permissions_of(group.rules.iter().filter(|rule| !rule.egress), cx.account),
        "ipPermissionsEgress": permissions_of(group.rules.iter().filter(|rule| rule.egress), cx.account),
        "tagSet": cx.here.ec2.tag_set(id),
    })
}
