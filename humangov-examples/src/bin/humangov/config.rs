// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Config`]: what `humangov.toml` says, checked.
//!
//! These types are the file: their documentation becomes the JSON Schema and the reference. [`read`] fills them from a
//! TOML tree whose places are known, and tells everything that is wrong in one [`ConfigError`].

mod problem;
mod read;
mod reader;
mod schema;
mod syntax;

pub use problem::ConfigError;
pub(crate) use reader::and_list;
use reader::or_list;
pub use schema::schema;

use crate::session::StoreUrl;
use humangov_core::{
    kind::logs::LogGroup,
    names::FleetName,
    size::{Cpu, FargateSize, Memory},
    tags::Tags,
    tenant::{CustomTenants, Tenant},
};
use reader::Choice;
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::RangeInclusive,
    path::Path,
};

/// The commented configuration that `humangov init` writes.
pub const SAMPLE: &str = include_str!("../../../humangov.toml");

/// What is deployed, for whom, and how.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(deny_unknown_fields, title = "humangov.toml")]
pub struct Config {
    /// The states to deploy for, each by name (`"new-york"`, `"New York"`) or postal code (`"NY"`); `"all"` is all fifty.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub states: Vec<Tenant>,
    /// What all states share.
    pub fleet: Fleet,
    /// Who may be a tenant.
    #[schemars(default)]
    pub tenants: Tenants,
    /// The images that run.
    pub images: Images,
    /// How each state's service runs.
    #[schemars(default)]
    pub service: Service,
    /// How requests reach the services.
    #[schemars(default)]
    pub load_balancer: LoadBalancer,
    /// Where tasks and load balancers are placed. Absent: the default VPC and its public subnets are looked up.
    #[schemars(with = "Network", default)]
    pub network: Option<Network>,
    /// How each state's table and bucket keep their data.
    #[schemars(default)]
    pub data: Data,
    /// How long logs are kept.
    #[schemars(default)]
    pub logs: Logs,
    /// What tasks may do.
    #[schemars(default)]
    pub iam: Iam,
    /// Where the records of what was made are kept.
    #[schemars(default)]
    pub state: StateSection,
    /// Settings of single states, by state: any key of `images` and `service`.
    #[schemars(with = "BTreeMap<String, schema::Override>", default)]
    pub overrides: BTreeMap<Tenant, StateSettings>,
}

/// What one state runs: the settings of all states with its overrides laid over them.
#[derive(Debug, Clone, PartialEq)]
pub struct StateSettings {
    /// The images that run.
    pub images: Images,
    /// How the service runs.
    pub service: Service,
}

/// What all states share.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Fleet {
    /// The name that all names in AWS begin with: 1 to 20 of `a-z`, `0-9` and `-`, a letter first.
    #[schemars(with = "String", length(min = 1, max = 20))]
    pub name: FleetName,
    /// The region. Absent: `--region`, `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's.
    #[schemars(with = "String", default)]
    pub region: Option<String>,
    /// The only account to deploy to, 12 digits in quotes; credentials of any other are refused. Absent: any.
    #[schemars(with = "String", default)]
    pub account: Option<String>,
    /// Tags of everything that can bear tags; at most 45.
    #[schemars(with = "BTreeMap<String, String>", default)]
    pub tags: Tags,
}

/// Where the records of what was made are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct StateSection {
    /// `"file:DIR"`, `"s3://BUCKET/PREFIX"` or `"dynamodb://TABLE"`. Absent: `"file:.humangov"`. `--state` goes before it, and with
    /// `--sandbox` it is not used.
    #[schemars(with = "String", default)]
    #[serde(serialize_with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub url: Option<StoreUrl>,
}

/// Who may be a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Tenants {
    /// Whether tenants other than the fifty states are accepted, such as `staging`. A misspelt state is one too then.
    pub allow_custom: bool,
}

