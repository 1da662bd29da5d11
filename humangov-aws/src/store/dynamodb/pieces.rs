// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pieces: what is in items of their own, under `SCOPE#NAME`.

use super::super::failed::{TRIES, corrupt, wait};
use super::{
    DynamoDbStore,
    item::{BYTES, Item, NAME, STORE, bytes_of, key, text, text_of},
};
use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use humangov_core::store::{StoreError, StoreErrorKind};
use std::collections::BTreeMap;

/// How many items one request deletes.
const MOST_DELETED: usize = 25;

impl DynamoDbStore {
    /// Under what the pieces of `name` are.
    pub(super) fn pieces(&self, name: &str) -> String {
        format!("{}#{name}", self.scope)
    }

    /// The names of the pieces of `name` that are from `first` to `last`, with what is in them.
    pub(super) async fn read(
        &self,
        name: &str,
        first: &str,
        last: &str,
    ) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut found = BTreeMap::new();
        self.query(name, &self.pieces(name), Some((first, last)), None, |item| {
            let read = text_of(&item, NAME).zip(bytes_of(&item, BYTES));
            let (piece, bytes) =
                read.ok_or_else(|| corrupt(self.place_of(name), "a piece of it holds no bytes"))?;
            found.insert(piece.to_owned(), bytes.to_vec());
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Gives `take` every item under `store`, of those with names from the one to the other, or that begin so; only their keys where
    /// `only_keys` says what they are for.
    pub(super) async fn query(
        &self,
        told: &str,
        store: &str,
        between: Option<(&str, &str)>,
        begins: Option<&str>,
        mut take: impl FnMut(Item) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut start = None;
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .expression_attribute_names("#s", STORE)
                .expression_attribute_values(":s", text(store))
                .set_exclusive_start_key(start);
            let mut condition = "#s = :s".to_owned();
            if let Some((first, last)) = between {
                condition += " AND #n BETWEEN :a AND :b";
                query = query
                    .expression_attribute_names("#n", NAME)
                    .expression_attribute_values(":a", text(first))
                    .expression_attribute_values(":b", text(last));
            } else {
                query = query.expression_attribute_names("#n", NAME).projection_expression("#n");
                if let Some(prefix) = begins.filter(|prefix| !prefix.is_empty()) {
                    condition += " AND begins_with(#n, :p)";
                    query = query.expression_attribute_values(":p", text(prefix));
                }
            }
            let page = query.key_condition_expression(condition).send().await;
            let page = page.map_err(|error| self.failed("Query", "read", told, error))?;
            page.items.unwrap_or_default().into_iter().try_for_each(&mut take)?;
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// Deletes pieces of `name`. What is not there is as good as deleted.
    pub(super) async fn delete(&self, name: &str, pieces: &[String]) -> Result<(), StoreError> {
        for some in pieces.chunks(MOST_DELETED) {
            let mut requests = Vec::new();
            for piece in some {
                let delete = DeleteRequest::builder().set_key(Some(key(&self.pieces(name), piece))).build();
                let delete = delete.map_err(|error| {
                    StoreError::new(StoreErrorKind::Refused("remove", self.place_of(name))).with_source(error)
                })?;
                requests.push(WriteRequest::builder().delete_request(delete).build());
            }
            let mut tries = 0;
            while !requests.is_empty() {
                let write = self.client.batch_write_item().request_items(&self.table, requests);
                let answer = write.send().await;
                let answer = answer.map_err(|error| self.failed("BatchWriteItem", "remove", name, error))?;
                requests = answer
                    .unprocessed_items
                    .and_then(|mut left| left.remove(&self.table))
                    .unwrap_or_default();
                if !requests.is_empty() {
                    // What is left is left because it would have been too much.
                    if tries == TRIES {
                        let busy = std::io::Error::other("the table is too busy");
                        return Err(StoreError::io("remove", self.place_of(name), busy));
                    }
                    tokio::time::sleep(wait(tries)).await;
                    tries += 1;
                }
            }
        }
        Ok(())
    }
}
