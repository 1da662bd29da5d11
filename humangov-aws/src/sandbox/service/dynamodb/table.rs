// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables, their backups and the expiry of their items.

use super::{
    check::{self, Attributes},
    in_use, not_found, validation,
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags, epoch, later, tags_from},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

/// How many tables there may be in a region, and how many indexes on a table (DynamoDB quotas).
const MOST_TABLES: usize = 2500;
const MOST_INDEXES: usize = 20;
/// How often the expiry of a table may be changed.
const EXPIRY_CHANGES_EVERY: Duration = Duration::from_hours(1);

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    pub name: String,
    pub arn: String,
    pub id: String,
    pub created: Timestamp,
    pub attributes: Attributes,
    pub key: Key,
    /// Whether its capacity is provisioned; else it is billed by request.
    pub provisioned: bool,
    /// When it was first billed by request, if it ever was.
    pub on_demand_since: Option<Timestamp>,
    pub read: i64,
    pub write: i64,
    pub class: String,
    pub protected: bool,
    /// The key, if it is not one that DynamoDB owns.
    pub kms_key: Option<String>,
    /// What its stream shows, if it has one.
    pub stream: Option<String>,
    /// The label of its latest stream, which stays when that is turned off.
    pub stream_label: Option<String>,
    pub indexes: BTreeMap<String, Index>,
    pub tags: Tags,
    /// Until then it is being made or changed.
    pub busy_until: Timestamp,
    /// Whether it was ever ready.
    pub made_at: Timestamp,
    pub seen_from: Timestamp,
    pub gone_at: Option<Timestamp>,
    pub backups_from: Timestamp,
    pub backups: bool,
    pub expiry: Option<String>,
    pub expiry_changed: Option<Timestamp>,
    /// By the text of their keys.
    pub items: BTreeMap<String, Map<String, Value>>,
}

/// The attributes of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    pub hash: String,
    pub range: Option<String>,
}

/// A global secondary index, or a local one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Index {
    pub local: bool,
    pub key: Key,
    pub projection: Value,
    pub read: i64,
    pub write: i64,
    pub busy_until: Timestamp,
    pub gone_at: Option<Timestamp>,
}

impl Key {
    fn shown(&self) -> Value {
        let mut schema = vec![json!({"AttributeName": self.hash, "KeyType": "HASH"})];
        schema.extend(self.range.iter().map(|name| json!({"AttributeName": name, "KeyType": "RANGE"})));
        schema.into()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.hash).chain(&self.range)
    }
}

impl Table {
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone| gone <= now)
    }

    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        match self {
            table if table.gone_at.is_some() => "DELETING",
            table if now < table.made_at => "CREATING",
            table if now < table.busy_until => "UPDATING",
            _ => "ACTIVE",
        }
    }

    fn is_changing(&self, now: Timestamp) -> bool {
        self.status(now) != "ACTIVE" || self.indexes.values().any(|index| index.status(now) != "ACTIVE")
    }

    pub(super) fn described(&self, now: Timestamp) -> Value {
        let attributes: Vec<Value> = self
            .attributes
            .iter()
            .map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind}))
            .collect();
        let size: usize = self.items.values().map(|item| Value::Object(item.clone()).to_string().len()).sum();
        let mut described = json!({
            "TableName": self.name,
            "TableArn": self.arn,
            "TableId": self.id,
            "TableStatus": self.status(now),
            "CreationDateTime": epoch(self.created),
            "AttributeDefinitions": attributes,
            "KeySchema": self.key.shown(),
            "ProvisionedThroughput": throughput(self.read, self.write),
            "ItemCount": self.items.len(),
            "TableSizeBytes": size,
            "DeletionProtectionEnabled": self.protected,
        });
        // A table that was always provisioned says nothing of its billing.
        if let Some(since) = self.on_demand_since {
            described["BillingModeSummary"] = json!({
                "BillingMode": if self.provisioned { "PROVISIONED" } else { "PAY_PER_REQUEST" },
                "LastUpdateToPayPerRequestDateTime": epoch(since),
            });
        }
        if self.class != "STANDARD" {
            described["TableClassSummary"] = json!({"TableClass": self.class});
        }
        if let Some(key) = &self.kms_key {
            described["SSEDescription"] =
                json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key});
        }
        if let Some(view) = &self.stream {
            described["StreamSpecification"] = json!({"StreamEnabled": true, "StreamViewType": view});
        }
        if let Some(label) = &self.stream_label {
            described["LatestStreamLabel"] = label.as_str().into();
            described["LatestStreamArn"] = format!("{}/stream/{label}", self.arn).into();
        }
        for (member, local) in [("GlobalSecondaryIndexes", false), ("LocalSecondaryIndexes", true)] {
            let indexes =
                self.indexes.iter().filter(|(_, index)| index.local == local && !index.is_gone(now));
            let indexes: Vec<Value> = indexes.map(|(name, index)| index.described(self, name, now)).collect();
            if !indexes.is_empty() {
                described[member] = indexes.into();
            }
        }
        described
    }
}

