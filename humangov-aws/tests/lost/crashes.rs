// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every crash point: a run is killed before, within and after each of its writes to the store and each of its calls to AWS, and
//! then brought to its end, brought back, or gone on from.

use crate::{
    account::{Account, Goal},
    declared::{Front, base, behind, first, second},
    picture::{Picture, traces},
    scenario::{Scenario, Way},
};
use humangov_aws::{
    Network,
    sandbox::{Fault, FaultKind},
};
use humangov_core::{
    kind::elbv2::Scheme,
    plan::DataPolicy,
    testing::{Crash, Side},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

async fn network(account: &Account) -> Network {
    Network::lookup_default(&account.clients().ec2).await.unwrap()
}

/// An account with a base in it.
async fn with_base(account: Account, front: Front) -> (Account, Network) {
    let network = network(&account).await;
    account.finish(&Goal::Declared(base(&network, front))).await.unwrap();
    (account, network)
}

/// An account with a California in it that holds a document and an employee.
async fn with_california(account: Account, front: Front) -> (Account, Network) {
    let (account, network) = with_base(account, front).await;
    account.finish(&Goal::Declared(first(&network, front))).await.unwrap();
    let clients = account.clients();
    let bucket = "humangov-california-123456789012-us-east-1";
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"a document");
    clients.s3.put_object().bucket(bucket).key("document.pdf").body(body).send().await.unwrap();
    let employee = clients.dynamodb.put_item().table_name("humangov-california-dynamodb");
    let id = aws_sdk_dynamodb::types::AttributeValue::S("1".to_owned());
    employee.item("id", id).send().await.unwrap();
    (account, network)
}

pub fn refused(operation: &str) -> Fault {
    Fault::new(FaultKind::Error {
        code: "AccessDeniedException".to_owned(),
        message: "no".to_owned(),
        status: 400,
    })
    .operation(operation)
}

pub async fn base_made(account: Account) -> Scenario {
    let network = network(&account).await;
    let goal = base(&network, Front::Shared);
    let nothing = Goal::Gone(goal.clone(), DataPolicy::Delete);
    Scenario::new("create base", account, nothing, Goal::Declared(goal)).await
}

pub async fn made(account: Account, front: Front) -> Scenario {
    let (account, network) = with_base(account, front).await;
    let goal = first(&network, front);
    let nothing = Goal::Gone(goal.clone(), DataPolicy::Delete);
    Scenario::new("create", account, nothing, Goal::Declared(goal)).await
}

/// Another image, another load balancer, nothing that scales.
pub async fn updated(account: Account) -> Scenario {
    let (account, network) = with_california(account, Front::Own(Scheme::InternetFacing)).await;
    let was = first(&network, Front::Own(Scheme::InternetFacing));
    let goal = second(&network, Front::Own(Scheme::Internal));
    Scenario::new("update", account, Goal::Declared(was), Goal::Declared(goal)).await
}

pub async fn made_in_vain(account: Account) -> Scenario {
    let (account, network) = with_base(account, Front::Shared).await;
    account.sandbox.inject(refused("RegisterScalableTarget"));
    let goal = first(&network, Front::Shared);
    let nothing = Goal::Gone(goal.clone(), DataPolicy::Delete);
    Scenario::new("create that fails", account, nothing, Goal::Declared(goal)).await
}

pub async fn updated_in_vain(account: Account) -> Scenario {
    let (account, network) = with_california(account, Front::Own(Scheme::InternetFacing)).await;
    account.sandbox.inject(refused("UpdateService"));
    let was = first(&network, Front::Own(Scheme::InternetFacing));
    let goal = second(&network, Front::Own(Scheme::Internal));
    Scenario::new("update that fails", account, Goal::Declared(was), Goal::Declared(goal)).await
}

/// A rule that is found by its number gets another number; and what comes after that is refused.
pub async fn moved_in_vain(account: Account) -> Scenario {
    let (account, network) = with_base(account, Front::Shared).await;
    let was = behind(&network, 100, false);
    account.finish(&Goal::Declared(was.clone())).await.unwrap();
    account.sandbox.inject(refused("CreateLogGroup"));
    let goal = behind(&network, 200, true);
    Scenario::new("another number that fails", account, Goal::Declared(was), Goal::Declared(goal)).await
}

