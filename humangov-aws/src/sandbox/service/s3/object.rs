// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects: the versions of a key, and what a version holds.

use super::{
    bucket::Bucket,
    checksum::Checksum,
    encryption::Encryption,
    errors::{invalid_argument, no_such_key, refused, with_header},
    versioning::Versioning,
};
use crate::sandbox::{error::ApiError, world::Tags};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// How long the ids of versions are.
pub(super) const VERSION_ID: usize = 32;

/// The bytes of an object. Copies share them.
#[derive(Clone, PartialEq)]
pub(super) struct Body(Arc<[u8]>);

/// One version of an object, or the mark that it was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    /// `None`: the version `null`, written while versioning was not enabled.
    pub id: Option<String>,
    pub at: Timestamp,
    /// `None`: a delete marker.
    pub content: Option<Content>,
}

/// What a version holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    pub body: Body,
    /// Without quotes.
    pub etag: String,
    /// The headers that reading it answers: `content-type`, `x-amz-meta-..`.
    pub headers: BTreeMap<String, String>,
    pub tags: Tags,
    pub encryption: Encryption,
    pub checksum: Checksum,
    pub storage_class: String,
    /// The lengths of the parts it was uploaded in; none if it was not.
    pub parts: Vec<usize>,
}

impl Body {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map(|bytes| Self(bytes.into())).map_err(D::Error::custom)
    }
}

impl Version {
    /// The id as it is told.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("null")
    }
}

impl Bucket {
    /// The latest version of `key`, which may be a delete marker.
    pub(super) fn latest(&self, key: &str) -> Option<&Version> {
        self.objects.get(key)?.last()
    }

    /// What is at `key` now.
    pub(super) fn current(&self, key: &str) -> Option<&Content> {
        self.latest(key)?.content.as_ref()
    }

    /// The version of `key` with this id, or the latest; refused if there is nothing in it to read.
    pub(super) fn readable(&self, key: &str, id: Option<&str>) -> Result<(&Version, &Content), ApiError> {
        let version = match id {
            None => self.latest(key).ok_or_else(|| no_such_key(key))?,
            Some(id) => {
                check_version_id(id)?;
                let mut versions = self.objects.get(key).into_iter().flatten();
                versions.find(|version| version.id() == id).ok_or_else(|| no_such_version(key, id))?
            }
        };
        match &version.content {
            Some(content) => Ok((version, content)),
            None => Err(self.is_deleted(key, version, id.is_some())),
        }
    }

    /// As [`Bucket::readable`], to be changed.
    pub(super) fn content_mut(
        &mut self,
        key: &str,
        id: Option<&str>,
    ) -> Result<(String, &mut Content), ApiError> {
        let id = self.readable(key, id)?.0.id().to_owned();
        let versions = self.objects.get_mut(key).into_iter().flatten();
        let found =
            versions.filter(|version| version.id() == id).find_map(|version| version.content.as_mut());
        found.map(|content| (id, content)).ok_or_else(|| no_such_key(key))
    }

    fn is_deleted(&self, key: &str, marker: &Version, named: bool) -> ApiError {
        let error = if named {
            let error = refused(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            );
            with_header(error, "allow", "DELETE")
        } else {
            no_such_key(key)
        };
        let error = with_header(error, "x-amz-delete-marker", "true");
        match self.told(marker.id()) {
            Some(id) => with_header(error, "x-amz-version-id", id),
            None => error,
        }
    }

    /// A version's id, if this bucket tells ids: not before it had versions.
    pub(super) fn told<'i>(&self, id: &'i str) -> Option<&'i str> {
        self.versioning.is_some().then_some(id)
    }

    /// Writes a version, which gets `fresh_id` where versioning is enabled. Tells the id.
    pub(super) fn write(
        &mut self,
        key: &str,
        fresh_id: String,
        at: Timestamp,
        content: Option<Content>,
    ) -> String {
        let id = (self.versioning == Some(Versioning::Enabled)).then_some(fresh_id);
        let versions = self.objects.entry(key.to_owned()).or_default();
        if id.is_none() {
            versions.retain(|version| version.id.is_some());
        }
        let version = Version { id, at, content };
        let id = version.id().to_owned();
        versions.push(version);
        id
    }

    /// Takes a version away for good. Tells it, if it was there.
    pub(super) fn erase(&mut self, key: &str, id: &str) -> Option<Version> {
        let versions = self.objects.get_mut(key)?;
        let at = versions.iter().position(|version| version.id() == id)?;
        let erased = versions.remove(at);
        if versions.is_empty() {
            self.objects.remove(key);
        }
        Some(erased)
    }
}

/// Refuses what cannot be the id of a version.
pub(super) fn check_version_id(id: &str) -> Result<(), ApiError> {
    if id == "null" || id.len() == VERSION_ID && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let message =
        if id.is_empty() { "Version id cannot be the empty string" } else { "Invalid version id specified" };
    Err(invalid_argument("versionId", id, message))
}

fn no_such_version(key: &str, id: &str) -> ApiError {
    let error = refused(404, "NoSuchVersion", "The specified version does not exist.");
    error.with("Key", key).with("VersionId", id)
}
