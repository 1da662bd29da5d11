// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Ids`]: identifiers that look as AWS's do, and are the same for the same calls in the same order.

use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Makes identifiers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ids(u64);

impl Ids {
    /// Sixty-four bits that were not there before (SplitMix64: each input has its own output).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// So many hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.next());
        }
        text.truncate(digits);
        text
    }

    /// So many decimal digits, the first of them no zero.
    pub(super) fn digits(&mut self, digits: usize) -> String {
        let mut text = (1 + self.next() % 9).to_string();
        while text.len() < digits {
            let _ = write!(text, "{:019}", self.next());
        }
        text.truncate(digits);
        text
    }

    /// So many of `A-Z` and `2-7`, as in IAM's unique ids.
    pub(super) fn base32(&mut self, letters: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        (0..letters).map(|_| char::from(LETTERS[(self.next() % 32) as usize])).collect()
    }

    /// In the form of a UUID.
    pub(super) fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_forms_and_do_not_come_again() {
        let mut ids = Ids::default();
        assert_eq!((ids.hex(17).len(), ids.base32(17).len(), ids.uuid().len()), (17, 17, 36));
        let numbers: std::collections::BTreeSet<String> = (0..1000).map(|_| ids.digits(19)).collect();
        assert_eq!(numbers.len(), 1000);
        assert!(numbers.iter().all(|number| number.len() == 19 && !number.starts_with('0')));
    }
}
