// SPDX-License-Identifier: MIT OR Apache-2.0
//! The settings of a service: which there are, what they are when nothing is said, and how changes are merged into them.

use super::Service;
use crate::sandbox::wire::Input;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What a deployment brings about. All but the second and the third start one when they change.
pub(super) const TARGET: [&str; 11] = [
    "taskDefinition",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// What applies as soon as it is set.
const AT_ONCE: [&str; 10] = [
    "availabilityZoneRebalancing",
    "deploymentConfiguration",
    "deploymentController",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
    "schedulingStrategy",
];

/// Whether another value of this one starts a deployment.
pub(super) fn deploys(name: &str) -> bool {
    TARGET.contains(&name) && !["launchType", "capacityProviderStrategy", "platformFamily"].contains(&name)
}

/// All settings of a new service: what was given, the cluster's default strategy where no launch is given, and AWS's defaults.
pub(super) fn of_new(given: Input<'_>, strategy: &[Value]) -> Map<String, Value> {
    let mut whole = Map::new();
    merge(&mut whole, given);
    let daemon = given.text("schedulingStrategy") == Some("DAEMON");
    let launch = ["launchType", "capacityProviderStrategy"];
    if !daemon && !strategy.is_empty() && launch.iter().all(|name| !given.has(name)) {
        whole.insert("capacityProviderStrategy".to_owned(), strategy.into());
    }
    let launched = launch.iter().any(|name| whole.contains_key(*name));
    let fargate = is_fargate(Input(&Value::Object(whole.clone())));
    let mut default = |name: &str, value: Value| {
        whole.entry(name).or_insert(value);
    };
    if !launched {
        default("launchType", json!("EC2"));
    }
    default("schedulingStrategy", json!("REPLICA"));
    default("deploymentController", json!({"type": "ECS"}));
    default("enableECSManagedTags", json!(false));
    default("enableExecuteCommand", json!(false));
    default("propagateTags", json!("NONE"));
    default("placementConstraints", json!([]));
    default("placementStrategy", json!([]));
    default("loadBalancers", json!([]));
    default("serviceRegistries", json!([]));
    default("availabilityZoneRebalancing", json!(if daemon { "DISABLED" } else { "ENABLED" }));
    if fargate {
        default("platformVersion", json!("LATEST"));
    }
    if !given.list("loadBalancers").is_empty() {
        default("healthCheckGracePeriodSeconds", json!(0));
    }
    if let Some(configuration) = whole.entry("deploymentConfiguration").or_insert(json!({})).as_object_mut() {
        let mut default = |name: &str, value: Value| {
            configuration.entry(name).or_insert(value);
        };
        default("deploymentCircuitBreaker", json!({"enable": false, "rollback": false}));
        default("maximumPercent", json!(if daemon { 100 } else { 200 }));
        default("minimumHealthyPercent", json!(if daemon { 0 } else { 100 }));
        default("strategy", json!("ROLLING"));
        default("bakeTimeInMinutes", json!(0));
    }
    whole
}

/// Merges what was given into the settings there are. What is not given stays.
pub(super) fn merge(whole: &mut Map<String, Value>, given: Input<'_>) {
    for name in TARGET.iter().chain(&AT_ONCE) {
        let Some(value) = given.get(name) else { continue };
        match *name {
            "deploymentConfiguration" => merge_deployment(whole, value),
            // Sent empty it goes: tasks in another network mode than `awsvpc` have none.
            "networkConfiguration" if value.get("awsvpcConfiguration").is_none_or(Value::is_null) => {
                whole.remove(*name);
            }
            "networkConfiguration" => {
                whole.insert((*name).to_owned(), network(value));
            }
            _ => {
                whole.insert((*name).to_owned(), value.clone());
            }
        }
    }
}

/// Each member for itself. Of the circuit breaker those that must be given are replaced, the others stay.
fn merge_deployment(whole: &mut Map<String, Value>, given: &Value) {
    let configuration = whole.entry("deploymentConfiguration").or_insert(json!({}));
    let (Some(configuration), Some(given)) = (configuration.as_object_mut(), given.as_object()) else {
        return;
    };
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let before = configuration.get_mut(name).and_then(Value::as_object_mut);
        match (before, value.as_object()) {
            (Some(before), Some(members)) if name == "deploymentCircuitBreaker" => {
                before.extend(members.clone());
            }
            _ => {
                configuration.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The network settings, with what AWS fills in.
fn network(given: &Value) -> Value {
    let mut network = given.clone();
    if let Some(awsvpc) = network["awsvpcConfiguration"].as_object_mut() {
        awsvpc.entry("assignPublicIp").or_insert(json!("DISABLED"));
        awsvpc.entry("securityGroups").or_insert(json!([]));
    }
    network
}

/// Whether tasks of these settings run on Fargate.
pub(super) fn is_fargate(whole: Input<'_>) -> bool {
    let mut providers =
        whole.objects("capacityProviderStrategy").filter_map(|item| item.text("capacityProvider"));
    match providers.next() {
        Some(provider) => provider.starts_with("FARGATE"),
        None => whole.text("launchType") == Some("FARGATE"),
    }
}

/// When a deployment's failed tasks are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::service::ecs) struct Breaker {
    pub enable: bool,
    pub rollback: bool,
    pub reset_on_healthy: bool,
    pub threshold: u32,
}

impl Service {
    pub(in crate::sandbox::service::ecs) fn target_text(&self, name: &str) -> &str {
        self.target.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn configuration(&self) -> Input<'_> {
        Input(self.settings.get("deploymentConfiguration").unwrap_or(&Value::Null))
    }

    pub(in crate::sandbox::service::ecs) fn is_daemon(&self) -> bool {
        self.settings.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON")
    }

    pub(in crate::sandbox::service::ecs) fn grace(&self) -> Duration {
        let seconds = self.settings.get("healthCheckGracePeriodSeconds").and_then(Value::as_u64);
        Duration::from_secs(seconds.unwrap_or_default())
    }

    /// How many tasks must be healthy, and how many there may be, while a deployment goes on.
    pub(in crate::sandbox::service::ecs) fn limits(&self) -> (usize, usize) {
        let percent = |name: &str, usual: i64| {
            u64::try_from(self.configuration().integer(name).unwrap_or(usual)).unwrap_or_default()
        };
        let desired = u64::from(self.desired);
        let least = (desired * percent("minimumHealthyPercent", 100)).div_ceil(100);
        let most = desired * percent("maximumPercent", 200) / 100;
        // A daemon's task is replaced where it is, which is no less than none.
        let least = if self.is_daemon() { 0 } else { least };
        (usize::try_from(least).unwrap_or(usize::MAX), usize::try_from(most).unwrap_or(usize::MAX))
    }

    pub(in crate::sandbox::service::ecs) fn breaker(&self) -> Breaker {
        let none = Value::Null;
        let breaker = Input(self.configuration().get("deploymentCircuitBreaker").unwrap_or(&none));
        let threshold = Input(breaker.get("thresholdConfiguration").unwrap_or(&none));
        let value = threshold.integer("value").and_then(|value| u32::try_from(value).ok()).unwrap_or(50);
        let percent = u32::try_from((u64::from(self.desired) * u64::from(value)).div_ceil(100));
        let percent = percent.unwrap_or(u32::MAX);
        Breaker {
            enable: breaker.truth("enable").unwrap_or(false),
            rollback: breaker.truth("rollback").unwrap_or(false),
            reset_on_healthy: breaker.truth("resetOnHealthyTask").unwrap_or(true),
            threshold: match threshold.text("type") {
                Some("COUNT") => value.max(1),
                Some("UNBOUNDED_PERCENT") => percent.max(1),
                _ => percent.clamp(3, 200),
            },
        }
    }
}
