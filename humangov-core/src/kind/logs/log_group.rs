// SPDX-License-Identifier: MIT OR Apache-2.0
//! `logs.log_group`: where the containers of a task write.

use crate::{
    address::Kind,
    arn::Arn,
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::Attr,
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A log group.
///
/// ```
/// use humangov_core::kind::logs::LogGroup;
/// let group = LogGroup::builder().name("/humangov/california").retention_in_days(30).build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct LogGroup {
    /// The name: 1 to 512 of `A-Z a-z 0-9 . - _ / #`, not beginning `aws/`; unique in account and region.
    #[builder(setter(into))]
    pub name: String,
    /// How long events are kept, in days; one of [`LogGroup::RETENTION_DAYS`]. Absent: for ever.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub retention_in_days: Option<u32>,
    /// The key that encrypts the events. Absent: a key AWS owns.
    #[builder(default, setter(strip_option, into))]
    #[serde(default)]
    pub kms_key_id: Option<String>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

impl LogGroup {
    /// The retention periods that CloudWatch Logs accepts (PutRetentionPolicy, `retentionInDays`).
    pub const RETENTION_DAYS: [u32; 22] = [
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
        3653,
    ];

    /// The group's name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
}

/// What is known of a log group that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroupOutputs {
    /// The ARN, without the trailing `:*` that some calls add.
    pub arn: Arn<LogGroup>,
    /// The name.
    pub name: String,
}

impl Resource for LogGroup {
    const KIND: Kind = Kind::new("logs.log_group");
    const RULES: &'static [Rule] = &[Rule::Immutable("/name")];
    type Outputs = LogGroupOutputs;

    fn validate(&self, found: &mut Violations) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
        found.check(
            (1..=512).contains(&self.name.len()) && self.name.chars().all(allowed),
            "name",
            || "a log group's name has 1 to 512 of A-Z, a-z, 0-9 and . - _ / #",
        );
        found.check(!self.name.starts_with("aws/"), "name", || "names beginning aws/ are reserved by AWS");
        if let Some(days) = self.retention_in_days {
            found.check(Self::RETENTION_DAYS.contains(&days), "retention_in_days", || {
                format!("{days} days is not a retention period; allowed are {}", list(&Self::RETENTION_DAYS))
            });
        }
        self.tags.validate(found);
    }
}

impl HasArn for LogGroup {}

fn list(days: &[u32]) -> String {
    days.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(group: &LogGroup) -> String {
        let mut found = Violations::default();
        group.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_group_is_fine() {
        assert_eq!(
            problems(&LogGroup::builder().name("/humangov/california").retention_in_days(30).build()),
            ""
        );
    }

    #[test]
    fn every_problem_is_told() {
        let group = LogGroup::builder().name("aws/ x").retention_in_days(31).build();
        let text = problems(&group);
        assert!(text.contains("name: a log group's name has"), "{text}");
        assert!(text.contains("name: names beginning aws/ are reserved by AWS"), "{text}");
        assert!(
            text.contains("retention_in_days: 31 days is not a retention period; allowed are 1, 3, 5"),
            "{text}"
        );
    }
}
