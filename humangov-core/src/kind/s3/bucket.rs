// SPDX-License-Identifier: MIT OR Apache-2.0
//! `s3.bucket`: where the documents of a tenant are kept.

use crate::{
    address::Kind,
    arn::Arn,
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Input},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::Ipv4Addr;
use typed_builder::TypedBuilder;

/// A general purpose bucket, in the region of the client. It is kept on destroy unless asked otherwise.
///
/// Names are taken from all of AWS: a bucket of this name that somebody else has is seen as there, and nobody's.
/// A setting that was never declared stays as it is; one that is taken out again goes back to AWS's default.
///
/// ```
/// use humangov_core::kind::s3::{Bucket, LifecycleRule, Versioning};
/// let bucket = Bucket::builder()
///     .name("humangov-california-s3-4f2a")
///     .versioning(Versioning::Enabled)
///     .tls_only(true)
///     .lifecycle_rule(LifecycleRule::builder().id("old-versions").noncurrent_version_expiration_days(90).build())
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Bucket {
    /// The name: 3 to 63 of `a-z 0-9 . -`, beginning and ending with a letter or digit; unique in the partition.
    #[builder(setter(into))]
    pub name: String,
    /// Which public access is refused. By default all of it.
    #[builder(default)]
    #[serde(default)]
    pub public_access_block: PublicAccessBlock,
    /// Who owns objects. By default the bucket's owner, with access control lists turned off.
    #[builder(default)]
    #[serde(default)]
    pub object_ownership: ObjectOwnership,
    /// How objects are encrypted by default. Absent: left to AWS, which uses keys of S3.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub encryption: Option<Encryption>,
    /// Whether overwritten and deleted objects are kept. Absent: left to AWS, which does not.
    /// Once enabled it can only be suspended, which is also what taking it out does.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub versioning: Option<Versioning>,
    /// What is deleted after a time; up to 1000 rules.
    #[builder(via_mutators, mutators(
        /// Adds a rule by which something is deleted after a time.
        pub fn lifecycle_rule(&mut self, rule: LifecycleRule) {
            self.lifecycle_rules.push(rule);
        }
    ))]
    #[serde(default)]
    pub lifecycle_rules: Vec<LifecycleRule>,
    /// Whether the bucket's policy refuses requests without TLS.
    #[builder(default)]
    #[serde(default)]
    pub tls_only: bool,
    /// Further statements of the bucket's policy, in the form of IAM. References work inside them. Principals are best
    /// written as ARNs, since that is how AWS tells them.
    #[builder(via_mutators, mutators(
        /// Adds a statement to the bucket's policy: an object with `Effect`, `Principal`, `Action`, `Resource`.
        pub fn policy_statement(&mut self, statement: Value) {
            self.policy_statements.push(statement);
        }
    ))]
    #[serde(default)]
    pub policy_statements: Vec<Value>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// Which public access to a bucket is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
#[expect(clippy::struct_excessive_bools, reason = "AWS's own four switches")]
pub struct PublicAccessBlock {
    /// Public access control lists cannot be put.
    #[builder(default = true)]
    pub block_public_acls: bool,
    /// Public access control lists are ignored.
    #[builder(default = true)]
    pub ignore_public_acls: bool,
    /// Public policies cannot be put.
    #[builder(default = true)]
    pub block_public_policy: bool,
    /// Public policies give access within the account only.
    #[builder(default = true)]
    pub restrict_public_buckets: bool,
}

impl Default for PublicAccessBlock {
    fn default() -> Self {
        Self::builder().build()
    }
}

/// Who owns the objects of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ObjectOwnership {
    /// The bucket's owner; access control lists are turned off.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner, if the writer gives them away with a canned list.
    BucketOwnerPreferred,
    /// Who wrote them.
    ObjectWriter,
}

