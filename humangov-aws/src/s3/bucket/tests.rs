// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_s3::operation::{
    abort_multipart_upload::AbortMultipartUploadOutput,
    create_bucket::{CreateBucketError, CreateBucketOutput},
    delete_bucket::{DeleteBucketError, DeleteBucketOutput},
    delete_bucket_lifecycle::DeleteBucketLifecycleOutput,
    delete_bucket_policy::DeleteBucketPolicyOutput,
    delete_objects::DeleteObjectsOutput,
    get_bucket_encryption::{GetBucketEncryptionError, GetBucketEncryptionOutput},
    get_bucket_lifecycle_configuration::{
        GetBucketLifecycleConfigurationError, GetBucketLifecycleConfigurationOutput,
    },
    get_bucket_ownership_controls::{GetBucketOwnershipControlsError, GetBucketOwnershipControlsOutput},
    get_bucket_policy::{GetBucketPolicyError, GetBucketPolicyOutput},
    get_bucket_tagging::{GetBucketTaggingError, GetBucketTaggingOutput},
    get_bucket_versioning::GetBucketVersioningOutput,
    get_public_access_block::{GetPublicAccessBlockError, GetPublicAccessBlockOutput},
    head_bucket::{HeadBucketError, HeadBucketOutput},
    list_multipart_uploads::ListMultipartUploadsOutput,
    list_object_versions::ListObjectVersionsOutput,
    put_bucket_encryption::PutBucketEncryptionOutput,
    put_bucket_lifecycle_configuration::PutBucketLifecycleConfigurationOutput,
    put_bucket_ownership_controls::PutBucketOwnershipControlsOutput,
    put_bucket_policy::PutBucketPolicyOutput,
    put_bucket_tagging::{PutBucketTaggingError, PutBucketTaggingOutput},
    put_bucket_versioning::PutBucketVersioningOutput,
    put_public_access_block::PutPublicAccessBlockOutput,
};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use aws_smithy_types::error::ErrorMetadata;
use humangov_core::resource::Resource;
use serde_json::json;

const NAME: &str = "humangov-california-s3-4f2a";
const ADDRESS: &str = "s3.bucket/documents";

fn meta(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn bucket() -> Bucket {
    let mut bucket = Bucket::builder()
        .name(NAME)
        .versioning(Versioning::Enabled)
        .encryption(Encryption::kms("alias/documents"))
        .tls_only(true)
        .lifecycle_rule(LifecycleRule::builder().id("old").noncurrent_version_expiration_days(90).build())
        .policy_statement(json!({
            "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/audit"},
            "Action": ["s3:GetObject"], "Resource": [format!("arn:aws:s3:::{NAME}/*")],
        }))
        .build();
    bucket.tags.insert("team", "hr");
    bucket.normalize();
    bucket
}

fn absent() -> Rule {
    mock!(Client::head_bucket).then_error(|| {
        HeadBucketError::NotFound(types::error::NotFound::builder().meta(meta("NotFound", "")).build())
    })
}

fn outputs() -> BucketOutputs {
    let arn = format!("arn:aws:s3:::{NAME}").parse().expect("an ARN");
    BucketOutputs { arn, name: NAME.to_owned(), region: "us-east-1".to_owned() }
}

async fn read(
    handler: &BucketHandler,
    spec: &Bucket,
    depth: Depth,
) -> Result<Option<Live<Bucket>>, HandlerError> {
    let cx = cx(ADDRESS);
    handler.read(Lookup { cx: &cx, spec, outputs: None, depth }).await
}

