// SPDX-License-Identifier: MIT OR Apache-2.0
//! `elbv2.load_balancer`: where the world comes in.

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

/// An Application Load Balancer.
///
/// Name and scheme cannot be changed: a new load balancer is made first, so it needs another name than the old one.
/// A target group serves one load balancer only, so what the new one forwards to must be new as well.
///
/// ```
/// use humangov_core::kind::elbv2::{LoadBalancer, Scheme};
/// let balancer = LoadBalancer::builder()
///     .name("humangov-california")
///     .scheme(Scheme::Internal)
///     .subnet("subnet-1")
///     .subnet("subnet-2")
///     .security_group("sg-1")
///     .idle_timeout_seconds(120)
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a subnet.
    pub fn subnet(&mut self, subnet: impl Into<Input<String>>) {
        self.subnets.push(subnet.into());
    }
    /// Adds subnets.
    pub fn subnets<I: IntoIterator<Item: Into<Input<String>>>>(&mut self, subnets: I) {
        self.subnets.extend(subnets.into_iter().map(Into::into));
    }
    /// Adds a security group.
    pub fn security_group(&mut self, group: impl Into<Input<String>>) {
        self.security_groups.push(group.into());
    }
    /// Adds security groups.
    pub fn security_groups<I: IntoIterator<Item: Into<Input<String>>>>(&mut self, groups: I) {
        self.security_groups.extend(groups.into_iter().map(Into::into));
    }
))]
pub struct LoadBalancer {
    /// The name: 1 to 32 letters, digits and hyphens, not beginning `internal-`; unique in account and region among all
    /// load balancers but the classic ones.
    #[builder(setter(into))]
    pub name: String,
    /// Who reaches it.
    #[builder(default)]
    #[serde(default)]
    pub scheme: Scheme,
    /// The subnets, at least two, each in an availability zone of its own, with 8 free addresses or more.
    #[builder(via_mutators)]
    pub subnets: Vec<Input<String>>,
    /// The security groups, at least one: with none AWS would take the default group of the VPC.
    #[builder(via_mutators)]
    pub security_groups: Vec<Input<String>>,
    /// The addresses it has. Absent: IPv4 only.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub ip_address_type: Option<IpAddressType>,
    /// Whether it refuses to be deleted. AWS's default: no.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub deletion_protection: Option<bool>,
    /// After how many seconds without data a connection is closed: 1 to 4000. AWS's default: 60.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub idle_timeout_seconds: Option<u32>,
    /// For how many seconds a client may keep its connection: 60 to 604800. AWS's default: 3600.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub client_keep_alive_seconds: Option<u32>,
    /// Whether clients may speak HTTP/2. AWS's default: yes.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub http2: Option<bool>,
    /// Whether headers with invalid names are dropped rather than passed on. AWS's default: no.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub drop_invalid_header_fields: Option<bool>,
    /// Whether targets get the `Host` header as the client sent it. AWS's default: no.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub preserve_host_header: Option<bool>,
    /// What happens to requests that servers may understand differently. AWS's default: defensive.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub desync_mitigation_mode: Option<DesyncMitigationMode>,
    /// What happens to the `X-Forwarded-For` header. AWS's default: append.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub xff_header_processing_mode: Option<XffHeaderProcessingMode>,
    /// Where requests are logged. AWS's default: nowhere.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub access_logs: Option<AccessLogs>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// Who reaches a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scheme {
    /// Everyone: its subnets need a route to an internet gateway.
    #[default]
    InternetFacing,
    /// Only what reaches the VPC.
    Internal,
}

words!(Scheme {
    InternetFacing = "internet-facing",
    Internal = "internal",
});

/// The addresses of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IpAddressType {
    /// IPv4.
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
    /// Public IPv6 only; private IPv4 addresses remain. Only when internet facing.
    DualstackWithoutPublicIpv4,
}

words!(IpAddressType {
    Ipv4 = "ipv4",
    Dualstack = "dualstack",
    DualstackWithoutPublicIpv4 = "dualstack-without-public-ipv4",
});

