// SPDX-License-Identifier: MIT OR Apache-2.0
//! Layers of images, and their upload. Of a layer only its digest and size are kept.

use super::{
    digest,
    refusal::{invalid, required},
    repository::{Repository, named},
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long parts are to be, and the least and the most they can be; the last part may be shorter.
const PART_SIZE: usize = 10 << 20;
const LEAST_PART: usize = 5 << 20;
const MOST_PART: usize = 20 << 20;

/// How many digests one BatchCheckLayerAvailability takes.
const MOST_DIGESTS: usize = 100;

const MEDIA_TYPE: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A layer, or the configuration of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Layer {
    pub size: usize,
}

/// A layer that is being uploaded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Upload {
    /// Base64, as they came: what is saved is text.
    parts: Vec<String>,
    size: usize,
    /// Whether there is a part that only the last can be.
    is_ended: bool,
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "InitiateLayerUpload" => initiate(cx, input),
        "UploadLayerPart" => upload(cx, input),
        "CompleteLayerUpload" => complete(cx, input),
        "BatchCheckLayerAvailability" => check(cx, input),
        "GetDownloadUrlForLayer" => download_url(cx, input),
        _ => return None,
    })
}

fn initiate(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    named(cx, input)?;
    let id = cx.ids.uuid();
    named(cx, input)?.uploads.insert(id.clone(), Upload::default());
    Ok(json!({"uploadId": id, "partSize": PART_SIZE}))
}

/// The upload of the request. Its id is good for this repository only.
fn upload_of<'r>(repository: &'r mut Repository, id: &str) -> Result<&'r mut Upload, ApiError> {
    repository.uploads.get_mut(id).ok_or_else(|| {
        ApiError::new(
            "UploadNotFoundException",
            "The upload could not be found, or the specified upload ID is not valid for this repository.",
        )
    })
}

fn upload(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let account = cx.account;
    let (id, blob) = (required(input, "uploadId")?, required(input, "layerPartBlob")?);
    let position = |name: &str| {
        let byte = input.integer(name).and_then(|byte| usize::try_from(byte).ok());
        byte.ok_or_else(|| invalid(name, "must be the position of a byte"))
    };
    let (first, last) = (position("partFirstByte")?, position("partLastByte")?);
    let bytes = BASE64_STANDARD.decode(blob).map_err(|_| invalid("layerPartBlob", "must be base64"))?;
    if bytes.len() > MOST_PART {
        return Err(invalid("layerPartBlob", "must have 20971520 bytes at most"));
    }
    let repository = named(cx, input)?;
    let upload = upload_of(repository, id)?;
    if first != upload.size || Some(bytes.len()) != last.checked_sub(first).map(|length| length + 1) {
        let last_valid = upload.size.saturating_sub(1);
        let message = format!(
            "Layer part with first byte {first} and last byte {last} is not consecutive to what was received, or not of its own length"
        );
        let error = ApiError::new("InvalidLayerPartException", message).with("uploadId", id);
        return Err(error.with("lastValidByteReceived", last_valid));
    }
    if upload.is_ended {
        return Err(too_small());
    }
    upload.is_ended = bytes.len() < LEAST_PART;
    upload.size += bytes.len();
    upload.parts.push(blob.to_owned());
    Ok(repository.answer(account, [("uploadId", id.into()), ("lastByteReceived", last.into())]))
}

fn too_small() -> ApiError {
    ApiError::new("LayerPartTooSmallException", "Layer parts must be at least 5 MiB in size.")
}

fn complete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let account = cx.account;
    let id = required(input, "uploadId")?;
    let wanted = input.texts("layerDigests");
    if wanted.is_empty() {
        return Err(invalid("layerDigests", "must have a member"));
    }
    let repository = named(cx, input)?;
    let upload = upload_of(repository, id)?;
    if upload.parts.is_empty() {
        return Err(ApiError::new(
            "EmptyUploadException",
            "The specified layer upload does not contain any layer parts.",
        ));
    }
    let parts = upload.parts.iter().filter_map(|part| BASE64_STANDARD.decode(part).ok());
    let bytes: Vec<u8> = parts.flatten().collect();
    let found = digest(&bytes);
    if !wanted.contains(&found.as_str()) {
        return Err(ApiError::new(
            "InvalidLayerException",
            "The layer digest calculation performed by Amazon ECR upon receipt of the image layer does not match the digest specified.",
        ));
    }
    repository.uploads.remove(id);
    if repository.layers.contains_key(&found) {
        let name = &repository.name;
        return Err(ApiError::new(
            "LayerAlreadyExistsException",
            format!(
                "Layer with digest '{found}' already exists in the repository with name '{name}' in registry with id '{account}'"
            ),
        ));
    }
    repository.layers.insert(found.clone(), Layer { size: bytes.len() });
    Ok(repository.answer(account, [("uploadId", id.into()), ("layerDigest", found.into())]))
}

