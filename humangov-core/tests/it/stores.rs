// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stores: the suite, and what is special about files.

use crate::{
    resent::Resent,
    world::{california, fleet},
};
use humangov_core::{
    address::RunId,
    clock::Clock,
    store::{
        FileStore, Lease, LockInfo, Log, MemoryStore, Recorded, Snapshot, StateStore, StoreError,
        StoreErrorKind,
    },
    testing::{lease_race, run_race, state_suite, store_suite},
    value::{Digest, Json},
};
use serde_json::json;
use std::{error::Error, fs, path::Path, sync::Arc};

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::empty(fleet(), california());
    let record = Recorded::new(Digest::of(b""), Json::from(&json!({})), Json::from(&json!({"id": "a"})));
    snapshot.resources.insert("test.thing/a".parse().unwrap(), record);
    snapshot
}

async fn lock(store: &FileStore) -> Lease {
    let info = LockInfo::this_process("apply", jiff::Timestamp::UNIX_EPOCH);
    store.lock(&california(), &info, &Clock::system()).await.unwrap()
}

#[tokio::test]
async fn a_memory_store_does_what_stores_do() {
    let store = MemoryStore::new();
    store_suite(&store, &store.clone()).await;
}

#[tokio::test]
async fn no_lost_answer_makes_a_store_forget_its_own_writes() {
    let store = Resent(MemoryStore::new());
    state_suite(&store, &store.clone()).await;
}

#[tokio::test]
async fn a_file_store_does_what_stores_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/when/needed");
    store_suite(&FileStore::new(&path), &FileStore::new(&path)).await;
}

#[tokio::test]
async fn of_two_runners_one_works_at_a_time() {
    let memory = MemoryStore::new();
    lease_race(&[&memory, &memory.clone()], 100).await;
    let directory = tempfile::tempdir().unwrap();
    let store = || FileStore::new(directory.path());
    let order = lease_race(&[&store(), &store()], 100).await;
    let changes = order.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes > 10, "they race, {changes} times: {order:?}");
}

#[tokio::test]
async fn of_two_runs_one_works_at_a_time_and_none_goes_on_without_its_lease() {
    let memory = MemoryStore::new();
    run_race([Arc::new(memory.clone()), Arc::new(memory)], 100).await;
    let directory = tempfile::tempdir().unwrap();
    let store = || Arc::new(FileStore::new(directory.path()));
    run_race([store(), store()], 100).await;
}

#[tokio::test]
async fn a_file_store_that_was_never_written_makes_no_directory_to_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none");
    let store = FileStore::new(&path);
    assert!(store.load(&california()).await.unwrap().is_none());
    assert!(StateStore::stacks(&store).await.unwrap().is_empty());
    store.remove_journal(&california(), RunId::from_u128(1)).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_broken_file_is_told_with_its_path_and_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let path = directory.path().join("california.json");
    let lease = lock(&store).await;
    let other = serde_json::to_string(&Snapshot { stack: "texas".parse().unwrap(), ..snapshot() }).unwrap();
    for (broken, why) in [
        ("{\"format_version\": 1, \"fle", "EOF while parsing"),
        ("", "EOF while parsing"),
        ("{\"format_version\": 1}", "missing field `fleet`"),
        (other.as_str(), "it is of stack texas"),
    ] {
        fs::write(&path, broken).unwrap();
        let error = store.load(&california()).await.unwrap_err();
        assert_eq!(error.code(), "store.corrupt");
        let text = error.to_string();
        assert!(text.contains(&path.display().to_string()) && text.contains(why), "{text}");
        let refused = store.save(&lease, &snapshot(), None).await.unwrap_err();
        assert_eq!(refused.code(), "store.conflict");
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_whatever_is_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let path = directory.path().join("california.json");
    fs::write(&path, r#"{"format_version": 7, "everything": "is different"}"#).unwrap();
    let error = store.load(&california()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.kind()),
        ("store.too_new", &StoreErrorKind::TooNew(path.display().to_string(), 7))
    );
    assert_eq!(error.to_string(), format!("{} has format 7; a newer humangov wrote it", path.display()));
}

/// Lets writes to a file of this name meet a full disk: the system's own.
#[cfg(target_os = "linux")]
fn fill_up(path: &Path) {
    std::os::unix::fs::symlink("/dev/full", path).unwrap();
}

