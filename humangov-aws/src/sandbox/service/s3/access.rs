// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which public access is blocked.

use super::{Answer, asked::Asked, errors::refused, xml::document};
use crate::sandbox::{
    wire::{Response, element},
    world::Cx,
};
use serde::{Deserialize, Serialize};

/// Which public access is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four switches, as in AWS")]
pub(super) struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// What a new bucket has.
    pub(super) const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    fn switches(self) -> [(&'static str, bool); 4] {
        [
            ("BlockPublicAcls", self.block_public_acls),
            ("IgnorePublicAcls", self.ignore_public_acls),
            ("BlockPublicPolicy", self.block_public_policy),
            ("RestrictPublicBuckets", self.restrict_public_buckets),
        ]
    }
}

pub(super) fn get(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let Some(block) = cx.s3.bucket(asked.bucket)?.public_access else {
        let message = "The public access block configuration was not found";
        return Err(
            refused(404, "NoSuchPublicAccessBlockConfiguration", message).with("BucketName", asked.bucket)
        );
    };
    let switches = block.switches().map(|(name, on)| element(name, &on.to_string()));
    Ok(document("PublicAccessBlockConfiguration", &switches.concat()))
}

pub(super) fn put(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let given = asked.document("PublicAccessBlockConfiguration")?;
    given.only(&PublicAccessBlock::ALL.switches().map(|(name, _)| name), &[])?;
    // What is left out is off.
    let on = |name| given.truth(name).map(Option::unwrap_or_default);
    cx.s3.bucket_mut(asked.bucket)?.public_access = Some(PublicAccessBlock {
        block_public_acls: on("BlockPublicAcls")?,
        ignore_public_acls: on("IgnorePublicAcls")?,
        block_public_policy: on("BlockPublicPolicy")?,
        restrict_public_buckets: on("RestrictPublicBuckets")?,
    });
    Ok(Response::empty(200))
}

pub(super) fn delete(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket_mut(asked.bucket)?.public_access = None;
    Ok(Response::empty(204))
}
