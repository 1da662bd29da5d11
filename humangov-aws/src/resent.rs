// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Resent`]: what an answer says of the last attempt of a request is not true of those before it.

use futures_util::future::BoxFuture;
use humangov_core::handler::{Call, DynHandler, Effect, HandlerError, Reply};
use std::{cell::Cell, sync::Arc};

tokio::task_local! {
    /// Whether a request of this call was sent more than once.
    static SENT_AGAIN: Cell<bool>;
}

/// Takes in that a request is sent again.
pub(crate) fn note() {
    // What no handler asks for is nobody's doubt.
    let _ = SENT_AGAIN.try_with(|again| again.set(true));
}

/// A handler whose refusals are of unknown effect when an attempt that nobody answered came before: that one may have worked.
pub(crate) struct Resent(pub Arc<dyn DynHandler>);

impl DynHandler for Resent {
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, HandlerError>> {
        if matches!(call, Call::Read(_) | Call::Ready { .. }) {
            return self.0.call(call);
        }
        Box::pin(SENT_AGAIN.scope(Cell::new(false), async {
            let answer = self.0.call(call).await;
            let again = SENT_AGAIN.with(Cell::get);
            answer.map_err(|error| if again { error.with_effect(Effect::Unknown) } else { error })
        }))
    }
}
