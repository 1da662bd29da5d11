// SPDX-License-Identifier: MIT OR Apache-2.0
//! Service deployments and service revisions, as they are told of, and the end of one that goes on.

use super::{
    super::{
        refusal::{invalid, required},
        service::{Service, cluster_arn, not_found},
        task::Count,
        task_definition::TaskDefinition,
    },
    record::{Record, RecordStatus, Revision},
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, epoch},
};
use serde_json::{Value, json};

/// All statuses that there are.
const STATUSES: [&str; 9] = [
    "PENDING",
    "SUCCESSFUL",
    "STOPPED",
    "STOP_REQUESTED",
    "IN_PROGRESS",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED",
];

pub(super) fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let cluster = cluster_arn(cx, input)?;
    let service = cx.here.ecs.service(&cluster, required(input, "service")?)?.ok_or_else(not_found)?;
    let most = input.integer("maxResults").unwrap_or(20);
    if !(1..=100).contains(&most) {
        return Err(invalid("maxResults must be between 1 and 100."));
    }
    let statuses = input.texts("status");
    if let Some(unknown) = statuses.iter().find(|status| !STATUSES.contains(status)) {
        return Err(invalid(format!("{unknown} is no status of a service deployment.")));
    }
    let within = |record: &Record| {
        let bound =
            |name: &str| input.object("createdAt").and_then(|at| at.get(name)).and_then(Value::as_f64);
        let at = epoch(record.created).as_f64().unwrap_or_default();
        bound("after").is_none_or(|after| at >= after) && bound("before").is_none_or(|before| at <= before)
    };
    let newest_first =
        service.records.iter().rev().filter(|record| {
            (statuses.is_empty() || statuses.contains(&record.status.name())) && within(record)
        });
    // The token is where the last page ended.
    let mut rest =
        newest_first.skip_while(|record| input.text("nextToken").is_some_and(|last| last != record.arn));
    if input.has("nextToken") && rest.next().is_none() {
        return Err(invalid("Invalid token."));
    }
    let page: Vec<&Record> = rest.by_ref().take(usize::try_from(most).unwrap_or(20)).collect();
    let more = rest.next().is_some();
    let briefs: Vec<Value> = page
        .iter()
        .map(|record| {
            let mut brief = common(service, record);
            brief["targetServiceRevisionArn"] = record.target.as_str().into();
            brief
        })
        .collect();
    let mut answer = json!({ "serviceDeployments": briefs });
    if let Some(last) = page.last().filter(|_| more) {
        answer["nextToken"] = last.arn.as_str().into();
    }
    Ok(answer)
}

/// What both the list and the description tell.
fn common(service: &Service, record: &Record) -> Value {
    let mut shown = json!({
        "serviceDeploymentArn": record.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster,
        "createdAt": epoch(record.created),
        "status": record.status.name(),
    });
    for (name, at) in [("startedAt", record.started), ("finishedAt", record.finished)] {
        if let Some(at) = at {
            shown[name] = epoch(at);
        }
    }
    if let Some(reason) = &record.reason {
        shown["statusReason"] = reason.as_str().into();
    }
    shown
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let of = |service: &Service, arn: &str| {
        let record = service.records.iter().find(|record| record.arn == arn)?;
        Some(described(cx, service, record))
    };
    each(cx, input, "serviceDeploymentArns", "serviceDeployments", "service-deployment", of)
}

pub(super) fn describe_revisions(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let of = |service: &Service, arn: &str| {
        let revision = service.revisions.get(arn)?;
        Some(described_revision(cx, service, arn, revision))
    };
    each(cx, input, "serviceRevisionArns", "serviceRevisions", "service-revision", of)
}