#[tokio::test]
async fn a_bucket_is_tagged_first_and_then_set_up() {
    let head = absent();
    let create = mock!(Client::create_bucket)
        .match_requests(|request| {
            let configuration = request.create_bucket_configuration().expect("tags");
            request.bucket() == Some(NAME)
                && request.object_ownership() == Some(&types::ObjectOwnership::BucketOwnerEnforced)
                && configuration.location_constraint().is_none()
                && configuration.tags().len() == 4
        })
        .then_output(|| CreateBucketOutput::builder().build());
    let tag = mock!(Client::put_bucket_tagging)
        .match_requests(|request| {
            let tags = request.tagging().expect("tags").tag_set();
            tags.iter().any(|tag| tag.key() == "humangov:address" && tag.value() == ADDRESS)
                && tags.iter().any(|tag| tag.key() == "team")
        })
        .then_output(|| PutBucketTaggingOutput::builder().build());
    let block = mock!(Client::put_public_access_block)
        .match_requests(|request| {
            let block = request.public_access_block_configuration().expect("a block");
            block.block_public_acls() == Some(true) && block.restrict_public_buckets() == Some(true)
        })
        .then_output(|| PutPublicAccessBlockOutput::builder().build());
    let versioning =
        mock!(Client::put_bucket_versioning).then_output(|| PutBucketVersioningOutput::builder().build());
    let encryption =
        mock!(Client::put_bucket_encryption).then_output(|| PutBucketEncryptionOutput::builder().build());
    let lifecycle = mock!(Client::put_bucket_lifecycle_configuration)
        .then_output(|| PutBucketLifecycleConfigurationOutput::builder().build());
    let policy = mock!(Client::put_bucket_policy)
        .match_requests(|request| {
            let policy = request.policy().unwrap_or_default();
            policy.contains("HumangovTlsOnly") && policy.contains("role/audit")
        })
        .then_output(|| PutBucketPolicyOutput::builder().build());
    let rules = [&head, &create, &tag, &block, &versioning, &encryption, &lifecycle, &policy];
    let handler = BucketHandler::new(mock_client!(
        aws_sdk_s3,
        [&head, &create, &tag, &block, &versioning, &encryption, &lifecycle, &policy]
    ));
    let made = handler.create(&cx(ADDRESS), &bucket()).await.expect("made");
    assert_eq!(made, outputs());
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_made_again() {
    let head = mock!(Client::head_bucket).then_output(|| HeadBucketOutput::builder().build());
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&head]));
    let error = handler.create(&cx(ADDRESS), &bucket()).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (Kind::AlreadyExists, Effect::None));

    let head = absent();
    let create = mock!(Client::create_bucket).then_error(|| {
        let taken =
            types::error::BucketAlreadyExists::builder().meta(meta("BucketAlreadyExists", "")).build();
        CreateBucketError::BucketAlreadyExists(taken)
    });
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&head, &create]));
    let error = handler.create(&cx(ADDRESS), &bucket()).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (Kind::AlreadyExists, Effect::None));
}

#[tokio::test]
async fn a_region_without_tags_at_creation_gets_them_afterwards() {
    let head = absent();
    let refuse = mock!(Client::create_bucket)
        .match_requests(|request| request.create_bucket_configuration().is_some())
        .then_error(|| CreateBucketError::generic(meta("UnsupportedArgument", "unsupported")));
    let create = mock!(Client::create_bucket)
        .match_requests(|request| request.create_bucket_configuration().is_none())
        .then_output(|| CreateBucketOutput::builder().build());
    // The bucket is not known everywhere yet: to be tried again, and looked for first.
    let tag = mock!(Client::put_bucket_tagging)
        .then_error(|| PutBucketTaggingError::generic(meta("NoSuchBucket", "not there")));
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&head, &refuse, &create, &tag]));
    let error = handler.create(&cx(ADDRESS), &bucket()).await.expect_err("too early");
    assert_eq!((error.kind(), error.effect()), (Kind::NotYet, Effect::Unknown));
    assert_eq!((refuse.num_calls(), create.num_calls(), tag.num_calls()), (1, 1, 1));
}

