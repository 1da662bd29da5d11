// SPDX-License-Identifier: MIT OR Apache-2.0
//! How many calls it takes. Times depend on the machine; calls do not.

use crate::{
    emulator::Emulator,
    proxy::{Call, Proxy},
    world::{World, config},
};
use std::collections::BTreeMap;

/// Calls that ask again and again whether something is done yet, and how many of each tell anything else: the read before a
/// plan, and the first look after a change.
const POLLS: [(&str, usize); 3] =
    [("ecs.DescribeServices", 2), ("elbv2.DescribeLoadBalancers", 2), ("dynamodb.DescribeTable", 2)];

fn without_polls(calls: &[Call]) -> usize {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in calls {
        *counts.entry(call.key()).or_default() += 1;
    }
    let most = |key: &str| POLLS.iter().find(|(poll, _)| *poll == key).map_or(usize::MAX, |(_, most)| *most);
    counts.iter().map(|(key, count)| (*count).min(most(key))).sum()
}

fn told(calls: &[Call]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in calls {
        *counts.entry(call.key()).or_default() += 1;
    }
    counts.iter().map(|(key, count)| format!("{count:>3} {key}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_state_takes_few_calls() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), &config(&["california"], "v1", ""));
    let measure = |words: &str, most: usize| {
        proxy.clear();
        world.expect(0, words);
        let calls = proxy.calls();
        let count = without_polls(&calls);
        println!("humangov {words}: {count} calls without polls, {} with\n{}", calls.len(), told(&calls));
        assert!(
            count <= most,
            "humangov {words} took {count} calls, at most {most} are allowed\n{}",
            told(&calls)
        );
    };
    measure("apply california --yes", 70);
    measure("plan california --detailed-exitcode", 40);
    measure("destroy --yes", 45);
}
