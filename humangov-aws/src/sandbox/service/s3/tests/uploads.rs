// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;

const LARGE: usize = 5 * 1024 * 1024;

fn begin(account: &mut Account, key: &str, headers: &[(&str, &str)]) -> String {
    let begun = ok(account, "POST", &format!("/b12/{key}?uploads"), headers, "");
    between(&begun, "<UploadId>", "</UploadId>").to_owned()
}

/// Uploads a part, and tells its entity tag.
fn part(account: &mut Account, id: &str, number: usize, body: &[u8]) -> String {
    let target = format!("/b12/k?partNumber={number}&uploadId={id}");
    let put = send(account, "PUT", &target, &[], body);
    assert_eq!(put.status, 200, "{}", text(&put));
    header(&put, "etag").expect("a tag").to_owned()
}

fn list(parts: &[(usize, &str)]) -> String {
    let part = |(number, tag): &(usize, &str)| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>", tag.replace('"', "&quot;"))
    };
    format!(
        "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
        parts.iter().map(part).collect::<String>()
    )
}

#[test]
fn parts_become_one_object() {
    let mut account = with_bucket();
    let id =
        begin(&mut account, "k", &[("content-type", "text/plain"), ("x-amz-checksum-algorithm", "CRC32")]);
    part(&mut account, &id, 1, b"replaced");
    let first = part(&mut account, &id, 1, &vec![b'1'; LARGE]);
    let second = part(&mut account, &id, 2, b"22");
    assert_eq!(refused(&mut account, "GET", "/b12/k", &[], "").1, "NoSuchKey");
    let listed = ok(&mut account, "GET", &format!("/b12/k?uploadId={id}&max-parts=1"), &[], "");
    assert_eq!((all(&listed, "PartNumber"), all(&listed, "Size")), (vec!["1"], vec!["5242880"]));
    assert!(listed.contains("<IsTruncated>true") && listed.contains("<NextPartNumberMarker>1<"));
    let rest = ok(&mut account, "GET", &format!("/b12/k?uploadId={id}&part-number-marker=1"), &[], "");
    assert_eq!(all(&rest, "PartNumber"), ["2"]);
    let parts = list(&[(1, &first), (2, &second)]);
    let done = ok(&mut account, "POST", &format!("/b12/k?uploadId={id}"), &[], &parts);
    assert!(all(&done, "ETag")[0].ends_with("-2&quot;") && all(&done, "ChecksumCRC32")[0].ends_with("-2"));
    let get = send(&mut account, "GET", "/b12/k", &[], "");
    assert_eq!((get.body.len(), header(&get, "content-type")), (LARGE + 2, Some("text/plain")));
    let second = send(&mut account, "GET", "/b12/k?partNumber=2", &[], "");
    assert_eq!(
        (second.status, text(&second).as_str(), header(&second, "x-amz-mp-parts-count")),
        (206, "22", Some("2"))
    );
    assert_eq!(refused(&mut account, "GET", "/b12/k?partNumber=3", &[], "").0, 416);
    let again = refused(&mut account, "POST", &format!("/b12/k?uploadId={id}"), &[], &parts);
    assert_eq!(again, (404, "NoSuchUpload".to_owned()));
}

#[test]
fn a_completion_must_name_parts_that_are_there() {
    let mut account = with_bucket();
    let id = begin(&mut account, "k", &[]);
    let (first, second) = (part(&mut account, &id, 1, b"1"), part(&mut account, &id, 2, b"2"));
    let target = format!("/b12/k?uploadId={id}");
    for (body, code) in [
        (list(&[]), "MalformedXML"),
        ("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>".to_owned(), "MalformedXML"),
        (list(&[(2, &second), (1, &first)]), "InvalidPartOrder"),
        (list(&[(1, &first), (1, &first)]), "InvalidPartOrder"),
        (list(&[(1, &first), (2, &second)]), "EntityTooSmall"),
        (list(&[(1, &second)]), "InvalidPart"),
        (list(&[(3, &second)]), "InvalidPart"),
    ] {
        assert_eq!(refused(&mut account, "POST", &target, &[], &body), (400, code.to_owned()), "{body}");
    }
    ok(&mut account, "PUT", "/b12/k", &[], "there");
    let only_new = [("if-none-match", "*")];
    assert_eq!(refused(&mut account, "POST", &target, &only_new, list(&[(1, &first)])).0, 412);
    let size = [("x-amz-mp-object-size", "9")];
    assert_eq!(refused(&mut account, "POST", &target, &size, list(&[(1, &first)])).1, "InvalidRequest");
    let sum = [("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")];
    assert_eq!(refused(&mut account, "POST", &target, &sum, list(&[(1, &first)])).1, "BadDigest");
    ok(&mut account, "POST", &target, &[], list(&[(1, &first)]));
    assert_eq!(ok(&mut account, "GET", "/b12/k", &[], ""), "1");
}

