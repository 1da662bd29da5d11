// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags of buckets and of objects.

use super::{
    Answer,
    asked::Asked,
    errors::{malformed_xml, refused},
    xml::{Element, document, nest},
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::{Cx, Tags},
};

const MOST_OF_BUCKET: usize = 50;
const MOST_OF_OBJECT: usize = 10;

/// The tags of a bucket that are in an element.
pub(super) fn of_bucket(list: &Element) -> Result<Tags, ApiError> {
    read(list, MOST_OF_BUCKET, "Bucket tag count cannot be greater than 50")
}

fn read(list: &Element, most: usize, too_many: &str) -> Result<Tags, ApiError> {
    list.only(&[], &["Tag"])?;
    let mut pairs = Vec::new();
    for tag in &list.children {
        tag.only(&["Key", "Value"], &[])?;
        let text = |name: &str| tag.child(name).map(|child| child.text.clone()).ok_or_else(malformed_xml);
        pairs.push((text("Key")?, text("Value")?));
    }
    collected(pairs, most, too_many)
}

fn collected(pairs: Vec<(String, String)>, most: usize, too_many: &str) -> Result<Tags, ApiError> {
    if pairs.len() > most {
        return Err(ApiError::new("BadRequest", too_many));
    }
    let invalid = |message: &str, key: &str| Err(ApiError::new("InvalidTag", message).with("TagKey", key));
    let sound =
        |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if !(1..=128).contains(&key.chars().count()) || !sound(&key) {
            return invalid("The TagKey you have provided is invalid", &key);
        }
        if value.chars().count() > 256 || !sound(&value) {
            return invalid("The TagValue you have provided is invalid", &key);
        }
        if key.starts_with("aws:") {
            return invalid("System tags cannot be added/updated by requester", &key);
        }
        if tags.insert(key.clone(), value).is_some() {
            return invalid("Cannot provide multiple Tags with the same key", &key);
        }
    }
    Ok(tags)
}

/// The tags that a write of an object asks for, as a form in a header.
pub(super) fn of_header(asked: &Asked<'_>) -> Result<Tags, ApiError> {
    let form = asked.header("x-amz-tagging").unwrap_or_default();
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(value))
    });
    collected(pairs.collect(), MOST_OF_OBJECT, "Object tags cannot be greater than 10")
}

/// Tags as a document has them.
fn set(tags: &Tags) -> String {
    let tag =
        |(key, value): (&String, &String)| nest("Tag", &(element("Key", key) + &element("Value", value)));
    nest("TagSet", &tags.iter().map(tag).collect::<String>())
}

/// The one list in a `Tagging` document.
fn list(asked: &Asked<'_>) -> Result<Element, ApiError> {
    let mut lists = asked.entries("Tagging", "TagSet")?;
    lists.pop().filter(|_| lists.is_empty()).ok_or_else(malformed_xml)
}

pub(super) fn get_of_bucket(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let tags = &cx.s3.bucket(asked.bucket)?.tags;
    if tags.is_empty() {
        return Err(
            refused(404, "NoSuchTagSet", "The TagSet does not exist").with("BucketName", asked.bucket)
        );
    }
    Ok(document("Tagging", &set(tags)))
}

pub(super) fn put_on_bucket(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let tags = of_bucket(&list(asked)?)?;
    cx.s3.bucket_mut(asked.bucket)?.tags = tags;
    Ok(Response::empty(204))
}

pub(super) fn delete_of_bucket(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket_mut(asked.bucket)?.tags.clear();
    Ok(Response::empty(204))
}

pub(super) fn get_of_object(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let bucket = cx.s3.bucket(asked.bucket)?;
    let (version, content) = bucket.readable(asked.key, asked.parameter("versionId"))?;
    let response = document("Tagging", &set(&content.tags));
    Ok(match bucket.told(version.id()) {
        Some(id) => response.with("x-amz-version-id", id),
        None => response,
    })
}

pub(super) fn put_on_object(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let tags = read(&list(asked)?, MOST_OF_OBJECT, "Object tags cannot be greater than 10")?;
    replace_of_object(cx, asked, tags, 200)
}

pub(super) fn delete_of_object(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    replace_of_object(cx, asked, Tags::new(), 204)
}

fn replace_of_object(cx: &mut Cx<'_>, asked: &Asked<'_>, tags: Tags, status: u16) -> Answer {
    let bucket = cx.s3.bucket_mut(asked.bucket)?;
    let (id, content) = bucket.content_mut(asked.key, asked.parameter("versionId"))?;
    content.tags = tags;
    let response = Response::empty(status);
    Ok(match bucket.told(&id) {
        Some(id) => response.with("x-amz-version-id", id),
        None => response,
    })
}
