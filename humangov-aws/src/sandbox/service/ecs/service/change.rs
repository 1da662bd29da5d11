// SPDX-License-Identifier: MIT OR Apache-2.0
//! UpdateService and DeleteService.

use super::{
    Status, checks, cluster_arn,
    create::{resolve, split},
    describing, not_found, service_arn,
    settings::{self, deploys, is_fargate},
};
use crate::sandbox::{
    error::ApiError,
    service::ecs::{
        deployment,
        refusal::{invalid, required},
    },
    wire::Input,
    world::Cx,
};
use serde_json::{Map, Value, json};

/// Changes a service. What is not given stays as it is; some of what is given starts a deployment.
pub(super) fn update(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = named(cx, input)?;
    let service = cx.here.ecs.services.get(&arn).ok_or_else(not_found)?;
    let cluster = service.cluster.clone();
    if service.status != Status::Active {
        return Err(ApiError::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let mut whole = service.settings.clone();
    whole.extend(service.target.clone());
    let was_fargate = is_fargate(Input(&Value::Object(whole.clone())));
    settings::merge(&mut whole, input);
    launch(&mut whole, was_fargate, input);
    if input.has("taskDefinition") {
        resolve(cx, &mut whole)?;
    }
    let whole = Value::Object(whole);
    checks::service(cx, &cluster, checks::Wanted { whole: Input(&whole), given: input, new: false })?;
    let (target, settings) = split(&whole);

    let mut service = cx.here.ecs.services.remove(&arn).ok_or_else(not_found)?;
    let differs = |name: &&str| deploys(name) && service.target.get(*name) != target.get(*name);
    let starts = input.truth("forceNewDeployment").unwrap_or(false) || settings::TARGET.iter().any(differs);
    if let Some(count) = input.integer("desiredCount").and_then(|count| u32::try_from(count).ok()) {
        service.desired = count;
    }
    (service.target, service.settings) = (target, settings);
    if starts {
        deployment::begin(cx, &mut service);
    } else {
        cx.here.ecs.agenda.insert(cx.now, &arn);
    }
    let described = describing::described(cx, &service, true);
    cx.here.ecs.services.insert(arn, service);
    Ok(json!({ "service": described }))
}

/// A strategy takes the place of the launch type; without one the launch type is back that fits what there was.
fn launch(whole: &mut Map<String, Value>, was_fargate: bool, input: Input<'_>) {
    if !input.has("capacityProviderStrategy") {
        return;
    }
    if input.list("capacityProviderStrategy").is_empty() {
        whole.remove("capacityProviderStrategy");
        whole.entry("launchType").or_insert(json!(if was_fargate { "FARGATE" } else { "EC2" }));
    } else {
        whole.remove("launchType");
    }
    if is_fargate(Input(&Value::Object(whole.clone()))) {
        whole.entry("platformVersion").or_insert(json!("LATEST"));
    } else {
        whole.remove("platformVersion");
    }
}

/// Deletes a service: it drains until its tasks stop.
pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = named(cx, input)?;
    let force = input.truth("force").unwrap_or(false);
    let service = cx.here.ecs.services.get_mut(&arn).filter(|service| service.status != Status::Inactive);
    let service = service.ok_or_else(not_found)?;
    if service.status == Status::Active && !force && !service.is_daemon() {
        if service.desired > 0 {
            return Err(invalid("The service cannot be stopped while it is scaled above 0."));
        }
        if service.deployments.len() > 1 {
            return Err(invalid("The service cannot be stopped while deployments are active."));
        }
    }
    (service.status, service.desired, service.steady) = (Status::Draining, 0, false);
    cx.here.ecs.agenda.insert(cx.now, &arn);
    let service = cx.here.ecs.services.get(&arn).ok_or_else(not_found)?;
    Ok(json!({ "service": describing::described(cx, service, false) }))
}

/// The ARN of the service that is named.
fn named(cx: &Cx<'_>, input: Input<'_>) -> Result<String, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    service_arn(&cluster, required(input, "service")?)
}
