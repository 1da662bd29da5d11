// SPDX-License-Identifier: MIT OR Apache-2.0
//! `dynamodb.table`: where the records of a tenant are kept.

use crate::{
    address::Kind,
    arn::Arn,
    resource::{HasArn, Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Input},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use typed_builder::TypedBuilder;

/// A table. Deleting it deletes its items; it is kept on destroy unless asked otherwise.
///
/// A setting that was never declared stays as it is; one that is taken out again goes back to AWS's default.
///
/// ```
/// use humangov_core::kind::dynamodb::{KeySchema, ScalarAttributeType::S, Table};
/// let table = Table::builder()
///     .name("humangov-california-dynamodb")
///     .key_schema(KeySchema::hash("id", S))
///     .point_in_time_recovery(true)
///     .deletion_protection_enabled(true)
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct Table {
    /// The name: 3 to 255 of `A-Z a-z 0-9 _ . -`; unique in account and region.
    #[builder(setter(into))]
    pub name: String,
    /// The primary key. It cannot be changed.
    pub key_schema: KeySchema,
    /// Other keys to query by; up to 20 (the default quota). AWS makes and deletes one at a time.
    #[builder(via_mutators, mutators(
        /// Adds an index to query by.
        pub fn global_secondary_index(&mut self, index: GlobalSecondaryIndex) {
            self.global_secondary_indexes.push(index);
        }
    ))]
    #[serde(default)]
    pub global_secondary_indexes: Vec<GlobalSecondaryIndex>,
    /// What is paid for: requests (the default) or capacity.
    #[builder(default)]
    #[serde(default)]
    pub billing_mode: BillingMode,
    /// The price class. Absent: left to AWS, which makes standard tables.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub table_class: Option<TableClass>,
    /// Whether AWS refuses to delete the table. Absent: left to AWS, which does not refuse.
    ///
    /// It guards against everybody else: when a deletion is asked for here, it is turned off first.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub deletion_protection_enabled: Option<bool>,
    /// Whether every second of the last 35 days can be restored. Absent: left to AWS, which keeps no such backup.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub point_in_time_recovery: Option<bool>,
    /// The key that encrypts the table. Absent: left to AWS, which uses a key of its own.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub sse: Option<Sse>,
    /// Which items expire. Absent: left to AWS, where none do. AWS takes one change an hour.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub time_to_live: Option<TimeToLive>,
    /// What a stream tells of each change. Absent: left to AWS, which makes no stream.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub stream: Option<Stream>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

/// The attributes that identify an item: a hash (partition) key, perhaps with a range (sort) key.
///
/// ```
/// use humangov_core::kind::dynamodb::{KeySchema, ScalarAttributeType::{N, S}};
/// let key = KeySchema::hash("id", S).with_range("year", N);
/// assert_eq!(key.range.map(|key| key.attribute_name), Some("year".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeySchema {
    /// What items are spread by.
    pub hash: KeyAttribute,
    /// What items of one hash key are ordered by.
    #[serde(default)]
    pub range: Option<KeyAttribute>,
}

impl KeySchema {
    /// A hash key alone.
    pub fn hash(attribute_name: impl Into<String>, attribute_type: ScalarAttributeType) -> Self {
        Self { hash: KeyAttribute { attribute_name: attribute_name.into(), attribute_type }, range: None }
    }

    /// The same with a range key.
    #[must_use]
    pub fn with_range(
        mut self,
        attribute_name: impl Into<String>,
        attribute_type: ScalarAttributeType,
    ) -> Self {
        self.range = Some(KeyAttribute { attribute_name: attribute_name.into(), attribute_type });
        self
    }

    /// The attributes, hash first.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }

    fn validate(&self, found: &mut Violations) {
        for (path, key) in [("hash", Some(&self.hash)), ("range", self.range.as_ref())] {
            let Some(key) = key else { continue };
            found.check(
                (1..=255).contains(&key.attribute_name.len()),
                &format!("{path}.attribute_name"),
                || "a key attribute's name has 1 to 255 bytes",
            );
        }
        found.check(
            self.range.as_ref().is_none_or(|range| range.attribute_name != self.hash.attribute_name),
            "range.attribute_name",
            || "the range key is another attribute than the hash key",
        );
    }
}

/// An attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyAttribute {
    /// The name, 1 to 255 bytes.
    pub attribute_name: String,
    /// The type.
    pub attribute_type: ScalarAttributeType,
}

