// SPDX-License-Identifier: MIT OR Apache-2.0
//! Application Load Balancers.

use super::{
    Elbv2,
    attributes::{self, LOAD_BALANCER, Set},
    check::{self, Sort, arn, choice, configuration, invalid, page, some},
    limits, network, tags,
};
use crate::sandbox::{
    error::ApiError,
    service::Found,
    wire::Input,
    world::{Cx, Tags, iso},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many ARNs one call may ask for.
const MOST_ASKED: usize = 20;

const ADDRESS_TYPES: [&str; 3] = ["ipv4", "dualstack", "dualstack-without-public-ipv4"];

/// A load balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LoadBalancer {
    pub name: String,
    dns_name: String,
    created: Timestamp,
    /// When it is set up and begins to send requests.
    pub active_from: Timestamp,
    pub settings: Settings,
    /// Its network interfaces, by subnet.
    interfaces: BTreeMap<String, String>,
    attributes: Set,
    pub tags: Tags,
}

/// What two calls must agree in to be for the same load balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    scheme: String,
    ip_address_type: String,
    pub vpc_id: String,
    /// By zone.
    subnets: BTreeMap<String, String>,
    security_groups: Vec<String>,
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateLoadBalancer" => create(cx, input),
        "DescribeLoadBalancers" => describe(cx, input),
        "DeleteLoadBalancer" => delete(cx, input),
        "DescribeLoadBalancerAttributes" => {
            found(cx, input).map(|(_, balancer)| attributes::described(LOAD_BALANCER, &balancer.attributes))
        }
        "ModifyLoadBalancerAttributes" => modify_attributes(cx, input),
        "SetSubnets" => set_subnets(cx, input),
        "SetSecurityGroups" => set_security_groups(cx, input),
        "SetIpAddressType" => set_address_type(cx, input),
        _ => return None,
    })
}

fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = check::name(input, "The load balancer")?;
    if name.to_ascii_lowercase().starts_with("internal-") {
        return Err(invalid(format!("The load balancer name '{name}' cannot begin with 'internal-'")));
    }
    let (settings, tags) = (settings(cx, input)?, tags::given(input)?);
    let elb = &cx.here.elbv2;
    if let Some((arn, there)) = elb.load_balancers.iter().find(|(_, there)| there.name == name) {
        if there.settings == settings {
            return Ok(json!({"LoadBalancers": [there.described(arn, cx)]}));
        }
        let message =
            format!("A load balancer with the same name '{name}' exists, but with different settings");
        return Err(ApiError::new("DuplicateLoadBalancerName", message));
    }
    limits::LOAD_BALANCERS.allow(elb.load_balancers.len() + 1)?;
    let path = format!("app/{name}/{}", cx.ids.hex(16));
    let arn = cx.arn("elasticloadbalancing", &format!("loadbalancer/{path}"));
    let internal = settings.scheme == "internal";
    let prefix = if internal { "internal-" } else { "" };
    let mut attributes = Set::new();
    if internal {
        attributes.insert("ipv6.deny_all_igw_traffic".to_owned(), "true".to_owned());
    }
    let balancer = LoadBalancer {
        name: name.to_owned(),
        dns_name: format!("{prefix}{name}-{}.{}.elb.amazonaws.com", cx.ids.digits(10), cx.region),
        created: cx.now,
        active_from: cx.after(cx.behaviour.timings.load_balancer),
        interfaces: network::attach(cx, &path, settings.subnets.values(), &settings.security_groups)?,
        settings,
        attributes,
        tags,
    };
    let described = balancer.described(&arn, cx);
    cx.here.elbv2.load_balancers.insert(arn, balancer);
    Ok(json!({"LoadBalancers": [described]}))
}

fn settings(cx: &Cx<'_>, input: Input<'_>) -> Result<Settings, ApiError> {
    let kind = choice(input, "Type", &["application", "network", "gateway"])?;
    if kind.is_some_and(|kind| kind != "application") {
        return Err(configuration("the sandbox models application load balancers only"));
    }
    let scheme = choice(input, "Scheme", &["internet-facing", "internal"])?.unwrap_or("internet-facing");
    let ip_address_type = address_type(input, scheme)?;
    let place = network::place(cx, input)?;
    Ok(Settings {
        scheme: scheme.to_owned(),
        ip_address_type,
        security_groups: network::security_groups(cx, input, &place.vpc_id)?,
        vpc_id: place.vpc_id,
        subnets: place.subnets,
    })
}

