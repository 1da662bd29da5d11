// SPDX-License-Identifier: MIT OR Apache-2.0
//! Items: their attributes, and what is read of them.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use humangov_core::{address::RunId, store::Version};
use std::collections::HashMap;

/// How many bytes one item holds. DynamoDB allows 400 kB, names and keys included.
pub(super) const PIECE: usize = 350_000;

pub(super) const STORE: &str = "store";
pub(super) const NAME: &str = "name";
pub(super) const VERSION: &str = "version";
pub(super) const BYTES: &str = "bytes";
/// Where a log ends: the number of its last piece.
pub(super) const END: &str = "end";

/// An item: attribute values by name.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn blob(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn key(store: &str, name: &str) -> Item {
    [(STORE.to_owned(), text(store)), (NAME.to_owned(), text(name))].into()
}

pub(super) fn text_of<'i>(item: &'i Item, attribute: &str) -> Option<&'i str> {
    item.get(attribute)?.as_s().ok().map(String::as_str)
}

pub(super) fn number_of(item: &Item, attribute: &str) -> Option<u64> {
    item.get(attribute)?.as_n().ok()?.parse().ok()
}

pub(super) fn bytes_of<'i>(item: &'i Item, attribute: &str) -> Option<&'i [u8]> {
    item.get(attribute)?.as_b().ok().map(AsRef::as_ref)
}

/// The version of an object, which tells by itself in how many pieces it is: 0 where it is all in its item.
pub(super) fn new_version(bytes: usize) -> Version {
    let pieces = if bytes > PIECE { bytes.div_ceil(PIECE) } else { 0 };
    Version::new(format!("{}/{pieces}", RunId::generate()))
}

/// The names of the pieces that an object of this version is in.
pub(super) fn pieces_of(version: &Version) -> Vec<String> {
    let pieces: u32 = version.as_str().rsplit_once('/').and_then(|(_, n)| n.parse().ok()).unwrap_or_default();
    (1..=pieces).map(|number| format!("{}/{number:04}", version.as_str())).collect()
}
