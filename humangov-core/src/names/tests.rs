// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::tenant::{Tenant, UsState};

const ACCOUNT: &str = "123456789012";
const LONGEST_REGION: &str = "ap-southeast-1";

/// A function of this module with its AWS limit and the characters AWS takes besides `a-z`, `0-9` and `-`.
type Named = (&'static str, fn(&str, &str) -> String, usize, &'static str);

const ALL: [Named; 12] = [
    ("load_balancer", |fleet, stack| load_balancer(fleet, stack, "alb"), 32, ""),
    ("target_group", |fleet, stack| target_group(fleet, stack, "nginx", "0k3z9a"), 32, ""),
    ("security_group", |fleet, stack| security_group(fleet, stack, "tasks"), 255, ""),
    ("role", |fleet, stack| role(fleet, stack, "task"), 64, ""),
    ("policy", |fleet, stack| policy(fleet, stack, "data"), 128, ""),
    ("cluster", cluster, 255, ""),
    ("service", |fleet, stack| service(fleet, stack, "app"), 255, ""),
    ("family", |fleet, stack| family(fleet, stack, "app"), 255, ""),
    ("log_group", |fleet, stack| log_group(fleet, stack, "app"), 512, "/"),
    ("table", table, 255, ""),
    ("bucket", |fleet, stack| bucket(fleet, stack, ACCOUNT, LONGEST_REGION), 63, ""),
    ("repository", |fleet, app| repository(fleet, app), 256, "/"),
];

fn fleets() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,10})?"
        .prop_filter("a fleet name", |text| text.parse::<FleetName>().is_ok())
}

fn tenants() -> impl Strategy<Value = Tenant> {
    prop_oneof![
        proptest::sample::select(&UsState::ALL[..]).prop_map(Tenant::State),
        "[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9})?"
            .prop_filter_map("a custom slug", |slug| Tenant::custom(&slug).ok()),
        "[a-z][a-z0-9]{19}".prop_filter_map("a custom slug", |slug| Tenant::custom(&slug).ok()),
    ]
}

#[test]
fn names_read_as_expected() {
    assert_eq!(load_balancer("humangov", "base", "alb"), "humangov-base-alb");
    assert_eq!(target_group("humangov", "new-york", "web", "0k3z9a"), "humangov-new-york-web-0k3z9a");
    assert_eq!(security_group("humangov", "texas", "tasks"), "humangov-texas-tasks");
    assert_eq!(role("humangov", "texas", "task"), "humangov-texas-task");
    assert_eq!(policy("humangov", "texas", "data"), "humangov-texas-data");
    assert_eq!(cluster("humangov", "base"), "humangov-base");
    assert_eq!(service("humangov", "texas", "app"), "humangov-texas-app");
    assert_eq!(family("humangov", "texas", "app"), "humangov-texas-app");
    assert_eq!(log_group("humangov", "texas", "app"), "/humangov/texas/app");
    assert_eq!(table("humangov", "texas"), "humangov-texas-dynamodb");
    assert_eq!(bucket("humangov", "texas", ACCOUNT, "us-east-1"), "humangov-texas-123456789012-us-east-1");
    assert_eq!(repository("humangov", "app"), "humangov/app");
}

#[test]
fn an_empty_part_is_left_out_with_its_hyphen() {
    assert_eq!(bounded(&["", "a", "", "b", ""], 9), "a-b");
    assert_eq!(cluster("humangov", ""), "humangov");
    assert_eq!(log_group("humangov", "", "app"), "/humangov/app");
    assert_eq!(target_group("humangov", "texas", "", ""), "humangov-texas");
    assert_eq!(bounded(&[], 9), "");
}

#[test]
fn a_name_of_exactly_the_limit_is_not_cut() {
    let name = load_balancer("humangov", "north-carolina", "nginx-tg");
    assert_eq!((name.as_str(), name.len()), ("humangov-north-carolina-nginx-tg", 32));
    assert_eq!(load_balancer("humangov", "north-carolina", "nginx-tgs").len(), 32);
}

#[test]
fn hashes_never_change_between_versions() {
    // From the published BLAKE3 test vector of the empty input: af1349b9 = 10101 11100 01001 10100 10011 01110 01.
    assert_eq!(short_hash(""), "nw9mke");
    assert_eq!(short_hash("humangov").len(), 6);
}

#[test]
fn a_cut_name_has_one_hyphen_before_its_hash_and_keeps_characters_whole() {
    assert_eq!(bounded(&["aaaa", "bbbbbbbbbb"], 12), format!("aaaa-{}", short_hash("aaaa-bbbbbbbbbb")));
    assert_eq!(bounded(&["aaaé", "bbbbbbbbbb"], 11), format!("aaa-{}", short_hash("aaaé-bbbbbbbbbb")));
    assert_eq!(bounded(&["--", "bbbbbbbbbb"], 10), short_hash("---bbbbbbbbbb"));
    for max in 0..20 {
        assert!(bounded(&["abc", "defghijklmnopqrstuvwxyz"], max).len() <= max, "{max}");
    }
}

