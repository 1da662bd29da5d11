// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags as ECS writes them.

use crate::error::{Service, classify};
use aws_sdk_ecs::{Client, types::Tag};
use humangov_core::{
    handler::{Cx, Effect, HandlerError},
    tags::Tags,
};

pub(super) fn to_ecs(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

pub(super) fn of_ecs(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default()))).collect()
}

/// Takes the tags of the resource `arn` from `prior` to `desired`.
pub(super) async fn change(
    client: &Client,
    cx: &Cx,
    arn: &str,
    prior: &Tags,
    desired: &Tags,
) -> Result<(), HandlerError> {
    let (removed, set) = prior.changes_to(desired);
    let untagged = !removed.is_empty();
    if untagged {
        client
            .untag_resource()
            .resource_arn(arn)
            .set_tag_keys(Some(removed))
            .send()
            .await
            .map_err(|error| classify(Service::Ecs, "UntagResource", error))?;
    }
    if !set.is_empty() {
        client
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(to_ecs(&cx.tags(&set))))
            .send()
            .await
            .map_err(|error| classify(Service::Ecs, "TagResource", error))
            .map_err(|error| if untagged { error.with_effect(Effect::Unknown) } else { error })?;
    }
    Ok(())
}
