// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole screens of the real command, as a script or a CI job sees them. A person looks at each change of these.

use crate::{
    emulator::Emulator,
    proxy::{Call, Fault, Proxy},
    world::{Ran, World, config, text},
};
use std::fmt::Write;

/// A screen: what was typed, the exit code, and what went where.
pub fn screen(words: &str, ran: &Ran) -> String {
    let mut screen = format!("$ humangov {words}\n");
    for (name, told) in [("standard error", &ran.stderr), ("standard output", &ran.stdout)] {
        let told = redacted(told);
        if !told.trim().is_empty() {
            let _ = writeln!(screen, "--- {name}\n{told}");
        }
    }
    let _ = writeln!(screen, "--- exit {}", ran.code);
    // ARNs are there to be copied, whole; and what AWS says of a failure is as long as it is.
    let long = |line: &&str| line.contains("arn:aws:") || line.starts_with('✗') || line.starts_with("    ");
    let lines = screen.lines().filter(|line| !long(line));
    let widest = lines.map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 100, "{widest} columns are too many:\n{screen}");
    screen
}

/// The same from one run to the next: times, counts of calls, ports and what AWS makes up.
fn redacted(told: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in told.trim_end().lines() {
        // A slow machine says that it is alive.
        if line.starts_with("  … ") && told.lines().all(|line| line != "Still running:") {
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let next = |at: usize| words.get(at + 1).map_or("", |word| word.trim_end_matches([':', ',', '.']));
        let shown = words.iter().enumerate().map(|(at, word)| match next(at) {
            "s" | "min" if word.parse::<f64>().is_ok() => {
                let ago = words.get(at + 2).is_some_and(|word| word.starts_with("ago"));
                if word.contains('.') && !ago { "0.1" } else { "1" }.to_owned()
            }
            "ago" => "s".to_owned(),
            "calls" => "NN".to_owned(),
            "retries" => "N".to_owned(),
            _ => word_redacted(word),
        });
        let line = shown.collect::<Vec<_>>().join(" ");
        // Ages differ in width, and so does what is between them and a note.
        lines.push(match line.split_once('←') {
            Some((row, note)) if !row.trim().is_empty() => format!("{}  ←{note}", row.trim_end()),
            _ => line,
        });
    }
    // Which of the steps that run together ends first is chance.
    for steps in lines.chunk_by_mut(|a, b| a.starts_with("  ✓") && b.starts_with("  ✓")) {
        steps.sort();
    }
    lines.join("\n")
}

fn word_redacted(word: &str) -> String {
    if word.starts_with("http://127.0.0.1:") {
        return "http://127.0.0.1:5000".to_owned();
    }
    if word.starts_with("sg-") {
        return "sg-xxxxxxxxxxxxxxxxx".to_owned();
    }
    if let Some((_, host)) = word.split_once('@')
        && !host.contains(':')
        && !word.contains('/')
    {
        let end = word.len() - word.trim_end_matches([',', ';', ':']).len();
        return format!("ana@laptop{}", &word[word.len() - end..]);
    }
    let id = word.trim_end_matches([')', ':', ',', '.']);
    if id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return word.replace(id, "01234567-89ab-cdef-0123-456789abcdef");
    }
    // A number of a process, in its bracket.
    if word.strip_suffix("),").or(word.strip_suffix(')')).is_some_and(|n| n.parse::<u32>().is_ok()) {
        return word.replace(|c: char| c.is_ascii_digit(), "").replacen(')', "4242)", 1);
    }
    let moment = word.trim_end_matches([';', ',', '.']);
    if moment.len() == 20 && moment.ends_with('Z') && moment.as_bytes()[10] == b'T' {
        return word.replace(moment, "2026-07-01T12:00:00Z");
    }
    // Names that must differ where the network does end in six characters made of its id, which moto makes up.
    let mut word = word.to_owned();
    for part in ["-alb-", "-web-"] {
        if let Some(at) = word.find(part).map(|at| at + part.len())
            && word.len() >= at + 6
        {
            word.replace_range(at..at + 6, "xxxxxx");
        }
    }
    // So is the number that ends the first part of a load balancer's own name.
    if let Some(dot) = word.find(".elb.amazonaws.com").and_then(|at| word[..at].rfind('.'))
        && let Some(at) = word[..dot].rfind('-')
    {
        word.replace_range(at + 1..dot, "0123456789");
    }
    let is_made_up = |part: &str| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = word.split('/').map(|part| if is_made_up(part) { "xxxxxxxxxxxxxxxx" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_screen_is_fit_to_be_seen() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), "");
    let show = |name: &str, code: i32, words: &str| {
        insta::assert_snapshot!(name, screen(words, &world.expect(code, words)));
    };

    let mistaken = config(&["califronia", "tx"], "v1", "[service]\nmemory = \"5 GB\"\ndesird_count = 2\n");
    world.configure(&mistaken);
    show("bad_config", 5, "plan");
    assert_eq!(proxy.calls(), [], "nothing is called before the configuration is right");

    world.configure(&config(&["california"], "v1", ""));
    show("nothing_recorded", 0, "status");
    show("no_consent", 5, "apply");
    show("base_alone", 0, "apply base --yes");
    show("first_apply", 0, "apply --yes");
    show("no_changes", 0, "plan");
    show("no_changes_all", 0, "plan --all");

    world.configure(&config(&["california", "tx", "ohio"], "v2", ""));
    show("another_image", 2, "plan california --detailed-exitcode");
    show("another_image_all", 0, "plan california --all");

    world.expect(0, "apply texas --yes");
    show("one_state", 0, "status texas");
    show("behind", 0, "status");
    let group = text(&world.status()["california logs.log_group/app"]["physical_id"]).to_owned();
    emulator.boto3(&format!(
        "import boto3, json\nboto3.client('logs').put_retention_policy(logGroupName='{group}', retentionInDays=7)\nprint(json.dumps(1))"
    ));
    show("drifted", 0, "status");
    show("drifted_not_looked_at", 0, "status --no-refresh");
    show("drifted_all", 0, "status california --all");
    show("drifted_plan", 0, "plan california");

    // What cannot be read keeps nothing else from being told.
    proxy.fail("elbv2.DescribeTargetHealth", 1..=usize::MAX, Fault::AccessDenied);
    proxy.fail("logs.DescribeLogGroups", 1..=usize::MAX, Fault::AccessDenied);
    show("unread", 1, "status");
    proxy.clear();

    show("base_in_use", 5, "destroy base --yes");
    show("destroy_one", 0, "destroy california --yes");
    show("only_data", 0, "status");
    show("destroy", 0, "destroy --yes");
}

