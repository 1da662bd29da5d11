// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way of a call out of a process that may die: each is a point of its [`Crash`].

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use humangov_core::testing::Crash;
use std::sync::{Arc, Mutex};

/// What becomes of requests that are under way when their process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnderWay {
    /// They never arrive.
    Lost,
    /// They arrive, and are done.
    Arrives,
}

/// The process that calls.
#[derive(Debug, Clone)]
pub struct Calling(Arc<Mutex<Crash>>);

impl Default for Calling {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Crash::never())))
    }
}

impl Calling {
    /// From now on it is this one.
    pub fn is(&self, crash: &Crash) {
        *self.0.lock().unwrap() = crash.clone();
    }

    fn crash(&self) -> Crash {
        self.0.lock().unwrap().clone()
    }
}

/// An HTTP client whose calls are points of a crash.
#[derive(Debug)]
pub struct Wire {
    inner: SharedHttpClient,
    calling: Calling,
    under_way: UnderWay,
}

impl Wire {
    pub fn client(inner: SharedHttpClient, calling: Calling, under_way: UnderWay) -> SharedHttpClient {
        SharedHttpClient::new(Self { inner, calling, under_way })
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector {
            inner,
            calling: self.calling.clone(),
            under_way: self.under_way,
        })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    calling: Calling,
    under_way: UnderWay,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, crash, under_way) = (self.inner.clone(), self.calling.crash(), self.under_way);
        HttpConnectorFuture::new(async move {
            let what = asked(&request);
            let sent = async {
                match under_way {
                    UnderWay::Lost => inner.call(request).await,
                    UnderWay::Arrives => tokio::spawn(async move { inner.call(request).await })
                        .await
                        .map_err(|error| ConnectorError::other(error.into(), None))?,
                }
            };
            crash.point(what, sent).await
        })
    }
}

/// What a request asks for, for people.
fn asked(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    match body.strip_prefix("Action=") {
        Some(action) => action.split('&').next().unwrap_or_default().to_owned(),
        None => format!("{} {}", request.method(), request.uri()),
    }
}
