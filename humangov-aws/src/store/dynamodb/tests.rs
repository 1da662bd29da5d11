// SPDX-License-Identifier: MIT OR Apache-2.0
//! The answers of DynamoDB that are easily taken for something else.

use super::{
    DynamoDbStore,
    item::{BYTES, END, Item, NAME, PIECE, VERSION, blob, key, number, text},
};
use crate::testing::mock_client;
use aws_sdk_dynamodb::{
    Client,
    operation::{
        batch_write_item::BatchWriteItemOutput,
        delete_item::DeleteItemError,
        get_item::{GetItemError, GetItemOutput},
        put_item::{PutItemError, PutItemOutput},
        query::QueryOutput,
        transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
    },
    types::{
        CancellationReason,
        error::{
            ConditionalCheckFailedException, ResourceNotFoundException, TransactionCanceledException,
            TransactionConflictException,
        },
    },
};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use humangov_core::store::{Backend, Log, OnlyIf, Version};
use std::sync::{Arc, Mutex};

fn store(client: Client) -> DynamoDbStore {
    DynamoDbStore::new(client, "state", "fleet")
}

fn get(item: Option<Item>) -> Rule {
    mock!(Client::get_item)
        .match_requests(|get| get.consistent_read() == Some(true))
        .then_output(move || GetItemOutput::builder().set_item(item.clone()).build())
}

fn head(name: &str, more: &[(&str, aws_sdk_dynamodb::types::AttributeValue)]) -> Item {
    let mut item = key("fleet", name);
    item.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    item
}

fn pieces(store: &'static str, pieces: &'static [(&'static str, &'static [u8])], more: bool) -> Rule {
    mock!(Client::query).match_requests(|query| query.consistent_read() == Some(true)).then_output(
        move || {
            let items = pieces.iter().map(|(name, bytes)| {
                let mut item = key(store, name);
                item.insert(BYTES.to_owned(), blob(bytes));
                item
            });
            let last = more.then(|| key(store, pieces.last().expect("some").0));
            QueryOutput::builder().set_items(Some(items.collect())).set_last_evaluated_key(last).build()
        },
    )
}

fn cancelled(code: &'static str) -> Rule {
    mock!(Client::transact_write_items).then_error(move || {
        let reason = CancellationReason::builder().code(code).build();
        let none = CancellationReason::builder().code("None").build();
        let error = TransactionCanceledException::builder().cancellation_reasons(reason);
        TransactWriteItemsError::TransactionCanceledException(error.cancellation_reasons(none).build())
    })
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_knows_its_own_version() {
    // DynamoDB answers with the item that is there, which is what the first attempt wrote.
    let sent = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&sent);
    let refused = mock!(Client::put_item)
        .match_requests(move |put| {
            *seen.lock().expect("whole") = put.item().cloned();
            put.condition_expression() == Some("attribute_not_exists(#n)")
        })
        .then_error(move || {
            let item = sent.lock().expect("whole").clone();
            let refused = ConditionalCheckFailedException::builder().set_item(item).build();
            PutItemError::ConditionalCheckFailedException(refused)
        });
    let ours = store(mock_client!(aws_sdk_dynamodb, [&refused]));
    assert!(ours.put("a", b"1".to_vec(), OnlyIf::Absent).await.expect("an answer").is_some());
    let other = mock!(Client::put_item).then_error(|| {
        let other =
            ConditionalCheckFailedException::builder().set_item(Some(head("a", &[(VERSION, text("x/0"))])));
        PutItemError::ConditionalCheckFailedException(other.build())
    });
    let theirs = store(mock_client!(aws_sdk_dynamodb, [&other]));
    assert_eq!(
        theirs.put("a", b"1".to_vec(), OnlyIf::Is(&Version::new("y/0"))).await.expect("an answer"),
        None
    );
}

#[tokio::test]
async fn what_is_too_large_for_an_item_is_in_pieces_that_count_once_the_item_does() {
    let piece = |number: &'static str, length: usize| {
        mock!(Client::put_item)
            .match_requests(move |put| {
                let item = put.item().expect("an item");
                put.condition_expression().is_none()
                    && item["store"] == text("fleet#a")
                    && item[NAME].as_s().is_ok_and(|name| name.ends_with(number))
                    && item[BYTES].as_b().is_ok_and(|bytes| bytes.as_ref().len() == length)
            })
            .then_output(|| PutItemOutput::builder().build())
    };
    let (first, second) = (piece("/0001", PIECE), piece("/0002", 7));
    let last = mock!(Client::put_item)
        .match_requests(|put| {
            let item = put.item().expect("an item");
            put.condition_expression() == Some("#v = :v")
                && item["store"] == text("fleet")
                && !item.contains_key(BYTES)
        })
        .then_output(|| PutItemOutput::builder().build());
    let deleted = mock!(Client::batch_write_item)
        .match_requests(|write| write.request_items().expect("some")["state"].len() == 3)
        .then_output(|| BatchWriteItemOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&first, &second, &last, &deleted]);
    let before = Version::new("before/3");
    let version = store(client).put("a", vec![0; PIECE + 7], OnlyIf::Is(&before)).await.expect("writable");
    assert!(version.expect("it had that version").as_str().ends_with("/2"));
    let calls = [&first, &second, &last, &deleted].map(Rule::num_calls);
    assert_eq!(calls, [1, 1, 1, 1], "those of the version before are deleted");
}