#[test]
fn the_discriminator_of_a_target_group_is_kept_unless_it_fills_the_name() {
    let name = target_group("abcdefghijklmnopqrst", "abcdefghijklmnopqrst", "nginx", "0k3z9a");
    assert!(
        name.len() <= 32 && name.starts_with("abcdefghijklmnopqr") && name.ends_with("-0k3z9a"),
        "{name}"
    );
    let tail = "d".repeat(23);
    assert!(target_group("humangov", "texas", "web", &tail).ends_with(&tail));
    let [one, two] = ["1", "2"].map(|end| target_group("humangov", "texas", "web", &("d".repeat(40) + end)));
    assert!(one != two && one.len() <= 32 && two.len() <= 32, "{one} {two}");
}

#[test]
fn every_state_with_the_longest_fleet_name_has_its_own_name_of_each_kind() {
    for fleet in ["humangov", "abcdefghijklmnopqrst", "human-gov-production"] {
        for (kind, name, limit, _) in ALL {
            let names: BTreeSet<String> =
                UsState::ALL.iter().map(|state| name(fleet, state.slug())).collect();
            assert_eq!(names.len(), 50, "{kind}");
            assert!(names.iter().all(|name| name.len() <= limit), "{kind}");
        }
    }
}

#[test]
fn a_bucket_of_a_state_is_never_cut_and_one_of_a_long_tenant_keeps_account_and_region() {
    for state in UsState::ALL {
        let name = bucket("abcdefghijklmnopqrst", state.slug(), ACCOUNT, LONGEST_REGION);
        assert_eq!(name, format!("abcdefghijklmnopqrst-{state}-123456789012-ap-southeast-1"));
    }
    let name = bucket("abcdefghijklmnopqrst", "abcdefghijklmnopqrst", ACCOUNT, LONGEST_REGION);
    assert!(name.len() <= 63 && name.ends_with("-123456789012-ap-southeast-1"), "{name}");
}

#[test]
fn a_fleet_name_is_refused_with_every_problem() {
    let problems = |text: &str| {
        let error = text.parse::<FleetName>().unwrap_err();
        assert_eq!(error.code(), "fleet.invalid_name");
        error.problems().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(problems(""), ["1 to 20 characters are required"]);
    assert_eq!(problems("abcdefghijklmnopqrstu"), ["at most 20 characters are allowed"]);
    assert_eq!(problems("Human Gov"), ["only a-z, 0-9 and \"-\" are allowed"]);
    assert_eq!(
        problems("1--a-"),
        ["the first character must be a letter", "it must not end with \"-\"", "it must not contain \"--\""]
    );
    for (text, start) in [
        ("aws", "aws"),
        ("awsome", "aws"),
        ("amazon-gov", "amazon"),
        ("amzn-s3-demo", "amzn"),
        ("internal-gov", "internal"),
        ("sg-gov", "sg"),
        ("sg", "sg"),
        ("sthree-gov", "sthree"),
    ] {
        assert_eq!(problems(text), [format!("it must not start with {start:?}")], "{text}");
    }
}

#[test]
fn a_fleet_name_is_recorded_as_text() {
    for text in ["h", "humangov", "human-gov-production", "sgov", "a1-2"] {
        let name: FleetName = text.parse().unwrap();
        assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(serde_json::from_str::<FleetName>(&json).unwrap(), name);
    }
    let error = serde_json::from_str::<FleetName>(r#""AWS""#).unwrap_err().to_string();
    assert!(error.contains("is not a fleet name"), "{error}");
}

proptest! {
    #[test]
    fn every_name_is_one_that_aws_accepts(fleet in fleets(), tenant in tenants()) {
        for (kind, name, limit, extra) in ALL {
            let name_ = name(&fleet, tenant.slug());
            prop_assert!((3..=limit).contains(&name_.len()), "{kind} {name_}");
            prop_assert!(
                name_.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-') || extra.contains(c)),
                "{kind} {name_}"
            );
            prop_assert!(!name_.contains("--") && !name_.starts_with('-') && !name_.ends_with('-'), "{kind} {name_}");
            for start in ["internal-", "sg-", "aws/", "/aws/", "xn--"] {
                prop_assert!(!name_.starts_with(start), "{kind} {name_}");
            }
            prop_assert_eq!(name(&fleet, tenant.slug()), name_);
        }
    }

    #[test]
    fn two_tenants_never_share_a_name(fleet in fleets(), one in tenants(), other in tenants()) {
        prop_assume!(one != other);
        for (kind, name, ..) in ALL {
            prop_assert_ne!(name(&fleet, one.slug()), name(&fleet, other.slug()), "{}", kind);
        }
    }

    #[test]
    fn a_bounded_name_keeps_its_limit_and_tells_apart_what_it_cuts(
        one in "[a-z-]{0,40}", other in "[a-z-]{0,40}", start in "[a-z]{20}", max in 0_usize..60,
    ) {
        let [first, second] = [&one, &other].map(|part| bounded(&[&start, part], max));
        prop_assert!(first.len() <= max && second.len() <= max);
        prop_assert_eq!(&first, &bounded(&[&start, &one], max));
        if one != other && max >= 7 {
            prop_assert_ne!(first, second);
        }
    }

    #[test]
    fn no_text_panics(one in ".{0,40}", other in ".{0,40}", max in 0_usize..60) {
        prop_assert!(bounded(&[&one, &other], max).len() <= max);
        let name = target_group(&one, &other, &one, &other);
        prop_assert!(name.len() <= 32, "{}", name);
        let _ = one.parse::<FleetName>();
    }
}
