// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`PolicyDocument`]: who may do what, to what, under which conditions.
//!
//! The recorded form is ours: every list is a list, and a resource's ARN may be a reference to a resource still to be made.
//! [`PolicyDocument::to_json`] and [`PolicyDocument::from_json`] turn it to and from the JSON that AWS takes and answers.

mod check;
mod json;

pub use check::PolicyUse;
pub use json::ParsePolicyError;

use crate::value::Input;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A policy, as used in roles, buckets and repositories.
///
/// ```
/// use humangov_core::kind::iam::{PolicyDocument, Statement};
/// let policy = PolicyDocument::new().statement(
///     Statement::allow()
///         .actions(["dynamodb:GetItem", "dynamodb:Query"])
///         .resource("arn:aws:dynamodb:us-east-1:123456789012:table/humangov-california")
///         .condition("StringEquals", "aws:ResourceAccount", "123456789012"),
/// );
/// assert!(policy.to_json().is_some_and(|json| json["Statement"][0]["Effect"] == "Allow"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PolicyDocument {
    /// The version of the policy language.
    #[serde(default)]
    pub version: PolicyVersion,
    /// A name for the document, which AWS stores and does not use.
    #[serde(default)]
    pub id: Option<String>,
    /// The statements, at least one. Their order has no meaning, but AWS keeps it.
    #[serde(default)]
    pub statements: Vec<Statement>,
}

/// A version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PolicyVersion {
    /// What a document without a version is read as: `${aws:username}` is plain text there. Only ever read, never needed.
    #[serde(rename = "2008-10-17")]
    V2008,
    /// The current version.
    #[default]
    #[serde(rename = "2012-10-17")]
    V2012,
}

/// Whether a statement grants or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It grants, unless another statement refuses.
    Allow,
    /// It refuses, whatever other statements grant.
    Deny,
}

/// One statement: an effect on actions, on resources, by principals, under conditions. All its conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Statement {
    /// A name for the statement, unique in its document: `A-Z a-z 0-9`.
    #[serde(default)]
    pub sid: Option<String>,
    /// Whether it grants or refuses.
    pub effect: Effect,
    /// Who: in trust and resource policies only.
    #[serde(default)]
    pub principals: Vec<Principal>,
    /// Everybody but these.
    #[serde(default)]
    pub not_principals: Vec<Principal>,
    /// What: `service:Action`, in which `*` and `?` stand for any text and any character.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Everything but these.
    #[serde(default)]
    pub not_actions: Vec<String>,
    /// To what: ARNs, in which `*` and `?` stand for any text and any character, or `*`.
    #[serde(default)]
    pub resources: Vec<Input<String>>,
    /// To everything but these.
    #[serde(default)]
    pub not_resources: Vec<Input<String>>,
    /// When.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Principal {
    /// Anybody, signed in or not.
    Any,
    /// An account (twelve digits), or a role, user or session by its ARN.
    Aws(Input<String>),
    /// An AWS service, such as `ecs-tasks.amazonaws.com`.
    Service(String),
    /// An identity provider, by its ARN or domain.
    Federated(String),
    /// An account by the identifier that S3 and CloudFront know it by.
    CanonicalUser(String),
}

/// A condition: holds if the value of `key` stands in the relation `operator` to any of `values`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Condition {
    /// The relation, such as `StringEquals`, `ArnLike` or `ForAllValues:StringLikeIfExists`.
    pub operator: String,
    /// What of the request is looked at, such as `aws:SourceAccount`.
    pub key: String,
    /// What it is compared with.
    pub values: Vec<Input<String>>,
}

impl PolicyDocument {
    /// A document without statements, of the current version.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement.
    #[must_use]
    pub fn statement(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Brings equal documents into one form: lists whose order has no meaning are sorted, and an account's root is its number.
    pub fn normalize(&mut self) {
        for statement in &mut self.statements {
            statement.normalize();
        }
    }
}

impl Statement {
    /// A statement that grants.
    pub const fn allow() -> Self {
        Self::new(Effect::Allow)
    }

    /// A statement that refuses.
    pub const fn deny() -> Self {
        Self::new(Effect::Deny)
    }

    const fn new(effect: Effect) -> Self {
        Self {
            sid: None,
            effect,
            principals: Vec::new(),
            not_principals: Vec::new(),
            actions: Vec::new(),
            not_actions: Vec::new(),
            resources: Vec::new(),
            not_resources: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Names the statement.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<String>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// Adds an action, such as `s3:GetObject`.
    #[must_use]
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.actions.push(action.into());
        self
    }

    /// Adds actions.
    #[must_use]
    pub fn actions<A: Into<String>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions.extend(actions.into_iter().map(Into::into));
        self
    }

    /// Adds an action to those that the statement is not about.
    #[must_use]
    pub fn not_action(mut self, action: impl Into<String>) -> Self {
        self.not_actions.push(action.into());
        self
    }

    /// Adds a resource: an ARN, `*`, or the attribute of a resource still to be made.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<Input<String>>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Adds a resource to those that the statement is not about.
    #[must_use]
    pub fn not_resource(mut self, resource: impl Into<Input<String>>) -> Self {
        self.not_resources.push(resource.into());
        self
    }

    /// Adds one who acts.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principals.push(principal);
        self
    }

    /// Adds an AWS service as one who acts.
    #[must_use]
    pub fn service(self, service: impl Into<String>) -> Self {
        self.principal(Principal::Service(service.into()))
    }

    /// Adds an account, or the ARN of a role or user, as one who acts.
    #[must_use]
    pub fn aws(self, principal: impl Into<Input<String>>) -> Self {
        self.principal(Principal::Aws(principal.into()))
    }

    /// Makes the statement be about anybody.
    #[must_use]
    pub fn anybody(self) -> Self {
        self.principal(Principal::Any)
    }

    /// Adds a condition with one value.
    #[must_use]
    pub fn condition(
        self,
        operator: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<Input<String>>,
    ) -> Self {
        self.condition_any(operator, key, [value])
    }

    /// Adds a condition that holds with any of `values`.
    #[must_use]
    pub fn condition_any<V: Into<Input<String>>>(
        mut self,
        operator: impl Into<String>,
        key: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.conditions.push(Condition { operator: operator.into(), key: key.into(), values });
        self
    }

    fn normalize(&mut self) {
        for principals in [&mut self.principals, &mut self.not_principals] {
            principals.iter_mut().for_each(Principal::normalize);
            sort_set(principals);
        }
        sort_set(&mut self.actions);
        sort_set(&mut self.not_actions);
        sort_set(&mut self.resources);
        sort_set(&mut self.not_resources);
        self.conditions.iter_mut().for_each(|condition| sort_set(&mut condition.values));
        sort_set(&mut self.conditions);
    }
}

impl Principal {
    /// AWS answers `arn:aws:iam::123456789012:root` where the account's number was sent.
    fn normalize(&mut self) {
        if let Self::Aws(Input::Known(text)) = self {
            let account = text
                .split_once(":iam::")
                .filter(|(start, _)| start.starts_with("arn:"))
                .and_then(|(_, rest)| rest.strip_suffix(":root"));
            if text == "*" {
                *self = Self::Any;
            } else if let Some(account) = account.filter(|account| is_account(account)) {
                *text = account.to_owned();
            }
        }
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        })
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Sorts by the recorded form, which references have too, and drops what is there twice.
fn sort_set<T: Serialize + PartialEq>(set: &mut Vec<T>) {
    if set.len() > 1 {
        set.sort_by_cached_key(|item| serde_json::to_string(item).unwrap_or_default());
        set.dedup();
    }
}

#[cfg(test)]
mod tests;
