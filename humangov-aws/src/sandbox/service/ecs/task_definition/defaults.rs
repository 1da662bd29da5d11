// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ECS fills in where a task definition does not say.

use super::check::Draft;
use serde_json::{Map, Value, json};

/// Lists that are told even when they are empty.
const LISTS_OF_TASKS: [&str; 2] = ["volumes", "placementConstraints"];
const LISTS_OF_CONTAINERS: [&str; 5] =
    ["portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"];

/// The task definition of a draft as DescribeTaskDefinition shows it, but for what its registration adds.
pub(super) fn filled(draft: &Draft<'_>) -> Value {
    let mut task = draft.task.0.clone();
    task["networkMode"] = draft.network_mode.into();
    for (name, size) in [("cpu", draft.cpu), ("memory", draft.memory)] {
        if let Some(size) = size {
            task[name] = size.to_string().into();
        }
    }
    with_defaults(&mut task, LISTS_OF_TASKS.map(|list| (list, json!([]))));
    for container in items(&mut task, "containerDefinitions") {
        fill_container(container, draft.network_mode);
    }
    task
}

fn fill_container(container: &mut Value, network_mode: &str) {
    with_defaults(container, LISTS_OF_CONTAINERS.map(|list| (list, json!([]))));
    with_defaults(container, [("cpu", json!(0)), ("essential", json!(true))]);
    items(container, "portMappings").for_each(|mapping| fill_port(mapping, network_mode));
    with_defaults(
        &mut container["healthCheck"],
        [("interval", json!(30)), ("timeout", json!(5)), ("retries", json!(3))],
    );
    with_defaults(
        &mut container["restartPolicy"],
        [("restartAttemptPeriod", json!(300)), ("ignoredExitCodes", json!([]))],
    );
    with_defaults(&mut container["logConfiguration"], [("options", json!({})), ("secretOptions", json!([]))]);
    // Looking for what is not there made it null.
    if let Some(members) = container.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
}

fn fill_port(mapping: &mut Value, network_mode: &str) {
    if mapping["protocol"] != "udp" {
        mapping["protocol"] = "tcp".into();
    }
    if mapping.get("containerPortRange").is_none() {
        let is_fixed = ["awsvpc", "host"].contains(&network_mode);
        let port = if is_fixed { mapping["containerPort"].clone() } else { json!(0) };
        with_defaults(mapping, [("hostPort", port)]);
    }
}

/// Adds the members that an object does not have; does nothing to what is no object.
fn with_defaults<const N: usize>(value: &mut Value, defaults: [(&str, Value); N]) {
    if let Some(members) = value.as_object_mut() {
        for (name, default) in defaults {
            members.entry(name).or_insert(default);
        }
    }
}

fn items<'v>(value: &'v mut Value, list: &str) -> impl Iterator<Item = &'v mut Value> {
    let members: Option<&mut Map<String, Value>> = value.as_object_mut();
    members.and_then(|members| members.get_mut(list)?.as_array_mut()).into_iter().flatten()
}
