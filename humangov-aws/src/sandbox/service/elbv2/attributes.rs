// SPDX-License-Identifier: MIT OR Apache-2.0
//! Attributes of load balancers, target groups and listeners: which there are, what they are at first, what they may be.

use super::check::{configuration, invalid, required, some};
use crate::sandbox::{error::ApiError, wire::Input};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many attributes one call may change.
const MOST_AT_ONCE: usize = 20;

/// The attributes that were set.
pub(super) type Set = BTreeMap<String, String>;

/// The tables that hold for one thing.
pub(super) type Tables = &'static [&'static [Attribute]];

/// An attribute: its key, its value at first, and what it may be.
#[derive(Debug)]
pub(super) struct Attribute(&'static str, &'static str, Allowed);

#[derive(Debug)]
enum Allowed {
    Truth,
    Words(&'static [&'static str]),
    Between(u32, u32),
    /// A word, or a number in this range.
    WordOr(&'static str, u32, u32),
    Text,
}

use Allowed::{Between, Text, Truth, WordOr, Words};

/// Those of an Application Load Balancer.
pub(super) const LOAD_BALANCER: Tables = &[&[
    Attribute("access_logs.s3.enabled", "false", Truth),
    Attribute("access_logs.s3.bucket", "", Text),
    Attribute("access_logs.s3.prefix", "", Text),
    Attribute("connection_logs.s3.enabled", "false", Truth),
    Attribute("connection_logs.s3.bucket", "", Text),
    Attribute("connection_logs.s3.prefix", "", Text),
    Attribute("health_check_logs.s3.enabled", "false", Truth),
    Attribute("health_check_logs.s3.bucket", "", Text),
    Attribute("health_check_logs.s3.prefix", "", Text),
    Attribute("client_keep_alive.seconds", "3600", Between(60, 604_800)),
    Attribute("deletion_protection.enabled", "false", Truth),
    Attribute("idle_timeout.timeout_seconds", "60", Between(1, 4000)),
    Attribute("ipv6.deny_all_igw_traffic", "false", Truth),
    Attribute("load_balancing.cross_zone.enabled", "true", Words(&["true"])),
    Attribute(
        "routing.http.desync_mitigation_mode",
        "defensive",
        Words(&["monitor", "defensive", "strictest"]),
    ),
    Attribute("routing.http.drop_invalid_header_fields.enabled", "false", Truth),
    Attribute("routing.http.preserve_host_header.enabled", "false", Truth),
    Attribute("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", Truth),
    Attribute("routing.http.xff_client_port.enabled", "false", Truth),
    Attribute("routing.http.xff_header_processing.mode", "append", Words(&["append", "preserve", "remove"])),
    Attribute("routing.http2.enabled", "true", Truth),
    Attribute("waf.fail_open.enabled", "false", Truth),
    Attribute("zonal_shift.config.enabled", "false", Truth),
]];

const HEALTH: &[Attribute] = &[
    Attribute(
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        Words(&["true", "false", "use_load_balancer_configuration"]),
    ),
    Attribute(
        "target_group_health.dns_failover.minimum_healthy_targets.count",
        "1",
        WordOr("off", 1, u32::MAX),
    ),
    Attribute(
        "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        "off",
        WordOr("off", 1, 100),
    ),
    Attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        Between(1, u32::MAX),
    ),
    Attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        WordOr("off", 1, 100),
    ),
];

const DELAY: &[Attribute] = &[
    Attribute("deregistration_delay.timeout_seconds", "300", Between(0, 3600)),
    Attribute("stickiness.enabled", "false", Truth),
];

/// Those of a target group of HTTP or HTTPS.
pub(super) const HTTP_GROUP: Tables = &[
    DELAY,
    &[
        Attribute("stickiness.type", "lb_cookie", Words(&["lb_cookie", "app_cookie"])),
        Attribute("stickiness.lb_cookie.duration_seconds", "86400", Between(1, 604_800)),
        Attribute("stickiness.app_cookie.cookie_name", "", Text),
        Attribute("stickiness.app_cookie.duration_seconds", "86400", Between(1, 604_800)),
        Attribute("slow_start.duration_seconds", "0", WordOr("0", 30, 900)),
        Attribute(
            "load_balancing.algorithm.type",
            "round_robin",
            Words(&["round_robin", "least_outstanding_requests", "weighted_random"]),
        ),
        Attribute("load_balancing.algorithm.anomaly_mitigation", "off", Words(&["on", "off"])),
    ],
    HEALTH,
];

