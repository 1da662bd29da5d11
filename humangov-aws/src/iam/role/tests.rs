// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_iam::{
    operation::{
        attach_role_policy::{AttachRolePolicyError, AttachRolePolicyOutput},
        create_role::{CreateRoleError, CreateRoleOutput},
        delete_role::{DeleteRoleError, DeleteRoleOutput},
        delete_role_permissions_boundary::DeleteRolePermissionsBoundaryOutput,
        delete_role_policy::DeleteRolePolicyOutput,
        detach_role_policy::{DetachRolePolicyError, DetachRolePolicyOutput},
        get_account_authorization_details::{
            GetAccountAuthorizationDetailsError, GetAccountAuthorizationDetailsOutput,
        },
        get_role::{GetRoleError, GetRoleOutput},
        get_role_policy::GetRolePolicyOutput,
        list_attached_role_policies::{ListAttachedRolePoliciesError, ListAttachedRolePoliciesOutput},
        list_role_policies::ListRolePoliciesOutput,
        list_roles::ListRolesOutput,
        put_role_permissions_boundary::PutRolePermissionsBoundaryOutput,
        put_role_policy::{PutRolePolicyError, PutRolePolicyOutput},
        tag_role::TagRoleOutput,
        untag_role::UntagRoleOutput,
        update_assume_role_policy::UpdateAssumeRolePolicyOutput,
        update_role::UpdateRoleOutput,
    },
    types::error::{EntityAlreadyExistsException, MalformedPolicyDocumentException, NoSuchEntityException},
};
use aws_smithy_mocks::{Rule, RuleMode::MatchAny, mock};
use aws_smithy_types::{DateTime, error::ErrorMetadata};
use humangov_core::{
    handler::Contents,
    kind::iam::{ManagedPolicy, Statement},
    resource::Resource,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

const ARN: &str = "arn:aws:iam::123456789012:role/humangov/task";
const EXECUTION: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/boundary";

fn trust() -> PolicyDocument {
    Role::trusting_ecs_tasks("123456789012", "us-east-1", "aws")
}

fn reading(bucket: &str) -> PolicyDocument {
    PolicyDocument::new().statement(
        Statement::allow()
            .actions(["s3:GetObject", "s3:ListBucket"])
            .resource(format!("arn:aws:s3:::{bucket}"))
            .resource(format!("arn:aws:s3:::{bucket}/a+b %41/*")),
    )
}

fn named(name: &str) -> Role {
    let mut role = Role::builder()
        .name(name)
        .path("/humangov/")
        .trust(trust())
        .inline_policy("documents", reading("documents"))
        .managed_policy(ManagedPolicy::aws(ManagedPolicy::ECS_TASK_EXECUTION))
        .permissions_boundary(BOUNDARY)
        .description("California's tasks")
        .max_session_duration(7_200)
        .tags([("team", "hr")].into_iter().collect())
        .build();
    role.normalize();
    role
}

fn role() -> Role {
    named("task")
}

fn the_outputs() -> RoleOutputs {
    RoleOutputs { arn: ARN.parse().expect("an ARN"), name: "task".to_owned() }
}

/// As IAM answers documents.
fn encoded(document: &PolicyDocument) -> String {
    utf8_percent_encode(&document.to_json().expect("known").to_string(), NON_ALPHANUMERIC).to_string()
}

fn tags() -> Vec<types::Tag> {
    to_list(&cx("iam.role/task").tags(&role().tags))
}

fn described(name: &str) -> types::Role {
    types::Role::builder()
        .path("/humangov/")
        .role_name(name)
        .role_id("AROA")
        .arn(format!("arn:aws:iam::123456789012:role/humangov/{name}"))
        .create_date(DateTime::from_secs(0))
        .assume_role_policy_document(encoded(&trust()))
        .description("California's tasks")
        .max_session_duration(7_200)
        .permissions_boundary(
            types::AttachedPermissionsBoundary::builder().permissions_boundary_arn(BOUNDARY).build(),
        )
        .set_tags(Some(tags()))
        .build()
        .expect("complete")
}

fn detail(name: &str) -> types::RoleDetail {
    let inline = types::PolicyDetail::builder()
        .policy_name("documents")
        .policy_document(encoded(&reading("documents")))
        .build();
    types::RoleDetail::builder()
        .path("/humangov/")
        .role_name(name)
        .arn(format!("arn:aws:iam::123456789012:role/humangov/{name}"))
        .assume_role_policy_document(encoded(&trust()))
        .role_policy_list(inline)
        .attached_managed_policies(types::AttachedPolicy::builder().policy_arn(EXECUTION).build())
        .permissions_boundary(
            types::AttachedPermissionsBoundary::builder().permissions_boundary_arn(BOUNDARY).build(),
        )
        .set_tags(Some(tags()))
        .build()
}

fn got() -> Rule {
    mock!(Client::get_role).then_compute_output(|request| {
        GetRoleOutput::builder().role(described(request.role_name().unwrap_or_default())).build()
    })
}

fn attached() -> Rule {
    mock!(Client::list_attached_role_policies).then_output(|| {
        ListAttachedRolePoliciesOutput::builder()
            .attached_policies(types::AttachedPolicy::builder().policy_arn(EXECUTION).build())
            .build()
    })
}

fn listed() -> Rule {
    mock!(Client::list_role_policies).then_output(|| {
        ListRolePoliciesOutput::builder().policy_names("documents").build().expect("complete")
    })
}

fn got_inline() -> Rule {
    mock!(Client::get_role_policy)
        .match_requests(|request| request.policy_name() == Some("documents"))
        .then_output(|| {
            GetRolePolicyOutput::builder()
                .role_name("task")
                .policy_name("documents")
                .policy_document(encoded(&reading("documents")))
                .build()
                .expect("complete")
        })
}

fn meta(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn no_such_entity() -> NoSuchEntityException {
    NoSuchEntityException::builder().meta(meta("NoSuchEntity", "not found")).build()
}

#[tokio::test]
async fn a_role_is_made_with_its_owner_and_then_given_its_policies() {
    let create = mock!(Client::create_role)
        .match_requests(|request| {
            let tags: Tags = from_list(request.tags());
            let trusted = request.assume_role_policy_document().and_then(|text| text.parse().ok());
            trusted == Some(trust_normalized())
                && request.path() == Some("/humangov/")
                && request.description() == Some("California's tasks")
                && request.max_session_duration() == Some(7_200)
                && request.permissions_boundary() == Some(BOUNDARY)
                && tags.get("team") == Some("hr")
                && tags.get("humangov:address") == Some("iam.role/task")
        })
        .then_output(|| CreateRoleOutput::builder().role(described("task")).build());
    let attach = mock!(Client::attach_role_policy)
        .match_requests(|request| request.policy_arn() == Some(EXECUTION))
        .then_output(|| AttachRolePolicyOutput::builder().build());
    let put = mock!(Client::put_role_policy)
        .match_requests(|request| {
            request.policy_name() == Some("documents")
                && request.policy_document().and_then(|text| text.parse().ok()) == Some(reading("documents"))
        })
        .then_output(|| PutRolePolicyOutput::builder().build());
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&create, &attach, &put]));
    let outputs = handler.create(&cx("iam.role/task"), &role()).await.expect("made");
    assert_eq!(outputs, the_outputs());
    assert_eq!((create.num_calls(), attach.num_calls(), put.num_calls()), (1, 1, 1));
}

