// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capacity providers of clusters, and their default strategies.

use super::answer;
use crate::sandbox::{
    error::ApiError,
    service::ecs::refusal::{invalid, required},
    wire::Input,
    world::Cx,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The providers that every account has. There are no others here: they would need Auto Scaling groups.
const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// How many providers a strategy can have.
const MOST: usize = 20;

/// What a request says of them.
#[derive(Debug)]
pub(super) struct Capacity {
    pub providers: Vec<String>,
    pub strategy: Vec<Value>,
}

pub(super) fn read(input: Input<'_>) -> Result<Capacity, ApiError> {
    let providers = input.texts("capacityProviders");
    if let Some(other) = providers.iter().find(|name| !PROVIDERS.contains(name)) {
        return Err(invalid(format!(
            "The specified capacity provider '{other}' was not found. Specify a valid name or ARN and try again."
        )));
    }
    if providers.iter().collect::<BTreeSet<_>>().len() < providers.len() {
        return Err(invalid("The capacity providers can not have duplicates."));
    }
    let items = input.objects("defaultCapacityProviderStrategy");
    let strategy = items.map(|item| strategy_item(item, &providers)).collect::<Result<Vec<_>, _>>()?;
    check(&strategy)?;
    Ok(Capacity { providers: providers.into_iter().map(str::to_owned).collect(), strategy })
}

fn strategy_item(item: Input<'_>, providers: &[&str]) -> Result<Value, ApiError> {
    let provider = required(item, "capacityProvider")?;
    if !providers.contains(&provider) {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. \
             Associate the capacity provider with the cluster and try again.",
        ));
    }
    let weight = in_range(item, "weight", 1000)?;
    let base = in_range(item, "base", 100_000)?;
    Ok(json!({"capacityProvider": provider, "weight": weight, "base": base}))
}

fn in_range(item: Input<'_>, name: &str, most: i64) -> Result<i64, ApiError> {
    let value = item.integer(name).unwrap_or_default();
    if (0..=most).contains(&value) {
        return Ok(value);
    }
    Err(invalid(format!("The {name} of a capacity provider strategy must be between 0 and {most}.")))
}

fn check(strategy: &[Value]) -> Result<(), ApiError> {
    if strategy.len() > MOST {
        return Err(invalid(format!(
            "A capacity provider strategy can contain {MOST} capacity providers at most."
        )));
    }
    if strategy.iter().filter(|item| item["base"] != 0).count() > 1 {
        return Err(invalid(
            "Only one capacity provider in a capacity provider strategy can have a base defined.",
        ));
    }
    let names: BTreeSet<_> = strategy.iter().filter_map(|item| item["capacityProvider"].as_str()).collect();
    if names.len() < strategy.len() {
        return Err(invalid("A capacity provider strategy cannot name a capacity provider more than once."));
    }
    Ok(())
}

/// Replaces the providers and the strategy of a cluster: what is left out is no longer there.
pub(super) fn put(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    for name in ["capacityProviders", "defaultCapacityProviderStrategy"] {
        if input.get(name).is_none_or(|list| !list.is_array()) {
            return Err(invalid(format!("{name} can not be null.")));
        }
    }
    let name = required(input, "cluster")?;
    let capacity = read(input)?;
    cx.here.ecs.cluster(Some(name))?.settled(cx.now)?;
    let settled_at = cx.after(cx.behaviour.timings.visibility);
    let cluster = cx.here.ecs.cluster_mut(Some(name))?;
    if cluster.capacity_providers != capacity.providers {
        cluster.settled_at = settled_at;
        cluster.provisioning = false;
    }
    cluster.capacity_providers = capacity.providers;
    cluster.default_strategy = capacity.strategy;
    cx.here.ecs.cluster(Some(name)).map(|cluster| answer(cx, cluster))
}
