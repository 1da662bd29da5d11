// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Input`]: the members of a request, whatever protocol they came by.

use serde_json::Value;

/// Members of a request. Forms know only text, JSON has types: what is read as a number or a truth value may be either.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Input<'a>(pub &'a Value);

impl<'a> Input<'a> {
    /// The member as it came, if it is there and not null.
    pub(in crate::sandbox) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(in crate::sandbox) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(in crate::sandbox) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    pub(in crate::sandbox) fn integer(self, name: &str) -> Option<i64> {
        integer(self.get(name)?)
    }

    pub(in crate::sandbox) fn truth(self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(value) => Some(*value),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The values of a list; none if it is not there.
    pub(in crate::sandbox) fn list(self, name: &str) -> &'a [Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The texts of a list.
    pub(in crate::sandbox) fn texts(self, name: &str) -> Vec<&'a str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }

    /// The objects of a list.
    pub(in crate::sandbox) fn objects(self, name: &str) -> impl Iterator<Item = Input<'a>> {
        self.list(name).iter().map(Input)
    }

    /// An object within.
    pub(in crate::sandbox) fn object(self, name: &str) -> Option<Input<'a>> {
        self.get(name).filter(|value| value.is_object()).map(Input)
    }
}

/// A number, or the text of one.
pub(in crate::sandbox) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            #[expect(clippy::cast_possible_truncation, reason = "counts and seconds, whole ones")]
            number.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
