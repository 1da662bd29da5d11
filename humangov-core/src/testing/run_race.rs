// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`run_race`]: two who deploy one stack at once.

use crate::{
    address::{RunId, StackName},
    event::Events,
    exec::{Cancel, ExecOptions, Executor, Recovery},
    handler::{Call, Depth, DynHandler, HandlerError, Registry, Reply},
    names::FleetName,
    plan::{Imports, Plan, PlanOptions, RefreshTarget, plan, refresh},
    stack::Stack,
    store::StateStore,
    testing::{FakeCloud, HandClock, Thing, thing::Link},
};
use futures_util::future::{BoxFuture, join};
use jiff::Timestamp;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, task::yield_now};

/// Longer than a lease.
const LONG: Duration = Duration::from_secs(120);
const THINGS: u32 = 3;

/// Has two runners deploy one stack at once, each with a store of its own over the same place, `rounds` times, and checks that no two
/// runs make calls by turns. In every third round one of them is frozen within a call, the other takes its lease over and brings the
/// run to its end; what was frozen then wakes up, and must make no call any more.
///
/// # Panics
/// When two work at once, when one goes on whose lease was taken over, or when the stack is not as declared after a round: this is
/// a test. For more than 100 rounds.
pub async fn run_race(stores: [Arc<dyn StateStore>; 2], rounds: u32) {
    let (cloud, race) = (FakeCloud::lasting(), Arc::new(Race::default()));
    let registry = cloud.registry().map(|_, inner| Arc::new(Watched { race: Arc::clone(&race), inner }));
    let [one, other] = stores.map(|store| {
        let (clock, mut options) = (HandClock::at(Timestamp::UNIX_EPOCH), ExecOptions::default());
        options.clock = clock.clock();
        // What is frozen has arrived.
        options.arrival = Duration::ZERO;
        Runner {
            clock,
            executor: Executor::with_options(registry.clone(), Arc::clone(&store), options),
            store,
        }
    });
    for round in 1..=rounds {
        let wanted = declared(round);
        race.begin(None);
        let (first, second) = (one.plan(&registry, &wanted).await, other.plan(&registry, &wanted).await);
        if round % 3 == 0 {
            // Each is frozen in turn, within the first call or a later one.
            let (sleeper, waker) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
            race.begin(Some(round / 3 % THINGS));
            freeze(&race, sleeper, waker, &first).await;
        } else {
            let (mine, theirs) = join(one.apply(&first), other.apply(&second)).await;
            let worked = usize::from(mine.is_ok()) + usize::from(theirs.is_ok());
            assert_eq!(worked, 1, "one deploys: {mine:?}, {theirs:?}");
            let told = mine.err().or(theirs.err());
            assert!(matches!(told, Some("store.locked" | "plan.stale")), "the other is told: {told:?}");
        }
        race.holds(round);
        let things = cloud.things();
        assert!(things.values().all(|thing| thing.size == round), "round {round}: {things:?}");
        assert!(one.plan(&registry, &wanted).await.is_empty(), "round {round}: nothing is left to do");
    }
}

/// Freezes `sleeper` within a call, and has `waker` take over.
async fn freeze(race: &Race, sleeper: &Runner, waker: &Runner, plan: &Plan) {
    let take_over = async {
        race.frozen.notified().await;
        // The clock on the wall goes on; who is frozen does not see it.
        waker.clock.advance(LONG);
        let (cancel, events) = (Cancel::new(), Events::none());
        let reports = waker.executor.recover(&plan.stack, Recovery::Resume, &cancel, &events).await;
        let reports = reports.expect("the lease has run out");
        assert!(reports.len() == 1 && reports[0].outcome.is_applied(), "{reports:#?}");
        sleeper.clock.advance(LONG);
        let calls = race.seen().calls.len();
        race.woken.notify_one();
        calls
    };
    let (run, calls) = join(sleeper.apply(plan), take_over).await;
    assert_eq!(run, Err("store.lease_lost"));
    assert_eq!(race.seen().calls.len(), calls, "who has lost the lease makes no call");
}

