// SPDX-License-Identifier: MIT OR Apache-2.0
//! CloudWatch Logs: groups, streams, events.

use super::{Found, unknown};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, Tags},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The days for which events can be kept.
const RETENTION: [i64; 23] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
    0,
];

/// How many events of a stream are kept: the last ones are what anybody asks for here.
const MOST_EVENTS: usize = 200;

/// The log groups of a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Logs {
    groups: BTreeMap<String, Group>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Group {
    created: Timestamp,
    retention: Option<i64>,
    kms_key: Option<String>,
    tags: Tags,
    streams: BTreeMap<String, Stream>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stream {
    created: Timestamp,
    /// Milliseconds since 1970, and text; the latest last.
    events: Vec<(i64, String)>,
}

impl Logs {
    /// Whether there is a group of this name.
    pub(in crate::sandbox) fn has(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// Writes lines, as a container's log driver does. Into a group that is not there nothing is written.
    pub(in crate::sandbox) fn write(&mut self, group: &str, stream: &str, at: Timestamp, lines: &[String]) {
        if let Some(group) = self.groups.get_mut(group) {
            let stream = group.streams.entry(stream.to_owned());
            let stream = stream.or_insert_with(|| Stream { created: at, events: Vec::new() });
            stream.append(lines.iter().map(|line| (at.as_millisecond(), line.clone())));
        }
    }

    fn group(&mut self, name: &str) -> Result<&mut Group, ApiError> {
        self.groups.get_mut(name).ok_or_else(|| missing("log group"))
    }
}

impl Stream {
    fn append(&mut self, events: impl IntoIterator<Item = (i64, String)>) {
        self.events.extend(events);
        self.events.drain(..self.events.len().saturating_sub(MOST_EVENTS));
    }
}

pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "CreateLogGroup" => create_group(cx, input),
        "DescribeLogGroups" => describe_groups(cx, input),
        "DeleteLogGroup" => {
            let name = required(input, "logGroupName")?;
            cx.here.logs.groups.remove(name).map(|_| Value::Null).ok_or_else(|| missing("log group"))
        }
        "PutRetentionPolicy" => {
            let days = input.integer("retentionInDays").unwrap_or_default();
            if !RETENTION.contains(&days) || days == 0 {
                return Err(ApiError::new(
                    "InvalidParameterException",
                    "1 validation error detected: Value at 'retentionInDays' failed to satisfy constraint: Member must be one of \
                     the allowed retention periods",
                ));
            }
            named(cx, input)?.retention = Some(days);
            Ok(Value::Null)
        }
        "DeleteRetentionPolicy" => {
            named(cx, input)?.retention = None;
            Ok(Value::Null)
        }
        "AssociateKmsKey" => {
            let key = required(input, "kmsKeyId")?.to_owned();
            named(cx, input)?.kms_key = Some(key);
            Ok(Value::Null)
        }
        "DisassociateKmsKey" => {
            named(cx, input)?.kms_key = None;
            Ok(Value::Null)
        }
        "ListTagsForResource" => {
            let tags = &by_arn(cx, input)?.tags;
            Ok(json!({ "tags": tags }))
        }
        "TagResource" => {
            let given = input.object("tags").and_then(|tags| tags.0.as_object());
            let given: Tags = given
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect();
            by_arn(cx, input)?.tags.extend(given);
            Ok(Value::Null)
        }
        "UntagResource" => {
            let group = by_arn(cx, input)?;
            for key in input.texts("tagKeys") {
                group.tags.remove(key);
            }
            Ok(Value::Null)
        }
        "CreateLogStream" => {
            let (now, name) = (cx.now, required(input, "logStreamName")?.to_owned());
            let group = named(cx, input)?;
            if group.streams.contains_key(&name) {
                return Err(exists("log stream"));
            }
            group.streams.insert(name, Stream { created: now, events: Vec::new() });
            Ok(Value::Null)
        }
        "DescribeLogStreams" => describe_streams(cx, input),
        "PutLogEvents" => {
            let events: Vec<(i64, String)> = input
                .objects("logEvents")
                .filter_map(|event| Some((event.integer("timestamp")?, event.text("message")?.to_owned())))
                .collect();
            stream(cx, input)?.append(events);
            Ok(json!({ "nextSequenceToken": "0" }))
        }
        "GetLogEvents" => get_events(cx, input),
        "FilterLogEvents" => filter_events(cx, input),
        _ => Err(unknown(operation)),
    }
}

