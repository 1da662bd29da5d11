// SPDX-License-Identifier: MIT OR Apache-2.0
//! A field that does not exist.
use humangov_core::kind::logs::LogGroup;

fn main() {
    LogGroup::builder().name("a").retention(30).build();
}
