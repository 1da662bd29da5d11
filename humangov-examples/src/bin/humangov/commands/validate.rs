// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov validate`.

use super::chosen;
use crate::{
    cli::{Global, Validate},
    config::Config,
    exit::Exit,
    output::{Failure, Output, WARN, document},
};
use serde_json::json;
use std::fmt::Write;

/// Checks the configuration; calls nothing.
pub fn run(args: &Validate, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let warnings = config.warnings();
    let names: Vec<&str> = states.iter().map(humangov_core::tenant::Tenant::slug).collect();
    let counted = match names.as_slice() {
        [] => "the base alone".to_owned(),
        [one] => format!("1 state ({one})"),
        many => format!("{} states ({})", many.len(), many.join(", ")),
    };
    let mut text = format!("{} is valid: fleet {}, {counted}", global.config.display(), config.fleet.name);
    for warning in &warnings {
        let _ = write!(text, "\n  {WARN}!{WARN:#} {warning}");
    }
    output.result(&text, || {
        document(json!({
            "valid": true, "file": global.config, "fleet": config.fleet.name, "states": names, "warnings": warnings,
        }))
    })?;
    Ok(Exit::Ok)
}
