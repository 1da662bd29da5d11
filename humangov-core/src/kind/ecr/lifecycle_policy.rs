// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`LifecyclePolicy`]: which images a repository lets go, and when.

use crate::resource::Violations;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{fmt, str::FromStr};

/// Rules by which images expire. The first rule that selects an image decides; the text AWS takes has up to 30,720 characters.
///
/// ```
/// use humangov_core::kind::ecr::LifecyclePolicy;
/// let policy = LifecyclePolicy::new().expire_untagged_after_days(7).keep_last(50);
/// assert_eq!(policy.rules.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LifecyclePolicy {
    /// The rules, in the order in which they are tried. One that selects any image comes last.
    #[serde(default)]
    pub rules: Vec<LifecycleRule>,
}

/// A rule: which images expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LifecycleRule {
    /// What the rule is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The images it selects.
    pub tag_status: TagStatus,
    /// Which of these expire.
    pub count: LifecycleCount,
}

/// Which images a rule selects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TagStatus {
    /// All.
    Any,
    /// Those without a tag.
    Untagged,
    /// Those that have, for each of these beginnings, a tag that begins so.
    TaggedPrefixes(Vec<String>),
    /// Those that have, for each of these patterns, a tag that fits; up to four `*` a pattern stand for any text.
    TaggedPatterns(Vec<String>),
}

/// Which of the images that a rule selects expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LifecycleCount {
    /// All but the newest of this number, 1 or more.
    ImageCountMoreThan(u32),
    /// Those pushed longer ago than this, in days, 1 or more.
    DaysSinceImagePushed(u32),
}

impl LifecyclePolicy {
    /// The greatest number of characters of the text (PutLifecyclePolicy, `lifecyclePolicyText`).
    pub const MAX_SIZE: usize = 30_720;

    /// A policy without rules.
    pub const fn new() -> Self {
        Self { rules: Vec::new() }
    }

    /// Adds a rule, tried after those added before.
    #[must_use]
    pub fn rule(mut self, rule: LifecycleRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Keeps the newest `images` and expires all others. This must be the last rule.
    #[must_use]
    pub fn keep_last(self, images: u32) -> Self {
        self.rule(LifecycleRule::new(TagStatus::Any, LifecycleCount::ImageCountMoreThan(images)))
    }

    /// Expires what has no tag (any more) `days` after it was pushed.
    #[must_use]
    pub fn expire_untagged_after_days(self, days: u32) -> Self {
        self.rule(LifecycleRule::new(TagStatus::Untagged, LifecycleCount::DaysSinceImagePushed(days)))
    }

    /// Brings equal policies into one form.
    pub fn normalize(&mut self) {
        for rule in &mut self.rules {
            if let TagStatus::TaggedPrefixes(tags) | TagStatus::TaggedPatterns(tags) = &mut rule.tag_status {
                tags.sort_unstable();
                tags.dedup();
            }
        }
    }

    /// Adds to `found` what AWS would refuse.
    pub fn validate(&self, found: &mut Violations) {
        found.check(!self.rules.is_empty(), "rules", || "a lifecycle policy has at least one rule");
        for (i, rule) in self.rules.iter().enumerate() {
            let last = i + 1 == self.rules.len();
            found.within(&format!("rules.{i}"), |found| {
                rule.validate(found);
                found.check(
                    last || rule.tag_status != TagStatus::Any,
                    "tag_status",
                    || "a rule about any image must be the last one",
                );
            });
        }
        let untagged = self.rules.iter().filter(|rule| rule.tag_status == TagStatus::Untagged).count();
        found.check(untagged <= 1, "rules", || "only one rule can be about untagged images");
        let size = self.to_json().to_string().chars().count();
        found.check(size <= Self::MAX_SIZE, "", || {
            format!("the policy has {size} characters; at most {}", Self::MAX_SIZE)
        });
    }

    /// The policy as AWS takes it.
    pub fn to_json(&self) -> Value {
        let rules: Vec<Value> = self.rules.iter().enumerate().map(|(i, rule)| rule.to_json(i + 1)).collect();
        json!({ "rules": rules })
    }

    /// Reads a policy as AWS writes it. The result is normalized.
    ///
    /// # Errors
    /// When `json` is not a lifecycle policy, or one that does more than expire images: the error says where and why.
    pub fn from_json(json: &Value) -> Result<Self, ParseLifecycleError> {
        let rules = json
            .get("rules")
            .and_then(Value::as_array)
            .ok_or(ParseLifecycleError { rule: None, wrong: "rules must be a list".to_owned() })?;
        let mut by_priority = Vec::with_capacity(rules.len());
        for (i, rule) in rules.iter().enumerate() {
            let read = LifecycleRule::from_json(rule);
            by_priority.push(read.map_err(|wrong| ParseLifecycleError { rule: Some(i), wrong })?);
        }
        by_priority.sort_by_key(|(priority, _)| *priority);
        let mut policy = Self { rules: by_priority.into_iter().map(|(_, rule)| rule).collect() };
        policy.normalize();
        Ok(policy)
    }
}

impl FromStr for LifecyclePolicy {
    type Err = ParseLifecycleError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let json = serde_json::from_str(text)
            .map_err(|error| ParseLifecycleError { rule: None, wrong: format!("not JSON: {error}") })?;
        Self::from_json(&json)
    }
}

