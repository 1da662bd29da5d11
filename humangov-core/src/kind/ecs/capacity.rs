// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capacity providers, and how tasks are spread over them.

use crate::resource::Violations;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// Where tasks get their compute from. Written as AWS writes it: `FARGATE`, `FARGATE_SPOT`, or a provider's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum CapacityProvider {
    /// Fargate.
    Fargate,
    /// Spare Fargate capacity: cheaper, taken back with a warning of two minutes.
    FargateSpot,
    /// A provider of one's own (an Auto Scaling group), by name: 1 to 255 of `A-Z a-z 0-9 _ -`, not beginning with
    /// `aws`, `ecs` or `fargate`.
    Named(String),
}

impl CapacityProvider {
    /// The name, as AWS writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Fargate => "FARGATE",
            Self::FargateSpot => "FARGATE_SPOT",
            Self::Named(name) => name,
        }
    }

    pub(super) fn validate(&self, path: &str, found: &mut Violations) {
        if let Self::Named(name) = self {
            validate_named(name, path, found);
        }
    }
}

impl From<String> for CapacityProvider {
    fn from(name: String) -> Self {
        match name.as_str() {
            "FARGATE" => Self::Fargate,
            "FARGATE_SPOT" => Self::FargateSpot,
            _ => Self::Named(name),
        }
    }
}

impl From<&str> for CapacityProvider {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

impl From<CapacityProvider> for String {
    fn from(provider: CapacityProvider) -> Self {
        match provider {
            CapacityProvider::Named(name) => name,
            other => other.as_str().to_owned(),
        }
    }
}

impl fmt::Display for CapacityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One of Fargate's two providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FargateProvider {
    /// Fargate.
    #[serde(rename = "FARGATE")]
    Fargate,
    /// Spare Fargate capacity.
    #[serde(rename = "FARGATE_SPOT")]
    FargateSpot,
}

impl From<FargateProvider> for CapacityProvider {
    fn from(provider: FargateProvider) -> Self {
        match provider {
            FargateProvider::Fargate => Self::Fargate,
            FargateProvider::FargateSpot => Self::FargateSpot,
        }
    }
}

/// The share of one provider `P` in a capacity provider strategy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StrategyItem<P> {
    /// The provider.
    pub capacity_provider: P,
    /// The share of the tasks beyond all bases, relative to the other weights: 0 to 1000.
    #[serde(default)]
    pub weight: u32,
    /// How many tasks run here before weights count: 0 to 100 000; only one item of a strategy may have any.
    #[serde(default)]
    pub base: u32,
}

impl<P> StrategyItem<P> {
    /// The most items a strategy may have (CreateService, `capacityProviderStrategy`).
    pub const MAX_ITEMS: usize = 20;
    /// The largest weight (`CapacityProviderStrategyItem`).
    pub const MAX_WEIGHT: u32 = 1_000;
    /// The largest base (`CapacityProviderStrategyItem`).
    pub const MAX_BASE: u32 = 100_000;

    /// This share.
    pub const fn new(capacity_provider: P, weight: u32, base: u32) -> Self {
        Self { capacity_provider, weight, base }
    }

    /// The same share, with the provider in the common form.
    pub fn to_common(&self) -> StrategyItem<CapacityProvider>
    where
        P: Clone + Into<CapacityProvider>,
    {
        StrategyItem::new(self.capacity_provider.clone().into(), self.weight, self.base)
    }
}

/// The rules of a strategy that has items.
pub(super) fn validate_strategy(
    items: &[StrategyItem<CapacityProvider>],
    path: &str,
    found: &mut Violations,
) {
    type Item = StrategyItem<CapacityProvider>;
    found.check(items.len() <= Item::MAX_ITEMS, path, || {
        format!("{} items; a strategy has at most {}", items.len(), Item::MAX_ITEMS)
    });
    let mut seen = BTreeSet::new();
    for item in items {
        let path = format!("{path}.{}", item.capacity_provider);
        item.capacity_provider.validate(&path, found);
        found.check(seen.insert(&item.capacity_provider), &path, || "a provider can be listed only once");
        found.check(item.weight <= Item::MAX_WEIGHT, &format!("{path}.weight"), || {
            format!("{} is not a weight; allowed are 0 to {}", item.weight, Item::MAX_WEIGHT)
        });
        found.check(item.base <= Item::MAX_BASE, &format!("{path}.base"), || {
            format!("{} is not a base; allowed are 0 to {}", item.base, Item::MAX_BASE)
        });
    }
    found.check(
        items.iter().filter(|item| item.base > 0).count() <= 1,
        path,
        || "only one item of a strategy may have a base",
    );
    // Providers of weight 0 run nothing beyond their base, so such a strategy cannot place tasks.
    found.check(
        items.is_empty() || items.iter().any(|item| item.weight > 0),
        path,
        || "at least one item needs a weight above 0",
    );
    let of_fargate = |item: &Item| !matches!(item.capacity_provider, CapacityProvider::Named(_));
    found.check(
        items.iter().all(of_fargate) || !items.iter().any(of_fargate),
        path,
        || "FARGATE and FARGATE_SPOT cannot be mixed with other providers in one strategy",
    );
}

