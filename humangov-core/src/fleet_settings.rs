// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`FleetSettings`]: what the base stack and the stack of every tenant agree on.

mod check;
#[cfg(test)]
mod tests;

pub use check::{MAX_SHARED_TENANTS, check_shared_tenants};

use crate::{
    kind::{elbv2::Scheme, iam},
    names::{self, FleetName},
    tags::Tags,
    value::Input,
};
use std::{collections::BTreeSet, fmt};
use typed_builder::TypedBuilder;

/// What all stacks of a fleet agree on: give the same to [`BaseStack`](crate::base_stack::BaseStack) and to every
/// [`StateStack`](crate::state_stack::StateStack).
///
/// ```
/// use humangov_core::fleet_settings::{Alb, FleetSettings, LoadBalancerSettings, NetworkSettings};
/// let fleet = FleetSettings::builder()
///     .name("humangov".parse()?)
///     .account("123456789012")
///     .region("us-gov-west-1")
///     .network(NetworkSettings::new("vpc-1", ["subnet-1", "subnet-2"]))
///     .load_balancer(LoadBalancerSettings::builder().alb(Alb::shared("humangov.example")).build())
///     .build();
/// assert_eq!(fleet.partition, "aws-us-gov");
/// # Ok::<(), humangov_core::names::ParseFleetNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Attaches a policy of AWS instead of permissions for exactly what is needed; plans warn of it.
    pub fn managed_policy(&mut self, policy: ManagedPolicy) {
        self.managed_policies.insert(policy);
    }
    /// Attaches policies of AWS instead of permissions for exactly what is needed; plans warn of them.
    pub fn managed_policies(&mut self, policies: impl IntoIterator<Item = ManagedPolicy>) {
        self.managed_policies.extend(policies);
    }
    /// Lets tasks run images of one more private repository of ECR, by its ARN.
    pub fn image_repository(&mut self, arn: impl Into<String>) {
        self.image_repositories.insert(arn.into());
    }
))]
pub struct FleetSettings {
    /// What all names in AWS begin with. Another name is another fleet.
    pub name: FleetName,
    /// The account, 12 digits: part of the bucket names, and the only account that the roles trust.
    #[builder(setter(into))]
    pub account: String,
    /// The region, such as `us-east-1`: part of the names of buckets and roles, which are not regional.
    #[builder(setter(into))]
    pub region: String,
    /// The partition, which ARNs begin with. By default the one the region is in: `aws`, `aws-cn` or `aws-us-gov`.
    #[builder(default = partition_of(region).to_owned(), setter(into))]
    pub partition: String,
    /// Where load balancers and tasks are. Only a fleet whose tenants all run on machines of their own needs none.
    #[builder(default, setter(strip_option))]
    pub network: Option<NetworkSettings>,
    /// How requests reach the tenants. By default by a load balancer each, over HTTP: that needs no domain.
    #[builder(default)]
    pub load_balancer: LoadBalancerSettings,
    /// The ARN of the managed policy that bounds every role. Absent: none, since most accounts have no such policy.
    #[builder(default, setter(strip_option, into))]
    pub permissions_boundary: Option<String>,
    /// Policies of AWS attached instead of permissions for exactly what is needed. By default none: they reach the data of
    /// every tenant.
    #[builder(via_mutators)]
    pub managed_policies: BTreeSet<ManagedPolicy>,
    /// ARNs of private repositories that images may come from besides the fleet's own two. By default none.
    #[builder(via_mutators)]
    pub image_repositories: BTreeSet<String>,
    /// Tags of everything that can bear tags, at most 45. By default none but those that say whose a resource is.
    #[builder(default)]
    pub tags: Tags,
}