impl Index {
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone| gone <= now)
    }

    fn status(&self, now: Timestamp) -> &'static str {
        match self {
            index if index.gone_at.is_some() => "DELETING",
            index if now < index.busy_until => "CREATING",
            _ => "ACTIVE",
        }
    }

    fn described(&self, table: &Table, name: &str, now: Timestamp) -> Value {
        let mut described = json!({
            "IndexName": name,
            "IndexArn": format!("{}/index/{name}", table.arn),
            "KeySchema": self.key.shown(),
            "Projection": self.projection,
            "ItemCount": table.items.len(),
            "IndexSizeBytes": 0,
        });
        if !self.local {
            described["IndexStatus"] = self.status(now).into();
            described["ProvisionedThroughput"] = throughput(self.read, self.write);
            if now < self.busy_until && self.gone_at.is_none() {
                described["Backfilling"] = true.into();
            }
        }
        described
    }
}

fn throughput(read: i64, write: i64) -> Value {
    json!({"ReadCapacityUnits": read, "WriteCapacityUnits": write, "NumberOfDecreasesToday": 0})
}

/// An index as a request describes it.
pub(super) fn index(
    given: Input<'_>,
    attributes: &Attributes,
    (local, provisioned): (bool, bool),
    busy_until: Timestamp,
) -> Result<(String, Index), ApiError> {
    let name = given.text("IndexName").unwrap_or_default();
    if name.len() < 3 || name.len() > 255 {
        return Err(validation(
            "IndexName must be at least 3 characters long and at most 255 characters long",
        ));
    }
    let key = check::key(given.list("KeySchema"), attributes)?;
    let projection = given.get("Projection").cloned().unwrap_or_default();
    let kind = projection["ProjectionType"].as_str().unwrap_or_default();
    let includes = projection["NonKeyAttributes"].as_array().is_some_and(|names| !names.is_empty());
    if !["ALL", "KEYS_ONLY", "INCLUDE"].contains(&kind) || includes != (kind == "INCLUDE") {
        return Err(validation(format!(
            "One or more parameter values were invalid: ProjectionType is {kind}, and NonKeyAttributes {} specified",
            if includes { "is" } else { "is not" }
        )));
    }
    let (read, write) = check::throughput(given, provisioned && !local)?;
    Ok((name.to_owned(), Index { local, key, projection, read, write, busy_until, gone_at: None }))
}

