// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a security group lets in and out.

use crate::{resource::Violations, value::Input};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::RangeInclusive,
    str::FromStr,
};

/// A rule for what comes in.
///
/// ```
/// use humangov_core::kind::ec2::IngressRule;
/// let web = IngressRule::tcp(80).from_cidr("0.0.0.0/0").described("anybody");
/// let database = IngressRule::tcp(5432).from_group("sg-0123456789abcdef0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IngressRule(IpPermission);

/// A rule for what goes out.
///
/// ```
/// use humangov_core::kind::ec2::EgressRule;
/// let https = EgressRule::tcp(443).to_cidr("0.0.0.0/0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EgressRule(IpPermission);

/// One rule: which traffic, with whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IpPermission {
    /// The protocol.
    pub ip_protocol: IpProtocol,
    /// The first port, 0 to 65535; for ICMP the type, -1 for all. Absent: all.
    #[serde(default)]
    pub from_port: Option<i32>,
    /// The last port, 0 to 65535; for ICMP the code, -1 for all. Absent: all.
    #[serde(default)]
    pub to_port: Option<i32>,
    /// Where it comes from, or goes to.
    pub peer: Peer,
    /// What it is for: up to 255 characters. Empty: nothing said.
    #[serde(default)]
    pub description: String,
}

/// Where traffic comes from, or goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses, version 4 or 6, such as `10.0.0.0/8` or `::/0`.
    Cidr(String),
    /// What is in another security group, by id.
    Group(Input<String>),
    /// What is in the same security group.
    Itself,
    /// The addresses of a managed prefix list, by id.
    PrefixList(Input<String>),
}

/// A protocol, written as AWS does: `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum IpProtocol {
    /// Every protocol.
    All,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP for IPv4.
    Icmp,
    /// ICMP for IPv6.
    Icmpv6,
    /// Another one, by its IANA number.
    Number(u8),
}

impl IpProtocol {
    /// The same protocol, by its name where it has one here.
    #[must_use]
    pub const fn canonical(self) -> Self {
        match self {
            Self::Number(1) => Self::Icmp,
            Self::Number(6) => Self::Tcp,
            Self::Number(17) => Self::Udp,
            Self::Number(58) => Self::Icmpv6,
            other => other,
        }
    }
}

impl fmt::Display for IpProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.canonical() {
            Self::All => f.write_str("-1"),
            Self::Tcp => f.write_str("tcp"),
            Self::Udp => f.write_str("udp"),
            Self::Icmp => f.write_str("icmp"),
            Self::Icmpv6 => f.write_str("icmpv6"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl From<IpProtocol> for String {
    fn from(protocol: IpProtocol) -> Self {
        protocol.to_string()
    }
}

impl FromStr for IpProtocol {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "-1" | "all" => Self::All,
            "tcp" => Self::Tcp,
            "udp" => Self::Udp,
            "icmp" => Self::Icmp,
            "icmpv6" => Self::Icmpv6,
            number => number.parse().map(|number| Self::Number(number).canonical()).map_err(|_| {
                format!(
                    "{number:?} is not a protocol: write tcp, udp, icmp, icmpv6, -1 or a number up to 255"
                )
            })?,
        })
    }
}

impl TryFrom<String> for IpProtocol {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Traffic of a rule that does not say yet with whom: one of the `from_` methods makes it an [`IngressRule`], one of the
/// `to_` methods an [`EgressRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a rule also says with whom: call one of from_.. or to_.."]
pub struct Traffic {
    ip_protocol: IpProtocol,
    ports: Option<(i32, i32)>,
}

impl Traffic {
    /// Everything.
    pub const fn all() -> Self {
        Self { ip_protocol: IpProtocol::All, ports: None }
    }

    /// One port of TCP.
    pub fn tcp(port: u16) -> Self {
        Self::tcp_range(port..=port)
    }

