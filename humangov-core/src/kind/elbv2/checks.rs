// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kinds of this service check alike.

use crate::{arn::Arn, resource::Violations, value::Input};
use serde::Serialize;
use std::{borrow::Cow, fmt::Display, ops::RangeInclusive};

/// Names of load balancers and target groups: 1 to 32 letters, digits and hyphens (CreateLoadBalancer and CreateTargetGroup, `Name`).
pub(super) fn name(found: &mut Violations, name: &str) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    found.check((1..=32).contains(&name.len()) && name.chars().all(allowed), "name", || {
        format!("{name:?} is no name; 1 to 32 of A-Z, a-z, 0-9 and - are allowed")
    });
    found.check(
        !name.starts_with('-') && !name.ends_with('-'),
        "name",
        || "a name neither begins nor ends with a hyphen",
    );
}

/// A number that AWS takes only within `allowed`; absent is fine.
pub(super) fn range<T: PartialOrd + Display>(
    found: &mut Violations,
    path: &str,
    value: Option<T>,
    allowed: RangeInclusive<T>,
) {
    if let Some(value) = value {
        found.check(allowed.contains(&value), path, || {
            format!("{value} is out of range; allowed are {} to {}", allowed.start(), allowed.end())
        });
    }
}

/// That a known ARN names what is wanted here: its resource part begins with `prefix`.
pub(super) fn arn<R>(found: &mut Violations, path: &str, arn: &Input<Arn<R>>, prefix: &'static str) {
    if let Some(arn) = arn.known() {
        found.check(
            arn.service() == "elasticloadbalancing" && arn.resource().starts_with(prefix),
            path,
            || format!("{arn} is not the ARN wanted; its resource part begins {prefix}"),
        );
    }
}

/// That no known value occurs twice.
pub(super) fn distinct(found: &mut Violations, path: &str, inputs: &[Input<String>]) {
    for (i, input) in inputs.iter().enumerate() {
        found.check(!inputs[..i].contains(input), path, || format!("{} is listed twice", text(input)));
    }
}

/// Brings a set into one order: known values first, by their text; then references, by theirs.
pub(super) fn sort<T: Serialize>(set: &mut [T]) {
    set.sort_by_cached_key(text);
}

/// The JSON text of a value. Texts (`"`) come before references (`{`).
fn text<T: Serialize>(value: &T) -> Cow<'static, str> {
    // Serialization of plain data does not fail; if it did, the order would merely stay as it is.
    serde_json::to_string(value).map_or(Cow::Borrowed(""), Cow::Owned)
}
