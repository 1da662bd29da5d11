// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`FileStore`]: a directory of files.

use crate::{
    store::{Backend, Log, Object, OnlyIf, StoreError, Version},
    value::Digest,
};
use futures_util::future::BoxFuture;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Keeps each object and each log in a file of a directory: `STACK.json` is the snapshot, `STACK.lock` tells who works,
/// `STACK.RUN.journal` is the journal of a run that has not ended.
///
/// An object is written beside, flushed to the disk and renamed over, so that a crash leaves the old one or the new one, whole. A
/// log is appended to and flushed. Writers of one directory exclude each other by a lock of the operating system for the
/// milliseconds that takes; it ends with the process, however that ends.
#[derive(Debug, Clone)]
pub struct FileStore {
    directory: PathBuf,
}

/// The file by whose lock writers exclude each other.
const WRITING: &str = ".writing";

impl FileStore {
    /// A store in `directory`, which is made at the first write.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Excludes other writers until what it returns is dropped.
    fn writing(&self) -> Result<File, StoreError> {
        make_directory(&self.directory).map_err(|error| failed("create", &self.directory, error))?;
        let path = self.path(WRITING);
        let open = || -> io::Result<File> {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|error| failed("lock", &path, error))
    }

    fn get_now(&self, name: &str) -> Result<Option<Object>, StoreError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(Object { version: version(&bytes), bytes })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path, error)),
        }
    }

    fn put_now(
        &self,
        name: &str,
        bytes: &[u8],
        expected: Option<&Version>,
    ) -> Result<Option<Version>, StoreError> {
        let _writing = self.writing()?;
        if self.get_now(name)?.map(|object| object.version).as_ref() != expected {
            return Ok(None);
        }
        let (path, beside) = (self.path(name), self.path(&format!(".{name}.new")));
        let write = || -> io::Result<()> {
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        };
        write().map_err(|error| {
            // It takes up room, perhaps the last there is.
            drop(fs::remove_file(&beside));
            failed("write", &path, error)
        })?;
        sync_directory(&self.directory)?;
        Ok(Some(version(bytes)))
    }

    fn remove_now(&self, name: &str, expected: &Version) -> Result<bool, StoreError> {
        let _writing = self.writing()?;
        if self.get_now(name)?.is_none_or(|object| object.version != *expected) {
            return Ok(false);
        }
        let path = self.path(name);
        fs::remove_file(&path).map_err(|error| failed("remove", &path, error))?;
        sync_directory(&self.directory)?;
        Ok(true)
    }

    fn list_now(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &self.directory, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| failed("read", &self.directory, error))?;
            let name = entry.file_name();
            if let Some(name) =
                name.to_str().filter(|name| name.starts_with(prefix) && !name.starts_with('.'))
                && !entry.file_type().is_ok_and(|kind| kind.is_dir())
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn append_now(&self, log: &str, at: u64, bytes: &[u8]) -> Result<Option<u64>, StoreError> {
        let _writing = self.writing()?;
        let path = self.path(log);
        let open = OpenOptions::new().create(at == 0).truncate(false).read(true).write(true).open(&path);
        let mut file = match open {
            Ok(file) => file,
            // Somebody else has removed it.
            Err(error) if at > 0 && error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("append to", &path, error)),
        };
        let mut write = || -> io::Result<Option<u64>> {
            let end = append_to(&mut file, at, bytes)?;
            // Whether an earlier try came this far is not known.
            if at == 0 && end.is_some() {
                sync(&self.directory)?;
            }
            Ok(end)
        };
        write().map_err(|error| failed("append to", &path, error))
    }

    fn read_log_now(&self, log: &str) -> Result<Option<Log>, StoreError> {
        Ok(self.get_now(log)?.map(|object| Log { end: object.bytes.len() as u64, bytes: object.bytes }))
    }

    fn remove_log_now(&self, log: &str) -> Result<(), StoreError> {
        let path = self.path(log);
        if matches!(path.try_exists(), Ok(false)) {
            return Ok(());
        }
        // Nobody may be appending to it meanwhile, and believe that what they wrote is there.
        let _writing = self.writing()?;
        match fs::remove_file(&path) {
            Ok(()) => sync_directory(&self.directory),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("remove", &path, error)),
        }
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

fn version(bytes: &[u8]) -> Version {
    Version::new(Digest::of(bytes).to_string())
}

fn failed(what: &'static str, path: &Path, error: io::Error) -> StoreError {
    StoreError::io(what, path.display().to_string(), error)
}

fn sync(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// Makes a directory, and those it is in, so that they last.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_directory(parent)?;
    }
    match fs::create_dir(directory) {
        // Somebody else was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        made => made.and_then(|()| sync(parent.unwrap_or(Path::new(".")))),
    }
}

/// What a log is kept in.
trait LogFile: Read + Write + Seek {
    fn length(&self) -> io::Result<u64>;
    fn cut(&self, length: u64) -> io::Result<()>;
    fn flush_to_disk(&self) -> io::Result<()>;
}

impl LogFile for File {
    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn flush_to_disk(&self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Appends to a log that ends at `at`; where it ends then. A log that ends elsewhere is left alone, unless all that comes after `at`
/// is the beginning of `bytes`: that is what an earlier try of this very append could write.
fn append_to(file: &mut impl LogFile, at: u64, bytes: &[u8]) -> io::Result<Option<u64>> {
    let length = file.length()?;
    let Some(there) = length.checked_sub(at).and_then(|there| usize::try_from(there).ok()) else {
        return Ok(None);
    };
    if there > bytes.len() {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut written = vec![0; there];
    file.read_exact(&mut written)?;
    if !bytes.starts_with(&written) {
        return Ok(None);
    }
    let appended = file.write_all(&bytes[there..]).and_then(|()| file.flush_to_disk());
    if let Err(error) = appended {
        // A part of it would be in the way of whoever reads; and what could not be flushed may never reach the disk, however well
        // the next flush goes. Where this fails too, the part is left to the next try.
        drop(file.cut(at));
        return Err(error);
    }
    Ok(Some(at + bytes.len() as u64))
}

/// A rename is durable once the directory is.
fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    sync(directory).map_err(|error| failed("flush", directory, error))
}

impl Backend for FileStore {
    fn place(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        let name = name.to_owned();
        self.blocking(move |store| store.get_now(&name))
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        bytes: Vec<u8>,
        only_if: OnlyIf<'a>,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        let name = name.to_owned();
        let expected = match only_if {
            OnlyIf::Absent => None,
            OnlyIf::Is(version) => Some(version.clone()),
        };
        self.blocking(move |store| store.put_now(&name, &bytes, expected.as_ref()))
    }

    fn remove<'a>(&'a self, name: &'a str, version: &'a Version) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (name, version) = (name.to_owned(), version.clone());
        self.blocking(move |store| store.remove_now(&name, &version))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let prefix = prefix.to_owned();
        self.blocking(move |store| store.list_now(&prefix))
    }

    fn append<'a>(
        &'a self,
        log: &'a str,
        at: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        let (log, bytes) = (log.to_owned(), bytes.to_vec());
        self.blocking(move |store| store.append_now(&log, at, &bytes))
    }

    fn read_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<Option<Log>, StoreError>> {
        let log = log.to_owned();
        self.blocking(move |store| store.read_log_now(&log))
    }

    fn remove_log<'a>(&'a self, log: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let log = log.to_owned();
        self.blocking(move |store| store.remove_log_now(&log))
    }
}

#[cfg(test)]
mod tests;
