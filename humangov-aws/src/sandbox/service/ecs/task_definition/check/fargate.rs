// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Fargate refuses.

use super::{Draft, Rule, name_of};
use crate::sandbox::{error::ApiError, service::ecs::refusal::client, wire::Input};

/// CPU units, and the MiB that go with them: from, to, in steps of.
const SIZES: [(i64, i64, i64, i64); 8] = [
    (256, 512, 512, 1),
    (256, 1024, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

/// CPU units that a Windows task can have.
const WINDOWS_CPU: [i64; 3] = [1024, 2048, 4096];

/// The log drivers there are.
const LOG_DRIVERS: [&str; 3] = ["awslogs", "splunk", "awsfirelens"];

/// What cannot be said of a task.
const NOT_OF_TASKS: [&str; 3] = ["ipcMode", "placementConstraints", "inferenceAccelerators"];

/// What cannot be said of a container.
const NOT_OF_CONTAINERS: [&str; 2] = ["dockerSecurityOptions", "resourceRequirements"];

/// What cannot be said of a container's Linux.
const NOT_OF_LINUX: [&str; 4] = ["devices", "sharedMemorySize", "maxSwap", "swappiness"];

/// The longest that containers can take to start or to stop, in seconds.
const LONGEST: i64 = 120;

const RULES: [Rule; 6] = [network, size, storage, task, roles, containers];

pub(super) fn check(draft: &Draft<'_>) -> Result<(), ApiError> {
    RULES.iter().try_for_each(|rule| rule(draft))
}

fn unsupported(what: &str) -> ApiError {
    client(format!("Fargate compatible task definitions do not support {what}"))
}

fn network(draft: &Draft<'_>) -> Result<(), ApiError> {
    if draft.network_mode == "awsvpc" {
        return Ok(());
    }
    Err(client("Fargate only supports network mode ‘awsvpc’."))
}

fn size(draft: &Draft<'_>) -> Result<(), ApiError> {
    let missing =
        |what: &str| client(format!("Fargate requires that '{what}' be defined at the task level."));
    let cpu = draft.cpu.ok_or_else(|| missing("cpu"))?;
    let memory = draft.memory.ok_or_else(|| missing("memory"))?;
    let mut fitting = SIZES.iter().filter(|size| size.0 == cpu).peekable();
    if fitting.peek().is_none() || (draft.is_windows() && !WINDOWS_CPU.contains(&cpu)) {
        return Err(client(
            "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        ));
    }
    if fitting.any(|(_, from, to, step)| (*from..=*to).contains(&memory) && (memory - from) % step == 0) {
        return Ok(());
    }
    Err(client(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid \
         values."
    )))
}

fn storage(draft: &Draft<'_>) -> Result<(), ApiError> {
    let size = draft.task.object("ephemeralStorage").and_then(|storage| storage.integer("sizeInGiB"));
    if size.is_some_and(|gib| !(21..=200).contains(&gib)) {
        return Err(client("The sizeInGiB of the ephemeralStorage must be between 21 and 200."));
    }
    for volume in draft.task.objects("volumes") {
        if volume.object("host").is_some_and(|host| host.has("sourcePath")) {
            return Err(client("host.sourcePath should not be set for volumes in Fargate."));
        }
        if volume.has("dockerVolumeConfiguration") {
            return Err(unsupported("dockerVolumeConfiguration"));
        }
        if volume.has("fsxWindowsFileServerVolumeConfiguration") {
            return Err(unsupported("fsxWindowsFileServerVolumeConfiguration"));
        }
    }
    Ok(())
}

fn task(draft: &Draft<'_>) -> Result<(), ApiError> {
    let said = |name: &&&str| {
        draft.task.has(name) && draft.task.get(name).is_none_or(|it| it != &serde_json::json!([]))
    };
    if let Some(name) = NOT_OF_TASKS.iter().find(said) {
        return Err(unsupported(name));
    }
    if draft.task.text("pidMode").is_some_and(|mode| mode != "task" || draft.is_windows()) {
        return Err(unsupported("this pidMode"));
    }
    Ok(())
}

fn roles(draft: &Draft<'_>) -> Result<(), ApiError> {
    if draft.task.has("executionRoleArn") {
        return Ok(());
    }
    let without = |what: &str| {
        client(format!("Fargate requires task definition to have execution role ARN to support {what}."))
    };
    for container in &draft.containers {
        if container.text("image").is_some_and(|image| image.contains(".dkr.ecr.")) {
            return Err(without("ECR images"));
        }
        if log_driver(*container) == Some("awslogs") {
            return Err(without("log driver awslogs"));
        }
    }
    Ok(())
}

fn log_driver(container: Input<'_>) -> Option<&str> {
    container.object("logConfiguration")?.text("logDriver")
}

fn containers(draft: &Draft<'_>) -> Result<(), ApiError> {
    draft.containers.iter().try_for_each(|container| check_container(*container))
}

fn check_container(container: Input<'_>) -> Result<(), ApiError> {
    let not_empty = |list: &str| !container.list(list).is_empty();
    if let Some(name) = NOT_OF_CONTAINERS.iter().find(|name| not_empty(name)) {
        return Err(unsupported(name));
    }
    if container.truth("privileged") == Some(true) {
        return Err(unsupported("privileged"));
    }
    if let Some(driver) = log_driver(container).filter(|driver| !LOG_DRIVERS.contains(driver)) {
        return Err(unsupported(&format!("log driver {driver}")));
    }
    if let Some(linux) = container.object("linuxParameters") {
        if let Some(name) = NOT_OF_LINUX.iter().find(|name| linux.has(name)) {
            return Err(unsupported(name));
        }
        let added = linux.object("capabilities").map(|it| it.texts("add")).unwrap_or_default();
        if added.iter().any(|capability| *capability != "SYS_PTRACE") {
            return Err(unsupported("added capabilities other than SYS_PTRACE"));
        }
    }
    for name in ["startTimeout", "stopTimeout"] {
        if container.integer(name).is_some_and(|seconds| seconds > LONGEST) {
            let container = name_of(container);
            return Err(client(format!(
                "Invalid setting for container '{container}'. '{name}' must be {LONGEST} at most."
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cpu_and_memory_go_together() {
        let fits = |cpu: i64, memory: i64| {
            let task = json!({"cpu": cpu.to_string(), "memory": memory.to_string()});
            Draft::new(Input(&task)).and_then(|draft| size(&draft)).is_ok()
        };
        let fitting = |cpu: i64| (1..=256).map(|n| n * 512).filter(|memory| fits(cpu, *memory)).count();
        let counts = [(256, 3), (512, 4), (1024, 7), (2048, 13), (4096, 23), (8192, 12), (16_384, 12)];
        for (cpu, count) in counts {
            assert_eq!(fitting(cpu), count, "{cpu}");
        }
        assert!(!fits(256, 700) && !fits(300, 512));
    }
}
