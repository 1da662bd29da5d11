// SPDX-License-Identifier: MIT OR Apache-2.0
//! An import of a number is no text.
use humangov_core::{kind::elbv2::TargetGroup, value::Import};

fn group(vpc: Import<u32>) {
    TargetGroup::builder().vpc_id(vpc);
}

fn main() {}
