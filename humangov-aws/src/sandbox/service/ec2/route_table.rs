// SPDX-License-Identifier: MIT OR Apache-2.0
//! Route tables and internet gateways: what makes a subnet public.

use super::{
    Ec2,
    cidr::Cidr,
    listing::Listing,
    noun::{INTERNET_GATEWAY, ROUTE_TABLE},
};
use crate::sandbox::{error::ApiError, ids::Ids, wire::Input, world::Cx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The main route table of a VPC, which all of its subnets use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RouteTable {
    pub vpc: String,
    association: String,
    /// Where all that is not for the VPC goes.
    internet_gateway: Option<String>,
}

const TABLES: Listing = Listing {
    set: "routeTableSet",
    noun: Some(&ROUTE_TABLE),
    filters: &[
        ("association.main", "associationSet.main"),
        ("association.route-table-association-id", "associationSet.routeTableAssociationId"),
        ("association.route-table-id", "associationSet.routeTableId"),
        ("association.subnet-id", "associationSet.subnetId"),
        ("owner-id", "ownerId"),
        ("route-table-id", "routeTableId"),
        ("route.destination-cidr-block", "routeSet.destinationCidrBlock"),
        ("route.gateway-id", "routeSet.gatewayId"),
        ("route.nat-gateway-id", "routeSet.natGatewayId"),
        ("route.origin", "routeSet.origin"),
        ("route.state", "routeSet.state"),
        ("vpc-id", "vpcId"),
    ],
    longest: 100,
};

const GATEWAYS: Listing = Listing {
    set: "internetGatewaySet",
    noun: Some(&INTERNET_GATEWAY),
    filters: &[
        ("attachment.state", "attachmentSet.state"),
        ("attachment.vpc-id", "attachmentSet.vpcId"),
        ("internet-gateway-id", "internetGatewayId"),
        ("owner-id", "ownerId"),
    ],
    longest: 1000,
};

impl RouteTable {
    /// The one that a new VPC has: it leads nowhere else.
    pub(super) fn main_of(vpc: &str, ids: &mut Ids) -> Self {
        let association = format!("rtbassoc-0{}", ids.hex(16));
        Self { vpc: vpc.to_owned(), association, internet_gateway: None }
    }
}

impl Ec2 {
    pub(super) fn add_route_table(&mut self, table: RouteTable, ids: &mut Ids) {
        self.route_tables.insert(ROUTE_TABLE.new_id(ids), table);
    }

    /// Makes a VPC's subnets public: attaches an internet gateway, and leads all there that is not for the VPC.
    pub(super) fn open_to_internet(&mut self, vpc: &str, ids: &mut Ids) {
        let gateway = INTERNET_GATEWAY.new_id(ids);
        for table in self.route_tables.values_mut().filter(|table| table.vpc == vpc) {
            table.internet_gateway = Some(gateway.clone());
        }
        self.internet_gateways.insert(gateway, vpc.to_owned());
    }
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let keys = cx.here.ec2.route_tables.keys().map(String::as_str);
    TABLES.answer(input, &input.texts("RouteTableId"), keys, |id| described(cx, id))
}

fn described(cx: &Cx<'_>, id: &str) -> Value {
    let ec2 = &cx.here.ec2;
    let Some(table) = ec2.route_tables.get(id) else { return Value::Null };
    let route = |destination: Cidr, gateway: &str, origin: &str| {
        let destination = destination.to_string();
        json!({"destinationCidrBlock": destination, "gatewayId": gateway, "origin": origin, "state": "active"})
    };
    let local = ec2.vpcs.get(&table.vpc).map(|vpc| route(vpc.cidr, "local", "CreateRouteTable"));
    let out = table.internet_gateway.as_ref();
    let out = out.map(|gateway| route(Cidr::ANYWHERE, gateway, "CreateRoute"));
    json!({
        "routeTableId": id,
        "vpcId": table.vpc,
        "ownerId": cx.account,
        "associationSet": [{
            "main": true,
            "routeTableAssociationId": table.association,
            "routeTableId": id,
            "associationState": {"state": "associated"},
        }],
        "routeSet": local.into_iter().chain(out).collect::<Vec<Value>>(),
        "propagatingVgwSet": [],
        "tagSet": ec2.tag_set(id),
    })
}

pub(super) fn describe_gateways(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let keys = cx.here.ec2.internet_gateways.keys().map(String::as_str);
    GATEWAYS.answer(input, &input.texts("InternetGatewayId"), keys, |id| {
        json!({
            "internetGatewayId": id,
            "ownerId": cx.account,
            "attachmentSet": [{"state": "available", "vpcId": cx.here.ec2.internet_gateways.get(id)}],
            "tagSet": cx.here.ec2.tag_set(id),
        })
    })
}