    /// Several ports of TCP.
    pub fn tcp_range(ports: RangeInclusive<u16>) -> Self {
        Self {
            ip_protocol: IpProtocol::Tcp,
            ports: Some((i32::from(*ports.start()), i32::from(*ports.end()))),
        }
    }

    /// One port of UDP.
    pub fn udp(port: u16) -> Self {
        Self::udp_range(port..=port)
    }

    /// Several ports of UDP.
    pub fn udp_range(ports: RangeInclusive<u16>) -> Self {
        Self { ip_protocol: IpProtocol::Udp, ..Self::tcp_range(ports) }
    }

    /// All of another protocol, such as ICMP.
    pub const fn protocol(ip_protocol: IpProtocol) -> Self {
        Self { ip_protocol, ports: None }
    }

    fn with(self, peer: Peer) -> IpPermission {
        IpPermission {
            ip_protocol: self.ip_protocol,
            from_port: self.ports.map(|(from, _)| from),
            to_port: self.ports.map(|(_, to)| to),
            peer,
            description: String::new(),
        }
    }

    /// From these addresses, such as `0.0.0.0/0` or `::/0`.
    pub fn from_cidr(self, cidr: impl Into<String>) -> IngressRule {
        IngressRule(self.with(Peer::Cidr(cidr.into())))
    }

    /// From what is in another security group, by id.
    pub fn from_group(self, id: impl Into<Input<String>>) -> IngressRule {
        IngressRule(self.with(Peer::Group(id.into())))
    }

    /// From what is in this same security group.
    pub fn from_itself(self) -> IngressRule {
        IngressRule(self.with(Peer::Itself))
    }

    /// From the addresses of a prefix list, by id.
    pub fn from_prefix_list(self, id: impl Into<Input<String>>) -> IngressRule {
        IngressRule(self.with(Peer::PrefixList(id.into())))
    }

    /// To these addresses, such as `0.0.0.0/0` or `::/0`.
    pub fn to_cidr(self, cidr: impl Into<String>) -> EgressRule {
        EgressRule(self.with(Peer::Cidr(cidr.into())))
    }

    /// To what is in another security group, by id.
    pub fn to_group(self, id: impl Into<Input<String>>) -> EgressRule {
        EgressRule(self.with(Peer::Group(id.into())))
    }

    /// To what is in this same security group.
    pub fn to_itself(self) -> EgressRule {
        EgressRule(self.with(Peer::Itself))
    }

    /// To the addresses of a prefix list, by id.
    pub fn to_prefix_list(self, id: impl Into<Input<String>>) -> EgressRule {
        EgressRule(self.with(Peer::PrefixList(id.into())))
    }
}

macro_rules! rule {
    ($rule:ident) => {
        impl $rule {
            /// One port of TCP.
            pub fn tcp(port: u16) -> Traffic {
                Traffic::tcp(port)
            }

            /// Several ports of TCP.
            pub fn tcp_range(ports: RangeInclusive<u16>) -> Traffic {
                Traffic::tcp_range(ports)
            }

            /// One port of UDP.
            pub fn udp(port: u16) -> Traffic {
                Traffic::udp(port)
            }

            /// Several ports of UDP.
            pub fn udp_range(ports: RangeInclusive<u16>) -> Traffic {
                Traffic::udp_range(ports)
            }

            /// All of another protocol, such as ICMP.
            pub const fn protocol(ip_protocol: IpProtocol) -> Traffic {
                Traffic::protocol(ip_protocol)
            }

            /// Everything.
            pub const fn all() -> Traffic {
                Traffic::all()
            }

            /// The same rule, saying what it is for: up to 255 characters.
            #[must_use]
            pub fn described(mut self, description: impl Into<String>) -> Self {
                self.0.description = description.into();
                self
            }

            /// The rule, whichever way the traffic goes.
            pub const fn permission(&self) -> &IpPermission {
                &self.0
            }
        }

        impl AsRef<IpPermission> for $rule {
            fn as_ref(&self) -> &IpPermission {
                &self.0
            }
        }

        impl AsMut<IpPermission> for $rule {
            fn as_mut(&mut self) -> &mut IpPermission {
                &mut self.0
            }
        }

        impl From<IpPermission> for $rule {
            fn from(permission: IpPermission) -> Self {
                Self(permission)
            }
        }
    };
}
rule!(IngressRule);
rule!(EgressRule);

impl EgressRule {
    /// What AWS lets out of a new group: everything, to every IPv4 address.
    pub fn default_of_aws() -> Self {
        Self::all().to_cidr("0.0.0.0/0")
    }
}

impl IpPermission {
    /// A rule without description.
    pub const fn new(
        ip_protocol: IpProtocol,
        from_port: Option<i32>,
        to_port: Option<i32>,
        peer: Peer,
    ) -> Self {
        Self { ip_protocol, from_port, to_port, peer, description: String::new() }
    }

