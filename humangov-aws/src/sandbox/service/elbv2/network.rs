// SPDX-License-Identifier: MIT OR Apache-2.0
//! The subnets and security groups of load balancers, and the network interfaces that hold them.

use super::check::{configuration, invalid};
use crate::sandbox::{error::ApiError, service::ec2::Interface, wire::Input, world::Cx};
use std::collections::BTreeMap;

/// How many addresses a load balancer wants free in each of its subnets.
const FREE_ADDRESSES: usize = 8;

/// Where a load balancer is: subnets, by their zones, in one VPC.
#[derive(Debug)]
pub(super) struct Place {
    pub vpc_id: String,
    pub subnets: BTreeMap<String, String>,
}

/// The subnets of a request, in either form.
pub(super) fn place(cx: &Cx<'_>, input: Input<'_>) -> Result<Place, ApiError> {
    let mapped: Vec<Input<'_>> = input.objects("SubnetMappings").collect();
    let mut ids = input.texts("Subnets");
    if !ids.is_empty() && !mapped.is_empty() {
        return Err(invalid("You must specify either subnets or subnet mappings, not both"));
    }
    if mapped.iter().any(|mapping| mapping.has("AllocationId")) {
        return Err(configuration("An application load balancer takes no Elastic IP addresses"));
    }
    ids.extend(mapped.iter().filter_map(|mapping| mapping.text("SubnetId")));
    let (mut vpc_id, mut subnets) = (None, BTreeMap::new());
    for id in ids {
        let (vpc, zone) = subnet(cx, id)?;
        if vpc_id.get_or_insert_with(|| vpc.clone()) != &vpc {
            return Err(configuration("All subnets must belong to the same VPC"));
        }
        if subnets.insert(zone, id.to_owned()).is_some() {
            return Err(configuration(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            ));
        }
    }
    match vpc_id {
        Some(vpc_id) if subnets.len() >= 2 => Ok(Place { vpc_id, subnets }),
        _ => Err(invalid("At least two subnets in two different Availability Zones must be specified")),
    }
}

fn subnet(cx: &Cx<'_>, id: &str) -> Result<(String, String), ApiError> {
    if !id.starts_with("subnet-") {
        return Err(invalid(format!("The subnet ID '{id}' is not valid")));
    }
    let missing = || ApiError::new("SubnetNotFound", format!("The subnet ID '{id}' does not exist"));
    cx.here.ec2.subnet(id).ok_or_else(missing)
}

/// The security groups of a request, in order. Without any, the default one of the VPC.
pub(super) fn security_groups(cx: &Cx<'_>, input: Input<'_>, vpc_id: &str) -> Result<Vec<String>, ApiError> {
    let mut groups: Vec<String> = input.texts("SecurityGroups").into_iter().map(str::to_owned).collect();
    for id in &groups {
        match cx.here.ec2.security_group_vpc(id) {
            Some(vpc) if vpc == vpc_id => {}
            Some(_) => return Err(configuration("One or more security groups are invalid")),
            None => {
                let message = format!("The security group '{id}' does not exist");
                return Err(ApiError::new("InvalidSecurityGroup", message));
            }
        }
    }
    if groups.is_empty() {
        groups.extend(cx.here.ec2.default_security_group(vpc_id));
    }
    groups.sort();
    groups.dedup();
    Ok(groups)
}

/// Makes a network interface in each of these subnets, if they all have room; tells them by their subnets. `name` is the load balancer's:
/// `app/web/50dc6c495c0c9188`.
pub(super) fn attach<'s>(
    cx: &mut Cx<'_>,
    name: &str,
    subnets: impl Iterator<Item = &'s String> + Clone,
    security_groups: &[String],
) -> Result<BTreeMap<String, String>, ApiError> {
    if let Some(full) = subnets.clone().find(|subnet| cx.here.ec2.free_addresses(subnet) < FREE_ADDRESSES) {
        let message = format!(
            "Not enough IP space available in {full}. ELB requires at least {FREE_ADDRESSES} free IP addresses in each subnet."
        );
        return Err(ApiError::new("InvalidSubnet", message));
    }
    let mut made = BTreeMap::new();
    for subnet in subnets {
        let interface = Interface {
            subnet_id: subnet.clone(),
            security_groups: security_groups.to_vec(),
            description: format!("ELB {name}"),
            requester: "amazon-elb".to_owned(),
        };
        let (id, _) = cx.here.ec2.add_interface(interface, cx.ids);
        made.insert(subnet.clone(), id);
    }
    Ok(made)
}

/// Lets network interfaces go, in AWS's own time.
pub(super) fn detach<'i>(cx: &mut Cx<'_>, interfaces: impl IntoIterator<Item = &'i String>) {
    let gone = cx.after(cx.behaviour.timings.network_interface);
    for id in interfaces {
        cx.here.ec2.remove_interface(id, gone);
    }
}
