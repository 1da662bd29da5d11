// SPDX-License-Identifier: MIT OR Apache-2.0
//! Security Token Service: who calls.

use super::unknown;
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde_json::{Value, json};

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, _: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "GetCallerIdentity" => Ok(json!({
            "Account": cx.account,
            "Arn": format!("arn:{}:iam::{}:user/sandbox", cx.partition(), cx.account),
            "UserId": "AIDASANDBOXSANDBOXSAN",
        })),
        _ => Err(unknown(operation)),
    }
}
