// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_ecr::{
    operation::{
        create_repository::{CreateRepositoryError, CreateRepositoryOutput},
        delete_lifecycle_policy::DeleteLifecyclePolicyError,
        delete_repository::{DeleteRepositoryError, DeleteRepositoryOutput},
        delete_repository_policy::DeleteRepositoryPolicyError,
        describe_repositories::{DescribeRepositoriesError, DescribeRepositoriesOutput},
        get_lifecycle_policy::{GetLifecyclePolicyError, GetLifecyclePolicyOutput},
        get_repository_policy::{GetRepositoryPolicyError, GetRepositoryPolicyOutput},
        list_tags_for_resource::{ListTagsForResourceError, ListTagsForResourceOutput},
        put_image_tag_mutability::PutImageTagMutabilityOutput,
        put_lifecycle_policy::PutLifecyclePolicyOutput,
        set_repository_policy::{SetRepositoryPolicyError, SetRepositoryPolicyOutput},
        tag_resource::TagResourceOutput,
        untag_resource::UntagResourceOutput,
    },
    types::error::{
        InvalidParameterException, LifecyclePolicyNotFoundException, RepositoryAlreadyExistsException,
        RepositoryNotEmptyException, RepositoryNotFoundException, RepositoryPolicyNotFoundException,
    },
};
use aws_smithy_mocks::{Rule, RuleMode::MatchAny, mock};
use aws_smithy_types::error::ErrorMetadata;
use humangov_core::{kind::iam::Statement, resource::Resource};

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd";

fn arn(name: &str) -> String {
    format!("arn:aws:ecr:us-east-1:123456789012:repository/{name}")
}

fn pulling(account: &str) -> PolicyDocument {
    PolicyDocument::new().statement(Statement::allow().aws(account).action("ecr:BatchGetImage"))
}

fn named(name: &str) -> Repository {
    let mut repository = Repository::builder()
        .name(name)
        .image_tag_mutability(ImageTagMutability::ImmutableWithExclusion(vec!["latest*".to_owned()]))
        .encryption(Encryption::Kms { key: Some(KEY.into()) })
        .lifecycle(LifecyclePolicy::new().expire_untagged_after_days(7).keep_last(50))
        .policy(pulling("210987654321"))
        .tags([("team", "hr")].into_iter().collect())
        .build();
    repository.normalize();
    repository
}

fn the_outputs(name: &str) -> RepositoryOutputs {
    RepositoryOutputs {
        arn: arn(name).parse().expect("an ARN"),
        name: name.to_owned(),
        uri: format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}"),
    }
}

fn described(name: &str) -> types::Repository {
    let (mutability, filters) = mutability_to_aws(&named(name).image_tag_mutability);
    types::Repository::builder()
        .repository_arn(arn(name))
        .repository_name(name)
        .repository_uri(the_outputs(name).uri)
        .image_tag_mutability(mutability)
        .set_image_tag_mutability_exclusion_filters(filters)
        .encryption_configuration(encryption_to_aws(&named(name).encryption))
        .build()
}

fn meta(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn not_found() -> RepositoryNotFoundException {
    RepositoryNotFoundException::builder().meta(meta("RepositoryNotFoundException", "no")).build()
}

/// Describes `there`, and fails as AWS does if anything else is asked for.
fn registry(there: &'static [&'static str]) -> [Rule; 2] {
    let known = move |names: &[String]| names.iter().all(|name| there.contains(&name.as_str()));
    let found = mock!(Client::describe_repositories)
        .match_requests(move |request| known(request.repository_names()) && request.max_results().is_none())
        .then_compute_output(|request| {
            let names = request.repository_names().iter().rev();
            DescribeRepositoriesOutput::builder()
                .set_repositories(Some(names.map(|name| described(name)).collect()))
                .build()
        });
    let missing = mock!(Client::describe_repositories)
        .match_requests(move |request| !known(request.repository_names()))
        .then_error(|| DescribeRepositoriesError::RepositoryNotFoundException(not_found()));
    [found, missing]
}

fn tagged() -> Rule {
    mock!(Client::list_tags_for_resource).then_output(|| {
        let tags = cx("ecr.repository/app").tags(&named("humangov/app").tags);
        ListTagsForResourceOutput::builder().set_tags(Some(to_list(&tags))).build()
    })
}