fn create_group(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = required(input, "logGroupName")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) || name.starts_with("aws/") {
        return Err(ApiError::new(
            "InvalidParameterException",
            "1 validation error detected: Value at 'logGroupName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        ));
    }
    if cx.here.logs.has(name) {
        return Err(exists("log group"));
    }
    let tags = input.object("tags").map(|tags| serde_json::from_value(tags.0.clone()).unwrap_or_default());
    let group = Group {
        created: cx.now,
        retention: None,
        kms_key: input.text("kmsKeyId").map(str::to_owned),
        tags: tags.unwrap_or_default(),
        streams: BTreeMap::new(),
    };
    cx.here.logs.groups.insert(name.to_owned(), group);
    Ok(Value::Null)
}

fn describe_groups(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let limit = input.integer("limit").unwrap_or(50);
    if !(1..=50).contains(&limit) {
        return Err(ApiError::new("InvalidParameterException", "limit must be between 1 and 50"));
    }
    let prefix = input.text("logGroupNamePrefix").unwrap_or_default();
    let pattern = input.text("logGroupNamePattern").unwrap_or_default();
    let after = input.text("nextToken");
    let mut fitting = cx.here.logs.groups.iter().filter(|(name, _)| {
        name.starts_with(prefix) && name.contains(pattern) && after.is_none_or(|after| name.as_str() > after)
    });
    let page: Vec<_> = fitting.by_ref().take(usize::try_from(limit).unwrap_or(50)).collect();
    let more = fitting.next().is_some();
    let token = page.last().filter(|_| more).map(|(name, _)| name.as_str());
    let groups: Vec<Value> = page.iter().map(|(name, group)| described(cx, name, group)).collect();
    let mut answer = json!({ "logGroups": groups });
    if let Some(token) = token {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

fn described(cx: &Cx<'_>, name: &str, group: &Group) -> Value {
    let arn = cx.arn("logs", &format!("log-group:{name}"));
    let bytes: usize = group.streams.values().flat_map(|s| &s.events).map(|(_, line)| line.len() + 26).sum();
    let mut described = json!({
        "logGroupName": name,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "creationTime": group.created.as_millisecond(),
        "metricFilterCount": 0,
        "storedBytes": bytes,
        "logGroupClass": "STANDARD",
    });
    if let Some(days) = group.retention {
        described["retentionInDays"] = days.into();
    }
    if let Some(key) = &group.kms_key {
        described["kmsKeyId"] = key.as_str().into();
    }
    described
}

fn describe_streams(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let prefix = input.text("logStreamNamePrefix").unwrap_or_default();
    let streams = named(cx, input)?.streams.iter().filter(|(name, _)| name.starts_with(prefix));
    let streams: Vec<Value> = streams
        .map(|(name, stream)| {
            let mut described =
                json!({"logStreamName": name, "creationTime": stream.created.as_millisecond()});
            if let (Some(first), Some(last)) = (stream.events.first(), stream.events.last()) {
                described["firstEventTimestamp"] = first.0.into();
                described["lastEventTimestamp"] = last.0.into();
            }
            described
        })
        .collect();
    Ok(json!({ "logStreams": streams }))
}

fn get_events(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let limit = input.integer("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10_000);
    let from_head = input.truth("startFromHead").unwrap_or(false);
    let (start, end) = (input.integer("startTime"), input.integer("endTime"));
    // Only the first page is modelled: a token is the end of the story.
    let events = if input.has("nextToken") { &[][..] } else { stream(cx, input)?.events.as_slice() };
    let fitting: Vec<&(i64, String)> = events
        .iter()
        .filter(|(at, _)| start.is_none_or(|start| *at >= start) && end.is_none_or(|end| *at < end))
        .collect();
    let shown = if from_head {
        &fitting[..limit.min(fitting.len())]
    } else {
        &fitting[fitting.len().saturating_sub(limit)..]
    };
    let events: Vec<Value> = shown
        .iter()
        .map(|(at, line)| json!({"timestamp": at, "message": line, "ingestionTime": at}))
        .collect();
    Ok(json!({"events": events, "nextForwardToken": "f/end", "nextBackwardToken": "b/begin"}))
}

fn filter_events(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let pattern = input.text("filterPattern").unwrap_or_default().trim_matches('"').to_owned();
    let limit = input.integer("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10_000);
    let only = input.texts("logStreamNames");
    let prefix = input.text("logStreamNamePrefix").unwrap_or_default();
    let (start, end) = (input.integer("startTime"), input.integer("endTime"));
    let streams = &named(cx, input)?.streams;
    let mut events: Vec<(i64, &str, &str)> = streams
        .iter()
        .filter(|(name, _)| (only.is_empty() || only.contains(&name.as_str())) && name.starts_with(prefix))
        .flat_map(|(name, stream)| {
            stream.events.iter().map(move |(at, line)| (*at, name.as_str(), line.as_str()))
        })
        .filter(|(at, _, line)| {
            line.contains(&pattern)
                && start.is_none_or(|start| *at >= start)
                && end.is_none_or(|end| *at <= end)
        })
        .collect();
    events.sort_by_key(|(at, _, _)| *at);
    let events: Vec<Value> = events
        .into_iter()
        .take(limit)
        .enumerate()
        .map(|(n, (at, name, line))| {
            json!({"logStreamName": name, "timestamp": at, "message": line, "ingestionTime": at, "eventId": n.to_string()})
        })
        .collect();
    Ok(json!({"events": events, "searchedLogStreams": []}))
}

fn named<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Group, ApiError> {
    let name = match (input.text("logGroupName"), input.text("logGroupIdentifier")) {
        (Some(name), _) => name,
        (None, Some(identifier)) => group_of(identifier),
        (None, None) => return Err(ApiError::new("InvalidParameterException", "logGroupName is missing")),
    };
    cx.here.logs.group(name)
}

/// The group's name, of its ARN in either spelling.
fn group_of(arn: &str) -> &str {
    arn.split_once(":log-group:").map_or(arn, |(_, name)| name).trim_end_matches(":*")
}

fn by_arn<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Group, ApiError> {
    cx.here.logs.group(group_of(required(input, "resourceArn")?))
}

fn stream<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Stream, ApiError> {
    let name = required(input, "logStreamName")?;
    named(cx, input)?.streams.get_mut(name).ok_or_else(|| missing("log stream"))
}

fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, ApiError> {
    input.text(name).ok_or_else(|| {
        ApiError::new(
            "InvalidParameterException",
            format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"),
        )
    })
}

fn missing(what: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("The specified {what} does not exist."))
}

fn exists(what: &str) -> ApiError {
    ApiError::new("ResourceAlreadyExistsException", format!("The specified {what} already exists"))
}

pub(super) fn resources(cx: &mut Cx<'_>) -> Vec<Found> {
    let groups = cx.here.logs.groups.iter();
    groups
        .map(|(name, group)| Found {
            kind: "logs.log_group",
            name: name.clone(),
            arn: cx.arn("logs", &format!("log-group:{name}")),
            tags: group.tags.clone(),
            settings: json!({"retention_in_days": group.retention, "streams": group.streams.len()}),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::Account;

    #[test]
    fn a_group_is_made_once_described_by_prefix_and_deleted() {
        let mut account = Account::new("logs");
        account.ok("CreateLogGroup", &json!({"logGroupName": "/hg/ohio", "tags": {"a": "b"}}));
        let code = account.refused("CreateLogGroup", &json!({"logGroupName": "/hg/ohio"}));
        assert_eq!(code, "ResourceAlreadyExistsException");
        account.ok("PutRetentionPolicy", &json!({"logGroupName": "/hg/ohio", "retentionInDays": 30}));
        let code = account
            .refused("PutRetentionPolicy", &json!({"logGroupName": "/hg/ohio", "retentionInDays": 31}));
        assert_eq!(code, "InvalidParameterException");
        let groups = account.ok("DescribeLogGroups", &json!({"logGroupNamePrefix": "/hg/"}));
        assert_eq!(groups["logGroups"][0]["retentionInDays"], 30);
        let arn = groups["logGroups"][0]["logGroupArn"].clone();
        assert_eq!(arn, "arn:aws:logs:us-east-1:123456789012:log-group:/hg/ohio");
        assert_eq!(account.ok("ListTagsForResource", &json!({"resourceArn": arn}))["tags"]["a"], "b");
        account.ok("DeleteLogGroup", &json!({"logGroupName": "/hg/ohio"}));
        let code = account.refused("DeleteLogGroup", &json!({"logGroupName": "/hg/ohio"}));
        assert_eq!(code, "ResourceNotFoundException");
    }

    #[test]
    fn groups_come_in_pages() {
        let mut account = Account::new("logs");
        for n in 0..60 {
            account.ok("CreateLogGroup", &json!({"logGroupName": format!("/hg/{n:02}")}));
        }
        let first = account.ok("DescribeLogGroups", &json!({}));
        assert_eq!(first["logGroups"].as_array().map(Vec::len), Some(50));
        let second = account.ok("DescribeLogGroups", &json!({"nextToken": first["nextToken"]}));
        assert_eq!(second["logGroups"].as_array().map(Vec::len), Some(10));
        assert!(second.get("nextToken").is_none());
    }

    #[test]
    fn the_last_events_of_a_stream_can_be_read() {
        let mut account = Account::new("logs");
        account.ok("CreateLogGroup", &json!({"logGroupName": "g"}));
        account.ok("CreateLogStream", &json!({"logGroupName": "g", "logStreamName": "s"}));
        let events: Vec<Value> =
            (0..5).map(|n| json!({"timestamp": n, "message": format!("line {n}")})).collect();
        account.ok("PutLogEvents", &json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events}));
        let read =
            account.ok("GetLogEvents", &json!({"logGroupName": "g", "logStreamName": "s", "limit": 2}));
        assert_eq!(read["events"][1]["message"], "line 4");
        let found = account.ok("FilterLogEvents", &json!({"logGroupName": "g", "filterPattern": "line 3"}));
        assert_eq!(found["events"].as_array().map(Vec::len), Some(1));
    }
}
