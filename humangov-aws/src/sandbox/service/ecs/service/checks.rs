// SPDX-License-Identifier: MIT OR Apache-2.0
//! What AWS refuses about the settings of a service or of a task.

use super::settings::is_fargate;
use crate::sandbox::{
    error::ApiError,
    service::ecs::{
        refusal::{client, invalid},
        task_definition::TaskDefinition,
    },
    wire::Input,
    world::Cx,
};

/// The settings as they would be, and which of them were given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub whole: Input<'a>,
    pub given: Input<'a>,
    pub new: bool,
}

impl Wanted<'_> {
    /// Whether one of these is new. What was right once and is not touched is not looked at again.
    fn touches(&self, names: &[&str]) -> bool {
        self.new || names.iter().any(|name| self.given.has(name))
    }
}

/// The values that members may have.
const ENUMS: [(&str, &[&str]); 4] = [
    ("launchType", &["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]),
    ("schedulingStrategy", &["REPLICA", "DAEMON"]),
    ("propagateTags", &["TASK_DEFINITION", "SERVICE", "NONE"]),
    ("availabilityZoneRebalancing", &["ENABLED", "DISABLED"]),
];

/// Fargate's platform versions that can be asked for.
const PLATFORMS: [&str; 3] = ["LATEST", "1.4.0", "1.3.0"];

/// Looks at all of a service's settings.
pub(super) fn service(cx: &Cx<'_>, cluster: &str, wanted: Wanted<'_>) -> Result<(), ApiError> {
    let Wanted { whole, given, .. } = wanted;
    enums(given)?;
    controller(whole)?;
    scheduling(wanted)?;
    deployment(whole)?;
    let name = whole.text("taskDefinition").unwrap_or_default();
    let definition = if wanted.touches(&["taskDefinition"]) {
        revision(cx, name)?
    } else {
        // One that was deregistered since goes on being used.
        let Some(definition) = cx.here.ecs.task_definition(name) else { return Ok(()) };
        definition
    };
    let launch = [
        "taskDefinition",
        "capacityProviderStrategy",
        "platformVersion",
        "placementConstraints",
        "placementStrategy",
    ];
    if wanted.touches(&launch) {
        launchable(cx, cluster, whole, definition)?;
    }
    if wanted.touches(&["networkConfiguration", "taskDefinition"]) {
        awsvpc(cx, whole, definition)?;
    }
    if wanted.touches(&["loadBalancers", "taskDefinition"]) {
        load_balancers(cx, whole, definition)?;
    }
    let grace = given.integer("healthCheckGracePeriodSeconds");
    if grace.is_some_and(|grace| !(0..=i64::from(i32::MAX)).contains(&grace)) {
        return Err(invalid("Health check grace period must be between 0 and 2147483647."));
    }
    if grace.is_some_and(|grace| grace > 0) && whole.list("loadBalancers").is_empty() {
        return Err(invalid(
            "Health check grace period is only valid for services configured to use load balancers",
        ));
    }
    Ok(())
}

fn enums(given: Input<'_>) -> Result<(), ApiError> {
    for (name, values) in ENUMS {
        let value = given.get(name).map(|value| value.as_str().unwrap_or_default());
        if value.is_some_and(|value| !values.contains(&value)) {
            return Err(invalid(format!("{name} must be one of {}.", values.join(", "))));
        }
    }
    Ok(())
}

/// Deployments that something other than ECS controls, or that shift traffic, are not modelled.
fn controller(whole: Input<'_>) -> Result<(), ApiError> {
    let of = |name: &str, member: &str| whole.object(name).and_then(|object| object.text(member));
    let controller = of("deploymentController", "type").unwrap_or("ECS");
    let strategy = of("deploymentConfiguration", "strategy").unwrap_or("ROLLING");
    if !["ECS", "CODE_DEPLOY", "EXTERNAL"].contains(&controller) {
        return Err(invalid("deploymentController type must be one of ECS, CODE_DEPLOY, EXTERNAL."));
    }
    if !["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"].contains(&strategy) {
        return Err(invalid("strategy must be one of ROLLING, BLUE_GREEN, LINEAR, CANARY."));
    }
    if (controller, strategy) != ("ECS", "ROLLING") {
        return Err(ApiError::new(
            "UnsupportedFeatureException",
            format!("the sandbox models rolling deployments of ECS only, not {controller} with {strategy}"),
        ));
    }
    Ok(())
}

/// The task definition of this name, which must be there and active.
pub(in crate::sandbox::service::ecs) fn revision<'c>(
    cx: &'c Cx<'_>,
    name: &str,
) -> Result<&'c TaskDefinition, ApiError> {
    if name.is_empty() {
        return Err(invalid("Task definition can not be blank."));
    }
    let found = cx.here.ecs.task_definition(name);
    let found = found.ok_or_else(|| client("TaskDefinition not found."))?;
    if found.status != "ACTIVE" {
        return Err(client("TaskDefinition is inactive"));
    }
    Ok(found)
}

