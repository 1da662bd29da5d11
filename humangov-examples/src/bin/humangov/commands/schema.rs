// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov schema`.

use crate::{
    config::schema,
    exit::Exit,
    output::{Failure, print},
};

/// Prints the JSON Schema of the configuration.
pub fn run() -> Result<Exit, Failure> {
    print(&format!("{:#}", schema().to_value()))?;
    Ok(Exit::Ok)
}
