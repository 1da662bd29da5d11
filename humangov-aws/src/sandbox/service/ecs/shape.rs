// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Shape`]: what the members of a request are, and what AWS says where they are something else.

use super::refusal::invalid;
use crate::sandbox::error::ApiError;
use serde_json::{Map, Value, json};

/// What a value must be.
#[derive(Debug)]
pub(super) enum Shape {
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    Integer,
    Truth,
    List(&'static Shape),
    /// Whatever keys, values of this shape.
    Map(&'static Shape),
    Object(&'static [Member]),
}

/// A member of an object: its name, whether there is no object without it, and its shape.
pub(super) type Member = (&'static str, Need, Shape);

/// Whether there is no object without a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

pub(super) const TEXTS: Shape = Shape::List(&Shape::Text);

impl Shape {
    /// `value`, if it is of this shape: without what is null, and without members that AWS does not know. `at` is where it stands.
    pub(super) fn read(&self, value: &Value, at: &str) -> Result<Value, ApiError> {
        match (self, value) {
            (Self::Text, Value::String(_)) | (Self::Truth, Value::Bool(_)) => Ok(value.clone()),
            (Self::OneOf(allowed), Value::String(text)) => one_of(allowed, text, at).map(|()| value.clone()),
            (Self::Integer, Value::Number(_)) => integer(value, at),
            (Self::List(shape), Value::Array(items)) => {
                let items = items.iter().enumerate();
                items.map(|(n, item)| shape.read(item, &format!("{at}.{}.member", n + 1))).collect()
            }
            (Self::Map(shape), Value::Object(entries)) => entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), shape.read(value, &format!("{at}.{key}"))?)))
                .collect::<Result<Map<_, _>, ApiError>>()
                .map(Value::Object),
            (Self::Object(members), Value::Object(given)) => object(members, given, at),
            _ => Err(mistyped(self, at)),
        }
    }
}

fn object(members: &[Member], given: &Map<String, Value>, at: &str) -> Result<Value, ApiError> {
    let mut read = Map::new();
    for (name, need, shape) in members {
        let at = if at.is_empty() { (*name).to_owned() } else { format!("{at}.{name}") };
        match given.get(*name).filter(|value| !value.is_null()) {
            Some(value) => {
                read.insert((*name).to_owned(), shape.read(value, &at)?);
            }
            None if *need == Need::Required => {
                return Err(invalid(format!(
                    "1 validation error detected: Value null at '{at}' failed to satisfy constraint: Member must not be null"
                )));
            }
            None => {}
        }
    }
    Ok(Value::Object(read))
}

fn integer(value: &Value, at: &str) -> Result<Value, ApiError> {
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.map(|number| json!(number)).ok_or_else(|| mistyped(&Shape::Integer, at))
}

fn one_of(allowed: &[&str], text: &str, at: &str) -> Result<(), ApiError> {
    if allowed.contains(&text) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{text}' at '{at}' failed to satisfy constraint: Member must satisfy enum value set: \
         [{}]",
        allowed.join(", ")
    )))
}

fn mistyped(wanted: &Shape, at: &str) -> ApiError {
    let wanted = match wanted {
        Shape::Text | Shape::OneOf(_) => "a String",
        Shape::Integer => "an Integer",
        Shape::Truth => "a Boolean",
        Shape::List(_) => "a List",
        Shape::Map(_) => "a Map",
        Shape::Object(_) => "a Structure",
    };
    ApiError::new("SerializationException", format!("the value at '{at}' can not be converted to {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Need::{Optional, Required};

    const SHAPE: Shape = Shape::Object(&[
        ("name", Required, Shape::Text),
        ("mode", Optional, Shape::OneOf(&["a", "b"])),
        ("ports", Optional, Shape::List(&Shape::Integer)),
    ]);

    #[test]
    fn what_is_null_or_unknown_is_left_out() {
        let read = SHAPE.read(&json!({"name": "x", "mode": null, "other": 1, "ports": [80]}), "");
        assert_eq!(read.expect("it is of the shape"), json!({"name": "x", "ports": [80]}));
    }

    #[test]
    fn what_is_missing_mistyped_or_none_of_the_allowed_is_refused() {
        let table = [
            (json!({}), "InvalidParameterException", "'name'"),
            (json!({"name": 1}), "SerializationException", "'name'"),
            (json!({"name": "x", "mode": "c"}), "InvalidParameterException", "[a, b]"),
            (json!({"name": "x", "ports": [80, "81"]}), "SerializationException", "'ports.2.member'"),
        ];
        for (value, code, says) in table {
            let refused = SHAPE.read(&value, "").expect_err("a refusal");
            assert_eq!(refused.code, code, "{value}");
            assert!(refused.message.contains(says), "{}", refused.message);
        }
    }
}
