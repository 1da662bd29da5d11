// SPDX-License-Identifier: MIT OR Apache-2.0
//! `autoscaling.target`: lets a service have more or fewer tasks as the load asks for.

use crate::{
    address::Kind,
    resource::{Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Input},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use typed_builder::TypedBuilder;

/// The desired count of an ECS service, as something that is scaled.
///
/// Leave the service's own `desired_count` absent: from its creation on, this target moves it within its range.
///
/// ```
/// use humangov_core::kind::autoscaling::{Metric, ScalableTarget, TargetTracking};
/// // In a stack: `.cluster_name(service.get(ecs::Service::CLUSTER_NAME)).service_name(service.get(ecs::Service::NAME))`.
/// let target = ScalableTarget::builder()
///     .cluster_name("humangov")
///     .service_name("humangov-california")
///     .min_capacity(1)
///     .max_capacity(4)
///     .policy("cpu", TargetTracking::builder().metric(Metric::CpuUtilization).target_value(60).build())
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a policy, or replaces the one of this name.
    pub fn policy(&mut self, name: impl Into<String>, policy: TargetTracking) {
        self.policies.insert(name.into(), policy);
    }
))]
pub struct ScalableTarget {
    /// The name of the service's cluster.
    #[builder(setter(into))]
    pub cluster_name: Input<String>,
    /// The name of the service.
    #[builder(setter(into))]
    pub service_name: Input<String>,
    /// The fewest tasks.
    pub min_capacity: u32,
    /// The most tasks.
    pub max_capacity: u32,
    /// What the number of tasks follows, by the policy's name: 1 to 256 printable characters.
    #[builder(via_mutators)]
    #[serde(default)]
    pub policies: BTreeMap<String, TargetTracking>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// A policy that adds and removes tasks to keep a metric at a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct TargetTracking {
    /// What is measured.
    pub metric: Metric,
    /// The value to keep it at: percent of what the tasks reserve, or requests per target and minute. At least 1.
    pub target_value: u32,
    /// How long to wait after removing tasks before removing more, in seconds. Absent: 300.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub scale_in_cooldown: Option<u32>,
    /// How long to wait after adding tasks before adding more, in seconds. Absent: 300.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub scale_out_cooldown: Option<u32>,
    /// Whether this policy never removes tasks.
    #[builder(default)]
    #[serde(default)]
    pub disable_scale_in: bool,
}

/// What a [`TargetTracking`] policy measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// The average of the service's CPU use, in percent of what it reserves (`ECSServiceAverageCPUUtilization`).
    CpuUtilization,
    /// The average of the service's memory use, in percent of what it reserves (`ECSServiceAverageMemoryUtilization`).
    MemoryUtilization,
    /// Requests per target and minute (`ALBRequestCountPerTarget`).
    AlbRequestCountPerTarget {
        /// Which targets of which load balancer: `app/NAME/ID/targetgroup/NAME/ID`, the ends of their two ARNs.
        resource_label: Input<String>,
    },
}

/// What is known of a scalable target that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalableTargetOutputs {
    /// What is scaled: `service/CLUSTER/SERVICE`.
    pub resource_id: String,
    /// The ARN, if it has one: those made before 2023 do not.
    #[serde(default)]
    pub arn: Option<String>,
}

impl ScalableTarget {
    /// What is scaled: `service/CLUSTER/SERVICE`.
    pub const RESOURCE_ID: Attr<Self, String> = Attr::new("resource_id");

    /// What is scaled, if it is known yet: `service/CLUSTER/SERVICE`.
    pub fn resource_id(&self) -> Option<String> {
        Some(format!("service/{}/{}", self.cluster_name.known()?, self.service_name.known()?))
    }
}

impl Resource for ScalableTarget {
    const KIND: Kind = Kind::new("autoscaling.target");
    const RULES: &'static [Rule] = &[
        Rule::ReplaceCreateFirst("/cluster_name"),
        Rule::ReplaceCreateFirst("/service_name"),
        // Not every account can list them, so they are compared with what was recorded.
        Rule::WriteOnly("/tags"),
    ];
    type Outputs = ScalableTargetOutputs;

    fn validate(&self, found: &mut Violations) {
        // AWS's integers have 31 bits.
        const MAX: u32 = i32::MAX.unsigned_abs();
        found.check(self.max_capacity <= MAX, "max_capacity", || {
            format!("{} tasks; at most {MAX} are allowed", self.max_capacity)
        });
        found.check(self.min_capacity <= self.max_capacity, "min_capacity", || {
            format!("{} is above max_capacity, {}", self.min_capacity, self.max_capacity)
        });
        for (path, name) in [("cluster_name", &self.cluster_name), ("service_name", &self.service_name)] {
            if let Some(name) = name.known() {
                found.check(!name.is_empty() && !name.contains('/'), path, || {
                    format!("{name:?} is not a name; write the name alone, not an ARN")
                });
            }
        }
        for (name, policy) in &self.policies {
            found.within(&format!("policies.{name}"), |found| {
                found.check(
                    (1..=256).contains(&name.chars().count()) && !name.chars().any(char::is_control),
                    "",
                    || "a policy's name has 1 to 256 printable characters",
                );
                policy.validate(found);
            });
        }
        self.tags.validate(found);
    }
}

