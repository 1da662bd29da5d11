// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a service gets from one task definition to the next.

use crate::resource::Violations;
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// How many tasks may run during a rolling deployment, and what ends a bad one.
///
/// ```
/// use humangov_core::kind::ecs::{CircuitBreaker, DeploymentConfiguration};
/// let careful = DeploymentConfiguration::builder().circuit_breaker(CircuitBreaker::ROLL_BACK).build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct DeploymentConfiguration {
    /// How many tasks must stay healthy: 0 to 100 percent of the desired count, rounded up.
    /// Absent: 100 for replicas, 0 for daemons.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub minimum_healthy_percent: Option<u32>,
    /// How many tasks may run: 100 percent of the desired count or more, rounded down.
    /// Absent: 200 for replicas, 100 for daemons.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub maximum_percent: Option<u32>,
    /// Whether ECS gives a deployment up whose tasks keep failing. Absent: it never does.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub circuit_breaker: Option<CircuitBreaker>,
    /// The alarms that end a deployment. Absent: none.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub alarms: Option<DeploymentAlarms>,
}

/// Whether ECS gives a deployment up whose tasks keep failing: after half the desired count, between 3 and 200 failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct CircuitBreaker {
    /// Whether a deployment is given up at all. Without it a bad deployment goes on for ever.
    #[builder(default)]
    #[serde(default)]
    pub enable: bool,
    /// Whether ECS then goes back to the last deployment that worked.
    #[builder(default)]
    #[serde(default)]
    pub rollback: bool,
}

impl CircuitBreaker {
    /// Never give up.
    pub const OFF: Self = Self { enable: false, rollback: false };
    /// Give up, and leave things as they are.
    pub const STOP: Self = Self { enable: true, rollback: false };
    /// Give up, and go back to what worked.
    pub const ROLL_BACK: Self = Self { enable: true, rollback: true };
}

/// The CloudWatch alarms that end a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds an alarm, by name. It must exist.
    pub fn alarm(&mut self, name: impl Into<String>) {
        self.alarm_names.push(name.into());
    }
))]
pub struct DeploymentAlarms {
    /// The alarms' names. They must exist.
    #[builder(via_mutators)]
    #[serde(default)]
    pub alarm_names: Vec<String>,
    /// Whether they are watched.
    #[builder(default = true)]
    #[serde(default)]
    pub enable: bool,
    /// Whether ECS then goes back to the last deployment that worked.
    #[builder(default)]
    #[serde(default)]
    pub rollback: bool,
}

impl DeploymentConfiguration {
    /// Writes out what AWS would fill in.
    pub(super) fn normalize(&mut self, daemon: bool) {
        let (minimum, maximum) = if daemon { (0, 100) } else { (100, 200) };
        self.minimum_healthy_percent.get_or_insert(minimum);
        self.maximum_percent.get_or_insert(maximum);
        self.circuit_breaker.get_or_insert_default();
        self.alarms.get_or_insert_default().alarm_names.sort();
    }

    /// Checks these settings of a service that wants `desired` tasks, if that is known.
    pub(super) fn validate(&self, daemon: bool, desired: Option<u32>, found: &mut Violations) {
        let mut filled = self.clone();
        filled.normalize(daemon);
        let minimum = filled.minimum_healthy_percent.unwrap_or_default();
        let maximum = filled.maximum_percent.unwrap_or_default();
        found.check(minimum <= 100, "minimum_healthy_percent", || {
            format!("{minimum} is not allowed; write 0 to 100")
        });
        found.check((100..=i32::MAX.unsigned_abs()).contains(&maximum), "maximum_percent", || {
            format!(
                "{maximum} is not allowed; write 100 or more, or the desired count could never be reached"
            )
        });
        if minimum <= 100 && maximum >= 100 {
            // With these, ECS can neither start one task more nor stop one task, and the deployment never moves.
            let stuck = match desired {
                Some(0) => false,
                Some(desired) if !daemon => {
                    let (desired, minimum, maximum) =
                        (u64::from(desired), u64::from(minimum), u64::from(maximum));
                    desired * maximum / 100 <= (desired * minimum).div_ceil(100)
                }
                _ => minimum == 100 && maximum == 100,
            };
            found.check(!stuck, "", || match desired {
                Some(desired) if !daemon => format!(
                    "between {minimum} % and {maximum} % of {desired} there is no room to stop or start a task; \
                     lower minimum_healthy_percent or raise maximum_percent"
                ),
                _ => "between 100 % and 100 % there is no room to stop or start a task; \
                      lower minimum_healthy_percent or raise maximum_percent"
                    .to_owned(),
            });
        }
        if let Some(alarms) = &self.alarms {
            found.check(
                !alarms.enable || !alarms.alarm_names.is_empty(),
                "alarms",
                || "name at least one alarm, or set enable to false",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(minimum: u32, maximum: u32, desired: Option<u32>, daemon: bool) -> String {
        let configuration = DeploymentConfiguration::builder()
            .minimum_healthy_percent(minimum)
            .maximum_percent(maximum)
            .build();
        let mut found = Violations::default();
        found.within("deployment_configuration", |found| configuration.validate(daemon, desired, found));
        found.to_string()
    }

    #[test]
    fn a_deployment_without_room_to_move_is_refused() {
        let fine = [
            (100, 200, Some(1), false),
            (50, 100, Some(2), false),
            (100, 150, Some(2), false),
            (100, 150, None, false),
            (0, 100, Some(1), false),
            (100, 100, Some(0), false),
            (0, 100, None, true),
        ];
        for (minimum, maximum, desired, daemon) in fine {
            assert_eq!(problems(minimum, maximum, desired, daemon), "", "{minimum} {maximum} {desired:?}");
        }
        let stuck = [
            (100, 100, None, false),
            (100, 100, Some(4), false),
            (100, 100, None, true),
            (100, 150, Some(1), false),
            (50, 100, Some(1), false),
            (51, 149, Some(1), false),
        ];
        for (minimum, maximum, desired, daemon) in stuck {
            let text = problems(minimum, maximum, desired, daemon);
            assert!(
                text.contains("no room to stop or start a task"),
                "{minimum} {maximum} {desired:?}: {text}"
            );
        }
    }

    #[test]
    fn percentages_out_of_range_are_refused() {
        assert_eq!(
            problems(101, 99, Some(2), false),
            "deployment_configuration.minimum_healthy_percent: 101 is not allowed; write 0 to 100\n\
             deployment_configuration.maximum_percent: 99 is not allowed; write 100 or more, or the desired count could never be reached"
        );
    }

    #[test]
    fn watching_no_alarm_is_refused() {
        let alarms = DeploymentAlarms::builder().build();
        let configuration = DeploymentConfiguration::builder().alarms(alarms).build();
        let mut found = Violations::default();
        configuration.validate(false, Some(2), &mut found);
        assert_eq!(found.to_string(), "alarms: name at least one alarm, or set enable to false");
    }
}
