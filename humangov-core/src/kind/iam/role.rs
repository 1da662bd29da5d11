// SPDX-License-Identifier: MIT OR Apache-2.0
//! `iam.role`: what tasks, and the agent that starts them, act as.

use super::{
    ManagedPolicy,
    policy_document::{PolicyDocument, PolicyUse, Statement},
};
use crate::{
    address::Kind,
    arn::Arn,
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::Attr,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use typed_builder::TypedBuilder;

/// A role.
///
/// ```
/// use humangov_core::kind::iam::{ManagedPolicy, Role};
/// let role = Role::builder()
///     .name("humangov-execution")
///     .path("/humangov/")
///     .trust(Role::trusting_ecs_tasks("123456789012", "us-east-1", "aws"))
///     .managed_policy(ManagedPolicy::aws(ManagedPolicy::ECS_TASK_EXECUTION))
///     .build();
/// assert_eq!(role.managed_policies, ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Role {
    /// The name: 1 to 64 of `A-Z a-z 0-9 _ + = , . @ -`; unique in the account, whatever the path and the case.
    #[builder(setter(into))]
    pub name: String,
    /// The path, which is part of the ARN: `/`, or up to 512 characters between slashes, such as `/humangov/`.
    #[builder(default = root(), setter(into))]
    #[serde(default = "root")]
    pub path: String,
    /// What the role is for: up to 1,000 characters of Latin-1.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub description: Option<String>,
    /// Who may assume the role: up to 2,048 characters.
    pub trust: PolicyDocument,
    /// What the role may do, by name of policy (1 to 128 of `A-Z a-z 0-9 _ + = , . @ -`); together up to 10,240 characters.
    #[builder(via_mutators, mutators(
        /// Adds, or replaces, the inline policy `name`.
        pub fn inline_policy(&mut self, name: impl Into<String>, document: PolicyDocument) {
            self.inline_policies.insert(name.into(), document);
        }
    ))]
    #[serde(default)]
    pub inline_policies: BTreeMap<String, PolicyDocument>,
    /// The ARNs of the managed policies attached: up to 10, or up to 20 where the quota was raised.
    #[builder(via_mutators, mutators(
        /// Attaches a managed policy, by ARN or as a [`ManagedPolicy`].
        pub fn managed_policy(&mut self, policy: impl Into<String>) {
            self.managed_policies.push(policy.into());
        }
    ))]
    #[serde(default)]
    pub managed_policies: Vec<String>,
    /// The ARN of the managed policy that limits what the role may do, whatever its policies grant.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub permissions_boundary: Option<String>,
    /// How long a session may last at most, in seconds: 3,600 to 43,200. Absent: AWS's 3,600.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub max_session_duration: Option<u32>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

fn root() -> String {
    "/".to_owned()
}

impl Role {
    /// The most managed policies a role can have, with the quota raised (IAM quotas).
    pub const MAX_MANAGED_POLICIES: usize = 20;

    /// The role's name.
    pub const NAME: Attr<Self, String> = Attr::new("name");

    /// The trust policy of roles for the ECS tasks of one account and region, and of no other: without the conditions,
    /// ECS could be made to use the role for somebody else.
    pub fn trusting_ecs_tasks(account: &str, region: &str, partition: &str) -> PolicyDocument {
        PolicyDocument::new().statement(
            Statement::allow()
                .service("ecs-tasks.amazonaws.com")
                .action("sts:AssumeRole")
                .condition("StringEquals", "aws:SourceAccount", account)
                .condition("ArnLike", "aws:SourceArn", format!("arn:{partition}:ecs:{region}:{account}:*")),
        )
    }
}

/// What is known of a role that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleOutputs {
    /// The ARN; the path is part of it.
    pub arn: Arn<Role>,
    /// The name.
    pub name: String,
}

impl Resource for Role {
    const KIND: Kind = Kind::new("iam.role");
    const RULES: &'static [Rule] = &[Rule::Immutable("/name"), Rule::Immutable("/path")];
    type Outputs = RoleOutputs;

    fn normalize(&mut self) {
        self.trust.normalize();
        self.inline_policies.values_mut().for_each(PolicyDocument::normalize);
        self.managed_policies.sort_unstable();
        self.managed_policies.dedup();
    }

    fn validate(&self, found: &mut Violations) {
        found.check(
            is_name(&self.name, 64),
            "name",
            || "a role's name has 1 to 64 of A-Z, a-z, 0-9 and _+=,.@-",
        );
        found.check(
            is_path(&self.path),
            "path",
            || "a path is / or up to 512 visible ASCII characters that begin and end with /",
        );
        if let Some(description) = &self.description {
            let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
            found.check(
                description.chars().count() <= 1_000 && description.chars().all(allowed),
                "description",
                || "a description has up to 1000 characters of Latin-1",
            );
        }
        found.within("trust", |found| self.trust.validate(PolicyUse::Trust, found));
        self.validate_policies(found);
        if let Some(arn) = &self.permissions_boundary {
            found.check(is_policy_arn(arn), "permissions_boundary", || {
                format!("{arn:?} is not the ARN of a managed policy")
            });
        }
        if let Some(seconds) = self.max_session_duration {
            found.check((3_600..=43_200).contains(&seconds), "max_session_duration", || {
                format!("{seconds} seconds; allowed are 3600 to 43200")
            });
        }
        self.tags.validate(found);
    }
}

impl HasArn for Role {}

