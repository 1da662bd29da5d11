// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Rates`]: how many calls AWS answers, as token buckets.
//!
//! Only rates that AWS or its maintainers published are here; everything else is not limited. Sources: the ECS and ECR quota
//! tables, the quotas of CloudWatch Logs and DynamoDB, the EC2 API throttling page, and what the AWS Load Balancer Controller
//! keeps to for Elastic Load Balancing.

use jiff::Timestamp;
use std::collections::HashMap;

/// A bucket: how much it holds, and what is filled in each second.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: f64,
    per_second: f64,
}

const fn rate(burst: u32, per_second: u32) -> Rate {
    Rate { burst: burst as f64, per_second: per_second as f64 }
}

/// The bucket that an operation takes from.
fn bucket(service: &str, operation: &str) -> Option<(&'static str, Rate)> {
    let reads = super::transcript::is_read(operation);
    Some(match (service, operation) {
        ("ecs", "RegisterTaskDefinition") => ("ecs.register", rate(20, 1)),
        ("ecs", "RunTask") => ("ecs.run_task", rate(20, 20)),
        ("ecs", "DescribeTasks" | "DescribeContainerInstances") => ("ecs.describe_tasks", rate(20, 20)),
        ("ecs", "DescribeClusters" | "ListClusters") => ("ecs.clusters", rate(50, 20)),
        ("ecs", "CreateService" | "UpdateService" | "DeleteService") => ("ecs.services_write", rate(50, 5)),
        ("ecs", "DescribeServices" | "ListServices") => ("ecs.services_read", rate(100, 20)),
        ("ec2", _) if reads => ("ec2.read", rate(100, 20)),
        ("ec2", _) => ("ec2.write", rate(50, 5)),
        ("elasticloadbalancing", "RegisterTargets" | "DeregisterTargets") => ("elbv2.targets", rate(20, 4)),
        ("elasticloadbalancing", _) => ("elbv2", rate(40, 10)),
        ("logs", "CreateLogGroup" | "DeleteLogGroup") => ("logs.groups", rate(10, 10)),
        ("logs", "DescribeLogGroups") => ("logs.describe", rate(5, 5)),
        ("logs", "CreateLogStream") => ("logs.streams", rate(50, 50)),
        ("dynamodb", "TagResource" | "UntagResource") => ("dynamodb.tag", rate(5, 5)),
        ("dynamodb", "ListTagsOfResource") => ("dynamodb.tags", rate(10, 10)),
        ("dynamodb", "DescribeContinuousBackups") => ("dynamodb.backups", rate(10, 10)),
        ("ecr", "PutImage") => ("ecr.put_image", rate(10, 10)),
        _ => return None,
    })
}

/// Token buckets by region and kind of call.
#[derive(Debug, Clone, Default)]
pub(super) struct Rates(HashMap<(String, &'static str), (f64, Timestamp)>);

impl Rates {
    /// Takes a token for this call, if there is one.
    pub(super) fn admits(&mut self, region: &str, service: &str, operation: &str, now: Timestamp) -> bool {
        let Some((name, rate)) = bucket(service, operation) else { return true };
        let (tokens, filled) = self.0.entry((region.to_owned(), name)).or_insert((rate.burst, now));
        let seconds = now.duration_since(*filled).as_secs_f64().max(0.0);
        *tokens = (*tokens + seconds * rate.per_second).min(rate.burst);
        *filled = now;
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::world::later;
    use std::time::Duration;

    #[test]
    fn a_burst_is_answered_then_as_many_as_are_filled_in() {
        let mut rates = Rates::default();
        let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let admitted = (0..30).filter(|_| rates.admits("r", "ecs", "RegisterTaskDefinition", now)).count();
        assert_eq!(admitted, 20);
        now = later(now, Duration::from_secs(3));
        let admitted = (0..30).filter(|_| rates.admits("r", "ecs", "RegisterTaskDefinition", now)).count();
        assert_eq!(admitted, 3);
        assert!((0..1000).all(|_| rates.admits("r", "iam", "GetRole", now)));
    }
}
