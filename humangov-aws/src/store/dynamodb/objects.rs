// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects: got, put and deleted under conditions, and listed.

use super::super::failed::corrupt;
use super::{
    DynamoDbStore,
    item::{
        BYTES, END, Item, NAME, PIECE, VERSION, blob, bytes_of, key, new_version, pieces_of, text, text_of,
    },
};
use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::ReturnValuesOnConditionCheckFailure,
};
use futures_util::{TryStreamExt, stream};
use humangov_core::store::{Object, OnlyIf, StoreError, Version};

/// How many pieces are written at once.
const AT_ONCE: usize = 4;

/// How often an object is read again that was written anew meanwhile.
const READS: u32 = 5;

impl DynamoDbStore {
    /// The item of this name.
    pub(super) async fn item(&self, name: &str) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(&self.scope, name)));
        let answer = get.consistent_read(true).send().await;
        Ok(answer.map_err(|error| self.failed("GetItem", "read", name, error))?.item)
    }

    pub(super) async fn get_object(&self, name: &str) -> Result<Option<Object>, StoreError> {
        let mut seen = None;
        for _ in 0..READS {
            let Some(item) = self.item(name).await? else { return Ok(None) };
            if item.contains_key(END) {
                // A log is no object.
                return Ok(None);
            }
            let Some(version) = text_of(&item, VERSION).map(Version::new) else {
                return Err(corrupt(self.place_of(name), "it has no version"));
            };
            let pieces = pieces_of(&version);
            let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
                let bytes = bytes_of(&item, BYTES).unwrap_or_default().to_vec();
                return Ok(Some(Object { bytes, version }));
            };
            let read = self.read(name, first, last).await?;
            if read.len() == pieces.len() {
                let bytes: Vec<Vec<u8>> = read.into_values().collect();
                return Ok(Some(Object { bytes: bytes.concat(), version }));
            }
            // Whoever wrote it anew meanwhile has deleted its pieces.
            if seen.replace(version.clone()) == Some(version) {
                return Err(corrupt(self.place_of(name), "pieces of it are missing"));
            }
        }
        let changing = std::io::Error::other("it is written anew all the time");
        Err(StoreError::io("read", self.place_of(name), changing))
    }

    pub(super) async fn put_object(
        &self,
        name: &str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'_>,
    ) -> Result<Option<Version>, StoreError> {
        let version = new_version(bytes.len());
        let pieces = pieces_of(&version);
        let mut item = key(&self.scope, name);
        item.insert(VERSION.to_owned(), text(version.as_str()));
        if pieces.is_empty() {
            item.insert(BYTES.to_owned(), blob(&bytes));
        } else {
            stream::iter(pieces.iter().zip(bytes.chunks(PIECE)).map(Ok))
                .try_for_each_concurrent(AT_ONCE, |(piece, bytes)| self.put_piece(name, piece, bytes))
                .await?;
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = match only_if {
            OnlyIf::Absent => {
                put.condition_expression("attribute_not_exists(#n)").expression_attribute_names("#n", NAME)
            }
            OnlyIf::Is(expected) => put
                .condition_expression("#v = :v")
                .expression_attribute_names("#v", VERSION)
                .expression_attribute_values(":v", text(expected.as_str())),
        };
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let refused = match put.send().await {
            Ok(_) => None,
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refused)) => Some(refused.item.clone()),
                _ => return Err(self.failed("PutItem", "write", name, error)),
            },
        };
        // Our own writing, whose answer was lost and that was sent again.
        let is_ours = refused
            .as_ref()
            .is_none_or(|is| is.as_ref().and_then(|is| text_of(is, VERSION)) == Some(version.as_str()));
        let unused = match only_if {
            _ if !is_ours => pieces,
            OnlyIf::Is(before) => pieces_of(before),
            OnlyIf::Absent => Vec::new(),
        };
        if let Err(error) = self.delete(name, &unused).await {
            tracing::warn!(%error, "pieces that nobody reads are left");
        }
        Ok(is_ours.then_some(version))
    }

    async fn put_piece(&self, name: &str, piece: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let put =
            self.client.put_item().table_name(&self.table).set_item(Some(key(&self.pieces(name), piece)));
        let answer = put.item(BYTES, blob(bytes)).send().await;
        answer.map(|_| ()).map_err(|error| self.failed("PutItem", "write", name, error))
    }

    pub(super) async fn delete_object(&self, name: &str, version: &Version) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(&self.scope, name)))
            .condition_expression("#v = :v")
            .expression_attribute_names("#v", VERSION)
            .expression_attribute_values(":v", text(version.as_str()));
        if let Err(error) = delete.send().await {
            return match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(self.failed("DeleteItem", "remove", name, error)),
            };
        }
        if let Err(error) = self.delete(name, &pieces_of(version)).await {
            tracing::warn!(%error, "pieces that nobody reads are left");
        }
        Ok(true)
    }

    /// The names of objects and logs that begin with `prefix`.
    pub(super) async fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        self.query(prefix, &self.scope, None, Some(prefix), |item| {
            names.extend(text_of(&item, NAME).map(str::to_owned));
            Ok(())
        })
        .await?;
        names.sort();
        Ok(names)
    }
}
