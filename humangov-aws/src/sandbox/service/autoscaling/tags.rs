// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags of scalable targets, by ARN.

use super::{Target, invalid, text};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use serde_json::{Value, json};

/// How many tags a target may have.
const MOST: usize = 50;

/// Tags as a map of keys and values.
pub(super) fn given(map: Option<&Value>) -> Result<Tags, ApiError> {
    let tags = map.and_then(Value::as_object).into_iter().flatten();
    let tags: Tags =
        tags.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    let fits = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count())
            && value.chars().count() <= 256
            && !key.to_ascii_lowercase().starts_with("aws:")
    };
    if !tags.iter().all(fits) {
        return Err(invalid(
            "Tag keys have 1 to 128 characters and do not begin with 'aws:', tag values have at most 256",
        ));
    }
    Ok(tags)
}

fn by_arn<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Target, ApiError> {
    let arn = text(input, "ResourceARN", 1011)?;
    let found = cx.here.autoscaling.targets.values_mut().find(|target| target.arn == arn);
    found.ok_or_else(|| {
        ApiError::new("ResourceNotFoundException", "The specified resource doesn't exist.")
            .with("ResourceName", arn)
    })
}

pub(super) fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let tags = &by_arn(cx, input)?.tags;
    Ok(json!({ "Tags": tags }))
}

pub(super) fn add(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let tags = given(input.get("Tags"))?;
    let target = by_arn(cx, input)?;
    let new = tags.keys().filter(|key| !target.tags.contains_key(*key)).count();
    if target.tags.len() + new > MOST {
        return Err(ApiError::new("TooManyTagsException", "The resource can have at most 50 tags."));
    }
    target.tags.extend(tags);
    Ok(Value::Null)
}

pub(super) fn remove(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let target = by_arn(cx, input)?;
    for key in input.texts("TagKeys") {
        target.tags.remove(key);
    }
    Ok(Value::Null)
}
