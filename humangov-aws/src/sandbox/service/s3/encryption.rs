// SPDX-License-Identifier: MIT OR Apache-2.0
//! How objects are encrypted: by default, and each. There are no keys here; what was asked for is what is told.

use super::{
    Answer,
    asked::Asked,
    errors::{invalid_argument, malformed_xml, not_implemented},
    xml::{document, nest},
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::Cx,
};
use serde::{Deserialize, Serialize};

const HEADER: &str = "x-amz-server-side-encryption";
const KEY_HEADER: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const BUCKET_KEY_HEADER: &str = "x-amz-server-side-encryption-bucket-key-enabled";

/// How something is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Encryption {
    pub algorithm: String,
    pub key: Option<String>,
    pub bucket_key: bool,
}

impl Default for Encryption {
    /// With keys of S3's own: what a new bucket has.
    fn default() -> Self {
        Self { algorithm: "AES256".to_owned(), key: None, bucket_key: false }
    }
}

impl Encryption {
    /// What a write asks for, or else what its bucket does by default.
    pub(super) fn asked(cx: &Cx<'_>, asked: &Asked<'_>, default: &Self) -> Result<Self, ApiError> {
        if asked.request.headers.keys().any(|name| name.starts_with("x-amz-server-side-encryption-customer-"))
        {
            return Err(not_implemented());
        }
        let key = asked.header(KEY_HEADER);
        let mut encryption = match asked.header(HEADER) {
            None if key.is_none() => default.clone(),
            Some(algorithm) if is_kms(algorithm) => Self {
                algorithm: algorithm.to_owned(),
                key: key.map(str::to_owned),
                bucket_key: asked.header(BUCKET_KEY_HEADER).map_or(default.bucket_key, |on| on == "true"),
            },
            Some("AES256") if key.is_none() => Self::default(),
            other => {
                let message = match other {
                    None | Some("AES256") => {
                        "x-amz-server-side-encryption-aws-kms-key-id is not applicable without server side encryption aws:kms"
                    }
                    Some(_) => "The encryption method specified is not supported",
                };
                return Err(invalid_argument(HEADER, other.unwrap_or_default(), message));
            }
        };
        if is_kms(&encryption.algorithm) {
            let key = encryption.key.as_deref().unwrap_or("alias/aws/s3");
            encryption.key = Some(if key.starts_with("arn:") {
                key.to_owned()
            } else if key.starts_with("alias/") {
                cx.arn("kms", key)
            } else {
                cx.arn("kms", &format!("key/{key}"))
            });
        }
        Ok(encryption)
    }

    /// `response` with the headers that tell it.
    pub(super) fn tell(&self, mut response: Response) -> Response {
        response = response.with(HEADER, self.algorithm.as_str());
        if let Some(key) = &self.key {
            response = response.with(KEY_HEADER, key.as_str());
        }
        if self.bucket_key && self.algorithm == "aws:kms" {
            response = response.with(BUCKET_KEY_HEADER, "true");
        }
        response
    }
}

fn is_kms(algorithm: &str) -> bool {
    ["aws:kms", "aws:kms:dsse"].contains(&algorithm)
}

pub(super) fn get(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let encryption = &cx.s3.bucket(asked.bucket)?.encryption;
    let key = encryption.key.as_ref().map(|key| element("KMSMasterKeyID", key)).unwrap_or_default();
    let default = element("SSEAlgorithm", &encryption.algorithm) + &key;
    let rule = nest("ApplyServerSideEncryptionByDefault", &default)
        + &element("BucketKeyEnabled", &encryption.bucket_key.to_string());
    Ok(document("ServerSideEncryptionConfiguration", &nest("Rule", &rule)))
}

pub(super) fn put(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let rules = asked.entries("ServerSideEncryptionConfiguration", "Rule")?;
    let [rule] = rules.as_slice() else { return Err(malformed_xml()) };
    rule.only(&["ApplyServerSideEncryptionByDefault", "BucketKeyEnabled", "BlockedEncryptionTypes"], &[])?;
    let mut encryption = Encryption::default();
    if let Some(default) = rule.child("ApplyServerSideEncryptionByDefault") {
        default.only(&["SSEAlgorithm", "KMSMasterKeyID"], &[])?;
        let algorithm = default.text("SSEAlgorithm").ok_or_else(malformed_xml)?;
        if algorithm != "AES256" && !is_kms(algorithm) {
            return Err(malformed_xml());
        }
        algorithm.clone_into(&mut encryption.algorithm);
        encryption.key = default.text("KMSMasterKeyID").map(str::to_owned);
    }
    if let Some(key) = encryption.key.as_deref().filter(|_| !is_kms(&encryption.algorithm)) {
        let message =
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
        return Err(invalid_argument("KMSMasterKeyID", key, message));
    }
    encryption.bucket_key = rule.truth("BucketKeyEnabled")?.unwrap_or_default();
    cx.s3.bucket_mut(asked.bucket)?.encryption = encryption;
    Ok(Response::empty(200))
}

/// Back to the default: there is no bucket without encryption.
pub(super) fn delete(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket_mut(asked.bucket)?.encryption = Encryption::default();
    Ok(Response::empty(204))
}
