// SPDX-License-Identifier: MIT OR Apache-2.0
//! Conditions of rules: as they are given, kept and answered.

use super::check::{constraint, invalid, required};
use crate::sandbox::{error::ApiError, wire::Input};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;

/// How many values and how many wildcards the conditions of one rule can have.
const MOST_VALUES: usize = 5;
const MOST_WILDCARDS: usize = 5;

/// A condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Condition {
    field: String,
    /// Of `http-header`: which one.
    header: Option<String>,
    values: Vec<Wanted>,
    regex: Vec<String>,
}

/// A value, of `query-string` perhaps with its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wanted {
    key: Option<String>,
    value: String,
}

/// What a condition can look at.
#[derive(Debug)]
struct Field {
    name: &'static str,
    /// The member with its values.
    config: &'static str,
    /// Whether a rule can have one such condition only.
    once: bool,
    /// Whether the values can also stand in the older `Values`, and are answered in both.
    older: bool,
    longest: usize,
    wildcards: bool,
    allowed: fn(&str) -> bool,
}

const FIELDS: [Field; 6] = [
    Field {
        name: "host-header",
        config: "HostHeaderConfig",
        once: true,
        older: true,
        longest: 128,
        wildcards: true,
        allowed: is_host,
    },
    Field {
        name: "path-pattern",
        config: "PathPatternConfig",
        once: true,
        older: true,
        longest: 128,
        wildcards: true,
        allowed: is_path,
    },
    Field {
        name: "http-header",
        config: "HttpHeaderConfig",
        once: false,
        older: false,
        longest: 128,
        wildcards: true,
        allowed: is_anything,
    },
    Field {
        name: "query-string",
        config: "QueryStringConfig",
        once: false,
        older: false,
        longest: 128,
        wildcards: true,
        allowed: is_anything,
    },
    Field {
        name: "http-request-method",
        config: "HttpRequestMethodConfig",
        once: true,
        older: false,
        longest: 40,
        wildcards: false,
        allowed: is_method,
    },
    Field {
        name: "source-ip",
        config: "SourceIpConfig",
        once: true,
        older: false,
        longest: 128,
        wildcards: false,
        allowed: is_cidr,
    },
];

fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-.*?".contains(c);
    let ends_well =
        |(_, last): (&str, &str)| !last.is_empty() && last.chars().all(|c| c.is_ascii_alphabetic());
    text.chars().all(allowed) && text.rsplit_once('.').is_some_and(ends_well)
}

fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?".contains(c))
}

fn is_method(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_uppercase() || "-_".contains(c))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= most) && text != "255.255.255.255/32"
}

fn is_anything(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

/// A header's name as RFC 7230 has it. Of the host there is a condition of its own.
fn is_header(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    (1..=40).contains(&name.len()) && name.chars().all(allowed) && !name.eq_ignore_ascii_case("host")
}

/// The conditions of a request.
pub(super) fn read(list: &[Value]) -> Result<Vec<Condition>, ApiError> {
    let conditions: Vec<Condition> =
        list.iter().map(|value| Condition::read(Input(value))).collect::<Result<_, ApiError>>()?;
    for field in FIELDS.iter().filter(|field| field.once) {
        if conditions.iter().filter(|condition| condition.field == field.name).count() > 1 {
            return Err(invalid(format!("A rule can only have one '{}' condition", field.name)));
        }
    }
    let values: usize = conditions.iter().map(|one| one.values.len() + one.regex.len()).sum();
    if values > MOST_VALUES {
        return Err(invalid(format!("A rule can only have '{MOST_VALUES}' condition values")));
    }
    if conditions.iter().map(Condition::wildcards).sum::<usize>() > MOST_WILDCARDS {
        return Err(invalid(format!("A rule can only have '{MOST_WILDCARDS}' condition wildcards")));
    }
    Ok(conditions)
}

/// Conditions as they are answered.
pub(super) fn described(conditions: &[Condition]) -> Value {
    conditions.iter().map(Condition::described).collect()
}

impl Condition {
    fn read(input: Input<'_>) -> Result<Self, ApiError> {
        let name = required(input, "Field")?;
        let Some(field) = FIELDS.iter().find(|field| field.name == name) else {
            let names = FIELDS.map(|field| field.name).join(", ");
            return Err(invalid(format!("Condition field '{name}' must be one of '[{names}]'")));
        };
        if let Some(other) =
            FIELDS.iter().find(|other| other.config != field.config && input.has(other.config))
        {
            return Err(invalid(format!("{} cannot be specified for a '{name}' condition", other.config)));
        }
        let config = input.object(field.config);
        let header = match (name, config) {
            ("http-header", Some(config)) => Some(header(config)?),
            _ => None,
        };
        let values = values(field, input, config)?;
        let texts = |from: Option<Input<'_>>| -> Vec<String> {
            let texts = from.map(|from| from.texts("RegexValues")).unwrap_or_default();
            texts.into_iter().map(str::to_owned).collect()
        };
        let mut regex = texts(config);
        if regex.is_empty() {
            regex = texts(Some(input));
        }
        if values.is_empty() && regex.is_empty() {
            return Err(invalid("A condition value must be specified"));
        }
        values.iter().try_for_each(|wanted| field.check(wanted))?;
        Ok(Self { field: name.to_owned(), header, values, regex })
    }

    fn wildcards(&self) -> usize {
        if !FIELDS.iter().any(|field| field.name == self.field && field.wildcards) {
            return 0;
        }
        self.values.iter().map(|wanted| wanted.value.matches(['*', '?']).count()).sum()
    }

    fn described(&self) -> Value {
        let Some(field) = FIELDS.iter().find(|field| field.name == self.field) else { return Value::Null };
        let value = |wanted: &Wanted| match field.name {
            "query-string" => json!({"Key": wanted.key, "Value": wanted.value}),
            _ => json!(wanted.value),
        };
        let values: Value = self.values.iter().map(value).collect();
        let mut config = json!({ "Values": values });
        if let Some(header) = &self.header {
            config["HttpHeaderName"] = header.as_str().into();
        }
        if !self.regex.is_empty() {
            config["RegexValues"] = json!(self.regex);
        }
        let mut told = json!({"Field": field.name, field.config: config});
        if field.older {
            told["Values"] = values;
        }
        told
    }
}