impl LifecycleRule {
    /// A rule that expires, of the images `tag_status` selects, those that `count` tells.
    pub const fn new(tag_status: TagStatus, count: LifecycleCount) -> Self {
        Self { description: None, tag_status, count }
    }

    /// Says what the rule is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    fn validate(&self, found: &mut Violations) {
        if let TagStatus::TaggedPrefixes(tags) | TagStatus::TaggedPatterns(tags) = &self.tag_status {
            found.check(
                !tags.is_empty() && tags.iter().all(|tag| !tag.is_empty()),
                "tag_status",
                || "a rule about tagged images has at least one beginning or pattern, and none is empty",
            );
        }
        if let TagStatus::TaggedPatterns(patterns) = &self.tag_status {
            for pattern in patterns {
                found.check(pattern.matches('*').count() <= 4, "tag_status", || {
                    format!("{pattern:?} has more than four *")
                });
            }
        }
        let (LifecycleCount::ImageCountMoreThan(count) | LifecycleCount::DaysSinceImagePushed(count)) =
            self.count;
        found.check(count >= 1, "count", || "a count is 1 or more");
    }

    fn to_json(&self, priority: usize) -> Value {
        let mut selection = Map::new();
        let status = match &self.tag_status {
            TagStatus::Any => "any",
            TagStatus::Untagged => "untagged",
            TagStatus::TaggedPrefixes(tags) => {
                selection.insert("tagPrefixList".into(), tags.as_slice().into());
                "tagged"
            }
            TagStatus::TaggedPatterns(tags) => {
                selection.insert("tagPatternList".into(), tags.as_slice().into());
                "tagged"
            }
        };
        selection.insert("tagStatus".into(), status.into());
        let (count_type, number) = match self.count {
            LifecycleCount::ImageCountMoreThan(images) => ("imageCountMoreThan", images),
            LifecycleCount::DaysSinceImagePushed(days) => {
                selection.insert("countUnit".into(), "days".into());
                ("sinceImagePushed", days)
            }
        };
        selection.insert("countType".into(), count_type.into());
        selection.insert("countNumber".into(), number.into());
        let mut rule =
            json!({ "rulePriority": priority, "selection": selection, "action": { "type": "expire" } });
        if let Some(description) = &self.description {
            rule["description"] = description.as_str().into();
        }
        rule
    }

    fn from_json(json: &Value) -> Result<(u64, Self), String> {
        let text = |value: &Value, member: &str| {
            value.get(member).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
        };
        let selection = &json["selection"];
        if text(&json["action"], "type") != "expire" || selection.get("storageClass").is_some() {
            return Err("only rules that expire images are understood here".to_owned());
        }
        let priority = json["rulePriority"].as_u64().ok_or("rulePriority must be a number")?;
        let tags = |member: &str| -> Option<Vec<String>> {
            selection.get(member)?.as_array()?.iter().map(|tag| tag.as_str().map(str::to_owned)).collect()
        };
        let status = text(selection, "tagStatus");
        let tag_status = match (status.as_str(), tags("tagPrefixList"), tags("tagPatternList")) {
            ("any", None, None) => TagStatus::Any,
            ("untagged", None, None) => TagStatus::Untagged,
            ("tagged", Some(tags), None) => TagStatus::TaggedPrefixes(tags),
            ("tagged", None, Some(tags)) => TagStatus::TaggedPatterns(tags),
            _ => return Err(format!("tagStatus {status:?} with these lists is not understood here")),
        };
        let number = selection["countNumber"].as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or("countNumber must be a number")?;
        let count = match (text(selection, "countType").as_str(), text(selection, "countUnit").as_str()) {
            ("imageCountMoreThan", "") => LifecycleCount::ImageCountMoreThan(number),
            ("sinceImagePushed", "days") => LifecycleCount::DaysSinceImagePushed(number),
            (kind, unit) => return Err(format!("countType {kind:?} in {unit:?} is not understood here")),
        };
        let description = json.get("description").and_then(Value::as_str).map(str::to_owned);
        Ok((priority, Self { description, tag_status, count }))
    }
}

/// Text that is not a lifecycle policy, or one that does what this crate does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseLifecycleError {
    rule: Option<usize>,
    wrong: String,
}

