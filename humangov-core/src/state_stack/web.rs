// SPDX-License-Identifier: MIT OR Apache-2.0
//! How requests reach the tasks: target group, and the shared load balancer's rule or a load balancer of the tenant's own.

use super::{StateStack, task::NGINX_PORT};
use crate::{
    base_stack::{BaseStack, FrontDoor},
    fleet_settings::{Alb, NetworkSettings},
    kind::{
        ec2::{IngressRule, SecurityGroup},
        ecs::Service,
        elbv2::{
            Action, HealthCheck, Listener, ListenerRule, LoadBalancer, Stickiness, TargetGroup, TargetType,
        },
    },
    names,
    stack::{Stack, StackError},
    value::{Handle, Input, Join},
};

/// First well after about 20 seconds.
const INTERVAL_SECONDS: u32 = 10;
const HEALTHY_THRESHOLD: u32 = 2;
/// Half a minute without an answer is not ill yet: the application answers one request at a time, and a large upload takes long.
const UNHEALTHY_THRESHOLD: u32 = 5;
const TIMEOUT_SECONDS: u32 = 5;

/// What the service needs to know of what is in front of it.
pub(super) struct Web {
    /// The group that its tasks are registered with, unless nothing is in front.
    pub(super) target_group: Option<Handle<TargetGroup>>,
    /// The group of its tasks' interfaces, if they have any.
    pub(super) task_group: Option<Handle<SecurityGroup>>,
    attached: Attached,
}

/// What makes a load balancer forward to the target group.
enum Attached {
    Rule(Handle<ListenerRule>),
    Listener(Handle<Listener>),
    Nothing,
}

impl Web {
    /// Has `service` made after the target group is attached.
    pub(super) fn before(&self, stack: &mut Stack, service: &Handle<Service>) -> Result<(), StackError> {
        match &self.attached {
            Attached::Rule(rule) => stack.depends_on(service, rule),
            Attached::Listener(listener) => stack.depends_on(service, listener),
            Attached::Nothing => Ok(()),
        }
    }
}

impl StateStack {
    /// Adds all that is in front of the service. `None` if it cannot be, which is refused then.
    pub(super) fn add_web(&self, stack: &mut Stack) -> Result<Option<Web>, StackError> {
        if !self.launch.is_behind_load_balancer() {
            return Ok(Some(Web { target_group: None, task_group: None, attached: Attached::Nothing }));
        }
        let Some(network) = &self.fleet.network else {
            stack.refuse("fleet.network", "a load balancer and its tasks need a VPC and subnets");
            return Ok(None);
        };
        let web = match &self.fleet.load_balancer.alb {
            Alb::Shared { domain } => self.add_rule(stack, network, domain)?,
            Alb::PerState => self.add_load_balancer(stack, network)?,
        };
        Ok(Some(web))
    }

    fn add_rule(
        &self,
        stack: &mut Stack,
        network: &NetworkSettings,
        domain: &str,
    ) -> Result<Web, StackError> {
        let task_group = self.add_task_group(stack, network, BaseStack::alb_security_group_id().into())?;
        let target_group = stack.add("web", self.target_group(network))?;
        let host = format!("{}.{domain}", self.tenant.slug());
        let rule = ListenerRule::builder()
            .listener(BaseStack::listener_arn())
            .priority(self.tenant.rule_priority().into())
            .host_header([host.as_str()])
            .action(Action::forward(&target_group))
            .tags(self.fleet.tags.clone())
            .build();
        let rule = stack.add("web", rule)?;
        stack.export("url", format!("{}://{host}", self.fleet.load_balancer.url_scheme()))?;
        Ok(Web { target_group: Some(target_group), task_group, attached: Attached::Rule(rule) })
    }

    fn add_load_balancer(&self, stack: &mut Stack, network: &NetworkSettings) -> Result<Web, StackError> {
        let description = format!("load balancer of {}", self.tenant.display_name());
        let front = FrontDoor { fleet: &self.fleet, network, of: self.tenant.slug(), description };
        let group = stack.add("alb", front.security_group())?;
        let task_group = self.add_task_group(stack, network, group.get(SecurityGroup::ID).into())?;
        let target_group = stack.add("web", self.target_group(network))?;
        let balancer = stack.add("web", front.load_balancer(&group))?;
        let listener = front.add_listeners(stack, &balancer, Action::forward(&target_group))?;
        let scheme = self.fleet.load_balancer.url_scheme();
        let url = Join::new().text(format!("{scheme}://")).output(&balancer.get(LoadBalancer::DNS_NAME));
        stack.export("url", url.into_input())?;
        Ok(Web { target_group: Some(target_group), task_group, attached: Attached::Listener(listener) })
    }

    fn add_task_group(
        &self,
        stack: &mut Stack,
        network: &NetworkSettings,
        load_balancer: Input<String>,
    ) -> Result<Option<Handle<SecurityGroup>>, StackError> {
        if !self.launch.has_interface() {
            return Ok(None);
        }
        let group = SecurityGroup::builder()
            .name(names::security_group(self.fleet.name.as_str(), self.tenant.slug(), "task"))
            .description(format!("tasks of {}", self.tenant.display_name()))
            .vpc_id(network.vpc_id.clone())
            .ingress_rule(IngressRule::tcp(NGINX_PORT).from_group(load_balancer).described("load balancer"))
            .tags(self.fleet.tags.clone())
            .build();
        stack.add("task", group).map(Some)
    }

    fn target_group(&self, network: &NetworkSettings) -> TargetGroup {
        let target_type = self.launch.target_type();
        let health_check = HealthCheck::builder()
            .path(self.health_check_path.as_str())
            .interval_seconds(INTERVAL_SECONDS)
            .timeout_seconds(TIMEOUT_SECONDS)
            .healthy_threshold_count(HEALTHY_THRESHOLD)
            .unhealthy_threshold_count(UNHEALTHY_THRESHOLD)
            .matcher("200")
            .build();
        // Forms and sessions of the application are good with the process that made them only.
        let stickiness = if self.several_tasks() {
            Stickiness::LbCookie { duration_seconds: Stickiness::DAY }
        } else {
            Stickiness::Off
        };
        TargetGroup::builder()
            .name(self.target_group_name(network, target_type))
            .port(NGINX_PORT)
            .vpc_id(network.vpc_id.clone())
            .target_type(target_type)
            .health_check(health_check)
            .deregistration_delay_seconds(self.deregistration_delay_seconds)
            .stickiness(stickiness)
            .tags(self.fleet.tags.clone())
            .build()
    }

    /// Another name whenever the group must be another one: when what cannot be changed of it does, or when it gets another load
    /// balancer, since it can only ever have one.
    fn target_group_name(&self, network: &NetworkSettings, target_type: TargetType) -> String {
        let targets = if target_type == TargetType::Ip { "ip" } else { "instance" };
        let sharing = if self.fleet.load_balancer.alb.is_shared() { "shared" } else { "own" };
        let balancer = self.fleet.placement_of_load_balancer(network);
        let fixed = format!("{NGINX_PORT} HTTP {targets} {sharing} {balancer}");
        let discriminator = names::short_hash(fixed);
        names::target_group(self.fleet.name.as_str(), self.tenant.slug(), "web", &discriminator)
    }
}
