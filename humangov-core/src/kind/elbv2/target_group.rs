// SPDX-License-Identifier: MIT OR Apache-2.0
//! `elbv2.target_group`: the tasks a load balancer may send requests to.

use crate::{
    address::Kind,
    arn::Arn,
    kind::elbv2::{checks, words::words},
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Input},
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A target group of an Application Load Balancer. Its targets are registered by ECS, not by us.
///
/// Name, port, protocol, VPC and target type cannot be changed: a new group is made first, so it needs another name than
/// the old one.
///
/// ```
/// use humangov_core::kind::elbv2::{HealthCheck, Stickiness, TargetGroup};
/// let group = TargetGroup::builder()
///     .name("humangov-california")
///     .port(80)
///     .vpc_id("vpc-1")
///     .health_check(HealthCheck::builder().path("/health").interval_seconds(10).timeout_seconds(5).build())
///     .deregistration_delay_seconds(30)
///     .stickiness(Stickiness::LbCookie { duration_seconds: Stickiness::DAY })
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct TargetGroup {
    /// The name: 1 to 32 letters, digits and hyphens; unique in account and region.
    #[builder(setter(into))]
    pub name: String,
    /// The port of targets that are registered without one: 1 to 65535.
    pub port: u16,
    /// How targets are spoken to.
    #[builder(default)]
    #[serde(default)]
    pub protocol: Protocol,
    /// The version of HTTP. Absent: HTTP/1.1.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub protocol_version: Option<ProtocolVersion>,
    /// The VPC of the targets.
    #[builder(setter(into))]
    pub vpc_id: Input<String>,
    /// What targets are.
    #[builder(default)]
    #[serde(default)]
    pub target_type: TargetType,
    /// How targets are found to be healthy.
    #[builder(default)]
    #[serde(default)]
    pub health_check: HealthCheck,
    /// For how many seconds a target that goes may finish its requests: 0 to 3600. AWS's default: 300.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub deregistration_delay_seconds: Option<u32>,
    /// Whether a client's requests go to the same target. AWS's default: no.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub stickiness: Option<Stickiness>,
    /// During how many seconds a new target gets a growing share of requests: 30 to 900, or 0 for none. AWS's default: 0.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub slow_start_seconds: Option<u32>,
    /// How a target is chosen. AWS's default: round robin.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub load_balancing_algorithm: Option<LoadBalancingAlgorithm>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// HTTP without or with TLS, between load balancer and targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

words!(Protocol {
    Http = "HTTP",
    Https = "HTTPS",
});

/// The version of HTTP that targets speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolVersion {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// gRPC.
    Grpc,
}

words!(ProtocolVersion {
    Http1 = "HTTP1",
    Http2 = "HTTP2",
    Grpc = "GRPC",
});

/// What the targets of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TargetType {
    /// Addresses: what tasks with network mode `awsvpc`, so all on Fargate, need.
    #[default]
    Ip,
    /// EC2 instances.
    Instance,
}

words!(TargetType {
    Ip = "ip",
    Instance = "instance",
});

/// How targets are found to be healthy. A first target is healthy after about interval times healthy threshold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct HealthCheck {
    /// The path asked: begins with `/`, up to 1024 characters; for gRPC `/package.service/method`. AWS's default: `/`.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub path: Option<String>,
    /// Seconds from one check to the next: 5 to 300. AWS's default: 30.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub interval_seconds: Option<u32>,
    /// Seconds without an answer that make a check fail: 2 to 120, less than the interval. AWS's default: 5.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
    /// Successes in a row that make a target healthy: 2 to 10. AWS's default: 5.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub healthy_threshold_count: Option<u32>,
    /// Failures in a row that make a target unhealthy: 2 to 10. AWS's default: 2.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub unhealthy_threshold_count: Option<u32>,
    /// The status codes that count as success, such as `200`, `200,302` or `200-299`, within 200 to 499; for gRPC within
    /// 0 to 99. AWS's default: `200`, for gRPC `12`.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub matcher: Option<String>,
    /// How the targets are asked. AWS's default: HTTP.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// The port asked. AWS's default: the one that requests go to.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub port: Option<HealthCheckPort>,
}

/// The port that health checks ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthCheckPort {
    /// The one that requests go to.
    TrafficPort,
    /// This one: 1 to 65535.
    Port(u16),
}

/// Whether, and by which cookie, a client's requests go to the same target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stickiness {
    /// Each goes anywhere.
    Off,
    /// By a cookie of the load balancer.
    LbCookie {
        /// How long it holds, in seconds: 1 to 604800.
        duration_seconds: u32,
    },
    /// By a cookie of the application.
    AppCookie {
        /// The cookie's name; not beginning `AWSALB`.
        cookie_name: String,
        /// How long it holds, in seconds: 1 to 604800.
        duration_seconds: u32,
    },
}

impl Stickiness {
    /// The seconds of a day: AWS's default duration.
    pub const DAY: u32 = 86_400;
}

