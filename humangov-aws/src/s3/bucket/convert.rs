// SPDX-License-Identifier: MIT OR Apache-2.0
//! Between the spec of a bucket and the SDK's types.

use crate::error::unbuildable;
use aws_sdk_s3::types;
use humangov_core::{
    handler::HandlerError,
    kind::s3::{Bucket, Encryption, LifecycleRule, ObjectOwnership, PublicAccessBlock, canonical_statement},
    tags::Tags,
    value::Input,
};
use serde_json::{Value, json};

/// The ARN of a bucket: its partition follows from the region.
pub(super) fn arn(region: &str, name: &str) -> String {
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    };
    format!("arn:{partition}:s3:::{name}")
}

pub(super) fn tags(tags: &Tags) -> Result<Vec<types::Tag>, HandlerError> {
    tags.iter()
        .map(|(key, value)| types::Tag::builder().key(key).value(value).build().map_err(unbuildable))
        .collect()
}

/// What was never blocked is open.
pub(super) fn public_access_block(read: Option<types::PublicAccessBlockConfiguration>) -> PublicAccessBlock {
    let is = |on: Option<bool>| on.unwrap_or(false);
    let read = read.unwrap_or_else(|| types::PublicAccessBlockConfiguration::builder().build());
    PublicAccessBlock::builder()
        .block_public_acls(is(read.block_public_acls))
        .ignore_public_acls(is(read.ignore_public_acls))
        .block_public_policy(is(read.block_public_policy))
        .restrict_public_buckets(is(read.restrict_public_buckets))
        .build()
}

pub(super) fn ownership(ownership: ObjectOwnership) -> types::ObjectOwnership {
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => types::ObjectOwnership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred => types::ObjectOwnership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter => types::ObjectOwnership::ObjectWriter,
    }
}

/// A bucket from before there were such settings has none: then whoever writes an object owns it.
pub(super) fn object_ownership(
    read: Option<types::OwnershipControls>,
) -> Result<ObjectOwnership, HandlerError> {
    match read.and_then(|controls| controls.rules.into_iter().next()).map(|rule| rule.object_ownership) {
        None | Some(types::ObjectOwnership::ObjectWriter) => Ok(ObjectOwnership::ObjectWriter),
        Some(types::ObjectOwnership::BucketOwnerEnforced) => Ok(ObjectOwnership::BucketOwnerEnforced),
        Some(types::ObjectOwnership::BucketOwnerPreferred) => Ok(ObjectOwnership::BucketOwnerPreferred),
        Some(other) => Err(HandlerError::malformed(
            "GetBucketOwnershipControls",
            format!("ownership {} is not known here", other.as_str()),
        )),
    }
}

pub(super) fn encryption(read: &types::ServerSideEncryptionConfiguration) -> Option<Encryption> {
    let rule = read.rules().first()?;
    let default = rule.apply_server_side_encryption_by_default()?;
    // Without a key, the account's own one for S3.
    let key = || Input::from(default.kms_master_key_id().unwrap_or("alias/aws/s3"));
    match default.sse_algorithm() {
        types::ServerSideEncryption::Aes256 => Some(Encryption::SseS3),
        types::ServerSideEncryption::AwsKms => Some(Encryption::Kms {
            kms_master_key_id: key(),
            bucket_key_enabled: rule.bucket_key_enabled().unwrap_or(false),
        }),
        types::ServerSideEncryption::AwsKmsDsse => Some(Encryption::KmsDsse { kms_master_key_id: key() }),
        _ => None,
    }
}

pub(super) fn to_encryption(
    encryption: &Encryption,
) -> Result<types::ServerSideEncryptionConfiguration, HandlerError> {
    let (algorithm, key, bucket_key) = match encryption {
        Encryption::SseS3 => (types::ServerSideEncryption::Aes256, None, None),
        Encryption::Kms { kms_master_key_id, bucket_key_enabled } => {
            (types::ServerSideEncryption::AwsKms, Some(kms_master_key_id), Some(*bucket_key_enabled))
        }
        Encryption::KmsDsse { kms_master_key_id } => {
            (types::ServerSideEncryption::AwsKmsDsse, Some(kms_master_key_id), None)
        }
    };
    let default = types::ServerSideEncryptionByDefault::builder()
        .sse_algorithm(algorithm)
        .set_kms_master_key_id(key.map(|key| key.text().to_owned()))
        .build()
        .map_err(unbuildable)?;
    let rule = types::ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .set_bucket_key_enabled(bucket_key)
        .build();
    types::ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(unbuildable)
}

fn days(days: Option<i32>) -> Option<u32> {
    days.and_then(|days| u32::try_from(days).ok())
}

