// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`World`]: everything there is in the account, as one value; and [`Cx`], one service's view of it during one call.

use super::{
    ids::Ids,
    images::ImageFailure,
    service::{
        autoscaling::AutoScaling, dynamodb::DynamoDb, ec2::Ec2, ecr::Ecr, ecs::Ecs, elbv2::Elbv2, iam::Iam,
        logs::Logs, s3::S3, tagging::Tagging,
    },
    tenant::Owners,
    timings::{Latency, Timings},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Tags of a resource.
pub(super) type Tags = BTreeMap<String, String>;

/// The account and all that is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct World {
    pub format_version: u32,
    pub account: String,
    pub behaviour: Behaviour,
    pub ids: Ids,
    pub iam: Iam,
    pub s3: S3,
    pub regions: BTreeMap<String, Region>,
    pub owners: Owners,
}

/// What is in one region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Region {
    pub autoscaling: AutoScaling,
    pub dynamodb: DynamoDb,
    pub ec2: Ec2,
    pub ecr: Ecr,
    pub ecs: Ecs,
    pub elbv2: Elbv2,
    pub logs: Logs,
    pub tagging: Tagging,
}

/// How this world behaves where AWS's behaviour depends on what is outside of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Behaviour {
    pub timings: Timings,
    pub latency: Latency,
    /// Whether calls beyond the rates that AWS publishes are refused.
    pub rates: bool,
    /// Images that fail, the first that fits.
    pub failures: Vec<ImageFailure>,
    /// Whether a task needs its images to have been pushed to this account's repositories. Else all images are there.
    pub images_must_exist: bool,
}

/// What one call sees of the world: the account's global services, and its own region.
pub(super) struct Cx<'w> {
    pub now: Timestamp,
    pub account: &'w str,
    pub region: &'w str,
    pub behaviour: &'w Behaviour,
    pub ids: &'w mut Ids,
    pub iam: &'w mut Iam,
    pub s3: &'w mut S3,
    pub here: &'w mut Region,
}

impl World {
    pub(super) const FORMAT: u32 = 1;

    pub(super) fn new(account: &str, behaviour: Behaviour) -> Self {
        Self {
            format_version: Self::FORMAT,
            account: account.to_owned(),
            behaviour,
            ids: Ids::default(),
            iam: Iam::default(),
            s3: S3::default(),
            regions: BTreeMap::new(),
            owners: Owners::default(),
        }
    }

    /// Calls `f` with what a call to `region` at `now` sees.
    pub(super) fn with<T>(&mut self, region: &str, now: Timestamp, f: impl FnOnce(&mut Cx<'_>) -> T) -> T {
        let ids = &mut self.ids;
        let here = self
            .regions
            .entry(region.to_owned())
            .or_insert_with(|| Region { ec2: Ec2::new(region, ids), ..Region::default() });
        let mut cx = Cx {
            now,
            account: &self.account,
            region,
            behaviour: &self.behaviour,
            ids: &mut self.ids,
            iam: &mut self.iam,
            s3: &mut self.s3,
            here,
        };
        f(&mut cx)
    }
}

impl Cx<'_> {
    pub(super) fn partition(&self) -> &'static str {
        match self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// An ARN of this account and region: `arn:aws:ecs:us-east-1:123456789012:cluster/main`.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition(), self.region, self.account)
    }

    /// So long after now.
    pub(super) fn after(&self, wait: Duration) -> Timestamp {
        later(self.now, wait)
    }
}

/// So long after `at`.
pub(super) fn later(at: Timestamp, wait: Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

/// A time as JSON protocols write it: seconds since 1970, with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
pub(super) fn epoch(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}

/// A time as XML protocols write it: `2026-01-01T00:00:00.000Z`.
pub(super) fn iso(at: Timestamp) -> Value {
    Value::from(at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// Tags from a list of `{key, value}`, under whatever names the service writes them.
pub(super) fn tags_from(list: &[Value], key: &str, value: &str) -> Tags {
    let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
    list.iter().filter_map(|tag| Some((text(tag, key)?, text(tag, value).unwrap_or_default()))).collect()
}

/// Tags as a list of `{key, value}`, under whatever names the service writes them.
pub(super) fn tags_to(tags: &Tags, key: &str, value: &str) -> Value {
    tags.iter().map(|(name, text)| json!({key: name, value: text})).collect()
}