fn assert_full(error: &StoreError, what: &str, path: &Path) {
    assert_eq!(
        (error.code(), error.to_string()),
        ("store.io", format!("could not {what} {}", path.display()))
    );
    let source = error.source().unwrap().to_string();
    assert!(source.contains("No space left on device"), "the system's own words are the source: {source}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing_that_was_saved() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let lease = lock(&store).await;
    let version = store.save(&lease, &snapshot(), None).await.unwrap();
    let path = directory.path().join("california.json");
    let old = fs::read(&path).unwrap();
    fill_up(&directory.path().join(".california.json.new"));
    let mut changed = snapshot();
    changed.exports.insert("id".to_owned(), json!("a"));
    assert_full(&store.save(&lease, &changed, version.as_ref()).await.unwrap_err(), "write", &path);
    assert_eq!(fs::read(&path).unwrap(), old);
    let names = humangov_core::store::Backend::list(&store, "").await.unwrap();
    assert_eq!(names, ["california.json", "california.lock"], "what could not be written takes up no room");
    // Once there is room, the same save works.
    store.save(&lease, &changed, version.as_ref()).await.unwrap().unwrap();
    assert_eq!(store.load(&california()).await.unwrap().unwrap().value.exports["id"], json!("a"));
    // Nor is a lock lost that could not be renewed or given up.
    fill_up(&directory.path().join(".california.lock.new"));
    let error = lease.release(Vec::new()).await.unwrap_err();
    assert_full(&error, "write", &directory.path().join("california.lock"));
    lock(&store).await.release(Vec::new()).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_journal_that_meets_a_full_disk_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let (lease, run) = (lock(&store).await, RunId::from_u128(1));
    let path = directory.path().join(format!("california.{run}.journal"));
    fill_up(&path);
    assert_full(&store.append_to_journal(&lease, run, 0, b"one\n").await.unwrap_err(), "append to", &path);
    fs::remove_file(&path).unwrap();
    let end = store.append_to_journal(&lease, run, 0, b"one\n").await.unwrap();
    assert_eq!(store.journal(&california(), run).await.unwrap(), Some(Log { bytes: b"one\n".to_vec(), end }));
}

#[tokio::test]
async fn a_journal_that_was_cut_off_anywhere_can_be_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let whole = b"first\nsecond\n";
    for cut in 0..=whole.len() {
        let (lease, run) = (lock(&store).await, RunId::from_u128(cut as u128));
        let end = store.append_to_journal(&lease, run, 0, &whole[..6]).await.unwrap();
        store.append_to_journal(&lease, run, end, &whole[6..]).await.unwrap();
        // As after a machine lost power while it was being written. The lease is nobody's then.
        let path = directory.path().join(format!("california.{run}.journal"));
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(cut as u64).unwrap();
        drop(lease);
        let lease = lock(&store).await;
        assert_eq!(lease.unfinished(), [run]);
        let log = store.journal(&california(), run).await.unwrap().unwrap();
        assert!(log.bytes.starts_with(&whole[..cut]), "all that is left is read");
        assert_eq!(log.bytes[cut..], *b"\n", "and what was cut off is ended");
        store.append_to_journal(&lease, run, log.end, b"taken up\n").await.unwrap();
        let log = store.journal(&california(), run).await.unwrap().unwrap();
        assert!(log.bytes.ends_with(b"\ntaken up\n"));
        store.remove_journal(&california(), run).await.unwrap();
        lease.release(Vec::new()).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_is_no_directory_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "").unwrap();
    let store = FileStore::new(&path);
    let info = LockInfo::this_process("apply", jiff::Timestamp::UNIX_EPOCH);
    let error = store.lock(&california(), &info, &Clock::system()).await.unwrap_err();
    assert_eq!(error.code(), "store.io");
    assert_eq!(StateStore::stacks(&store).await.unwrap_err().code(), "store.io");
}

#[tokio::test]
async fn only_stacks_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let lease = lock(&store).await;
    store.save(&lease, &snapshot(), None).await.unwrap();
    for name in [".texas.json.new", "texas.lock", "README.json.bak", "Not A Stack.json"] {
        fs::write(directory.path().join(name), "").unwrap();
    }
    fs::create_dir(directory.path().join("ohio.json")).unwrap();
    assert_eq!(StateStore::stacks(&store).await.unwrap(), [california()]);
    let run = RunId::from_u128(1);
    fs::write(directory.path().join(format!("utah.{run}.journal")), "").unwrap();
    assert_eq!(StateStore::stacks(&store).await.unwrap(), [california(), "utah".parse().unwrap()]);
}