impl Role {
    fn validate_policies(&self, found: &mut Violations) {
        for (name, document) in &self.inline_policies {
            found.within(&format!("inline_policies.{name}"), |found| {
                found.check(
                    is_name(name, 128),
                    "",
                    || "an inline policy's name has 1 to 128 of A-Z, a-z, 0-9 and _+=,.@-",
                );
                document.validate(PolicyUse::Identity, found);
            });
        }
        let size: usize = self.inline_policies.values().filter_map(PolicyDocument::size).sum();
        let max = PolicyUse::Identity.max_size();
        // One that is too long by itself is told above.
        if self.inline_policies.len() > 1 {
            found.check(size <= max, "inline_policies", || {
                format!("the inline policies have {size} characters together; at most {max}")
            });
        }
        found.check(self.managed_policies.len() <= Self::MAX_MANAGED_POLICIES, "managed_policies", || {
            let (len, max) = (self.managed_policies.len(), Self::MAX_MANAGED_POLICIES);
            format!("{len} managed policies; at most {max} can be attached")
        });
        for arn in &self.managed_policies {
            found.check(is_policy_arn(arn), "managed_policies", || {
                format!(
                    "{arn:?} is not the ARN of a managed policy, such as {}",
                    ManagedPolicy::aws("ReadOnlyAccess")
                )
            });
        }
    }
}

/// IAM's names: letters, digits and `_+=,.@-`.
fn is_name(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

fn is_path(text: &str) -> bool {
    text == "/"
        || ((3..=512).contains(&text.len())
            && text.starts_with('/')
            && text.ends_with('/')
            && text.bytes().all(|b| b.is_ascii_graphic()))
}

fn is_policy_arn(text: &str) -> bool {
    text.parse::<Arn<()>>().is_ok_and(|arn| {
        arn.service() == "iam" && arn.region().is_empty() && arn.resource().starts_with("policy/")
    }) && (20..=2_048).contains(&text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> Role {
        let read = Statement::allow().action("s3:GetObject").resource("arn:aws:s3:::documents/*");
        Role::builder()
            .name(name)
            .trust(Role::trusting_ecs_tasks("123456789012", "us-east-1", "aws"))
            .inline_policy("documents", PolicyDocument::new().statement(read))
            .managed_policy(ManagedPolicy::aws(ManagedPolicy::ECS_TASK_EXECUTION))
            .build()
    }

    fn problems(role: &Role) -> String {
        let mut found = Violations::default();
        role.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_role_is_fine() {
        assert_eq!(problems(&role("humangov-california-task")), "");
    }

    #[test]
    fn tasks_of_other_accounts_and_regions_are_not_trusted() {
        let trust = Role::trusting_ecs_tasks("123456789012", "us-gov-west-1", "aws-us-gov");
        let condition = &trust.to_json().expect("known")["Statement"][0]["Condition"];
        assert_eq!(condition["StringEquals"]["aws:SourceAccount"], "123456789012");
        assert_eq!(condition["ArnLike"]["aws:SourceArn"], "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:*");
    }

    type Spoil = fn(&mut Role);

    #[test]
    fn every_setting_is_checked() {
        let long = PolicyDocument::new().statement(
            Statement::allow().action("s3:*").resource(format!("arn:aws:s3:::{}", "x".repeat(6_000))),
        );
        let cases: [(&str, Spoil); 10] = [
            ("name: a role's name has", |role| role.name = "a b".to_owned()),
            ("name: a role's name has", |role| role.name = "x".repeat(65)),
            ("path: a path is", |role| role.path = "humangov/".to_owned()),
            ("path: a path is", |role| role.path = "//".to_owned()),
            ("description: a description has", |role| role.description = Some("日".to_owned())),
            ("trust.statements: a policy has at least", |role| role.trust.statements.clear()),
            ("inline_policies.a b: an inline policy's name", |role| {
                let document = role.inline_policies["documents"].clone();
                role.inline_policies.insert("a b".to_owned(), document);
            }),
            ("managed_policies: \"ReadOnlyAccess\" is not the ARN", |role| {
                role.managed_policies.push("ReadOnlyAccess".to_owned());
            }),
            ("permissions_boundary: \"arn:aws:iam::123456789012:role/x\" is not", |role| {
                role.permissions_boundary = Some("arn:aws:iam::123456789012:role/x".to_owned());
            }),
            ("max_session_duration: 60 seconds; allowed are 3600 to 43200", |role| {
                role.max_session_duration = Some(60);
            }),
        ];
        for (expected, spoil) in cases {
            let mut role = role("task");
            spoil(&mut role);
            let text = problems(&role);
            assert!(text.starts_with(expected) && !text.contains('\n'), "{expected}: {text}");
        }
        let mut role = role("task");
        role.inline_policies.insert("a".to_owned(), long.clone());
        role.inline_policies.insert("b".to_owned(), long);
        assert!(
            problems(&role).starts_with("inline_policies: the inline policies have 12"),
            "{}",
            problems(&role)
        );
    }

    #[test]
    fn the_order_of_policies_makes_no_difference() {
        let mut a = role("task");
        a.managed_policies = vec!["b".to_owned(), "a".to_owned(), "b".to_owned()];
        a.normalize();
        assert_eq!(a.managed_policies, ["a", "b"]);
    }

    #[test]
    fn a_role_is_recorded_and_read_back() {
        let mut role = role("task");
        role.normalize();
        let json = serde_json::to_value(&role).expect("writes");
        assert_eq!(json["path"], "/");
        assert_eq!(serde_json::from_value::<Role>(json).expect("reads"), role);
    }
}
