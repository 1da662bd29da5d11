// SPDX-License-Identifier: MIT OR Apache-2.0
//! State in buckets and tables of servers that others wrote: the conformance suite, and a server that is killed.

use crate::emulator::{Emulator, Roto, run_python, virtual_environment};
use aws_types::{SdkConfig, region::Region};
use humangov_aws::{
    Clients,
    store::{DynamoDbStore, S3Store, StoreUrl},
};
use humangov_core::{
    address::{RunId, StackName},
    clock::Clock,
    store::{Lease, LockInfo, Recorded, Snapshot, StateStore},
    testing::{lease_race, store_suite},
    value::{Digest, Json},
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Makes a bucket and a table as the reference says.
pub const MAKE: &str = r"
import boto3, json
boto3.client('s3').create_bucket(Bucket='state')
boto3.client('dynamodb').create_table(
    TableName='state', BillingMode='PAY_PER_REQUEST',
    AttributeDefinitions=[{'AttributeName': name, 'AttributeType': 'S'} for name in ('store', 'name')],
    KeySchema=[{'AttributeName': 'store', 'KeyType': 'HASH'}, {'AttributeName': 'name', 'KeyType': 'RANGE'}])
print(json.dumps('made'))
";

/// Clients that talk to `url` and to nothing else.
async fn sdk(url: &str) -> SdkConfig {
    let credentials = aws_sdk_sts::config::Credentials::new("test", "test", None, None, "test");
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work)
}

fn keeps_state(url: &str) {
    run(async {
        let clients = async || Clients::new(&sdk(url).await);
        let s3 = async || S3Store::new(clients().await.s3, "state", "fleet/us-east-1");
        store_suite(&s3().await, &s3().await).await;
        lease_race(&[&s3().await, &s3().await], 10).await;
        let dynamodb = async || DynamoDbStore::new(clients().await.dynamodb, "state", "fleet/us-east-1");
        store_suite(&dynamodb().await, &dynamodb().await).await;
        lease_race(&[&dynamodb().await, &dynamodb().await], 10).await;
    });
}

#[test]
fn moto_keeps_state() {
    let moto = Emulator::moto();
    moto.boto3(MAKE);
    keeps_state(&moto.url());
}

#[test]
fn ministack_keeps_state() {
    let ministack = Emulator::ministack();
    ministack.boto3(MAKE);
    keeps_state(&ministack.url());
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

async fn lock(store: &dyn StateStore) -> Lease {
    let clock = Clock::system();
    store.lock(&stack(), &LockInfo::this_process("apply", clock.now()), &clock).await.unwrap()
}

#[test]
fn all_that_was_answered_is_there_after_the_server_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut roto = Roto::start(directory.path());
    run_python(&virtual_environment(), &roto.url(), &["-c", MAKE]).unwrap();
    for (round, url) in
        ["s3://state/a", "dynamodb://state", "s3://state/a", "dynamodb://state"].into_iter().enumerate()
    {
        let url: StoreUrl = url.parse().unwrap();
        let open = async |roto: &Roto| url.open(&sdk(&roto.url()).await, &["fleet", "us-east-1"]);
        let (id, answered) = (RunId::generate(), Arc::new(AtomicUsize::new(0)));
        // A run that writes its journal, for as long as anybody answers.
        let (token, version) = run(async {
            let store = open(&roto).await;
            let lease = lock(&*store).await;
            let before = store.load(&stack()).await.unwrap().map(|stored| stored.version);
            let saved = store.save(&lease, &snapshot(), before.as_ref()).await.unwrap();
            let counted = Arc::clone(&answered);
            let token = lease.token();
            let work = tokio::spawn(async move {
                let mut end = 0;
                for n in 0.. {
                    let Ok(now) = store.append_to_journal(&lease, id, end, format!("{n}\n").as_bytes()).await
                    else {
                        break;
                    };
                    end = now;
                    counted.store(n + 1, Ordering::SeqCst);
                }
            });
            while answered.load(Ordering::SeqCst) < 10 + round * 7 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            roto.kill();
            work.abort();
            drop(work.await);
            (token, saved)
        });
        let answered = answered.load(Ordering::SeqCst);
        roto = Roto::start(directory.path());
        run(async {
            let store = open(&roto).await;
            let loaded = store.load(&stack()).await.unwrap().unwrap();
            assert_eq!(Some(&loaded.version), version.as_ref());
            assert_eq!(loaded.value, Snapshot { lease: token, ..snapshot() });
            let log = store.journal(&stack(), id).await.unwrap().unwrap();
            let lines: Vec<String> =
                String::from_utf8(log.bytes).unwrap().lines().map(str::to_owned).collect();
            let all: Vec<String> = (0..lines.len()).map(|n| n.to_string()).collect();
            assert_eq!(lines, all, "in order, each once");
            assert!(
                (answered..=answered + 1).contains(&lines.len()),
                "{answered} answered, {} there",
                lines.len()
            );
            println!("{url}: {answered} appends answered before the kill, {} there after it", lines.len());
            let lease = lock(&*store).await;
            assert!(lease.token() > token);
            assert_eq!(lease.unfinished(), [id]);
            store.remove_journal(&stack(), id).await.unwrap();
            lease.release(Vec::new()).await.unwrap();
        });
    }
}