fn trust_normalized() -> PolicyDocument {
    let mut trust = trust();
    trust.normalize();
    trust
}

#[tokio::test]
async fn a_taken_name_changes_nothing_and_a_later_refusal_may_leave_the_role() {
    let taken = mock!(Client::create_role).then_error(|| {
        CreateRoleError::EntityAlreadyExistsException(
            EntityAlreadyExistsException::builder().meta(meta("EntityAlreadyExists", "taken")).build(),
        )
    });
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&taken]));
    let error = handler.create(&cx("iam.role/task"), &role()).await.expect_err("taken");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));

    let create = mock!(Client::create_role)
        .then_output(|| CreateRoleOutput::builder().role(described("task")).build());
    let attach = mock!(Client::attach_role_policy).then_output(|| AttachRolePolicyOutput::builder().build());
    let put = mock!(Client::put_role_policy).then_error(|| {
        let refusal = meta("MalformedPolicyDocument", "Invalid principal in policy: \"AWS\"");
        PutRolePolicyError::MalformedPolicyDocumentException(
            MalformedPolicyDocumentException::builder().meta(refusal).build(),
        )
    });
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&create, &attach, &put]));
    let error = handler.create(&cx("iam.role/task"), &role()).await.expect_err("refused");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::Unknown));
}

