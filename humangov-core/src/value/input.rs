// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Input`]: a value, or where it will come from.

use crate::{
    address::{Address, ParseWordError, StackName},
    arn::Arn,
    resource::HasArn,
    value::{Handle, Import, Output},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap};
use serde_json::Value;
use std::fmt;

/// Where a referenced attribute lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A resource of the same stack.
    Resource(Address),
    /// An export of another stack.
    Stack(StackName),
}

/// The name of an attribute of another resource, or of an export of another stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Where it lives.
    pub source: Source,
    /// The attribute's, or the export's, name.
    pub attr: Box<str>,
}

pub(crate) const REF: &str = "$ref";
pub(crate) const IMPORT: &str = "$import";
pub(crate) const JOIN: &str = "$join";

impl Reference {
    /// The reference a JSON value stands for, if it is one.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        if object.len() != 1 {
            return None;
        }
        let (key, text) = object.iter().next()?;
        let (source, attr) = text.as_str()?.rsplit_once('#')?;
        let source = match key.as_str() {
            REF => Source::Resource(source.parse().ok()?),
            IMPORT => Source::Stack(source.parse().ok()?),
            _ => return None,
        };
        Some(Self { source, attr: attr.into() })
    }

    fn key(&self) -> &'static str {
        match self.source {
            Source::Resource(_) => REF,
            Source::Stack(_) => IMPORT,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Resource(address) => write!(f, "{address}#{}", self.attr),
            Source::Stack(stack) => write!(f, "{stack}#{}", self.attr),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.key(), &self.to_string())?;
        map.end()
    }
}

/// Text made of literal parts and references, such as `arn:aws:s3:::BUCKET/*` with the bucket's name to come.
///
/// ```
/// use humangov_core::{kind::logs::LogGroup, resource::HasArn, stack::Stack, value::Join};
/// let mut stack = Stack::new("humangov".parse()?, "california".parse()?);
/// let group = stack.add("app", LogGroup::builder().name("/humangov/california").build())?;
/// let streams = Join::new().output(&group.get(LogGroup::ARN)).text(":*").into_input();
/// assert!(streams.known().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Join(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Reference(Reference),
}

impl Join {
    /// Empty text.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends literal text.
    #[must_use]
    pub fn text(mut self, text: impl Into<Box<str>>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Appends an attribute of another resource.
    #[must_use]
    pub fn output<T>(mut self, output: &Output<T>) -> Self {
        self.0.push(Part::Reference(output.reference().clone()));
        self
    }

    /// Appends an input: its text where it is known, its reference otherwise.
    #[must_use]
    pub fn input<T: fmt::Display>(mut self, input: &Input<T>) -> Self {
        match input {
            Input::Known(value) => self.0.push(Part::Text(value.to_string().into())),
            Input::Reference(reference) => self.0.push(Part::Reference(reference.clone())),
            Input::Join(join) => self.0.extend(join.0.iter().cloned()),
        }
        self
    }

    /// The text as an input: known when no part is a reference.
    pub fn into_input(self) -> Input<String> {
        if self.0.iter().all(|part| matches!(part, Part::Text(_))) {
            Input::Known(
                self.0
                    .into_iter()
                    .map(|part| if let Part::Text(text) = part { text } else { "".into() })
                    .collect(),
            )
        } else {
            Input::Join(self)
        }
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Reference(reference) => reference.serialize(serializer),
        }
    }
}

/// A field that is known now, or comes from another resource.
///
/// Builders take anything that turns into one: a value, a [`Handle`] (its ARN), an [`Output`], an [`Import`].
/// In JSON a known input is the bare value; a reference is `{"$ref": "kind/name#attr"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<T> {
    /// The value itself.
    Known(T),
    /// An attribute of another resource.
    Reference(Reference),
    /// Text with references in it.
    Join(Join),
}

impl<T> Input<T> {
    /// The value, if it is known. Handlers are called with every input known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Reference(_) | Self::Join(_) => None,
        }
    }
}

impl Input<String> {
    /// The text, if it is known; a handler may use this where an empty text would be refused by AWS anyway.
    pub fn text(&self) -> &str {
        self.known().map_or("", String::as_str)
    }
}

impl<R> Input<Arn<R>> {
    /// The ARN's text, if it is known; empty otherwise.
    pub fn text(&self) -> &str {
        self.known().map_or("", Arn::as_str)
    }
}

impl<T: Default> Default for Input<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

impl<T> From<T> for Input<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}
impl<T> From<Output<T>> for Input<T> {
    fn from(output: Output<T>) -> Self {
        Self::Reference(output.into_reference())
    }
}
impl<T> From<&Output<T>> for Input<T> {
    fn from(output: &Output<T>) -> Self {
        Self::Reference(output.reference().clone())
    }
}
impl<T> From<Import<T>> for Input<T> {
    fn from(import: Import<T>) -> Self {
        Self::Reference(import.into_reference())
    }
}
impl<R: HasArn> From<&Handle<R>> for Input<Arn<R>> {
    fn from(handle: &Handle<R>) -> Self {
        handle.get(R::ARN).into()
    }
}
impl<R> From<Output<Arn<R>>> for Input<String> {
    fn from(output: Output<Arn<R>>) -> Self {
        Self::Reference(output.into_reference())
    }
}
impl From<&str> for Input<String> {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}
impl From<Join> for Input<String> {
    fn from(join: Join) -> Self {
        join.into_input()
    }
}
impl<R> TryFrom<&str> for Input<Arn<R>> {
    type Error = ParseWordError;
    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse().map(Self::Known)
    }
}

impl<T: Serialize> Serialize for Input<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Reference(reference) => reference.serialize(serializer),
            Self::Join(join) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(JOIN, &join.0)?;
                map.end()
            }
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Input<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(reference) = Reference::of(&value) {
            return Ok(Self::Reference(reference));
        }
        if let Some(parts) = value.as_object().and_then(|o| o.get(JOIN)).and_then(Value::as_array) {
            let part = |value: &Value| match value {
                Value::String(text) => Some(Part::Text(text.as_str().into())),
                other => Reference::of(other).map(Part::Reference),
            };
            if let Some(parts) = parts.iter().map(part).collect() {
                return Ok(Self::Join(Join(parts)));
            }
        }
        T::deserialize(value).map(Self::Known).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_input_round_trips() {
        let inputs: Vec<Input<String>> = vec![
            "plain".into(),
            Input::Reference(Reference {
                source: Source::Resource("ecs.cluster/main".parse().expect("valid")),
                attr: "arn".into(),
            }),
            Import::<String>::new("humangov".parse().expect("valid"), "cluster").into(),
            Join::new()
                .text("a")
                .output(&Import::<String>::new("base".parse().expect("valid"), "x").into())
                .into(),
        ];
        let text = serde_json::to_string(&inputs).expect("serializes");
        assert_eq!(
            text,
            r#"["plain",{"$ref":"ecs.cluster/main#arn"},{"$import":"humangov#cluster"},{"$join":["a",{"$import":"base#x"}]}]"#
        );
        assert_eq!(serde_json::from_str::<Vec<Input<String>>>(&text).expect("parses"), inputs);
    }

    #[test]
    fn a_join_of_texts_is_known() {
        assert_eq!(Join::new().text("a").text("b").into_input(), Input::Known("ab".to_owned()));
    }
}
