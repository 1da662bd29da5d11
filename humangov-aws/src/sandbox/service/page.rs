// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages of lists, as ECS and ECR give them: `maxResults`, and a `nextToken` that stands for where the last page ended.

use crate::sandbox::{error::ApiError, wire::Input};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

/// How long a page is when the caller does not say.
const USUAL: i64 = 100;

/// In which order the keys of a list go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// The page that `input` asks for, under `name`: at most `most` of `items`, which are in order of their keys.
///
/// A token names the last key that was seen, so that it holds even when that item is gone by then.
pub(super) fn page<'k, T: Into<Value>>(
    input: Input<'_>,
    name: &str,
    most: i64,
    order: Order,
    items: impl IntoIterator<Item = (&'k str, T)>,
) -> Result<Value, ApiError> {
    let length = input.integer("maxResults").unwrap_or(USUAL);
    if !(1..=most).contains(&length) {
        let message = format!("maxResults must be between 1 and {most}");
        return Err(ApiError::new("InvalidParameterException", message));
    }
    let seen = input.text("nextToken").map(key_of).transpose()?;
    let is_new = |key: &str| match (&seen, order) {
        (None, _) => true,
        (Some(seen), Order::Ascending) => key > seen.as_str(),
        (Some(seen), Order::Descending) => key < seen.as_str(),
    };
    let mut rest = items.into_iter().filter(|(key, _)| is_new(key));
    let page: Vec<(&str, T)> = rest.by_ref().take(usize::try_from(length).unwrap_or_default()).collect();
    let last = page.last().map(|(key, _)| BASE64_STANDARD.encode(key));
    let items: Vec<Value> = page.into_iter().map(|(_, item)| item.into()).collect();
    let mut answer = json!({ name: items });
    if let (Some(_), Some(last)) = (rest.next(), last) {
        answer["nextToken"] = last.into();
    }
    Ok(answer)
}

fn key_of(token: &str) -> Result<String, ApiError> {
    let key = BASE64_STANDARD.decode(token).ok().and_then(|key| String::from_utf8(key).ok());
    key.ok_or_else(|| ApiError::new("InvalidParameterException", "Invalid token."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(order: Order, keys: &[&str]) -> Vec<Value> {
        let mut pages = Vec::new();
        let mut token = Value::Null;
        loop {
            let asked = json!({"maxResults": 2, "nextToken": token});
            let page = page(Input(&asked), "names", 10, order, keys.iter().map(|key| (*key, *key)));
            let page = page.expect("a page");
            pages.push(page["names"].clone());
            token = page["nextToken"].clone();
            if token.is_null() {
                return pages;
            }
        }
    }

    #[test]
    fn a_list_comes_whole_in_either_order() {
        assert_eq!(pages(Order::Ascending, &["a", "b", "c"]), [json!(["a", "b"]), json!(["c"])]);
        assert_eq!(pages(Order::Descending, &["d", "c", "b", "a"]), [json!(["d", "c"]), json!(["b", "a"])]);
    }

    #[test]
    fn lengths_out_of_range_and_foreign_tokens_are_refused() {
        for asked in [json!({"maxResults": 0}), json!({"maxResults": 11}), json!({"nextToken": "?"})] {
            let refused = page(Input(&asked), "names", 10, Order::Ascending, [("a", "a")]);
            assert_eq!(refused.expect_err("a refusal").code, "InvalidParameterException", "{asked}");
        }
    }
}