    /// Whether the two let the same traffic pass, whatever they say they are for. Of rules in canonical form.
    pub fn same_traffic(&self, other: &Self) -> bool {
        self.ip_protocol == other.ip_protocol
            && self.from_port == other.from_port
            && self.to_port == other.to_port
            && self.peer == other.peer
    }

    /// Brings equal meanings into the form in which AWS tells them.
    pub fn canonicalize(&mut self) {
        self.ip_protocol = self.ip_protocol.canonical();
        match self.ip_protocol {
            IpProtocol::Tcp | IpProtocol::Udp => {}
            IpProtocol::Icmp | IpProtocol::Icmpv6 => {
                self.from_port = self.from_port.or(Some(-1));
                self.to_port = self.to_port.or(Some(-1));
            }
            // AWS drops ports that mean nothing.
            IpProtocol::All | IpProtocol::Number(_) => (self.from_port, self.to_port) = (None, None),
        }
        if let Peer::Cidr(cidr) = &mut self.peer
            && let Some(canonical) = canonical_cidr(cidr)
        {
            *cidr = canonical;
        }
    }

    pub(crate) fn validate(&self, found: &mut Violations) {
        match (self.ip_protocol.canonical(), self.from_port, self.to_port) {
            (IpProtocol::Tcp | IpProtocol::Udp, from, to) => {
                let in_range = |port: Option<i32>| port.is_some_and(|port| (0..=65535).contains(&port));
                found.check(
                    in_range(from) && in_range(to) && from <= to,
                    "from_port",
                    || "ports of TCP and UDP go from 0 to 65535, the first not above the last",
                );
            }
            (IpProtocol::Icmp | IpProtocol::Icmpv6, kind, code) => {
                let in_range = |number: Option<i32>| number.is_none_or(|number| (-1..=255).contains(&number));
                found.check(
                    in_range(kind)
                        && in_range(code)
                        && !(kind.unwrap_or(-1) == -1 && code.unwrap_or(-1) != -1),
                    "from_port",
                    || "type and code of ICMP go from 0 to 255, or are -1 for all; all types have all codes",
                );
            }
            (IpProtocol::All | IpProtocol::Number(_), from, to) => found.check(
                matches!((from, to), (None | Some(-1), None | Some(-1)) | (Some(0), Some(65535))),
                "from_port",
                || "only TCP, UDP and ICMP have ports; leave them out",
            ),
        }
        let begins =
            |input: &Input<String>, prefix: &str| input.known().is_none_or(|id| id.starts_with(prefix));
        match &self.peer {
            Peer::Cidr(cidr) => found.check(canonical_cidr(cidr).is_some(), "peer.cidr", || {
                format!("{cidr:?} is not a range of addresses; write it like 10.0.0.0/8 or 2001:db8::/32")
            }),
            Peer::Group(id) => {
                found.check(begins(id, "sg-"), "peer.group", || "a security group's id begins sg-");
            }
            Peer::PrefixList(id) => {
                found.check(begins(id, "pl-"), "peer.prefix_list", || "a prefix list's id begins pl-");
            }
            Peer::Itself => {}
        }
        found.check(
            is_text(&self.description),
            "description",
            || "a rule's description has up to 255 of letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
        );
    }
}

/// Whether AWS takes this as the name or description of a group, or the description of a rule.
pub(crate) fn is_text(text: &str) -> bool {
    text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" ._-:/()#,@[]+=&;{}!$*".contains(&b))
}

