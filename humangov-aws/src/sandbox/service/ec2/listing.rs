// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Listing`]: what all Describe operations have in common: ids, filters, pages.

use super::{
    noun::Noun,
    refusal::{invalid, missing},
};
use crate::sandbox::{error::ApiError, wire::Input};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// The most filters of a call, and the most values of them all.
const MOST_FILTERS: usize = 50;
const MOST_VALUES: usize = 200;

/// How one Describe operation lists.
pub(super) struct Listing {
    /// The element of the answer that holds the items.
    pub set: &'static str,
    /// What is listed; `None` where it has no ids of its own.
    pub noun: Option<&'static Noun>,
    /// The filters, and where in an item their values stand: element names with dots between.
    pub filters: &'static [(&'static str, &'static str)],
    /// The longest page.
    pub longest: i64,
}

/// What a filter looks at.
enum By<'a> {
    Path(&'static str),
    Tag(&'a str),
    TagKey,
}

struct Filter<'a> {
    by: By<'a>,
    values: Vec<&'a str>,
}

impl Listing {
    /// Lists what is asked for. `keys` are those of all items, in order; `ids` those that were asked for, if any were.
    pub(super) fn answer<'k>(
        &self,
        input: Input<'_>,
        ids: &[&str],
        keys: impl Iterator<Item = &'k str>,
        describe: impl Fn(&str) -> Value,
    ) -> Result<Value, ApiError> {
        let filters = self.filters(input)?;
        let limit = self.limit(input)?;
        let after = input.text("NextToken").map(read_token).transpose()?;
        let keys: Vec<&str> = keys.collect();
        if let Some(noun) = self.noun {
            ids.iter().try_for_each(|id| noun.check(id))?;
            if let Some(id) = ids.iter().find(|id| !keys.contains(id)) {
                return Err(noun.missing(id));
            }
        }
        let mut fitting = keys
            .into_iter()
            .filter(|key| ids.is_empty() || ids.contains(key))
            .filter(|key| after.as_deref().is_none_or(|after| *key > after))
            .map(|key| (key, describe(key)))
            .filter(|(_, item)| filters.iter().all(|filter| filter.admits(item)));
        let page: Vec<(&str, Value)> = fitting.by_ref().take(limit).collect();
        let more = page.last().map(|(key, _)| *key).filter(|_| fitting.next().is_some());
        let mut answer = Map::new();
        if let Some(last) = more {
            answer.insert("nextToken".to_owned(), URL_SAFE_NO_PAD.encode(last).into());
        }
        answer.insert(self.set.to_owned(), page.into_iter().map(|(_, item)| item).collect());
        Ok(Value::Object(answer))
    }

    fn limit(&self, input: Input<'_>) -> Result<usize, ApiError> {
        let Some(given) = input.get("MaxResults") else { return Ok(usize::MAX) };
        let Some(limit) = input.integer("MaxResults") else {
            return Err(invalid(format!(
                "Invalid value {given} for parameter maxResults. Expecting a number."
            )));
        };
        let wrong = |expecting: String| {
            Err(invalid(format!(
                "Value ( {limit} ) for parameter maxResults is invalid. Expecting a value {expecting}."
            )))
        };
        if limit < 5 {
            return wrong("greater than 5".to_owned());
        }
        if limit > self.longest {
            return wrong(format!("less than or equal to {}", self.longest));
        }
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    fn filters<'a>(&self, input: Input<'a>) -> Result<Vec<Filter<'a>>, ApiError> {
        let filters: Vec<Filter<'a>> =
            input.objects("Filter").map(|filter| self.filter(filter)).collect::<Result<_, _>>()?;
        if filters.len() > MOST_FILTERS
            || filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MOST_VALUES
        {
            return Err(ApiError::new(
                "FilterLimitExceeded",
                "The maximum number of filters or filter values has been reached",
            ));
        }
        Ok(filters)
    }

    fn filter<'a>(&self, filter: Input<'a>) -> Result<Filter<'a>, ApiError> {
        let name = filter.text("Name").unwrap_or("null");
        let path = self.filters.iter().find(|(known, _)| *known == name).map(|(_, path)| *path);
        let by = match (path, name.strip_prefix("tag:")) {
            (Some(path), _) => By::Path(path),
            (None, Some(key)) => By::Tag(key),
            (None, None) if name == "tag-key" => By::TagKey,
            (None, None) => return Err(invalid(format!("The filter '{name}' is invalid"))),
        };
        let values = filter.texts("Value");
        if values.is_empty() {
            return Err(missing("filter value"));
        }
        Ok(Filter { by, values })
    }
}

impl Filter<'_> {
    fn admits(&self, item: &Value) -> bool {
        let mut found = Vec::new();
        match self.by {
            By::Path(path) => collect(item, path, &mut found),
            By::Tag(key) => tags(item)
                .iter()
                .filter(|tag| tag["key"] == key)
                .for_each(|tag| collect(tag, "value", &mut found)),
            By::TagKey => tags(item).iter().for_each(|tag| collect(tag, "key", &mut found)),
        }
        found.iter().any(|text| self.values.iter().any(|value| is_like(text, value)))
    }
}

/// The tags of an item; one of DescribeTags is a tag itself.
fn tags(item: &Value) -> &[Value] {
    item.get("tagSet").and_then(Value::as_array).map_or(std::slice::from_ref(item), Vec::as_slice)
}

/// The texts at `path`, of every item of the lists on the way.
fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Value::Object(members) => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(member) = members.get(name) {
                collect(member, rest, found);
            }
        }
        Value::String(text) => found.push(text.clone()),
        scalar => found.push(scalar.to_string()),
    }
}

/// Whether a filter's value means `text`: `*` stands for any characters, `?` for one, after a backslash for themselves.
fn is_like(text: &str, pattern: &str) -> bool {
    #[derive(PartialEq)]
    enum Part {
        Any,
        One,
        Char(char),
    }
    let mut chars = pattern.chars();
    let mut parts = Vec::new();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => Part::Any,
            '?' => Part::One,
            '\\' => Part::Char(chars.next().unwrap_or('\\')),
            c => Part::Char(c),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let (mut t, mut p) = (0, 0);
    // Where to go on after a star that took too little: the star, and what it has taken so far.
    let mut retry = None;
    while t < text.len() {
        match parts.get(p) {
            Some(Part::Any) => {
                retry = Some((p, t));
                p += 1;
            }
            Some(part) if *part == Part::One || *part == Part::Char(text[t]) => {
                (t, p) = (t + 1, p + 1);
            }
            _ => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                (t, p) = (taken + 1, star + 1);
            }
        }
    }
    parts[p..].iter().all(|part| *part == Part::Any)
}

fn read_token(token: &str) -> Result<String, ApiError> {
    let key = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or_else(|| ApiError::new("InvalidNextToken", format!("The token '{token}' is invalid")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_know_wildcards_and_their_escapes() {
        for (text, pattern, fits) in [
            ("humangov-ohio", "humangov-*", true),
            ("humangov-ohio", "*ohio", true),
            ("humangov-ohio", "*o?io*", true),
            ("humangov-ohio", "humangov", false),
            ("a*b", "a\\*b", true),
            ("axb", "a\\*b", false),
            ("", "*", true),
            ("", "?", false),
            ("abab", "*ab", true),
        ] {
            assert_eq!(is_like(text, pattern), fits, "{text} {pattern}");
        }
    }
}
