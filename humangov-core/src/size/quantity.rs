// SPDX-License-Identifier: MIT OR Apache-2.0
//! CPU units and mebibytes, as ECS counts them and as people write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// CPU in CPU units; 1024 are one vCPU.
///
/// Reads `0.5 vCPU`, `0.25` (a decimal point means vCPU) and, as ECS does, a bare whole number as CPU units: `512`.
/// Serialises as the number of units; deserialises from it or from text. Any amount can be written; which ones a
/// service accepts is that service's rule (see [`FargateSize`](super::FargateSize)).
///
/// ```
/// use humangov_core::size::Cpu;
///
/// assert_eq!("0.5 vCPU".parse(), Ok(Cpu::from_units(512)));
/// assert_eq!(Cpu::from_units(512).to_string(), "0.5 vCPU");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpu(u32);

/// Memory in mebibytes (MiB).
///
/// Reads `512`, `1024 MiB`, `1 GB` and `0.5 GB`; as in ECS, `GB` and `GiB` are both 1024 MiB, `MB` and `MiB` both one,
/// and so is a bare number. Serialises as the number of MiB; deserialises from it or from text. Any amount can be
/// written; which ones a service accepts is that service's rule.
///
/// ```
/// use humangov_core::size::Memory;
///
/// assert_eq!("1 GB".parse(), Ok(Memory::from_mib(1024)));
/// assert_eq!(Memory::from_mib(1024).to_string(), "1 GB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memory(u32);

/// Units in a vCPU, and mebibytes in a gigabyte of ECS.
const PER_LARGE_UNIT: u32 = 1024;

impl Cpu {
    /// This many CPU units; 1024 are one vCPU.
    pub const fn from_units(units: u32) -> Self {
        Self(units)
    }

    /// The amount in CPU units.
    pub const fn units(self) -> u32 {
        self.0
    }
}

impl Memory {
    /// This many mebibytes.
    pub const fn from_mib(mib: u32) -> Self {
        Self(mib)
    }

    /// The amount in mebibytes.
    pub const fn mib(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Cpu {
    /// `0.5 vCPU`, or `100 CPU units` where quarters of a vCPU cannot say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 || !self.0.is_multiple_of(PER_LARGE_UNIT / 4) {
            return f.pad(&format!("{} CPU unit{}", self.0, if self.0 == 1 { "" } else { "s" }));
        }
        let fraction = ["", ".25", ".5", ".75"][(self.0 % PER_LARGE_UNIT / (PER_LARGE_UNIT / 4)) as usize];
        f.pad(&format!("{}{fraction} vCPU", self.0 / PER_LARGE_UNIT))
    }
}

impl fmt::Display for Memory {
    /// `1 GB`, or `1536 MiB` where whole gigabytes cannot say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            mib if mib > 0 && mib.is_multiple_of(PER_LARGE_UNIT) => {
                f.pad(&format!("{} GB", mib / PER_LARGE_UNIT))
            }
            mib => f.pad(&format!("{mib} MiB")),
        }
    }
}

impl FromStr for Cpu {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |kind| ParseSizeError::new(Measure::Cpu, text, kind);
        let (number, unit) = split(text);
        let scale = match unit.to_ascii_lowercase().as_str() {
            "" if number.contains('.') => PER_LARGE_UNIT,
            "vcpu" | "vcpus" => PER_LARGE_UNIT,
            "" | "unit" | "units" | "cpu unit" | "cpu units" => 1,
            _ => return Err(fail(ParseSizeErrorKind::Malformed)),
        };
        scaled(number, scale).map(Self).map_err(fail)
    }
}

impl FromStr for Memory {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |kind| ParseSizeError::new(Measure::Memory, text, kind);
        let (number, unit) = split(text);
        let scale = match unit.to_ascii_lowercase().as_str() {
            "gb" | "gib" => PER_LARGE_UNIT,
            "" | "mb" | "mib" => 1,
            _ => return Err(fail(ParseSizeErrorKind::Malformed)),
        };
        scaled(number, scale).map(Self).map_err(fail)
    }
}

