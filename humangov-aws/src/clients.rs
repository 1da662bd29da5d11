// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Clients`]: one client a service, shared by all handlers.

use crate::lease_check::LeaseCheck;
use aws_types::SdkConfig;

/// The SDK clients of one account and region. Cheap to clone; all clones share connections and retry budgets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Clients {
    /// Application Auto Scaling.
    #[cfg(feature = "applicationautoscaling")]
    pub autoscaling: aws_sdk_applicationautoscaling::Client,
    /// DynamoDB.
    #[cfg(feature = "dynamodb")]
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// EC2.
    #[cfg(feature = "ec2")]
    pub ec2: aws_sdk_ec2::Client,
    /// Elastic Container Registry.
    #[cfg(feature = "ecr")]
    pub ecr: aws_sdk_ecr::Client,
    /// Elastic Container Service.
    #[cfg(feature = "ecs")]
    pub ecs: aws_sdk_ecs::Client,
    /// Elastic Load Balancing version 2.
    #[cfg(feature = "elasticloadbalancingv2")]
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    /// Identity and Access Management.
    #[cfg(feature = "iam")]
    pub iam: aws_sdk_iam::Client,
    /// CloudWatch Logs.
    #[cfg(feature = "cloudwatchlogs")]
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// S3.
    #[cfg(feature = "s3")]
    pub s3: aws_sdk_s3::Client,
    /// Security Token Service.
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Clients with the region, credentials, endpoint and HTTP client of `config`. They send nothing for a task whose lease is lost
    /// ([`LeaseGuard::scope`](humangov_core::store::LeaseGuard::scope)).
    pub fn new(config: &SdkConfig) -> Self {
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf($sdk::config::Builder::from(config).interceptor(LeaseCheck).build())
            };
        }
        Self {
            #[cfg(feature = "applicationautoscaling")]
            autoscaling: client!(aws_sdk_applicationautoscaling),
            #[cfg(feature = "dynamodb")]
            dynamodb: client!(aws_sdk_dynamodb),
            #[cfg(feature = "ec2")]
            ec2: client!(aws_sdk_ec2),
            #[cfg(feature = "ecr")]
            ecr: client!(aws_sdk_ecr),
            #[cfg(feature = "ecs")]
            ecs: client!(aws_sdk_ecs),
            #[cfg(feature = "elasticloadbalancingv2")]
            elbv2: client!(aws_sdk_elasticloadbalancingv2),
            #[cfg(feature = "iam")]
            iam: client!(aws_sdk_iam),
            #[cfg(feature = "cloudwatchlogs")]
            logs: client!(aws_sdk_cloudwatchlogs),
            #[cfg(feature = "s3")]
            s3: {
                let mut builder = aws_sdk_s3::config::Builder::from(config).interceptor(LeaseCheck);
                // An endpoint of one's own (an emulator, a gateway) rarely serves bucket.host names.
                builder.set_force_path_style(config.endpoint_url().map(|_| true));
                aws_sdk_s3::Client::from_conf(builder.build())
            },
            sts: client!(aws_sdk_sts),
        }
    }
}
