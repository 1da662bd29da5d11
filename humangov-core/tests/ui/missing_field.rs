// SPDX-License-Identifier: MIT OR Apache-2.0
//! A log group has a name.
use humangov_core::kind::logs::LogGroup;

fn main() {
    LogGroup::builder().retention_in_days(30).build();
}
