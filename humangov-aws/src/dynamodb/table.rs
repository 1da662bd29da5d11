// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `dynamodb.table`.

mod convert;
mod step;
#[cfg(test)]
mod tests;

use crate::{
    error::{Service, classify, is_protected, unbuildable},
    reset::reset,
};
use aws_sdk_dynamodb::{Client, types};
use futures_util::future::try_join3;
use humangov_core::{
    handler::{
        Contents, Cx, Depth, Effect, Handler, HandlerError, HandlerErrorKind as Kind, Live, Lookup, Prior,
        Readiness, Update,
    },
    kind::dynamodb::{Sse, Stream, Table, TableClass, TableOutputs, TimeToLive},
    tags::Tags,
};

/// Makes, reads, changes and deletes tables.
///
/// Backups and expiry can be set only once a table is active, so [`Handler::ready`] sets them. A table that is being deleted
/// counts as gone; until it is, one of the same name cannot be made *yet*.
#[derive(Debug, Clone)]
pub struct TableHandler {
    client: Client,
}

impl TableHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn describe(&self, name: &str) -> Result<Option<types::TableDescription>, HandlerError> {
        match self.client.describe_table().table_name(name).send().await {
            Ok(answer) => Ok(answer.table),
            Err(error) => match classify(Service::DynamoDb, "DescribeTable", error) {
                error if error.kind() == Kind::NotFound => Ok(None),
                error => Err(error),
            },
        }
    }

    async fn tags(&self, arn: &str) -> Result<Tags, HandlerError> {
        let mut tags = Tags::new();
        let mut next = None;
        loop {
            let request = self.client.list_tags_of_resource().resource_arn(arn).set_next_token(next);
            let page = request.send().await;
            let page = page.map_err(|error| classify(Service::DynamoDb, "ListTagsOfResource", error))?;
            page.tags.unwrap_or_default().into_iter().for_each(|tag| tags.insert(tag.key, tag.value));
            next = page.next_token;
            if next.is_none() {
                return Ok(tags);
            }
        }
    }

    async fn point_in_time_recovery(&self, name: &str) -> Result<bool, HandlerError> {
        let answer = self.client.describe_continuous_backups().table_name(name).send().await;
        let answer =
            answer.map_err(|error| classify(Service::DynamoDb, "DescribeContinuousBackups", error))?;
        Ok(answer
            .continuous_backups_description
            .and_then(|backups| backups.point_in_time_recovery_description)
            .and_then(|recovery| recovery.point_in_time_recovery_status)
            == Some(types::PointInTimeRecoveryStatus::Enabled))
    }

    async fn put_point_in_time_recovery(&self, name: &str, on: bool) -> Result<(), HandlerError> {
        let recovery = types::PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(on);
        let request = self.client.update_continuous_backups().table_name(name);
        let request = request.point_in_time_recovery_specification(recovery.build().map_err(unbuildable)?);
        let answer = request.send().await;
        answer.map(drop).map_err(|error| classify(Service::DynamoDb, "UpdateContinuousBackups", error))
    }

    async fn time_to_live(&self, name: &str) -> Result<TimeToLive, HandlerError> {
        let answer = self.client.describe_time_to_live().table_name(name).send().await;
        let answer = answer.map_err(|error| classify(Service::DynamoDb, "DescribeTimeToLive", error))?;
        Ok(convert::time_to_live(answer.time_to_live_description))
    }

    async fn put_time_to_live(&self, name: &str, attribute: &str, on: bool) -> Result<(), HandlerError> {
        let expiry = types::TimeToLiveSpecification::builder().attribute_name(attribute).enabled(on).build();
        let request = self.client.update_time_to_live().table_name(name);
        let answer = request.time_to_live_specification(expiry.map_err(unbuildable)?).send().await;
        let answer = answer.map(drop).map_err(|error| classify(Service::DynamoDb, "UpdateTimeToLive", error));
        match answer {
            // It is set so already if it was sent before and its answer was lost.
            Err(refused) if refused.kind() == Kind::Invalid => {
                let wanted =
                    if on { TimeToLive::Attribute(attribute.to_owned()) } else { TimeToLive::Disabled };
                if self.time_to_live(name).await? == wanted { Ok(()) } else { Err(refused) }
            }
            answer => answer,
        }
    }

    /// Brings expiry from what it is to what is wanted. AWS refuses to set what is set.
    async fn settle_time_to_live(&self, name: &str, wanted: &TimeToLive) -> Result<(), HandlerError> {
        let now = self.time_to_live(name).await?;
        if now == *wanted {
            return Ok(());
        }
        if let TimeToLive::Attribute(attribute) = &now {
            self.put_time_to_live(name, attribute, false).await?;
        }
        match wanted {
            TimeToLive::Attribute(attribute) => self.put_time_to_live(name, attribute, true).await,
            TimeToLive::Disabled => Ok(()),
        }
    }

    /// Sets backups and expiry, as far as they are asked for and are not set so.
    async fn settle(&self, spec: &Table) -> Result<(), HandlerError> {
        if let Some(wanted) = spec.point_in_time_recovery
            && self.point_in_time_recovery(&spec.name).await? != wanted
        {
            self.put_point_in_time_recovery(&spec.name, wanted).await?;
        }
        match &spec.time_to_live {
            Some(wanted) => self.settle_time_to_live(&spec.name, wanted).await,
            None => Ok(()),
        }
    }

    async fn put_tags(&self, cx: &Cx, arn: &str, prior: &Tags, desired: &Tags) -> Result<(), HandlerError> {
        let (removed, set) = prior.changes_to(desired);
        if !removed.is_empty() {
            let request = self.client.untag_resource().resource_arn(arn).set_tag_keys(Some(removed));
            let answer = request.send().await;
            answer.map_err(|error| classify(Service::DynamoDb, "UntagResource", error))?;
        }
        if !set.is_empty() {
            let tags = convert::tags(&cx.tags(&set))?;
            let request = self.client.tag_resource().resource_arn(arn).set_tags(Some(tags));
            request.send().await.map_err(|error| classify(Service::DynamoDb, "TagResource", error))?;
        }
        Ok(())
    }

    async fn is_empty(&self, name: &str) -> Result<bool, HandlerError> {
        let request = self.client.scan().table_name(name).limit(1).select(types::Select::Count);
        match request.consistent_read(true).send().await {
            Ok(answer) => Ok(answer.count == 0),
            Err(error) => match classify(Service::DynamoDb, "Scan", error) {
                // It is gone, or so new that nothing can be in it: deleting it tells which.
                error if error.kind() == Kind::NotFound => Ok(true),
                error => Err(error),
            },
        }
    }

    async fn delete_table(&self, name: &str) -> Result<(), HandlerError> {
        match self.client.delete_table().table_name(name).send().await {
            // Until it is gone it holds its name. Emulators are done at once.
            Ok(answer) if answer.table_description.as_ref().is_some_and(convert::is_going) => {
                Err(HandlerError::new(Kind::NotYet, "DeleteTable", format!("table {name} is being deleted")))
            }
            Ok(_) => Ok(()),
            Err(error) => match classify(Service::DynamoDb, "DeleteTable", error) {
                gone if gone.kind() == Kind::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }

    async fn unprotect(&self, name: &str) -> Result<(), HandlerError> {
        let request = self.client.update_table().table_name(name).deletion_protection_enabled(false);
        let answer = request.send().await;
        answer.map(drop).map_err(|error| classify(Service::DynamoDb, "UpdateTable", error))
    }
}

impl Handler for TableHandler {
    type Resource = Table;

    async fn read(&self, at: Lookup<'_, Table>) -> Result<Option<Live<Table>>, HandlerError> {
        let name = &at.spec.name;
        let Some(table) = self.describe(name).await?.filter(|table| !convert::is_going(table)) else {
            return Ok(None);
        };
        let outputs = convert::outputs(&table)?;
        let full = at.depth == Depth::Full;
        let recovery = async {
            match at.spec.point_in_time_recovery {
                Some(_) if full => self.point_in_time_recovery(name).await.map(Some),
                _ => Ok(None),
            }
        };
        let expiry = async {
            match at.spec.time_to_live {
                Some(_) if full => self.time_to_live(name).await.map(Some),
                _ => Ok(None),
            }
        };
        let is_new = table.table_status == Some(types::TableStatus::Creating);
        let (tags, recovery, expiry) =
            match try_join3(self.tags(outputs.arn.as_str()), recovery, expiry).await {
                // A new table is described before all calls know it.
                Err(error) if error.kind() == Kind::NotFound => {
                    return if is_new { Err(error.with_kind(Kind::NotYet)) } else { Ok(None) };
                }
                Err(error) => return Err(error),
                // Who has just begun to make it has tagged it: they are not to be seen yet.
                Ok((tags, ..)) if is_new && tags.owner().is_none() => {
                    let message = format!("table {name} is being made, and its tags are not listed yet");
                    return Err(HandlerError::new(Kind::NotYet, "ListTagsOfResource", message));
                }
                Ok(all) => all,
            };
        let mut spec = convert::spec(&table, at.spec)?;
        (spec.point_in_time_recovery, spec.time_to_live) = (recovery, expiry);
        spec.tags = tags.of_user();
        Ok(Some(Live { spec, outputs, tags: Some(tags) }))
    }

    async fn create(&self, cx: &Cx, spec: &Table) -> Result<TableOutputs, HandlerError> {
        let answer = convert::create(self.client.create_table(), spec, &cx.tags(&spec.tags))?.send().await;
        match answer.map_err(|error| classify(Service::DynamoDb, "CreateTable", error)) {
            Ok(answer) => {
                let table = answer.table_description.ok_or_else(|| {
                    HandlerError::malformed("CreateTable", "the answer does not describe the table")
                })?;
                convert::outputs(&table)
            }
            // The same code says that it is there, and that it is not gone yet.
            Err(taken) if matches!(taken.kind(), Kind::AlreadyExists | Kind::NotYet) => {
                match self.describe(&spec.name).await? {
                    Some(table) if !convert::is_going(&table) => Err(taken.with_kind(Kind::AlreadyExists)),
                    _ => Err(taken.with_kind(Kind::NotYet)),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Table>) -> Result<TableOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let desired = &with_defaults(prior, desired);
        let name = &desired.name;
        self.put_tags(cx, outputs.arn.as_str(), &prior.tags, &desired.tags).await?;
        // Every category of settings is a call of its own, refused while another one is at work. So what is still to do is told
        // by the table itself: called again, this goes on where it was.
        let table = self.describe(name).await?;
        let table = table.ok_or_else(|| {
            HandlerError::new(Kind::NotFound, "UpdateTable", format!("table {name} is not there"))
        })?;
        let mut outputs = convert::outputs(&table)?;
        for step in step::steps(&table, desired)? {
            let answer = step(self.client.update_table().table_name(name)).send().await;
            let answer = answer.map_err(|error| classify(Service::DynamoDb, "UpdateTable", error));
            if let Some(table) = answer.map_err(|e| e.with_effect(Effect::Unknown))?.table_description {
                outputs = convert::outputs(&table)?;
            }
        }
        if let Some(wanted) = desired.point_in_time_recovery
            && prior.point_in_time_recovery != desired.point_in_time_recovery
        {
            let put = self.put_point_in_time_recovery(name, wanted).await;
            put.map_err(|e| e.with_effect(Effect::Unknown))?;
        }
        if let Some(wanted) = &desired.time_to_live
            && prior.time_to_live != desired.time_to_live
        {
            let put = self.settle_time_to_live(name, wanted).await;
            put.map_err(|e| e.with_effect(Effect::Unknown))?;
        }
        Ok(outputs)
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Table>) -> Result<(), HandlerError> {
        let name = &prior.spec.name;
        // The count that AWS keeps is hours old.
        if prior.contents == Contents::MustBeEmpty && !self.is_empty(name).await? {
            return Err(HandlerError::new(
                Kind::NotEmpty,
                "DeleteTable",
                format!("table {name} holds items"),
            )
            .with_details(vec!["ask for its data to be deleted too, or empty it first".to_owned()]));
        }
        match self.delete_table(name).await {
            Err(error) if is_protected(&error) => {
                self.unprotect(name).await?;
                self.delete_table(name).await.map_err(|error| error.with_effect(Effect::Unknown))
            }
            done => done,
        }
    }

    async fn ready(&self, _: &Cx, spec: &Table, _: &TableOutputs) -> Result<Readiness, HandlerError> {
        let Some(table) = self.describe(&spec.name).await? else {
            return Ok(Readiness::Pending("not listed yet".to_owned()));
        };
        if let Some(not) = convert::not_ready(&table) {
            return Ok(not);
        }
        match self.settle(spec).await {
            Ok(()) => Ok(Readiness::Ready),
            Err(error) if matches!(error.kind(), Kind::NotYet | Kind::NotFound) => {
                Ok(Readiness::Pending("backups and expiry are being set up".to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

/// `desired`, with AWS's defaults for what was taken out of it.
fn with_defaults(prior: &Table, desired: &Table) -> Table {
    let mut wanted = desired.clone();
    reset(prior.table_class.as_ref(), &mut wanted.table_class, TableClass::Standard);
    reset(prior.deletion_protection_enabled.as_ref(), &mut wanted.deletion_protection_enabled, false);
    reset(prior.point_in_time_recovery.as_ref(), &mut wanted.point_in_time_recovery, false);
    reset(prior.sse.as_ref(), &mut wanted.sse, Sse::AwsOwned);
    reset(prior.time_to_live.as_ref(), &mut wanted.time_to_live, TimeToLive::Disabled);
    reset(prior.stream.as_ref(), &mut wanted.stream, Stream::Disabled);
    wanted
}
