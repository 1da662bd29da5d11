// SPDX-License-Identifier: MIT OR Apache-2.0
//! ListObjectVersions.

use super::{
    Answer, acl,
    asked::Asked,
    bucket::Bucket,
    errors::invalid_argument,
    list::{Wanted, told},
    object::{Version, check_version_id},
    xml::{document, nest},
};
use crate::sandbox::{
    error::ApiError,
    wire::element,
    world::{Cx, iso},
};

/// A version, and whether it is the latest of its key.
type Listed<'b> = (&'b Version, bool);

pub(super) fn list(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let wanted = Wanted::of(asked, "max-keys")?;
    let key_marker = asked.parameter("key-marker").unwrap_or_default();
    let id_marker = asked.parameter("version-id-marker").filter(|id| !id.is_empty());
    let bucket = cx.s3.bucket(asked.bucket)?;
    let page = wanted.page(after(bucket, key_marker, id_marker)?.into_iter(), key_marker);
    let owner = acl::owner("Owner", cx.account);
    let mut inner = element("Name", asked.bucket) + &wanted.repeated("MaxKeys");
    inner += &wanted.key("KeyMarker", key_marker);
    inner += &element("VersionIdMarker", id_marker.unwrap_or_default());
    inner += &element("IsTruncated", &page.next.is_some().to_string());
    if let Some((key, item)) = &page.next {
        inner += &wanted.key("NextKeyMarker", key);
        if let Some((version, _)) = item {
            inner += &element("NextVersionIdMarker", version.id());
        }
    }
    inner += &page.items.iter().map(|(key, item)| entry(&wanted, key, *item, &owner)).collect::<String>();
    inner += &wanted.groups(&page.groups);
    Ok(document("ListVersionsResult", &inner))
}

/// All versions after a key, or after one version of it; the latest of each key first.
fn after<'b>(
    bucket: &'b Bucket,
    key_marker: &str,
    id_marker: Option<&str>,
) -> Result<Vec<(&'b str, Listed<'b>)>, ApiError> {
    if let Some(id) = id_marker {
        if key_marker.is_empty() {
            let message = "A version-id marker cannot be specified without a key marker.";
            return Err(invalid_argument("version-id-marker", id, message));
        }
        check_version_id(id)?;
    }
    let mut listed = Vec::new();
    for (key, versions) in bucket.objects.iter().filter(|(key, _)| key.as_str() >= key_marker) {
        let newest_first = versions.iter().rev().enumerate();
        let mut rest: Vec<Listed<'_>> = newest_first.map(|(n, version)| (version, n == 0)).collect();
        if key == key_marker {
            // Without an id this key is done with. If that version is gone by now, what is left of the key was not listed yet.
            let seen = id_marker.map_or(Some(rest.len()), |id| {
                rest.iter().position(|(version, _)| version.id() == id).map(|at| at + 1)
            });
            rest.drain(..seen.unwrap_or(0));
        }
        listed.extend(rest.into_iter().map(|version| (key.as_str(), version)));
    }
    Ok(listed)
}

fn entry(wanted: &Wanted<'_>, key: &str, (version, latest): Listed<'_>, owner: &str) -> String {
    let content = version.content.as_ref();
    let inner = [
        wanted.key("Key", key),
        element("VersionId", version.id()),
        element("IsLatest", &latest.to_string()),
        element("LastModified", iso(version.at).as_str().unwrap_or_default()),
        content.map(told).unwrap_or_default(),
        owner.to_owned(),
    ];
    nest(if content.is_some() { "Version" } else { "DeleteMarker" }, &inner.concat())
}