fn scheduling(wanted: Wanted<'_>) -> Result<(), ApiError> {
    let Wanted { whole, given, new } = wanted;
    let count = given.integer("desiredCount");
    if count.is_some_and(|count| count < 0) {
        return Err(invalid("Desired count can not be negative."));
    }
    if whole.text("schedulingStrategy") != Some("DAEMON") {
        return match count {
            None if new => Err(invalid("Desired count can not be null for the REPLICA scheduling strategy.")),
            _ => Ok(()),
        };
    }
    if count.is_some() {
        return Err(invalid(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value \
             and try again",
        ));
    }
    if is_fargate(whole) {
        return Err(invalid("The daemon scheduling strategy is not supported with the Fargate launch type."));
    }
    if !whole.list("placementStrategy").is_empty() {
        return Err(invalid("The daemon scheduling strategy does not support placement strategies."));
    }
    if whole.text("availabilityZoneRebalancing") == Some("ENABLED") {
        return Err(invalid(
            "Availability Zone rebalancing is not supported for the DAEMON scheduling strategy.",
        ));
    }
    Ok(())
}

/// Whether tasks of this definition can be launched where these settings say.
pub(in crate::sandbox::service::ecs) fn launchable(
    cx: &Cx<'_>,
    cluster: &str,
    whole: Input<'_>,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    strategy(cx, cluster, whole)?;
    let fargate = is_fargate(whole);
    let described = Input(&definition.described);
    let compatible = match described.texts("compatibilities") {
        known if known.is_empty() => described.texts("requiresCompatibilities"),
        known => known,
    };
    let launch_type = if fargate { "FARGATE" } else { whole.text("launchType").unwrap_or("EC2") };
    let says_nothing = compatible.is_empty() && !fargate;
    if whole.list("capacityProviderStrategy").is_empty()
        && !says_nothing
        && launch_type != "MANAGED_INSTANCES"
        && !compatible.contains(&launch_type)
    {
        return Err(invalid(format!("Task definition does not support launch_type {launch_type}.")));
    }
    let platform = whole.text("platformVersion").filter(|version| !version.is_empty());
    if !fargate {
        return match platform {
            Some(_) => Err(invalid(format!(
                "The platform version must be null when specifying an {launch_type} launch type."
            ))),
            None => Ok(()),
        };
    }
    if platform.is_some_and(|version| !PLATFORMS.contains(&version)) {
        return Err(ApiError::new(
            "PlatformUnknownException",
            "The specified platform version does not exist.",
        ));
    }
    if platform == Some("1.3.0") && (described.has("ephemeralStorage") || described.has("pidMode")) {
        return Err(ApiError::new(
            "PlatformTaskDefinitionIncompatibilityException",
            "One or more of the requested capabilities are not supported by platform version 1.3.0.",
        ));
    }
    let placed = ["placementConstraints", "placementStrategy"];
    if placed.iter().any(|name| !whole.list(name).is_empty()) {
        return Err(invalid(
            "Placement constraints and strategies are not supported with FARGATE launch type.",
        ));
    }
    Ok(())
}

