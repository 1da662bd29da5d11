// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use humangov_core::handler::{HandlerError, HandlerErrorKind};
use serde_json::{Value, json};

#[test]
fn images_are_told_by_digest_and_tag() {
    let repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/app";
    for (rest, short) in [
        (":v1.4", "v1.4"),
        ("@sha256:9ab2c3d4e5f60718", "9ab2c3d4…"),
        (":v1.4@sha256:9ab2c3d4e5f60718", "9ab2c3d4… (v1.4)"),
        (":2026-11-23T21-06-14-build-4711", "2026-11-23T21-06-14-…"),
        ("", "app"),
    ] {
        assert_eq!(short_image(&format!("{repository}{rest}")), short);
    }
}

#[test]
fn ages_are_said_as_people_say_them() {
    let said = [0, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600].map(|s| ago(Duration::from_secs(s)));
    assert_eq!(said, ["0 s ago", "59 s ago", "1 min ago", "59 min ago", "1 h ago", "47 h ago", "2 d ago"]);
}

fn drift(address: &str, what: &Value) -> Drift {
    serde_json::from_value(json!({ "address": address, "what": what })).unwrap()
}

fn changed(path: &str, before: i32, after: i32) -> Value {
    json!({ "changed": [{ "path": path, "before": before, "after": after, "effect": "in_place", "origin": "drift" }] })
}

#[test]
fn failures_of_many_stacks_are_told_once() {
    let denied = HandlerError::new(HandlerErrorKind::AccessDenied, "DescribeLogGroups", "not authorized")
        .with_aws_code("AccessDeniedException");
    let error = ErrorReport::from(&denied);
    let address: Address = "logs.log_group/app".parse().unwrap();
    let unread = ["alabama", "alaska", "arizona", "arkansas", "california"];
    let unread = unread.iter().map(|stack| ((*stack).to_owned(), address.clone(), error.clone())).collect();
    let status = Status { rows: Vec::new(), unread };
    insta::assert_snapshot!(anstream::adapter::strip_str(&status.failures().unwrap()), @"
    not all could be read
    ✗ alabama, alaska, arizona and 2 more  logs.log_group/app  DescribeLogGroups failed: AccessDeniedException
        not authorized
    ");
}

#[test]
fn drift_is_told_below_the_table() {
    let row = |stack: &str, drift: Vec<Drift>| Row {
        stack: stack.to_owned(),
        age: Some(Duration::from_secs(125)),
        image: Some("humangov/app:v1.4".to_owned()),
        service: Fact::None,
        health: Fact::Unread,
        drift: Some(drift),
        behind: stack == "ohio",
        left: None,
        resources: Vec::new(),
        outputs: Vec::new(),
    };
    let days = changed("retention_in_days", 7, 30);
    let rows = vec![
        row("california", vec![]),
        row(
            "new-hampshire",
            vec![drift("logs.log_group/app", &days), drift("iam.role/task", &json!("gone"))],
        ),
        row(
            "ohio",
            vec![
                drift("logs.log_group/app", &days),
                drift("s3.bucket/documents", &json!("not_ours")),
                drift("ecs.service/app", &json!("gone")),
            ],
        ),
    ];
    let status = Status { rows, unread: Vec::new() };
    insta::assert_snapshot!(anstream::adapter::strip_str(&status.table(false)), @"
                   revision  image  running  health  drift        updated
    california     -         v1.4   -        ?       -            2 min ago
    new-hampshire  -         v1.4   -        ?       logs, iam    2 min ago
    ohio           -         v1.4   -        ?       3 resources  2 min ago  ← behind

    drift (changed outside; humangov plan shows what would be set back)
      new-hampshire  logs.log_group/app   retention_in_days  7  →  30
      new-hampshire  iam.role/task        gone
      ohio           logs.log_group/app   retention_in_days  7  →  30
      ohio           s3.bucket/documents  not ours any more: it lacks our tags
      ohio           ecs.service/app      gone
    ");
}

#[test]
fn many_states_that_are_not_applied_are_counted() {
    let row = |stack: &str, age: Option<u64>| Row {
        stack: stack.to_owned(),
        age: age.map(Duration::from_secs),
        image: None,
        service: Fact::None,
        health: Fact::None,
        drift: None,
        behind: false,
        left: None,
        resources: Vec::new(),
        outputs: Vec::new(),
    };
    let rows = ["alabama", "alaska", "arizona", "arkansas"].map(|stack| row(stack, None));
    let rows = std::iter::once(row("california", Some(3))).chain(rows).collect();
    let mut status = Status { rows, unread: Vec::new() };
    insta::assert_snapshot!(anstream::adapter::strip_str(&status.table(false)), @"
                revision  image  running  health  updated
    california  -         -      -        -       3 s ago
    4 more states are not applied; --all lists them
    ");
    assert!(status.table(true).contains("arkansas"));
    status.rows.truncate(4);
    assert!(status.table(false).contains("arizona"), "a few have a line each");
}
