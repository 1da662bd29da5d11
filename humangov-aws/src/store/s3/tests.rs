// SPDX-License-Identifier: MIT OR Apache-2.0
//! The answers of S3 that are easily taken for something else.

use super::S3Store;
use crate::testing::mock_client;
use aws_sdk_s3::{
    Client,
    operation::{
        delete_object::DeleteObjectOutput, delete_objects::DeleteObjectsOutput, get_object::GetObjectOutput,
        head_object::HeadObjectOutput, list_objects_v2::ListObjectsV2Output, put_object::PutObjectOutput,
    },
    primitives::ByteStream,
    types::{CommonPrefix, Delete, Error, Object as Listed, ObjectIdentifier},
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_runtime_api::{client::orchestrator::HttpResponse, http::StatusCode};
use aws_smithy_types::body::SdkBody;
use humangov_core::store::{Backend, Log, OnlyIf, StoreErrorKind, Version};

fn store(client: Client) -> S3Store {
    S3Store::new(client, "my-bucket", "fleet/")
}

fn refused(status: u16, code: &str) -> HttpResponse {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body))
}

fn put_refused(status: u16, code: &'static str) -> Rule {
    mock!(Client::put_object).then_http_response(move || refused(status, code))
}

fn put_works(tag: &'static str) -> Rule {
    mock!(Client::put_object).then_output(move || PutObjectOutput::builder().e_tag(tag).build())
}

fn get_works(key: &'static str, bytes: &'static [u8]) -> Rule {
    mock!(Client::get_object).match_requests(move |request| request.key() == Some(key)).then_output(
        move || GetObjectOutput::builder().e_tag("\"1\"").body(ByteStream::from_static(bytes)).build(),
    )
}

