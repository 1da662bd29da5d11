// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::testing::{cx, mock_client};
use aws_sdk_dynamodb::operation::{
    create_table::{CreateTableError, CreateTableOutput},
    delete_table::{DeleteTableError, DeleteTableOutput},
    describe_continuous_backups::DescribeContinuousBackupsOutput,
    describe_table::{DescribeTableError, DescribeTableOutput},
    describe_time_to_live::DescribeTimeToLiveOutput,
    list_tags_of_resource::{ListTagsOfResourceError, ListTagsOfResourceOutput},
    scan::{ScanError, ScanOutput},
    tag_resource::TagResourceOutput,
    untag_resource::UntagResourceOutput,
    update_continuous_backups::{UpdateContinuousBackupsError, UpdateContinuousBackupsOutput},
    update_table::{UpdateTableError, UpdateTableOutput},
    update_time_to_live::{UpdateTimeToLiveError, UpdateTimeToLiveOutput},
};
use aws_smithy_mocks::{Rule, RuleMode, mock};
use aws_smithy_types::error::ErrorMetadata;
use humangov_core::{
    kind::dynamodb::{
        BillingMode, GlobalSecondaryIndex, KeySchema, Projection,
        ScalarAttributeType::{N, S},
        Sse, Stream, TableClass,
    },
    resource::Resource,
};

const NAME: &str = "humangov-california-dynamodb";
const ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/humangov-california-dynamodb";
const ADDRESS: &str = "dynamodb.table/employees";

