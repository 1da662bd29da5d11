// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `ecs.task_definition`.
//!
//! A revision has no name that we choose: it is known by its family and its content. The digest of the content is kept as a
//! tag, so that a revision is compared by one word and not by the JSON that AWS, or a server like it, makes of it.

mod answer;
mod request;

use crate::{
    ecs::tags,
    error::{Service, classify},
};
use aws_sdk_ecs::{
    Client,
    config::retry::RetryConfig,
    operation::describe_task_definition::DescribeTaskDefinitionOutput,
    types::{TaskDefinitionField, TaskDefinitionStatus},
};
use humangov_core::{
    handler::{Cx, Effect, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Update},
    kind::ecs::{TaskDefinition, TaskDefinitionOutputs},
    tags::{DIGEST, Tags},
};

/// Registers, reads, tags and deletes task definitions.
#[derive(Debug, Clone)]
pub struct TaskDefinitionHandler {
    client: Client,
}

impl TaskDefinitionHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The revision `which` names, or the latest active one of the family it names.
    async fn describe(&self, which: &str) -> Result<Option<DescribeTaskDefinitionOutput>, HandlerError> {
        let answer = self
            .client
            .describe_task_definition()
            .task_definition(which)
            .include(TaskDefinitionField::Tags)
            .send()
            .await
            .map_err(|error| classify(Service::Ecs, "DescribeTaskDefinition", error));
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind() == HandlerErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn status(&self, arn: &str) -> Result<Option<TaskDefinitionStatus>, HandlerError> {
        let definition = self.describe(arn).await?.and_then(|answer| answer.task_definition);
        Ok(definition.and_then(|definition| definition.status))
    }
}

impl Handler for TaskDefinitionHandler {
    type Resource = TaskDefinition;

    async fn read(
        &self,
        at: Lookup<'_, TaskDefinition>,
    ) -> Result<Option<Live<TaskDefinition>>, HandlerError> {
        let which = at.outputs.map_or(at.spec.family.as_str(), |outputs| outputs.arn.as_str());
        let Some(answer) = self.describe(which).await? else { return Ok(None) };
        let tags = tags::of_ecs(answer.tags());
        let definition = answer
            .task_definition
            .ok_or_else(|| HandlerError::malformed("DescribeTaskDefinition", "no task definition"))?;
        // What is inactive can start nothing new: it is as good as deleted, and may be deleted already.
        if !matches!(definition.status(), None | Some(TaskDefinitionStatus::Active)) {
            return Ok(None);
        }
        let outputs = answer::outputs("DescribeTaskDefinition", &definition)?;
        // A revision never changes: made from this very content, it still is that, however it is described.
        let spec = if tags.get(DIGEST) == Some(at.spec.content_digest().to_string().as_str()) {
            let mut spec = at.spec.clone();
            spec.tags = tags.of_user();
            spec
        } else {
            answer::spec(&definition, &tags)?
        };
        Ok(Some(Live { spec, outputs, tags: Some(tags) }))
    }

    async fn create(&self, cx: &Cx, spec: &TaskDefinition) -> Result<TaskDefinitionOutputs, HandlerError> {
        let digest: Tags = [(DIGEST, spec.content_digest().to_string())].into_iter().collect();
        let answer = request::register(&self.client, spec)?
            .set_tags(Some(tags::to_ecs(&cx.tags(&spec.tags).merged(&digest))))
            // Registering once more makes one more revision. So the SDK must not try again by itself: an answer that was lost
            // comes to the engine, which looks for the revision before it decides.
            .customize()
            .config_override(aws_sdk_ecs::Config::builder().retry_config(RetryConfig::disabled()))
            .send()
            .await
            .map_err(|error| classify(Service::Ecs, "RegisterTaskDefinition", error))?;
        let definition = answer
            .task_definition
            .ok_or_else(|| HandlerError::malformed("RegisterTaskDefinition", "no task definition"))?;
        answer::outputs("RegisterTaskDefinition", &definition)
    }

    /// Changes the tags; nothing else of a revision can be.
    async fn update(
        &self,
        cx: &Cx,
        change: Update<'_, TaskDefinition>,
    ) -> Result<TaskDefinitionOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        tags::change(&self.client, cx, outputs.arn.as_str(), &prior.tags, &desired.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, TaskDefinition>) -> Result<(), HandlerError> {
        let arn = prior.outputs.arn.as_str();
        if let Err(error) = self.client.deregister_task_definition().task_definition(arn).send().await {
            match classify(Service::Ecs, "DeregisterTaskDefinition", error) {
                gone if gone.kind() == HandlerErrorKind::NotFound => return Ok(()),
                // Of what is inactive already AWS refuses it, in words that are not documented: look.
                refused if refused.kind() == HandlerErrorKind::Invalid => match self.status(arn).await? {
                    None | Some(TaskDefinitionStatus::DeleteInProgress) => return Ok(()),
                    Some(TaskDefinitionStatus::Inactive) => {}
                    Some(_) => return Err(refused),
                },
                error => return Err(error),
            }
        }
        // What services and tasks still refer to, AWS deletes once they are gone.
        let answer = self
            .client
            .delete_task_definitions()
            .task_definitions(arn)
            .send()
            .await
            .map_err(|error| classify(Service::Ecs, "DeleteTaskDefinitions", error));
        let answer = match answer {
            Err(gone) if gone.kind() == HandlerErrorKind::NotFound => return Ok(()),
            answer => answer.map_err(|error| error.with_effect(Effect::Unknown))?,
        };
        match answer.failures().first().map(|failure| failure.reason().unwrap_or_default()) {
            None => Ok(()),
            Some(reason) if is_gone(reason) => Ok(()),
            // That it is inactive now may take a while to be seen everywhere.
            Some(reason) => Err(HandlerError::new(HandlerErrorKind::NotYet, "DeleteTaskDefinitions", reason)
                .with_effect(Effect::Unknown)),
        }
    }
}

/// Whether the reason of a failure says that there is nothing left to delete.
fn is_gone(reason: &str) -> bool {
    ["does not exist", "NOT_FOUND", "MISSING", "DELETE_IN_PROGRESS"]
        .iter()
        .any(|words| reason.contains(words))
}

#[cfg(test)]
mod tests;
