// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where what was made is recorded: one [`Snapshot`] a stack, saved by compare-and-swap under a [`Lease`], and a journal for every
//! run that has not ended.
//!
//! A snapshot makes plans fast and tells what is ours to delete. It can be lost: names are a function of fleet, stack and
//! address, and every resource bears tags that say whose it is, so the next plan finds and adopts what is there.
//!
//! A [`Backend`] keeps bytes: in memory, in files, or wherever you like. Every backend is a [`StateStore`].

mod backend;
mod error;
mod file;
mod layout;
mod lease;
mod lock;
mod locking;
mod memory;
mod snapshot;
mod state_store;
mod version;

pub use backend::{Backend, Log, Object, OnlyIf};
pub use error::{StoreError, StoreErrorKind};
pub use file::FileStore;
pub use lease::{Lease, LeaseGuard};
pub use lock::{LEASE_LASTS, LEASE_RENEWED_EVERY, Lock, LockInfo};
pub use memory::MemoryStore;
pub use snapshot::{Deposed, Recorded, Snapshot};
pub use state_store::StateStore;
pub use version::{Version, Versioned};