fn meta(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn table() -> Table {
    let mut table = Table::builder()
        .name(NAME)
        .key_schema(KeySchema::hash("id", S))
        .global_secondary_index(
            GlobalSecondaryIndex::builder()
                .index_name("by-year")
                .key_schema(KeySchema::hash("year", N).with_range("id", S))
                .projection(Projection::Include(vec!["name".into()]))
                .build(),
        )
        .table_class(TableClass::Standard)
        .deletion_protection_enabled(true)
        .point_in_time_recovery(true)
        .sse(Sse::AwsOwned)
        .time_to_live(TimeToLive::Attribute("expires".into()))
        .stream(Stream::NewImage)
        .build();
    table.tags.insert("team", "hr");
    table
}

fn outputs() -> TableOutputs {
    TableOutputs {
        arn: ARN.parse().expect("an ARN"),
        name: NAME.to_owned(),
        stream_arn: Some(format!("{ARN}/stream/1")),
    }
}

/// The table as AWS tells it.
fn described(status: types::TableStatus) -> types::TableDescription {
    let key = |name, key_type| {
        types::KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().expect("complete")
    };
    let attribute = |name, attribute_type| {
        let definition = types::AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(attribute_type).build().expect("complete")
    };
    let projection = types::Projection::builder()
        .projection_type(types::ProjectionType::Include)
        .non_key_attributes("name")
        .build();
    let zero = || {
        types::ProvisionedThroughputDescription::builder()
            .read_capacity_units(0)
            .write_capacity_units(0)
            .build()
    };
    let index = types::GlobalSecondaryIndexDescription::builder()
        .index_name("by-year")
        .key_schema(key("year", types::KeyType::Hash))
        .key_schema(key("id", types::KeyType::Range))
        .projection(projection)
        .index_status(types::IndexStatus::Active)
        .provisioned_throughput(zero())
        .build();
    let stream = types::StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(types::StreamViewType::NewImage)
        .build()
        .expect("complete");
    let billing =
        types::BillingModeSummary::builder().billing_mode(types::BillingMode::PayPerRequest).build();
    types::TableDescription::builder()
        .table_name(NAME)
        .table_arn(ARN)
        .table_status(status)
        .key_schema(key("id", types::KeyType::Hash))
        .attribute_definitions(attribute("id", types::ScalarAttributeType::S))
        .attribute_definitions(attribute("year", types::ScalarAttributeType::N))
        .global_secondary_indexes(index)
        .billing_mode_summary(billing)
        .provisioned_throughput(zero())
        .deletion_protection_enabled(true)
        .stream_specification(stream)
        .latest_stream_arn(format!("{ARN}/stream/1"))
        .build()
}

fn describe(status: &types::TableStatus) -> Rule {
    let status = status.clone();
    mock!(Client::describe_table)
        .match_requests(|request| request.table_name() == Some(NAME))
        .then_output(move || DescribeTableOutput::builder().table(described(status.clone())).build())
}

fn undescribed() -> Rule {
    mock!(Client::describe_table)
        .then_error(|| DescribeTableError::generic(meta("ResourceNotFoundException", "not found")))
}

fn backups(on: bool) -> Rule {
    mock!(Client::describe_continuous_backups).then_output(move || {
        let status = if on {
            types::PointInTimeRecoveryStatus::Enabled
        } else {
            types::PointInTimeRecoveryStatus::Disabled
        };
        let recovery =
            types::PointInTimeRecoveryDescription::builder().point_in_time_recovery_status(status).build();
        let backups = types::ContinuousBackupsDescription::builder()
            .continuous_backups_status(types::ContinuousBackupsStatus::Enabled)
            .point_in_time_recovery_description(recovery)
            .build()
            .expect("complete");
        DescribeContinuousBackupsOutput::builder().continuous_backups_description(backups).build()
    })
}

fn expiry(attribute: Option<&'static str>) -> Rule {
    mock!(Client::describe_time_to_live).then_output(move || {
        let status = match attribute {
            Some(_) => types::TimeToLiveStatus::Enabled,
            None => types::TimeToLiveStatus::Disabled,
        };
        let expiry = types::TimeToLiveDescription::builder()
            .time_to_live_status(status)
            .set_attribute_name(attribute.map(str::to_owned));
        DescribeTimeToLiveOutput::builder().time_to_live_description(expiry.build()).build()
    })
}

async fn read(handler: &TableHandler, depth: Depth) -> Option<Live<Table>> {
    let (cx, spec) = (cx(ADDRESS), table());
    handler.read(Lookup { cx: &cx, spec: &spec, outputs: None, depth }).await.expect("read")
}

#[tokio::test]
async fn a_table_is_made_in_one_call() {
    let create = mock!(Client::create_table)
        .match_requests(|request| {
            request.table_name() == Some(NAME)
                && request.billing_mode() == Some(&types::BillingMode::PayPerRequest)
                && request.attribute_definitions().len() == 2
                && request.deletion_protection_enabled() == Some(true)
                && request.sse_specification().and_then(types::SseSpecification::enabled) == Some(false)
                && request
                    .tags()
                    .iter()
                    .any(|tag| tag.key() == "humangov:stack" && tag.value() == "california")
        })
        .then_output(|| {
            CreateTableOutput::builder().table_description(described(types::TableStatus::Creating)).build()
        });
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&create]));
    assert_eq!(handler.create(&cx(ADDRESS), &table()).await.expect("made"), outputs());
    assert_eq!(create.num_calls(), 1);
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_from_one_that_is_not_free_yet() {
    let cases = [
        ("Table already exists: x", Some(types::TableStatus::Active), Kind::AlreadyExists),
        ("Table already exists: x", Some(types::TableStatus::Deleting), Kind::NotYet),
        ("Table is being created: x", Some(types::TableStatus::Creating), Kind::AlreadyExists),
        ("Table is being deleted: x", None, Kind::NotYet),
    ];
    for (message, status, expected) in cases {
        let create = mock!(Client::create_table)
            .then_error(move || CreateTableError::generic(meta("ResourceInUseException", message)));
        let look = status.as_ref().map_or_else(undescribed, describe);
        let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&create, &look]));
        let error = handler.create(&cx(ADDRESS), &table()).await.expect_err("taken");
        assert_eq!((error.kind(), error.effect()), (expected, Effect::None), "{message} {status:?}");
    }
}

