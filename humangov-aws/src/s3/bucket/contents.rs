// SPDX-License-Identifier: MIT OR Apache-2.0
//! Empties a bucket.

use super::BucketHandler;
use crate::error::{Service, classify, kind_of_object_error, unbuildable};
use aws_sdk_s3::types;
use humangov_core::handler::{Effect, HandlerError, HandlerErrorKind as Kind};

impl BucketHandler {
    /// Deletes every version of every object, and gives up uploads in parts.
    pub(super) async fn empty(&self, name: &str) -> Result<(), HandlerError> {
        // From the first page on, something may be gone.
        self.delete_versions(name).await.map_err(|error| error.with_effect(Effect::Unknown))?;
        self.abort_uploads(name).await.map_err(|error| error.with_effect(Effect::Unknown))
    }

    async fn delete_versions(&self, name: &str) -> Result<(), HandlerError> {
        loop {
            // Always from the start: what was listed before is gone by now.
            let page = self
                .client
                .list_object_versions()
                .bucket(name)
                .send()
                .await
                .map_err(|error| classify(Service::S3, "ListObjectVersions", error))?;
            let versions = page.versions().iter().map(|v| (v.key(), v.version_id()));
            let markers = page.delete_markers().iter().map(|m| (m.key(), m.version_id()));
            let objects = versions
                .chain(markers)
                .map(|(key, version)| {
                    let object = types::ObjectIdentifier::builder().key(key.unwrap_or_default());
                    object.set_version_id(version.map(str::to_owned)).build().map_err(unbuildable)
                })
                .collect::<Result<Vec<_>, _>>()?;
            if objects.is_empty() {
                return Ok(());
            }
            self.delete_objects(name, objects).await?;
            if page.is_truncated != Some(true) {
                return Ok(());
            }
        }
    }

    /// Deletes a page of objects: at most 1000, as many as a page lists.
    async fn delete_objects(
        &self,
        name: &str,
        objects: Vec<types::ObjectIdentifier>,
    ) -> Result<(), HandlerError> {
        let delete = types::Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let request = self.client.delete_objects().bucket(name).delete(delete.map_err(unbuildable)?);
        let answer = request.send().await.map_err(|error| classify(Service::S3, "DeleteObjects", error))?;
        // The call succeeds even where single objects could not be deleted.
        let failures = answer.errors();
        let Some(first) = failures.first() else { return Ok(()) };
        let line = |failure: &types::Error| {
            let text = |text: Option<&str>| text.unwrap_or("?").to_owned();
            format!("{}: {}: {}", text(failure.key()), text(failure.code()), text(failure.message()))
        };
        let error = HandlerError::new(
            kind_of_object_error(first.code()),
            "DeleteObjects",
            format!("{} objects of {name} could not be deleted", failures.len()),
        );
        Err(error
            .with_aws_code(first.code().unwrap_or_default())
            .with_details(failures.iter().take(10).map(line).collect()))
    }

    async fn abort_uploads(&self, name: &str) -> Result<(), HandlerError> {
        let (mut key, mut id) = (None, None);
        loop {
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(name)
                .set_key_marker(key.take())
                .set_upload_id_marker(id.take())
                .send()
                .await
                .map_err(|error| classify(Service::S3, "ListMultipartUploads", error))?;
            for upload in page.uploads() {
                let request = self
                    .client
                    .abort_multipart_upload()
                    .bucket(name)
                    .key(upload.key().unwrap_or_default())
                    .upload_id(upload.upload_id().unwrap_or_default());
                match request.send().await {
                    Ok(_) => {}
                    Err(error) => match classify(Service::S3, "AbortMultipartUpload", error) {
                        gone if gone.kind() == Kind::NotFound => {}
                        error => return Err(error),
                    },
                }
            }
            (key, id) = (page.next_key_marker, page.next_upload_id_marker);
            if page.is_truncated != Some(true) || key.is_none() {
                return Ok(());
            }
        }
    }
}
