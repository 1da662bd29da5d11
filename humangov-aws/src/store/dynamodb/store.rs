// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`DynamoDbStore`]: a table as a backend.

use super::super::failed::{failed, retries, timeouts};
use crate::error::Service;
use aws_sdk_dynamodb::{
    Client,
    config::{Builder, Region},
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use futures_util::future::BoxFuture;
use humangov_core::store::{Backend, Log, Object, OnlyIf, StoreError, Version};
use std::error::Error;

/// Keeps each object in an item of a table, and each log in an item that says where it ends, with one more for every append. Many
/// fleets and accounts can share a table.
///
/// The table has the partition key `store` and the sort key `name`, both strings. Under `store` = `SCOPE` are the items
/// `STACK.json`, `STACK.lock` and `STACK.RUN.journal`; what does not fit into one item, and what is appended, is in pieces of up to
/// 350 kB under `store` = `SCOPE#NAME`.
///
/// # Guarantees
/// Items are written under condition expressions, so that of all who write the same one wins, and read consistently. Pieces are
/// written first, and count once the item that tells of them is written. An append is one transaction, which DynamoDB knows when it
/// is sent again.
///
/// # Permissions
/// `dynamodb:GetItem`, `PutItem`, `UpdateItem`, `DeleteItem`, `Query` and `BatchWriteItem` on the table, and those of its key where
/// it is encrypted with one of your own.
///
/// # Caveats
/// The table must be there. A writer that dies between the pieces of an object and its item leaves pieces that nobody reads.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) scope: String,
}

/// A client for stores, with its own limits where `sdk` has none.
pub(in crate::store) fn client(sdk: &SdkConfig, region: Option<&str>) -> Client {
    let mut builder = Builder::from(sdk);
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

impl DynamoDbStore {
    /// A store in `table`, in the partition `scope`.
    pub fn new(client: Client, table: impl Into<String>, scope: impl Into<String>) -> Self {
        let scope: String = scope.into();
        // A key must not be empty.
        let scope = if scope.is_empty() { "humangov".to_owned() } else { scope };
        Self { client, table: table.into(), scope }
    }

    pub(super) fn place_of(&self, name: &str) -> String {
        format!("dynamodb://{}/{}/{name}", self.table, self.scope)
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
        failed((Service::DynamoDb, operation), what, self.place_of(name), || self.how_to_make(), error)
    }

    /// How its table is made.
    fn how_to_make(&self) -> String {
        let region = self.client.config().region().map_or("us-east-1", AsRef::as_ref);
        format!(
            "aws dynamodb create-table --table-name {} --region {region} --billing-mode PAY_PER_REQUEST \
             --attribute-definitions AttributeName=store,AttributeType=S AttributeName=name,AttributeType=S \
             --key-schema AttributeName=store,KeyType=HASH AttributeName=name,KeyType=RANGE",
            self.table
        )
    }
}

impl Backend for DynamoDbStore {
    fn place(&self, name: &str) -> String {
        self.place_of(name)
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        Box::pin(self.get_object(name))
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        Box::pin(self.put_object(name, bytes, only_if))
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
        Box::pin(self.append_pieces(log, at, bytes))
    }

    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        Box::pin(self.read_pieces(log))
    }

    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.remove_pieces(log))
    }
}
