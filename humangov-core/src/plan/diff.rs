// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares two specs field by field.

use crate::{
    plan::{FieldChange, FieldEffect, Origin, ReplaceOrder},
    resource::Rule,
    value::walk_references,
};
use serde_json::{Map, Value};

/// The three sides of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    /// What is wanted; may hold references that are not known yet.
    pub desired: &'a Value,
    /// What was applied last, if it is known.
    pub recorded: Option<&'a Value>,
    /// What is there: read, or recorded where nothing was read.
    pub current: &'a Value,
}

/// Every field of `desired` that differs from `current`.
///
/// A field that is null in `desired` is left to AWS, unless it was set when last applied: then it was taken out.
pub(crate) fn diff(sides: Sides<'_>, rules: &[Rule]) -> Vec<FieldChange> {
    let mut walk = Walk { rules, changes: Vec::new(), pointer: Vec::new(), shown: Vec::new() };
    walk.compare(Some(sides.desired), sides.recorded, Some(sides.current));
    walk.changes
}

/// Fills the fields that `desired` leaves to AWS with what they are, so that a change of another field does not reset them. A field
/// that was set when last applied is not left to AWS: it was taken out.
pub(crate) fn keep_unmanaged(desired: &mut Value, recorded: Option<&Value>, current: &Value) {
    if let (Value::Object(wanted), Some(there)) = (desired, fields(current)) {
        for (key, wanted) in wanted.iter_mut() {
            let recorded = recorded.and_then(|recorded| recorded.get(key));
            match there.get(key) {
                Some(there) if wanted.is_null() && set(recorded).is_none() => wanted.clone_from(there),
                Some(there) => keep_unmanaged(wanted, recorded, there),
                None => {}
            }
        }
    }
}

/// `current` as it would be recorded had it been applied: what `desired` leaves to AWS is left to AWS, and what cannot be read is as
/// `desired` says.
pub(crate) fn as_live(desired: &Value, current: &Value, rules: &[Rule]) -> Value {
    let mut walk = Walk { rules, changes: Vec::new(), pointer: Vec::new(), shown: Vec::new() };
    walk.as_live(Some(desired), Some(current)).unwrap_or_default()
}

struct Walk<'a> {
    rules: &'a [Rule],
    changes: Vec<FieldChange>,
    pointer: Vec<String>,
    shown: Vec<String>,
}

