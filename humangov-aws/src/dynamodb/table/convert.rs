// SPDX-License-Identifier: MIT OR Apache-2.0
//! Between the spec of a table and the SDK's types.

use crate::error::unbuildable;
use aws_sdk_dynamodb::{operation::create_table::builders::CreateTableFluentBuilder, types};
use humangov_core::{
    handler::{HandlerError, Readiness},
    kind::dynamodb::{
        BillingMode, GlobalSecondaryIndex, KeyAttribute, KeySchema, Projection, ProvisionedThroughput,
        ScalarAttributeType, Sse, Stream, Table, TableClass, TableOutputs, TimeToLive,
    },
    resource::Resource,
    tags::Tags,
    value::Input,
};

const DESCRIBE: &str = "DescribeTable";

/// Whether the table is being deleted.
pub(super) fn is_going(table: &types::TableDescription) -> bool {
    table.table_status() == Some(&types::TableStatus::Deleting)
}

/// Why the table does not do its work. `None`: it does.
pub(super) fn not_ready(table: &types::TableDescription) -> Option<Readiness> {
    use types::{IndexStatus, TableStatus};
    match table.table_status() {
        Some(TableStatus::Active) => {}
        Some(status @ (TableStatus::Creating | TableStatus::Updating)) => {
            return Some(Readiness::Pending(status.as_str().to_ascii_lowercase()));
        }
        status => {
            let status = status.map_or("without a status", types::TableStatus::as_str);
            let name = table.table_name().unwrap_or_default();
            return Some(Readiness::Failed {
                reason: format!("table {name} is {status}"),
                details: Vec::new(),
            });
        }
    }
    let building = table
        .global_secondary_indexes()
        .iter()
        .find(|index| index.index_status().is_some_and(|status| *status != IndexStatus::Active))?;
    let status = building.index_status().map_or("", IndexStatus::as_str).to_ascii_lowercase();
    Some(Readiness::Pending(format!("index {} is {status}", building.index_name().unwrap_or_default())))
}

pub(super) fn outputs(table: &types::TableDescription) -> Result<TableOutputs, HandlerError> {
    let arn = table.table_arn().unwrap_or_default().parse();
    let streams = table.stream_specification().is_some_and(types::StreamSpecification::stream_enabled);
    Ok(TableOutputs {
        arn: arn.map_err(|error| HandlerError::malformed(DESCRIBE, "no ARN").with_source(error))?,
        name: table.table_name().unwrap_or_default().to_owned(),
        // AWS goes on telling the ARN of a stream that was turned off.
        stream_arn: table.latest_stream_arn().filter(|_| streams).map(str::to_owned),
    })
}

/// What is told of a table, in normal form. `wanted` tells how a key is best called.
pub(super) fn spec(table: &types::TableDescription, wanted: &Table) -> Result<Table, HandlerError> {
    let key_schema = key_schema(table, table.key_schema())?;
    let mut spec =
        Table::builder().name(table.table_name().unwrap_or_default()).key_schema(key_schema).build();
    spec.billing_mode = billing_mode(table);
    spec.table_class = Some(match table.table_class_summary().and_then(|summary| summary.table_class()) {
        Some(types::TableClass::StandardInfrequentAccess) => TableClass::StandardInfrequentAccess,
        _ => TableClass::Standard,
    });
    spec.deletion_protection_enabled = Some(table.deletion_protection_enabled().unwrap_or(false));
    spec.sse = Some(sse(table.sse_description(), wanted.sse.as_ref()));
    spec.stream = Some(stream(table.stream_specification())?);
    for index in table.global_secondary_indexes() {
        // One that is being deleted is as good as gone.
        if index.index_status() != Some(&types::IndexStatus::Deleting) {
            spec.global_secondary_indexes.push(global_secondary_index(table, index)?);
        }
    }
    spec.normalize();
    Ok(spec)
}

fn key_schema(
    table: &types::TableDescription,
    elements: &[types::KeySchemaElement],
) -> Result<KeySchema, HandlerError> {
    let find = |key_type: &types::KeyType| {
        let name = elements.iter().find(|element| element.key_type() == key_type)?.attribute_name();
        let definition = table.attribute_definitions().iter().find(|known| known.attribute_name() == name)?;
        let attribute_type = match definition.attribute_type() {
            types::ScalarAttributeType::S => ScalarAttributeType::S,
            types::ScalarAttributeType::N => ScalarAttributeType::N,
            types::ScalarAttributeType::B => ScalarAttributeType::B,
            _ => return None,
        };
        Some(KeyAttribute::new(name, attribute_type))
    };
    let hash = find(&types::KeyType::Hash)
        .ok_or_else(|| HandlerError::malformed(DESCRIBE, "a key without a hash attribute of a known type"))?;
    let key = KeySchema::hash(hash.attribute_name, hash.attribute_type);
    Ok(match find(&types::KeyType::Range) {
        Some(range) => key.with_range(range.attribute_name, range.attribute_type),
        None => key,
    })
}