#[tokio::test]
async fn a_policy_that_there_is_not_is_told_from_a_role_that_is_not_found_yet() {
    for (message, kind) in [
        (format!("Policy {EXECUTION} does not exist or is not attachable."), HandlerErrorKind::Invalid),
        ("The role with name task cannot be found.".to_owned(), HandlerErrorKind::NotFound),
    ] {
        let create = mock!(Client::create_role)
            .then_output(|| CreateRoleOutput::builder().role(described("task")).build());
        let attach = mock!(Client::attach_role_policy).then_error(move || {
            AttachRolePolicyError::NoSuchEntityException(
                NoSuchEntityException::builder().meta(meta("NoSuchEntity", &message)).build(),
            )
        });
        let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&create, &attach]));
        let error = handler.create(&cx("iam.role/task"), &role()).await.expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown));
    }
}

async fn read(handler: &RoleHandler, depth: Depth) -> Option<Live<Role>> {
    let (cx, spec) = (cx("iam.role/task"), role());
    handler.read(Lookup { cx: &cx, spec: &spec, outputs: None, depth }).await.expect("read")
}

#[tokio::test]
async fn a_role_reads_back_as_the_spec_that_made_it() {
    let (got, listed, got_inline, attached) = (got(), listed(), got_inline(), attached());
    let handler =
        RoleHandler::new(mock_client!(aws_sdk_iam, MatchAny, [&got, &listed, &got_inline, &attached]));
    let live = read(&handler, Depth::Full).await.expect("there");
    assert_eq!(live.spec, role());
    assert_eq!(live.outputs, the_outputs());
    let owner = live.tags.and_then(|tags| tags.owner()).expect("ours");
    assert_eq!(owner.address, "iam.role/task");
    let calls = [&got, &listed, &got_inline, &attached].map(Rule::num_calls);
    assert_eq!(calls, [1, 1, 1, 1]);
}

#[tokio::test]
async fn one_call_tells_whose_a_role_is() {
    let got = got();
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&got]));
    let live = read(&handler, Depth::Identity).await.expect("there");
    assert_eq!((live.outputs, got.num_calls()), (the_outputs(), 1));
}

#[tokio::test]
async fn a_role_that_is_not_there_is_none() {
    let missing =
        mock!(Client::get_role).then_error(|| GetRoleError::NoSuchEntityException(no_such_entity()));
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&missing]));
    assert_eq!(read(&handler, Depth::Full).await, None);
}

#[tokio::test]
async fn a_role_deleted_while_it_is_read_is_none() {
    let (got, listed, got_inline) = (got(), listed(), got_inline());
    let gone = mock!(Client::list_attached_role_policies)
        .then_error(|| ListAttachedRolePoliciesError::NoSuchEntityException(no_such_entity()));
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, MatchAny, [&got, &listed, &got_inline, &gone]));
    assert_eq!(read(&handler, Depth::Full).await, None);
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_told() {
    let odd = mock!(Client::get_role).then_output(|| {
        let mut role = described("task");
        role.assume_role_policy_document = Some("%7B%22Statements%22%3A%5B%5D%7D".to_owned());
        GetRoleOutput::builder().role(role).build()
    });
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&odd]));
    let (cx, spec) = (cx("iam.role/task"), role());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let error = handler.read(at).await.expect_err("odd");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::Malformed, Effect::None));
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert_eq!(cause, "not a policy document: Statements: is not understood here");
}