/// Describes each of the ARNs of a list, or tells that there is nothing of this ARN.
fn each(
    cx: &Cx<'_>,
    input: Input<'_>,
    arns: &str,
    answer: &str,
    sort: &str,
    describe: impl Fn(&Service, &str) -> Option<Value>,
) -> Result<Value, ApiError> {
    let asked = input.texts(arns);
    if !(1..=20).contains(&asked.len()) {
        return Err(invalid(format!("{arns} must have 1 to 20 items.")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked {
        if !arn.contains(&format!(":{sort}/")) {
            return Err(invalid(format!("{arn} is not an ARN of a {sort}.")));
        }
        match owner(cx, arn).and_then(|service| describe(service, arn)) {
            Some(described) => found.push(described),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({answer: found, "failures": failures}))
}

/// The service that a service deployment or a service revision is of, by its ARN.
fn owner<'c>(cx: &'c Cx<'_>, arn: &str) -> Option<&'c Service> {
    let (service, _) = arn.rsplit_once('/')?;
    let service = service.replacen(":service-deployment/", ":service/", 1);
    cx.here.ecs.services.get(&service.replacen(":service-revision/", ":service/", 1))
}

fn described(cx: &Cx<'_>, service: &Service, record: &Record) -> Value {
    let summary = |arn: &str| {
        let deployment = service.deployments.iter().position(|deployment| deployment.revision == arn);
        let (requested, count) = match deployment.map(|n| (n, &service.deployments[n])) {
            Some((n, deployment)) => {
                let count = Count::of(&cx.here.ecs, service, Some(&deployment.id));
                (deployment.wanted(service, n == 0, &count), count)
            }
            None => (0, Count::default()),
        };
        json!({
            "arn": arn,
            "requestedTaskCount": requested,
            "runningTaskCount": count.running,
            "pendingTaskCount": count.pending,
        })
    };
    let mut shown = common(service, record);
    shown["updatedAt"] = epoch(record.updated);
    shown["sourceServiceRevisions"] = record.sources.iter().map(|arn| summary(arn)).collect();
    shown["targetServiceRevision"] = summary(&record.target);
    shown["deploymentConfiguration"] =
        service.settings.get("deploymentConfiguration").cloned().unwrap_or_default();
    shown["deploymentCircuitBreaker"] = breaker(service, record);
    if record.status == RecordStatus::Stopped {
        shown["stoppedAt"] = record.finished.map_or(Value::Null, epoch);
    }
    if let Some(rollback) = &record.rollback {
        shown["rollback"] = json!({
            "reason": rollback.reason,
            "startedAt": epoch(rollback.at),
            "serviceRevisionArn": rollback.revision,
        });
    }
    shown
}

fn breaker(service: &Service, record: &Record) -> Value {
    let breaker = service.breaker();
    let current = service.deployments.first().filter(|deployment| deployment.record == record.arn);
    let failures = match current {
        Some(deployment) if !record.status.is_over() && record.rollback.is_none() => deployment.failed,
        _ => record.failures,
    };
    let status = match (breaker.enable, record.tripped, record.status.is_over()) {
        (false, false, _) => "DISABLED",
        (_, true, _) => "TRIGGERED",
        (true, false, true) => "MONITORING_COMPLETE",
        (true, false, false) => "MONITORING",
    };
    json!({"status": status, "failureCount": failures, "threshold": breaker.threshold})
}

fn described_revision(cx: &Cx<'_>, service: &Service, arn: &str, revision: &Revision) -> Value {
    let mut shown = revision.target.clone();
    let definition = revision.target.get("taskDefinition").and_then(Value::as_str).unwrap_or_default();
    let images: Vec<Value> = cx
        .here
        .ecs
        .task_definition(definition)
        .into_iter()
        .flat_map(TaskDefinition::containers)
        .map(|container| json!({"containerName": container["name"], "image": container["image"]}))
        .collect();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("serviceRevisionArn", arn.into());
    put("serviceArn", service.arn.as_str().into());
    put("clusterArn", service.cluster.as_str().into());
    put("createdAt", epoch(revision.created));
    put("containerImages", images.into());
    put("guardDutyEnabled", false.into());
    Value::Object(shown)
}

/// Has a service deployment end, and what was there before come back.
pub(super) fn stop(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = input.text("serviceDeploymentArn").unwrap_or_default();
    if !arn.contains(":service-deployment/") {
        return Err(invalid("serviceDeploymentArn is not an ARN of a service-deployment."));
    }
    if input.text("stopType").is_some_and(|kind| kind != "ROLLBACK") {
        return Err(invalid("stopType must be ROLLBACK."));
    }
    let missing = || ApiError::new("ServiceDeploymentNotFoundException", "Service deployment not found.");
    let service = owner(cx, arn).map(|service| service.arn.clone()).ok_or_else(missing)?;
    let (ecs, now) = (&mut cx.here.ecs, cx.now);
    let service = ecs.services.get_mut(&service).ok_or_else(missing)?;
    let record = service.record(arn).ok_or_else(missing)?;
    if !matches!(record.status, RecordStatus::Pending | RecordStatus::InProgress) {
        return Err(ApiError::new(
            "ConflictException",
            format!("The service deployment can not be stopped in status {}.", record.status.name()),
        )
        .with("resourceIds", vec![arn]));
    }
    record.go(now, RecordStatus::RollbackRequested);
    let service = service.arn.clone();
    ecs.agenda.insert(now, &service);
    Ok(json!({ "serviceDeploymentArn": arn }))
}