#[tokio::test]
async fn a_table_reads_back_as_the_spec_that_made_it() {
    let (look, backups, expiry) =
        (describe(&types::TableStatus::Active), backups(true), expiry(Some("expires")));
    let tags = mock!(Client::list_tags_of_resource)
        .match_requests(|request| request.resource_arn() == Some(ARN) && request.next_token().is_none())
        .then_output(|| {
            let tag =
                types::Tag::builder().key("humangov:fleet").value("humangov").build().expect("complete");
            ListTagsOfResourceOutput::builder().tags(tag).next_token("more").build()
        });
    let more = mock!(Client::list_tags_of_resource)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_output(|| {
            let tag = types::Tag::builder().key("team").value("hr").build().expect("complete");
            ListTagsOfResourceOutput::builder().tags(tag).build()
        });
    let handler = TableHandler::new(mock_client!(
        aws_sdk_dynamodb,
        RuleMode::MatchAny,
        [&look, &tags, &more, &backups, &expiry]
    ));
    let live = read(&handler, Depth::Full).await.expect("there");
    assert_eq!(live.spec, table());
    assert_eq!(live.outputs, outputs());
    assert_eq!(live.tags.expect("tags").len(), 2);
    assert_eq!((backups.num_calls(), expiry.num_calls()), (1, 1));
    // Whose it is takes no more than the table and its tags.
    read(&handler, Depth::Identity).await.expect("there");
    assert_eq!((look.num_calls(), backups.num_calls(), expiry.num_calls()), (2, 1, 1));
}

#[tokio::test]
async fn a_table_that_is_being_made_is_not_taken_for_absent_or_for_nobodys() {
    // Described at once; its tags are not, or seem to be none, until a little later.
    let missing = mock!(Client::list_tags_of_resource)
        .then_error(|| ListTagsOfResourceError::generic(meta("ResourceNotFoundException", "not found")));
    let none =
        mock!(Client::list_tags_of_resource).then_output(|| ListTagsOfResourceOutput::builder().build());
    for tags in [missing, none] {
        let look = describe(&types::TableStatus::Creating);
        let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&look, &tags]));
        let (cx, spec) = (cx(ADDRESS), table());
        let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Identity };
        assert_eq!(handler.read(at).await.expect_err("not to be told yet").kind(), Kind::NotYet);
    }
}

#[tokio::test]
async fn an_expiry_that_is_set_already_by_a_request_whose_answer_was_lost_is_set() {
    for (now, works) in [(Some("expires"), true), (None, false)] {
        let (look, before, after) = (describe(&types::TableStatus::Active), expiry(None), expiry(now));
        let (enabled, again) = (backups(true), backups(true));
        let refuse = mock!(Client::update_time_to_live).then_error(|| {
            UpdateTimeToLiveError::generic(meta("ValidationException", "TimeToLive is already enabled"))
        });
        let handler = TableHandler::new(mock_client!(
            aws_sdk_dynamodb,
            [&look, &enabled, &before, &refuse, &after, &again]
        ));
        let answer = handler.ready(&cx(ADDRESS), &table(), &outputs()).await;
        assert_eq!(answer.is_ok_and(|ready| ready == Readiness::Ready), works);
    }
}

#[tokio::test]
async fn a_table_that_is_going_counts_as_gone() {
    for look in [describe(&types::TableStatus::Deleting), undescribed()] {
        let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&look]));
        assert_eq!(read(&handler, Depth::Full).await, None);
    }
}

#[test]
fn keys_are_called_as_they_were_given() {
    let mut now = described(types::TableStatus::Active);
    let arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd";
    now.sse_description = Some(
        types::SseDescription::builder()
            .status(types::SseStatus::Enabled)
            .sse_type(types::SseType::Kms)
            .kms_master_key_arn(arn)
            .build(),
    );
    let cases = [
        (Some(Sse::Kms("1234abcd".into())), Sse::Kms("1234abcd".into())),
        (Some(Sse::Kms(arn.into())), Sse::Kms(arn.into())),
        (Some(Sse::Kms("5678".into())), Sse::Kms(arn.into())),
        (Some(Sse::AwsManaged), Sse::AwsManaged),
        (Some(Sse::AwsOwned), Sse::Kms(arn.into())),
    ];
    for (wanted, told) in cases {
        let mut spec = table();
        spec.sse = wanted;
        assert_eq!(convert::spec(&now, &spec).expect("complete").sse, Some(told));
    }
}

