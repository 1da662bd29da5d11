// SPDX-License-Identifier: MIT OR Apache-2.0
//! `aws-chunked` bodies: chunks, each with its length and perhaps a signature, and trailers after the last.
//!
//! ```text
//! 5;chunk-signature=0123\r\nhello\r\n
//! 0\r\n
//! x-amz-checksum-crc32:NhCmhg==\r\n
//! \r\n
//! ```

use super::errors::refused;
use crate::sandbox::{error::ApiError, wire::Request};
use std::{borrow::Cow, collections::BTreeMap};

/// A body as it was before it was cut into chunks, and what came after it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Payload<'r> {
    pub bytes: Cow<'r, [u8]>,
    /// Names in lower case.
    pub trailers: BTreeMap<String, String>,
}

impl<'r> Payload<'r> {
    /// The body of `request`.
    pub(super) fn of(request: &'r Request) -> Result<Self, ApiError> {
        if !is_chunked(request) {
            return Ok(Self { bytes: Cow::Borrowed(&request.body), trailers: BTreeMap::new() });
        }
        let Some(length) = request.header("x-amz-decoded-content-length") else {
            return Err(refused(
                411,
                "MissingContentLength",
                "You must provide the Content-Length HTTP header.",
            ));
        };
        let payload = decode(&request.body)?;
        if length.trim().parse() != Ok(payload.bytes.len()) {
            return Err(incomplete());
        }
        let announced = request.header("x-amz-trailer").unwrap_or_default();
        let mut announced =
            announced.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
        if announced.all(|name| payload.trailers.contains_key(&name)) {
            Ok(payload)
        } else {
            Err(malformed_trailer())
        }
    }
}

/// Whether the body of `request` comes in chunks.
fn is_chunked(request: &Request) -> bool {
    let encoding = request.header("content-encoding").unwrap_or_default();
    encoding.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("aws-chunked"))
        || request.header("x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"))
}

fn decode(mut rest: &[u8]) -> Result<Payload<'static>, ApiError> {
    let mut bytes = Vec::with_capacity(rest.len());
    loop {
        let size = chunk_size(line(&mut rest).ok_or_else(incomplete)?)?;
        if size == 0 {
            return Ok(Payload { bytes: Cow::Owned(bytes), trailers: trailers(rest)? });
        }
        let (chunk, after) = rest.split_at_checked(size).ok_or_else(incomplete)?;
        bytes.extend_from_slice(chunk);
        rest = match after {
            [b'\r', b'\n', after @ ..] => after,
            [] | [b'\r'] => return Err(incomplete()),
            // The chunk is longer than it says.
            _ => return Err(invalid_size()),
        };
    }
}

/// The next line, without its end; what is after it remains.
fn line<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let line = &rest[..end];
    *rest = &rest[end + 2..];
    Some(line)
}

/// The length at the beginning of a chunk: `400` or `400;chunk-signature=..`. Signatures are not checked: there are no secrets.
fn chunk_size(line: &[u8]) -> Result<usize, ApiError> {
    let text = std::str::from_utf8(line).map_err(|_| invalid_size())?;
    let digits = text.split(';').next().unwrap_or_default().trim();
    // `from_str_radix` would take a sign.
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(invalid_size());
    }
    usize::from_str_radix(digits, 16).map_err(|_| invalid_size())
}

/// What is after the last chunk, up to an empty line or the end.
fn trailers(mut rest: &[u8]) -> Result<BTreeMap<String, String>, ApiError> {
    let mut trailers = BTreeMap::new();
    while !rest.is_empty() {
        let line = line(&mut rest).ok_or_else(malformed_trailer)?;
        if line.is_empty() {
            break;
        }
        let text = std::str::from_utf8(line).map_err(|_| malformed_trailer())?;
        let (name, value) = text.split_once(':').ok_or_else(malformed_trailer)?;
        trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
    }
    if rest.is_empty() { Ok(trailers) } else { Err(malformed_trailer()) }
}

fn incomplete() -> ApiError {
    ApiError::new("IncompleteBody", "The request body terminated unexpectedly")
}

fn invalid_size() -> ApiError {
    refused(
        403,
        "InvalidChunkSizeError",
        "Only the last chunk is allowed to have a size less than 8192 bytes",
    )
}