/// How a target is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadBalancingAlgorithm {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest open requests.
    LeastOutstandingRequests,
    /// At random.
    WeightedRandom,
}

words!(LoadBalancingAlgorithm {
    RoundRobin = "round_robin",
    LeastOutstandingRequests = "least_outstanding_requests",
    WeightedRandom = "weighted_random",
});

impl TargetGroup {
    /// The name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
    /// The end of the ARN, `targetgroup/NAME/ID`, by which metrics know it.
    pub const ARN_SUFFIX: Attr<Self, String> = Attr::new("arn_suffix");
}

/// What is known of a target group that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroupOutputs {
    /// The ARN.
    pub arn: Arn<TargetGroup>,
    /// The name.
    pub name: String,
    /// The end of the ARN, `targetgroup/NAME/ID`, by which metrics know it.
    pub arn_suffix: String,
}

impl Resource for TargetGroup {
    const KIND: Kind = Kind::new("elbv2.target_group");
    const RULES: &'static [Rule] = &[
        Rule::ReplaceCreateFirst("/name"),
        Rule::ReplaceCreateFirst("/port"),
        Rule::ReplaceCreateFirst("/protocol"),
        Rule::ReplaceCreateFirst("/protocol_version"),
        Rule::ReplaceCreateFirst("/vpc_id"),
        Rule::ReplaceCreateFirst("/target_type"),
    ];
    type Outputs = TargetGroupOutputs;

    fn normalize(&mut self) {
        // AWS tells its default like any other: whether that was written out must not ask for a new group.
        if self.protocol_version == Some(ProtocolVersion::Http1) {
            self.protocol_version = None;
        }
    }

    fn validate(&self, found: &mut Violations) {
        checks::name(found, &self.name);
        found.check(self.port != 0, "port", || "0 is no port; allowed are 1 to 65535");
        let grpc = self.protocol_version == Some(ProtocolVersion::Grpc);
        found.within("health_check", |found| self.health_check.validate(found, grpc));
        checks::range(found, "deregistration_delay_seconds", self.deregistration_delay_seconds, 0..=3600);
        if let Some(seconds) = self.slow_start_seconds.filter(|seconds| *seconds != 0) {
            found.check((30..=900).contains(&seconds), "slow_start_seconds", || {
                format!("{seconds} is out of range; allowed are 30 to 900, and 0 for none")
            });
            found.check(
                matches!(self.load_balancing_algorithm, None | Some(LoadBalancingAlgorithm::RoundRobin)),
                "slow_start_seconds",
                || "slow start works with the algorithm round_robin only",
            );
        }
        match &self.stickiness {
            None | Some(Stickiness::Off) => {}
            Some(Stickiness::LbCookie { duration_seconds }) => {
                checks::range(
                    found,
                    "stickiness.lb_cookie.duration_seconds",
                    Some(*duration_seconds),
                    1..=604_800,
                );
            }
            Some(Stickiness::AppCookie { cookie_name, duration_seconds }) => {
                checks::range(
                    found,
                    "stickiness.app_cookie.duration_seconds",
                    Some(*duration_seconds),
                    1..=604_800,
                );
                let allowed = |c: char| c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?={}".contains(c);
                found.check(
                    !cookie_name.is_empty() && cookie_name.chars().all(allowed),
                    "stickiness.app_cookie.cookie_name",
                    || "a cookie's name has visible ASCII characters, but none of ( ) < > @ , ; : \\ \" / [ ] ? = { }",
                );
                found.check(
                    !cookie_name.starts_with("AWSALB"),
                    "stickiness.app_cookie.cookie_name",
                    || "names beginning AWSALB are reserved by AWS",
                );
            }
        }
        self.tags.validate(found);
    }
}

impl HealthCheck {
    /// The timeout AWS takes where none is given: the guide says 5, the API reference 6.
    const DEFAULT_TIMEOUT: u32 = 6;
    const DEFAULT_INTERVAL: u32 = 30;

    fn validate(&self, found: &mut Violations, grpc: bool) {
        if let Some(path) = &self.path {
            found.check(
                path.starts_with('/') && path.len() <= 1024 && !path.contains(char::is_whitespace),
                "path",
                || "a path begins with /, has up to 1024 characters and no spaces",
            );
        }
        checks::range(found, "interval_seconds", self.interval_seconds, 5..=300);
        checks::range(found, "timeout_seconds", self.timeout_seconds, 2..=120);
        checks::range(found, "healthy_threshold_count", self.healthy_threshold_count, 2..=10);
        checks::range(found, "unhealthy_threshold_count", self.unhealthy_threshold_count, 2..=10);
        let interval = self.interval_seconds.unwrap_or(Self::DEFAULT_INTERVAL);
        let timeout = self.timeout_seconds.unwrap_or(Self::DEFAULT_TIMEOUT);
        found.check(timeout < interval, "timeout_seconds", || {
            let default = if self.timeout_seconds.is_none() { " (AWS's default)" } else { "" };
            format!(
                "{timeout}{default} is too long; allowed is less than the interval, which is {interval} seconds"
            )
        });
        if let Some(matcher) = &self.matcher {
            let allowed = if grpc { 0..=99 } else { 200..=499 };
            let code = |text: &str| text.parse::<u32>().ok().filter(|code| allowed.contains(code));
            let part = |part: &str| match part.split_once('-') {
                Some((low, high)) => code(low).zip(code(high)).is_some_and(|(low, high)| low < high),
                None => code(part).is_some(),
            };
            found.check(matcher.split(',').all(part), "matcher", || {
                format!(
                    "{matcher:?} is no list of status codes; write 200, 200,302 or 200-299 within {} to {}",
                    allowed.start(),
                    allowed.end()
                )
            });
        }
        found.check(
            self.port != Some(HealthCheckPort::Port(0)),
            "port",
            || "0 is no port; allowed are 1 to 65535",
        );
    }
}