/// Where load balancers and tasks are.
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc, mutators(
    /// Adds a subnet, by id.
    pub fn subnet(&mut self, id: impl Into<Input<String>>) {
        self.subnets.push(id.into());
    }
    /// Adds a subnet for load balancers only, by id.
    pub fn load_balancer_subnet(&mut self, id: impl Into<Input<String>>) {
        self.load_balancer_subnets.push(id.into());
    }
))]
pub struct NetworkSettings {
    /// The VPC.
    #[builder(setter(into))]
    pub vpc_id: Input<String>,
    /// The subnets of the tasks, 1 to 16; also those of load balancers, which need two or more, each in a zone of its own.
    #[builder(via_mutators)]
    pub subnets: Vec<Input<String>>,
    /// The subnets of load balancers, where they are others than those of the tasks. By default the same.
    #[builder(via_mutators)]
    pub load_balancer_subnets: Vec<Input<String>>,
    /// Whether tasks on Fargate get public addresses. By default they do: in public subnets, such as those of a default VPC,
    /// they could not pull images otherwise. Nothing but the load balancer reaches them. Turn it off where there is a NAT
    /// gateway or endpoints of the VPC.
    #[builder(default = true)]
    pub assign_public_ip: bool,
}

/// How requests reach the tenants.
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct LoadBalancerSettings {
    /// One load balancer for all tenants or one each. By default one each: a shared one needs a domain.
    #[builder(default)]
    pub alb: Alb,
    /// The ARN of an ACM certificate of the same region. With one, HTTPS is served and HTTP redirected to it. Absent: HTTP.
    #[builder(default, setter(strip_option, into))]
    pub certificate_arn: Option<Input<String>>,
    /// Who can reach it, as far as `ingress_cidrs` let them. By default everyone.
    #[builder(default)]
    pub scheme: Scheme,
    /// The networks that may send requests. By default all of IPv4. The application has no login, so narrow this for real data.
    #[builder(
        default = vec![LoadBalancerSettings::ANYWHERE.to_owned()],
        setter(transform = |cidrs: impl IntoIterator<Item = impl Into<String>>| cidrs.into_iter().map(Into::into).collect())
    )]
    pub ingress_cidrs: Vec<String>,
    /// After how many seconds without data a connection is closed, 1 to 4000. By default 60, as AWS has it.
    #[builder(default = LoadBalancerSettings::IDLE_TIMEOUT_SECONDS)]
    pub idle_timeout_seconds: u32,
}

/// One load balancer for all tenants or one each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Alb {
    /// One for each tenant, which serves whatever host name it is asked for. AWS's default quota is 50 a region.
    #[default]
    PerState,
    /// One for all, which tells them apart by host name. It serves up to [`MAX_SHARED_TENANTS`].
    Shared {
        /// The domain that tenants are put before: `california.humangov.example` with `humangov.example`.
        domain: String,
    },
}

/// A policy of AWS that HumanGov deployments are known to have been given.
///
/// All three reach further than a tenant: attached, they replace the permissions for exactly what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ManagedPolicy {
    /// For task roles: everything, on every bucket of the account.
    AmazonS3FullAccess,
    /// For task roles: everything, on every table of the account.
    AmazonDynamoDbFullAccess,
    /// For the execution role: pulling every image and writing every log group of the account.
    AmazonEcsTaskExecutionRolePolicy,
}

impl FleetSettings {
    /// The repository of the application's images, `{fleet}/app`.
    pub fn app_repository(&self) -> String {
        names::repository(self.name.as_str(), "app")
    }

    /// The repository of the web server's images, `{fleet}/nginx`.
    pub fn nginx_repository(&self) -> String {
        names::repository(self.name.as_str(), "nginx")
    }

    /// The ARN of something of this account and region.
    pub(crate) fn arn(&self, service: &str, resource: impl fmt::Display) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    pub(crate) fn repository_arn(&self, name: &str) -> String {
        self.arn("ecr", format_args!("repository/{name}"))
    }

    /// A role's name. Roles are not regional, so the region is part of it.
    pub(crate) fn role_name(&self, stack: &str, role: &str) -> String {
        names::role(self.name.as_str(), stack, &format!("{role}-{}", self.region))
    }

