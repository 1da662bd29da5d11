// SPDX-License-Identifier: MIT OR Apache-2.0
//! Items: put, got, changed and deleted, each under its condition; queried and scanned.

use super::{
    expression::{self, Item, Terms},
    table::{self, Key, Table},
    validation,
};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde_json::{Map, Value, json};

/// How many items one batch or one transaction may be about.
const MOST_IN_BATCH: usize = 25;
const MOST_IN_TRANSACTION: usize = 100;

/// Executes an operation, if it is about items.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "GetItem" => get(cx, input),
        "PutItem" => write(cx, input, Write::Put).map(|done| done.answer(input)),
        "UpdateItem" => write(cx, input, Write::Update).map(|done| done.answer(input)),
        "DeleteItem" => write(cx, input, Write::Delete).map(|done| done.answer(input)),
        "BatchWriteItem" => batch_write(cx, input),
        "TransactWriteItems" => transact(cx, input),
        "Query" => query(cx, input),
        "Scan" => scan(cx, input),
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Put,
    Update,
    Delete,
    Check,
}

/// A write that was made: the item before and after.
struct Written {
    before: Option<Item>,
    after: Option<Item>,
}

impl Written {
    fn answer(self, input: Input<'_>) -> Value {
        let shown = match input.text("ReturnValues") {
            Some("ALL_OLD" | "UPDATED_OLD") => self.before,
            Some("ALL_NEW" | "UPDATED_NEW") => self.after,
            _ => None,
        };
        shown.map_or_else(|| json!({}), |item| json!({"Attributes": item}))
    }
}

/// The table that a request names, if items can be had of it by now.
fn open<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Table, ApiError> {
    let now = cx.now;
    let table = table::find(cx, input)?;
    if ["CREATING", "DELETING"].contains(&table.status(now)) {
        return Err(ApiError::new("ResourceNotFoundException", "Requested resource not found"));
    }
    Ok(table)
}

/// The text by which an item is kept: its key, which must be whole and of the right types.
fn key_of(table: &Table, attributes: &Map<String, Value>, only: bool) -> Result<String, ApiError> {
    let mismatch = || validation("The provided key element does not match the schema");
    let mut key = Vec::new();
    for name in table.key.names() {
        let kind = table.attributes.get(name).map_or("S", String::as_str);
        let Some(value) = attributes.get(name) else {
            return Err(if only {
                mismatch()
            } else {
                validation(format!(
                    "One or more parameter values were invalid: Missing the key {name} in the item"
                ))
            });
        };
        let Some(text) = value.get(kind).and_then(Value::as_str) else {
            return Err(if only {
                mismatch()
            } else {
                validation(format!(
                    "One or more parameter values were invalid: Type mismatch for key {name} expected: {kind}"
                ))
            });
        };
        if text.is_empty() {
            return Err(validation(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string \
                 value. Key: {name}"
            )));
        }
        key.push(text);
    }
    if only && attributes.len() != key.len() {
        return Err(mismatch());
    }
    Ok(json!(key).to_string())
}

fn attributes<'a>(input: Input<'a>, name: &str) -> Result<&'a Map<String, Value>, ApiError> {
    let found = input.get(name).and_then(Value::as_object);
    found.ok_or_else(|| {
        validation(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint"
        ))
    })
}

fn get(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let table = open(cx, input)?;
    let key = key_of(table, attributes(input, "Key")?, true)?;
    Ok(table.items.get(&key).map_or_else(|| json!({}), |item| json!({"Item": item})))
}

fn write(cx: &mut Cx<'_>, input: Input<'_>, write: Write) -> Result<Written, ApiError> {
    let table = open(cx, input)?;
    let (key, written) = prepare(table, input, write)?;
    apply(table, key, &written);
    Ok(written)
}

/// What a write would make, if its condition holds.
fn prepare(table: &Table, input: Input<'_>, write: Write) -> Result<(String, Written), ApiError> {
    let terms = Terms::of(input);
    let key = match write {
        Write::Put => key_of(table, attributes(input, "Item")?, false)?,
        _ => key_of(table, attributes(input, "Key")?, true)?,
    };
    let before = table.items.get(&key).cloned();
    if let Some(condition) = input.text("ConditionExpression") {
        let nothing = Item::new();
        if !expression::holds(condition, terms, before.as_ref().unwrap_or(&nothing))? {
            let refused = ApiError::new("ConditionalCheckFailedException", "The conditional request failed");
            return Err(match before {
                Some(item) if input.text("ReturnValuesOnConditionCheckFailure") == Some("ALL_OLD") => {
                    refused.with("Item", item)
                }
                _ => refused,
            });
        }
    }
    let after = match write {
        Write::Put => Some(attributes(input, "Item")?.clone()),
        Write::Delete => None,
        Write::Check => before.clone(),
        Write::Update => {
            let start =
                before.clone().unwrap_or_else(|| attributes(input, "Key").cloned().unwrap_or_default());
            let after = match input.text("UpdateExpression") {
                Some(update) => expression::updated(update, terms, &start)?,
                None => start,
            };
            if key_of(table, &after, false)? != key {
                return Err(validation(
                    "One or more parameter values were invalid: Cannot update attribute. This attribute is part of the key",
                ));
            }
            Some(after)
        }
    };
    Ok((key, Written { before, after }))
}

fn apply(table: &mut Table, key: String, written: &Written) {
    match &written.after {
        Some(item) => table.items.insert(key, item.clone()),
        None => table.items.remove(&key),
    };
}

