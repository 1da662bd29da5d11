// SPDX-License-Identifier: MIT OR Apache-2.0
//! What members may be, what ARNs name, and answers in pages.

use crate::sandbox::{error::ApiError, wire::Input};
use serde_json::{Value, json};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// How much a describing call answers at most, and by default.
const LARGEST_PAGE: u32 = 400;

/// What an ARN of this service can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    LoadBalancer,
    TargetGroup,
    Listener,
    Rule,
}

impl Sort {
    const ALL: [Self; 4] = [Self::LoadBalancer, Self::TargetGroup, Self::Listener, Self::Rule];

    /// The first word of the ARN's resource part, how it is called, and the code when it is not there.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LoadBalancer => ("loadbalancer", "load balancer", "LoadBalancerNotFound"),
            Self::TargetGroup => ("targetgroup", "target group", "TargetGroupNotFound"),
            Self::Listener => ("listener", "listener", "ListenerNotFound"),
            Self::Rule => ("listener-rule", "rule", "RuleNotFound"),
        }
    }

    /// What this ARN names, if it is one of this service.
    pub(super) fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        if parts.next() != Some("arn") || parts.nth(1) != Some("elasticloadbalancing") {
            return None;
        }
        let (first, _) = parts.nth(2)?.split_once('/')?;
        Self::ALL.into_iter().find(|sort| sort.words().0 == first)
    }

    /// That `arn` may name one of these.
    pub(super) fn check(self, arn: &str) -> Result<(), ApiError> {
        let noun = self.words().1;
        if Self::of(arn) == Some(self) {
            Ok(())
        } else {
            Err(invalid(format!("'{arn}' is not a valid {noun} ARN")))
        }
    }

    /// That it is not there.
    pub(super) fn missing(self) -> ApiError {
        let (_, noun, code) = self.words();
        ApiError::new(code, format!("One or more {noun}s not found"))
    }

    /// The one of this ARN.
    pub(super) fn find<'m, T>(self, all: &'m BTreeMap<String, T>, arn: &str) -> Result<&'m T, ApiError> {
        self.check(arn)?;
        all.get(arn).ok_or_else(|| self.missing())
    }

    /// The one of this ARN, to be changed.
    pub(super) fn find_mut<'m, T>(
        self,
        all: &'m mut BTreeMap<String, T>,
        arn: &str,
    ) -> Result<&'m mut T, ApiError> {
        self.check(arn)?;
        all.get_mut(arn).ok_or_else(|| self.missing())
    }
}

/// A refusal of what the request says, whatever there is.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// A refusal of what does not go together.
pub(super) fn configuration(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidConfigurationRequest", message)
}

/// A refusal by a constraint of the API's model, in its words.
pub(super) fn constraint(value: &str, name: &str, must: &str) -> ApiError {
    let (first, rest) = name.split_at_checked(1).unwrap_or(("", name));
    let name = format!("{}{rest}", first.to_ascii_lowercase());
    invalid(format!(
        "1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: Member must {must}"
    ))
}

/// A text that must be there.
pub(super) fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, ApiError> {
    input.text(name).ok_or_else(|| constraint("null", name, "not be null"))
}

/// A list that must have something in it.
pub(super) fn some<'a>(input: Input<'a>, name: &str) -> Result<&'a [Value], ApiError> {
    match input.list(name) {
        [] => Err(constraint("null", name, "not be null")),
        list => Ok(list),
    }
}

/// A whole number within a range, if there is one.
pub(super) fn number(
    input: Input<'_>,
    name: &str,
    allowed: RangeInclusive<u32>,
) -> Result<Option<u32>, ApiError> {
    let Some(given) = input.get(name) else { return Ok(None) };
    let number = input.integer(name).and_then(|number| u32::try_from(number).ok());
    match number.filter(|number| allowed.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => {
            let given = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
            let (least, most) = allowed.into_inner();
            Err(constraint(&format!("'{given}'"), name, &format!("have a value between {least} and {most}")))
        }
    }
}

/// A port, if there is one.
pub(super) fn port(input: Input<'_>, name: &str) -> Result<Option<u16>, ApiError> {
    Ok(number(input, name, 1..=65_535)?.and_then(|port| u16::try_from(port).ok()))
}

/// A truth value, if there is one.
pub(super) fn truth(input: Input<'_>, name: &str) -> Result<Option<bool>, ApiError> {
    match (input.has(name), input.truth(name)) {
        (true, None) => Err(constraint("of another type", name, "be true or false")),
        (_, truth) => Ok(truth),
    }
}

/// One of several words, if there is one.
pub(super) fn choice<'a>(input: Input<'a>, name: &str, among: &[&str]) -> Result<Option<&'a str>, ApiError> {
    match input.text(name) {
        Some(word) if !among.contains(&word) => Err(constraint(
            &format!("'{word}'"),
            name,
            &format!("satisfy enum value set: [{}]", among.join(", ")),
        )),
        word => Ok(word),
    }
}

/// The ARN of something of this sort, which must be given.
pub(super) fn arn<'a>(input: Input<'a>, name: &str, sort: Sort) -> Result<&'a str, ApiError> {
    let arn = required(input, name)?;
    sort.check(arn).map(|()| arn)
}

/// A name of a load balancer or a target group: letters, digits and hyphens, of the latter none at its ends.
pub(super) fn name<'a>(input: Input<'a>, noun: &str) -> Result<&'a str, ApiError> {
    let name = required(input, "Name")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.len() > 32 {
        Err(invalid(format!("{noun} name '{name}' cannot be longer than '32' characters")))
    } else if name.is_empty() || !name.chars().all(allowed) {
        Err(invalid(format!(
            "{noun} name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )))
    } else if name.starts_with('-') || name.ends_with('-') {
        Err(invalid(format!("{noun} name '{name}' cannot begin or end with a hyphen(-)")))
    } else {
        Ok(name)
    }
}

/// One page of `all`, as a list called `name` and, if there is more, the marker of the next page. Markers are keys: what is
/// made or deleted between two pages moves nothing from one to the other.
pub(super) fn page<T>(
    input: Input<'_>,
    name: &str,
    mut all: Vec<(String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, ApiError> {
    let size = number(input, "PageSize", 1..=LARGEST_PAGE)?.unwrap_or(LARGEST_PAGE) as usize;
    if let Some(marker) = input.text("Marker") {
        all.retain(|(key, _)| key.as_str() > marker);
    }
    let next = all.get(size).and_then(|_| all.get(size - 1)).map(|(key, _)| key.clone());
    all.truncate(size);
    let shown: Vec<Value> = all.into_iter().map(|(_, one)| show(one)).collect();
    Ok(json!({name: shown, "NextMarker": next}))
}
