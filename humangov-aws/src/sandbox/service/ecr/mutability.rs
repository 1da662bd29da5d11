// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether tags of images can be moved to other images.

use super::{
    refusal::{invalid, one_of, required},
    repository::named,
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const MODES: [&str; 4] = ["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"];

/// How many filters a repository can have, and how many wildcards a filter.
const MOST_FILTERS: usize = 5;
const MOST_WILDCARDS: usize = 2;

/// Whether tags can be moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Mutability {
    pub mode: String,
    /// Patterns of tags for which the contrary holds.
    exclusions: Vec<String>,
}

impl Mutability {
    pub(super) fn read(input: Input<'_>) -> Result<Self, ApiError> {
        let mode = input.text("imageTagMutability").unwrap_or("MUTABLE");
        one_of("imageTagMutability", mode, &MODES)?;
        let filters = input.objects("imageTagMutabilityExclusionFilters").map(filter);
        let exclusions = filters.collect::<Result<Vec<_>, _>>()?;
        if mode.ends_with("_WITH_EXCLUSION") == exclusions.is_empty() {
            return Err(invalid(
                "imageTagMutabilityExclusionFilters",
                "must be given if and only if the mutability is with exclusion",
            ));
        }
        if exclusions.len() > MOST_FILTERS {
            return Err(invalid("imageTagMutabilityExclusionFilters", "must have five members at most"));
        }
        Ok(Self { mode: mode.to_owned(), exclusions })
    }

    /// Writes it into what is told of a repository.
    pub(super) fn describe(&self, described: &mut Value) {
        described["imageTagMutability"] = self.mode.as_str().into();
        if !self.exclusions.is_empty() {
            let filters =
                self.exclusions.iter().map(|filter| json!({"filterType": "WILDCARD", "filter": filter}));
            described["imageTagMutabilityExclusionFilters"] = filters.collect();
        }
    }

    /// Whether a tag stays at the image it was given to.
    pub(super) fn holds(&self, tag: &str) -> bool {
        let is_excluded = self.exclusions.iter().any(|pattern| fits(pattern, tag));
        self.mode.starts_with("IMMUTABLE") != is_excluded
    }
}

fn filter(filter: Input<'_>) -> Result<String, ApiError> {
    let at = "imageTagMutabilityExclusionFilters";
    one_of(at, required(filter, "filterType")?, &["WILDCARD"])?;
    let pattern = required(filter, "filter")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._*-".contains(c);
    if !(1..=128).contains(&pattern.len()) || !pattern.chars().all(allowed) {
        return Err(invalid(at, "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'"));
    }
    if pattern.matches('*').count() > MOST_WILDCARDS {
        return Err(invalid(at, "must have two wildcards at most"));
    }
    Ok(pattern.to_owned())
}

/// Whether a tag fits a pattern, in which `*` stands for anything.
fn fits(pattern: &str, tag: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == tag,
        Some((start, rest)) => tag
            .strip_prefix(start)
            .is_some_and(|tag| (0..=tag.len()).any(|n| tag.get(n..).is_some_and(|tag| fits(rest, tag)))),
    }
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    (operation == "PutImageTagMutability").then(|| put(cx, input))
}

fn put(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let account = cx.account;
    required(input, "imageTagMutability")?;
    let mutability = Mutability::read(input)?;
    let repository = named(cx, input)?;
    repository.mutability = mutability;
    let mut answer = repository.answer(account, []);
    repository.mutability.describe(&mut answer);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::Account;

    #[test]
    fn patterns_have_wildcards() {
        for (pattern, tag, does) in [
            ("latest", "latest", true),
            ("latest", "latest2", false),
            ("dev-*", "dev-", true),
            ("*-rc*", "1.0-rc2", true),
            ("*-rc*", "1.0", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, tag), does, "{pattern} {tag}");
        }
    }

    #[test]
    fn exclusions_say_the_contrary() {
        let mutability =
            |mode: &str| Mutability { mode: mode.to_owned(), exclusions: vec!["dev-*".to_owned()] };
        let held = |mode| (mutability(mode).holds("dev-1"), mutability(mode).holds("1"));
        assert_eq!(held("IMMUTABLE_WITH_EXCLUSION"), (false, true));
        assert_eq!(held("MUTABLE_WITH_EXCLUSION"), (true, false));
    }

    #[test]
    fn mutability_is_put_with_the_filters_it_needs() {
        let mut account = Account::new("ecr");
        account.ok("CreateRepository", &json!({"repositoryName": "app"}));
        let put = |mode: &str, filters: Value| json!({"repositoryName": "app", "imageTagMutability": mode, "imageTagMutabilityExclusionFilters": filters});
        let filter = |pattern: &str| json!({"filterType": "WILDCARD", "filter": pattern});
        let done =
            account.ok("PutImageTagMutability", &put("IMMUTABLE_WITH_EXCLUSION", json!([filter("dev-*")])));
        assert_eq!(done["imageTagMutabilityExclusionFilters"], json!([filter("dev-*")]));
        account.ok("PutImageTagMutability", &put("IMMUTABLE", Value::Null));
        let read = account.ok("DescribeRepositories", &json!({}))["repositories"][0].clone();
        assert_eq!(read["imageTagMutability"], "IMMUTABLE");
        assert!(read.get("imageTagMutabilityExclusionFilters").is_none());
        for input in [
            put("IMMUTABLE", json!([filter("a")])),
            put("IMMUTABLE_WITH_EXCLUSION", json!([])),
            put("IMMUTABLE_WITH_EXCLUSION", json!([filter("a b")])),
            put("IMMUTABLE_WITH_EXCLUSION", json!([filter("*a*b*")])),
            put("IMMUTABLE_WITH_EXCLUSION", json!(vec![filter("a"); 6])),
            put("IMMUTABLE_WITH_EXCLUSION", json!([{"filterType": "REGEX", "filter": "a"}])),
            json!({"repositoryName": "app"}),
        ] {
            assert_eq!(
                account.refused("PutImageTagMutability", &input),
                "InvalidParameterException",
                "{input}"
            );
        }
    }
}
