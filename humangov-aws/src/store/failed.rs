// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a failed call means to a store.

use crate::error::{Service, classify};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};
use humangov_core::{
    handler::HandlerErrorKind as Kind,
    store::{StoreError, StoreErrorKind},
};
use std::{error::Error, time::Duration};

/// How often a write is tried again that another one was in the way of. Each wait is longer than the one before.
pub(super) const TRIES: u32 = 6;

/// The wait before a write is tried again that another one was in the way of.
pub(super) fn wait(tries: u32) -> Duration {
    Duration::from_millis(25) * 2_u32.pow(tries)
}

/// The time a call may take, where nobody has said so. A lease is lost after half a minute without an answer.
pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(20))
        .build()
}

/// How often calls are tried again, where nobody has said so: a run stops where its store fails for good.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(5)
}

/// What went wrong where `operation` was to do `what` to `place`. `make` makes what is missing.
pub(super) fn failed<E>(
    (service, operation): (Service, &'static str),
    what: &'static str,
    place: String,
    make: impl FnOnce() -> String,
    error: SdkError<E, HttpResponse>,
) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let error = classify(service, operation, error);
    let missing = ["NoSuchBucket", "ResourceNotFoundException", "TableNotFoundException"];
    let kind = match error.kind() {
        _ if error.aws_code().is_some_and(|code| missing.contains(&code)) => {
            StoreErrorKind::Missing { place, make: make() }
        }
        // An answer that was cut off is as good as none.
        Kind::Transient | Kind::Throttled | Kind::NotYet | Kind::Malformed => StoreErrorKind::Io(what, place),
        _ => StoreErrorKind::Refused(what, place),
    };
    StoreError::new(kind).with_source(error)
}

/// Something that is not as this store writes it.
pub(super) fn corrupt(place: String, why: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt(place, why.into()))
}