/// How objects are encrypted unless their writer says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// With keys of S3 (`AES256`).
    SseS3,
    /// With a KMS key (`aws:kms`).
    Kms {
        /// The key's id, ARN or alias.
        kms_master_key_id: Input<String>,
        /// Whether one request to KMS serves many objects.
        bucket_key_enabled: bool,
    },
    /// With a KMS key, twice (`aws:kms:dsse`).
    KmsDsse {
        /// The key's id, ARN or alias.
        kms_master_key_id: Input<String>,
    },
}

impl Encryption {
    /// With this KMS key, and one request to KMS serving many objects.
    pub fn kms(key: impl Into<Input<String>>) -> Self {
        Self::Kms { kms_master_key_id: key.into(), bucket_key_enabled: true }
    }
}

/// Whether overwritten and deleted objects are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// They are.
    Enabled,
    /// Those of before are, new ones are not.
    Suspended,
}

/// What is deleted after a time. Times are in days, at least 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct LifecycleRule {
    /// The name: 1 to 255 characters, unique in the bucket.
    #[builder(setter(into))]
    pub id: String,
    /// Whether the rule applies. By default it does.
    #[builder(default = true)]
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Which objects it is about: those whose key begins so. By default all.
    #[builder(default, setter(into))]
    #[serde(default)]
    pub prefix: String,
    /// Objects are deleted this many days after they were written.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub expiration_days: Option<u32>,
    /// Old versions are deleted this many days after they were replaced.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub noncurrent_version_expiration_days: Option<u32>,
    /// Uploads in parts are given up this many days after they began.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub abort_incomplete_multipart_upload_days: Option<u32>,
    /// Whether a delete marker with no version left is deleted. Not together with `expiration_days`.
    #[builder(default)]
    #[serde(default)]
    pub expired_object_delete_marker: bool,
    /// What AWS has in the rule besides: filters, transitions. Only ever read, so that it shows as a difference.
    #[builder(default, setter(skip))]
    #[serde(default)]
    pub others: Vec<String>,
}

const fn yes() -> bool {
    true
}

impl LifecycleRule {
    fn validate(&self, found: &mut Violations) {
        found.check(
            (1..=255).contains(&self.id.chars().count()),
            "id",
            || "a lifecycle rule's id has 1 to 255 characters",
        );
        let times = [
            ("expiration_days", self.expiration_days),
            ("noncurrent_version_expiration_days", self.noncurrent_version_expiration_days),
            ("abort_incomplete_multipart_upload_days", self.abort_incomplete_multipart_upload_days),
        ];
        for (path, days) in times {
            found.check(
                days.is_none_or(|days| days >= 1 && i32::try_from(days).is_ok()),
                path,
                || "at least 1 day, at most 2147483647",
            );
        }
        found.check(
            self.expired_object_delete_marker || times.iter().any(|(_, days)| days.is_some()),
            "",
            || {
                "a rule does something: set one of expiration_days, noncurrent_version_expiration_days, \
                abort_incomplete_multipart_upload_days, expired_object_delete_marker"
            },
        );
        found.check(
            !(self.expired_object_delete_marker && self.expiration_days.is_some()),
            "expired_object_delete_marker",
            || "not together with expiration_days, which removes such markers by itself",
        );
        found.check(self.prefix.len() <= 1024, "prefix", || "a prefix has up to 1024 bytes, as keys have");
        found.check(self.others.is_empty(), "others", || "is only ever read; leave it empty");
    }
}

impl Bucket {
    /// The bucket's name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
    /// The region it is in.
    pub const REGION: Attr<Self, String> = Attr::new("region");
    /// The `Sid` of the policy statement that [`Bucket::tls_only`] stands for.
    pub const TLS_ONLY_SID: &'static str = "HumangovTlsOnly";
}

/// What is known of a bucket that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketOutputs {
    /// The ARN.
    pub arn: Arn<Bucket>,
    /// The name.
    pub name: String,
    /// The region.
    pub region: String,
}

impl Resource for Bucket {
    const KIND: Kind = Kind::new("s3.bucket");
    const RULES: &'static [Rule] = &[Rule::Immutable("/name"), Rule::KeyedBy("/lifecycle_rules", "id")];
    const HOLDS_DATA: bool = true;
    type Outputs = BucketOutputs;

