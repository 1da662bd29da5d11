// SPDX-License-Identifier: MIT OR Apache-2.0
//! State in a table.

mod item;
mod logs;
mod objects;
mod pieces;
mod store;
#[cfg(test)]
mod tests;

pub use store::DynamoDbStore;
pub(super) use store::client;
