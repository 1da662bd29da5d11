// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fifty US states and the codes they go by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ParseTenantError;

macro_rules! us_states {
    ($($variant:ident $postal_code:literal $fips:literal $slug:literal $display_name:literal,)*) => {
        /// One of the fifty US states; the District of Columbia and the territories are not states.
        ///
        /// The order is alphabetical. `Display`, serde and [`slug`](Self::slug) all use the same text, and
        /// [`FromStr`] understands the ways people write a state:
        ///
        /// ```
        /// use humangov_core::tenant::UsState;
        ///
        /// for text in ["new-york", "New York", "NEW_YORK", "ny"] {
        ///     assert_eq!(text.parse(), Ok(UsState::NewYork));
        /// }
        /// let error = "califonia".parse::<UsState>().unwrap_err();
        /// assert_eq!(error.to_string(), r#""califonia" is not a US state; did you mean california?"#);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum UsState {
            $(#[doc = concat!($display_name, " (", $postal_code, ").")] $variant,)*
        }

        impl UsState {
            /// All fifty, in alphabetical order.
            pub const ALL: [Self; 50] = [$(Self::$variant),*];

            /// Two-letter code of the United States Postal Service, in capitals: `CA`.
            pub const fn postal_code(self) -> &'static str {
                match self { $(Self::$variant => $postal_code,)* }
            }

            /// Numeric FIPS state code (Census Bureau), 1 to 56 with gaps: 6 for California.
            pub const fn fips(self) -> u8 {
                match self { $(Self::$variant => $fips,)* }
            }

            /// Lower-case name with hyphens, as used in physical names: `new-york`. At most 14 characters.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)* }
            }

            /// Name for people: `New York`.
            pub const fn display_name(self) -> &'static str {
                match self { $(Self::$variant => $display_name,)* }
            }
        }
    };
}

us_states! {
    Alabama       "AL"  1 "alabama"        "Alabama",
    Alaska        "AK"  2 "alaska"         "Alaska",
    Arizona       "AZ"  4 "arizona"        "Arizona",
    Arkansas      "AR"  5 "arkansas"       "Arkansas",
    California    "CA"  6 "california"     "California",
    Colorado      "CO"  8 "colorado"       "Colorado",
    Connecticut   "CT"  9 "connecticut"    "Connecticut",
    Delaware      "DE" 10 "delaware"       "Delaware",
    Florida       "FL" 12 "florida"        "Florida",
    Georgia       "GA" 13 "georgia"        "Georgia",
    Hawaii        "HI" 15 "hawaii"         "Hawaii",
    Idaho         "ID" 16 "idaho"          "Idaho",
    Illinois      "IL" 17 "illinois"       "Illinois",
    Indiana       "IN" 18 "indiana"        "Indiana",
    Iowa          "IA" 19 "iowa"           "Iowa",
    Kansas        "KS" 20 "kansas"         "Kansas",
    Kentucky      "KY" 21 "kentucky"       "Kentucky",
    Louisiana     "LA" 22 "louisiana"      "Louisiana",
    Maine         "ME" 23 "maine"          "Maine",
    Maryland      "MD" 24 "maryland"       "Maryland",
    Massachusetts "MA" 25 "massachusetts"  "Massachusetts",
    Michigan      "MI" 26 "michigan"       "Michigan",
    Minnesota     "MN" 27 "minnesota"      "Minnesota",
    Mississippi   "MS" 28 "mississippi"    "Mississippi",
    Missouri      "MO" 29 "missouri"       "Missouri",
    Montana       "MT" 30 "montana"        "Montana",
    Nebraska      "NE" 31 "nebraska"       "Nebraska",
    Nevada        "NV" 32 "nevada"         "Nevada",
    NewHampshire  "NH" 33 "new-hampshire"  "New Hampshire",
    NewJersey     "NJ" 34 "new-jersey"     "New Jersey",
    NewMexico     "NM" 35 "new-mexico"     "New Mexico",
    NewYork       "NY" 36 "new-york"       "New York",
    NorthCarolina "NC" 37 "north-carolina" "North Carolina",
    NorthDakota   "ND" 38 "north-dakota"   "North Dakota",
    Ohio          "OH" 39 "ohio"           "Ohio",
    Oklahoma      "OK" 40 "oklahoma"       "Oklahoma",
    Oregon        "OR" 41 "oregon"         "Oregon",
    Pennsylvania  "PA" 42 "pennsylvania"   "Pennsylvania",
    RhodeIsland   "RI" 44 "rhode-island"   "Rhode Island",
    SouthCarolina "SC" 45 "south-carolina" "South Carolina",
    SouthDakota   "SD" 46 "south-dakota"   "South Dakota",
    Tennessee     "TN" 47 "tennessee"      "Tennessee",
    Texas         "TX" 48 "texas"          "Texas",
    Utah          "UT" 49 "utah"           "Utah",
    Vermont       "VT" 50 "vermont"        "Vermont",
    Virginia      "VA" 51 "virginia"       "Virginia",
    Washington    "WA" 53 "washington"     "Washington",
    WestVirginia  "WV" 54 "west-virginia"  "West Virginia",
    Wisconsin     "WI" 55 "wisconsin"      "Wisconsin",
    Wyoming       "WY" 56 "wyoming"        "Wyoming",
}

impl UsState {
    /// Value of the application's `US_STATE` variable: lower-case words with spaces between, `new york`.
    ///
    /// The application splits it at white space and capitalises each word, so a slug would show as `New-york`.
    pub fn us_state_variable(self) -> String {
        self.slug().replace('-', " ")
    }

    /// The state that `text` names exactly, apart from case and from which separator joins the words.
    pub(super) fn find(text: &str) -> Option<Self> {
        let name = normal_form(text);
        Self::ALL
            .into_iter()
            .find(|state| name == state.slug() || name.eq_ignore_ascii_case(state.postal_code()))
    }
}

/// Lower case, words joined by one hyphen: the form of a slug.
pub(super) fn normal_form(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == '-' || c == '_')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
        .to_lowercase()
}

impl fmt::Display for UsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl FromStr for UsState {
    type Err = ParseTenantError;

    /// Accepts a postal code or a name, in any case, its words joined by spaces, hyphens or underscores.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::find(text).ok_or_else(|| ParseTenantError::unknown(text))
    }
}

impl Serialize for UsState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for UsState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
