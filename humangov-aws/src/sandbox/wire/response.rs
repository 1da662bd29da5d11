// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Response`]: an HTTP answer of AWS, whole.

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub(in crate::sandbox) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(in crate::sandbox) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::empty(status) }.with("content-type", content_type)
    }

    pub(in crate::sandbox) fn xml(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/xml", body)
    }

    /// With one more header.
    pub(in crate::sandbox) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