pub async fn destroyed(account: Account) -> Scenario {
    let (account, network) = with_california(account, Front::Shared).await;
    let was = first(&network, Front::Shared);
    let gone = Goal::Gone(was.clone(), DataPolicy::Keep);
    Scenario::new("destroy", account, Goal::Declared(was), gone).await
}

/// What came of it all.
#[derive(Debug, Default)]
struct Tally {
    crashes: usize,
    /// Those that left the world as the one before did.
    same: usize,
    recoveries: usize,
    ended: BTreeMap<(Way, &'static str), usize>,
    wrong: Vec<String>,
}

/// Kills the run of `scenario` at every point.
async fn every_crash(scenario: &Scenario) {
    let mut tally = Tally::default();
    let mut nth = 0;
    let mut left = None;
    loop {
        nth += 1;
        let (mut died, mut in_parts) = (false, false);
        for side in Side::ALL {
            // Only what can happen in part is a crash of its own.
            if side == Side::Within && !in_parts {
                continue;
            }
            let (world, crash) = (scenario.begin(), Crash::at(nth, side));
            let process = world.process_that(&crash);
            if process.apply(&scenario.plan).await.is_some() {
                continue;
            }
            drop(process);
            died = true;
            let point = crash.seen().pop().unwrap();
            in_parts = point.starts_with("append");
            tally.crashes += 1;
            // What was sent arrives.
            tokio::time::sleep(Duration::from_secs(5)).await;
            // Who dies before a point dies after the one before it, unless something was done in between.
            let now = (Picture::of(&world).await, traces(&world, scenario.goal.stack()).await);
            if side == Side::Before && left.as_ref() == Some(&now) {
                tally.same += 1;
                continue;
            }
            left = Some(now);
            for way in [Way::Resume, Way::RollBack, Way::Settle, Way::Apply] {
                tally.recoveries += 1;
                match scenario.recover(&world.fork(), way).await {
                    Ok(ended) => *tally.ended.entry((way, ended)).or_default() += 1,
                    Err(why) => tally.wrong.push(format!("{side:?} point {nth}, {point}: {way:?}: {why}")),
                }
            }
        }
        if !died {
            break;
        }
    }
    let name = scenario.name;
    assert_eq!(nth - 1, scenario.points.len(), "{name}: points were left out");
    let wrong = tally.wrong;
    let first = wrong.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{name}: {} of {} went wrong:\n{first}", wrong.len(), tally.recoveries);
    crate::tell(format_args!(
        "{name}, all well: {} points tried, {} crashes ({} left what the one before left), {} recoveries: {:?}",
        nth - 1,
        tally.crashes,
        tally.same,
        tally.recoveries,
        tally.ended
    ));
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_made_in_some_scenario() {
    let scenarios = [base_made(Account::new()).await, made(Account::new(), Front::Shared).await];
    let changes = scenarios.iter().flat_map(|scenario| &scenario.plan.changes);
    let made: BTreeSet<&str> = changes.map(|change| change.address.kind_str()).collect();
    let kinds: BTreeSet<&str> = humangov_core::kind::ALL.iter().map(|info| info.kind.as_str()).collect();
    assert_eq!(made, kinds);
}

#[tokio::test(start_paused = true)]
async fn killed_while_a_base_is_made() {
    every_crash(&base_made(Account::busy()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_is_made_call_by_call() {
    every_crash(&made(Account::new(), Front::Shared).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_is_made_with_many_calls_under_way() {
    every_crash(&made(Account::busy(), Front::Shared).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_is_updated_call_by_call() {
    every_crash(&updated(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_is_updated_with_many_calls_under_way() {
    every_crash(&updated(Account::busy()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_a_failed_creation_is_rolled_back() {
    every_crash(&made_in_vain(Account::busy()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_a_failed_update_is_rolled_back_call_by_call() {
    every_crash(&updated_in_vain(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_a_failed_update_is_rolled_back_with_many_calls_under_way() {
    every_crash(&updated_in_vain(Account::busy()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_a_rule_gets_its_old_number_back() {
    every_crash(&moved_in_vain(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_is_destroyed_call_by_call() {
    every_crash(&destroyed(Account::new()).await).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_is_destroyed_with_many_calls_under_way() {
    every_crash(&destroyed(Account::busy()).await).await;
}