/// Those of a target group for a Network Load Balancer.
pub(super) const TCP_GROUP: Tables = &[
    DELAY,
    &[
        Attribute("deregistration_delay.connection_termination.enabled", "false", Truth),
        Attribute("stickiness.type", "source_ip", Words(&["source_ip"])),
        Attribute("preserve_client_ip.enabled", "false", Truth),
        Attribute("proxy_protocol_v2.enabled", "false", Truth),
        Attribute("target_health_state.unhealthy.connection_termination.enabled", "true", Truth),
        Attribute("target_health_state.unhealthy.draining_interval_seconds", "0", Between(0, 360_000)),
    ],
    HEALTH,
];

/// Those of a target group for a Gateway Load Balancer.
pub(super) const GENEVE_GROUP: Tables = &[
    DELAY,
    &[
        Attribute(
            "stickiness.type",
            "source_ip_dest_ip_proto",
            Words(&["source_ip_dest_ip", "source_ip_dest_ip_proto"]),
        ),
        Attribute("target_failover.on_deregistration", "no_rebalance", Words(&["rebalance", "no_rebalance"])),
        Attribute("target_failover.on_unhealthy", "no_rebalance", Words(&["rebalance", "no_rebalance"])),
    ],
];

/// Those of a target group of a Lambda function.
pub(super) const LAMBDA_GROUP: Tables =
    &[&[Attribute("lambda.multi_value_headers.enabled", "false", Truth)], HEALTH];

/// Those of a listener of HTTP.
pub(super) const HTTP_LISTENER: Tables = &[RESPONSE];

/// Those of a listener of HTTPS.
pub(super) const HTTPS_LISTENER: Tables = &[RESPONSE, TLS_HEADERS];

const RESPONSE: &[Attribute] = &[
    Attribute("routing.http.response.server.enabled", "true", Truth),
    Attribute("routing.http.response.strict_transport_security.header_value", "", Text),
    Attribute("routing.http.response.access_control_allow_origin.header_value", "", Text),
    Attribute("routing.http.response.access_control_allow_methods.header_value", "", Text),
    Attribute("routing.http.response.access_control_allow_headers.header_value", "", Text),
    Attribute(
        "routing.http.response.access_control_allow_credentials.header_value",
        "",
        Words(&["", "true"]),
    ),
    Attribute("routing.http.response.access_control_expose_headers.header_value", "", Text),
    Attribute("routing.http.response.access_control_max_age.header_value", "", WordOr("", 0, 86_400)),
    Attribute("routing.http.response.content_security_policy.header_value", "", Text),
    Attribute("routing.http.response.x_content_type_options.header_value", "", Words(&["", "nosniff"])),
    Attribute(
        "routing.http.response.x_frame_options.header_value",
        "",
        Words(&["", "DENY", "SAMEORIGIN", "ALLOW-FROM"]),
    ),
];

const TLS_HEADERS: &[Attribute] = &[
    Attribute(
        "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
        "X-Amzn-Mtls-Clientcert-Serial-Number",
        Text,
    ),
    Attribute(
        "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name",
        "X-Amzn-Mtls-Clientcert-Issuer",
        Text,
    ),
    Attribute(
        "routing.http.request.x_amzn_mtls_clientcert_subject.header_name",
        "X-Amzn-Mtls-Clientcert-Subject",
        Text,
    ),
    Attribute(
        "routing.http.request.x_amzn_mtls_clientcert_validity.header_name",
        "X-Amzn-Mtls-Clientcert-Validity",
        Text,
    ),
    Attribute(
        "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name",
        "X-Amzn-Mtls-Clientcert-Leaf",
        Text,
    ),
    Attribute("routing.http.request.x_amzn_mtls_clientcert.header_name", "X-Amzn-Mtls-Clientcert", Text),
    Attribute("routing.http.request.x_amzn_tls_version.header_name", "X-Amzn-Tls-Version", Text),
    Attribute("routing.http.request.x_amzn_tls_cipher_suite.header_name", "X-Amzn-Tls-Cipher-Suite", Text),
];

