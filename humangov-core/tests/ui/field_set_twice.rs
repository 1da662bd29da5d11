// SPDX-License-Identifier: MIT OR Apache-2.0
//! A field is set once.
use humangov_core::kind::logs::LogGroup;

fn main() {
    LogGroup::builder().name("a").name("b").build();
}