/// The type of addresses that a request asks for. The subnets of a default VPC have no IPv6 addresses to give.
fn address_type(input: Input<'_>, scheme: &str) -> Result<String, ApiError> {
    match choice(input, "IpAddressType", &ADDRESS_TYPES)?.unwrap_or("ipv4") {
        "ipv4" => Ok("ipv4".to_owned()),
        _ if scheme == "internal" => Err(configuration("Internal load balancers must use ipv4")),
        _ => Err(configuration("You must specify subnets with an associated IPv6 CIDR block.")),
    }
}

fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let all = &cx.here.elbv2.load_balancers;
    let (arns, names) = (input.texts("LoadBalancerArns"), input.texts("Names"));
    if !arns.is_empty() && !names.is_empty() {
        return Err(invalid(
            "Load balancer names and load balancer ARNs cannot be specified at the same time",
        ));
    }
    if arns.len() > MOST_ASKED {
        let message = format!(
            "Up to '{MOST_ASKED}' load balancer ARNs can be specified, but '{}' were specified",
            arns.len()
        );
        return Err(invalid(message));
    }
    for arn in &arns {
        Sort::LoadBalancer.find(all, arn)?;
    }
    if !names.iter().all(|name| all.values().any(|one| one.name == *name)) {
        return Err(Sort::LoadBalancer.missing());
    }
    let asked = |arn: &str, one: &LoadBalancer| {
        (arns.is_empty() || arns.contains(&arn)) && (names.is_empty() || names.contains(&one.name.as_str()))
    };
    let asked = all.iter().filter(|(arn, one)| asked(arn, one));
    let asked = asked.map(|(arn, one)| (arn.clone(), (arn, one))).collect();
    page(input, "LoadBalancers", asked, |(arn, one)| one.described(arn, cx))
}

impl LoadBalancer {
    fn described(&self, arn: &str, cx: &Cx<'_>) -> Value {
        let state = if cx.now < self.active_from { "provisioning" } else { "active" };
        json!({
            "LoadBalancerArn": arn,
            "DNSName": self.dns_name,
            "CanonicalHostedZoneId": hosted_zone(cx.region),
            "CreatedTime": iso(self.created),
            "LoadBalancerName": self.name,
            "Scheme": self.settings.scheme,
            "VpcId": self.settings.vpc_id,
            "State": {"Code": state},
            "Type": "application",
            "AvailabilityZones": self.settings.zones(),
            "SecurityGroups": self.settings.security_groups,
            "IpAddressType": self.settings.ip_address_type,
        })
    }
}

impl Settings {
    fn zones(&self) -> Value {
        let zone =
            |(zone, subnet)| json!({"ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": []});
        self.subnets.iter().map(zone).collect()
    }
}

/// The hosted zone of the region's load balancers, for alias records.
fn hosted_zone(region: &str) -> &'static str {
    match region {
        "us-east-1" => "Z35SXDOTRQ7X7K",
        "us-east-2" => "Z3AADJGX6KTTL2",
        "us-west-1" => "Z368ELLRRE2KJ0",
        "us-west-2" => "Z1H1FL5HABSF5",
        "us-gov-west-1" => "Z33AYJ8TM3BH4J",
        "us-gov-east-1" => "Z166TLBEWOO7G0",
        "ca-central-1" => "ZQSVJUPU6J1EY",
        "eu-central-1" => "Z215JYRZR1TBD5",
        "eu-north-1" => "Z23TAZ6LKFMNIO",
        "eu-west-1" => "Z32O12XQLNTSW2",
        "eu-west-2" => "ZHURV8PSTC4K8",
        "eu-west-3" => "Z3Q77PNBQS71R4",
        "ap-northeast-1" => "Z14GRHDCWA56QT",
        "ap-northeast-2" => "ZWKZPGTI48KDX",
        "ap-northeast-3" => "Z5LXEXXYW11ES",
        "ap-south-1" => "ZP97RAFLXTNZK",
        "ap-southeast-1" => "Z1LMS91P8CMLE5",
        "ap-southeast-2" => "Z1GM3OXH4ZPM65",
        "sa-east-1" => "Z2P70J7HTTTPLU",
        _ => "Z00000000SANDBOX",
    }
}

