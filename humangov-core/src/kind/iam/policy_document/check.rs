// SPDX-License-Identifier: MIT OR Apache-2.0
//! What AWS would refuse in a policy document.

use super::{Condition, PolicyDocument, Principal, Statement, is_account};
use crate::{resource::Violations, value::Input};
use std::collections::BTreeSet;

/// What a policy document is attached to, which decides what its statements must and may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyUse {
    /// Who may assume a role: principals, no resources, actions of `sts`; up to 2,048 characters.
    Trust,
    /// What a role may do: resources, no principals; the policies of one role have up to 10,240 characters together.
    Identity,
    /// Who may do what with a bucket: principals and resources; up to 20,480 characters.
    Bucket,
    /// Who may do what with a repository: principals, no resources; up to 10,240 characters.
    Repository,
}

impl PolicyUse {
    /// The greatest number of characters, without whitespace (IAM quotas; S3 and ECR policy limits).
    pub const fn max_size(self) -> usize {
        match self {
            Self::Trust => 2_048,
            Self::Identity | Self::Repository => 10_240,
            Self::Bucket => 20_480,
        }
    }

    const fn takes_principals(self) -> bool {
        !matches!(self, Self::Identity)
    }

    const fn takes_resources(self) -> bool {
        matches!(self, Self::Identity | Self::Bucket)
    }
}

/// The relations a condition may have, each also with `IfExists` after it and `ForAllValues:` or `ForAnyValue:` before it.
const OPERATORS: [&str; 26] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
];

impl PolicyDocument {
    /// How many characters AWS counts, whitespace left out; `None` while an input is not known.
    pub fn size(&self) -> Option<usize> {
        let json = self.to_json()?.to_string();
        Some(json.chars().filter(|c| !c.is_whitespace()).count())
    }

    /// Adds to `found` what AWS would refuse of a document used for `usage`.
    pub fn validate(&self, usage: PolicyUse, found: &mut Violations) {
        found.check(!self.statements.is_empty(), "statements", || "a policy has at least one statement");
        let mut sids = BTreeSet::new();
        for (i, statement) in self.statements.iter().enumerate() {
            found.within(&format!("statements.{i}"), |found| {
                statement.validate(usage, found);
                if let Some(sid) = &statement.sid {
                    found.check(sids.insert(sid), "sid", || format!("{sid} names another statement already"));
                }
            });
        }
        if let Some(size) = self.size() {
            let max = usage.max_size();
            found.check(size <= max, "", || format!("the policy has {size} characters; at most {max}"));
        }
        if let Some(json) = self.to_json() {
            // IAM's pattern for documents: tab, newlines and U+0020 to U+00FF. What escapes stand for is ASCII.
            found.check(
                json.to_string().chars().all(|c| c <= '\u{ff}'),
                "",
                || "a policy holds no characters beyond U+00FF",
            );
        }
    }
}

impl Statement {
    fn validate(&self, usage: PolicyUse, found: &mut Violations) {
        if let Some(sid) = &self.sid {
            found.check(
                !sid.is_empty() && sid.bytes().all(|b| b.is_ascii_alphanumeric()),
                "sid",
                || "a statement's name has only A-Z, a-z and 0-9",
            );
        }
        let what = [
            (
                "principals",
                &["principals", "not_principals"],
                self.principals.len(),
                self.not_principals.len(),
                usage.takes_principals(),
            ),
            ("actions", &["actions", "not_actions"], self.actions.len(), self.not_actions.len(), true),
            (
                "resources",
                &["resources", "not_resources"],
                self.resources.len(),
                self.not_resources.len(),
                usage.takes_resources(),
            ),
        ];
        for (path, [these, others], is, is_not, wanted) in what {
            if wanted {
                found.check((is == 0) != (is_not == 0), path, || {
                    format!("a statement of this policy has either {these} or {others}")
                });
            } else {
                found.check(is + is_not == 0, path, || {
                    format!("a statement of this policy has no {these}: what it is attached to says which")
                });
            }
        }
        for action in self.actions.iter().chain(&self.not_actions) {
            found.check(is_action(action), "actions", || {
                format!("{action:?} is not service:Action (in Action, * and ? may stand for any text) or *")
            });
            found.check(usage != PolicyUse::Trust || action.starts_with("sts:"), "actions", || {
                format!("{action:?} is not an action of sts, such as sts:AssumeRole")
            });
        }
        for resource in self.resources.iter().chain(&self.not_resources).filter_map(Input::known) {
            found.check(resource == "*" || resource.starts_with("arn:"), "resources", || {
                format!("{resource:?} is neither an ARN nor *")
            });
        }
        for principal in self.principals.iter().chain(&self.not_principals) {
            principal.validate(found);
        }
        let mut seen = BTreeSet::new();
        for condition in &self.conditions {
            condition.validate(found);
            let Condition { operator, key, .. } = condition;
            found.check(seen.insert((operator, key.to_ascii_lowercase())), "conditions", || {
                format!("{operator} on {key} is there twice; give all its values at once")
            });
        }
    }
}

impl Principal {
    fn validate(&self, found: &mut Violations) {
        match self {
            Self::Any | Self::Aws(Input::Reference(_) | Input::Join(_)) => {}
            Self::Aws(Input::Known(text)) => {
                found.check(
                    text == "*" || is_account(text) || text.starts_with("arn:"),
                    "principals",
                    || {
                        format!("{text:?} is neither an account of twelve digits nor the ARN of a role, user or session")
                    },
                );
            }
            Self::Service(text) => {
                let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b);
                found.check(text.contains('.') && text.bytes().all(allowed), "principals", || {
                    format!("{text:?} is not the name of a service, such as ecs-tasks.amazonaws.com")
                });
            }
            Self::Federated(text) | Self::CanonicalUser(text) => {
                found.check(!text.is_empty(), "principals", || "a principal must not be empty");
            }
        }
    }
}

impl Condition {
    fn validate(&self, found: &mut Violations) {
        let Self { operator, key, values } = self;
        let of_set = operator.strip_prefix("ForAllValues:").or(operator.strip_prefix("ForAnyValue:"));
        let bare = of_set.unwrap_or(operator);
        let known = |name: &str| OPERATORS.contains(&name);
        found.check(
            known(bare.strip_suffix("IfExists").unwrap_or(bare)) || bare == "Null",
            "conditions",
            || format!("{operator} is not a relation; allowed are {} and Null", OPERATORS.join(", ")),
        );
        found.check(
            key.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty()),
            "conditions",
            || format!("{key:?} is not a key, such as aws:SourceAccount"),
        );
        found.check(!values.is_empty(), "conditions", || format!("{operator} on {key} has no values"));
    }
}

fn is_action(text: &str) -> bool {
    let service = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let action = |b: u8| b.is_ascii_alphanumeric() || b == b'*' || b == b'?';
    text == "*"
        || text.split_once(':').is_some_and(|(before, after)| {
            !before.is_empty()
                && before.bytes().all(service)
                && !after.is_empty()
                && after.bytes().all(action)
        })
}
