// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services as DescribeServices shows them, and their lists.

use super::{Service, Status, cluster_arn, service_arn, settings::is_fargate};
use crate::sandbox::{
    error::ApiError,
    service::{
        ecs::{deployment::Deployment, refusal::invalid, task::Count},
        page::{Order, page},
    },
    wire::Input,
    world::{Cx, epoch, tags_to},
};
use serde_json::{Map, Value, json};

/// The platform version that `LATEST` stands for.
const LATEST: &str = "1.4.0";

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    let names = input.texts("services");
    match names.len() {
        0 => return Err(invalid("Services cannot be empty.")),
        1..=10 => {}
        _ => return Err(invalid("Services can have at most 10 items.")),
    }
    let include = input.texts("include");
    if include.iter().any(|field| *field != "TAGS") {
        return Err(invalid("include must be one of TAGS."));
    }
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let arn = service_arn(&cluster, name)?;
        match cx.here.ecs.services.get(&arn) {
            Some(service) => services.push(described(cx, service, !include.is_empty())),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

pub(super) fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    let like = |service: &Service, name: &str, value: Option<&Value>| {
        input.text(name).is_none_or(|wanted| value.is_some_and(|value| value == wanted))
            && service.cluster == cluster
    };
    let services = cx.here.ecs.services.values().filter(|service| {
        service.status == Status::Active
            && like(service, "launchType", service.target.get("launchType"))
            && like(service, "schedulingStrategy", service.settings.get("schedulingStrategy"))
    });
    let arns = services.map(|service| (service.arn.as_str(), service.arn.as_str()));
    // Unlike the other lists, this one comes ten at a time when nothing is said.
    let mut asked = input.0.clone();
    if !input.has("maxResults") {
        asked["maxResults"] = json!(10);
    }
    page(Input(&asked), "serviceArns", 100, Order::Ascending, arns)
}

/// A service, as it is told of.
pub(super) fn described(cx: &Cx<'_>, service: &Service, with_tags: bool) -> Value {
    let all = Count::of(&cx.here.ecs, service, None);
    let mut shown = service.settings.clone();
    shown.extend(service.target.clone());
    let arn = |resource: &str| format!("arn:{}:iam::{}:{resource}", cx.partition(), cx.account);
    let deployments: Vec<Value> =
        (0..).zip(&service.deployments).map(|(n, of)| deployment(cx, service, of, n == 0)).collect();
    let events: Vec<Value> = service
        .events
        .iter()
        .map(|event| json!({"id": event.id, "createdAt": epoch(event.at), "message": event.message}))
        .collect();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("serviceArn", service.arn.as_str().into());
    put("serviceName", service.name.as_str().into());
    put("clusterArn", service.cluster.as_str().into());
    put("status", service.status.name().into());
    put("desiredCount", service.desired.into());
    put("runningCount", all.running.into());
    put("pendingCount", all.pending.into());
    put("createdAt", epoch(service.created));
    put("createdBy", arn("root").into());
    put("deployments", deployments.into());
    put("events", events.into());
    if service.target.get("loadBalancers").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        let role = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        put("roleArn", arn(role).into());
    }
    if let Some(record) = service.records.last().filter(|record| !record.status.is_over()) {
        put("currentServiceDeployment", record.arn.as_str().into());
    }
    put("currentServiceRevisions", revisions(cx, service));
    if with_tags && !service.tags.is_empty() {
        put("tags", tags_to(&service.tags, "key", "value"));
    }
    Value::Object(shown)
}

/// What each revision of the service has of tasks.
fn revisions(cx: &Cx<'_>, service: &Service) -> Value {
    let revisions = (0..).zip(&service.deployments).map(|(n, deployment)| {
        let count = Count::of(&cx.here.ecs, service, Some(&deployment.id));
        json!({
            "arn": deployment.revision,
            "requestedTaskCount": deployment.wanted(service, n == 0, &count),
            "runningTaskCount": count.running,
            "pendingTaskCount": count.pending,
        })
    });
    revisions.collect()
}

fn deployment(cx: &Cx<'_>, service: &Service, deployment: &Deployment, primary: bool) -> Value {
    let count = Count::of(&cx.here.ecs, service, Some(&deployment.id));
    let mut shown = service.revisions.get(&deployment.revision).map(|revision| revision.target.clone());
    let shown = shown.get_or_insert_with(Map::new);
    // What of a revision is the service's own.
    for name in ["loadBalancers", "serviceRegistries"] {
        shown.remove(name);
    }
    let whole = Value::Object(shown.clone());
    if is_fargate(Input(&whole)) && whole["platformVersion"].as_str() == Some("LATEST") {
        shown.insert("platformVersion".to_owned(), LATEST.into());
    }
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("id", deployment.id.as_str().into());
    put("status", if primary { "PRIMARY" } else { "ACTIVE" }.into());
    put("desiredCount", deployment.wanted(service, primary, &count).into());
    put("pendingCount", count.pending.into());
    put("runningCount", count.running.into());
    put("failedTasks", deployment.failed.into());
    put("createdAt", epoch(deployment.created));
    put("updatedAt", epoch(deployment.updated));
    put("rolloutState", deployment.state.name().into());
    put("rolloutStateReason", deployment.reason.as_str().into());
    Value::Object(std::mem::take(shown))
}
