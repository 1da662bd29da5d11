// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ecs.service`: keeps tasks of a task definition running.

use super::{
    cluster::{Cluster, is_name},
    deployment::DeploymentConfiguration,
    launch::{Launch, LaunchType, PlacementConstraint, Scheduling},
    task_definition::TaskDefinition,
};
use crate::{
    address::Kind,
    arn::Arn,
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Input},
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// AWS's integers have 31 bits.
const MAX: u32 = i32::MAX.unsigned_abs();

/// A service.
///
/// ```
/// use humangov_core::{arn::Arn, kind::ecs::*, kind::elbv2::TargetGroup};
/// # let cluster: Arn<Cluster> = "arn:aws:ecs:us-east-1:123456789012:cluster/humangov".parse()?;
/// # let app: Arn<TaskDefinition> = "arn:aws:ecs:us-east-1:123456789012:task-definition/california:1".parse()?;
/// # let group: Arn<TargetGroup> =
/// #     "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/california/0123".parse()?;
/// // In a stack, `cluster`, `app` and `group` are the handles of other resources: `.cluster(&cluster)`.
/// let network = AwsvpcConfiguration::builder().subnet("subnet-1").subnet("subnet-2").security_group("sg-1");
/// let service = Service::builder()
///     .name("humangov-california")
///     .cluster(cluster)
///     .task_definition(app)
///     .desired_count(2)
///     .launch(FargateLaunch::builder().network(network.build()).load_balancer(group, "nginx", 80).build())
///     .health_check_grace_period_seconds(60)
///     .deployment_configuration(
///         DeploymentConfiguration::builder().circuit_breaker(CircuitBreaker::ROLL_BACK).build(),
///     )
///     .build();
/// # Ok::<(), humangov_core::address::ParseWordError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Service {
    /// The name: 1 to 255 of `A-Z a-z 0-9 _ -`; unique in its cluster.
    #[builder(setter(into))]
    pub name: String,
    /// The cluster.
    #[builder(setter(into))]
    pub cluster: Input<Arn<Cluster>>,
    /// What its tasks run: a revision, not a family.
    #[builder(setter(into))]
    pub task_definition: Input<Arn<TaskDefinition>>,
    /// How many tasks. Absent: one when the service is made, and whatever something else, such as an
    /// [`autoscaling::ScalableTarget`](crate::kind::autoscaling::ScalableTarget), says from then on.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub desired_count: Option<u32>,
    /// On what the tasks run: any of the `*Launch` types.
    #[builder(setter(into))]
    pub launch: Launch,
    // These two follow from `launch` and are written out when normalized, so that rules can speak of them: ECS moves a
    // service between a launch type and capacity providers of the same sort, but neither to another sort nor to another
    // scheduling.
    #[builder(default, setter(skip))]
    #[serde(default)]
    runs_on: Option<LaunchType>,
    #[builder(default, setter(skip))]
    #[serde(default)]
    scheduling: Scheduling,
    /// How long after a task's start failed health checks do not count, in seconds. Needs a load balancer; should be
    /// longer than the start of the slowest task. Absent: 0.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub health_check_grace_period_seconds: Option<u32>,
    /// How it gets from one task definition to the next.
    #[builder(default)]
    #[serde(default)]
    pub deployment_configuration: DeploymentConfiguration,
    /// Whether ECS moves tasks to even out the Availability Zones. Absent: yes for what is new, unchanged otherwise.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub availability_zone_rebalancing: Option<AvailabilityZoneRebalancing>,
    /// Whether `aws ecs execute-command` works on tasks started from now on.
    #[builder(default)]
    #[serde(default)]
    pub enable_execute_command: bool,
    /// Whether ECS tags tasks with the names of their cluster and service.
    #[builder(default)]
    #[serde(default)]
    pub enable_ecs_managed_tags: bool,
    /// Where tasks get their tags from.
    #[builder(default)]
    #[serde(default)]
    pub propagate_tags: PropagateTags,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// Whether ECS moves tasks to even out the Availability Zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AvailabilityZoneRebalancing {
    /// It does.
    Enabled,
    /// It does not.
    Disabled,
}

/// Where the tasks of a service get their tags from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PropagateTags {
    /// From nowhere.
    #[default]
    None,
    /// From the service.
    Service,
    /// From the task definition.
    TaskDefinition,
}

impl Service {
    /// The service's name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
    /// The name of its cluster.
    pub const CLUSTER_NAME: Attr<Self, String> = Attr::new("cluster_name");

    fn is_daemon(&self) -> bool {
        self.launch.scheduling() == Scheduling::Daemon
    }
}