impl Field {
    fn check(&self, wanted: &Wanted) -> Result<(), ApiError> {
        let texts = wanted.key.iter().chain([&wanted.value]);
        for text in texts {
            if text.is_empty() {
                return Err(invalid("A condition value must be specified"));
            }
            if text.len() > self.longest {
                let most = format!("have length less than or equal to {}", self.longest);
                return Err(constraint(&format!("'{text}'"), "conditions.member.values", &most));
            }
            if !(self.allowed)(text) {
                return Err(invalid(format!(
                    "Condition value '{text}' is not valid for a '{}' condition",
                    self.name
                )));
            }
        }
        Ok(())
    }
}

/// The values, in the older or the newer form; if in both, the same ones.
fn values(field: &Field, input: Input<'_>, config: Option<Input<'_>>) -> Result<Vec<Wanted>, ApiError> {
    let text = |value: &str| Wanted { key: None, value: value.to_owned() };
    let older: Vec<Wanted> = input.texts("Values").into_iter().map(text).collect();
    if !older.is_empty() && !field.older {
        return Err(invalid(format!(
            "Values of a '{}' condition must be specified in {}",
            field.name, field.config
        )));
    }
    let Some(config) = config else { return Ok(older) };
    let newer: Vec<Wanted> = if field.name == "query-string" {
        let pair = |pair: Input<'_>| {
            Ok(Wanted {
                key: pair.text("Key").map(str::to_owned),
                value: required(pair, "Value")?.to_owned(),
            })
        };
        config.objects("Values").map(pair).collect::<Result<_, ApiError>>()?
    } else {
        config.texts("Values").into_iter().map(text).collect()
    };
    if !older.is_empty() && older != newer {
        return Err(invalid(format!("You cannot specify both Values and {}", field.config)));
    }
    Ok(newer)
}

fn header(config: Input<'_>) -> Result<String, ApiError> {
    let name = required(config, "HttpHeaderName")?;
    if is_header(name) {
        Ok(name.to_owned())
    } else {
        Err(invalid(format!("'{name}' is not a valid HTTP header name for a condition")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_end_in_letters_after_a_dot() {
        for good in ["ohio.example.com", "*.example.com", "a-b.c", "?.example.COM"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["localhost", "a b.com", "10.0.0.1", "example.", "*", "ex_ample.com", "example.c0m"] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_are_ranges() {
        for good in ["192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"] {
            assert!(is_cidr(good), "{good}");
        }
        for bad in ["192.0.2.0", "192.0.2.0/33", "255.255.255.255/32", "a/8", "1.2.3/8"] {
            assert!(!is_cidr(bad), "{bad}");
        }
    }
}
