// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logs: one object for every append, numbered from 1. A log ends at the number of its last part, and is there as long as its first
//! part is: without that, what is left of others is nothing.

use super::super::failed::corrupt;
use super::S3Store;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures_util::{StreamExt, TryStreamExt, stream};
use humangov_core::store::{Log, OnlyIf, StoreError, StoreErrorKind};

/// How many parts are read at once.
const AT_ONCE: usize = 16;

/// How many keys one request deletes.
const MOST_DELETED: usize = 1000;

/// The number of a log's first part.
const FIRST: u64 = 1;

fn part(log: &str, number: u64) -> String {
    format!("{log}/{number:08}")
}

impl S3Store {
    pub(super) async fn append_part(
        &self,
        log: &str,
        at: u64,
        bytes: &[u8],
    ) -> Result<Option<u64>, StoreError> {
        let name = part(log, at + 1);
        let version = match self.put_object(&name, log, bytes.to_vec(), OnlyIf::Absent).await? {
            Some(version) => version,
            // Somebody else's; or our own, whose answer was lost.
            None => match self.get_object(&name, log).await? {
                Some(object) if object.bytes == bytes => object.version,
                _ => return Ok(None),
            },
        };
        // Whoever removes a log looks again until nothing is left. So either they have seen this part, or the one before is gone.
        if at > 0 && !self.is_there(&part(log, at), log).await? {
            self.delete_object(&name, &version).await?;
            return Ok(None);
        }
        Ok(Some(at + 1))
    }

    async fn is_there(&self, name: &str, told: &str) -> Result<bool, StoreError> {
        match self.client.head_object().bucket(&self.bucket).key(self.key(name)).send().await {
            Ok(_) => Ok(true),
            // Answers to HEAD have no body, and so no code. The bucket is there: something was put in it a moment ago.
            Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 404) => {
                Ok(false)
            }
            Err(error) => Err(self.failed("HeadObject", "read", told, error)),
        }
    }

    /// The numbers of a log's parts, in order.
    async fn parts(&self, log: &str) -> Result<Vec<u64>, StoreError> {
        let prefix = format!("{log}/");
        let start = self.key(&prefix);
        let mut numbers = Vec::new();
        let mut token = None;
        loop {
            let page = self.page(&prefix, None, token, log).await?;
            for object in page.contents() {
                let number = object.key().and_then(|key| key.strip_prefix(&start)?.parse().ok());
                numbers.push(number.ok_or_else(|| {
                    corrupt(self.place_of(log), format!("{:?} is no part of it", object.key()))
                })?);
            }
            token = page.next_continuation_token;
            if token.is_none() {
                break;
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    pub(super) async fn read_parts(&self, log: &str) -> Result<Option<Log>, StoreError> {
        let mut missed = None;
        loop {
            let numbers = self.parts(log).await?;
            let Some(&end) = numbers.last().filter(|_| numbers.first() == Some(&FIRST)) else {
                return Ok(None);
            };
            if let Some((missing, _)) = (FIRST..).zip(&numbers).find(|(expected, number)| expected != *number)
            {
                // Whoever removes it begins with the first part: listed again, that is gone.
                if missed.replace(missing) != Some(missing) {
                    continue;
                }
                let why = format!("it has parts up to {end}, and part {missing} is missing");
                return Err(corrupt(self.place_of(log), why));
            }
            let parts = stream::iter(numbers)
                .map(|number| async move { self.get_object(&part(log, number), log).await })
                .buffered(AT_ONCE);
            let parts: Vec<_> = parts.try_collect().await?;
            // A part that is gone: somebody removes the log meanwhile.
            let parts: Option<Vec<_>> =
                parts.into_iter().map(|part| part.map(|object| object.bytes)).collect();
            if let Some(parts) = parts {
                return Ok(Some(Log { bytes: parts.concat(), end }));
            }
        }
    }

    pub(super) async fn remove_parts(&self, log: &str) -> Result<(), StoreError> {
        loop {
            let numbers = self.parts(log).await?;
            if numbers.is_empty() {
                return Ok(());
            }
            // The first goes by itself: a request that deletes several may end in the middle of them.
            let (first, others) = numbers.split_at(usize::from(numbers.first() == Some(&FIRST)));
            for some in first.chunks(1).chain(others.chunks(MOST_DELETED)) {
                self.delete_parts(log, some).await?;
            }
        }
    }

    async fn delete_parts(&self, log: &str, numbers: &[u64]) -> Result<(), StoreError> {
        let refused = || StoreErrorKind::Refused("remove", self.place_of(log));
        let build_failed = |error| StoreError::new(refused()).with_source(error);
        let mut delete = Delete::builder().quiet(true);
        for number in numbers {
            let key = self.key(&part(log, *number));
            delete = delete.objects(ObjectIdentifier::builder().key(key).build().map_err(build_failed)?);
        }
        let delete = delete.build().map_err(build_failed)?;
        let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
        let answer = answer.map_err(|error| self.failed("DeleteObjects", "remove", log, error))?;
        match answer.errors().first() {
            None => Ok(()),
            Some(error) => {
                let text = format!(
                    "{}: {}",
                    error.code().unwrap_or("no code"),
                    error.message().unwrap_or("no message")
                );
                Err(StoreError::new(refused()).with_source(std::io::Error::other(text)))
            }
        }
    }
}
