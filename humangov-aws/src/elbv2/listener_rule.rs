// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `elbv2.listener_rule`.

use crate::{
    elbv2::{
        action,
        batch::{arn, each, gone, int},
        condition, tags,
    },
    error::{Service, classify},
    steps::Steps,
};
use aws_sdk_elasticloadbalancingv2::{Client, types};
use humangov_core::{
    arn::Arn,
    handler::{Cx, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Update},
    kind::elbv2::{Condition, Listener, ListenerRule, ListenerRuleOutputs},
    tags::Tags,
};

/// Makes, reads, changes and deletes rules of listeners.
#[derive(Debug, Clone)]
pub struct ListenerRuleHandler {
    client: Client,
}

impl ListenerRuleHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn of_listener(&self, listener: &str) -> Result<Vec<types::Rule>, HandlerError> {
        let mut pages = self.client.describe_rules().listener_arn(listener).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| classify(Service::Elbv2, "DescribeRules", error))?);
        }
        Ok(found)
    }
}

impl Handler for ListenerRuleHandler {
    type Resource = ListenerRule;

    async fn read(&self, at: Lookup<'_, ListenerRule>) -> Result<Option<Live<ListenerRule>>, HandlerError> {
        self.read_many(&[at]).await.pop().unwrap_or(Ok(None))
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, ListenerRule>],
    ) -> Vec<Result<Option<Live<ListenerRule>>, HandlerError>> {
        let listeners: Vec<_> = at.iter().map(listeners).collect();
        let found = each(listeners.iter().flatten().map(Arn::as_str).collect::<Vec<_>>(), |listener| {
            self.of_listener(listener)
        })
        .await;
        let pick = |(at, listeners): (&Lookup<'_, ListenerRule>, &Vec<Arn<Listener>>)| {
            let mut rules = Vec::new();
            for listener in listeners {
                let answer = found[listener.as_str()].as_ref().map_err(HandlerError::clone)?;
                rules.extend(answer.iter().flatten());
            }
            Ok(pick(at, &rules))
        };
        let picked: Vec<Result<Option<&types::Rule>, HandlerError>> =
            at.iter().zip(&listeners).map(pick).collect();
        let there = picked.iter().filter_map(|one| one.as_ref().ok().copied().flatten());
        let tags = tags::of(&self.client, there.filter_map(types::Rule::rule_arn).collect::<Vec<_>>()).await;
        let live = |picked: Result<Option<&types::Rule>, HandlerError>| {
            let Some(rule) = picked? else { return Ok(None) };
            let outputs = outputs("DescribeRules", Some(rule))?;
            let Some(tags) = tags[outputs.arn.as_str()].clone()? else { return Ok(None) };
            Ok(Some(Live { spec: spec(rule, &outputs.arn, &tags)?, outputs, tags: Some(tags) }))
        };
        picked.iter().cloned().map(live).collect()
    }

    async fn create(&self, cx: &Cx, spec: &ListenerRule) -> Result<ListenerRuleOutputs, HandlerError> {
        let mut steps = Steps::default();
        let answer = self
            .client
            .create_rule()
            .listener_arn(spec.listener.text())
            .priority(int(spec.priority))
            .set_conditions(Some(spec.conditions.iter().map(condition::write).collect()))
            .actions(action::write(&spec.action))
            .set_tags(Some(tags::to_list(&cx.tags(&spec.tags))))
            .send()
            .await
            .map_err(|error| classify(Service::Elbv2, "CreateRule", error));
        let made = steps.next(answer)?;
        if let Ok(outputs) = outputs("CreateRule", made.rules().first()) {
            return Ok(outputs);
        }
        // The answer lacks the ARN: what was made is there to be asked.
        let rules = steps.next(self.of_listener(spec.listener.text()).await)?;
        outputs("DescribeRules", rules.iter().find(|rule| priority(rule) == Some(spec.priority)))
    }

    async fn update(
        &self,
        cx: &Cx,
        change: Update<'_, ListenerRule>,
    ) -> Result<ListenerRuleOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let (arn, mut steps) = (outputs.arn.as_str(), Steps::default());
        if prior.priority != desired.priority {
            let pair =
                types::RulePriorityPair::builder().rule_arn(arn).priority(int(desired.priority)).build();
            let answer = self.client.set_rule_priorities().rule_priorities(pair).send().await;
            let answer = answer.map_err(|error| classify(Service::Elbv2, "SetRulePriorities", error));
            // Who holds the priority may be another rule of ours that is about to leave it.
            steps.next(answer.map_err(|error| match error.kind() {
                HandlerErrorKind::AlreadyExists => error.with_kind(HandlerErrorKind::NotYet),
                _ => error,
            }))?;
        }
        let conditions = (prior.conditions != desired.conditions)
            .then(|| desired.conditions.iter().map(condition::write).collect());
        let actions = (prior.action != desired.action).then(|| vec![action::write(&desired.action)]);
        if conditions.is_some() || actions.is_some() {
            let call = self.client.modify_rule().rule_arn(arn);
            let answer = call.set_conditions(conditions).set_actions(actions).send().await;
            steps.next(answer.map_err(|error| classify(Service::Elbv2, "ModifyRule", error)))?;
        }
        tags::change(&self.client, cx, arn, (&prior.tags, &desired.tags), &mut steps).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, ListenerRule>) -> Result<(), HandlerError> {
        let call = self.client.delete_rule().rule_arn(prior.outputs.arn.as_str());
        gone(call.send().await.map_err(|error| classify(Service::Elbv2, "DeleteRule", error)))
    }
}

