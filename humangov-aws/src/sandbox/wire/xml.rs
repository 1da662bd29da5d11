// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values as XML.

use serde_json::Value;
use std::fmt::Write;

/// The members of an object as elements, in the order of their names. A list becomes one element with an `item` for each of
/// its values; what is null is left out.
pub(super) fn members(value: &Value, item: &str) -> String {
    let mut out = String::new();
    put(&mut out, value, item);
    out
}

fn put(out: &mut String, value: &Value, item: &str) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Array(values) => {
            for value in values {
                let _ = write!(out, "<{item}>");
                put(out, value, item);
                let _ = write!(out, "</{item}>");
            }
        }
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                let _ = write!(out, "<{name}>");
                put(out, value, item);
                let _ = write!(out, "</{name}>");
            }
        }
    }
}

/// One element with text in it.
pub(in crate::sandbox) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// Text as it may stand in an element.
pub(in crate::sandbox) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Would be read as a line feed.
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_have_an_element_for_each_value_and_null_has_none() {
        let value = json!({"A": {"B": [1, "x<y"]}, "C": null, "D": true, "E": []});
        assert_eq!(
            members(&value, "member"),
            "<A><B><member>1</member><member>x&lt;y</member></B></A><D>true</D><E></E>"
        );
    }
}