/// What happens to requests that servers may understand differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DesyncMitigationMode {
    /// All pass.
    Monitor,
    /// Those known to be dangerous do not pass.
    Defensive,
    /// Only those that follow RFC 7230 pass.
    Strictest,
}

words!(DesyncMitigationMode {
    Monitor = "monitor",
    Defensive = "defensive",
    Strictest = "strictest",
});

/// What happens to the `X-Forwarded-For` header of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum XffHeaderProcessingMode {
    /// The client's address is added.
    Append,
    /// It stays as it came.
    Preserve,
    /// It is removed.
    Remove,
}

words!(XffHeaderProcessingMode {
    Append = "append",
    Preserve = "preserve",
    Remove = "remove",
});

/// Where requests are logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccessLogs {
    /// Nowhere.
    Off,
    /// In a bucket of the same region, whose policy lets Elastic Load Balancing write.
    S3 {
        /// The bucket's name.
        bucket: Input<String>,
        /// What object names begin with; neither beginning nor ending with `/`, without `AWSLogs`.
        #[serde(default)]
        prefix: Option<String>,
    },
}

impl AccessLogs {
    /// Logs in `bucket`, without a prefix.
    pub fn s3(bucket: impl Into<Input<String>>) -> Self {
        Self::S3 { bucket: bucket.into(), prefix: None }
    }
}

impl LoadBalancer {
    /// The name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
    /// The host name under which it is reached.
    pub const DNS_NAME: Attr<Self, String> = Attr::new("dns_name");
    /// The hosted zone of [`LoadBalancer::DNS_NAME`], for alias records.
    pub const HOSTED_ZONE_ID: Attr<Self, String> = Attr::new("hosted_zone_id");
    /// The end of the ARN, `app/NAME/ID`, by which metrics know it.
    pub const ARN_SUFFIX: Attr<Self, String> = Attr::new("arn_suffix");
}

/// What is known of a load balancer that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerOutputs {
    /// The ARN.
    pub arn: Arn<LoadBalancer>,
    /// The name.
    pub name: String,
    /// The host name under which it is reached.
    pub dns_name: String,
    /// The hosted zone of `dns_name`, for alias records.
    pub hosted_zone_id: String,
    /// The end of the ARN, `app/NAME/ID`, by which metrics know it.
    pub arn_suffix: String,
}

impl Resource for LoadBalancer {
    const KIND: Kind = Kind::new("elbv2.load_balancer");
    const RULES: &'static [Rule] = &[Rule::ReplaceCreateFirst("/name"), Rule::ReplaceCreateFirst("/scheme")];
    type Outputs = LoadBalancerOutputs;

    fn normalize(&mut self) {
        checks::sort(&mut self.subnets);
        checks::sort(&mut self.security_groups);
    }

    fn validate(&self, found: &mut Violations) {
        checks::name(found, &self.name);
        found.check(
            !self.name.starts_with("internal-"),
            "name",
            || "names beginning internal- are reserved by AWS",
        );
        found.check(self.subnets.len() >= 2, "subnets", || {
            format!(
                "{} subnets; at least 2 are needed, each in an availability zone of its own",
                self.subnets.len()
            )
        });
        checks::distinct(found, "subnets", &self.subnets);
        found.check(
            !self.security_groups.is_empty(),
            "security_groups",
            || "at least one is needed; with none AWS would take the default group of the VPC",
        );
        checks::distinct(found, "security_groups", &self.security_groups);
        found.check(
            self.scheme == Scheme::InternetFacing
                || self.ip_address_type != Some(IpAddressType::DualstackWithoutPublicIpv4),
            "ip_address_type",
            || "dualstack-without-public-ipv4 is only for the scheme internet-facing",
        );
        checks::range(found, "idle_timeout_seconds", self.idle_timeout_seconds, 1..=4000);
        checks::range(found, "client_keep_alive_seconds", self.client_keep_alive_seconds, 60..=604_800);
        if let Some(AccessLogs::S3 { bucket, prefix }) = &self.access_logs {
            if let Some(bucket) = bucket.known() {
                found.check(
                    (3..=63).contains(&bucket.len()),
                    "access_logs.s3.bucket",
                    || "a bucket's name has 3 to 63 characters",
                );
            }
            if let Some(prefix) = prefix {
                found.check(
                    !prefix.is_empty()
                        && !prefix.starts_with('/')
                        && !prefix.ends_with('/')
                        && !prefix.contains("AWSLogs"),
                    "access_logs.s3.prefix",
                    || "a prefix is not empty, neither begins nor ends with / and does not contain AWSLogs",
                );
            }
        }
        self.tags.validate(found);
    }
}

