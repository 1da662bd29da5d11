// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Sandbox`]: one account, and the way of a call through it.

use super::{
    clock::SandboxClock,
    error::ApiError,
    fault::{Fault, FaultKind},
    file::{Durable, WorldFile},
    images::ImageFailure,
    rates::Rates,
    service::{self, Service},
    timings::{Latency, Timings},
    transcript::{CallOutcome, CallRecord, is_read},
    wire::{Asked, Request, Response},
    world::{Behaviour, World},
};
use humangov_core::clock::Clock;
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How many calls the transcript holds.
const MOST_CALLS: usize = 1_000_000;

/// An AWS account in this process. Clones are the same account.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    region: String,
    clock: SandboxClock,
    state: Mutex<State>,
}

struct State {
    world: World,
    rates: Rates,
    faults: Vec<Fault>,
    calls: VecDeque<CallRecord>,
    file: Option<WorldFile>,
}

impl State {
    /// Adds to the transcript. A server that runs for weeks must not keep all of it.
    fn tell(&mut self, call: CallRecord) {
        if self.calls.len() == MOST_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    fn behave(&mut self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.world.behaviour);
        if let Some(file) = &mut self.file {
            file.mark();
        }
    }
}

/// What a new sandbox is like.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SandboxOptions {
    /// The twelve digits of the account.
    pub account: String,
    /// The region of [`Sandbox::sdk_config`]. Requests signed for other regions are answered there.
    pub region: String,
    /// How long things take.
    pub timings: Timings,
    /// How long calls take.
    pub latency: Latency,
    /// Whether calls beyond the rates that AWS publishes are refused, as AWS does.
    pub rates: bool,
    /// Whether tasks need their images to have been pushed to the account's repositories.
    pub images_must_exist: bool,
    /// Tells what time it is when the sandbox begins; from then on time is tokio's.
    pub clock: Clock,
}

impl SandboxOptions {
    /// Like AWS in time too: calls and what they start take about as long as there, and no more calls are answered.
    pub fn aws_like() -> Self {
        Self { timings: Timings::aws_like(), latency: Latency::AwsLike, rates: true, ..Self::default() }
    }

    /// The world of a new sandbox like this.
    pub(super) fn world(&self) -> World {
        let behaviour = Behaviour {
            timings: self.timings,
            latency: self.latency,
            rates: self.rates,
            failures: ImageFailure::usual(),
            images_must_exist: self.images_must_exist,
        };
        World::new(&self.account, behaviour)
    }
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            timings: Timings::instant(),
            latency: Latency::Instant,
            rates: false,
            images_must_exist: false,
            clock: Clock::system(),
        }
    }
}

/// Something that exists in a sandbox.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct SandboxResource {
    /// The kind, as in addresses: `ecs.service`.
    pub kind: String,
    /// Its name in AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// A few of its settings, by names of this project.
    pub settings: Value,
}

/// A connection that broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

impl Sandbox {
    /// An empty account, 123456789012, with a default VPC in every region, in which all is done at once.
    pub fn new() -> Self {
        Self::with_options(&SandboxOptions::default())
    }

    /// An empty account like this.
    pub fn with_options(options: &SandboxOptions) -> Self {
        Self::of(options.world(), options, None)
    }

    pub(super) fn of(world: World, options: &SandboxOptions, file: Option<WorldFile>) -> Self {
        let state =
            State { world, rates: Rates::default(), faults: Vec::new(), calls: VecDeque::new(), file };
        Self(Arc::new(Inner {
            region: options.region.clone(),
            clock: SandboxClock::new(&options.clock),
            state: Mutex::new(state),
        }))
    }

