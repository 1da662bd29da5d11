// SPDX-License-Identifier: MIT OR Apache-2.0
//! The world in a file, so that one command after the other sees the same account.

use super::{Sandbox, SandboxOptions, world::World};
use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::Instant;

/// Of how many times what saving takes the next save is put off, so that it never takes much of a run. What is not saved yet when the
/// process is killed was done in no world that anybody sees later.
const PAUSE: u32 = 10;

/// A sandbox whose file cannot be used.
#[derive(Debug)]
pub struct SandboxError {
    kind: Kind,
    path: PathBuf,
}

#[derive(Debug)]
enum Kind {
    Busy,
    Read(io::Error),
    Write(io::Error),
    Damaged(serde_json::Error),
    Newer(u64),
}

impl SandboxError {
    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match self.kind {
            Kind::Busy => "sandbox.busy",
            Kind::Read(_) | Kind::Write(_) => "sandbox.io",
            Kind::Damaged(_) => "sandbox.damaged",
            Kind::Newer(_) => "sandbox.newer",
        }
    }

    /// Whether another process has the sandbox.
    pub fn is_busy(&self) -> bool {
        matches!(self.kind, Kind::Busy)
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            Kind::Busy => write!(f, "the sandbox {path} is in use by another process"),
            Kind::Read(_) => write!(f, "the sandbox {path} cannot be read"),
            Kind::Write(_) => write!(f, "the sandbox {path} cannot be written"),
            Kind::Damaged(_) => write!(f, "{path} is no sandbox"),
            Kind::Newer(format) => {
                write!(f, "the sandbox {path} has format {format}, this version reads {}", World::FORMAT)
            }
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Read(error) | Kind::Write(error) => Some(error),
            Kind::Damaged(error) => Some(error),
            Kind::Busy | Kind::Newer(_) => None,
        }
    }
}

/// The file, for as long as nobody else has it.
#[derive(Debug)]
pub(super) struct WorldFile {
    path: PathBuf,
    /// Held until the process ends, however it ends.
    _lock: File,
    dirty: bool,
    /// Whether somebody was asked to save it soon.
    asked: bool,
    saved: Option<Instant>,
    pause: Duration,
}

impl Sandbox {
    /// The sandbox in the file at `path`, or a new one like `options` if there is none. One that is there stays as it was made,
    /// but for the region of its clients and its clock.
    ///
    /// What calls change is written within a moment, and all of it by [`Sandbox::save`] and when the last clone is dropped. The
    /// file is replaced as a whole: a process that is killed leaves the old world or the new one.
    ///
    /// # Errors
    /// When another process has the sandbox, or the file cannot be read or is no sandbox of this version.
    pub fn open(path: impl Into<PathBuf>, options: &SandboxOptions) -> Result<Self, SandboxError> {
        let path = path.into();
        let fail = |kind| SandboxError { kind, path: path.clone() };
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            fs::create_dir_all(directory).map_err(|error| fail(Kind::Write(error)))?;
        }
        let lock = beside(&path, "lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock);
        let lock = lock.map_err(|error| fail(Kind::Write(error)))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => fail(Kind::Busy),
            fs::TryLockError::Error(error) => fail(Kind::Write(error)),
        })?;
        let world = match fs::read(&path) {
            Ok(bytes) => Some(read(&bytes).map_err(fail)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(fail(Kind::Read(error))),
        };
        // A new one is written even if nothing is done in it: how it behaves is to be found again.
        let dirty = world.is_none();
        let world = world.unwrap_or_else(|| options.world());
        let file = WorldFile { path, _lock: lock, dirty, asked: false, saved: None, pause: Duration::ZERO };
        Ok(Self::of(world, options, Some(file)))
    }
}

fn read(bytes: &[u8]) -> Result<World, Kind> {
    #[derive(serde::Deserialize)]
    struct Format {
        format_version: u64,
    }
    let format: Format = serde_json::from_slice(bytes).map_err(Kind::Damaged)?;
    if format.format_version > u64::from(World::FORMAT) {
        return Err(Kind::Newer(format.format_version));
    }
    serde_json::from_slice(bytes).map_err(Kind::Damaged)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

impl WorldFile {
    /// Notes that `world` changed, and saves it unless that was done a moment ago; then it tells after what time somebody has to
    /// ask for it to be saved, if nobody was told yet.
    pub(super) fn changed(&mut self, world: &World) -> Option<Duration> {
        self.dirty = true;
        if self.saved.is_some_and(|saved| saved.elapsed() < self.pause) {
            return (!std::mem::replace(&mut self.asked, true)).then_some(self.pause);
        }
        if let Err(error) = self.save(world, Durable::No) {
            // The call worked, in this world; the next save, or the last one, tells whoever can do something about it.
            tracing::warn!(%error, "the sandbox could not be saved");
        }
        None
    }

    /// Notes that the world changed; it is saved with the next change, or at the end.
    pub(super) fn mark(&mut self) {
        self.dirty = true;
    }

    /// Saves `world` if it changed since the last time: beside the file first, then in its place.
    pub(super) fn save(&mut self, world: &World, durable: Durable) -> Result<(), SandboxError> {
        self.asked = false;
        if !self.dirty {
            return Ok(());
        }
        let begun = Instant::now();
        self.replace(world, durable)
            .map_err(|error| SandboxError { kind: Kind::Write(error), path: self.path.clone() })?;
        self.dirty = false;
        self.pause = PAUSE * begun.elapsed();
        self.saved = Some(Instant::now());
        Ok(())
    }

    fn replace(&self, world: &World, durable: Durable) -> io::Result<()> {
        let text = serde_json::to_vec(world).map_err(io::Error::other)?;
        let new = beside(&self.path, "new");
        let mut file = File::create(&new)?;
        file.write_all(&text)?;
        if durable == Durable::Yes {
            file.sync_all()?;
        }
        drop(file);
        fs::rename(&new, &self.path)?;
        if durable == Durable::Yes {
            let directory = self.path.parent().filter(|directory| !directory.as_os_str().is_empty());
            File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }
}

/// What a save is to outlive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    /// This process, however it ends.
    No,
    /// The machine as well.
    Yes,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::ImageFailure;

    fn options() -> SandboxOptions {
        SandboxOptions::default()
    }

    #[test]
    fn a_world_is_had_by_one_at_a_time_and_found_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("deep/sandbox.json");
        let sandbox = Sandbox::open(&path, &options()).expect("a sandbox");
        assert!(Sandbox::open(&path, &options()).expect_err("it is in use").is_busy());
        sandbox.save().expect("saved");
        let saved = fs::read(&path).expect("a new one is there at once");
        sandbox.fail_image(ImageFailure::unhealthy("x"));
        drop(sandbox);
        assert!(fs::read(&path).expect("there") != saved, "what was set is kept");
        assert!(Sandbox::open(&path, &options()).is_ok());
    }

    #[test]
    fn what_is_no_sandbox_is_not_touched() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("sandbox.json");
        for (text, code) in [("{", "sandbox.damaged"), ("{\"format_version\": 99}", "sandbox.newer")] {
            fs::write(&path, text).expect("written");
            assert_eq!(Sandbox::open(&path, &options()).expect_err("not usable").code(), code);
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
    }
}
