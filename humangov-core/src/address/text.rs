// SPDX-License-Identifier: MIT OR Apache-2.0
//! Short text that lives where it is kept, so that comparing two needs no look elsewhere in memory.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

/// What fits beside its own length and the tag in 32 bytes: nearly every address.
const SHORT: usize = 30;

/// Immutable text. Equal texts are the same variant with the same bytes, so the derived equality is that of the texts.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// What is short, filled up with zeros.
    Short { len: u8, bytes: [u8; SHORT] },
    /// What is not. Clones share it.
    Long(Arc<str>),
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        match u8::try_from(text.len()) {
            Ok(len) if text.len() <= SHORT => {
                let mut bytes = [0; SHORT];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Self::Short { len, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => &bytes[..usize::from(*len)],
            Self::Long(text) => text.as_bytes(),
        }
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        match self {
            Self::Short { len, bytes } => {
                str::from_utf8(&bytes[..usize::from(*len)]).expect("it was text when it was copied")
            }
            Self::Long(text) => text,
        }
    }
}

impl Hash for Text {
    // As a `str` does, since maps are asked with one.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl Ord for Text {
    // As `str`s do, which compare by bytes.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    #[test]
    fn it_takes_no_more_room_than_four_words() {
        assert!(size_of::<Text>() <= 32);
    }

    proptest! {
        #[test]
        fn it_is_to_all_maps_the_text_it_was_made_of(a in ".{0,40}", b in ".{0,40}") {
            let (x, y) = (Text::new(&a), Text::new(&b));
            prop_assert_eq!(&*x, a.as_str());
            prop_assert_eq!(x == y, a == b);
            prop_assert_eq!(x.cmp(&y), a.as_str().cmp(b.as_str()));
            let hasher = BuildHasherDefault::<DefaultHasher>::default();
            prop_assert_eq!(hasher.hash_one(&x), hasher.hash_one(a.as_str()));
        }

        #[test]
        fn what_is_equal_up_to_the_length_of_short_text_is_told_apart(a in "[ab]{28,33}", b in "[ab]{28,33}") {
            prop_assert_eq!(Text::new(&a) == Text::new(&b), a == b);
            prop_assert_eq!(Text::new(&a).cmp(&Text::new(&b)), a.cmp(&b));
        }
    }
}
