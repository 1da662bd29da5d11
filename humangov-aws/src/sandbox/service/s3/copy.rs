// SPDX-License-Identifier: MIT OR Apache-2.0
//! CopyObject.

use super::{
    Answer,
    asked::Asked,
    bucket::check_owner,
    checksum::{Algorithm, etag},
    condition,
    errors::{invalid_argument, invalid_request, no_such_bucket, precondition_failed},
    object::Content,
    put::{copy_source, template, written},
    xml::document,
};
use crate::sandbox::{
    error::ApiError,
    wire::element,
    world::{Cx, iso},
};

/// What is copied, and the id of its version if its bucket tells ids. Buckets of other regions can be copied from.
pub(super) fn source(cx: &Cx<'_>, asked: &Asked<'_>) -> Result<(Content, Option<String>), ApiError> {
    check_owner(cx, asked, "x-amz-source-expected-bucket-owner")?;
    let (name, key, id) = copy_source(asked)?;
    let bucket = cx.s3.buckets.get(&name).ok_or_else(|| no_such_bucket(&name))?;
    let (version, content) = bucket.readable(&key, id.as_deref())?;
    condition::of_read(asked, &condition::SOURCE, version, content).map_err(|error| {
        // There is nobody who has it already.
        if error.status == 304 { precondition_failed("x-amz-copy-source-If-None-Match") } else { error }
    })?;
    Ok((content.clone(), bucket.told(version.id()).map(str::to_owned)))
}

pub(super) fn object(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let replaces_headers = directive(asked, "x-amz-metadata-directive")?;
    let replaces_tags = directive(asked, "x-amz-tagging-directive")?;
    let asked_for = template(cx, asked)?;
    let (source, source_id) = source(cx, asked)?;
    let (bucket, key, version) = copy_source(asked)?;
    let itself = bucket == asked.bucket && key == asked.key && version.is_none();
    let as_before = !replaces_headers
        && asked.header("x-amz-storage-class").is_none()
        && asked.header("x-amz-server-side-encryption").is_none();
    if itself && as_before {
        return Err(invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, \
             storage class, website redirect location or encryption attributes.",
        ));
    }
    condition::of_write(asked, cx.s3.bucket(asked.bucket)?)?;
    let algorithm = algorithm(asked)?.unwrap_or(source.checksum.algorithm);
    let content = Content {
        // A copy is whole, whatever the parts of its source were.
        etag: etag(source.body.bytes()),
        checksum: algorithm.of(source.body.bytes()),
        headers: if replaces_headers { asked_for.headers } else { source.headers },
        tags: if replaces_tags { asked_for.tags } else { source.tags },
        body: source.body,
        ..asked_for
    };
    let result = [
        element("ETag", &format!("\"{}\"", content.etag)),
        element("LastModified", iso(cx.now).as_str().unwrap_or_default()),
        content.checksum.elements(),
    ];
    let mut response = content.encryption.tell(document("CopyObjectResult", &result.concat()));
    if let Some(id) = source_id {
        response = response.with("x-amz-copy-source-version-id", id);
    }
    Ok(written(cx, asked, content)?
        .into_iter()
        .fold(response, |response, id| response.with("x-amz-version-id", id)))
}

/// The algorithm that a write names for its checksum.
pub(super) fn algorithm(asked: &Asked<'_>) -> Result<Option<Algorithm>, ApiError> {
    let Some(name) = asked.header("x-amz-checksum-algorithm") else { return Ok(None) };
    Algorithm::by_name(name).map(Some).ok_or_else(|| {
        invalid_request(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types",
        )
    })
}

/// Whether a directive says to replace what the source has.
fn directive(asked: &Asked<'_>, name: &str) -> Result<bool, ApiError> {
    match asked.header(name) {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(invalid_argument(name, other, "Unknown directive.")),
    }
}
