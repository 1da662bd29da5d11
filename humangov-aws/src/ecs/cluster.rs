// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `ecs.cluster`.

use super::{convert, tags};
use crate::error::{Service, classify};
use aws_sdk_ecs::{Client, types};
use humangov_core::{
    handler::{Cx, Effect, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Readiness, Update},
    kind::ecs::{CapacityProvider, Cluster, ClusterOutputs, ContainerInsights},
    resource::Resource,
};

/// The most clusters one DescribeClusters takes.
const BATCH: usize = 100;

/// Makes, reads, changes and deletes clusters.
#[derive(Debug, Clone)]
pub struct ClusterHandler {
    client: Client,
}

impl ClusterHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Those of these clusters that exist, in no particular order.
    async fn describe(&self, names: &[&str]) -> Result<Vec<types::Cluster>, HandlerError> {
        use types::ClusterField::{Configurations, Settings, Tags};
        let answer = self
            .client
            .describe_clusters()
            .set_clusters(Some(names.iter().map(|&name| name.to_owned()).collect()))
            .set_include(Some(vec![Tags, Settings, Configurations]))
            .send()
            .await
            .map_err(|error| classify(Service::Ecs, "DescribeClusters", error))?;
        // One that is not there is among the failures (MISSING), or still shown as INACTIVE for a while.
        let there =
            |cluster: &types::Cluster| !matches!(cluster.status(), Some("INACTIVE" | "DEPROVISIONING"));
        Ok(answer.clusters.unwrap_or_default().into_iter().filter(there).collect())
    }

    async fn put_capacity_providers(&self, spec: &Cluster) -> Result<(), HandlerError> {
        // Both lists are replaced whole, so both are always sent.
        self.client
            .put_cluster_capacity_providers()
            .cluster(&spec.name)
            .set_capacity_providers(Some(provider_names(spec)))
            .set_default_capacity_provider_strategy(Some(convert::strategy(
                &spec.default_capacity_provider_strategy,
            )))
            .send()
            .await
            .map(drop)
            .map_err(|error| classify(Service::Ecs, "PutClusterCapacityProviders", error))
    }
}

impl Handler for ClusterHandler {
    type Resource = Cluster;

