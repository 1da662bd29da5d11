// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Clients`]: one client a service, shared by all handlers.

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
    /// Clients with the region, credentials, endpoint and HTTP client of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            #[cfg(feature = "applicationautoscaling")]
            autoscaling: aws_sdk_applicationautoscaling::Client::new(config),
            #[cfg(feature = "dynamodb")]
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            #[cfg(feature = "ec2")]
            ec2: aws_sdk_ec2::Client::new(config),
            #[cfg(feature = "ecr")]
            ecr: aws_sdk_ecr::Client::new(config),
            #[cfg(feature = "ecs")]
            ecs: aws_sdk_ecs::Client::new(config),
            #[cfg(feature = "elasticloadbalancingv2")]
            elbv2: aws_sdk_elasticloadbalancingv2::Client::new(config),
            #[cfg(feature = "iam")]
            iam: aws_sdk_iam::Client::new(config),
            #[cfg(feature = "cloudwatchlogs")]
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            #[cfg(feature = "s3")]
            s3: {
                let mut builder = aws_sdk_s3::config::Builder::from(config);
                // An endpoint of one's own (an emulator, a gateway) rarely serves bucket.host names.
                builder.set_force_path_style(config.endpoint_url().map(|_| true));
                aws_sdk_s3::Client::from_conf(builder.build())
            },
            sts: aws_sdk_sts::Client::new(config),
        }
    }
}
