// SPDX-License-Identifier: MIT OR Apache-2.0
//! Performs one step: the call, its retries, the look after a lost answer, the wait until it works.

use crate::{
    event::{ErrorReport, Event, EventKind, Events},
    exec::{ExecOptions, Task},
    handler::{
        Call, Contents, Cx, Depth, DynHandler, Effect, HandlerError, HandlerErrorKind, LiveValue, Ownership,
        ReadRequest, Readiness, Reply,
    },
    journal::{Left, Note},
    plan::{FieldEffect, Sides, diff, keep_unmanaged},
    resource::Rule,
    store::LeaseGuard,
    value::Json,
};
use futures_util::FutureExt;
use serde_json::Value;
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout},
};

/// What a step has to do, with every reference resolved.
#[derive(Debug)]
pub(crate) enum Work {
    /// Nothing in AWS.
    Nothing,
    /// Make this. What has these outputs may be there and is something else.
    Create { spec: Value, others: Vec<Value> },
    /// Make this, or change what is there already into it: nobody has looked yet.
    CreateOrFind { spec: Value, others: Vec<Value> },
    /// Make this, unless an earlier try of this very step has made it.
    CreateAgain { spec: Value, others: Vec<Value> },
    /// Change this in place.
    Update { prior: Value, outputs: Value, desired: Value },
    /// Delete this.
    Delete { prior: Value, outputs: Value, contents: Contents },
    /// Delete what a create may have left: look first.
    DeleteIfThere { spec: Value, others: Vec<Value> },
    /// Bring what is there, whatever it has become, to `desired`. It is looked for as `look`, and by `outputs` where they are known:
    /// what it is found by may be what was to change. A setting that `recorded` has and `desired` has not was taken out.
    BringTo { desired: Value, recorded: Option<Value>, look: Value, outputs: Option<Value> },
    /// Make what was deleted, if it was, again.
    Recreate { spec: Value },
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Performed {
    pub result: Result<Done, Failure>,
    pub retries: u32,
    pub elapsed: Duration,
}

impl Performed {
    /// What needed no call.
    pub(crate) fn at_once(result: Result<Done, Failure>) -> Self {
        Self { result, retries: 0, elapsed: Duration::ZERO }
    }
}

/// A step that worked: the outputs, if it has any now.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub outputs: Option<Value>,
}

/// A step that did not.
#[derive(Debug)]
pub(crate) struct Failure {
    pub error: HandlerError,
    pub left: Left,
}

/// What a step has found and must have written down before it goes on; answered when it is.
#[derive(Debug)]
pub(crate) struct NoteToKeep {
    pub task: Task,
    pub note: Note,
    pub kept: oneshot::Sender<()>,
}

/// What performing a step needs.
pub(crate) struct Performer<'a> {
    pub handler: &'a dyn DynHandler,
    pub rules: &'a [Rule],
    pub cx: Cx,
    pub options: &'a ExecOptions,
    pub events: &'a Events,
    pub retries: u32,
    pub task: Task,
    pub notes: mpsc::UnboundedSender<NoteToKeep>,
    pub lease: LeaseGuard,
}

/// What was found changed to `spec`, which leaves some fields to AWS.
fn over(spec: &Value, live: &LiveValue) -> Value {
    let mut desired = spec.clone();
    keep_unmanaged(&mut desired, None, &live.spec);
    desired
}

/// How long what has a name may not be seen by who looks for it.
const SEEN_AFTER: Duration = Duration::from_secs(30);

/// What was made a moment ago and is not found is not to be found everywhere yet.
fn not_everywhere_yet(error: HandlerError) -> HandlerError {
    match error.kind() {
        HandlerErrorKind::NotFound => error.with_kind(HandlerErrorKind::NotYet),
        _ => error,
    }
}

/// Says what to do where what is replaced has the name of what is to replace it.
fn held_by_ours(error: HandlerError) -> HandlerError {
    let held = "what it replaces, or an earlier run has replaced, is still there under that name";
    let out = "give the new one another name, or apply what was declared before once more, which deletes what was replaced";
    let mut details = error.details().to_vec();
    details.insert(0, format!("{held}: {out}"));
    error.with_details(details)
}

