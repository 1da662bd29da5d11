// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags of repositories.

use super::{
    refusal::{invalid, required},
    repository::{Repository, not_found},
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, tags_to},
};
use serde_json::{Value, json};

/// How many tags a repository can have.
const MOST: usize = 50;

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "TagResource" => tag(cx, input),
        "UntagResource" => untag(cx, input),
        "ListTagsForResource" => {
            by_arn(cx, input).map(|it| json!({"tags": tags_to(&it.tags, "Key", "Value")}))
        }
        _ => return None,
    })
}

/// The tags that a request gives.
pub(super) fn given(input: Input<'_>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in input.objects("tags") {
        let (key, value) = (required(tag, "Key")?, required(tag, "Value")?);
        check(key, value)?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(unfit("Duplicate tag keys found"));
        }
    }
    few(tags.len()).map(|()| tags)
}

fn check(key: &str, value: &str) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    if !(1..=128).contains(&key.chars().count()) || !key.chars().all(allowed) {
        return Err(unfit("Invalid tag key"));
    }
    if value.chars().count() > 256 || !value.chars().all(allowed) {
        return Err(unfit("Invalid tag value"));
    }
    if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        return Err(unfit("Tag keys that begin with aws: are reserved"));
    }
    Ok(())
}

fn unfit(why: &str) -> ApiError {
    ApiError::new("InvalidTagParameterException", format!("Invalid parameter at 'tags': {why}"))
}

fn few(count: usize) -> Result<(), ApiError> {
    if count <= MOST {
        return Ok(());
    }
    Err(ApiError::new("TooManyTagsException", format!("A repository can have {MOST} tags.")))
}

fn by_arn<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Repository, ApiError> {
    let arn = required(input, "resourceArn")?;
    let ours = cx.arn("ecr", "repository/");
    let Some(name) = arn.strip_prefix(&ours).filter(|name| !name.is_empty()) else {
        return Err(invalid("resourceArn", "Invalid ARN"));
    };
    let missing = not_found(name, cx.account);
    cx.here.ecr.repositories.get_mut(name).ok_or(missing)
}

fn tag(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    if !input.has("tags") {
        return Err(invalid("tags", "Member must not be null"));
    }
    let given = given(input)?;
    let repository = by_arn(cx, input)?;
    let more = given.keys().filter(|key| !repository.tags.contains_key(*key)).count();
    few(repository.tags.len() + more)?;
    repository.tags.extend(given);
    Ok(Value::Null)
}

fn untag(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    if !input.has("tagKeys") {
        return Err(invalid("tagKeys", "Member must not be null"));
    }
    let repository = by_arn(cx, input)?;
    for key in input.texts("tagKeys") {
        repository.tags.remove(key);
    }
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::Account;

    const ARN: &str = "arn:aws:ecr:us-east-1:123456789012:repository/app";

    fn tag(key: &str, value: &str) -> Value {
        json!({"Key": key, "Value": value})
    }

    #[test]
    fn tags_are_added_changed_and_taken_away() {
        let mut account = Account::new("ecr");
        account.ok("CreateRepository", &json!({"repositoryName": "app", "tags": [tag("a", "1")]}));
        account.ok("TagResource", &json!({"resourceArn": ARN, "tags": [tag("a", "2"), tag("b", "")]}));
        account.ok("UntagResource", &json!({"resourceArn": ARN, "tagKeys": ["a"]}));
        assert_eq!(
            account.ok("ListTagsForResource", &json!({"resourceArn": ARN}))["tags"],
            json!([tag("b", "")])
        );
    }

    #[test]
    fn tags_that_cannot_be_are_refused() {
        let mut account = Account::new("ecr");
        account.ok("CreateRepository", &json!({"repositoryName": "app"}));
        let many: Vec<Value> = (0..51).map(|n| tag(&n.to_string(), "")).collect();
        let table = [
            (json!(many), "TooManyTagsException"),
            (json!([tag("aws:a", "")]), "InvalidTagParameterException"),
            (json!([tag("a", "1"), tag("a", "2")]), "InvalidTagParameterException"),
            (json!([tag("", "1")]), "InvalidTagParameterException"),
            (json!([{"Key": "a"}]), "InvalidParameterException"),
        ];
        for (tags, code) in table {
            assert_eq!(
                account.refused("TagResource", &json!({"resourceArn": ARN, "tags": tags})),
                code,
                "{tags}"
            );
        }
        let other = json!({"resourceArn": format!("{ARN}2")});
        assert_eq!(account.refused("ListTagsForResource", &other), "RepositoryNotFoundException");
        let code = account.refused("ListTagsForResource", &json!({"resourceArn": "app"}));
        assert_eq!(code, "InvalidParameterException");
    }
}
