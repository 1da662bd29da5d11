// SPDX-License-Identifier: MIT OR Apache-2.0
//! ECR: repositories, their policies, and the images in them.

mod image;
mod layer;
mod lifecycle;
mod mutability;
mod policy;
mod refusal;
mod repository;
mod tags;

use super::{Found, unknown};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, epoch},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use refusal::invalid;
use repository::Repository;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// How long a token is good for.
const TOKEN_LIFE: Duration = Duration::from_hours(12);

/// How many registries one GetAuthorizationToken takes.
const MOST_REGISTRIES: usize = 10;

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Ecr {
    repositories: BTreeMap<String, Repository>,
    /// The key that AWS keeps for ECR, once it is used.
    key: Option<String>,
}

impl Ecr {
    /// Whether the image `host/repository:tag` or `host/repository@digest` is in a repository of `account` and `region`; nothing
    /// is known of images of others.
    pub(in crate::sandbox) fn has_image(&self, account: &str, region: &str, image: &str) -> Option<bool> {
        let (host, path) = image.split_once('/')?;
        let registry = host.strip_suffix(".cn").unwrap_or(host);
        if registry != format!("{account}.dkr.ecr.{region}.amazonaws.com") {
            return None;
        }
        let (path, digest) = path.split_once('@').map_or((path, None), |(path, digest)| (path, Some(digest)));
        let (name, tag) = path.split_once(':').unwrap_or((path, "latest"));
        let Some(repository) = self.repositories.get(name) else { return Some(false) };
        Some(match digest {
            Some(digest) => repository.images.contains_key(digest),
            None => repository.image_tags.contains_key(tag),
        })
    }
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    if operation == "GetAuthorizationToken" {
        return authorization_token(cx, input);
    }
    repository::call(cx, operation, input)
        .or_else(|| mutability::call(cx, operation, input))
        .or_else(|| policy::call(cx, operation, input))
        .or_else(|| tags::call(cx, operation, input))
        .or_else(|| layer::call(cx, operation, input))
        .or_else(|| image::call(cx, operation, input))
        .unwrap_or_else(|| Err(unknown(operation)))
}

/// The host of the registry of `account` in this region.
fn host(cx: &Cx<'_>, account: &str) -> String {
    let top = if cx.partition() == "aws-cn" { "com.cn" } else { "com" };
    format!("{account}.dkr.ecr.{}.amazonaws.{top}", cx.region)
}

fn authorization_token(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let registries = input.texts("registryIds");
    if registries.len() > MOST_REGISTRIES || !registries.iter().all(|id| repository::is_registry(id)) {
        return Err(invalid("registryIds", "must be ten account ids at most"));
    }
    let registries = if registries.is_empty() { vec![cx.account] } else { registries };
    let expires = epoch(cx.after(TOKEN_LIFE));
    let mut data = Vec::new();
    for registry in registries {
        let token = BASE64_STANDARD.encode(format!("AWS:{}", cx.ids.hex(64)));
        let endpoint = format!("https://{}", host(cx, registry));
        data.push(json!({"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": endpoint}));
    }
    Ok(json!({ "authorizationData": data }))
}

/// The digest of a blob: `sha256:` and hexadecimal digits.
fn digest(blob: &[u8]) -> String {
    Sha256::digest(blob).iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let repositories = cx.here.ecr.repositories.values();
    repositories
        .map(|repository| Found {
            kind: "ecr.repository",
            name: repository.name.clone(),
            arn: repository.arn.clone(),
            tags: repository.tags.clone(),
            settings: json!({
                "image_tag_mutability": repository.mutability.mode,
                "images": repository.images.len(),
            }),
        })
        .collect()
}
