// SPDX-License-Identifier: MIT OR Apache-2.0
//! PutObject, and what all writes of objects share.

use super::{
    Answer, acl,
    asked::Asked,
    bucket::Bucket,
    checksum::{Algorithm, etag},
    condition,
    encryption::Encryption,
    errors::{invalid_argument, invalid_request},
    object::{Body, Content, VERSION_ID},
    tagging,
};
use crate::sandbox::{error::ApiError, wire::Response, world::Cx};
use std::collections::BTreeMap;

/// Headers that are kept with an object, besides those of the user.
const KEPT: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-website-redirect-location",
];

const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

pub(super) fn object(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let template = template(cx, asked)?;
    condition::of_write(asked, cx.s3.bucket(asked.bucket)?)?;
    let content = Content {
        body: Body::from(asked.body()),
        etag: etag(asked.body()),
        // Where the request gives none, S3 computes one of its own choice.
        checksum: asked.given.clone().unwrap_or_else(|| Algorithm::Crc64Nvme.of(asked.body())),
        ..template
    };
    let mut response = Response::empty(200).with("etag", format!("\"{}\"", content.etag));
    for (name, value) in content.checksum.headers() {
        response = response.with(&name, value);
    }
    let response = content.encryption.tell(response);
    Ok(written(cx, asked, content)?
        .into_iter()
        .fold(response, |response, id| response.with("x-amz-version-id", id)))
}

/// An empty object with all that the headers of a write say of it.
pub(super) fn template(cx: &Cx<'_>, asked: &Asked<'_>) -> Result<Content, ApiError> {
    let bucket = cx.s3.bucket(asked.bucket)?;
    check_key(asked.key)?;
    acl::check_object(asked, bucket.ownership.as_deref())?;
    let storage_class = asked.header("x-amz-storage-class").unwrap_or(STORAGE_CLASSES[0]);
    if !STORAGE_CLASSES.contains(&storage_class) {
        return Err(ApiError::new("InvalidStorageClass", "The storage class you specified is not valid"));
    }
    Ok(Content {
        body: Body::from(&[][..]),
        etag: String::new(),
        headers: headers(asked)?,
        tags: tagging::of_header(asked)?,
        encryption: Encryption::asked(cx, asked, &bucket.encryption)?,
        checksum: Algorithm::Crc64Nvme.of(&[]),
        storage_class: storage_class.to_owned(),
        parts: Vec::new(),
    })
}

fn check_key(key: &str) -> Result<(), ApiError> {
    if key.len() <= 1024 {
        return Ok(());
    }
    let error = ApiError::new("KeyTooLongError", "Your key is too long");
    Err(error.with("Size", key.len()).with("MaxSizeAllowed", 1024))
}

/// The headers that are kept with an object.
fn headers(asked: &Asked<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    let all = asked.request.headers.iter();
    let mut kept: BTreeMap<String, String> = all
        .filter(|(name, _)| KEPT.contains(&name.as_str()) || name.starts_with("x-amz-meta-"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // How the body was sent is not how it is kept.
    if let Some(encoding) = kept.remove("content-encoding") {
        let codings: Vec<&str> = encoding
            .split(',')
            .map(str::trim)
            .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
            .collect();
        if !codings.is_empty() {
            kept.insert("content-encoding".to_owned(), codings.join(","));
        }
    }
    kept.entry("content-type".to_owned()).or_insert_with(|| "binary/octet-stream".to_owned());
    let meta = kept.iter().filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?, value)));
    let size: usize = meta.map(|(name, value)| name.len() + value.len()).sum();
    if size > 2048 {
        let error = ApiError::new(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        );
        return Err(error.with("Size", size).with("MaxSizeAllowed", 2048));
    }
    Ok(kept)
}

/// Writes `content`. Tells the id of its version, if the bucket has versions.
pub(super) fn written(
    cx: &mut Cx<'_>,
    asked: &Asked<'_>,
    content: Content,
) -> Result<Option<String>, ApiError> {
    let (fresh, now) = (cx.ids.base32(VERSION_ID), cx.now);
    let bucket: &mut Bucket = cx.s3.bucket_mut(asked.bucket)?;
    let id = bucket.write(asked.key, fresh, now, Some(content));
    Ok(bucket.told(&id).map(str::to_owned))
}

/// What `x-amz-copy-source` names: a bucket, a key, perhaps a version.
pub(super) fn copy_source(asked: &Asked<'_>) -> Result<(String, String, Option<String>), ApiError> {
    let source = asked.header("x-amz-copy-source").unwrap_or_default();
    let invalid = || {
        invalid_argument(
            "x-amz-copy-source",
            source,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
        )
    };
    if source.starts_with("arn:") {
        return Err(invalid_request("the sandbox does not model access points"));
    }
    let (path, version) =
        source.split_once("?versionId=").map_or((source, None), |(path, id)| (path, Some(id)));
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let (bucket, key) = path.trim_start_matches('/').split_once('/').ok_or_else(invalid)?;
    if bucket.is_empty() || key.is_empty() {
        return Err(invalid());
    }
    Ok((bucket.to_owned(), key.to_owned(), version.map(str::to_owned)))
}
