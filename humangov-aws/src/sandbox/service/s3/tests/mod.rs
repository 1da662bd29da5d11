// SPDX-License-Identifier: MIT OR Apache-2.0

mod buckets;
mod listing;
mod objects;
mod settings;
mod uploads;

use super::checksum::hex;
use crate::sandbox::{
    testing::{Account, between},
    timings::Timings,
    wire::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use std::time::Duration;

/// An account with a bucket `b`, called as S3.
fn with_bucket() -> Account {
    let mut account = Account::new("s3");
    ok(&mut account, "PUT", "/b12", &[], "");
    account
}

fn send(
    account: &mut Account,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Response {
    account.send(method, target, headers, body.as_ref().to_vec())
}

/// The text of an answer to a call that must work.
fn ok(
    account: &mut Account,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> String {
    let response = send(account, method, target, headers, body);
    assert!(response.status < 300, "{method} {target}: {}", text(&response));
    text(&response)
}

/// Status and code of a call that must be refused.
fn refused(
    account: &mut Account,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> (u16, String) {
    let response = send(account, method, target, headers, body);
    let text = text(&response);
    assert!(response.status >= 300, "{method} {target} worked: {text}");
    (response.status, between(&text, "<Code>", "</Code>").to_owned())
}

/// As [`ok`], with the checksum that some operations must have.
fn ok_with_md5(account: &mut Account, method: &str, target: &str, body: &str) -> String {
    ok(account, method, target, &[("content-md5", &md5(body))], body)
}

/// The code of a refusal, with the checksum that some operations must have.
fn code_with_md5(account: &mut Account, method: &str, target: &str, body: &str) -> String {
    refused(account, method, target, &[("content-md5", &md5(body))], body).1
}

fn md5(body: &str) -> String {
    BASE64_STANDARD.encode(Md5::digest(body))
}

/// The entity tag of a body, with quotes.
fn tag(body: &str) -> String {
    format!("\"{}\"", hex(&Md5::digest(body)))
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

/// The texts of all elements of this name, in order.
fn all<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    text.split(start.as_str()).skip(1).filter_map(|rest| rest.split(end.as_str()).next()).collect()
}

fn enable_versions(account: &mut Account) {
    let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    ok(account, "PUT", "/b12?versioning", &[], body);
}
