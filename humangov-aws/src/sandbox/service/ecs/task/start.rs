// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tasks that begin.

use super::{Container, Health, Interface, State, Target, Task};
use crate::sandbox::{
    service::{
        ec2,
        ecs::{service::tail, task_definition::TaskDefinition},
    },
    wire::Input,
    world::{Cx, Tags},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The first of the ports that Docker gives to containers on an instance.
const FIRST_DYNAMIC_PORT: u16 = 32_768;

/// A task to be started.
#[derive(Debug)]
pub(in crate::sandbox::service::ecs) struct Order {
    /// The ARN of the cluster.
    pub cluster: String,
    /// The ARN of the task definition.
    pub definition: String,
    /// The ARN of the service.
    pub service: Option<String>,
    pub group: String,
    pub started_by: Option<String>,
    /// As of a service: `launchType`, `networkConfiguration`, `loadBalancers` and so on.
    pub settings: Value,
    pub tags: Tags,
    /// The how manieth it is: tasks are spread over subnets and capacity providers.
    pub slot: usize,
}

/// The roles that ECS gives to tasks of a definition, or takes to start them.
pub(in crate::sandbox::service::ecs) fn roles(cx: &Cx<'_>, definition: &str) -> Vec<String> {
    let Some(definition) = cx.here.ecs.task_definition(definition) else { return Vec::new() };
    let described = Input(&definition.described);
    ["executionRoleArn", "taskRoleArn"]
        .iter()
        .filter_map(|name| described.text(name).map(str::to_owned))
        .collect()
}

/// What ECS says where it cannot give a role to a task.
pub(in crate::sandbox::service::ecs) fn not_assumable(role: &str) -> String {
    format!(
        "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has \
         the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    )
}

/// Starts a task at `at`; tells its ARN.
pub(in crate::sandbox::service::ecs) fn start(cx: &mut Cx<'_>, order: Order, at: Timestamp) -> String {
    let id = cx.ids.hex(32);
    let arn = cx.arn("ecs", &format!("task/{}/{id}", tail(&order.cluster)));
    let definition = cx.here.ecs.task_definition(&order.definition).cloned();
    let settings = Input(&order.settings);
    let containers = containers(cx, &order, definition.as_ref(), &id);
    let interface = interface(cx, settings, order.slot);
    let shown = shown(cx, settings, definition.as_ref(), interface.as_ref(), &order);
    let targets = targets(cx, settings, definition.as_ref(), interface.as_ref());
    let half = cx.behaviour.timings.task_start / 2;
    let next = crate::sandbox::world::later(at, half);
    let task = Task {
        arn: arn.clone(),
        tags: order.tags,
        cluster: order.cluster,
        definition: order.definition,
        group: order.group,
        started_by: order.started_by,
        service: order.service,
        state: State::Provisioning,
        next: Some(next),
        health: Health::Unknown,
        failed: false,
        registered: false,
        created: at,
        started: None,
        stopping_at: None,
        stopped: None,
        stop: None,
        containers,
        interface,
        targets,
        shown,
        request: None,
    };
    cx.here.ecs.agenda.insert(next, &arn);
    cx.here.ecs.tasks.insert(arn.clone(), task);
    arn
}

fn containers(
    cx: &mut Cx<'_>,
    order: &Order,
    definition: Option<&TaskDefinition>,
    id: &str,
) -> Vec<Container> {
    let defined = definition.map(TaskDefinition::containers).unwrap_or_default();
    let containers = defined.iter().map(Input).map(|defined| {
        let uuid = cx.ids.uuid();
        let text = |name| defined.text(name).unwrap_or_default().to_owned();
        Container {
            arn: cx.arn("ecs", &format!("container/{}/{id}/{uuid}", tail(&order.cluster))),
            name: text("name"),
            image: text("image"),
            runtime_id: format!("{id}-{}", cx.ids.digits(10)),
            exit_code: None,
            reason: None,
            checked: defined.has("healthCheck"),
        }
    });
    containers.collect()
}

/// Makes the network interface of a task in the network mode `awsvpc`.
fn interface(cx: &mut Cx<'_>, settings: Input<'_>, slot: usize) -> Option<Interface> {
    let network = settings.object("networkConfiguration")?.object("awsvpcConfiguration")?;
    let subnets = network.texts("subnets");
    let subnet = (*subnets.get(slot % subnets.len().max(1))?).to_owned();
    let mut groups: Vec<String> = network.texts("securityGroups").into_iter().map(str::to_owned).collect();
    if groups.is_empty() {
        let vpc = cx.here.ec2.subnet(&subnet).map(|(vpc, _)| vpc).unwrap_or_default();
        groups.extend(cx.here.ec2.default_security_group(&vpc));
    }
    let attachment = cx.ids.uuid();
    let interface = ec2::Interface {
        subnet_id: subnet.clone(),
        security_groups: groups,
        description: cx.arn("ecs", &format!("attachment/{attachment}")),
        requester: "amazon-ecs".to_owned(),
    };
    let (id, address) = cx.here.ec2.add_interface(interface, cx.ids);
    Some(Interface { attachment, id, address, subnet })
}

/// What of a task never changes.
fn shown(
    cx: &mut Cx<'_>,
    settings: Input<'_>,
    definition: Option<&TaskDefinition>,
    interface: Option<&Interface>,
    order: &Order,
) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    let provider = provider(settings, order.slot);
    let launch_type = match provider {
        Some(provider) if provider.starts_with("FARGATE") => "FARGATE",
        Some(_) => "EC2",
        None => settings.text("launchType").unwrap_or("EC2"),
    };
    put("launchType", launch_type.into());
    if let Some(provider) = provider {
        put("capacityProviderName", provider.into());
    }
    if launch_type == "FARGATE" {
        let version = settings.text("platformVersion").filter(|version| !["", "LATEST"].contains(version));
        put("platformVersion", version.unwrap_or("1.4.0").into());
        put("platformFamily", settings.text("platformFamily").unwrap_or("Linux").into());
    } else {
        let instance = format!("container-instance/{}/{}", tail(&order.cluster), cx.ids.hex(32));
        put("containerInstanceArn", cx.arn("ecs", &instance).into());
    }
    if let Some((_, zone)) = interface.and_then(|interface| cx.here.ec2.subnet(&interface.subnet)) {
        put("availabilityZone", zone.into());
    }
    let described = definition.map_or(&Value::Null, |definition| &definition.described);
    for name in ["cpu", "memory", "ephemeralStorage"] {
        if let Some(value) = Input(described).get(name) {
            put(name, value.clone());
        }
    }
    put("enableExecuteCommand", settings.truth("enableExecuteCommand").unwrap_or(false).into());
    let overrides = settings.object("overrides").map_or(json!({}), |overrides| overrides.0.clone());
    put("overrides", overrides);
    if let Some(overrides) = shown.get_mut("overrides").and_then(Value::as_object_mut) {
        overrides.entry("containerOverrides").or_insert(json!([]));
        overrides.entry("inferenceAcceleratorOverrides").or_insert(json!([]));
    }
    shown
}

/// The capacity provider of the `slot`th task: first the base, then by weight, in turn.
fn provider<'s>(settings: Input<'s>, slot: usize) -> Option<&'s str> {
    let items: Vec<Input<'s>> = settings.objects("capacityProviderStrategy").collect();
    let of = |item: &Input<'_>, name| item.integer(name).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let mut slot = slot;
    for item in &items {
        if slot < of(item, "base") {
            return item.text("capacityProvider");
        }
        slot -= of(item, "base");
    }
    let weights: usize = items.iter().map(|item| of(item, "weight")).sum();
    let mut place = slot.checked_rem(weights).unwrap_or(0);
    for item in &items {
        if place < of(item, "weight") {
            return item.text("capacityProvider");
        }
        place -= of(item, "weight");
    }
    items.first().and_then(|item| item.text("capacityProvider"))
}

