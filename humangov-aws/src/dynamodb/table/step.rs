// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is still to do until a table is as it should be: one call for each category of settings.

use super::convert;
use crate::error::unbuildable;
use aws_sdk_dynamodb::{operation::update_table::builders::UpdateTableFluentBuilder, types};
use humangov_core::{
    handler::{HandlerError, HandlerErrorKind as Kind},
    kind::dynamodb::{GlobalSecondaryIndex, Stream, Table},
};
use std::collections::BTreeMap;

/// Fills one call of UpdateTable.
pub(super) type Step = Box<dyn FnOnce(UpdateTableFluentBuilder) -> UpdateTableFluentBuilder + Send>;

/// The calls that bring `table` to `desired`, in order. What `desired` leaves to AWS stays as it is.
pub(super) fn steps(table: &types::TableDescription, desired: &Table) -> Result<Vec<Step>, HandlerError> {
    let now = convert::spec(table, desired)?;
    let mut steps: Vec<Step> = Vec::new();
    if let Some(on) = desired.deletion_protection_enabled
        && now.deletion_protection_enabled != Some(on)
    {
        steps.push(Box::new(move |request| request.deletion_protection_enabled(on)));
    }
    if let Some(class) = desired.table_class
        && now.table_class != Some(class)
    {
        steps.push(Box::new(move |request| request.table_class(convert::to_class(class))));
    }
    steps.extend(billing(&now, desired)?);
    if let Some(wanted) = &desired.sse
        && now.sse.as_ref() != Some(wanted)
    {
        let sse = convert::to_sse(wanted);
        steps.push(Box::new(move |request| request.sse_specification(sse)));
    }
    if let Some(wanted) = desired.stream
        && now.stream != Some(wanted)
    {
        // A stream's view cannot be changed: it goes, and another one comes.
        let off = (now.stream != Some(Stream::Disabled)).then_some(Stream::Disabled);
        let on = (wanted != Stream::Disabled).then_some(wanted);
        for stream in off.into_iter().chain(on) {
            let stream = convert::to_stream(stream)?;
            steps.push(Box::new(move |request| request.stream_specification(stream)));
        }
    }
    steps.extend(indexes(table, &now, desired)?);
    Ok(steps)
}

/// Billing and capacity are one call, of the table and all its indexes.
fn billing(now: &Table, desired: &Table) -> Result<Option<Step>, HandlerError> {
    let find = |index: &GlobalSecondaryIndex| {
        desired.global_secondary_indexes.iter().find(|wanted| wanted.index_name == index.index_name)
    };
    let mut updates = Vec::new();
    for index in &now.global_secondary_indexes {
        let wanted = find(index).and_then(|wanted| wanted.provisioned_throughput);
        if let Some(capacity) = wanted
            && index.provisioned_throughput != wanted
        {
            let update = types::UpdateGlobalSecondaryIndexAction::builder()
                .index_name(&index.index_name)
                .provisioned_throughput(convert::to_throughput(capacity)?)
                .build()
                .map_err(unbuildable)?;
            updates.push(types::GlobalSecondaryIndexUpdate::builder().update(update).build());
        }
    }
    let changed = now.billing_mode != desired.billing_mode;
    if !changed && updates.is_empty() {
        return Ok(None);
    }
    let (mode, capacity) = convert::to_billing(desired.billing_mode)?;
    Ok(Some(Box::new(move |request| {
        let request = request.billing_mode(mode);
        // Capacity that would not change is refused.
        let request = if changed { request.set_provisioned_throughput(capacity) } else { request };
        request.set_global_secondary_index_updates((!updates.is_empty()).then_some(updates))
    })))
}

/// Indexes go and come one at a time.
fn indexes(table: &types::TableDescription, now: &Table, desired: &Table) -> Result<Vec<Step>, HandlerError> {
    let same = |one: &GlobalSecondaryIndex, other: &GlobalSecondaryIndex| {
        one.index_name == other.index_name
            && one.key_schema == other.key_schema
            && one.projection == other.projection
    };
    let missing_in = |list: &[GlobalSecondaryIndex], index: &GlobalSecondaryIndex| {
        !list.iter().any(|other| same(other, index))
    };
    let mut steps: Vec<Step> = Vec::new();
    let (gone, kept): (Vec<_>, Vec<_>) = now
        .global_secondary_indexes
        .iter()
        .partition(|index| missing_in(&desired.global_secondary_indexes, index));
    for index in gone {
        let delete = types::DeleteGlobalSecondaryIndexAction::builder().index_name(&index.index_name).build();
        let delete = delete.map_err(unbuildable)?;
        let update = types::GlobalSecondaryIndexUpdate::builder().delete(delete).build();
        steps.push(Box::new(move |request| request.global_secondary_index_updates(update)));
    }
    // Attributes that are in no key yet are refused, so each call names those in use by then.
    let mut attributes: BTreeMap<_, _> = desired
        .key_schema
        .attributes()
        .chain(kept.iter().flat_map(|index| index.key_schema.attributes()))
        .map(|key| (key.attribute_name.as_str(), key.attribute_type))
        .collect();
    let new = desired.global_secondary_indexes.iter();
    for index in new.filter(|index| missing_in(&now.global_secondary_indexes, index)) {
        attributes.extend(
            index.key_schema.attributes().map(|key| (key.attribute_name.as_str(), key.attribute_type)),
        );
        let create = types::CreateGlobalSecondaryIndexAction::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(convert::to_key_schema(&index.key_schema)?))
            .projection(convert::to_projection(&index.projection))
            .set_provisioned_throughput(index.provisioned_throughput.map(convert::to_throughput).transpose()?)
            .build()
            .map_err(unbuildable)?;
        let update = types::GlobalSecondaryIndexUpdate::builder().create(create).build();
        let definitions = convert::to_attributes(attributes.clone())?;
        steps.push(Box::new(move |request| {
            request.set_attribute_definitions(Some(definitions)).global_secondary_index_updates(update)
        }));
    }
    let busy = table
        .global_secondary_indexes()
        .iter()
        .any(|index| index.index_status().is_some_and(|status| *status != types::IndexStatus::Active));
    if busy && !steps.is_empty() {
        return Err(HandlerError::new(Kind::NotYet, "UpdateTable", "another index is still being changed"));
    }
    Ok(steps)
}