/// The account in two pages of details and one of settings: the roles `a` and `b`, and one that is nobody's business.
fn account() -> [Rule; 3] {
    let odd = || types::RoleDetail::builder().role_name("odd").assume_role_policy_document("{").build();
    let first = mock!(Client::get_account_authorization_details)
        .match_requests(|request| request.marker().is_none() && request.filter() == [types::EntityType::Role])
        .then_output(move || {
            GetAccountAuthorizationDetailsOutput::builder()
                .role_detail_list(odd())
                .role_detail_list(detail("a"))
                .is_truncated(true)
                .marker("more")
                .build()
        });
    let second = mock!(Client::get_account_authorization_details)
        .match_requests(|request| request.marker() == Some("more"))
        .then_output(|| {
            GetAccountAuthorizationDetailsOutput::builder().role_detail_list(detail("b")).build()
        });
    let settings = mock!(Client::list_roles)
        .match_requests(|request| request.path_prefix() == Some("/humangov/"))
        .then_output(|| {
            ListRolesOutput::builder().roles(described("a")).roles(described("b")).build().expect("complete")
        });
    [first, second, settings]
}

async fn read_many(handler: &RoleHandler, asked: &[(Role, bool)]) -> Vec<Option<Live<Role>>> {
    let (cx, outputs) = (cx("iam.role/task"), the_outputs());
    let at: Vec<_> = asked
        .iter()
        .map(|(spec, recorded)| Lookup {
            cx: &cx,
            spec,
            outputs: recorded.then_some(&outputs),
            depth: Depth::Full,
        })
        .collect();
    handler.read_many(&at).await.into_iter().map(|found| found.expect("read")).collect()
}

#[tokio::test]
async fn many_roles_are_read_in_one_sweep() {
    let [first, second, settings] = account();
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, MatchAny, [&first, &second, &settings]));
    let found = read_many(&handler, &[(named("b"), true), (named("new"), false), (named("a"), true)]).await;
    let specs: Vec<_> = found.into_iter().map(|live| live.map(|live| live.spec)).collect();
    assert_eq!(specs, [Some(named("b")), None, Some(named("a"))]);
    assert_eq!([first, second, settings].map(|rule| rule.num_calls()), [1, 1, 1]);
}

#[tokio::test]
async fn what_the_sweep_contradicts_is_asked_for_again() {
    let [first, second, settings] = account();
    let (got, listed, got_inline, attached) = (got(), listed(), got_inline(), attached());
    let handler = RoleHandler::new(mock_client!(
        aws_sdk_iam,
        MatchAny,
        [&first, &second, &settings, &got, &listed, &got_inline, &attached]
    ));
    let mut other = named("a");
    other.inline_policies.insert("new".to_owned(), reading("new"));
    // `late` was recorded, and the sweep does not know it yet.
    let found = read_many(&handler, &[(other, true), (named("b"), true), (named("late"), true)]).await;
    let names: Vec<_> = found.iter().flatten().map(|live| live.spec.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "late"]);
    assert_eq!(found[0].as_ref().map(|live| &live.spec), Some(&named("a")));
    assert_eq!((got.num_calls(), attached.num_calls()), (2, 2));
}

#[tokio::test]
async fn who_may_not_list_the_account_reads_role_by_role() {
    let denied = mock!(Client::get_account_authorization_details)
        .then_error(|| GetAccountAuthorizationDetailsError::generic(meta("AccessDenied", "not authorized")));
    let settings = mock!(Client::list_roles)
        .then_output(|| ListRolesOutput::builder().set_roles(Some(Vec::new())).build().expect("complete"));
    let (got, listed, got_inline, attached) = (got(), listed(), got_inline(), attached());
    let handler = RoleHandler::new(mock_client!(
        aws_sdk_iam,
        MatchAny,
        [&denied, &settings, &got, &listed, &got_inline, &attached]
    ));
    let found = read_many(&handler, &[(named("a"), true), (named("b"), false)]).await;
    assert!(found.iter().all(Option::is_some));
    assert_eq!((denied.num_calls(), got.num_calls()), (1, 2));
}

