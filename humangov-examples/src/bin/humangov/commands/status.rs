// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov status`.

use super::{chosen, planning::open};
use crate::{
    cli::{Global, Status},
    config::Config,
    exit::Exit,
    output::{Failure, Output, STRONG, document},
};
use humangov_core::{
    address::{Address, StackName},
    base_stack::BaseStack,
    store::{Recorded, Snapshot},
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Lists what is recorded of the base and the states, and how each service is running.
pub async fn run(args: &Status, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let mut snapshots = Vec::new();
    let wanted = |name: &StackName| {
        name.as_str() == BaseStack::NAME
            || states.iter().any(|state| state.slug() == name.as_str())
            || args.states.states.is_empty()
    };
    for name in session.store.list().await? {
        if wanted(&name)
            && let Some(snapshot) = session.store.load(&name).await?
        {
            snapshots.push(snapshot.value);
        }
    }
    let services = running(&session, &snapshots).await?;
    let resources: Vec<Value> = snapshots
        .iter()
        .flat_map(|snapshot| {
            snapshot.resources.iter().map(move |(address, record)| resource(snapshot, address, record))
        })
        .collect();
    output.result(&text(&snapshots, &services, args.all), || {
        let stacks: Vec<Value> = snapshots
            .iter()
            .zip(&services)
            .map(|(snapshot, service)| {
                json!({ "stack": snapshot.stack, "updated_at": snapshot.updated_at, "service": service, "exports": snapshot.exports })
            })
            .collect();
        document(json!({ "account": session.identity.account, "region": session.region, "stacks": stacks, "resources": resources }))
    })?;
    Ok(Exit::Ok)
}

fn resource(snapshot: &Snapshot, address: &Address, record: &Recorded) -> Value {
    let outputs = record.outputs.to_value();
    json!({
        "stack": snapshot.stack,
        "address": address,
        "kind": address.kind_str(),
        "physical_id": physical_id(&outputs),
        "arn": outputs.get("arn"),
        "outputs": outputs,
    })
}

/// What the AWS console calls it.
fn physical_id(outputs: &Value) -> Value {
    let text = |name: &str| outputs.get(name).and_then(Value::as_str);
    if let (Some(family), Some(revision)) = (text("family"), outputs.get("revision").and_then(Value::as_u64))
    {
        return Value::from(format!("{family}:{revision}"));
    }
    ["id", "name", "resource_id", "arn"].iter().find_map(|name| text(name)).map_or(Value::Null, Value::from)
}

/// How the service of each stack is running, in the order of `snapshots`: a call for every ten.
async fn running(session: &crate::session::Session, snapshots: &[Snapshot]) -> Result<Vec<Value>, Failure> {
    let recorded: Vec<Option<(String, String)>> = snapshots
        .iter()
        .map(|snapshot| {
            let (_, record) =
                snapshot.resources.iter().find(|(address, _)| address.kind_str() == "ecs.service")?;
            let (outputs, spec) = (record.outputs.to_value(), record.spec.to_value());
            let cluster = spec.get("cluster").and_then(Value::as_str)?.to_owned();
            Some((cluster, outputs.get("arn").and_then(Value::as_str)?.to_owned()))
        })
        .collect();
    let mut found = std::collections::BTreeMap::new();
    let all: Vec<&(String, String)> = recorded.iter().flatten().collect();
    for some in all.chunks(10) {
        let Some((cluster, _)) = some.first() else { continue };
        let answer = session
            .clients
            .ecs
            .describe_services()
            .cluster(cluster)
            .set_services(Some(some.iter().map(|(_, arn)| arn.clone()).collect()))
            .send()
            .await
            .map_err(|error| {
                let error = humangov_aws::classify(humangov_aws::Service::Ecs, "DescribeServices", error);
                let call = crate::output::failed_call("", "ecs.service", &(&error).into());
                Failure::new(
                    Exit::Error,
                    error.code(),
                    format!("could not read how the services run\n{call}"),
                )
            })?;
        for service in answer.services() {
            let primary =
                service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
            found.insert(
                service.service_arn().unwrap_or_default().to_owned(),
                json!({
                    "status": service.status(),
                    "running": service.running_count(),
                    "desired": service.desired_count(),
                    "rollout": primary.and_then(|d| d.rollout_state()).map(|state| state.as_str().to_owned()),
                    "task_definition": service.task_definition(),
                }),
            );
        }
    }
    Ok(recorded
        .iter()
        .map(|service| service.as_ref().and_then(|(_, arn)| found.get(arn).cloned()).unwrap_or_default())
        .collect())
}

fn text(snapshots: &[Snapshot], services: &[Value], all: bool) -> String {
    if snapshots.is_empty() {
        return "Nothing is recorded here. Next: humangov apply".to_owned();
    }
    let mut text = format!(
        "{STRONG}{:<16}{:<12}{:<34}{:<10}{:<14}updated{STRONG:#}\n",
        "", "revision", "image", "running", "rollout"
    );
    for (snapshot, service) in snapshots.iter().zip(services) {
        let row = |name: &str| {
            service.get(name).map_or_else(String::new, |value| {
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            })
        };
        let revision = row("task_definition")
            .rsplit_once(':')
            .map_or_else(|| "-".to_owned(), |(_, revision)| format!(":{revision}"));
        let running =
            if service.is_null() { "-".to_owned() } else { format!("{}/{}", row("running"), row("desired")) };
        let rollout = if service.is_null() { "-".to_owned() } else { row("rollout").to_lowercase() };
        let updated = snapshot.updated_at.map_or_else(String::new, |at| format!("{at:.0}"));
        let _ = writeln!(
            text,
            "{:<16}{revision:<12}{:<34}{running:<10}{rollout:<14}{updated}",
            snapshot.stack.as_str(),
            image(snapshot)
        );
        if all {
            for (address, record) in &snapshot.resources {
                let id = physical_id(&record.outputs.to_value());
                let _ = writeln!(text, "  {:<32}{}", address.as_str(), id.as_str().unwrap_or("-"));
            }
        }
        if let Some(url) = snapshot.exports.get("url").and_then(Value::as_str) {
            let _ = writeln!(text, "  {url}");
        }
    }
    text
}

/// The application's image, without registry and repository.
fn image(snapshot: &Snapshot) -> String {
    let containers =
        snapshot.resources.iter().find(|(address, _)| address.kind_str() == "ecs.task_definition");
    let spec = containers.map(|(_, record)| record.spec.to_value()).unwrap_or_default();
    let containers = spec.get("containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let app =
        containers.iter().find(|container| container.get("name").and_then(Value::as_str) == Some("app"));
    let image = app.and_then(|app| app.get("image")).and_then(Value::as_str).unwrap_or("-");
    let short = image.rsplit('/').next().unwrap_or(image);
    short.chars().take(32).collect()
}
