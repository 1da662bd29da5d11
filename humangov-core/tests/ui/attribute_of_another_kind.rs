// SPDX-License-Identifier: MIT OR Apache-2.0
//! A log group has no attribute of a bucket.
use humangov_core::{
    kind::{logs::LogGroup, s3::Bucket},
    resource::HasArn,
    value::Handle,
};

fn arn(group: &Handle<LogGroup>) {
    group.get(Bucket::ARN);
}

fn main() {}