impl KeyAttribute {
    /// An attribute.
    pub fn new(attribute_name: impl Into<String>, attribute_type: ScalarAttributeType) -> Self {
        Self { attribute_name: attribute_name.into(), attribute_type }
    }
}

/// The types a key attribute can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScalarAttributeType {
    /// Text.
    S,
    /// Number.
    N,
    /// Bytes.
    B,
}

/// Another key to query a table by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct GlobalSecondaryIndex {
    /// The name: 3 to 255 of `A-Z a-z 0-9 _ . -`, unique in the table.
    #[builder(setter(into))]
    pub index_name: String,
    /// The key. A change makes the index anew.
    pub key_schema: KeySchema,
    /// Which attributes the index holds. A change makes the index anew.
    #[builder(default)]
    #[serde(default)]
    pub projection: Projection,
    /// Its capacity, when capacity is what is paid for. Absent: that of the table.
    #[builder(default, setter(strip_option))]
    #[serde(default)]
    pub provisioned_throughput: Option<ProvisionedThroughput>,
}

/// Which attributes an index holds besides keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// All of them.
    #[default]
    All,
    /// None.
    KeysOnly,
    /// These: 1 to 20 names, up to 100 in all indexes of a table.
    Include(Vec<String>),
}

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingMode {
    /// Requests, as they come (AWS: `PAY_PER_REQUEST`).
    #[default]
    OnDemand,
    /// Capacity, used or not (AWS: `PROVISIONED`).
    Provisioned(ProvisionedThroughput),
}

impl BillingMode {
    /// Capacity for so many reads and writes a second.
    pub const fn provisioned(read_capacity_units: u32, write_capacity_units: u32) -> Self {
        Self::Provisioned(ProvisionedThroughput { read_capacity_units, write_capacity_units })
    }
}

/// Capacity of a table or an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProvisionedThroughput {
    /// Strongly consistent reads of up to 4 KiB a second; at least 1.
    pub read_capacity_units: u32,
    /// Writes of up to 1 KiB a second; at least 1.
    pub write_capacity_units: u32,
}

impl ProvisionedThroughput {
    /// So many reads and writes a second.
    pub const fn new(read_capacity_units: u32, write_capacity_units: u32) -> Self {
        Self { read_capacity_units, write_capacity_units }
    }

    fn validate(self, found: &mut Violations) {
        let units = [
            ("read_capacity_units", self.read_capacity_units),
            ("write_capacity_units", self.write_capacity_units),
        ];
        for (path, units) in units {
            found.check(
                units >= 1 && i32::try_from(units).is_ok(),
                path,
                || "capacity is at least 1 unit, at most 2147483647",
            );
        }
    }
}

/// The price class of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableClass {
    /// For most tables.
    #[serde(rename = "STANDARD")]
    Standard,
    /// Cheaper storage, dearer requests.
    #[serde(rename = "STANDARD_INFREQUENT_ACCESS")]
    StandardInfrequentAccess,
}

/// The key that encrypts a table.
///
/// AWS does not say whether a key is the account's `aws/dynamodb` or one of the user's: when [`Sse::AwsManaged`] is asked for,
/// a change to another key made elsewhere is not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sse {
    /// A key that AWS owns. Costs nothing.
    AwsOwned,
    /// The account's key `aws/dynamodb`.
    AwsManaged,
    /// The KMS key of this id or ARN. Aliases cannot be read back, so they are refused.
    Kms(Input<String>),
}

/// Which items expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeToLive {
    /// None.
    Disabled,
    /// Those whose attribute of this name (1 to 255 bytes) is a number of seconds since 1970 that has passed.
    Attribute(String),
}

/// What a stream tells of each change of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stream {
    /// There is no stream.
    Disabled,
    /// The keys.
    KeysOnly,
    /// The item as it is after.
    NewImage,
    /// The item as it was before.
    OldImage,
    /// Both.
    NewAndOldImages,
}

impl Table {
    /// The table's name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
    /// The ARN of the table's stream; there is one only if [`Table::stream`] asks for it.
    pub const STREAM_ARN: Attr<Self, String> = Attr::new("stream_arn");

