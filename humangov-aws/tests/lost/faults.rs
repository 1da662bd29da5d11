// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every fault at every call: each call of a run goes wrong in each way, once and three times in a row. The run works all the same,
//! or is rolled back, or one recovery without faults brings it to its end.

use crate::{
    account::{Account, Goal},
    crashes,
    declared::{Front, california, fleet},
    scenario::{Scenario, Way},
};
use humangov_aws::sandbox::{Fault, FaultKind};
use humangov_core::{
    exec::{ExecError, Outcome, Report},
    kind::logs::LogGroup,
    stack::Stack,
};
use std::{collections::BTreeMap, time::Duration};

/// The ways of a call to go wrong.
fn kinds() -> [(&'static str, FaultKind); 7] {
    let refused = |code: &str, status| FaultKind::Error {
        code: code.to_owned(),
        message: "by the test".to_owned(),
        status,
    };
    [
        ("throttled", FaultKind::Throttle),
        ("internal error", refused("InternalFailure", 500)),
        ("reset before", FaultKind::ResetBefore),
        ("answer lost", FaultKind::LostAnswer),
        ("answer truncated", FaultKind::Truncated),
        // Longer than a try may take: it times out, and was done.
        ("too slow", FaultKind::Slow(Duration::from_secs(45))),
        ("access denied", refused("AccessDeniedException", 400)),
    ]
}

#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    ended: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

/// Runs `scenario` with every fault at every call.
async fn every_fault(scenario: &Scenario) {
    let mut tally = Tally::default();
    let mut nth = 0;
    loop {
        let mut met = false;
        for (name, kind) in kinds() {
            // Met by the SDK, which tries again where it may, and met until it gives up.
            for times in [1, 3] {
                let world = scenario.begin();
                world.sandbox.inject(Fault::new(kind.clone()).after(nth).times(times));
                let report = world.process().apply(&scenario.plan).await.expect("it lives");
                let Some(call) = world.sandbox.calls().get(usize::try_from(nth).unwrap()).cloned() else {
                    continue;
                };
                let ended = ended(scenario, &world, report).await;
                met = true;
                tally.runs += 1;
                match ended {
                    Ok(ended) => *tally.ended.entry(ended).or_default() += 1,
                    Err(why) => {
                        let call = call.operation;
                        tally.wrong.push(format!("call {nth}, {call}: {name} {times} times: {why}"));
                    }
                }
            }
        }
        if !met {
            break;
        }
        nth += 1;
    }
    let name = scenario.name;
    let wrong = tally.wrong;
    let first = wrong.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{name}: {} of {} went wrong:\n{first}", wrong.len(), tally.runs);
    let (runs, ended) = (tally.runs, tally.ended);
    crate::tell(format_args!("{name}, all well: {nth} calls tried, {runs} faults: {ended:?}"));
}

/// How a run ended in a world in which something went wrong; what takes it is recovered without that.
async fn ended(
    scenario: &Scenario,
    world: &Account,
    report: Result<Report, ExecError>,
) -> Result<&'static str, String> {
    match report {
        Ok(report) if !matches!(report.outcome, Outcome::Stuck { .. } | Outcome::Abandoned) => {
            let outcome = report.outcome;
            let held = scenario.holds_after(world, &outcome).await;
            held.map(|()| outcome.name()).map_err(|why| format!("{outcome:?}: {why}"))
        }
        unfinished => {
            world.sandbox.clear_faults();
            let recovered = scenario.recover(world, Way::ResumeForthOrBack).await;
            recovered.map(|_| "recovered").map_err(|why| format!("{unfinished:?}, then: {why}"))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_go_wrong_while_a_base_is_made() {
    every_fault(&crashes::base_made(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn calls_go_wrong_while_it_is_made() {
    every_fault(&crashes::made(Account::busy(), Front::Shared).await).await;
}

#[tokio::test(start_paused = true)]
async fn calls_go_wrong_while_it_is_updated() {
    every_fault(&crashes::updated(Account::busy()).await).await;
}

#[tokio::test(start_paused = true)]
async fn calls_go_wrong_while_a_failed_creation_is_rolled_back() {
    every_fault(&crashes::made_in_vain(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn calls_go_wrong_while_a_failed_update_is_rolled_back() {
    every_fault(&crashes::updated_in_vain(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn calls_go_wrong_while_a_rule_gets_its_old_number_back() {
    every_fault(&crashes::moved_in_vain(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn calls_go_wrong_while_it_is_destroyed() {
    every_fault(&crashes::destroyed(Account::busy()).await).await;
}

#[tokio::test(start_paused = true)]
async fn what_worked_unanswered_and_was_refused_when_it_was_sent_again_is_undone() {
    let account = Account::new();
    let mut stack = Stack::new(fleet(), california());
    stack.add("app", LogGroup::builder().name("/humangov/california/app").build()).unwrap();
    let goal = Goal::Declared(stack);
    let process = account.process();
    let plan = process.plan(&goal).await.unwrap();
    let lost = Fault::new(FaultKind::LostAnswer).operation("CreateLogGroup").times(1);
    account.sandbox.inject(lost);
    account.sandbox.inject(crashes::refused("CreateLogGroup"));
    let report = process.apply(&plan).await.expect("it lives").unwrap();
    assert!(matches!(report.outcome, Outcome::RolledBack { .. }), "{report:#?}");
    let left = account.clients().logs.describe_log_groups().send().await.unwrap();
    assert!(left.log_groups().is_empty(), "{left:?}");
}
