// SPDX-License-Identifier: MIT OR Apache-2.0
//! Only a kind of resource can be added to a stack.
use humangov_core::stack::Stack;

fn add(mut stack: Stack) {
    let _ = stack.add("name", "a text");
}

fn main() {}
