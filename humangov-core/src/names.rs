// SPDX-License-Identifier: MIT OR Apache-2.0
//! Placeholder until the words land.
use serde::{Deserialize, Serialize};
/// A fleet's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FleetName(String);
impl FleetName {
    /// Text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl std::fmt::Display for FleetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}
impl std::str::FromStr for FleetName {
    type Err = crate::address::ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}