/// The images that run, each with a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Images {
    /// The application.
    pub app: String,
    /// The web server in front of it.
    pub nginx: String,
}

/// How a state's service runs.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Service {
    /// Where tasks run.
    pub launch: Launch,
    /// CPU of a task, such as `"0.5 vCPU"` or 512 (CPU units).
    #[schemars(schema_with = "schema::amount")]
    #[serde(serialize_with = "as_text")]
    pub cpu: Cpu,
    /// Memory of a task, such as `"1 GB"` or 1024 (MiB). On Fargate only certain amounts go with each CPU.
    #[schemars(schema_with = "schema::amount")]
    #[serde(serialize_with = "as_text")]
    pub memory: Memory,
    /// The CPU architecture that the images are built for.
    pub cpu_architecture: CpuArchitecture,
    /// How many tasks run. Autoscaling, where there is any, decides instead.
    #[schemars(range(min = 0, max = 5000))]
    pub desired_count: u32,
    /// The path that the load balancer asks for to see whether a task is well.
    #[schemars(length(min = 1, max = 1024))]
    pub health_check_path: String,
    /// Seconds after its start during which a task that is not well yet is left alone. Absent: 60, or 180 behind a load balancer
    /// of its own, which takes up to three minutes to work itself.
    #[schemars(with = "u32", range(min = 0, max = 2_147_483_647), default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_grace_period_seconds: Option<u32>,
    /// Seconds that a task which is to stop may take to answer the requests it has.
    #[schemars(range(min = 0, max = 3600))]
    pub deregistration_delay_seconds: u32,
    /// Whether `aws ecs execute-command` may open a shell in a task.
    pub enable_execute_command: bool,
    /// How containers reach the network; for `launch = "ec2"` and `"external"` only.
    #[schemars(with = "NetworkMode", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<NetworkMode>,
    /// Follow the load by running more or fewer tasks. Absent: always `desired_count`.
    #[schemars(with = "Autoscaling", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
}

/// How the number of tasks follows the load; at least one of the two targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Autoscaling {
    /// The fewest tasks.
    #[schemars(range(min = 0, max = 5000))]
    pub min_capacity: u32,
    /// The most tasks.
    #[schemars(range(min = 1, max = 5000))]
    pub max_capacity: u32,
    /// The average use of CPU to hold, in percent.
    #[schemars(with = "u32", range(min = 1, max = 100), default)]
    pub cpu_percent: Option<u32>,
    /// The average use of memory to hold, in percent.
    #[schemars(with = "u32", range(min = 1, max = 100), default)]
    pub memory_percent: Option<u32>,
}

/// How requests reach the services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct LoadBalancer {
    /// One load balancer for all states or one each. Absent: `"shared"` with a domain, `"per-state"` without.
    #[schemars(with = "Alb", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    alb: Option<Alb>,
    /// The domain that states are put before: `california.humangov.example` with `"humangov.example"`.
    #[schemars(with = "String", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The ACM certificate for HTTPS, in the region of the fleet; HTTP is then redirected. Absent: HTTP only.
    #[schemars(with = "String", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
    /// Who can reach the load balancer.
    pub scheme: Scheme,
    /// The networks that may send requests.
    #[schemars(length(min = 1, max = 60))]
    pub ingress_cidrs: Vec<String>,
    /// Seconds after which an idle connection is closed.
    #[schemars(range(min = 1, max = 4000))]
    pub idle_timeout_seconds: u32,
}

/// Where tasks and load balancers are placed.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Network {
    /// The VPC.
    pub vpc_id: String,
    /// Its subnets to use; for a load balancer two or more, in different availability zones.
    #[schemars(length(min = 1, max = 16))]
    pub subnets: Vec<String>,
    /// Whether tasks on Fargate get a public address; in subnets without a NAT gateway they need one to pull images.
    #[schemars(default = "yes")]
    pub assign_public_ip: bool,
}