fn throughput(read: Option<i64>, write: Option<i64>) -> Option<ProvisionedThroughput> {
    let units = |units: Option<i64>| u32::try_from(units?).ok().filter(|units| *units > 0);
    Some(ProvisionedThroughput::new(units(read)?, units(write)?))
}

fn billing_mode(table: &types::TableDescription) -> BillingMode {
    let on_demand = table
        .billing_mode_summary()
        .is_some_and(|summary| summary.billing_mode() == Some(&types::BillingMode::PayPerRequest));
    // A table that was always provisioned says nothing of its billing; one on demand has capacity 0.
    let capacity = table.provisioned_throughput();
    let capacity = capacity.and_then(|c| throughput(c.read_capacity_units(), c.write_capacity_units()));
    match capacity {
        Some(capacity) if !on_demand => BillingMode::Provisioned(capacity),
        _ => BillingMode::OnDemand,
    }
}

fn sse(read: Option<&types::SseDescription>, wanted: Option<&Sse>) -> Sse {
    use types::SseStatus::{Enabled, Enabling, Updating};
    let Some(read) = read.filter(|read| matches!(read.status(), Some(Enabled | Enabling | Updating))) else {
        return Sse::AwsOwned;
    };
    match (read.kms_master_key_arn(), wanted) {
        (None, _) | (Some(_), Some(Sse::AwsManaged)) => Sse::AwsManaged,
        // A key is told by its ARN, and may have been given by its id.
        (Some(arn), Some(Sse::Kms(key))) if arn.ends_with(&format!("key/{}", key.text())) => {
            Sse::Kms(key.clone())
        }
        (Some(arn), _) => Sse::Kms(Input::from(arn)),
    }
}

fn stream(read: Option<&types::StreamSpecification>) -> Result<Stream, HandlerError> {
    let Some(read) = read.filter(|read| read.stream_enabled()) else { return Ok(Stream::Disabled) };
    match read.stream_view_type() {
        Some(types::StreamViewType::KeysOnly) => Ok(Stream::KeysOnly),
        Some(types::StreamViewType::NewImage) => Ok(Stream::NewImage),
        Some(types::StreamViewType::OldImage) => Ok(Stream::OldImage),
        Some(types::StreamViewType::NewAndOldImages) => Ok(Stream::NewAndOldImages),
        _ => Err(HandlerError::malformed(DESCRIBE, "a stream of an unknown view")),
    }
}

fn global_secondary_index(
    table: &types::TableDescription,
    index: &types::GlobalSecondaryIndexDescription,
) -> Result<GlobalSecondaryIndex, HandlerError> {
    let projection = index.projection();
    let kind = projection.and_then(|projection| projection.projection_type());
    let mut made = GlobalSecondaryIndex::builder()
        .index_name(index.index_name().unwrap_or_default())
        .key_schema(key_schema(table, index.key_schema())?)
        .projection(match kind {
            Some(types::ProjectionType::KeysOnly) => Projection::KeysOnly,
            Some(types::ProjectionType::Include) => Projection::Include(
                projection.map(|projection| projection.non_key_attributes().to_vec()).unwrap_or_default(),
            ),
            _ => Projection::All,
        })
        .build();
    let capacity = index.provisioned_throughput();
    made.provisioned_throughput =
        capacity.and_then(|c| throughput(c.read_capacity_units(), c.write_capacity_units()));
    Ok(made)
}

pub(super) fn time_to_live(read: Option<types::TimeToLiveDescription>) -> TimeToLive {
    use types::TimeToLiveStatus::{Enabled, Enabling};
    match read {
        Some(types::TimeToLiveDescription {
            time_to_live_status: Some(Enabled | Enabling),
            attribute_name: Some(attribute),
            ..
        }) => TimeToLive::Attribute(attribute),
        _ => TimeToLive::Disabled,
    }
}

pub(super) fn create(
    request: CreateTableFluentBuilder,
    spec: &Table,
    tags: &Tags,
) -> Result<CreateTableFluentBuilder, HandlerError> {
    let indexes = spec.global_secondary_indexes.iter().map(to_index).collect::<Result<Vec<_>, _>>()?;
    let (mode, capacity) = to_billing(spec.billing_mode)?;
    Ok(request
        .table_name(&spec.name)
        .set_attribute_definitions(Some(to_attributes(spec.attribute_definitions())?))
        .set_key_schema(Some(to_key_schema(&spec.key_schema)?))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .billing_mode(mode)
        .set_provisioned_throughput(capacity)
        .set_table_class(spec.table_class.map(to_class))
        .set_deletion_protection_enabled(spec.deletion_protection_enabled)
        .set_sse_specification(spec.sse.as_ref().map(to_sse))
        .set_stream_specification(spec.stream.map(to_stream).transpose()?)
        .set_tags(Some(self::tags(tags)?)))
}

