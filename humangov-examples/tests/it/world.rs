// SPDX-License-Identifier: MIT OR Apache-2.0
//! One user's directory: a configuration, the state it makes, and the `humangov` command run in it.

use crate::emulator::client_environment;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
};

/// A configuration with its own directory, pointed at an endpoint or at a sandbox in the directory.
pub struct World {
    directory: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

/// What a command ended with.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// States, an image tag and whatever else the configuration should say.
    pub fn new(endpoint: &str, config: &str) -> Self {
        Self::with(client_environment(endpoint), config)
    }

    /// The same with a sandbox in the directory, in which nothing takes time.
    pub fn sandbox(config: &str) -> Self {
        let world = Self::with(vec![("HUMANGOV_SANDBOX", "sandbox.json".to_owned())], config);
        world.expect(0, "sandbox reset --timing instant");
        world
    }

    /// The same, with its state kept where `url` says instead of in the directory.
    #[must_use]
    pub fn with_state(mut self, url: &str) -> Self {
        self.environment.push(("HUMANGOV_STATE", url.to_owned()));
        self
    }

    fn with(environment: Vec<(&'static str, String)>, config: &str) -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap(), environment };
        world.configure(config);
        world
    }

    /// Replaces the configuration.
    pub fn configure(&self, config: &str) {
        fs::write(self.directory.path().join("humangov.toml"), config).unwrap();
    }

    /// A file of this user's directory.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// `humangov` with these words, as a script would call it: no terminal, nothing on standard input.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_humangov"));
        command
            .args(words.split_whitespace())
            .current_dir(self.directory.path())
            .env_remove("CI")
            .env("USER", "ana")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs `humangov` with these words.
    pub fn run(&self, words: &str) -> Ran {
        let output = self.command(words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs `humangov`, which must end with `code`.
    #[track_caller]
    pub fn expect(&self, code: i32, words: &str) -> Ran {
        let ran = self.run(words);
        assert_eq!(
            ran.code, code,
            "humangov {words}\n--- stdout\n{}\n--- stderr\n{}",
            ran.stdout, ran.stderr
        );
        ran
    }

    /// Every resource that `status --json` lists, by `stack kind/name`.
    pub fn status(&self) -> BTreeMap<String, Value> {
        let ran = self.expect(0, "status --json");
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let resources =
            document["resources"].as_array().unwrap_or_else(|| panic!("no resources in {document:#}"));
        resources
            .iter()
            .map(|r| (format!("{} {}", text(&r["stack"]), text(&r["address"])), r.clone()))
            .collect()
    }
}

/// A JSON string's text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A configuration for `states` with images of `tag`, and `more`.
pub fn config(states: &[&str], tag: &str, more: &str) -> String {
    let repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov";
    format!(
        "states = {states:?}\n[fleet]\nname = \"humangov\"\nregion = \"us-east-1\"\n\
         [images]\napp = \"{repository}/app:{tag}\"\nnginx = \"{repository}/nginx:v1\"\n{more}"
    )
}
