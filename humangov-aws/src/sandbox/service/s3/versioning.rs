// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether what is overwritten or deleted is kept.

use super::{
    Answer,
    asked::Asked,
    errors::{access_denied, malformed_xml},
    xml::document,
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::Cx,
};
use serde::{Deserialize, Serialize};

/// Whether what is overwritten or deleted is kept. A bucket that never had versions has none of these, and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Versioning {
    Enabled,
    Suspended,
}

impl Versioning {
    fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }
}

pub(super) fn get(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let status = cx.s3.bucket(asked.bucket)?.versioning.map(|status| element("Status", status.name()));
    Ok(document("VersioningConfiguration", &status.unwrap_or_default()))
}

pub(super) fn put(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let given = asked.document("VersioningConfiguration")?;
    given.only(&["Status", "MfaDelete"], &[])?;
    let status = match given.text("Status") {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        Some(_) => return Err(malformed_xml()),
        None => {
            return Err(ApiError::new(
                "IllegalVersioningConfigurationException",
                "The Versioning element must be specified",
            ));
        }
    };
    match given.text("MfaDelete") {
        None | Some("Disabled") => {}
        // Only the root user can ask for it, with a device that there is none of here.
        Some("Enabled") => {
            return Err(access_denied("Mfa Authentication must be used for this request"));
        }
        Some(_) => return Err(malformed_xml()),
    }
    cx.s3.bucket_mut(asked.bucket)?.versioning = Some(status);
    Ok(Response::empty(200))
}