/// The listeners to look at: the one recorded, of which a rule's ARN tells, and the one wanted.
fn listeners(at: &Lookup<'_, ListenerRule>) -> Vec<Arn<Listener>> {
    let recorded = at.outputs.and_then(|outputs| listener_of(outputs.arn.as_str()));
    let wanted = at.spec.listener.known().cloned().filter(|wanted| Some(wanted) != recorded.as_ref());
    recorded.into_iter().chain(wanted).collect()
}

/// `..:listener-rule/app/NAME/BALANCER/LISTENER/RULE` is a rule of `..:listener/app/NAME/BALANCER/LISTENER`.
fn listener_of(rule: &str) -> Option<Arn<Listener>> {
    let (listener, _) = rule.rsplit_once('/')?;
    listener.replacen(":listener-rule/", ":listener/", 1).parse().ok()
}

/// The rule recorded, whatever its priority by now, or else the one of the priority wanted.
fn pick<'r>(at: &Lookup<'_, ListenerRule>, rules: &[&'r types::Rule]) -> Option<&'r types::Rule> {
    let recorded = at.outputs.map(|outputs| outputs.arn.as_str());
    let is_recorded = |one: &&&types::Rule| recorded.is_some() && one.rule_arn() == recorded;
    let wanted = at.spec.listener.known();
    let is_wanted = |one: &&&types::Rule| {
        let listener = one.rule_arn().and_then(listener_of);
        wanted.is_some() && listener.as_ref() == wanted && priority(one) == Some(at.spec.priority)
    };
    rules.iter().find(is_recorded).or_else(|| rules.iter().find(is_wanted)).copied()
}

/// The priority; the default rule, which is the listener's own, has none.
fn priority(rule: &types::Rule) -> Option<u32> {
    rule.priority()?.parse().ok()
}

fn outputs(operation: &'static str, rule: Option<&types::Rule>) -> Result<ListenerRuleOutputs, HandlerError> {
    Ok(ListenerRuleOutputs { arn: arn(operation, rule.and_then(types::Rule::rule_arn))? })
}

fn spec(rule: &types::Rule, arn: &Arn<ListenerRule>, tags: &Tags) -> Result<ListenerRule, HandlerError> {
    let listener = listener_of(arn.as_str())
        .ok_or_else(|| HandlerError::malformed("DescribeRules", format!("{arn} is not the ARN of a rule")))?;
    let mut spec = ListenerRule::builder()
        .listener(listener)
        .priority(priority(rule).unwrap_or_default())
        .action(action::read(rule.actions()))
        .tags(tags.of_user())
        .build();
    spec.conditions = rule.conditions().iter().filter_map(condition::read).collect::<Vec<Condition>>();
    Ok(spec)
}

#[cfg(test)]
mod tests;
