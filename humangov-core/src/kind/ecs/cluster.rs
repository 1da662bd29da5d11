// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ecs.cluster`: where services and tasks live.

use super::capacity::{CapacityProvider, StrategyItem, validate_strategy};
use crate::{
    address::Kind,
    arn::Arn,
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::Attr,
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A cluster.
///
/// ```
/// use humangov_core::kind::ecs::{CapacityProvider, Cluster, ContainerInsights};
/// let cluster = Cluster::builder()
///     .name("humangov")
///     .container_insights(ContainerInsights::Enabled)
///     .capacity_provider(CapacityProvider::Fargate)
///     .capacity_provider(CapacityProvider::FargateSpot)
///     .default_strategy(CapacityProvider::FargateSpot, 1, 0)
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a capacity provider that services of this cluster may use.
    pub fn capacity_provider(&mut self, provider: impl Into<CapacityProvider>) {
        self.capacity_providers.push(provider.into());
    }
    /// Adds a share to the default strategy: `weight` is 0 to 1000, `base` 0 to 100 000 tasks.
    pub fn default_strategy(&mut self, provider: impl Into<CapacityProvider>, weight: u32, base: u32) {
        self.default_capacity_provider_strategy.push(StrategyItem::new(provider.into(), weight, base));
    }
))]
pub struct Cluster {
    /// The name: 1 to 255 of `A-Z a-z 0-9 _ -`; unique in account and region.
    #[builder(setter(into))]
    pub name: String,
    /// How much CloudWatch observes. Absent: as the account's default says.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub container_insights: Option<ContainerInsights>,
    /// The capacity providers that services of this cluster may use, 20 at most. The Fargate launch type needs none.
    #[builder(via_mutators)]
    #[serde(default)]
    pub capacity_providers: Vec<CapacityProvider>,
    /// How tasks that name neither a launch type nor a strategy are spread. Only providers of this cluster.
    #[builder(via_mutators)]
    #[serde(default)]
    pub default_capacity_provider_strategy: Vec<StrategyItem<CapacityProvider>>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// How much CloudWatch observes of a cluster (the cluster setting `containerInsights`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerInsights {
    /// Nothing but the metrics of services.
    Disabled,
    /// Clusters, services and tasks.
    Enabled,
    /// Containers as well.
    Enhanced,
}

impl ContainerInsights {
    /// The value, as AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Enhanced => "enhanced",
        }
    }
}

impl Cluster {
    /// The most capacity providers a cluster may have (PutClusterCapacityProviders).
    pub const MAX_CAPACITY_PROVIDERS: usize = 20;

    /// The cluster's name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
}

/// What is known of a cluster that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterOutputs {
    /// The ARN.
    pub arn: Arn<Cluster>,
    /// The name.
    pub name: String,
}

impl Resource for Cluster {
    const KIND: Kind = Kind::new("ecs.cluster");
    const RULES: &'static [Rule] = &[
        Rule::Immutable("/name"),
        Rule::KeyedBy("/default_capacity_provider_strategy", "capacity_provider"),
    ];
    type Outputs = ClusterOutputs;

    fn normalize(&mut self) {
        self.capacity_providers.sort();
        self.default_capacity_provider_strategy.sort();
    }

    fn validate(&self, found: &mut Violations) {
        found.check(
            is_name(&self.name),
            "name",
            || "a cluster's name has 1 to 255 of A-Z, a-z, 0-9, _ and -",
        );
        let providers = &self.capacity_providers;
        found.check(providers.len() <= Self::MAX_CAPACITY_PROVIDERS, "capacity_providers", || {
            format!(
                "{} capacity providers; a cluster has at most {}",
                providers.len(),
                Self::MAX_CAPACITY_PROVIDERS
            )
        });
        for (i, provider) in providers.iter().enumerate() {
            let path = format!("capacity_providers.{provider}");
            provider.validate(&path, found);
            found.check(!providers[..i].contains(provider), &path, || "a provider can be listed only once");
        }
        let strategy = &self.default_capacity_provider_strategy;
        validate_strategy(strategy, "default_capacity_provider_strategy", found);
        for item in strategy {
            let provider = &item.capacity_provider;
            found.check(
                providers.contains(provider),
                &format!("default_capacity_provider_strategy.{provider}"),
                || "this is none of the cluster's capacity_providers; add it there as well",
            );
        }
        self.tags.validate(found);
    }
}

impl HasArn for Cluster {}

/// What ECS allows in the names of clusters, services, containers and capacity providers.
pub(super) fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(cluster: &Cluster) -> String {
        let mut found = Violations::default();
        cluster.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_cluster_is_fine() {
        let cluster = Cluster::builder()
            .name("humangov")
            .container_insights(ContainerInsights::Enhanced)
            .capacity_provider("FARGATE")
            .capacity_provider("my-group")
            .default_strategy("FARGATE", 1, 1)
            .build();
        assert_eq!(problems(&cluster), "");
        assert_eq!(problems(&Cluster::builder().name("humangov").build()), "");
    }

    #[test]
    fn every_problem_is_told() {
        let mut cluster = Cluster::builder()
            .name("human gov")
            .capacity_provider("FARGATE")
            .capacity_provider("FARGATE")
            .default_strategy("FARGATE_SPOT", 1, 0)
            .build();
        assert_eq!(
            problems(&cluster),
            "name: a cluster's name has 1 to 255 of A-Z, a-z, 0-9, _ and -\n\
             capacity_providers.FARGATE: a provider can be listed only once\n\
             default_capacity_provider_strategy.FARGATE_SPOT: this is none of the cluster's capacity_providers; add it there as well"
        );
        cluster.name = "x".repeat(256);
        assert!(problems(&cluster).starts_with("name: "));
        let many = (0..21).fold(Cluster::builder().name("x").build(), |mut cluster, i| {
            cluster.capacity_providers.push(format!("p{i}").into());
            cluster
        });
        assert_eq!(problems(&many), "capacity_providers: 21 capacity providers; a cluster has at most 20");
    }

    #[test]
    fn the_order_of_providers_makes_no_difference() {
        let mut one = Cluster::builder()
            .name("x")
            .capacity_provider("FARGATE_SPOT")
            .capacity_provider("FARGATE")
            .build();
        let mut other = Cluster::builder()
            .name("x")
            .capacity_provider("FARGATE")
            .capacity_provider("FARGATE_SPOT")
            .build();
        one.normalize();
        other.normalize();
        assert_eq!(one, other);
    }
}
