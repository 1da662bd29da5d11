// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Version`]: which writing of something one has seen.

use serde::{Deserialize, Serialize};

/// Which state of a snapshot one has seen: opaque, made by the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// A version a store made.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value, and the version that was read.
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Its version.
    pub version: Version,
}