/// What is known of a service that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceOutputs {
    /// The ARN.
    pub arn: Arn<Service>,
    /// The name.
    pub name: String,
    /// The cluster.
    pub cluster: Arn<Cluster>,
    /// The name of the cluster.
    pub cluster_name: String,
    /// The deployment our own call started, or the one in force if it started none: `ecs-svc/…`.
    #[serde(default)]
    pub deployment: Option<String>,
    /// When that deployment was made (RFC 3339): what ECS tells of an earlier one is out of date.
    #[serde(default)]
    pub deployment_created_at: Option<String>,
    /// The task definition that deployment is for.
    pub task_definition: Arn<TaskDefinition>,
}

impl Resource for Service {
    const KIND: Kind = Kind::new("ecs.service");
    const RULES: &'static [Rule] = &[
        // The name is held until the last task of the old service has stopped, so the old one always goes first.
        Rule::ReplaceDeleteFirst("/name"),
        Rule::ReplaceDeleteFirst("/cluster"),
        Rule::ReplaceDeleteFirst("/runs_on"),
        Rule::ReplaceDeleteFirst("/scheduling"),
        Rule::KeyedBy("/launch/fargate_capacity/capacity_provider_strategy", "capacity_provider"),
        Rule::KeyedBy("/launch/ec2_capacity/capacity_provider_strategy", "capacity_provider"),
    ];
    type Outputs = ServiceOutputs;

    fn normalize(&mut self) {
        self.launch.normalize();
        self.runs_on = Some(self.launch.runs_on());
        self.scheduling = self.launch.scheduling();
        let daemon = self.is_daemon();
        self.deployment_configuration.normalize(daemon);
        if self.launch.load_balancers().is_empty() {
            if self.health_check_grace_period_seconds == Some(0) {
                self.health_check_grace_period_seconds = None;
            }
        } else {
            self.health_check_grace_period_seconds.get_or_insert(0);
        }
    }

    fn validate(&self, found: &mut Violations) {
        found.check(
            is_name(&self.name),
            "name",
            || "a service's name has 1 to 255 of A-Z, a-z, 0-9, _ and -",
        );
        let daemon = self.is_daemon();
        if let Some(count) = self.desired_count {
            found
                .check(count <= MAX, "desired_count", || format!("{count} tasks; at most {MAX} are allowed"));
            found.check(
                !daemon,
                "desired_count",
                || "a daemon runs one task on each instance, so it has no desired count",
            );
        }
        self.validate_arns(found);
        found.within("launch", |found| self.launch.validate(found));
        if let Some(seconds) = self.health_check_grace_period_seconds {
            let path = "health_check_grace_period_seconds";
            found.check(seconds <= MAX, path, || format!("{seconds} seconds; at most {MAX} are allowed"));
            found.check(
                seconds == 0 || !self.launch.load_balancers().is_empty(),
                path,
                || "there is no load balancer whose health checks it could hold off",
            );
        }
        found.within("deployment_configuration", |found| {
            self.deployment_configuration.validate(daemon, self.desired_count, found);
        });
        if self.availability_zone_rebalancing == Some(AvailabilityZoneRebalancing::Enabled) {
            self.validate_rebalancing(found);
        }
        self.tags.validate(found);
    }
}

impl Service {
    fn validate_arns(&self, found: &mut Violations) {
        if let Some(arn) = self.cluster.known() {
            found.check(arn.service() == "ecs" && arn.resource().starts_with("cluster/"), "cluster", || {
                format!("{arn} is not the ARN of a cluster")
            });
        }
        if let Some(arn) = self.task_definition.known() {
            let revision = arn.resource().strip_prefix("task-definition/").and_then(|td| td.split_once(':'));
            found.check(
                arn.service() == "ecs" && revision.is_some_and(|(_, number)| number.parse::<u64>().is_ok()),
                "task_definition",
                || format!("{arn} is not the ARN of a revision; write …:task-definition/FAMILY:NUMBER"),
            );
        }
    }

    fn validate_rebalancing(&self, found: &mut Violations) {
        let path = "availability_zone_rebalancing";
        found.check(
            !self.is_daemon(),
            path,
            || "a daemon runs on every instance, so there is nothing to even out",
        );
        found.check(
            !matches!(self.launch, Launch::External(_)),
            path,
            || "machines of one's own are in no Availability Zone",
        );
        found.check(
            self.is_daemon() || self.deployment_configuration.maximum_percent.is_none_or(|max| max > 100),
            path,
            || "it starts a task before it stops one, so maximum_percent must be above 100",
        );
        let by_zone = |constraint: &PlacementConstraint| matches!(constraint, PlacementConstraint::MemberOf(text) if text.contains("ecs.availability-zone"));
        found.check(
            !self.launch.placement_constraints().iter().any(by_zone),
            path,
            || "it cannot be used together with a constraint on attribute:ecs.availability-zone",
        );
    }
}

impl HasArn for Service {}

#[cfg(test)]
#[path = "service/tests.rs"]
mod tests;
