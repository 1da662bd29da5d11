// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`ManagedPolicy`]: the ARNs of the policies AWS maintains.

use std::fmt;

/// A policy that AWS maintains, by its name and, where it has one, its path.
///
/// ```
/// use humangov_core::kind::iam::ManagedPolicy;
/// let policy = ManagedPolicy::aws("AmazonS3ReadOnlyAccess").in_partition("aws-us-gov");
/// assert_eq!(policy.to_string(), "arn:aws-us-gov:iam::aws:policy/AmazonS3ReadOnlyAccess");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    partition: String,
    name: String,
}

impl ManagedPolicy {
    /// What ECS needs to start a task: images from ECR, logs to CloudWatch.
    pub const ECS_TASK_EXECUTION: &'static str = "service-role/AmazonECSTaskExecutionRolePolicy";

    /// The policy `name`, path included, in the partition `aws`.
    pub fn aws(name: impl Into<String>) -> Self {
        Self { partition: "aws".to_owned(), name: name.into() }
    }

    /// The same policy in another partition: `aws-cn` or `aws-us-gov`.
    #[must_use]
    pub fn in_partition(mut self, partition: impl Into<String>) -> Self {
        self.partition = partition.into();
        self
    }
}

impl fmt::Display for ManagedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:iam::aws:policy/{}", self.partition, self.name)
    }
}

impl From<ManagedPolicy> for String {
    fn from(policy: ManagedPolicy) -> Self {
        policy.to_string()
    }
}
