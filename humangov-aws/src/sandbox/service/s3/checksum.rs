// SPDX-License-Identifier: MIT OR Apache-2.0
//! Checksums of objects: computed, and compared with what a request says.

use super::{
    chunked::Payload,
    errors::{invalid_request, refused},
};
use crate::sandbox::{
    error::ApiError,
    wire::{Request, element},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// How a checksum is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha256,
}

/// The checksum of an object, or of a part of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Checksum {
    pub algorithm: Algorithm,
    /// In base64; of a composite one, with `-` and the number of parts.
    pub value: String,
    /// Whether it is the checksum of the parts' checksums.
    pub composite: bool,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha256];

    /// As requests and answers name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha256 => "SHA256",
        }
    }

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The header, or trailer, with a checksum of this kind.
    pub(super) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32 => crc32fast::hash(bytes).to_be_bytes().to_vec(),
            Self::Crc32c => crc(&CASTAGNOLI, bytes).to_be_bytes()[4..].to_vec(),
            Self::Crc64Nvme => crc(&NVME, bytes).to_be_bytes().to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
        }
    }

    /// The checksum of something whole.
    pub(super) fn of(self, bytes: &[u8]) -> Checksum {
        Checksum { algorithm: self, value: BASE64_STANDARD.encode(self.digest(bytes)), composite: false }
    }

    /// The checksum of the checksums of an object's parts.
    pub(super) fn of_parts<'c>(self, parts: impl Iterator<Item = &'c Checksum>) -> Checksum {
        let parts: Vec<Vec<u8>> =
            parts.map(|part| BASE64_STANDARD.decode(&part.value).unwrap_or_default()).collect();
        let value = format!("{}-{}", BASE64_STANDARD.encode(self.digest(&parts.concat())), parts.len());
        Checksum { algorithm: self, value, composite: true }
    }
}

impl Checksum {
    pub(super) fn kind(&self) -> &'static str {
        if self.composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }

    /// The headers that tell it.
    pub(super) fn headers(&self) -> [(String, String); 2] {
        [
            (self.algorithm.header(), self.value.clone()),
            ("x-amz-checksum-type".to_owned(), self.kind().to_owned()),
        ]
    }

    /// The elements that tell it.
    pub(super) fn elements(&self) -> String {
        let value = element(&format!("Checksum{}", self.algorithm.name()), &self.value);
        value + &element("ChecksumType", self.kind())
    }

    /// The elements by which lists tell that there is one.
    pub(super) fn listed(&self) -> String {
        element("ChecksumAlgorithm", self.algorithm.name()) + &element("ChecksumType", self.kind())
    }
}

/// An entity tag of something whole: its MD5 in hexadecimal digits, without quotes.
pub(super) fn etag(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// The entity tag of an object in parts.
pub(super) fn etag_of_parts<'e>(parts: impl Iterator<Item = &'e str>) -> String {
    let parts: Vec<Vec<u8>> = parts.map(unhex).collect();
    format!("{}-{}", etag(&parts.concat()), parts.len())
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).filter_map(digits).collect()
}

/// Compares the body with every checksum that the request gives. Tells the one that is to be kept, if it gives one.
pub(super) fn verify(request: &Request, payload: &Payload<'_>) -> Result<Option<Checksum>, ApiError> {
    verify_md5(request, payload)?;
    verify_signed(request, payload)?;
    if request.header("x-amz-checksum-sha1").is_some() || payload.trailers.contains_key("x-amz-checksum-sha1")
    {
        return Err(refused(501, "NotImplemented", "the sandbox does not model SHA1 checksums"));
    }
    let mut given = Algorithm::ALL.into_iter().filter_map(|algorithm| {
        let header = algorithm.header();
        let value = request.header(&header).or(payload.trailers.get(&header).map(String::as_str))?;
        Some((algorithm, value.trim()))
    });
    let Some((algorithm, value)) = given.next() else {
        return match request.header("x-amz-sdk-checksum-algorithm") {
            Some(_) if request.header("content-md5").is_none() => Err(invalid_request(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
            )),
            _ => Ok(None),
        };
    };
    if given.next().is_some() {
        return Err(invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    let computed = algorithm.of(&payload.bytes);
    if BASE64_STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == algorithm.digest(&[]).len()) {
        if computed.value == value { Ok(Some(computed)) } else { Err(bad_digest(algorithm.name())) }
    } else {
        Err(invalid_request(format!("Value for {} header is invalid.", algorithm.header())))
    }
}

fn verify_md5(request: &Request, payload: &Payload<'_>) -> Result<(), ApiError> {
    let Some(value) = request.header("content-md5") else { return Ok(()) };
    match BASE64_STANDARD.decode(value.trim()) {
        Ok(given) if given.len() == 16 => {
            if given == Md5::digest(&payload.bytes).to_vec() {
                Ok(())
            } else {
                Err(bad_digest("Content-MD5"))
            }
        }
        _ => Err(ApiError::new("InvalidDigest", "The Content-MD5 you specified was invalid.")),
    }
}

/// The hash that is part of the signature, where it is the hash of the body.
fn verify_signed(request: &Request, payload: &Payload<'_>) -> Result<(), ApiError> {
    let given = request.header("x-amz-content-sha256").unwrap_or_default();
    let is_hash = given.len() == 64 && given.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hash && !given.eq_ignore_ascii_case(&hex(&Sha256::digest(&payload.bytes))) {
        return Err(ApiError::new(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ));
    }
    Ok(())
}

fn bad_digest(what: &str) -> ApiError {
    let message = match what {
        "Content-MD5" => "The Content-MD5 you specified did not match what we received.".to_owned(),
        what => format!("The {what} you specified did not match the calculated checksum."),
    };
    ApiError::new("BadDigest", message)
}

/// A cyclic redundancy check that takes the lowest bit first, of at most 64 bits: the ones that start and end with all ones.
struct Crc {
    table: [u64; 256],
    ones: u64,
}

static CASTAGNOLI: Crc = Crc::new(0x82F6_3B78, 0xFFFF_FFFF);
static NVME: Crc = Crc::new(0x9A6C_9329_AC4B_C9B5, u64::MAX);

impl Crc {
    const fn new(polynomial: u64, ones: u64) -> Self {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut value = byte as u64;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { (value >> 1) ^ polynomial } else { value >> 1 };
                bit += 1;
            }
            table[byte] = value;
            byte += 1;
        }
        Self { table, ones }
    }
}

fn crc(crc: &Crc, bytes: &[u8]) -> u64 {
    let step = |value: u64, byte: &u8| (value >> 8) ^ crc.table[usize::from(value.to_le_bytes()[0] ^ byte)];
    bytes.iter().fold(crc.ones, step) ^ crc.ones
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_usual_digits_are_as_published() {
        let digits = b"123456789";
        assert_eq!(crc(&CASTAGNOLI, digits), 0xE306_9283);
        assert_eq!(crc(&NVME, digits), 0xAE8B_1486_0A79_9888);
        assert_eq!(Algorithm::Crc32.of(b"hello").value, "NhCmhg==");
        assert_eq!(etag(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(Algorithm::Crc32c.of(digits).value.len(), 8);
    }

    #[test]
    fn tags_of_parts_are_of_the_parts_tags() {
        let part = etag(b"hello");
        let whole = etag_of_parts([part.as_str()].into_iter());
        assert_eq!(whole, format!("{}-1", etag(&Md5::digest(b"hello"))));
        let composite = Algorithm::Sha256.of_parts([Algorithm::Sha256.of(b"hello")].iter());
        assert!(composite.value.ends_with("-1") && composite.composite);
    }
}