/// The targets that a task will be: by its address, or by its instance.
fn targets(
    cx: &mut Cx<'_>,
    settings: Input<'_>,
    definition: Option<&TaskDefinition>,
    interface: Option<&Interface>,
) -> Vec<Target> {
    let instance = format!("i-{}", cx.ids.hex(17));
    let mut dynamic = FIRST_DYNAMIC_PORT;
    let balancers = settings.objects("loadBalancers").filter_map(|balancer| {
        let group = balancer.text("targetGroupArn")?.to_owned();
        let port = balancer.integer("containerPort").and_then(|port| u16::try_from(port).ok())?;
        if let Some(interface) = interface {
            return Some(Target { group, id: interface.address.clone(), port });
        }
        let host = host_port(definition, balancer.text("containerName"), port).unwrap_or_else(|| {
            dynamic += 1;
            dynamic
        });
        Some(Target { group, id: instance.clone(), port: host })
    });
    balancers.collect()
}

/// The port of the instance, if the task definition fixes one.
fn host_port(definition: Option<&TaskDefinition>, container: Option<&str>, port: u16) -> Option<u16> {
    let defined =
        definition?.containers().iter().map(Input).find(|defined| defined.text("name") == container)?;
    let mapping = defined
        .objects("portMappings")
        .find(|mapping| mapping.integer("containerPort") == Some(port.into()))?;
    mapping.integer("hostPort").and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}
