// SPDX-License-Identifier: MIT OR Apache-2.0
//! S3: the buckets of the account, each in a region, with their settings, objects, versions, and uploads in parts.
//!
//! Nobody is refused by a policy, and nothing expires by a lifecycle rule. What is not modelled is answered with `NotImplemented`.

mod access;
mod acl;
mod asked;
mod bucket;
mod checksum;
mod chunked;
mod condition;
mod configuration;
mod copy;
mod delete;
mod encryption;
mod errors;
mod get;
mod lifecycle;
mod list;
mod multipart;
mod name;
mod object;
mod ownership;
mod policy;
mod put;
mod route;
mod tagging;
#[cfg(test)]
mod tests;
mod versioning;
mod versions;
mod xml;

pub(super) use errors::refusal;

use super::Found;
use crate::sandbox::{
    error::ApiError,
    wire::{Request, Response},
    world::{Cx, tags_to},
};
use asked::{Asked, Place};
use bucket::Bucket;
use jiff::Timestamp;
use route::{Route, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use xml::Element;

type Answer = Result<Response, ApiError>;

/// The buckets of the account, and what they hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct S3 {
    buckets: BTreeMap<String, Bucket>,
    /// When buckets were deleted whose names are not free again yet.
    deleted: BTreeMap<String, Timestamp>,
}

/// Which operation `request` is, and the words in it that name something, for the transcript.
pub(super) fn read(request: &Request) -> (&'static str, Value) {
    let route = Route::of(request);
    let place = Place::of(request);
    let mut input = json!({});
    for (name, value) in [("Bucket", place.bucket), ("Key", place.key)] {
        if !value.is_empty() {
            input[name] = value.into();
        }
    }
    if let Some(tags) = tags(route, request) {
        input["Tags"] = tags;
    }
    (route.name, input)
}

/// The tags that a request gives a bucket, as far as they can be read.
fn tags(route: &Route, request: &Request) -> Option<Value> {
    let (root, list) = match route.name {
        "CreateBucket" => ("CreateBucketConfiguration", "Tags"),
        "PutBucketTagging" => ("Tagging", "TagSet"),
        _ => return None,
    };
    let body = chunked::Payload::of(request).ok()?;
    let document = Element::parse(&body.bytes, root).ok()?;
    let tags = tagging::of_bucket(document.child(list)?).ok()?;
    Some(tags_to(&tags, "Key", "Value"))
}

pub(super) fn call(cx: &mut Cx<'_>, _operation: &str, request: &Request) -> Answer {
    let route = Route::of(request);
    let mut asked = Asked::of(request)?;
    if route.scope != Scope::Account && route.name != "CreateBucket" {
        bucket::admit(cx, &asked, route.sets())?;
    }
    if route.verifies() {
        asked.given = checksum::verify(request, &asked.payload)?;
    }
    if route.needs_digest() && asked.given.is_none() && request.header("content-md5").is_none() {
        return Err(errors::invalid_request("Missing required header for this request: Content-MD5"));
    }
    (route.run)(cx, &asked)
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let found = |(name, bucket): (&String, &Bucket)| Found {
        kind: "s3.bucket",
        name: name.clone(),
        arn: bucket::arn(cx, name),
        tags: bucket.tags.clone(),
        settings: json!({
            "region": bucket.region,
            "versioning": bucket.versioning,
            "encryption": bucket.encryption.algorithm,
            "lifecycle_rules": bucket.lifecycle.as_ref().map_or(0, lifecycle::Lifecycle::len),
            "policy": bucket.policy.is_some(),
            "objects": bucket.objects.keys().filter(|key| bucket.current(key).is_some()).count(),
        }),
    };
    cx.s3.buckets.iter().map(found).collect()
}