#[tokio::test]
async fn a_throttled_sweep_is_for_the_engine_to_repeat() {
    let slow = mock!(Client::get_account_authorization_details)
        .then_error(|| GetAccountAuthorizationDetailsError::generic(meta("Throttling", "Rate exceeded")));
    let settings = mock!(Client::list_roles)
        .then_output(|| ListRolesOutput::builder().set_roles(Some(Vec::new())).build().expect("complete"));
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, MatchAny, [&slow, &settings]));
    let (cx, spec) = (cx("iam.role/task"), role());
    let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
    let kinds: Vec<_> =
        handler.read_many(&[at, at]).await.into_iter().map(|found| found.expect_err("slow").kind()).collect();
    assert_eq!(kinds, [HandlerErrorKind::Throttled, HandlerErrorKind::Throttled]);
}

async fn update(handler: &RoleHandler, prior: &Role, desired: &Role) -> Result<RoleOutputs, HandlerError> {
    let change = Update { prior, outputs: &the_outputs(), desired };
    handler.update(&cx("iam.role/task"), change).await
}

#[tokio::test]
async fn every_setting_that_differs_is_sent_and_grants_come_before_removals() {
    let mut desired = role();
    desired.trust = trust().statement(Statement::allow().aws("123456789012").action("sts:TagSession"));
    desired.description = None;
    desired.permissions_boundary = None;
    desired.managed_policies = vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()];
    desired.inline_policies = [("table".to_owned(), reading("table"))].into();
    desired.tags = [("cost", "1")].into_iter().collect();
    let trusted = mock!(Client::update_assume_role_policy)
        .then_output(|| UpdateAssumeRolePolicyOutput::builder().build());
    let settings = mock!(Client::update_role)
        .match_requests(|request| {
            request.description() == Some("") && request.max_session_duration() == Some(7_200)
        })
        .then_output(|| UpdateRoleOutput::builder().build());
    let boundary = mock!(Client::delete_role_permissions_boundary)
        .then_output(|| DeleteRolePermissionsBoundaryOutput::builder().build());
    let attach = mock!(Client::attach_role_policy)
        .match_requests(|request| request.policy_arn() == Some("arn:aws:iam::aws:policy/ReadOnlyAccess"))
        .then_output(|| AttachRolePolicyOutput::builder().build());
    let put = mock!(Client::put_role_policy)
        .match_requests(|request| request.policy_name() == Some("table"))
        .then_output(|| PutRolePolicyOutput::builder().build());
    let detach = mock!(Client::detach_role_policy)
        .match_requests(|request| request.policy_arn() == Some(EXECUTION))
        .then_output(|| DetachRolePolicyOutput::builder().build());
    let delete = mock!(Client::delete_role_policy)
        .match_requests(|request| request.policy_name() == Some("documents"))
        .then_output(|| DeleteRolePolicyOutput::builder().build());
    let untag = mock!(Client::untag_role)
        .match_requests(|request| request.tag_keys() == ["team"])
        .then_output(|| UntagRoleOutput::builder().build());
    let tag = mock!(Client::tag_role)
        .match_requests(|request| {
            let tags = from_list(request.tags());
            tags.get("cost") == Some("1") && tags.owner().is_some()
        })
        .then_output(|| TagRoleOutput::builder().build());
    // One after the other, in this order.
    let handler = RoleHandler::new(mock_client!(
        aws_sdk_iam,
        [&trusted, &settings, &boundary, &attach, &put, &detach, &delete, &untag, &tag]
    ));
    assert_eq!(update(&handler, &role(), &desired).await.expect("changed"), the_outputs());
    let all = [trusted, settings, boundary, attach, put, detach, delete, untag, tag];
    assert!(all.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn what_is_equal_is_not_sent() {
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, []));
    let mut left_to_aws = role();
    left_to_aws.max_session_duration = None;
    let mut read = role();
    read.max_session_duration = Some(3_600);
    update(&handler, &read, &left_to_aws).await.expect("nothing to do");
}

