// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules that a request asks for: `IpPermissions`, the flat form, and the form of one rule.

use super::{
    cidr::Cidr,
    noun::PREFIX_LIST,
    refusal::{invalid, missing},
    rule::{Peer, Traffic, protocol},
    security_group::is_allowed,
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde_json::{Value, json};

/// A rule that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub traffic: Traffic,
    pub description: Option<String>,
}

/// The rules of a request about the group `group_id`, in canonical form. Each can be there once only.
pub(super) fn read(cx: &Cx<'_>, group_id: &str, input: Input<'_>) -> Result<Vec<Asked>, ApiError> {
    let flat: Vec<Value>;
    let given = if input.has("IpPermissions") {
        if FLAT.iter().any(|member| input.has(member)) {
            return Err(ApiError::new(
                "InvalidParameterCombination",
                "The parameter ipPermissions cannot be used with the parameters of a single rule",
            ));
        }
        input.list("IpPermissions")
    } else {
        flat = unfolded(input)?;
        &flat
    };
    let mut asked: Vec<Asked> = Vec::new();
    for permission in given {
        for rule in permission_of(cx, group_id, Input(permission))? {
            if asked.iter().any(|other| other.traffic == rule.traffic) {
                return Err(invalid("The same permission must not appear multiple times"));
            }
            asked.push(rule);
        }
    }
    if asked.is_empty() {
        return Err(missing("ipPermissions"));
    }
    Ok(asked)
}

/// The members of the flat form.
const FLAT: [&str; 5] = ["IpProtocol", "FromPort", "ToPort", "CidrIp", "SourceSecurityGroupName"];

/// The flat form as `IpPermissions`: one block of addresses, or all that comes from another group.
fn unfolded(input: Input<'_>) -> Result<Vec<Value>, ApiError> {
    if let Some(name) = input.text("SourceSecurityGroupName") {
        if input.has("CidrIp") {
            return Err(ApiError::new(
                "InvalidParameterCombination",
                "The parameter cidrIp cannot be used with the parameter sourceSecurityGroupName",
            ));
        }
        let all = [("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", -1, -1)];
        let groups = json!([{ "GroupName": name }]);
        let from_group = |(protocol, from, to)| json!({"IpProtocol": protocol, "FromPort": from, "ToPort": to, "Groups": groups});
        return Ok(all.map(from_group).to_vec());
    }
    if !FLAT.iter().any(|member| input.has(member)) {
        return Err(missing("ipPermissions"));
    }
    let cidr = input.text("CidrIp").ok_or_else(|| missing("cidrIp"))?;
    let member = |name| input.get(name).cloned().unwrap_or_default();
    Ok(vec![json!({
        "IpProtocol": member("IpProtocol"),
        "FromPort": member("FromPort"),
        "ToPort": member("ToPort"),
        "IpRanges": [{"CidrIp": cidr}],
    })])
}

/// The rules of one permission: one for each whom it is with.
fn permission_of(cx: &Cx<'_>, group_id: &str, permission: Input<'_>) -> Result<Vec<Asked>, ApiError> {
    let (protocol, from, to) = ports(permission)?;
    let mut peers = Vec::new();
    for range in permission.objects("IpRanges") {
        peers.push((v4(range.text("CidrIp").ok_or_else(|| missing("cidrIp"))?)?, range));
    }
    for range in permission.objects("Ipv6Ranges") {
        peers.push((v6(range.text("CidrIpv6").ok_or_else(|| missing("cidrIpv6"))?)?, range));
    }
    for pair in permission.objects("Groups").chain(permission.objects("UserIdGroupPairs")) {
        peers.push((pair_of(cx, group_id, pair)?, pair));
    }
    for list in permission.objects("PrefixListIds") {
        let id = list.text("PrefixListId").ok_or_else(|| missing("prefixListId"))?;
        peers.push((prefix_list(id)?, list));
    }
    if peers.is_empty() {
        return Err(missing("ipRanges, ipv6Ranges, groups or prefixListIds"));
    }
    peers
        .into_iter()
        .map(|(peer, from_whom)| {
            let traffic = Traffic { protocol: protocol.clone(), from, to, peer };
            Ok(Asked { traffic, description: description(from_whom)? })
        })
        .collect()
}