    async fn read(&self, at: Lookup<'_, Cluster>) -> Result<Option<Live<Cluster>>, HandlerError> {
        self.read_many(&[at]).await.pop().unwrap_or(Ok(None))
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, Cluster>],
    ) -> Vec<Result<Option<Live<Cluster>>, HandlerError>> {
        let mut answers = Vec::with_capacity(at.len());
        for asked in at.chunks(BATCH) {
            let names: Vec<&str> = asked.iter().map(|at| at.spec.name.as_str()).collect();
            let found = self.describe(&names).await;
            answers.extend(names.iter().map(|&name| match &found {
                Ok(found) => found.iter().find(|c| c.cluster_name() == Some(name)).map(live).transpose(),
                Err(error) => Err(error.clone()),
            }));
        }
        answers
    }

    async fn create(&self, cx: &Cx, spec: &Cluster) -> Result<ClusterOutputs, HandlerError> {
        let wanted = cx.tags(&spec.tags);
        let answer = self
            .client
            .create_cluster()
            .cluster_name(&spec.name)
            .set_settings(spec.container_insights.map(settings))
            .set_capacity_providers(Some(provider_names(spec)).filter(|names| !names.is_empty()))
            .set_default_capacity_provider_strategy(
                Some(convert::strategy(&spec.default_capacity_provider_strategy))
                    .filter(|strategy| !strategy.is_empty()),
            )
            .set_tags(Some(tags::to_ecs(&wanted)))
            .send()
            .await
            .map_err(|error| classify(Service::Ecs, "CreateCluster", error))?;
        let mut cluster =
            answer.cluster.ok_or_else(|| HandlerError::malformed("CreateCluster", "no cluster"))?;
        // A taken name is no error: the answer is the cluster that bears it, as it was. Only its tags tell whose it is.
        if cluster.tags().is_empty() {
            let found = self.describe(&[&spec.name]).await.map_err(|e| e.with_effect(Effect::Unknown))?;
            cluster = found.into_iter().next().ok_or_else(|| {
                HandlerError::malformed("DescribeClusters", "the cluster just made is not there")
            })?;
        }
        if tags::of_ecs(cluster.tags()).owner() != wanted.owner() {
            return Err(HandlerError::new(
                HandlerErrorKind::AlreadyExists,
                "CreateCluster",
                format!("there is a cluster {} already, and its tags do not say that it is ours", spec.name),
            ));
        }
        outputs(&cluster)
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Cluster>) -> Result<ClusterOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        // Without a setting of ours the account's default holds, and that is not known here: what is set then stays.
        if let Some(insights) = desired.container_insights
            && prior.container_insights != Some(insights)
        {
            self.client
                .update_cluster()
                .cluster(&desired.name)
                .set_settings(Some(settings(insights)))
                .send()
                .await
                .map_err(|error| classify(Service::Ecs, "UpdateCluster", error))?;
        }
        let providers = |cluster: &Cluster| {
            let mut cluster = cluster.clone();
            cluster.normalize();
            (cluster.capacity_providers, cluster.default_capacity_provider_strategy)
        };
        if providers(prior) != providers(desired) {
            self.put_capacity_providers(desired).await?;
        }
        tags::change(&self.client, cx, outputs.arn.as_str(), &prior.tags, &desired.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Cluster>) -> Result<(), HandlerError> {
        match self.client.delete_cluster().cluster(&prior.spec.name).send().await {
            Ok(_) => Ok(()),
            Err(error) => match classify(Service::Ecs, "DeleteCluster", error) {
                gone if gone.kind() == HandlerErrorKind::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }

    async fn ready(
        &self,
        cx: &Cx,
        spec: &Cluster,
        outputs: &ClusterOutputs,
    ) -> Result<Readiness, HandlerError> {
        // Only what comes with capacity providers takes time.
        if spec.capacity_providers.is_empty() {
            return Ok(Readiness::Ready);
        }
        let _ = cx;
        let found = self.describe(&[&outputs.name]).await?;
        let Some(cluster) = found.first() else {
            return Ok(Readiness::Pending("not visible yet".to_owned()));
        };
        Ok(match cluster.status().unwrap_or("ACTIVE") {
            "ACTIVE" => Readiness::Ready,
            "FAILED" => Readiness::Failed {
                reason: "its capacity providers could not be set up".to_owned(),
                details: Vec::new(),
            },
            other => Readiness::Pending(other.to_ascii_lowercase()),
        })
    }
}

fn settings(insights: ContainerInsights) -> Vec<types::ClusterSetting> {
    vec![
        types::ClusterSetting::builder()
            .name(types::ClusterSettingName::ContainerInsights)
            .value(insights.as_str())
            .build(),
    ]
}

fn provider_names(spec: &Cluster) -> Vec<String> {
    spec.capacity_providers.iter().map(|provider| provider.as_str().to_owned()).collect()
}

fn outputs(cluster: &types::Cluster) -> Result<ClusterOutputs, HandlerError> {
    let arn = convert::arn(cluster.cluster_arn(), "clusterArn")?;
    let name = cluster.cluster_name().unwrap_or_default().to_owned();
    Ok(ClusterOutputs { arn, name })
}

fn live(cluster: &types::Cluster) -> Result<Live<Cluster>, HandlerError> {
    let (outputs, tags) = (outputs(cluster)?, tags::of_ecs(cluster.tags()));
    let mut spec = Cluster::builder().name(&outputs.name).tags(tags.of_user()).build();
    spec.container_insights = cluster
        .settings()
        .iter()
        .find(|setting| setting.name() == Some(&types::ClusterSettingName::ContainerInsights))
        .and_then(|setting| match setting.value()? {
            "enabled" => Some(ContainerInsights::Enabled),
            "enhanced" => Some(ContainerInsights::Enhanced),
            "disabled" => Some(ContainerInsights::Disabled),
            _ => None,
        });
    spec.capacity_providers =
        cluster.capacity_providers().iter().map(|name| CapacityProvider::from(name.as_str())).collect();
    spec.default_capacity_provider_strategy =
        convert::from_strategy(cluster.default_capacity_provider_strategy());
    spec.normalize();
    Ok(Live { spec, outputs, tags: Some(tags) })
}

#[cfg(test)]
mod tests;