#[tokio::test]
async fn one_call_tells_whose_a_bucket_is() {
    let tags = mock!(Client::get_bucket_tagging).then_output(|| {
        let tag = |key, value| types::Tag::builder().key(key).value(value).build().expect("complete");
        GetBucketTaggingOutput::builder()
            .tag_set(tag("humangov:fleet", "humangov"))
            .tag_set(tag("team", "hr"))
            .build()
            .expect("complete")
    });
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&tags]));
    let live = read(&handler, &bucket(), Depth::Identity).await.expect("read").expect("there");
    assert_eq!(live.tags.expect("tags").get("humangov:fleet"), Some("humangov"));
    assert_eq!(live.outputs, outputs());
}

#[tokio::test]
async fn an_absent_bucket_an_untagged_one_and_a_strangers_are_told_apart() {
    // Code, message, and what is found: nothing, something without tags, or an error.
    let cases = [
        ("NoSuchBucket", "", Ok(false)),
        ("NoSuchTagSet", "", Ok(true)),
        ("AccessDenied", "Access Denied", Ok(true)),
        (
            "AccessDenied",
            "User: x is not authorized to perform: s3:GetBucketTagging",
            Err(Kind::AccessDenied),
        ),
        ("ExpiredToken", "", Err(Kind::AccessDenied)),
        ("PermanentRedirect", "another region", Err(Kind::Invalid)),
    ];
    for (code, message, expected) in cases {
        let tags = mock!(Client::get_bucket_tagging)
            .then_error(move || GetBucketTaggingError::generic(meta(code, message)));
        let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&tags]));
        let found = read(&handler, &bucket(), Depth::Identity).await;
        if let Ok(Some(live)) = &found {
            assert_eq!(live.tags, Some(Tags::new()), "{code}");
        }
        assert_eq!(found.map(|live| live.is_some()).map_err(|error| error.kind()), expected, "{code}");
    }
}

fn tagged() -> Rule {
    mock!(Client::get_bucket_tagging).then_output(|| {
        let tag = types::Tag::builder().key("team").value("hr").build().expect("complete");
        GetBucketTaggingOutput::builder().tag_set(tag).build().expect("complete")
    })
}

