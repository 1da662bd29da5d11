// SPDX-License-Identifier: MIT OR Apache-2.0
//! What runs, and as whom: the task definition and the task role.

use super::StateStack;
use crate::{
    base_stack::BaseStack,
    fleet_settings::{FleetSettings, ManagedPolicy},
    kind::{
        dynamodb::Table,
        ecs::{ContainerCondition, ContainerDefinition, LogConfiguration, PortMapping, TaskDefinition},
        iam::{PolicyDocument, Role, Statement},
        logs::LogGroup,
        s3::Bucket,
    },
    names,
    stack::Stack,
    value::Handle,
};

/// The web server's container, to which requests go.
pub(super) const NGINX: &str = "nginx";
/// The port it listens on.
pub(super) const NGINX_PORT: u16 = 80;
const APP: &str = "app";
const APP_PORT: u16 = 8000;
/// What waits for CloudWatch before lines are lost: AWS's own size, and its own choice since 2025 over making requests wait.
const LOG_BUFFER: &str = "10m";

impl StateStack {
    /// Names of table and bucket are known beforehand, so the role is made while they are.
    pub(super) fn task_role(&self) -> Role {
        let fleet = &self.fleet;
        let FleetSettings { account, region, partition, tags, .. } = fleet;
        let mut role = Role::builder()
            .name(fleet.role_name(self.tenant.slug(), "task"))
            .description(format!(
                "the application of {} in the fleet {}",
                self.tenant.display_name(),
                fleet.name
            ))
            .trust(Role::trusting_ecs_tasks(account, region, partition))
            .tags(tags.clone())
            .build();
        role.permissions_boundary.clone_from(&fleet.permissions_boundary);
        let mut policy = PolicyDocument::new();
        if fleet.has(ManagedPolicy::AmazonDynamoDbFullAccess) {
            role.managed_policies.push(fleet.managed(ManagedPolicy::AmazonDynamoDbFullAccess).into());
        } else {
            policy = policy.statement(self.use_table());
        }
        if fleet.has(ManagedPolicy::AmazonS3FullAccess) {
            role.managed_policies.push(fleet.managed(ManagedPolicy::AmazonS3FullAccess).into());
        } else {
            policy = policy.statement(self.use_bucket());
        }
        if self.enable_execute_command {
            policy = policy.statement(open_shells());
        }
        if !policy.statements.is_empty() {
            role.inline_policies.insert(APP.to_owned(), policy);
        }
        role
    }

    fn use_table(&self) -> Statement {
        let actions = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan"];
        Statement::allow()
            .actions(actions.map(|action| format!("dynamodb:{action}")))
            .resource(self.fleet.arn("dynamodb", format_args!("table/{}", self.table_name())))
    }

    fn use_bucket(&self) -> Statement {
        let actions = ["PutObject", "GetObject", "AbortMultipartUpload"];
        Statement::allow().actions(actions.map(|action| format!("s3:{action}"))).resource(format!(
            "arn:{}:s3:::{}/*",
            self.fleet.partition,
            self.bucket_name()
        ))
    }

    pub(super) fn warn_of_managed_policies(&self, stack: &mut Stack) {
        for (policy, what) in [
            (ManagedPolicy::AmazonS3FullAccess, "bucket"),
            (ManagedPolicy::AmazonDynamoDbFullAccess, "table"),
        ] {
            if self.fleet.has(policy) {
                stack.warn(format!(
                    "{policy} lets the tasks of {} do everything with every {what} of the account, those of other \
                     tenants included",
                    self.tenant.display_name(),
                ));
            }
        }
    }

    pub(super) fn task_definition(
        &self,
        logs: &Handle<LogGroup>,
        bucket: &Handle<Bucket>,
        table: &Handle<Table>,
        role: &Handle<Role>,
    ) -> TaskDefinition {
        let region = self.fleet.region.as_str();
        let log = || {
            LogConfiguration::awslogs(logs.get(LogGroup::NAME), region, self.tenant.slug())
                .non_blocking(LOG_BUFFER)
        };
        let app = ContainerDefinition::builder()
            .name(APP)
            .image(self.images.app.clone())
            .port(APP_PORT)
            .env("US_STATE", self.tenant.us_state_variable())
            // One for the table's client, the other for the bucket's. Fargate sets both, other hosts do not.
            .env("AWS_REGION", region)
            .env("AWS_DEFAULT_REGION", region)
            .env("AWS_BUCKET", bucket.get(Bucket::NAME))
            .env("AWS_DYNAMODB_TABLE", table.get(Table::NAME))
            .log_configuration(log());
        let nginx = ContainerDefinition::builder()
            .name(NGINX)
            .image(self.images.nginx.clone())
            .port_mapping(self.nginx_port())
            // Its image's health cannot be told from outside, so it waits for the start only; nginx answers 502 until then.
            .depends_on(APP, ContainerCondition::Start)
            .log_configuration(log());
        TaskDefinition::builder()
            .family(names::family(self.fleet.name.as_str(), self.tenant.slug(), APP))
            .launch(self.launch.task_launch())
            .task_role(role)
            .execution_role(BaseStack::execution_role_arn())
            .container(app.build())
            .container(nginx.build())
            .tags(self.fleet.tags.clone())
            .build()
    }

    fn nginx_port(&self) -> PortMapping {
        let mut port = PortMapping::tcp(NGINX_PORT);
        if self.launch.has_fixed_port() {
            port.host_port = Some(NGINX_PORT);
        }
        port
    }
}

/// What the agent in a container needs for `aws ecs execute-command`; AWS has no narrower resource for it.
fn open_shells() -> Statement {
    let actions = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];
    Statement::allow().actions(actions.map(|action| format!("ssmmessages:{action}"))).resource("*")
}
