// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags, of whatever has an id.

use super::{
    Ec2,
    listing::Listing,
    noun::Noun,
    refusal::{invalid, missing},
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, tags_to},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most tags of a resource; those of AWS's own do not count.
const MOST: usize = 50;

/// The most ids of a call.
const MOST_RESOURCES: usize = 1000;

const LISTING: Listing = Listing {
    set: "tagSet",
    noun: None,
    filters: &[
        ("key", "key"),
        ("resource-id", "resourceId"),
        ("resource-type", "resourceType"),
        ("value", "value"),
    ],
    longest: 1000,
};

impl Ec2 {
    /// The tags of what has this id.
    pub(super) fn tags_of(&self, id: &str) -> Tags {
        self.tags.get(id).cloned().unwrap_or_default()
    }

    /// The element with the tags of what has this id; AWS leaves it out where there are none.
    pub(super) fn tag_set(&self, id: &str) -> Option<Value> {
        self.tags.get(id).map(|tags| tags_to(tags, "key", "value"))
    }

    pub(super) fn set_tags(&mut self, id: &str, tags: Tags) {
        if tags.is_empty() {
            self.tags.remove(id);
        } else {
            self.tags.insert(id.to_owned(), tags);
        }
    }

    /// Drops the tags of what is no more.
    pub(super) fn forget_tags(&mut self) {
        let mut tags = std::mem::take(&mut self.tags);
        tags.retain(|id, _| self.exists(id));
        self.tags = tags;
    }

    fn exists(&self, id: &str) -> bool {
        self.vpcs.contains_key(id)
            || self.subnets.contains_key(id)
            || self.route_tables.contains_key(id)
            || self.internet_gateways.contains_key(id)
            || self.groups.contains_key(id)
            || self.interfaces.contains_key(id)
            || self.groups.values().any(|group| group.rules.iter().any(|rule| rule.id == id))
    }
}

/// The tags that a new resource of this type shall have.
pub(super) fn specified(input: Input<'_>, resource_type: &str) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for specification in input.objects("TagSpecification") {
        let given = specification.text("ResourceType").ok_or_else(|| missing("ResourceType"))?;
        if given != resource_type {
            return Err(invalid(format!(
                "'{given}' is not a valid taggable resource type for this operation."
            )));
        }
        for (key, value) in read(specification)? {
            if tags.insert(key.clone(), value).is_some() {
                return Err(duplicate(&key));
            }
        }
    }
    if tags.len() > MOST {
        return Err(too_many());
    }
    Ok(tags)
}

/// The tags of a list, if they are such as may be.
fn read(input: Input<'_>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in input.objects("Tag") {
        let key = tag.text("Key").filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| malformed("Tag keys cannot be empty or null."))?;
        let value = tag.text("Value").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(malformed("Tag keys starting with 'aws:' are reserved for internal use."));
        }
        if key.chars().count() > 128 {
            return Err(invalid("Tag key exceeds the maximum length of 128 characters."));
        }
        if value.chars().count() > 256 {
            return Err(invalid("Tag value exceeds the maximum length of 256 characters."));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(duplicate(key));
        }
    }
    Ok(tags)
}

fn malformed(message: &str) -> ApiError {
    ApiError::new("InvalidTagKey.Malformed", message)
}

fn duplicate(key: &str) -> ApiError {
    invalid(format!("Duplicate tag key '{key}' specified."))
}

fn too_many() -> ApiError {
    ApiError::new("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
}

/// The ids of a call, if all of them are of something.
fn targets<'a>(cx: &Cx<'_>, input: Input<'a>) -> Result<Vec<&'a str>, ApiError> {
    let ids = input.texts("ResourceId");
    if ids.is_empty() {
        return Err(missing("resourceIdSet"));
    }
    if ids.len() > MOST_RESOURCES {
        return Err(invalid(format!("More than {MOST_RESOURCES} resources are given.")));
    }
    for id in &ids {
        let noun =
            Noun::of(id).ok_or_else(|| ApiError::new("InvalidID", format!("The ID '{id}' is not valid")))?;
        let hidden = cx.here.ec2.groups.get(*id).is_some_and(|group| !group.is_seen(cx.now));
        if hidden || !cx.here.ec2.exists(id) {
            return Err(noun.missing(id));
        }
    }
    Ok(ids)
}

pub(super) fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let ids = targets(cx, input)?;
    let given = read(input)?;
    if given.is_empty() {
        return Err(missing("tagSet"));
    }
    let ec2 = &mut cx.here.ec2;
    let wanted = ids.into_iter().map(|id| {
        let mut tags = ec2.tags_of(id);
        tags.extend(given.clone());
        (id, tags)
    });
    let wanted: Vec<(&str, Tags)> = wanted.collect();
    if wanted.iter().any(|(_, tags)| tags.len() > MOST) {
        return Err(too_many());
    }
    wanted.into_iter().for_each(|(id, tags)| ec2.set_tags(id, tags));
    Ok(json!({ "return": true }))
}

pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let ids = targets(cx, input)?;
    // Without a value a tag goes whatever its value is; without any tags, all go.
    let given: Vec<(&str, Option<&str>)> =
        input.objects("Tag").filter_map(|tag| Some((tag.text("Key")?, tag.text("Value")))).collect();
    let goes = |key: &str, value: &str| {
        given.is_empty() || given.iter().any(|(k, v)| *k == key && v.is_none_or(|v| v == value))
    };
    let ec2 = &mut cx.here.ec2;
    for id in ids {
        let mut tags = ec2.tags_of(id);
        tags.retain(|key, value| !goes(key, value));
        ec2.set_tags(id, tags);
    }
    Ok(json!({ "return": true }))
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let mut all = BTreeMap::new();
    for (id, tags) in &cx.here.ec2.tags {
        for (key, value) in tags {
            let resource_type = Noun::of(id).map(|noun| noun.resource_type);
            let item = json!({"resourceId": id, "resourceType": resource_type, "key": key, "value": value});
            all.insert(format!("{id} {key}"), item);
        }
    }
    let keys = all.keys().map(String::as_str);
    LISTING.answer(input, &[], keys, |key| all.get(key).cloned().unwrap_or_default())
}
