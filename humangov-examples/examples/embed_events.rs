// SPDX-License-Identifier: MIT OR Apache-2.0
//! A deployment inside a tool of one's own: events as a stream beside the run, a failure half way, and what is left of it.
//! Runs offline: its "cloud" is a set of names in memory, and refuses one of them.
//!
//! ```text
//! $ cargo run --example embed_events
//! create logs.log_group/app
//! create logs.log_group/audit
//! failed logs.log_group/audit: CreateLogGroup failed: LimitExceededException: no more groups
//! going back
//! undo create logs.log_group/app
//! rolled back, since CreateLogGroup failed; 0 groups left
//! ```

use futures_util::StreamExt;
use humangov_core::{
    event::{EventKind, Events},
    exec::{Cancel, Executor, Outcome},
    handler::{Cx, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Registry, Update},
    kind::logs::{LogGroup, LogGroupOutputs},
    plan::{Imports, PlanOptions, plan},
    stack::Stack,
    store::MemoryStore,
    tags::Tags,
};
use std::{
    collections::BTreeMap,
    error::Error,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Log groups in memory.
#[derive(Debug, Clone, Default)]
struct Groups(Arc<Mutex<BTreeMap<String, (LogGroup, Tags)>>>);

impl Groups {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, (LogGroup, Tags)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outputs(group: &LogGroup) -> Result<LogGroupOutputs, HandlerError> {
    let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{}", group.name);
    let arn = arn.parse().map_err(|_| HandlerError::malformed("CreateLogGroup", "no ARN"))?;
    Ok(LogGroupOutputs { arn, name: group.name.clone() })
}

impl Handler for Groups {
    type Resource = LogGroup;

    async fn read(&self, at: Lookup<'_, LogGroup>) -> Result<Option<Live<LogGroup>>, HandlerError> {
        let Some((spec, tags)) = self.all().get(&at.spec.name).cloned() else { return Ok(None) };
        Ok(Some(Live { outputs: outputs(&spec)?, spec, tags: Some(tags) }))
    }

    async fn create(&self, cx: &Cx, spec: &LogGroup) -> Result<LogGroupOutputs, HandlerError> {
        if spec.name.ends_with("audit") {
            let error = HandlerError::new(HandlerErrorKind::Quota, "CreateLogGroup", "no more groups");
            return Err(error.with_aws_code("LimitExceededException"));
        }
        self.all().insert(spec.name.clone(), (spec.clone(), cx.tags(&spec.tags)));
        outputs(spec)
    }

    async fn update(&self, cx: &Cx, change: Update<'_, LogGroup>) -> Result<LogGroupOutputs, HandlerError> {
        self.create(cx, change.desired).await
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, LogGroup>) -> Result<(), HandlerError> {
        self.all().remove(&prior.spec.name);
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut stack = Stack::new("humangov".parse()?, "california".parse()?);
    let app = stack.add("app", LogGroup::builder().name("/humangov/california/app").build())?;
    let audit = stack.add("audit", LogGroup::builder().name("/humangov/california/audit").build())?;
    stack.depends_on(&audit, &app)?;

    let groups = Groups::default();
    let executor = Executor::new(Registry::new().with(groups.clone()), Arc::new(MemoryStore::new()));
    let plan = plan(&stack, None, None, &Imports::none(), &PlanOptions::default())?;

    // `cancel.escalate()`, from anywhere, stops the run: politely the first time, at once the second.
    let (imports, cancel) = (Imports::none(), Cancel::new());
    let (events, mut stream) = Events::channel();
    let run = async {
        let report = executor.apply(&plan, &imports, &cancel, &events).await;
        // The stream ends when its other end is gone.
        drop(events);
        report
    };
    let tell = async {
        let mut out = anstream::stdout();
        while let Some(event) = stream.next().await {
            match event.what {
                EventKind::StepStarted { address, operation } => {
                    writeln!(out, "{} {address}", operation.verb())?;
                }
                EventKind::StepFailed { address, error, .. } => writeln!(out, "failed {address}: {error}")?,
                EventKind::RollbackStarted => writeln!(out, "going back")?,
                _ => {}
            }
        }
        Ok::<(), std::io::Error>(())
    };
    let (report, told) = tokio::join!(run, tell);
    told?;

    let mut out = anstream::stdout();
    let left = groups.all().len();
    match report?.outcome {
        Outcome::Applied => writeln!(out, "applied; {left} groups")?,
        Outcome::RolledBack { cause } => {
            writeln!(out, "rolled back, since {} failed; {left} groups left", cause.error.operation)?;
        }
        other => writeln!(out, "{}: {left} groups left", other.name())?,
    }
    Ok(())
}
