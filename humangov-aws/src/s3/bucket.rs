// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `s3.bucket`.

mod contents;
mod convert;
#[cfg(test)]
mod tests;

use crate::error::{
    Service, classify, is_not_set, is_refused_by_stranger, is_unsupported_argument, unbuildable,
};
use crate::reset::reset;
use aws_sdk_s3::{Client, types};
use futures_util::future::{try_join, try_join4};
use humangov_core::{
    handler::{
        Contents, Cx, Depth, Effect, Handler, HandlerError, HandlerErrorKind as Kind, Live, Lookup, Prior,
        Update,
    },
    kind::s3::{
        Bucket, BucketOutputs, Encryption, LifecycleRule, ObjectOwnership, PublicAccessBlock, Versioning,
    },
    tags::Tags,
};
use serde_json::Value;

/// Makes, reads, changes and deletes buckets in the region of its client.
///
/// To whom a bucket belongs is asked before it is made: in us-east-1 AWS answers the making of a bucket one has already as if
/// it had been made.
#[derive(Debug, Clone)]
pub struct BucketHandler {
    client: Client,
}

impl BucketHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn region(&self) -> &str {
        self.client.config().region().map_or("us-east-1", AsRef::as_ref)
    }

    fn outputs(&self, name: &str) -> Result<BucketOutputs, HandlerError> {
        // The ARN of a bucket is made of its partition and its name; no call tells more.
        let arn = convert::arn(self.region(), name);
        let arn =
            arn.parse().map_err(|error| HandlerError::malformed("read", "no ARN").with_source(error))?;
        Ok(BucketOutputs { arn, name: name.to_owned(), region: self.region().to_owned() })
    }

    /// Whether a bucket of this name is there, whosever it is.
    async fn is_taken(&self, name: &str) -> Result<bool, HandlerError> {
        match self.client.head_bucket().bucket(name).send().await {
            Ok(_) => Ok(true),
            Err(error) => match classify(Service::S3, "HeadBucket", error) {
                error if error.kind() == Kind::NotFound => Ok(false),
                error if error.kind() == Kind::AccessDenied => Ok(true),
                error => Err(error),
            },
        }
    }

    async fn tags(&self, name: &str) -> Result<Tags, HandlerError> {
        let answer = self.client.get_bucket_tagging().bucket(name).send().await;
        let answer = optional(answer.map_err(|error| classify(Service::S3, "GetBucketTagging", error)))?;
        let tags = answer.map(|answer| answer.tag_set).unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    async fn public_access_block(&self, name: &str) -> Result<PublicAccessBlock, HandlerError> {
        let answer = self.client.get_public_access_block().bucket(name).send().await;
        let answer = optional(answer.map_err(|error| classify(Service::S3, "GetPublicAccessBlock", error)))?;
        Ok(convert::public_access_block(answer.and_then(|answer| answer.public_access_block_configuration)))
    }

    async fn object_ownership(&self, name: &str) -> Result<ObjectOwnership, HandlerError> {
        let answer = self.client.get_bucket_ownership_controls().bucket(name).send().await;
        let answer =
            optional(answer.map_err(|error| classify(Service::S3, "GetBucketOwnershipControls", error)))?;
        convert::object_ownership(answer.and_then(|answer| answer.ownership_controls))
    }

    async fn lifecycle_rules(&self, name: &str) -> Result<Vec<LifecycleRule>, HandlerError> {
        let answer = self.client.get_bucket_lifecycle_configuration().bucket(name).send().await;
        let answer = optional(
            answer.map_err(|error| classify(Service::S3, "GetBucketLifecycleConfiguration", error)),
        )?;
        Ok(answer
            .map(|answer| answer.rules().iter().map(convert::lifecycle_rule).collect())
            .unwrap_or_default())
    }

    async fn policy(&self, name: &str) -> Result<(bool, Vec<Value>), HandlerError> {
        let answer = self.client.get_bucket_policy().bucket(name).send().await;
        let answer = optional(answer.map_err(|error| classify(Service::S3, "GetBucketPolicy", error)))?;
        match answer.and_then(|answer| answer.policy) {
            Some(text) => convert::statements(&text, &convert::tls_only(&convert::arn(self.region(), name))),
            None => Ok((false, Vec::new())),
        }
    }

    async fn encryption(&self, name: &str) -> Result<Option<Encryption>, HandlerError> {
        let answer = self.client.get_bucket_encryption().bucket(name).send().await;
        let answer = optional(answer.map_err(|error| classify(Service::S3, "GetBucketEncryption", error)))?;
        Ok(answer.and_then(|a| a.server_side_encryption_configuration).and_then(|c| convert::encryption(&c)))
    }

    async fn versioning(&self, name: &str) -> Result<Option<Versioning>, HandlerError> {
        let answer = self.client.get_bucket_versioning().bucket(name).send().await;
        let answer = answer.map_err(|error| classify(Service::S3, "GetBucketVersioning", error))?;
        Ok(match answer.status {
            Some(types::BucketVersioningStatus::Enabled) => Some(Versioning::Enabled),
            Some(types::BucketVersioningStatus::Suspended) => Some(Versioning::Suspended),
            _ => None,
        })
    }

    /// Every setting, all asked for at once. What `wanted` leaves to AWS and takes a call of its own is not.
    async fn settings(&self, wanted: &Bucket) -> Result<Bucket, HandlerError> {
        let name = &wanted.name;
        let encryption = async {
            match wanted.encryption {
                Some(_) => self.encryption(name).await,
                None => Ok(None),
            }
        };
        let versioning = async {
            match wanted.versioning {
                Some(_) => self.versioning(name).await,
                None => Ok(None),
            }
        };
        let always = try_join4(
            self.public_access_block(name),
            self.object_ownership(name),
            self.lifecycle_rules(name),
            self.policy(name),
        );
        let ((block, ownership, rules, (tls_only, statements)), (encryption, versioning)) =
            Box::pin(try_join(always, try_join(encryption, versioning))).await?;
        let mut spec = Bucket::builder()
            .name(name)
            .public_access_block(block)
            .object_ownership(ownership)
            .tls_only(tls_only)
            .build();
        (spec.encryption, spec.versioning) = (encryption, versioning);
        (spec.lifecycle_rules, spec.policy_statements) = (rules, statements);
        Ok(spec)
    }

    async fn put_tags(&self, name: &str, tags: &Tags) -> Result<(), HandlerError> {
        let tagging = types::Tagging::builder().set_tag_set(Some(convert::tags(tags)?)).build();
        let request = self.client.put_bucket_tagging().bucket(name).tagging(tagging.map_err(unbuildable)?);
        request.send().await.map(drop).map_err(|error| classify(Service::S3, "PutBucketTagging", error))
    }

    async fn put_public_access_block(
        &self,
        name: &str,
        block: PublicAccessBlock,
    ) -> Result<(), HandlerError> {
        let block = types::PublicAccessBlockConfiguration::builder()
            .block_public_acls(block.block_public_acls)
            .ignore_public_acls(block.ignore_public_acls)
            .block_public_policy(block.block_public_policy)
            .restrict_public_buckets(block.restrict_public_buckets)
            .build();
        let request =
            self.client.put_public_access_block().bucket(name).public_access_block_configuration(block);
        request.send().await.map(drop).map_err(|error| classify(Service::S3, "PutPublicAccessBlock", error))
    }

    async fn put_object_ownership(&self, name: &str, ownership: ObjectOwnership) -> Result<(), HandlerError> {
        let rule =
            types::OwnershipControlsRule::builder().object_ownership(convert::ownership(ownership)).build();
        let controls = types::OwnershipControls::builder().rules(rule.map_err(unbuildable)?).build();
        let request = self.client.put_bucket_ownership_controls().bucket(name);
        let request = request.ownership_controls(controls.map_err(unbuildable)?);
        request
            .send()
            .await
            .map(drop)
            .map_err(|error| classify(Service::S3, "PutBucketOwnershipControls", error))
    }

    async fn put_encryption(&self, name: &str, encryption: &Encryption) -> Result<(), HandlerError> {
        let request = self.client.put_bucket_encryption().bucket(name);
        let request = request.server_side_encryption_configuration(convert::to_encryption(encryption)?);
        request.send().await.map(drop).map_err(|error| classify(Service::S3, "PutBucketEncryption", error))
    }

    async fn put_versioning(&self, name: &str, versioning: Versioning) -> Result<(), HandlerError> {
        let status = match versioning {
            Versioning::Enabled => types::BucketVersioningStatus::Enabled,
            Versioning::Suspended => types::BucketVersioningStatus::Suspended,
        };
        let configuration = types::VersioningConfiguration::builder().status(status).build();
        let request =
            self.client.put_bucket_versioning().bucket(name).versioning_configuration(configuration);
        request.send().await.map(drop).map_err(|error| classify(Service::S3, "PutBucketVersioning", error))
    }

    async fn put_lifecycle_rules(&self, name: &str, rules: &[LifecycleRule]) -> Result<(), HandlerError> {
        if rules.is_empty() {
            let request = self.client.delete_bucket_lifecycle().bucket(name);
            let answer = request.send().await;
            return answer.map(drop).map_err(|error| classify(Service::S3, "DeleteBucketLifecycle", error));
        }
        let rules = rules.iter().map(convert::to_lifecycle_rule).collect::<Result<_, _>>()?;
        let configuration = types::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
        let request = self.client.put_bucket_lifecycle_configuration().bucket(name);
        let request = request.lifecycle_configuration(configuration.map_err(unbuildable)?);
        let answer = request.send().await;
        answer.map(drop).map_err(|error| classify(Service::S3, "PutBucketLifecycleConfiguration", error))
    }

    async fn put_policy(&self, spec: &Bucket) -> Result<(), HandlerError> {
        let arn = convert::arn(self.region(), &spec.name);
        let Some(policy) = convert::policy(spec, &arn) else {
            let answer = self.client.delete_bucket_policy().bucket(&spec.name).send().await;
            return answer.map(drop).map_err(|error| classify(Service::S3, "DeleteBucketPolicy", error));
        };
        let answer = self.client.put_bucket_policy().bucket(&spec.name).policy(policy).send().await;
        answer.map(drop).map_err(|error| classify(Service::S3, "PutBucketPolicy", error))
    }

    async fn create_bucket(&self, spec: &Bucket, tags: Option<&Tags>) -> Result<(), HandlerError> {
        let region = self.region();
        let constraint = (region != "us-east-1").then(|| types::BucketLocationConstraint::from(region));
        let configuration = types::CreateBucketConfiguration::builder()
            .set_location_constraint(constraint.clone())
            .set_tags(tags.map(convert::tags).transpose()?)
            .build();
        self.client
            .create_bucket()
            .bucket(&spec.name)
            .object_ownership(convert::ownership(spec.object_ownership))
            .set_create_bucket_configuration(
                (constraint.is_some() || tags.is_some()).then_some(configuration),
            )
            .send()
            .await
            .map(drop)
            .map_err(|error| classify(Service::S3, "CreateBucket", error))
    }

    /// All settings of a bucket that was just made, one after the other: S3 refuses changes of one bucket at the same time.
    async fn settle(&self, spec: &Bucket, tags: &Tags) -> Result<(), HandlerError> {
        // Not every server takes tags with the bucket, and without them nobody would know whose it is.
        self.put_tags(&spec.name, tags).await?;
        self.put_public_access_block(&spec.name, spec.public_access_block).await?;
        if let Some(versioning) = spec.versioning {
            self.put_versioning(&spec.name, versioning).await?;
        }
        if let Some(encryption) = &spec.encryption {
            self.put_encryption(&spec.name, encryption).await?;
        }
        if !spec.lifecycle_rules.is_empty() {
            self.put_lifecycle_rules(&spec.name, &spec.lifecycle_rules).await?;
        }
        if spec.tls_only || !spec.policy_statements.is_empty() {
            self.put_policy(spec).await?;
        }
        Ok(())
    }

    async fn delete_bucket(&self, name: &str) -> Result<(), HandlerError> {
        match self.client.delete_bucket().bucket(name).send().await {
            Ok(_) => Ok(()),
            Err(error) => match classify(Service::S3, "DeleteBucket", error) {
                gone if gone.kind() == Kind::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }
}

impl Handler for BucketHandler {
    type Resource = Bucket;

    async fn read(&self, at: Lookup<'_, Bucket>) -> Result<Option<Live<Bucket>>, HandlerError> {
        let bare = || Bucket::builder().name(&at.spec.name).build();
        let outputs = self.outputs(&at.spec.name)?;
        let tags = match self.tags(&at.spec.name).await {
            Ok(tags) => tags,
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            // It is somebody else's: the name is taken, and that is all there is to know.
            Err(error) if is_refused_by_stranger(&error) => {
                return Ok(Some(Live { spec: bare(), outputs, tags: Some(Tags::new()) }));
            }
            Err(error) => return Err(error),
        };
        let mut spec = match at.depth {
            Depth::Identity => bare(),
            Depth::Full => match self.settings(at.spec).await {
                Err(error) if error.kind() == Kind::NotFound => return Ok(None),
                spec => spec?,
            },
        };
        spec.tags = tags.of_user();
        Ok(Some(Live { spec, outputs, tags: Some(tags) }))
    }

    async fn create(&self, cx: &Cx, spec: &Bucket) -> Result<BucketOutputs, HandlerError> {
        let outputs = self.outputs(&spec.name)?;
        if self.region() == "us-east-1" && self.is_taken(&spec.name).await? {
            return Err(HandlerError::new(
                Kind::AlreadyExists,
                "CreateBucket",
                "a bucket of this name is there",
            ));
        }
        let tags = cx.tags(&spec.tags);
        match self.create_bucket(spec, Some(&tags)).await {
            // A region that does not take tags with a bucket yet.
            Err(error) if is_unsupported_argument(&error) => self.create_bucket(spec, None).await?,
            made => made?,
        }
        self.settle(spec, &tags).await.map_err(|error| {
            // What was just made may not be known everywhere yet.
            let error = match error.kind() {
                Kind::NotFound => error.with_kind(Kind::NotYet),
                _ => error,
            };
            error.with_effect(Effect::Unknown)
        })?;
        Ok(outputs)
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Bucket>) -> Result<BucketOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let desired = &with_defaults(prior, desired);
        let name = &desired.name;
        if prior.tags != desired.tags {
            self.put_tags(name, &cx.tags(&desired.tags)).await?;
        }
        // The policy is put after access is opened, and taken back before it is closed: a public one is refused otherwise.
        let opens =
            prior.public_access_block.block_public_policy && !desired.public_access_block.block_public_policy;
        let blocks = prior.public_access_block != desired.public_access_block;
        if blocks && opens {
            self.put_public_access_block(name, desired.public_access_block).await?;
        }
        if (prior.tls_only, &prior.policy_statements) != (desired.tls_only, &desired.policy_statements) {
            self.put_policy(desired).await?;
        }
        if blocks && !opens {
            self.put_public_access_block(name, desired.public_access_block).await?;
        }
        if prior.object_ownership != desired.object_ownership {
            self.put_object_ownership(name, desired.object_ownership).await?;
        }
        if let Some(versioning) = desired.versioning
            && prior.versioning != desired.versioning
        {
            self.put_versioning(name, versioning).await?;
        }
        if let Some(encryption) = &desired.encryption
            && prior.encryption != desired.encryption
        {
            self.put_encryption(name, encryption).await?;
        }
        if prior.lifecycle_rules != desired.lifecycle_rules {
            self.put_lifecycle_rules(name, &desired.lifecycle_rules).await?;
        }
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Bucket>) -> Result<(), HandlerError> {
        let name = &prior.spec.name;
        match (self.delete_bucket(name).await, prior.contents) {
            (Err(full), Contents::MustBeEmpty) if full.kind() == Kind::NotEmpty => {
                Err(full.with_details(vec![
                    format!("bucket {name} holds objects, or old versions of them; they were left alone"),
                    "ask for its data to be deleted too, or empty it first".to_owned(),
                ]))
            }
            (Err(full), Contents::Purge) if full.kind() == Kind::NotEmpty => {
                self.empty(name).await?;
                self.delete_bucket(name).await.map_err(|error| match error.kind() {
                    // Somebody wrote in the meantime: what is left goes next time.
                    Kind::NotEmpty => error.with_kind(Kind::NotYet).with_effect(Effect::Unknown),
                    _ => error,
                })
            }
            (done, _) => done,
        }
    }
}

/// `desired`, with AWS's defaults for what was taken out of it. Versioning never goes away again: suspended is the nearest to it.
fn with_defaults(prior: &Bucket, desired: &Bucket) -> Bucket {
    let mut wanted = desired.clone();
    reset(prior.encryption.as_ref(), &mut wanted.encryption, Encryption::SseS3);
    reset(prior.versioning.as_ref(), &mut wanted.versioning, Versioning::Suspended);
    wanted
}

/// `None` where AWS says that this was never set.
fn optional<T>(answer: Result<T, HandlerError>) -> Result<Option<T>, HandlerError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_not_set(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
