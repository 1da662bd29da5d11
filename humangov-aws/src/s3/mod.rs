// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon S3.

mod bucket;

pub use bucket::BucketHandler;