impl fmt::Display for ParseLifecycleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a lifecycle policy: ")?;
        if let Some(rule) = self.rule {
            write!(f, "rules.{rule}: ")?;
        }
        f.write_str(&self.wrong)
    }
}

impl std::error::Error for ParseLifecycleError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(policy: &LifecyclePolicy) -> String {
        let mut found = Violations::default();
        policy.validate(&mut found);
        found.to_string()
    }

    fn releases() -> LifecyclePolicy {
        let patterns = TagStatus::TaggedPatterns(vec!["v*".to_owned(), "release-*".to_owned()]);
        let prefixes = TagStatus::TaggedPrefixes(vec!["pr-".to_owned()]);
        LifecyclePolicy::new()
            .rule(
                LifecycleRule::new(patterns, LifecycleCount::ImageCountMoreThan(500)).description("releases"),
            )
            .rule(LifecycleRule::new(prefixes, LifecycleCount::DaysSinceImagePushed(14)))
            .expire_untagged_after_days(7)
            .keep_last(50)
    }

    #[test]
    fn a_policy_is_written_as_aws_writes_it() {
        let policy = LifecyclePolicy::new().expire_untagged_after_days(7).keep_last(50);
        let expire = json!({"type": "expire"});
        assert_eq!(
            policy.to_json(),
            json!({"rules": [
                {"rulePriority": 1, "action": expire, "selection":
                    {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}},
                {"rulePriority": 2, "action": expire, "selection":
                    {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}},
            ]})
        );
    }

    #[test]
    fn what_is_read_back_equals_what_was_written() {
        let mut policy = releases();
        assert_eq!(problems(&policy), "");
        let read: LifecyclePolicy = policy.to_json().to_string().parse().expect("reads");
        policy.normalize();
        assert_eq!(read, policy);
    }

    #[test]
    fn priorities_say_the_order_and_nothing_else() {
        let mut json = releases().to_json();
        json["rules"][0]["rulePriority"] = 40.into();
        json["rules"].as_array_mut().expect("a list").reverse();
        let read = LifecyclePolicy::from_json(&json).expect("reads");
        assert_eq!(
            read.rules.iter().map(|rule| rule.description.is_some()).collect::<Vec<_>>(),
            [false, false, false, true]
        );
    }

    #[test]
    fn the_shortest_policy_is_long_enough_for_aws() {
        assert!(LifecyclePolicy::new().keep_last(1).to_json().to_string().len() >= 100);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        let json = |action: &str, status: &str, kind: &str| {
            json!({"rules": [{"rulePriority": 1, "action": {"type": action}, "selection":
                {"tagStatus": status, "countType": kind, "countUnit": "days", "countNumber": 1}}]})
        };
        for (json, expected) in [
            (json!({}), "rules must be a list"),
            (
                json("transition", "any", "sinceImagePulled"),
                "rules.0: only rules that expire images are understood here",
            ),
            (
                json("expire", "tagged", "sinceImagePushed"),
                "rules.0: tagStatus \"tagged\" with these lists is not",
            ),
            (
                json("expire", "any", "sinceImagePulled"),
                "rules.0: countType \"sinceImagePulled\" in \"days\" is not",
            ),
        ] {
            let error = LifecyclePolicy::from_json(&json).expect_err("refused").to_string();
            assert!(error.starts_with(&format!("not a lifecycle policy: {expected}")), "{error}");
        }
        assert!("{".parse::<LifecyclePolicy>().expect_err("refused").to_string().contains("not JSON"));
    }

    #[test]
    fn what_ecr_would_refuse_is_told() {
        let rule = |status| LifecycleRule::new(status, LifecycleCount::ImageCountMoreThan(1));
        let patterns = |pattern: &str| TagStatus::TaggedPatterns(vec![pattern.to_owned()]);
        for (policy, expected) in [
            (LifecyclePolicy::new(), "rules: a lifecycle policy has at least one rule"),
            (
                LifecyclePolicy::new().keep_last(5).expire_untagged_after_days(1),
                "rules.0.tag_status: a rule about any image must be the last one",
            ),
            (
                LifecyclePolicy::new().expire_untagged_after_days(2).expire_untagged_after_days(1),
                "rules: only one rule can be about untagged images",
            ),
            (LifecyclePolicy::new().keep_last(0), "rules.0.count: a count is 1 or more"),
            (
                LifecyclePolicy::new().rule(rule(patterns("*a*b*c*d*"))),
                "rules.0.tag_status: \"*a*b*c*d*\" has more than four *",
            ),
            (
                LifecyclePolicy::new().rule(rule(TagStatus::TaggedPrefixes(Vec::new()))),
                "rules.0.tag_status: a rule about tagged images has at least one beginning or pattern, and none is empty",
            ),
        ] {
            assert_eq!(problems(&policy), expected);
        }
    }
}