    /// The attributes of all keys, each once, ordered by name: what AWS calls attribute definitions.
    pub fn attribute_definitions(&self) -> BTreeMap<&str, ScalarAttributeType> {
        let of_indexes = self.global_secondary_indexes.iter().flat_map(|index| index.key_schema.attributes());
        of_indexes
            .chain(self.key_schema.attributes())
            .map(|key| (key.attribute_name.as_str(), key.attribute_type))
            .collect()
    }
}

/// What is known of a table that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableOutputs {
    /// The ARN.
    pub arn: Arn<Table>,
    /// The name.
    pub name: String,
    /// The ARN of the stream, if there is one.
    #[serde(default)]
    pub stream_arn: Option<String>,
}

impl Resource for Table {
    const KIND: Kind = Kind::new("dynamodb.table");
    const RULES: &'static [Rule] = &[
        Rule::Immutable("/name"),
        Rule::Immutable("/key_schema"),
        Rule::KeyedBy("/global_secondary_indexes", "index_name"),
    ];
    const HOLDS_DATA: bool = true;
    type Outputs = TableOutputs;

    fn normalize(&mut self) {
        for index in &mut self.global_secondary_indexes {
            if let Projection::Include(names) = &mut index.projection {
                names.sort_unstable();
                names.dedup();
            }
            index.provisioned_throughput = match self.billing_mode {
                BillingMode::OnDemand => None,
                BillingMode::Provisioned(of_table) => index.provisioned_throughput.or(Some(of_table)),
            };
        }
        self.global_secondary_indexes.sort_by(|a, b| a.index_name.cmp(&b.index_name));
    }

    fn validate(&self, found: &mut Violations) {
        found.check(is_name(&self.name), "name", || "a table's name has 3 to 255 of A-Z, a-z, 0-9 and _ . -");
        found.within("key_schema", |found| self.key_schema.validate(found));
        if let BillingMode::Provisioned(throughput) = self.billing_mode {
            found.within("billing_mode.provisioned", |found| throughput.validate(found));
        }
        self.validate_indexes(found);
        match &self.sse {
            Some(Sse::Kms(key)) if key.known().is_some() => found.check(
                !key.text().is_empty() && !key.text().contains("alias/"),
                "sse.kms",
                || "write the key's id or ARN; an alias cannot be read back",
            ),
            _ => {}
        }
        if let Some(TimeToLive::Attribute(name)) = &self.time_to_live {
            found.check(
                (1..=255).contains(&name.len()),
                "time_to_live.attribute",
                || "an attribute's name has 1 to 255 bytes",
            );
        }
        self.tags.validate(found);
    }
}

impl Table {
    fn validate_indexes(&self, found: &mut Violations) {
        let indexes = &self.global_secondary_indexes;
        found.check(indexes.len() <= 20, "global_secondary_indexes", || {
            format!("{} indexes; a table has at most 20", indexes.len())
        });
        let mut types: BTreeMap<&str, ScalarAttributeType> = self
            .key_schema
            .attributes()
            .map(|key| (key.attribute_name.as_str(), key.attribute_type))
            .collect();
        let mut projected = 0;
        for (position, index) in indexes.iter().enumerate() {
            found.within(&format!("global_secondary_indexes.{}", index.index_name), |found| {
                found.check(
                    is_name(&index.index_name),
                    "index_name",
                    || "an index's name has 3 to 255 of A-Z, a-z, 0-9 and _ . -",
                );
                found.check(
                    indexes[..position].iter().all(|other| other.index_name != index.index_name),
                    "index_name",
                    || "another index has this name; names are unique in a table",
                );
                found.within("key_schema", |found| index.key_schema.validate(found));
                for key in index.key_schema.attributes() {
                    let first = *types.entry(&key.attribute_name).or_insert(key.attribute_type);
                    found.check(first == key.attribute_type, "key_schema", || {
                        format!(
                            "attribute {} is {first:?} in another key; it has one type",
                            key.attribute_name
                        )
                    });
                }
                if let Projection::Include(names) = &index.projection {
                    projected += names.len();
                    found.check(
                        (1..=20).contains(&names.len()) && names.iter().all(|n| (1..=255).contains(&n.len())),
                        "projection.include",
                        || "an index includes 1 to 20 attributes with names of 1 to 255 bytes",
                    );
                }
                if let Some(throughput) = index.provisioned_throughput {
                    found.within("provisioned_throughput", |found| throughput.validate(found));
                }
            });
        }
        found.check(projected <= 100, "global_secondary_indexes", || {
            format!("{projected} attributes are included; all indexes of a table include at most 100")
        });
    }
}

