// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`running`]: how services run.

use crate::error::{Service, classify};
use aws_sdk_ecs::{Client, types};
use futures_util::future::join_all;
use humangov_core::{
    handler::{HandlerError, HandlerErrorKind},
    kind::ecs::ServiceOutputs,
};
use std::collections::BTreeMap;

/// How a service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// How many tasks run.
    pub running: u32,
    /// How many should.
    pub desired: u32,
    /// How many are on their way.
    pub pending: u32,
    /// How the latest deployment goes: `COMPLETED`, `IN_PROGRESS` or `FAILED`.
    pub rollout: Option<String>,
    /// The ARN of the task definition that it runs or moves to.
    pub task_definition: Option<String>,
}

/// How these services run, in the same order; `None` for one that ECS does not know. One call for every ten of a cluster, all at
/// the same time.
///
/// # Errors
/// For the services of each call that fails.
pub async fn running(
    client: &Client,
    services: &[ServiceOutputs],
) -> Vec<Result<Option<Running>, HandlerError>> {
    let mut of_clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, service) in services.iter().enumerate() {
        of_clusters.entry(service.cluster.as_str()).or_default().push(index);
    }
    let batches = of_clusters
        .iter()
        .flat_map(|(cluster, indices)| indices.chunks(super::service::BATCH).map(|some| (*cluster, some)));
    let answers = join_all(batches.map(|(cluster, indices)| async move {
        let arns = indices.iter().map(|&index| services[index].arn.as_str().to_owned()).collect();
        (indices, describe(client, cluster, arns).await)
    }))
    .await;
    let mut found: Vec<_> = services.iter().map(|_| Ok(None)).collect();
    for (indices, answer) in &answers {
        for &index in *indices {
            let arn = services[index].arn.as_str();
            found[index] = match answer {
                Ok(all) => Ok(all.iter().find(|one| one.service_arn() == Some(arn)).map(of)),
                Err(error) => Err(error.clone()),
            };
        }
    }
    found
}

async fn describe(
    client: &Client,
    cluster: &str,
    services: Vec<String>,
) -> Result<Vec<types::Service>, HandlerError> {
    match client.describe_services().cluster(cluster).set_services(Some(services)).send().await {
        Ok(answer) => Ok(answer.services.unwrap_or_default()),
        Err(error) => match classify(Service::Ecs, "DescribeServices", error) {
            gone if gone.kind() == HandlerErrorKind::NotFound => Ok(Vec::new()),
            error => Err(error),
        },
    }
}

fn of(service: &types::Service) -> Running {
    let count = |count: i32| u32::try_from(count).unwrap_or(0);
    let latest = service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    Running {
        status: service.status().unwrap_or_default().to_owned(),
        running: count(service.running_count()),
        desired: count(service.desired_count()),
        pending: count(service.pending_count()),
        rollout: latest.and_then(|latest| latest.rollout_state()).map(|state| state.as_str().to_owned()),
        task_definition: service.task_definition().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mock_client;
    use aws_sdk_ecs::operation::describe_services::{DescribeServicesError, DescribeServicesOutput};
    use aws_smithy_mocks::{RuleMode, mock};
    use aws_smithy_types::error::ErrorMetadata;

    fn arn(cluster: &str, name: &str) -> String {
        format!("arn:aws:ecs:us-east-1:123456789012:service/{cluster}/{name}")
    }

    fn service(cluster: &str, name: &str) -> ServiceOutputs {
        serde_json::from_value(serde_json::json!({
            "arn": arn(cluster, name),
            "name": name,
            "cluster": format!("arn:aws:ecs:us-east-1:123456789012:cluster/{cluster}"),
            "cluster_name": cluster,
            "task_definition": "arn:aws:ecs:us-east-1:123456789012:task-definition/ohio:7",
        }))
        .expect("outputs")
    }

    fn answer(services: &[String]) -> DescribeServicesOutput {
        let one = |arn: &String| {
            let deployment = types::Deployment::builder()
                .status("PRIMARY")
                .rollout_state(types::DeploymentRolloutState::Completed)
                .build();
            types::Service::builder()
                .service_arn(arn)
                .status("ACTIVE")
                .running_count(2)
                .desired_count(3)
                .deployments(deployment)
                .task_definition("arn:aws:ecs:us-east-1:123456789012:task-definition/ohio:7")
                .build()
        };
        DescribeServicesOutput::builder()
            .set_services(Some(services.iter().filter(|arn| !arn.ends_with("gone")).map(one).collect()))
            .build()
    }

    #[tokio::test]
    async fn ten_services_of_a_cluster_are_one_call() {
        let calls: Vec<_> = [("a", 0, 10), ("a", 10, 11), ("b", 0, 1)]
            .into_iter()
            .map(|(cluster, from, to)| {
                let asked: Vec<String> = (from..to).map(|i| arn(cluster, &format!("s{i}"))).collect();
                let told = asked.clone();
                mock!(Client::describe_services)
                    .match_requests(move |request| request.services() == asked)
                    .then_output(move || answer(&told))
            })
            .collect();
        let mut services: Vec<_> = (0..11).map(|i| service("a", &format!("s{i}"))).collect();
        services.push(service("b", "s0"));
        let client = mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [&calls[0], &calls[1], &calls[2]]);
        let found = running(&client, &services).await;
        assert_eq!(calls.iter().map(aws_smithy_mocks::Rule::num_calls).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(found.len(), 12);
        for one in found {
            let one = one.expect("read").expect("known");
            assert_eq!((one.running, one.desired, one.rollout.as_deref()), (2, 3, Some("COMPLETED")));
        }
    }

    #[tokio::test]
    async fn what_is_gone_is_none_and_a_call_that_fails_fails_its_own() {
        let known = mock!(Client::describe_services)
            .match_requests(|request| request.cluster().is_some_and(|cluster| cluster.ends_with("/a")))
            .then_output(|| answer(&[arn("a", "here"), arn("a", "gone")]));
        let failing = |cluster: &'static str, code: &'static str| {
            mock!(Client::describe_services)
                .match_requests(move |request| request.cluster().is_some_and(|c| c.ends_with(cluster)))
                .then_error(move || {
                    DescribeServicesError::generic(ErrorMetadata::builder().code(code).message("no").build())
                })
        };
        let (denied, none) =
            (failing("/b", "AccessDeniedException"), failing("/c", "ClusterNotFoundException"));
        let client = mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [&known, &denied, &none]);
        let services = [service("a", "here"), service("b", "x"), service("a", "gone"), service("c", "y")];
        let found = running(&client, &services).await;
        let [Ok(Some(here)), Err(error), Ok(None), Ok(None)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(here.status, "ACTIVE");
        assert_eq!(error.kind(), HandlerErrorKind::AccessDenied);
    }
}
