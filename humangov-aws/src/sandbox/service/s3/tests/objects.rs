// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::sandbox::{Sandbox, wire::Request};

#[test]
fn an_object_is_written_and_read_with_all_that_was_said_of_it() {
    let mut account = with_bucket();
    let put = send(
        &mut account,
        "PUT",
        "/b12/a%20b/k",
        &[
            ("content-type", "text/plain"),
            ("x-amz-meta-colour", "blue"),
            ("x-amz-tagging", "a=1&b=2%203"),
            ("cache-control", "no-cache"),
        ],
        "hello",
    );
    assert_eq!((put.status, header(&put, "etag")), (200, Some(tag("hello").as_str())));
    assert_eq!(header(&put, "x-amz-server-side-encryption"), Some("AES256"));
    assert!(header(&put, "x-amz-checksum-crc64nvme").is_some() && header(&put, "x-amz-version-id").is_none());
    let get = send(&mut account, "GET", "/b12/a%20b/k", &[("x-amz-checksum-mode", "ENABLED")], "");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-length", "5"),
        ("x-amz-meta-colour", "blue"),
        ("x-amz-tagging-count", "2"),
        ("cache-control", "no-cache"),
        ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("accept-ranges", "bytes"),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ] {
        assert_eq!(header(&get, name), Some(value), "{name}");
    }
    assert_eq!(text(&get), "hello");
    let head = send(&mut account, "HEAD", "/b12/a%20b/k", &[], "");
    assert_eq!((head.body.len(), header(&head, "content-length")), (0, Some("5")));
    let tags = ok(&mut account, "GET", "/b12/a%20b/k?tagging", &[], "");
    assert_eq!(all(&tags, "Value"), ["1", "2 3"]);
    ok(&mut account, "DELETE", "/b12/a%20b/k", &[], "");
    assert_eq!(refused(&mut account, "GET", "/b12/a%20b/k", &[], ""), (404, "NoSuchKey".to_owned()));
    assert_eq!(send(&mut account, "DELETE", "/b12/never", &[], "").status, 204);
}

#[test]
fn writes_have_conditions() {
    let mut account = with_bucket();
    let only_new = [("if-none-match", "*")];
    ok(&mut account, "PUT", "/b12/k", &only_new, "1");
    let again = refused(&mut account, "PUT", "/b12/k", &only_new, "2");
    assert_eq!(again, (412, "PreconditionFailed".to_owned()));
    ok(&mut account, "PUT", "/b12/k", &[("if-match", &tag("1"))], "2");
    assert_eq!(refused(&mut account, "PUT", "/b12/k", &[("if-match", &tag("1"))], "3").0, 412);
    let absent = refused(&mut account, "PUT", "/b12/absent", &[("if-match", &tag("1"))], "3");
    assert_eq!(absent, (404, "NoSuchKey".to_owned()));
    assert_eq!(refused(&mut account, "PUT", "/b12/k", &[("if-none-match", "x")], "3").0, 501);
    assert_eq!(refused(&mut account, "DELETE", "/b12/k", &[("if-match", &tag("1"))], "").0, 412);
    assert_eq!(ok(&mut account, "GET", "/b12/k", &[], ""), "2");
    ok(&mut account, "DELETE", "/b12/k", &[("if-match", &tag("2"))], "");
    ok(&mut account, "PUT", "/b12/k", &only_new, "4");
}

#[test]
fn a_deleted_object_counts_as_absent() {
    let mut account = with_bucket();
    enable_versions(&mut account);
    ok(&mut account, "PUT", "/b12/k", &[], "1");
    ok(&mut account, "DELETE", "/b12/k", &[], "");
    assert_eq!(refused(&mut account, "PUT", "/b12/k", &[("if-match", &tag("1"))], "2").0, 404);
    ok(&mut account, "PUT", "/b12/k", &[("if-none-match", "*")], "2");
}

#[test]
fn reads_have_conditions_and_ranges() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/b12/k", &[], "0123456789");
    let tag = tag("0123456789");
    let mut status = |headers: &[(&str, &str)]| {
        let response = send(&mut account, "GET", "/b12/k", headers, "");
        (response.status, text(&response), header(&response, "content-range").map(str::to_owned))
    };
    assert_eq!(status(&[("if-none-match", &tag)]), (304, String::new(), None));
    assert_eq!(status(&[("if-match", "\"0\"")]).0, 412);
    assert_eq!(status(&[("if-match", &tag)]).0, 200);
    assert_eq!(status(&[("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")]).0, 304);
    assert_eq!(status(&[("if-unmodified-since", "Wed, 31 Dec 2025 00:00:00 GMT")]).0, 412);
    for (range, part, told) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
    ] {
        assert_eq!(status(&[("range", range)]), (206, part.to_owned(), Some(told.to_owned())));
    }
    assert_eq!(status(&[("range", "bytes=4-1")]).0, 200);
    assert_eq!(status(&[("range", "bytes=10-")]).0, 416);
    assert_eq!(status(&[("range", "bytes=-0")]).0, 416);
    assert_eq!(refused(&mut account, "GET", "/b12/k", &[("range", "bytes=10-")], "").1, "InvalidRange");
}