/// A capacity provider strategy for itself.
fn strategy(cx: &Cx<'_>, cluster: &str, whole: Input<'_>) -> Result<(), ApiError> {
    let items: Vec<Input<'_>> = whole.objects("capacityProviderStrategy").collect();
    if items.is_empty() {
        return Ok(());
    }
    if items.len() > 20 {
        return Err(invalid("A capacity provider strategy can have at most 20 items."));
    }
    let of = |item: &Input<'_>, name| item.integer(name).unwrap_or_default();
    let within = |name, most| items.iter().all(|item| (0..=most).contains(&of(item, name)));
    if !within("weight", 1000) || !within("base", 100_000) {
        return Err(invalid("The weight must be between 0 and 1000, the base between 0 and 100000."));
    }
    if items.iter().filter(|item| of(item, "base") > 0).count() > 1 {
        return Err(invalid("Only one capacity provider in a capacity provider strategy can have a base."));
    }
    if items.len() > 1 && items.iter().all(|item| of(item, "weight") == 0) {
        return Err(invalid("At least one capacity provider must have a weight greater than zero."));
    }
    let fargate = |item: &Input<'_>| {
        let provider = item.text("capacityProvider").unwrap_or_default();
        matches!(provider, "FARGATE" | "FARGATE_SPOT")
    };
    let known = &cx.here.ecs.cluster(Some(cluster))?.capacity_providers;
    let is_known = |item: &Input<'_>| {
        let provider = item.text("capacityProvider").unwrap_or_default();
        known.iter().any(|known| known == provider)
    };
    if items.iter().any(fargate) && !items.iter().all(fargate) {
        return Err(invalid(
            "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate \
             providers. Specify one or the other and try again",
        ));
    }
    if !items.iter().all(is_known) {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. \
             Associate the capacity provider with the cluster and try again.",
        ));
    }
    Ok(())
}

/// Network settings: exactly for tasks in the network mode `awsvpc`, and of things that are there, in one VPC.
pub(in crate::sandbox::service::ecs) fn awsvpc(
    cx: &Cx<'_>,
    whole: Input<'_>,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    let network =
        whole.object("networkConfiguration").and_then(|network| network.object("awsvpcConfiguration"));
    let network = match (definition.network_mode() == "awsvpc", network) {
        (false, None) => return Ok(()),
        (false, Some(_)) => {
            return Err(invalid(
                "Network Configuration is not valid for the given networkMode of this task definition.",
            ));
        }
        (true, None) => {
            return Err(invalid(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            ));
        }
        (true, Some(network)) => network,
    };
    let (subnets, groups) = (network.texts("subnets"), network.texts("securityGroups"));
    if subnets.is_empty() {
        return Err(invalid("subnets can not be empty."));
    }
    if subnets.len() > 16 || groups.len() > 5 {
        return Err(invalid("At most 16 subnets and 5 security groups can be specified."));
    }
    match network.text("assignPublicIp") {
        None | Some("DISABLED") => {}
        Some("ENABLED") if is_fargate(whole) => {}
        Some("ENABLED") => return Err(invalid("Assign public IP is not supported for this launch type.")),
        Some(_) => return Err(invalid("assignPublicIp must be one of ENABLED, DISABLED.")),
    }
    let mut vpc = None;
    for id in subnets {
        let Some((of, _)) = cx.here.ec2.subnet(id) else {
            return Err(invalid(format!(
                "Error retrieving subnet information for [{id}]: The subnet ID '{id}' does not exist (ErrorCode: \
                 InvalidSubnetID.NotFound)"
            )));
        };
        if *vpc.get_or_insert_with(|| of.clone()) != of {
            return Err(invalid("subnets must belong to the same VPC."));
        }
    }
    for id in groups {
        let Some(of) = cx.here.ec2.security_group_vpc(id) else {
            return Err(invalid(format!(
                "Error retrieving security group information for [{id}]: The security group '{id}' does not exist \
                 (ErrorCode: InvalidGroup.NotFound)"
            )));
        };
        if vpc.as_ref().is_some_and(|vpc| *vpc != of) {
            return Err(invalid(format!(
                "Security Group {id} does not appear to belong to the same VPC as the input subnets."
            )));
        }
    }
    Ok(())
}

