// SPDX-License-Identifier: MIT OR Apache-2.0
//! What goes over the wire: requests, answers and the protocols that AWS speaks. Knows no service.

mod input;
mod json;
mod query;
mod request;
mod response;
mod xml;

pub(super) use input::Input;
pub(super) use request::Request;
pub(super) use response::Response;

use super::error::ApiError;
use serde_json::Value;

/// How the requests and answers of a service are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// awsJson 1.0 or 1.1: the operation in `X-Amz-Target`, JSON both ways.
    Json,
    /// awsQuery: a form with `Action`, XML back, its lists of `member`s. With the XML namespace of the service.
    Query(&'static str),
    /// ec2Query: a form with `Action`, XML back, its lists of `item`s.
    Ec2,
    /// restXml: S3, which reads its requests itself.
    Rest,
}

/// What is asked for: the operation and its members.
#[derive(Debug)]
pub(super) struct Asked {
    pub operation: String,
    pub input: Value,
}

impl Protocol {
    /// Reads what `request` asks for; for [`Protocol::Rest`] the service does.
    pub(super) fn read(self, request: &Request) -> Result<Asked, ApiError> {
        match self {
            Self::Json => json::read(request),
            Self::Query(_) | Self::Ec2 => query::read(request),
            Self::Rest => Ok(Asked { operation: String::new(), input: Value::Null }),
        }
    }

    /// Writes an answer.
    pub(super) fn write(self, operation: &str, output: &Value, request_id: &str) -> Response {
        match self {
            Self::Json => json::write(output),
            Self::Query(namespace) => {
                let body = format!(
                    "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{}</{operation}Result>\
                     <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
                    xml::members(output, "member")
                );
                Response::xml(200, body)
            }
            Self::Ec2 => Response::xml(
                200,
                format!(
                    "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{request_id}</requestId>{}\
                     </{operation}Response>",
                    xml::members(output, "item")
                ),
            ),
            Self::Rest => Response::empty(200),
        }
    }

    /// Writes a refusal.
    pub(super) fn write_error(self, error: &ApiError, request_id: &str) -> Response {
        let (code, message) = (xml::escaped(&error.code), xml::escaped(&error.message));
        let side = if error.status >= 500 { "Receiver" } else { "Sender" };
        match self {
            Self::Json => json::write_error(error),
            Self::Query(namespace) => Response::xml(
                error.status,
                format!(
                    "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message>\
                     </Error><RequestId>{request_id}</RequestId></ErrorResponse>"
                ),
            ),
            Self::Ec2 => Response::xml(
                error.status,
                format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                     <RequestID>{request_id}</RequestID></Response>"
                ),
            ),
            Self::Rest => Response::xml(
                error.status,
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{}\
                     <RequestId>{request_id}</RequestId></Error>",
                    xml::members(&error.more, "member")
                ),
            ),
        }
    }
}

pub(super) use xml::{element, escaped};
