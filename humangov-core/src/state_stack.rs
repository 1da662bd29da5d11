// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`StateStack`]: the application for one tenant, isolated from all others.

mod launch;
mod service;
mod task;
#[cfg(test)]
mod tests;
mod web;

pub use launch::{
    Ec2NetworkMode, Ec2Settings, ExternalNetworkMode, ExternalSettings, FargateCapacity, FargateSettings,
    LaunchSettings,
};

use crate::{
    fleet_settings::FleetSettings,
    kind::{
        dynamodb::{KeySchema, ScalarAttributeType, Table},
        ecs, iam,
        logs::LogGroup,
        s3::{Bucket, Encryption, LifecycleRule, Versioning},
    },
    names,
    resource::HasArn,
    stack::{Stack, StackError},
    tenant::Tenant,
    value::Input,
};
use typed_builder::TypedBuilder;

/// The application for one tenant: its own table, bucket, role, log group and service, behind the shared load balancer or one of
/// its own. It imports cluster and execution role from the fleet's [`BaseStack`](crate::base_stack::BaseStack).
///
/// | address | what it is |
/// | --- | --- |
/// | `logs.log_group/app` | what both containers write |
/// | `s3.bucket/documents`, `dynamodb.table/employees` | the data; kept on destroy unless asked otherwise |
/// | `iam.role/task` | what the application acts as: this table and this bucket, exactly the calls it makes |
/// | `ec2.security_group/task` | lets only the load balancer in (not on the host's own network) |
/// | `elbv2.target_group/web` | the tasks, as the load balancer knows them |
/// | `elbv2.listener_rule/web` | shared load balancer: requests for the tenant's host name |
/// | `ec2.security_group/alb`, `elbv2.load_balancer/web`, `elbv2.listener/http` and `/https` | own load balancer |
/// | `ecs.task_definition/app`, `ecs.service/app` | nginx on port 80 in front of the application on 8000 |
/// | `autoscaling.target/app` | with autoscaling |
///
/// What the application is told of its environment is taken from these resources, never typed, so it cannot be another
/// tenant's. Exports: `bucket_name`, `table_name`, `log_group_name`, `service_name` and, behind a load balancer, `url`.
///
/// ```
/// use humangov_core::{
///     base_stack::BaseStack,
///     fleet_settings::{FleetSettings, NetworkSettings},
///     state_stack::{Images, StateStack},
///     tenant::UsState,
/// };
///
/// let fleet = FleetSettings::builder()
///     .name("humangov".parse()?)
///     .account("123456789012")
///     .region("us-east-1")
///     .network(NetworkSettings::new("vpc-1", ["subnet-1", "subnet-2"]))
///     .build();
/// let base = BaseStack::builder().fleet(&fleet).build().into_stack()?;
/// let california = StateStack::builder()
///     .fleet(&fleet)
///     .tenant(UsState::California)
///     .images(Images::new("humangov/app:v1", "humangov/nginx:v1"))
///     .desired_count(2)
///     .build()
///     .into_stack()?;
/// base.check()?;
/// california.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct StateStack {
    /// What all stacks of the fleet agree on.
    #[builder(setter(into))]
    pub fleet: FleetSettings,
    /// Whom it is for.
    #[builder(setter(into))]
    pub tenant: Tenant,
    /// The images that run.
    pub images: Images,
    /// Where tasks run and how large they are. By default on Fargate with 0.5 vCPU and 1 GB.
    #[builder(default, setter(into))]
    pub launch: LaunchSettings,
    /// How many tasks run, unless `autoscaling` says. By default one.
    #[builder(default = 1)]
    pub desired_count: u32,
    /// Follows the load by running more or fewer tasks. By default always `desired_count`.
    #[builder(default, setter(strip_option))]
    pub autoscaling: Option<AutoscalingSettings>,
    /// How table and bucket keep their data.
    #[builder(default)]
    pub data: DataSettings,
    /// Days that log events are kept, one of [`LogGroup::RETENTION_DAYS`]. By default 30: enough to look into what was noticed
    /// late, at little cost.
    #[builder(default = StateStack::LOG_RETENTION_IN_DAYS)]
    pub log_retention_in_days: u32,
    /// The path that the load balancer asks for to see whether a task is well. By default `/`: the application has no other page
    /// that does without data.
    #[builder(default = StateStack::HEALTH_CHECK_PATH.to_owned(), setter(into))]
    pub health_check_path: String,
    /// Seconds after its start during which a task that is not well yet is left alone. Absent: 60, or 180 with a load balancer
    /// of its own, which takes up to three minutes until it works itself.
    #[builder(default, setter(strip_option))]
    pub health_check_grace_period_seconds: Option<u32>,
    /// Seconds that a task which is to stop may take to answer the requests it has, 0 to 3600. By default 30 instead of AWS's
    /// 300: the application's requests are short, and every deployment waits this long.
    #[builder(default = StateStack::DEREGISTRATION_DELAY_SECONDS)]
    pub deregistration_delay_seconds: u32,
    /// Whether `aws ecs execute-command` may open a shell in a task; the task role gets what that needs. By default not.
    #[builder(default)]
    pub enable_execute_command: bool,
}

