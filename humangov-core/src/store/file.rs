// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`FileStore`]: one JSON file a stack in a directory.

use crate::{
    address::StackName,
    store::{Lease, LockInfo, Snapshot, StateStore, StoreError, StoreErrorKind, Version, Versioned},
    value::Digest,
};
use futures_util::future::BoxFuture;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Keeps each snapshot in `STACK.json` of a directory, and locks `STACK.lock` while somebody works.
///
/// A save is written beside, flushed to the disk and renamed over, so that a crash leaves the old file or the new one, whole.
/// The lock is the operating system's: it ends with the process, however that ends.
#[derive(Debug, Clone)]
pub struct FileStore {
    directory: PathBuf,
}

impl FileStore {
    /// A store in `directory`, which is made at the first save.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn snapshot_path(&self, stack: &StackName) -> PathBuf {
        self.directory.join(format!("{stack}.json"))
    }

    fn load_now(&self, stack: &StackName) -> Result<Option<Versioned<Snapshot>>, StoreError> {
        let path = self.snapshot_path(stack);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, error)),
        };
        let corrupt = |why: String| StoreError::new(StoreErrorKind::Corrupt(path.clone(), why));
        let head: Head = serde_json::from_slice(&bytes).map_err(|error| corrupt(error.to_string()))?;
        if head.format_version > Snapshot::FORMAT {
            return Err(StoreError::new(StoreErrorKind::TooNew(path, head.format_version)));
        }
        let value: Snapshot = serde_json::from_slice(&bytes).map_err(|error| corrupt(error.to_string()))?;
        if value.stack != *stack {
            return Err(corrupt(format!("it is of stack {}", value.stack)));
        }
        Ok(Some(Versioned { value, version: version(&bytes) }))
    }

    fn save_now(
        &self,
        snapshot: &Snapshot,
        expected: Option<&Version>,
    ) -> Result<Option<Version>, StoreError> {
        let path = self.snapshot_path(&snapshot.stack);
        let stored = match fs::read(&path) {
            Ok(bytes) => Some(version(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed("read", &path, error)),
        };
        if stored.as_ref() != expected {
            return Err(StoreError::new(StoreErrorKind::Conflict(snapshot.stack.clone())));
        }
        if snapshot.is_empty() {
            if stored.is_some() {
                fs::remove_file(&path).map_err(|error| failed("remove", &path, error))?;
                sync_directory(&self.directory)?;
            }
            return Ok(None);
        }
        let mut bytes = serde_json::to_vec_pretty(snapshot)
            .map_err(|error| StoreError::new(StoreErrorKind::Corrupt(path.clone(), error.to_string())))?;
        bytes.push(b'\n');
        fs::create_dir_all(&self.directory).map_err(|error| failed("create", &self.directory, error))?;
        let beside = self.directory.join(format!(".{}.json.new", snapshot.stack));
        let write = || -> io::Result<()> {
            let mut file = File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        };
        write().map_err(|error| failed("write", &path, error))?;
        sync_directory(&self.directory)?;
        Ok(Some(version(&bytes)))
    }

    fn lock_now(&self, stack: &StackName, info: &LockInfo) -> Result<Lease, StoreError> {
        fs::create_dir_all(&self.directory).map_err(|error| failed("create", &self.directory, error))?;
        let path = self.directory.join(format!("{stack}.lock"));
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| failed("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who holds it is a courtesy: that it is held is what counts.
                let info = file.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str(&text).ok());
                return Err(StoreError::new(StoreErrorKind::Locked { stack: stack.clone(), info }));
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path, error)),
        }
        let mut write = || -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(serde_json::to_string(info).unwrap_or_default().as_bytes())
        };
        write().map_err(|error| failed("write", &path, error))?;
        Ok(Lease::new(file))
    }

    fn list_now(&self) -> Result<Vec<StackName>, StoreError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &self.directory, error)),
        };
        let mut stacks = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| failed("read", &self.directory, error))?.file_name();
            if let Some(stack) = name.to_str().and_then(|name| name.strip_suffix(".json"))
                && let Ok(stack) = stack.parse()
            {
                stacks.push(stack);
            }
        }
        stacks.sort();
        Ok(stacks)
    }

    /// File calls block: they run on a thread of their own.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let store = self.clone();
        let directory = self.directory.clone();
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || work(&store)).await {
                Ok(result) => result,
                Err(error) => Err(failed("use", &directory, io::Error::other(error))),
            }
        })
    }
}

/// What every format begins with.
#[derive(serde::Deserialize)]
struct Head {
    format_version: u32,
}

fn version(bytes: &[u8]) -> Version {
    Version::new(Digest::of(bytes).to_string())
}

fn failed(what: &'static str, path: &Path, error: io::Error) -> StoreError {
    StoreError::new(StoreErrorKind::Io(what, path.to_owned())).with_source(error)
}

/// A rename is durable once the directory is.
fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| failed("flush", directory, error))?;
    }
    Ok(())
}

impl StateStore for FileStore {
    fn load<'a>(
        &'a self,
        stack: &'a StackName,
    ) -> BoxFuture<'a, Result<Option<Versioned<Snapshot>>, StoreError>> {
        let stack = stack.clone();
        self.blocking(move |store| store.load_now(&stack))
    }

    fn save<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        expected: Option<&'a Version>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        let (snapshot, expected) = (snapshot.clone(), expected.cloned());
        self.blocking(move |store| store.save_now(&snapshot, expected.as_ref()))
    }

    fn lock<'a>(
        &'a self,
        stack: &'a StackName,
        info: &'a LockInfo,
    ) -> BoxFuture<'a, Result<Lease, StoreError>> {
        let (stack, info) = (stack.clone(), info.clone());
        self.blocking(move |store| store.lock_now(&stack, &info))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<StackName>, StoreError>> {
        self.blocking(Self::list_now)
    }
}
