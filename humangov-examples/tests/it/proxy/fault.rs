// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong with a call, and how each protocol says so.

use std::time::Duration;

use super::operation::{Operation, Protocol};
use super::wire::Message;

/// What happens to a call instead of its ordinary course.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Refused by the service with this HTTP status, error code and message; not executed.
    Error { status: u16, code: String, message: String },
    /// Refused for want of permission, with the code of the service; not executed.
    AccessDenied,
    /// Refused for coming too fast, with the code of the service; not executed.
    Throttled,
    /// The connection breaks before the request is executed.
    LoseRequest,
    /// The request is executed, then the connection breaks without an answer.
    LoseAnswer,
    /// The request is executed, and only the first half of the answer's body arrives, with no sign that more existed.
    HalfAnswer,
    /// The request is executed after this time.
    Delay(Duration),
    /// The client waits, before or after the request is executed (`forward`), until the proxy lets go; then the
    /// connection breaks. Gives a test a known moment to kill the client at.
    Hold { forward: bool },
}

impl Fault {
    /// An error answer of the service.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// The error answer, in the shape of the service's protocol.
    pub(super) fn answer(self, operation: &Operation, to_head: bool) -> Message {
        let (status, code, message) = match self {
            Self::Error { status, code, message } => (status, code, message),
            Self::AccessDenied => {
                let (status, code) = access_denied(operation);
                let call = format!("{}:{}", operation.service, operation.name);
                (status, code.to_owned(), format!("User: tests is not authorized to perform: {call}"))
            }
            Self::Throttled => {
                let (status, code) = throttled(operation);
                (status, code.to_owned(), "Rate exceeded".to_owned())
            }
            other => unreachable!("{other:?} is no error answer"),
        };
        let (safe_code, safe_message) = (escape(&code), escape(&message));
        let error = format!("<Code>{safe_code}</Code><Message>{safe_message}</Message>");
        let body = match operation.protocol {
            Protocol::Json => serde_json::json!({ "__type": code, "message": message }).to_string(),
            Protocol::Query => format!(
                "<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>fault</RequestId></ErrorResponse>"
            ),
            Protocol::Ec2 => format!(
                "<Response><Errors><Error>{error}</Error></Errors><RequestID>fault</RequestID></Response>"
            ),
            Protocol::RestXml => {
                format!(
                    r#"<?xml version="1.0" encoding="UTF-8"?><Error>{error}<RequestId>fault</RequestId></Error>"#
                )
            }
        };
        // A HEAD answer has no body: there the client knows the status only, on AWS too.
        let body = if to_head { Vec::new() } else { body.into_bytes() };
        if operation.protocol == Protocol::Json {
            let headers = [
                ("Content-Type", "application/x-amz-json-1.1"),
                ("x-amzn-ErrorType", code.as_str()),
                ("x-amzn-RequestId", "fault"),
            ];
            Message::answer(status, &headers, body)
        } else {
            Message::answer(status, &[("Content-Type", "text/xml"), ("x-amz-request-id", "fault")], body)
        }
    }
}

fn access_denied(operation: &Operation) -> (u16, &'static str) {
    match operation.protocol {
        Protocol::Json => (400, "AccessDeniedException"),
        Protocol::Ec2 => (403, "UnauthorizedOperation"),
        Protocol::Query | Protocol::RestXml => (403, "AccessDenied"),
    }
}

fn throttled(operation: &Operation) -> (u16, &'static str) {
    match operation.protocol {
        Protocol::Json => (400, "ThrottlingException"),
        Protocol::Ec2 => (503, "RequestLimitExceeded"),
        Protocol::Query => (400, "Throttling"),
        Protocol::RestXml => (503, "SlowDown"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
