// SPDX-License-Identifier: MIT OR Apache-2.0
//! Health checks: what they are at first, and what they may be.

use super::check::{choice, configuration, constraint, invalid, number, truth};
use crate::sandbox::{error::ApiError, wire::Input};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How the targets of a group are checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HealthCheck {
    enabled: bool,
    protocol: Option<String>,
    /// `traffic-port`, or a number.
    pub port: Option<String>,
    path: Option<String>,
    interval: u32,
    timeout: u32,
    healthy: u32,
    unhealthy: u32,
    matcher: Option<String>,
}

/// What of a target group decides how it is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub target_type: &'a str,
    pub protocol: Option<&'a str>,
    pub grpc: bool,
}

impl Of<'_> {
    /// Whether requests to the targets are HTTP's.
    fn is_http(self) -> bool {
        matches!(self.protocol, Some("HTTP" | "HTTPS"))
    }
}

impl HealthCheck {
    /// The check of a new target group: what the request says, and AWS's defaults for the rest.
    pub(super) fn new(of: Of<'_>, input: Input<'_>) -> Result<Self, ApiError> {
        let protocol = protocol(of, input)?;
        let check = Self::usual(of, protocol).changed(of, input)?;
        Ok(check)
    }

    fn usual(of: Of<'_>, protocol: Option<&str>) -> Self {
        let lambda = of.target_type == "lambda";
        let (default_protocol, port, interval, timeout) = match of.protocol {
            _ if lambda => (None, None, 35, 30),
            Some("HTTP" | "HTTPS") => (Some("HTTP"), Some("traffic-port"), 30, 5),
            Some("GENEVE") => (Some("TCP"), Some("80"), 10, 5),
            _ if protocol == Some("HTTP") => (Some("TCP"), Some("traffic-port"), 30, 6),
            _ => (Some("TCP"), Some("traffic-port"), 30, 10),
        };
        let protocol = protocol.or(default_protocol);
        let asks = lambda || matches!(protocol, Some("HTTP" | "HTTPS"));
        let (path, matcher) = match () {
            () if !asks => (None, None),
            () if of.grpc => (Some("/AWS.ALB/healthcheck"), Some("12")),
            () if lambda || of.is_http() => (Some("/"), Some("200")),
            () => (Some("/"), Some("200-399")),
        };
        Self {
            enabled: !lambda,
            protocol: protocol.map(str::to_owned),
            port: port.map(str::to_owned),
            path: path.map(str::to_owned),
            interval,
            timeout,
            healthy: 5,
            unhealthy: 2,
            matcher: matcher.map(str::to_owned),
        }
    }

    /// The check with what a request says; what it does not say stays.
    pub(super) fn changed(mut self, of: Of<'_>, input: Input<'_>) -> Result<Self, ApiError> {
        if let Some(protocol) = protocol(of, input)? {
            self.protocol = Some(protocol.to_owned());
        }
        if let Some(enabled) = truth(input, "HealthCheckEnabled")? {
            if !enabled && of.target_type != "lambda" {
                return Err(invalid(format!(
                    "Health check enabled must be true for target groups with target type '{}'",
                    of.target_type
                )));
            }
            self.enabled = enabled;
        }
        if let Some(port) = input.text("HealthCheckPort") {
            if port != "traffic-port" && port.parse::<u16>().is_ok_and(|port| port > 0) == false {
                return Err(invalid(format!(
                    "Health check port '{port}' must be 'traffic-port' or a number between 1 and 65535"
                )));
            }
            self.port = Some(port.to_owned());
        }
        for (name, allowed, value) in [
            ("HealthCheckIntervalSeconds", 5..=300, &mut self.interval),
            ("HealthCheckTimeoutSeconds", 2..=120, &mut self.timeout),
            ("HealthyThresholdCount", 2..=10, &mut self.healthy),
            ("UnhealthyThresholdCount", 2..=10, &mut self.unhealthy),
        ] {
            *value = number(input, name, allowed)?.unwrap_or(*value);
        }
        if self.timeout >= self.interval {
            return Err(invalid("Health check interval must be greater than the timeout."));
        }
        self.set_request(of, input)?;
        Ok(self)
    }