fn malformed_trailer() -> ApiError {
    ApiError::new(
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &[u8]) -> Result<(String, BTreeMap<String, String>), String> {
        let payload = decode(body).map_err(|error| error.code)?;
        Ok((String::from_utf8_lossy(&payload.bytes).into_owned(), payload.trailers))
    }

    #[test]
    fn chunks_signatures_and_trailers_are_taken_apart() {
        let signed = b"5;chunk-signature=ab\r\nhello\r\n6;chunk-signature=cd\r\n world\r\n0;chunk-signature=ef\r\n\r\n";
        assert_eq!(decoded(signed), Ok(("hello world".to_owned(), BTreeMap::new())));
        let trailing =
            b"a\r\n0123456789\r\n0\r\nX-Amz-Checksum-CRC32: AAAA==\r\nx-amz-trailer-signature:0\r\n\r\n";
        let (text, trailers) = decoded(trailing).expect("a body");
        assert_eq!((text.as_str(), trailers.len()), ("0123456789", 2));
        assert_eq!(trailers["x-amz-checksum-crc32"], "AAAA==");
        // Line ends within a chunk are its own.
        assert_eq!(decoded(b"4\r\n\r\n\r\n\r\n0\r\n\r\n").map(|(text, _)| text), Ok("\r\n\r\n".to_owned()));
        assert_eq!(decoded(b"0\r\n\r\n"), Ok((String::new(), BTreeMap::new())));
    }

    #[test]
    fn malformed_bodies_are_errors() {
        let table: [(&[u8], &str); 15] = [
            (b"", "IncompleteBody"),
            (b"5", "IncompleteBody"),
            (b"5\r\nhel", "IncompleteBody"),
            (b"5\r\nhello", "IncompleteBody"),
            (b"5\r\nhello\r\n", "IncompleteBody"),
            (b"5\r\nhello, you\r\n0\r\n\r\n", "InvalidChunkSizeError"),
            (b"\r\n", "InvalidChunkSizeError"),
            (b"-5\r\nhello\r\n0\r\n\r\n", "InvalidChunkSizeError"),
            (b"+5\r\nhello\r\n0\r\n\r\n", "InvalidChunkSizeError"),
            (b"xyz\r\nhello\r\n0\r\n\r\n", "InvalidChunkSizeError"),
            (b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
            (b"fffffffffffffffffffff\r\nhello\r\n0\r\n\r\n", "InvalidChunkSizeError"),
            (b"\xff\xfe\r\n", "InvalidChunkSizeError"),
            (b"0\r\nno colon\r\n\r\n", "MalformedTrailerError"),
            (b"0\r\n\r\nmore", "MalformedTrailerError"),
        ];
        for (body, code) in table {
            assert_eq!(decoded(body), Err(code.to_owned()), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn every_beginning_of_a_body_is_an_error_or_a_body_but_no_panic() {
        let body = b"5;chunk-signature=ab\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n";
        let whole = (0..body.len()).filter(|end| decoded(&body[..*end]).is_ok()).count();
        // After `0\r\n` nothing need follow, nor after a trailer.
        assert_eq!(whole, 2);
    }

    #[test]
    fn twenty_megabytes_come_back_whole() {
        let content: Vec<u8> =
            (0..20_000_000_u32).map(|n| n.to_le_bytes()[usize::from(n % 7 == 0)]).collect();
        let mut body = Vec::new();
        for chunk in content.chunks(65_536) {
            body.extend(format!("{:x};chunk-signature=0\r\n", chunk.len()).into_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n");
        let payload = decode(&body).expect("a body");
        assert!(payload.bytes == content);
    }

    #[test]
    fn the_length_and_the_trailers_must_be_as_announced() {
        let request = |headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n".to_vec();
            Request::new("PUT", "/b/k", headers, body)
        };
        let code = |headers: &[(&str, &str)]| {
            Payload::of(&request(headers)).map(|payload| payload.bytes.len()).map_err(|error| error.code)
        };
        let streaming = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
        let length = ("x-amz-decoded-content-length", "5");
        assert_eq!(code(&[streaming, length, ("x-amz-trailer", "x-amz-checksum-crc32")]), Ok(5));
        assert_eq!(code(&[("content-encoding", "gzip,aws-chunked"), length]), Ok(5));
        assert_eq!(code(&[streaming]), Err("MissingContentLength".to_owned()));
        assert_eq!(
            code(&[streaming, ("x-amz-decoded-content-length", "6")]),
            Err("IncompleteBody".to_owned())
        );
        let missing = ("x-amz-trailer", "x-amz-checksum-sha256");
        assert_eq!(code(&[streaming, length, missing]), Err("MalformedTrailerError".to_owned()));
        assert_eq!(code(&[]), Ok(44));
    }
}
