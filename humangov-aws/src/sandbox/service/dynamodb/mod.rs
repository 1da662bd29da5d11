// SPDX-License-Identifier: MIT OR Apache-2.0
//! DynamoDB: tables and their settings, items and conditional writes.

mod check;
mod expression;
mod item;
mod table;
mod update;

use super::{Found, unknown};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, tags_from, tags_to},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use table::Table;

/// The most tags of a table.
const MOST_TAGS: usize = 50;

/// The tables of a region, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct DynamoDb {
    tables: BTreeMap<String, Table>,
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    let now = cx.now;
    cx.here.dynamodb.tables.retain(|_, table| !table.is_gone(now));
    for table in cx.here.dynamodb.tables.values_mut() {
        table.indexes.retain(|_, index| !index.is_gone(now));
    }
    match operation {
        "CreateTable" => table::create(cx, input),
        "DescribeTable" => table::describe(cx, input),
        "ListTables" => list(cx, input),
        "UpdateTable" => update::update(cx, input),
        "DeleteTable" => table::delete(cx, input),
        "DescribeContinuousBackups" => table::describe_backups(cx, input),
        "UpdateContinuousBackups" => table::update_backups(cx, input),
        "DescribeTimeToLive" => table::describe_expiry(cx, input),
        "UpdateTimeToLive" => table::update_expiry(cx, input),
        "TagResource" | "UntagResource" | "ListTagsOfResource" => tags(cx, operation, input),
        _ => item::call(cx, operation, input).unwrap_or_else(|| Err(unknown(operation))),
    }
}

fn list(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let most = input.integer("Limit").unwrap_or(100);
    if !(1..=100).contains(&most) {
        return Err(validation(
            "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value \
                               less than or equal to 100",
        ));
    }
    let after = input.text("ExclusiveStartTableName");
    let tables = cx.here.dynamodb.tables.keys();
    let mut names = tables.filter(|name| after.is_none_or(|after| name.as_str() > after));
    let page: Vec<&String> = names.by_ref().take(usize::try_from(most).unwrap_or(100)).collect();
    let last = names.next().and(page.last());
    let mut answer = json!({"TableNames": page});
    if let Some(last) = last {
        answer["LastEvaluatedTableName"] = Value::from(last.as_str());
    }
    Ok(answer)
}

fn tags(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = input.text("ResourceArn").unwrap_or_default();
    let Some((_, name)) = arn.split_once(":table/") else {
        return Err(validation(format!("Invalid TableArn: Invalid ResourceArn provided as input {arn}")));
    };
    let Some(table) = cx.here.dynamodb.tables.get_mut(name).filter(|table| table.arn == arn) else {
        let message = format!("Requested resource not found: ResourcArn: {arn} not found");
        return Err(ApiError::new("ResourceNotFoundException", message));
    };
    match operation {
        "TagResource" => {
            let mut tags = table.tags.clone();
            tags.extend(tags_from(input.list("Tags"), "Key", "Value"));
            check::tags(&tags)?;
            table.tags = tags;
            Ok(Value::Null)
        }
        "UntagResource" => {
            for key in input.texts("TagKeys") {
                table.tags.remove(key);
            }
            Ok(Value::Null)
        }
        _ => Ok(json!({"Tags": tags_to(&table.tags, "Key", "Value")})),
    }
}

fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn not_found(name: &str) -> ApiError {
    ApiError::new(
        "ResourceNotFoundException",
        format!("Requested resource not found: Table: {name} not found"),
    )
}

fn in_use(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceInUseException", message)
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let now = cx.now;
    let tables = cx.here.dynamodb.tables.values().filter(|table| !table.is_gone(now));
    tables
        .map(|table| Found {
            kind: "dynamodb.table",
            name: table.name.clone(),
            arn: table.arn.clone(),
            tags: table.tags.clone(),
            settings: json!({
                "status": table.status(now),
                "items": table.items.len(),
                "point_in_time_recovery": table.backups,
                "deletion_protection": table.protected,
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests;
