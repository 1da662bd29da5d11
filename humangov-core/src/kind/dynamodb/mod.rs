// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amazon DynamoDB.

mod table;

pub use table::{
    BillingMode, GlobalSecondaryIndex, KeyAttribute, KeySchema, Projection, ProvisionedThroughput,
    ScalarAttributeType, Sse, Stream, Table, TableClass, TableOutputs, TimeToLive,
};
