// SPDX-License-Identifier: MIT OR Apache-2.0
//! Images: manifests that name layers, and the tags that name images.

mod put;
mod read;
#[cfg(test)]
mod tests;

use super::{layer::is_digest, repository::Repository};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Image {
    manifest: String,
    media_type: String,
    artifact_type: Option<String>,
    /// The digests of its layers and its configuration; of a list of manifests, those of the manifests.
    needs: Vec<String>,
    size: usize,
    pushed: Timestamp,
}

impl Image {
    /// Whether it is made of what has this digest.
    pub(super) fn needs(&self, digest: &str) -> bool {
        self.needs.iter().any(|needed| needed == digest)
    }
}

impl Repository {
    /// The tags of the image of this digest.
    fn tags_of(&self, digest: &str) -> Vec<&str> {
        let tags = self.image_tags.iter().filter(|(_, of)| *of == digest);
        tags.map(|(tag, _)| tag.as_str()).collect()
    }

    /// The digest of the image that is meant by a tag, a digest or both.
    fn find(&self, id: Input<'_>) -> Result<String, Failure> {
        let (tag, digest) = (id.text("imageTag"), id.text("imageDigest"));
        if tag.is_none() && digest.is_none() {
            return Err(Failure::Neither);
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(Failure::NoDigest);
        }
        let tagged = match tag {
            Some(tag) => Some(self.image_tags.get(tag).ok_or(Failure::NotFound)?.as_str()),
            None => None,
        };
        match (tagged, digest) {
            (Some(tagged), Some(digest)) if tagged != digest => Err(Failure::Mismatch),
            (Some(found), _) | (None, Some(found)) if self.images.contains_key(found) => Ok(found.to_owned()),
            _ => Err(Failure::NotFound),
        }
    }
}

/// Why there is nothing to do for an image of a batch.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Neither,
    NoDigest,
    NotFound,
    Mismatch,
    Referenced,
}

impl Failure {
    fn describe(self, id: Input<'_>) -> Value {
        let (code, reason) = match self {
            Self::Neither => {
                ("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
            }
            Self::NoDigest => ("InvalidImageDigest", "Invalid request parameters: image digest is invalid"),
            Self::NotFound => ("ImageNotFound", "Requested image not found"),
            Self::Mismatch => {
                ("ImageTagDoesNotMatchDigest", "The image tag does not belong to the image digest")
            }
            Self::Referenced => {
                ("ImageReferencedByManifestList", "The image is referenced by a manifest list")
            }
        };
        json!({"imageId": id.0, "failureCode": code, "failureReason": reason})
    }
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "PutImage" => put::put(cx, input),
        "BatchGetImage" => read::get(cx, input),
        "DescribeImages" => read::describe(cx, input),
        "ListImages" => read::list(cx, input),
        "BatchDeleteImage" => read::delete(cx, input),
        _ => return None,
    })
}
