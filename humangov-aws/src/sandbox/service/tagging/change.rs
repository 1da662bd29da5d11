// SPDX-License-Identifier: MIT OR Apache-2.0
//! TagResources and UntagResources: have the service of each resource do it, by its own operation.

use super::{invalid, listable, within};
use crate::sandbox::{
    error::ApiError,
    service::{Service, s3},
    wire::{Input, Request, element},
    world::{Cx, Tags, tags_to},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

/// What shall become of the tags of a resource.
enum Change<'a> {
    Set(&'a Tags),
    Remove(&'a [&'a str]),
}

pub(super) fn tag(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let given = input.object("Tags").and_then(|tags| tags.0.as_object());
    let tags: Tags = given
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    within("Tags", tags.len(), 1, 50)?;
    for (key, value) in &tags {
        within("Tags.Key", key.chars().count(), 1, 128)?;
        within("Tags.Value", value.chars().count(), 0, 256)?;
        not_reserved(key)?;
    }
    change(cx, input, &Change::Set(&tags))
}

pub(super) fn untag(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let keys = input.texts("TagKeys");
    within("TagKeys", keys.len(), 1, 50)?;
    for key in &keys {
        within("TagKeys", key.chars().count(), 1, 128)?;
        not_reserved(key)?;
    }
    change(cx, input, &Change::Remove(&keys))
}

fn not_reserved(key: &str) -> Result<(), ApiError> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(invalid(&format!("The tag key {key} begins with aws:, which is reserved")));
    }
    Ok(())
}

/// Changes the tags of one resource after the other. What is refused for one is told, and fails none of the others.
fn change(cx: &mut Cx<'_>, input: Input<'_>, change: &Change<'_>) -> Result<Value, ApiError> {
    let arns = input.texts("ResourceARNList");
    within("ResourceARNList", arns.len(), 1, 20)?;
    if let Some(wrong) = arns.iter().find(|arn| arn.splitn(6, ':').count() < 6 || !arn.starts_with("arn:")) {
        return Err(invalid(&format!("{wrong} is not a valid ARN")));
    }
    let mut failed = Map::new();
    for arn in arns {
        match change_one(cx, arn, change) {
            Ok(()) => {
                cx.here.tagging.tagged.insert(arn.to_owned());
            }
            Err(error) => {
                let (code, message) = (error.code, error.message);
                let told = json!({"StatusCode": error.status, "ErrorCode": code, "ErrorMessage": message});
                failed.insert(arn.to_owned(), told);
            }
        }
    }
    Ok(json!({ "FailedResourcesMap": failed }))
}

fn change_one(cx: &mut Cx<'_>, arn: &str, change: &Change<'_>) -> Result<(), ApiError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, region, account, resource] = parts[..] else { return Err(invalid("not an ARN")) };
    let elsewhere = !region.is_empty() && region != cx.region || !account.is_empty() && account != cx.account;
    if elsewhere {
        return Err(invalid(&format!("{arn} is not in this region and account")));
    }
    if service == "s3" {
        return change_bucket(cx, arn, resource, change);
    }
    let (service, operation, input) = call_of(service, arn, change).ok_or_else(|| {
        ApiError::new("InternalServiceException", format!("{service} is not supported")).with_status(500)
    })?;
    service.call(cx, operation, Input(&input)).map(drop)
}

