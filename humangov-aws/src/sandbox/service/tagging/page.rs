// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Page`]: which part of a list a call asks for. Tokens live a quarter of an hour.

use super::invalid;
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// How many there are on a page if the call does not say.
const USUAL: usize = 50;

const TOKEN_LIVES: SignedDuration = SignedDuration::from_mins(15);

/// What of a list is asked for.
pub(super) struct Page {
    /// What the last page ended with.
    after: Option<String>,
    items: usize,
    /// How many tags there may be on it; what has none counts as one.
    tags: Option<usize>,
}

/// What a list is of, as far as pages go.
pub(super) trait Weighed {
    fn weight(&self) -> usize;
}

impl Weighed for Tags {
    fn weight(&self) -> usize {
        self.len().max(1)
    }
}

impl Weighed for () {
    fn weight(&self) -> usize {
        0
    }
}

impl Page {
    pub(super) fn read(cx: &Cx<'_>, input: Input<'_>) -> Result<Self, ApiError> {
        let items = match input.integer("ResourcesPerPage") {
            None => USUAL,
            Some(count) => usize::try_from(count)
                .ok()
                .filter(|count| (1..=100).contains(count))
                .ok_or_else(|| invalid("ResourcesPerPage must be between 1 and 100"))?,
        };
        let tags = input.integer("TagsPerPage").map(|count| {
            let count = usize::try_from(count).ok();
            count
                .filter(|count| (100..=500).contains(count) && count % 100 == 0)
                .ok_or_else(|| invalid("TagsPerPage must be between 100 and 500, in increments of 100"))
        });
        let token = input.text("PaginationToken").filter(|token| !token.is_empty());
        let after = token.map(|token| opened(cx, token)).transpose()?;
        Ok(Self { after, items, tags: tags.transpose()? })
    }

    /// This page of a list, and the token for the next one, which is empty if there is none.
    pub(super) fn cut<T: Weighed>(
        &self,
        cx: &Cx<'_>,
        list: BTreeMap<String, T>,
    ) -> (Vec<(String, T)>, String) {
        let after = self.after.as_deref();
        let mut page: Vec<(String, T)> = Vec::new();
        let mut weight = 0;
        for (key, item) in list.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
        {
            weight += item.weight();
            let full =
                page.len() == self.items || (!page.is_empty() && self.tags.is_some_and(|tags| weight > tags));
            if let (true, Some((last, _))) = (full, page.last()) {
                let token = format!("{} {last}", cx.now.as_millisecond());
                return (page, URL_SAFE_NO_PAD.encode(token));
            }
            page.push((key, item));
        }
        (page, String::new())
    }
}

/// What stands in a token, if that is not too old.
fn opened(cx: &Cx<'_>, token: &str) -> Result<String, ApiError> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once(' '));
    let read = parts.and_then(|(made, after)| Some((made.parse::<i64>().ok()?, after.to_owned())));
    let (made, after) = read.ok_or_else(|| invalid("The PaginationToken is not valid"))?;
    let age = SignedDuration::from_millis(cx.now.as_millisecond().saturating_sub(made));
    if age > TOKEN_LIVES {
        return Err(ApiError::new("PaginationTokenExpiredException", "The PaginationToken has expired"));
    }
    Ok(after)
}
