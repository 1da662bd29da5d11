// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Condition`]: which requests a rule is for.

use crate::{kind::elbv2::checks, resource::Violations};
use serde::{Deserialize, Serialize};
use std::{mem::discriminant, net::IpAddr};

/// Which requests a rule is for: all conditions of a rule must hold, and of each condition one value.
///
/// `*` stands for any characters and `?` for one, except in methods and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Condition {
    /// The host name: up to 128 of `A-Z a-z 0-9 - .`, with a dot and only letters after the last one. At most one a rule.
    HostHeader(Vec<String>),
    /// The path, without the query: up to 128 of `A-Z a-z 0-9 _ - . $ / ~ " ' @ : + &`, case-sensitive. At most one a rule.
    ///
    /// `/california*` is for `/california-2` as well: `/california` and `/california/*` are not.
    PathPattern(Vec<String>),
    /// A header other than `Host`.
    HttpHeader {
        /// The header's name: up to 40 characters, without wildcards.
        name: String,
        /// What it may be: up to 128 characters each.
        values: Vec<String>,
    },
    /// The method: up to 40 of `A-Z - _`. At most one a rule.
    HttpRequestMethod(Vec<String>),
    /// Parts of the query.
    QueryString(Vec<QueryStringPair>),
    /// The address the connection comes from, as ranges such as `192.0.2.0/24`. At most one a rule.
    SourceIp(Vec<String>),
}

/// A part of a query: `key=value`, or any key with the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryStringPair {
    /// The key: up to 128 characters. Absent: any.
    #[serde(default)]
    pub key: Option<String>,
    /// The value: up to 128 characters.
    pub value: String,
}

impl Condition {
    /// For these host names.
    pub fn host_header<I: IntoIterator<Item: Into<String>>>(hosts: I) -> Self {
        Self::HostHeader(hosts.into_iter().map(Into::into).collect())
    }

    /// For these paths.
    pub fn path_pattern<I: IntoIterator<Item: Into<String>>>(paths: I) -> Self {
        Self::PathPattern(paths.into_iter().map(Into::into).collect())
    }

    /// AWS's name of the condition.
    pub fn field(&self) -> &'static str {
        match self {
            Self::HostHeader(_) => "host-header",
            Self::PathPattern(_) => "path-pattern",
            Self::HttpHeader { .. } => "http-header",
            Self::HttpRequestMethod(_) => "http-request-method",
            Self::QueryString(_) => "query-string",
            Self::SourceIp(_) => "source-ip",
        }
    }

    fn normalize(&mut self) {
        match self {
            Self::HostHeader(hosts) => {
                // Compared without regard to case.
                hosts.iter_mut().for_each(|host| host.make_ascii_lowercase());
                checks::sort(hosts);
            }
            Self::PathPattern(values)
            | Self::HttpHeader { values, .. }
            | Self::HttpRequestMethod(values)
            | Self::SourceIp(values) => checks::sort(values),
            Self::QueryString(pairs) => checks::sort(pairs),
        }
    }

    /// The texts that count against the limits of a rule: all values, and of those the ones where wildcards are wildcards.
    fn values(&self) -> (usize, Vec<&str>) {
        match self {
            Self::HostHeader(values) | Self::PathPattern(values) | Self::HttpHeader { values, .. } => {
                (values.len(), values.iter().map(String::as_str).collect())
            }
            Self::QueryString(pairs) => {
                let texts = pairs.iter().flat_map(|pair| pair.key.iter().chain([&pair.value]));
                (pairs.len(), texts.map(String::as_str).collect())
            }
            Self::HttpRequestMethod(values) | Self::SourceIp(values) => (values.len(), Vec::new()),
        }
    }

    fn validate(&self, found: &mut Violations) {
        found.check(self.values().0 > 0, "", || format!("{} needs a value", self.field()));
        let mut each = |values: &[String], allowed: &dyn Fn(&str) -> bool, rule: &str| {
            for value in values {
                found.check(allowed(value), "", || format!("{value:?} is not allowed: {rule}"));
            }
        };
        match self {
            Self::HostHeader(hosts) => each(
                hosts,
                &host,
                "a host has up to 128 of A-Z, a-z, 0-9 and - . * ?, a dot, and only letters after the last dot",
            ),
            Self::PathPattern(paths) => each(
                paths,
                &|path| {
                    let one = |c: char| c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?".contains(c);
                    (1..=128).contains(&path.len()) && path.chars().all(one)
                },
                "a path has up to 128 of A-Z, a-z, 0-9 and _ - . $ / ~ \" ' @ : + & * ?",
            ),
            Self::HttpHeader { name, values } => {
                each(values, &short, "a header's value has 1 to 128 characters");
                let one = |c: char| c.is_ascii_alphanumeric() || "!#$%&'+.^_`|~-".contains(c);
                found.check((1..=40).contains(&name.len()) && name.chars().all(one), "name", || {
                    format!("{name:?} is no header; 1 to 40 of A-Z, a-z, 0-9 and ! # $ % & ' + . ^ _ ` | ~ - are allowed")
                });
                found.check(
                    !name.eq_ignore_ascii_case("host"),
                    "name",
                    || "the header Host has a condition of its own, host_header",
                );
            }
            Self::HttpRequestMethod(methods) => each(
                methods,
                &|method| {
                    (1..=40).contains(&method.len())
                        && method.chars().all(|c| c.is_ascii_uppercase() || c == '-' || c == '_')
                },
                "a method has 1 to 40 of A-Z - _",
            ),
            Self::QueryString(pairs) => {
                let texts: Vec<String> =
                    pairs.iter().flat_map(|pair| pair.key.iter().chain([&pair.value])).cloned().collect();
                each(&texts, &short, "a key and a value have 1 to 128 characters");
            }
            Self::SourceIp(ranges) => {
                each(ranges, &cidr, "write an address range such as 192.0.2.0/24 or 2001:db8::/32");
            }
        }
    }
}

