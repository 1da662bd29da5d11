// SPDX-License-Identifier: MIT OR Apache-2.0
//! ListObjects and ListObjectsV2, and how lists of keys are cut into pages.

use super::{
    Answer, acl,
    asked::Asked,
    errors::invalid_argument,
    object::{Content, Version},
    xml::{document, nest},
};
use crate::sandbox::{
    error::ApiError,
    wire::element,
    world::{Cx, iso},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What keys may have unencoded in answers that are to be encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// Which keys a list is of, and how they are told.
pub(super) struct Wanted<'r> {
    pub prefix: &'r str,
    /// Keys that have this after the prefix are listed together, as one.
    pub delimiter: Option<&'r str>,
    pub most: usize,
    encoded: bool,
}

/// One page of a list.
pub(super) struct Page<'b, T> {
    pub items: Vec<(&'b str, T)>,
    /// What keys listed together have in common.
    pub groups: Vec<String>,
    /// The last entry, an item or a group, if there are more.
    pub next: Option<(String, Option<T>)>,
}

impl<'r> Wanted<'r> {
    pub(super) fn of(asked: &Asked<'r>, most: &str) -> Result<Self, ApiError> {
        let encoded = match asked.parameter("encoding-type") {
            None | Some("") => false,
            Some("url") => true,
            Some(other) => {
                let message = "Invalid Encoding Method specified in Request";
                return Err(invalid_argument("encoding-type", other, message));
            }
        };
        Ok(Self {
            prefix: asked.parameter("prefix").unwrap_or_default(),
            delimiter: asked.parameter("delimiter").filter(|delimiter| !delimiter.is_empty()),
            most: asked.most(most)?,
            encoded,
        })
    }

    /// A key, or a part of one, as an element.
    pub(super) fn key(&self, name: &str, key: &str) -> String {
        if self.encoded {
            element(name, &utf8_percent_encode(key, PLAIN).to_string())
        } else {
            element(name, key)
        }
    }

    /// What every list repeats of its request.
    pub(super) fn repeated(&self, most: &str) -> String {
        let mut inner = self.key("Prefix", self.prefix) + &element(most, &self.most.to_string());
        if let Some(delimiter) = self.delimiter {
            inner += &self.key("Delimiter", delimiter);
        }
        if self.encoded {
            inner += &element("EncodingType", "url");
        }
        inner
    }

    /// The groups of a page.
    pub(super) fn groups(&self, groups: &[String]) -> String {
        groups.iter().map(|group| nest("CommonPrefixes", &self.key("Prefix", group))).collect()
    }

    /// The first page of `items`, which come in the order of their keys. Groups up to `after` were listed before.
    pub(super) fn page<'b, T: Copy>(
        &self,
        items: impl Iterator<Item = (&'b str, T)>,
        after: &str,
    ) -> Page<'b, T> {
        let mut page = Page { items: Vec::new(), groups: Vec::new(), next: None };
        let mut last = None;
        for (key, item) in items {
            let Some(rest) = key.strip_prefix(self.prefix) else { continue };
            let group = self.delimiter.and_then(|delimiter| {
                Some(&key[..self.prefix.len() + rest.find(delimiter)? + delimiter.len()])
            });
            if group
                .is_some_and(|group| group <= after || page.groups.last().is_some_and(|last| last == group))
            {
                continue;
            }
            if page.items.len() + page.groups.len() == self.most {
                page.next = last;
                return page;
            }
            if let Some(group) = group {
                page.groups.push(group.to_owned());
                last = Some((group.to_owned(), None));
            } else {
                page.items.push((key, item));
                last = Some((key.to_owned(), Some(item)));
            }
        }
        page
    }
}

/// The objects of a bucket after a key.
fn objects<'b>(
    cx: &'b Cx<'_>,
    asked: &Asked<'_>,
    after: &'b str,
) -> Result<impl Iterator<Item = (&'b str, (&'b Version, &'b Content))>, ApiError> {
    let all = cx.s3.bucket(asked.bucket)?.objects.iter();
    Ok(all.filter(move |(key, _)| key.as_str() > after).filter_map(|(key, versions)| {
        let version = versions.last()?;
        Some((key.as_str(), (version, version.content.as_ref()?)))
    }))
}

fn entry(wanted: &Wanted<'_>, key: &str, (version, content): (&Version, &Content), owner: &str) -> String {
    let inner = [
        wanted.key("Key", key),
        element("LastModified", iso(version.at).as_str().unwrap_or_default()),
        told(content),
        owner.to_owned(),
    ];
    nest("Contents", &inner.concat())
}

/// What lists tell of what an object holds.
pub(super) fn told(content: &Content) -> String {
    let inner = [
        element("ETag", &format!("\"{}\"", content.etag)),
        content.checksum.listed(),
        element("Size", &content.body.len().to_string()),
        element("StorageClass", &content.storage_class),
    ];
    inner.concat()
}

pub(super) fn first(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let wanted = Wanted::of(asked, "max-keys")?;
    let marker = asked.parameter("marker").unwrap_or_default();
    let page = wanted.page(objects(cx, asked, marker)?, marker);
    let owner = acl::owner("Owner", cx.account);
    let mut inner = element("Name", asked.bucket) + &wanted.repeated("MaxKeys");
    inner += &wanted.key("Marker", marker);
    inner += &element("IsTruncated", &page.next.is_some().to_string());
    // Without groups, the last key is the next marker, and whoever asks has it.
    if let Some((next, _)) = page.next.as_ref().filter(|_| wanted.delimiter.is_some()) {
        inner += &wanted.key("NextMarker", next);
    }
    inner += &page.items.iter().map(|(key, item)| entry(&wanted, key, *item, &owner)).collect::<String>();
    inner += &wanted.groups(&page.groups);
    Ok(document("ListBucketResult", &inner))
}

pub(super) fn second(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    if let Some(other) = asked.parameter("list-type").filter(|kind| *kind != "2") {
        return Err(invalid_argument("list-type", other, "Invalid List Type specified in Request"));
    }
    let wanted = Wanted::of(asked, "max-keys")?;
    let start_after = asked.parameter("start-after");
    let token = asked.parameter("continuation-token");
    let after = match token {
        Some(token) => after(token)?,
        None => start_after.unwrap_or_default().to_owned(),
    };
    let page = wanted.page(objects(cx, asked, &after)?, &after);
    let fetch_owner = asked.parameter("fetch-owner") == Some("true");
    let owner = if fetch_owner { acl::owner("Owner", cx.account) } else { String::new() };
    let mut inner = element("Name", asked.bucket) + &wanted.repeated("MaxKeys");
    inner += &element("KeyCount", &(page.items.len() + page.groups.len()).to_string());
    inner += &element("IsTruncated", &page.next.is_some().to_string());
    if let Some(token) = token {
        inner += &element("ContinuationToken", token);
    }
    if let Some(start) = start_after {
        inner += &wanted.key("StartAfter", start);
    }
    if let Some((next, _)) = &page.next {
        inner += &element("NextContinuationToken", &BASE64_URL_SAFE_NO_PAD.encode(next));
    }
    inner += &page.items.iter().map(|(key, item)| entry(&wanted, key, *item, &owner)).collect::<String>();
    inner += &wanted.groups(&page.groups);
    Ok(document("ListBucketResult", &inner))
}

fn after(token: &str) -> Result<String, ApiError> {
    let key = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    key.filter(|key| !key.is_empty()).ok_or_else(|| {
        invalid_argument("continuation-token", token, "The continuation token provided is incorrect")
    })
}
