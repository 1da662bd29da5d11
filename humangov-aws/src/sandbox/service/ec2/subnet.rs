// SPDX-License-Identifier: MIT OR Apache-2.0
//! Subnets, and how many of their addresses are free.

use super::{
    Ec2,
    cidr::Cidr,
    listing::Listing,
    noun::SUBNET,
    refusal::{invalid_value, required},
    tags, zone,
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::Ipv4Addr};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Subnet {
    pub vpc: String,
    pub cidr: Cidr,
    pub zone: String,
    /// One of the default VPC's own: the default of its zone, and public.
    pub is_default: bool,
}

const LISTING: Listing = Listing {
    set: "subnetSet",
    noun: Some(&SUBNET),
    filters: &[
        ("availability-zone", "availabilityZone"),
        ("availabilityZone", "availabilityZone"),
        ("availability-zone-id", "availabilityZoneId"),
        ("availabilityZoneId", "availabilityZoneId"),
        ("available-ip-address-count", "availableIpAddressCount"),
        ("cidr", "cidrBlock"),
        ("cidr-block", "cidrBlock"),
        ("cidrBlock", "cidrBlock"),
        ("default-for-az", "defaultForAz"),
        ("defaultForAz", "defaultForAz"),
        ("map-public-ip-on-launch", "mapPublicIpOnLaunch"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("subnet-arn", "subnetArn"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
    longest: 1000,
};

impl Ec2 {
    /// The addresses of a subnet that nothing has, from the lowest.
    pub(super) fn unused(&self, subnet: &str) -> impl Iterator<Item = Ipv4Addr> {
        let taken: BTreeSet<Ipv4Addr> = self.interfaces_in(subnet).filter_map(|made| made.address).collect();
        let cidr = self.subnets.get(subnet).map(|subnet| subnet.cidr);
        cidr.into_iter().flat_map(Cidr::hosts).filter(move |address| !taken.contains(address))
    }
}

pub(super) fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let vpc_id = required(input, "VpcId")?;
    let text = required(input, "CidrBlock")?;
    let zone = zone_of(cx.region, input)?;
    let cidr = Cidr::parse_v4(text)
        .ok_or_else(|| invalid_value(text, "cidrBlock", "This is not a valid CIDR block."))?;
    let given = tags::specified(input, SUBNET.resource_type)?;
    let ec2 = &mut cx.here.ec2;
    if !(16..=28).contains(&cidr.prefix()) || !ec2.vpc(vpc_id)?.cidr.contains(cidr) {
        return Err(ApiError::new("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid.")));
    }
    if ec2.subnets.values().any(|other| other.vpc == vpc_id && other.cidr.overlaps(cidr)) {
        let message = format!("The CIDR '{text}' conflicts with another subnet");
        return Err(ApiError::new("InvalidSubnet.Conflict", message));
    }
    let id = SUBNET.new_id(cx.ids);
    ec2.subnets.insert(id.clone(), Subnet { vpc: vpc_id.to_owned(), cidr, zone, is_default: false });
    ec2.set_tags(&id, given);
    Ok(json!({ "subnet": described(cx, &id) }))
}

/// The zone that is asked for, by name or id; without one, AWS chooses.
fn zone_of(region: &str, input: Input<'_>) -> Result<String, ApiError> {
    let mut zones = zone::names(region);
    let (asked, found) = match (input.text("AvailabilityZone"), input.text("AvailabilityZoneId")) {
        (Some(name), _) => (name, zones.find(|zone| zone == name)),
        (None, Some(id)) => (id, zones.find(|zone| zone::id_of(zone) == id)),
        (None, None) => ("", zones.next()),
    };
    found.ok_or_else(|| {
        let zones: Vec<String> = zone::names(region).collect();
        let why = format!(
            "Subnets can currently only be created in the following availability zones: {}.",
            zones.join(", ")
        );
        invalid_value(asked, "availabilityZone", &why)
    })
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let keys = cx.here.ec2.subnets.keys().map(String::as_str);
    LISTING.answer(input, &input.texts("SubnetId"), keys, |id| described(cx, id))
}

pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = required(input, "SubnetId")?;
    let ec2 = &mut cx.here.ec2;
    if !ec2.subnets.contains_key(id) {
        return Err(SUBNET.refusal(id));
    }
    if ec2.interfaces_in(id).next().is_some() {
        let message = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(ApiError::new("DependencyViolation", message));
    }
    ec2.subnets.remove(id);
    ec2.forget_tags();
    Ok(json!({ "return": true }))
}

fn described(cx: &Cx<'_>, id: &str) -> Value {
    let ec2 = &cx.here.ec2;
    let Some(subnet) = ec2.subnets.get(id) else { return Value::Null };
    json!({
        "subnetId": id,
        "subnetArn": cx.arn("ec2", &format!("{}/{id}", SUBNET.resource_type)),
        "vpcId": subnet.vpc,
        "ownerId": cx.account,
        "state": "available",
        "cidrBlock": subnet.cidr.to_string(),
        "availabilityZone": subnet.zone,
        "availabilityZoneId": zone::id_of(&subnet.zone),
        "availableIpAddressCount": ec2.unused(id).count(),
        "assignIpv6AddressOnCreation": false,
        "defaultForAz": subnet.is_default,
        "mapPublicIpOnLaunch": subnet.is_default,
        "ipv6CidrBlockAssociationSet": [],
        "tagSet": ec2.tag_set(id),
    })
}