#[tokio::test]
async fn a_boundary_is_put_and_a_refusal_after_it_is_of_unknown_effect() {
    let (mut prior, mut desired) = (role(), role());
    prior.permissions_boundary = None;
    desired.inline_policies.insert("new".to_owned(), reading("new"));
    let boundary = mock!(Client::put_role_permissions_boundary)
        .match_requests(|request| request.permissions_boundary() == Some(BOUNDARY))
        .then_output(|| PutRolePermissionsBoundaryOutput::builder().build());
    let put = mock!(Client::put_role_policy)
        .then_error(|| PutRolePolicyError::NoSuchEntityException(no_such_entity()));
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, [&boundary, &put]));
    let error = update(&handler, &prior, &desired).await.expect_err("gone");
    assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotFound, Effect::Unknown));
}

async fn delete(handler: &RoleHandler) -> Result<(), HandlerError> {
    let prior = Prior { spec: &role(), outputs: &the_outputs(), contents: Contents::MustBeEmpty };
    handler.delete(&cx("iam.role/task"), prior).await
}

#[tokio::test]
async fn all_that_is_on_a_role_goes_before_it_on_every_page() {
    let page = |arn: &'static str, more: bool| {
        move || {
            ListAttachedRolePoliciesOutput::builder()
                .attached_policies(types::AttachedPolicy::builder().policy_arn(arn).build())
                .is_truncated(more)
                .set_marker(more.then(|| "more".to_owned()))
                .build()
        }
    };
    let first = mock!(Client::list_attached_role_policies)
        .match_requests(|request| request.marker().is_none())
        .then_output(page(EXECUTION, true));
    let second = mock!(Client::list_attached_role_policies)
        .match_requests(|request| request.marker() == Some("more"))
        .then_output(page("arn:aws:iam::aws:policy/AddedByHand", false));
    let listed = listed();
    let detach = mock!(Client::detach_role_policy).then_output(|| DetachRolePolicyOutput::builder().build());
    let inline = mock!(Client::delete_role_policy).then_output(|| DeleteRolePolicyOutput::builder().build());
    let role = mock!(Client::delete_role).then_output(|| DeleteRoleOutput::builder().build());
    let handler = RoleHandler::new(mock_client!(
        aws_sdk_iam,
        MatchAny,
        [&first, &second, &listed, &detach, &inline, &role]
    ));
    delete(&handler).await.expect("deleted");
    let calls = [first, second, listed, detach, inline, role].map(|rule| rule.num_calls());
    assert_eq!(calls, [1, 1, 1, 2, 1, 1]);
}

#[tokio::test]
async fn what_is_gone_counts_as_deleted() {
    let listed = listed();
    let gone = mock!(Client::list_attached_role_policies)
        .then_error(|| ListAttachedRolePoliciesError::NoSuchEntityException(no_such_entity()));
    let handler = RoleHandler::new(mock_client!(aws_sdk_iam, MatchAny, [&listed, &gone]));
    delete(&handler).await.expect("nothing to do");

    // Somebody else deletes it while we do.
    let (attached, listed) = (attached(), listed);
    let detach = mock!(Client::detach_role_policy)
        .then_error(|| DetachRolePolicyError::NoSuchEntityException(no_such_entity()));
    let inline = mock!(Client::delete_role_policy).then_output(|| DeleteRolePolicyOutput::builder().build());
    let role =
        mock!(Client::delete_role).then_error(|| DeleteRoleError::NoSuchEntityException(no_such_entity()));
    let handler =
        RoleHandler::new(mock_client!(aws_sdk_iam, MatchAny, [&attached, &listed, &detach, &inline, &role]));
    delete(&handler).await.expect("nothing left");
}