impl HasArn for TargetGroup {}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(change: impl FnOnce(&mut TargetGroup)) -> String {
        let mut group = TargetGroup::builder().name("humangov-california").port(80).vpc_id("vpc-1").build();
        let mut found = Violations::default();
        change(&mut group);
        group.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_group_is_fine() {
        assert_eq!(problems(|_| {}), "");
        assert_eq!(problems(|g| g.health_check.matcher = Some("200,301-302,404".into())), "");
        assert_eq!(problems(|g| g.slow_start_seconds = Some(0)), "");
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        type Change = fn(&mut TargetGroup);
        let table: [(Change, &str); 18] = [
            (|g| g.name = "-x".into(), "name: a name neither begins nor ends with a hyphen"),
            (|g| g.port = 0, "port: 0 is no port"),
            (|g| g.health_check.path = Some("health".into()), "health_check.path: a path begins with /"),
            (
                |g| g.health_check.interval_seconds = Some(4),
                "health_check.interval_seconds: 4 is out of range",
            ),
            (
                |g| g.health_check.timeout_seconds = Some(121),
                "health_check.timeout_seconds: 121 is out of range",
            ),
            (
                |g| g.health_check.timeout_seconds = Some(30),
                "health_check.timeout_seconds: 30 is too long; allowed is less than the interval, which is 30",
            ),
            (
                |g| g.health_check.interval_seconds = Some(5),
                "health_check.timeout_seconds: 6 (AWS's default) is too long",
            ),
            (
                |g| g.health_check.healthy_threshold_count = Some(1),
                "healthy_threshold_count: 1 is out of range",
            ),
            (
                |g| g.health_check.unhealthy_threshold_count = Some(11),
                "unhealthy_threshold_count: 11 is out of range",
            ),
            (|g| g.health_check.matcher = Some("500".into()), "\"500\" is no list of status codes"),
            (|g| g.health_check.matcher = Some("299-200".into()), "is no list of status codes"),
            (
                |g| {
                    g.protocol_version = Some(ProtocolVersion::Grpc);
                    g.health_check.matcher = Some("200".into());
                },
                "within 0 to 99",
            ),
            (|g| g.health_check.port = Some(HealthCheckPort::Port(0)), "health_check.port: 0 is no port"),
            (|g| g.deregistration_delay_seconds = Some(3601), "deregistration_delay_seconds: 3601 is out of"),
            (|g| g.slow_start_seconds = Some(10), "slow_start_seconds: 10 is out of range"),
            (
                |g| {
                    g.slow_start_seconds = Some(30);
                    g.load_balancing_algorithm = Some(LoadBalancingAlgorithm::LeastOutstandingRequests);
                },
                "slow start works with the algorithm round_robin only",
            ),
            (
                |g| g.stickiness = Some(Stickiness::LbCookie { duration_seconds: 0 }),
                "stickiness.lb_cookie.duration_seconds: 0 is out of range",
            ),
            (
                |g| {
                    let cookie_name = "AWSALBAPP".into();
                    g.stickiness = Some(Stickiness::AppCookie { cookie_name, duration_seconds: 1 });
                },
                "cookie_name: names beginning AWSALB are reserved by AWS",
            ),
        ];
        for (change, expected) in table {
            let text = problems(change);
            assert!(text.contains(expected), "{text:?} lacks {expected:?}");
        }
    }

    #[test]
    fn aws_default_version_written_out_is_no_other_group() {
        let group = TargetGroup::builder().name("x").port(80).vpc_id("vpc-1");
        let (mut written, absent) =
            (group.clone().protocol_version(ProtocolVersion::Http1).build(), group.build());
        written.normalize();
        assert_eq!(written, absent);
    }

    #[test]
    fn settings_are_written_in_words_of_aws() {
        let group = TargetGroup::builder()
            .name("x")
            .port(80)
            .protocol_version(ProtocolVersion::Http1)
            .vpc_id("vpc-1")
            .stickiness(Stickiness::Off)
            .build();
        let json = serde_json::to_value(&group).expect("JSON");
        assert_eq!(json["protocol"], "HTTP");
        assert_eq!(json["protocol_version"], "HTTP1");
        assert_eq!(json["target_type"], "ip");
        assert_eq!(json["stickiness"], "off");
    }
}
