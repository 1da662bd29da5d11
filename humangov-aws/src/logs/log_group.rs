// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `logs.log_group`.

use crate::error::{Service, classify};
use aws_sdk_cloudwatchlogs::{Client, types};
use humangov_core::{
    handler::{Cx, Effect, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Update},
    kind::logs::{LogGroup, LogGroupOutputs},
    tags::Tags,
};
use std::collections::HashMap;

/// Makes, reads, changes and deletes log groups.
#[derive(Debug, Clone)]
pub struct LogGroupHandler {
    client: Client,
}

impl LogGroupHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn put_retention(&self, name: &str, days: Option<u32>) -> Result<(), HandlerError> {
        match days {
            Some(days) => self
                .client
                .put_retention_policy()
                .log_group_name(name)
                .retention_in_days(i32::try_from(days).unwrap_or(i32::MAX))
                .send()
                .await
                .map(drop)
                .map_err(|error| classify(Service::Logs, "PutRetentionPolicy", error)),
            None => self
                .client
                .delete_retention_policy()
                .log_group_name(name)
                .send()
                .await
                .map(drop)
                .map_err(|error| classify(Service::Logs, "DeleteRetentionPolicy", error)),
        }
    }

    /// The group of exactly this name: AWS finds by prefix.
    async fn describe(&self, name: &str) -> Result<Option<types::LogGroup>, HandlerError> {
        let mut pages = self.client.describe_log_groups().log_group_name_prefix(name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| classify(Service::Logs, "DescribeLogGroups", error))?;
            if let Some(group) =
                page.log_groups.unwrap_or_default().into_iter().find(|g| g.log_group_name() == Some(name))
            {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    async fn tags(&self, arn: &str) -> Result<Tags, HandlerError> {
        let answer = self
            .client
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .map_err(|error| classify(Service::Logs, "ListTagsForResource", error))?;
        Ok(answer.tags.unwrap_or_default().into_iter().collect())
    }
}

impl Handler for LogGroupHandler {
    type Resource = LogGroup;

    async fn read(&self, at: Lookup<'_, LogGroup>) -> Result<Option<Live<LogGroup>>, HandlerError> {
        let Some(group) = self.describe(&at.spec.name).await? else { return Ok(None) };
        let outputs = outputs(&group)?;
        // The tags say whose it is, so they are read at either depth.
        let tags = match self.tags(outputs.arn.as_str()).await {
            Err(error) if error.kind() == HandlerErrorKind::NotFound => return Ok(None),
            tags => tags?,
        };
        Ok(Some(Live { spec: spec(&group, &tags), outputs, tags: Some(tags) }))
    }

    async fn create(&self, cx: &Cx, spec: &LogGroup) -> Result<LogGroupOutputs, HandlerError> {
        self.client
            .create_log_group()
            .log_group_name(&spec.name)
            .set_kms_key_id(spec.kms_key_id.clone())
            .set_tags(Some(to_map(&cx.tags(&spec.tags))))
            .send()
            .await
            .map_err(|error| classify(Service::Logs, "CreateLogGroup", error))?;
        if spec.retention_in_days.is_some() {
            // From here on the group is there: whatever fails leaves something behind.
            self.put_retention(&spec.name, spec.retention_in_days)
                .await
                .map_err(|e| e.with_effect(Effect::Unknown))?;
        }
        // CreateLogGroup answers nothing, and the ARN's partition and account are AWS's to say.
        let group = self.describe(&spec.name).await.map_err(|e| e.with_effect(Effect::Unknown))?;
        let group = group.ok_or_else(|| {
            // It is listed a little later.
            let message = "the group just made is not listed yet";
            HandlerError::new(HandlerErrorKind::NotYet, "DescribeLogGroups", message)
                .with_effect(Effect::Unknown)
        })?;
        outputs(&group)
    }

    async fn update(&self, cx: &Cx, change: Update<'_, LogGroup>) -> Result<LogGroupOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        if prior.retention_in_days != desired.retention_in_days {
            self.put_retention(&desired.name, desired.retention_in_days).await?;
        }
        if prior.kms_key_id != desired.kms_key_id {
            match &desired.kms_key_id {
                Some(key) => drop(
                    self.client
                        .associate_kms_key()
                        .log_group_name(&desired.name)
                        .kms_key_id(key)
                        .send()
                        .await
                        .map_err(|error| classify(Service::Logs, "AssociateKmsKey", error))?,
                ),
                None => drop(
                    self.client
                        .disassociate_kms_key()
                        .log_group_name(&desired.name)
                        .send()
                        .await
                        .map_err(|error| classify(Service::Logs, "DisassociateKmsKey", error))?,
                ),
            }
        }
        let (removed, set) = prior.tags.changes_to(&desired.tags);
        if !removed.is_empty() {
            self.client
                .untag_resource()
                .resource_arn(outputs.arn.as_str())
                .set_tag_keys(Some(removed))
                .send()
                .await
                .map_err(|error| classify(Service::Logs, "UntagResource", error))?;
        }
        if !set.is_empty() {
            self.client
                .tag_resource()
                .resource_arn(outputs.arn.as_str())
                .set_tags(Some(to_map(&cx.tags(&set))))
                .send()
                .await
                .map_err(|error| classify(Service::Logs, "TagResource", error))?;
        }
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, LogGroup>) -> Result<(), HandlerError> {
        match self.client.delete_log_group().log_group_name(&prior.spec.name).send().await {
            Ok(_) => Ok(()),
            Err(error) => match classify(Service::Logs, "DeleteLogGroup", error) {
                gone if gone.kind() == HandlerErrorKind::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }
}

fn outputs(group: &types::LogGroup) -> Result<LogGroupOutputs, HandlerError> {
    let name = group.log_group_name().unwrap_or_default().to_owned();
    // `arn` ends in `:*`, `logGroupArn` does not; tagging wants the latter.
    let arn = group.log_group_arn().or(group.arn().map(|arn| arn.trim_end_matches(":*"))).unwrap_or_default();
    let arn = arn
        .parse()
        .map_err(|error| HandlerError::malformed("DescribeLogGroups", "no ARN").with_source(error))?;
    Ok(LogGroupOutputs { arn, name })
}

fn spec(group: &types::LogGroup, tags: &Tags) -> LogGroup {
    let mut spec =
        LogGroup::builder().name(group.log_group_name().unwrap_or_default()).tags(tags.of_user()).build();
    spec.retention_in_days = group.retention_in_days().and_then(|days| u32::try_from(days).ok());
    spec.kms_key_id = group.kms_key_id().map(str::to_owned);
    spec
}

fn to_map(tags: &Tags) -> HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cx, mock_client};
    use aws_sdk_cloudwatchlogs::{
        operation::{
            create_log_group::{CreateLogGroupError, CreateLogGroupOutput},
            delete_log_group::DeleteLogGroupError,
            describe_log_groups::DescribeLogGroupsOutput,
            list_tags_for_resource::ListTagsForResourceOutput,
            put_retention_policy::PutRetentionPolicyOutput,
        },
        types::error::{ResourceAlreadyExistsException, ResourceNotFoundException},
    };
    use aws_smithy_mocks::mock;
    use aws_smithy_types::error::ErrorMetadata;
    use humangov_core::handler::Depth;

    const ARN: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/humangov/california";

    fn group() -> LogGroup {
        LogGroup::builder().name("/humangov/california").retention_in_days(30).build()
    }

    fn described(names: &[&str]) -> DescribeLogGroupsOutput {
        let group = |name: &str| {
            let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{name}:*");
            types::LogGroup::builder().log_group_name(name).arn(arn).retention_in_days(30).build()
        };
        DescribeLogGroupsOutput::builder()
            .set_log_groups(Some(names.iter().map(|name| group(name)).collect()))
            .build()
    }

    #[tokio::test]
    async fn a_group_is_made_with_its_owner_in_its_tags() {
        let create = mock!(Client::create_log_group)
            .match_requests(|request| {
                let tags = request.tags().cloned().unwrap_or_default();
                tags["humangov:stack"] == "california" && tags["humangov:address"] == "logs.log_group/app"
            })
            .then_output(|| CreateLogGroupOutput::builder().build());
        let retain = mock!(Client::put_retention_policy)
            .match_requests(|request| request.retention_in_days() == Some(30))
            .then_output(|| PutRetentionPolicyOutput::builder().build());
        let describe = mock!(Client::describe_log_groups)
            .then_output(|| described(&["/humangov/california", "/humangov/california-2"]));
        let handler =
            LogGroupHandler::new(mock_client!(aws_sdk_cloudwatchlogs, [&create, &retain, &describe]));
        let outputs = handler.create(&cx("logs.log_group/app"), &group()).await.expect("made");
        assert_eq!(outputs.arn.as_str(), ARN);
        assert_eq!((create.num_calls(), retain.num_calls(), describe.num_calls()), (1, 1, 1));
    }

    #[tokio::test]
    async fn a_group_that_is_not_listed_yet_is_in_doubt_for_a_while() {
        let create = mock!(Client::create_log_group).then_output(|| CreateLogGroupOutput::builder().build());
        let retain =
            mock!(Client::put_retention_policy).then_output(|| PutRetentionPolicyOutput::builder().build());
        let describe = mock!(Client::describe_log_groups).then_output(|| described(&[]));
        let handler =
            LogGroupHandler::new(mock_client!(aws_sdk_cloudwatchlogs, [&create, &retain, &describe]));
        let error = handler.create(&cx("logs.log_group/app"), &group()).await.expect_err("not listed");
        assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::NotYet, Effect::Unknown));
    }

    #[tokio::test]
    async fn a_taken_name_is_told_apart_from_other_refusals() {
        let create = mock!(Client::create_log_group).then_error(|| {
            let meta =
                ErrorMetadata::builder().code("ResourceAlreadyExistsException").message("exists").build();
            CreateLogGroupError::ResourceAlreadyExistsException(
                ResourceAlreadyExistsException::builder().meta(meta).build(),
            )
        });
        let handler = LogGroupHandler::new(mock_client!(aws_sdk_cloudwatchlogs, [&create]));
        let error = handler.create(&cx("logs.log_group/app"), &group()).await.expect_err("taken");
        assert_eq!((error.kind(), error.effect()), (HandlerErrorKind::AlreadyExists, Effect::None));
        assert_eq!(error.to_string(), "CreateLogGroup failed: ResourceAlreadyExistsException: exists");
    }

    #[tokio::test]
    async fn only_the_exact_name_is_found() {
        let describe =
            mock!(Client::describe_log_groups).then_output(|| described(&["/humangov/california-2"]));
        let handler = LogGroupHandler::new(mock_client!(aws_sdk_cloudwatchlogs, [&describe]));
        let (cx, spec) = (cx("logs.log_group/app"), group());
        let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
        assert_eq!(handler.read(at).await.expect("read"), None);
    }

    #[tokio::test]
    async fn a_group_reads_back_as_the_spec_that_made_it() {
        let describe =
            mock!(Client::describe_log_groups).then_output(|| described(&["/humangov/california"]));
        let tags = mock!(Client::list_tags_for_resource).then_output(|| {
            ListTagsForResourceOutput::builder().tags("humangov:fleet", "humangov").tags("team", "hr").build()
        });
        let handler = LogGroupHandler::new(mock_client!(aws_sdk_cloudwatchlogs, [&describe, &tags]));
        let (cx, mut spec) = (cx("logs.log_group/app"), group());
        spec.tags.insert("team", "hr");
        let at = Lookup { cx: &cx, spec: &spec, outputs: None, depth: Depth::Full };
        assert_eq!(handler.read(at).await.expect("read").expect("there").spec, spec);
    }

    #[tokio::test]
    async fn what_is_gone_counts_as_deleted() {
        let delete = mock!(Client::delete_log_group).then_error(|| {
            let meta = ErrorMetadata::builder().code("ResourceNotFoundException").build();
            DeleteLogGroupError::ResourceNotFoundException(
                ResourceNotFoundException::builder().meta(meta).build(),
            )
        });
        let handler = LogGroupHandler::new(mock_client!(aws_sdk_cloudwatchlogs, [&delete]));
        let outputs =
            LogGroupOutputs { arn: ARN.parse().expect("an ARN"), name: "/humangov/california".to_owned() };
        let prior = Prior {
            spec: &group(),
            outputs: &outputs,
            contents: humangov_core::handler::Contents::MustBeEmpty,
        };
        handler.delete(&cx("logs.log_group/app"), prior).await.expect("nothing to do");
    }
}