/// The images that run, each with a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Images {
    /// The application, which listens on port 8000.
    pub app: Input<String>,
    /// The web server, which listens on port 80 and passes requests on to port 8000 of localhost.
    pub nginx: Input<String>,
}

impl Images {
    /// These images.
    pub fn new(app: impl Into<Input<String>>, nginx: impl Into<Input<String>>) -> Self {
        Self { app: app.into(), nginx: nginx.into() }
    }
}

/// How the number of tasks follows the load: at least one of the two targets is needed.
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct AutoscalingSettings {
    /// The fewest tasks.
    pub min_capacity: u32,
    /// The most tasks.
    pub max_capacity: u32,
    /// The average use of CPU to hold, 1 to 100 percent. By default it does not count.
    #[builder(default, setter(strip_option))]
    pub cpu_percent: Option<u32>,
    /// The average use of memory to hold, 1 to 100 percent. By default it does not count.
    #[builder(default, setter(strip_option))]
    pub memory_percent: Option<u32>,
}

/// How table and bucket keep their data.
#[derive(Debug, Clone, PartialEq, Eq, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct DataSettings {
    /// Whether the table can be restored to any second of the last 35 days. By default it can: people's records are in it.
    #[builder(default = true)]
    pub point_in_time_recovery: bool,
    /// Whether AWS itself refuses to delete the table, whoever asks. By default not: `humangov` keeps it anyway.
    #[builder(default)]
    pub deletion_protection: bool,
    /// Whether the bucket keeps former versions of its objects. By default it does, so that nothing is overwritten for good.
    #[builder(default = true)]
    pub versioning: bool,
    /// Days that former versions are kept, 1 or more. By default 90.
    #[builder(default = DataSettings::NONCURRENT_VERSION_EXPIRATION_DAYS)]
    pub noncurrent_version_expiration_days: u32,
    /// Days after which an upload that was not finished is given up, 1 or more. By default 7.
    #[builder(default = DataSettings::ABORT_INCOMPLETE_MULTIPART_UPLOAD_DAYS)]
    pub abort_incomplete_multipart_upload_days: u32,
}

impl DataSettings {
    /// How long former versions are kept unless set, in days.
    pub const NONCURRENT_VERSION_EXPIRATION_DAYS: u32 = 90;
    /// How long unfinished uploads are kept unless set, in days.
    pub const ABORT_INCOMPLETE_MULTIPART_UPLOAD_DAYS: u32 = 7;
}

impl Default for DataSettings {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl StateStack {
    /// How long logs are kept unless set, in days.
    pub const LOG_RETENTION_IN_DAYS: u32 = 30;
    /// The health check's path unless set.
    pub const HEALTH_CHECK_PATH: &'static str = "/";
    /// The grace period behind the shared load balancer unless set, in seconds.
    pub const GRACE_PERIOD_SHARED_SECONDS: u32 = 60;
    /// The grace period behind a load balancer of its own unless set, in seconds.
    pub const GRACE_PERIOD_OWN_SECONDS: u32 = 180;
    /// How long a task may finish its requests unless set, in seconds.
    pub const DEREGISTRATION_DELAY_SECONDS: u32 = 30;

