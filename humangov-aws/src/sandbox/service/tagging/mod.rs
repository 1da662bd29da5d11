// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Resource Groups Tagging API: finds what has tags, and tags, whatever service it is of.

mod change;
mod page;
#[cfg(test)]
mod tests;

use super::{Found, found, unknown};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, tags_to},
};
use page::Page;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the API remembers of a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Tagging {
    /// What has had tags when it was last looked: AWS goes on listing that, without any.
    tagged: BTreeSet<String>,
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "GetResources" => get_resources(cx, input),
        "GetTagKeys" => get_tag_keys(cx, input),
        "GetTagValues" => get_tag_values(cx, input),
        "TagResources" => change::tag(cx, input),
        "UntagResources" => change::untag(cx, input),
        _ => Err(unknown(operation)),
    }
}

/// A filter by a tag: its key, and one of its values, or any if none is given.
struct TagFilter<'a> {
    key: &'a str,
    values: Vec<&'a str>,
}

fn get_resources(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let page = Page::read(cx, input)?;
    let filters = tag_filters(input)?;
    let types = input.texts("ResourceTypeFilters");
    let only = arns(input)?;
    let with_details = input.truth("IncludeComplianceDetails") == Some(true);
    let without_compliant = input.truth("ExcludeCompliantResources") == Some(true);
    if without_compliant && !with_details {
        return Err(invalid("ExcludeCompliantResources can be true only if IncludeComplianceDetails is"));
    }
    let fitting = tagged(cx).into_iter().filter(|(arn, tags)| {
        only.as_ref().is_none_or(|only| only.contains(&arn.as_str()))
            && (types.is_empty() || types.iter().any(|filter| is_of_type(arn, filter)))
            && filters.iter().all(|filter| filter.admits(tags))
            // There are no tag policies here, so everything is compliant.
            && !without_compliant
    });
    let (found, token) = page.cut(cx, fitting.collect());
    let mappings = found.into_iter().map(|(arn, tags)| {
        let mut mapping = json!({"ResourceARN": arn, "Tags": tags_to(&tags, "Key", "Value")});
        if with_details {
            mapping["ComplianceDetails"] = json!({"ComplianceStatus": true});
        }
        mapping
    });
    Ok(json!({"ResourceTagMappingList": mappings.collect::<Vec<Value>>(), "PaginationToken": token}))
}

/// What has or had tags, of what the API lists, by ARN.
fn tagged(cx: &mut Cx<'_>) -> BTreeMap<String, Tags> {
    let mut all: BTreeMap<String, Tags> =
        listable(cx).into_iter().map(|found| (found.arn, found.tags)).collect();
    let once = std::mem::take(&mut cx.here.tagging.tagged);
    all.retain(|arn, tags| !tags.is_empty() || once.contains(arn));
    cx.here.tagging.tagged = all.keys().cloned().collect();
    all
}

/// What the API lists: what is in the region and what is in none, but no roles.
fn listable(cx: &mut Cx<'_>) -> Vec<Found> {
    let mut all = found(cx);
    all.retain(|found| {
        let mut parts = found.arn.splitn(6, ':').skip(2);
        let (service, region) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        service != "iam" && (region.is_empty() || region == cx.region)
    });
    all
}

/// Whether an ARN is of a type such as `ecs`, `ecs:service` or `elasticloadbalancing:loadbalancer/app`.
fn is_of_type(arn: &str, filter: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    match filter.split_once(':') {
        None => service == filter,
        // The only one whose ARNs do not tell the type.
        Some(("s3", "bucket")) => service == "s3",
        Some((wanted, kind)) => {
            let rest = resource.strip_prefix(kind);
            service == wanted && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        }
    }
}

impl TagFilter<'_> {
    fn admits(&self, tags: &Tags) -> bool {
        let value = tags.get(self.key).map(String::as_str);
        value.is_some_and(|value| self.values.is_empty() || self.values.contains(&value))
    }
}

fn tag_filters(input: Input<'_>) -> Result<Vec<TagFilter<'_>>, ApiError> {
    let filters: Vec<TagFilter<'_>> = input
        .objects("TagFilters")
        .map(|filter| TagFilter {
            key: filter.text("Key").unwrap_or_default(),
            values: filter.texts("Values"),
        })
        .collect();
    within("TagFilters", filters.len(), 0, 50)?;
    for filter in &filters {
        within("TagFilters.Key", filter.key.chars().count(), 1, 128)?;
        within("TagFilters.Values", filter.values.len(), 0, 20)?;
    }
    Ok(filters)
}

/// The ARNs that alone are asked for; nothing else can be asked along with them.
fn arns(input: Input<'_>) -> Result<Option<Vec<&str>>, ApiError> {
    if !input.has("ResourceARNList") {
        return Ok(None);
    }
    let arns = input.texts("ResourceARNList");
    within("ResourceARNList", arns.len(), 1, 100)?;
    let others = ["TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken"];
    match others.into_iter().find(|other| input.has(other)) {
        Some(other) => Err(invalid(&format!("You can't specify both ResourceARNList and {other}"))),
        None => Ok(Some(arns)),
    }
}

fn get_tag_keys(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let page = Page::read(cx, input)?;
    let keys = listable(cx).into_iter().flat_map(|found| found.tags.into_keys());
    let (keys, token) = page.cut(cx, keys.map(|key| (key, ())).collect());
    let keys: Vec<String> = keys.into_iter().map(|(key, ())| key).collect();
    Ok(json!({"TagKeys": keys, "PaginationToken": token}))
}

fn get_tag_values(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let page = Page::read(cx, input)?;
    let key = input.text("Key").unwrap_or_default();
    within("Key", key.chars().count(), 1, 128)?;
    let values = listable(cx).into_iter().filter_map(|mut found| found.tags.remove(key));
    let (values, token) = page.cut(cx, values.map(|value| (value, ())).collect());
    let values: Vec<String> = values.into_iter().map(|(value, ())| value).collect();
    Ok(json!({"TagValues": values, "PaginationToken": token}))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// Refuses what is shorter or longer than it may be.
fn within(member: &str, length: usize, least: usize, most: usize) -> Result<(), ApiError> {
    if (least..=most).contains(&length) {
        return Ok(());
    }
    Err(invalid(&format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length between {least} and \
         {most}"
    )))
}
