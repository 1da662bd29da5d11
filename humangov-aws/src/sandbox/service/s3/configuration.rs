// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cross-origin rules, which are kept as they are; and settings that no bucket has here.

use super::{
    Answer,
    asked::Asked,
    errors::{invalid_request, malformed_xml, refused},
    route::Route,
    xml::{Element, document},
};
use crate::sandbox::{error::ApiError, wire::Response, world::Cx};

const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

pub(super) fn get_cors(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let rules = &cx.s3.bucket(asked.bucket)?.cors;
    if rules.is_empty() {
        let message = "The CORS configuration does not exist";
        return Err(refused(404, "NoSuchCORSConfiguration", message).with("BucketName", asked.bucket));
    }
    Ok(document("CORSConfiguration", &rules.iter().map(Element::write).collect::<String>()))
}

pub(super) fn put_cors(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let rules = asked.entries("CORSConfiguration", "CORSRule")?;
    if rules.len() > 100 {
        return Err(malformed_xml());
    }
    rules.iter().try_for_each(check_cors)?;
    cx.s3.bucket_mut(asked.bucket)?.cors = rules;
    Ok(Response::empty(200))
}

fn check_cors(rule: &Element) -> Result<(), ApiError> {
    let many = ["AllowedHeader", "AllowedMethod", "AllowedOrigin", "ExposeHeader"];
    rule.only(&["ID", "MaxAgeSeconds"], &many)?;
    rule.number("MaxAgeSeconds")?;
    if !rule.has("AllowedMethod") || !rule.has("AllowedOrigin") {
        return Err(malformed_xml());
    }
    if let Some(method) = rule.all("AllowedMethod").find(|method| !METHODS.contains(&method.text.as_str())) {
        return Err(invalid_request(format!(
            "Found unsupported HTTP method in CORS config. Unsupported method is {}",
            method.text
        )));
    }
    for name in ["AllowedOrigin", "AllowedHeader"] {
        if let Some(wild) = rule.all(name).find(|value| value.text.matches('*').count() > 1) {
            return Err(invalid_request(format!(
                "{name} \"{}\" can not have more than one wildcard.",
                wild.text
            )));
        }
    }
    if rule.text("ID").is_some_and(|id| id.len() > 255) {
        return Err(malformed_xml());
    }
    Ok(())
}

pub(super) fn delete_cors(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket_mut(asked.bucket)?.cors.clear();
    Ok(Response::empty(204))
}

/// Answers for a setting that cannot be made here as for one that never was.
pub(super) fn never_set(_: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let absent =
        |code: &str, message: &str| Err(refused(404, code, message).with("BucketName", asked.bucket));
    match Route::of(asked.request).marks {
        "accelerate" => Ok(document("AccelerateConfiguration", "")),
        "logging" => Ok(document("BucketLoggingStatus", "")),
        "notification" => Ok(document("NotificationConfiguration", "")),
        "requestPayment" => Ok(document("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>")),
        "object-lock" => absent(
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
        ),
        "replication" => {
            absent("ReplicationConfigurationNotFoundError", "The replication configuration was not found")
        }
        _ => {
            absent("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
        }
    }
}
