// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refusals that several operations share, and how refusals are sent.

use crate::sandbox::{
    error::ApiError,
    wire::{Protocol, Request, Response},
};
use serde_json::{Value, json};

/// Where a refusal keeps the headers it is to be sent with: no name of an element.
const HEADERS: &str = "@headers";

/// A refusal with this status.
pub(super) fn refused(status: u16, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(code, message).with_status(status)
}

pub(super) fn no_such_bucket(name: &str) -> ApiError {
    refused(404, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", name)
}

pub(super) fn no_such_key(key: &str) -> ApiError {
    refused(404, "NoSuchKey", "The specified key does not exist.").with("Key", key)
}

pub(super) fn malformed_xml() -> ApiError {
    ApiError::new(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

pub(super) fn invalid_argument(name: &str, value: &str, message: &str) -> ApiError {
    ApiError::new("InvalidArgument", message).with("ArgumentName", name).with("ArgumentValue", value)
}

pub(super) fn invalid_request(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidRequest", message)
}

pub(super) fn precondition_failed(condition: &str) -> ApiError {
    let message = "At least one of the pre-conditions you specified did not hold";
    refused(412, "PreconditionFailed", message).with("Condition", condition)
}

pub(super) fn access_denied(message: &str) -> ApiError {
    refused(403, "AccessDenied", message)
}

pub(super) fn not_implemented() -> ApiError {
    refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
}

/// `error`, sent with one more header.
pub(super) fn with_header(error: ApiError, name: &str, value: &str) -> ApiError {
    let mut headers = error.more.get(HEADERS).cloned().unwrap_or_else(|| json!({}));
    headers[name] = value.into();
    error.with(HEADERS, headers)
}

/// The answer to `request` that says `error`. To HEAD, and where nothing has changed, headers alone say it.
pub(in crate::sandbox) fn refusal(request: &Request, error: &ApiError, request_id: &str) -> Response {
    let mut error = error.clone();
    let headers = error.more.as_object_mut().and_then(|more| more.remove(HEADERS));
    let mut response = if request.method == "HEAD" || error.status == 304 {
        Response::empty(error.status)
    } else {
        Protocol::Rest.write_error(&error, request_id)
    };
    for (name, value) in headers.iter().filter_map(Value::as_object).flatten() {
        response = response.with(name, value.as_str().unwrap_or_default());
    }
    response
}
