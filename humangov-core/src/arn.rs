// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Arn`]: an Amazon Resource Name tagged with the kind of thing it names.

use crate::address::ParseWordError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, fmt, hash, marker::PhantomData, str::FromStr};

/// The ARN of an `R`, so that the ARN of a role cannot be given where a cluster's belongs.
///
/// Written and read as plain text. The parts after the account may contain anything AWS puts there.
///
/// ```
/// use humangov_core::{arn::Arn, kind::logs::LogGroup};
/// let arn: Arn<LogGroup> = "arn:aws:logs:us-east-1:123456789012:log-group:/humangov/california".parse()?;
/// assert_eq!((arn.region(), arn.account()), ("us-east-1", "123456789012"));
/// # Ok::<(), humangov_core::address::ParseWordError>(())
/// ```
pub struct Arn<R: ?Sized> {
    text: Box<str>,
    of: PhantomData<fn() -> R>,
}

impl<R: ?Sized> Arn<R> {
    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&self, index: usize) -> &str {
        self.text.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The service's name in ARNs, such as `elasticloadbalancing`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The region; empty for global services.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The twelve digits of the account; empty for buckets.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// All that follows the account.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The same text as the ARN of something else: for ARNs whose kind only the caller knows.
    pub fn retype<S: ?Sized>(&self) -> Arn<S> {
        Arn { text: self.text.clone(), of: PhantomData }
    }
}

impl<R: ?Sized> FromStr for Arn<R> {
    type Err = ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        if parts.len() == 6
            && parts[0] == "arn"
            && !parts[1].is_empty()
            && !parts[2].is_empty()
            && !parts[5].is_empty()
        {
            Ok(Self { text: text.into(), of: PhantomData })
        } else {
            Err(ParseWordError::new(text, "an ARN", "write arn:partition:service:region:account:resource"))
        }
    }
}

impl<R: ?Sized> Clone for Arn<R> {
    fn clone(&self) -> Self {
        self.retype()
    }
}
impl<R: ?Sized> PartialEq for Arn<R> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl<R: ?Sized> Eq for Arn<R> {}
impl<R: ?Sized> PartialOrd for Arn<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<R: ?Sized> Ord for Arn<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}
impl<R: ?Sized> hash::Hash for Arn<R> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
impl<R: ?Sized> fmt::Debug for Arn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl<R: ?Sized> fmt::Display for Arn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
impl<R: ?Sized> Serialize for Arn<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
impl<'de, R: ?Sized> Deserialize<'de> for Arn<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_arn_are_told_apart() {
        let arn: Arn<()> = "arn:aws:ecs:us-east-1:123456789012:service/main/web:1".parse().expect("valid");
        assert_eq!(arn.partition(), "aws");
        assert_eq!(arn.service(), "ecs");
        assert_eq!(arn.resource(), "service/main/web:1");
    }

    #[test]
    fn text_that_is_no_arn_is_refused() {
        for text in ["", "web", "arn:aws:ecs", "arn::ecs:us-east-1:1:x", "arn:aws:ecs:us-east-1:1:"] {
            assert!(text.parse::<Arn<()>>().is_err(), "{text:?}");
        }
    }
}
