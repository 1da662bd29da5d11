// SPDX-License-Identifier: MIT OR Apache-2.0
//! PutImage.

use super::Image;
use crate::sandbox::{
    error::ApiError,
    service::ecr::{
        digest,
        refusal::{invalid, required},
        repository::{Repository, named},
    },
    wire::Input,
    world::Cx,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How many bytes a manifest can have.
const MOST_BYTES: usize = 4_194_304;

pub(super) fn put(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (account, now) = (cx.account, cx.now);
    let text = required(input, "imageManifest")?;
    let tag = input.text("imageTag");
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(invalid(
            "imageTag",
            "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'",
        ));
    }
    let repository = named(cx, input)?;
    let image = read(repository, text, input, now)?;
    let found = digest(text.as_bytes());
    if input.text("imageDigest").is_some_and(|wanted| wanted != found) {
        return Err(ApiError::new(
            "ImageDigestDoesNotMatchException",
            "The specified image digest does not match the digest that Amazon ECR calculated for the image.",
        ));
    }
    check_tag(repository, tag, &found)?;
    let (manifest, media_type) = (image.manifest.clone(), image.media_type.clone());
    repository.images.entry(found.clone()).or_insert(image);
    let mut id = json!({ "imageDigest": found });
    if let Some(tag) = tag {
        repository.image_tags.insert(tag.to_owned(), found);
        id["imageTag"] = tag.into();
    }
    let members =
        [("imageId", id), ("imageManifest", manifest.into()), ("imageManifestMediaType", media_type.into())];
    Ok(json!({ "image": repository.answer(account, members) }))
}

fn is_tag(tag: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=128).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.chars().all(allowed)
}

/// Refuses an image that is there already as it is, and a tag that may not be moved.
fn check_tag(repository: &Repository, tag: Option<&str>, digest: &str) -> Result<(), ApiError> {
    let name = &repository.name;
    let bearer = tag.and_then(|tag| repository.image_tags.get(tag));
    let is_known = repository.images.contains_key(digest);
    match (tag, bearer) {
        (Some(tag), Some(bearer)) if bearer != digest && repository.mutability.holds(tag) => {
            Err(ApiError::new(
                "ImageTagAlreadyExistsException",
                format!(
                    "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
                ),
            ))
        }
        (tag, bearer) if is_known && (tag.is_none() || bearer.is_some_and(|bearer| bearer == digest)) => {
            let tag = tag.unwrap_or("null");
            let message = format!(
                "Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}'"
            );
            Err(ApiError::new("ImageAlreadyExistsException", message))
        }
        _ => Ok(()),
    }
}

/// Reads a manifest, and looks whether all that it names is there.
fn read(repository: &Repository, text: &str, input: Input<'_>, now: Timestamp) -> Result<Image, ApiError> {
    let malformed = |why: &str| invalid("imageManifest", why);
    if text.is_empty() || text.len() > MOST_BYTES {
        return Err(malformed("must have between 1 and 4194304 characters"));
    }
    let manifest: Value = serde_json::from_str(text).map_err(|_| malformed("Invalid JSON syntax"))?;
    let manifest = Input(&manifest);
    let media_type = manifest.text("mediaType").or_else(|| input.text("imageManifestMediaType"));
    let media_type =
        media_type.ok_or_else(|| malformed("a manifest without mediaType needs imageManifestMediaType"))?;
    let is_list = manifest.has("manifests");
    let needs = if is_list { named_manifests(manifest) } else { named_layers(manifest) };
    if needs.is_empty() {
        return Err(malformed("the manifest names no layers and no manifests"));
    }
    if is_list {
        check_manifests(repository, &needs)?;
    } else {
        check_layers(repository, &needs)?;
    }
    let artifact_type =
        manifest.object("config").and_then(|config| config.text("mediaType")).map(str::to_owned);
    Ok(Image {
        manifest: text.to_owned(),
        media_type: media_type.to_owned(),
        artifact_type,
        size: size(repository, &needs),
        needs,
        pushed: now,
    })
}

/// The digests of a manifest's configuration and layers.
fn named_layers(manifest: Input<'_>) -> Vec<String> {
    let config = manifest.object("config").into_iter();
    let layers = config.chain(manifest.objects("layers")).filter_map(|layer| layer.text("digest"));
    let old = manifest.objects("fsLayers").filter_map(|layer| layer.text("blobSum"));
    layers.chain(old).map(str::to_owned).collect()
}

fn named_manifests(list: Input<'_>) -> Vec<String> {
    list.objects("manifests").filter_map(|manifest| manifest.text("digest")).map(str::to_owned).collect()
}

fn check_layers(repository: &Repository, needs: &[String]) -> Result<(), ApiError> {
    let missing: Vec<&str> =
        needs.iter().map(String::as_str).filter(|digest| !repository.layers.contains_key(*digest)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let name = &repository.name;
    Err(ApiError::new(
        "LayersNotFoundException",
        format!(
            "Layers with digests '[{}]' required for pushing image into repository with name '{name}' do not exist",
            missing.join(", ")
        ),
    ))
}

fn check_manifests(repository: &Repository, needs: &[String]) -> Result<(), ApiError> {
    match needs.iter().find(|digest| !repository.images.contains_key(*digest)) {
        None => Ok(()),
        Some(missing) => Err(ApiError::new(
            "ReferencedImagesNotFoundException",
            format!("Images with digests '[{missing}]' required for pushing image do not exist"),
        )),
    }
}

/// All its layers; of a list of manifests, the largest.
fn size(repository: &Repository, needs: &[String]) -> usize {
    let layers = needs.iter().filter_map(|digest| repository.layers.get(digest)).map(|layer| layer.size);
    let largest =
        needs.iter().filter_map(|digest| repository.images.get(digest)).map(|image| image.size).max();
    largest.unwrap_or_else(|| layers.sum())
}
