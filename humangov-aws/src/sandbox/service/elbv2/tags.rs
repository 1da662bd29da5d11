// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags, by ARN, of whatever sort.

use super::{
    Elbv2,
    check::{Sort, constraint, invalid, required, some},
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, tags_to},
};
use serde_json::{Value, json};

/// How many tags a resource can have, and of how many resources one call tells.
const MOST_TAGS: usize = 50;
const MOST_RESOURCES: usize = 20;

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    let elb = &mut cx.here.elbv2;
    Some(match operation {
        "AddTags" => add(elb, input),
        "RemoveTags" => remove(elb, input),
        "DescribeTags" => describe(elb, input),
        _ => return None,
    })
}

/// The tags of a request: of a creation perhaps none.
pub(super) fn given(input: Input<'_>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in input.objects("Tags") {
        let (key, value) = (required(tag, "Key")?, tag.text("Value").unwrap_or_default());
        check("key", key, 1..=128)?;
        check("value", value, 0..=256)?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::new(
                "DuplicateTagKeys",
                format!("Tag key was specified more than once: {key}"),
            ));
        }
    }
    few(&tags).map(|()| tags)
}

fn check(part: &str, text: &str, length: std::ops::RangeInclusive<usize>) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    if length.contains(&text.chars().count()) && text.chars().all(allowed) {
        return Ok(());
    }
    let must = "satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$";
    Err(constraint(&format!("'{text}'"), &format!("tags.member.{part}"), must))
}

fn few(tags: &Tags) -> Result<(), ApiError> {
    if tags.len() > MOST_TAGS {
        return Err(ApiError::new(
            "TooManyTags",
            "You've reached the limit on the number of tags for this resource",
        ));
    }
    Ok(())
}

impl Elbv2 {
    /// The tags of what this ARN names.
    fn tags(&mut self, arn: &str) -> Result<&mut Tags, ApiError> {
        let sort = Sort::of(arn).ok_or_else(|| invalid(format!("'{arn}' is not a valid ARN")))?;
        let tags = match sort {
            Sort::LoadBalancer => self.load_balancers.get_mut(arn).map(|one| &mut one.tags),
            Sort::TargetGroup => self.target_groups.get_mut(arn).map(|one| &mut one.tags),
            Sort::Listener => self.listeners.get_mut(arn).map(|one| &mut one.tags),
            Sort::Rule => self.rules.get_mut(arn).map(|one| &mut one.tags),
        };
        tags.ok_or_else(|| sort.missing())
    }
}

fn arns(input: Input<'_>) -> Result<Vec<&str>, ApiError> {
    some(input, "ResourceArns")?;
    Ok(input.texts("ResourceArns"))
}

fn add(elb: &mut Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let arns = arns(input)?;
    some(input, "Tags")?;
    let added = given(input)?;
    // All or nothing: what cannot be done to one is done to none.
    for arn in &arns {
        let mut after = elb.tags(arn)?.clone();
        after.extend(added.clone());
        few(&after)?;
    }
    for arn in arns {
        elb.tags(arn)?.extend(added.clone());
    }
    Ok(Value::Null)
}

fn remove(elb: &mut Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let arns = arns(input)?;
    some(input, "TagKeys")?;
    for arn in &arns {
        elb.tags(arn)?;
    }
    for arn in arns {
        let tags = elb.tags(arn)?;
        for key in input.texts("TagKeys") {
            tags.remove(key);
        }
    }
    Ok(Value::Null)
}

fn describe(elb: &mut Elbv2, input: Input<'_>) -> Result<Value, ApiError> {
    let arns = arns(input)?;
    if arns.len() > MOST_RESOURCES {
        return Err(invalid(format!(
            "Up to '{MOST_RESOURCES}' resource ARNs can be specified, but '{}' were specified",
            arns.len()
        )));
    }
    let mut described = Vec::new();
    for arn in arns {
        let tags = tags_to(elb.tags(arn)?, "Key", "Value");
        described.push(json!({"ResourceArn": arn, "Tags": tags}));
    }
    Ok(json!({ "TagDescriptions": described }))
}