impl TargetTracking {
    fn validate(&self, found: &mut Violations) {
        const MAX: u32 = i32::MAX.unsigned_abs();
        found.check(self.target_value >= 1, "target_value", || "0 is not allowed; write 1 or more");
        for (path, cooldown) in
            [("scale_in_cooldown", self.scale_in_cooldown), ("scale_out_cooldown", self.scale_out_cooldown)]
        {
            if let Some(seconds) = cooldown {
                found.check(seconds <= MAX, path, || format!("{seconds} seconds; at most {MAX} are allowed"));
            }
        }
        if let Metric::AlbRequestCountPerTarget { resource_label } = &self.metric
            && let Some(label) = resource_label.known()
        {
            let parts: Vec<&str> = label.split('/').collect();
            let fits = matches!(parts.as_slice(), ["app", lb, lb_id, "targetgroup", tg, tg_id]
                if ![lb, lb_id, tg, tg_id].iter().any(|part| part.is_empty()));
            found.check(fits, "metric.alb_request_count_per_target.resource_label", || {
                format!("{label:?} is not a label; write app/LOAD-BALANCER/ID/targetgroup/TARGET-GROUP/ID")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracking(metric: Metric, target_value: u32) -> TargetTracking {
        TargetTracking::builder().metric(metric).target_value(target_value).build()
    }

    fn target() -> ScalableTarget {
        ScalableTarget::builder()
            .cluster_name("humangov")
            .service_name("humangov-california")
            .min_capacity(1)
            .max_capacity(4)
            .policy("cpu", tracking(Metric::CpuUtilization, 60))
            .policy(
                "requests",
                tracking(
                    Metric::AlbRequestCountPerTarget {
                        resource_label: "app/humangov/01/targetgroup/california/23".into(),
                    },
                    1000,
                ),
            )
            .build()
    }

    fn problems(target: &ScalableTarget) -> String {
        let mut found = Violations::default();
        target.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_target_is_fine() {
        assert_eq!(problems(&target()), "");
        assert_eq!(target().resource_id().as_deref(), Some("service/humangov/humangov-california"));
    }

    #[test]
    fn every_problem_is_told() {
        let mut target = target();
        target.min_capacity = 5;
        target.cluster_name = "arn:aws:ecs:us-east-1:123456789012:cluster/humangov".into();
        target.service_name = "".into();
        let mut bad = tracking(
            Metric::AlbRequestCountPerTarget { resource_label: "targetgroup/california/23".into() },
            0,
        );
        bad.scale_in_cooldown = Some(u32::MAX);
        target.policies = [("\n".to_owned(), bad)].into();
        assert_eq!(
            problems(&target),
            "min_capacity: 5 is above max_capacity, 4\n\
             cluster_name: \"arn:aws:ecs:us-east-1:123456789012:cluster/humangov\" is not a name; write the name alone, not an ARN\n\
             service_name: \"\" is not a name; write the name alone, not an ARN\n\
             policies.\n: a policy's name has 1 to 256 printable characters\n\
             policies.\n.target_value: 0 is not allowed; write 1 or more\n\
             policies.\n.scale_in_cooldown: 4294967295 seconds; at most 2147483647 are allowed\n\
             policies.\n.metric.alb_request_count_per_target.resource_label: \"targetgroup/california/23\" is not a label; write app/LOAD-BALANCER/ID/targetgroup/TARGET-GROUP/ID"
        );
        target.max_capacity = u32::MAX;
        assert!(problems(&target).starts_with("max_capacity: 4294967295 tasks"));
    }

    #[test]
    fn policies_are_written_by_name() {
        let text = serde_json::to_string(&target()).expect("JSON");
        assert!(text.contains(r#""cpu":{"metric":"cpu_utilization","target_value":60"#), "{text}");
        assert_eq!(serde_json::from_str::<ScalableTarget>(&text).expect("reads"), target());
    }
}