#[tokio::test]
async fn a_bucket_reads_back_as_the_spec_that_made_it() {
    let tags = tagged();
    let block = mock!(Client::get_public_access_block).then_output(|| {
        let block = types::PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true);
        GetPublicAccessBlockOutput::builder().public_access_block_configuration(block.build()).build()
    });
    let ownership = mock!(Client::get_bucket_ownership_controls).then_output(|| {
        let rule = types::OwnershipControlsRule::builder()
            .object_ownership(types::ObjectOwnership::BucketOwnerEnforced)
            .build()
            .expect("complete");
        let controls = types::OwnershipControls::builder().rules(rule).build().expect("complete");
        GetBucketOwnershipControlsOutput::builder().ownership_controls(controls).build()
    });
    let lifecycle = mock!(Client::get_bucket_lifecycle_configuration).then_output(|| {
        let rule = convert::to_lifecycle_rule(&bucket().lifecycle_rules[0]).expect("complete");
        GetBucketLifecycleConfigurationOutput::builder().rules(rule).build()
    });
    let policy = mock!(Client::get_bucket_policy).then_output(|| {
        GetBucketPolicyOutput::builder()
            .set_policy(convert::policy(&bucket(), &format!("arn:aws:s3:::{NAME}")))
            .build()
    });
    let encryption = mock!(Client::get_bucket_encryption).then_output(|| {
        let encryption = convert::to_encryption(&Encryption::kms("alias/documents")).expect("complete");
        GetBucketEncryptionOutput::builder().server_side_encryption_configuration(encryption).build()
    });
    let versioning = mock!(Client::get_bucket_versioning).then_output(|| {
        GetBucketVersioningOutput::builder().status(types::BucketVersioningStatus::Enabled).build()
    });
    let rules = [&tags, &block, &ownership, &lifecycle, &policy, &encryption, &versioning];
    let handler = BucketHandler::new(mock_client!(
        aws_sdk_s3,
        RuleMode::MatchAny,
        [&tags, &block, &ownership, &lifecycle, &policy, &encryption, &versioning]
    ));
    let mut spec = read(&handler, &bucket(), Depth::Full).await.expect("read").expect("there").spec;
    spec.normalize();
    assert_eq!(spec, bucket());
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn settings_that_were_never_made_are_seen_as_open() {
    let tags = tagged();
    let block = mock!(Client::get_public_access_block)
        .then_error(|| GetPublicAccessBlockError::generic(meta("NoSuchPublicAccessBlockConfiguration", "")));
    let ownership = mock!(Client::get_bucket_ownership_controls)
        .then_error(|| GetBucketOwnershipControlsError::generic(meta("OwnershipControlsNotFoundError", "")));
    let lifecycle = mock!(Client::get_bucket_lifecycle_configuration).then_error(|| {
        GetBucketLifecycleConfigurationError::generic(meta("NoSuchLifecycleConfiguration", ""))
    });
    let policy = mock!(Client::get_bucket_policy)
        .then_error(|| GetBucketPolicyError::generic(meta("NoSuchBucketPolicy", "")));
    let encryption = mock!(Client::get_bucket_encryption).then_error(|| {
        GetBucketEncryptionError::generic(meta("ServerSideEncryptionConfigurationNotFoundError", ""))
    });
    let versioning =
        mock!(Client::get_bucket_versioning).then_output(|| GetBucketVersioningOutput::builder().build());
    let handler = BucketHandler::new(mock_client!(
        aws_sdk_s3,
        RuleMode::MatchAny,
        [&tags, &block, &ownership, &lifecycle, &policy, &encryption, &versioning]
    ));
    let spec = read(&handler, &bucket(), Depth::Full).await.expect("read").expect("there").spec;
    assert!(!spec.public_access_block.block_public_acls && !spec.public_access_block.block_public_policy);
    assert_eq!(spec.object_ownership, ObjectOwnership::ObjectWriter);
    assert!(!spec.tls_only && spec.lifecycle_rules.is_empty() && spec.policy_statements.is_empty());
    assert_eq!((spec.encryption, spec.versioning), (None, None));
}

#[test]
fn a_statement_of_ours_that_was_changed_is_somebody_elses() {
    let arn = format!("arn:aws:s3:::{NAME}");
    let ours = convert::tls_only(&arn);
    let mut weakened = ours.clone();
    weakened["Principal"] = json!({"AWS": "arn:aws:iam::123456789012:root"});
    let read = |statement: &Value| convert::statements(&json!({"Statement": statement}).to_string(), &ours);
    assert_eq!(read(&ours).expect("parses"), (true, vec![]));
    assert_eq!(read(&weakened).expect("parses"), (false, vec![weakened]));
    assert_eq!(convert::statements("{", &ours).expect_err("no JSON").kind(), Kind::Malformed);
}

#[test]
fn what_a_lifecycle_rule_has_besides_is_seen() {
    let transition = types::Transition::builder().days(30).build();
    let rule = types::LifecycleRule::builder()
        .id("x")
        .status(types::ExpirationStatus::Disabled)
        .filter(types::LifecycleRuleFilter::builder().object_size_less_than(5).build())
        .transitions(transition)
        .build()
        .expect("complete");
    let read = convert::lifecycle_rule(&rule);
    assert!(!read.enabled);
    assert_eq!(read.others, ["filter.object_size_less_than", "transitions"]);
}