fn set(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn is_unknown(value: &Value) -> bool {
    let mut unknown = false;
    walk_references(value, &mut |_| unknown = true);
    unknown
}

/// Whether a value is a struct or a map, and not a reference or a join.
fn fields(value: &Value) -> Option<&Map<String, Value>> {
    value
        .as_object()
        .filter(|map| !map.keys().next().is_some_and(|key| map.len() == 1 && key.starts_with('$')))
}

impl Walk<'_> {
    fn matches(&self, path: &str) -> bool {
        let mut at = self.pointer.iter();
        path.split('/').skip(1).all(|part| at.next().is_some_and(|key| part == "*" || part == key))
    }

    fn rule(&self, pick: impl Fn(Rule) -> bool) -> Option<Rule> {
        self.rules.iter().copied().find(|rule| pick(*rule) && self.matches(rule.path()))
    }

    fn effect(&self) -> FieldEffect {
        let decides = |rule| {
            matches!(rule, Rule::ReplaceCreateFirst(_) | Rule::ReplaceDeleteFirst(_) | Rule::Immutable(_))
        };
        match self.rule(decides) {
            Some(Rule::ReplaceCreateFirst(_)) => FieldEffect::Replace(ReplaceOrder::CreateFirst),
            Some(Rule::ReplaceDeleteFirst(_)) => FieldEffect::Replace(ReplaceOrder::DeleteFirst),
            Some(Rule::Immutable(_)) => FieldEffect::Refused,
            _ => FieldEffect::InPlace,
        }
    }

    fn within(&mut self, key: &str, shown: String, compare: impl FnOnce(&mut Self)) {
        self.pointer.push(key.to_owned());
        self.shown.push(shown);
        compare(self);
        self.pointer.pop();
        self.shown.pop();
    }

    fn compare(&mut self, desired: Option<&Value>, recorded: Option<&Value>, current: Option<&Value>) {
        let current = match self.rule(|rule| matches!(rule, Rule::WriteOnly(_))) {
            Some(_) => recorded,
            None => current,
        };
        match (desired, current) {
            (Some(Value::Null), _) if set(recorded).is_none() => {}
            (Some(desired), Some(current)) => {
                if let (Some(wanted), Some(there)) = (fields(desired), fields(current)) {
                    self.compare_fields(wanted, recorded.and_then(fields), there);
                } else if let (Some(Rule::KeyedBy(_, member)), Value::Array(wanted), Value::Array(there)) =
                    (self.rule_here(), desired, current)
                {
                    self.compare_keyed(member, wanted, recorded.and_then(Value::as_array), there);
                } else if is_unknown(desired) || set(Some(desired)) != set(Some(current)) {
                    self.push(Some(desired), recorded, Some(current));
                }
            }
            (desired, current) => {
                if set(desired) != set(current) {
                    self.push(desired, recorded, current);
                }
            }
        }
    }

    /// See [`as_live`]; `None`: it is not there.
    fn as_live(&mut self, desired: Option<&Value>, current: Option<&Value>) -> Option<Value> {
        if self.rule(|rule| matches!(rule, Rule::WriteOnly(_))).is_some() {
            return desired.cloned();
        }
        let (Some(desired), Some(current)) = (desired, current) else { return current.cloned() };
        if desired.is_null() {
            return Some(Value::Null);
        }
        if let (Some(wanted), Some(there)) = (fields(desired), fields(current)) {
            let keys = wanted.keys().chain(there.keys().filter(|key| !wanted.contains_key(*key)));
            let mut map = Map::new();
            for key in keys {
                self.within(key, key.clone(), |walk| {
                    if let Some(value) = walk.as_live(wanted.get(key), there.get(key)) {
                        map.insert(key.clone(), value);
                    }
                });
            }
            return Some(Value::Object(map));
        }
        if let (Some(Rule::KeyedBy(_, member)), Value::Array(wanted), Value::Array(there)) =
            (self.rule_here(), desired, current)
        {
            let items = there.iter().enumerate().filter_map(|(i, item)| {
                let same = wanted.iter().find(|wanted| wanted.get(member) == item.get(member));
                let mut value = None;
                self.within(&i.to_string(), String::new(), |walk| {
                    value = walk.as_live(same.or(Some(item)), Some(item));
                });
                value
            });
            return Some(items.collect());
        }
        Some(current.clone())
    }

    fn rule_here(&self) -> Option<Rule> {
        self.rules.iter().copied().find(|rule| {
            matches!(rule, Rule::KeyedBy(..))
                && self.matches(rule.path())
                && rule.path().split('/').skip(1).count() == self.pointer.len()
        })
    }

    fn compare_fields(
        &mut self,
        wanted: &Map<String, Value>,
        recorded: Option<&Map<String, Value>>,
        there: &Map<String, Value>,
    ) {
        let mut keys: Vec<&String> =
            wanted.keys().chain(there.keys().filter(|key| !wanted.contains_key(*key))).collect();
        keys.sort_unstable();
        for key in keys {
            let recorded = recorded.and_then(|recorded| recorded.get(key));
            self.within(key, key.clone(), |walk| walk.compare(wanted.get(key), recorded, there.get(key)));
        }
    }

    fn compare_keyed(
        &mut self,
        member: &str,
        wanted: &[Value],
        recorded: Option<&Vec<Value>>,
        there: &[Value],
    ) {
        let key = |value: &Value| match value.get(member) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let find = |list: &[Value], name: &str| list.iter().position(|value| key(value) == name);
        let keys = |list: &[Value]| list.iter().map(key).collect::<Vec<_>>();
        for (i, value) in wanted.iter().enumerate() {
            let name = key(value);
            let recorded = recorded.and_then(|list| find(list, &name).map(|at| &list[at]));
            let current = find(there, &name).map(|at| &there[at]);
            self.within(&i.to_string(), label(&name), |walk| walk.compare(Some(value), recorded, current));
        }
        for (i, value) in there.iter().enumerate() {
            let name = key(value);
            if find(wanted, &name).is_none() {
                let recorded = recorded.and_then(|list| find(list, &name).map(|at| &list[at]));
                self.within(&i.to_string(), label(&name), |walk| walk.push(None, recorded, Some(value)));
            }
        }
        let kept = |list: &[Value], other: &[Value]| -> Vec<String> {
            let other = keys(other);
            keys(list).into_iter().filter(|key| other.contains(key)).collect()
        };
        if kept(wanted, there) != kept(there, wanted) {
            let list = |value: &[Value]| Value::from(keys(value));
            let recorded = recorded.map(|recorded| list(recorded));
            let (desired, current) = (list(wanted), list(there));
            self.within("order", "order".to_owned(), |walk| {
                walk.push(Some(&desired), recorded.as_ref(), Some(&current));
            });
        }
    }

    fn push(&mut self, desired: Option<&Value>, recorded: Option<&Value>, current: Option<&Value>) {
        let origin = match (set(desired), set(recorded)) {
            (Some(desired), Some(recorded)) if !is_unknown(desired) && desired == recorded => Origin::Drift,
            (None, None) => Origin::Drift,
            _ => Origin::Declared,
        };
        let effect = self.effect();
        let redact = |value: Option<&Value>| set(value).map(redacted);
        self.changes.push(FieldChange {
            path: self.shown.join("."),
            before: redact(current),
            after: redact(desired),
            effect,
            origin,
        });
    }
}

