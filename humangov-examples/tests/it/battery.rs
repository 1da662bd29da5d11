// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sandbox against AWS's documentation, and against servers that others wrote (`tests/battery`).

use crate::{
    emulator::{Emulator, run_python, virtual_environment},
    world::{World, config, text},
};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A sandbox that is served over HTTP until it is dropped.
pub struct Served {
    child: Child,
    url: String,
}

impl Served {
    /// Serves the sandbox of `world`.
    pub fn start(world: &World) -> Self {
        Self::start_with(world, "")
    }

    /// The same, with calls that go wrong.
    pub fn failing(world: &World, faults: &Value) -> Self {
        fs::write(world.path("faults.json"), faults.to_string()).unwrap();
        Self::start_with(world, "--sandbox-faults faults.json")
    }

    fn start_with(world: &World, flags: &str) -> Self {
        let words = format!("sandbox serve --port 0 --json {flags}");
        let mut child = world.command(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut document = String::new();
        let url = loop {
            document.push_str(&lines.next().unwrap().unwrap());
            if let Ok(document) = serde_json::from_str::<Value>(&document) {
                break text(&document["url"]).to_owned();
            }
        };
        Self { child, url }
    }

    /// Where it is served.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a Python script with boto3 against it, and parses what that prints as JSON.
    pub fn boto3(&self, script: &str) -> Value {
        run_python(&virtual_environment(), &self.url, &["-c", script]).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn battery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/battery")
}

/// Asks a server all probes; the answers are kept in `file`.
fn ask(url: &str, file: &Path) -> Vec<Value> {
    let script = battery().join("battery.py");
    let answers = run_python(&virtual_environment(), url, &[script.to_str().unwrap(), url]).unwrap();
    fs::write(file, answers.to_string()).unwrap();
    answers.as_array().unwrap().clone()
}

#[test]
fn the_sandbox_answers_as_aws_documents_it_and_every_disagreement_of_others_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let sandbox = {
        let world = World::sandbox(&config(&["california"], "v1", ""));
        ask(&Served::start(&world).url, &file("sandbox"))
    };
    assert!(sandbox.len() >= 250, "{} probes", sandbox.len());
    let wrong: Vec<&Value> = sandbox.iter().filter(|probe| probe["right"] != true).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    ask(&Emulator::moto().url(), &file("moto"));
    ask(&Emulator::ministack().url(), &file("ministack"));
    let compared = Command::new(virtual_environment())
        .arg("-B")
        .arg(battery().join("compare.py"))
        .args(["sandbox", "moto", "ministack"].map(file))
        .output()
        .unwrap();
    assert!(compared.status.success(), "{}", String::from_utf8_lossy(&compared.stderr));
    let table = String::from_utf8(compared.stdout).unwrap();
    println!("{} probes; {} lines in the table of disagreements", sandbox.len(), table.lines().count());
    let known = battery().join("disagreements.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&known, &table).unwrap();
    }
    let known = fs::read_to_string(known).unwrap();
    for line in table.lines().filter(|line| !known.lines().any(|known| known == *line)) {
        println!("new:  {line}");
    }
    for line in known.lines().filter(|line| !table.lines().any(|new| new == *line)) {
        println!("gone: {line}");
    }
    assert!(
        table == known,
        "disagreements.md is out of date; UPDATE_REFERENCE=1 writes it anew, then read what changed"
    );
}
