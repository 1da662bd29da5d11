// SPDX-License-Identifier: MIT OR Apache-2.0
//! DeleteObject and DeleteObjects.

use super::{
    Answer,
    asked::Asked,
    bucket::{Bucket, required},
    condition::has_tag,
    errors::{malformed_xml, no_such_key, precondition_failed},
    object::{VERSION_ID, check_version_id},
    xml::{Element, document, nest},
};
use crate::sandbox::{
    error::ApiError,
    ids::Ids,
    wire::{Response, element},
    world::Cx,
};
use jiff::Timestamp;

/// What a deletion did.
struct Deleted {
    /// The version that is gone for good, or the delete marker that was made.
    version: Option<String>,
    /// Whether that is a delete marker.
    marker: bool,
}

/// Deletes one version of a key, or what is there now: for good, or by a marker where versions are kept.
fn delete(
    bucket: &mut Bucket,
    (ids, now): (&mut Ids, Timestamp),
    key: &str,
    version: Option<&str>,
    if_match: Option<&str>,
) -> Result<Deleted, ApiError> {
    if let Some(tags) = if_match {
        check_match(bucket, key, version, tags)?;
    }
    if let Some(id) = version {
        check_version_id(id)?;
        // What is not there is as gone as what is deleted.
        let marker = bucket.erase(key, id).is_some_and(|erased| erased.content.is_none());
        return Ok(Deleted { version: Some(id.to_owned()), marker });
    }
    if bucket.versioning.is_none() {
        bucket.erase(key, "null");
        return Ok(Deleted { version: None, marker: false });
    }
    let id = bucket.write(key, ids.base32(VERSION_ID), now, None);
    Ok(Deleted { version: Some(id), marker: true })
}

/// Conditions of deletions are about what is there now.
fn check_match(bucket: &Bucket, key: &str, version: Option<&str>, tags: &str) -> Result<(), ApiError> {
    let latest = bucket.latest(key).ok_or_else(|| no_such_key(key))?;
    let matches = latest.content.as_ref().is_some_and(|content| has_tag(tags, &content.etag));
    let is_latest = version.is_none_or(|id| id == latest.id());
    if matches && is_latest { Ok(()) } else { Err(precondition_failed("If-Match")) }
}

pub(super) fn one(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let making = (&mut *cx.ids, cx.now);
    let bucket = cx.s3.bucket_mut(asked.bucket)?;
    let deleted = delete(bucket, making, asked.key, asked.parameter("versionId"), asked.header("if-match"))?;
    let mut response = Response::empty(204);
    if deleted.marker {
        response = response.with("x-amz-delete-marker", "true");
    }
    if let Some(id) = &deleted.version {
        response = response.with("x-amz-version-id", id.as_str());
    }
    Ok(response)
}

pub(super) fn many(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let request = asked.document("Delete")?;
    request.only(&["Quiet"], &["Object"])?;
    let objects: Vec<&Element> = request.all("Object").collect();
    if objects.is_empty() || objects.len() > 1000 {
        return Err(malformed_xml());
    }
    let quiet = request.truth("Quiet")?.unwrap_or_default();
    for object in &objects {
        object.only(&["Key", "VersionId", "ETag", "LastModifiedTime", "Size"], &[])?;
        required(object, "Key")?;
    }
    let bucket = cx.s3.bucket_mut(asked.bucket)?;
    let mut inner = String::new();
    for object in objects {
        let Some(key) = object.child("Key").map(|key| key.text.as_str()) else { continue };
        let version = object.text("VersionId");
        match delete(bucket, (&mut *cx.ids, cx.now), key, version, object.text("ETag")) {
            Ok(_) if quiet => {}
            Ok(deleted) => inner += &told(key, version, &deleted),
            Err(error) => inner += &told_error(key, version, &error),
        }
    }
    Ok(document("DeleteResult", &inner))
}

fn told(key: &str, version: Option<&str>, deleted: &Deleted) -> String {
    let mut inner = element("Key", key);
    if let Some(id) = version {
        inner += &element("VersionId", id);
    }
    if deleted.marker {
        let id = deleted.version.as_deref().unwrap_or_default();
        inner += &(element("DeleteMarker", "true") + &element("DeleteMarkerVersionId", id));
    }
    nest("Deleted", &inner)
}

fn told_error(key: &str, version: Option<&str>, error: &ApiError) -> String {
    // In a list of keys, S3 words this one differently.
    let code = if error.code == "InvalidArgument" { "NoSuchVersion" } else { &error.code };
    let version = version.map(|id| element("VersionId", id)).unwrap_or_default();
    let inner = element("Key", key) + &version + &element("Code", code) + &element("Message", &error.message);
    nest("Error", &inner)
}
