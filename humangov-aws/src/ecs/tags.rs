// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tags as ECS writes them.

use aws_sdk_ecs::types::Tag;
use humangov_core::tags::Tags;

pub(super) fn to_ecs(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

pub(super) fn of_ecs(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default()))).collect()
}
