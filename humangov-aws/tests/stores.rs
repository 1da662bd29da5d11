// SPDX-License-Identifier: MIT OR Apache-2.0
//! The stores that are on AWS, over the sandbox; and that nothing is sent to AWS under a lease that is lost.
#![expect(clippy::unwrap_used, reason = "tests")]

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use humangov_aws::{
    Clients,
    iam::RoleHandler,
    sandbox::{Fault, FaultKind, Sandbox, SandboxOptions},
    store::{DynamoDbStore, S3Store, StoreUrl},
};
use humangov_core::{
    address::{RunId, StackName},
    clock::Clock,
    handler::{Cx, Effect, Handler, HandlerError, HandlerErrorKind},
    kind::iam::{PolicyDocument, Role, Statement},
    store::{Backend, Lease, LockInfo, MemoryStore, OnlyIf, Recorded, Snapshot, StateStore},
    testing::{HandClock, lease_race, run_race, state_suite, store_suite},
    value::{Digest, Json},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Longer than any lease lasts, however much clocks differ.
const LONG: Duration = Duration::from_mins(2);

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let clients = Clients::new(&sandbox.sdk_config());
    clients.s3.create_bucket().bucket("state").send().await.unwrap();
    let string = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let table = clients.dynamodb.create_table().table_name("state").billing_mode(BillingMode::PayPerRequest);
    let table = table.attribute_definitions(string("store")).attribute_definitions(string("name"));
    let table = table.key_schema(key("store", KeyType::Hash)).key_schema(key("name", KeyType::Range));
    table.send().await.unwrap();
    sandbox.clear_calls();
    sandbox
}

fn s3(sandbox: &Sandbox) -> S3Store {
    S3Store::new(Clients::new(&sandbox.sdk_config()).s3, "state", "fleet/us-east-1")
}

fn dynamodb(sandbox: &Sandbox) -> DynamoDbStore {
    DynamoDbStore::new(Clients::new(&sandbox.sdk_config()).dynamodb, "state", "fleet/us-east-1")
}

fn stack() -> StackName {
    "california".parse().unwrap()
}

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::empty("humangov".parse().unwrap(), stack());
    let record = Recorded::new(Digest::of(b""), Json::from(&json!({})), Json::from(&json!({"id": "a"})));
    snapshot.resources.insert("iam.role/task".parse().unwrap(), record);
    snapshot
}