#[tokio::test]
async fn a_lock_that_was_removed_by_hand_is_made_again_after_what_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    for _ in 0..3 {
        lock(&store).await.release(Vec::new()).await.unwrap();
    }
    let (lease, run) = (lock(&store).await, RunId::from_u128(1));
    let version = store.save(&lease, &snapshot(), None).await.unwrap();
    lease.release(Vec::new()).await.unwrap();
    fs::remove_file(directory.path().join("california.lock")).unwrap();
    let lease = lock(&store).await;
    let untold = 1 << 32;
    assert_eq!(lease.token(), 4 + untold + 1, "greater than that of any lease before, saved under or not");
    store.save(&lease, &snapshot(), version.as_ref()).await.unwrap().unwrap();
    store.append_to_journal(&lease, run, 0, b"one\n").await.unwrap();
    drop(lease);
    fs::remove_file(directory.path().join("california.lock")).unwrap();
    let now = Clock::system().now();
    assert_eq!(store.lock_of(&california(), now).await.unwrap().unwrap().unfinished, [run]);
    let lease = lock(&store).await;
    let token = 4 + 2 * untold + 2;
    assert_eq!(
        (lease.token(), lease.unfinished()),
        (token, &[run][..]),
        "journals tell of runs all the same"
    );
}

#[tokio::test]
async fn a_lock_that_is_damaged_keeps_everybody_out_until_it_is_broken() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let (first, run) = (lock(&store).await, RunId::from_u128(1));
    let version = store.save(&first, &snapshot(), None).await.unwrap();
    let end = store.append_to_journal(&first, run, 0, b"one\n").await.unwrap();
    let (path, info) = (
        directory.path().join("california.lock"),
        LockInfo::this_process("apply", jiff::Timestamp::UNIX_EPOCH),
    );
    for broken in ["", "{\"format_version\": 1, \"tok", "[]"] {
        fs::write(&path, broken).unwrap();
        let error = store.lock(&california(), &info, &Clock::system()).await.unwrap_err();
        assert_eq!(error.code(), "store.corrupt_lock");
        let told = format!("the lock of stack california, {}, is damaged", path.display());
        assert!(error.to_string().starts_with(&told), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
    let now = Clock::system().now();
    assert_eq!(store.break_lock(&california(), None, now).await.unwrap(), None, "who held it is not known");
    let second = lock(&store).await;
    assert_eq!(second.unfinished(), [run], "what they had begun is");
    assert!(second.token() > first.token() + 1);
    // They may be at work still, and can write nothing more.
    for refused in [
        store.save(&first, &snapshot(), version.as_ref()).await.unwrap_err(),
        store.append_to_journal(&first, run, end, b"two\n").await.unwrap_err(),
        store.append_to_journal(&first, RunId::from_u128(2), 0, b"one\n").await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), "store.lease_lost");
    }
    // One that a newer version wrote is not damaged.
    fs::write(&path, r#"{"format_version": 7}"#).unwrap();
    assert_eq!(store.break_lock(&california(), None, now).await.unwrap_err().code(), "store.too_new");
}

#[tokio::test]
async fn a_lock_written_by_the_first_version_is_read_for_ever() {
    // Never change this text: files like it are out there.
    let text = include_str!("golden/lock-v1.json");
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("california.lock"), text).unwrap();
    let store = FileStore::new(directory.path());
    let lock = store.lock_of(&california(), "2026-07-01T12:00:20Z".parse().unwrap()).await.unwrap().unwrap();
    let info = lock.info.as_ref().unwrap();
    let (holder, operation) = (info.holder.as_str(), info.operation.as_str());
    assert_eq!((holder, info.process, operation), ("ana@laptop", 4242, "apply"));
    let runs = ["01a21712-4b89-7140-8279-b10fd347e528", "01a21712-4b89-7140-8279-b10fd347e530"];
    assert_eq!((lock.token, lock.is_held()), (7, true));
    assert_eq!(lock.unfinished.iter().map(ToString::to_string).collect::<Vec<_>>(), runs);
    // Once it has run out, it is taken over.
    let later = Clock::fixed("2026-07-01T12:01:00Z".parse().unwrap());
    let lease =
        store.lock(&california(), &LockInfo::this_process("apply", later.now()), &later).await.unwrap();
    assert_eq!(lease.token(), 8);
}

#[tokio::test]
async fn a_snapshot_written_by_the_first_version_is_read_for_ever() {
    // Never change this text: files like it are out there.
    let text = include_str!("golden/snapshot-v1.json");
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("california.json"), text).unwrap();
    let loaded = FileStore::new(directory.path()).load(&california()).await.unwrap().unwrap().value;
    assert_eq!(loaded.resources.len(), 2);
    let a = &loaded.resources["test.thing/a"];
    assert_eq!((a.deposed.len(), a.dependencies.len(), a.holds_data), (1, 0, false));
    assert_eq!(loaded.resources["test.thing/b"].dependencies, ["test.thing/a".parse().unwrap()]);
    assert_eq!(loaded.exports["id"], json!("thing-b"));
}
