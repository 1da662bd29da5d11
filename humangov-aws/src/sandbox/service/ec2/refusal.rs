// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refusals that are not about one sort of thing.

use crate::sandbox::{error::ApiError, wire::Input};
use std::fmt::Display;

pub(super) fn missing(parameter: &str) -> ApiError {
    ApiError::new("MissingParameter", format!("The request must contain the parameter {parameter}"))
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValue", message)
}

/// A value that a parameter does not take, and why.
pub(super) fn invalid_value(value: impl Display, parameter: &str, why: &str) -> ApiError {
    invalid(format!("Value ({value}) for parameter {parameter} is invalid. {why}"))
}

/// What would have worked, had it not been asked for with `DryRun`.
pub(super) fn dry_run() -> ApiError {
    ApiError::new("DryRunOperation", "Request would have succeeded, but DryRun flag is set.").with_status(412)
}

/// A text that must be there and not be empty.
pub(super) fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, ApiError> {
    input.text(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}
