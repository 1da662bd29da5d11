// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that never appear in logs, plans, events or error messages.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The key that marks a sensitive value in JSON: whoever shows a document hides what is under it.
pub const SENSITIVE_KEY: &str = "$sensitive";

/// A value shown only to those who ask for it by [`expose`](Self::expose).
///
/// `Debug` and `Display` print `(sensitive)`. It serialises as `{"$sensitive": value}`, **with** the value, since AWS
/// and the records of a run need it: a renderer must redact what is under [`SENSITIVE_KEY`], and records must be kept
/// as safely as the value deserves. Deserialises from that form or from the bare value; an error then says that the
/// value does not fit, not what it is.
///
/// ```
/// use humangov_core::sensitive::Sensitive;
///
/// let token = Sensitive::new(String::from("s3cr3t"));
/// assert_eq!(format!("{token} {token:?}"), "(sensitive) (sensitive)");
/// assert_eq!(token.expose(), "s3cr3t");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Hides `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to hand to whom it is meant for.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, hidden no more.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Sensitive<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Sensitive<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(SENSITIVE_KEY, &self.0)?;
        map.end()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Sensitive<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::Object(mut map) if map.len() == 1 && map.contains_key(SENSITIVE_KEY) => {
                map.remove(SENSITIVE_KEY).unwrap_or_default()
            }
            bare => bare,
        };
        // The cause is dropped: serde's messages quote the value.
        T::deserialize(value).map(Self).map_err(|_| D::Error::custom("sensitive value of the wrong type"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Login {
        user: String,
        password: Sensitive<String>,
    }

    fn login() -> Login {
        Login { user: "ann".to_owned(), password: "hunter2".into() }
    }

    #[test]
    fn no_format_shows_the_value() {
        let login = login();
        for text in [format!("{login:?}"), format!("{login:#?}"), format!("{:>40}", login.password)] {
            assert!(text.contains("(sensitive)") && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn it_is_recorded_under_the_key_that_renderers_hide() {
        let value = serde_json::to_value(login()).unwrap();
        assert_eq!(value, json!({"user": "ann", "password": {"$sensitive": "hunter2"}}));
        assert_eq!(serde_json::from_value::<Login>(value).unwrap(), login());
        let text = serde_json::to_string(&login()).unwrap();
        assert_eq!(serde_json::from_str::<Login>(&text).unwrap(), login());
    }

    #[test]
    fn a_bare_value_is_read() {
        let value = json!({"user": "ann", "password": "hunter2"});
        assert_eq!(serde_json::from_value::<Login>(value).unwrap(), login());
        assert_eq!(serde_json::from_str::<Sensitive<u64>>("7").unwrap().into_exposed(), 7);
        let object: Sensitive<Value> = serde_json::from_value(json!({"$sensitive": 1, "other": 2})).unwrap();
        assert_eq!(object.expose(), &json!({"$sensitive": 1, "other": 2}));
        assert_eq!(serde_json::from_str::<Sensitive<Option<u8>>>("null").unwrap(), Sensitive::new(None));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_quoted_in_the_error() {
        for text in [r#""hunter2""#, r#"{"$sensitive": "hunter2"}"#] {
            let error = serde_json::from_str::<Sensitive<u32>>(text).unwrap_err().to_string();
            assert!(
                error.contains("sensitive value of the wrong type") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn it_compares_and_clones_as_its_value() {
        assert_eq!(Sensitive::from(1).clone(), Sensitive::new(1));
        assert_ne!(Sensitive::from(1), Sensitive::new(2));
    }
}
