// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which names buckets may have.

use super::errors::refused;
use crate::sandbox::error::ApiError;
use std::net::Ipv4Addr;

const RESERVED_BEGINNINGS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// Refuses names that no bucket can have.
pub(super) fn check(name: &str) -> Result<(), ApiError> {
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let sound = (3..=63).contains(&name.len())
        && name.chars().all(inner)
        && end(name.chars().next())
        && end(name.chars().next_back())
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
        && !RESERVED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        && !RESERVED_ENDS.iter().any(|end| name.ends_with(end));
    if sound {
        Ok(())
    } else {
        Err(refused(400, "InvalidBucketName", "The specified bucket is not valid.").with("BucketName", name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_rules() {
        for name in ["abc", "a.b.c", "humangov-ohio-4f2a", "1-2", &"a".repeat(63)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let long = "a".repeat(64);
        for name in [
            "",
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            "a..b",
            ".abc",
            "192.168.5.4",
            "xn--abc",
            "abc-s3alias",
            "abc--ol-s3",
            "äbc",
            &long,
        ] {
            assert_eq!(check(name).map_err(|error| error.code), Err("InvalidBucketName".into()), "{name}");
        }
    }
}
