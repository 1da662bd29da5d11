// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stores that more than one machine can share: [`S3Store`] in a bucket, [`DynamoDbStore`] in a table. [`StoreUrl`] names any store
//! in one word.
//!
//! Both keep the promises of [`Backend`](humangov_core::store::Backend) by conditional writes alone, and need nothing made for them
//! but the bucket or the table. Neither makes that itself.

#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(any(feature = "dynamodb", feature = "s3"))]
mod failed;
#[cfg(feature = "s3")]
mod s3;
mod url;

#[cfg(feature = "dynamodb")]
pub use dynamodb::DynamoDbStore;
#[cfg(feature = "s3")]
pub use s3::S3Store;
pub use url::{StoreUrl, StoreUrlError};
