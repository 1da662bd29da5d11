// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sandbox over HTTP, for clients in other processes.

use super::{Sandbox, wire::Request};
use http_body_util::{BodyExt, Full};
use hyper::{Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use tokio::net::TcpListener;

impl Sandbox {
    /// Answers requests that come to `listener`, one sandbox for all of them, until the future is dropped.
    ///
    /// # Errors
    /// When no more connections can be accepted. What goes wrong with one of them ends that one only.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            let sandbox = self.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let sandbox = sandbox.clone();
                    async move { sandbox.serve_one(request).await }
                });
                // A client that goes away, or a fault that breaks the connection, is nobody's problem here.
                drop(
                    http1::Builder::new()
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await,
                );
            });
        }
    }

    async fn serve_one(&self, request: hyper::Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let headers = parts.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let request = Request::new(
            parts.method.as_str(),
            &parts.uri.to_string(),
            headers.collect::<Vec<_>>(),
            body.to_vec(),
        );
        let answer = self.answer(&request).await;
        let answer = answer.map_err(|_| io::Error::from(io::ErrorKind::ConnectionReset))?;
        let mut response = Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        // What HEAD is answered has the length of the body that it does not have.
        let body = if parts.method == hyper::Method::HEAD { Vec::new() } else { answer.body };
        response.body(Full::new(Bytes::from(body))).map_err(io::Error::other)
    }
}
