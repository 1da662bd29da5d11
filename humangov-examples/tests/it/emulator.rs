// SPDX-License-Identifier: MIT OR Apache-2.0
//! One emulator process per test, from a virtual environment that is made once per target directory.
//!
//! `python3` is the only prerequisite. The emulators come from the package index on the first run.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A task definition whose family, or an image of which, contains this starts tasks that exit (moto).
pub const FAIL_MARKER: &str = "broken";
/// A task definition with an image that contains this starts tasks that never get their image (moto).
pub const NO_IMAGE_MARKER: &str = "no-such-image";

/// Start-up takes 1 to 3 seconds on an idle machine; the test machines are not idle.
const START_UP: Duration = Duration::from_mins(2);

/// A running AWS emulator with an empty account, stopped on drop and when this process ends in any other way.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    port: u16,
    python: PathBuf,
    /// Home and temporary directory of the server, and its log.
    home: TempDir,
}

impl Emulator {
    /// moto, patched so that time passes and what is in use stays (`tests/emulators/moto_server.py`).
    pub fn moto() -> Self {
        Self::start("moto", &[])
    }

    /// moto with settings of its start-up patch, such as `EMULATOR_POLLS`.
    pub fn moto_with(settings: &[(&str, &str)]) -> Self {
        Self::start("moto", settings)
    }

    /// ministack as it is: more of it is served, less is refused, and it has no Application Auto Scaling.
    pub fn ministack() -> Self {
        Self::start("ministack", &[])
    }

    fn start(server: &str, settings: &[(&str, &str)]) -> Self {
        let python = virtual_environment();
        let home = tempfile::tempdir().unwrap();
        let log = File::create(home.path().join("log")).unwrap();
        let mut child = Command::new(&python)
            .arg(scripts().join("run.py"))
            .arg(server)
            .env_clear()
            .envs(std::env::var("PATH").map(|path| ("PATH", path)))
            .envs([("HOME", home.path()), ("TMPDIR", home.path())])
            .envs([("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1")])
            .envs([("EMULATOR_FAIL_MARKER", FAIL_MARKER), ("EMULATOR_NO_IMAGE_MARKER", NO_IMAGE_MARKER)])
            .envs(settings.iter().copied())
            // Never written to: the server exits when it sees the end of this pipe.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            ready.read_line(&mut line).ok();
            sender.send(line)
        });
        let line = receiver.recv_timeout(START_UP).unwrap_or_default();
        let mut emulator = Self { child, port: 0, python, home };
        emulator.port =
            line.trim().parse().unwrap_or_else(|_| panic!("{server} did not start:\n{}", emulator.log()));
        emulator
    }

    /// The address of the server, for direct calls.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the server wrote so far: its requests and its own errors.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// Runs a Python script with boto3 against the server, and parses what it prints as JSON.
    pub fn boto3(&self, script: &str) -> Value {
        self.boto3_at(&self.url(), script)
    }

    /// Like [`Self::boto3`], at another address (a proxy's).
    pub fn boto3_at(&self, endpoint: &str, script: &str) -> Value {
        self.run_python(endpoint, &["-c", script])
    }

    /// Everything the fleet has in the account, by kind, as boto3 sees it (`tests/emulators/look.py`).
    pub fn look(&self, fleet: &str) -> Value {
        self.run_python(&self.url(), &[scripts().join("look.py").to_str().unwrap(), fleet])
    }

    fn run_python(&self, endpoint: &str, arguments: &[&str]) -> Value {
        run_python(&self.python, endpoint, arguments)
            .unwrap_or_else(|error| panic!("{error}\nserver log:\n{}", last_lines(&self.log(), 40)))
    }
}

/// A server of S3 and DynamoDB that keeps everything in a directory, and has it on the disk before it answers.
#[derive(Debug)]
pub struct Roto {
    child: Child,
    port: u16,
}

impl Roto {
    /// Starts it over what is in `directory`.
    pub fn start(directory: &Path) -> Self {
        let server = virtual_environment().with_file_name("roto-server");
        // Somebody else may take the port before the server does; then it ends, and another one is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut child = Command::new(&server)
                .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--durable", "--data-dir"])
                .arg(directory)
                .env_clear()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let deadline = Instant::now() + START_UP;
            while child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { child, port };
                }
                assert!(Instant::now() < deadline, "roto did not start");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        panic!("roto did not start");
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Roto {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The environment that points any AWS client, boto3 or our command, at `endpoint` and at nothing of this machine.
pub fn client_environment(endpoint: &str) -> Vec<(&'static str, String)> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "127.0.0.1"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// Runs a Python script with its AWS clients pointed at `endpoint`, and parses what it prints as JSON.
pub fn run_python(python: &Path, endpoint: &str, arguments: &[&str]) -> Result<Value, String> {
    let output = Command::new(python)
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(client_environment(endpoint))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("python failed:\n{said}"));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error} in {}\n{said}", String::from_utf8_lossy(&output.stdout)))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulators")
}

/// The interpreter of the virtual environment that holds `requirements.txt`, made if it is not there yet.
///
/// Test processes run side by side, so all of it happens under a file lock. The directory is named after the
/// requirements: changing them makes a new one.
pub fn virtual_environment() -> PathBuf {
    let requirements = scripts().join("requirements.txt");
    let digest = fnv1a(&fs::read(&requirements).unwrap());
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("emulators");
    let home = base.join(format!("venv-{digest:016x}"));
    let (python, complete) = (home.join("bin/python"), home.join("complete"));
    fs::create_dir_all(&base).unwrap();
    let lock = File::create(base.join("lock")).unwrap();
    lock.lock().unwrap();
    if !complete.exists() {
        // What an interrupted run left behind is of no use.
        fs::remove_dir_all(&home).ok();
        run(Command::new("python3").args(["-m", "venv"]).arg(&home));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&requirements));
        File::create(complete).unwrap();
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// FNV-1a: the standard library promises no hash that stays the same from one release to the next.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn a_server_dies_with_the_process_that_started_it() {
    let mut ministack = Emulator::ministack();
    // What the kernel does to the pipe when a process ends, however it ends.
    drop(ministack.child.stdin.take());
    assert!(ministack.child.wait().unwrap().success());
}
