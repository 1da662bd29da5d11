// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counts what goes over the wire: every try of every call, whichever client makes it.

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many requests were sent. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct CallCount(Arc<AtomicU64>);

impl CallCount {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An HTTP client that counts.
#[derive(Debug)]
pub(super) struct Counting {
    inner: SharedHttpClient,
    count: CallCount,
}

impl Counting {
    pub(super) fn new(inner: SharedHttpClient, count: CallCount) -> Self {
        Self { inner, count }
    }
}

impl HttpClient for Counting {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(CountingConnector { inner, count: self.count.clone() })
    }
}

#[derive(Debug)]
struct CountingConnector {
    inner: SharedHttpConnector,
    count: CallCount,
}

impl HttpConnector for CountingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.count.0.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request)
    }
}