    fn normalize(&mut self) {
        self.lifecycle_rules.sort_by(|a, b| a.id.cmp(&b.id));
        self.policy_statements.iter_mut().for_each(canonical_statement);
        self.policy_statements.sort_by_cached_key(Value::to_string);
    }

    fn validate(&self, found: &mut Violations) {
        validate_name(&self.name, found);
        found.check(self.lifecycle_rules.len() <= 1000, "lifecycle_rules", || {
            format!("{} rules; a bucket has at most 1000", self.lifecycle_rules.len())
        });
        for (position, rule) in self.lifecycle_rules.iter().enumerate() {
            found.within(&format!("lifecycle_rules.{}", rule.id), |found| {
                rule.validate(found);
                found.check(
                    self.lifecycle_rules[..position].iter().all(|other| other.id != rule.id),
                    "id",
                    || "another rule has this id; ids are unique in a bucket",
                );
            });
        }
        match &self.encryption {
            Some(Encryption::Kms { kms_master_key_id, .. } | Encryption::KmsDsse { kms_master_key_id }) => {
                found.check(
                    kms_master_key_id.known().is_none_or(|key| !key.is_empty()),
                    "encryption.kms_master_key_id",
                    || "write the key's id, ARN or alias",
                );
            }
            Some(Encryption::SseS3) | None => {}
        }
        for (position, statement) in self.policy_statements.iter().enumerate() {
            found.within(&format!("policy_statements.{position}"), |found| {
                let has = |one: &str, other: &str| statement.get(one).or(statement.get(other)).is_some();
                found.check(
                    matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
                        && has("Principal", "NotPrincipal")
                        && has("Action", "NotAction")
                        && has("Resource", "NotResource"),
                    "",
                    || "a statement is an object with Effect (Allow or Deny), Principal, Action and Resource",
                );
                found.check(statement["Sid"] != Self::TLS_ONLY_SID, "Sid", || {
                    format!("{} is the statement that tls_only makes", Self::TLS_ONLY_SID)
                });
            });
        }
        let size: usize = self.policy_statements.iter().map(|statement| statement.to_string().len()).sum();
        found.check(size <= 20 * 1024 - 512, "policy_statements", || {
            format!(
                "{size} bytes; a bucket's policy has up to 20 KiB, of which 512 bytes are kept for tls_only"
            )
        });
        self.tags.validate(found);
    }
}

impl HasArn for Bucket {}

fn validate_name(name: &str, found: &mut Violations) {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    found.check(
        (3..=63).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(b))
            && edge(bytes.first())
            && edge(bytes.last()),
        "name",
        || "a bucket's name has 3 to 63 of a-z, 0-9, . and -, beginning and ending with a letter or digit",
    );
    found.check(!name.contains(".."), "name", || "two dots do not follow each other in a bucket's name");
    found.check(
        name.parse::<Ipv4Addr>().is_err(),
        "name",
        || "a bucket's name does not look like an address",
    );
    for prefix in ["xn--", "sthree-", "amzn-s3-demo-"] {
        found.check(!name.starts_with(prefix), "name", || {
            format!("names beginning {prefix} are reserved by AWS")
        });
    }
    for suffix in ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"] {
        found.check(!name.ends_with(suffix), "name", || format!("names ending {suffix} are reserved by AWS"));
    }
}