#[tokio::test]
async fn an_update_sends_what_differs() {
    let prior = bucket();
    let mut desired = Bucket::builder().name(NAME).versioning(Versioning::Suspended).build();
    desired.encryption.clone_from(&prior.encryption);
    desired.object_ownership = ObjectOwnership::BucketOwnerPreferred;
    desired.public_access_block.block_public_acls = false;
    let tag = mock!(Client::put_bucket_tagging)
        .match_requests(|request| request.tagging().expect("tags").tag_set().len() == 3)
        .then_output(|| PutBucketTaggingOutput::builder().build());
    let policy =
        mock!(Client::delete_bucket_policy).then_output(|| DeleteBucketPolicyOutput::builder().build());
    let block =
        mock!(Client::put_public_access_block).then_output(|| PutPublicAccessBlockOutput::builder().build());
    let ownership = mock!(Client::put_bucket_ownership_controls)
        .then_output(|| PutBucketOwnershipControlsOutput::builder().build());
    let versioning = mock!(Client::put_bucket_versioning)
        .match_requests(|request| {
            request.versioning_configuration().and_then(|v| v.status())
                == Some(&types::BucketVersioningStatus::Suspended)
        })
        .then_output(|| PutBucketVersioningOutput::builder().build());
    let lifecycle =
        mock!(Client::delete_bucket_lifecycle).then_output(|| DeleteBucketLifecycleOutput::builder().build());
    let rules = [&tag, &policy, &block, &ownership, &versioning, &lifecycle];
    let handler = BucketHandler::new(mock_client!(
        aws_sdk_s3,
        [&tag, &policy, &block, &ownership, &versioning, &lifecycle]
    ));
    let change = Update { prior: &prior, outputs: &outputs(), desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("changed");
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));

    let nothing = BucketHandler::new(mock_client!(aws_sdk_s3, []));
    let change = Update { prior: &prior, outputs: &outputs(), desired: &prior };
    nothing.update(&cx(ADDRESS), change).await.expect("nothing to do");
}

#[tokio::test]
async fn what_is_taken_out_of_a_spec_goes_back_to_the_default() {
    let (prior, mut desired) = (bucket(), bucket());
    (desired.versioning, desired.encryption) = (None, None);
    let versioning = mock!(Client::put_bucket_versioning)
        .match_requests(|request| {
            request.versioning_configuration().and_then(|v| v.status())
                == Some(&types::BucketVersioningStatus::Suspended)
        })
        .then_output(|| PutBucketVersioningOutput::builder().build());
    let encryption = mock!(Client::put_bucket_encryption)
        .match_requests(|request| {
            let encryption = request.server_side_encryption_configuration().and_then(convert::encryption);
            encryption == Some(Encryption::SseS3)
        })
        .then_output(|| PutBucketEncryptionOutput::builder().build());
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&versioning, &encryption]));
    let change = Update { prior: &prior, outputs: &outputs(), desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("changed");
    assert_eq!((versioning.num_calls(), encryption.num_calls()), (1, 1));

    let mut prior = prior;
    (prior.versioning, prior.encryption) = (Some(Versioning::Suspended), Some(Encryption::SseS3));
    let change = Update { prior: &prior, outputs: &outputs(), desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("no call is made");
}

fn not_empty() -> Rule {
    mock!(Client::delete_bucket)
        .then_error(|| DeleteBucketError::generic(meta("BucketNotEmpty", "The bucket is not empty")))
}

async fn delete(handler: &BucketHandler, contents: Contents) -> Result<(), HandlerError> {
    handler.delete(&cx(ADDRESS), Prior { spec: &bucket(), outputs: &outputs(), contents }).await
}

#[tokio::test]
async fn a_bucket_with_objects_stays_unless_its_data_may_go() {
    let full = not_empty();
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&full]));
    let error = delete(&handler, Contents::MustBeEmpty).await.expect_err("full");
    assert_eq!((error.kind(), error.effect()), (Kind::NotEmpty, Effect::None));
    assert!(error.details()[1].contains("empty it first"));

    let gone = mock!(Client::delete_bucket)
        .then_error(|| DeleteBucketError::generic(meta("NoSuchBucket", "not there")));
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&gone]));
    delete(&handler, Contents::MustBeEmpty).await.expect("nothing to do");
}

