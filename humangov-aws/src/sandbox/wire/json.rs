// SPDX-License-Identifier: MIT OR Apache-2.0
//! awsJson 1.0 and 1.1.

use super::{Asked, Request, Response};
use crate::sandbox::error::ApiError;
use serde_json::{Value, json};

/// `X-Amz-Target: AmazonEC2ContainerServiceV20141113.CreateService`, and JSON.
pub(super) fn read(request: &Request) -> Result<Asked, ApiError> {
    let target = request.header("x-amz-target").unwrap_or_default();
    let Some((_, operation)) = target.rsplit_once('.') else {
        return Err(ApiError::new("UnknownOperationException", "no X-Amz-Target header names an operation"));
    };
    let input = if request.body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&request.body)
            .map_err(|error| ApiError::new("SerializationException", error.to_string()))?
    };
    Ok(Asked { operation: operation.to_owned(), input })
}

pub(super) fn write(output: &Value) -> Response {
    let body = if output.is_null() { "{}".to_owned() } else { output.to_string() };
    Response::new(200, "application/x-amz-json-1.1", body)
}

pub(super) fn write_error(error: &ApiError) -> Response {
    let mut body = json!({"__type": error.code, "message": error.message});
    if let (Some(body), Some(more)) = (body.as_object_mut(), error.more.as_object()) {
        body.extend(more.clone());
    }
    Response::new(error.status, "application/x-amz-json-1.1", body.to_string())
        .with("x-amzn-errortype", error.code.as_str())
}
