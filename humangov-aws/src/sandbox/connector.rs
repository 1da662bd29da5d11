// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sandbox as what the SDK's clients send their requests with.

use super::{
    Sandbox,
    wire::{Request, Response},
};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SharedTimeSource};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use aws_types::{SdkConfig, region::Region};
use std::io;

impl Sandbox {
    /// The configuration of clients that talk to this sandbox and to nothing else: its region, credentials that nobody checks,
    /// its time.
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = aws_sdk_sts::config::Credentials::new("sandbox", "sandbox", None, None, "sandbox");
        SdkConfig::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(Region::new(self.region().to_owned()))
            .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(credentials))
            .http_client(self.http_client())
            .sleep_impl(TokioSleep::new())
            .time_source(SharedTimeSource::new(self.clock()))
            .build()
    }

    /// The sandbox as an HTTP client, for configurations of your own.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }
}

impl HttpClient for Sandbox {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Sandbox {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sandbox = self.clone();
        HttpConnectorFuture::new(async move {
            let request = received(request).await?;
            let Ok(response) = sandbox.answer(&request).await else {
                let reset = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by the sandbox");
                return Err(ConnectorError::io(reset.into()));
            };
            sent(response)
        })
    }
}

/// The request with its body, which may be a stream.
async fn received(mut request: HttpRequest) -> Result<Request, ConnectorError> {
    let body = std::mem::replace(request.body_mut(), SdkBody::taken());
    let body = match body.bytes() {
        Some(bytes) => bytes.to_vec(),
        None => ByteStream::new(body)
            .collect()
            .await
            .map_err(|error| ConnectorError::user(error.into()))?
            .to_vec(),
    };
    let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Request::new(request.method(), request.uri(), headers.collect::<Vec<_>>(), body))
}

fn sent(response: Response) -> Result<HttpResponse, ConnectorError> {
    let status =
        StatusCode::try_from(response.status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut sent = HttpResponse::new(status, SdkBody::from(response.body));
    for (name, value) in response.headers {
        sent.headers_mut().append(name, value);
    }
    Ok(sent)
}