    /// An account of its own that is as this one is now, with the same faults to come; nothing was called in it yet, and it has no
    /// file. Tests that begin again and again from the same world make it once.
    #[must_use]
    pub fn fork(&self) -> Self {
        let clock = self.0.clock.fork();
        let state = self.state();
        let state = State {
            world: state.world.clone(),
            rates: Rates::default(),
            faults: state.faults.clone(),
            calls: VecDeque::new(),
            file: None,
        };
        Self(Arc::new(Inner { region: self.0.region.clone(), clock, state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The region of [`Sandbox::sdk_config`].
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The twelve digits of the account.
    pub fn account(&self) -> String {
        self.state().world.account.clone()
    }

    pub(super) fn clock(&self) -> SandboxClock {
        self.0.clock
    }

    /// Makes containers of an image fail. Of several that fit an image, the latest counts.
    pub fn fail_image(&self, failure: ImageFailure) {
        self.state().behave(|behaviour| behaviour.failures.insert(0, failure));
    }

    /// Lets containers of all images run, also those that fail in a new sandbox.
    pub fn heal_images(&self) {
        self.state().behave(|behaviour| behaviour.failures.clear());
    }

    /// Makes calls go wrong from now on. Of several faults that fit a call, the first counts.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Lets all calls go well again.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// What was called so far, in order of the answers; of very many calls the latest million.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.state().calls.iter().cloned().collect()
    }

    /// How many calls of `operation` there were.
    pub fn count(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| call.operation == operation).count()
    }

    /// Forgets what was called.
    pub fn clear_calls(&self) {
        self.state().calls.clear();
    }

    /// Everything there is in this sandbox's region and in the account, by kind and name.
    pub fn resources(&self) -> Vec<SandboxResource> {
        let now = self.0.clock.now();
        let mut found: Vec<SandboxResource> =
            service::resources(&mut self.state().world, &self.0.region, now)
                .into_iter()
                .map(|found| SandboxResource {
                    kind: found.kind.to_owned(),
                    name: found.name,
                    arn: found.arn,
                    tags: found.tags,
                    settings: found.settings,
                })
                .collect();
        found.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        found
    }

    /// Saves the world, if it has a file and changed since.
    ///
    /// # Errors
    /// When the file cannot be written. The world in memory is as it was.
    pub fn save(&self) -> Result<(), super::SandboxError> {
        self.save_as(Durable::Yes)
    }

    fn save_as(&self, durable: Durable) -> Result<(), super::SandboxError> {
        let mut state = self.state();
        let State { world, file, .. } = &mut *state;
        file.as_mut().map_or(Ok(()), |file| file.save(world, durable))
    }

    /// Answers a request, or breaks the connection.
    pub(super) async fn answer(&self, request: &Request) -> Result<Response, Broken> {
        let started = Instant::now();
        let at = self.0.clock.now();
        let Some(service) = Service::by_signing_name(&request.service) else {
            let message = format!("the sandbox does not model the service {:?}", request.service);
            let error = ApiError::new("UnknownService", message);
            return Ok(super::wire::Protocol::Json.write_error(&error, "-"));
        };
        let protocol = service.protocol();
        let read = match service::read(service, request) {
            Ok(read) => read,
            Err(error) => return Ok(protocol.write_error(&error, "-")),
        };
        let (fault, tenant, throttled, latency, request_id) = {
            let mut state = self.state();
            let State { world, rates, faults, .. } = &mut *state;
            let tenant = world.owners.tenant_of(&read.input);
            // Every fault counts the calls it is about, also those that an earlier one takes.
            let met = faults
                .iter_mut()
                .filter_map(|fault| fault.meets(&request.service, &read.operation, tenant.as_deref()));
            let fault = met.collect::<Vec<_>>().into_iter().next();
            let throttled = world.behaviour.rates
                && !rates.admits(&request.region, &request.service, &read.operation, at);
            let latency = world.behaviour.latency.of(&request.service, &read.operation);
            (fault, tenant, throttled, latency, world.ids.uuid())
        };
        if !latency.is_zero() {
            sleep(latency).await;
        }
        let refused = match &fault {
            Some(FaultKind::Throttle) => Some(service.throttled()),
            Some(FaultKind::Error { code, message, status }) => {
                Some(ApiError::new(code, message.as_str()).with_status(*status))
            }
            _ if throttled => Some(service.throttled()),
            _ => None,
        };
        let (answer, outcome) = if fault == Some(FaultKind::ResetBefore) {
            (Err(Broken), CallOutcome::NotExecuted)
        } else if let Some(error) = refused {
            (Ok(protocol.write_error(&error, &request_id)), CallOutcome::Refused(error.code))
        } else {
            let (mut response, code) = self.execute(service, request, &read, &request_id);
            match fault {
                Some(FaultKind::LostAnswer) => (Err(Broken), CallOutcome::AnswerLost),
                Some(FaultKind::Truncated) => {
                    response.body.truncate(response.body.len() / 2);
                    (Ok(response), CallOutcome::AnswerLost)
                }
                _ => (Ok(response), code.map_or(CallOutcome::Ok, CallOutcome::Refused)),
            }
        };
        // Told before the wait: whoever asks waits no longer than it likes, and drops this future then.
        self.state().tell(CallRecord {
            at,
            service: request.service.clone(),
            operation: read.operation,
            tenant,
            duration: match fault {
                Some(FaultKind::Slow(wait)) => wait,
                _ => started.elapsed(),
            },
            outcome,
        });
        if let Some(FaultKind::Slow(wait)) = fault {
            sleep(wait).await;
        }
        answer.map(|response| response.with("x-amzn-requestid", request_id))
    }

    /// Saves in a moment what changed just now.
    fn save_after(&self, wait: Duration) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            sleep(wait).await;
            if let Some(inner) = inner.upgrade()
                && let Err(error) = Self(inner).save_as(Durable::No)
            {
                tracing::warn!(%error, "the sandbox could not be saved");
            }
        });
    }

    /// Executes a call: under the lock, so that what one call sees no other changes meanwhile.
    fn execute(
        &self,
        service: Service,
        request: &Request,
        read: &Asked,
        request_id: &str,
    ) -> (Response, Option<String>) {
        let now = self.0.clock.now();
        let mut state = self.state();
        let State { world, file, .. } = &mut *state;
        let (response, code, output) = service::execute(world, service, request, read, now, request_id);
        if code.is_none() {
            world.owners.note(&read.input, &output);
            if !is_read(&read.operation)
                && let Some(wait) = file.as_mut().and_then(|file| file.changed(world))
            {
                self.save_after(wait);
            }
        }
        (response, code)
    }
}

impl Drop for Inner {
    /// Saves what was not saved yet.
    fn drop(&mut self) {
        let State { world, file, .. } = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = file
            && let Err(error) = file.save(world, Durable::Yes)
        {
            tracing::warn!(%error, "the sandbox could not be saved");
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("region", &self.0.region).finish_non_exhaustive()
    }
}
