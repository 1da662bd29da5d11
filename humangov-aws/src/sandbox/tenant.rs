// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which stack a call is about, as far as its words tell.
//!
//! The wire knows no stacks. But what is made says in its ownership tags whose it is, and later calls name what was made; and
//! where nothing was made yet, physical names contain the state's.

use humangov_core::tenant::UsState;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

const STACK_TAG: &str = "humangov:stack";

/// What was made, by its names and identifiers, and for which stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Owners(BTreeMap<String, String>);

impl Owners {
    /// The stack that a request with these words is about.
    pub(super) fn tenant_of(&self, input: &Value) -> Option<String> {
        let texts = texts(input);
        if let Some(stack) = tagged(input) {
            return Some(stack.to_owned());
        }
        let owners: Vec<&String> = texts.iter().filter_map(|text| self.0.get(*text)).collect();
        if let Some(first) = owners.first() {
            // A batch may be about several.
            return owners.iter().all(|owner| owner == first).then(|| (*first).clone());
        }
        let mut named = texts.iter().filter_map(|text| state_in(text));
        let first = named.next()?;
        named.all(|other| other == first).then(|| first.to_owned())
    }

    /// Remembers what a call that worked made.
    pub(super) fn note(&mut self, input: &Value, output: &Value) {
        let Some(stack) = tagged(input) else { return };
        let identity = |name: &str| {
            ["Arn", "arn", "Id", "id", "Name", "name", "ARN"].iter().any(|end| name.ends_with(end))
        };
        let mut note = |text: &str| {
            self.0.insert(text.to_owned(), stack.to_owned());
        };
        // What a resource refers to (its cluster, its roles) may be another stack's: only what the answer's top says of itself.
        let own = |value: &Value, note: &mut dyn FnMut(&str)| {
            for (name, value) in value.as_object().into_iter().flatten() {
                if let (true, Value::String(text)) = (identity(name), value)
                    && !["clusterArn", "roleArn", "executionRoleArn", "taskRoleArn", "VpcId", "vpcId"]
                        .contains(&name.as_str())
                {
                    note(text);
                }
            }
        };
        own(output, &mut note);
        for value in output.as_object().into_iter().flat_map(|members| members.values()) {
            match value {
                Value::Array(items) => items.iter().for_each(|item| own(item, &mut note)),
                value => own(value, &mut note),
            }
        }
    }
}

/// The stack that a request's ownership tags name, in whatever form its service writes tags.
fn tagged(input: &Value) -> Option<&str> {
    match input {
        Value::Array(items) => items.iter().find_map(tagged),
        Value::Object(members) => {
            let key = members.get("Key").or_else(|| members.get("key")).or_else(|| members.get("TagKey"));
            if key.is_some_and(|key| key == STACK_TAG) {
                let value = members.get("Value").or_else(|| members.get("value"));
                return value.and_then(Value::as_str);
            }
            match members.get(STACK_TAG) {
                Some(Value::String(stack)) => Some(stack),
                _ => members.values().find_map(tagged),
            }
        }
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The state whose name stands in `text` between separators; of `west-virginia` and `virginia`, the longer.
fn state_in(text: &str) -> Option<&'static str> {
    if text.len() > 300 {
        return None;
    }
    let found = UsState::ALL.iter().map(|state| state.slug()).filter(|slug| {
        text.match_indices(slug).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let after = text[start + slug.len()..].chars().next();
            let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
            apart(before) && apart(after)
        })
    });
    found.max_by_key(|slug| slug.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_tell_then_what_was_made_then_names() {
        let mut owners = Owners::default();
        let create =
            json!({"serviceName": "web", "cluster": "main", "tags": [{"key": STACK_TAG, "value": "ohio"}]});
        assert_eq!(owners.tenant_of(&create).as_deref(), Some("ohio"));
        owners.note(&create, &json!({"service": {"serviceArn": "arn:1", "clusterArn": "arn:main"}}));
        assert_eq!(
            owners.tenant_of(&json!({"services": ["arn:1"], "cluster": "arn:main"})).as_deref(),
            Some("ohio")
        );
        assert_eq!(owners.tenant_of(&json!({"clusters": ["arn:main"]})), None);
        let head = json!({"Bucket": "humangov-west-virginia-123456789012-us-east-1"});
        assert_eq!(owners.tenant_of(&head).as_deref(), Some("west-virginia"));
    }

    #[test]
    fn a_batch_of_several_is_about_none() {
        let names = json!({"Names": ["humangov-ohio-web", "humangov-texas-web"]});
        assert_eq!(Owners::default().tenant_of(&names), None);
    }
}
