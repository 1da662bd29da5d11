// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rules by which objects expire or move. They are checked and kept; nothing expires here.

use super::{
    Answer,
    asked::Asked,
    errors::{invalid_argument, invalid_request, malformed_xml, refused},
    xml::{Element, document},
};
use crate::sandbox::{error::ApiError, wire::Response, world::Cx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const MINIMUM_SIZE: &str = "x-amz-transition-default-minimum-object-size";
const MINIMUM_SIZES: [&str; 2] = ["all_storage_classes_128K", "varies_by_storage_class"];
const STORAGE_CLASSES: [&str; 6] =
    ["GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"];
const ACTIONS: [&str; 5] = [
    "Expiration",
    "Transition",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "AbortIncompleteMultipartUpload",
];

/// The rules of a bucket, as they were put.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lifecycle {
    rules: Vec<Element>,
    minimum_size: String,
}

impl Lifecycle {
    /// How many rules there are.
    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }
}

pub(super) fn get(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let Some(lifecycle) = &cx.s3.bucket(asked.bucket)?.lifecycle else {
        let message = "The lifecycle configuration does not exist";
        return Err(refused(404, "NoSuchLifecycleConfiguration", message).with("BucketName", asked.bucket));
    };
    let rules: String = lifecycle.rules.iter().map(Element::write).collect();
    Ok(document("LifecycleConfiguration", &rules).with(MINIMUM_SIZE, lifecycle.minimum_size.as_str()))
}

pub(super) fn put(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let minimum_size = asked.header(MINIMUM_SIZE).unwrap_or(MINIMUM_SIZES[0]).to_owned();
    if !MINIMUM_SIZES.contains(&minimum_size.as_str()) {
        return Err(invalid_argument(
            MINIMUM_SIZE,
            &minimum_size,
            "Invalid transition default minimum object size",
        ));
    }
    let mut rules = asked.entries("LifecycleConfiguration", "Rule")?;
    if rules.len() > 1000 {
        return Err(malformed_xml());
    }
    let mut ids = BTreeSet::new();
    for rule in &mut rules {
        check(rule)?;
        let id = match rule.text("ID").filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None => named(rule, cx.ids.uuid()),
        };
        if !ids.insert(id.clone()) {
            let message = "Rule ID must be unique. Found same ID for more than one rule";
            return Err(invalid_argument("ID", &id, message));
        }
    }
    // A base prefix is the form of before there were filters; the forms do not mix.
    if rules.iter().any(|rule| rule.has("Filter")) && rules.iter().any(|rule| rule.has("Prefix")) {
        return Err(invalid_request(
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.",
        ));
    }
    cx.s3.bucket_mut(asked.bucket)?.lifecycle = Some(Lifecycle { rules, minimum_size: minimum_size.clone() });
    Ok(Response::empty(200).with(MINIMUM_SIZE, minimum_size))
}

pub(super) fn delete(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    cx.s3.bucket_mut(asked.bucket)?.lifecycle = None;
    Ok(Response::empty(204))
}

fn named(rule: &mut Element, id: String) -> String {
    rule.children.retain(|child| child.name != "ID");
    rule.children.insert(0, Element::leaf("ID", id.clone()));
    id
}

fn check(rule: &Element) -> Result<(), ApiError> {
    let once = ["ID", "Status", "Prefix", "Filter", ACTIONS[0], ACTIONS[2], ACTIONS[4]];
    rule.only(&once, &[ACTIONS[1], ACTIONS[3]])?;
    if let Some(id) = rule.text("ID").filter(|id| id.len() > 255) {
        return Err(invalid_argument("ID", id, "ID length should not exceed allowed limit of 255"));
    }
    if !matches!(rule.text("Status"), Some("Enabled" | "Disabled"))
        || rule.has("Filter") == rule.has("Prefix")
    {
        return Err(malformed_xml());
    }
    if !ACTIONS.iter().any(|action| rule.has(action)) {
        return Err(invalid_request("At least one action needs to be specified in a rule"));
    }
    rule.child("Filter").map_or(Ok(()), check_filter)?;
    rule.child("Expiration").map_or(Ok(()), |expiration| check_expiration(rule, expiration))?;
    rule.child("NoncurrentVersionExpiration").map_or(Ok(()), check_noncurrent_expiration)?;
    rule.child("AbortIncompleteMultipartUpload").map_or(Ok(()), |abort| check_abort(rule, abort))?;
    rule.all("Transition").try_for_each(|transition| check_transition(rule, transition))?;
    rule.all("NoncurrentVersionTransition").try_for_each(check_noncurrent_transition)
}

fn check_filter(filter: &Element) -> Result<(), ApiError> {
    let sizes = ["ObjectSizeGreaterThan", "ObjectSizeLessThan"];
    filter.only(&["Prefix", "Tag", sizes[0], sizes[1], "And"], &[])?;
    if filter.children.len() > 1 {
        return Err(malformed_xml());
    }
    let conditions = match filter.child("And") {
        Some(and) => {
            and.only(&["Prefix", sizes[0], sizes[1]], &["Tag"])?;
            if and.children.len() < 2 {
                return Err(malformed_xml());
            }
            and
        }
        None => filter,
    };
    let (least, most) = (conditions.number(sizes[0])?, conditions.number(sizes[1])?);
    if let (Some(least), Some(most)) = (least, most)
        && least >= most
    {
        return Err(invalid_request(
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'",
        ));
    }
    for tag in conditions.all("Tag") {
        tag.only(&["Key", "Value"], &[])?;
        if !tag.has("Key") || !tag.has("Value") {
            return Err(malformed_xml());
        }
    }
    Ok(())
}

