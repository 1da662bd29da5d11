// SPDX-License-Identifier: MIT OR Apache-2.0
//! A directed acyclic graph of numbers. Knows no cloud.

mod dag;

pub use dag::{Cycle, Dag};
