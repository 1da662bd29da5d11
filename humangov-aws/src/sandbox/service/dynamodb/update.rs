// SPDX-License-Identifier: MIT OR Apache-2.0
//! UpdateTable: one kind of change at a time.

use super::{check, table, validation};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use jiff::Timestamp;
use serde_json::{Value, json};
use table::Table;

pub(super) fn update(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (now, ready) = (cx.now, cx.after(cx.behaviour.timings.table));
    let encryption = input.object("SSESpecification").map(|_| table::encryption(cx, input));
    let table = table::changeable(cx, input)?;
    let mut changed = table.clone();
    let mut any = false;
    // What only the record of the table is about is done at once; all else takes its time.
    let mut busy = false;
    if let Some(protected) = input.truth("DeletionProtectionEnabled") {
        changed.protected = protected;
        any = true;
    }
    if let Some(class) = input.text("TableClass") {
        if !["STANDARD", "STANDARD_INFREQUENT_ACCESS"].contains(&class) {
            return Err(validation(format!(
                "1 validation error detected: Value '{class}' at 'tableClass' failed to satisfy constraint"
            )));
        }
        if changed.class == class {
            return Err(validation(format!("Table is already using the {class} table class")));
        }
        class.clone_into(&mut changed.class);
        (any, busy) = (true, true);
    }
    if input.has("BillingMode") || input.has("ProvisionedThroughput") {
        billing(&mut changed, input, now)?;
        (any, busy) = (true, true);
    }
    if let Some(key) = encryption {
        changed.kms_key = key;
        (any, busy) = (true, true);
    }
    if let Some(stream) = input.object("StreamSpecification") {
        table::set_stream(&mut changed, stream, now)?;
        (any, busy) = (true, true);
    }
    if input.has("GlobalSecondaryIndexUpdates") {
        indexes(&mut changed, input, ready)?;
        (any, busy) = (true, true);
    }
    if !any {
        return Err(validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or \
             SSESpecification or ReplicaUpdates or DeletionProtectionEnabled is required",
        ));
    }
    if busy {
        changed.busy_until = ready;
    }
    *table = changed;
    let mut described = table.described(now);
    if busy {
        described["TableStatus"] = "UPDATING".into();
    }
    Ok(json!({"TableDescription": described}))
}

fn billing(table: &mut Table, input: Input<'_>, now: Timestamp) -> Result<(), ApiError> {
    let provisioned = input.text("BillingMode").map_or(table.provisioned, |mode| mode == "PROVISIONED");
    if provisioned && table.provisioned && !input.has("ProvisionedThroughput") {
        return Ok(());
    }
    let (read, write) = check::throughput(input, provisioned)?;
    if provisioned && table.provisioned && (read, write) == (table.read, table.write) {
        return Err(validation(format!(
            "The provisioned throughput for the table will not change. The requested value equals the current value. Current \
             ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: {read}."
        )));
    }
    if !provisioned && table.on_demand_since.is_none() {
        table.on_demand_since = Some(now);
    }
    (table.provisioned, table.read, table.write) = (provisioned, read, write);
    if !provisioned {
        for index in table.indexes.values_mut() {
            (index.read, index.write) = (0, 0);
        }
    }
    Ok(())
}

fn indexes(table: &mut Table, input: Input<'_>, ready: Timestamp) -> Result<(), ApiError> {
    let updates: Vec<Input<'_>> = input.objects("GlobalSecondaryIndexUpdates").collect();
    let made_or_gone = updates.iter().filter(|update| update.has("Create") || update.has("Delete")).count();
    if made_or_gone > 1 {
        return Err(ApiError::new(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }
    for update in updates {
        if let Some(given) = update.object("Create") {
            let mut attributes = check::attributes(input)?;
            attributes.extend(table.attributes.clone());
            let (name, index) = table::index(given, &attributes, (false, table.provisioned), ready)?;
            if table.indexes.contains_key(&name) {
                return Err(validation(format!(
                    "Attempting to create an index which already exists: {name}"
                )));
            }
            table.attributes = attributes;
            table.indexes.insert(name, index);
        } else if let Some(given) = update.object("Delete") {
            let name = given.text("IndexName").unwrap_or_default();
            existing(table, name)?.gone_at = Some(ready);
        } else if let Some(given) = update.object("Update") {
            let provisioned = table.provisioned;
            let (read, write) = check::throughput(given, provisioned)?;
            let index = existing(table, given.text("IndexName").unwrap_or_default())?;
            (index.read, index.write) = (read, write);
        }
    }
    // An attribute that is in no key any more is not defined any more.
    let used: Vec<String> = table
        .key
        .names()
        .chain(
            table
                .indexes
                .values()
                .filter(|index| index.gone_at.is_none())
                .flat_map(|index| index.key.names()),
        )
        .cloned()
        .collect();
    table.attributes.retain(|name, _| used.contains(name));
    Ok(())
}

fn existing<'t>(table: &'t mut Table, name: &str) -> Result<&'t mut table::Index, ApiError> {
    let found = table.indexes.get_mut(name).filter(|index| !index.local && index.gone_at.is_none());
    found.ok_or_else(|| {
        ApiError::new("ResourceNotFoundException", format!("Requested resource not found: Index: {name}"))
    })
}
