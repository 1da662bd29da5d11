// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of these handlers share.

use aws_sdk_elasticloadbalancingv2::{operation::describe_tags::DescribeTagsOutput, types};
use aws_smithy_types::error::ErrorMetadata;

/// The beginning of every ARN here.
pub(super) const ELB: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012";

/// An error as AWS answers it.
pub(super) fn refusal(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("refused").build()
}

/// The answer to DescribeTags: each ARN is ours, with one tag of the user.
pub(super) fn tags_of<S: AsRef<str>>(arns: impl IntoIterator<Item = S>) -> DescribeTagsOutput {
    let tag = |key: &str, value: &str| types::Tag::builder().key(key).value(value).build();
    let described = |arn: S| {
        types::TagDescription::builder()
            .resource_arn(arn.as_ref())
            .tags(tag("humangov:fleet", "humangov"))
            .tags(tag("team", "hr"))
            .build()
    };
    DescribeTagsOutput::builder()
        .set_tag_descriptions(Some(arns.into_iter().map(described).collect()))
        .build()
}

/// Whether a create request says whose the new thing is.
pub(super) fn is_owned(tags: &[types::Tag], address: &str) -> bool {
    tags.iter().any(|tag| tag.key() == Some("humangov:address") && tag.value() == Some(address))
}