#[tokio::test]
async fn a_purge_deletes_every_version_page_by_page() {
    let version = |key: &str| types::ObjectVersion::builder().key(key).version_id("1").build();
    let marker = |key: &str| types::DeleteMarkerEntry::builder().key(key).version_id("2").build();
    let full = not_empty();
    let first = mock!(Client::list_object_versions)
        .match_requests(|request| request.key_marker().is_none())
        .then_output(move || {
            ListObjectVersionsOutput::builder()
                .versions(version("a"))
                .delete_markers(marker("a"))
                .is_truncated(true)
                .build()
        });
    let delete_two = mock!(Client::delete_objects)
        .match_requests(|request| request.delete().expect("objects").objects().len() == 2)
        .then_output(|| DeleteObjectsOutput::builder().build());
    let second = mock!(Client::list_object_versions)
        .match_requests(|request| request.key_marker().is_none())
        .then_output(move || ListObjectVersionsOutput::builder().versions(version("b")).build());
    let delete_one = mock!(Client::delete_objects)
        .match_requests(|request| request.delete().expect("objects").objects()[0].version_id() == Some("1"))
        .then_output(|| DeleteObjectsOutput::builder().build());
    let uploads = mock!(Client::list_multipart_uploads).then_output(|| {
        let upload = types::MultipartUpload::builder().key("c").upload_id("u").build();
        ListMultipartUploadsOutput::builder().uploads(upload).build()
    });
    let abort = mock!(Client::abort_multipart_upload)
        .match_requests(|request| request.key() == Some("c") && request.upload_id() == Some("u"))
        .then_output(|| AbortMultipartUploadOutput::builder().build());
    let gone = mock!(Client::delete_bucket).then_output(|| DeleteBucketOutput::builder().build());
    let handler = BucketHandler::new(mock_client!(
        aws_sdk_s3,
        [&full, &first, &delete_two, &second, &delete_one, &uploads, &abort, &gone]
    ));
    delete(&handler, Contents::Purge).await.expect("purged");
    assert_eq!((delete_two.num_calls(), delete_one.num_calls(), gone.num_calls()), (1, 1, 1));
}

#[tokio::test]
async fn objects_that_cannot_be_deleted_are_told() {
    let full = not_empty();
    let list = mock!(Client::list_object_versions).then_output(|| {
        ListObjectVersionsOutput::builder().versions(types::ObjectVersion::builder().key("a").build()).build()
    });
    let refuse = mock!(Client::delete_objects).then_output(|| {
        let failure = types::Error::builder().key("a").code("AccessDenied").message("locked").build();
        DeleteObjectsOutput::builder().errors(failure).build()
    });
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&full, &list, &refuse]));
    let error = delete(&handler, Contents::Purge).await.expect_err("locked");
    assert_eq!((error.kind(), error.effect()), (Kind::AccessDenied, Effect::Unknown));
    assert_eq!(error.details(), ["a: AccessDenied: locked"]);
}

#[tokio::test]
async fn what_is_written_during_a_purge_goes_next_time() {
    let full = not_empty();
    let list =
        mock!(Client::list_object_versions).then_output(|| ListObjectVersionsOutput::builder().build());
    let uploads =
        mock!(Client::list_multipart_uploads).then_output(|| ListMultipartUploadsOutput::builder().build());
    let again = not_empty();
    let handler = BucketHandler::new(mock_client!(aws_sdk_s3, [&full, &list, &uploads, &again]));
    let error = delete(&handler, Contents::Purge).await.expect_err("full again");
    assert_eq!((error.kind(), error.effect()), (Kind::NotYet, Effect::Unknown));
}

#[test]
fn the_partition_of_a_bucket_follows_its_region() {
    assert_eq!(convert::arn("us-gov-west-1", "x"), "arn:aws-us-gov:s3:::x");
    assert_eq!(convert::arn("cn-north-1", "x"), "arn:aws-cn:s3:::x");
    assert_eq!(convert::arn("eu-west-1", "x"), "arn:aws:s3:::x");
}
