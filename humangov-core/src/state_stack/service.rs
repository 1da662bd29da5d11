// SPDX-License-Identifier: MIT OR Apache-2.0
//! The service that keeps tasks running, and what scales it.

use super::{
    AutoscalingSettings, FargateCapacity, LaunchSettings, StateStack,
    task::{NGINX, NGINX_PORT},
    web::Web,
};
use crate::{
    base_stack::BaseStack,
    kind::{
        autoscaling::{Metric, ScalableTarget, TargetTracking},
        ec2::SecurityGroup,
        ecs::{
            AwsvpcConfiguration, CircuitBreaker, DeploymentConfiguration, Ec2Launch, ExternalLaunch,
            FargateCapacityLaunch, FargateLaunch, Launch, LoadBalancer, PlacementStrategy, PropagateTags,
            Service, TaskDefinition,
        },
    },
    names,
    stack::{Stack, StackError},
    value::Handle,
};

impl StateStack {
    pub(super) fn service(&self, task: &Handle<TaskDefinition>, web: &Web) -> Service {
        let mut service = Service::builder()
            .name(names::service(self.fleet.name.as_str(), self.tenant.slug(), "app"))
            .cluster(BaseStack::cluster_arn())
            .task_definition(task)
            .launch(self.service_launch(web))
            .deployment_configuration(self.deployment())
            .enable_execute_command(self.enable_execute_command)
            .enable_ecs_managed_tags(true)
            .propagate_tags(PropagateTags::Service)
            .tags(self.fleet.tags.clone())
            .build();
        // With autoscaling, what it made of the number is not ours to put back.
        service.desired_count = self.autoscaling.is_none().then_some(self.desired_count);
        service.health_check_grace_period_seconds = web.target_group.is_some().then(|| self.grace_period());
        service
    }

    fn grace_period(&self) -> u32 {
        let default = if self.fleet.load_balancer.alb.is_shared() {
            Self::GRACE_PERIOD_SHARED_SECONDS
        } else {
            Self::GRACE_PERIOD_OWN_SECONDS
        };
        self.health_check_grace_period_seconds.unwrap_or(default)
    }

    /// New tasks first, then the old ones go; where a machine's port has room for one task only, the other way round.
    fn deployment(&self) -> DeploymentConfiguration {
        let mut deployment =
            DeploymentConfiguration::builder().circuit_breaker(CircuitBreaker::ROLL_BACK).build();
        let (minimum, maximum) = match self.launch.has_fixed_port() {
            false => (100, 200),
            true if self.fewest_tasks() > 1 => (50, 100),
            true => (0, 100),
        };
        deployment.minimum_healthy_percent = Some(minimum);
        deployment.maximum_percent = Some(maximum);
        deployment
    }

    fn fewest_tasks(&self) -> u32 {
        self.autoscaling.as_ref().map_or(self.desired_count, |scaling| scaling.min_capacity)
    }

    fn service_launch(&self, web: &Web) -> Launch {
        let balancers: Vec<LoadBalancer> =
            web.target_group.iter().map(|group| LoadBalancer::new(group, NGINX, NGINX_PORT)).collect();
        let network = self.awsvpc(web);
        match &self.launch {
            LaunchSettings::Fargate(settings) => {
                let network = network
                    .expect("tasks on Fargate have interfaces, and none are declared without a network");
                match settings.capacity {
                    FargateCapacity::OnDemand => {
                        let mut launch = FargateLaunch::builder().network(network).build();
                        launch.load_balancers = balancers;
                        launch.into()
                    }
                    FargateCapacity::Spot => {
                        let launch = FargateCapacityLaunch::builder().fargate_spot(1, 0).network(network);
                        let mut launch = launch.build();
                        launch.load_balancers = balancers;
                        launch.into()
                    }
                }
            }
            LaunchSettings::Ec2(_) => {
                let spread = PlacementStrategy::Spread("attribute:ecs.availability-zone".to_owned());
                let mut launch = Ec2Launch::builder().placement_strategy(spread).build();
                launch.network = network;
                launch.load_balancers = balancers;
                launch.into()
            }
            LaunchSettings::External(_) => ExternalLaunch::builder().build().into(),
        }
    }

    /// Where the tasks' interfaces are, if they have any.
    fn awsvpc(&self, web: &Web) -> Option<AwsvpcConfiguration> {
        let (network, group) = (self.fleet.network.as_ref()?, web.task_group.as_ref()?);
        let on_fargate = matches!(self.launch, LaunchSettings::Fargate(_));
        let configuration = AwsvpcConfiguration::builder()
            .subnets(network.subnets.iter().cloned())
            .security_group(group.get(SecurityGroup::ID))
            .assign_public_ip(on_fargate && network.assign_public_ip);
        Some(configuration.build())
    }

    pub(super) fn add_autoscaling(
        &self,
        stack: &mut Stack,
        service: &Handle<Service>,
    ) -> Result<(), StackError> {
        let Some(AutoscalingSettings { min_capacity, max_capacity, cpu_percent, memory_percent }) =
            self.autoscaling
        else {
            return Ok(());
        };
        let mut target = ScalableTarget::builder()
            .cluster_name(service.get(Service::CLUSTER_NAME))
            .service_name(service.get(Service::NAME))
            .min_capacity(min_capacity)
            .max_capacity(max_capacity)
            .tags(self.fleet.tags.clone())
            .build();
        for (name, metric, percent) in [
            ("cpu", Metric::CpuUtilization, cpu_percent),
            ("memory", Metric::MemoryUtilization, memory_percent),
        ] {
            if let Some(percent) = percent {
                let policy = TargetTracking::builder().metric(metric).target_value(percent).build();
                target.policies.insert(name.to_owned(), policy);
            }
        }
        stack.add("app", target).map(drop)
    }

    pub(super) fn check_autoscaling(&self, stack: &mut Stack) {
        let Some(scaling) = &self.autoscaling else { return };
        if scaling.cpu_percent.is_none() && scaling.memory_percent.is_none() {
            stack.refuse("autoscaling", "nothing to follow; give cpu_percent, memory_percent or both");
        }
        for (path, percent) in [
            ("autoscaling.cpu_percent", scaling.cpu_percent),
            ("autoscaling.memory_percent", scaling.memory_percent),
        ] {
            if percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
                stack.refuse(path, "allowed are 1 to 100 percent");
            }
        }
    }
}
