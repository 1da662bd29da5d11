// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Scenario`]: a run from one world to another, done again and again in copies of the first, and what must hold afterwards.

use crate::{
    account::{Account, Goal, Process},
    picture::{Picture, lines, remains},
};
use humangov_core::{
    clock::Clock,
    exec::{ExecErrorKind, Outcome, Recovery, Report, RunProgress, unfinished},
    plan::Plan,
    testing::Crash,
};
use std::time::Duration;
use tokio::time::timeout;

/// Nothing here takes longer, by the virtual clock: whatever does hangs.
const HANGS: Duration = Duration::from_hours(12);

/// A run from one world to another.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// The world it begins in.
    pub before: Account,
    /// What shows no changes there.
    was_goal: Goal,
    was: Picture,
    /// What it is for.
    pub goal: Goal,
    pub plan: Plan,
    /// The world it leads to when all goes well.
    wanted: Picture,
    /// Whether it fails and is rolled back, by the faults in `before`.
    fails: bool,
    /// What it does, point by point.
    pub points: Vec<String>,
}

/// What is done after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    Resume,
    /// Like that, of a run that may have been on its way back.
    ResumeForthOrBack,
    RollBack,
    /// What the command does before it plans.
    Settle,
    /// A plan, executed: it settles by itself.
    Apply,
}

impl Scenario {
    /// The run to `goal` in `before`, in which `was_goal` shows no changes.
    pub async fn new(name: &'static str, before: Account, was_goal: Goal, goal: Goal) -> Self {
        let was = Picture::of(&before).await;
        let well = before.fork();
        well.sandbox.clear_faults();
        well.finish(&goal).await.unwrap_or_else(|why| panic!("{name}: the clean run: {why}"));
        let wanted = Picture::of(&well).await;
        let plan = before.process().plan(&goal).await.unwrap();
        let mut scenario =
            Self { name, before, was_goal, was, goal, plan, wanted, fails: false, points: Vec::new() };
        assert_eq!(scenario.is_as_wanted(&well).await, Ok(()), "{name}: after the clean run");
        // As it really goes, with its faults.
        let (real, crash) = (scenario.before.fork(), Crash::never());
        let process = real.process_that(&crash);
        let report = process.apply(&scenario.plan).await.expect("it lives").unwrap();
        scenario.fails = !report.outcome.is_applied();
        if scenario.fails {
            assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{name}: {report:#?}");
            assert_eq!(scenario.is_as_it_was(&real).await, Ok(()), "{name}: after the rollback");
        }
        scenario.points = crash.seen();
        scenario
    }

    /// A copy of the first world.
    pub fn begin(&self) -> Account {
        self.before.fork()
    }

    pub async fn is_as_it_was(&self, world: &Account) -> Result<(), String> {
        self.is(world, &self.was, &self.was_goal).await.map_err(|why| format!("not as it was before: {why}"))
    }

    pub async fn is_as_wanted(&self, world: &Account) -> Result<(), String> {
        self.is(world, &self.wanted, &self.goal).await.map_err(|why| format!("not as wanted: {why}"))
    }

    /// All that must hold of a world in which nothing is left to do for `goal`.
    async fn is(&self, world: &Account, wanted: &Picture, goal: &Goal) -> Result<(), String> {
        let mut wrong = wanted.differences(&Picture::of(world).await);
        wrong.extend(remains(world, goal.stack()).await);
        let world = world.fork();
        world.sandbox.clear_faults();
        match world.process().plan(goal).await {
            Ok(plan) if shows_nothing(&plan, goal) => {}
            Ok(plan) => wrong.push(format!("a plan shows changes:\n{plan}")),
            Err(error) => wrong.push(format!("it cannot be planned: {error}")),
        }
        if wrong.is_empty() { Ok(()) } else { Err(lines(&wrong)) }
    }

    /// What must hold when nothing is in doubt any more, wherever the run was left.
    async fn is_consistent(&self, world: &Account) -> Result<(), String> {
        let mut wrong = Picture::of(world).await.disagreements().to_vec();
        wrong.extend(remains(world, self.goal.stack()).await);
        if wrong.is_empty() { Ok(()) } else { Err(format!("not consistent: {}", lines(&wrong))) }
    }

    /// What must hold after a run that ended so; and that the way to what was wanted is open.
    pub async fn holds_after(&self, world: &Account, outcome: &Outcome) -> Result<(), String> {
        match outcome {
            Outcome::Applied => self.is_as_wanted(world).await,
            Outcome::RolledBack { .. } | Outcome::Cancelled { rolled_back: true } => {
                self.is_as_it_was(world).await
            }
            Outcome::Incomplete { .. } | Outcome::Cancelled { .. } | Outcome::Settled => {
                self.is_consistent(world).await?;
                self.go_on(world).await
            }
            other => Err(format!("it ended {other:?}")),
        }
    }

    /// Plans and applies until it is as wanted, with nothing going wrong any more.
    async fn go_on(&self, world: &Account) -> Result<(), String> {
        world.sandbox.clear_faults();
        world.finish(&self.goal).await?;
        self.is_as_wanted(world).await
    }

    /// Recovers a world whose process died, and checks it; how it ended, in a word.
    pub async fn recover(&self, world: &Account, way: Way) -> Result<&'static str, String> {
        let recovering = timeout(HANGS, self.recovering(world, way));
        recovering.await.unwrap_or_else(|_| Err("the recovery hangs".to_owned()))
    }

