// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sandbox's time: the wall's when it began, and tokio's since then, so that a paused clock rules it.

use aws_smithy_async::time::TimeSource;
use humangov_core::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(super) struct SandboxClock {
    began: Timestamp,
    start: Instant,
}

impl SandboxClock {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { began: clock.now(), start: Instant::now() }
    }

    /// A clock that shows the same now.
    pub(super) fn fork(&self) -> Self {
        Self { began: self.now(), start: Instant::now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.start.elapsed()).unwrap_or(SignedDuration::MAX);
        self.began.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// The SDK's waiters and retries then live in the same time.
impl TimeSource for SandboxClock {
    fn now(&self) -> SystemTime {
        let since = u64::try_from(Self::now(self).as_millisecond()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_millis(since)
    }
}
