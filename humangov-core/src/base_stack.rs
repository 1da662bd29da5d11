// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`BaseStack`]: what all tenants of a fleet share.

mod front_door;
#[cfg(test)]
mod tests;

pub(crate) use front_door::FrontDoor;

use crate::{
    arn::Arn,
    fleet_settings::{FleetSettings, ManagedPolicy},
    kind::{
        ec2::SecurityGroup,
        ecr::{ImageTagMutability, LifecyclePolicy, Repository},
        ecs::{CapacityProvider, Cluster, ContainerInsights},
        elbv2::{Action, Listener, LoadBalancer},
        iam::{PolicyDocument, Role, Statement},
    },
    names,
    resource::HasArn,
    stack::{Stack, StackError},
    value::Import,
};
use typed_builder::TypedBuilder;

/// What all tenants of a fleet share: repositories, cluster, execution role and, if the fleet has one, the shared load balancer.
///
/// | address | what it is |
/// | --- | --- |
/// | `ecr.repository/app`, `ecr.repository/nginx` | where the images `{fleet}/app` and `{fleet}/nginx` are pushed |
/// | `ecs.cluster/main` | the cluster of all services |
/// | `iam.role/execution` | what ECS pulls images and writes logs as |
/// | `ec2.security_group/alb`, `elbv2.load_balancer/shared` | the shared load balancer and who may reach it |
/// | `elbv2.listener/http`, `elbv2.listener/https` | its ports; without a rule for a host it answers 404 |
///
/// Exports, which stacks of tenants import by the functions of the same names: `cluster_arn`, `cluster_name`,
/// `execution_role_arn`, `app_repository_uri`, `nginx_repository_uri`; with a shared load balancer `alb_dns_name`,
/// `alb_hosted_zone_id` (for alias records), `alb_security_group_id` and `listener_arn`, the listener rules belong to.
///
/// ```
/// use humangov_core::{base_stack::BaseStack, fleet_settings::FleetSettings};
/// let fleet = FleetSettings::builder().name("humangov".parse()?).account("123456789012").region("us-east-1").build();
/// let stack = BaseStack::builder().fleet(fleet).build().into_stack()?;
/// stack.check()?;
/// assert_eq!(stack.resources().len(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct BaseStack {
    /// What all stacks of the fleet agree on.
    #[builder(setter(into))]
    pub fleet: FleetSettings,
    /// Whether a tag can be moved to another image. By default it cannot: what runs does not depend on when it was started.
    #[builder(default = ImageTagMutability::Immutable)]
    pub image_tag_mutability: ImageTagMutability,
    /// Which images expire. By default none do: a task that starts again needs its image, whatever its age.
    #[builder(default, setter(strip_option))]
    pub image_lifecycle: Option<LifecyclePolicy>,
    /// How much CloudWatch observes of the cluster, at a price. Absent: as the account's default says.
    #[builder(default, setter(strip_option))]
    pub container_insights: Option<ContainerInsights>,
}

