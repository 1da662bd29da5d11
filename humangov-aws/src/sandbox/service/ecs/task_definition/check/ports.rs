// SPDX-License-Identifier: MIT OR Apache-2.0
//! Port mappings.

use super::{Draft, name_of};
use crate::sandbox::{error::ApiError, service::ecs::refusal::client, wire::Input};
use std::{collections::BTreeSet, ops::RangeInclusive};

const PORTS: RangeInclusive<i64> = 1..=65_535;

/// How many port ranges a container can have.
const MOST_RANGES: usize = 100;

pub(super) fn check(draft: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    let name = name_of(container);
    let mut mappings = container.objects("portMappings").peekable();
    if draft.network_mode == "none" && mappings.peek().is_some() {
        return Err(client(format!(
            "Invalid setting for container '{name}'. Port mappings are not supported when networkMode=none."
        )));
    }
    let ranges = container.objects("portMappings").filter(|mapping| mapping.has("containerPortRange"));
    if ranges.count() > MOST_RANGES {
        return Err(client(format!("Container '{name}' can have {MOST_RANGES} port ranges at most.")));
    }
    mappings.try_for_each(|mapping| check_mapping(draft, mapping))
}

fn check_mapping(draft: &Draft<'_>, mapping: Input<'_>) -> Result<(), ApiError> {
    match (mapping.integer("containerPort"), mapping.text("containerPortRange")) {
        (Some(_), Some(_)) => {
            return Err(client("containerPort and containerPortRange cannot be both specified."));
        }
        (None, None) => return Err(client("A port mapping needs a containerPort or a containerPortRange.")),
        (Some(port), None) if !PORTS.contains(&port) => {
            return Err(client(format!("Invalid containerPort {port}: it must be between 1 and 65535.")));
        }
        (Some(port), None) => check_host_port(draft, port, mapping)?,
        (None, Some(range)) => check_range(draft, range, mapping)?,
    }
    match mapping.text("name") {
        Some(name) if !is_port_name(name) => Err(client(format!("Invalid port mapping name '{name}'."))),
        _ => Ok(()),
    }
}

fn check_host_port(draft: &Draft<'_>, port: i64, mapping: Input<'_>) -> Result<(), ApiError> {
    let Some(host) = mapping.integer("hostPort") else { return Ok(()) };
    if host != 0 && !PORTS.contains(&host) {
        return Err(client(format!("Invalid hostPort {host}: it must be between 0 and 65535.")));
    }
    let mode = draft.network_mode;
    if ["awsvpc", "host"].contains(&mode) && host != port {
        return Err(client(format!(
            "When networkMode={mode}, the host ports and container ports in port mappings must match."
        )));
    }
    Ok(())
}

fn check_range(draft: &Draft<'_>, range: &str, mapping: Input<'_>) -> Result<(), ApiError> {
    if draft.network_mode == "host" {
        return Err(client("containerPortRange is not supported when networkMode=host."));
    }
    if mapping.has("hostPort") {
        return Err(client("hostPort and containerPortRange cannot be both specified."));
    }
    let ends =
        range.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    match ends {
        Some((first, last)) if PORTS.contains(&first) && PORTS.contains(&last) && first < last => Ok(()),
        _ => Err(client(format!("Invalid containerPortRange '{range}'."))),
    }
}

/// Names of port mappings are unique in the task: services find them by name.
pub(super) fn check_names(draft: &Draft<'_>) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    let mappings = draft.containers.iter().flat_map(|container| container.objects("portMappings"));
    for name in mappings.filter_map(|mapping| mapping.text("name")) {
        if !names.insert(name) {
            return Err(client(format!("The port mapping name '{name}' is used more than once.")));
        }
    }
    Ok(())
}

fn is_port_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=64).contains(&name.len()) && !name.starts_with('-') && name.chars().all(allowed)
}