#[tokio::test]
async fn a_new_table_is_ready_when_backups_and_expiry_are_set() {
    let creating = describe(&types::TableStatus::Creating);
    let active = describe(&types::TableStatus::Active);
    let (off, early) = (
        backups(false),
        mock!(Client::update_continuous_backups).then_error(|| {
            UpdateContinuousBackupsError::generic(meta(
                "ContinuousBackupsUnavailableException",
                "being enabled",
            ))
        }),
    );
    let (again, off_again) = (describe(&types::TableStatus::Active), backups(false));
    let on = mock!(Client::update_continuous_backups)
        .match_requests(|request| {
            request
                .point_in_time_recovery_specification()
                .is_some_and(types::PointInTimeRecoverySpecification::point_in_time_recovery_enabled)
        })
        .then_output(|| UpdateContinuousBackupsOutput::builder().build());
    let never = expiry(None);
    let expire = mock!(Client::update_time_to_live)
        .match_requests(|request| {
            let expiry = request.time_to_live_specification().expect("an expiry");
            expiry.enabled() && expiry.attribute_name() == "expires"
        })
        .then_output(|| UpdateTimeToLiveOutput::builder().build());
    let handler = TableHandler::new(mock_client!(
        aws_sdk_dynamodb,
        [&creating, &active, &off, &early, &again, &off_again, &on, &never, &expire]
    ));
    let (cx, spec, outputs) = (cx(ADDRESS), table(), outputs());
    let poll = async || handler.ready(&cx, &spec, &outputs).await.expect("an answer");
    assert_eq!(poll().await, Readiness::Pending("creating".to_owned()));
    assert_eq!(poll().await, Readiness::Pending("backups and expiry are being set up".to_owned()));
    assert_eq!(poll().await, Readiness::Ready);
    assert_eq!((on.num_calls(), expire.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_table_that_cannot_be_read_never_becomes_ready() {
    let look = describe(&types::TableStatus::InaccessibleEncryptionCredentials);
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&look]));
    let answer = handler.ready(&cx(ADDRESS), &table(), &outputs()).await.expect("an answer");
    assert!(matches!(answer, Readiness::Failed { reason, .. } if reason.contains("INACCESSIBLE")));
}

