// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Rule`]: which traffic a security group lets in or out, and how AWS writes that.

use super::{cidr::Cidr, noun::RULE};
use crate::sandbox::world::Cx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};

/// A rule of a security group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rule {
    pub id: String,
    pub egress: bool,
    pub traffic: Traffic,
    pub description: Option<String>,
}

/// What a rule is about. Of the same traffic a group has one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Traffic {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another's number, or `-1` for all.
    pub protocol: String,
    /// The first port, or the type of ICMP; -1: all.
    pub from: i64,
    /// The last port, or the code of ICMP; -1: all.
    pub to: i64,
    pub peer: Peer,
}

/// Where traffic comes from, or goes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Peer {
    Cidr(Cidr),
    Group(String),
    PrefixList(String),
}

/// Protocols that have a name here, with their numbers.
const NAMED: [(&str, &str); 4] = [("icmp", "1"), ("tcp", "6"), ("udp", "17"), ("icmpv6", "58")];

/// A protocol as AWS writes it; a number has a name where there is one.
pub(super) fn protocol(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    if text == "-1" || text == "all" {
        return Some("-1".to_owned());
    }
    if let Some((name, _)) = NAMED.iter().find(|(name, number)| *name == text || *number == text) {
        return Some((*name).to_owned());
    }
    text.parse::<u8>().ok().map(|number| number.to_string())
}

impl Traffic {
    /// All traffic.
    pub(super) fn all(peer: Peer) -> Self {
        Self { protocol: "-1".to_owned(), from: -1, to: -1, peer }
    }

    /// Whether the protocol has ports, or types and codes.
    pub(super) fn has_ports(&self) -> bool {
        NAMED.iter().any(|(name, _)| *name == self.protocol)
    }

    /// How many of the quotas for version 4 and version 6 it counts for.
    pub(super) fn counts(&self) -> (usize, usize) {
        match &self.peer {
            Peer::Cidr(cidr) if cidr.is_v6() => (0, 1),
            Peer::Cidr(_) => (1, 0),
            Peer::Group(_) | Peer::PrefixList(_) => (1, 1),
        }
    }
}

/// As refusals tell it.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.peer {
            Peer::Cidr(cidr) => write!(f, "peer: {cidr}, ")?,
            Peer::Group(id) | Peer::PrefixList(id) => write!(f, "peer: {id}, ")?,
        }
        match self.protocol.as_str() {
            "-1" => f.write_str("ALL, ALLOW"),
            protocol if self.has_ports() => write!(
                f,
                "{}, from port: {}, to port: {}, ALLOW",
                protocol.to_ascii_uppercase(),
                self.from,
                self.to
            ),
            protocol => write!(f, "protocol: {protocol}, ALLOW"),
        }
    }
}

/// Rules as the elements of an `IpPermissions` list: those of the same ports together.
pub(super) fn permissions_of<'r>(rules: impl Iterator<Item = &'r Rule>, account: &str) -> Value {
    let mut together: BTreeMap<(&str, i64, i64), Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        let Traffic { protocol, from, to, .. } = &rule.traffic;
        together.entry((protocol.as_str(), *from, *to)).or_default().push(rule);
    }
    together.into_values().map(|rules| permission(&rules, account)).collect()
}

fn permission(rules: &[&Rule], account: &str) -> Value {
    let (mut v4, mut v6, mut groups, mut lists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for rule in rules {
        let description = &rule.description;
        match &rule.traffic.peer {
            Peer::Cidr(cidr) if cidr.is_v6() => {
                v6.push(json!({"cidrIpv6": cidr.to_string(), "description": description}));
            }
            Peer::Cidr(cidr) => v4.push(json!({"cidrIp": cidr.to_string(), "description": description})),
            Peer::Group(id) => {
                groups.push(json!({"groupId": id, "userId": account, "description": description}));
            }
            Peer::PrefixList(id) => lists.push(json!({"prefixListId": id, "description": description})),
        }
    }
    let traffic = rules.first().map(|rule| &rule.traffic);
    let ported = traffic.filter(|traffic| traffic.has_ports());
    json!({
        "ipProtocol": traffic.map(|traffic| &traffic.protocol),
        "fromPort": ported.map(|traffic| traffic.from),
        "toPort": ported.map(|traffic| traffic.to),
        "ipRanges": v4,
        "ipv6Ranges": v6,
        "groups": groups,
        "prefixListIds": lists,
    })
}

/// A rule as an element of its own.
pub(super) fn described(cx: &Cx<'_>, group_id: &str, rule: &Rule) -> Value {
    let mut answer = bare(group_id, rule);
    answer["groupOwnerId"] = cx.account.into();
    answer["securityGroupRuleArn"] = cx.arn("ec2", &format!("{}/{}", RULE.resource_type, rule.id)).into();
    answer["tagSet"] = cx.here.ec2.tag_set(&rule.id).unwrap_or_else(|| json!([]));
    if let Peer::Group(id) = &rule.traffic.peer {
        let vpc = cx.here.ec2.groups.get(id).map(|group| &group.vpc);
        answer["referencedGroupInfo"] = json!({"groupId": id, "userId": cx.account, "vpcId": vpc});
    }
    answer
}

/// A rule that was revoked, as an element of its own.
pub(super) fn revoked(group_id: &str, rule: &Rule) -> Value {
    let mut answer = bare(group_id, rule);
    if let Peer::Group(id) = &rule.traffic.peer {
        answer["referencedGroupId"] = id.as_str().into();
    }
    answer
}

fn bare(group_id: &str, rule: &Rule) -> Value {
    let Traffic { protocol, from, to, peer } = &rule.traffic;
    let mut answer = json!({
        "securityGroupRuleId": rule.id,
        "groupId": group_id,
        "isEgress": rule.egress,
        "ipProtocol": protocol,
        "fromPort": from,
        "toPort": to,
        "description": rule.description,
    });
    match peer {
        Peer::Cidr(cidr) if cidr.is_v6() => answer["cidrIpv6"] = cidr.to_string().into(),
        Peer::Cidr(cidr) => answer["cidrIpv4"] = cidr.to_string().into(),
        Peer::PrefixList(id) => answer["prefixListId"] = id.as_str().into(),
        Peer::Group(_) => {}
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_of_protocols_are_the_same() {
        for (given, written) in [("6", "tcp"), ("TCP", "tcp"), ("58", "icmpv6"), ("50", "50"), ("all", "-1")]
        {
            assert_eq!(protocol(given).as_deref(), Some(written));
        }
        assert_eq!(protocol("256"), None);
        assert_eq!(protocol("web"), None);
    }
}
