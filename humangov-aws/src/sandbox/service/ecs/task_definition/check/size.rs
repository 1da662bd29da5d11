// SPDX-License-Identifier: MIT OR Apache-2.0
//! CPU and memory, of tasks and of their containers.

use super::{Draft, name_of};
use crate::sandbox::{error::ApiError, service::ecs::refusal::client, wire::Input};

/// CPU units that a task can have on EC2.
const CPU: std::ops::RangeInclusive<i64> = 128..=196_608;

/// The least memory of a container, in MiB.
const LEAST_MEMORY: i64 = 6;

/// CPU units: `1024`, `1 vCPU`, `.25vcpu`.
pub(super) fn cpu(text: &str) -> Result<i64, ApiError> {
    let units = measure(text, "vcpu").filter(|units| *units > 0);
    units.ok_or_else(|| invalid("cpu"))
}

/// MiB: `512`, `1GB`, `0.5 GB`.
pub(super) fn memory(text: &str) -> Result<i64, ApiError> {
    let mib = measure(text, "gb").filter(|mib| *mib > 0);
    mib.ok_or_else(|| invalid("memory"))
}

/// A whole number, or a number of the unit that is 1024 times as much.
fn measure(text: &str, unit: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let Some(number) = text.strip_suffix(unit) else { return text.parse().ok() };
    let number = number.trim().parse::<f64>().ok()? * 1024.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and less than a million")]
    (number.fract() == 0.0 && number.abs() < 1e6).then_some(number as i64)
}

fn invalid(what: &str) -> ApiError {
    client(format!(
        "Invalid '{what}' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    ))
}

pub(super) fn check(draft: &Draft<'_>) -> Result<(), ApiError> {
    if draft.cpu.is_some_and(|cpu| !CPU.contains(&cpu)) {
        return Err(invalid("cpu"));
    }
    draft.containers.iter().try_for_each(|container| container_memory(draft, *container))?;
    let sum = |of: fn(Input<'_>) -> i64| draft.containers.iter().map(|container| of(*container)).sum::<i64>();
    if draft.cpu.is_some_and(|cpu| sum(|container| container.integer("cpu").unwrap_or_default()) > cpu) {
        return Err(client("The total 'cpu' of the containers cannot be more than the 'cpu' of the task."));
    }
    if draft.memory.is_some_and(|memory| sum(reserved) > memory) {
        return Err(client(
            "The total memory reserved for the containers cannot be more than the 'memory' of the task.",
        ));
    }
    Ok(())
}

/// What a container holds for itself: its soft limit where it has one, else its hard one.
fn reserved(container: Input<'_>) -> i64 {
    container.integer("memoryReservation").or_else(|| container.integer("memory")).unwrap_or_default()
}

fn container_memory(draft: &Draft<'_>, container: Input<'_>) -> Result<(), ApiError> {
    let name = name_of(container);
    let refused = |why: &str| Err(client(format!("Invalid setting for container '{name}'. {why}")));
    let (hard, soft) = (container.integer("memory"), container.integer("memoryReservation"));
    if container.integer("cpu").is_some_and(|cpu| cpu < 0) {
        return refused("'cpu' must not be negative.");
    }
    if [hard, soft].into_iter().flatten().any(|memory| memory < LEAST_MEMORY) {
        return refused("'memory' and 'memoryReservation' must be at least 6 MiB.");
    }
    if hard.is_none() && soft.is_none() && draft.memory.is_none() {
        return refused("At least one of 'memory' or 'memoryReservation' must be specified.");
    }
    if hard.zip(soft).is_some_and(|(hard, soft)| hard < soft) {
        return refused("'memory' must be greater than 'memoryReservation'.");
    }
    if hard.zip(draft.memory).is_some_and(|(hard, task)| hard > task) {
        return refused("'memory' cannot be more than the 'memory' of the task.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_spellings() {
        let cpus = [("256", 256), (".25 vCPU", 256), ("0.5vcpu", 512), ("1 vCPU", 1024), ("16 VCPU", 16384)];
        for (text, units) in cpus {
            assert_eq!(cpu(text), Ok(units), "{text}");
        }
        for (text, mib) in [("512", 512), ("0.5GB", 512), ("2 GB", 2048), ("30gb", 30720)] {
            assert_eq!(memory(text), Ok(mib), "{text}");
        }
        for text in ["", "x", "-1", "0", "1.5", "1 GB", "0.0001 vCPU", "1e300 vCPU", "NaN vCPU"] {
            assert!(cpu(text).is_err(), "{text}");
        }
    }
}
