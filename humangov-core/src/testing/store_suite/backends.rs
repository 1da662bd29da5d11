// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a [`Backend`] promises.

use crate::store::{Backend, Log, Object, OnlyIf, Version};
use futures_util::future::join_all;

pub(super) async fn check<B: Backend>(store: &B, same: &B) {
    objects(store, same).await;
    contents(store, same).await;
    races(store, same).await;
    logs(store, same).await;
    removed_logs(store, same).await;
    long_logs(store, same).await;
    lists(store, same).await;
}

/// What is in an object or a log, all kinds of bytes of it.
fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at % 251).to_le_bytes()[0].wrapping_mul(7).wrapping_add(seed)).collect()
}

async fn get<B: Backend>(store: &B, name: &str) -> Option<Object> {
    store.get(name).await.expect("readable")
}

async fn put<B: Backend>(store: &B, name: &str, bytes: &[u8], only_if: OnlyIf<'_>) -> Option<Version> {
    store.put(name, bytes.to_vec(), only_if).await.expect("writable")
}

async fn remove<B: Backend>(store: &B, name: &str, version: &Version) -> bool {
    store.remove(name, version).await.expect("writable")
}

async fn append<B: Backend>(store: &B, log: &str, at: u64, bytes: &[u8]) -> Option<u64> {
    store.append(log, at, bytes).await.expect("writable")
}

async fn log<B: Backend>(store: &B, name: &str) -> Option<Log> {
    store.read_log(name).await.expect("readable")
}

async fn objects<B: Backend>(store: &B, same: &B) {
    let name = "objects.json";
    let never = Version::new("never");
    assert_eq!(get(store, name).await, None, "what was never put is not there");
    assert_eq!(put(store, name, b"x", OnlyIf::Is(&never)).await, None, "what is not there is no version");
    remove(store, name, &never).await;
    let first = put(store, name, b"one", OnlyIf::Absent).await.expect("it was not there");
    let read = Object { bytes: b"one".to_vec(), version: first.clone() };
    assert_eq!(get(same, name).await, Some(read), "what was put is read, with the version that was told");
    assert_eq!(put(same, name, b"two", OnlyIf::Absent).await, None, "it is there");
    assert_eq!(put(same, name, b"two", OnlyIf::Is(&never)).await, None, "it has another version");
    let second = put(same, name, b"two", OnlyIf::Is(&first)).await.expect("it has that version");
    assert_ne!(first, second, "another content has another version");
    assert_eq!(put(store, name, b"three", OnlyIf::Is(&first)).await, None, "it has another version by now");
    assert!(!remove(store, name, &first).await, "it has another version by now");
    let read = Object { bytes: b"two".to_vec(), version: second.clone() };
    assert_eq!(get(store, name).await, Some(read), "what was refused changed nothing");
    assert!(remove(store, name, &second).await, "it had that version");
    assert_eq!(get(same, name).await, None, "it is gone");
    remove(same, name, &second).await;
    assert_eq!(put(same, name, b"x", OnlyIf::Is(&second)).await, None, "what is gone has no version");
    put(same, name, b"four", OnlyIf::Absent).await.expect("it is gone");
}

async fn contents<B: Backend>(store: &B, same: &B) {
    let mut version = None;
    // Larger than what a database keeps in one item, and smaller again.
    for (seed, length) in (1..).zip([0, 1, 300_000, 1_100_000, 700_000, 12]) {
        let bytes = bytes(length, seed);
        let only_if = version.as_ref().map_or(OnlyIf::Absent, OnlyIf::Is);
        let written = put(store, "contents.json", &bytes, only_if).await.expect("the version is known");
        let read = get(same, "contents.json").await.expect("it was put");
        assert!(read.bytes == bytes, "{length} bytes are read as they were put");
        assert_eq!(read.version, written);
        version = Some(written);
    }
    assert!(remove(same, "contents.json", &version.expect("put")).await);
    assert_eq!(get(store, "contents.json").await, None);
}

async fn races<B: Backend>(store: &B, same: &B) {
    let put_first = |n: usize| {
        let store = if n.is_multiple_of(2) { store } else { same };
        async move { put(store, "race.json", &[u8::try_from(n).expect("few")], OnlyIf::Absent).await.map(|_| n) }
    };
    let won: Vec<usize> = join_all((0..16).map(put_first)).await.into_iter().flatten().collect();
    let [winner] = won[..] else { panic!("one of many writers wins, not {won:?}") };
    let read = get(store, "race.json").await.expect("somebody won").bytes;
    assert_eq!(read, [u8::try_from(winner).expect("few")], "what the winner wrote is there");
    put(store, "count", b"0", OnlyIf::Absent).await.expect("new");
    let count = |n: usize| {
        let store = if n.is_multiple_of(2) { store } else { same };
        async move {
            let mut counted = 0;
            while counted < 5 {
                let Object { bytes, version } = get(store, "count").await.expect("it is there");
                let now: u32 = String::from_utf8(bytes).expect("digits").parse().expect("a number");
                let more = (now + 1).to_string();
                counted +=
                    usize::from(put(store, "count", more.as_bytes(), OnlyIf::Is(&version)).await.is_some());
            }
        }
    };
    join_all((0..4).map(count)).await;
    assert_eq!(
        get(store, "count").await.expect("there").bytes,
        b"20",
        "no increment is lost, or counted twice"
    );
    let append_first = |n: u8| async move { append(store, "race.log", 0, &[n]).await.map(|_| n) };
    let won: Vec<u8> = join_all((0..16).map(append_first)).await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "one of many appends at one end is accepted");
    assert_eq!(log(same, "race.log").await.expect("begun").bytes, won, "and no other is there");
}

