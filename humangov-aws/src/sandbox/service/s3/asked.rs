// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Asked`]: a request with what its address and its body say.

use super::{
    checksum::Checksum,
    chunked::Payload,
    errors::{invalid_argument, malformed_xml},
    xml::Element,
};
use crate::sandbox::{error::ApiError, wire::Request};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

/// What a request is about: the service, a bucket, or an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'r> {
    /// Empty: the service.
    pub bucket: &'r str,
    /// Empty: the bucket itself.
    pub key: &'r str,
}

impl<'r> Place<'r> {
    /// Reads the bucket out of the host, or else out of the path.
    pub(super) fn of(request: &'r Request) -> Self {
        let path = request.path.strip_prefix('/').unwrap_or(&request.path);
        let in_path = || path.split_once('/').unwrap_or((path, ""));
        let (bucket, key) = bucket_of_host(&request.host).map_or_else(in_path, |bucket| (bucket, path));
        Self { bucket, key }
    }
}

/// `bucket` of `bucket.s3.us-west-2.amazonaws.com`; names of buckets may have dots too.
fn bucket_of_host(host: &str) -> Option<&str> {
    if let Some(bucket) = host.strip_suffix(".localhost") {
        return Some(bucket);
    }
    let host = host.split_once(".amazonaws.").map(|(host, _)| host)?;
    // Where the region comes later, the dot before it is of AWS's part.
    [".s3.", ".s3-"]
        .iter()
        .filter_map(|part| host.rfind(part))
        .max()
        .map_or_else(|| host.strip_suffix(".s3"), |at| Some(&host[..at]))
}

/// Whether `host` is the endpoint of no region in particular, which us-east-1 answers. Hosts that are not AWS's may be any.
pub(super) fn is_global_endpoint(host: &str) -> bool {
    let host = host.split_once(".amazonaws.").map(|(host, _)| host);
    host.is_none_or(|host| host.split('.').next_back() == Some("s3"))
}

/// A request, taken apart.
#[derive(Debug)]
pub(super) struct Asked<'r> {
    pub request: &'r Request,
    pub bucket: &'r str,
    pub key: &'r str,
    pub payload: Payload<'r>,
    /// The checksum that the request gives of its body, once it has proved right.
    pub given: Option<Checksum>,
}

impl<'r> Asked<'r> {
    pub(super) fn of(request: &'r Request) -> Result<Self, ApiError> {
        let Place { bucket, key } = Place::of(request);
        Ok(Self { request, bucket, key, payload: Payload::of(request)?, given: None })
    }

    pub(super) fn header(&self, name: &str) -> Option<&'r str> {
        self.request.header(name)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&'r str> {
        self.request.parameter(name)
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.payload.bytes
    }

    /// The body as a document with this root.
    pub(super) fn document(&self, root: &str) -> Result<Element, ApiError> {
        if self.body().is_empty() {
            return Err(ApiError::new("MissingRequestBodyError", "Request Body is empty"));
        }
        Element::parse(self.body(), root)
    }

    /// The entries of a document that holds nothing but a list.
    pub(super) fn entries(&self, root: &str, entry: &str) -> Result<Vec<Element>, ApiError> {
        let document = self.document(root)?;
        document.only(&[], &[entry])?;
        if document.children.is_empty() { Err(malformed_xml()) } else { Ok(document.children) }
    }

    /// How many entries of a list are wanted; at most 1000.
    pub(super) fn most(&self, name: &str) -> Result<usize, ApiError> {
        let Some(text) = self.parameter(name) else { return Ok(1000) };
        let message = format!("Provided {name} not an integer or within integer range");
        let number: i64 = text.parse().map_err(|_| invalid_argument(name, text, &message))?;
        let number = i32::try_from(number).ok().and_then(|number| usize::try_from(number).ok());
        number.map(|number| number.min(1000)).ok_or_else(|| {
            let message = format!("Argument {name} must be an integer between 0 and 2147483647");
            invalid_argument(name, text, &message)
        })
    }

    /// A header with a time in it. What is no time counts as not there.
    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        DateTimeParser::new().parse_timestamp(self.header(name)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_in_the_host_or_in_the_path() {
        let table = [
            ("127.0.0.1", "/b/k/l", ("b", "k/l")),
            ("localhost", "/b", ("b", "")),
            ("s3.amazonaws.com", "/", ("", "")),
            ("s3.eu-west-1.amazonaws.com", "/b/", ("b", "")),
            ("b.s3.amazonaws.com", "/k", ("b", "k")),
            ("b.s3.eu-west-1.amazonaws.com", "/k/", ("b", "k/")),
            ("b.s3-eu-west-1.amazonaws.com", "/k", ("b", "k")),
            ("b.s3.dualstack.eu-west-1.amazonaws.com", "//k", ("b", "/k")),
            ("my.s3.bucket.s3.us-west-2.amazonaws.com", "/k", ("my.s3.bucket", "k")),
            ("b.s3.cn-north-1.amazonaws.com.cn", "/k", ("b", "k")),
        ];
        for (host, path, (bucket, key)) in table {
            let host = [("host".to_owned(), host.to_owned())];
            let request = Request::new("GET", path, host, Vec::new());
            assert_eq!(Place::of(&request), Place { bucket, key }, "{} {path}", request.host);
        }
    }

    #[test]
    fn only_one_endpoint_is_global() {
        assert!(is_global_endpoint("s3.amazonaws.com") && is_global_endpoint("b.s3.amazonaws.com"));
        assert!(!is_global_endpoint("b.s3.us-east-1.amazonaws.com"));
        assert!(is_global_endpoint("127.0.0.1"));
    }
}
