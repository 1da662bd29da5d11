// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags, of whatever sort of resource.

use super::refusal::{invalid, required};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, tags_to},
};
use serde_json::{Value, json};

/// How many tags a resource can have.
const MOST: usize = 50;

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "TagResource" => tag(cx, input),
        "UntagResource" => untag(cx, input),
        "ListTagsForResource" => {
            of_resource(cx, input, Missing::Invalid).map(|tags| json!({"tags": listed(tags)}))
        }
        _ => return None,
    })
}

/// Tags as ECS lists them.
pub(super) fn listed(tags: &Tags) -> Value {
    tags_to(tags, "key", "value")
}

/// The tags that a request gives.
pub(super) fn given(input: Input<'_>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in input.objects("tags") {
        let (key, value) = (tag.text("key").unwrap_or_default(), tag.text("value").unwrap_or_default());
        check(key, value)?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid(format!("Duplicate tag keys found: {key}. Tag keys must be unique.")));
        }
    }
    if tags.len() > MOST {
        return Err(invalid(format!("Tags can not be more than {MOST} elements.")));
    }
    Ok(tags)
}

fn check(key: &str, value: &str) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    if !(1..=128).contains(&key.chars().count()) || !key.chars().all(allowed) {
        return Err(invalid(format!("Invalid tag key: {key}")));
    }
    if value.chars().count() > 256 || !value.chars().all(allowed) {
        return Err(invalid(format!("Invalid tag value: {value}")));
    }
    if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
    }
    Ok(())
}

fn tag(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    if !input.has("tags") {
        return Err(invalid("tags can not be null."));
    }
    let given = given(input)?;
    let tags = of_resource(cx, input, Missing::NotFound)?;
    let more = given.keys().filter(|key| !tags.contains_key(*key)).count();
    if tags.len() + more > MOST {
        return Err(ApiError::new("LimitExceededException", format!("A resource can have {MOST} tags.")));
    }
    tags.extend(given);
    Ok(Value::Null)
}

fn untag(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    if !input.has("tagKeys") {
        return Err(invalid("tagKeys can not be null."));
    }
    let tags = of_resource(cx, input, Missing::NotFound)?;
    for key in input.texts("tagKeys") {
        tags.remove(key);
    }
    Ok(Value::Null)
}

/// What an operation says of a resource that is not there: ListTagsForResource has no ResourceNotFoundException.
#[derive(Debug, Clone, Copy)]
enum Missing {
    NotFound,
    Invalid,
}

impl Missing {
    fn refusal(self, what: &str) -> ApiError {
        let code = match self {
            Self::NotFound => "ResourceNotFoundException",
            Self::Invalid => "InvalidParameterException",
        };
        ApiError::new(code, format!("The specified {what} wasn't found."))
    }
}

/// The tags of the resource of the request's ARN.
fn of_resource<'c>(cx: &'c mut Cx<'_>, input: Input<'_>, missing: Missing) -> Result<&'c mut Tags, ApiError> {
    let arn = required(input, "resourceArn")?;
    let ours = cx.arn("ecs", "");
    let Some((sort, _)) = arn.strip_prefix(&ours).and_then(|resource| resource.split_once('/')) else {
        return Err(invalid(format!("Invalid ARN: {arn}")));
    };
    let ecs = &mut cx.here.ecs;
    let (what, tags) = match sort {
        "cluster" => return ecs.cluster_tags(arn),
        "task-definition" => {
            ("task definition", ecs.task_definition_mut(arn).map(|definition| &mut definition.tags))
        }
        "service" => ("service", ecs.services.get_mut(arn).map(|service| &mut service.tags)),
        "task" => ("task", ecs.tasks.get_mut(arn).map(|task| &mut task.tags)),
        _ => return Err(invalid(format!("{arn} is not the ARN of a resource that can be tagged."))),
    };
    tags.ok_or_else(|| missing.refusal(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::Account;

    const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/main";

    fn account() -> Account {
        let mut account = Account::new("ecs");
        account.ok("CreateCluster", &json!({"clusterName": "main", "tags": [{"key": "a", "value": "1"}]}));
        account
    }

    #[test]
    fn tags_are_added_changed_and_taken_away() {
        let mut account = account();
        let tags = json!([{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]);
        account.ok("TagResource", &json!({"resourceArn": CLUSTER, "tags": tags}));
        assert_eq!(account.ok("ListTagsForResource", &json!({"resourceArn": CLUSTER}))["tags"], tags);
        account.ok("UntagResource", &json!({"resourceArn": CLUSTER, "tagKeys": ["a", "z"]}));
        let left = account.ok("ListTagsForResource", &json!({"resourceArn": CLUSTER}));
        assert_eq!(left["tags"], json!([{"key": "b", "value": "3"}]));
    }

    #[test]
    fn tags_that_cannot_be_are_refused() {
        let mut account = account();
        let many: Vec<Value> = (0..51).map(|n| json!({"key": format!("k{n}"), "value": ""})).collect();
        let table = [
            json!([{"key": "", "value": "x"}]),
            json!([{"key": "aws:x", "value": "x"}]),
            json!([{"key": "AWS:x", "value": "x"}]),
            json!([{"key": "a", "value": "x".repeat(257)}]),
            json!([{"key": "a\u{7}", "value": "x"}]),
            json!([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
            json!(many),
        ];
        for tags in table {
            let code = account.refused("TagResource", &json!({"resourceArn": CLUSTER, "tags": tags}));
            assert_eq!(code, "InvalidParameterException");
        }
        let code = account.refused("TagResource", &json!({"resourceArn": CLUSTER, "tags": many[..50]}));
        assert_eq!(code, "LimitExceededException");
    }

    #[test]
    fn what_is_not_there_has_no_tags() {
        let mut account = account();
        let arn = |rest: &str| format!("arn:aws:ecs:us-east-1:123456789012:{rest}");
        let table = [
            (arn("cluster/other"), "ClusterNotFoundException", "ClusterNotFoundException"),
            (arn("task-definition/web:1"), "InvalidParameterException", "ResourceNotFoundException"),
            (arn("service/main/web"), "InvalidParameterException", "ResourceNotFoundException"),
            (arn("bowl/x"), "InvalidParameterException", "InvalidParameterException"),
            ("main".to_owned(), "InvalidParameterException", "InvalidParameterException"),
        ];
        for (arn, listing, tagging) in table {
            assert_eq!(
                account.refused("ListTagsForResource", &json!({"resourceArn": arn})),
                listing,
                "{arn}"
            );
            let tags = json!({"resourceArn": arn, "tags": [{"key": "a", "value": "1"}]});
            assert_eq!(account.refused("TagResource", &tags), tagging, "{arn}");
        }
    }
}