fn policies() -> [Rule; 2] {
    let lifecycle = mock!(Client::get_lifecycle_policy).then_output(|| {
        let text = named("humangov/app").lifecycle.expect("it has one").to_json().to_string();
        GetLifecyclePolicyOutput::builder().lifecycle_policy_text(text).build()
    });
    let policy = mock!(Client::get_repository_policy).then_output(|| {
        // ECR answers documents laid out anew.
        let json = named("humangov/app").policy.and_then(|policy| policy.to_json()).expect("known");
        GetRepositoryPolicyOutput::builder().policy_text(format!("{json:#}")).build()
    });
    [lifecycle, policy]
}

#[tokio::test]
async fn a_repository_is_made_with_its_owner_and_then_given_its_policies() {
    let create = mock!(Client::create_repository)
        .match_requests(|request| {
            let tags: Tags = request.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
            let encryption = request.encryption_configuration();
            request.image_tag_mutability() == Some(&types::ImageTagMutability::ImmutableWithExclusion)
                && request.image_tag_mutability_exclusion_filters()[0].filter() == "latest*"
                && encryption.is_some_and(|encryption| encryption.kms_key() == Some(KEY))
                && tags.get("team") == Some("hr")
                && tags.get("humangov:address") == Some("ecr.repository/app")
        })
        .then_output(|| CreateRepositoryOutput::builder().repository(described("humangov/app")).build());
    let lifecycle = mock!(Client::put_lifecycle_policy)
        .match_requests(|request| {
            request.lifecycle_policy_text().and_then(|text| text.parse().ok()) == named("ab").lifecycle
        })
        .then_output(|| PutLifecyclePolicyOutput::builder().build());
    let policy = mock!(Client::set_repository_policy)
        .match_requests(|request| {
            request.policy_text().and_then(|text| text.parse().ok()) == Some(pulling("210987654321"))
        })
        .then_output(|| SetRepositoryPolicyOutput::builder().build());
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, [&create, &lifecycle, &policy]));
    let outputs = handler.create(&cx("ecr.repository/app"), &named("humangov/app")).await.expect("made");
    assert_eq!(outputs, the_outputs("humangov/app"));
    assert_eq!([create, lifecycle, policy].map(|rule| rule.num_calls()), [1, 1, 1]);
}

#[tokio::test]
async fn a_taken_name_changes_nothing_and_a_later_refusal_may_leave_the_repository() {
    let taken = mock!(Client::create_repository).then_error(|| {
        let meta = meta("RepositoryAlreadyExistsException", "taken");
        CreateRepositoryError::RepositoryAlreadyExistsException(
            RepositoryAlreadyExistsException::builder().meta(meta).build(),
        )
    });
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, [&taken]));
    let error = handler.create(&cx("ecr.repository/app"), &named("ab")).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));

    let create = mock!(Client::create_repository)
        .then_output(|| CreateRepositoryOutput::builder().repository(described("ab")).build());
    let lifecycle =
        mock!(Client::put_lifecycle_policy).then_output(|| PutLifecyclePolicyOutput::builder().build());
    let policy = mock!(Client::set_repository_policy).then_error(|| {
        let meta = meta("InvalidParameterException", "failed to satisfy constraint: 'Principal not found'");
        SetRepositoryPolicyError::InvalidParameterException(
            InvalidParameterException::builder().meta(meta).build(),
        )
    });
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, [&create, &lifecycle, &policy]));
    let error = handler.create(&cx("ecr.repository/app"), &named("ab")).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::Unknown));
}

async fn read(handler: &RepositoryHandler, name: &str, depth: Depth) -> Option<Live<Repository>> {
    let (cx, spec) = (cx("ecr.repository/app"), named(name));
    handler.read(Lookup { cx: &cx, spec: &spec, outputs: None, depth }).await.expect("read")
}