/// The rule of a `SecurityGroupRuleRequest`.
pub(super) fn single(cx: &Cx<'_>, group_id: &str, input: Input<'_>) -> Result<Asked, ApiError> {
    let (protocol, from, to) = ports(input)?;
    let peers = [
        input.text("CidrIpv4").map(v4),
        input.text("CidrIpv6").map(v6),
        input.text("PrefixListId").map(prefix_list),
        input.text("ReferencedGroupId").map(|id| group(cx, group_id, id)),
    ];
    let mut peers = peers.into_iter().flatten();
    match (peers.next(), peers.next()) {
        (Some(peer), None) => {
            let traffic = Traffic { protocol, from, to, peer: peer? };
            Ok(Asked { traffic, description: description(input)? })
        }
        _ => Err(ApiError::new(
            "InvalidParameterCombination",
            "Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be given",
        )),
    }
}

/// The protocol, and the first and the last port, or the type and the code of ICMP.
fn ports(input: Input<'_>) -> Result<(String, i64, i64), ApiError> {
    let given = input.text("IpProtocol").ok_or_else(|| missing("ipProtocol"))?;
    let protocol = protocol(given)
        .ok_or_else(|| invalid(format!("Invalid value '{given}' for IP protocol. Unknown protocol.")))?;
    let (from, to) = (input.integer("FromPort"), input.integer("ToPort"));
    let unpaired = |family| {
        invalid(format!("Invalid value 'Must specify both from and to ports with {family}.' for portRange."))
    };
    let (from, to) = match (protocol.as_str(), from, to) {
        ("tcp" | "udp", Some(from), Some(to)) => {
            in_range(from, 0..=65535, "TCP/UDP port")?;
            in_range(to, 0..=65535, "TCP/UDP port")?;
            if from > to {
                return Err(malformed(format!("Invalid TCP/UDP port range ({from}:{to})")));
            }
            (from, to)
        }
        ("tcp" | "udp", ..) => return Err(unpaired("TCP/UDP")),
        ("icmpv6", None, None) => (-1, -1),
        ("icmp" | "icmpv6", Some(from), Some(to)) => {
            in_range(from, -1..=255, "ICMP type")?;
            in_range(to, -1..=255, "ICMP code")?;
            if from == -1 && to != -1 {
                return Err(malformed(format!("ICMP code ({to}) must be -1 where the type is")));
            }
            (from, to)
        }
        ("icmp" | "icmpv6", ..) => return Err(unpaired("ICMP")),
        // Other protocols have no ports, whatever is given.
        _ => (-1, -1),
    };
    Ok((protocol, from, to))
}

fn in_range(number: i64, range: std::ops::RangeInclusive<i64>, what: &str) -> Result<(), ApiError> {
    if range.contains(&number) {
        return Ok(());
    }
    Err(malformed(format!("{what} ({number}) out of range")))
}

fn malformed(message: String) -> ApiError {
    ApiError::new("InvalidPermission.Malformed", message)
}

fn v4(text: &str) -> Result<Peer, ApiError> {
    Cidr::parse_v4(text).map(Peer::Cidr).ok_or_else(|| malformed_cidr(text))
}

fn v6(text: &str) -> Result<Peer, ApiError> {
    Cidr::parse_v6(text).map(Peer::Cidr).ok_or_else(|| malformed_cidr(text))
}

fn malformed_cidr(text: &str) -> ApiError {
    invalid(format!("CIDR block {text} is malformed"))
}

/// AWS has prefix lists of its own, which are not modelled: any that could be one is taken.
fn prefix_list(id: &str) -> Result<Peer, ApiError> {
    PREFIX_LIST.check(id).map(|()| Peer::PrefixList(id.to_owned()))
}

fn pair_of(cx: &Cx<'_>, group_id: &str, pair: Input<'_>) -> Result<Peer, ApiError> {
    match (pair.text("GroupId"), pair.text("GroupName")) {
        (Some(id), _) => group(cx, group_id, id),
        (None, Some(name)) => {
            let id = cx.here.ec2.group_named(name, cx.now)?;
            group(cx, group_id, id)
        }
        (None, None) => Err(missing("groupId")),
    }
}

/// Another group, which must be in the same VPC, as no VPCs are peered here.
fn group(cx: &Cx<'_>, group_id: &str, id: &str) -> Result<Peer, ApiError> {
    let ec2 = &cx.here.ec2;
    let other = ec2.group(id, cx.now)?;
    if ec2.groups.get(group_id).is_some_and(|own| own.vpc != other.vpc) {
        return Err(ApiError::new(
            "InvalidGroup.NotFound",
            "You have specified two resources that belong to different networks.",
        ));
    }
    Ok(Peer::Group(id.to_owned()))
}

/// A rule's description; an empty one is none.
pub(super) fn description(input: Input<'_>) -> Result<Option<String>, ApiError> {
    let text = input.text("Description").unwrap_or_default();
    if text.chars().count() > 255 || !text.chars().all(is_allowed) {
        return Err(invalid(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: \
             a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        ));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
