// SPDX-License-Identifier: MIT OR Apache-2.0
//! The quotas of the account, as AWS sets them for everybody at first.

use super::check::page;
use crate::sandbox::{error::ApiError, wire::Input};
use serde_json::{Value, json};

/// A quota: its code when it is met, and how many there can be.
#[derive(Debug)]
pub(super) struct Limit(&'static str, &'static str, usize);

pub(super) const LOAD_BALANCERS: Limit = Limit("TooManyLoadBalancers", "load balancers for your account", 50);
pub(super) const LISTENERS: Limit = Limit("TooManyListeners", "listeners per load balancer", 50);
pub(super) const RULES: Limit = Limit("TooManyRules", "rules per load balancer", 100);
pub(super) const CERTIFICATES: Limit = Limit("TooManyCertificates", "certificates per load balancer", 25);
pub(super) const TARGET_GROUPS: Limit = Limit("TooManyTargetGroups", "target groups for your account", 3000);
pub(super) const TARGETS: Limit = Limit("TooManyTargets", "targets", 1000);
pub(super) const USED_GROUPS: Limit = Limit(
    "TooManyUniqueTargetGroupsPerLoadBalancer",
    "unique target groups per load balancer across all listeners",
    100,
);

impl Limit {
    /// That there can be so many.
    pub(super) fn allow(&self, count: usize) -> Result<(), ApiError> {
        let Self(code, what, most) = self;
        if count <= *most {
            return Ok(());
        }
        Err(ApiError::new(code, format!("You've reached the limit on the number of {what}: {most}")))
    }
}

const ALL: [(&str, u32); 21] = [
    ("application-load-balancers", 50),
    ("certificates-per-application-load-balancer", 25),
    ("certificates-per-network-load-balancer", 25),
    ("condition-values-per-alb-rule", 5),
    ("condition-wildcards-per-alb-rule", 5),
    ("gateway-load-balancers", 100),
    ("gateway-load-balancers-per-vpc", 100),
    ("geneve-target-groups", 100),
    ("listeners-per-application-load-balancer", 50),
    ("listeners-per-network-load-balancer", 50),
    ("network-load-balancers", 50),
    ("rules-per-application-load-balancer", 100),
    ("target-groups", 3000),
    ("target-groups-per-action-on-application-load-balancer", 5),
    ("target-groups-per-action-on-network-load-balancer", 1),
    ("target-groups-per-application-load-balancer", 100),
    ("target-id-registrations-per-application-load-balancer", 1000),
    ("targets-per-application-load-balancer", 1000),
    ("targets-per-availability-zone-per-gateway-load-balancer", 300),
    ("targets-per-availability-zone-per-network-load-balancer", 500),
    ("targets-per-network-load-balancer", 3000),
];

/// DescribeAccountLimits.
pub(super) fn describe(input: Input<'_>) -> Result<Value, ApiError> {
    let all = ALL.iter().map(|(name, most)| ((*name).to_owned(), (name, most))).collect();
    page(input, "Limits", all, |(name, most)| json!({"Name": name, "Max": most.to_string()}))
}