    /// The stack, named by the tenant's slug. What AWS would refuse is told by [`Stack::check`].
    ///
    /// # Errors
    /// Never for the resources declared here; see [`Stack::add`] for what could.
    pub fn into_stack(self) -> Result<Stack, StackError> {
        let name = self.tenant.slug().parse().expect("every slug is the name of a stack");
        let mut stack = Stack::new(self.fleet.name.clone(), name);
        self.check(&mut stack);
        let logs = stack.add("app", self.log_group())?;
        let bucket = stack.add("documents", self.bucket())?;
        let table = stack.add("employees", self.table())?;
        let role = stack.add("task", self.task_role())?;
        stack.export("log_group_name", logs.get(LogGroup::NAME))?;
        stack.export("bucket_name", bucket.get(Bucket::NAME))?;
        stack.export("table_name", table.get(Table::NAME))?;
        stack.export("task_role_arn", role.get(iam::Role::ARN))?;
        let task = stack.add("app", self.task_definition(&logs, &bucket, &table, &role))?;
        let Some(web) = self.add_web(&mut stack)? else { return Ok(stack) };
        let service = stack.add("app", self.service(&task, &web))?;
        // ECS refuses a target group that no listener forwards to yet.
        web.before(&mut stack, &service)?;
        stack.export("service_name", service.get(ecs::Service::NAME))?;
        self.add_autoscaling(&mut stack, &service)?;
        Ok(stack)
    }

    fn log_group(&self) -> LogGroup {
        LogGroup::builder()
            .name(names::log_group(self.fleet.name.as_str(), self.tenant.slug(), "app"))
            .retention_in_days(self.log_retention_in_days)
            .tags(self.fleet.tags.clone())
            .build()
    }

    fn bucket_name(&self) -> String {
        let FleetSettings { name, account, region, .. } = &self.fleet;
        names::bucket(name.as_str(), self.tenant.slug(), account, region)
    }

    fn table_name(&self) -> String {
        names::table(self.fleet.name.as_str(), self.tenant.slug())
    }

    /// Keys of S3 and not of KMS: the application's links to documents are signed in a way that KMS refuses in some regions.
    fn bucket(&self) -> Bucket {
        let data = &self.data;
        let versioning = if data.versioning { Versioning::Enabled } else { Versioning::Suspended };
        let former = LifecycleRule::builder()
            .id("former-versions")
            .noncurrent_version_expiration_days(data.noncurrent_version_expiration_days)
            .expired_object_delete_marker(true)
            .build();
        let unfinished = LifecycleRule::builder()
            .id("unfinished-uploads")
            .abort_incomplete_multipart_upload_days(data.abort_incomplete_multipart_upload_days)
            .build();
        Bucket::builder()
            .name(self.bucket_name())
            .encryption(Encryption::SseS3)
            .versioning(versioning)
            .lifecycle_rule(former)
            .lifecycle_rule(unfinished)
            .tls_only(true)
            .tags(self.fleet.tags.clone())
            .build()
    }

    fn table(&self) -> Table {
        Table::builder()
            .name(self.table_name())
            .key_schema(KeySchema::hash("id", ScalarAttributeType::S))
            .point_in_time_recovery(self.data.point_in_time_recovery)
            .deletion_protection_enabled(self.data.deletion_protection)
            .tags(self.fleet.tags.clone())
            .build()
    }

    /// Whether more than one task can serve at a time, deployments aside.
    fn several_tasks(&self) -> bool {
        self.autoscaling.as_ref().map_or(self.desired_count, |scaling| scaling.max_capacity) > 1
    }

    /// Refuses and warns of what no single resource can tell.
    fn check(&self, stack: &mut Stack) {
        self.fleet.check(stack);
        self.check_autoscaling(stack);
        self.warn_of_managed_policies(stack);
        self.launch.warn(stack);
        for image in [&self.images.app, &self.images.nginx] {
            if let Some(warning) = self.fleet.cannot_pull(image) {
                stack.warn(warning);
            }
        }
    }
}
