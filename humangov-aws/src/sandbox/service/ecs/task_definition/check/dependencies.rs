// SPDX-License-Identifier: MIT OR Apache-2.0
//! What containers need of each other: dependsOn, links, volumesFrom, and the container of the proxy.

use super::{Draft, name_of};
use crate::sandbox::{error::ApiError, service::ecs::refusal::client, wire::Input};
use std::collections::BTreeMap;

pub(super) fn check(draft: &Draft<'_>) -> Result<(), ApiError> {
    let proxy = draft.task.object("proxyConfiguration").and_then(|proxy| proxy.text("containerName"));
    let needed = draft.containers.iter().flat_map(|container| needs(*container)).chain(proxy);
    for name in needed {
        if draft.container(name).is_none() {
            return Err(client(format!(
                "Container '{name}' is referred to and is not in the task definition."
            )));
        }
    }
    let mut dependencies = draft.containers.iter().flat_map(|container| container.objects("dependsOn"));
    dependencies.try_for_each(|dependency| condition(draft, dependency))?;
    no_cycle(draft)
}

/// The containers that a container needs.
fn needs(container: Input<'_>) -> impl Iterator<Item = &str> {
    let dependencies = container.objects("dependsOn").filter_map(|it| it.text("containerName"));
    let sources = container.objects("volumesFrom").filter_map(|it| it.text("sourceContainer"));
    let links = container.texts("links").into_iter();
    let links = links.map(|link| link.split_once(':').map_or(link, |(name, _)| name));
    dependencies.chain(sources).chain(links)
}

fn condition(draft: &Draft<'_>, dependency: Input<'_>) -> Result<(), ApiError> {
    let Some(on) = dependency.text("containerName").and_then(|name| draft.container(name)) else {
        return Ok(());
    };
    match dependency.text("condition").unwrap_or_default() {
        "HEALTHY" if !on.has("healthCheck") => {
            Err(client("A dependency container with HEALTHY condition must have a health check."))
        }
        "SUCCESS" | "COMPLETE" if on.truth("essential").unwrap_or(true) => Err(client(
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        )),
        _ => Ok(()),
    }
}

/// Takes away containers that need none of those left, until none is left.
fn no_cycle(draft: &Draft<'_>) -> Result<(), ApiError> {
    let mut left: BTreeMap<&str, Vec<&str>> =
        draft.containers.iter().map(|container| (name_of(*container), needs(*container).collect())).collect();
    while !left.is_empty() {
        let is_free = |needs: &Vec<&str>| !needs.iter().any(|name| left.contains_key(name));
        let free: Vec<&str> =
            left.iter().filter(|(_, needs)| is_free(needs)).map(|(name, _)| *name).collect();
        if free.is_empty() {
            return Err(client("Container dependencies should not have a cycle"));
        }
        left.retain(|name, _| !free.contains(name));
    }
    Ok(())
}
