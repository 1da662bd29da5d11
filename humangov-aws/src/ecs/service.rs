// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `ecs.service`.

mod changes;
#[cfg(feature = "cloudwatchlogs")]
mod last_words;
mod rollout;

use super::{convert, tags};
use crate::error::{self, classify};
use aws_sdk_ecs::{Client, types};
use humangov_core::{
    handler::{Cx, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Readiness, Update},
    kind::ecs::{Scheduling, Service, ServiceOutputs},
    resource::Resource,
    value::Digest,
};
use std::collections::BTreeMap;

/// The most services one DescribeServices takes.
pub(super) const BATCH: usize = 10;

/// Makes, reads, changes and deletes services, and follows their deployments.
#[derive(Debug, Clone)]
pub struct ServiceHandler {
    client: Client,
    #[cfg(feature = "cloudwatchlogs")]
    logs: Option<aws_sdk_cloudwatchlogs::Client>,
}

impl ServiceHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            #[cfg(feature = "cloudwatchlogs")]
            logs: None,
        }
    }

    /// The same, which also tells the last lines that a container of a failed deployment logged, read by `logs`.
    ///
    /// They are told as they are, so a container must not log what nobody may see. Needs `logs:GetLogEvents` and
    /// `ecs:DescribeTaskDefinition`; without them the failure is told all the same.
    #[cfg(feature = "cloudwatchlogs")]
    #[must_use]
    pub fn with_logs(mut self, logs: aws_sdk_cloudwatchlogs::Client) -> Self {
        self.logs = Some(logs);
        self
    }

    /// What is known of a failed deployment besides its reason, a line each.
    async fn story(&self, service: &types::Service, outputs: &ServiceOutputs) -> Vec<String> {
        let mut story = rollout::events(service, outputs);
        let stopped = match rollout::stopped_tasks(&self.client, outputs).await {
            Ok(stopped) => stopped,
            Err(error) => {
                story.push(format!("the stopped tasks could not be read: {error}"));
                return story;
            }
        };
        story.extend(rollout::why_stopped(&stopped));
        #[cfg(feature = "cloudwatchlogs")]
        if let Some(logs) = &self.logs {
            story.extend(last_words::told(&self.client, logs, &stopped).await);
        }
        story
    }

    /// Those of these services of `cluster` that ECS still knows, whatever their status; none if there is no such cluster.
    async fn describe(&self, cluster: &str, names: &[&str]) -> Result<Vec<types::Service>, HandlerError> {
        let answer = self
            .client
            .describe_services()
            .cluster(cluster)
            .set_services(Some(names.iter().map(|&name| name.to_owned()).collect()))
            .include(types::ServiceField::Tags)
            .send()
            .await;
        match answer {
            // One that never was, or was forgotten, is among the failures (MISSING).
            Ok(answer) => Ok(answer.services.unwrap_or_default()),
            Err(error) => match classify(error::Service::Ecs, "DescribeServices", error) {
                gone if gone.kind() == HandlerErrorKind::NotFound => Ok(Vec::new()),
                error => Err(error),
            },
        }
    }

    async fn describe_one(&self, cluster: &str, name: &str) -> Result<Option<types::Service>, HandlerError> {
        let found = self.describe(cluster, &[name]).await?;
        Ok(found.into_iter().find(|service| service.service_name() == Some(name)))
    }

    /// What a refused CreateService means.
    async fn refused(&self, spec: &Service, error: HandlerError) -> HandlerError {
        match error.kind() {
            // The cluster was made a moment ago, and is not seen everywhere yet.
            HandlerErrorKind::NotFound => error.with_kind(HandlerErrorKind::NotYet),
            // A service that is draining holds its name, but cannot be had back.
            HandlerErrorKind::AlreadyExists => {
                match self.describe_one(spec.cluster.text(), &spec.name).await {
                    Ok(Some(service)) if service.status() == Some("DRAINING") => {
                        error.with_kind(HandlerErrorKind::NotYet)
                    }
                    _ => error,
                }
            }
            _ => error,
        }
    }
}

