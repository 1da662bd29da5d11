// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`LeaseCheck`]: nothing is sent under a lease that is lost, and what is sent again is noted.

use crate::resent;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextRef, dyn_dispatch_hint},
        retries::RequestAttempts,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use humangov_core::{
    handler::Effect,
    store::{LeaseGuard, StoreError},
};
use std::{error::Error, fmt};

/// Fails every attempt of a request that belongs to work under a lost lease, just before it would be sent. Whoever was held up for
/// too long thus changes nothing that somebody else may be changing by now.
#[derive(Debug)]
pub(crate) struct LeaseCheck;

/// An attempt that was not sent.
#[derive(Debug)]
pub(crate) struct NotSent {
    error: StoreError,
    /// Whether an attempt of the same request was sent before.
    again: bool,
}

impl NotSent {
    /// The one that an SDK error comes from, if it does.
    pub(crate) fn behind<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Whether the request may have worked: by an attempt before.
    pub(crate) fn effect(&self) -> Effect {
        if self.again { Effect::Unknown } else { Effect::None }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it was not sent: {}", self.error)
    }
}

impl Error for NotSent {}

#[dyn_dispatch_hint]
impl Intercept for LeaseCheck {
    fn name(&self) -> &'static str {
        "LeaseCheck"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let again = bag.load::<RequestAttempts>().is_some_and(|attempts| attempts.attempts() > 1);
        if again {
            resent::note();
        }
        LeaseGuard::check_current().map_err(|error| NotSent { error, again }.into())
    }
}
