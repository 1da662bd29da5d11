// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two codes that ECS has for nearly all that is wrong with a request.

use crate::sandbox::{error::ApiError, wire::Input};

/// A refusal of what a request says.
pub(super) fn client(message: impl Into<String>) -> ApiError {
    ApiError::new("ClientException", message)
}

/// A refusal of how a request says it.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// A text that must be there.
pub(super) fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, ApiError> {
    input
        .text(name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid(format!("{name} can not be blank.")))
}

/// Whether it is a name as ECS has them: up to 255 letters, digits, hyphens and underscores.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=255).contains(&name.len()) && name.chars().all(allowed)
}
