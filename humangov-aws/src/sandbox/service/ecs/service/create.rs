// SPDX-License-Identifier: MIT OR Apache-2.0
//! CreateService.

use super::{
    Service, Status, checks, cluster_arn, describing, service_arn,
    settings::{self, TARGET, is_fargate},
};
use crate::sandbox::{
    error::ApiError,
    service::ecs::{
        deployment,
        refusal::{invalid, is_name},
        tags,
    },
    wire::Input,
    world::Cx,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Makes a service and starts its first deployment; for a call that is repeated, the service that it made.
pub(super) fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.text("serviceName").unwrap_or_default();
    let cluster = cluster_arn(cx, input)?;
    if !is_name(name) {
        return Err(invalid(
            "Service name must have 1 to 255 characters: letters, numbers, hyphens and underscores.",
        ));
    }
    let arn = service_arn(&cluster, name)?;
    if let Some(service) = before(cx, &arn, input)? {
        return Ok(serde_json::json!({ "service": service }));
    }
    if input.has("launchType") && !input.list("capacityProviderStrategy").is_empty() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again",
        ));
    }
    let tags = tags::given(input)?;
    let mut whole = settings::of_new(input, &cx.here.ecs.cluster(Some(&cluster))?.default_strategy);
    resolve(cx, &mut whole)?;
    let whole = Value::Object(whole);
    checks::service(cx, &cluster, checks::Wanted { whole: Input(&whole), given: input, new: true })?;
    let (target, settings) = split(&whole);
    let desired = input.integer("desiredCount").and_then(|count| u32::try_from(count).ok());
    let mut service = Service {
        arn,
        tags,
        name: name.to_owned(),
        cluster,
        status: Status::Active,
        created: cx.now,
        // A daemon's count is that of the cluster's instances: there is room for one.
        desired: desired.unwrap_or(1),
        settings,
        target,
        revisions: BTreeMap::new(),
        deployments: Vec::new(),
        fallback: None,
        records: Vec::new(),
        events: VecDeque::new(),
        tasks: BTreeSet::new(),
        steady: false,
        request: input.0.clone(),
        inactive_since: None,
    };
    deployment::begin(cx, &mut service);
    let described = describing::described(cx, &service, true);
    cx.here.ecs.services.insert(service.arn.clone(), service);
    Ok(serde_json::json!({ "service": described }))
}

/// The service that the same call made before. A service that is there, made by another call, holds its name.
fn before(cx: &Cx<'_>, arn: &str, input: Input<'_>) -> Result<Option<Value>, ApiError> {
    let token = input.text("clientToken");
    let printable = |text: &str| text.bytes().all(|byte| (33..=126).contains(&byte));
    if token.is_some_and(|token| token.len() > 36 || !printable(token)) {
        return Err(invalid("clientToken can have at most 36 characters in the range of 33-126."));
    }
    let Some(service) = cx.here.ecs.services.get(arn) else { return Ok(None) };
    match service.status {
        Status::Inactive => Ok(None),
        Status::Draining => Err(invalid("Unable to Start a service that is still Draining.")),
        Status::Active if token.is_some() && service.request == *input.0 => {
            Ok(Some(describing::described(cx, service, true)))
        }
        Status::Active => Err(invalid("Creation of service was not idempotent.")),
    }
}

/// Gives the task definition its ARN, and the platform its family.
pub(super) fn resolve(cx: &Cx<'_>, whole: &mut Map<String, Value>) -> Result<(), ApiError> {
    let name = whole.get("taskDefinition").and_then(Value::as_str).unwrap_or_default();
    let definition = checks::revision(cx, name)?;
    let family = definition.described["runtimePlatform"]["operatingSystemFamily"].as_str().unwrap_or("LINUX");
    let family = if family == "LINUX" { "Linux".to_owned() } else { family.to_owned() };
    let arn = Value::from(definition.arn.as_str());
    whole.insert("taskDefinition".to_owned(), arn);
    if is_fargate(Input(&Value::Object(whole.clone()))) {
        whole.insert("platformFamily".to_owned(), family.into());
    } else {
        whole.remove("platformFamily");
    }
    Ok(())
}

/// What a deployment brings about, and what applies at once.
pub(super) fn split(whole: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let members = whole.as_object().into_iter().flatten();
    let members = members.map(|(name, value)| (name.clone(), value.clone()));
    members.partition(|(name, _)| TARGET.contains(&name.as_str()))
}
