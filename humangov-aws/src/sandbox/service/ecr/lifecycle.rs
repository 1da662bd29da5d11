// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a lifecycle policy must be. Here it is kept and does nothing: on AWS it takes up to a day.

use super::refusal::invalid;
use crate::sandbox::{error::ApiError, wire::Input};
use serde_json::Value;
use std::collections::BTreeSet;

/// How many rules a policy can have, and how many wildcards a pattern of tags.
const MOST_RULES: usize = 50;
const MOST_WILDCARDS: usize = 4;

const MEMBERS: [&str; 4] = ["rulePriority", "description", "selection", "action"];

/// What is counted, and whether it is in days.
const COUNTS: [(&str, bool); 4] = [
    ("imageCountMoreThan", false),
    ("sinceImagePushed", true),
    ("sinceImagePulled", true),
    ("sinceImageTransitioned", true),
];

/// Why a policy, or a rule, is none.
type Checked = Result<(), &'static str>;

/// Refuses a text that is no policy.
pub(super) fn check(text: &str) -> Result<(), ApiError> {
    let policy = serde_json::from_str::<Value>(text).map_err(|_| "the text is not JSON");
    policy
        .and_then(|policy| check_policy(Input(&policy)))
        .map_err(|why| invalid("LifecyclePolicyText", &format!("Lifecycle policy validation failure: {why}")))
}

fn check_policy(policy: Input<'_>) -> Checked {
    let rules: Vec<Input<'_>> = policy.objects("rules").collect();
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err("there must be between 1 and 50 rules");
    }
    rules.iter().try_for_each(|rule| check_rule(*rule))?;
    let priorities: BTreeSet<_> = rules.iter().filter_map(|rule| rule.integer("rulePriority")).collect();
    if priorities.len() < rules.len() {
        return Err("the rulePriority of each rule must be unique");
    }
    check_order(&rules, priorities.last().copied())
}

fn check_rule(rule: Input<'_>) -> Checked {
    let members = rule.0.as_object().into_iter().flatten();
    if members.into_iter().any(|(name, _)| !MEMBERS.contains(&name.as_str())) {
        return Err("a rule has properties which are not allowed by the schema");
    }
    if !matches!(rule.get("rulePriority").and_then(Value::as_i64), Some(1..)) {
        return Err("the rulePriority must be a whole number from 1");
    }
    check_selection(rule.object("selection").ok_or("a rule must have a selection")?)?;
    let action = rule.object("action").ok_or("a rule must have an action")?;
    match (action.text("type"), action.text("targetStorageClass")) {
        (Some("expire"), None) | (Some("transition"), Some("archive")) => Ok(()),
        _ => Err("the action must be expire, or transition with the targetStorageClass archive"),
    }
}

fn check_selection(selection: Input<'_>) -> Checked {
    let (prefixes, patterns) = (selection.texts("tagPrefixList"), selection.texts("tagPatternList"));
    match selection.text("tagStatus") {
        Some("tagged") if prefixes.is_empty() == patterns.is_empty() => {
            return Err("tagStatus=tagged needs either a tagPrefixList or a tagPatternList");
        }
        Some("untagged" | "any") if !prefixes.is_empty() || !patterns.is_empty() => {
            return Err("tags can be listed with tagStatus=tagged only");
        }
        Some("tagged" | "untagged" | "any") => {}
        _ => return Err("the tagStatus must be tagged, untagged or any"),
    }
    if patterns.iter().any(|pattern| pattern.matches('*').count() > MOST_WILDCARDS) {
        return Err("a pattern of tags can have four wildcards at most");
    }
    let counted = COUNTS.iter().find(|(name, _)| Some(*name) == selection.text("countType"));
    match (counted, selection.text("countUnit")) {
        (Some((_, true)), Some("days")) | (Some((_, false)), None) => {}
        (None, _) => return Err("the countType is unknown"),
        _ => {
            return Err(
                "the countUnit must be days with a countType of time, and must not be there with another",
            );
        }
    }
    match selection.get("countNumber").and_then(Value::as_i64) {
        Some(1..) => Ok(()),
        _ => Err("the countNumber must be a whole number from 1"),
    }
}