    /// The name of a load balancer. What cannot be changed of it is in the name, so that old and new differ when it does.
    pub(crate) fn load_balancer_name(&self, stack: &str, network: &NetworkSettings) -> String {
        let role = format!("alb-{}", names::short_hash(self.placement_of_load_balancer(network)));
        names::load_balancer(self.name.as_str(), stack, &role)
    }

    /// What a load balancer cannot change without becoming another one.
    pub(crate) fn placement_of_load_balancer(&self, network: &NetworkSettings) -> String {
        let scheme = match self.load_balancer.scheme {
            Scheme::Internal => "internal",
            _ => "internet-facing",
        };
        format!("{scheme} {}", text(&network.vpc_id))
    }

    pub(crate) fn has(&self, policy: ManagedPolicy) -> bool {
        self.managed_policies.contains(&policy)
    }

    /// The policy as a role takes it.
    pub(crate) fn managed(&self, policy: ManagedPolicy) -> iam::ManagedPolicy {
        let path = match policy {
            ManagedPolicy::AmazonEcsTaskExecutionRolePolicy => iam::ManagedPolicy::ECS_TASK_EXECUTION,
            _ => policy.name(),
        };
        iam::ManagedPolicy::aws(path).in_partition(self.partition.as_str())
    }
}

impl NetworkSettings {
    /// These subnets of this VPC, for tasks and load balancers, with public addresses for tasks.
    pub fn new<S: Into<Input<String>>>(
        vpc_id: impl Into<Input<String>>,
        subnets: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            vpc_id: vpc_id.into(),
            subnets: subnets.into_iter().map(Into::into).collect(),
            load_balancer_subnets: Vec::new(),
            assign_public_ip: true,
        }
    }

    pub(crate) fn of_load_balancer(&self) -> &[Input<String>] {
        if self.load_balancer_subnets.is_empty() { &self.subnets } else { &self.load_balancer_subnets }
    }
}

impl LoadBalancerSettings {
    /// All of IPv4.
    pub const ANYWHERE: &'static str = "0.0.0.0/0";
    /// The idle timeout unless set, in seconds.
    pub const IDLE_TIMEOUT_SECONDS: u32 = 60;

    /// The ports that clients use: 80, and 443 with a certificate.
    pub(crate) fn ports(&self) -> &'static [u16] {
        if self.certificate_arn.is_some() { &[80, 443] } else { &[80] }
    }

    /// `http` or `https`: what addresses for users begin with.
    pub(crate) fn url_scheme(&self) -> &'static str {
        if self.certificate_arn.is_some() { "https" } else { "http" }
    }
}

impl Default for LoadBalancerSettings {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl Alb {
    /// One for all tenants, told apart by host names in `domain`.
    pub fn shared(domain: impl Into<String>) -> Self {
        Self::Shared { domain: domain.into() }
    }

    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Shared { .. })
    }
}

impl ManagedPolicy {
    /// All of them.
    pub const ALL: [Self; 3] =
        [Self::AmazonS3FullAccess, Self::AmazonDynamoDbFullAccess, Self::AmazonEcsTaskExecutionRolePolicy];

    /// AWS's name of the policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AmazonS3FullAccess => "AmazonS3FullAccess",
            Self::AmazonDynamoDbFullAccess => "AmazonDynamoDBFullAccess",
            Self::AmazonEcsTaskExecutionRolePolicy => "AmazonECSTaskExecutionRolePolicy",
        }
    }
}

impl fmt::Display for ManagedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<&Self> for FleetSettings {
    fn from(settings: &Self) -> Self {
        settings.clone()
    }
}

/// The partition that a region is in.
fn partition_of(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// An input as text that differs whenever the input does.
fn text(input: &Input<String>) -> String {
    input.known().cloned().unwrap_or_else(|| serde_json::to_string(input).unwrap_or_default())
}
