// SPDX-License-Identifier: MIT OR Apache-2.0
//! State in a bucket.

mod logs;
mod objects;
mod store;
#[cfg(test)]
mod tests;

pub use store::S3Store;
pub(super) use store::client;