/// A rule for any image must come last, and one for untagged images, or for the same tags, only once.
fn check_order(rules: &[Input<'_>], last: Option<i64>) -> Checked {
    let mut selections = BTreeSet::new();
    for rule in rules {
        let Some(selection) = rule.object("selection") else { continue };
        let status = selection.text("tagStatus").unwrap_or_default();
        if status == "any" && rule.integer("rulePriority") != last {
            return Err("a rule with tagStatus=any must have the highest rulePriority");
        }
        let mut tags = [selection.texts("tagPrefixList"), selection.texts("tagPatternList")].concat();
        tags.sort_unstable();
        let class = selection.text("storageClass").unwrap_or("standard");
        if !selections.insert((status, class, tags)) {
            return Err("there can be one rule only for untagged images, and one for the same tags");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(priority: i64, selection: &Value) -> Value {
        let mut counted = json!({"countType": "imageCountMoreThan", "countNumber": 10});
        for (name, value) in selection.as_object().into_iter().flatten() {
            counted[name] = value.clone();
        }
        json!({"rulePriority": priority, "selection": counted, "action": {"type": "expire"}})
    }

    fn why(rules: &[Value]) -> Checked {
        check_policy(Input(&json!({ "rules": rules })))
    }

    #[test]
    fn usual_policies_are_taken() {
        let tagged = json!({"tagStatus": "tagged", "tagPrefixList": ["v"]});
        let patterns = json!({"tagStatus": "tagged", "tagPatternList": ["*-dev"]});
        let old = json!({"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days"});
        let rules =
            [rule(1, &tagged), rule(2, &patterns), rule(3, &old), rule(9, &json!({"tagStatus": "any"}))];
        assert_eq!(why(&rules), Ok(()));
    }

    #[test]
    fn what_is_no_policy_is_told_why() {
        let any = json!({"tagStatus": "any"});
        let untagged = json!({"tagStatus": "untagged"});
        let with = |name: &str, value: Value| {
            let mut rule = rule(1, &any);
            rule[name] = value;
            vec![rule]
        };
        let selecting = |selection: Value| vec![rule(1, &selection)];
        let table = [
            (vec![], "between 1 and 50"),
            (vec![rule(1, &untagged), rule(1, &any)], "unique"),
            (vec![rule(1, &any), rule(2, &untagged)], "highest"),
            (vec![rule(1, &untagged), rule(2, &untagged)], "one rule only"),
            (with("color", json!("red")), "schema"),
            (with("rulePriority", json!(0)), "rulePriority"),
            (with("rulePriority", json!("1")), "rulePriority"),
            (with("selection", json!(null)), "selection"),
            (with("action", json!({"type": "keep"})), "action"),
            (selecting(json!({"tagStatus": "some"})), "tagStatus"),
            (selecting(json!({"tagStatus": "tagged"})), "tagPrefixList"),
            (selecting(json!({"tagStatus": "any", "tagPrefixList": ["v"]})), "tagged only"),
            (selecting(json!({"tagStatus": "tagged", "tagPatternList": ["*****"]})), "wildcards"),
            (selecting(json!({"tagStatus": "any", "countType": "size"})), "countType"),
            (selecting(json!({"tagStatus": "any", "countType": "sinceImagePushed"})), "countUnit"),
            (selecting(json!({"tagStatus": "any", "countUnit": "days"})), "countUnit"),
            (selecting(json!({"tagStatus": "any", "countNumber": 0})), "countNumber"),
        ];
        for (rules, says) in table {
            assert!(why(&rules).is_err_and(|why| why.contains(says)), "{says}: {:?} {rules:?}", why(&rules));
        }
        assert!(check("{").is_err());
    }
}