/// How each state's table and bucket keep their data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Data {
    /// Whether a table can be restored to any second of the last 35 days.
    pub point_in_time_recovery: bool,
    /// Whether a bucket keeps former versions of its objects.
    pub versioning: bool,
    /// Whether AWS itself refuses to delete a table.
    pub deletion_protection: bool,
}

/// How long logs are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Logs {
    /// Days that log events are kept, one of the periods CloudWatch Logs has.
    #[schemars(extend("enum" = LogGroup::RETENTION_DAYS))]
    pub retention_in_days: u32,
}

/// What tasks may do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct Iam {
    /// The managed policy that bounds every role. Absent: none.
    #[schemars(with = "String", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// Managed policies of AWS to attach instead of permissions for exactly the state's own table and bucket.
    pub managed_policies: Vec<ManagedPolicy>,
}

/// Enums whose variants are the words of the file.
macro_rules! choices {
    ($($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+ }

        impl Choice for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }
    )+};
}

choices! {
    /// Where tasks run.
    Launch {
        /// On Fargate: AWS runs the machines.
        Fargate = "fargate",
        /// On Fargate's spare capacity: cheaper, and stopped with two minutes' warning.
        FargateSpot = "fargate_spot",
        /// On EC2 instances that have joined the cluster.
        Ec2 = "ec2",
        /// On machines of one's own that have joined the cluster; without a load balancer.
        External = "external",
    }
    /// CPU architecture.
    CpuArchitecture {
        /// Intel and AMD.
        X86_64 = "X86_64",
        /// Graviton and other ARM.
        Arm64 = "ARM64",
    }
    /// How containers reach the network.
    NetworkMode {
        /// A network interface for each task; its containers share localhost.
        Awsvpc = "awsvpc",
        /// Docker's bridge; containers do not share localhost.
        Bridge = "bridge",
        /// The machine's own network; containers share localhost, and a port is used once a machine.
        Host = "host",
    }
    /// One load balancer for all states or one each.
    Alb {
        /// One for all, which tells states apart by host name; needs a domain.
        Shared = "shared",
        /// One for each state.
        PerState = "per-state",
    }
    /// Who can reach a load balancer.
    Scheme {
        /// Everyone, as far as `ingress_cidrs` lets them.
        InternetFacing = "internet-facing",
        /// Whoever is in the VPC or connected to it.
        Internal = "internal",
    }
    /// A managed policy of AWS that HumanGov deployments have been given.
    ManagedPolicy {
        /// Everything on every bucket of the account, for the task.
        AmazonS3FullAccess = "AmazonS3FullAccess",
        /// Everything on every table of the account, for the task.
        AmazonDynamoDbFullAccess = "AmazonDynamoDBFullAccess",
        /// Pulling every image and writing every log group of the account, for ECS on the task's behalf.
        AmazonEcsTaskExecutionRolePolicy = "AmazonECSTaskExecutionRolePolicy",
    }
}

