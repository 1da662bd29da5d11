// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stores: the suite, and what is special about files.

use crate::world::{california, fleet};
use humangov_core::{
    store::{FileStore, LockInfo, MemoryStore, Recorded, Snapshot, StateStore, StoreErrorKind},
    testing::store_suite,
    value::{Digest, Json},
};
use serde_json::json;
use std::{error::Error, fs};

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::empty(fleet(), california());
    let record = Recorded::new(Digest::of(b""), Json::from(&json!({})), Json::from(&json!({"id": "a"})));
    snapshot.resources.insert("test.thing/a".parse().unwrap(), record);
    snapshot
}

#[tokio::test]
async fn a_memory_store_does_what_stores_do() {
    let store = MemoryStore::new();
    store_suite(&store, &store.clone()).await;
}

#[tokio::test]
async fn a_file_store_does_what_stores_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/when/needed");
    store_suite(&FileStore::new(&path), &FileStore::new(&path)).await;
}

#[tokio::test]
async fn a_file_store_that_was_never_written_makes_no_directory_to_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none");
    let store = FileStore::new(&path);
    assert!(store.load(&california()).await.unwrap().is_none());
    assert!(store.list().await.unwrap().is_empty());
    assert!(!path.exists());
}

#[tokio::test]
async fn a_broken_file_is_told_with_its_path_and_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let path = directory.path().join("california.json");
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
        let refused = store.save(&snapshot(), None).await.unwrap_err();
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
    assert_eq!((error.code(), error.kind()), ("store.too_new", &StoreErrorKind::TooNew(path.clone(), 7)));
    assert_eq!(
        error.to_string(),
        format!("the snapshot {} has format 7; a newer humangov wrote it", path.display())
    );
}

#[tokio::test]
async fn a_save_that_cannot_be_written_says_so_and_leaves_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let version = store.save(&snapshot(), None).await.unwrap().unwrap();
    let path = directory.path().join("california.json");
    let old = fs::read(&path).unwrap();
    // Where the new file is written first there is a directory: refused even to root, which tests may run as.
    fs::create_dir(directory.path().join(".california.json.new")).unwrap();
    let mut changed = snapshot();
    changed.exports.insert("id".to_owned(), json!("a"));
    let error = store.save(&changed, Some(&version)).await.unwrap_err();
    assert_eq!(error.code(), "store.io");
    assert_eq!(error.to_string(), format!("could not write {}", path.display()));
    assert!(error.source().is_some(), "the system's own words are the source");
    assert_eq!(fs::read(&path).unwrap(), old);
}

#[tokio::test]
async fn a_store_that_is_no_directory_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "").unwrap();
    let store = FileStore::new(&path);
    let info = LockInfo::this_process("apply", jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(store.save(&snapshot(), None).await.unwrap_err().code(), "store.io");
    assert_eq!(store.lock(&california(), &info).await.unwrap_err().code(), "store.io");
    assert_eq!(store.list().await.unwrap_err().code(), "store.io");
}

#[tokio::test]
async fn only_snapshots_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    store.save(&snapshot(), None).await.unwrap();
    for name in [".texas.json.new", "texas.lock", "README.json.bak", "Not A Stack.json"] {
        fs::write(directory.path().join(name), "").unwrap();
    }
    assert_eq!(store.list().await.unwrap(), [california()]);
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