#[tokio::test]
async fn an_update_sends_one_category_a_call_and_goes_on_where_it_was() {
    let (prior, mut desired) = (table(), table());
    desired.deletion_protection_enabled = Some(false);
    desired.table_class = Some(TableClass::StandardInfrequentAccess);
    desired.time_to_live = Some(TimeToLive::Disabled);
    desired.point_in_time_recovery = Some(false);
    desired.tags = [("owner", "hr")].into_iter().collect();
    let updated =
        || UpdateTableOutput::builder().table_description(described(types::TableStatus::Updating)).build();
    let untag = mock!(Client::untag_resource)
        .match_requests(|request| request.tag_keys() == ["team"])
        .then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource)
        .match_requests(|request| request.tags().len() == 4)
        .then_output(|| TagResourceOutput::builder().build());
    let look = describe(&types::TableStatus::Active);
    let protection = mock!(Client::update_table)
        .match_requests(|request| {
            request.deletion_protection_enabled() == Some(false) && request.table_class().is_none()
        })
        .then_output(updated);
    let class = mock!(Client::update_table)
        .match_requests(|request| request.table_class() == Some(&types::TableClass::StandardInfrequentAccess))
        .then_output(updated);
    let recovery = mock!(Client::update_continuous_backups)
        .then_output(|| UpdateContinuousBackupsOutput::builder().build());
    let expires = expiry(Some("expires"));
    let stop = mock!(Client::update_time_to_live)
        .match_requests(|request| !request.time_to_live_specification().expect("an expiry").enabled())
        .then_output(|| UpdateTimeToLiveOutput::builder().build());
    let rules = [&untag, &tag, &look, &protection, &class, &recovery, &expires, &stop];
    let handler = TableHandler::new(mock_client!(
        aws_sdk_dynamodb,
        [&untag, &tag, &look, &protection, &class, &recovery, &expires, &stop]
    ));
    let change = Update { prior: &prior, outputs: &outputs(), desired: &desired };
    assert_eq!(handler.update(&cx(ADDRESS), change).await.expect("changed"), outputs());
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn what_is_taken_out_of_a_spec_goes_back_to_the_default() {
    let (mut prior, mut desired) = (table(), table());
    prior.table_class = Some(TableClass::StandardInfrequentAccess);
    prior.sse = Some(Sse::AwsManaged);
    desired.deletion_protection_enabled = None;
    desired.table_class = None;
    desired.sse = None;
    desired.stream = None;
    desired.time_to_live = None;
    desired.point_in_time_recovery = None;
    let look = mock!(Client::describe_table).then_output(|| {
        let mut table = described(types::TableStatus::Active);
        let class = types::TableClass::StandardInfrequentAccess;
        table.table_class_summary = Some(types::TableClassSummary::builder().table_class(class).build());
        table.sse_description =
            Some(types::SseDescription::builder().status(types::SseStatus::Enabled).build());
        DescribeTableOutput::builder().table(table).build()
    });
    let protection = mock!(Client::update_table)
        .match_requests(|request| request.deletion_protection_enabled() == Some(false))
        .then_output(|| UpdateTableOutput::builder().build());
    let class = mock!(Client::update_table)
        .match_requests(|request| request.table_class() == Some(&types::TableClass::Standard))
        .then_output(|| UpdateTableOutput::builder().build());
    let key = mock!(Client::update_table)
        .match_requests(|request| {
            request.sse_specification().and_then(types::SseSpecification::enabled) == Some(false)
        })
        .then_output(|| UpdateTableOutput::builder().build());
    let stream = mock!(Client::update_table)
        .match_requests(|request| {
            request.stream_specification().is_some_and(|stream| !stream.stream_enabled())
        })
        .then_output(|| UpdateTableOutput::builder().build());
    let recovery = mock!(Client::update_continuous_backups)
        .match_requests(|request| {
            request
                .point_in_time_recovery_specification()
                .is_some_and(|recovery| !recovery.point_in_time_recovery_enabled())
        })
        .then_output(|| UpdateContinuousBackupsOutput::builder().build());
    let expires = expiry(Some("expires"));
    let stop = mock!(Client::update_time_to_live)
        .match_requests(|request| !request.time_to_live_specification().expect("an expiry").enabled())
        .then_output(|| UpdateTimeToLiveOutput::builder().build());
    let rules = [&look, &protection, &class, &key, &stream, &recovery, &expires, &stop];
    let handler = TableHandler::new(mock_client!(
        aws_sdk_dynamodb,
        [&look, &protection, &class, &key, &stream, &recovery, &expires, &stop]
    ));
    let change = Update { prior: &prior, outputs: &outputs(), desired: &desired };
    handler.update(&cx(ADDRESS), change).await.expect("changed");
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn a_table_at_work_takes_the_next_setting_later() {
    let (prior, mut desired) = (table(), table());
    desired.stream = Some(Stream::OldImage);
    let look = describe(&types::TableStatus::Active);
    let off = mock!(Client::update_table)
        .match_requests(|request| {
            request.stream_specification().is_some_and(|stream| !stream.stream_enabled())
        })
        .then_output(|| UpdateTableOutput::builder().build());
    let busy = mock!(Client::update_table).then_error(|| {
        UpdateTableError::generic(meta("ResourceInUseException", "Table is being updated: x"))
    });
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&look, &off, &busy]));
    let change = Update { prior: &prior, outputs: &outputs(), desired: &desired };
    let error = handler.update(&cx(ADDRESS), change).await.expect_err("at work");
    assert_eq!((error.kind(), error.effect()), (Kind::NotYet, Effect::Unknown));
}

