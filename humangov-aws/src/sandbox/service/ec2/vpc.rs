// SPDX-License-Identifier: MIT OR Apache-2.0
//! VPCs, and what each of them has from the beginning: a main route table and a default security group.

use super::{
    Ec2,
    cidr::Cidr,
    listing::Listing,
    noun::VPC,
    refusal::{invalid_value, required},
    route_table::RouteTable,
    security_group::Group,
    tags,
};
use crate::sandbox::{error::ApiError, ids::Ids, wire::Input, world::Cx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The quota of a new account, for each region.
const MOST: usize = 5;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Vpc {
    pub cidr: Cidr,
    pub is_default: bool,
    association: String,
    dhcp_options: String,
}

const LISTING: Listing = Listing {
    set: "vpcSet",
    noun: Some(&VPC),
    filters: &[
        ("cidr", "cidrBlock"),
        ("cidr-block-association.association-id", "cidrBlockAssociationSet.associationId"),
        ("cidr-block-association.cidr-block", "cidrBlockAssociationSet.cidrBlock"),
        ("cidr-block-association.state", "cidrBlockAssociationSet.cidrBlockState.state"),
        ("dhcp-options-id", "dhcpOptionsId"),
        ("is-default", "isDefault"),
        ("isDefault", "isDefault"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("vpc-id", "vpcId"),
    ],
    longest: 1000,
};

impl Ec2 {
    /// Makes a VPC with what AWS puts into each; tells its id.
    pub(super) fn add_vpc(&mut self, cidr: Cidr, is_default: bool, ids: &mut Ids) -> String {
        let id = VPC.new_id(ids);
        let vpc = Vpc {
            cidr,
            is_default,
            association: format!("vpc-cidr-assoc-0{}", ids.hex(16)),
            dhcp_options: format!("dopt-0{}", ids.hex(16)),
        };
        self.vpcs.insert(id.clone(), vpc);
        self.add_route_table(RouteTable::main_of(&id, ids), ids);
        self.add_group(Group::default_of(&id), ids);
        id
    }

    /// The default VPC, if there is one.
    pub(super) fn default_vpc(&self) -> Option<&str> {
        self.vpcs.iter().find(|(_, vpc)| vpc.is_default).map(|(id, _)| id.as_str())
    }

    pub(super) fn vpc(&self, id: &str) -> Result<&Vpc, ApiError> {
        self.vpcs.get(id).ok_or_else(|| VPC.refusal(id))
    }
}

pub(super) fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let text = required(input, "CidrBlock")?;
    let cidr = Cidr::parse_v4(text)
        .ok_or_else(|| invalid_value(text, "cidrBlock", "This is not a valid CIDR block."))?;
    if !(16..=28).contains(&cidr.prefix()) {
        return Err(ApiError::new("InvalidVpc.Range", format!("The CIDR '{text}' is invalid.")));
    }
    let given = tags::specified(input, VPC.resource_type)?;
    if cx.here.ec2.vpcs.len() >= MOST {
        return Err(ApiError::new("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let id = cx.here.ec2.add_vpc(cidr, false, cx.ids);
    cx.here.ec2.set_tags(&id, given);
    Ok(json!({ "vpc": described(cx, &id) }))
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let keys = cx.here.ec2.vpcs.keys().map(String::as_str);
    LISTING.answer(input, &input.texts("VpcId"), keys, |id| described(cx, id))
}

pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = required(input, "VpcId")?;
    let ec2 = &mut cx.here.ec2;
    ec2.vpc(id)?;
    let used = ec2.subnets.values().any(|subnet| subnet.vpc == id)
        || ec2.internet_gateways.values().any(|vpc| vpc == id)
        || ec2.groups.values().any(|group| group.vpc == id && !group.is_default());
    if used {
        let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
        return Err(ApiError::new("DependencyViolation", message));
    }
    ec2.vpcs.remove(id);
    ec2.route_tables.retain(|_, table| table.vpc != id);
    ec2.groups.retain(|_, group| group.vpc != id);
    ec2.forget_tags();
    Ok(json!({ "return": true }))
}

fn described(cx: &Cx<'_>, id: &str) -> Value {
    let Some(vpc) = cx.here.ec2.vpcs.get(id) else { return Value::Null };
    json!({
        "vpcId": id,
        "ownerId": cx.account,
        "state": "available",
        "cidrBlock": vpc.cidr.to_string(),
        "cidrBlockAssociationSet": [{
            "associationId": vpc.association,
            "cidrBlock": vpc.cidr.to_string(),
            "cidrBlockState": {"state": "associated"},
        }],
        "dhcpOptionsId": vpc.dhcp_options,
        "instanceTenancy": "default",
        "isDefault": vpc.is_default,
        "tagSet": cx.here.ec2.tag_set(id),
    })
}