#[tokio::test]
async fn pieces_of_a_write_that_was_refused_are_taken_away() {
    let put = mock!(Client::put_item)
        .match_requests(|put| put.condition_expression().is_none())
        .then_output(|| PutItemOutput::builder().build());
    let refused =
        mock!(Client::put_item).match_requests(|put| put.condition_expression().is_some()).then_error(|| {
            PutItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
        });
    let deleted = mock!(Client::batch_write_item)
        .match_requests(|write| write.request_items().expect("some")["state"].len() == 2)
        .then_output(|| BatchWriteItemOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&put, &refused, &deleted]);
    assert_eq!(store(client).put("a", vec![0; PIECE + 1], OnlyIf::Absent).await.expect("an answer"), None);
    assert_eq!(deleted.num_calls(), 1);
}

#[tokio::test]
async fn an_object_that_is_written_anew_while_it_is_read_is_read_anew() {
    let old = get(Some(head("a", &[(VERSION, text("old/2"))])));
    let gone = pieces("fleet#a", &[], false);
    let new = get(Some(head("a", &[(VERSION, text("new/0")), (BYTES, blob(b"new"))])));
    let object = store(mock_client!(aws_sdk_dynamodb, [&old, &gone, &new])).get("a").await.expect("readable");
    let object = object.expect("there");
    assert_eq!((object.bytes.as_slice(), object.version.as_str()), (&b"new"[..], "new/0"));
    // One that stays as it is, without its pieces, is damaged.
    let same = || get(Some(head("a", &[(VERSION, text("old/2"))])));
    let gone = || pieces("fleet#a", &[], false);
    let rules = [same(), gone(), same(), gone()];
    let [a, b, c, d] = &rules;
    let error = store(mock_client!(aws_sdk_dynamodb, [a, b, c, d])).get("a").await.expect_err("damaged");
    assert_eq!(error.code(), "store.corrupt");
}

#[tokio::test]
async fn a_log_is_read_over_all_pages() {
    let head = get(Some(head("a.log", &[(END, number(3))])));
    let first = pieces("fleet#a.log", &[("00000001", b"one,"), ("00000002", b"two,")], true);
    let second = pieces("fleet#a.log", &[("00000003", b"three")], false);
    let log = store(mock_client!(aws_sdk_dynamodb, [&head, &first, &second])).read_log("a.log").await;
    assert_eq!(log.expect("readable"), Some(Log { bytes: b"one,two,three".to_vec(), end: 3 }));
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_finds_its_own_piece() {
    let head = || get(Some(head("a.log", &[(END, number(2))])));
    let refused = || cancelled("ConditionalCheckFailed");
    let ours = pieces("fleet#a.log", &[("00000002", b"mine")], false);
    let ours = store(mock_client!(aws_sdk_dynamodb, [&refused(), &head(), &ours]));
    assert_eq!(ours.append("a.log", 1, b"mine").await.expect("an answer"), Some(2));
    let theirs = pieces("fleet#a.log", &[("00000002", b"theirs")], false);
    let theirs = store(mock_client!(aws_sdk_dynamodb, [&refused(), &head(), &theirs]));
    assert_eq!(theirs.append("a.log", 1, b"mine").await.expect("an answer"), None);
    let removed = store(mock_client!(aws_sdk_dynamodb, [&refused(), &get(None)]));
    assert_eq!(removed.append("a.log", 1, b"mine").await.expect("an answer"), None);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_met_another_one_is_tried_again() {
    let works =
        mock!(Client::transact_write_items).then_output(|| TransactWriteItemsOutput::builder().build());
    let conflict = cancelled("TransactionConflict");
    let store_ = store(mock_client!(aws_sdk_dynamodb, [&conflict, &works]));
    assert_eq!(store_.append("a.log", 1, b"mine").await.expect("writable"), Some(2));
    let conflict = mock!(Client::delete_item).then_error(|| {
        DeleteItemError::TransactionConflictException(TransactionConflictException::builder().build())
    });
    let deleted = mock!(Client::delete_item)
        .then_output(|| aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput::builder().build());
    let none = pieces("fleet#a.log", &[], false);
    store(mock_client!(aws_sdk_dynamodb, [&conflict, &deleted, &none]))
        .remove_log("a.log")
        .await
        .expect("removed");
}

#[tokio::test(start_paused = true)]
async fn what_a_batch_left_undone_is_done_again() {
    let left = mock!(Client::batch_write_item).then_compute_output(|write| {
        let mut items = write.request_items().expect("some").clone();
        items.get_mut("state").expect("some").truncate(1);
        BatchWriteItemOutput::builder().set_unprocessed_items(Some(items)).build()
    });
    let done = mock!(Client::batch_write_item)
        .match_requests(|write| write.request_items().expect("some")["state"].len() == 1)
        .then_output(|| BatchWriteItemOutput::builder().build());
    let store = store(mock_client!(aws_sdk_dynamodb, [&left, &done]));
    store.delete("a", &["v/0001".to_owned(), "v/0002".to_owned()]).await.expect("deleted");
    assert_eq!((left.num_calls(), done.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_missing_table_is_told_with_how_it_is_made() {
    let missing = mock!(Client::get_item).then_error(|| {
        let missing = ResourceNotFoundException::builder().message("Requested resource not found");
        GetItemError::ResourceNotFoundException(missing.meta(metadata("ResourceNotFoundException")).build())
    });
    let error = store(mock_client!(aws_sdk_dynamodb, [&missing])).get("a.json").await.expect_err("no table");
    assert_eq!(error.code(), "store.missing");
    let told = error.to_string();
    assert!(told.contains("aws dynamodb create-table --table-name state --region us-east-1"), "{told}");
    assert!(told.contains("AttributeName=store,KeyType=HASH AttributeName=name,KeyType=RANGE"), "{told}");
}

fn metadata(code: &str) -> aws_smithy_types::error::ErrorMetadata {
    aws_smithy_types::error::ErrorMetadata::builder().code(code).build()
}