    /// Path and matcher, which only checks by HTTP have.
    fn set_request(&mut self, of: Of<'_>, input: Input<'_>) -> Result<(), ApiError> {
        let (path, matcher) = (input.text("HealthCheckPath"), input.object("Matcher"));
        let asks = of.target_type == "lambda" || matches!(self.protocol.as_deref(), Some("HTTP" | "HTTPS"));
        if !asks && (path.is_some() || matcher.is_some()) {
            return Err(configuration(
                "Health check path and matcher are for the health check protocols HTTP and HTTPS only",
            ));
        }
        if let Some(path) = path {
            if !path.starts_with('/') || path.len() > 1024 || path.contains(char::is_whitespace) {
                return Err(invalid(format!("Health check path '{path}' must begin with a '/' character")));
            }
            self.path = Some(path.to_owned());
        }
        if let Some(matcher) = matcher {
            self.matcher = Some(codes(of, matcher)?.to_owned());
        }
        Ok(())
    }

    /// How it is told within its target group.
    pub(super) fn describe(&self, grpc: bool, into: &mut Map<String, Value>) {
        let matcher = self.matcher.as_ref().map(|codes| json!({matcher_member(grpc): codes}));
        let members = [
            ("HealthCheckEnabled", json!(self.enabled)),
            ("HealthCheckProtocol", json!(self.protocol)),
            ("HealthCheckPort", json!(self.port)),
            ("HealthCheckPath", json!(self.path)),
            ("HealthCheckIntervalSeconds", json!(self.interval)),
            ("HealthCheckTimeoutSeconds", json!(self.timeout)),
            ("HealthyThresholdCount", json!(self.healthy)),
            ("UnhealthyThresholdCount", json!(self.unhealthy)),
            ("Matcher", json!(matcher)),
        ];
        into.extend(members.map(|(name, value)| (name.to_owned(), value)));
    }

    /// From the first check of a good target until it is healthy.
    pub(super) fn until_healthy(&self) -> Duration {
        Duration::from_secs((self.interval * self.healthy).into())
    }

    /// From the first check of a bad target until it is unhealthy.
    pub(super) fn until_unhealthy(&self) -> Duration {
        Duration::from_secs((self.interval * self.unhealthy).into())
    }
}

fn matcher_member(grpc: bool) -> &'static str {
    if grpc { "GrpcCode" } else { "HttpCode" }
}

/// The protocol of the check, if the request says one.
fn protocol<'a>(of: Of<'_>, input: Input<'a>) -> Result<Option<&'a str>, ApiError> {
    let protocol = choice(input, "HealthCheckProtocol", &["HTTP", "HTTPS", "TCP"])?;
    if protocol == Some("TCP") && of.is_http() {
        return Err(invalid(
            "Health check protocol 'TCP' is not supported for target groups of HTTP and HTTPS",
        ));
    }
    Ok(protocol)
}

/// The codes of a matcher: numbers and ranges, separated by commas.
fn codes<'a>(of: Of<'_>, matcher: Input<'a>) -> Result<&'a str, ApiError> {
    let (member, other) = (matcher_member(of.grpc), matcher_member(!of.grpc));
    if matcher.has(other) {
        return Err(invalid(format!("{other} cannot be specified for this protocol version")));
    }
    let Some(codes) = matcher.text(member) else {
        return Err(constraint("null", &format!("matcher.{member}"), "not be null"));
    };
    let (least, most) = match () {
        () if of.grpc => (0, 99),
        () if of.target_type == "lambda" || of.is_http() => (200, 499),
        () if of.protocol == Some("GENEVE") => (200, 399),
        () => (200, 599),
    };
    let code = |text: &str| text.parse::<u16>().ok().filter(|code| (least..=most).contains(code));
    let range = |text: &str| match text.split_once('-') {
        Some((first, last)) => {
            matches!((code(first), code(last)), (Some(first), Some(last)) if first <= last)
        }
        None => code(text).is_some(),
    };
    if codes.split(',').all(range) {
        Ok(codes)
    } else {
        Err(invalid(format!("Health check matcher '{codes}' must be codes between {least} and {most}")))
    }
}
