// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random programs: stacks are made, changed and taken down, others meddle, calls go wrong, processes die, and whoever recovers dies
//! too. After each step nothing is in doubt, and in the end everything is as declared, and then gone.

use crate::{
    account::{Account, Goal},
    declared::{california, fleet},
    picture::{Picture, remains},
};
use humangov_aws::{
    Clients, Network,
    sandbox::{Fault, FaultKind},
};
use humangov_core::{
    exec::{Outcome, Recovery, Report},
    kind::{
        dynamodb::{KeySchema, ScalarAttributeType, Table},
        ec2::SecurityGroup,
        ecs::{ContainerDefinition, TaskDefinition},
        iam::Role,
        logs::LogGroup,
    },
    plan::DataPolicy,
    resource::HasArn,
    stack::Stack,
    state_stack::FargateSettings,
    testing::{Crash, Side},
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::{collections::BTreeSet, time::Duration};

/// How many programs each of the tests below runs, unless `HUMANGOV_PROGRAMS` says so: 2 000 together.
const PROGRAMS: u32 = 500;

/// What they are made from, unless `HUMANGOV_PROGRAMS_SEED` says so: the same ones each time, so that what fails is what was changed.
/// Whoever looks for more gives other seeds and greater numbers.
const SEED: u64 = 50;

const LOGS: &str = "/humangov/california/app";
const TABLE: &str = "humangov-california-dynamodb";
const ROLE: &str = "humangov-california-task";

/// What is declared, by what can differ in it.
#[derive(Debug, Clone)]
struct Design {
    logs: Option<usize>,
    role: Option<u8>,
    group: Option<u8>,
    task: Option<u8>,
    table: Option<bool>,
}

impl Design {
    fn stack(&self, vpc: &str) -> Stack {
        let mut stack = Stack::new(fleet(), california());
        let logs = self.logs.map(|days| {
            let days = LogGroup::RETENTION_DAYS[days];
            stack.add("app", LogGroup::builder().name(LOGS).retention_in_days(days).build()).unwrap()
        });
        let role = self.role.map(|what| {
            let trust = Role::trusting_ecs_tasks("123456789012", "us-east-1", "aws");
            let role = Role::builder().name(ROLE).description(format!("no. {what}")).trust(trust).build();
            stack.add("task", role).unwrap()
        });
        if let Some(nth) = self.group {
            let group = SecurityGroup::builder()
                .name(format!("humangov-california-{nth}"))
                .description("of the tasks")
                .vpc_id(vpc)
                .build();
            stack.add("task", group).unwrap();
        }
        if let Some(recovery) = self.table {
            let table = Table::builder()
                .name(TABLE)
                .key_schema(KeySchema::hash("id", ScalarAttributeType::S))
                .point_in_time_recovery(recovery)
                .build();
            stack.add("employees", table).unwrap();
        }
        if let Some(version) = self.task {
            let mut app =
                ContainerDefinition::builder().name("app").image(format!("humangov/app:v{version}")).build();
            if let Some(logs) = &logs {
                app.environment.insert("LOGS".to_owned(), logs.get(LogGroup::NAME).into());
            }
            let mut task = TaskDefinition::builder()
                .family("humangov-california-app")
                .launch(FargateSettings::SIZE)
                .container(app)
                .build();
            task.task_role = role.as_ref().map(|role| role.get(Role::ARN).into());
            stack.add("app", task).unwrap();
        }
        stack
    }
}

/// What somebody else does.
#[derive(Debug, Clone, Copy)]
enum Meddling {
    KeepLogsFor(usize),
    DeleteLogs,
    DescribeRole,
    Employ,
    DeregisterTask,
    DeleteGroup,
}

impl Meddling {
    /// Does it, if what it is done to is there.
    async fn happen(self, clients: &Clients) {
        match self {
            Self::KeepLogsFor(days) => {
                let days = i32::try_from(LogGroup::RETENTION_DAYS[days]).unwrap();
                let put = clients.logs.put_retention_policy().log_group_name(LOGS).retention_in_days(days);
                drop(put.send().await);
            }
            Self::DeleteLogs => drop(clients.logs.delete_log_group().log_group_name(LOGS).send().await),
            Self::DescribeRole => {
                drop(clients.iam.update_role().role_name(ROLE).description("somebody's").send().await);
            }
            Self::Employ => {
                let id = aws_sdk_dynamodb::types::AttributeValue::S("1".to_owned());
                drop(clients.dynamodb.put_item().table_name(TABLE).item("id", id).send().await);
            }
            Self::DeregisterTask => {
                let found = clients.ecs.list_task_definitions().send().await.unwrap();
                if let Some(arn) = found.task_definition_arns().first() {
                    drop(clients.ecs.deregister_task_definition().task_definition(arn).send().await);
                }
            }
            Self::DeleteGroup => {
                let found = clients.ec2.describe_security_groups().send().await.unwrap();
                let ours = |name: &str| name.starts_with("humangov-california-");
                for group in found.security_groups() {
                    if group.group_name().is_some_and(ours) {
                        let id = group.group_id().unwrap_or_default();
                        drop(clients.ec2.delete_security_group().group_id(id).send().await);
                    }
                }
            }
        }
    }
}

/// What is wanted next.
#[derive(Debug, Clone)]
enum Wanted {
    As(Design),
    Gone(DataPolicy),
}

/// What goes wrong with a process: at which of its points it dies, and which of its calls fail how.
#[derive(Debug, Clone)]
struct Mishap {
    dies: Option<(usize, Side)>,
    fails: Option<(FaultKind, u64, u64)>,
}

impl Mishap {
    fn crash(&self) -> Crash {
        self.dies.map_or_else(Crash::never, |(nth, side)| Crash::at(nth, side))
    }
}

/// How a run that has not ended is taken up.
#[derive(Debug, Clone, Copy)]
enum TakenUp {
    By(Recovery),
    ByTheNextPlan,
}

#[derive(Debug, Clone)]
struct Step {
    meddling: Vec<Meddling>,
    wanted: Wanted,
    mishap: Mishap,
    taken_up: TakenUp,
    /// Recoveries that die.
    in_vain: Vec<(Recovery, usize, Side)>,
}

fn designs() -> impl Strategy<Value = Design> {
    let one_of_three = |chance: f64| prop::option::weighted(chance, 0u8..3);
    let logs = prop::option::weighted(0.8, 0..LogGroup::RETENTION_DAYS.len());
    let table = prop::option::weighted(0.6, any::<bool>());
    (logs, one_of_three(0.7), one_of_three(0.6), one_of_three(0.7), table)
        .prop_map(|(logs, role, group, task, table)| Design { logs, role, group, task, table })
}

fn sides() -> impl Strategy<Value = Side> {
    prop::sample::select(Side::ALL.to_vec())
}

fn recoveries() -> impl Strategy<Value = Recovery> {
    prop::sample::select(vec![Recovery::Resume, Recovery::RollBack, Recovery::Settle])
}

fn mishaps() -> impl Strategy<Value = Mishap> {
    let refused = |code: &str, status| FaultKind::Error {
        code: code.to_owned(),
        message: "by the test".to_owned(),
        status,
    };
    let kinds = vec![
        FaultKind::Throttle,
        FaultKind::ResetBefore,
        FaultKind::LostAnswer,
        FaultKind::Truncated,
        FaultKind::Slow(Duration::from_secs(45)),
        refused("InternalFailure", 500),
        refused("AccessDeniedException", 400),
    ];
    let fails = (prop::sample::select(kinds), 0u64..25, 1u64..6);
    (prop::option::weighted(0.6, (1usize..35, sides())), prop::option::weighted(0.5, fails))
        .prop_map(|(dies, fails)| Mishap { dies, fails })
}

fn steps() -> impl Strategy<Value = Step> {
    let meddling = prop_oneof![
        1 => (0..LogGroup::RETENTION_DAYS.len()).prop_map(Meddling::KeepLogsFor),
        1 => Just(Meddling::DeleteLogs),
        1 => Just(Meddling::DescribeRole),
        3 => Just(Meddling::Employ),
        1 => Just(Meddling::DeregisterTask),
        1 => Just(Meddling::DeleteGroup),
    ];
    let wanted = prop_oneof![
        6 => designs().prop_map(Wanted::As),
        1 => Just(Wanted::Gone(DataPolicy::Keep)),
        1 => Just(Wanted::Gone(DataPolicy::Delete)),
    ];
    let taken_up = prop_oneof![3 => recoveries().prop_map(TakenUp::By), 1 => Just(TakenUp::ByTheNextPlan)];
    let in_vain = prop::collection::vec((recoveries(), 1usize..12, sides()), 0..2);
    (prop::collection::vec(meddling, 0..3), wanted, mishaps(), taken_up, in_vain).prop_map(
        |(meddling, wanted, mishap, taken_up, in_vain)| Step { meddling, wanted, mishap, taken_up, in_vain },
    )
}

/// What must not be.
type Wrong = String;

/// A program that runs.
struct Program {
    account: Account,
    clients: Clients,
    vpc: String,
    last: Design,
}

impl Program {
    fn goal(&self, wanted: &Wanted) -> Goal {
        match wanted {
            Wanted::As(design) => Goal::Declared(design.stack(&self.vpc)),
            Wanted::Gone(data) => Goal::Gone(self.last.stack(&self.vpc), *data),
        }
    }

    fn employees(&self) -> u64 {
        let resources = self.account.sandbox.resources();
        let table = resources.iter().find(|resource| resource.kind == "dynamodb.table");
        table.and_then(|table| table.settings["items"].as_u64()).unwrap_or(0)
    }

    async fn step(&mut self, step: &Step) -> Result<(), Wrong> {
        for meddling in &step.meddling {
            meddling.happen(&self.clients).await;
        }
        let goal = self.goal(&step.wanted);
        let (before, employees) = (Picture::of(&self.account).await, self.employees());
        let plan = self.account.process().plan(&goal).await?;
        let crash = step.mishap.crash();
        if let Some((kind, after, times)) = &step.mishap.fails {
            self.account.sandbox.inject(Fault::new(kind.clone()).after(*after).times(*times));
        }
        let ended = self.account.process_that(&crash).apply(&plan).await;
        // What a process that died had sent arrives.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let mut outcome = match ended {
            Some(Ok(report)) => Some(report.outcome),
            Some(Err(_)) | None => None,
        };
        self.account.sandbox.clear_faults();
        if outcome
            .as_ref()
            .is_none_or(|outcome| matches!(outcome, Outcome::Stuck { .. } | Outcome::Abandoned))
        {
            outcome = self.take_up(step, &goal).await?;
        }
        if let Wanted::As(design) = &step.wanted {
            self.last = design.clone();
        }
        let held = self.holds(&goal, &before, outcome.as_ref()).await;
        held.map_err(|why| format!("{why}\n    it had come to {}\n    of {plan}", crash.seen().join(", ")))?;
        let may_go = matches!(step.wanted, Wanted::Gone(DataPolicy::Delete));
        if employees > 0 && !may_go && self.employees() != employees {
            return Err(format!("{} of {employees} employees are left", self.employees()));
        }
        Ok(())
    }

    /// Takes up a run that has not ended; how it did.
    async fn take_up(&self, step: &Step, goal: &Goal) -> Result<Option<Outcome>, Wrong> {
        let mut outcome = None;
        let mut last = |reports: Result<Vec<Report>, _>| {
            let reports =
                reports.map_err(|error: humangov_core::exec::ExecError| format!("{error} {error:?}"))?;
            outcome = reports.into_iter().last().map(|report| report.outcome).or(outcome.take());
            Ok::<(), Wrong>(())
        };
        for &(how, nth, side) in &step.in_vain {
            let process = self.account.process_that(&Crash::at(nth, side));
            if let Some(reports) = process.recover(goal.stack(), how).await {
                last(reports)?;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        match step.taken_up {
            TakenUp::By(how) => {
                let reports = self.account.process().recover(goal.stack(), how).await.expect("it lives");
                last(reports)?;
            }
            TakenUp::ByTheNextPlan => {
                self.account.finish(goal).await?;
                outcome = Some(Outcome::Applied);
            }
        }
        Ok(outcome)
    }

    async fn holds(&self, goal: &Goal, before: &Picture, outcome: Option<&Outcome>) -> Result<(), Wrong> {
        let left = remains(&self.account, goal.stack()).await;
        if !left.is_empty() {
            return Err(format!("{outcome:?}: {left:?}"));
        }
        let now = Picture::of(&self.account).await;
        let wrong = match outcome {
            Some(Outcome::Applied) => {
                let plan = self.account.process().plan(goal).await?;
                let mut wrong = now.disagreements().to_vec();
                if !plan.is_no_op() {
                    wrong.push(format!("a plan shows changes:\n{plan}"));
                }
                wrong
            }
            Some(Outcome::RolledBack { .. } | Outcome::Cancelled { rolled_back: true }) => {
                before.differences_but_for_disagreements(&now)
            }
            // Wherever it was left, what is recorded is there, unless it was not before.
            _ => {
                let wrong = now.disagreements().iter();
                wrong.filter(|one| !before.disagreements().contains(one)).cloned().collect()
            }
        };
        if wrong.is_empty() { Ok(()) } else { Err(format!("{outcome:?}: {}", wrong.join("\n    "))) }
    }

    /// In the end everything is as declared, and then gone.
    async fn end(&self) -> Result<(), Wrong> {
        let goal = Goal::Declared(self.last.stack(&self.vpc));
        self.account.finish(&goal).await?;
        self.holds(&goal, &Picture::of(&self.account).await, Some(&Outcome::Applied)).await?;
        let gone = Goal::Gone(self.last.stack(&self.vpc), DataPolicy::Delete);
        self.account.finish(&gone).await?;
        // A revision that was made in doubt and never recorded is seen once no later one is there.
        self.account.finish(&gone).await?;
        self.holds(&gone, &Picture::of(&self.account).await, Some(&Outcome::Applied)).await?;
        let resources = self.account.sandbox.resources();
        let ours: BTreeSet<String> = resources
            .iter()
            .filter(|resource| {
                resource.tags.contains_key("humangov:fleet") || resource.kind == "ecs.task_definition"
            })
            .map(|resource| format!("{} {}", resource.kind, resource.name))
            .collect();
        if ours.is_empty() { Ok(()) } else { Err(format!("left in the end: {ours:?}")) }
    }
}

async fn run(start: &Account, vpc: &str, first: &Design, steps: &[Step]) -> Result<(), Wrong> {
    let account = start.fork();
    let clients = account.clients();
    let mut program = Program { account, clients, vpc: vpc.to_owned(), last: first.clone() };
    program.account.finish(&Goal::Declared(first.stack(vpc))).await?;
    for (nth, step) in (1..).zip(steps) {
        program.step(step).await.map_err(|why| format!("step {nth}: {why}"))?;
    }
    program.end().await.map_err(|why| format!("in the end: {why}"))
}

/// Runs random programs, from a seed that is told and can be given back.
fn programs(part: u8) {
    let given = |name| std::env::var(name).ok().map(|number| number.parse::<u64>().expect("a number"));
    let seed = given("HUMANGOV_PROGRAMS_SEED").unwrap_or(SEED);
    let cases =
        given("HUMANGOV_PROGRAMS").map_or(PROGRAMS, |cases| u32::try_from(cases).expect("not as many"));
    crate::tell(format_args!("programs, part {part}: HUMANGOV_PROGRAMS_SEED={seed}"));
    let mut bytes = [part; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let strategy = (designs(), prop::collection::vec(steps(), 1..4));
    let outcome = runner.run(&strategy, |(first, steps)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let account = if steps.len() % 2 == 0 { Account::new() } else { Account::busy() };
            let vpc = Network::lookup_default(&account.clients().ec2).await.unwrap().vpc_id;
            let run = tokio::time::timeout(Duration::from_hours(100), run(&account, &vpc, &first, &steps));
            run.await.unwrap_or_else(|_| Err("it hangs".to_owned())).map_err(TestCaseError::fail)
        })
    });
    if let Err(error) = outcome {
        panic!("HUMANGOV_PROGRAMS_SEED={seed} part {part}: {error}");
    }
    crate::tell(format_args!("programs, part {part}, all well: {cases}"));
}

#[test]
fn random_programs_lose_nothing_1() {
    programs(1);
}

#[test]
fn random_programs_lose_nothing_2() {
    programs(2);
}

#[test]
fn random_programs_lose_nothing_3() {
    programs(3);
}

#[test]
fn random_programs_lose_nothing_4() {
    programs(4);
}
