// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who owns objects that others write.

use super::{
    Answer, acl,
    asked::Asked,
    errors::{malformed_xml, refused},
    xml::{document, nest},
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::Cx,
};

/// The bucket's owner owns everything, and access control lists mean nothing: what a new bucket has.
pub(super) const ENFORCED: &str = "BucketOwnerEnforced";

/// Refuses what is no such setting.
pub(super) fn check(setting: &str) -> Result<(), ApiError> {
    if [ENFORCED, "BucketOwnerPreferred", "ObjectWriter"].contains(&setting) {
        Ok(())
    } else {
        Err(malformed_xml())
    }
}

pub(super) fn get(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let Some(setting) = &cx.s3.bucket(asked.bucket)?.ownership else {
        let message = "The bucket ownership controls were not found";
        return Err(refused(404, "OwnershipControlsNotFoundError", message).with("BucketName", asked.bucket));
    };
    let rule = nest("Rule", &element("ObjectOwnership", setting));
    Ok(document("OwnershipControls", &rule))
}

pub(super) fn put(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let rules = asked.entries("OwnershipControls", "Rule")?;
    let [rule] = rules.as_slice() else { return Err(malformed_xml()) };
    rule.only(&["ObjectOwnership"], &[])?;
    let setting = rule.text("ObjectOwnership").ok_or_else(malformed_xml)?;
    check(setting)?;
    let bucket = cx.s3.bucket_mut(asked.bucket)?;
    if setting == ENFORCED && bucket.acl != acl::PRIVATE {
        return Err(acl::enforced());
    }
    bucket.ownership = Some(setting.to_owned());
    Ok(Response::empty(200))
}

pub(super) fn delete(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket_mut(asked.bucket)?.ownership = None;
    Ok(Response::empty(204))
}
