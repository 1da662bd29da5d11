// SPDX-License-Identifier: MIT OR Apache-2.0
//! Enums whose values are words of AWS's: spelled once, for JSON and for the API alike.

/// Gives an enum its words: `as_str`, `FromStr` and serde by them.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $name {
            /// The value, as AWS writes it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::address::ParseWordError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::address::ParseWordError::new(
                        text,
                        concat!("a ", stringify!($name)),
                        concat!("write one of:" $(, " ", $word)*),
                    )),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use words;

#[cfg(test)]
mod tests {
    use crate::kind::elbv2::Scheme;

    #[test]
    fn a_word_is_the_same_in_json_and_in_the_api() {
        assert_eq!(serde_json::to_string(&Scheme::Internal).expect("JSON"), "\"internal\"");
        assert_eq!(serde_json::from_str::<Scheme>("\"internal\"").expect("a scheme"), Scheme::Internal);
        assert_eq!("internet-facing".parse(), Ok(Scheme::InternetFacing));
    }

    #[test]
    fn an_unknown_word_is_refused_with_those_known() {
        let error = serde_json::from_str::<Scheme>("\"public\"").expect_err("unknown");
        assert!(error.to_string().contains("write one of: internet-facing internal"), "{error}");
    }
}
