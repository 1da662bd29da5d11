// SPDX-License-Identifier: MIT OR Apache-2.0
//! GetObject and HeadObject.

use super::{
    Answer,
    asked::Asked,
    condition,
    errors::{invalid_argument, invalid_request, refused},
    object::{Content, Version},
};
use crate::sandbox::{error::ApiError, wire::Response, world::Cx};
use jiff::Timestamp;
use std::ops::Range;

/// Parameters with which a reader chooses the headers of the answer.
const CHOSEN: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

/// Which bytes of an object are read.
struct Piece {
    range: Range<usize>,
    /// Whether it was asked for less than all.
    partial: bool,
}

pub(super) fn object(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let (mut response, body) = read(cx, asked)?;
    response.body = body;
    Ok(response)
}

pub(super) fn head(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    read(cx, asked).map(|(response, _)| response)
}

fn read(cx: &Cx<'_>, asked: &Asked<'_>) -> Result<(Response, Vec<u8>), ApiError> {
    let bucket = cx.s3.bucket(asked.bucket)?;
    let (version, content) = bucket.readable(asked.key, asked.parameter("versionId"))?;
    condition::of_read(asked, &condition::OWN, version, content)?;
    let piece = piece(asked, content)?;
    let mut response = described(asked, version, content);
    response.status = if piece.partial { 206 } else { 200 };
    if let Some(id) = bucket.told(version.id()) {
        response = response.with("x-amz-version-id", id);
    }
    response = response.with("content-length", piece.range.len().to_string());
    if piece.partial {
        let Range { start, end } = piece.range;
        let range = format!("bytes {start}-{}/{}", end.saturating_sub(1), content.body.len());
        response = response.with("content-range", range);
    } else if asked.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("ENABLED")) {
        for (name, value) in content.checksum.headers() {
            response = response.with(&name, value);
        }
    }
    Ok((response, content.body.bytes().get(piece.range).unwrap_or_default().to_vec()))
}

/// The headers that tell what an object is.
fn described(asked: &Asked<'_>, version: &Version, content: &Content) -> Response {
    let mut headers = content.headers.clone();
    for (parameter, header) in CHOSEN {
        if let Some(value) = asked.parameter(parameter) {
            headers.insert(header.to_owned(), value.to_owned());
        }
    }
    let mut response = Response::empty(200)
        .with("etag", format!("\"{}\"", content.etag))
        .with("last-modified", http_date(version.at))
        .with("accept-ranges", "bytes");
    for (name, value) in headers {
        response = response.with(&name, value);
    }
    if content.storage_class != "STANDARD" {
        response = response.with("x-amz-storage-class", content.storage_class.as_str());
    }
    if !content.tags.is_empty() {
        response = response.with("x-amz-tagging-count", content.tags.len().to_string());
    }
    if asked.parameter("partNumber").is_some() && !content.parts.is_empty() {
        response = response.with("x-amz-mp-parts-count", content.parts.len().to_string());
    }
    content.encryption.tell(response)
}

fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Which bytes are asked for: all, a range, or a part.
fn piece(asked: &Asked<'_>, content: &Content) -> Result<Piece, ApiError> {
    let length = content.body.len();
    match (asked.parameter("partNumber"), asked.header("range")) {
        (Some(_), Some(_)) => {
            Err(invalid_request("Cannot specify both Range header and partNumber query parameter"))
        }
        (Some(number), None) => part(number, content),
        (None, Some(header)) => {
            let Some((first, last)) = bounds(header) else {
                return Ok(Piece { range: 0..length, partial: false });
            };
            let range = match (first, last) {
                (Some(first), last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
                (None, last) => length.saturating_sub(last.unwrap_or_default())..length,
            };
            if range.is_empty() {
                return Err(refused(416, "InvalidRange", "The requested range is not satisfiable")
                    .with("RangeRequested", header)
                    .with("ActualObjectSize", length));
            }
            Ok(Piece { range, partial: true })
        }
        (None, None) => Ok(Piece { range: 0..length, partial: false }),
    }
}

/// `bytes=FIRST-LAST`, either of them perhaps left out. Anything else, also several ranges, means everything.
fn bounds(header: &str) -> Option<(Option<usize>, Option<usize>)> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| if text.is_empty() { Some(None) } else { text.trim().parse().ok().map(Some) };
    let bounds = (number(first)?, number(last)?);
    match bounds {
        (None, None) => None,
        (Some(first), Some(last)) if last < first => None,
        bounds => Some(bounds),
    }
}

fn part(number: &str, content: &Content) -> Result<Piece, ApiError> {
    let length = content.body.len();
    let number: usize =
        number.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
            invalid_argument(
                "partNumber",
                number,
                "Part number must be an integer between 1 and 10000, inclusive",
            )
        })?;
    if content.parts.is_empty() && number == 1 {
        return Ok(Piece { range: 0..length, partial: length > 0 });
    }
    let Some(size) = content.parts.get(number - 1) else {
        let message = "The requested partnumber is not satisfiable";
        return Err(
            refused(416, "InvalidPartNumber", message).with("ActualPartCount", content.parts.len().max(1))
        );
    };
    let start: usize = content.parts[..number - 1].iter().sum();
    Ok(Piece { range: start..start + size, partial: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_are_none_mean_everything() {
        assert_eq!(bounds("bytes=0-4"), Some((Some(0), Some(4))));
        assert_eq!(bounds("bytes=5-"), Some((Some(5), None)));
        assert_eq!(bounds("bytes=-3"), Some((None, Some(3))));
        for header in
            ["", "bytes", "bytes=", "bytes=-", "bytes=4-0", "bytes=a-b", "lines=0-1", "bytes=0-1,3-4"]
        {
            assert_eq!(bounds(header), None, "{header}");
        }
        assert_eq!(bounds("bytes=0-99999999999999999999999"), None);
    }
}