#[test]
fn checksums_are_verified_and_told() {
    let mut account = with_bucket();
    let mut put = |headers: &[(&str, &str)]| send(&mut account, "PUT", "/b12/k", headers, "hello");
    let right = put(&[("x-amz-checksum-crc32", "NhCmhg==")]);
    assert_eq!(header(&right, "x-amz-checksum-crc32"), Some("NhCmhg=="));
    let sha = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
    assert_eq!(header(&put(&[("x-amz-checksum-sha256", sha)]), "x-amz-checksum-sha256"), Some(sha));
    assert_eq!(put(&[("content-md5", &md5("hello"))]).status, 200);
    assert_eq!(put(&[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]).status, 200);
    let zeros = "0".repeat(64);
    for (headers, code) in [
        (vec![("x-amz-checksum-crc32", "AAAAAA==")], "BadDigest"),
        (vec![("x-amz-checksum-crc32", "AAAA")], "InvalidRequest"),
        (vec![("x-amz-checksum-crc32", "?")], "InvalidRequest"),
        (vec![("x-amz-checksum-crc32c", "AAAAAA==")], "BadDigest"),
        (vec![("x-amz-checksum-sha256", sha), ("x-amz-checksum-crc32", "NhCmhg==")], "InvalidRequest"),
        (vec![("x-amz-sdk-checksum-algorithm", "CRC32")], "InvalidRequest"),
        (vec![("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], "BadDigest"),
        (vec![("content-md5", "AAAA")], "InvalidDigest"),
        (vec![("x-amz-content-sha256", zeros.as_str())], "XAmzContentSHA256Mismatch"),
    ] {
        let response = put(&headers);
        let text = text(&response);
        assert_eq!((response.status, between(&text, "<Code>", "</Code>")), (400, code), "{headers:?}");
    }
}

#[test]
fn bodies_in_chunks_are_kept_whole() {
    let mut account = with_bucket();
    let headers = [
        ("content-encoding", "gzip,aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let body = |sum: &str| format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
    let put = send(&mut account, "PUT", "/b12/k", &headers, body("NhCmhg=="));
    assert_eq!(header(&put, "x-amz-checksum-crc32"), Some("NhCmhg=="));
    let get = send(&mut account, "GET", "/b12/k", &[], "");
    assert_eq!((text(&get).as_str(), header(&get, "content-encoding")), ("hello", Some("gzip")));
    assert_eq!(refused(&mut account, "PUT", "/b12/k", &headers, body("AAAAAA==")).1, "BadDigest");
    assert_eq!(refused(&mut account, "PUT", "/b12/k", &headers, "5\r\nhel").1, "IncompleteBody");
    // Documents may come so too.
    let list = "<Delete><Object><Key>k</Key></Object></Delete>";
    let chunked = format!("{:x}\r\n{list}\r\n0\r\n\r\n", list.len());
    let length = list.len().to_string();
    let headers =
        [headers[1], ("x-amz-decoded-content-length", length.as_str()), ("content-md5", &md5(list))];
    assert!(
        ok(&mut account, "POST", "/b12?delete", &headers, chunked)
            .contains("<Deleted><Key>k</Key></Deleted>")
    );
}

#[test]
fn versions_are_kept_read_and_deleted() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/b12/k", &[], "0");
    enable_versions(&mut account);
    let first = send(&mut account, "PUT", "/b12/k", &[], "1");
    let first = header(&first, "x-amz-version-id").expect("an id").to_owned();
    ok(&mut account, "PUT", "/b12/k", &[], "2");
    assert_eq!(ok(&mut account, "GET", "/b12/k", &[], ""), "2");
    assert_eq!(ok(&mut account, "GET", &format!("/b12/k?versionId={first}"), &[], ""), "1");
    assert_eq!(ok(&mut account, "GET", "/b12/k?versionId=null", &[], ""), "0");
    let deleted = send(&mut account, "DELETE", "/b12/k", &[], "");
    assert_eq!(header(&deleted, "x-amz-delete-marker"), Some("true"));
    let marker = header(&deleted, "x-amz-version-id").expect("an id").to_owned();
    let gone = send(&mut account, "GET", "/b12/k", &[], "");
    assert_eq!((gone.status, header(&gone, "x-amz-delete-marker")), (404, Some("true")));
    let by_id = refused(&mut account, "GET", &format!("/b12/k?versionId={marker}"), &[], "");
    assert_eq!(by_id, (405, "MethodNotAllowed".to_owned()));
    // Without its marker it is there again.
    ok(&mut account, "DELETE", &format!("/b12/k?versionId={marker}"), &[], "");
    assert_eq!(ok(&mut account, "GET", "/b12/k", &[], ""), "2");
    assert_eq!(refused(&mut account, "GET", "/b12/k?versionId=x", &[], "").1, "InvalidArgument");
    let other = "A".repeat(32);
    let target = format!("/b12/k?versionId={other}");
    assert_eq!(refused(&mut account, "GET", &target, &[], ""), (404, "NoSuchVersion".to_owned()));
    assert_eq!(send(&mut account, "DELETE", &target, &[], "").status, 204);
}

#[test]
fn while_versioning_is_suspended_there_is_one_version_without_an_id() {
    let mut account = with_bucket();
    enable_versions(&mut account);
    ok(&mut account, "PUT", "/b12/k", &[], "1");
    let body = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    ok(&mut account, "PUT", "/b12?versioning", &[], body);
    for text in ["2", "3"] {
        let put = send(&mut account, "PUT", "/b12/k", &[], text);
        assert_eq!(header(&put, "x-amz-version-id"), Some("null"));
    }
    assert_eq!(all(&ok(&mut account, "GET", "/b12?versions", &[], ""), "VersionId").len(), 2);
    // The marker takes the place of the version without an id.
    ok(&mut account, "DELETE", "/b12/k", &[], "");
    let versions = ok(&mut account, "GET", "/b12?versions", &[], "");
    assert_eq!((versions.matches("<DeleteMarker>").count(), versions.matches("<Version>").count()), (1, 1));
}

#[test]
fn many_objects_are_deleted_at_once() {
    let mut account = with_bucket();
    enable_versions(&mut account);
    for key in ["a", "b"] {
        ok(&mut account, "PUT", &format!("/b12/{key}"), &[], "x");
    }
    let delete = |inner: &str| format!("<Delete>{inner}</Delete>");
    let object = |key: &str, more: &str| format!("<Object><Key>{key}</Key>{more}</Object>");
    let body = delete(&(object("a", "") + &object("never", "") + &object("b", "<VersionId>x</VersionId>")));
    let answer = ok_with_md5(&mut account, "POST", "/b12?delete", &body);
    assert_eq!(
        (answer.matches("<Deleted>").count(), answer.matches("<DeleteMarkerVersionId>").count()),
        (2, 2)
    );
    assert_eq!(all(&answer, "Code"), ["NoSuchVersion"]);
    let quiet = delete(&(object("a", "") + "<Quiet>true</Quiet>"));
    assert!(!ok_with_md5(&mut account, "POST", "/b12?delete", &quiet).contains("<Deleted>"));
    let matching = delete(&object("b", "<ETag>\"0\"</ETag>"));
    let answer = ok_with_md5(&mut account, "POST", "/b12?delete", &matching);
    assert_eq!(all(&answer, "Code"), ["PreconditionFailed"]);
    for body in [delete(""), delete(&object("k", "").repeat(1001)), delete("<Object/>"), "x".to_owned()] {
        assert_eq!(code_with_md5(&mut account, "POST", "/b12?delete", &body), "MalformedXML");
    }
    let undigested = refused(&mut account, "POST", "/b12?delete", &[], quiet);
    assert_eq!(undigested, (400, "InvalidRequest".to_owned()));
}

#[test]
fn objects_are_copied() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/b12/a%20b", &[("x-amz-meta-m", "1"), ("x-amz-tagging", "t=1")], "hello");
    let source = ("x-amz-copy-source", "/b12/a%20b");
    let copied = ok(&mut account, "PUT", "/b12/copy", &[source], "");
    assert!(copied.contains("<ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag>"), "{copied}");
    let get = send(&mut account, "GET", "/b12/copy", &[], "");
    assert_eq!((text(&get).as_str(), header(&get, "x-amz-meta-m")), ("hello", Some("1")));
    assert_eq!(header(&get, "x-amz-tagging-count"), Some("1"));
    let replace = [source, ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-n", "2")];
    ok(&mut account, "PUT", "/b12/a%20b", &replace, "");
    let get = send(&mut account, "HEAD", "/b12/a%20b", &[], "");
    assert_eq!((header(&get, "x-amz-meta-m"), header(&get, "x-amz-meta-n")), (None, Some("2")));
    assert_eq!(refused(&mut account, "PUT", "/b12/a%20b", &[source], "").1, "InvalidRequest");
    let absent = ("x-amz-copy-source", "b12/absent");
    assert_eq!(refused(&mut account, "PUT", "/b12/copy", &[absent], ""), (404, "NoSuchKey".to_owned()));
    assert_eq!(
        refused(&mut account, "PUT", "/b12/copy", &[("x-amz-copy-source", "x")], "").1,
        "InvalidArgument"
    );
    let elsewhere = ("x-amz-copy-source", "other/k");
    assert_eq!(refused(&mut account, "PUT", "/b12/copy", &[elsewhere], "").1, "NoSuchBucket");
    let stale = ("x-amz-copy-source-if-match", "\"0\"");
    assert_eq!(refused(&mut account, "PUT", "/b12/copy", &[source, stale], "").0, 412);
    let same = ("x-amz-copy-source-if-none-match", "*");
    assert_eq!(refused(&mut account, "PUT", "/b12/copy", &[source, same], "").0, 412);
    assert_eq!(refused(&mut account, "PUT", "/b12/copy", &[source, ("if-none-match", "*")], "").0, 412);
}

#[test]
fn what_is_said_of_an_object_has_limits() {
    let mut account = with_bucket();
    let long = format!("/b12/{}", "k".repeat(1025));
    assert_eq!(refused(&mut account, "PUT", &long, &[], "").1, "KeyTooLongError");
    let big = "m".repeat(2049);
    assert_eq!(refused(&mut account, "PUT", "/b12/k", &[("x-amz-meta-m", &big)], "").1, "MetadataTooLarge");
    for (name, value, code) in [
        ("x-amz-server-side-encryption", "rot13", "InvalidArgument"),
        ("x-amz-storage-class", "COLD", "InvalidStorageClass"),
        ("x-amz-tagging", "a=1&a=2", "InvalidTag"),
        ("x-amz-server-side-encryption-customer-key", "k", "NotImplemented"),
        ("x-amz-checksum-sha1", "k", "NotImplemented"),
    ] {
        assert_eq!(refused(&mut account, "PUT", "/b12/k", &[(name, value)], "").1, code);
    }
    assert_eq!(refused(&mut account, "PUT", "/none/k", &[], ""), (404, "NoSuchBucket".to_owned()));
}

#[test]
fn tags_of_objects_are_changed() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/b12/k", &[], "x");
    let body = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";
    ok(&mut account, "PUT", "/b12/k?tagging", &[], body);
    assert_eq!(all(&ok(&mut account, "GET", "/b12/k?tagging", &[], ""), "Key"), ["a"]);
    ok(&mut account, "DELETE", "/b12/k?tagging", &[], "");
    assert!(all(&ok(&mut account, "GET", "/b12/k?tagging", &[], ""), "Key").is_empty());
    assert_eq!(refused(&mut account, "GET", "/b12/none?tagging", &[], "").1, "NoSuchKey");
}

#[test]
fn a_world_with_objects_is_the_same_after_it_was_saved() {
    let mut account = with_bucket();
    let bytes: Vec<u8> = (0..=255).collect();
    ok(&mut account, "PUT", "/b12/k", &[("x-amz-meta-m", "1")], &bytes);
    ok(&mut account, "POST", "/b12/u?uploads", &[], "");
    let json = serde_json::to_string(&account.world).expect("a world");
    let world: crate::sandbox::world::World = serde_json::from_str(&json).expect("a world");
    assert!(world == account.world);
    account.world = world;
    assert_eq!(send(&mut account, "GET", "/b12/k", &[], "").body, bytes);
}

#[tokio::test]
async fn of_many_writes_of_a_new_object_at_a_time_one_wins() {
    let sandbox = Sandbox::new();
    let request = |target: &str, body: &str| {
        let scope = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, Signature=0";
        let headers = [("authorization", scope), ("if-none-match", "*")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Request::new("PUT", target, headers, body.as_bytes().to_vec())
    };
    sandbox.answer(&request("/b12", "")).await.map(|made| made.status).expect("a bucket");
    let put = request("/b12/lock", "x");
    let answers = futures_util::future::join_all((0..64).map(|_| sandbox.answer(&put))).await;
    let status = |answer: &Result<Response, _>| answer.as_ref().map_or(0, |answer| answer.status);
    assert_eq!(answers.iter().filter(|answer| status(answer) == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| status(answer) == 412).count(), 63);
}
