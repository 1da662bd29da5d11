// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rules of listeners.

use super::{
    Elbv2,
    action::{self, Action},
    check::{Sort, arn, configuration, constraint, invalid, number, page, required, some},
    condition::{self, Condition},
    limits, listener, tags,
};
use crate::sandbox::{
    error::ApiError,
    ids::Ids,
    service::Found,
    wire::Input,
    world::{Cx, Tags},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rule {
    pub listener: String,
    /// The default rule, which comes last, has none.
    priority: Option<u32>,
    conditions: Vec<Condition>,
    pub actions: Vec<Action>,
    pub tags: Tags,
}

impl Rule {
    /// The ARN of a new rule of a listener.
    pub(super) fn arn(listener: &str, ids: &mut Ids) -> String {
        format!("{}/{}", listener.replacen(":listener/", ":listener-rule/", 1), ids.hex(16))
    }

    /// The default rule of a new listener.
    pub(super) fn of_listener(listener: &str, actions: Vec<Action>) -> Self {
        Self {
            listener: listener.to_owned(),
            priority: None,
            conditions: Vec::new(),
            actions,
            tags: Tags::new(),
        }
    }

    fn described(&self, arn: &str) -> Value {
        json!({
            "RuleArn": arn,
            "Priority": self.priority.map_or_else(|| "default".to_owned(), |priority| priority.to_string()),
            "Conditions": condition::described(&self.conditions),
            "Actions": action::described(&self.actions),
            "IsDefault": self.priority.is_none(),
        })
    }

    /// Text that sorts as rules are evaluated.
    fn key(&self, arn: &str) -> String {
        format!("{:05}/{arn}", self.priority.unwrap_or(99_999))
    }
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateRule" => create(cx, input),
        "DescribeRules" => describe(&cx.here.elbv2, input),
        "ModifyRule" => modify(&mut cx.here.elbv2, input),
        "DeleteRule" => delete(cx, input),
        "SetRulePriorities" => set_priorities(&mut cx.here.elbv2, input),
        _ => return None,
    })
}

fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let listener_arn = arn(input, "ListenerArn", Sort::Listener)?;
    let conditions = condition::read(some(input, "Conditions")?)?;
    let priority = priority(input)?;
    no_transforms(input)?;
    let tags = tags::given(input)?;
    let elb = &cx.here.elbv2;
    let listener = Sort::Listener.find(&elb.listeners, listener_arn)?;
    let actions = action::read(some(input, "Actions")?, listener.tls.is_some())?;
    if elb.rules.values().any(|rule| rule.listener == listener_arn && rule.priority == Some(priority)) {
        return Err(in_use(priority));
    }
    elb.admit(&listener.load_balancer, None, &actions)?;
    limits::RULES.allow(elb.rules_of(&listener.load_balancer) + 1)?;
    let arn = Rule::arn(listener_arn, cx.ids);
    let rule =
        Rule { listener: listener_arn.to_owned(), priority: Some(priority), conditions, actions, tags };
    let described = rule.described(&arn);
    cx.here.elbv2.rules.insert(arn, rule);
    Ok(json!({"Rules": [described]}))
}

fn priority(input: Input<'_>) -> Result<u32, ApiError> {
    number(input, "Priority", 1..=50_000)?.ok_or_else(|| constraint("null", "priority", "not be null"))
}