fn batch_write(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let requests: Vec<(String, &Value)> = attributes(input, "RequestItems")?
        .iter()
        .flat_map(|(table, list)| {
            list.as_array().into_iter().flatten().map(move |request| (table.clone(), request))
        })
        .collect();
    if requests.is_empty() || requests.len() > MOST_IN_BATCH {
        return Err(validation("Too many items requested for the BatchWriteItem call"));
    }
    for (table, request) in requests {
        let (kind, inner) = match (request.get("PutRequest"), request.get("DeleteRequest")) {
            (Some(put), _) => (Write::Put, put),
            (None, Some(delete)) => (Write::Delete, delete),
            (None, None) => return Err(validation("Supplied AttributeValue has no request")),
        };
        let mut inner = inner.clone();
        inner["TableName"] = table.into();
        write(cx, Input(&inner), kind)?;
    }
    Ok(json!({"UnprocessedItems": {}}))
}

/// All or nothing: every condition is looked at before anything is written.
fn transact(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let items: Vec<(Write, Input<'_>)> = input
        .objects("TransactItems")
        .filter_map(|item| {
            [
                ("Put", Write::Put),
                ("Update", Write::Update),
                ("Delete", Write::Delete),
                ("ConditionCheck", Write::Check),
            ]
            .into_iter()
            .find_map(|(name, write)| Some((write, item.object(name)?)))
        })
        .collect();
    if items.is_empty() || items.len() > MOST_IN_TRANSACTION {
        return Err(validation(
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have \
                               length less than or equal to 100",
        ));
    }
    let mut prepared = Vec::new();
    let mut reasons = Vec::new();
    for (write, input) in items {
        let table = open(cx, input)?;
        match prepare(table, input, write) {
            Ok((key, written)) => {
                prepared.push((table.name.clone(), key, written));
                reasons.push(json!({"Code": "None"}));
            }
            Err(error) if error.code == "ConditionalCheckFailedException" => {
                let mut reason = json!({"Code": "ConditionalCheckFailed", "Message": error.message});
                if let Some(item) = error.more.get("Item") {
                    reason["Item"] = item.clone();
                }
                reasons.push(reason);
            }
            Err(error) => return Err(error),
        }
    }
    if prepared.len() < reasons.len() {
        let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
        let message = format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        );
        return Err(
            ApiError::new("TransactionCanceledException", message).with("CancellationReasons", reasons)
        );
    }
    for (name, key, written) in prepared {
        if let Some(table) = cx.here.dynamodb.tables.get_mut(&name) {
            apply(table, key, &written);
        }
    }
    Ok(json!({}))
}

fn query(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let table = open(cx, input)?;
    let Some(condition) = input.text("KeyConditionExpression") else {
        return Err(validation(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ));
    };
    let order = match input.text("IndexName") {
        None => table.key.clone(),
        Some(name) => match table.indexes.get(name) {
            Some(index) => index.key.clone(),
            None => return Err(validation(format!("The table does not have the specified index: {name}"))),
        },
    };
    let mut found = Vec::new();
    for (key, item) in &table.items {
        if order.names().all(|name| item.contains_key(name))
            && expression::holds(condition, Terms::of(input), item)?
        {
            found.push((key.clone(), item.clone()));
        }
    }
    found.sort_by(|(_, a), (_, b)| {
        sort_key(&order, a).partial_cmp(&sort_key(&order, b)).unwrap_or(std::cmp::Ordering::Equal)
    });
    if input.truth("ScanIndexForward") == Some(false) {
        found.reverse();
    }
    page(&table.key.clone(), input, found)
}

/// What items of one hash are ordered by: numbers as numbers.
fn sort_key(key: &Key, item: &Item) -> (f64, String) {
    let value = key.range.as_ref().and_then(|name| item.get(name));
    let text = |kind: &str| value.and_then(|value| value.get(kind)).and_then(Value::as_str);
    let number = text("N").and_then(|text| text.parse().ok()).unwrap_or(0.0);
    (number, text("S").or_else(|| text("B")).unwrap_or_default().to_owned())
}

fn scan(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let table = open(cx, input)?;
    let all = table.items.iter().map(|(key, item)| (key.clone(), item.clone())).collect();
    page(&table.key.clone(), input, all)
}

/// One page of `items`, in their order, those of them that the filter lets through.
fn page(key: &Key, input: Input<'_>, mut items: Vec<(String, Item)>) -> Result<Value, ApiError> {
    if let Some(start) = input.get("ExclusiveStartKey").and_then(Value::as_object) {
        let is_start = |item: &Item| key.names().all(|name| item.get(name) == start.get(name));
        let after = items.iter().position(|(_, item)| is_start(item)).map_or(items.len(), |at| at + 1);
        items.drain(..after);
    }
    let most = input.integer("Limit").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    if most == 0 {
        return Err(validation(
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have \
                               value greater than or equal to 1",
        ));
    }
    let more = items.len() > most;
    items.truncate(most);
    let last = items.last().filter(|_| more).map(|(_, item)| {
        key.names().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect::<Item>()
    });
    let scanned = items.len();
    let mut shown = Vec::new();
    for (_, item) in items {
        let through = match input.text("FilterExpression") {
            Some(filter) => expression::holds(filter, Terms::of(input), &item)?,
            None => true,
        };
        if through {
            shown.push(item);
        }
    }
    let mut answer = json!({"Count": shown.len(), "ScannedCount": scanned});
    if input.text("Select") != Some("COUNT") {
        answer["Items"] = shown.into();
    }
    if let Some(last) = last {
        answer["LastEvaluatedKey"] = Value::Object(last);
    }
    Ok(answer)
}
