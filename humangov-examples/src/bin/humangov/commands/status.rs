// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov status`.

use super::{chosen, planning::open, standing::noted};
use crate::{
    cli::{Global, Status},
    config::Config,
    exit::Exit,
    output::{self, Fact, Failure, Left, Output, Row, document, say, seconds},
    session::Session,
};
use humangov_aws::{
    ecs::{self, Running},
    elbv2::{self, TargetHealth},
};
use humangov_core::{
    address::{Address, RunId, StackName},
    base_stack::BaseStack,
    clock::Clock,
    event::ErrorReport,
    handler::{Depth, HandlerError},
    kind::{ecs::Service, elbv2::TargetGroup},
    plan::{Drift, Imports, RefreshError, RefreshTarget, drift, refresh_partly},
    resource::Resource,
    store::{Recorded, Snapshot},
    tenant::Tenant,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Lists what is recorded of the base and the states, and what is read of it. Writes nothing.
pub async fn run(args: &Status, global: &Global, output: Output) -> Result<Exit, Failure> {
    let started = Instant::now();
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let mut snapshots = Vec::new();
    let wanted = |name: &StackName| {
        name.as_str() == BaseStack::NAME
            || states.iter().any(|state| state.slug() == name.as_str())
            || args.states.states.is_empty()
    };
    let mut stacks = session.store.stacks().await?;
    stacks.retain(wanted);
    for name in &stacks {
        if let Some(snapshot) = session.store.load(name).await? {
            snapshots.push(snapshot.value);
        }
    }
    let unfinished = noted(&session, &stacks, global, output).await?;
    // What all share comes first.
    snapshots.sort_by_key(|snapshot| snapshot.stack.as_str() != BaseStack::NAME);
    if snapshots.is_empty() && !output.is_json() {
        let next = global.again("apply", &args.states);
        output.result(&format!("Nothing is recorded here. Next: {next}"), || Value::Null)?;
        return Ok(Exit::Ok);
    }
    let found = look(&session, &snapshots, !args.no_refresh).await;
    let mut unread: Vec<_> = found.unread.into_iter().map(|(s, a, e)| (s.to_string(), a, e)).collect();
    unread.sort_by(|(a, x, _), (b, y, _)| (a, x).cmp(&(b, y)));
    let mut rows: Vec<Row> = snapshots
        .iter()
        .zip(found.services)
        .zip(found.health)
        .zip(found.drift)
        .map(|(((snapshot, service), health), drift)| row(snapshot, service, health, drift))
        .collect();
    mark_behind(&mut rows, &config);
    let recorded = |slug: &str| snapshots.iter().any(|snapshot| snapshot.stack.as_str() == slug);
    let not_applied: Vec<&str> = states.iter().map(Tenant::slug).filter(|slug| !recorded(slug)).collect();
    rows.extend(not_applied.iter().map(|slug| Row::not_applied(slug)));
    let status = output::Status { rows, unread };
    output.result(&status.table(args.all), || {
        let stacks = snapshots.iter().zip(&status.rows).map(|(snapshot, row)| stack(snapshot, row));
        let resources = snapshots.iter().flat_map(|snapshot| {
            snapshot.resources.iter().map(move |(address, record)| resource(snapshot, address, record))
        });
        document(json!({
            "account": session.identity.account,
            "region": session.region,
            "stacks": stacks.collect::<Vec<_>>(),
            "not_applied": not_applied,
            "resources": resources.collect::<Vec<_>>(),
            "unfinished": unfinished,
            "unread": status.unread.iter().map(unread_document).collect::<Vec<_>>(),
            "calls": session.calls(),
        }))
    })?;
    if let (Some(failures), false) = (status.failures(), output.is_json()) {
        say(&failures);
    }
    output.note(&format!("{} calls, {}", session.calls(), seconds(started.elapsed())));
    Ok(if status.unread.is_empty() { Exit::Ok } else { Exit::Error })
}

/// What was read, in the order of the snapshots.
struct Found {
    services: Vec<Fact<Running>>,
    health: Vec<Fact<TargetHealth>>,
    drift: Vec<Option<Vec<Drift>>>,
    unread: Vec<(StackName, Address, ErrorReport)>,
}

/// Reads everything at the same time. No read that fails keeps the others from being told.
async fn look(session: &Session, snapshots: &[Snapshot], with_drift: bool) -> Found {
    let imports = Imports::none();
    let drifted = async {
        if !with_drift {
            return (vec![None; snapshots.len()], None);
        }
        let target = |snapshot| {
            let Snapshot { fleet, stack: name, .. }: &Snapshot = snapshot;
            RefreshTarget { fleet, name, stack: None, snapshot: Some(snapshot), imports: &imports }
        };
        let targets: Vec<RefreshTarget<'_>> = snapshots.iter().map(target).collect();
        let (live, failed) =
            refresh_partly(&session.registry, &targets, Depth::Full, RunId::generate()).await;
        let drifts = snapshots.iter().zip(&live);
        (drifts.map(|(snapshot, live)| Some(drift(&session.registry, snapshot, live))).collect(), failed)
    };
    let services = recorded::<Service>(snapshots);
    let groups = recorded::<TargetGroup>(snapshots);
    let arns: Vec<_> = groups.iter().map(|(.., outputs)| outputs.arn.clone()).collect();
    let outputs: Vec<_> = services.iter().map(|(.., outputs)| outputs.clone()).collect();
    let ((drift, failed), running, health) = tokio::join!(
        drifted,
        ecs::running(&session.clients.ecs, &outputs),
        elbv2::target_health(&session.clients.elbv2, &arns)
    );
    let mut unread: Vec<(StackName, Address, ErrorReport)> = Vec::new();
    let failed = failed.iter().flat_map(RefreshError::failures);
    unread.extend(failed.map(|(stack, address, error)| (stack.clone(), address.clone(), error.into())));
    Found {
        services: facts(snapshots, &services, running, &mut unread),
        health: facts(snapshots, &groups, health, &mut unread),
        drift,
        unread,
    }
}

/// What is recorded of kind `R`: the place of its snapshot, its address and its outputs. One a stack is enough: there is only one
/// in those of the product.
fn recorded<R: Resource<Outputs: DeserializeOwned>>(
    snapshots: &[Snapshot],
) -> Vec<(usize, Address, R::Outputs)> {
    let first = |(place, snapshot): (usize, &Snapshot)| {
        let mut resources = snapshot.resources.iter();
        let (address, record) = resources.find(|(address, _)| address.kind_str() == R::KIND.as_str())?;
        Some((place, address.clone(), serde_json::from_value(record.outputs.to_value()).ok()?))
    };
    snapshots.iter().enumerate().filter_map(first).collect()
}

/// Answers in the order of the snapshots.
fn facts<T, O>(
    snapshots: &[Snapshot],
    asked: &[(usize, Address, O)],
    answers: Vec<Result<Option<T>, HandlerError>>,
    unread: &mut Vec<(StackName, Address, ErrorReport)>,
) -> Vec<Fact<T>> {
    let mut facts: Vec<Fact<T>> = snapshots.iter().map(|_| Fact::None).collect();
    for ((place, address, _), answer) in asked.iter().zip(answers) {
        facts[*place] = match answer {
            Ok(Some(value)) => Fact::Known(value),
            Ok(None) => Fact::Gone,
            Err(error) => {
                unread.push((snapshots[*place].stack.clone(), address.clone(), (&error).into()));
                Fact::Unread
            }
        };
    }
    facts
}

fn row(
    snapshot: &Snapshot,
    service: Fact<Running>,
    health: Fact<TargetHealth>,
    drift: Option<Vec<Drift>>,
) -> Row {
    let now = Clock::system().now();
    let export = |name: &str| snapshot.exports.get(name).and_then(Value::as_str).map(str::to_owned);
    let outputs = [("url", "url"), ("table", "table_name"), ("bucket", "bucket_name")];
    let is_base = snapshot.stack.as_str() == BaseStack::NAME;
    let left =
        if snapshot.resources.values().all(|record| record.holds_data) { Left::Data } else { Left::Part };
    Row {
        stack: snapshot.stack.to_string(),
        // A clock that was set back is no reason for a negative age.
        age: snapshot.updated_at.map(|at| Duration::try_from(now.duration_since(at)).unwrap_or_default()),
        image: image(snapshot),
        left: (!is_base && matches!(service, Fact::None)).then_some(left),
        service,
        health,
        drift,
        behind: false,
        resources: snapshot
            .resources
            .iter()
            .map(|(address, record)| {
                let id = physical_id(&record.outputs.to_value());
                (address.clone(), id.as_str().unwrap_or("-").to_owned())
            })
            .collect(),
        outputs: outputs.iter().filter_map(|(label, name)| Some((*label, export(name)?))).collect(),
    }
}

impl Row {
    /// A state of the configuration of which nothing is recorded.
    fn not_applied(slug: &str) -> Self {
        Self {
            stack: slug.to_owned(),
            age: None,
            image: None,
            service: Fact::None,
            health: Fact::None,
            drift: None,
            behind: false,
            left: None,
            resources: Vec::new(),
            outputs: Vec::new(),
        }
    }
}

/// Marks states that have an older image than the others. The image of the others is that of most states, of the latest where
/// two have as many. A state that has just what the configuration says for it is not behind, whatever the others have.
fn mark_behind(rows: &mut [Row], config: &Config) {
    let mut states_of: BTreeMap<&str, (usize, Duration)> = BTreeMap::new();
    for row in rows.iter() {
        if let (Some(image), Some(age)) = (&row.image, row.age) {
            let (count, latest) = states_of.entry(image).or_insert((0, Duration::MAX));
            *count += 1;
            *latest = age.min(*latest);
        }
    }
    let most = states_of.iter().max_by_key(|(_, (count, latest))| (*count, std::cmp::Reverse(*latest)));
    let Some((of_most, latest)) = most.map(|(image, (_, latest))| ((*image).to_owned(), *latest)) else {
        return;
    };
    for row in rows.iter_mut() {
        let configured = config.states.iter().find(|state| state.slug() == row.stack);
        let wanted = configured.map(|state| config.settings(state).images.app.clone());
        row.behind =
            row.image.as_ref().is_some_and(|image| *image != of_most && wanted.as_ref() != Some(image))
                && row.age > Some(latest);
    }
}

fn stack(snapshot: &Snapshot, row: &Row) -> Value {
    let service = row.service.known().map(|service| {
        json!({
            "status": service.status,
            "running": service.running,
            "desired": service.desired,
            "pending": service.pending,
            "rollout": service.rollout,
            "task_definition": service.task_definition,
        })
    });
    let health = row.health.known().map(|health| {
        let targets = health.targets.iter().map(|target| {
            json!({
                "id": target.id,
                "port": target.port,
                "state": target.state.as_str(),
                "reason": target.reason,
                "description": target.description,
            })
        });
        json!({ "healthy": health.count(elbv2::TargetState::Healthy), "targets": targets.collect::<Vec<_>>() })
    });
    json!({
        "stack": snapshot.stack,
        "updated_at": snapshot.updated_at,
        "image": row.image,
        "behind": row.behind,
        "service": service,
        "health": health,
        "drift": row.drift,
        "exports": snapshot.exports,
    })
}

fn unread_document((stack, address, error): &(String, Address, ErrorReport)) -> Value {
    json!({ "stack": stack, "address": address, "error": error })
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
pub(super) fn physical_id(outputs: &Value) -> Value {
    let text = |name: &str| outputs.get(name).and_then(Value::as_str);
    if let (Some(family), Some(revision)) = (text("family"), outputs.get("revision").and_then(Value::as_u64))
    {
        return Value::from(format!("{family}:{revision}"));
    }
    ["id", "name", "resource_id", "arn"].iter().find_map(|name| text(name)).map_or(Value::Null, Value::from)
}

/// The application's image, as recorded.
fn image(snapshot: &Snapshot) -> Option<String> {
    let (_, record) =
        snapshot.resources.iter().find(|(address, _)| address.kind_str() == "ecs.task_definition")?;
    let spec = record.spec.to_value();
    let mut containers = spec.get("containers").and_then(Value::as_array)?.iter();
    let app = containers.find(|container| container.get("name").and_then(Value::as_str) == Some("app"))?;
    app.get("image").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn behind(states: &[(&str, &str, u64)], configured: &str) -> Vec<String> {
        let text = format!(
            "states = [\"ohio\", \"texas\", \"california\"]\n[fleet]\nname = \"humangov\"\n[images]\napp = \"{configured}\"\nnginx = \"n:1\"\n"
        );
        let config = Config::parse("humangov.toml", &text).unwrap();
        let mut rows: Vec<Row> = states
            .iter()
            .map(|(state, image, age)| Row {
                image: Some((*image).to_owned()),
                age: Some(Duration::from_secs(*age)),
                ..Row::not_applied(state)
            })
            .collect();
        rows.push(Row { age: Some(Duration::ZERO), ..Row::not_applied("base") });
        mark_behind(&mut rows, &config);
        rows.into_iter().filter(|row| row.behind).map(|row| row.stack).collect()
    }

    #[test]
    fn behind_is_who_has_an_older_image_than_the_others() {
        let three = [("california", "app:2", 60), ("texas", "app:2", 90), ("ohio", "app:1", 9000)];
        assert_eq!(behind(&three, "app:2"), ["ohio"]);
        assert_eq!(behind(&three, "app:1"), [""; 0], "it has what it should have");
        assert_eq!(behind(&three[1..], "app:2"), ["ohio"], "of two the later one counts");
        let ahead = [("california", "app:3", 60), ("texas", "app:2", 90), ("ohio", "app:2", 9000)];
        assert_eq!(behind(&ahead, "app:3"), [""; 0], "who goes first makes nobody late");
        assert_eq!(behind(&[("ohio", "app:1", 1), ("texas", "app:1", 2)], "app:2"), [""; 0], "all the same");
    }
}
