// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amazon S3.

mod bucket;

pub use bucket::{
    Bucket, BucketOutputs, Encryption, LifecycleRule, ObjectOwnership, PublicAccessBlock, Versioning,
    canonical_statement,
};