/// The key of an element as a part of a path: of an ARN what tells it from others, of a reference that it is new.
fn label(key: &str) -> String {
    if key.starts_with('{') {
        return "(new)".to_owned();
    }
    match key.strip_prefix("arn:") {
        Some(arn) => arn.splitn(5, ':').nth(4).unwrap_or(arn).to_owned(),
        None => key.to_owned(),
    }
}

/// A value without what is sensitive in it: what is shown and saved in plans.
fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.contains_key(crate::sensitive::SENSITIVE_KEY) => Value::from("(sensitive)"),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), redacted(value))).collect())
        }
        Value::Array(items) => items.iter().map(redacted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Canonical;
    use serde_json::json;

    const RULES: &[Rule] = &[
        Rule::ReplaceCreateFirst("/port"),
        Rule::Immutable("/name"),
        Rule::KeyedBy("/containers", "name"),
        Rule::ReplaceCreateFirst("/containers/*/image"),
        Rule::WriteOnly("/password"),
    ];

    fn check(desired: &Value, recorded: Option<&Value>, current: &Value) -> Vec<String> {
        diff(Sides { desired, recorded, current }, RULES)
            .into_iter()
            .map(|change| {
                let show = |value: Option<Value>| {
                    value.map_or_else(|| "-".to_owned(), |value| Canonical::new(&value).as_str().to_owned())
                };
                let (before, after) = (show(change.before), show(change.after));
                format!("{} {before} -> {after} {:?} {:?}", change.path, change.effect, change.origin)
            })
            .collect()
    }

    #[test]
    fn equal_specs_have_no_difference() {
        let spec = json!({"name": "a", "port": 80, "tags": {"x": "y"}, "days": null});
        assert!(check(&spec, Some(&spec), &spec).is_empty());
    }

    #[test]
    fn what_is_left_to_aws_is_not_compared_until_it_was_set() {
        let (desired, live) = (json!({"days": null}), json!({"days": 7}));
        assert!(check(&desired, Some(&desired), &live).is_empty());
        assert_eq!(check(&desired, Some(&json!({"days": 7})), &live), ["days 7 -> - InPlace Declared"]);
    }

    #[test]
    fn what_is_left_to_aws_is_kept_when_another_field_changes() {
        let kept = |mut desired: Value, recorded: Option<Value>, current: &Value| {
            keep_unmanaged(&mut desired, recorded.as_ref(), current);
            desired
        };
        let live = json!({"size": 1, "days": 7, "inner": {"x": 1}, "tags": {"a": "1"}});
        let desired = json!({"size": 2, "days": null, "inner": {"x": null}, "tags": {}});
        assert_eq!(
            kept(desired.clone(), None, &live),
            json!({"size": 2, "days": 7, "inner": {"x": 1}, "tags": {}})
        );
        let recorded = json!({"size": 1, "days": 7, "inner": {"x": null}, "tags": {}});
        assert_eq!(kept(desired, Some(recorded), &live)["days"], Value::Null, "it was taken out");
    }

    #[test]
    fn maps_are_compared_whole() {
        let desired = json!({"tags": {"a": "1"}});
        let live = json!({"tags": {"a": "1", "b": "2"}});
        assert_eq!(check(&desired, Some(&desired), &live), [r#"tags.b "2" -> - InPlace Drift"#]);
    }

    #[test]
    fn drift_is_told_from_a_changed_declaration() {
        let (old, new) = (json!({"a": 1, "b": 1}), json!({"a": 2, "b": 1}));
        assert_eq!(
            check(&new, Some(&old), &json!({"a": 1, "b": 9})),
            ["a 1 -> 2 InPlace Declared", "b 9 -> 1 InPlace Drift"]
        );
    }

    #[test]
    fn what_is_live_is_recorded_as_if_it_had_been_applied() {
        let desired = json!({"a": 1, "days": null, "tags": {"x": "1", "gone": "1"}, "password": {"$sensitive": "p"},
            "containers": [{"name": "app", "image": "1", "user": null}, {"name": "absent"}]});
        let live = json!({"a": 2, "days": 7, "tags": {"x": "2", "more": "1"},
            "containers": [{"name": "app", "image": "2", "user": "0"}, {"name": "other", "image": "3"}]});
        let recorded = as_live(&desired, &live, RULES);
        let expected = json!({"a": 2, "days": null, "tags": {"x": "2", "more": "1"}, "password": {"$sensitive": "p"},
            "containers": [{"name": "app", "image": "2", "user": null}, {"name": "other", "image": "3"}]});
        assert_eq!(recorded, expected);
        let shown = |recorded| {
            let changes = diff(Sides { desired: &desired, recorded, current: &live }, RULES);
            changes.into_iter().map(|change| change.path).collect::<Vec<_>>()
        };
        assert_eq!(shown(Some(&recorded)), shown(Some(&desired)), "a plan shows the very same fields");
    }

    #[test]
    fn rules_say_what_follows() {
        let (old, new) = (json!({"name": "a", "port": 80}), json!({"name": "b", "port": 81}));
        assert_eq!(
            check(&new, Some(&old), &old),
            [r#"name "a" -> "b" Refused Declared"#, "port 80 -> 81 Replace(CreateFirst) Declared"]
        );
    }

    #[test]
    fn keyed_lists_show_the_key_and_find_moved_elements() {
        let old = json!({"containers": [{"name": "app", "image": "1"}, {"name": "nginx", "image": "1"}, {"name": "x", "image": "1"}]});
        let new = json!({"containers": [{"name": "nginx", "image": "1"}, {"name": "app", "image": "2"}]});
        assert_eq!(
            check(&new, Some(&old), &old),
            [
                r#"containers.app.image "1" -> "2" Replace(CreateFirst) Declared"#,
                r#"containers.x {"image":"1","name":"x"} -> - InPlace Declared"#,
                r#"containers.order ["app","nginx","x"] -> ["nginx","app"] InPlace Declared"#,
            ]
        );
    }

    #[test]
    fn a_reference_that_is_not_known_yet_is_a_difference() {
        let desired = json!({"port": {"$ref": "x.y/z#port"}});
        assert_eq!(
            check(&desired, Some(&json!({"port": 80})), &json!({"port": 80})),
            [r#"port 80 -> {"$ref":"x.y/z#port"} Replace(CreateFirst) Declared"#]
        );
    }

    #[test]
    fn what_cannot_be_read_is_compared_with_the_record_and_never_shown() {
        let secret = |text: &str| json!({"password": {"$sensitive": text}});
        assert!(check(&secret("a"), Some(&secret("a")), &json!({})).is_empty());
        assert_eq!(
            check(&secret("b"), Some(&secret("a")), &json!({})),
            [r#"password "(sensitive)" -> "(sensitive)" InPlace Declared"#]
        );
    }
}
