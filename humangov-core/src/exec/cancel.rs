// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Cancel`]: asking a run to stop, politely first.

use tokio::sync::watch;

/// How urgently a run is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelLevel {
    /// Not at all.
    None,
    /// Start nothing new, finish what runs, then follow the policy.
    Drain,
    /// Leave at once: whatever runs is on its own.
    Abandon,
}

/// Asks runs to stop. Clones ask together.
///
/// ```
/// use humangov_core::exec::{Cancel, CancelLevel};
/// let cancel = Cancel::new();
/// cancel.escalate();
/// assert_eq!(cancel.level(), CancelLevel::Drain);
/// ```
#[derive(Debug, Clone)]
pub struct Cancel(watch::Sender<CancelLevel>);

impl Cancel {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(CancelLevel::None))
    }

    /// Asks one level more urgently than before.
    pub fn escalate(&self) {
        self.0.send_modify(|level| {
            *level = if *level == CancelLevel::None { CancelLevel::Drain } else { CancelLevel::Abandon };
        });
    }

    /// What is asked now.
    pub fn level(&self) -> CancelLevel {
        *self.0.borrow()
    }

    /// Waits until more than `seen` is asked.
    pub async fn beyond(&self, seen: CancelLevel) -> CancelLevel {
        let mut receiver = self.0.subscribe();
        match receiver.wait_for(|level| *level > seen).await {
            Ok(level) => *level,
            // The sender is `self`, which is borrowed: it cannot be gone.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