/// The load balancer that a request names.
fn found<'c, 'i>(cx: &'c mut Cx<'_>, input: Input<'i>) -> Result<(&'i str, &'c mut LoadBalancer), ApiError> {
    let arn = arn(input, "LoadBalancerArn", Sort::LoadBalancer)?;
    Ok((arn, Sort::LoadBalancer.find_mut(&mut cx.here.elbv2.load_balancers, arn)?))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = arn(input, "LoadBalancerArn", Sort::LoadBalancer)?;
    let all = &mut cx.here.elbv2.load_balancers;
    let protects = |one: &LoadBalancer| {
        one.attributes.get("deletion_protection.enabled").is_some_and(|value| value == "true")
    };
    if all.get(arn).is_some_and(protects) {
        let message =
            format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
        return Err(ApiError::new("OperationNotPermitted", message));
    }
    // Deleting what is not there, or not any more, is no error.
    if let Some(gone) = all.remove(arn) {
        let until = cx.after(cx.behaviour.timings.visibility);
        cx.here.elbv2.remove_listeners(until, |listener| listener.load_balancer == arn);
        network::detach(cx, gone.interfaces.values());
    }
    Ok(Value::Null)
}

fn modify_attributes(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, balancer) = found(cx, input)?;
    let after = attributes::changed(LOAD_BALANCER, "Load balancer", &balancer.attributes, input)?;
    attributes::check_load_balancer(&after)?;
    balancer.attributes = after;
    Ok(attributes::described(LOAD_BALANCER, &balancer.attributes))
}

fn set_subnets(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (arn, balancer) = found(cx, input)?;
    let mut after = balancer.settings.clone();
    let mut interfaces = balancer.interfaces.clone();
    let place = network::place(cx, input)?;
    if place.vpc_id != after.vpc_id {
        return Err(configuration("The subnets must belong to the VPC of the load balancer"));
    }
    if input.has("IpAddressType") {
        after.ip_address_type = address_type(input, &after.scheme)?;
    }
    after.subnets = place.subnets;
    let wanted = |subnet: &String| after.subnets.values().any(|one| one == subnet);
    let left: Vec<String> =
        interfaces.iter().filter(|(subnet, _)| !wanted(subnet)).map(|(_, id)| id.clone()).collect();
    interfaces.retain(|subnet, _| wanted(subnet));
    let path = arn.split_once("loadbalancer/").map_or(arn, |(_, path)| path);
    let entered = after.subnets.values().filter(|subnet| !interfaces.contains_key(*subnet));
    let made = network::attach(cx, path, entered, &after.security_groups)?;
    interfaces.extend(made);
    network::detach(cx, &left);
    let answer = json!({"AvailabilityZones": after.zones(), "IpAddressType": after.ip_address_type});
    let (_, balancer) = found(cx, input)?;
    (balancer.settings, balancer.interfaces) = (after, interfaces);
    Ok(answer)
}

fn set_security_groups(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let vpc_id = found(cx, input)?.1.settings.vpc_id.clone();
    some(input, "SecurityGroups")?;
    let groups = network::security_groups(cx, input, &vpc_id)?;
    let (_, balancer) = found(cx, input)?;
    balancer.settings.security_groups.clone_from(&groups);
    for id in balancer.interfaces.clone().values() {
        cx.here.ec2.set_interface_groups(id, &groups);
    }
    Ok(json!({ "SecurityGroupIds": groups }))
}

fn set_address_type(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, balancer) = found(cx, input)?;
    check::required(input, "IpAddressType")?;
    balancer.settings.ip_address_type = address_type(input, &balancer.settings.scheme)?;
    Ok(json!({"IpAddressType": balancer.settings.ip_address_type}))
}

pub(super) fn resources(elb: &Elbv2) -> impl Iterator<Item = Found> {
    elb.load_balancers.iter().map(|(arn, one)| Found {
        kind: "elbv2.load_balancer",
        name: one.name.clone(),
        arn: arn.clone(),
        tags: one.tags.clone(),
        settings: json!({
            "scheme": one.settings.scheme,
            "subnets": one.settings.subnets.values().collect::<Vec<_>>(),
            "security_groups": one.settings.security_groups,
        }),
    })
}
