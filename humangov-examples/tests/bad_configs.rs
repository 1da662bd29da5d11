// SPDX-License-Identifier: MIT OR Apache-2.0
//! Configurations that cannot be used: each is refused with all its problems in one message, and calls nothing.
//!
//! `bad_configs/NAME.toml` is refused with what `bad_configs/NAME.txt` says. After a change that is meant, write the
//! texts anew with `UPDATE_EXPECTED=1 cargo test --test bad_configs`, and read the difference.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_configs")
}

/// Every configuration, by name.
fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    cases.sort();
    cases
}

fn humangov(words: &str, config: &Path, endpoint: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_humangov"))
        .args(words.split_whitespace())
        .arg("--config")
        .arg(config.file_name().unwrap())
        .current_dir(directory())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .unwrap()
}

#[test]
fn every_bad_configuration_is_refused_with_all_its_problems() {
    let mut wrong = Vec::new();
    for config in cases() {
        let name = config.file_stem().unwrap().display().to_string();
        let ran = humangov("validate", &config, "http://127.0.0.1:9");
        let told = String::from_utf8(ran.stderr).unwrap();
        assert_eq!((ran.status.code(), ran.stdout.len()), (Some(5), 0), "{name}: {told}");
        let expected = config.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, &told).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("{name} is told so now:\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_command_calls_anybody_with_a_bad_configuration() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    for config in cases() {
        let told = fs::read_to_string(config.with_extension("txt")).unwrap();
        for words in ["plan", "apply --yes", "destroy --yes --delete-data"] {
            let ran = humangov(words, &config, &endpoint);
            let name = config.display();
            assert_eq!(ran.status.code(), Some(5), "{words} {name}");
            assert_eq!(String::from_utf8(ran.stderr).unwrap(), told, "{words} {name}");
        }
    }
    let called = listener.accept().map(|(_, from)| from);
    assert_eq!(called.unwrap_err().kind(), ErrorKind::WouldBlock, "nobody connected");
}

#[test]
fn there_are_more_than_forty_and_many_have_several_problems() {
    let said = cases()
        .iter()
        .map(|config| fs::read_to_string(config.with_extension("txt")).unwrap())
        .collect::<Vec<_>>();
    assert!(said.len() > 40, "{}", said.len());
    assert!(said.iter().filter(|text| text.contains(" problems\n")).count() > 20);
}

#[test]
fn the_problems_are_data_too() {
    let ran = humangov("validate --json", Path::new("keys_misspelt.toml"), "http://127.0.0.1:9");
    assert_eq!(ran.status.code(), Some(5));
    let document: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(document["format_version"], 1);
    let error = &document["error"];
    assert_eq!((&error["code"], &error["exit"]), (&"config.invalid".into(), &"refused".into()));
    let misspelt =
        error["problems"].as_array().unwrap().iter().find(|problem| problem["key"] == "service.desird_count");
    let misspelt = misspelt.unwrap_or_else(|| panic!("{error:#}"));
    assert_eq!((&misspelt["line"], &misspelt["column"]), (&9.into(), &1.into()));
    assert_eq!(misspelt["message"], "unknown key; did you mean desired_count?");
}
