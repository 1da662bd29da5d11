// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`registry`]: the handlers of all enabled kinds.

use crate::{Clients, resent::Resent};
use humangov_core::handler::Registry;
use std::sync::Arc;

/// The handlers of every kind whose service is enabled. Add your own with [`Registry::with`].
pub fn registry(clients: &Clients) -> Registry {
    let registry = Registry::new();
    #[cfg(feature = "applicationautoscaling")]
    let registry = registry.with(crate::autoscaling::ScalableTargetHandler::new(clients.autoscaling.clone()));
    #[cfg(feature = "ecs")]
    let registry = registry.with(crate::ecs::ClusterHandler::new(clients.ecs.clone()));
    #[cfg(all(feature = "ecs", not(feature = "cloudwatchlogs")))]
    let registry = registry.with(crate::ecs::ServiceHandler::new(clients.ecs.clone()));
    #[cfg(all(feature = "ecs", feature = "cloudwatchlogs"))]
    let registry =
        registry.with(crate::ecs::ServiceHandler::new(clients.ecs.clone()).with_logs(clients.logs.clone()));
    #[cfg(feature = "ecs")]
    let registry = registry.with(crate::ecs::TaskDefinitionHandler::new(clients.ecs.clone()));
    #[cfg(feature = "ecr")]
    let registry = registry.with(crate::ecr::RepositoryHandler::new(clients.ecr.clone()));
    #[cfg(feature = "iam")]
    let registry = registry.with(crate::iam::RoleHandler::new(clients.iam.clone()));
    #[cfg(feature = "elasticloadbalancingv2")]
    let registry = registry
        .with(crate::elbv2::ListenerHandler::new(clients.elbv2.clone()))
        .with(crate::elbv2::ListenerRuleHandler::new(clients.elbv2.clone()))
        .with(crate::elbv2::LoadBalancerHandler::new(clients.elbv2.clone()))
        .with(crate::elbv2::TargetGroupHandler::new(clients.elbv2.clone()));
    #[cfg(feature = "cloudwatchlogs")]
    let registry = registry.with(crate::logs::LogGroupHandler::new(clients.logs.clone()));
    #[cfg(feature = "dynamodb")]
    let registry = registry.with(crate::dynamodb::TableHandler::new(clients.dynamodb.clone()));
    #[cfg(feature = "ec2")]
    let registry = registry.with(crate::ec2::SecurityGroupHandler::new(clients.ec2.clone()));
    #[cfg(feature = "s3")]
    let registry = registry.with(crate::s3::BucketHandler::new(clients.s3.clone()));
    registry.map(|_, handler| Arc::new(Resent(handler)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_types::{SdkConfig, region::Region};
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_handler_and_every_handler_a_kind() {
        let http = aws_smithy_mocks::create_mock_http_client();
        let config = SdkConfig::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .http_client(http)
            .build();
        let registry = registry(&Clients::new(&config));
        let handled: BTreeSet<&str> = registry.kinds().map(humangov_core::address::Kind::as_str).collect();
        let kinds: BTreeSet<&str> = humangov_core::kind::ALL.iter().map(|info| info.kind.as_str()).collect();
        assert_eq!(handled, kinds);
    }
}