#[test]
fn status_asks_for_ten_services_at_once_and_tells_everything_in_json() {
    let emulator = Emulator::moto();
    let proxy = Proxy::start(&emulator);
    let world = World::new(&proxy.url(), &config(&["california", "tx"], "v1", ""));
    world.expect(0, "apply --yes");
    let calls = |words: &str| {
        proxy.clear();
        let ran = world.expect(0, words);
        let keys: Vec<String> = proxy.calls().iter().map(Call::key).collect();
        (serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap(), keys)
    };
    let count = |keys: &[String], key: &str| keys.iter().filter(|k| *k == key).count();
    let (_, keys) = calls("status --json --no-refresh");
    assert_eq!(
        (keys.len(), count(&keys, "ecs.DescribeServices"), count(&keys, "elbv2.DescribeTargetHealth")),
        (4, 1, 2),
        "whose credentials these are, all services, and each target group: {keys:#?}"
    );
    let (status, keys) = calls("status --json");
    assert_eq!(count(&keys, "ecs.DescribeServices"), 2, "once more for the drift of both");
    assert_eq!(proxy.writes(), Vec::<String>::new());
    let california = &status["stacks"][1];
    assert_eq!(text(&california["stack"]), "california");
    assert_eq!(text(&california["service"]["rollout"]), "COMPLETED");
    assert_eq!(
        (&california["service"]["running"], &california["service"]["desired"]),
        (&1.into(), &1.into())
    );
    assert!(text(&california["service"]["task_definition"]).ends_with("humangov-california-app:1"));
    assert!(text(&california["image"]).ends_with("humangov/app:v1"));
    assert_eq!((&california["behind"], &california["health"]["healthy"]), (&false.into(), &1.into()));
    assert_eq!(california["health"]["targets"][0]["state"], "healthy");
    for list in [&california["drift"], &status["not_applied"], &status["unread"]] {
        assert_eq!(list.as_array().map(Vec::len), Some(0), "{status:#}");
    }
}
