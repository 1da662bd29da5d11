// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`S3Store`]: a bucket as a backend.

use super::super::failed::{failed, retries, timeouts};
use crate::error::Service;
use aws_sdk_s3::{
    Client,
    config::{Builder, Region},
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use futures_util::future::BoxFuture;
use humangov_core::store::{Backend, Log, Object, OnlyIf, StoreError, Version};
use std::error::Error;

/// Keeps each object in an object of a bucket, and each log in one object for every append, all under one prefix:
/// `PREFIX/STACK.json`, `PREFIX/STACK.lock`, `PREFIX/STACK.RUN.journal/00000001`.
///
/// # Guarantees
/// Objects are put with `If-None-Match: *` or `If-Match`, so that of all who write the same one wins; S3 is consistent and durable
/// once it answers. An append is two requests: the object, which must be new, and a look at the one before, which is gone where
/// somebody has removed the log meanwhile. A log is read whole or not at all.
///
/// # Permissions
/// `s3:GetObject`, `s3:PutObject` and `s3:DeleteObject` on `BUCKET/PREFIX/*`, `s3:ListBucket` on the bucket (without it a missing
/// object looks like a forbidden one), and those of its key where the bucket is encrypted with one of your own.
///
/// # Caveats
/// The bucket must be there. A lifecycle rule that expires objects would lose state; with versioning, earlier snapshots stay
/// readable. Servers that are like S3 must honour conditions on PutObject and on DeleteObject.
#[derive(Debug, Clone)]
pub struct S3Store {
    pub(super) client: Client,
    pub(super) bucket: String,
    /// What all keys begin with: empty, or with a slash at its end.
    pub(super) prefix: String,
}

/// A client for stores, with its own limits where `sdk` has none.
pub(in crate::store) fn client(sdk: &SdkConfig, region: Option<&str>) -> Client {
    let mut builder = Builder::from(sdk);
    // An endpoint of one's own (an emulator, a gateway) rarely serves bucket.host names.
    builder.set_force_path_style(sdk.endpoint_url().map(|_| true));
    if let Some(region) = region {
        builder = builder.region(Region::new(region.to_owned()));
    }
    if sdk.timeout_config().is_none() {
        builder = builder.timeout_config(timeouts());
    }
    if sdk.retry_config().is_none() {
        builder = builder.retry_config(retries());
    }
    Client::from_conf(builder.build())
}

impl S3Store {
    /// A store in `bucket`, whose keys begin with `prefix` and a slash.
    pub fn new(client: Client, bucket: impl Into<String>, prefix: impl AsRef<str>) -> Self {
        let prefix = prefix.as_ref().trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { client, bucket: bucket.into(), prefix }
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn place_of(&self, name: &str) -> String {
        format!("s3://{}/{}{name}", self.bucket, self.prefix)
    }

    /// What went wrong where `operation` was to do `what` to `name`.
    pub(super) fn failed<E>(
        &self,
        operation: &'static str,
        what: &'static str,
        name: &str,
        error: SdkError<E, HttpResponse>,
    ) -> StoreError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let make = || self.how_to_make();
        failed((Service::S3, operation), what, self.place_of(name), make, error)
    }

    /// How its bucket is made.
    fn how_to_make(&self) -> String {
        let region = self.client.config().region().map_or("us-east-1", AsRef::as_ref);
        let mut line = format!("aws s3api create-bucket --bucket {} --region {region}", self.bucket);
        // Where no constraint is said, a bucket is made there, and there none may be said.
        if region != "us-east-1" {
            line.push_str(" --create-bucket-configuration LocationConstraint=");
            line.push_str(region);
        }
        line
    }
}

impl Backend for S3Store {
    fn place(&self, name: &str) -> String {
        self.place_of(name)
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        Box::pin(self.get_object(name, name))
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        Box::pin(self.put_object(name, name, bytes, only_if))
    }

    fn remove<'a>(&'a self, name: &'a str, version: &'a Version) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.delete_object(name, version))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(self.names(prefix))
    }

    fn append<'a>(
        &'a self,
        log: &'a str,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(self.append_part(log, at, bytes))
    }

    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        Box::pin(self.read_parts(log))
    }

    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.remove_parts(log))
    }
}
