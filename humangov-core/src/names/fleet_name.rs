// SPDX-License-Identifier: MIT OR Apache-2.0
//! The name of a fleet, which all its physical names start with.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::slug_problems;

/// Name of a fleet: 1 to 20 of `a-z`, `0-9` and `-`, a letter first, hyphens only within and alone.
///
/// It begins the name of everything in the fleet, so it must not start with what AWS keeps for itself: `aws`, `amazon`,
/// `amzn` (S3 buckets, tags, log groups), `internal` (load balancers), or the words `sg` (security groups) and
/// `sthree` (S3 buckets).
///
/// ```
/// use humangov_core::names::FleetName;
///
/// let fleet: FleetName = "humangov".parse()?;
/// assert_eq!(fleet.as_str(), "humangov");
/// assert_eq!(
///     "aws_gov".parse::<FleetName>().unwrap_err().to_string(),
///     r#""aws_gov" is not a fleet name: only a-z, 0-9 and "-" are allowed, it must not start with "aws""#,
/// );
/// # Ok::<(), humangov_core::names::ParseFleetNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FleetName(Arc<str>);

const RESERVED_STARTS: [&str; 4] = ["aws", "amazon", "amzn", "internal"];
const RESERVED_FIRST_WORDS: [&str; 2] = ["sg", "sthree"];

impl FleetName {
    /// Longest name, in characters, chosen so that physical names stay readable within the AWS limits.
    pub const MAX: usize = 20;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FleetName {
    type Err = ParseFleetNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut problems = slug_problems(text, Self::MAX);
        let first_word = text.split('-').next().unwrap_or_default();
        let reserved = RESERVED_STARTS
            .into_iter()
            .find(|start| text.starts_with(start))
            .or_else(|| RESERVED_FIRST_WORDS.into_iter().find(|word| first_word == *word));
        if let Some(start) = reserved {
            problems.push(format!("it must not start with {start:?}"));
        }
        if problems.is_empty() {
            Ok(Self(text.into()))
        } else {
            Err(ParseFleetNameError { text: text.chars().take(40).collect(), problems })
        }
    }
}

impl AsRef<str> for FleetName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for FleetName {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for FleetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FleetName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FleetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A text that is no fleet name; `Display` lists all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFleetNameError {
    text: String,
    problems: Vec<String>,
}

impl ParseFleetNameError {
    /// Stable code: `fleet.invalid_name`.
    pub fn code(&self) -> &'static str {
        "fleet.invalid_name"
    }

    /// All that is wrong, one clause each.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(String::as_str)
    }
}

impl fmt::Display for ParseFleetNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a fleet name: {}", self.text, self.problems.join(", "))
    }
}

impl std::error::Error for ParseFleetNameError {}