impl Performer<'_> {
    /// Does `work`, once.
    pub(crate) async fn perform(&mut self, work: &Work) -> Performed {
        let started = Instant::now();
        let result = match work {
            Work::Create { spec, others } => self.create(started, spec, others, false).await,
            // A future is as large as the largest it waits for, and large ones cost a run more than a second allocation: what
            // is not most of the steps of a large run has its own.
            work => Box::pin(self.perform_other(started, work)).await,
        };
        Performed { result, retries: self.retries, elapsed: started.elapsed() }
    }

    async fn perform_other(&mut self, started: Instant, work: &Work) -> Result<Done, Failure> {
        match work {
            Work::Nothing => Ok(Done { outputs: None }),
            Work::Create { spec, others } => self.create(started, spec, others, false).await,
            Work::CreateOrFind { spec, others } => self.create_or_find(started, spec, others).await,
            Work::CreateAgain { spec, others } => self.create_again(started, spec, others).await,
            Work::Update { prior, outputs, desired } => self.update(started, prior, outputs, desired).await,
            Work::Delete { prior, outputs, contents } => {
                self.delete(started, prior, outputs, *contents).await
            }
            Work::DeleteIfThere { spec, others } => self.delete_if_there(started, spec, others).await,
            Work::BringTo { desired, recorded, look, outputs } => {
                let look = (look, outputs.as_ref());
                self.bring_to(started, desired.clone(), recorded.as_ref(), look).await
            }
            Work::Recreate { spec } => self.recreate(started, spec).await,
        }
    }

    /// Calls the handler, and waits no longer for its answer than is sensible.
    async fn call(&self, call: Call<'_>) -> Result<Reply, HandlerError> {
        // Whoever was held up until the lease was gone, between two calls, must not make another.
        self.lease.check().map_err(|error| {
            HandlerError::new(HandlerErrorKind::LeaseLost, "step", error.to_string()).with_source(error)
        })?;
        // Emptying what holds data is one deletion, and may take long.
        let (what, most) = match call {
            Call::Read(_) => ("read", self.options.settle_timeout),
            Call::Create { .. } => ("create", self.options.settle_timeout),
            Call::Update { .. } => ("update", self.options.settle_timeout),
            Call::Delete { .. } => ("delete", self.options.step_timeout),
            Call::Ready { .. } => ("ready", self.options.settle_timeout),
        };
        let mut answer = self.handler.call(call);
        // What is answered at once needs no timer; what is not is polled again under one.
        if let Some(answer) = (&mut answer).now_or_never() {
            return answer;
        }
        Box::pin(timeout(most, answer)).await.unwrap_or_else(|_| {
            let message = format!("no answer after {} s", most.as_secs());
            Err(HandlerError::new(HandlerErrorKind::TimedOut, what, message).with_effect(Effect::Unknown))
        })
    }

    fn emit(&self, what: EventKind) {
        let (run, stack) = (self.cx.run, self.cx.stack.clone());
        self.events.emit(Event { at: self.options.clock.now(), run, stack, what });
    }

    /// Waits before the next try, unless too much time has gone.
    async fn wait_to_retry(&mut self, attempt: u32, deadline: Instant, error: &HandlerError) -> bool {
        let wait = (self.options.retry_first * 2u32.saturating_pow(attempt.saturating_sub(1)))
            .min(self.options.retry_most);
        if Instant::now() + wait > deadline {
            return false;
        }
        self.retries += 1;
        self.emit(EventKind::StepRetried {
            address: self.cx.address.clone(),
            attempt,
            wait,
            error: ErrorReport::from(error),
        });
        Box::pin(sleep(wait)).await;
        true
    }

    /// How the resource is now, as clearly as can be told: what became of a step that was begun and did not end.
    pub(crate) async fn look_up(
        &mut self,
        spec: &Value,
        outputs: Option<&Value>,
        others: &[Value],
    ) -> Result<Option<LiveValue>, HandlerError> {
        let deadline = Instant::now() + self.options.settle_timeout;
        let found = self.look_surely_at(deadline, spec, outputs, Depth::Identity).await?;
        Ok(found.filter(|live| self.is_new(live, others)))
    }

    /// How the resource is now.
    async fn look(
        &self,
        spec: &Value,
        outputs: Option<&Value>,
        depth: Depth,
    ) -> Result<Option<LiveValue>, HandlerError> {
        let request = [ReadRequest { cx: self.cx.clone(), spec, outputs, depth }];
        match self.call(Call::Read(&request)).await? {
            Reply::Read(mut answers) if answers.len() == 1 => answers.pop().unwrap_or(Ok(None)),
            _ => Err(HandlerError::malformed("read", "the handler's answer does not fit the question")),
        }
    }

    /// Looks until the answer is clear: a passing fault must not leave a step in doubt.
    async fn look_surely(
        &mut self,
        deadline: Instant,
        spec: &Value,
        depth: Depth,
    ) -> Result<Option<LiveValue>, HandlerError> {
        self.look_surely_at(deadline, spec, None, depth).await
    }

    async fn look_surely_at(
        &mut self,
        deadline: Instant,
        spec: &Value,
        outputs: Option<&Value>,
        depth: Depth,
    ) -> Result<Option<LiveValue>, HandlerError> {
        let mut attempt = 0;
        loop {
            match self.look(spec, outputs, depth).await {
                Err(error) if error.kind().is_retryable() => {
                    attempt += 1;
                    if !self.wait_to_retry(attempt, deadline, &error).await {
                        return Err(error);
                    }
                }
                answer => return answer,
            }
        }
    }

    /// Whether what was found is what this step made: ours, and not the one it replaces.
    fn is_new(&self, live: &LiveValue, others: &[Value]) -> bool {
        self.is_ours(live) && !others.contains(&live.outputs)
    }

    fn is_ours(&self, live: &LiveValue) -> bool {
        match &live.ownership {
            Ownership::Owner(owner) => owner.is(&self.cx.fleet, &self.cx.stack, &self.cx.address),
            Ownership::Parent => true,
            Ownership::Nobody => false,
        }
    }

    /// Makes what a plan did not look for; what is there already and ours is changed into it instead.
    async fn create_or_find(
        &mut self,
        started: Instant,
        spec: &Value,
        others: &[Value],
    ) -> Result<Done, Failure> {
        let deadline = started + self.options.settle_timeout;
        match self.look_surely(deadline, spec, Depth::Full).await {
            Err(error) => Err(Failure { error, left: Left::Nothing }),
            Ok(Some(live)) if self.is_new(&live, others) => {
                let desired = over(spec, &live);
                let sides = Sides { desired: &desired, recorded: None, current: &live.spec };
                if let Some(fixed) =
                    diff(sides, self.rules).iter().find(|it| it.effect != FieldEffect::InPlace)
                {
                    let message = format!(
                        "it exists, and its {} cannot be changed; a plan that looks at what is there knows what to do",
                        fixed.path
                    );
                    let error = HandlerError::new(HandlerErrorKind::AlreadyExists, "create", message);
                    return Err(Failure { error, left: Left::Nothing });
                }
                self.keep(Note::Found(Json::from(&live.spec))).await?;
                self.update(started, &live.spec, &live.outputs, &desired).await
            }
            Ok(Some(live)) if !self.is_ours(&live) => {
                let message = "it exists under our name and bears no tags of ours";
                let error = HandlerError::new(HandlerErrorKind::AlreadyExists, "create", message);
                Err(Failure { error, left: Left::Nothing })
            }
            Ok(_) => {
                self.keep(Note::Nothing).await?;
                self.create(started, spec, others, false).await
            }
        }
    }

    /// Has the driver write down what was found. Waits until it is: what follows depends on it.
    async fn keep(&self, note: Note) -> Result<(), Failure> {
        let (kept, written) = oneshot::channel();
        let sent = self.notes.send(NoteToKeep { task: self.task, note, kept });
        if sent.is_ok() && written.await.is_ok() {
            return Ok(());
        }
        let error =
            HandlerError::new(HandlerErrorKind::Interrupted, "step", "what was found could not be recorded");
        Err(Failure { error, left: Left::Nothing })
    }

    /// Makes what an earlier try of this step may have made: what is there and ours is brought to what it should be.
    async fn create_again(
        &mut self,
        started: Instant,
        spec: &Value,
        others: &[Value],
    ) -> Result<Done, Failure> {
        let deadline = started + self.options.settle_timeout;
        match self.look_surely(deadline, spec, Depth::Full).await {
            Err(error) => Err(Failure { error, left: Left::InDoubt }),
            Ok(Some(live)) if self.is_new(&live, others) => {
                let outputs = self.complete(deadline, live, spec).await?;
                self.made(started, spec, outputs).await
            }
            Ok(_) => self.create(started, spec, others, true).await,
        }
    }

    /// Waits until what was made works.
    async fn made(&mut self, started: Instant, spec: &Value, outputs: Value) -> Result<Done, Failure> {
        match self.until_ready(started, spec, &outputs).await {
            Ok(()) => Ok(Done { outputs: Some(outputs) }),
            Err(error) => Err(Failure { error, left: Left::Outputs(Json::from(&outputs)) }),
        }
    }

    /// Looks for what has the name that is taken, until it is seen: what was made a moment ago may not be seen everywhere yet.
    async fn look_until_seen(
        &mut self,
        deadline: Instant,
        spec: &Value,
        taken: &HandlerError,
    ) -> Result<Option<LiveValue>, HandlerError> {
        let until = deadline.min(Instant::now() + SEEN_AFTER);
        let mut attempt = 0;
        loop {
            let found = self.look_surely(deadline, spec, Depth::Full).await?;
            attempt += 1;
            if found.is_some() || !self.wait_to_retry(attempt, until, taken).await {
                return Ok(found);
            }
        }
    }

    /// Makes it. `in_doubt`: an earlier try may have made it, although nothing of it is seen.
    async fn create(
        &mut self,
        started: Instant,
        spec: &Value,
        others: &[Value],
        mut in_doubt: bool,
    ) -> Result<Done, Failure> {
        let deadline = started + self.options.settle_timeout;
        let mut attempt = 0;
        let outputs = loop {
            let error = match self.call(Call::Create { cx: &self.cx, spec }).await {
                Ok(Reply::Outputs(outputs)) => break outputs,
                Ok(_) => HandlerError::malformed("create", "the handler's answer does not fit the question"),
                // What one of its calls did not find is what the one before it had made.
                Err(error) if error.effect() == Effect::Unknown => not_everywhere_yet(error),
                Err(error) => error,
            };
            // A refused create made nothing. Any other may have made it, or a part of it: looking tells. A name that is taken
            // may be taken by an earlier try of this very step, whose answer was lost.
            in_doubt |= error.effect() == Effect::Unknown;
            let taken = error.kind() == HandlerErrorKind::AlreadyExists;
            // What was not found just now may only not be seen yet: undoing looks once more.
            let unseen = || if in_doubt { Left::InDoubt } else { Left::Nothing };
            if in_doubt || taken {
                let found = if taken {
                    Box::pin(self.look_until_seen(deadline, spec, &error)).await
                } else {
                    Box::pin(self.look_surely(deadline, spec, Depth::Full)).await
                };
                match found {
                    Err(_) => return Err(Failure { error, left: unseen() }),
                    Ok(Some(live)) if self.is_new(&live, others) => {
                        let lost =
                            matches!(error.kind(), HandlerErrorKind::Malformed | HandlerErrorKind::TimedOut);
                        if !error.kind().is_retryable() && !taken && !lost {
                            return Err(Failure { error, left: Left::Outputs(Json::from(&live.outputs)) });
                        }
                        // It is there: what is still missing of it is a change in place.
                        break Box::pin(self.complete(deadline, live, spec)).await?;
                    }
                    Ok(Some(live)) if taken => {
                        // Its tags may not be seen yet, either.
                        let left = if live.ownership == Ownership::Nobody { unseen() } else { Left::Nothing };
                        let error = if self.is_ours(&live) { held_by_ours(error) } else { error };
                        return Err(Failure { error, left });
                    }
                    Ok(_) if taken => return Err(Failure { error, left: Left::InDoubt }),
                    Ok(_) => {}
                }
            }
            attempt += 1;
            if !error.kind().is_retryable() || !self.wait_to_retry(attempt, deadline, &error).await {
                return Err(Failure { error, left: unseen() });
            }
        };
        self.made(started, spec, outputs).await
    }

    /// Brings what a broken create made to what it should be.
    async fn complete(&mut self, deadline: Instant, live: LiveValue, spec: &Value) -> Result<Value, Failure> {
        self.change(deadline, (&live.spec, &live.outputs), &over(spec, &live), not_everywhere_yet)
            .await
            .map_err(|error| Failure { error, left: Left::Outputs(Json::from(&live.outputs)) })
    }

    /// Updates, trying again while that may help. `seen_as`: what an error means here.
    async fn change(
        &mut self,
        deadline: Instant,
        (prior, outputs): (&Value, &Value),
        desired: &Value,
        seen_as: fn(HandlerError) -> HandlerError,
    ) -> Result<Value, HandlerError> {
        let mut attempt = 0;
        loop {
            let call = Call::Update { cx: &self.cx, prior, outputs, desired };
            let error = match self.call(call).await {
                Ok(Reply::Outputs(outputs)) => return Ok(outputs),
                Ok(_) => {
                    return Err(HandlerError::malformed(
                        "update",
                        "the handler's answer does not fit the question",
                    ));
                }
                Err(error) => seen_as(error),
            };
            attempt += 1;
            if !error.kind().is_retryable() || !self.wait_to_retry(attempt, deadline, &error).await {
                return Err(error);
            }
        }
    }

    async fn update(
        &mut self,
        started: Instant,
        prior: &Value,
        outputs: &Value,
        desired: &Value,
    ) -> Result<Done, Failure> {
        let deadline = started + self.options.settle_timeout;
        let changed = self.change(deadline, (prior, outputs), desired, std::convert::identity).await;
        // An update is often several calls: the first may have worked when a later one is refused.
        let outputs = changed.map_err(|error| Failure { error, left: Left::Partly })?;
        match self.until_ready(started, desired, &outputs).await {
            Ok(()) => Ok(Done { outputs: Some(outputs) }),
            Err(error) => Err(Failure { error, left: Left::Partly }),
        }
    }

    async fn bring_to(
        &mut self,
        started: Instant,
        mut desired: Value,
        recorded: Option<&Value>,
        (look, outputs): (&Value, Option<&Value>),
    ) -> Result<Done, Failure> {
        let deadline = started + self.options.settle_timeout;
        let live = match self.look_surely_at(deadline, look, outputs, Depth::Full).await {
            Ok(Some(live)) if self.is_ours(&live) => live,
            Ok(_) => {
                let error = HandlerError::new(
                    HandlerErrorKind::NotFound,
                    "read",
                    "it is gone, and cannot be brought back",
                );
                return Err(Failure { error, left: Left::Nothing });
            }
            Err(error) => return Err(Failure { error, left: Left::InDoubt }),
        };
        keep_unmanaged(&mut desired, recorded, &live.spec);
        self.update(started, &live.spec, &live.outputs, &desired).await
    }

    async fn recreate(&mut self, started: Instant, spec: &Value) -> Result<Done, Failure> {
        let deadline = started + self.options.settle_timeout;
        match self.look_surely(deadline, spec, Depth::Full).await {
            Err(error) => Err(Failure { error, left: Left::InDoubt }),
            // It never went.
            Ok(Some(live)) if self.is_ours(&live) => {
                let desired = over(spec, &live);
                self.update(started, &live.spec, &live.outputs, &desired).await
            }
            Ok(_) => self.create(started, spec, &[], true).await,
        }
    }

    async fn delete(
        &mut self,
        started: Instant,
        prior: &Value,
        outputs: &Value,
        contents: Contents,
    ) -> Result<Done, Failure> {
        // What is deleted may drain, or be held by something that is still going: that takes as long as it takes.
        let deadline = started + self.options.step_timeout;
        let mut attempt = 0;
        let (mut in_doubt, mut partly) = (false, false);
        loop {
            let call = Call::Delete { cx: &self.cx, prior, outputs, contents };
            let error = match self.call(call).await {
                Ok(Reply::Deleted) => return Ok(Done { outputs: None }),
                Ok(_) => HandlerError::malformed("delete", "the handler's answer does not fit the question"),
                Err(error) => error,
            };
            attempt += 1;
            // What cannot be deleted yet may be going already.
            partly |= error.effect() == Effect::Unknown;
            in_doubt |= partly || error.kind() == HandlerErrorKind::NotYet;
            if !error.kind().is_retryable() || !self.wait_to_retry(attempt, deadline, &error).await {
                // A deletion is often several calls, and what counts is what is there: looking tells, if anything does.
                return match self.look_up(prior, Some(outputs), &[]).await {
                    Ok(None) => Ok(Done { outputs: None }),
                    Err(_) if in_doubt => Err(Failure { error, left: Left::InDoubt }),
                    Ok(Some(_)) if partly => Err(Failure { error, left: Left::Partly }),
                    _ => Err(Failure { error, left: Left::Nothing }),
                };
            }
        }
    }

    async fn delete_if_there(
        &mut self,
        started: Instant,
        spec: &Value,
        others: &[Value],
    ) -> Result<Done, Failure> {
        let deadline = started + self.options.settle_timeout;
        match self.look_surely(deadline, spec, Depth::Identity).await {
            Err(error) => Err(Failure { error, left: Left::InDoubt }),
            Ok(Some(live)) if self.is_new(&live, others) => {
                self.delete(started, spec, &live.outputs, Contents::MustBeEmpty).await
            }
            Ok(_) => Ok(Done { outputs: None }),
        }
    }

    /// Asks until it works, fails for good, or has taken too long. A poll that fails in passing never fails a deploy.
    async fn until_ready(
        &mut self,
        started: Instant,
        spec: &Value,
        outputs: &Value,
    ) -> Result<(), HandlerError> {
        let deadline = started + self.options.step_timeout;
        let mut wait = self.options.poll_first;
        let mut said = String::new();
        loop {
            match self.call(Call::Ready { cx: &self.cx, spec, outputs }).await {
                Ok(Reply::Readiness(Readiness::Ready)) => return Ok(()),
                Ok(Reply::Readiness(Readiness::Pending(detail))) => {
                    if detail != said {
                        self.emit(EventKind::StepProgressed {
                            address: self.cx.address.clone(),
                            detail: detail.clone(),
                        });
                        said = detail;
                    }
                }
                Ok(Reply::Readiness(Readiness::Failed { reason, details })) => {
                    return Err(HandlerError::new(HandlerErrorKind::Failed, "waiting for it", reason)
                        .with_details(details));
                }
                Ok(_) => {
                    return Err(HandlerError::malformed(
                        "ready",
                        "the handler's answer does not fit the question",
                    ));
                }
                Err(error) if error.kind().is_retryable() || error.kind() == HandlerErrorKind::TimedOut => {
                    said = error.to_string();
                }
                Err(error) => return Err(error),
            }
            if Instant::now() + wait > deadline {
                let after = self.options.step_timeout.as_secs();
                let message = format!("not ready after {after} s; the last word was: {said}");
                return Err(HandlerError::new(HandlerErrorKind::TimedOut, "waiting for it", message));
            }
            Box::pin(sleep(wait)).await;
            wait = wait.mul_f32(1.6).min(self.options.poll_most);
        }
    }
}