fn check(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let digests = input.texts("layerDigests");
    if digests.is_empty() || digests.len() > MOST_DIGESTS {
        return Err(invalid("layerDigests", "must have between 1 and 100 members"));
    }
    let repository = named(cx, input)?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for digest in digests {
        match repository.layers.get(digest) {
            Some(layer) => layers.push(json!({
                "layerDigest": digest,
                "layerAvailability": "AVAILABLE",
                "layerSize": layer.size,
                "mediaType": MEDIA_TYPE,
            })),
            None if is_digest(digest) => {
                layers.push(json!({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}));
            }
            None => failures.push(json!({
                "layerDigest": digest,
                "failureCode": if digest.is_empty() { "MissingLayerDigest" } else { "InvalidLayerDigest" },
                "failureReason": "The layer digest is missing or invalid",
            })),
        }
    }
    Ok(json!({"layers": layers, "failures": failures}))
}

/// Whether it has the form of a digest.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = |hex: &str| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit());
    text.strip_prefix("sha256:").is_some_and(hex)
}

fn download_url(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (account, region) = (cx.account, cx.region);
    let digest = required(input, "layerDigest")?;
    let repository = named(cx, input)?;
    if !repository.layers.contains_key(digest) {
        return Err(ApiError::new(
            "LayersNotFoundException",
            format!(
                "The layer with digest '{digest}' does not exist in the repository with name '{}'",
                repository.name
            ),
        ));
    }
    if !repository.images.values().any(|image| image.needs(digest)) {
        return Err(ApiError::new(
            "LayerInaccessibleException",
            "The specified layer is not available because it is not associated with an image. Unassociated image layers may be cleaned \
             up at any time.",
        ));
    }
    let name = &repository.name;
    let url = format!("https://prod-{region}-layers.s3.{region}.amazonaws.com/{account}/{name}/{digest}");
    Ok(json!({"downloadUrl": url, "layerDigest": digest}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::Account;

    fn account() -> (Account, String) {
        let mut account = Account::new("ecr");
        account.ok("CreateRepository", &json!({"repositoryName": "app"}));
        let id = account.ok("InitiateLayerUpload", &json!({"repositoryName": "app"}))["uploadId"].clone();
        (account, id.as_str().unwrap_or_default().to_owned())
    }

    fn part(id: &str, first: usize, bytes: &[u8]) -> Value {
        json!({
            "repositoryName": "app",
            "uploadId": id,
            "partFirstByte": first,
            "partLastByte": first + bytes.len() - 1,
            "layerPartBlob": BASE64_STANDARD.encode(bytes),
        })
    }

    fn end(id: &str, digest: &str) -> Value {
        json!({"repositoryName": "app", "uploadId": id, "layerDigests": [digest]})
    }

    #[test]
    fn a_layer_is_uploaded_and_then_there() {
        let (mut account, id) = account();
        let layer = digest(b"hello world");
        let availability = |account: &mut Account| {
            let asked = json!({"repositoryName": "app", "layerDigests": [layer]});
            account.ok("BatchCheckLayerAvailability", &asked)["layers"][0]["layerAvailability"].clone()
        };
        assert_eq!(availability(&mut account), "UNAVAILABLE");
        assert_eq!(account.ok("UploadLayerPart", &part(&id, 0, b"hello world"))["lastByteReceived"], 10);
        assert_eq!(account.ok("CompleteLayerUpload", &end(&id, &layer))["layerDigest"], layer);
        assert_eq!(availability(&mut account), "AVAILABLE");
        let asked = json!({"repositoryName": "app", "layerDigest": layer});
        assert_eq!(account.refused("GetDownloadUrlForLayer", &asked), "LayerInaccessibleException");
        assert_eq!(account.refused("CompleteLayerUpload", &end(&id, &layer)), "UploadNotFoundException");
    }

    #[test]
    fn parts_follow_each_other() {
        let (mut account, id) = account();
        let long = vec![7; LEAST_PART];
        account.ok("UploadLayerPart", &part(&id, 0, &long));
        assert_eq!(account.refused("UploadLayerPart", &part(&id, 3, b"x")), "InvalidLayerPartException");
        account.ok("UploadLayerPart", &part(&id, LEAST_PART, b"end"));
        let more = part(&id, LEAST_PART + 3, b"more");
        assert_eq!(account.refused("UploadLayerPart", &more), "LayerPartTooSmallException");
        account.ok("CompleteLayerUpload", &end(&id, &digest(&[long, b"end".to_vec()].concat())));
    }

    #[test]
    fn uploads_that_are_not_what_they_say_are_refused() {
        let (mut account, id) = account();
        let layer = digest(b"a");
        assert_eq!(account.refused("CompleteLayerUpload", &end(&id, &layer)), "EmptyUploadException");
        account.ok("UploadLayerPart", &part(&id, 0, b"b"));
        assert_eq!(account.refused("CompleteLayerUpload", &end(&id, &layer)), "InvalidLayerException");
        assert_eq!(account.refused("UploadLayerPart", &part("x", 0, b"a")), "UploadNotFoundException");
        account.ok("CompleteLayerUpload", &end(&id, &digest(b"b")));
        let again = account.ok("InitiateLayerUpload", &json!({"repositoryName": "app"}))["uploadId"].clone();
        let again = again.as_str().unwrap_or_default().to_owned();
        account.ok("UploadLayerPart", &part(&again, 0, b"b"));
        let code = account.refused("CompleteLayerUpload", &end(&again, &digest(b"b")));
        assert_eq!(code, "LayerAlreadyExistsException");
    }
}
