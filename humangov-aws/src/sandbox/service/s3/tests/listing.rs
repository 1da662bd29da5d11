// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;

fn with_objects() -> Account {
    let mut account = with_bucket();
    for key in ["a", "b/1", "b/2", "c/1", "d"] {
        ok(&mut account, "PUT", &format!("/b12/{key}"), &[], "x");
    }
    account
}

/// The keys on a page, without the prefixes of groups.
fn keys(page: &str) -> Vec<&str> {
    all(page, "Key")
}

/// The prefixes of the groups on a page.
fn groups(page: &str) -> Vec<&str> {
    all(page, "CommonPrefixes").into_iter().map(|group| between(group, "<Prefix>", "</Prefix>")).collect()
}

#[test]
fn objects_are_listed_by_prefix_and_in_groups() {
    let mut account = with_objects();
    let page = ok(&mut account, "GET", "/b12?list-type=2", &[], "");
    assert_eq!(keys(&page), ["a", "b/1", "b/2", "c/1", "d"]);
    assert!(page.contains("<KeyCount>5</KeyCount>") && page.contains("<IsTruncated>false</IsTruncated>"));
    let page = ok(&mut account, "GET", "/b12?list-type=2&delimiter=/", &[], "");
    assert_eq!((keys(&page), groups(&page)), (vec!["a", "d"], vec!["b/", "c/"]));
    let page = ok(&mut account, "GET", "/b12?list-type=2&prefix=b/&delimiter=/", &[], "");
    assert_eq!((keys(&page), groups(&page)), (vec!["b/1", "b/2"], vec![]));
    let page = ok(&mut account, "GET", "/b12?list-type=2&start-after=b/1&fetch-owner=true", &[], "");
    assert_eq!((keys(&page), page.matches("<Owner>").count()), (vec!["b/2", "c/1", "d"], 3));
    assert!(keys(&ok(&mut account, "GET", "/b12?list-type=2&max-keys=0", &[], "")).is_empty());
    for query in
        ["max-keys=x", "max-keys=-1", "continuation-token=%21", "continuation-token=", "encoding-type=rot13"]
    {
        let refusal = refused(&mut account, "GET", &format!("/b12?list-type=2&{query}"), &[], "");
        assert_eq!(refusal, (400, "InvalidArgument".to_owned()), "{query}");
    }
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let mut account = with_objects();
    for delimiter in ["", "&delimiter=/"] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let target = format!("/b12?list-type=2&max-keys=1{delimiter}{token}");
            let page = ok(&mut account, "GET", &target, &[], "");
            assert_eq!(keys(&page).len() + groups(&page).len(), 1);
            seen.extend(keys(&page).into_iter().chain(groups(&page)).map(str::to_owned));
            if page.contains("<IsTruncated>false") {
                break;
            }
            let next = between(&page, "<NextContinuationToken>", "</NextContinuationToken>");
            token = format!("&continuation-token={next}");
        }
        let wanted = if delimiter.is_empty() { "a b/1 b/2 c/1 d" } else { "a b/ c/ d" };
        assert_eq!(seen.join(" "), wanted);
    }
}

#[test]
fn the_first_list_goes_on_after_a_marker() {
    let mut account = with_objects();
    let page = ok(&mut account, "GET", "/b12?max-keys=2", &[], "");
    assert_eq!((keys(&page), page.contains("<NextMarker>")), (vec!["a", "b/1"], false));
    let page = ok(&mut account, "GET", "/b12?marker=b/1", &[], "");
    assert_eq!(keys(&page), ["b/2", "c/1", "d"]);
    let page = ok(&mut account, "GET", "/b12?max-keys=2&delimiter=/", &[], "");
    assert_eq!(between(&page, "<NextMarker>", "</NextMarker>"), "b/");
    let page = ok(&mut account, "GET", "/b12?max-keys=2&delimiter=/&marker=b/", &[], "");
    assert_eq!((keys(&page), groups(&page)), (vec!["d"], vec!["c/"]));
}

#[test]
fn keys_are_encoded_if_asked_for() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/b12/a%20%2B%01/%C3%BC", &[], "x");
    let page = ok(&mut account, "GET", "/b12?list-type=2&encoding-type=url", &[], "");
    assert_eq!((keys(&page), all(&page, "EncodingType")), (vec!["a%20%2B%01/%C3%BC"], vec!["url"]));
}

#[test]
fn versions_are_listed_newest_first_in_pages() {
    let mut account = with_bucket();
    enable_versions(&mut account);
    for key in ["a", "a", "b", "c/1"] {
        ok(&mut account, "PUT", &format!("/b12/{key}"), &[], "x");
    }
    ok(&mut account, "DELETE", "/b12/b", &[], "");
    let whole = ok(&mut account, "GET", "/b12?versions", &[], "");
    assert_eq!(all(&whole, "IsLatest"), ["true", "false", "true", "false", "true"]);
    assert_eq!((all(&whole, "DeleteMarker").len(), all(&whole, "Version").len()), (1, 4));
    let (mut seen, mut markers) = (Vec::new(), String::new());
    loop {
        let page = ok(&mut account, "GET", &format!("/b12?versions&max-keys=2{markers}"), &[], "");
        seen.extend(all(&page, "VersionId").into_iter().map(str::to_owned));
        if page.contains("<IsTruncated>false") {
            break;
        }
        let key = between(&page, "<NextKeyMarker>", "</NextKeyMarker>");
        let id = between(&page, "<NextVersionIdMarker>", "</NextVersionIdMarker>");
        markers = format!("&key-marker={key}&version-id-marker={id}");
    }
    assert_eq!(seen, all(&whole, "VersionId"));
    let grouped = ok(&mut account, "GET", "/b12?versions&delimiter=/&key-marker=b", &[], "");
    assert_eq!((all(&grouped, "VersionId").len(), groups(&grouped)), (0, vec!["c/"]));
    let lonely = refused(&mut account, "GET", "/b12?versions&version-id-marker=null", &[], "");
    assert_eq!(lonely.1, "InvalidArgument");
}

#[test]
fn what_is_deleted_between_pages_hides_nothing() {
    let mut account = with_bucket();
    enable_versions(&mut account);
    for _ in 0..3 {
        ok(&mut account, "PUT", "/b12/a", &[], "x");
    }
    let page = ok(&mut account, "GET", "/b12?versions&max-keys=1", &[], "");
    let id = between(&page, "<NextVersionIdMarker>", "</NextVersionIdMarker>");
    ok(&mut account, "DELETE", &format!("/b12/a?versionId={id}"), &[], "");
    let rest = format!("/b12?versions&key-marker=a&version-id-marker={id}");
    assert_eq!(all(&ok(&mut account, "GET", &rest, &[], ""), "VersionId").len(), 2);
}