impl HasArn for Table {}

fn is_name(name: &str) -> bool {
    (3..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{
        ScalarAttributeType::{N, S},
        *,
    };

    fn table() -> Table {
        Table::builder().name("humangov-california-dynamodb").key_schema(KeySchema::hash("id", S)).build()
    }

    fn by(name: &str, key: KeySchema) -> GlobalSecondaryIndex {
        GlobalSecondaryIndex::builder().index_name(name).key_schema(key).build()
    }

    fn problems(table: &Table) -> String {
        let mut found = Violations::default();
        table.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_table_is_fine() {
        let mut usual = table();
        usual.point_in_time_recovery = Some(true);
        usual.global_secondary_indexes = vec![by("by-year", KeySchema::hash("year", N).with_range("id", S))];
        assert_eq!(problems(&usual), "");
        assert_eq!(usual.attribute_definitions().into_iter().collect::<Vec<_>>(), [("id", S), ("year", N)]);
    }

    #[test]
    fn what_aws_would_refuse_is_told_with_its_path() {
        type Case = (fn(&mut Table), &'static str);
        let cases: &[Case] = &[
            (|t| t.name = "ab".into(), "name: a table's name has 3 to 255"),
            (|t| t.name = "a/b/c".into(), "name: a table's name has 3 to 255"),
            (
                |t| t.key_schema = KeySchema::hash("", S),
                "key_schema.hash.attribute_name: a key attribute's name",
            ),
            (
                |t| t.key_schema = KeySchema::hash("id", S).with_range("id", S),
                "key_schema.range.attribute_name: the range key is another attribute",
            ),
            (
                |t| t.billing_mode = BillingMode::provisioned(0, 1),
                "billing_mode.provisioned.read_capacity_units: capacity is at least 1",
            ),
            (
                |t| t.global_secondary_indexes = vec![by("by-id", KeySchema::hash("id", N))],
                "global_secondary_indexes.by-id.key_schema: attribute id is S in another key",
            ),
            (
                |t| t.global_secondary_indexes = vec![by("by-x", KeySchema::hash("x", N)); 2],
                "global_secondary_indexes.by-x.index_name: another index has this name",
            ),
            (
                |t| {
                    let mut index = by("by-x", KeySchema::hash("x", N));
                    index.projection = Projection::Include(vec![]);
                    t.global_secondary_indexes = vec![index];
                },
                "global_secondary_indexes.by-x.projection.include: an index includes 1 to 20",
            ),
            (|t| t.sse = Some(Sse::Kms("alias/mine".into())), "sse.kms: write the key's id or ARN"),
            (
                |t| t.time_to_live = Some(TimeToLive::Attribute(String::new())),
                "time_to_live.attribute: an attribute's name",
            ),
        ];
        for (spoil, expected) in cases {
            let mut table = table();
            spoil(&mut table);
            let text = problems(&table);
            assert!(text.starts_with(expected), "{expected}\n{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }

    #[test]
    fn an_index_without_capacity_has_that_of_its_table() {
        let mut spec = table();
        spec.billing_mode = BillingMode::provisioned(5, 2);
        spec.global_secondary_indexes = vec![by("by-year", KeySchema::hash("year", N))];
        spec.normalize();
        assert_eq!(
            spec.global_secondary_indexes[0].provisioned_throughput,
            Some(ProvisionedThroughput::new(5, 2))
        );
        spec.billing_mode = BillingMode::OnDemand;
        spec.normalize();
        assert_eq!(spec.global_secondary_indexes[0].provisioned_throughput, None);
    }

    #[test]
    fn the_json_has_the_words_of_aws() {
        let mut spec = table();
        spec.stream = Some(Stream::NewAndOldImages);
        spec.table_class = Some(TableClass::StandardInfrequentAccess);
        spec.time_to_live = Some(TimeToLive::Attribute("expires".into()));
        let json = serde_json::to_value(&spec).expect("serializes");
        assert_eq!(json["stream"], "NEW_AND_OLD_IMAGES");
        assert_eq!(json["table_class"], "STANDARD_INFREQUENT_ACCESS");
        assert_eq!(json["billing_mode"], "on_demand");
        assert_eq!(json["time_to_live"]["attribute"], "expires");
        assert_eq!(serde_json::from_value::<Table>(json).expect("parses"), spec);
    }
}