fn in_use(priority: u32) -> ApiError {
    ApiError::new("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

fn not_permitted(arn: &str, what: &str) -> ApiError {
    ApiError::new("OperationNotPermitted", format!("Default rule '{arn}' cannot be {what}"))
}

/// To take a member and do nothing with it would be worse than to refuse it.
fn no_transforms(input: Input<'_>) -> Result<(), ApiError> {
    match input.list("Transforms") {
        [] => Ok(()),
        _ => Err(configuration("the sandbox does not model transforms")),
    }
}

impl Elbv2 {
    /// How many rules a load balancer has beside the default ones.
    fn rules_of(&self, balancer: &str) -> usize {
        let of_balancer = |rule: &&Rule| {
            let listener = self.listeners.get(&rule.listener);
            rule.priority.is_some() && listener.is_some_and(|listener| listener.load_balancer == balancer)
        };
        self.rules.values().filter(of_balancer).count()
    }
}

fn describe(elb: &Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let (arns, listener) = (input.texts("RuleArns"), input.text("ListenerArn"));
    match listener {
        Some(listener) if arns.is_empty() => {
            Sort::Listener.find(&elb.listeners, listener)?;
        }
        None if !arns.is_empty() => {
            for arn in &arns {
                Sort::Rule.find(&elb.rules, arn)?;
            }
        }
        _ => return Err(invalid("You must specify either listener rule ARNs or a listener ARN")),
    }
    let asked = |arn: &str, one: &Rule| {
        arns.contains(&arn) || listener.is_some_and(|listener| one.listener == listener)
    };
    let asked = elb.rules.iter().filter(|(arn, one)| asked(arn, one));
    let mut asked: Vec<_> = asked.map(|(arn, one)| (one.key(arn), (arn, one))).collect();
    asked.sort_by(|(a, _), (b, _)| a.cmp(b));
    page(input, "Rules", asked, |(arn, one)| one.described(arn))
}

fn modify(elb: &mut Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = arn(input, "RuleArn", Sort::Rule)?;
    let rule = Sort::Rule.find(&elb.rules, arn)?;
    let listener = Sort::Listener.find(&elb.listeners, &rule.listener)?;
    let (conditions, actions) = (input.list("Conditions"), input.list("Actions"));
    no_transforms(input)?;
    if conditions.is_empty() && actions.is_empty() && !input.has("ResetTransforms") {
        return Err(invalid("Either conditions or actions must be specified"));
    }
    if rule.priority.is_none() {
        return Err(not_permitted(arn, "modified"));
    }
    let mut after = rule.clone();
    if !conditions.is_empty() {
        after.conditions = condition::read(conditions)?;
    }
    if !actions.is_empty() {
        after.actions = action::read(actions, listener.tls.is_some())?;
        elb.admit(&listener.load_balancer, Some(arn), &after.actions)?;
    }
    let described = after.described(arn);
    elb.rules.insert(arn.to_owned(), after);
    Ok(json!({"Rules": [described]}))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let until = cx.after(cx.behaviour.timings.visibility);
    let arn = arn(input, "RuleArn", Sort::Rule)?;
    let elb = &mut cx.here.elbv2;
    if Sort::Rule.find(&elb.rules, arn)?.priority.is_none() {
        return Err(not_permitted(arn, "deleted"));
    }
    if let Some(rule) = elb.rules.remove(arn) {
        elb.let_go(&rule.actions, until);
    }
    Ok(Value::Null)
}

/// Gives several rules new priorities at once, so that they can change places.
fn set_priorities(elb: &mut Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
    for pair in some(input, "RulePriorities")?.iter().map(Input) {
        let (arn, priority) = (required(pair, "RuleArn")?, priority(pair)?);
        if Sort::Rule.find(&elb.rules, arn)?.priority.is_none() {
            return Err(not_permitted(arn, "given a priority"));
        }
        if wanted.insert(arn, priority).is_some() {
            return Err(invalid(format!("Rule '{arn}' was provided multiple times")));
        }
    }
    let mut taken = BTreeSet::new();
    let listeners: BTreeSet<&str> =
        wanted.keys().filter_map(|arn| elb.rules.get(*arn)).map(|rule| rule.listener.as_str()).collect();
    for (arn, rule) in elb.rules.iter().filter(|(_, rule)| listeners.contains(rule.listener.as_str())) {
        let after = wanted.get(arn.as_str()).copied().or(rule.priority);
        if let Some(priority) = after.filter(|priority| !taken.insert((&rule.listener, *priority))) {
            return Err(in_use(priority));
        }
    }
    let mut rules = Vec::new();
    for (arn, priority) in wanted {
        if let Some(rule) = elb.rules.get_mut(arn) {
            rule.priority = Some(priority);
            rules.push(rule.described(arn));
        }
    }
    Ok(json!({ "Rules": rules }))
}

/// Rules that were made as such: the default ones are their listeners'.
pub(super) fn resources(elb: &Elbv2) -> impl Iterator<Item = Found> {
    elb.rules.iter().filter_map(|(arn, rule)| {
        let (priority, listener) = (rule.priority?, elb.listeners.get(&rule.listener)?);
        Some(Found {
            kind: "elbv2.listener_rule",
            name: format!("{}/{priority}", listener::label(elb, listener)),
            arn: arn.clone(),
            tags: rule.tags.clone(),
            settings: json!({
                "conditions": condition::described(&rule.conditions),
                "actions": action::described(&rule.actions),
            }),
        })
    })
}