    async fn recovering(&self, world: &Account, way: Way) -> Result<&'static str, String> {
        let how = match way {
            Way::Resume | Way::ResumeForthOrBack => Recovery::Resume,
            Way::RollBack => Recovery::RollBack,
            Way::Settle => Recovery::Settle,
            Way::Apply => return self.go_on(world).await.map(|()| "applied"),
        };
        let progress = progress(world, &self.goal).await;
        let reports = recovered(&world.process(), &self.goal, how).await?;
        let Some(report) = reports.last() else {
            // It had not begun, or had ended.
            if way == Way::Settle {
                return self.go_on(world).await.map(|()| "nothing to recover");
            }
            let before = self.is_as_it_was(world).await;
            return match before {
                Ok(()) => Ok("not begun"),
                Err(_) if self.is_as_wanted(world).await.is_ok() => Ok("ended"),
                Err(why) => Err(format!("neither before nor after: {why}")),
            };
        };
        let outcome = &report.outcome;
        let is_back =
            matches!(outcome, Outcome::RolledBack { .. } | Outcome::Cancelled { rolled_back: true });
        let fits = match (way, progress) {
            (Way::Resume, _) if self.fails => matches!(outcome, Outcome::RolledBack { .. }),
            (Way::Resume, _) => outcome.is_applied(),
            (Way::Settle, _) => matches!(outcome, Outcome::Settled),
            // What has all that was wanted cannot go back any more.
            (Way::RollBack, Some(RunProgress::Cleanup | RunProgress::Ending)) | (Way::Apply, _) => true,
            (Way::RollBack, _) => is_back,
            (Way::ResumeForthOrBack, _) => outcome.is_applied() || is_back,
        };
        if !fits {
            return Err(format!("it was at {progress:?} and ended {outcome:?}"));
        }
        self.holds_after(world, outcome).await.map_err(|why| format!("{}: {why}", outcome.name()))?;
        Ok(outcome.name())
    }
}

/// How far the run is that has not ended.
async fn progress(world: &Account, goal: &Goal) -> Option<RunProgress> {
    let (_, unfinished) = unfinished(&world.store, goal.stack(), Clock::system().now()).await.unwrap();
    unfinished.last().map(|run| run.progress)
}

async fn recovered(process: &Process, goal: &Goal, how: Recovery) -> Result<Vec<Report>, String> {
    let reports = process.recover(goal.stack(), how).await.expect("it lives");
    reports.map_err(|error| format!("could not recover: {error}"))
}

/// Whether there is nothing to do; of what goes, data may stay.
fn shows_nothing(plan: &Plan, goal: &Goal) -> bool {
    match goal {
        Goal::Declared(_) => plan.is_empty(),
        Goal::Gone(..) => plan.is_no_op(),
    }
}

impl Account {
    /// Plans and applies, as whoever deploys does: what was settled on the way is planned anew.
    pub async fn finish(&self, goal: &Goal) -> Result<(), String> {
        let process = self.process();
        let mut tries = 0;
        loop {
            let plan = Box::pin(process.plan(goal)).await?;
            tries += 1;
            match Box::pin(process.apply(&plan)).await.expect("it lives") {
                Ok(report) if report.outcome.is_applied() => return Ok(()),
                Ok(report) => return Err(format!("it ended {:?}", report.outcome)),
                Err(error) if matches!(error.kind(), ExecErrorKind::Stale(_)) && tries < 3 => {}
                Err(error) => return Err(format!("could not apply: {error}")),
            }
        }
    }
}
