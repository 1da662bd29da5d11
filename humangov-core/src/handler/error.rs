// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`HandlerError`]: why a call failed, and whether it may have worked all the same.

use std::{borrow::Cow, error::Error, fmt, sync::Arc};

/// Whether a failed call may have changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Surely not: it was refused before anything happened.
    None,
    /// Perhaps: the answer was lost, or an earlier call of the same step had worked.
    Unknown,
}

/// The sort of a failure: what the engine, or a user, can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HandlerErrorKind {
    /// The caller may not do this.
    AccessDenied,
    /// Something of that name is there already.
    AlreadyExists,
    /// It, or something it needs, is not there.
    NotFound,
    /// Not possible yet: something it needs is still settling. Worth trying again.
    NotYet,
    /// Too many calls. Worth trying again.
    Throttled,
    /// AWS or the network had a passing fault. Worth trying again.
    Transient,
    /// A quota is used up.
    Quota,
    /// AWS refused the settings.
    Invalid,
    /// It holds data, and nobody asked for that to be deleted.
    NotEmpty,
    /// It was made, but does not work.
    Failed,
    /// Waited for it as long as was allowed.
    TimedOut,
    /// The answer could not be understood.
    Malformed,
    /// The lease on the stack is gone: nothing was sent.
    LeaseLost,
    /// Nobody saw how it ended: the run was killed meanwhile.
    Interrupted,
    /// Anything else.
    Other,
}

impl HandlerErrorKind {
    /// The stable code, as listed in `docs/errors.md`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessDenied => "handler.access_denied",
            Self::AlreadyExists => "handler.already_exists",
            Self::NotFound => "handler.not_found",
            Self::NotYet => "handler.not_yet",
            Self::Throttled => "handler.throttled",
            Self::Transient => "handler.transient",
            Self::Quota => "handler.quota",
            Self::Invalid => "handler.invalid",
            Self::NotEmpty => "handler.not_empty",
            Self::Failed => "handler.failed",
            Self::TimedOut => "handler.timed_out",
            Self::Malformed => "handler.malformed",
            Self::LeaseLost => "handler.lease_lost",
            Self::Interrupted => "handler.interrupted",
            Self::Other => "handler.other",
        }
    }

    /// Whether the same call may work a little later.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::NotYet | Self::Throttled | Self::Transient)
    }
}

/// A failed call of a handler.
///
/// `Display` tells the operation, AWS's code and message; the source, if any, is the SDK's error.
#[derive(Debug, Clone)]
pub struct HandlerError(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    kind: HandlerErrorKind,
    effect: Effect,
    operation: Cow<'static, str>,
    aws_code: Option<String>,
    message: String,
    request_id: Option<String>,
    details: Vec<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl HandlerError {
    /// An error of `operation`, such as `CreateService`, that changed nothing.
    pub fn new(
        kind: HandlerErrorKind,
        operation: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self(Box::new(Parts {
            kind,
            effect: Effect::None,
            operation: operation.into(),
            aws_code: None,
            message: message.into(),
            request_id: None,
            details: Vec::new(),
            source: None,
        }))
    }

    /// An answer that lacks what it must have.
    pub fn malformed(operation: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(HandlerErrorKind::Malformed, operation, message).with_effect(Effect::Unknown)
    }

    /// The same error, with this effect.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
        self
    }

    /// The same error, of this kind.
    #[must_use]
    pub fn with_kind(mut self, kind: HandlerErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error, with AWS's code.
    #[must_use]
    pub fn with_aws_code(mut self, code: impl Into<String>) -> Self {
        self.0.aws_code = Some(code.into());
        self
    }

    /// The same error, with the id AWS gave the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// The same error, with lines of what else is known: events, reasons, last words.
    #[must_use]
    pub fn with_details(mut self, details: Vec<String>) -> Self {
        self.0.details = details;
        self
    }

    /// The same error, caused by `source`.
    #[must_use]
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The sort of failure.
    pub fn kind(&self) -> HandlerErrorKind {
        self.0.kind
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Whether anything may have changed.
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// The operation that failed.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// AWS's own code.
    pub fn aws_code(&self) -> Option<&str> {
        self.0.aws_code.as_deref()
    }

    /// AWS's own words, or ours.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The id AWS gave the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// What else is known, a line each.
    pub fn details(&self) -> &[String] {
        &self.0.details
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.0.operation)?;
        if let Some(code) = &self.0.aws_code {
            write!(f, ": {code}")?;
        }
        if let Some(id) = &self.0.request_id {
            write!(f, " (request {id})")?;
        }
        if !self.0.message.is_empty() {
            write!(f, ": {}", self.0.message)?;
        }
        Ok(())
    }
}

impl Error for HandlerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
