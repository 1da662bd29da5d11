// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Request`]: an HTTP request to AWS, whole.

use std::collections::BTreeMap;

/// An HTTP request with its body, and what its signature says of the service and the region it is for.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Request {
    pub method: String,
    /// The host, without a port.
    pub host: String,
    /// The path, percent-encoding undone.
    pub path: String,
    /// The query, in order, percent-encoding undone. A name without `=` has an empty value.
    pub query: Vec<(String, String)>,
    /// The headers, their names in lower case. Of several of one name, the last.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// The signing name of the service: `ecs`, `elasticloadbalancing`, `s3`.
    pub service: String,
    pub region: String,
}

impl Request {
    /// Takes a request apart. `target` is its path and query, or its whole URI.
    pub(in crate::sandbox) fn new(
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (String, String)>,
        body: Vec<u8>,
    ) -> Self {
        let headers: BTreeMap<String, String> =
            headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let (authority, target) = match target.split_once("://") {
            Some((_, rest)) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", target),
        };
        let host = headers.get("host").map_or(authority, String::as_str);
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = if path.is_empty() { "/".to_owned() } else { decoded(path) };
        let query: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (form_decoded(name), form_decoded(value)))
            .collect();
        let mut request = Self {
            method: method.to_owned(),
            host,
            path,
            query,
            headers,
            body,
            service: String::new(),
            region: String::new(),
        };
        if let Some((service, region)) = request.scope() {
            (request.service, request.region) = (service, region);
        }
        request
    }

    pub(in crate::sandbox) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The value of the first parameter `name` of the query.
    pub(in crate::sandbox) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Service and region of the signature: `AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/ecs/aws4_request, ..`, or of a
    /// presigned URL. Signatures are not checked: there are no secrets here.
    fn scope(&self) -> Option<(String, String)> {
        let credential = match self.header("authorization") {
            Some(header) => header.split_once("Credential=")?.1.split([',', ' ']).next()?,
            None => self.parameter("X-Amz-Credential")?,
        };
        let mut parts = credential.rsplit('/');
        let (_, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        Some((service.to_owned(), region.to_owned()))
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// As forms and queries are written: a plus is a space.
pub(super) fn form_decoded(text: &str) -> String {
    decoded(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_tells_service_and_region() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/ecs/aws4_request, SignedHeaders=host, Signature=0";
        let headers = [("Authorization", header), ("Host", "127.0.0.1:4000")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = Request::new("POST", "/a%20b?list-type=2&delete", headers, Vec::new());
        assert_eq!((request.service.as_str(), request.region.as_str()), ("ecs", "us-west-2"));
        assert_eq!((request.host.as_str(), request.path.as_str()), ("127.0.0.1", "/a b"));
        assert_eq!((request.parameter("list-type"), request.parameter("delete")), (Some("2"), Some("")));
    }

    #[test]
    fn a_presigned_url_tells_them_too() {
        let uri =
            "https://b.s3.amazonaws.com/k?X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request";
        let request = Request::new("GET", uri, [], Vec::new());
        assert_eq!((request.service.as_str(), request.region.as_str()), ("s3", "eu-west-1"));
        assert_eq!((request.host.as_str(), request.path.as_str()), ("b.s3.amazonaws.com", "/k"));
    }
}
