// SPDX-License-Identifier: MIT OR Apache-2.0
//! The canonical text of a spec: equal specs give equal bytes, whatever the order of their maps.

use crate::value::{
    Reference,
    input::{IMPORT, JOIN},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, value::RawValue};
use std::{borrow::Cow, cell::RefCell, fmt, str::FromStr, sync::Arc};

/// The BLAKE3 digest of canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of the canonical text of `value`.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn of_value<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Canonical::new(&serde_json::to_value(value)?).digest)
    }

    /// The first eight hexadecimal digits: enough for people to tell two apart.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Digest {
    type Err = crate::address::ParseWordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || crate::address::ParseWordError::new(text, "a digest", "write 64 hexadecimal digits");
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Canonical JSON: keys sorted, no spaces.
///
/// The text keeps nulls: they tell a field that is left to AWS (null) from a key that a map does not have (absent). The digest
/// is taken without them, so that a kind can gain an optional field without changing the digest of specs that do not use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    json: Json,
    digest: Digest,
}

impl Canonical {
    /// The canonical form of `value`.
    pub fn new(value: &Value) -> Self {
        let json = Json::from(value);
        let digest = if has_null_members(value) {
            let without = Sorted { value, nulls: false };
            written(&without, |text| Digest::of(text.as_bytes()))
        } else {
            Digest::of(json.as_str().as_bytes())
        };
        Self { json, digest }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.json.as_str()
    }

    /// The digest of the text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The text, to be kept.
    pub fn to_json(&self) -> Json {
        self.json.clone()
    }

    /// The text as a value again.
    pub fn to_value(&self) -> Value {
        self.json.to_value()
    }
}

/// JSON kept as text: a fraction of the memory of a tree. Written and read as the JSON it is. Clones share the text.
#[derive(Clone)]
pub struct Json(Arc<str>);

impl Json {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there may be imports within: looking closer is only needed if so.
    pub(crate) fn may_import(&self) -> bool {
        self.as_str().contains(IMPORT)
    }

    /// The text as a value.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).expect("the text was checked when made")
    }

    /// The member `name`, if the text is an object that has it.
    pub(crate) fn member(&self, name: &str) -> Option<Value> {
        match self.to_value() {
            Value::Object(mut members) => members.remove(name),
            _ => None,
        }
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        written(&Sorted { value, nulls: true }, |text| Self(text.into()))
    }
}
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        text.serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Box<str> = Box::<RawValue>::deserialize(deserializer)?.into();
        Ok(Self(text.into()))
    }
}
impl Eq for Json {}
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() || self.to_value() == other.to_value()
    }
}
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

thread_local! {
    static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Gives `take` the text of `value`, which grows in a buffer that each thread keeps: what is kept of it is allocated once, in its
/// size. Texts that grow between those that stay leave holes that every later allocation has to go through.
fn written<T>(value: &Sorted<'_>, take: impl FnOnce(&str) -> T) -> T {
    TEXT.with_borrow_mut(|buffer| {
        buffer.clear();
        serde_json::to_writer(&mut *buffer, value).expect("a value is JSON");
        take(str::from_utf8(buffer).expect("JSON is text"))
    })
}

/// A value as it is written: keys sorted, with or without members that are null.
#[derive(Clone, Copy)]
struct Sorted<'a> {
    value: &'a Value,
    nulls: bool,
}

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let within = |value| Sorted { value, ..*self };
        match self.value {
            Value::Array(items) => serializer.collect_seq(items.iter().map(within)),
            Value::Object(map) => {
                let members = map.iter().filter(|(_, value)| self.nulls || !value.is_null());
                let members = members.map(|(key, value)| (key, within(value)));
                // Whether serde_json keeps its maps sorted or in order of insertion is a feature any crate of a build can switch.
                if map.keys().is_sorted() {
                    serializer.collect_map(members)
                } else {
                    let mut members: Vec<_> = members.collect();
                    members.sort_unstable_by_key(|(key, _)| *key);
                    serializer.collect_map(members)
                }
            }
            leaf => leaf.serialize(serializer),
        }
    }
}

fn has_null_members(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_null_members),
        Value::Object(map) => map.values().any(|value| value.is_null() || has_null_members(value)),
        _ => false,
    }
}

/// Calls `visit` with every reference within `value`.
pub fn walk_references(value: &Value, visit: &mut dyn FnMut(Reference)) {
    if let Some(reference) = Reference::of(value) {
        return visit(reference);
    }
    match value {
        Value::Object(map) => map.values().for_each(|value| walk_references(value, visit)),
        Value::Array(items) => items.iter().for_each(|value| walk_references(value, visit)),
        _ => {}
    }
}

/// Replaces every reference within `value` that `lookup` knows; returns whether none is left.
///
/// A join all of whose parts are known becomes text.
pub fn resolve(value: &mut Value, lookup: &dyn Fn(&Reference) -> Option<Value>) -> bool {
    if let Some(reference) = Reference::of(value) {
        return match lookup(&reference) {
            Some(known) => {
                *value = known;
                true
            }
            None => false,
        };
    }
    match value {
        Value::Object(map) => {
            let mut complete = true;
            for value in map.values_mut() {
                complete &= resolve(value, lookup);
            }
            if complete
                && map.len() == 1
                && let Some(Value::Array(parts)) = map.get(JOIN)
            {
                let text = parts
                    .iter()
                    .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
                    .collect();
                *value = Value::String(text);
            }
            complete
        }
        Value::Array(items) => {
            let mut complete = true;
            for value in items {
                complete &= resolve(value, lookup);
            }
            complete
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn order_and_nulls_make_no_difference_to_the_digest() {
        let a = Canonical::new(&json!({"b": 1, "a": {"y": null, "x": "é\n\"q\""}}));
        assert_eq!(a.as_str(), r#"{"a":{"x":"é\n\"q\"","y":null},"b":1}"#);
        assert_eq!(a.digest(), Canonical::new(&json!({"a": {"x": "é\n\"q\""}, "c": null, "b": 1})).digest());
    }

    #[test]
    fn a_join_becomes_text_once_all_parts_are_known() {
        let mut value = json!({"arn": {"$join": [{"$ref": "s3.bucket/data#arn"}, "/*"]}});
        assert!(!resolve(&mut value, &|_| None));
        assert!(resolve(&mut value, &|_| Some(json!("arn:aws:s3:::b"))));
        assert_eq!(value, json!({"arn": "arn:aws:s3:::b/*"}));
    }

    #[test]
    fn json_is_written_and_read_as_what_it_is_and_not_as_text() {
        let json = Json::from(&json!({"b": [1, {"d": null, "c": "é"}], "a": 1.5}));
        assert_eq!(
            serde_json::to_string(&[&json]).expect("text"),
            r#"[{"a":1.5,"b":[1,{"c":"é","d":null}]}]"#
        );
        assert_eq!(serde_json::to_value(&json).expect("a value"), json.to_value());
        assert_eq!(
            serde_json::from_str::<Json>(r#" {"z": 1, "a":2} "#).expect("JSON").as_str(),
            r#"{"z": 1, "a":2}"#
        );
        assert_eq!((json.member("a"), json.member("x")), (Some(json!(1.5)), None));
        assert_eq!(Json::from(&json!("a")).member("a"), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_reads_back_as_the_same_value(value in any_json()) {
            let canonical = Canonical::new(&value);
            prop_assert_eq!(canonical.to_value(), value);
            prop_assert_eq!(Canonical::new(&canonical.to_value()), canonical);
        }
    }
}
