// SPDX-License-Identifier: MIT OR Apache-2.0
//! Uploads of objects in parts.

mod complete;
mod list;

pub(super) use complete::complete;
pub(super) use list::{parts as list_parts, uploads as list_uploads};

use super::{
    Answer,
    asked::Asked,
    bucket::Bucket,
    checksum::{Algorithm, Checksum, etag},
    copy,
    errors::{invalid_argument, invalid_request, refused},
    object::{Body, Content},
    put,
    xml::document,
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::{Cx, iso},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An upload that is neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Upload {
    key: String,
    begun: Timestamp,
    /// The object that it will be, still without a body.
    template: Content,
    /// What kind of checksum the object will have, if the upload was begun with one.
    algorithm: Option<Algorithm>,
    /// Whether that is the checksum of the parts' checksums.
    composite: bool,
    parts: BTreeMap<u32, Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    at: Timestamp,
    body: Body,
    etag: String,
    checksum: Checksum,
}

impl Upload {
    /// The algorithm of its parts' checksums: S3's own choice where the upload was begun without one.
    fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(Algorithm::Crc64Nvme)
    }
}

/// The upload that a request names. An id is of one key only.
fn upload_id<'r>(asked: &Asked<'r>, bucket: &Bucket) -> Result<&'r str, ApiError> {
    let id = asked.parameter("uploadId").unwrap_or_default();
    if bucket.uploads.get(id).is_some_and(|upload| upload.key == asked.key) {
        Ok(id)
    } else {
        Err(no_such_upload(id))
    }
}

fn no_such_upload(id: &str) -> ApiError {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
                   completed.";
    refused(404, "NoSuchUpload", message).with("UploadId", id)
}

pub(super) fn create(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let template = put::template(cx, asked)?;
    let algorithm = copy::algorithm(asked)?;
    let composite = composite(asked, algorithm)?;
    let id = cx.ids.base32(64);
    let upload = Upload {
        key: asked.key.to_owned(),
        begun: cx.now,
        template,
        algorithm,
        composite,
        parts: BTreeMap::new(),
    };
    let inner = element("Bucket", asked.bucket) + &element("Key", asked.key) + &element("UploadId", &id);
    let mut response = upload.template.encryption.tell(document("InitiateMultipartUploadResult", &inner));
    if let Some(algorithm) = algorithm {
        let kind = if composite { "COMPOSITE" } else { "FULL_OBJECT" };
        response =
            response.with("x-amz-checksum-algorithm", algorithm.name()).with("x-amz-checksum-type", kind);
    }
    cx.s3.bucket_mut(asked.bucket)?.uploads.insert(id, upload);
    Ok(response)
}

/// Whether the object's checksum is to be made of its parts'. Not every algorithm can do both.
fn composite(asked: &Asked<'_>, algorithm: Option<Algorithm>) -> Result<bool, ApiError> {
    let whole_only = algorithm.is_none_or(|algorithm| algorithm == Algorithm::Crc64Nvme);
    let composite = match asked.header("x-amz-checksum-type") {
        None => !whole_only,
        Some("COMPOSITE") => true,
        Some("FULL_OBJECT") => false,
        Some(other) => {
            return Err(invalid_argument(
                "x-amz-checksum-type",
                other,
                "Value for x-amz-checksum-type header is invalid.",
            ));
        }
    };
    let refused = if composite { whole_only } else { algorithm == Some(Algorithm::Sha256) };
    if refused {
        let (kind, name) = (
            asked.header("x-amz-checksum-type").unwrap_or_default(),
            algorithm.map_or("null", Algorithm::name),
        );
        return Err(invalid_request(format!(
            "The {kind} checksum type cannot be used with the {} checksum algorithm.",
            name.to_ascii_lowercase()
        )));
    }
    Ok(composite)
}

fn part_number(asked: &Asked<'_>) -> Result<u32, ApiError> {
    let text = asked.parameter("partNumber").unwrap_or_default();
    text.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
        invalid_argument("partNumber", text, "Part number must be an integer between 1 and 10000, inclusive")
    })
}

pub(super) fn upload(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let part = keep(cx, asked, Body::from(asked.body()), asked.given.clone())?;
    let response = Response::empty(200).with("etag", format!("\"{}\"", part.etag));
    Ok(response.with(&part.checksum.algorithm.header(), part.checksum.value))
}

pub(super) fn upload_copy(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let (source, source_id) = copy::source(cx, asked)?;
    let body = match asked.header("x-amz-copy-source-range") {
        None => source.body,
        Some(range) => Body::from(slice(range, source.body.bytes())?),
    };
    let part = keep(cx, asked, body, None)?;
    let inner = [
        element("ETag", &format!("\"{}\"", part.etag)),
        element("LastModified", iso(part.at).as_str().unwrap_or_default()),
        element(&format!("Checksum{}", part.checksum.algorithm.name()), &part.checksum.value),
    ];
    let response = document("CopyPartResult", &inner.concat());
    Ok(source_id.into_iter().fold(response, |response, id| response.with("x-amz-copy-source-version-id", id)))
}

/// `bytes=FIRST-LAST`, both of which must be there and in the source.
fn slice<'b>(range: &str, bytes: &'b [u8]) -> Result<&'b [u8], ApiError> {
    let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based \
                   offsets of the first and last bytes to copy";
    let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let bounds = bounds.and_then(|(first, last)| Some((first.parse().ok()?, last.parse::<usize>().ok()?)));
    let (first, last): (usize, usize) =
        bounds.ok_or_else(|| invalid_argument("x-amz-copy-source-range", range, message))?;
    let slice = last.checked_add(1).and_then(|end| bytes.get(first..end)).filter(|slice| !slice.is_empty());
    slice.ok_or_else(|| {
        let message = format!("Range specified is not valid for source object of size: {}", bytes.len());
        invalid_argument("x-amz-copy-source-range", range, &message)
    })
}

/// Keeps a part, in place of an earlier one of the same number.
fn keep(cx: &mut Cx<'_>, asked: &Asked<'_>, body: Body, given: Option<Checksum>) -> Result<Part, ApiError> {
    let number = part_number(asked)?;
    let now = cx.now;
    let bucket = cx.s3.bucket_mut(asked.bucket)?;
    let id = upload_id(asked, bucket)?;
    let upload = bucket.uploads.get_mut(id).ok_or_else(|| no_such_upload(id))?;
    if let (Some(expected), Some(given)) = (upload.algorithm, &given)
        && expected != given.algorithm
    {
        return Err(invalid_request(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            expected.name().to_ascii_lowercase(),
            given.algorithm.name().to_ascii_lowercase()
        )));
    }
    let checksum = given.unwrap_or_else(|| upload.algorithm().of(body.bytes()));
    let part = Part { at: now, etag: etag(body.bytes()), body, checksum };
    upload.parts.insert(number, part.clone());
    Ok(part)
}

pub(super) fn abort(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let bucket = cx.s3.bucket_mut(asked.bucket)?;
    let id = upload_id(asked, bucket)?;
    bucket.uploads.remove(id);
    Ok(Response::empty(204))
}