/// The number a text starts with and the unit after it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// `number * scale`, which must come out whole; digit by digit, since a float would round what it cannot hold.
fn scaled(number: &str, scale: u32) -> Result<u32, ParseSizeErrorKind> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(ParseSizeErrorKind::Malformed);
    }
    let whole: u32 = whole.parse().map_err(|_| ParseSizeErrorKind::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    // Below a tenth digit no multiple of 1/1024 has any more of them.
    let denominator = match u32::try_from(fraction.len()) {
        Ok(places @ 0..=10) => 10_u64.pow(places),
        _ => return Err(ParseSizeErrorKind::NotWhole),
    };
    let numerator =
        if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| ParseSizeErrorKind::NotWhole)? };
    let part = u64::from(scale) * numerator;
    if part % denominator != 0 {
        return Err(ParseSizeErrorKind::NotWhole);
    }
    let total = u64::from(whole) * u64::from(scale) + part / denominator;
    u32::try_from(total).map_err(|_| ParseSizeErrorKind::TooLarge)
}

/// A text that is no amount of CPU or memory; `Display` says how to write one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSizeError {
    measure: Measure,
    text: String,
    kind: ParseSizeErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Cpu,
    Memory,
}

/// What is wrong with the text of a [`ParseSizeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseSizeErrorKind {
    /// Not a number, or followed by an unknown unit.
    Malformed,
    /// Not a whole number of CPU units or MiB.
    NotWhole,
    /// More than 4294967295 CPU units or MiB.
    TooLarge,
}

impl ParseSizeError {
    fn new(measure: Measure, text: &str, kind: ParseSizeErrorKind) -> Self {
        Self { measure, text: text.chars().take(40).collect(), kind }
    }

    /// What is wrong, for a program to act on.
    pub fn kind(&self) -> ParseSizeErrorKind {
        self.kind
    }

    /// Stable code of the kind: `size.malformed`, `size.not_whole` or `size.too_large`.
    pub fn code(&self) -> &'static str {
        match self.kind {
            ParseSizeErrorKind::Malformed => "size.malformed",
            ParseSizeErrorKind::NotWhole => "size.not_whole",
            ParseSizeErrorKind::TooLarge => "size.too_large",
        }
    }
}

impl fmt::Display for ParseSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, unit, examples) = match self.measure {
            Measure::Cpu => ("CPU", "CPU units (1024 are one vCPU)", "\"0.5 vCPU\" or 512 (CPU units)"),
            Measure::Memory => ("memory", "MiB", "\"1 GB\", \"512 MiB\" or 1024 (MiB)"),
        };
        let text = &self.text;
        match self.kind {
            ParseSizeErrorKind::Malformed => {
                write!(f, "{text:?} is not an amount of {noun}; write {examples}")
            }
            ParseSizeErrorKind::NotWhole => write!(f, "{text:?} is not a whole number of {unit}"),
            ParseSizeErrorKind::TooLarge => write!(f, "{text:?} is more than {} {unit}", u32::MAX),
        }
    }
}

impl std::error::Error for ParseSizeError {}

macro_rules! impl_serde {
    ($type:ident, $expecting:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u32(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl de::Visitor<'_> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$type, E> {
                        let invalid = || E::invalid_value(de::Unexpected::Unsigned(number), &self);
                        u32::try_from(number).map($type).map_err(|_| invalid())
                    }

                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<$type, E> {
                        let invalid = || E::invalid_value(de::Unexpected::Signed(number), &self);
                        u32::try_from(number).map($type).map_err(|_| invalid())
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_any(Visitor)
            }
        }
    };
}

impl_serde!(Cpu, "CPU units such as 512, or text such as \"0.5 vCPU\"");
impl_serde!(Memory, "MiB such as 1024, or text such as \"1 GB\"");
