// SPDX-License-Identifier: MIT OR Apache-2.0
//! CompleteMultipartUpload.

use super::{Part, Upload, no_such_upload, upload_id};
use crate::sandbox::{
    error::ApiError,
    service::s3::{
        Answer,
        asked::Asked,
        checksum::{Checksum, etag_of_parts},
        condition,
        errors::malformed_xml,
        object::{Body, Content},
        put::written,
        xml::{Element, document},
    },
    wire::element,
    world::Cx,
};

/// Every part but the last must have this many bytes.
const SMALLEST: usize = 5 * 1024 * 1024;

pub(in crate::sandbox::service::s3) fn complete(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let bucket = cx.s3.bucket(asked.bucket)?;
    let id = upload_id(asked, bucket)?;
    let upload = bucket.uploads.get(id).ok_or_else(|| no_such_upload(id))?;
    let listed = asked.entries("CompleteMultipartUpload", "Part")?;
    let parts = chosen(upload, &listed)?;
    condition::of_write(asked, bucket)?;
    let content = joined(upload, &parts);
    let whole = asked.header("x-amz-mp-object-size");
    if whole.is_some_and(|size| size.trim().parse() != Ok(content.body.len())) {
        return Err(super::invalid_request(
            "The provided 'x-amz-mp-object-size' header value does not match what was computed.",
        ));
    }
    check_given(asked, &content.checksum)?;
    let location = format!("https://{}.s3.{}.amazonaws.com/{}", asked.bucket, cx.region, asked.key);
    let inner = [
        element("Location", &location),
        element("Bucket", asked.bucket),
        element("Key", asked.key),
        element("ETag", &format!("\"{}\"", content.etag)),
        content.checksum.elements(),
    ];
    let response = content.encryption.tell(document("CompleteMultipartUploadResult", &inner.concat()));
    let version = written(cx, asked, content)?;
    cx.s3.bucket_mut(asked.bucket)?.uploads.remove(id);
    Ok(version.into_iter().fold(response, |response, id| response.with("x-amz-version-id", id)))
}

/// The parts that a request lists, which must be there as it says.
fn chosen<'u>(upload: &'u Upload, listed: &[Element]) -> Result<Vec<&'u Part>, ApiError> {
    let numbers = listed.iter().map(number).collect::<Result<Vec<u32>, _>>()?;
    if !numbers.is_sorted_by(|one, next| one < next) {
        return Err(ApiError::new(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ));
    }
    let mut parts = Vec::new();
    for (number, entry) in numbers.iter().zip(listed) {
        let etag = entry.text("ETag").ok_or_else(malformed_xml)?.trim_matches('"');
        let part = upload.parts.get(number);
        let part = part.filter(|part| etag == part.etag && has_checksum(entry, &part.checksum));
        parts.push(part.ok_or_else(|| invalid_part(*number, etag))?);
    }
    let small = numbers.iter().zip(&parts).rev().skip(1).find(|(_, part)| part.body.len() < SMALLEST);
    small.map_or(Ok(parts.clone()), |(number, part)| Err(too_small(*number, part)))
}

fn number(entry: &Element) -> Result<u32, ApiError> {
    entry.number("PartNumber")?.and_then(|number| u32::try_from(number).ok()).ok_or_else(malformed_xml)
}

/// Whether an entry has this checksum, if it has one of its kind.
fn has_checksum(entry: &Element, checksum: &Checksum) -> bool {
    let name = format!("Checksum{}", checksum.algorithm.name());
    entry.text(&name).is_none_or(|given| given == checksum.value)
}

fn invalid_part(number: u32, etag: &str) -> ApiError {
    let message = "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified \
                   entity tag may not match the part's entity tag.";
    ApiError::new("InvalidPart", message).with("PartNumber", number).with("ETag", etag)
}

fn too_small(number: u32, part: &Part) -> ApiError {
    ApiError::new("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        .with("ProposedSize", part.body.len())
        .with("MinSizeAllowed", SMALLEST)
        .with("PartNumber", number)
        .with("ETag", part.etag.as_str())
}

/// The object that the parts make.
fn joined(upload: &Upload, parts: &[&Part]) -> Content {
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.body.bytes()).copied().collect();
    let checksum = if upload.composite {
        upload.algorithm().of_parts(parts.iter().map(|part| &part.checksum))
    } else {
        upload.algorithm().of(&bytes)
    };
    Content {
        body: Body::from(bytes.as_slice()),
        etag: etag_of_parts(parts.iter().map(|part| part.etag.as_str())),
        checksum,
        parts: parts.iter().map(|part| part.body.len()).collect(),
        ..upload.template.clone()
    }
}

/// Refuses if the request says another checksum of the whole.
fn check_given(asked: &Asked<'_>, checksum: &Checksum) -> Result<(), ApiError> {
    let Some(given) = asked.header(&checksum.algorithm.header()) else { return Ok(()) };
    // The number of parts may be left out.
    let bare = checksum.value.split('-').next().unwrap_or_default();
    if given == checksum.value || given == bare {
        return Ok(());
    }
    let name = checksum.algorithm.name();
    Err(ApiError::new(
        "BadDigest",
        format!("The {name} you specified did not match the calculated checksum."),
    ))
}
