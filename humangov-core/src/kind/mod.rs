// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kinds of AWS resources, by service. One file holds one kind: its spec and builder, its outputs, its rules and checks.
//!
//! A kind is added by its file here, its handler's file in `humangov-aws`, and one line in each of the two lists.

pub mod autoscaling;
pub mod dynamodb;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod iam;
pub mod logs;
pub mod s3;

use crate::spec::KindInfo;

macro_rules! kinds {
    ($($kind:ty),* $(,)?) => {
        /// Every kind of this crate.
        pub const ALL: &[KindInfo] = &[$(KindInfo::of::<$kind>()),*];
    };
}

// One a line, in braces, so that rustfmt leaves it so.
kinds! {
    autoscaling::ScalableTarget,
    dynamodb::Table,
    ec2::SecurityGroup,
    ecr::Repository,
    ecs::Cluster,
    ecs::Service,
    ecs::TaskDefinition,
    elbv2::Listener,
    elbv2::ListenerRule,
    elbv2::LoadBalancer,
    elbv2::TargetGroup,
    iam::Role,
    logs::LogGroup,
    s3::Bucket,
}