#[test]
fn indexes_and_capacity_change_by_themselves() {
    let now = described(types::TableStatus::Active);
    let calls = |desired: &Table| step::steps(&now, desired).expect("possible").len();
    let mut desired = table();
    assert_eq!(calls(&desired), 0);
    desired.global_secondary_indexes[0].projection = Projection::All;
    assert_eq!(calls(&desired), 2, "an index with another projection goes and comes");
    desired = table();
    desired.billing_mode = BillingMode::provisioned(5, 5);
    desired.normalize();
    assert_eq!(calls(&desired), 1, "capacity of the table and its index is one call");
    desired = table();
    desired.global_secondary_indexes.clear();
    let mut busy = now.clone();
    if let Some(indexes) = &mut busy.global_secondary_indexes {
        indexes[0].index_status = Some(types::IndexStatus::Updating);
    }
    let error = step::steps(&busy, &desired).err().expect("busy");
    assert_eq!(error.kind(), Kind::NotYet);
}

fn scanned(count: i32) -> Rule {
    mock!(Client::scan)
        .match_requests(|request| request.limit() == Some(1) && request.consistent_read() == Some(true))
        .then_output(move || ScanOutput::builder().count(count).build())
}

async fn delete(handler: &TableHandler, contents: Contents) -> Result<(), HandlerError> {
    handler.delete(&cx(ADDRESS), Prior { spec: &table(), outputs: &outputs(), contents }).await
}

#[tokio::test]
async fn a_table_with_items_stays_unless_its_data_may_go() {
    let full = scanned(1);
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&full]));
    let error = delete(&handler, Contents::MustBeEmpty).await.expect_err("full");
    assert_eq!((error.kind(), error.effect()), (Kind::NotEmpty, Effect::None));

    let gone = mock!(Client::delete_table).then_output(|| DeleteTableOutput::builder().build());
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&gone]));
    delete(&handler, Contents::Purge).await.expect("deleted");
    assert_eq!(gone.num_calls(), 1);
}

#[tokio::test]
async fn protection_is_taken_off_what_may_be_deleted() {
    let empty = scanned(0);
    let refuse = mock!(Client::delete_table).then_error(|| {
        let message = "Resource cannot be deleted as it is currently protected against deletion. \
                       Disable deletion protection first.";
        DeleteTableError::generic(meta("ValidationException", message))
    });
    let unprotect = mock!(Client::update_table)
        .match_requests(|request| request.deletion_protection_enabled() == Some(false))
        .then_output(|| UpdateTableOutput::builder().build());
    let gone = mock!(Client::delete_table).then_output(|| DeleteTableOutput::builder().build());
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&empty, &refuse, &unprotect, &gone]));
    delete(&handler, Contents::MustBeEmpty).await.expect("deleted");
    assert_eq!((unprotect.num_calls(), gone.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_deletion_is_over_only_when_the_table_is_gone() {
    let going = mock!(Client::delete_table).then_output(|| {
        let table = types::TableDescription::builder().table_status(types::TableStatus::Deleting).build();
        DeleteTableOutput::builder().table_description(table).build()
    });
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&going]));
    let error = delete(&handler, Contents::Purge).await.expect_err("it holds its name for a while");
    assert_eq!((error.kind(), error.effect()), (Kind::NotYet, Effect::None));
}

#[tokio::test]
async fn a_table_too_new_to_be_scanned_is_not_taken_for_gone() {
    let scan = || {
        mock!(Client::scan).then_error(|| ScanError::generic(meta("ResourceNotFoundException", "not found")))
    };
    let creating = mock!(Client::delete_table).then_error(|| {
        DeleteTableError::generic(meta("ResourceInUseException", "Table is being created: x"))
    });
    let unscannable = scan();
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&unscannable, &creating]));
    let error = delete(&handler, Contents::MustBeEmpty).await.expect_err("too early");
    assert_eq!(error.kind(), Kind::NotYet);

    let gone = mock!(Client::delete_table)
        .then_error(|| DeleteTableError::generic(meta("ResourceNotFoundException", "not found")));
    let unscannable = scan();
    let handler = TableHandler::new(mock_client!(aws_sdk_dynamodb, [&unscannable, &gone]));
    delete(&handler, Contents::MustBeEmpty).await.expect("nothing to do");
}