#[tokio::test]
async fn conditions_are_sent_as_headers_of_the_write() {
    let new = mock!(Client::put_object)
        .match_requests(|put| {
            put.key() == Some("fleet/a.json") && put.if_none_match() == Some("*") && put.if_match().is_none()
        })
        .then_output(|| PutObjectOutput::builder().e_tag("\"1\"").build());
    let changed = mock!(Client::put_object)
        .match_requests(|put| put.if_match() == Some("\"1\"") && put.if_none_match().is_none())
        .then_output(|| PutObjectOutput::builder().e_tag("\"2\"").build());
    let removed = mock!(Client::delete_object)
        .match_requests(|delete| delete.if_match() == Some("\"2\""))
        .then_output(|| DeleteObjectOutput::builder().build());
    let store = store(mock_client!(aws_sdk_s3, [&new, &changed, &removed]));
    let one = store.put("a.json", b"1".to_vec(), OnlyIf::Absent).await.expect("writable").expect("new");
    let two = store.put("a.json", b"2".to_vec(), OnlyIf::Is(&one)).await.expect("writable").expect("it is");
    assert!(store.remove("a.json", &two).await.expect("writable"));
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_no_error() {
    for (status, code) in [(412, "PreconditionFailed"), (404, "NoSuchKey")] {
        let store = store(mock_client!(aws_sdk_s3, [&put_refused(status, code)]));
        let version = Version::new("\"1\"");
        assert_eq!(
            store.put("a", Vec::new(), OnlyIf::Is(&version)).await.expect("an answer"),
            None,
            "{code}"
        );
    }
    for (status, code) in [(412, "PreconditionFailed"), (404, "NoSuchKey")] {
        let rule = mock!(Client::delete_object).then_http_response(move || refused(status, code));
        let store = store(mock_client!(aws_sdk_s3, [&rule]));
        assert!(!store.remove("a", &Version::new("\"1\"")).await.expect("an answer"), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_met_another_one_is_tried_again() {
    let (conflict, works) = (put_refused(409, "ConditionalRequestConflict"), put_works("\"2\""));
    let store_ = store(mock_client!(aws_sdk_s3, [&conflict, &works]));
    let version = store_.put("a", Vec::new(), OnlyIf::Absent).await.expect("writable");
    assert_eq!(version, Some(Version::new("\"2\"")));
    let (conflict, lost) =
        (put_refused(409, "ConditionalRequestConflict"), put_refused(412, "PreconditionFailed"));
    let store_ = store(mock_client!(aws_sdk_s3, [&conflict, &lost]));
    assert_eq!(store_.put("a", Vec::new(), OnlyIf::Absent).await.expect("an answer"), None);
    // But not for ever.
    let rule = mock!(Client::put_object)
        .sequence()
        .http_response(|| refused(409, "ConditionalRequestConflict"))
        .times(7)
        .build();
    let store_ = store(mock_client!(aws_sdk_s3, [&rule]));
    let error = store_.put("a", Vec::new(), OnlyIf::Absent).await.expect_err("it never works");
    assert_eq!(rule.num_calls(), 7);
    assert_eq!((error.code(), error.is_passing()), ("store.io", true));
}

fn there() -> Rule {
    mock!(Client::head_object).then_output(|| HeadObjectOutput::builder().build())
}

fn gone(key: &'static str) -> Rule {
    mock!(Client::head_object).match_requests(move |head| head.key() == Some(key)).then_http_response(|| {
        HttpResponse::new(StatusCode::try_from(404).expect("a status"), SdkBody::empty())
    })
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_finds_its_own_part() {
    let refused = || put_refused(412, "PreconditionFailed");
    let found = |bytes| get_works("fleet/a.log/00000003", bytes);
    let ours = store(mock_client!(aws_sdk_s3, [&refused(), &found(b"mine"), &there()]));
    assert_eq!(ours.append("a.log", 2, b"mine").await.expect("an answer"), Some(3));
    let theirs = store(mock_client!(aws_sdk_s3, [&refused(), &found(b"theirs")]));
    assert_eq!(theirs.append("a.log", 2, b"mine").await.expect("an answer"), None);
}

#[tokio::test]
async fn an_append_to_a_log_that_was_removed_meanwhile_is_taken_back() {
    let taken_back = || {
        mock!(Client::delete_object)
            .match_requests(|delete| {
                delete.key() == Some("fleet/a.log/00000003") && delete.if_match().is_some()
            })
            .then_output(|| DeleteObjectOutput::builder().build())
    };
    let (gone, delete) = (|| gone("fleet/a.log/00000002"), taken_back());
    let removed = store(mock_client!(aws_sdk_s3, [&put_works("\"7\""), &gone(), &delete]));
    assert_eq!(removed.append("a.log", 2, b"mine").await.expect("an answer"), None);
    assert_eq!(delete.num_calls(), 1);
    // Also where the answer to the put was lost.
    let (refused, delete) = (put_refused(412, "PreconditionFailed"), taken_back());
    let mine = get_works("fleet/a.log/00000003", b"mine");
    let removed = store(mock_client!(aws_sdk_s3, [&refused, &mine, &gone(), &delete]));
    assert_eq!(removed.append("a.log", 2, b"mine").await.expect("an answer"), None);
    assert_eq!(delete.num_calls(), 1);
    let kept = store(mock_client!(aws_sdk_s3, [&put_works("\"7\""), &there()]));
    assert_eq!(kept.append("a.log", 2, b"mine").await.expect("an answer"), Some(3));
}

fn page(keys: &'static [&'static str], logs: &'static [&'static str], token: Option<&'static str>) -> Rule {
    mock!(Client::list_objects_v2).then_output(move || {
        let keys = keys.iter().map(|key| Listed::builder().key(format!("fleet/{key}")).build()).collect();
        let logs =
            logs.iter().map(|log| CommonPrefix::builder().prefix(format!("fleet/{log}/")).build()).collect();
        ListObjectsV2Output::builder()
            .set_contents(Some(keys))
            .set_common_prefixes(Some(logs))
            .set_next_continuation_token(token.map(str::to_owned))
            .build()
    })
}

#[tokio::test]
async fn lists_are_read_to_their_last_page() {
    let second = mock!(Client::list_objects_v2)
        .match_requests(|list| {
            list.continuation_token() == Some("more")
                && list.prefix() == Some("fleet/a")
                && list.delimiter() == Some("/")
        })
        .then_output(|| {
            let object = Listed::builder().key("fleet/a-2.json").build();
            ListObjectsV2Output::builder().contents(object).build()
        });
    let first = page(&["a.json"], &["a.1.journal"], Some("more"));
    let names = store(mock_client!(aws_sdk_s3, [&first, &second])).list("a").await.expect("readable");
    assert_eq!(names, ["a-2.json", "a.1.journal", "a.json"]);
}

#[tokio::test]
async fn a_log_is_read_in_order_over_all_pages() {
    let first = page(&["a.log/00000001"], &[], Some("more"));
    let second = page(&["a.log/00000002"], &[], None);
    let rules = [
        first,
        second,
        get_works("fleet/a.log/00000001", b"one,"),
        get_works("fleet/a.log/00000002", b"two"),
    ];
    let [a, b, c, d] = &rules;
    let store = store(mock_client!(aws_sdk_s3, [a, b, c, d]));
    let log = store.read_log("a.log").await.expect("readable");
    assert_eq!(log, Some(Log { bytes: b"one,two".to_vec(), end: 2 }));
}

#[tokio::test]
async fn a_log_that_lacks_a_part_is_damaged_and_told_so() {
    for (keys, end, missing) in [
        (&["a.log/00000001", "a.log/00000003"][..], 3, 2),
        (&["a.log/00000001", "a.log/00000002", "a.log/00000004"][..], 4, 3),
    ] {
        let (listed, again) = (page(keys, &[], None), page(keys, &[], None));
        let error = store(mock_client!(aws_sdk_s3, [&listed, &again])).read_log("a.log").await;
        let error = error.expect_err("a part is missing");
        let told = format!(
            "s3://my-bucket/fleet/a.log cannot be read: it has parts up to {end}, and part {missing} is missing"
        );
        assert_eq!((error.code(), error.to_string()), ("store.corrupt", told));
    }
}

#[tokio::test]
async fn a_log_that_is_removed_while_it_is_listed_is_gone() {
    let (listed, again) = (page(&["a.log/00000001", "a.log/00000003"], &[], None), page(&[], &[], None));
    let read = store(mock_client!(aws_sdk_s3, [&listed, &again])).read_log("a.log").await;
    assert_eq!(read.expect("readable"), None);
}

#[tokio::test]
async fn what_is_left_of_a_log_without_its_first_part_is_nothing() {
    let left = page(&["a.log/00000002", "a.log/00000003"], &[], None);
    assert_eq!(store(mock_client!(aws_sdk_s3, [&left])).read_log("a.log").await.expect("readable"), None);
}

#[tokio::test]
async fn the_first_part_of_a_log_is_deleted_before_the_others() {
    let deletes = |keys: &'static [&'static str]| {
        mock!(Client::delete_objects)
            .match_requests(move |request| {
                let deleted = request.delete().map(Delete::objects).unwrap_or_default();
                deleted.iter().map(ObjectIdentifier::key).eq(keys.iter().copied())
            })
            .then_output(|| DeleteObjectsOutput::builder().build())
    };
    let there = page(&["a.log/00000001", "a.log/00000002", "a.log/00000003"], &[], None);
    let (first, others) =
        (deletes(&["fleet/a.log/00000001"]), deletes(&["fleet/a.log/00000002", "fleet/a.log/00000003"]));
    let gone = page(&[], &[], None);
    store(mock_client!(aws_sdk_s3, [&there, &first, &others, &gone]))
        .remove_log("a.log")
        .await
        .expect("removed");
}

#[tokio::test]
async fn a_part_that_cannot_be_deleted_is_told() {
    let some = page(&["a.log/00000001"], &[], None);
    let denied = mock!(Client::delete_objects).then_output(|| {
        let error = Error::builder().key("fleet/a.log/00000001").code("AccessDenied").message("no").build();
        DeleteObjectsOutput::builder().errors(error).build()
    });
    let error = store(mock_client!(aws_sdk_s3, [&some, &denied])).remove_log("a.log").await;
    let error = error.expect_err("it is there still");
    assert_eq!(error.kind(), &StoreErrorKind::Refused("remove", "s3://my-bucket/fleet/a.log".to_owned()));
    let source = std::error::Error::source(&error).expect("the words of S3").to_string();
    assert_eq!(source, "AccessDenied: no");
}

#[tokio::test]
async fn what_went_wrong_is_told_with_what_can_be_done() {
    let get = |status, code: &'static str| {
        let rule = mock!(Client::get_object).then_http_response(move || refused(status, code));
        store(mock_client!(aws_sdk_s3, [&rule]))
    };
    let missing = get(404, "NoSuchBucket").get("a.json").await.expect_err("no bucket");
    assert_eq!(
        (missing.code(), missing.to_string().as_str()),
        (
            "store.missing",
            "s3://my-bucket/fleet/a.json cannot be had: what holds it does not exist; make it with: \
             aws s3api create-bucket --bucket my-bucket --region us-east-1"
        )
    );
    let denied = get(403, "AccessDenied").get("a.json").await.expect_err("denied");
    assert_eq!(
        (denied.code(), denied.to_string().as_str(), denied.is_passing()),
        ("store.refused", "was refused to read s3://my-bucket/fleet/a.json", false)
    );
    let busy = get(503, "SlowDown").get("a.json").await.expect_err("busy");
    assert_eq!((busy.code(), busy.is_passing()), ("store.io", true));
    assert_eq!(get(404, "NoSuchKey").get("a.json").await.expect("an answer"), None);
}