#[tokio::test]
async fn a_repository_reads_back_as_the_spec_that_made_it() {
    let [found, missing] = registry(&["humangov/app"]);
    let ([lifecycle, policy], tagged) = (policies(), tagged());
    let handler = RepositoryHandler::new(mock_client!(
        aws_sdk_ecr,
        MatchAny,
        [&found, &missing, &lifecycle, &policy, &tagged]
    ));
    let live = read(&handler, "humangov/app", Depth::Full).await.expect("there");
    assert_eq!(live.spec, named("humangov/app"));
    assert_eq!(live.outputs, the_outputs("humangov/app"));
    assert_eq!(read(&handler, "humangov/other", Depth::Full).await, None);
    assert_eq!([found, missing, lifecycle, policy, tagged].map(|rule| rule.num_calls()), [1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn a_plain_repository_has_no_policies_and_the_defaults() {
    let plain = mock!(Client::describe_repositories).then_output(|| {
        let mut repository = described("ab");
        repository.image_tag_mutability = Some(types::ImageTagMutability::Mutable);
        repository.encryption_configuration = None;
        DescribeRepositoriesOutput::builder().repositories(repository).build()
    });
    let lifecycle = mock!(Client::get_lifecycle_policy).then_error(|| {
        let meta = meta("LifecyclePolicyNotFoundException", "none");
        GetLifecyclePolicyError::LifecyclePolicyNotFoundException(
            LifecyclePolicyNotFoundException::builder().meta(meta).build(),
        )
    });
    let policy = mock!(Client::get_repository_policy).then_error(|| {
        let meta = meta("RepositoryPolicyNotFoundException", "none");
        GetRepositoryPolicyError::RepositoryPolicyNotFoundException(
            RepositoryPolicyNotFoundException::builder().meta(meta).build(),
        )
    });
    let tags =
        mock!(Client::list_tags_for_resource).then_output(|| ListTagsForResourceOutput::builder().build());
    let handler =
        RepositoryHandler::new(mock_client!(aws_sdk_ecr, MatchAny, [&plain, &lifecycle, &policy, &tags]));
    let live = read(&handler, "ab", Depth::Full).await.expect("there");
    assert_eq!(live.spec, Repository::builder().name("ab").build());
}

#[tokio::test]
async fn two_calls_tell_whose_a_repository_is_and_what_vanishes_meanwhile_is_none() {
    let ([found, missing], tagged) = (registry(&["ab"]), tagged());
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, MatchAny, [&found, &missing, &tagged]));
    let live = read(&handler, "ab", Depth::Identity).await.expect("there");
    assert_eq!(
        live.tags.and_then(|tags| tags.owner()).map(|owner| owner.stack),
        Some("california".to_owned())
    );
    assert_eq!((found.num_calls(), tagged.num_calls()), (1, 1));

    let gone = mock!(Client::list_tags_for_resource)
        .then_error(|| ListTagsForResourceError::RepositoryNotFoundException(not_found()));
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, MatchAny, [&found, &gone]));
    assert_eq!(read(&handler, "ab", Depth::Identity).await, None);
}

async fn names_found(handler: &RepositoryHandler, names: &[String]) -> Vec<Option<String>> {
    let cx = cx("ecr.repository/app");
    let specs: Vec<_> = names.iter().map(|name| named(name)).collect();
    let lookup = |spec| Lookup { cx: &cx, spec, outputs: None, depth: Depth::Identity };
    let at: Vec<_> = specs.iter().map(lookup).collect();
    let found = handler.read_many(&at).await.into_iter();
    found.map(|found| found.expect("read").map(|live| live.spec.name)).collect()
}

#[tokio::test]
async fn many_repositories_are_read_a_hundred_at_a_time_in_the_order_asked() {
    let all = mock!(Client::describe_repositories)
        .match_requests(|request| request.repository_names().len() <= 100)
        .then_compute_output(|request| {
            let names = request.repository_names().iter().rev();
            DescribeRepositoriesOutput::builder()
                .set_repositories(Some(names.map(|name| described(name)).collect()))
                .build()
        });
    let tagged = tagged();
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, MatchAny, [&all, &tagged]));
    let names: Vec<String> = (0..101).map(|i| format!("humangov/{i}")).collect();
    let expected: Vec<_> = names.iter().cloned().map(Some).collect();
    assert_eq!(names_found(&handler, &names).await, expected);
    assert_eq!((all.num_calls(), tagged.num_calls()), (2, 101));
}

#[tokio::test]
async fn one_missing_repository_does_not_hide_the_others() {
    let ([found, missing], tagged) = (registry(&["aa", "cc"]), tagged());
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, MatchAny, [&found, &missing, &tagged]));
    let names = ["aa", "bb", "cc"].map(str::to_owned);
    assert_eq!(names_found(&handler, &names).await, [Some("aa".to_owned()), None, Some("cc".to_owned())]);
    assert_eq!((found.num_calls(), missing.num_calls()), (2, 2));
}