/// Tasks of one service that ECS runs (Amazon ECS service quotas, "Tasks per service").
const TASKS: RangeInclusive<u32> = 0..=5000;
/// Seconds (Elastic Load Balancing, `deregistration_delay.timeout_seconds`).
const DEREGISTRATION_DELAY: RangeInclusive<u32> = 0..=3600;
/// Seconds (Elastic Load Balancing, `idle_timeout.timeout_seconds`).
const IDLE_TIMEOUT: RangeInclusive<u32> = 1..=4000;
/// Seconds (Amazon ECS, `healthCheckGracePeriodSeconds`).
const GRACE_PERIOD: RangeInclusive<u32> = 0..=2_147_483_647;

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// With every problem of the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let source = std::fs::read(path).map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => "; write one with: humangov init".to_owned(),
                _ => String::new(),
            };
            ConfigError::of_file(&name, format!("cannot be read: {}{hint}", describe(&error)))
        })?;
        let source = String::from_utf8(source).map_err(|error| {
            let understood = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            let line = understood.matches('\n').count() + 1;
            ConfigError::of_file(&name, format!("is not UTF-8 text: line {line} has other bytes"))
        })?;
        Self::parse(&name, &source)
    }

    /// Checks `source`, the text of the file `name`.
    ///
    /// # Errors
    /// With every problem of the file.
    pub fn parse(name: &str, source: &str) -> Result<Self, ConfigError> {
        read::config(name, source)
    }

    /// What `tenant` runs.
    pub fn settings(&self, tenant: &Tenant) -> Cow<'_, StateSettings> {
        match self.overrides.get(tenant) {
            Some(settings) => Cow::Borrowed(settings),
            None => Cow::Owned(StateSettings { images: self.images.clone(), service: self.service.clone() }),
        }
    }

    /// What may be a mistake, and is allowed all the same.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for state in &self.states {
            if let Tenant::Custom(custom) = state
                && let [similar, ..] = custom.similar_states()[..]
            {
                warnings.push(format!("{state} is taken for a tenant of its own; did you mean {similar}?"));
            }
        }
        let settings: Vec<_> = self.states.iter().map(|state| self.settings(state)).collect();
        let all = settings.iter().flat_map(|settings| [&settings.images.app, &settings.images.nginx]);
        let latest: BTreeSet<&String> = all.filter(|image| image.ends_with(":latest")).collect();
        for image in latest {
            warnings.push(format!(
                "{image} may be another image each time a task starts; give a version or a digest"
            ));
        }
        warnings
    }

    /// Whether tenants other than states are accepted.
    pub fn custom_tenants(&self) -> CustomTenants {
        if self.tenants.allow_custom { CustomTenants::Allowed } else { CustomTenants::Refused }
    }
}

impl Service {
    /// CPU and memory as a size of Fargate; nothing on machines of one's own.
    #[expect(dead_code, reason = "for the stacks")]
    pub fn fargate_size(&self) -> Option<FargateSize> {
        if self.launch.is_fargate() { FargateSize::new(self.cpu, self.memory).ok() } else { None }
    }
}

impl Launch {
    /// Whether AWS runs the machines.
    pub fn is_fargate(self) -> bool {
        matches!(self, Self::Fargate | Self::FargateSpot)
    }
}

impl LoadBalancer {
    /// One load balancer for all states or one each.
    pub fn alb(&self) -> Alb {
        self.alb.unwrap_or(if self.domain.is_some() { Alb::Shared } else { Alb::PerState })
    }
}

impl Default for Service {
    fn default() -> Self {
        Self {
            launch: Launch::Fargate,
            // The application needs about 100 MiB and little CPU; the smallest size is slow to start.
            cpu: Cpu::from_units(512),
            memory: Memory::from_mib(1024),
            cpu_architecture: CpuArchitecture::X86_64,
            desired_count: 1,
            health_check_path: "/".to_owned(),
            health_check_grace_period_seconds: None,
            deregistration_delay_seconds: 30,
            enable_execute_command: false,
            network_mode: None,
            autoscaling: None,
        }
    }
}

impl Default for LoadBalancer {
    fn default() -> Self {
        Self {
            alb: None,
            domain: None,
            certificate_arn: None,
            scheme: Scheme::InternetFacing,
            ingress_cidrs: vec!["0.0.0.0/0".to_owned()],
            idle_timeout_seconds: 60,
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self { point_in_time_recovery: true, versioning: true, deletion_protection: false }
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self { retention_in_days: 30 }
    }
}

/// The default of [`Network::assign_public_ip`]: the default VPC's subnets, and most others, have no NAT gateway.
const fn yes() -> bool {
    true
}

fn as_text<T: ToString, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn as_optional_text<T: ToString, S: serde::Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_some(&value.to_string()),
        None => serializer.serialize_none(),
    }
}

/// An I/O error in our words: the system's own name a number that nobody needs.
fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}