pub(super) fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.text("TableName").unwrap_or_default();
    check::new_name(name)?;
    let attributes = check::attributes(input)?;
    let key = check::key(input.list("KeySchema"), &attributes)?;
    let provisioned = match input.text("BillingMode").unwrap_or("PROVISIONED") {
        "PROVISIONED" => true,
        "PAY_PER_REQUEST" => false,
        other => {
            return Err(validation(format!(
                "1 validation error detected: Value '{other}' at 'billingMode' failed to satisfy constraint"
            )));
        }
    };
    let (read, write) = check::throughput(input, provisioned)?;
    let ready = cx.after(cx.behaviour.timings.table);
    let mut indexes = BTreeMap::new();
    for (member, local) in [("GlobalSecondaryIndexes", false), ("LocalSecondaryIndexes", true)] {
        for given in input.objects(member) {
            let (name, index) = index(given, &attributes, (local, provisioned), ready)?;
            if indexes.insert(name.clone(), index).is_some() {
                return Err(validation(format!(
                    "One or more parameter values were invalid: Duplicate index name: {name}"
                )));
            }
        }
    }
    if indexes.len() > MOST_INDEXES {
        return Err(validation(
            "One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ));
    }
    check::all_used(&attributes, std::iter::once(&key).chain(indexes.values().map(|index| &index.key)))?;
    let tags = tags_from(input.list("Tags"), "Key", "Value");
    check::tags(&tags)?;
    if cx.here.dynamodb.tables.contains_key(name) {
        return Err(in_use(format!("Table already exists: {name}")));
    }
    if cx.here.dynamodb.tables.len() >= MOST_TABLES {
        return Err(ApiError::new(
            "LimitExceededException",
            "Subscriber limit exceeded: There is a limit of 2500 tables",
        ));
    }
    let mut table = Table {
        name: name.to_owned(),
        arn: cx.arn("dynamodb", &format!("table/{name}")),
        id: cx.ids.uuid(),
        created: cx.now,
        attributes,
        key,
        provisioned,
        on_demand_since: (!provisioned).then_some(cx.now),
        read,
        write,
        class: input.text("TableClass").unwrap_or("STANDARD").to_owned(),
        protected: input.truth("DeletionProtectionEnabled").unwrap_or(false),
        kms_key: encryption(cx, input),
        stream: None,
        stream_label: None,
        indexes,
        tags,
        busy_until: ready,
        made_at: ready,
        seen_from: cx.after(cx.behaviour.timings.visibility),
        gone_at: None,
        backups_from: later(ready, cx.behaviour.timings.table),
        backups: false,
        expiry: None,
        expiry_changed: None,
        items: BTreeMap::new(),
    };
    if let Some(stream) = input.object("StreamSpecification") {
        set_stream(&mut table, stream, cx.now)?;
    }
    // The answer tells how it is at first, also where the table is ready before anybody can ask again.
    let mut described = table.described(cx.now);
    described["TableStatus"] = "CREATING".into();
    cx.here.dynamodb.tables.insert(name.to_owned(), table);
    Ok(json!({"TableDescription": described}))
}

/// The key that a request's SSESpecification asks for: none, AWS's own for the account, or one of the account.
pub(super) fn encryption(cx: &Cx<'_>, input: Input<'_>) -> Option<String> {
    let given = input.object("SSESpecification")?;
    if given.truth("Enabled") != Some(true) {
        return None;
    }
    let key = given.text("KMSMasterKeyId").unwrap_or("alias/aws/dynamodb");
    if key.starts_with("arn:") {
        Some(key.to_owned())
    } else {
        Some(cx.arn("kms", &format!("key/{}", key.trim_start_matches("key/"))))
    }
}

pub(super) fn set_stream(table: &mut Table, given: Input<'_>, now: Timestamp) -> Result<(), ApiError> {
    match (given.truth("StreamEnabled"), given.text("StreamViewType"), table.stream.is_some()) {
        (Some(true), Some(view), false) => {
            if !["NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"].contains(&view) {
                return Err(validation(format!(
                    "1 validation error detected: Value '{view}' at 'streamViewType' failed to satisfy constraint"
                )));
            }
            table.stream = Some(view.to_owned());
            table.stream_label = Some(now.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string());
            Ok(())
        }
        (Some(true), None, _) => Err(validation(
            "One or more parameter values were invalid: StreamViewType is required when StreamEnabled is true",
        )),
        (Some(true), _, true) => {
            Err(validation(format!("Table already has an enabled stream: TableName: {}", table.name)))
        }
        (_, _, true) => {
            table.stream = None;
            Ok(())
        }
        (_, _, false) => {
            Err(validation(format!("Table does not have an enabled stream: TableName: {}", table.name)))
        }
    }
}

/// The table that a request names, if it is seen by now.
pub(super) fn find<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Table, ApiError> {
    let name = check::name(input)?;
    let now = cx.now;
    let found = cx.here.dynamodb.tables.get_mut(name).filter(|table| table.seen_from <= now);
    found.ok_or_else(|| not_found(name))
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let now = cx.now;
    find(cx, input).map(|table| json!({"Table": table.described(now)}))
}

pub(super) fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (now, gone) = (cx.now, cx.after(cx.behaviour.timings.table));
    let table = find(cx, input)?;
    if table.protected {
        return Err(validation(format!(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. Table: {}",
            table.name
        )));
    }
    match table.status(now) {
        "DELETING" => {
            return Err(in_use(format!(
                "Attempt to change a resource which is still in use: Table is being deleted: {}",
                table.name
            )));
        }
        _ if table.is_changing(now) => {
            return Err(in_use(format!(
                "Attempt to change a resource which is still in use: Table: {}",
                table.name
            )));
        }
        _ => {}
    }
    table.gone_at = Some(gone);
    Ok(json!({"TableDescription": table.described(now)}))
}

