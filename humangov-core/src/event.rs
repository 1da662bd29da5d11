// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run tells while it runs: plain data, in one order for everybody.

use crate::{
    address::{Address, RunId, StackName},
    handler::HandlerError,
};
use futures_util::Stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::mpsc;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// In which run.
    pub run: RunId,
    /// In which stack.
    pub stack: StackName,
    /// What.
    pub what: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The run began.
    RunStarted {
        /// How many steps it may take.
        steps: usize,
    },
    /// A step began.
    StepStarted {
        /// Its resource.
        address: Address,
        /// What it does.
        operation: StepOperation,
    },
    /// A step goes on.
    StepProgressed {
        /// Its resource.
        address: Address,
        /// What is going on.
        detail: String,
    },
    /// A step will be tried again.
    StepRetried {
        /// Its resource.
        address: Address,
        /// Which try failed, from 1.
        attempt: u32,
        /// After what wait.
        #[serde(rename = "wait_ms", with = "millis")]
        wait: Duration,
        /// Why.
        error: ErrorReport,
    },
    /// A step worked.
    StepFinished {
        /// Its resource.
        address: Address,
        /// What it did.
        operation: StepOperation,
        /// How long it took.
        #[serde(rename = "elapsed_ms", with = "millis")]
        elapsed: Duration,
    },
    /// A step failed.
    StepFailed {
        /// Its resource.
        address: Address,
        /// What it did.
        operation: StepOperation,
        /// Why.
        error: ErrorReport,
        /// How long it took.
        #[serde(rename = "elapsed_ms", with = "millis")]
        elapsed: Duration,
    },
    /// What was done is being undone.
    RollbackStarted,
    /// Everything works; what is no longer needed goes.
    CleanupStarted,
    /// The run ended.
    RunFinished {
        /// `applied`, `rolled_back`, and so on: see [`crate::exec::Outcome::name`].
        outcome: String,
        /// How long it took.
        #[serde(rename = "elapsed_ms", with = "millis")]
        elapsed: Duration,
    },
}

/// Durations as whole milliseconds: what every program can read.
pub(crate) mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// What a step does to its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepOperation {
    /// Makes it.
    Create,
    /// Changes it.
    Update,
    /// Deletes it.
    Delete,
    /// Deletes what it replaced.
    DeleteReplaced,
    /// Takes it into the record.
    Record,
    /// Undoes making it.
    UndoCreate,
    /// Undoes changing it.
    UndoUpdate,
    /// Undoes deleting it.
    UndoDelete,
    /// Undoes recording it.
    UndoRecord,
}

impl StepOperation {
    /// The word for it, as a person would say what is going on.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "change",
            Self::Delete => "delete",
            Self::DeleteReplaced => "delete replaced",
            Self::Record => "record",
            Self::UndoCreate => "undo create",
            Self::UndoUpdate => "undo change",
            Self::UndoDelete => "undo delete",
            Self::UndoRecord => "undo record",
        }
    }
}

/// A failed call, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorReport {
    /// Our stable code, as listed in `docs/errors.md`.
    pub code: String,
    /// The operation that failed.
    pub operation: String,
    /// AWS's code.
    pub aws_code: Option<String>,
    /// AWS's words, or ours.
    pub message: String,
    /// The id AWS gave the request.
    pub request_id: Option<String>,
    /// What else is known, a line each.
    pub details: Vec<String>,
}

impl From<&HandlerError> for ErrorReport {
    fn from(error: &HandlerError) -> Self {
        Self {
            code: error.code().to_owned(),
            operation: error.operation().to_owned(),
            aws_code: error.aws_code().map(str::to_owned),
            message: error.message().to_owned(),
            request_id: error.request_id().map(str::to_owned),
            details: error.details().to_vec(),
        }
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.operation)?;
        if let Some(code) = &self.aws_code {
            write!(f, ": {code}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// Where events go.
///
/// ```
/// use humangov_core::event::Events;
/// let quiet = Events::none();
/// let to_a_function = Events::to(|event| println!("{event:?}"));
/// let (as_a_stream, stream) = Events::channel();
/// ```
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Nowhere.
    pub fn none() -> Self {
        Self::to(drop)
    }

    /// To a function, which must not block.
    pub fn to(function: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }

    /// To a stream, which ends when all clones of this end are gone. The stream grows while nobody reads it.
    pub fn channel() -> (Self, EventStream) {
        let (sender, receiver) = mpsc::unbounded_channel();
        // Nobody listening any more is no reason to stop a run.
        (Self::to(move |event| drop(sender.send(event))), EventStream(receiver))
    }

    pub(crate) fn emit(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

/// The events of a run, as they come.
#[derive(Debug)]
pub struct EventStream(mpsc::UnboundedReceiver<Event>);

impl Stream for EventStream {
    type Item = Event;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(cx)
    }
}
