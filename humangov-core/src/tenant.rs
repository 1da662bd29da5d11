// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who an application is deployed for: a US state, or another name by explicit opt-in.
//!
//! A misspelt state must never become a stack of its own, so [`Tenant::parse`] takes only the fifty states unless
//! the caller passes [`CustomTenants::Allowed`].
//!
//! ```
//! use humangov_core::tenant::{CustomTenants, Tenant, UsState};
//!
//! let tenant = Tenant::parse("New York", CustomTenants::Refused)?;
//! assert_eq!(tenant, Tenant::State(UsState::NewYork));
//! assert_eq!(tenant.slug(), "new-york");
//!
//! assert!(Tenant::parse("staging", CustomTenants::Refused).is_err());
//! assert_eq!(Tenant::parse("staging", CustomTenants::Allowed)?, Tenant::custom("staging")?);
//! # Ok::<(), humangov_core::tenant::ParseTenantError>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::names::slug_problems;

mod error;
#[cfg(test)]
mod tests;
mod us_state;

pub use error::{ParseTenantError, ParseTenantErrorKind};
pub use us_state::UsState;

/// Slugs that name parts of the fleet itself.
const RESERVED: [&str; 2] = ["base", "shared"];

/// Whom one stack is deployed for; `Display`, serde and [`slug`](Self::slug) give the same text.
///
/// States come first in the order, then custom tenants, each alphabetically.
///
/// Deserialising accepts custom slugs, since records of a fleet that opted in must load again. Read configuration
/// as text and pass it to [`Tenant::parse`], or a misspelt state would be taken for a custom tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenant {
    /// One of the fifty states.
    State(UsState),
    /// Any other tenant, such as `staging`; made by [`Tenant::custom`].
    Custom(CustomTenant),
}

/// Checked slug of a tenant that is not a state: 1 to 20 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomTenant(Arc<str>);

/// Whether [`Tenant::parse`] takes names that are not US states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomTenants {
    /// A well-formed slug becomes a custom tenant.
    Allowed,
    /// Only the fifty states are tenants.
    Refused,
}

impl Tenant {
    /// Longest slug, in characters, chosen so that physical names stay readable within the AWS limits.
    pub const SLUG_MAX: usize = 20;

    /// A tenant that is not a state, such as `staging` or `district-of-columbia`.
    ///
    /// # Errors
    ///
    /// [`ParseTenantErrorKind::InvalidSlug`] unless `slug` is 1 to 20 of `a-z`, `0-9` and `-`, starts with a letter and
    /// neither ends with `-` nor contains `--`; [`ParseTenantErrorKind::Reserved`] if it is the slug or postal code of
    /// a state, `base` or `shared`.
    pub fn custom(slug: &str) -> Result<Self, ParseTenantError> {
        let problems = slug_problems(slug, Self::SLUG_MAX);
        if !problems.is_empty() {
            return Err(ParseTenantError::invalid_slug(slug, problems));
        }
        if UsState::find(slug).is_some() {
            return Err(ParseTenantError::reserved(slug, "the name or postal code of a US state"));
        }
        if RESERVED.contains(&slug) {
            return Err(ParseTenantError::reserved(slug, "the name of a stack that all tenants share"));
        }
        Ok(Self::Custom(CustomTenant(slug.into())))
    }

    /// Reads what a person wrote: a state in any spelling [`UsState`] accepts or, if allowed, a custom slug.
    ///
    /// # Errors
    ///
    /// [`ParseTenantErrorKind::Unknown`] if custom tenants are refused and `text` is not a state; otherwise as
    /// [`Tenant::custom`].
    pub fn parse(text: &str, custom: CustomTenants) -> Result<Self, ParseTenantError> {
        match (UsState::find(text), custom) {
            (Some(state), _) => Ok(Self::State(state)),
            (None, CustomTenants::Allowed) => Self::custom(text),
            (None, CustomTenants::Refused) => Err(ParseTenantError::unknown(text)),
        }
    }

    /// The part the tenant has in physical names: 1 to 20 of `a-z`, `0-9` and `-`.
    pub fn slug(&self) -> &str {
        match self {
            Self::State(state) => state.slug(),
            Self::Custom(custom) => custom.as_str(),
        }
    }

    /// Name for people: `New York`, `Staging`.
    pub fn display_name(&self) -> Cow<'static, str> {
        match self {
            Self::State(state) => state.display_name().into(),
            Self::Custom(custom) => {
                let words: Vec<_> = custom.as_str().split('-').map(capitalised).collect();
                words.join(" ").into()
            }
        }
    }

    /// Value of the application's `US_STATE` variable: lower-case words with spaces between, `new york`.
    ///
    /// The application splits it at white space and capitalises each word.
    pub fn us_state_variable(&self) -> String {
        self.slug().replace('-', " ")
    }

    /// Priority of the tenant's rule on a shared load balancer listener; AWS allows 1 to 50000, unique per listener.
    ///
    /// A pure function of the tenant, so adding or removing one tenant never renumbers another's rule:
    ///
    /// - a state has `100 + 10 * fips`, which is 110 to 660 and distinct for each; the nine numbers between two
    ///   states, and 1 to 99, are free for rules of your own;
    /// - a custom tenant has `10000 + h % 40000`, where `h` is the 32-bit FNV-1a hash of its slug. Two custom tenants
    ///   of one listener may meet (about one chance in 900 with ten of them), so check a fleet before using them.
    pub fn rule_priority(&self) -> u16 {
        const FIRST_CUSTOM: u16 = 10_000;
        const CUSTOM_SLOTS: u16 = 40_000;
        match self {
            Self::State(state) => 100 + 10 * u16::from(state.fips()),
            Self::Custom(custom) => {
                let slot = fnv1a(custom.as_str().as_bytes()) % u32::from(CUSTOM_SLOTS);
                FIRST_CUSTOM + u16::try_from(slot).expect("a remainder is below its divisor, a u16")
            }
        }
    }
}

impl CustomTenant {
    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// States this slug looks like a misspelling of, the likeliest first; a reason to ask before deploying it.
    ///
    /// ```
    /// use humangov_core::tenant::{Tenant, UsState};
    ///
    /// let Tenant::Custom(custom) = Tenant::custom("califonia")? else { unreachable!() };
    /// assert_eq!(custom.similar_states(), [UsState::California]);
    /// # Ok::<(), humangov_core::tenant::ParseTenantError>(())
    /// ```
    pub fn similar_states(&self) -> Vec<UsState> {
        error::nearest_states(self.as_str())
    }
}

/// The word with its first letter in capitals.
fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// 32-bit FNV-1a; fixed here because deployed priorities depend on it, which std's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

impl From<UsState> for Tenant {
    fn from(state: UsState) -> Self {
        Self::State(state)
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl fmt::Display for CustomTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Tenant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for Tenant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text, CustomTenants::Allowed).map_err(de::Error::custom)
    }
}
