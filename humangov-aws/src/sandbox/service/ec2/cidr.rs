// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Cidr`]: blocks of addresses.

use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A block of addresses in canonical form: no bit is set behind its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Cidr {
    base: IpAddr,
    prefix: u8,
}

impl Cidr {
    pub(super) const ANYWHERE: Self = Self { base: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix: 0 };

    /// A block of version 4.
    pub(super) const fn v4(base: [u8; 4], prefix: u8) -> Self {
        Self { base: IpAddr::V4(Ipv4Addr::new(base[0], base[1], base[2], base[3])), prefix }
    }

    /// Reads `10.0.0.0/8` or `fe80::/10`. What is set behind the prefix is cleared, as AWS does.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = text.split_once('/')?;
        let prefix: u8 = prefix.parse().ok()?;
        let base = match base.parse().ok()? {
            IpAddr::V4(base) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(base.to_bits() & mask))
            }
            IpAddr::V6(base) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(base.to_bits() & mask))
            }
            _ => return None,
        };
        Some(Self { base, prefix })
    }

    /// Reads a block of version 4.
    pub(super) fn parse_v4(text: &str) -> Option<Self> {
        Self::parse(text).filter(|cidr| cidr.base.is_ipv4())
    }

    /// Reads a block of version 6.
    pub(super) fn parse_v6(text: &str) -> Option<Self> {
        Self::parse(text).filter(|cidr| cidr.base.is_ipv6())
    }

    pub(super) fn prefix(self) -> u8 {
        self.prefix
    }

    pub(super) fn is_v6(self) -> bool {
        self.base.is_ipv6()
    }

    /// The first and the last address, of version 4.
    fn range(self) -> Option<(u32, u32)> {
        let IpAddr::V4(base) = self.base else { return None };
        let first = base.to_bits();
        Some((first, first | u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0)))
    }

    /// Whether all of `other` lies within; of version 4.
    pub(super) fn contains(self, other: Self) -> bool {
        let ranges = self.range().zip(other.range());
        ranges.is_some_and(|(all, part)| all.0 <= part.0 && part.1 <= all.1)
    }

    /// Whether they have an address in common; of version 4.
    pub(super) fn overlaps(self, other: Self) -> bool {
        let ranges = self.range().zip(other.range());
        ranges.is_some_and(|(one, other)| one.0 <= other.1 && other.0 <= one.1)
    }

    /// The addresses of a subnet that can be given away: AWS keeps the first four and the last.
    pub(super) fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let (first, last) = self.range().unwrap_or((u32::MAX, 0));
        (first.saturating_add(4)..last).map(Ipv4Addr::from_bits)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_canonical() {
        let canonical = |text| Cidr::parse(text).map(|cidr| cidr.to_string());
        assert_eq!(canonical("100.68.0.18/18").as_deref(), Some("100.68.0.0/18"));
        assert_eq!(canonical("1.2.3.4/0").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(canonical("2001:DB8:0:0::1/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(canonical("::1/0").as_deref(), Some("::/0"));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "a/8", ""] {
            assert_eq!(canonical(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_subnet_gives_away_all_but_five_addresses() {
        let cidr = Cidr::v4([172, 31, 16, 0], 20);
        assert_eq!(cidr.hosts().count(), 4091);
        assert_eq!(cidr.hosts().next(), Some(Ipv4Addr::new(172, 31, 16, 4)));
        assert!(Cidr::v4([172, 31, 0, 0], 16).contains(cidr));
        assert!(!cidr.overlaps(Cidr::v4([172, 31, 32, 0], 20)));
    }
}
