// SPDX-License-Identifier: MIT OR Apache-2.0
//! ListMultipartUploads and ListParts.

use super::{Part, Upload, no_such_upload, upload_id};
use crate::sandbox::{
    service::s3::{
        Answer, acl,
        asked::Asked,
        errors::invalid_argument,
        list::Wanted,
        xml::{document, nest},
    },
    wire::element,
    world::{Cx, iso},
};

/// An upload and its id.
type Listed<'b> = (&'b str, &'b Upload);

pub(in crate::sandbox::service::s3) fn uploads(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let wanted = Wanted::of(asked, "max-uploads")?;
    let key_marker = asked.parameter("key-marker").unwrap_or_default();
    // Without a key marker, AWS takes no notice of it.
    let id_marker =
        asked.parameter("upload-id-marker").filter(|_| !key_marker.is_empty()).unwrap_or_default();
    let bucket = cx.s3.bucket(asked.bucket)?;
    let mut all: Vec<(&str, Listed<'_>)> =
        bucket.uploads.iter().map(|(id, upload)| (upload.key.as_str(), (id.as_str(), upload))).collect();
    // In the order of their keys; of one key in the order in which they were begun.
    all.sort_by_key(|(key, (id, upload))| (*key, upload.begun, *id));
    let seen = bucket.uploads.get(id_marker).map(|upload| (upload.begun, id_marker));
    let rest = all.into_iter().filter(|(key, (id, upload))| {
        *key > key_marker || *key == key_marker && seen.is_some_and(|seen| (upload.begun, *id) > seen)
    });
    let page = wanted.page(rest, key_marker);
    let mut inner = element("Bucket", asked.bucket) + &wanted.repeated("MaxUploads");
    inner += &wanted.key("KeyMarker", key_marker);
    inner += &element("UploadIdMarker", id_marker);
    inner += &element("IsTruncated", &page.next.is_some().to_string());
    if let Some((key, item)) = &page.next {
        inner += &wanted.key("NextKeyMarker", key);
        inner += &element("NextUploadIdMarker", item.map_or("", |(id, _)| id));
    }
    for (key, (id, upload)) in &page.items {
        let upload = [
            wanted.key("Key", key),
            element("UploadId", id),
            acl::owner("Initiator", cx.account),
            acl::owner("Owner", cx.account),
            element("StorageClass", &upload.template.storage_class),
            element("Initiated", iso(upload.begun).as_str().unwrap_or_default()),
            checksum(upload),
        ];
        inner += &nest("Upload", &upload.concat());
    }
    inner += &wanted.groups(&page.groups);
    Ok(document("ListMultipartUploadsResult", &inner))
}

/// The kind of checksum that an upload was begun with.
fn checksum(upload: &Upload) -> String {
    let Some(algorithm) = upload.algorithm else { return String::new() };
    let kind = if upload.composite { "COMPOSITE" } else { "FULL_OBJECT" };
    element("ChecksumAlgorithm", algorithm.name()) + &element("ChecksumType", kind)
}

pub(in crate::sandbox::service::s3) fn parts(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let most = asked.most("max-parts")?;
    let marker = asked.parameter("part-number-marker").filter(|marker| !marker.is_empty()).unwrap_or("0");
    let after: u32 = marker.parse().map_err(|_| {
        let message = "Argument part-number-marker must be an integer between 0 and 2147483647";
        invalid_argument("part-number-marker", marker, message)
    })?;
    let bucket = cx.s3.bucket(asked.bucket)?;
    let id = upload_id(asked, bucket)?;
    let upload = bucket.uploads.get(id).ok_or_else(|| no_such_upload(id))?;
    let mut rest = upload.parts.iter().filter(|(number, _)| **number > after);
    let page: Vec<_> = rest.by_ref().take(most).collect();
    let truncated = most > 0 && rest.next().is_some();
    let mut inner = [
        element("Bucket", asked.bucket),
        element("Key", asked.key),
        element("UploadId", id),
        acl::owner("Initiator", cx.account),
        acl::owner("Owner", cx.account),
        element("StorageClass", &upload.template.storage_class),
        checksum(upload),
        element("PartNumberMarker", marker),
        element("MaxParts", &most.to_string()),
        element("IsTruncated", &truncated.to_string()),
    ]
    .concat();
    if let Some((number, _)) = page.last() {
        inner += &element("NextPartNumberMarker", &number.to_string());
    }
    inner += &page.iter().map(|(number, part)| entry(**number, part)).collect::<String>();
    Ok(document("ListPartsResult", &inner))
}

fn entry(number: u32, part: &Part) -> String {
    let inner = [
        element("PartNumber", &number.to_string()),
        element("LastModified", iso(part.at).as_str().unwrap_or_default()),
        element("ETag", &format!("\"{}\"", part.etag)),
        element("Size", &part.body.len().to_string()),
        element(&format!("Checksum{}", part.checksum.algorithm.name()), &part.checksum.value),
    ];
    nest("Part", &inner.concat())
}