async fn lock(store: &dyn StateStore, clock: &Clock) -> Lease {
    store.lock(&stack(), &LockInfo::this_process("apply", clock.now()), clock).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_a_store() {
    let sandbox = sandbox().await;
    store_suite(&s3(&sandbox), &s3(&sandbox)).await;
}

#[tokio::test(start_paused = true)]
async fn a_table_is_a_store() {
    let sandbox = sandbox().await;
    store_suite(&dynamodb(&sandbox), &dynamodb(&sandbox)).await;
    assert_eq!(pieces(&sandbox).await, 0, "no piece is left of what is gone");
}

/// How many pieces of objects and logs there are in the table.
async fn pieces(sandbox: &Sandbox) -> usize {
    let scan = Clients::new(&sandbox.sdk_config()).dynamodb.scan().table_name("state").send().await.unwrap();
    scan.items().iter().filter(|item| item["store"].as_s().unwrap().contains('#')).count()
}

/// Loses the answer of every second call that writes. Clients try again by themselves.
fn lose_answers(sandbox: &Sandbox) {
    for operation in
        ["PutObject", "DeleteObject", "DeleteObjects", "PutItem", "DeleteItem", "TransactWriteItems"]
    {
        for nth in 0..2_000 {
            let lost = Fault::new(FaultKind::LostAnswer).operation(operation);
            sandbox.inject(lost.after(nth * 2).times(1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lost_answers_make_no_store_forget_its_own_writes() {
    let sandbox = sandbox().await;
    lose_answers(&sandbox);
    let (s3, dynamodb) = (s3(&sandbox), dynamodb(&sandbox));
    state_suite(&s3, &s3.clone()).await;
    state_suite(&dynamodb, &dynamodb.clone()).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_runners_one_works_at_a_time() {
    let sandbox = sandbox().await;
    lease_race(&[&s3(&sandbox), &s3(&sandbox)], 100).await;
    lease_race(&[&dynamodb(&sandbox), &dynamodb(&sandbox)], 100).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_one_works_at_a_time_and_none_goes_on_without_its_lease() {
    let sandbox = sandbox().await;
    run_race([Arc::new(s3(&sandbox)), Arc::new(s3(&sandbox))], 100).await;
    run_race([Arc::new(dynamodb(&sandbox)), Arc::new(dynamodb(&sandbox))], 100).await;
}

#[tokio::test(start_paused = true)]
async fn more_keys_than_one_page_has_are_listed_and_read() {
    let sandbox = sandbox().await;
    let store = s3(&sandbox);
    let mut end = 0;
    for n in 0..1_005 {
        let line = format!("{n}\n");
        end = Backend::append(&store, "long.log", end, line.as_bytes()).await.unwrap().unwrap();
    }
    let log = store.read_log("long.log").await.unwrap().unwrap();
    let expected = (0..1_005).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    assert!(log.bytes == expected.as_bytes() && log.end == 1_005);
    assert_eq!(Backend::list(&store, "").await.unwrap(), ["long.log"]);
    store.remove_log("long.log").await.unwrap();
    assert_eq!(store.read_log("long.log").await.unwrap(), None);
}

/// Every call is refused once so many were made.
fn refused_after(calls: u64) -> Fault {
    let (code, message) = ("AccessDenied".to_owned(), "no".to_owned());
    Fault::new(FaultKind::Error { code, message, status: 403 }).after(calls)
}

/// Lets the removal of a log fail at every call there is.
async fn cut_off<B: Backend>(store: &B, sandbox: &Sandbox) {
    let log = async || store.read_log("cut.log").await.unwrap();
    for calls in 0.. {
        let mut end = 0;
        for line in [&b"one\n"[..], b"two\n", b"three\n"] {
            end = Backend::append(store, "cut.log", end, line).await.unwrap().unwrap();
        }
        let whole = log().await;
        sandbox.inject(refused_after(calls));
        let removed = store.remove_log("cut.log").await;
        sandbox.clear_faults();
        let left = log().await;
        assert!(left.is_none() || left == whole, "{left:?} is left after {calls} calls");
        store.remove_log("cut.log").await.unwrap();
        assert_eq!(log().await, None);
        assert_eq!(Backend::list(store, "").await.unwrap(), [""; 0], "all of it is gone");
        if removed.is_ok() {
            assert!(left.is_none() && calls > 2, "{calls} calls");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_is_cut_off_leaves_a_whole_log_or_none() {
    let sandbox = sandbox().await;
    cut_off(&s3(&sandbox), &sandbox).await;
    cut_off(&dynamodb(&sandbox), &sandbox).await;
    assert_eq!(pieces(&sandbox).await, 0, "no piece is left of what is gone");
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_a_lock_over_removes_what_is_left_of_journals() {
    let sandbox = sandbox().await;
    let clock = Clock::system();
    for (store, calls) in
        [(Arc::new(s3(&sandbox)) as Arc<dyn StateStore>, 2), (Arc::new(dynamodb(&sandbox)), 1)]
    {
        let run = RunId::generate();
        let mut info = LockInfo::this_process("apply", clock.now());
        info.run = Some(run);
        let first = store.lock(&stack(), &info, &clock).await.unwrap();
        let end = store.append_to_journal(&first, run, 0, b"begun\n").await.unwrap();
        store.append_to_journal(&first, run, end, b"closed\n").await.unwrap();
        sandbox.inject(refused_after(calls));
        store.remove_journal(&stack(), run).await.unwrap_err();
        drop(first);
        sandbox.clear_faults();
        let second = lock(&*store, &clock).await;
        assert_eq!(second.unfinished(), []);
        second.release(Vec::new()).await.unwrap();
    }
    assert_eq!(
        Backend::list(&s3(&sandbox), "california.").await.unwrap(),
        ["california.json", "california.lock"]
    );
    assert_eq!(pieces(&sandbox).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_read_that_is_cut_off_is_read_again() {
    let sandbox = sandbox().await;
    let store = s3(&sandbox);
    let version = store.put("a.json", b"whole".to_vec(), OnlyIf::Absent).await.unwrap().unwrap();
    sandbox.inject(Fault::new(FaultKind::Truncated).operation("GetObject").times(2));
    let read = store.get("a.json").await.unwrap().unwrap();
    assert_eq!((read.bytes.as_slice(), read.version), (&b"whole"[..], version));
}

#[tokio::test(start_paused = true)]
async fn a_url_opens_the_store_it_names_and_scopes_do_not_see_each_other() {
    let sandbox = sandbox().await;
    let directory = tempfile::tempdir().unwrap();
    for (url, place) in [
        (
            format!("file:{}", directory.path().display()),
            format!("{}/fleet/1/california.json", directory.path().display()),
        ),
        ("s3://state/a/b".to_owned(), "s3://state/a/b/fleet/1/california.json".to_owned()),
        ("dynamodb://state".to_owned(), "dynamodb://state/fleet/1/california.json".to_owned()),
    ] {
        let open = |scope: &[&str]| url.parse::<StoreUrl>().unwrap().open(&sandbox.sdk_config(), scope);
        let (one, same, other) = (open(&["fleet", "1"]), open(&["fleet", "1"]), open(&["fleet", "2"]));
        assert_eq!(one.snapshot_place(&stack()), place);
        let lease = lock(&*one, &Clock::system()).await;
        one.append_to_journal(&lease, RunId::from_u128(1), 0, b"one\n").await.unwrap();
        assert_eq!(same.stacks().await.unwrap(), [stack()]);
        assert_eq!(other.stacks().await.unwrap(), []);
        lock(&*other, &Clock::system()).await.release(Vec::new()).await.unwrap();
        lease.release(Vec::new()).await.unwrap();
    }
    let missing: StoreUrl = "s3://missing".parse().unwrap();
    let error = missing.open(&sandbox.sdk_config(), &[]).load(&stack()).await.unwrap_err();
    assert_eq!(error.code(), "store.missing");
    let missing: StoreUrl = "dynamodb://missing".parse().unwrap();
    let error = missing.open(&sandbox.sdk_config(), &[]).load(&stack()).await.unwrap_err();
    assert_eq!(error.code(), "store.missing");
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_kept_while_its_holder_waits_and_no_longer() {
    let options = SandboxOptions::default();
    let sandbox = sandbox().await;
    let began = options.clock.now();
    let start = tokio::time::Instant::now();
    // One clock for all: tokio's, which is paused.
    let clock = Clock::new(move || began + jiff::SignedDuration::try_from(start.elapsed()).unwrap());
    for store in [Arc::new(s3(&sandbox)) as Arc<dyn StateStore>, Arc::new(dynamodb(&sandbox))] {
        let lease = lock(&*store, &clock).await;
        let (writes_before, waited) = (sandbox.calls().len(), Duration::from_mins(10));
        tokio::time::sleep(waited).await;
        lease.guard().check().unwrap();
        let lock_now = store.lock_of(&stack(), clock.now()).await.unwrap().unwrap();
        assert!(lock_now.is_held());
        let renewals = sandbox.calls().len() - writes_before;
        assert!((70..80).contains(&renewals), "one call every eight seconds, {renewals}");
        // Nobody answers any more: whoever holds it stops before somebody else may begin.
        sandbox.inject(Fault::new(FaultKind::ResetBefore));
        let lost = lease.guard().lost().await;
        assert_eq!(lost.code(), "store.lease_lost");
        let lock_then = {
            sandbox.clear_faults();
            store.lock_of(&stack(), clock.now()).await.unwrap().unwrap()
        };
        assert!(!lock_then.stale, "it is not free yet: {lock_then:?}");
        tokio::time::sleep(LONG).await;
        lock(&*store, &clock).await.release(Vec::new()).await.unwrap();
    }
}

fn role() -> Role {
    let data = PolicyDocument::new().statement(Statement::allow().action("s3:GetObject").resource("*"));
    let trust = Role::trusting_ecs_tasks("123456789012", "us-east-1", "aws");
    Role::builder().name("humangov-california-task").trust(trust).inline_policy("data", data).build()
}

fn cx() -> Cx {
    Cx::new("humangov".parse().unwrap(), stack(), "iam.role/task".parse().unwrap(), RunId::from_u128(1))
}

fn writes(sandbox: &Sandbox) -> Vec<String> {
    sandbox.calls().into_iter().filter(|call| !call.is_read()).map(|call| call.operation).collect()
}

fn assert_not_sent(error: &HandlerError, effect: Effect) {
    assert_eq!((error.kind(), error.code()), (HandlerErrorKind::LeaseLost, "handler.lease_lost"));
    assert_eq!(error.effect(), effect);
    assert!(error.to_string().contains("it was not sent: the lock of stack california"), "{error}");
    assert!(!error.kind().is_retryable());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_under_a_lost_lease() {
    let sandbox = Sandbox::new();
    let (store, hand) = (MemoryStore::new(), HandClock::at(Clock::system().now()));
    let handler = RoleHandler::new(Clients::new(&sandbox.sdk_config()).iam);
    let lease = lock(&store, &hand.clock()).await;
    lease.guard().scope(handler.create(&cx(), &role())).await.unwrap();
    let sent = sandbox.calls().len();
    hand.advance(LONG);
    let error = lease.guard().scope(handler.create(&cx(), &role())).await.unwrap_err();
    assert_not_sent(&error, Effect::None);
    assert_eq!(sandbox.calls().len(), sent, "nothing was sent");
    // What works under no lease goes on: it learns that the role is there.
    let refused = handler.create(&cx(), &role()).await.unwrap_err();
    assert_eq!(refused.kind(), HandlerErrorKind::AlreadyExists);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_not_sent_again_once_the_lease_is_lost_and_may_have_worked() {
    let sandbox = Sandbox::new();
    let (store, hand) = (MemoryStore::new(), HandClock::at(Clock::system().now()));
    let sdk = sandbox.sdk_config().into_builder();
    let timeouts =
        aws_smithy_types::timeout::TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(5));
    let clients = Clients::new(&sdk.timeout_config(timeouts.build()).build());
    let lease = lock(&store, &hand.clock()).await;
    // It is executed; and while the client waits in vain for the answer, the machine sleeps.
    sandbox.inject(Fault::new(FaultKind::Slow(Duration::from_mins(1))).operation("CreateRole").times(1));
    let handler = RoleHandler::new(clients.iam);
    let spec = role();
    let create = lease.guard().scope(async { handler.create(&cx(), &spec).await });
    let sleep = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        hand.advance(LONG);
    };
    let (created, ()) = tokio::join!(create, sleep);
    assert_not_sent(&created.unwrap_err(), Effect::Unknown);
    assert_eq!(writes(&sandbox), ["CreateRole"], "it was sent once");
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_was_paused_and_lost_its_lease_makes_no_further_write() {
    let sandbox = sandbox().await;
    for store in [Arc::new(s3(&sandbox)) as Arc<dyn StateStore>, Arc::new(dynamodb(&sandbox))] {
        sandbox.clear_calls();
        let now = Clock::system().now();
        let (mine, theirs) = (HandClock::at(now), HandClock::at(now));
        let (first, run) = (lock(&*store, &mine.clock()).await, RunId::generate());
        let end = store.append_to_journal(&first, run, 0, b"begun\n").await.unwrap();
        let handler = RoleHandler::new(Clients::new(&sandbox.sdk_config()).iam);
        // Frozen between two calls of one handler: the first is executed, and its answer comes when everything is over.
        sandbox.inject(Fault::new(FaultKind::Slow(Duration::from_secs(20))).operation("CreateRole").times(1));
        let spec = role();
        let work = async {
            let created = first.guard().scope(async { handler.create(&cx(), &spec).await }).await;
            let mark = sandbox.calls().len();
            let appended = store.append_to_journal(&first, run, end, b"done\n").await;
            (created, appended, mark)
        };
        let take_over = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // The clock on the wall goes on while the machine of the first sleeps.
            theirs.advance(LONG);
            let second = lock(&*store, &theirs.clock()).await;
            assert_eq!(second.unfinished(), [run]);
            assert!(second.token() > first.token());
            let log = store.journal(&stack(), run).await.unwrap().unwrap();
            store.append_to_journal(&second, run, log.end, b"taken up\n").await.unwrap();
            // Then it wakes up.
            mine.advance(LONG);
            second
        };
        let ((created, appended, mark), second) = tokio::join!(work, take_over);
        assert_not_sent(&created.unwrap_err(), Effect::Unknown);
        assert_eq!(appended.unwrap_err().code(), "store.lease_lost");
        let iam: Vec<String> = sandbox
            .calls()
            .into_iter()
            .filter(|call| call.service == "iam")
            .map(|call| call.operation)
            .collect();
        assert_eq!(
            iam.iter().filter(|operation| !operation.starts_with("Get")).collect::<Vec<_>>(),
            ["CreateRole"]
        );
        assert_eq!(sandbox.calls().len(), mark, "not even to the store");
        store.remove_journal(&stack(), run).await.unwrap();
        second.release(Vec::new()).await.unwrap();
        Clients::new(&sandbox.sdk_config())
            .iam
            .delete_role()
            .role_name("humangov-california-task")
            .send()
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_costs_as_many_requests_as_the_reference_says() {
    let sandbox = sandbox().await;
    let clock = Clock::system();
    let s3_calls = "GetObject PutObject | GetObject | PutObject GetObject | PutObject HeadObject | PutObject | \
                    PutObject HeadObject | ListObjectsV2 DeleteObjects DeleteObjects ListObjectsV2 | PutObject";
    let dynamodb_calls = "GetItem PutItem | GetItem | TransactWriteItems GetItem | TransactWriteItems | PutItem | \
                          TransactWriteItems | DeleteItem Query BatchWriteItem | PutItem";
    let stores = [
        (Arc::new(s3(&sandbox)) as Arc<dyn StateStore>, s3_calls),
        (Arc::new(dynamodb(&sandbox)), dynamodb_calls),
    ];
    for (store, expected) in stores {
        // The first lock of all also looks for what there was before; and the first save for a snapshot that nobody knew of.
        let lease = lock(&*store, &clock).await;
        let version = store.save(&lease, &snapshot(), None).await.unwrap();
        lease.release(Vec::new()).await.unwrap();
        let mut told = Vec::new();
        let mut calls = || {
            let made: Vec<String> = sandbox.calls().into_iter().map(|call| call.operation).collect();
            sandbox.clear_calls();
            told.push(made.join(" "));
        };
        sandbox.clear_calls();
        let (lease, run) = (lock(&*store, &clock).await, RunId::generate());
        calls();
        store.load(&stack()).await.unwrap();
        calls();
        let end = store.append_to_journal(&lease, run, 0, b"begun\n").await.unwrap();
        calls();
        let end = store.append_to_journal(&lease, run, end, b"some records\n").await.unwrap();
        calls();
        store.save(&lease, &snapshot(), version.as_ref()).await.unwrap();
        calls();
        store.append_to_journal(&lease, run, end, b"closed\n").await.unwrap();
        calls();
        store.remove_journal(&stack(), run).await.unwrap();
        calls();
        lease.release(Vec::new()).await.unwrap();
        calls();
        assert_eq!(told.join(" | "), expected);
    }
}
