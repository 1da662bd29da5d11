// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ECR says of members that are missing or malformed.

use crate::sandbox::{error::ApiError, wire::Input};

/// The value of a member is not as it must be.
pub(super) fn invalid(at: &str, why: &str) -> ApiError {
    let message = format!("Invalid parameter at '{at}' failed to satisfy constraint: '{why}'");
    ApiError::new("InvalidParameterException", message)
}

/// A text that must be there.
pub(super) fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, ApiError> {
    input.text(name).ok_or_else(|| invalid(name, "Member must not be null"))
}

/// A text that must be one of a few.
pub(super) fn one_of(at: &str, text: &str, allowed: &[&str]) -> Result<(), ApiError> {
    if allowed.contains(&text) {
        return Ok(());
    }
    Err(invalid(at, &format!("Member must satisfy enum value set: [{}]", allowed.join(", "))))
}
