// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`ApiError`]: a refusal, as AWS words it.

use serde_json::{Map, Value};

/// A refusal: code, words, HTTP status.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    pub code: String,
    pub message: String,
    pub status: u16,
    /// Further members of the error's body.
    pub more: Box<Value>,
}

impl ApiError {
    /// A refusal with status 400, which most services use for nearly all of them.
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: 400, more: Box::default() }
    }

    /// With another HTTP status.
    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With one more member in the error's body.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if !self.more.is_object() {
            *self.more = Value::Object(Map::new());
        }
        self.more[name] = value.into();
        self
    }
}
