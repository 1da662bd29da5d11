// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon DynamoDB.

mod table;

pub use table::TableHandler;
