// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a text is not a tenant, and which states it may have meant.

use std::fmt;

use super::us_state::{UsState, normal_form};

/// A text that names no tenant.
///
/// `Display` says what is wrong and offers the nearest states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTenantError {
    text: String,
    problem: Problem,
    suggestions: Vec<UsState>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Unknown,
    InvalidSlug(Vec<String>),
    Reserved(&'static str),
}

/// What is wrong with the text of a [`ParseTenantError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseTenantErrorKind {
    /// Not a US state, where only states are accepted.
    Unknown,
    /// Neither a US state nor a well-formed custom slug.
    InvalidSlug,
    /// A well-formed slug that means something else already.
    Reserved,
}

impl ParseTenantError {
    pub(super) fn unknown(text: &str) -> Self {
        Self { text: text.to_owned(), problem: Problem::Unknown, suggestions: nearest_states(text) }
    }

    pub(super) fn invalid_slug(text: &str, problems: Vec<String>) -> Self {
        let suggestions = nearest_states(text);
        Self { text: text.to_owned(), problem: Problem::InvalidSlug(problems), suggestions }
    }

    pub(super) fn reserved(text: &str, meaning: &'static str) -> Self {
        Self { text: text.to_owned(), problem: Problem::Reserved(meaning), suggestions: Vec::new() }
    }

    /// What is wrong, for a program to act on.
    pub fn kind(&self) -> ParseTenantErrorKind {
        match self.problem {
            Problem::Unknown => ParseTenantErrorKind::Unknown,
            Problem::InvalidSlug(_) => ParseTenantErrorKind::InvalidSlug,
            Problem::Reserved(_) => ParseTenantErrorKind::Reserved,
        }
    }

    /// Stable code of the kind, such as `tenant.unknown`.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::Unknown => "tenant.unknown",
            Problem::InvalidSlug(_) => "tenant.invalid_slug",
            Problem::Reserved(_) => "tenant.reserved",
        }
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// States the text may have meant, the likeliest first; at most three, often none.
    pub fn suggestions(&self) -> &[UsState] {
        &self.suggestions
    }
}

impl fmt::Display for ParseTenantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = quoted(&self.text);
        match &self.problem {
            Problem::Unknown => write!(f, "{text} is not a US state")?,
            Problem::InvalidSlug(problems) => {
                write!(f, "{text} is neither a US state nor a tenant name: {}", problems.join(", "))?;
            }
            Problem::Reserved(meaning) => write!(f, "{text} cannot name a custom tenant: it is {meaning}")?,
        }
        match (self.suggestions.as_slice(), &self.problem) {
            ([], Problem::Unknown) => {
                f.write_str("; use a name such as new-york or a postal code such as NY")
            }
            ([], _) => Ok(()),
            ([only], _) => write!(f, "; did you mean {only}?"),
            ([others @ .., last], _) => {
                let others: Vec<_> = others.iter().map(|state| state.slug()).collect();
                write!(f, "; did you mean {} or {last}?", others.join(", "))
            }
        }
    }
}

impl std::error::Error for ParseTenantError {}

/// The text in quotes with control characters escaped, cut where it would flood the terminal.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// At most three states near `text`: those about as close as the closest, else those it is the start of.
pub(super) fn nearest_states(text: &str) -> Vec<UsState> {
    let name: Vec<char> = normal_form(text).chars().collect();
    // Half the letters may be wrong, never more than three: enough for `havai`, too little to turn `xyz` into `ohio`.
    let tolerance = (name.len() / 2).clamp(1, 3);
    let mut near: Vec<(usize, UsState)> = UsState::ALL
        .into_iter()
        .filter(|state| state.slug().len().abs_diff(name.len()) <= tolerance)
        .map(|state| (edit_distance(&name, &state.slug().chars().collect::<Vec<_>>()), state))
        .filter(|(distance, _)| *distance <= tolerance)
        .collect();
    near.sort();
    if let Some(&(closest, _)) = near.first() {
        near.retain(|(distance, _)| *distance <= closest + 1);
    } else if name.len() >= 2 {
        let starts =
            |state: &UsState| state.slug().chars().zip(&name).filter(|(a, b)| a == *b).count() == name.len();
        near.extend(UsState::ALL.into_iter().filter(starts).map(|state| (0, state)));
    }
    near.into_iter().map(|(_, state)| state).take(3).collect()
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each counting one.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substituted.min(last[j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &str, b: &str) -> usize {
        edit_distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
    }

    #[test]
    fn a_swap_of_neighbours_counts_one() {
        assert_eq!(distance("ohoi", "ohio"), 1);
        assert_eq!(distance("", "ohio"), 4);
        assert_eq!(distance("ohio", "ohio"), 0);
        assert_eq!(distance("havai", "hawaii"), 2);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn typos_seen_in_real_deployments_find_their_state() {
        assert_eq!(nearest_states("califonia"), [UsState::California]);
        assert_eq!(nearest_states("minnesata"), [UsState::Minnesota]);
        assert_eq!(nearest_states("havai"), [UsState::Hawaii]);
        assert_eq!(nearest_states("NewYork"), [UsState::NewYork]);
        assert_eq!(nearest_states("north carlina"), [UsState::NorthCarolina]);
    }

    #[test]
    fn the_start_of_a_name_finds_at_most_three_states() {
        assert_eq!(nearest_states("calif"), [UsState::California]);
        assert_eq!(nearest_states("new"), [UsState::NewHampshire, UsState::NewJersey, UsState::NewMexico]);
        assert_eq!(nearest_states("North"), [UsState::NorthCarolina, UsState::NorthDakota]);
    }

    #[test]
    fn a_text_like_no_state_finds_none() {
        for text in ["", "x", "xyz", "dc", "staging", "zzzzzzzzzzzzzzzzzzzzzzzzz", "ünïcödé"] {
            assert_eq!(nearest_states(text), [], "{text}");
        }
    }
}