macro_rules! imports {
    ($($(#[$meta:meta])* $name:ident: $type:ty),* $(,)?) => {
        impl BaseStack {
            $($(#[$meta])*
            pub fn $name() -> Import<$type> {
                let stack = Self::NAME.parse().expect("it is the name of a stack");
                Import::new(stack, stringify!($name))
            })*
        }
    };
}

imports! {
    /// The cluster of all services.
    cluster_arn: Arn<Cluster>,
    /// The name of the cluster of all services.
    cluster_name: String,
    /// The role that ECS pulls images and writes logs as.
    execution_role_arn: Arn<Role>,
    /// Where the application's images are, without a tag.
    app_repository_uri: String,
    /// Where the web server's images are, without a tag.
    nginx_repository_uri: String,
    /// The host name of the shared load balancer.
    alb_dns_name: String,
    /// The hosted zone of `alb_dns_name`, for alias records.
    alb_hosted_zone_id: String,
    /// The security group of the shared load balancer.
    alb_security_group_id: String,
    /// The listener of the shared load balancer to which rules belong.
    listener_arn: Arn<Listener>,
}

impl BaseStack {
    /// The stack's name.
    pub const NAME: &'static str = "base";

    /// The stack. What AWS would refuse is told by [`Stack::check`].
    ///
    /// # Errors
    /// Never for the resources declared here; see [`Stack::add`] for what could.
    pub fn into_stack(self) -> Result<Stack, StackError> {
        let name = Self::NAME.parse().expect("it is the name of a stack");
        let mut stack = Stack::new(self.fleet.name.clone(), name);
        self.fleet.check(&mut stack);
        let app = stack.add("app", self.repository(self.fleet.app_repository()))?;
        let nginx = stack.add("nginx", self.repository(self.fleet.nginx_repository()))?;
        let cluster = stack.add("main", self.cluster())?;
        let role = stack.add("execution", self.execution_role())?;
        stack.export("app_repository_uri", app.get(Repository::URI))?;
        stack.export("nginx_repository_uri", nginx.get(Repository::URI))?;
        stack.export("cluster_arn", cluster.get(Cluster::ARN))?;
        stack.export("cluster_name", cluster.get(Cluster::NAME))?;
        stack.export("execution_role_arn", role.get(Role::ARN))?;
        if self.fleet.has(ManagedPolicy::AmazonEcsTaskExecutionRolePolicy) {
            stack.warn(format!(
                "{} lets ECS pull every image and write every log group of the account, not just this fleet's",
                ManagedPolicy::AmazonEcsTaskExecutionRolePolicy
            ));
        }
        if self.fleet.load_balancer.alb.is_shared() {
            self.add_load_balancer(&mut stack)?;
        }
        Ok(stack)
    }

    fn repository(&self, name: String) -> Repository {
        let mut repository = Repository::builder()
            .name(name)
            .image_tag_mutability(self.image_tag_mutability.clone())
            .tags(self.fleet.tags.clone())
            .build();
        repository.lifecycle.clone_from(&self.image_lifecycle);
        repository
    }

    /// Both of Fargate's capacity providers are there, so that any tenant can use spare capacity.
    fn cluster(&self) -> Cluster {
        let mut cluster = Cluster::builder()
            .name(names::cluster(self.fleet.name.as_str(), ""))
            .capacity_provider(CapacityProvider::Fargate)
            .capacity_provider(CapacityProvider::FargateSpot)
            .tags(self.fleet.tags.clone())
            .build();
        cluster.container_insights = self.container_insights;
        cluster
    }

    fn execution_role(&self) -> Role {
        let FleetSettings { name, account, region, partition, tags, .. } = &self.fleet;
        let mut role = Role::builder()
            .name(self.fleet.role_name("", "execution"))
            .description(format!("pulls the images and writes the logs of the fleet {name}"))
            .trust(Role::trusting_ecs_tasks(account, region, partition))
            .tags(tags.clone())
            .build();
        role.permissions_boundary.clone_from(&self.fleet.permissions_boundary);
        let managed = ManagedPolicy::AmazonEcsTaskExecutionRolePolicy;
        if self.fleet.has(managed) {
            role.managed_policies.push(self.fleet.managed(managed).into());
        } else {
            role.inline_policies.insert("start-tasks".to_owned(), self.start_tasks());
        }
        role
    }

    /// Images of the fleet's repositories, logs of the fleet's groups, and nothing else.
    fn start_tasks(&self) -> PolicyDocument {
        let fleet = &self.fleet;
        let own = [fleet.app_repository(), fleet.nginx_repository()].map(|name| fleet.repository_arn(&name));
        let mut pull = Statement::allow().actions([
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
        ]);
        for arn in own.iter().chain(&fleet.image_repositories) {
            pull = pull.resource(arn.as_str());
        }
        let streams = fleet.arn("logs", format_args!("log-group:/{}/*:log-stream:*", fleet.name));
        PolicyDocument::new()
            // This one AWS grants for all repositories or none.
            .statement(Statement::allow().action("ecr:GetAuthorizationToken").resource("*"))
            .statement(pull)
            .statement(
                Statement::allow().actions(["logs:CreateLogStream", "logs:PutLogEvents"]).resource(streams),
            )
    }

    fn add_load_balancer(&self, stack: &mut Stack) -> Result<(), StackError> {
        let fleet = &self.fleet;
        let Some(network) = &fleet.network else {
            stack.refuse("fleet.network", "a shared load balancer needs a VPC and subnets");
            return Ok(());
        };
        let description = format!("shared load balancer of the fleet {}", fleet.name);
        let front = FrontDoor { fleet, network, of: "shared", description };
        let group = stack.add("alb", front.security_group())?;
        let balancer = stack.add("shared", front.load_balancer(&group))?;
        let listener =
            front.add_listeners(stack, &balancer, Action::fixed_response(404, "no such tenant"))?;
        stack.export("alb_dns_name", balancer.get(LoadBalancer::DNS_NAME))?;
        stack.export("alb_hosted_zone_id", balancer.get(LoadBalancer::HOSTED_ZONE_ID))?;
        stack.export("alb_security_group_id", group.get(SecurityGroup::ID))?;
        stack.export("listener_arn", listener.get(Listener::ARN))?;
        Ok(())
    }
}
