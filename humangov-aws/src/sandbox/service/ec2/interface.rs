// SPDX-License-Identifier: MIT OR Apache-2.0
//! Network interfaces, which other services make in subnets. They hold addresses and security groups.

use super::{Ec2, Interface, listing::Listing, noun::INTERFACE, zone};
use crate::sandbox::{error::ApiError, ids::Ids, wire::Input, world::Cx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// A network interface as it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    pub interface: Interface,
    pub address: Option<Ipv4Addr>,
    attachment: String,
    /// When it goes, if it was let go.
    gone: Option<Timestamp>,
}

const LISTING: Listing = Listing {
    set: "networkInterfaceSet",
    noun: Some(&INTERFACE),
    filters: &[
        ("addresses.primary", "privateIpAddressesSet.primary"),
        ("addresses.private-ip-address", "privateIpAddressesSet.privateIpAddress"),
        ("attachment.attachment-id", "attachment.attachmentId"),
        ("attachment.instance-owner-id", "attachment.instanceOwnerId"),
        ("attachment.status", "attachment.status"),
        ("availability-zone", "availabilityZone"),
        ("availability-zone-id", "availabilityZoneId"),
        ("description", "description"),
        ("group-id", "groupSet.groupId"),
        ("group-name", "groupSet.groupName"),
        ("interface-type", "interfaceType"),
        ("mac-address", "macAddress"),
        ("network-interface-id", "networkInterfaceId"),
        ("owner-id", "ownerId"),
        ("private-dns-name", "privateDnsName"),
        ("private-ip-address", "privateIpAddress"),
        ("requester-id", "requesterId"),
        ("requester-managed", "requesterManaged"),
        ("source-dest-check", "sourceDestCheck"),
        ("status", "status"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
    longest: 1000,
};

impl Ec2 {
    /// Makes a network interface, which holds its security groups; tells its id and its private address. Who makes one asks
    /// [`Ec2::free_addresses`] before: where there is none left, the address is empty.
    pub(in crate::sandbox) fn add_interface(
        &mut self,
        interface: Interface,
        ids: &mut Ids,
    ) -> (String, String) {
        let id = INTERFACE.new_id(ids);
        let address = self.unused(&interface.subnet_id).next();
        let attachment = format!("eni-attach-0{}", ids.hex(16));
        self.interfaces.insert(id.clone(), Made { interface, address, attachment, gone: None });
        (id, address.map(|address| address.to_string()).unwrap_or_default())
    }

    /// How many private addresses of a subnet are free.
    pub(in crate::sandbox) fn free_addresses(&self, subnet_id: &str) -> usize {
        self.unused(subnet_id).count()
    }

    /// Gives a network interface other security groups.
    pub(in crate::sandbox) fn set_interface_groups(&mut self, id: &str, security_groups: &[String]) {
        if let Some(made) = self.interfaces.get_mut(id) {
            made.interface.security_groups = security_groups.to_vec();
        }
    }

    /// Lets a network interface go at `gone`; until then it holds its security groups.
    pub(in crate::sandbox) fn remove_interface(&mut self, id: &str, gone: Timestamp) {
        if let Some(made) = self.interfaces.get_mut(id) {
            made.gone = Some(gone);
        }
    }

    /// Drops the network interfaces whose time has come.
    pub(super) fn drop_interfaces(&mut self, now: Timestamp) {
        let before = self.interfaces.len();
        self.interfaces.retain(|_, made| made.gone.is_none_or(|gone| gone > now));
        if self.interfaces.len() < before {
            self.forget_tags();
        }
    }

    pub(super) fn interfaces_in(&self, subnet: &str) -> impl Iterator<Item = &Made> {
        self.interfaces.values().filter(move |made| made.interface.subnet_id == subnet)
    }
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let keys = cx.here.ec2.interfaces.keys().map(String::as_str);
    LISTING.answer(input, &input.texts("NetworkInterfaceId"), keys, |id| described(cx, id))
}

fn described(cx: &Cx<'_>, id: &str) -> Value {
    let ec2 = &cx.here.ec2;
    let Some(made) = ec2.interfaces.get(id) else { return Value::Null };
    let interface = &made.interface;
    let subnet = ec2.subnets.get(&interface.subnet_id);
    let groups: Vec<Value> = interface
        .security_groups
        .iter()
        .map(|id| json!({"groupId": id, "groupName": ec2.groups.get(id).map(|group| &group.name)}))
        .collect();
    let address = made.address.map(|address| address.to_string());
    let host = address.as_deref().map(|address| host_name(cx.region, address));
    json!({
        "networkInterfaceId": id,
        "subnetId": interface.subnet_id,
        "vpcId": subnet.map(|subnet| &subnet.vpc),
        "availabilityZone": subnet.map(|subnet| &subnet.zone),
        "availabilityZoneId": subnet.map(|subnet| zone::id_of(&subnet.zone)),
        "description": interface.description,
        "ownerId": cx.account,
        "requesterId": interface.requester,
        "requesterManaged": true,
        "status": "in-use",
        "macAddress": mac_address(id),
        "privateIpAddress": address,
        "privateDnsName": host,
        "privateIpAddressesSet": [{"primary": true, "privateIpAddress": address, "privateDnsName": host}],
        "sourceDestCheck": true,
        "interfaceType": "interface",
        "groupSet": groups,
        "attachment": {
            "attachmentId": made.attachment,
            "deleteOnTermination": false,
            "deviceIndex": 1,
            "instanceOwnerId": interface.requester,
            "status": "attached",
        },
        "tagSet": ec2.tag_set(id).unwrap_or_else(|| json!([])),
    })
}

fn host_name(region: &str, address: &str) -> String {
    let name = format!("ip-{}", address.replace('.', "-"));
    match region {
        "us-east-1" => format!("{name}.ec2.internal"),
        region => format!("{name}.{region}.compute.internal"),
    }
}

/// Of the digits of the id, so that it is always the same.
fn mac_address(id: &str) -> String {
    let digits: Vec<char> = id.chars().rev().take(10).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    std::iter::once("02".to_owned()).chain(pairs).collect::<Vec<String>>().join(":")
}
