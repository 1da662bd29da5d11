// SPDX-License-Identifier: MIT OR Apache-2.0
//! What DynamoDB refuses in a request.

use super::{ApiError, MOST_TAGS, Value, table::Key, validation};
use crate::sandbox::{wire::Input, world::Tags};
use std::collections::{BTreeMap, BTreeSet};

/// Attributes that keys are made of, by name, with their types: `S`, `N` or `B`.
pub(super) type Attributes = BTreeMap<String, String>;

pub(super) fn name(input: Input<'_>) -> Result<&str, ApiError> {
    let Some(name) = input.text("TableName") else {
        return Err(validation(
            "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
        ));
    };
    // Everywhere but in CreateTable an ARN will do as well.
    Ok(name.split_once(":table/").map_or(name, |(_, name)| name))
}

pub(super) fn new_name(name: &str) -> Result<(), ApiError> {
    if name.len() < 3 || name.len() > 255 {
        return Err(validation(
            "TableName must be at least 3 characters long and at most 255 characters long",
        ));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        return Err(validation(format!(
            "1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [a-zA-Z0-9_.-]+"
        )));
    }
    Ok(())
}

pub(super) fn tags(tags: &Tags) -> Result<(), ApiError> {
    if tags.keys().any(|key| key.to_lowercase().starts_with("aws:")) {
        return Err(validation(
            "One or more parameter values were invalid: Tag keys must not start with aws:",
        ));
    }
    if tags.len() > MOST_TAGS {
        return Err(validation(format!("Too many tags: the limit is {MOST_TAGS}")));
    }
    Ok(())
}

pub(super) fn attributes(input: Input<'_>) -> Result<Attributes, ApiError> {
    let mut attributes = Attributes::new();
    for definition in input.objects("AttributeDefinitions") {
        let (Some(name), Some(kind)) = (definition.text("AttributeName"), definition.text("AttributeType"))
        else {
            return Err(validation("An attribute definition needs a name and a type"));
        };
        if !["S", "N", "B"].contains(&kind) {
            return Err(validation(format!(
                "1 validation error detected: Value '{kind}' at 'attributeDefinitions.1.member.attributeType' failed to satisfy \
                 constraint: Member must satisfy enum value set: [B, N, S]"
            )));
        }
        if attributes.insert(name.to_owned(), kind.to_owned()).is_some() {
            return Err(validation(format!("Cannot have two attributes with the same name: {name}")));
        }
    }
    Ok(attributes)
}

/// A key schema: one hash attribute, and perhaps a range attribute after it, both of them defined.
pub(super) fn key(schema: &[Value], attributes: &Attributes) -> Result<Key, ApiError> {
    let element = |n: usize, kind: &str| {
        let element = schema.get(n)?;
        (element["KeyType"] == kind).then(|| element["AttributeName"].as_str().map(str::to_owned))?
    };
    let wrong = |what: &str| validation(format!("One or more parameter values were invalid: {what}"));
    let hash = element(0, "HASH").ok_or_else(|| wrong("Missing the key HASH in the KeySchema"))?;
    let range = element(1, "RANGE");
    if schema.len() > 2 || (schema.len() == 2 && range.is_none()) {
        return Err(wrong("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
    }
    if range.as_ref() == Some(&hash) {
        return Err(wrong("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
    }
    for name in std::iter::once(&hash).chain(&range) {
        if !attributes.contains_key(name) {
            return Err(wrong("Some index key attributes are not defined in AttributeDefinitions"));
        }
    }
    Ok(Key { hash, range })
}

/// Every defined attribute must be in a key.
pub(super) fn all_used<'k>(
    attributes: &Attributes,
    keys: impl Iterator<Item = &'k Key>,
) -> Result<(), ApiError> {
    let used: BTreeSet<&String> = keys.flat_map(|key| std::iter::once(&key.hash).chain(&key.range)).collect();
    if attributes.keys().all(|name| used.contains(name)) {
        return Ok(());
    }
    Err(validation(
        "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes \
         defined in AttributeDefinitions",
    ))
}

/// Read and write capacity: there where the table is provisioned, and only there.
pub(super) fn throughput(input: Input<'_>, provisioned: bool) -> Result<(i64, i64), ApiError> {
    let Some(throughput) = input.object("ProvisionedThroughput") else {
        if provisioned {
            return Err(validation(
                "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when \
                 BillingMode is PROVISIONED",
            ));
        }
        return Ok((0, 0));
    };
    if !provisioned {
        return Err(validation(
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when \
             BillingMode is PAY_PER_REQUEST",
        ));
    }
    match (throughput.integer("ReadCapacityUnits"), throughput.integer("WriteCapacityUnits")) {
        (Some(read @ 1..), Some(write @ 1..)) => Ok((read, write)),
        _ => {
            Err(validation("1 validation error detected: capacity units must be greater than or equal to 1"))
        }
    }
}
