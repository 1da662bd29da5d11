// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ecr.repository`: where the images of an application are.

use super::LifecyclePolicy;
use crate::{
    address::Kind,
    arn::Arn,
    kind::iam::{PolicyDocument, PolicyUse},
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Input},
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A private repository of images. One serves all tenants: they run the same image.
///
/// ```
/// use humangov_core::kind::ecr::{ImageTagMutability, LifecyclePolicy, Repository};
/// let repository = Repository::builder()
///     .name("humangov/app")
///     .image_tag_mutability(ImageTagMutability::Immutable)
///     .lifecycle(LifecyclePolicy::new().expire_untagged_after_days(7).keep_last(50))
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Repository {
    /// The name: 2 to 256 of `a-z 0-9`, with single `.` or `_`, `__`, any number of `-`, or `/` between them; unique in
    /// account and region.
    #[builder(setter(into))]
    pub name: String,
    /// Whether a tag can be moved to another image.
    #[builder(default)]
    #[serde(default)]
    pub image_tag_mutability: ImageTagMutability,
    /// What encrypts the images. Cannot be changed.
    #[builder(default)]
    #[serde(default)]
    pub encryption: Encryption,
    /// Which images expire. Absent: none do, unless somebody else set a policy.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub lifecycle: Option<LifecyclePolicy>,
    /// Who else may pull or push, such as other accounts: principals and actions, no resources; up to 10,240 characters.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub policy: Option<PolicyDocument>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// Whether a tag can be moved to another image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImageTagMutability {
    /// Tags can be moved.
    #[default]
    Mutable,
    /// A tag stays with the image it was first given to.
    Immutable,
    /// Tags can be moved, but for those that fit one of 1 to 5 patterns: 1 to 128 of `A-Z a-z 0-9 . _ -` and `*`.
    MutableWithExclusion(Vec<String>),
    /// Tags stay, but for those that fit one of 1 to 5 patterns: 1 to 128 of `A-Z a-z 0-9 . _ -` and `*`.
    ImmutableWithExclusion(Vec<String>),
}

/// What encrypts the images of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encryption {
    /// Keys that S3 owns.
    #[default]
    #[serde(rename = "AES256")]
    Aes256,
    /// A key of KMS.
    #[serde(rename = "KMS")]
    Kms {
        /// The key's ARN, since that is what ECR answers. Absent: the account's key for ECR, which AWS makes.
        #[serde(default)]
        key: Option<Input<String>>,
    },
    /// A key of KMS, twice.
    #[serde(rename = "KMS_DSSE")]
    KmsDsse {
        /// The key's ARN, since that is what ECR answers. Absent: the account's key for ECR, which AWS makes.
        #[serde(default)]
        key: Option<Input<String>>,
    },
}

impl Repository {
    /// The repository's name.
    pub const NAME: Attr<Self, String> = Attr::new("name");

    /// The address images are pushed to and pulled from, without a tag or digest.
    pub const URI: Attr<Self, String> = Attr::new("uri");
}

/// What is known of a repository that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryOutputs {
    /// The ARN.
    pub arn: Arn<Repository>,
    /// The name.
    pub name: String,
    /// The address images are pushed to and pulled from, without a tag or digest.
    pub uri: String,
}

impl Resource for Repository {
    const KIND: Kind = Kind::new("ecr.repository");
    const RULES: &'static [Rule] = &[Rule::Immutable("/name"), Rule::Immutable("/encryption")];
    const HOLDS_DATA: bool = true;
    type Outputs = RepositoryOutputs;

    fn normalize(&mut self) {
        use ImageTagMutability::{ImmutableWithExclusion, MutableWithExclusion};
        if let MutableWithExclusion(patterns) | ImmutableWithExclusion(patterns) =
            &mut self.image_tag_mutability
        {
            patterns.sort_unstable();
            patterns.dedup();
        }
        if let Some(lifecycle) = &mut self.lifecycle {
            lifecycle.normalize();
        }
        if let Some(policy) = &mut self.policy {
            policy.normalize();
        }
    }

    fn validate(&self, found: &mut Violations) {
        found.check((2..=256).contains(&self.name.len()) && is_name(&self.name), "name", || {
            "a repository's name has 2 to 256 of a-z and 0-9, with . _ __ or - between them, in parts separated by /"
        });
        self.image_tag_mutability.validate(found);
        if let Encryption::Kms { key: Some(Input::Known(key)) }
        | Encryption::KmsDsse { key: Some(Input::Known(key)) } = &self.encryption
        {
            let is_key = |arn: &Arn<()>| arn.service() == "kms" && arn.resource().starts_with("key/");
            found.check(key.len() <= 2_048 && key.parse().is_ok_and(|arn| is_key(&arn)), "encryption", || {
                format!("{key:?} is not the ARN of a key, such as arn:aws:kms:us-east-1:123456789012:key/1234abcd")
            });
        }
        if let Some(lifecycle) = &self.lifecycle {
            found.within("lifecycle", |found| lifecycle.validate(found));
        }
        if let Some(policy) = &self.policy {
            found.within("policy", |found| policy.validate(PolicyUse::Repository, found));
        }
        self.tags.validate(found);
    }
}

