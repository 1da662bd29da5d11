// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logs: an item that says where each ends, and one for every piece, numbered from 1.

use super::super::failed::{TRIES, corrupt, wait};
use super::{
    DynamoDbStore,
    item::{BYTES, END, NAME, PIECE, blob, key, number, number_of},
};
use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, transact_write_items::TransactWriteItemsError},
    types::{Put, TransactWriteItem, Update},
};
use humangov_core::store::{Log, StoreError, StoreErrorKind};

/// How many pieces one transaction writes: it takes 4 MB.
const AT_ONCE: usize = 8;

/// How often a log is read again that was removed, or begun anew, meanwhile.
const READS: u32 = 5;

fn piece(number: u64) -> String {
    format!("{number:08}")
}

/// What became of a transaction.
enum Appended {
    Yes,
    /// The log ends elsewhere.
    No,
}

impl DynamoDbStore {
    pub(super) async fn append_pieces(
        &self,
        log: &str,
        at: u64,
        bytes: &[u8],
    ) -> Result<Option<u64>, StoreError> {
        let mut pieces: Vec<&[u8]> = bytes.chunks(PIECE).collect();
        if pieces.is_empty() {
            pieces.push(b"");
        }
        let mut done = 0;
        while let Some(left) = pieces.get(done..).filter(|left| !left.is_empty()) {
            let some = &left[..left.len().min(AT_ONCE)];
            match self.append_some(log, at + done as u64, some).await? {
                Appended::Yes => done += some.len(),
                // Somebody else's; or our own, whose answer was lost.
                Appended::No => match self.ours(log, at + done as u64, left).await? {
                    0 => return Ok(None),
                    ours => done += ours,
                },
            }
        }
        Ok(Some(at + pieces.len() as u64))
    }

    /// How many of `pieces` a log has after `at`.
    async fn ours(&self, log: &str, at: u64, pieces: &[&[u8]]) -> Result<usize, StoreError> {
        let end = self.item(log).await?.and_then(|item| number_of(&item, END)).unwrap_or_default();
        let last = end.min(at + pieces.len() as u64);
        if last <= at {
            return Ok(0);
        }
        let there = self.read(log, &piece(at + 1), &piece(last)).await?;
        Ok(there.values().zip(pieces).take_while(|(there, piece)| *there == *piece).count())
    }

    async fn append_some(&self, log: &str, at: u64, pieces: &[&[u8]]) -> Result<Appended, StoreError> {
        let unbuildable = |error| {
            StoreError::new(StoreErrorKind::Refused("append to", self.place_of(log))).with_source(error)
        };
        let end = at + pieces.len() as u64;
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&self.scope, log)))
            .update_expression("SET #e = :end")
            .expression_attribute_names("#e", END)
            .expression_attribute_values(":end", number(end));
        let update = if at == 0 {
            update.condition_expression("attribute_not_exists(#n)").expression_attribute_names("#n", NAME)
        } else {
            update.condition_expression("#e = :at").expression_attribute_values(":at", number(at))
        };
        let update = update.build().map_err(unbuildable)?;
        let mut actions = vec![TransactWriteItem::builder().update(update).build()];
        for (number, bytes) in (at + 1..).zip(pieces) {
            let mut item = key(&self.pieces(log), &piece(number));
            item.insert(BYTES.to_owned(), blob(bytes));
            let put =
                Put::builder().table_name(&self.table).set_item(Some(item)).build().map_err(unbuildable)?;
            actions.push(TransactWriteItem::builder().put(put).build());
        }
        let mut tries = 0;
        loop {
            let write = self.client.transact_write_items().set_transact_items(Some(actions.clone()));
            let Err(error) = write.send().await else { return Ok(Appended::Yes) };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                _ => return Err(self.failed("TransactWriteItems", "append to", log, error)),
            };
            let has = |codes: &[&str]| {
                reasons.iter().any(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
            };
            if has(&["ConditionalCheckFailed"]) {
                return Ok(Appended::No);
            }
            // Another write of the log was under way, or there were too many of all.
            let passing = has(&["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);
            if !passing {
                return Err(self.failed("TransactWriteItems", "append to", log, error));
            }
            if tries == TRIES {
                return Err(StoreError::io("append to", self.place_of(log), error));
            }
            tokio::time::sleep(wait(tries)).await;
            tries += 1;
        }
    }

    pub(super) async fn read_pieces(&self, log: &str) -> Result<Option<Log>, StoreError> {
        let mut seen = None;
        for _ in 0..READS {
            let Some(item) = self.item(log).await? else { return Ok(None) };
            // An object is no log.
            let Some(end) = number_of(&item, END) else { return Ok(None) };
            let pieces = self.read(log, &piece(1), &piece(end)).await?;
            if pieces.len() as u64 == end {
                let bytes: Vec<Vec<u8>> = pieces.into_values().collect();
                return Ok(Some(Log { bytes: bytes.concat(), end }));
            }
            // Whoever removes it removes the item first.
            if seen.replace(end) == Some(end) {
                let why = format!("it ends at piece {end}, and has {} pieces", pieces.len());
                return Err(corrupt(self.place_of(log), why));
            }
        }
        let changing = std::io::Error::other("it is begun anew all the time");
        Err(StoreError::io("read", self.place_of(log), changing))
    }

    pub(super) async fn remove_pieces(&self, log: &str) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            let delete =
                self.client.delete_item().table_name(&self.table).set_key(Some(key(&self.scope, log)));
            let Err(error) = delete.send().await else { break };
            match error.as_service_error() {
                // An append was under way.
                Some(DeleteItemError::TransactionConflictException(_)) if tries < TRIES => {
                    tokio::time::sleep(wait(tries)).await;
                    tries += 1;
                }
                _ => return Err(self.failed("DeleteItem", "remove", log, error)),
            }
        }
        let mut pieces = Vec::new();
        self.query(log, &self.pieces(log), None, None, |item| {
            pieces.extend(super::item::text_of(&item, NAME).map(str::to_owned));
            Ok(())
        })
        .await?;
        self.delete(log, &pieces).await
    }
}