fn to_days(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

pub(super) fn lifecycle_rule(read: &types::LifecycleRule) -> LifecycleRule {
    #[expect(deprecated, reason = "rules from before filters have their prefix here")]
    let old_prefix = read.prefix();
    let prefix =
        read.filter().and_then(types::LifecycleRuleFilter::prefix).or(old_prefix).unwrap_or_default();
    let mut rule = LifecycleRule::builder().id(read.id().unwrap_or_default()).prefix(prefix).build();
    rule.enabled = *read.status() == types::ExpirationStatus::Enabled;
    rule.expiration_days = days(read.expiration().and_then(types::LifecycleExpiration::days));
    rule.expired_object_delete_marker =
        read.expiration().and_then(types::LifecycleExpiration::expired_object_delete_marker).unwrap_or(false);
    let noncurrent = read.noncurrent_version_expiration();
    rule.noncurrent_version_expiration_days =
        days(noncurrent.and_then(types::NoncurrentVersionExpiration::noncurrent_days));
    rule.abort_incomplete_multipart_upload_days = days(
        read.abort_incomplete_multipart_upload()
            .and_then(types::AbortIncompleteMultipartUpload::days_after_initiation),
    );
    // What this type has no words for must not go unseen.
    let mut other = |name: &str, there: bool| {
        if there {
            rule.others.push(name.to_owned());
        }
    };
    let filter = read.filter();
    other("expiration.date", read.expiration().is_some_and(|expiration| expiration.date().is_some()));
    other("filter.and", filter.is_some_and(|filter| filter.and().is_some()));
    other("filter.object_size_greater_than", filter.is_some_and(|f| f.object_size_greater_than().is_some()));
    other("filter.object_size_less_than", filter.is_some_and(|f| f.object_size_less_than().is_some()));
    other("filter.tag", filter.is_some_and(|filter| filter.tag().is_some()));
    other("newer_noncurrent_versions", noncurrent.is_some_and(|n| n.newer_noncurrent_versions().is_some()));
    other("noncurrent_version_transitions", !read.noncurrent_version_transitions().is_empty());
    other("transitions", !read.transitions().is_empty());
    rule
}

pub(super) fn to_lifecycle_rule(rule: &LifecycleRule) -> Result<types::LifecycleRule, HandlerError> {
    let status =
        if rule.enabled { types::ExpirationStatus::Enabled } else { types::ExpirationStatus::Disabled };
    let mut made = types::LifecycleRule::builder()
        .id(&rule.id)
        .status(status)
        .filter(types::LifecycleRuleFilter::builder().prefix(&rule.prefix).build());
    if rule.expiration_days.is_some() || rule.expired_object_delete_marker {
        let expiration = types::LifecycleExpiration::builder()
            .set_days(rule.expiration_days.map(to_days))
            .set_expired_object_delete_marker(rule.expired_object_delete_marker.then_some(true));
        made = made.expiration(expiration.build());
    }
    if let Some(days) = rule.noncurrent_version_expiration_days {
        let expiration = types::NoncurrentVersionExpiration::builder().noncurrent_days(to_days(days));
        made = made.noncurrent_version_expiration(expiration.build());
    }
    if let Some(days) = rule.abort_incomplete_multipart_upload_days {
        let abort = types::AbortIncompleteMultipartUpload::builder().days_after_initiation(to_days(days));
        made = made.abort_incomplete_multipart_upload(abort.build());
    }
    made.build().map_err(unbuildable)
}

/// The statement that refuses requests without TLS, in canonical form.
pub(super) fn tls_only(arn: &str) -> Value {
    let mut statement = json!({
        "Sid": Bucket::TLS_ONLY_SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    });
    canonical_statement(&mut statement);
    statement
}

/// The policy that says what `spec` does. `None`: there is nothing to say.
pub(super) fn policy(spec: &Bucket, arn: &str) -> Option<String> {
    let ours = spec.tls_only.then(|| tls_only(arn));
    let statements: Vec<Value> = ours.into_iter().chain(spec.policy_statements.iter().cloned()).collect();
    (!statements.is_empty()).then(|| json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

/// Whether the statement `tls_only` is among those of `policy`, and the others.
pub(super) fn statements(policy: &str, tls_only: &Value) -> Result<(bool, Vec<Value>), HandlerError> {
    let mut policy: Value = serde_json::from_str(policy).map_err(|error| {
        HandlerError::malformed("GetBucketPolicy", "the policy is not JSON").with_source(error)
    })?;
    let mut statements = match policy.get_mut("Statement").map(Value::take) {
        Some(Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    statements.iter_mut().for_each(canonical_statement);
    let all = statements.len();
    statements.retain(|statement| statement != tls_only);
    Ok((statements.len() < all, statements))
}