pub(super) fn tags(tags: &Tags) -> Result<Vec<types::Tag>, HandlerError> {
    tags.iter()
        .map(|(key, value)| types::Tag::builder().key(key).value(value).build().map_err(unbuildable))
        .collect()
}

pub(super) fn to_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a str, ScalarAttributeType)>,
) -> Result<Vec<types::AttributeDefinition>, HandlerError> {
    let to = |(name, attribute_type)| {
        let attribute_type = match attribute_type {
            ScalarAttributeType::S => types::ScalarAttributeType::S,
            ScalarAttributeType::N => types::ScalarAttributeType::N,
            ScalarAttributeType::B => types::ScalarAttributeType::B,
        };
        let definition = types::AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(attribute_type).build().map_err(unbuildable)
    };
    attributes.into_iter().map(to).collect()
}

pub(super) fn to_key_schema(key: &KeySchema) -> Result<Vec<types::KeySchemaElement>, HandlerError> {
    key.attributes()
        .zip([types::KeyType::Hash, types::KeyType::Range])
        .map(|(key, key_type)| {
            let element = types::KeySchemaElement::builder().attribute_name(&key.attribute_name);
            element.key_type(key_type).build().map_err(unbuildable)
        })
        .collect()
}

pub(super) fn to_throughput(
    capacity: ProvisionedThroughput,
) -> Result<types::ProvisionedThroughput, HandlerError> {
    types::ProvisionedThroughput::builder()
        .read_capacity_units(capacity.read_capacity_units.into())
        .write_capacity_units(capacity.write_capacity_units.into())
        .build()
        .map_err(unbuildable)
}

pub(super) fn to_billing(
    mode: BillingMode,
) -> Result<(types::BillingMode, Option<types::ProvisionedThroughput>), HandlerError> {
    Ok(match mode {
        BillingMode::OnDemand => (types::BillingMode::PayPerRequest, None),
        BillingMode::Provisioned(capacity) => {
            (types::BillingMode::Provisioned, Some(to_throughput(capacity)?))
        }
    })
}

pub(super) fn to_projection(projection: &Projection) -> types::Projection {
    let (projection_type, attributes) = match projection {
        Projection::All => (types::ProjectionType::All, None),
        Projection::KeysOnly => (types::ProjectionType::KeysOnly, None),
        Projection::Include(names) => (types::ProjectionType::Include, Some(names.clone())),
    };
    types::Projection::builder().projection_type(projection_type).set_non_key_attributes(attributes).build()
}

fn to_index(index: &GlobalSecondaryIndex) -> Result<types::GlobalSecondaryIndex, HandlerError> {
    types::GlobalSecondaryIndex::builder()
        .index_name(&index.index_name)
        .set_key_schema(Some(to_key_schema(&index.key_schema)?))
        .projection(to_projection(&index.projection))
        .set_provisioned_throughput(index.provisioned_throughput.map(to_throughput).transpose()?)
        .build()
        .map_err(unbuildable)
}

pub(super) fn to_class(class: TableClass) -> types::TableClass {
    match class {
        TableClass::Standard => types::TableClass::Standard,
        TableClass::StandardInfrequentAccess => types::TableClass::StandardInfrequentAccess,
    }
}

pub(super) fn to_sse(sse: &Sse) -> types::SseSpecification {
    let made = types::SseSpecification::builder();
    match sse {
        Sse::AwsOwned => made.enabled(false),
        Sse::AwsManaged => made.enabled(true).sse_type(types::SseType::Kms),
        Sse::Kms(key) => made.enabled(true).sse_type(types::SseType::Kms).kms_master_key_id(key.text()),
    }
    .build()
}

pub(super) fn to_stream(stream: Stream) -> Result<types::StreamSpecification, HandlerError> {
    let view = match stream {
        Stream::Disabled => None,
        Stream::KeysOnly => Some(types::StreamViewType::KeysOnly),
        Stream::NewImage => Some(types::StreamViewType::NewImage),
        Stream::OldImage => Some(types::StreamViewType::OldImage),
        Stream::NewAndOldImages => Some(types::StreamViewType::NewAndOldImages),
    };
    types::StreamSpecification::builder()
        .stream_enabled(view.is_some())
        .set_stream_view_type(view)
        .build()
        .map_err(unbuildable)
}