/// Refuses a change of a table that is being made, changed or deleted.
pub(super) fn changeable<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Table, ApiError> {
    let now = cx.now;
    let table = find(cx, input)?;
    if table.is_changing(now) {
        return Err(in_use(format!(
            "Attempt to change a resource which is still in use: Table is being {}: {}",
            table.status(now).to_lowercase(),
            table.name
        )));
    }
    Ok(table)
}

/// This family of operations has a code of its own for what is not there.
fn backed_up<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Table, ApiError> {
    let name = check::name(input)?.to_owned();
    find(cx, input).map_err(|error| match error.code.as_str() {
        "ResourceNotFoundException" => {
            ApiError::new("TableNotFoundException", format!("Table not found: {name}"))
        }
        _ => error,
    })
}

fn backups(table: &Table, now: Timestamp) -> Value {
    let recovery = if table.backups {
        json!({
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": 35,
            "EarliestRestorableDateTime": epoch(table.created),
            "LatestRestorableDateTime": epoch(now),
        })
    } else {
        json!({"PointInTimeRecoveryStatus": "DISABLED"})
    };
    json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}})
}

pub(super) fn describe_backups(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let now = cx.now;
    backed_up(cx, input).map(|table| backups(table, now))
}

pub(super) fn update_backups(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let now = cx.now;
    let wanted = input.object("PointInTimeRecoverySpecification");
    let wanted = wanted.and_then(|given| given.truth("PointInTimeRecoveryEnabled"));
    let Some(wanted) = wanted else { return Err(validation("PointInTimeRecoverySpecification is missing")) };
    let table = backed_up(cx, input)?;
    if now < table.backups_from {
        return Err(ApiError::new(
            "ContinuousBackupsUnavailableException",
            format!("Backups are being enabled for the table: {}. Please retry later", table.name),
        ));
    }
    table.backups = wanted;
    Ok(backups(table, now))
}

pub(super) fn describe_expiry(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    find(cx, input).map(|table| {
        let expiry = match &table.expiry {
            Some(attribute) => json!({"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}),
            None => json!({"TimeToLiveStatus": "DISABLED"}),
        };
        json!({"TimeToLiveDescription": expiry})
    })
}

pub(super) fn update_expiry(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (now, pause) = (cx.now, cx.behaviour.timings.paced(EXPIRY_CHANGES_EVERY));
    let given = input.object("TimeToLiveSpecification");
    let given = given.and_then(|given| Some((given.truth("Enabled")?, given.text("AttributeName")?)));
    let Some((enabled, attribute)) = given else {
        return Err(validation("TimeToLiveSpecification is missing"));
    };
    let table = changeable(cx, input)?;
    match (&table.expiry, enabled) {
        (Some(_), true) => return Err(validation("TimeToLive is already enabled")),
        (None, false) => return Err(validation("TimeToLive is already disabled")),
        (Some(is), false) if is != attribute => {
            return Err(validation(format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {is}"
            )));
        }
        _ => {}
    }
    if table.expiry_changed.is_some_and(|at| now < later(at, pause)) {
        return Err(validation("Time to live has been modified multiple times within a fixed interval"));
    }
    table.expiry = enabled.then(|| attribute.to_owned());
    table.expiry_changed = Some(now);
    Ok(json!({"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute}}))
}
