// SPDX-License-Identifier: MIT OR Apache-2.0
//! awsQuery and ec2Query: forms with dotted names.

use super::{Asked, Request, request::form_decoded};
use crate::sandbox::error::ApiError;
use serde_json::{Map, Value};

pub(super) fn read(request: &Request) -> Result<Asked, ApiError> {
    let form = String::from_utf8_lossy(&request.body);
    let pairs = form
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (form_decoded(name), form_decoded(value)));
    let mut root = Map::new();
    for (name, value) in pairs.chain(request.query.iter().cloned()) {
        insert(&mut root, &name, value);
    }
    root.remove("Version");
    match root.remove("Action") {
        Some(Value::String(operation)) => {
            let mut input = Value::Object(root);
            lists(&mut input);
            Ok(Asked { operation, input })
        }
        _ => Err(ApiError::new("MissingAction", "the request names no Action")),
    }
}

fn insert(into: &mut Map<String, Value>, name: &str, value: String) {
    match name.split_once('.') {
        None => {
            into.insert(name.to_owned(), Value::String(value));
        }
        Some((head, rest)) => {
            let inner = into.entry(head).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Some(inner) = inner.as_object_mut() {
                insert(inner, rest, value);
            }
        }
    }
}

/// Makes lists of what is numbered: `Names.member.1` (awsQuery) and `GroupId.1` (ec2Query).
fn lists(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    object.values_mut().for_each(lists);
    let keys: Option<Vec<u32>> = object.keys().map(|key| key.parse().ok()).collect();
    if let Some(mut keys) = keys.filter(|keys| !keys.is_empty()) {
        keys.sort_unstable();
        let items = keys.iter().filter_map(|key| object.remove(&key.to_string())).collect();
        *value = Value::Array(items);
    } else if object.len() == 1
        && let Some(member) = object.get_mut("member").filter(|member| member.is_array())
    {
        *value = member.take();
    } else if object.len() == 1 && object.get("member").is_some_and(|member| member.as_str() == Some("")) {
        // An empty list, spelt out.
        *value = Value::Array(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(body: &str) -> Asked {
        read(&Request::new("POST", "/", [], body.as_bytes().to_vec())).expect("a request")
    }

    #[test]
    fn numbered_members_are_lists() {
        let asked = asked(
            "Action=CreateRule&Version=2015-12-01&Conditions.member.1.Field=host-header&Conditions.member.1.Values.member.1=a.b\
             &Conditions.member.1.Values.member.2=c%20d&Priority=7",
        );
        assert_eq!(asked.operation, "CreateRule");
        let conditions = json!([{"Field": "host-header", "Values": ["a.b", "c d"]}]);
        assert_eq!(asked.input, json!({"Conditions": conditions, "Priority": "7"}));
    }

    #[test]
    fn ec2_numbers_without_the_word() {
        let asked = asked(
            "Action=DescribeSubnets&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.2.Name=state&Filter.2.Value.1=available\
             &Filter.10.Name=z",
        );
        let filters = asked.input["Filter"].as_array().expect("a list");
        assert_eq!(filters[0], json!({"Name": "vpc-id", "Value": ["vpc-1"]}));
        assert_eq!(filters[2]["Name"], "z");
    }
}