impl Handler for ServiceHandler {
    type Resource = Service;

    async fn read(&self, at: Lookup<'_, Service>) -> Result<Option<Live<Service>>, HandlerError> {
        self.read_many(&[at]).await.pop().unwrap_or(Ok(None))
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, Service>],
    ) -> Vec<Result<Option<Live<Service>>, HandlerError>> {
        let mut answers: Vec<_> = at.iter().map(|_| Ok(None)).collect();
        // One call is about one cluster.
        let mut of_clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, at) in at.iter().enumerate() {
            let recorded = at.outputs.map(|outputs| &outputs.cluster);
            if let Some(cluster) = at.spec.cluster.known().or(recorded) {
                of_clusters.entry(cluster.as_str()).or_default().push(index);
            }
        }
        for (cluster, indices) in of_clusters {
            for indices in indices.chunks(BATCH) {
                let names: Vec<&str> = indices.iter().map(|&index| at[index].spec.name.as_str()).collect();
                let found = self.describe(cluster, &names).await;
                for (&index, name) in indices.iter().zip(names) {
                    answers[index] = match &found {
                        // DRAINING and INACTIVE services can neither be changed nor had back.
                        Ok(found) => found
                            .iter()
                            .find(|service| {
                                service.service_name() == Some(name) && service.status() == Some("ACTIVE")
                            })
                            .map(convert::live)
                            .transpose(),
                        Err(error) => Err(error.clone()),
                    };
                }
            }
        }
        answers
    }

    async fn create(&self, cx: &Cx, spec: &Service) -> Result<ServiceOutputs, HandlerError> {
        let mut spec = spec.clone();
        spec.normalize();
        let digest = Digest::of_value(&spec).map_err(|error| {
            HandlerError::new(HandlerErrorKind::Invalid, "CreateService", "cannot be written as JSON")
                .with_source(error)
        })?;
        let launch = &spec.launch;
        let daemon = launch.scheduling() == Scheduling::Daemon;
        let answer = self
            .client
            .create_service()
            .cluster(spec.cluster.text())
            .service_name(&spec.name)
            .task_definition(spec.task_definition.text())
            // The same call again is then the same service, on AWS and where an answer was lost.
            .client_token(cx.client_token(digest))
            .set_desired_count((!daemon).then(|| spec.desired_count.map_or(1, convert::int)))
            .scheduling_strategy(convert::scheduling(launch.scheduling()))
            .set_launch_type(launch.launch_type().map(convert::launch_type))
            .set_capacity_provider_strategy(
                Some(convert::strategy(&launch.capacity_provider_strategy()))
                    .filter(|items| !items.is_empty()),
            )
            .set_platform_version(launch.platform_version().map(str::to_owned))
            .set_network_configuration(launch.network().map(convert::network))
            .set_load_balancers(
                Some(convert::load_balancers(launch.load_balancers()))
                    .filter(|balancers| !balancers.is_empty()),
            )
            .set_health_check_grace_period_seconds(spec.health_check_grace_period_seconds.map(convert::int))
            .deployment_configuration(convert::deployment_configuration(
                &spec.deployment_configuration,
                false,
            ))
            .set_availability_zone_rebalancing(spec.availability_zone_rebalancing.map(convert::rebalancing))
            .set_placement_constraints(
                Some(convert::placement_constraints(launch.placement_constraints()))
                    .filter(|constraints| !constraints.is_empty()),
            )
            .set_placement_strategy(
                Some(convert::placement_strategy(launch.placement_strategy()))
                    .filter(|strategy| !strategy.is_empty()),
            )
            .enable_execute_command(spec.enable_execute_command)
            .enable_ecs_managed_tags(spec.enable_ecs_managed_tags)
            .propagate_tags(convert::propagate_tags(spec.propagate_tags))
            .set_tags(Some(tags::to_ecs(&cx.tags(&spec.tags))))
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let made = answer.service.as_ref();
                convert::outputs(made.ok_or_else(|| HandlerError::malformed("CreateService", "no service"))?)
            }
            Err(error) => {
                Err(self.refused(&spec, classify(error::Service::Ecs, "CreateService", error)).await)
            }
        }
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Service>) -> Result<ServiceOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let after = match changes::between(prior, desired) {
            None => outputs.clone(),
            Some(changes) => {
                let answer = self
                    .client
                    .update_service()
                    .cluster(outputs.cluster.as_str())
                    .service(&outputs.name)
                    .set_task_definition(changes.task_definition)
                    .set_desired_count(changes.desired_count)
                    .set_capacity_provider_strategy(changes.capacity_provider_strategy)
                    .set_force_new_deployment(changes.force_new_deployment)
                    .set_platform_version(changes.platform_version)
                    .set_network_configuration(changes.network_configuration)
                    .set_load_balancers(changes.load_balancers)
                    .set_placement_constraints(changes.placement_constraints)
                    .set_placement_strategy(changes.placement_strategy)
                    .set_health_check_grace_period_seconds(changes.health_check_grace_period_seconds)
                    .set_deployment_configuration(changes.deployment_configuration)
                    .set_availability_zone_rebalancing(changes.availability_zone_rebalancing)
                    .set_enable_execute_command(changes.enable_execute_command)
                    .set_enable_ecs_managed_tags(changes.enable_ecs_managed_tags)
                    .set_propagate_tags(changes.propagate_tags)
                    .send()
                    .await
                    .map_err(|error| classify(error::Service::Ecs, "UpdateService", error))?;
                let service = answer.service.as_ref();
                convert::outputs(
                    service.ok_or_else(|| HandlerError::malformed("UpdateService", "no service"))?,
                )?
            }
        };
        tags::change(&self.client, cx, outputs.arn.as_str(), &prior.tags, &desired.tags).await?;
        Ok(after)
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Service>) -> Result<(), HandlerError> {
        // What a service holds (network interfaces, targets, its cluster) is free only once its last task has stopped, so
        // the deletion is over only then. Asking first makes every further try a mere look.
        let (cluster, name) = (prior.outputs.cluster.as_str(), &prior.outputs.name);
        let Some(mut service) = self.describe_one(cluster, name).await? else { return Ok(()) };
        if service.status() == Some("ACTIVE") {
            let answer = self.client.delete_service().cluster(cluster).service(name).force(true).send().await;
            service = match answer {
                Ok(answer) => {
                    answer.service.ok_or_else(|| HandlerError::malformed("DeleteService", "no service"))?
                }
                Err(error) => {
                    return match classify(error::Service::Ecs, "DeleteService", error) {
                        gone if gone.kind() == HandlerErrorKind::NotFound => Ok(()),
                        error => Err(error),
                    };
                }
            };
        }
        // Emulators are done at once.
        if service.status() == Some("INACTIVE") {
            return Ok(());
        }
        let left = service.running_count() + service.pending_count();
        let tasks = if left == 1 { "task" } else { "tasks" };
        Err(HandlerError::new(
            HandlerErrorKind::NotYet,
            "DeleteService",
            format!("draining: {left} {tasks} left"),
        ))
    }

    async fn ready(&self, _: &Cx, _: &Service, outputs: &ServiceOutputs) -> Result<Readiness, HandlerError> {
        let found = self.describe_one(outputs.cluster.as_str(), &outputs.name).await?;
        // It was just made or changed: what is not seen is not seen yet. One that was deleted stays INACTIVE for a while.
        let Some(service) = found else { return Ok(Readiness::Pending("not visible yet".to_owned())) };
        Ok(match rollout::judge(&service, outputs) {
            rollout::Verdict::Ready => Readiness::Ready,
            rollout::Verdict::Pending(what) => Readiness::Pending(what),
            rollout::Verdict::Failed { reason, since_then } => {
                let mut details = self.story(&service, outputs).await;
                details.extend(since_then);
                Readiness::Failed { reason, details }
            }
        })
    }
}

#[cfg(test)]
mod tests;