impl HasArn for LoadBalancer {}

#[cfg(test)]
mod tests {
    use super::*;

    fn balancer() -> LoadBalancer {
        LoadBalancer::builder()
            .name("humangov-california")
            .subnets(["subnet-2", "subnet-1"])
            .security_group("sg-1")
            .build()
    }

    fn problems(change: impl FnOnce(&mut LoadBalancer)) -> String {
        let (mut balancer, mut found) = (balancer(), Violations::default());
        change(&mut balancer);
        balancer.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_load_balancer_is_fine() {
        assert_eq!(problems(|_| {}), "");
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        type Change = fn(&mut LoadBalancer);
        let table: [(Change, &str); 13] = [
            (|b| b.name.clear(), "name: \"\" is no name; 1 to 32 of A-Z, a-z, 0-9 and - are allowed"),
            (|b| b.name = "x".repeat(33), "1 to 32 of"),
            (|b| b.name = "human_gov".into(), "name: \"human_gov\" is no name"),
            (|b| b.name = "humangov-".into(), "name: a name neither begins nor ends with a hyphen"),
            (|b| b.name = "internal-x".into(), "name: names beginning internal- are reserved by AWS"),
            (|b| b.subnets.truncate(1), "subnets: 1 subnets; at least 2 are needed"),
            (|b| b.subnets[1] = "subnet-2".into(), "subnets: \"subnet-2\" is listed twice"),
            (|b| b.security_groups.clear(), "security_groups: at least one is needed"),
            (
                |b| b.idle_timeout_seconds = Some(4001),
                "idle_timeout_seconds: 4001 is out of range; allowed are 1 to 4000",
            ),
            (|b| b.client_keep_alive_seconds = Some(59), "client_keep_alive_seconds: 59 is out of range"),
            (|b| b.access_logs = Some(AccessLogs::s3("x")), "access_logs.s3.bucket: a bucket's name has 3"),
            (
                |b| {
                    let prefix = Some("/logs".into());
                    b.access_logs = Some(AccessLogs::S3 { bucket: "logs".into(), prefix });
                },
                "access_logs.s3.prefix: a prefix is not empty",
            ),
            (
                |b| {
                    b.scheme = Scheme::Internal;
                    b.ip_address_type = Some(IpAddressType::DualstackWithoutPublicIpv4);
                },
                "ip_address_type: dualstack-without-public-ipv4 is only",
            ),
        ];
        for (change, expected) in table {
            let text = problems(change);
            assert!(text.contains(expected), "{text:?} lacks {expected:?}");
        }
    }

    #[test]
    fn the_order_of_subnets_means_nothing() {
        let (mut one, mut other) = (balancer(), balancer());
        other.subnets.reverse();
        one.normalize();
        other.normalize();
        assert_eq!(one, other);
    }

    #[test]
    fn settings_are_written_in_words_of_aws() {
        let mut balancer = balancer();
        balancer.ip_address_type = Some(IpAddressType::DualstackWithoutPublicIpv4);
        balancer.access_logs = Some(AccessLogs::Off);
        let json = serde_json::to_value(&balancer).expect("JSON");
        assert_eq!(json["scheme"], "internet-facing");
        assert_eq!(json["ip_address_type"], "dualstack-without-public-ipv4");
        assert_eq!(json["access_logs"], "off");
    }
}
