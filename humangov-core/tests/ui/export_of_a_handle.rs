// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is exported is a value of a resource, not the resource.
use humangov_core::{kind::logs::LogGroup, stack::Stack, value::Handle};

fn export(mut stack: Stack, group: Handle<LogGroup>) {
    let _ = stack.export("group", group);
}

fn main() {}