fn fleet() -> FleetName {
    "humangov".parse().expect("a fleet name")
}

fn stack() -> StackName {
    "raced".parse().expect("a stack name")
}

/// A row of things, all of this size.
fn declared(size: u32) -> Stack {
    let mut stack = Stack::new(fleet(), stack());
    let mut before: Option<Link> = None;
    for nth in 0..THINGS {
        let name = format!("thing{nth}");
        let thing = Thing::builder().name(name.as_str()).size(size);
        let thing = match before.take() {
            Some(before) => thing.link(before).build(),
            None => thing.build(),
        };
        before = Some(Link::from(&stack.add(&name, thing).expect("another one")));
    }
    stack
}

/// Somebody who deploys.
struct Runner {
    clock: HandClock,
    store: Arc<dyn StateStore>,
    executor: Executor,
}

impl Runner {
    async fn plan(&self, registry: &Registry, wanted: &Stack) -> Plan {
        let (fleet, name, imports) = (fleet(), stack(), Imports::none());
        let snapshot = self.store.load(&name).await.expect("readable");
        let target = RefreshTarget {
            fleet: &fleet,
            name: &name,
            stack: Some(wanted),
            snapshot: snapshot.as_ref().map(|snapshot| &snapshot.value),
            imports: &imports,
        };
        let live = refresh(registry, &[target], Depth::Full, RunId::generate()).await.expect("readable");
        plan(wanted, snapshot.as_ref(), live.first(), &imports, &PlanOptions::default()).expect("a plan")
    }

    /// Executes `plan`; the code of the error, if it may not.
    async fn apply(&self, plan: &Plan) -> Result<(), &'static str> {
        let run = self.executor.apply(plan, &Imports::none(), &Cancel::new(), &Events::none()).await;
        let report = run.map_err(|error| error.code())?;
        assert!(report.outcome.is_applied(), "{report:#?}");
        Ok(())
    }
}

/// What the two do.
#[derive(Default)]
struct Race {
    seen: Mutex<Seen>,
    frozen: Notify,
    woken: Notify,
}

#[derive(Default)]
struct Seen {
    /// The run that made each call.
    calls: Vec<RunId>,
    /// Which of them is not answered until its caller is woken.
    freezes: Option<usize>,
}

impl Race {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a round.
    fn begin(&self, freezes: Option<u32>) {
        *self.seen() = Seen { calls: Vec::new(), freezes: freezes.map(|nth| nth as usize) };
    }

    /// Checks that what each run did, it did at one go.
    fn holds(&self, round: u32) {
        let mut runs = self.seen().calls.clone();
        assert!(runs.len() >= THINGS as usize, "round {round}: {runs:?}");
        runs.dedup();
        let turns = runs.len();
        runs.sort();
        runs.dedup();
        assert_eq!(runs.len(), turns, "round {round}: two worked at once");
    }

    /// Takes a call down; whether it is the one that freezes.
    fn call(&self, run: RunId) -> bool {
        let mut seen = self.seen();
        seen.calls.push(run);
        let freezes = seen.freezes == Some(seen.calls.len() - 1);
        if freezes {
            seen.freezes = None;
        }
        freezes
    }
}

/// A handler whose changes are seen.
struct Watched {
    race: Arc<Race>,
    inner: Arc<dyn DynHandler>,
}

impl DynHandler for Watched {
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>> {
        let run = match &call {
            Call::Create { cx, .. } | Call::Update { cx, .. } | Call::Delete { cx, .. } => cx.run,
            Call::Read(_) | Call::Ready { .. } => return self.inner.call(call),
        };
        Box::pin(async move {
            // Others have their turn as well.
            yield_now().await;
            let freezes = self.race.call(run);
            let answer = self.inner.call(call).await;
            if freezes {
                self.race.frozen.notify_one();
                self.race.woken.notified().await;
            }
            yield_now().await;
            answer
        })
    }
}
