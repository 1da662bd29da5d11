// SPDX-License-Identifier: MIT OR Apache-2.0
//! EC2: the network, as far as load balancers and tasks need one, and security groups.

mod cidr;
mod interface;
mod listing;
mod noun;
mod permission;
mod refusal;
mod route_table;
mod rule;
mod rules;
mod security_group;
mod subnet;
mod tags;
#[cfg(test)]
mod tests;
mod vpc;
mod zone;

use super::{Found, unknown};
use crate::sandbox::{
    error::ApiError,
    ids::Ids,
    wire::Input,
    world::{Cx, Tags},
};
use cidr::Cidr;
use interface::Made;
use noun::{INTERNET_GATEWAY, Noun, ROUTE_TABLE, RULE, SECURITY_GROUP, SUBNET, VPC};
use route_table::RouteTable;
use security_group::Group;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use subnet::Subnet;
use vpc::Vpc;

/// The network of a region. Everything by its id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Ec2 {
    vpcs: BTreeMap<String, Vpc>,
    subnets: BTreeMap<String, Subnet>,
    route_tables: BTreeMap<String, RouteTable>,
    /// The VPCs that they are attached to.
    internet_gateways: BTreeMap<String, String>,
    groups: BTreeMap<String, Group>,
    interfaces: BTreeMap<String, Made>,
    /// The tags of all of these and of rules, where there are any.
    tags: BTreeMap<String, Tags>,
}

/// A network interface that another service makes in a subnet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Interface {
    pub subnet_id: String,
    pub security_groups: Vec<String>,
    /// `ELB app/web/50dc6c495c0c9188`, or the ARN of a task's attachment.
    pub description: String,
    /// `amazon-elb`, or `amazon-ecs`.
    pub requester: String,
}

impl Ec2 {
    /// A region as every account has it: a default VPC with a public subnet in each of its zones.
    pub(in crate::sandbox) fn new(region: &str, ids: &mut Ids) -> Self {
        let mut ec2 = Self::default();
        let vpc = ec2.add_vpc(Cidr::v4([172, 31, 0, 0], 16), true, ids);
        ec2.open_to_internet(&vpc, ids);
        for (block, zone) in [0, 16, 32].into_iter().zip(zone::names(region)) {
            let cidr = Cidr::v4([172, 31, block, 0], 20);
            ec2.subnets.insert(SUBNET.new_id(ids), Subnet { vpc: vpc.clone(), cidr, zone, is_default: true });
        }
        ec2
    }

    /// The VPC and the zone of a subnet, if there is one.
    pub(in crate::sandbox) fn subnet(&self, id: &str) -> Option<(String, String)> {
        self.subnets.get(id).map(|subnet| (subnet.vpc.clone(), subnet.zone.clone()))
    }

    /// The VPC of a security group, if there is one.
    pub(in crate::sandbox) fn security_group_vpc(&self, id: &str) -> Option<String> {
        self.groups.get(id).map(|group| group.vpc.clone())
    }
}

type Operation = fn(&mut Cx<'_>, Input<'_>) -> Result<Value, ApiError>;

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "AuthorizeSecurityGroupEgress" => rules::authorize_egress,
        "AuthorizeSecurityGroupIngress" => rules::authorize_ingress,
        "CreateSecurityGroup" => security_group::create,
        "CreateSubnet" => subnet::create,
        "CreateTags" => tags::create,
        "CreateVpc" => vpc::create,
        "DeleteSecurityGroup" => security_group::delete,
        "DeleteSubnet" => subnet::delete,
        "DeleteTags" => tags::delete,
        "DeleteVpc" => vpc::delete,
        "DescribeAvailabilityZones" => zone::describe,
        "DescribeInternetGateways" => route_table::describe_gateways,
        "DescribeNetworkInterfaces" => interface::describe,
        "DescribeRouteTables" => route_table::describe,
        "DescribeSecurityGroupRules" => rules::describe,
        "DescribeSecurityGroups" => security_group::describe,
        "DescribeSubnets" => subnet::describe,
        "DescribeTags" => tags::describe,
        "DescribeVpcs" => vpc::describe,
        "ModifySecurityGroupRules" => rules::modify,
        "RevokeSecurityGroupEgress" => rules::revoke_egress,
        "RevokeSecurityGroupIngress" => rules::revoke_ingress,
        "UpdateSecurityGroupRuleDescriptionsEgress" => rules::redescribe_egress,
        "UpdateSecurityGroupRuleDescriptionsIngress" => rules::redescribe_ingress,
        _ => return None,
    })
}

pub(super) fn call(cx: &mut Cx<'_>, name: &str, input: Input<'_>) -> Result<Value, ApiError> {
    let execute = operation(name).ok_or_else(|| unknown(name))?;
    if input.truth("DryRun") != Some(true) {
        return execute(cx, input);
    }
    let (network, ids) = (cx.here.ec2.clone(), cx.ids.clone());
    let answer = execute(cx, input);
    (cx.here.ec2, *cx.ids) = (network, ids);
    Err(answer.err().unwrap_or_else(refusal::dry_run))
}

/// Lets network interfaces go whose time has come.
pub(super) fn advance(cx: &mut Cx<'_>) {
    cx.here.ec2.drop_interfaces(cx.now);
}

/// What somebody made or tagged: what every account has from the beginning is nothing to tell of.
pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let ec2 = &cx.here.ec2;
    let found = |kind, noun: &Noun, id: &str, name: &str, made: bool, settings: Value| {
        let tags = ec2.tags_of(id);
        (made || !tags.is_empty()).then(|| Found {
            kind,
            name: name.to_owned(),
            arn: cx.arn("ec2", &format!("{}/{id}", noun.resource_type)),
            tags,
            settings,
        })
    };
    let vpcs = ec2.vpcs.iter().map(|(id, vpc)| {
        found("ec2.vpc", &VPC, id, id, !vpc.is_default, json!({"cidr": vpc.cidr.to_string()}))
    });
    let subnets = ec2.subnets.iter().map(|(id, subnet)| {
        let settings = json!({"cidr": subnet.cidr.to_string(), "vpc_id": subnet.vpc, "zone": subnet.zone});
        found("ec2.subnet", &SUBNET, id, id, !subnet.is_default, settings)
    });
    let tables = ec2.route_tables.iter().map(|(id, table)| {
        found("ec2.route_table", &ROUTE_TABLE, id, id, false, json!({"vpc_id": table.vpc}))
    });
    let gateways = ec2.internet_gateways.iter().map(|(id, vpc)| {
        found("ec2.internet_gateway", &INTERNET_GATEWAY, id, id, false, json!({"vpc_id": vpc}))
    });
    let groups = ec2.groups.iter().map(|(id, group)| {
        let settings = json!({"id": id, "vpc_id": group.vpc, "rules": group.rules.len()});
        found("ec2.security_group", &SECURITY_GROUP, id, &group.name, !group.is_default(), settings)
    });
    let rules = ec2.groups.iter().flat_map(|(group_id, group)| {
        let rules = group.rules.iter();
        rules.map(move |rule| (&rule.id, json!({"group_id": group_id, "egress": rule.egress})))
    });
    let rules = rules.map(|(id, settings)| found("ec2.security_group_rule", &RULE, id, id, false, settings));
    vpcs.chain(subnets).chain(tables).chain(gateways).chain(groups).chain(rules).flatten().collect()
}