/// The rules as a set: in canonical form, in order, each once.
pub(crate) fn canonical_set<R: AsRef<IpPermission> + AsMut<IpPermission> + PartialEq>(rules: &mut Vec<R>) {
    rules.iter_mut().for_each(|rule| rule.as_mut().canonicalize());
    rules.sort_by_cached_key(|rule| {
        let rule = rule.as_ref();
        let peer = serde_json::to_string(&rule.peer).unwrap_or_default();
        (rule.ip_protocol.to_string(), rule.from_port, rule.to_port, peer, rule.description.clone())
    });
    rules.dedup();
}

/// `cidr` without the bits its length says do not matter, in the shortest spelling. `None`: it is no range of addresses.
pub(crate) fn canonical_cidr(cidr: &str) -> Option<String> {
    let (address, length) = cidr.split_once('/')?;
    if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let length: u32 = length.parse().ok()?;
    let network: IpAddr = match address.parse().ok()? {
        IpAddr::V4(address) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
        _ => return None,
    };
    Some(format!("{network}/{length}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_addresses_is_written_one_way() {
        let cases = [
            ("100.68.0.18/18", Some("100.68.0.0/18")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("10.1.2.3/32", Some("10.1.2.3/32")),
            ("2001:DB8:0:0::1/32", Some("2001:db8::/32")),
            ("::/0", Some("::/0")),
            ("10.0.0.0", None),
            ("10.0.0.0/33", None),
            ("10.0.0.0/+8", None),
            ("10.0.0/8", None),
            ("::/129", None),
            ("anybody", None),
        ];
        for (cidr, canonical) in cases {
            assert_eq!(canonical_cidr(cidr).as_deref(), canonical, "{cidr}");
        }
    }

    #[test]
    fn equal_rules_become_one() {
        let mut rules = vec![
            IngressRule::tcp(443).from_cidr("10.9.8.7/8"),
            IngressRule::protocol(IpProtocol::Number(58)).from_cidr("::/0"),
            IngressRule(IpPermission::new(
                IpProtocol::Number(6),
                Some(443),
                Some(443),
                Peer::Cidr("10.0.0.0/8".into()),
            )),
            IngressRule(IpPermission::new(IpProtocol::All, Some(-1), Some(-1), Peer::Itself)),
        ];
        canonical_set(&mut rules);
        let text = serde_json::to_string(&rules).expect("serializes");
        assert_eq!(
            text,
            concat!(
                r#"[{"ip_protocol":"-1","from_port":null,"to_port":null,"peer":"itself","description":""},"#,
                r#"{"ip_protocol":"icmpv6","from_port":-1,"to_port":-1,"peer":{"cidr":"::/0"},"description":""},"#,
                r#"{"ip_protocol":"tcp","from_port":443,"to_port":443,"peer":{"cidr":"10.0.0.0/8"},"description":""}]"#
            )
        );
        assert_eq!(serde_json::from_str::<Vec<IngressRule>>(&text).expect("parses"), rules);
    }

    #[test]
    fn protocols_are_read_by_name_and_number() {
        for (text, protocol) in [
            ("6", IpProtocol::Tcp),
            ("tcp", IpProtocol::Tcp),
            ("all", IpProtocol::All),
            ("50", IpProtocol::Number(50)),
        ] {
            assert_eq!(text.parse(), Ok(protocol));
        }
        assert!("256".parse::<IpProtocol>().is_err());
    }
}