#[test]
fn uploads_are_listed_and_aborted() {
    let mut account = with_bucket();
    let ids = ["a", "a", "b/1"].map(|key| begin(&mut account, key, &[]));
    let whole = ok(&mut account, "GET", "/b12?uploads", &[], "");
    assert_eq!(all(&whole, "Key"), ["a", "a", "b/1"]);
    let first = ok(&mut account, "GET", "/b12?uploads&max-uploads=1", &[], "");
    let id = between(&first, "<NextUploadIdMarker>", "</NextUploadIdMarker>");
    let next = format!("/b12?uploads&key-marker=a&upload-id-marker={id}&delimiter=/");
    let second = ok(&mut account, "GET", &next, &[], "");
    assert_eq!((all(&second, "Key"), all(&second, "CommonPrefixes").len()), (vec!["a"], 1));
    assert_eq!(send(&mut account, "DELETE", &format!("/b12/a?uploadId={}", ids[0]), &[], "").status, 204);
    let again = refused(&mut account, "DELETE", &format!("/b12/a?uploadId={}", ids[0]), &[], "");
    assert_eq!(again, (404, "NoSuchUpload".to_owned()));
    // An id is of one key.
    assert_eq!(
        refused(&mut account, "GET", &format!("/b12/x?uploadId={}", ids[1]), &[], "").1,
        "NoSuchUpload"
    );
    // What was begun does not hold the bucket.
    ok(&mut account, "DELETE", "/b12", &[], "");
}

#[test]
fn parts_have_numbers_and_checksums_of_one_kind() {
    let mut account = with_bucket();
    let id = begin(&mut account, "k", &[("x-amz-checksum-algorithm", "SHA256")]);
    for number in ["0", "10001", "x", ""] {
        let target = format!("/b12/k?partNumber={number}&uploadId={id}");
        assert_eq!(refused(&mut account, "PUT", &target, &[], "x").1, "InvalidArgument", "{number}");
    }
    let target = format!("/b12/k?partNumber=1&uploadId={id}");
    let other = [("x-amz-checksum-crc32", "NhCmhg==")];
    assert_eq!(refused(&mut account, "PUT", &target, &other, "hello").1, "InvalidRequest");
    assert_eq!(refused(&mut account, "PUT", "/b12/k?partNumber=1&uploadId=x", &[], "").1, "NoSuchUpload");
    let whole = [("x-amz-checksum-algorithm", "SHA256"), ("x-amz-checksum-type", "FULL_OBJECT")];
    assert_eq!(refused(&mut account, "POST", "/b12/k?uploads", &whole, "").1, "InvalidRequest");
    let unknown = [("x-amz-checksum-algorithm", "ROT13")];
    assert_eq!(refused(&mut account, "POST", "/b12/k?uploads", &unknown, "").1, "InvalidRequest");
}

#[test]
fn a_part_can_be_a_piece_of_an_object() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/b12/source", &[], "0123456789");
    let id = begin(&mut account, "k", &[]);
    let target = format!("/b12/k?partNumber=1&uploadId={id}");
    let source = ("x-amz-copy-source", "/b12/source");
    let range = |range| [source, ("x-amz-copy-source-range", range)];
    for wrong in ["bytes=5-10", "bytes=5-", "5-6", "bytes=6-5", "bytes=0-18446744073709551615"] {
        assert_eq!(refused(&mut account, "PUT", &target, &range(wrong), "").1, "InvalidArgument", "{wrong}");
    }
    let copied = ok(&mut account, "PUT", &target, &range("bytes=2-4"), "");
    let tag = all(&copied, "ETag")[0].replace("&quot;", "\"");
    ok(&mut account, "POST", &format!("/b12/k?uploadId={id}"), &[], list(&[(1, &tag)]));
    assert_eq!(ok(&mut account, "GET", "/b12/k", &[], ""), "234");
}