/// Whether a rule is for some objects only, by more than the beginning of their keys.
fn is_selective(rule: &Element) -> bool {
    let selects = |element: &Element| {
        ["Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"].iter().any(|name| element.has(name))
    };
    rule.child("Filter").is_some_and(|filter| selects(filter) || filter.child("And").is_some_and(selects))
}

fn check_expiration(rule: &Element, expiration: &Element) -> Result<(), ApiError> {
    expiration.only(&["Date", "Days", "ExpiredObjectDeleteMarker"], &[])?;
    if expiration.children.len() != 1 {
        return Err(malformed_xml());
    }
    positive(expiration, "Days", "Expiration", 1)?;
    midnight(expiration)?;
    if expiration.truth("ExpiredObjectDeleteMarker")?.is_some() && is_selective(rule) {
        return Err(invalid_request("ExpiredObjectDeleteMarker cannot be specified with Tags."));
    }
    Ok(())
}

fn check_noncurrent_expiration(expiration: &Element) -> Result<(), ApiError> {
    expiration.only(&["NoncurrentDays", "NewerNoncurrentVersions"], &[])?;
    check_noncurrent(expiration, "NoncurrentVersionExpiration")
}

fn check_noncurrent_transition(transition: &Element) -> Result<(), ApiError> {
    transition.only(&["NoncurrentDays", "NewerNoncurrentVersions", "StorageClass"], &[])?;
    storage_class(transition)?;
    check_noncurrent(transition, "NoncurrentVersionTransition")
}

fn check_noncurrent(action: &Element, name: &str) -> Result<(), ApiError> {
    if !action.has("NoncurrentDays") {
        return Err(malformed_xml());
    }
    positive(action, "NoncurrentDays", name, 1)?;
    match action.number("NewerNoncurrentVersions")? {
        None | Some(1..=100) => Ok(()),
        Some(number) => Err(invalid_argument(
            "NewerNoncurrentVersions",
            &number.to_string(),
            &format!("'NewerNoncurrentVersions' for {name} action must be a positive integer of at most 100"),
        )),
    }
}

fn check_abort(rule: &Element, abort: &Element) -> Result<(), ApiError> {
    abort.only(&["DaysAfterInitiation"], &[])?;
    if !abort.has("DaysAfterInitiation") {
        return Err(malformed_xml());
    }
    positive(abort, "DaysAfterInitiation", "AbortIncompleteMultipartUpload", 1)?;
    if is_selective(rule) {
        return Err(invalid_request("AbortIncompleteMultipartUpload cannot be specified with Tags."));
    }
    Ok(())
}

fn check_transition(rule: &Element, transition: &Element) -> Result<(), ApiError> {
    transition.only(&["Date", "Days", "StorageClass"], &[])?;
    let class = storage_class(transition)?;
    if transition.has("Date") == transition.has("Days") {
        return Err(malformed_xml());
    }
    midnight(transition)?;
    positive(transition, "Days", "Transition", 0)?;
    let days = transition.number("Days")?;
    if let Some(days) = days.filter(|days| class.ends_with("_IA") && *days < 30) {
        let message = format!(
            "'Days' in Transition action must be greater than or equal to 30 for storageClass '{class}'"
        );
        return Err(invalid_argument("Days", &days.to_string(), &message));
    }
    let expires = rule.child("Expiration").map(|expiration| expiration.number("Days")).transpose()?.flatten();
    if let (Some(days), Some(expires)) = (days, expires)
        && expires <= days
    {
        let message = "'Days' in the Expiration action must be greater than 'Days' in the Transition action";
        return Err(invalid_argument("Days", &expires.to_string(), message));
    }
    Ok(())
}

fn storage_class(action: &Element) -> Result<&str, ApiError> {
    let class = action.text("StorageClass").filter(|class| STORAGE_CLASSES.contains(class));
    class.ok_or_else(malformed_xml)
}

/// Refuses a number of days below `least`.
fn positive(action: &Element, name: &str, of: &str, least: i64) -> Result<(), ApiError> {
    match action.number(name)? {
        Some(number) if number < least || number > i64::from(i32::MAX) => {
            let what = if least == 0 { "nonnegative" } else { "positive" };
            let message = format!("'{name}' for {of} action must be a {what} integer");
            Err(invalid_argument(name, &number.to_string(), &message))
        }
        _ => Ok(()),
    }
}

/// Refuses a date that is not the beginning of a day.
fn midnight(action: &Element) -> Result<(), ApiError> {
    let Some(text) = action.text("Date") else { return Ok(()) };
    let day = text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10;
    let at = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    match at {
        _ if day => Ok(()),
        Some(second) if second % 86_400 == 0 => Ok(()),
        Some(_) => Err(invalid_argument("Date", text, "'Date' must be at midnight GMT")),
        None => Err(malformed_xml()),
    }
}
