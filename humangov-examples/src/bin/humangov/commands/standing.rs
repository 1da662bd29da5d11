// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Standing`]: who works on a stack, and which of its runs have not ended. What every command looks at before it does its own.

use crate::{
    cli::{Global, RecordedStates, RunFlags},
    exit::Exit,
    output::{Failure, Form, Output, Progress, WARN, run_line, run_text, seconds},
    session::Session,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use humangov_core::{
    address::StackName,
    base_stack::BaseStack,
    clock::Clock,
    exec::{Cancel, ExecError, ExecErrorKind, Recovery, Unfinished, unfinished},
    fleet::Fleet,
    store::{Lock, LockInfo, StoreErrorKind},
    tenant::{CustomTenants, Tenant},
};
use serde_json::{Value, json};
use std::{fmt::Write, time::Duration};
use tokio::time::Instant;

/// How many stacks are looked at at once.
const AT_ONCE: usize = 16;

/// How often a lock that is waited for is looked at.
const POLL: Duration = Duration::from_secs(1);

/// How one stack stands.
#[derive(Debug)]
pub struct Standing {
    pub stack: StackName,
    pub lock: Option<Lock>,
    /// The runs that have not ended, oldest first. While the lock is held, the last of them is under way.
    pub runs: Vec<Unfinished>,
    /// A journal that cannot be read.
    pub damaged: Option<ExecError>,
}

impl Standing {
    async fn of(session: &Session, stack: &StackName) -> Result<Self, ExecError> {
        let now = Clock::system().now();
        let stack = stack.clone();
        match unfinished(&*session.store, &stack, now).await {
            Ok((lock, runs)) => Ok(Self { stack, lock, runs, damaged: None }),
            Err(error) if is_damage(&error) => {
                let lock = session.store.lock_of(&stack, now).await?;
                Ok(Self { stack, lock, runs: Vec::new(), damaged: Some(error) })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether somebody works on it.
    pub fn is_held(&self) -> bool {
        self.lock.as_ref().is_some_and(Lock::is_held)
    }

    /// Whether there is something to say of it.
    pub fn is_quiet(&self) -> bool {
        !self.is_held() && self.runs.is_empty() && self.damaged.is_none()
    }

    /// Whether it has a run that nobody brings to its end.
    pub fn is_left(&self) -> bool {
        !self.is_held() && (!self.runs.is_empty() || self.damaged.is_some())
    }

    /// In a line or two for whoever only reads, with what to type.
    fn note(&self, global: &Global) -> String {
        let stack = &self.stack;
        let mut text = String::new();
        if let (true, Some(lock)) = (self.is_held(), &self.lock) {
            let _ = write!(text, "{WARN}{stack}: a run is under way{WARN:#}{}", holder(lock));
            return text;
        }
        for run in &self.runs {
            let _ = writeln!(text, "{WARN}{stack}: a run has not ended{WARN:#}: {}", run_line(run));
        }
        if let Some(error) = &self.damaged {
            let _ = writeln!(text, "{WARN}{stack}: a run has not ended{WARN:#}: {error}");
        }
        let _ = write!(text, "  do: {}", global.line("recover", [stack.as_str()]));
        text
    }

    /// The same as a document.
    pub fn document(&self) -> Value {
        json!({
            "stack": self.stack,
            "under_way": self.is_held(),
            "lock": self.lock.as_ref().filter(|lock| lock.info.is_some()).map(lock_document),
            "runs": self.runs.iter().map(run_document).collect::<Vec<_>>(),
            "damaged": self.damaged.as_ref().map(ToString::to_string),
        })
    }

    /// All that is known, for whoever is to decide.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (i, run) in self.runs.iter().enumerate() {
            let under_way = self.is_held() && i + 1 == self.runs.len();
            text.push_str(&run_text(run, under_way, Clock::system().now()));
        }
        if let Some(error) = &self.damaged {
            let _ = writeln!(text, "{WARN}{}{WARN:#}: {error}", self.stack);
        }
        text
    }

    /// Somebody works on it, and nobody waits for them.
    pub fn locked(&self, global: &Global) -> Failure {
        let stack = &self.stack;
        let mut message = format!("{stack} is locked");
        if let Some(lock) = &self.lock {
            let _ =
                write!(message, "{}\n       until {:.0} unless they renew it", holder(lock), lock.expires);
        }
        Failure::new(Exit::Locked, "store.locked", message)
            .about("lock", self.document()["lock"].clone())
            .hint("wait for them, or have the command wait: --lock-timeout 10m")
            .hint(format!("if they are gone for good: {}", global.line("unlock --force", [stack.as_str()])))
    }
}

/// Whether it is one journal that cannot be read, and not the store.
fn is_damage(error: &ExecError) -> bool {
    match error.kind() {
        ExecErrorKind::Journal { .. } => true,
        ExecErrorKind::Store(error) => matches!(error.kind(), StoreErrorKind::CorruptJournal { .. }),
        _ => false,
    }
}

/// Who holds a lock, and since when.
pub fn holder(lock: &Lock) -> String {
    let Some(LockInfo { operation, holder, process, since, .. }) = &lock.info else { return String::new() };
    format!(": {operation} by {holder} (process {process}) since {since:.0}")
}

/// A lock as a document.
pub fn lock_document(lock: &Lock) -> Value {
    json!({
        "held": lock.is_held(),
        "holder": lock.info,
        "stale": lock.stale,
        "token": lock.token,
        "expires": lock.expires,
    })
}

fn run_document(run: &Unfinished) -> Value {
    let steps = |steps: &[(humangov_core::address::Address, humangov_core::event::StepOperation)]| {
        let step = |(address, operation): &_| json!({ "address": address, "operation": operation });
        steps.iter().map(step).collect::<Vec<_>>()
    };
    let failed = run.failed.iter().map(
        |(address, operation, error)| json!({ "address": address, "operation": operation, "error": error }),
    );
    json!({
        "run": run.run,
        "kind": run.kind,
        "begun_by": run.begun_by,
        "progress": crate::output::progress_name(run.progress),
        "steps": run.steps,
        "done": run.done,
        "in_doubt": steps(&run.in_doubt),
        "failed": failed.collect::<Vec<_>>(),
        "last_at": run.last_at,
    })
}

/// How these stacks stand, in their order.
pub async fn standings(session: &Session, stacks: &[StackName]) -> Result<Vec<Standing>, Failure> {
    let looks = stream::iter(stacks).map(|stack| Standing::of(session, stack)).buffered(AT_ONCE);
    Ok(looks.try_collect().await?)
}

/// Tells those who only read what they read in the middle of; what there is to tell, as a document.
pub async fn noted(
    session: &Session,
    stacks: &[StackName],
    global: &Global,
    output: Output,
) -> Result<Value, Failure> {
    let mut standings = standings(session, stacks).await?;
    standings.retain(|standing| !standing.is_quiet());
    for standing in &standings {
        output.note(&standing.note(global));
    }
    if !standings.is_empty() {
        output.note("");
    }
    Ok(standings.iter().map(Standing::document).collect())
}

/// How these stacks stand once nobody works on them; waits for that as long as `patience` allows.
pub async fn free(
    session: &Session,
    stacks: &[StackName],
    patience: Option<Duration>,
    global: &Global,
    output: Output,
) -> Result<Vec<Standing>, Failure> {
    let started = Instant::now();
    let mut told = false;
    loop {
        let standings = standings(session, stacks).await?;
        let Some(held) = standings.iter().find(|standing| standing.is_held()) else { return Ok(standings) };
        let patience = patience.unwrap_or_default();
        if started.elapsed() >= patience {
            return Err(held.locked(global));
        }
        if !told {
            let who = held.lock.as_ref().map(holder).unwrap_or_default();
            output.note(&format!("Waiting up to {} for {}{who}", seconds(patience), held.stack));
            told = true;
        }
        tokio::time::sleep(POLL.min(patience.saturating_sub(started.elapsed()))).await;
    }
}

/// Before planning: looks after what earlier runs of these stacks left in doubt, so that the plan begins from what is there.
///
/// Nothing is changed in AWS: what is not known is looked up and recorded.
pub async fn settle(
    session: &Session,
    stacks: &[StackName],
    settings: &RunFlags,
    global: &Global,
    output: Output,
) -> Result<(), Failure> {
    let standings = free(session, stacks, settings.lock.lock_timeout, global, output).await?;
    let left: Vec<&Standing> = standings.iter().filter(|standing| standing.is_left()).collect();
    if left.is_empty() {
        return Ok(());
    }
    for standing in &left {
        output.note(standing.text().trim_end());
    }
    output.note("What these runs left is looked up and recorded first. Nothing of AWS is changed by that.");
    let executor = session.executor(settings);
    let progress = Progress::new(Form::choose(output.is_json()));
    let (cancel, events) = (Cancel::new(), progress.events());
    let settling = left.iter().map(|standing| {
        let (executor, cancel, events) = (&executor, &cancel, &events);
        async move { (standing, executor.recover(&standing.stack, Recovery::Settle, cancel, events).await) }
    });
    let settled = futures_util::future::join_all(settling).await;
    progress.finish();
    for (standing, result) in settled {
        let reports = result.map_err(|error| unsettled(standing, error, global))?;
        if !reports.is_empty() {
            output.note(&settled_line(standing));
        }
    }
    output.note("");
    Ok(())
}

fn settled_line(standing: &Standing) -> String {
    let in_doubt: usize = standing.runs.iter().map(|run| run.in_doubt.len()).sum();
    let doubt = match in_doubt {
        0 => "nothing of it was in doubt".to_owned(),
        1 => "1 step was in doubt and is recorded as it is".to_owned(),
        n => format!("{n} steps were in doubt and are recorded as they are"),
    };
    format!("Settled {}: {doubt}.", standing.stack)
}

fn unsettled(standing: &Standing, error: ExecError, global: &Global) -> Failure {
    let failure = Failure::from(error);
    if failure.exit() == Exit::Locked { standing.locked(global) } else { failure }
}

/// The stacks of a fleet.
pub fn stacks_of(fleet: &Fleet) -> Vec<StackName> {
    fleet.stacks().iter().map(|stack| stack.name().clone()).collect()
}

/// The stack a word stands for: a state by name or postal code, `base`, or a tenant of one's own.
pub fn stack_named(word: &str) -> Result<StackName, Failure> {
    let slug = if super::is_base(word) {
        BaseStack::NAME.to_owned()
    } else {
        Tenant::parse(word, CustomTenants::Allowed)
            .map_err(|error| Failure::refused("cli.states", error.to_string()))?
            .slug()
            .to_owned()
    };
    slug.parse().map_err(|error: humangov_core::address::ParseWordError| {
        Failure::refused("cli.states", error.to_string())
    })
}

/// The stacks that were named, or all of which anything is kept. The base comes first.
pub async fn recorded(session: &Session, states: &RecordedStates) -> Result<Vec<StackName>, Failure> {
    let known = session.store.stacks().await?;
    let mut stacks = if states.states.is_empty() { known.clone() } else { Vec::new() };
    for word in &states.states {
        let stack = stack_named(word)?;
        if !known.contains(&stack) {
            let names: Vec<String> = known.iter().map(ToString::to_string).collect();
            let what = if names.is_empty() {
                "which has nothing of this fleet".to_owned()
            } else {
                format!("which has {}", crate::config::and_list(&names))
            };
            return Err(Failure::refused("cli.states", format!("{stack} is not in the store, {what}")));
        }
        if !stacks.contains(&stack) {
            stacks.push(stack);
        }
    }
    stacks.sort_by_key(|stack| stack.as_str() != BaseStack::NAME);
    Ok(stacks)
}
