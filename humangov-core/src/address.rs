// SPDX-License-Identifier: MIT OR Apache-2.0
//! Words that name things: kinds, resources, stacks and runs. Parsed once, cheap to clone.

mod text;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    str::FromStr,
    sync::Arc,
};
use text::Text;

/// A word that could not be parsed: what it was meant to be, what it was, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}: {rule}")]
pub struct ParseWordError {
    text: String,
    expected: &'static str,
    rule: &'static str,
}

impl ParseWordError {
    pub(crate) fn new(text: &str, expected: &'static str, rule: &'static str) -> Self {
        Self { text: text.to_owned(), expected, rule }
    }
}

/// What sort of resource something is, such as `ecs.service`: stable, chosen by us, never a Rust type name.
///
/// ```
/// use humangov_core::address::Kind;
/// const TOPIC: Kind = Kind::new("acme.topic");
/// assert_eq!(TOPIC.as_str(), "acme.topic");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(Cow<'static, str>);

impl Kind {
    /// A kind named `service.resource`, in lower-case letters, digits and underscores.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name, for example `ecs.service`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Kind {
    type Err = ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_kind(text) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(ParseWordError::new(text, "a kind", "write service.resource, such as ecs.service"))
        }
    }
}

fn is_kind(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.split_once('.').is_some_and(|(service, resource)| word(service) && word(resource))
}

/// The name of one resource within its stack and kind: 1 to 64 of `a-z`, `0-9`, `-`, `_`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceName(Arc<str>);

/// The name of a stack: the fleet's base, or a tenant. 1 to 40 of `a-z`, `0-9`, `-`, beginning with a letter, since it becomes
/// part of names that AWS restricts so.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackName(Arc<str>);

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        && text.as_bytes()[0].is_ascii_alphanumeric()
}

const NAME_RULE: &str = "use 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit";

/// One resource of one stack: its kind and its name, written `ecs.service/app`.
///
/// ```
/// use humangov_core::address::Address;
/// let address: Address = "ecs.service/app".parse()?;
/// assert_eq!((address.kind().as_str(), address.name()), ("ecs.service", "app"));
/// # Ok::<(), humangov_core::address::ParseWordError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Text);

/// A map by address, or by a reference to one, for what is looked up a hundred thousand times.
pub(crate) type AddressMap<V, A = Address> = HashMap<A, V, BuildHasherDefault<AddressHasher>>;

/// Hashes addresses eight bytes at a time. They are a program's own words, so nobody sends ones that collide on purpose.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        // The map takes its buckets from the low bits, where a product has the least of what went in.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
            self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
        }
        let mut word = [0; 8];
        word[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.0 = (self.0.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
}

impl Address {
    /// The address of the resource `name` of `kind`.
    pub fn new(kind: &Kind, name: &ResourceName) -> Self {
        Self(Text::new(&format!("{kind}/{name}")))
    }

    /// The kind of the resource.
    pub fn kind(&self) -> Kind {
        Kind(Cow::Owned(self.split().0.to_owned()))
    }

    /// The kind's name, without a copy.
    pub fn kind_str(&self) -> &str {
        self.split().0
    }

    /// The resource's name within its kind.
    pub fn name(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        self.as_str().split_once('/').expect("an address is parsed when made")
    }
}

impl FromStr for Address {
    type Err = ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((kind, name)) if is_kind(kind) && is_name(name) => Ok(Self(Text::new(text))),
            _ => Err(ParseWordError::new(text, "an address", "write kind/name, such as ecs.service/app")),
        }
    }
}

impl FromStr for ResourceName {
    type Err = ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_name(text) {
            Ok(Self(text.into()))
        } else {
            Err(ParseWordError::new(text, "a resource name", NAME_RULE))
        }
    }
}

impl FromStr for StackName {
    type Err = ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let right = is_name(text)
            && text.len() <= 40
            && text.as_bytes()[0].is_ascii_lowercase()
            && !text.contains('_')
            && !text.ends_with('-');
        if right {
            Ok(Self(text.into()))
        } else {
            let rule = "use 1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending in -";
            Err(ParseWordError::new(text, "a stack name", rule))
        }
    }
}

macro_rules! text_word {
    ($($word:ident),*) => {$(
        impl $word {
            /// The text of this word.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.as_str()) }
        }
        impl fmt::Debug for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
        impl AsRef<str> for $word {
            fn as_ref(&self) -> &str { self.as_str() }
        }
        impl std::borrow::Borrow<str> for $word {
            fn borrow(&self) -> &str { self.as_str() }
        }
    )*};
}
text_word!(Address, ResourceName, StackName);

impl std::borrow::Borrow<str> for Kind {
    fn borrow(&self) -> &str {
        &self.0
    }
}

macro_rules! serde_as_text {
    ($($word:ident),*) => {$(
        impl Serialize for $word {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
serde_as_text!(Address, ResourceName, StackName, Kind);

/// One run of the executor. Ordered by time, so names made from it sort as they happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(uuid::Uuid);

impl RunId {
    /// A new, unique run id.
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7())
    }

    /// The run id with these bits: for tests, and for reading ids back.
    pub const fn from_u128(bits: u128) -> Self {
        Self(uuid::Uuid::from_u128(bits))
    }
}

impl FromStr for RunId {
    type Err = ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.parse().map(Self);
        parsed.map_err(|_| {
            ParseWordError::new(
                text,
                "a run",
                "write it as it is shown: 32 digits of 0-9 and a-f with four -",
            )
        })
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kind_and_name() {
        let address: Address = "elbv2.listener_rule/web-1".parse().expect("valid");
        assert_eq!(address.kind(), Kind::new("elbv2.listener_rule"));
        assert_eq!(address.name(), "web-1");
    }

    #[test]
    fn wrong_words_are_refused_with_the_rule() {
        for text in [
            "",
            "ecs",
            "ecs.service",
            "ecs.service/",
            "ecs/app",
            "ecs.service/App",
            "ecs.service/-a",
            "a.b/c/d",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
        assert_eq!(
            "New York".parse::<StackName>().expect_err("spaces").to_string(),
            "\"New York\" is not a stack name: use 1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending in -"
        );
    }

    #[test]
    fn words_round_trip_through_json() {
        let address: Address = serde_json::from_str("\"ecs.service/app\"").expect("valid");
        assert_eq!(serde_json::to_string(&address).expect("text"), "\"ecs.service/app\"");
        assert!(serde_json::from_str::<Address>("\"x\"").is_err());
    }
}