async fn update(
    handler: &RepositoryHandler,
    prior: &Repository,
    desired: &Repository,
) -> Result<RepositoryOutputs, HandlerError> {
    let outputs = the_outputs(&prior.name);
    handler.update(&cx("ecr.repository/app"), Update { prior, outputs: &outputs, desired }).await
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let prior = named("ab");
    let mut desired = prior.clone();
    desired.image_tag_mutability = ImageTagMutability::Immutable;
    desired.lifecycle = Some(LifecyclePolicy::new().keep_last(5));
    desired.policy = Some(pulling("123456789012"));
    desired.tags = [("cost", "1")].into_iter().collect();
    let mutability = mock!(Client::put_image_tag_mutability)
        .match_requests(|request| {
            request.image_tag_mutability() == Some(&types::ImageTagMutability::Immutable)
                && request.image_tag_mutability_exclusion_filters().is_empty()
        })
        .then_output(|| PutImageTagMutabilityOutput::builder().build());
    let lifecycle =
        mock!(Client::put_lifecycle_policy).then_output(|| PutLifecyclePolicyOutput::builder().build());
    let policy =
        mock!(Client::set_repository_policy).then_output(|| SetRepositoryPolicyOutput::builder().build());
    let untag = mock!(Client::untag_resource)
        .match_requests(|request| {
            request.tag_keys() == ["team"] && request.resource_arn() == Some(&arn("ab"))
        })
        .then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource)
        .match_requests(|request| {
            let tags: Tags = request.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
            tags.get("cost") == Some("1") && tags.owner().is_some()
        })
        .then_output(|| TagResourceOutput::builder().build());
    let handler =
        RepositoryHandler::new(mock_client!(aws_sdk_ecr, [&mutability, &lifecycle, &policy, &untag, &tag]));
    update(&handler, &prior, &desired).await.expect("changed");
    update(&handler, &desired, &desired).await.expect("nothing to do");
    assert_eq!([mutability, lifecycle, policy, untag, tag].map(|rule| rule.num_calls()), [1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn policies_that_are_taken_out_are_deleted_even_if_they_are_gone() {
    let lifecycle = mock!(Client::delete_lifecycle_policy).then_error(|| {
        let meta = meta("LifecyclePolicyNotFoundException", "none");
        DeleteLifecyclePolicyError::LifecyclePolicyNotFoundException(
            LifecyclePolicyNotFoundException::builder().meta(meta).build(),
        )
    });
    let policy = mock!(Client::delete_repository_policy).then_error(|| {
        let meta = meta("RepositoryPolicyNotFoundException", "none");
        DeleteRepositoryPolicyError::RepositoryPolicyNotFoundException(
            RepositoryPolicyNotFoundException::builder().meta(meta).build(),
        )
    });
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, [&lifecycle, &policy]));
    let prior = named("ab");
    let mut desired = prior.clone();
    (desired.lifecycle, desired.policy) = (None, None);
    update(&handler, &prior, &desired).await.expect("changed");
    assert_eq!((lifecycle.num_calls(), policy.num_calls()), (1, 1));
}

async fn delete(handler: &RepositoryHandler, contents: Contents) -> Result<(), HandlerError> {
    let (spec, outputs) = (named("ab"), the_outputs("ab"));
    let prior = Prior { spec: &spec, outputs: &outputs, contents };
    handler.delete(&cx("ecr.repository/app"), prior).await
}

#[tokio::test]
async fn images_keep_a_repository_unless_its_data_is_to_go() {
    let full = mock!(Client::delete_repository)
        .match_requests(|request| request.force() == Some(false))
        .then_error(|| {
            let meta = meta("RepositoryNotEmptyException", "it still contains images");
            DeleteRepositoryError::RepositoryNotEmptyException(
                RepositoryNotEmptyException::builder().meta(meta).build(),
            )
        });
    let purge = mock!(Client::delete_repository)
        .match_requests(|request| request.force() == Some(true))
        .then_output(|| DeleteRepositoryOutput::builder().build());
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, MatchAny, [&full, &purge]));
    let error = delete(&handler, Contents::MustBeEmpty).await.expect_err("full");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotEmpty, Effect::None));
    assert_eq!(
        error.details(),
        ["ab holds images: delete them first, or have the repository deleted with its data"]
    );
    delete(&handler, Contents::Purge).await.expect("deleted");
    assert_eq!((full.num_calls(), purge.num_calls()), (1, 1));
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted() {
    let gone = mock!(Client::delete_repository)
        .then_error(|| DeleteRepositoryError::RepositoryNotFoundException(not_found()));
    let handler = RepositoryHandler::new(mock_client!(aws_sdk_ecr, [&gone]));
    delete(&handler, Contents::MustBeEmpty).await.expect("nothing to do");
}
