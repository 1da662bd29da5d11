// SPDX-License-Identifier: MIT OR Apache-2.0
//! Access control lists: the canned ones of buckets.

use super::{
    Answer,
    access::PublicAccessBlock,
    asked::Asked,
    checksum::hex,
    errors::{access_denied, invalid_argument, not_implemented, refused},
    ownership,
    xml::{document, nest},
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::Cx,
};
use sha2::{Digest as _, Sha256};

/// The list that lets nobody in but the owner.
pub(super) const PRIVATE: &str = "private";

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// The canned lists of buckets: whom else they let in, and to do what.
const CANNED: [(&str, &[(&str, &str)]); 5] = [
    (PRIVATE, &[]),
    ("public-read", &[(ALL_USERS, "READ")]),
    ("public-read-write", &[(ALL_USERS, "READ"), (ALL_USERS, "WRITE")]),
    ("authenticated-read", &[(AUTHENTICATED, "READ")]),
    ("log-delivery-write", &[(LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")]),
];

/// The canonical id of an account: the same for the same account, and no number of it.
fn canonical_id(account: &str) -> String {
    hex(&Sha256::digest(account))
}

/// The account as an owner or as an initiator.
pub(super) fn owner(role: &str, account: &str) -> String {
    nest(role, &element("ID", &canonical_id(account)))
}

/// The canned list that a request about a bucket asks for.
pub(super) fn canned<'r>(asked: &Asked<'r>) -> Result<Option<&'r str>, ApiError> {
    let grants = ["full-control", "read", "read-acp", "write", "write-acp"];
    if grants.iter().any(|grant| asked.header(&format!("x-amz-grant-{grant}")).is_some()) {
        return Err(not_implemented());
    }
    match asked.header("x-amz-acl") {
        Some(name) if !CANNED.iter().any(|(canned, _)| *canned == name) => {
            Err(invalid_argument("x-amz-acl", name, ""))
        }
        name => Ok(name),
    }
}

/// Refuses a canned list that the bucket's settings do not allow.
pub(super) fn check(
    canned: &str,
    ownership: Option<&str>,
    block: Option<PublicAccessBlock>,
) -> Result<(), ApiError> {
    if canned == PRIVATE {
        return Ok(());
    }
    if ownership == Some(ownership::ENFORCED) {
        return Err(enforced());
    }
    if block.is_some_and(|block| block.block_public_acls) && is_public(canned) {
        return Err(ApiError::new(
            "InvalidBucketAclWithBlockPublicAccessError",
            "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
        ));
    }
    Ok(())
}

/// What is refused where the bucket's owner owns everything, and lists mean nothing.
pub(super) fn enforced() -> ApiError {
    ApiError::new(
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )
}

fn is_public(canned: &str) -> bool {
    canned.starts_with("public-") || canned == "authenticated-read"
}

/// Refuses a list for an object where lists are off; the one that the bucket's owner has anyway may be named.
pub(super) fn check_object(asked: &Asked<'_>, ownership: Option<&str>) -> Result<(), ApiError> {
    let canned = asked.header("x-amz-acl").filter(|name| *name != "bucket-owner-full-control");
    if canned.is_some() && ownership == Some(ownership::ENFORCED) { Err(not_supported()) } else { Ok(()) }
}

fn not_supported() -> ApiError {
    refused(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

pub(super) fn get(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let bucket = cx.s3.bucket(asked.bucket)?;
    let others = CANNED.iter().find(|(name, _)| *name == bucket.acl).map_or(&[][..], |(_, grants)| grants);
    Ok(policy(cx.account, others))
}

pub(super) fn get_of_object(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket(asked.bucket)?.readable(asked.key, asked.parameter("versionId"))?;
    Ok(policy(cx.account, &[]))
}

fn policy(account: &str, others: &[(&str, &str)]) -> Response {
    let grant = |kind: &str, who: &str, permission: &str| {
        let schema = "http://www.w3.org/2001/XMLSchema-instance";
        let grantee = format!("<Grantee xmlns:xsi=\"{schema}\" xsi:type=\"{kind}\">{who}</Grantee>");
        nest("Grant", &(grantee + &element("Permission", permission)))
    };
    let mut grants = grant("CanonicalUser", &element("ID", &canonical_id(account)), "FULL_CONTROL");
    for (group, permission) in others {
        grants += &grant("Group", &element("URI", group), permission);
    }
    let inner = owner("Owner", account) + &nest("AccessControlList", &grants);
    document("AccessControlPolicy", &inner)
}

pub(super) fn put(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let bucket = cx.s3.bucket_mut(asked.bucket)?;
    if bucket.ownership.as_deref() == Some(ownership::ENFORCED) {
        return Err(not_supported());
    }
    // Lists of single grants are not modelled.
    let canned = canned(asked)?.ok_or_else(not_implemented)?;
    if bucket.public_access.is_some_and(|block| block.block_public_acls) && is_public(canned) {
        return Err(access_denied("Access Denied"));
    }
    canned.clone_into(&mut bucket.acl);
    Ok(Response::empty(200))
}