/// Brings a statement of a policy into the form in which equal statements are equal: in its lists of actions, resources,
/// principals and condition values order means nothing, and a list of one is the same as its element.
///
/// ```
/// let mut statement = serde_json::json!({"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["x"]});
/// humangov_core::kind::s3::canonical_statement(&mut statement);
/// assert_eq!(statement["Action"], serde_json::json!(["s3:GetObject", "s3:PutObject"]));
/// assert_eq!(statement["Resource"], "x");
/// ```
pub fn canonical_statement(statement: &mut Value) {
    match statement {
        Value::Array(values) => {
            values.iter_mut().for_each(canonical_statement);
            values.sort_by_cached_key(Value::to_string);
            values.dedup();
            if let [_] = values.as_slice() {
                *statement = values.remove(0);
            }
        }
        Value::Object(members) => members.values_mut().for_each(canonical_statement),
        // Conditions are written as booleans and numbers, and told as text.
        Value::Bool(truth) => *statement = Value::String(truth.to_string()),
        Value::Number(number) => *statement = Value::String(number.to_string()),
        Value::Null | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bucket() -> Bucket {
        Bucket::builder().name("humangov-california-s3-4f2a").build()
    }

    fn problems(bucket: &Bucket) -> String {
        let mut found = Violations::default();
        bucket.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_bucket_is_private_unless_told_otherwise() {
        let bucket = bucket();
        assert_eq!(problems(&bucket), "");
        assert!(
            bucket.public_access_block.block_public_acls && bucket.public_access_block.ignore_public_acls
        );
        assert!(bucket.public_access_block.block_public_policy);
        assert!(bucket.public_access_block.restrict_public_buckets);
        assert_eq!(bucket.object_ownership, ObjectOwnership::BucketOwnerEnforced);
    }

    #[test]
    fn names_that_aws_refuses_are_refused() {
        let cases = [
            ("ab", "name: a bucket's name has 3 to 63"),
            ("Humangov", "name: a bucket's name has 3 to 63"),
            ("-humangov", "name: a bucket's name has 3 to 63"),
            ("humangov_x", "name: a bucket's name has 3 to 63"),
            ("human..gov", "name: two dots do not follow"),
            ("10.0.0.1", "name: a bucket's name does not look like an address"),
            ("xn--humangov", "name: names beginning xn-- are reserved"),
            ("humangov-s3alias", "name: names ending -s3alias are reserved"),
        ];
        for (name, expected) in cases {
            let text = problems(&Bucket::builder().name(name).build());
            assert!(text.starts_with(expected), "{name}: {text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }

    #[test]
    fn rules_and_statements_are_checked() {
        let rule = || LifecycleRule::builder().id("tmp");
        let cases = [
            (
                Bucket::builder().name("humangov").lifecycle_rule(rule().build()).build(),
                "lifecycle_rules.tmp: a rule does something",
            ),
            (
                Bucket::builder().name("humangov").lifecycle_rule(rule().expiration_days(0).build()).build(),
                "lifecycle_rules.tmp.expiration_days: at least 1 day",
            ),
            (
                Bucket::builder()
                    .name("humangov")
                    .lifecycle_rule(rule().expiration_days(1).build())
                    .lifecycle_rule(rule().expiration_days(2).build())
                    .build(),
                "lifecycle_rules.tmp.id: another rule has this id",
            ),
            (
                Bucket::builder().name("humangov").policy_statement(json!({"Effect": "Maybe"})).build(),
                "policy_statements.0: a statement is an object",
            ),
            (
                Bucket::builder()
                    .name("humangov")
                    .policy_statement(json!({
                        "Sid": "HumangovTlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "x"
                    }))
                    .build(),
                "policy_statements.0.Sid: HumangovTlsOnly is the statement that tls_only makes",
            ),
        ];
        for (bucket, expected) in cases {
            let text = problems(&bucket);
            assert!(text.starts_with(expected), "{expected}\n{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }

    #[test]
    fn order_within_a_policy_makes_no_difference() {
        let one =
            json!({"Effect": "Allow", "Principal": {"AWS": ["b", "a"]}, "Action": ["s3:x"], "Resource": "r"});
        let two =
            json!({"Effect": "Allow", "Principal": {"AWS": ["a", "b"]}, "Action": "s3:x", "Resource": ["r"]});
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "r"});
        let mut first = bucket();
        first.policy_statements = vec![one, deny.clone()];
        let mut second = bucket();
        second.policy_statements = vec![deny, two];
        first.normalize();
        second.normalize();
        assert_eq!(first, second);
    }
}
