// SPDX-License-Identifier: MIT OR Apache-2.0
//! `elbv2.listener_rule`: which requests of a listener go where.

use crate::{
    address::Kind,
    arn::Arn,
    kind::elbv2::{Action, Condition, Listener, checks, condition},
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::Input,
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A rule of a listener, known by listener and priority.
///
/// ```
/// use humangov_core::{address::ParseWordError, arn::Arn, kind::elbv2::{Action, Listener, ListenerRule, TargetGroup}};
/// let elb = "arn:aws:elasticloadbalancing:us-east-1:123456789012";
/// // A `&Handle<Listener>` and a `&Handle<TargetGroup>` serve as well.
/// let listener: Arn<Listener> = format!("{elb}:listener/app/humangov/50dc6c495c0c9188/f2f7dc8efc522ab2").parse()?;
/// let group: Arn<TargetGroup> = format!("{elb}:targetgroup/humangov-california/73e2d6bc24d8a067").parse()?;
/// let rule = ListenerRule::builder()
///     .listener(listener)
///     .priority(6)
///     .host_header(["california.humangov.example.com"])
///     .action(Action::forward(group))
///     .build();
/// # Ok::<(), ParseWordError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a condition.
    pub fn condition(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }
    /// Adds the condition that the host name is one of these. At most one a rule.
    pub fn host_header<I: IntoIterator<Item: Into<String>>>(&mut self, hosts: I) {
        self.conditions.push(Condition::host_header(hosts));
    }
    /// Adds the condition that the path is one of these. At most one a rule.
    pub fn path_pattern<I: IntoIterator<Item: Into<String>>>(&mut self, paths: I) {
        self.conditions.push(Condition::path_pattern(paths));
    }
))]
pub struct ListenerRule {
    /// The listener.
    #[builder(setter(into))]
    pub listener: Input<Arn<Listener>>,
    /// The priority: 1 to 50000; one rule of a listener each. The lowest number is tried first.
    pub priority: u32,
    /// Which requests it is for: all must hold. In all up to 5 values and 5 wildcards.
    #[builder(via_mutators)]
    pub conditions: Vec<Condition>,
    /// What happens to them.
    pub action: Action,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// What is known of a rule that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerRuleOutputs {
    /// The ARN.
    pub arn: Arn<ListenerRule>,
}

impl Resource for ListenerRule {
    const KIND: Kind = Kind::new("elbv2.listener_rule");
    const RULES: &'static [Rule] = &[
        Rule::ReplaceCreateFirst("/listener"),
        Rule::KeyedBy("/action/forward/target_groups", "target_group"),
    ];
    type Outputs = ListenerRuleOutputs;

    fn normalize(&mut self) {
        condition::normalize(&mut self.conditions);
        self.action.normalize();
    }

    fn validate(&self, found: &mut Violations) {
        checks::arn(found, "listener", &self.listener, "listener/app/");
        checks::range(found, "priority", Some(self.priority), 1..=50_000);
        condition::validate(found, &self.conditions);
        found.within("action", |found| self.action.validate(found));
        self.tags.validate(found);
    }
}

impl HasArn for ListenerRule {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> ListenerRule {
        let listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/humangov/1/2";
        ListenerRule::builder()
            .listener(listener.parse::<Arn<Listener>>().expect("an ARN"))
            .priority(6)
            .path_pattern(["/california", "/california/*"])
            .action(Action::fixed_response(503, "closed"))
            .build()
    }

    fn problems(rule: &ListenerRule) -> String {
        let mut found = Violations::default();
        rule.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_rule_is_fine() {
        assert_eq!(problems(&rule()), "");
    }

    #[test]
    fn every_problem_is_told() {
        let mut rule = rule();
        rule.priority = 50_001;
        rule.conditions.clear();
        rule.action = Action::fixed_response(100, "");
        rule.listener =
            "arn:aws:ecs:us-east-1:123456789012:cluster/x".parse::<Arn<Listener>>().expect("an ARN").into();
        let text = problems(&rule);
        for expected in [
            "listener: arn:aws:ecs:us-east-1:123456789012:cluster/x is not the ARN wanted; its resource part begins listener/app/",
            "priority: 50001 is out of range; allowed are 1 to 50000",
            "conditions: a rule needs a condition",
            "action.fixed_response.status_code: 100 is not allowed",
        ] {
            assert!(text.contains(expected), "{text:?} lacks {expected:?}");
        }
    }
}