/// The call that a service has for it.
fn call_of(service: &str, arn: &str, change: &Change<'_>) -> Option<(Service, &'static str, Value)> {
    let id = arn.rsplit('/').next().unwrap_or_default();
    Some(match (service, change) {
        ("application-autoscaling", Change::Set(tags)) => {
            (Service::AutoScaling, "TagResource", json!({"ResourceARN": arn, "Tags": tags}))
        }
        ("application-autoscaling", Change::Remove(keys)) => {
            (Service::AutoScaling, "UntagResource", json!({"ResourceARN": arn, "TagKeys": keys}))
        }
        ("dynamodb", Change::Set(tags)) => (
            Service::DynamoDb,
            "TagResource",
            json!({"ResourceArn": arn, "Tags": tags_to(tags, "Key", "Value")}),
        ),
        ("dynamodb", Change::Remove(keys)) => {
            (Service::DynamoDb, "UntagResource", json!({"ResourceArn": arn, "TagKeys": keys}))
        }
        ("ec2", Change::Set(tags)) => {
            (Service::Ec2, "CreateTags", json!({"ResourceId": [id], "Tag": tags_to(tags, "Key", "Value")}))
        }
        ("ec2", Change::Remove(keys)) => {
            let tags: Vec<Value> = keys.iter().map(|key| json!({ "Key": key })).collect();
            (Service::Ec2, "DeleteTags", json!({"ResourceId": [id], "Tag": tags}))
        }
        ("ecr", Change::Set(tags)) => {
            (Service::Ecr, "TagResource", json!({"resourceArn": arn, "tags": tags_to(tags, "Key", "Value")}))
        }
        ("ecr", Change::Remove(keys)) => {
            (Service::Ecr, "UntagResource", json!({"resourceArn": arn, "tagKeys": keys}))
        }
        ("ecs", Change::Set(tags)) => {
            (Service::Ecs, "TagResource", json!({"resourceArn": arn, "tags": tags_to(tags, "key", "value")}))
        }
        ("ecs", Change::Remove(keys)) => {
            (Service::Ecs, "UntagResource", json!({"resourceArn": arn, "tagKeys": keys}))
        }
        ("elasticloadbalancing", Change::Set(tags)) => {
            (Service::Elbv2, "AddTags", json!({"ResourceArns": [arn], "Tags": tags_to(tags, "Key", "Value")}))
        }
        ("elasticloadbalancing", Change::Remove(keys)) => {
            (Service::Elbv2, "RemoveTags", json!({"ResourceArns": [arn], "TagKeys": keys}))
        }
        ("logs", Change::Set(tags)) => {
            (Service::Logs, "TagResource", json!({"resourceArn": arn, "tags": tags}))
        }
        ("logs", Change::Remove(keys)) => {
            (Service::Logs, "UntagResource", json!({"resourceArn": arn, "tagKeys": keys}))
        }
        _ => return None,
    })
}

/// S3 only knows all tags of a bucket at once.
fn change_bucket(cx: &mut Cx<'_>, arn: &str, bucket: &str, change: &Change<'_>) -> Result<(), ApiError> {
    let found = listable(cx).into_iter().find(|found| found.arn == arn);
    let mut tags = found.map(|found| found.tags).unwrap_or_default();
    match change {
        Change::Set(more) => tags.extend((*more).clone()),
        Change::Remove(keys) => tags.retain(|key, _| !keys.contains(&key.as_str())),
    }
    let (method, body) = if tags.is_empty() { ("DELETE", String::new()) } else { ("PUT", tagging_of(&tags)) };
    let digest = STANDARD.encode(Md5::digest(&body));
    let headers = [("content-md5".to_owned(), digest), ("content-type".to_owned(), "text/xml".to_owned())];
    let target = format!("https://s3.{}.amazonaws.com/{bucket}?tagging", cx.region);
    let mut request = Request::new(method, &target, headers, body.into_bytes());
    "s3".clone_into(&mut request.service);
    cx.region.clone_into(&mut request.region);
    let (operation, _) = s3::read(&request);
    s3::call(cx, operation, &request).map(drop)
}

/// Tags as S3 takes them.
fn tagging_of(tags: &Tags) -> String {
    let mut set = String::new();
    for (key, value) in tags {
        set += &element_of("Tag", &(element("Key", key) + &element("Value", value)));
    }
    element_of("Tagging", &element_of("TagSet", &set))
}

/// An element with others in it.
fn element_of(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}