fn load_balancers(cx: &Cx<'_>, whole: Input<'_>, definition: &TaskDefinition) -> Result<(), ApiError> {
    if whole.list("loadBalancers").len() > 5 {
        return Err(invalid("load balancers can have at most 5 items."));
    }
    whole.objects("loadBalancers").try_for_each(|balancer| load_balancer(cx, balancer, definition))
}

fn load_balancer(cx: &Cx<'_>, balancer: Input<'_>, definition: &TaskDefinition) -> Result<(), ApiError> {
    let Some(arn) = balancer.text("targetGroupArn") else {
        return Err(invalid("loadBalancerName and targetGroupArn cannot both be null."));
    };
    let name = balancer.text("containerName").unwrap_or_default();
    let port = balancer.integer("containerPort").unwrap_or_default();
    let mut containers = definition.containers().iter().map(Input);
    let Some(container) = containers.find(|container| container.text("name") == Some(name)) else {
        return Err(invalid(format!("The container {name} does not exist in the task definition.")));
    };
    if !container.objects("portMappings").any(|mapping| mapping.integer("containerPort") == Some(port)) {
        return Err(invalid(format!("The container {name} did not have a container port {port} defined.")));
    }
    let Some(facts) = cx.here.elbv2.target_group_facts(arn) else {
        return Err(invalid(format!("The target group with targetGroupArn {arn} does not exist.")));
    };
    let mode = definition.network_mode();
    let fitting = if mode == "awsvpc" { "ip" } else { "instance" };
    if facts.target_type != fitting {
        return Err(invalid(format!(
            "The provided target group {arn} has target type {}, which is incompatible with the {mode} network mode specified \
             in the task definition.",
            facts.target_type
        )));
    }
    if !facts.attached {
        return Err(invalid(format!(
            "The target group with targetGroupArn {arn} does not have an associated load balancer."
        )));
    }
    Ok(())
}

fn deployment(whole: Input<'_>) -> Result<(), ApiError> {
    let Some(configuration) = whole.object("deploymentConfiguration") else { return Ok(()) };
    let least = configuration.integer("minimumHealthyPercent").unwrap_or(100);
    let most = configuration.integer("maximumPercent").unwrap_or(200);
    if least < 0 || most <= 0 {
        return Err(invalid("minimumHealthyPercent can not be negative, maximumPercent must be positive."));
    }
    if least > most {
        return Err(invalid("minimumHealthyPercent can not be greater than maximumPercent."));
    }
    if most <= 100
        && whole.text("availabilityZoneRebalancing") == Some("ENABLED")
        && whole.text("schedulingStrategy") != Some("DAEMON")
    {
        return Err(invalid(
            "The maximumPercent must be greater than 100 when Availability Zone rebalancing is enabled.",
        ));
    }
    let required: [(&str, &[&str]); 2] = [
        ("deploymentCircuitBreaker", &["enable", "rollback"]),
        ("alarms", &["alarmNames", "enable", "rollback"]),
    ];
    for (name, members) in required {
        let Some(object) = configuration.object(name) else { continue };
        if let Some(missing) = members.iter().find(|member| !object.has(member)) {
            return Err(invalid(format!("deploymentConfiguration.{name}.{missing} can not be null.")));
        }
    }
    threshold(configuration)
}

fn threshold(configuration: Input<'_>) -> Result<(), ApiError> {
    let breaker = configuration.object("deploymentCircuitBreaker");
    let Some(threshold) = breaker.and_then(|breaker| breaker.object("thresholdConfiguration")) else {
        return Ok(());
    };
    let known = ["COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT"];
    if threshold.text("type").is_some_and(|of| !known.contains(&of)) {
        return Err(invalid(
            "thresholdConfiguration.type must be one of COUNT, BOUNDED_PERCENT, UNBOUNDED_PERCENT.",
        ));
    }
    if threshold.integer("value").is_some_and(|value| value < 1) {
        return Err(invalid("thresholdConfiguration.value must be positive."));
    }
    Ok(())
}