async fn logs<B: Backend>(store: &B, same: &B) {
    let name = "logs.log";
    assert_eq!(log(store, name).await, None, "what was never appended to is not there");
    let first = append(store, name, 0, b"one\n").await.expect("a new log ends at 0");
    assert!(first > 0, "it has grown");
    let read = Log { bytes: b"one\n".to_vec(), end: first };
    assert_eq!(log(same, name).await, Some(read.clone()), "what was appended is read, and where it ends");
    assert_eq!(append(same, name, 0, b"other\n").await, None, "it does not end there any more");
    assert_eq!(append(same, name, first + 1_000, b"x").await, None, "it does not end there yet");
    assert_eq!(log(store, name).await, Some(read), "what was refused changed nothing");
    assert_eq!(append(same, name, 0, b"one\n").await, Some(first), "what was appended already is found");
    let second = append(same, name, first, b"two\n").await.expect("it ends there");
    assert!(second > first, "it has grown");
    assert_eq!(append(store, name, first, b"2\n").await, None, "somebody else was quicker");
    for _ in 0..2 {
        assert_eq!(append(same, name, first, b"two\n").await, Some(second), "it is there once");
    }
    let third = append(store, name, second, b"three\n").await.expect("it ends there");
    let read = Log { bytes: b"one\ntwo\nthree\n".to_vec(), end: third };
    assert_eq!(log(same, name).await, Some(read), "all of it, in order");
}

async fn removed_logs<B: Backend>(store: &B, same: &B) {
    let name = "removed.log";
    store.remove_log(name).await.expect("what is not there is as good as removed");
    assert_eq!(append(store, name, 7, b"x").await, None, "a log that is not there ends nowhere but at 0");
    assert_eq!(log(store, name).await, None, "what was refused made no log");
    assert_eq!(store.list(name).await.expect("readable"), [""; 0], "nor is one listed");
    let first = append(store, name, 0, b"one\n").await.expect("new");
    let second = append(store, name, first, b"two\n").await.expect("it ends there");
    same.remove_log(name).await.expect("writable");
    assert_eq!(log(store, name).await, None, "it is gone");
    assert_eq!(
        append(store, name, second, b"three\n").await,
        None,
        "whoever knew its end learns that it is gone"
    );
    assert_eq!(log(same, name).await, None, "and brings nothing of it back");
    assert_eq!(store.list(name).await.expect("readable"), [""; 0], "nor is it listed");
    same.remove_log(name).await.expect("it may be removed again");
    let again = append(same, name, 0, b"new\n").await.expect("it may be begun again");
    assert_eq!(log(store, name).await, Some(Log { bytes: b"new\n".to_vec(), end: again }));
    same.remove_log(name).await.expect("writable");
}

async fn long_logs<B: Backend>(store: &B, same: &B) {
    let name = "long.log";
    // A plan of thousands of resources comes first, and then many small records.
    let mut written = bytes(1_100_000, 3);
    let mut end = append(store, name, 0, &written).await.expect("new");
    for n in 0..40 {
        let more = bytes(100, n);
        end = append(store, name, end, &more).await.expect("it ends there");
        written.extend(more);
    }
    let read = log(same, name).await.expect("there");
    assert!(read.bytes == written, "all of it, in order");
    assert_eq!(read.end, end);
    same.remove_log(name).await.expect("writable");
    assert_eq!(log(store, name).await, None, "all of it is gone");
}

async fn lists<B: Backend>(store: &B, same: &B) {
    for name in ["list-a.json", "list-a.b.log", "list-ab", "list-a_1", "liszt"] {
        if name.contains(".log") {
            let end = append(store, name, 0, b"one\n").await.expect("new");
            append(store, name, end, &bytes(800_000, 1)).await.expect("it ends there");
        } else {
            put(store, name, &bytes(500_000, 2), OnlyIf::Absent).await.expect("new");
        }
    }
    for (prefix, expected) in [
        ("list", &["list-a.b.log", "list-a.json", "list-a_1", "list-ab"][..]),
        ("list-a.", &["list-a.b.log", "list-a.json"]),
        ("list-ab", &["list-ab"]),
        ("lists", &[]),
    ] {
        let names = same.list(prefix).await.expect("readable");
        assert_eq!(names, expected, "what begins with {prefix}, each once, in order");
    }
    let all = same.list("").await.expect("readable");
    assert!(all.is_sorted() && all.iter().any(|name| name == "liszt") && all.len() > 5, "{all:?}");
    for name in all {
        match get(store, &name).await {
            Some(object) => assert!(remove(store, &name, &object.version).await, "nobody else is there"),
            None => store.remove_log(&name).await.expect("writable"),
        }
    }
    assert_eq!(same.list("").await.expect("readable"), [""; 0], "nothing is left of anything");
}