fn host(host: &str) -> bool {
    let one = |c: char| c.is_ascii_alphanumeric() || "-.*?".contains(c);
    host.len() <= 128
        && host.chars().all(one)
        && host
            .rsplit_once('.')
            .is_some_and(|(_, last)| !last.is_empty() && last.chars().all(|c| c.is_ascii_alphabetic()))
}

fn short(text: &str) -> bool {
    (1..=128).contains(&text.chars().count())
}

fn cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

pub(super) fn normalize(conditions: &mut [Condition]) {
    conditions.iter_mut().for_each(Condition::normalize);
    checks::sort(conditions);
}

pub(super) fn validate(found: &mut Violations, conditions: &[Condition]) {
    found.check(!conditions.is_empty(), "conditions", || "a rule needs a condition");
    for (i, condition) in conditions.iter().enumerate() {
        found.within(&format!("conditions.{i}"), |found| {
            condition.validate(found);
            let repeatable = matches!(condition, Condition::HttpHeader { .. } | Condition::QueryString(_));
            let twice = conditions[..i].iter().any(|other| discriminant(other) == discriminant(condition));
            found.check(repeatable || !twice, "", || {
                format!("a rule has at most one {}; give one several values", condition.field())
            });
        });
    }
    let values: usize = conditions.iter().map(|condition| condition.values().0).sum();
    found.check(values <= 5, "conditions", || format!("{values} values in all; AWS allows 5 a rule"));
    let wildcards: usize = conditions
        .iter()
        .flat_map(|condition| condition.values().1)
        .map(|text| text.chars().filter(|c| "*?".contains(*c)).count())
        .sum();
    found
        .check(wildcards <= 5, "conditions", || format!("{wildcards} wildcards in all; AWS allows 5 a rule"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(conditions: &[Condition]) -> String {
        let mut found = Violations::default();
        validate(&mut found, conditions);
        found.to_string()
    }

    fn header(name: &str, value: &str) -> Condition {
        Condition::HttpHeader { name: name.to_owned(), values: vec![value.to_owned()] }
    }

    #[test]
    fn usual_conditions_are_fine() {
        let all = [
            Condition::host_header(["california.humangov.example.com"]),
            Condition::path_pattern(["/california", "/california/*"]),
            header("X-Forwarded-Proto", "https"),
        ];
        assert_eq!(problems(&all), "");
        assert_eq!(problems(&[Condition::SourceIp(vec!["192.0.2.0/24".into(), "2001:db8::/32".into()])]), "");
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let pair = |key: Option<&str>, value: &str| {
            let key = key.map(str::to_owned);
            Condition::QueryString(vec![QueryStringPair { key, value: value.to_owned() }])
        };
        let table = [
            (vec![], "conditions: a rule needs a condition"),
            (vec![Condition::PathPattern(vec![])], "conditions.0: path-pattern needs a value"),
            (
                vec![Condition::host_header(["localhost"])],
                "conditions.0: \"localhost\" is not allowed: a host",
            ),
            (vec![Condition::host_header(["a.b1"])], "only letters after the last dot"),
            (vec![Condition::host_header(["a b.com"])], "a host has up to 128"),
            (vec![Condition::path_pattern(["/a b"])], "conditions.0: \"/a b\" is not allowed: a path"),
            (vec![Condition::path_pattern(["x".repeat(129)])], "a path has up to 128"),
            (vec![header("Host", "x")], "conditions.0.name: the header Host has a condition of its own"),
            (vec![header("X-*", "x")], "conditions.0.name: \"X-*\" is no header"),
            (vec![header("X", "")], "a header's value has 1 to 128 characters"),
            (vec![Condition::HttpRequestMethod(vec!["get".into()])], "a method has 1 to 40 of A-Z - _"),
            (vec![pair(Some(""), "x")], "a key and a value have 1 to 128 characters"),
            (vec![Condition::SourceIp(vec!["192.0.2.0/33".into()])], "write an address range such as"),
            (vec![Condition::SourceIp(vec!["192.0.2.1".into()])], "write an address range such as"),
            (
                vec![Condition::path_pattern(["/a"]), Condition::path_pattern(["/b"])],
                "conditions.1: a rule has at most one path-pattern; give one several values",
            ),
            (
                vec![Condition::path_pattern(["/1", "/2", "/3", "/4", "/5", "/6"])],
                "6 values in all; AWS allows 5",
            ),
            (vec![Condition::path_pattern(["/*/*/*", "/?/?/?"])], "6 wildcards in all; AWS allows 5 a rule"),
        ];
        for (conditions, expected) in table {
            let text = problems(&conditions);
            assert!(text.contains(expected), "{text:?} lacks {expected:?}");
        }
    }

    #[test]
    fn several_headers_may_be_asked_for() {
        assert_eq!(problems(&[header("X-A", "1"), header("X-B", "2")]), "");
    }

    #[test]
    fn order_and_the_case_of_hosts_mean_nothing() {
        let mut one = [Condition::path_pattern(["/b", "/a"]), Condition::host_header(["B.com", "a.com"])];
        let mut other = [Condition::host_header(["a.com", "b.com"]), Condition::path_pattern(["/a", "/b"])];
        normalize(&mut one);
        normalize(&mut other);
        assert_eq!(one, other);
    }
}
