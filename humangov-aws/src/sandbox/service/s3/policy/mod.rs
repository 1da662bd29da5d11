// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bucket policies. They are checked and kept, and refuse nobody: every caller here is the account itself, over TLS or as good.

mod check;

use super::{
    Answer,
    asked::Asked,
    bucket::arn,
    errors::{access_denied, no_such_bucket, refused},
    xml::document,
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::Cx,
};
use serde_json::Value;

const LARGEST: usize = 20_480;

/// Conditions by one of these, on values that are no patterns, make a statement for everybody one for a few.
const NARROWING: [&str; 12] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointarn",
];

pub(super) fn get(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let policy = stored(cx, asked)?;
    Ok(Response::new(200, "application/json", policy))
}

fn stored<'c>(cx: &'c Cx<'_>, asked: &Asked<'_>) -> Result<&'c str, ApiError> {
    cx.s3.bucket(asked.bucket)?.policy.as_deref().ok_or_else(|| {
        refused(404, "NoSuchBucketPolicy", "The bucket policy does not exist")
            .with("BucketName", asked.bucket)
    })
}

pub(super) fn put(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let malformed = |message: &str| ApiError::new("MalformedPolicy", message);
    if asked.body().len() > LARGEST {
        return Err(malformed("Policy exceeds the maximum allowed document size."));
    }
    let not_json = || malformed("Policies must be valid JSON and the first byte must be '{'");
    let text =
        std::str::from_utf8(asked.body()).ok().filter(|text| text.starts_with('{')).ok_or_else(not_json)?;
    let policy: Value = serde_json::from_str(text).map_err(|_| not_json())?;
    check::policy(cx, asked.bucket, &policy)?;
    let arn = arn(cx, asked.bucket);
    let account = cx.account;
    let bucket = cx.s3.buckets.get_mut(asked.bucket).ok_or_else(|| no_such_bucket(asked.bucket))?;
    if bucket.public_access.is_some_and(|block| block.block_public_policy) && is_public(&policy) {
        return Err(access_denied(&format!(
            "User: arn:aws:iam::{account}:root is not authorized to perform: s3:PutBucketPolicy on resource: \"{arn}\" because public \
             policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        )));
    }
    bucket.policy = Some(text.to_owned());
    Ok(Response::empty(204))
}

pub(super) fn delete(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket_mut(asked.bucket)?.policy = None;
    Ok(Response::empty(204))
}

pub(super) fn status(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let policy: Value = serde_json::from_str(stored(cx, asked)?).unwrap_or_default();
    Ok(document("PolicyStatus", &element("IsPublic", if is_public(&policy) { "TRUE" } else { "FALSE" })))
}

/// One value, or each of a list.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (list, one) = match value {
        Some(Value::Array(list)) => (list.as_slice(), None),
        one => (&[][..], one),
    };
    list.iter().chain(one)
}

/// Whether a policy lets everybody do something.
fn is_public(policy: &Value) -> bool {
    each(policy.get("Statement")).any(|statement| {
        statement.get("Effect").is_some_and(|effect| effect == "Allow")
            && (is_everybody(statement.get("Principal")) || statement.get("NotPrincipal").is_some())
            && !is_narrowed(statement.get("Condition"))
    })
}

fn is_everybody(principal: Option<&Value>) -> bool {
    let Some(principal) = principal else { return false };
    principal == "*" || each(principal.get("AWS")).any(|who| who == "*")
}

fn is_narrowed(condition: Option<&Value>) -> bool {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    let narrows = |key: &str, values: &Value| {
        NARROWING.contains(&key.to_ascii_lowercase().as_str())
            && each(Some(values)).all(|value| {
                value.as_str().is_some_and(|text| !text.contains(['*', '?']) && !text.ends_with("/0"))
            })
    };
    operators
        .filter(|(operator, _)| !operator.contains("Not") && !operator.ends_with("IfExists"))
        .filter_map(|(_, keys)| keys.as_object())
        .flatten()
        .any(|(key, values)| narrows(key, values))
}
