// SPDX-License-Identifier: MIT OR Apache-2.0
//! Appending, on a disk that fills up and a machine that loses power.

use super::*;
use std::{cell::Cell, io::Cursor};

/// A log on a disk with little room left.
#[derive(Default)]
struct Disk {
    file: Cursor<Vec<u8>>,
    room: usize,
    flush_fails: bool,
    cut_to: Cell<Option<u64>>,
}

impl Disk {
    fn of(bytes: &[u8], room: usize) -> Self {
        Self { file: Cursor::new(bytes.to_vec()), room, ..Self::default() }
    }

    /// What is in the file once the last call is over.
    fn kept(&mut self) -> &[u8] {
        if let Some(length) = self.cut_to.take() {
            self.file.get_mut().truncate(length.try_into().expect("small"));
        }
        self.file.get_ref()
    }
}

impl Read for Disk {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..bytes.len().min(self.room)])?;
        self.room -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl LogFile for Disk {
    fn length(&self) -> io::Result<u64> {
        Ok(self.file.get_ref().len() as u64)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.cut_to.set(Some(length));
        Ok(())
    }

    fn flush_to_disk(&self) -> io::Result<()> {
        if self.flush_fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_an_append_keeps_the_log_as_it_was() {
    for room in 0..6 {
        let mut disk = Disk::of(b"first\n", room);
        let error = append_to(&mut disk, 6, b"second").expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(disk.kept(), b"first\n", "with room for {room}");
        // And once there is room again, the same append works.
        disk.room = 100;
        assert_eq!(append_to(&mut disk, 6, b"second").expect("room"), Some(12));
        assert_eq!(disk.kept(), b"first\nsecond");
    }
}

#[test]
fn what_could_not_be_flushed_is_written_anew() {
    let mut disk = Disk { flush_fails: true, ..Disk::of(b"first\n", 100) };
    append_to(&mut disk, 6, b"second").expect_err("not flushed");
    assert_eq!(disk.kept(), b"first\n", "nobody may take it for written");
}

#[test]
fn an_append_that_was_cut_off_by_a_kill_is_completed_by_the_same_append_and_by_no_other() {
    for torn in 0..6 {
        let left = [b"first\n", &b"second"[..torn]].concat();
        let mut disk = Disk::of(&left, 100);
        let other = append_to(&mut disk, 6, b"another").expect("readable");
        assert_eq!(other.is_some(), torn == 0, "what was cut off after {torn} is not overwritten");
        let mut disk = Disk::of(&left, 100);
        assert_eq!(append_to(&mut disk, 6, b"second").expect("room"), Some(12));
        assert_eq!(disk.kept(), b"first\nsecond");
        // Whoever reads the log goes on after what is there.
        let mut disk = Disk::of(&left, 100);
        let end = left.len() as u64;
        assert_eq!(append_to(&mut disk, end, b"\ntaken up").expect("room"), Some(end + 9));
        assert_eq!(disk.kept(), [&left[..], b"\ntaken up"].concat());
    }
}
