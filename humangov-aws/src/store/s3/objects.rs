// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects: got, put and deleted under conditions, and listed.

use super::super::failed::{TRIES, corrupt, wait};
use super::S3Store;
use aws_sdk_s3::{operation::list_objects_v2::ListObjectsV2Output, primitives::ByteStream};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use humangov_core::store::{Object, OnlyIf, StoreError, Version};

/// How often an object is asked for again whose bytes did not all arrive: the client tries again only until they begin to.
const READS: u32 = 3;

/// Why a conditional write was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The condition does not hold.
    Condition,
    /// Another write was under way: S3 says to look and to try again.
    Conflict,
}

impl Refusal {
    fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<Self> {
        let status = error.raw_response()?.status().as_u16();
        match (status, error.code()) {
            (412, _) | (404, Some("NoSuchKey")) => Some(Self::Condition),
            (409, Some("ConditionalRequestConflict" | "OperationAborted")) => Some(Self::Conflict),
            _ => None,
        }
    }
}

impl S3Store {
    /// The object of this name; `told` is what is told of where something goes wrong.
    pub(super) async fn get_object(&self, name: &str, told: &str) -> Result<Option<Object>, StoreError> {
        let mut tries = 0;
        loop {
            let answer = self.client.get_object().bucket(&self.bucket).key(self.key(name)).send().await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
                Err(error) => return Err(self.failed("GetObject", "read", told, error)),
            };
            let Some(version) = answer.e_tag.map(Version::new) else {
                return Err(corrupt(self.place_of(told), "it was answered without an entity tag"));
            };
            match answer.body.collect().await {
                Ok(bytes) => return Ok(Some(Object { bytes: bytes.to_vec(), version })),
                Err(_) if tries + 1 < READS => tries += 1,
                Err(error) => return Err(StoreError::io("read", self.place_of(told), error)),
            }
        }
    }

    pub(super) async fn put_object(
        &self,
        name: &str,
        told: &str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'_>,
    ) -> Result<Option<Version>, StoreError> {
        let mut tries = 0;
        loop {
            let put = self.client.put_object().bucket(&self.bucket).key(self.key(name));
            let put = match only_if {
                OnlyIf::Absent => put.if_none_match("*"),
                OnlyIf::Is(version) => put.if_match(version.as_str()),
            };
            let put = put.content_type("application/json").body(ByteStream::from(bytes.clone()));
            match put.send().await {
                Ok(answer) => match answer.e_tag {
                    Some(tag) => return Ok(Some(Version::new(tag))),
                    None => {
                        return Err(corrupt(self.place_of(told), "it was answered without an entity tag"));
                    }
                },
                Err(error) => match Refusal::of(&error) {
                    Some(Refusal::Condition) => return Ok(None),
                    Some(Refusal::Conflict) if tries < TRIES => {
                        tokio::time::sleep(wait(tries)).await;
                        tries += 1;
                    }
                    _ => return Err(self.failed("PutObject", "write", told, error)),
                },
            }
        }
    }

    pub(super) async fn delete_object(&self, name: &str, version: &Version) -> Result<bool, StoreError> {
        let mut tries = 0;
        loop {
            let delete = self.client.delete_object().bucket(&self.bucket).key(self.key(name));
            match delete.if_match(version.as_str()).send().await {
                Ok(_) => return Ok(true),
                Err(error) => match Refusal::of(&error) {
                    Some(Refusal::Condition) => return Ok(false),
                    Some(Refusal::Conflict) if tries < TRIES => {
                        tokio::time::sleep(wait(tries)).await;
                        tries += 1;
                    }
                    _ => return Err(self.failed("DeleteObject", "remove", name, error)),
                },
            }
        }
    }

    /// The names of objects and logs that begin with `prefix`.
    pub(super) async fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        let mut add = |key: Option<&str>| {
            let name =
                key.and_then(|key| key.strip_prefix(&self.prefix)).map(|name| name.trim_end_matches('/'));
            names.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
        };
        let mut token = None;
        loop {
            let page = self.page(prefix, Some("/"), token, prefix).await?;
            page.contents().iter().for_each(|object| add(object.key()));
            page.common_prefixes().iter().for_each(|log| add(log.prefix()));
            token = page.next_continuation_token;
            if token.is_none() {
                break;
            }
        }
        names.sort();
        // A name that is an object's and, by a mistake, also a log's.
        names.dedup();
        Ok(names)
    }

    /// One page of the keys after `prefix`, which are listed together where they have `delimiter` after it.
    pub(super) async fn page(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        token: Option<String>,
        told: &str,
    ) -> Result<ListObjectsV2Output, StoreError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.key(prefix));
        let list = list.set_delimiter(delimiter.map(str::to_owned)).set_continuation_token(token);
        list.send().await.map_err(|error| self.failed("ListObjectsV2", "list", told, error))
    }
}
