// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of the services share: an account, called at the wire.

use super::{
    images::ImageFailure,
    service::{self, Service},
    timings::{Latency, Timings},
    wire::{Request, Response},
    world::{Behaviour, World, later},
};
use jiff::Timestamp;
use serde_json::Value;
use std::{fmt::Write as _, time::Duration};

/// An account that is called at the wire, with a clock that goes only when told to.
pub(super) struct Account {
    pub world: World,
    pub now: Timestamp,
    signing_name: &'static str,
}

impl Account {
    /// An empty account in which all is done at once. Calls go to the service that signs with this name.
    pub(super) fn new(signing_name: &'static str) -> Self {
        Self::with(signing_name, Timings::instant())
    }

    pub(super) fn with(signing_name: &'static str, timings: Timings) -> Self {
        let behaviour = Behaviour {
            timings,
            latency: Latency::Instant,
            rates: false,
            failures: ImageFailure::usual(),
            images_must_exist: false,
        };
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        Self { world: World::new("123456789012", behaviour), now, signing_name }
    }

    /// The same account, from now on called at another service.
    pub(super) fn at(&mut self, signing_name: &'static str) -> &mut Self {
        self.signing_name = signing_name;
        self
    }

    pub(super) fn wait(&mut self, time: Duration) {
        self.now = later(self.now, time);
    }

    /// Sends a request as it is.
    pub(super) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0",
            self.signing_name
        );
        let mut headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers.push(("authorization".to_owned(), scope));
        let request = Request::new(method, target, headers, body);
        let service = Service::by_signing_name(self.signing_name).expect("a service");
        let read = match service::read(service, &request) {
            Ok(read) => read,
            Err(error) => return service.protocol().write_error(&error, "request-1"),
        };
        service::execute(&mut self.world, service, &request, &read, self.now, "request-1").0
    }

    /// Calls an operation with JSON, or as a form where the service takes those.
    pub(super) fn call(&mut self, operation: &str, input: &Value) -> Response {
        let service = Service::by_signing_name(self.signing_name).expect("a service");
        match service.protocol() {
            super::wire::Protocol::Json => {
                let target = format!("Service.{operation}");
                self.send("POST", "/", &[("x-amz-target", &target)], input.to_string().into_bytes())
            }
            protocol => {
                let ec2 = protocol == super::wire::Protocol::Ec2;
                let mut form = format!("Action={operation}&Version=1");
                write_form(&mut form, "", input, ec2);
                self.send("POST", "/", &[], form.into_bytes())
            }
        }
    }

    /// The answer to a call that must work. Of XML, the text of the answer.
    pub(super) fn ok(&mut self, operation: &str, input: &Value) -> Value {
        let response = self.call(operation, input);
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(response.status, 200, "{operation}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// The answer to a call that must work, as XML.
    pub(super) fn xml(&mut self, operation: &str, input: &Value) -> String {
        match self.ok(operation, input) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// The code of a call that must be refused.
    pub(super) fn refused(&mut self, operation: &str, input: &Value) -> String {
        let response = self.call(operation, input);
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert_ne!(response.status, 200, "{operation} worked: {text}");
        match serde_json::from_str::<Value>(&text) {
            Ok(error) => error["__type"].as_str().unwrap_or_default().to_owned(),
            Err(_) => between(&text, "<Code>", "</Code>").to_owned(),
        }
    }
}

/// What stands between the first `start` and the `end` after it.
pub(super) fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(inner, _)| inner)
}

fn write_form(form: &mut String, name: &str, value: &Value, ec2: bool) {
    let under = |inner: &str| if name.is_empty() { inner.to_owned() } else { format!("{name}.{inner}") };
    match value {
        Value::Null => {}
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| write_form(form, &under(key), value, ec2));
        }
        Value::Array(items) => {
            for (n, item) in (1..).zip(items) {
                let inner = if ec2 { n.to_string() } else { format!("member.{n}") };
                write_form(form, &under(&inner), item, ec2);
            }
        }
        scalar => {
            let text = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
            let text = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
            write!(form, "&{name}={text}").expect("writing to a string");
        }
    }
}
