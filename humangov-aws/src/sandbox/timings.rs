// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Timings`]: how long things take in the world of the sandbox, and [`Latency`]: how long calls take.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long things take in the sandbox. Time is tokio's, so tests with a paused clock wait for none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Timings {
    /// From the start of a task until its containers run: the network interface and the pull of the images.
    pub task_start: Duration,
    /// How long a container that fails runs before it exits.
    pub task_failure: Duration,
    /// From the order to stop a task until it has stopped.
    pub task_stop: Duration,
    /// Until a new load balancer is `active`.
    pub load_balancer: Duration,
    /// How long the network interfaces of a deleted load balancer or task hold its security groups.
    pub network_interface: Duration,
    /// Until a table or an index is `ACTIVE`, changed or gone.
    pub table: Duration,
    /// Until a new role can be assumed.
    pub role: Duration,
    /// Until what was made or changed is seen by every call.
    pub visibility: Duration,
    /// How much of their own length health checks, deregistration delays and bake times take, in per cent.
    pub pace: u32,
}

impl Timings {
    /// All is done when it is asked for.
    pub const fn instant() -> Self {
        Self {
            task_start: Duration::ZERO,
            task_failure: Duration::ZERO,
            task_stop: Duration::ZERO,
            load_balancer: Duration::ZERO,
            network_interface: Duration::ZERO,
            table: Duration::ZERO,
            role: Duration::ZERO,
            visibility: Duration::ZERO,
            pace: 0,
        }
    }

    /// Seconds instead of minutes: long enough to be watched.
    pub const fn brisk() -> Self {
        Self {
            task_start: Duration::from_millis(1500),
            task_failure: Duration::from_millis(400),
            task_stop: Duration::from_millis(500),
            load_balancer: Duration::from_millis(2500),
            network_interface: Duration::from_millis(500),
            table: Duration::from_millis(800),
            role: Duration::from_millis(300),
            visibility: Duration::ZERO,
            pace: 3,
        }
    }

    /// About as long as on AWS.
    pub const fn aws_like() -> Self {
        Self {
            task_start: Duration::from_secs(40),
            task_failure: Duration::from_secs(3),
            task_stop: Duration::from_secs(10),
            load_balancer: Duration::from_mins(2),
            network_interface: Duration::from_mins(1),
            table: Duration::from_secs(6),
            role: Duration::from_secs(8),
            visibility: Duration::from_secs(1),
            pace: 100,
        }
    }

    /// What is left of a length of AWS's own, such as a health check's interval.
    pub(super) fn paced(&self, length: Duration) -> Duration {
        length * self.pace / 100
    }
}

/// How long calls take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Latency {
    /// No time.
    #[default]
    Instant,
    /// About as long as calls to AWS from within the region take.
    AwsLike,
}

impl Latency {
    /// How long a call of `operation` takes.
    pub fn of(self, service: &str, operation: &str) -> Duration {
        if self == Self::Instant {
            return Duration::ZERO;
        }
        let reads = ["Describe", "Get", "List", "Head"].iter().any(|verb| operation.starts_with(verb));
        Duration::from_millis(match (service, operation) {
            ("elasticloadbalancing", "CreateLoadBalancer") => 900,
            ("ecs", "CreateService") => 350,
            ("s3", "CreateBucket") => 300,
            ("iam", _) if !reads => 180,
            ("iam", _) => 90,
            (_, _) if reads => 40,
            _ => 120,
        })
    }
}