/// All attributes with their values, as they are answered.
pub(super) fn described(tables: Tables, set: &Set) -> Value {
    let attribute = |Attribute(key, default, _): &Attribute| {
        let value = set.get(*key).map_or(*default, String::as_str);
        json!({"Key": key, "Value": value})
    };
    let all: Value = tables.iter().flat_map(|table| table.iter()).map(attribute).collect();
    json!({ "Attributes": all })
}

/// What is set after the attributes of `input` are. An empty value takes a text or a number of a load balancer or a listener
/// back to what it was at first; `noun` is what AWS calls the thing.
pub(super) fn changed(tables: Tables, noun: &str, set: &Set, input: Input<'_>) -> Result<Set, ApiError> {
    let given = some(input, "Attributes")?;
    if given.len() > MOST_AT_ONCE {
        return Err(invalid(format!("no more than {MOST_AT_ONCE} attributes can be modified at once")));
    }
    let resets = noun != "Target group";
    let mut after = set.clone();
    for attribute in given.iter().map(Input) {
        let (key, value) = (required(attribute, "Key")?, attribute.text("Value").unwrap_or_default());
        let known = tables.iter().flat_map(|table| table.iter()).find(|known| known.0 == key);
        let Some(Attribute(_, _, allowed)) = known else {
            return Err(invalid(format!("{noun} attribute key '{key}' is not recognized")));
        };
        if value.is_empty() && resets && !matches!(allowed, Truth) {
            after.remove(key);
        } else if allowed.allows(value) {
            after.insert(key.to_owned(), value.to_owned());
        } else {
            return Err(invalid(format!(
                "'{value}' is not a valid value for {noun} attribute '{key}': {}",
                allowed.told()
            )));
        }
    }
    Ok(after)
}

impl Allowed {
    fn allows(&self, value: &str) -> bool {
        let within =
            |least: u32, most: u32| value.parse().is_ok_and(|number: u32| (least..=most).contains(&number));
        match self {
            Truth => matches!(value, "true" | "false"),
            Words(words) => words.contains(&value),
            Between(least, most) => within(*least, *most),
            WordOr(word, least, most) => value == *word || within(*least, *most),
            Text => value.len() <= 1024,
        }
    }

    fn told(&self) -> String {
        match self {
            Truth => "it must be true or false".to_owned(),
            Words(words) => format!("it must be one of [{}]", words.join(", ")),
            Between(least, most) => format!("it must be between {least} and {most}"),
            WordOr(word, least, most) => format!("it must be '{word}' or between {least} and {most}"),
            Text => "it must have at most 1024 characters".to_owned(),
        }
    }
}

/// That the attributes of a load balancer go together: who wants logs says where.
pub(super) fn check_load_balancer(set: &Set) -> Result<(), ApiError> {
    let text = |key: String| set.get(&key).map_or("", String::as_str);
    for logs in ["access_logs", "connection_logs", "health_check_logs"] {
        if text(format!("{logs}.s3.enabled")) == "true" && text(format!("{logs}.s3.bucket")).is_empty() {
            return Err(configuration(format!(
                "{logs}.s3.bucket must be set when {logs}.s3.enabled is true"
            )));
        }
    }
    Ok(())
}

/// That the attributes of a target group go together.
pub(super) fn check_target_group(set: &Set) -> Result<(), ApiError> {
    let text = |key: &str| set.get(key).map_or("", String::as_str);
    let (cookie, algorithm) =
        (text("stickiness.app_cookie.cookie_name"), text("load_balancing.algorithm.type"));
    if cookie.starts_with("AWSALB") {
        return Err(configuration(format!("the cookie name '{cookie}' is reserved for the load balancer")));
    }
    let sticks = text("stickiness.enabled") == "true";
    if sticks && text("stickiness.type") == "app_cookie" && cookie.is_empty() {
        return Err(configuration("a cookie name must be specified for stickiness of the type app_cookie"));
    }
    let slow = !matches!(text("slow_start.duration_seconds"), "" | "0");
    if slow && !matches!(algorithm, "" | "round_robin") {
        return Err(configuration(format!("slow start cannot be used with the algorithm {algorithm}")));
    }
    if text("load_balancing.algorithm.anomaly_mitigation") == "on" && algorithm != "weighted_random" {
        return Err(configuration("anomaly mitigation needs the algorithm weighted_random"));
    }
    Ok(())
}
