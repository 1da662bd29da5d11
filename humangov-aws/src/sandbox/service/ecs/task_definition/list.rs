// SPDX-License-Identifier: MIT OR Apache-2.0
//! ListTaskDefinitions and ListTaskDefinitionFamilies.

use super::Family;
use crate::sandbox::{
    error::ApiError,
    service::{
        ecs::refusal::invalid,
        page::{Order, page},
    },
    wire::Input,
    world::Cx,
};
use serde_json::Value;

/// How long a page can be.
const MOST: i64 = 100;

/// The revisions of one family or of all, by family and number. The prefix is the whole name of a family, whatever it is called.
pub(super) fn definitions(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let status = one_of(input, "status", &["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"])?;
    let order = match one_of(input, "sort", &["ASC", "DESC"])? {
        "DESC" => Order::Descending,
        _ => Order::Ascending,
    };
    let wanted = input.text("familyPrefix");
    let families =
        cx.here.ecs.families.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let mut fitting: Vec<(String, &str)> = families
        .flat_map(|(name, family)| family.revisions.iter().map(move |revision| (name, revision)))
        .filter(|(_, (_, definition))| definition.status == status)
        // The key of a page: a name ends before any other sign, and all numbers are as long.
        .map(|(name, (revision, definition))| (format!("{name}\0{revision:010}"), definition.arn.as_str()))
        .collect();
    if order == Order::Descending {
        fitting.reverse();
    }
    page(input, "taskDefinitionArns", MOST, order, fitting.iter().map(|(key, arn)| (key.as_str(), *arn)))
}

/// The families whose names begin with the prefix.
pub(super) fn families(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let status = input.text("status").unwrap_or("ALL");
    check(status, "status", &["ACTIVE", "INACTIVE", "ALL"])?;
    let prefix = input.text("familyPrefix").unwrap_or_default();
    let is_active = |family: &Family| family.revisions.values().any(|revision| revision.status == "ACTIVE");
    let fits = |family: &Family| {
        !family.revisions.is_empty() && (status == "ALL" || is_active(family) == (status == "ACTIVE"))
    };
    let fitting =
        cx.here.ecs.families.iter().filter(|(name, family)| name.starts_with(prefix) && fits(family));
    page(input, "families", MOST, Order::Ascending, fitting.map(|(name, _)| (name.as_str(), name.as_str())))
}

/// The value of a member that has a few; the first of them when it is not said.
fn one_of<'a>(input: Input<'a>, name: &str, allowed: &[&'a str]) -> Result<&'a str, ApiError> {
    let given = input.text(name).unwrap_or(allowed[0]);
    check(given, name, allowed).map(|()| given)
}

fn check(given: &str, name: &str, allowed: &[&str]) -> Result<(), ApiError> {
    if allowed.contains(&given) {
        return Ok(());
    }
    Err(invalid(format!("{name} must be one of {}.", allowed.join(", "))))
}
