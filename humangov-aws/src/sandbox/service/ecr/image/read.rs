// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading images, and deleting them.

use super::{Failure, Image};
use crate::sandbox::{
    error::ApiError,
    service::{
        ecr::{
            refusal::{invalid, one_of},
            repository::{MOST_ON_PAGE, Repository, named},
        },
        page::{Order, page},
    },
    wire::Input,
    world::{Cx, epoch},
};
use serde_json::{Value, json};

/// How many images a batch can have.
const MOST: usize = 100;

/// The images that a batch names.
fn ids(input: Input<'_>) -> Result<impl Iterator<Item = Input<'_>>, ApiError> {
    if (1..=MOST).contains(&input.list("imageIds").len()) {
        return Ok(input.objects("imageIds"));
    }
    Err(invalid("imageIds", "must have between 1 and 100 members"))
}

pub(super) fn get(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let account = cx.account;
    let ids = ids(input)?;
    let repository = named(cx, input)?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        let found = repository.find(id).and_then(|digest| {
            repository.images.get(&digest).map(|image| (digest, image)).ok_or(Failure::NotFound)
        });
        match found {
            Ok((digest, image)) => images.push(got(repository, account, id, &digest, image)),
            Err(failure) => failures.push(failure.describe(id)),
        }
    }
    Ok(json!({"images": images, "failures": failures}))
}

fn got(repository: &Repository, account: &str, id: Input<'_>, digest: &str, image: &Image) -> Value {
    let mut found = json!({ "imageDigest": digest });
    if let Some(tag) = id.text("imageTag") {
        found["imageTag"] = tag.into();
    }
    let members = [
        ("imageId", found),
        ("imageManifest", image.manifest.as_str().into()),
        ("imageManifestMediaType", image.media_type.as_str().into()),
    ];
    repository.answer(account, members)
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let account = cx.account;
    let wanted = wanted(input)?;
    if !input.has("imageIds") {
        let repository = named(cx, input)?;
        let images = repository.images.iter().filter(|(digest, _)| wanted.fits(repository, digest));
        let images =
            images.map(|(digest, image)| (digest.as_str(), described(repository, account, digest, image)));
        return page(input, "imageDetails", MOST_ON_PAGE, Order::Ascending, images);
    }
    if input.has("maxResults") || input.has("nextToken") {
        return Err(invalid("imageIds", "cannot be combined with maxResults or nextToken"));
    }
    let ids = ids(input)?;
    let repository = named(cx, input)?;
    let mut details = Vec::new();
    for id in ids {
        let missing = |_| not_found(repository, account, id);
        let digest = repository.find(id).map_err(missing)?;
        let image = repository.images.get(&digest).ok_or(Failure::NotFound).map_err(missing)?;
        details.push(described(repository, account, &digest, image));
    }
    Ok(json!({ "imageDetails": details }))
}

fn not_found(repository: &Repository, account: &str, id: Input<'_>) -> ApiError {
    let text = |name: &str| id.text(name).unwrap_or("null").to_owned();
    ApiError::new(
        "ImageNotFoundException",
        format!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in the \
             registry with id '{account}'",
            text("imageDigest"),
            text("imageTag"),
            repository.name
        ),
    )
}

fn described(repository: &Repository, account: &str, digest: &str, image: &Image) -> Value {
    let mut described = repository.answer(
        account,
        [
            ("imageDigest", digest.into()),
            ("imageSizeInBytes", image.size.into()),
            ("imagePushedAt", epoch(image.pushed)),
            ("imageManifestMediaType", image.media_type.as_str().into()),
        ],
    );
    let tags = repository.tags_of(digest);
    if !tags.is_empty() {
        described["imageTags"] = tags.into();
    }
    if let Some(artifact) = &image.artifact_type {
        described["artifactMediaType"] = artifact.as_str().into();
    }
    described
}

/// Which images are listed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    All,
    Tagged,
    Untagged,
}

impl Wanted {
    fn fits(self, repository: &Repository, digest: &str) -> bool {
        self == Self::All || repository.tags_of(digest).is_empty() == (self == Self::Untagged)
    }
}

fn wanted(input: Input<'_>) -> Result<Wanted, ApiError> {
    let status = input.object("filter").and_then(|filter| filter.text("tagStatus")).unwrap_or("ANY");
    one_of("filter.tagStatus", status, &["TAGGED", "UNTAGGED", "ANY"])?;
    Ok(match status {
        "TAGGED" => Wanted::Tagged,
        "UNTAGGED" => Wanted::Untagged,
        _ => Wanted::All,
    })
}

/// Each tag with the digest of its image, and the digests of images without tags.
pub(super) fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let wanted = wanted(input)?;
    let repository = named(cx, input)?;
    let images = repository.images.keys().filter(|digest| wanted.fits(repository, digest));
    let ids: Vec<(String, Value)> = images.flat_map(|digest| image_ids(repository, digest)).collect();
    let ids = ids.iter().map(|(key, id)| (key.as_str(), id.clone()));
    page(input, "imageIds", MOST_ON_PAGE, Order::Ascending, ids)
}

/// The names of an image, by keys that go in their order.
fn image_ids(repository: &Repository, digest: &str) -> Vec<(String, Value)> {
    let tags = repository.tags_of(digest);
    if tags.is_empty() {
        return vec![(digest.to_owned(), json!({ "imageDigest": digest }))];
    }
    let id = |tag: &&str| (format!("{digest}:{tag}"), json!({"imageDigest": digest, "imageTag": tag}));
    tags.iter().map(id).collect()
}

/// Takes tags away, and images: those named by digest, and those that lose their last tag.
pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let ids = ids(input)?;
    let repository = named(cx, input)?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        match delete_one(repository, id) {
            Ok(gone) => deleted.extend(gone),
            Err(failure) => failures.push(failure.describe(id)),
        }
    }
    Ok(json!({"imageIds": deleted, "failures": failures}))
}

fn delete_one(repository: &mut Repository, id: Input<'_>) -> Result<Vec<Value>, Failure> {
    let digest = repository.find(id)?;
    let tags = repository.tags_of(&digest).len();
    let tag = id.text("imageTag");
    let is_last = tag.is_none() || tags == 1;
    if is_last && repository.images.values().any(|image| image.needs(&digest)) {
        return Err(Failure::Referenced);
    }
    let gone = match tag {
        Some(tag) => vec![json!({"imageDigest": digest, "imageTag": tag})],
        None => image_ids(repository, &digest).into_iter().map(|(_, id)| id).collect(),
    };
    repository.image_tags.retain(|name, of| *of != digest || tag.is_some_and(|tag| tag != name));
    if is_last {
        repository.images.remove(&digest);
    }
    Ok(gone)
}
