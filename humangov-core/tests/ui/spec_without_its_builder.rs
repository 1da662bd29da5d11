// SPDX-License-Identifier: MIT OR Apache-2.0
//! A spec is made by its builder, so that it can gain fields.
use humangov_core::{kind::logs::LogGroup, tags::Tags};

fn main() {
    let _ = LogGroup { name: "a".to_owned(), retention_in_days: None, kms_key_id: None, tags: Tags::new() };
}
