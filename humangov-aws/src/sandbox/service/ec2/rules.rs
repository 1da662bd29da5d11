// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations on the rules of a security group.

use super::{
    listing::Listing,
    noun::{RULE, SECURITY_GROUP},
    permission::{self, Asked},
    refusal::{missing, required},
    rule::{Rule, described, permissions_of, revoked},
    security_group::{Group, target},
    tags,
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most rules of a group in one direction; those for version 4 and version 6 are counted apart.
const MOST: usize = 60;

const LISTING: Listing = Listing {
    set: "securityGroupRuleSet",
    noun: Some(&RULE),
    filters: &[("group-id", "groupId"), ("security-group-rule-id", "securityGroupRuleId")],
    longest: 1000,
};

pub(super) fn authorize_ingress(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    authorize(cx, input, false)
}

pub(super) fn authorize_egress(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    required(input, "GroupId")?;
    authorize(cx, input, true)
}

pub(super) fn revoke_ingress(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    revoke(cx, input, false)
}

pub(super) fn revoke_egress(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    required(input, "GroupId")?;
    revoke(cx, input, true)
}

pub(super) fn redescribe_ingress(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    redescribe(cx, input, false)
}

pub(super) fn redescribe_egress(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    redescribe(cx, input, true)
}

/// Adds rules: all of them, or none.
fn authorize(cx: &mut Cx<'_>, input: Input<'_>, egress: bool) -> Result<Value, ApiError> {
    let id = target(cx, input)?;
    let asked = permission::read(cx, &id, input)?;
    let given = tags::specified(input, RULE.resource_type)?;
    let group = group_of(cx, &id)?;
    if let Some(there) = asked.iter().find(|asked| place(group, egress, asked).is_some()) {
        return Err(duplicate(there));
    }
    let mut rules = group.rules.clone();
    let added: Vec<Rule> =
        asked.into_iter().map(|asked| Rule { id: RULE.new_id(cx.ids), ..unmade(egress, asked) }).collect();
    rules.extend(added.iter().cloned());
    check_limit(&rules)?;
    keep(cx, &id, rules);
    for rule in &added {
        cx.here.ec2.set_tags(&rule.id, given.clone());
    }
    let told: Vec<Value> = added.iter().map(|rule| described(cx, &id, rule)).collect();
    Ok(json!({"return": true, "securityGroupRuleSet": told}))
}

/// Takes rules away. One that is not there fails the call, but in the default VPC it is only told of.
fn revoke(cx: &mut Cx<'_>, input: Input<'_>, egress: bool) -> Result<Value, ApiError> {
    let id = target(cx, input)?;
    let by_id = input.texts("SecurityGroupRuleId");
    let asked = if by_id.is_empty() { permission::read(cx, &id, input)? } else { Vec::new() };
    let group = group_of(cx, &id)?;
    let mut places = Vec::new();
    for rule_id in by_id {
        let found = group.rules.iter().position(|rule| rule.id == rule_id && rule.egress == egress);
        places.push(found.ok_or_else(|| RULE.refusal(rule_id))?);
    }
    let mut unknown = Vec::new();
    for asked in asked {
        match place(group, egress, &asked) {
            Some(found) => places.push(found),
            None => unknown.push(asked),
        }
    }
    let is_default_vpc = cx.here.ec2.vpcs.get(&group.vpc).is_some_and(|vpc| vpc.is_default);
    if !unknown.is_empty() && !is_default_vpc {
        return Err(no_such_rule());
    }
    let (gone, kept): (Vec<_>, Vec<_>) =
        group.rules.iter().cloned().enumerate().partition(|(place, _)| places.contains(place));
    let told: Vec<Value> = gone.iter().map(|(_, rule)| revoked(&id, rule)).collect();
    keep(cx, &id, kept.into_iter().map(|(_, rule)| rule).collect());
    cx.here.ec2.forget_tags();
    let mut answer = json!({"return": true, "revokedSecurityGroupRuleSet": told});
    if !unknown.is_empty() {
        let unknown: Vec<Rule> = unknown.into_iter().map(|asked| unmade(egress, asked)).collect();
        answer["unknownIpPermissionSet"] = permissions_of(unknown.iter(), cx.account);
    }
    Ok(answer)
}

/// Gives rules other descriptions, or none.
fn redescribe(cx: &mut Cx<'_>, input: Input<'_>, egress: bool) -> Result<Value, ApiError> {
    let id = target(cx, input)?;
    let mut rules = group_of(cx, &id)?.rules.clone();
    if input.has("SecurityGroupRuleDescription") {
        for given in input.objects("SecurityGroupRuleDescription") {
            let rule_id = required(given, "SecurityGroupRuleId")?;
            let found = rules.iter_mut().find(|rule| rule.id == rule_id && rule.egress == egress);
            found.ok_or_else(|| RULE.refusal(rule_id))?.description = permission::description(given)?;
        }
    } else {
        for asked in permission::read(cx, &id, input)? {
            let found = rules.iter_mut().find(|rule| rule.egress == egress && rule.traffic == asked.traffic);
            found.ok_or_else(no_such_rule)?.description = asked.description;
        }
    }
    keep(cx, &id, rules);
    Ok(json!({ "return": true }))
}

/// Changes rules in their places.
pub(super) fn modify(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    required(input, "GroupId")?;
    let id = target(cx, input)?;
    let mut rules = group_of(cx, &id)?.rules.clone();
    if input.list("SecurityGroupRule").is_empty() {
        return Err(missing("securityGroupRules"));
    }
    for update in input.objects("SecurityGroupRule") {
        let rule_id = required(update, "SecurityGroupRuleId")?;
        let wanted = update.object("SecurityGroupRule").ok_or_else(|| missing("SecurityGroupRule"))?;
        let wanted = permission::single(cx, &id, wanted)?;
        let found = rules.iter_mut().find(|rule| rule.id == rule_id).ok_or_else(|| RULE.refusal(rule_id))?;
        let egress = found.egress;
        (found.traffic, found.description) = (wanted.traffic.clone(), wanted.description.clone());
        let same = rules.iter().filter(|rule| rule.egress == egress && rule.traffic == wanted.traffic);
        if same.count() > 1 {
            return Err(duplicate(&wanted));
        }
    }
    check_limit(&rules)?;
    keep(cx, &id, rules);
    Ok(json!({ "return": true }))
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let seen = cx.here.ec2.groups.iter().filter(|(_, group)| group.is_seen(cx.now));
    let rules: BTreeMap<&str, (&str, &Rule)> = seen
        .flat_map(|(id, group)| group.rules.iter().map(move |rule| (rule.id.as_str(), (id.as_str(), rule))))
        .collect();
    let ids = input.texts("SecurityGroupRuleId");
    LISTING.answer(input, &ids, rules.keys().copied(), |id| {
        rules.get(id).map(|(group, rule)| described(cx, group, rule)).unwrap_or_default()
    })
}

fn group_of<'c>(cx: &'c Cx<'_>, id: &str) -> Result<&'c Group, ApiError> {
    cx.here.ec2.groups.get(id).ok_or_else(|| SECURITY_GROUP.missing(id))
}

fn keep(cx: &mut Cx<'_>, id: &str, rules: Vec<Rule>) {
    if let Some(group) = cx.here.ec2.groups.get_mut(id) {
        group.rules = rules;
    }
}

fn place(group: &Group, egress: bool, asked: &Asked) -> Option<usize> {
    group.rules.iter().position(|rule| rule.egress == egress && rule.traffic == asked.traffic)
}

fn unmade(egress: bool, asked: Asked) -> Rule {
    Rule { id: String::new(), egress, traffic: asked.traffic, description: asked.description }
}

fn check_limit(rules: &[Rule]) -> Result<(), ApiError> {
    for egress in [false, true] {
        let counts = rules.iter().filter(|rule| rule.egress == egress).map(|rule| rule.traffic.counts());
        let (v4, v6) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        if v4 > MOST || v6 > MOST {
            return Err(ApiError::new(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.",
            ));
        }
    }
    Ok(())
}

fn duplicate(asked: &Asked) -> ApiError {
    ApiError::new(
        "InvalidPermission.Duplicate",
        format!("the specified rule \"{}\" already exists", asked.traffic),
    )
}

fn no_such_rule() -> ApiError {
    ApiError::new("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
}
