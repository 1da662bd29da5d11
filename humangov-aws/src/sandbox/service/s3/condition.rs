// SPDX-License-Identifier: MIT OR Apache-2.0
//! Conditions on what is there: of writes, and of reads.

use super::{
    asked::Asked,
    bucket::Bucket,
    errors::{no_such_key, not_implemented, precondition_failed, refused},
    object::{Content, Version},
};
use crate::sandbox::error::ApiError;
use jiff::Timestamp;

/// Whether a list of entity tags, with quotes or without, has this one.
pub(super) fn has_tag(list: &str, etag: &str) -> bool {
    list.split(',').map(|tag| tag.trim().trim_matches('"')).any(|tag| tag == "*" || tag == etag)
}

/// Refuses a write whose conditions do not hold. Everything is under one lock: of many at a time one wins.
pub(super) fn of_write(asked: &Asked<'_>, bucket: &Bucket) -> Result<(), ApiError> {
    let current = bucket.current(asked.key);
    if let Some(tags) = asked.header("if-none-match") {
        match (tags.trim(), current) {
            ("*", None) => {}
            ("*", Some(_)) => return Err(precondition_failed("If-None-Match")),
            _ => return Err(not_implemented()),
        }
    }
    if let Some(tags) = asked.header("if-match") {
        let current = current.ok_or_else(|| no_such_key(asked.key))?;
        if tags.trim() == "*" {
            return Err(not_implemented());
        }
        if !has_tag(tags, &current.etag) {
            return Err(precondition_failed("If-Match"));
        }
    }
    Ok(())
}

/// The names of the headers with the conditions of a read.
pub(super) struct Names {
    matches: &'static str,
    none_matches: &'static str,
    modified: &'static str,
    unmodified: &'static str,
}

/// Of what is asked for itself.
pub(super) const OWN: Names = Names {
    matches: "if-match",
    none_matches: "if-none-match",
    modified: "if-modified-since",
    unmodified: "if-unmodified-since",
};

/// Of what is to be copied.
pub(super) const SOURCE: Names = Names {
    matches: "x-amz-copy-source-if-match",
    none_matches: "x-amz-copy-source-if-none-match",
    modified: "x-amz-copy-source-if-modified-since",
    unmodified: "x-amz-copy-source-if-unmodified-since",
};

/// Refuses a read whose conditions do not hold; with 304 where the reader has it already.
pub(super) fn of_read(
    asked: &Asked<'_>,
    names: &Names,
    version: &Version,
    content: &Content,
) -> Result<(), ApiError> {
    // Headers know no parts of a second.
    let at = Timestamp::from_second(version.at.as_second()).unwrap_or(version.at);
    let since = |name| asked.time(name);
    let (failed, stale) = match asked.header(names.matches) {
        Some(tags) => (!has_tag(tags, &content.etag), "If-Match"),
        None => (since(names.unmodified).is_some_and(|time| at > time), "If-Unmodified-Since"),
    };
    if failed {
        return Err(precondition_failed(stale));
    }
    let same = match asked.header(names.none_matches) {
        Some(tags) => has_tag(tags, &content.etag),
        None => since(names.modified).is_some_and(|time| at <= time),
    };
    if same { Err(refused(304, "NotModified", "Not Modified")) } else { Ok(()) }
}