pub(super) fn validate_named(name: &str, path: &str, found: &mut Violations) {
    found.check(super::cluster::is_name(name), path, || {
        format!("{name:?} is not a capacity provider; write FARGATE, FARGATE_SPOT or 1 to 255 of A-Z, a-z, 0-9, _ and -")
    });
    let lower = name.to_ascii_lowercase();
    found.check(
        !["aws", "ecs", "fargate"].iter().any(|reserved| lower.starts_with(reserved)),
        path,
        || "names beginning with aws, ecs or fargate are reserved by AWS",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Provider, weight, base.
    type Item<'a> = (&'a str, u32, u32);

    fn problems(items: &[Item<'_>]) -> String {
        let items: Vec<_> =
            items.iter().map(|&(name, weight, base)| StrategyItem::new(name.into(), weight, base)).collect();
        let mut found = Violations::default();
        validate_strategy(&items, "strategy", &mut found);
        found.to_string()
    }

    #[test]
    fn a_provider_is_written_as_aws_writes_it() {
        let providers = [CapacityProvider::Fargate, "FARGATE_SPOT".into(), "my-group".into()];
        let text = serde_json::to_string(&providers).expect("JSON");
        assert_eq!(text, r#"["FARGATE","FARGATE_SPOT","my-group"]"#);
        assert_eq!(serde_json::from_str::<Vec<CapacityProvider>>(&text).expect("reads"), providers);
        let both = serde_json::to_string(&[FargateProvider::Fargate, FargateProvider::FargateSpot]);
        assert_eq!(both.expect("JSON"), r#"["FARGATE","FARGATE_SPOT"]"#);
    }

    #[test]
    fn every_rule_of_a_strategy_is_checked() {
        let cases: &[(&[Item<'_>], &str)] = &[
            (&[("FARGATE", 1, 1), ("FARGATE_SPOT", 3, 0)], ""),
            (&[("a", 1, 0)], ""),
            (
                &[("FARGATE", 1, 1), ("FARGATE_SPOT", 3, 1)],
                "strategy: only one item of a strategy may have a base",
            ),
            (&[("FARGATE", 0, 1)], "strategy: at least one item needs a weight above 0"),
            (&[("FARGATE", 1001, 0)], "strategy.FARGATE.weight: 1001 is not a weight; allowed are 0 to 1000"),
            (&[("a", 1, 100_001)], "strategy.a.base: 100001 is not a base; allowed are 0 to 100000"),
            (
                &[("FARGATE", 1, 0), ("a", 1, 0)],
                "strategy: FARGATE and FARGATE_SPOT cannot be mixed with other providers in one strategy",
            ),
            (&[("a", 1, 0), ("a", 2, 0)], "strategy.a: a provider can be listed only once"),
            (
                &[("ecs-mine", 1, 0)],
                "strategy.ecs-mine: names beginning with aws, ecs or fargate are reserved by AWS",
            ),
            (
                &[("a b", 1, 0)],
                "strategy.a b: \"a b\" is not a capacity provider; write FARGATE, FARGATE_SPOT or 1 to 255 of A-Z, a-z, 0-9, _ and -",
            ),
        ];
        for (items, expected) in cases {
            assert_eq!(&problems(items), expected, "{items:?}");
        }
        let many: Vec<_> = (0..21).map(|i| format!("p{i}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), 1, 0)).collect();
        assert_eq!(problems(&many), "strategy: 21 items; a strategy has at most 20");
    }
}