impl HasArn for Repository {}

impl ImageTagMutability {
    fn validate(&self, found: &mut Violations) {
        if let Self::MutableWithExclusion(patterns) | Self::ImmutableWithExclusion(patterns) = self {
            found.check((1..=5).contains(&patterns.len()), "image_tag_mutability", || {
                format!("{} patterns; allowed are 1 to 5", patterns.len())
            });
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._*-".contains(&b);
            for pattern in patterns {
                found.check(
                    (1..=128).contains(&pattern.len()) && pattern.bytes().all(allowed),
                    "image_tag_mutability",
                    || format!("{pattern:?} is not 1 to 128 of A-Z, a-z, 0-9 and . _ * -"),
                );
            }
        }
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, in parts separated by slashes.
fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.split('/').all(|part| {
        let mut rest = part;
        loop {
            let after = rest.trim_start_matches(word);
            if after.len() == rest.len() {
                return false;
            }
            if after.is_empty() {
                return true;
            }
            rest = after.trim_start_matches(|c| !word(c));
            let separator = &after[..after.len() - rest.len()];
            if !matches!(separator, "." | "_" | "__") && !separator.bytes().all(|b| b == b'-') {
                return false;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::iam::Statement;
    use serde_json::json;

    fn problems(repository: &Repository) -> String {
        let mut found = Violations::default();
        repository.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_repository_is_fine() {
        let pull = Statement::allow().aws("123456789012").action("ecr:BatchGetImage");
        let repository = Repository::builder()
            .name("humangov/app")
            .image_tag_mutability(ImageTagMutability::ImmutableWithExclusion(vec!["latest*".to_owned()]))
            .encryption(Encryption::Kms {
                key: Some("arn:aws:kms:us-east-1:123456789012:key/1234abcd".into()),
            })
            .lifecycle(LifecyclePolicy::new().keep_last(50))
            .policy(PolicyDocument::new().statement(pull))
            .build();
        assert_eq!(problems(&repository), "");
    }

    #[test]
    fn names_follow_ecrs_pattern() {
        for name in ["ab", "humangov/app", "a.b_c__d-e---f/g", "0/1"] {
            assert_eq!(problems(&Repository::builder().name(name).build()), "", "{name}");
        }
        let long = "a".repeat(257);
        for name in
            ["", "a", "A/b", "-a", "a-", "a//b", "a/", "/a", "a..b", "a___b", "a._b", "a b", long.as_str()]
        {
            assert!(problems(&Repository::builder().name(name).build()).starts_with("name: "), "{name}");
        }
    }

    #[test]
    fn every_setting_is_checked() {
        let repository = Repository::builder()
            .name("ab")
            .image_tag_mutability(ImageTagMutability::MutableWithExclusion(vec!["a b".to_owned()]))
            .encryption(Encryption::KmsDsse { key: Some("alias/images".into()) })
            .lifecycle(LifecyclePolicy::new())
            .policy(PolicyDocument::new())
            .build();
        assert_eq!(
            problems(&repository),
            "image_tag_mutability: \"a b\" is not 1 to 128 of A-Z, a-z, 0-9 and . _ * -\n\
             encryption: \"alias/images\" is not the ARN of a key, such as arn:aws:kms:us-east-1:123456789012:key/1234abcd\n\
             lifecycle.rules: a lifecycle policy has at least one rule\n\
             policy.statements: a policy has at least one statement"
        );
        let none = ImageTagMutability::ImmutableWithExclusion(Vec::new());
        let repository = Repository::builder().name("ab").image_tag_mutability(none).build();
        assert_eq!(problems(&repository), "image_tag_mutability: 0 patterns; allowed are 1 to 5");
    }

    #[test]
    fn choices_are_recorded_in_aws_words() {
        let repository = Repository::builder()
            .name("ab")
            .image_tag_mutability(ImageTagMutability::MutableWithExclusion(vec!["v*".to_owned()]))
            .encryption(Encryption::KmsDsse { key: None })
            .build();
        let json = serde_json::to_value(&repository).expect("writes");
        assert_eq!(json["image_tag_mutability"], json!({"MUTABLE_WITH_EXCLUSION": ["v*"]}));
        assert_eq!(json["encryption"], json!({"KMS_DSSE": {"key": null}}));
        assert_eq!(serde_json::from_value::<Repository>(json).expect("reads"), repository);
    }
}
