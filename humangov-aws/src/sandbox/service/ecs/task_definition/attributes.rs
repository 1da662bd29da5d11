// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a container instance must be able to do for a task definition.

use super::check::Draft;
use crate::sandbox::wire::Input;
use serde_json::{Value, json};

/// Whether an attribute is required.
type IsRequired = fn(&Draft<'_>) -> bool;

/// Attributes, and when they are required.
const ATTRIBUTES: [(&str, IsRequired); 12] = [
    ("com.amazonaws.ecs.capability.docker-remote-api.1.18", |_| true),
    ("com.amazonaws.ecs.capability.docker-remote-api.1.19", |draft| {
        any(draft, |it| has_driver(it, "awslogs"))
    }),
    ("com.amazonaws.ecs.capability.logging-driver.awslogs", |draft| {
        any(draft, |it| has_driver(it, "awslogs"))
    }),
    ("ecs.capability.execution-role-awslogs", |draft| {
        draft.task.has("executionRoleArn") && any(draft, |it| has_driver(it, "awslogs"))
    }),
    ("com.amazonaws.ecs.capability.ecr-auth", |draft| any(draft, is_of_ecr)),
    ("ecs.capability.execution-role-ecr-pull", |draft| {
        draft.task.has("executionRoleArn") && any(draft, is_of_ecr)
    }),
    ("com.amazonaws.ecs.capability.task-iam-role", |draft| draft.task.has("taskRoleArn")),
    ("ecs.capability.task-eni", |draft| draft.network_mode == "awsvpc"),
    ("ecs.capability.container-health-check", |draft| any(draft, |it| it.has("healthCheck"))),
    ("ecs.capability.container-ordering", |draft| any(draft, |it| it.has("dependsOn"))),
    ("ecs.capability.secrets.asm.environment-variables", |draft| any(draft, |it| has_secret(it, true))),
    ("ecs.capability.secrets.ssm.environment-variables", |draft| any(draft, |it| has_secret(it, false))),
];

fn any(draft: &Draft<'_>, holds: fn(Input<'_>) -> bool) -> bool {
    draft.containers.iter().any(|container| holds(*container))
}

fn has_driver(container: Input<'_>, driver: &str) -> bool {
    container.object("logConfiguration").is_some_and(|logs| logs.text("logDriver") == Some(driver))
}

fn is_of_ecr(container: Input<'_>) -> bool {
    container.text("image").is_some_and(|image| image.contains(".dkr.ecr."))
}

fn has_secret(container: Input<'_>, of_secrets_manager: bool) -> bool {
    let mut sources = container.objects("secrets").filter_map(|secret| secret.text("valueFrom"));
    sources.any(|source| source.contains(":secretsmanager:") == of_secrets_manager)
}

pub(super) fn required(draft: &Draft<'_>) -> Value {
    let required = ATTRIBUTES.iter().filter(|(_, is_required)| is_required(draft));
    required.map(|(name, _)| json!({"name": name})).collect()
}
