// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Noun`]: the sorts of things there are, how their ids look, and how EC2 words what is wrong with one.

use crate::sandbox::{error::ApiError, ids::Ids};

/// A sort of thing.
#[derive(Debug)]
pub(super) struct Noun {
    /// How its ids begin, without the dash.
    prefix: &'static str,
    /// Its name in ARNs and in tag specifications.
    pub resource_type: &'static str,
    /// Its name in refusals.
    words: &'static str,
    not_found: &'static str,
    malformed: &'static str,
}

pub(super) const VPC: Noun = Noun {
    prefix: "vpc",
    resource_type: "vpc",
    words: "vpc ID",
    not_found: "InvalidVpcID.NotFound",
    malformed: "InvalidVpcID.Malformed",
};
pub(super) const SUBNET: Noun = Noun {
    prefix: "subnet",
    resource_type: "subnet",
    words: "subnet ID",
    not_found: "InvalidSubnetID.NotFound",
    malformed: "InvalidSubnetID.Malformed",
};
pub(super) const ROUTE_TABLE: Noun = Noun {
    prefix: "rtb",
    resource_type: "route-table",
    words: "routeTable ID",
    not_found: "InvalidRouteTableID.NotFound",
    malformed: "InvalidRouteTableId.Malformed",
};
pub(super) const INTERNET_GATEWAY: Noun = Noun {
    prefix: "igw",
    resource_type: "internet-gateway",
    words: "internetGateway ID",
    not_found: "InvalidInternetGatewayID.NotFound",
    malformed: "InvalidInternetGatewayId.Malformed",
};
pub(super) const SECURITY_GROUP: Noun = Noun {
    prefix: "sg",
    resource_type: "security-group",
    words: "security group",
    not_found: "InvalidGroup.NotFound",
    malformed: "InvalidGroupId.Malformed",
};
pub(super) const RULE: Noun = Noun {
    prefix: "sgr",
    resource_type: "security-group-rule",
    words: "security group rule ID",
    not_found: "InvalidSecurityGroupRuleId.NotFound",
    malformed: "InvalidSecurityGroupRuleId.Malformed",
};
pub(super) const INTERFACE: Noun = Noun {
    prefix: "eni",
    resource_type: "network-interface",
    words: "networkInterface ID",
    not_found: "InvalidNetworkInterfaceID.NotFound",
    malformed: "InvalidNetworkInterfaceId.Malformed",
};
pub(super) const PREFIX_LIST: Noun = Noun {
    prefix: "pl",
    resource_type: "prefix-list",
    words: "prefix list ID",
    not_found: "InvalidPrefixListID.NotFound",
    malformed: "InvalidPrefixListId.Malformed",
};

/// What can have tags.
const TAGGABLE: [&Noun; 7] =
    [&VPC, &SUBNET, &ROUTE_TABLE, &INTERNET_GATEWAY, &SECURITY_GROUP, &RULE, &INTERFACE];

impl Noun {
    /// The sort of thing that has such an id, of those that can have tags.
    pub(super) fn of(id: &str) -> Option<&'static Self> {
        TAGGABLE.into_iter().find(|noun| noun.fits(id))
    }

    /// An id that was not there before.
    pub(super) fn new_id(&self, ids: &mut Ids) -> String {
        format!("{}-0{}", self.prefix, ids.hex(16))
    }

    /// The prefix, and 8 or 17 hexadecimal digits.
    fn fits(&self, id: &str) -> bool {
        let digits = id.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix('-'));
        digits.is_some_and(|digits| {
            matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }

    /// Refuses what is no id of this sort.
    pub(super) fn check(&self, id: &str) -> Result<(), ApiError> {
        if self.fits(id) {
            return Ok(());
        }
        Err(ApiError::new(
            self.malformed,
            format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix),
        ))
    }

    /// There is no such thing.
    pub(super) fn missing(&self, id: &str) -> ApiError {
        ApiError::new(self.not_found, format!("The {} '{id}' does not exist", self.words))
    }

    /// Why there is nothing of this id: it is none, or of nothing.
    pub(super) fn refusal(&self, id: &str) -> ApiError {
        self.check(id).err().unwrap_or_else(|| self.missing(id))
    }
}
