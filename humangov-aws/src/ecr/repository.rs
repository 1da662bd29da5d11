// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `ecr.repository`.

use crate::{
    error::{Service, classify},
    steps::Steps,
};
use aws_sdk_ecr::{Client, types};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::{join_all, try_join};
use humangov_core::{
    handler::{
        Contents, Cx, Depth, Effect, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Update,
    },
    kind::{
        ecr::{Encryption, ImageTagMutability, LifecyclePolicy, Repository, RepositoryOutputs},
        iam::PolicyDocument,
    },
    tags::Tags,
    value::Input,
};
use std::collections::HashMap;

/// How many names DescribeRepositories takes.
const BATCH: usize = 100;

/// Makes, reads, changes and deletes repositories, with their lifecycle and repository policies.
#[derive(Debug, Clone)]
pub struct RepositoryHandler {
    client: Client,
}

type Described = Result<Option<types::Repository>, HandlerError>;

impl RepositoryHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Up to a hundred repositories by name. Fails if one of them is missing.
    async fn describe(&self, names: &[&str]) -> Result<HashMap<String, types::Repository>, HandlerError> {
        // No maxResults: AWS refuses it beside names.
        let answer = self
            .client
            .describe_repositories()
            .set_repository_names(Some(names.iter().map(|name| (*name).to_owned()).collect()))
            .send()
            .await
            .map_err(failed("DescribeRepositories"))?;
        let repositories = answer.repositories.unwrap_or_default().into_iter();
        Ok(repositories.filter_map(|found| Some((found.repository_name.clone()?, found))).collect())
    }

    async fn describe_one(&self, name: &str) -> Described {
        found(self.describe(&[name]).await).map(|found| found.and_then(|mut found| found.remove(name)))
    }

    /// Each of `names`, in order: in one call a hundred, or one by one where one of the hundred is missing.
    async fn describe_all(&self, names: &[&str]) -> Vec<Described> {
        let mut all = Vec::with_capacity(names.len());
        for batch in names.chunks(BATCH) {
            match self.describe(batch).await {
                Ok(found) => all.extend(batch.iter().map(|name| Ok(found.get(*name).cloned()))),
                Err(missing) if missing.kind() == HandlerErrorKind::NotFound && batch.len() > 1 => {
                    all.extend(join_all(batch.iter().map(|name| self.describe_one(name))).await);
                }
                Err(missing) if missing.kind() == HandlerErrorKind::NotFound => all.push(Ok(None)),
                Err(error) => all.extend(batch.iter().map(|_| Err(error.clone()))),
            }
        }
        all
    }

    /// The rest of what there is to read.
    async fn complete(
        &self,
        described: Described,
        depth: Depth,
    ) -> Result<Option<Live<Repository>>, HandlerError> {
        let Some(repository) = described? else { return Ok(None) };
        let outputs = outputs("DescribeRepositories", &repository)?;
        let mut spec = spec(&repository)?;
        let tags = match depth {
            Depth::Identity => self.tags(outputs.arn.as_str()).await?,
            Depth::Full => {
                let policies = try_join(self.lifecycle(&outputs.name), self.policy(&outputs.name));
                let (tags, (lifecycle, policy)) = try_join(self.tags(outputs.arn.as_str()), policies).await?;
                spec.lifecycle = lifecycle;
                spec.policy = policy;
                tags
            }
        };
        // Without tags it was deleted since it was described.
        let Some(tags) = tags else { return Ok(None) };
        spec.tags = tags.of_user();
        Ok(Some(Live { spec, outputs, tags: Some(tags) }))
    }

    async fn tags(&self, arn: &str) -> Result<Option<Tags>, HandlerError> {
        let answer = self.client.list_tags_for_resource().resource_arn(arn).send().await;
        let answer = found(answer.map_err(failed("ListTagsForResource")))?;
        Ok(answer.map(|answer| answer.tags().iter().map(|tag| (tag.key(), tag.value())).collect()))
    }

    async fn lifecycle(&self, name: &str) -> Result<Option<LifecyclePolicy>, HandlerError> {
        let answer = self.client.get_lifecycle_policy().repository_name(name).send().await;
        let answer = found(answer.map_err(failed("GetLifecyclePolicy")))?;
        let text = answer.as_ref().and_then(|answer| answer.lifecycle_policy_text());
        text.map(|text| text.parse().map_err(|error| unreadable("GetLifecyclePolicy", error))).transpose()
    }

    async fn policy(&self, name: &str) -> Result<Option<PolicyDocument>, HandlerError> {
        let answer = self.client.get_repository_policy().repository_name(name).send().await;
        let answer = found(answer.map_err(failed("GetRepositoryPolicy")))?;
        let text = answer.as_ref().and_then(|answer| answer.policy_text());
        text.map(|text| text.parse().map_err(|error| unreadable("GetRepositoryPolicy", error))).transpose()
    }

    async fn put_lifecycle(&self, name: &str, policy: Option<&LifecyclePolicy>) -> Result<(), HandlerError> {
        if let Some(policy) = policy {
            let text = policy.to_json().to_string();
            let call = self.client.put_lifecycle_policy().repository_name(name).lifecycle_policy_text(text);
            call.send().await.map(drop).map_err(failed("PutLifecyclePolicy"))
        } else {
            let answer = self.client.delete_lifecycle_policy().repository_name(name).send().await;
            found(answer.map_err(failed("DeleteLifecyclePolicy"))).map(drop)
        }
    }

    async fn put_policy(&self, name: &str, policy: Option<&PolicyDocument>) -> Result<(), HandlerError> {
        if let Some(policy) = policy {
            let operation = "SetRepositoryPolicy";
            let text = policy.to_json().ok_or_else(|| {
                HandlerError::new(HandlerErrorKind::Invalid, operation, "a value in the policy is not known")
            })?;
            let call = self.client.set_repository_policy().repository_name(name);
            call.policy_text(text.to_string()).send().await.map(drop).map_err(failed(operation))
        } else {
            let answer = self.client.delete_repository_policy().repository_name(name).send().await;
            found(answer.map_err(failed("DeleteRepositoryPolicy"))).map(drop)
        }
    }
}

impl Handler for RepositoryHandler {
    type Resource = Repository;

    async fn read(&self, at: Lookup<'_, Repository>) -> Result<Option<Live<Repository>>, HandlerError> {
        self.complete(self.describe_one(&at.spec.name).await, at.depth).await
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, Repository>],
    ) -> Vec<Result<Option<Live<Repository>>, HandlerError>> {
        let names: Vec<&str> = at.iter().map(|at| at.spec.name.as_str()).collect();
        let described = self.describe_all(&names).await;
        join_all(described.into_iter().zip(at).map(|(described, at)| self.complete(described, at.depth)))
            .await
    }

    async fn create(&self, cx: &Cx, spec: &Repository) -> Result<RepositoryOutputs, HandlerError> {
        let (mutability, exclusions) = mutability_to_aws(&spec.image_tag_mutability);
        let answer = self
            .client
            .create_repository()
            .repository_name(&spec.name)
            .image_tag_mutability(mutability)
            .set_image_tag_mutability_exclusion_filters(exclusions)
            .encryption_configuration(encryption_to_aws(&spec.encryption))
            .set_tags(Some(to_list(&cx.tags(&spec.tags))))
            .send()
            .await
            .map_err(failed("CreateRepository"))?;
        // From here on the repository is there: whatever fails leaves something behind.
        let left_behind = |error: HandlerError| error.with_effect(Effect::Unknown);
        if spec.lifecycle.is_some() {
            self.put_lifecycle(&spec.name, spec.lifecycle.as_ref()).await.map_err(left_behind)?;
        }
        if spec.policy.is_some() {
            self.put_policy(&spec.name, spec.policy.as_ref()).await.map_err(left_behind)?;
        }
        let repository = answer
            .repository
            .ok_or_else(|| HandlerError::malformed("CreateRepository", "no repository in the answer"))?;
        outputs("CreateRepository", &repository)
    }

    async fn update(
        &self,
        cx: &Cx,
        change: Update<'_, Repository>,
    ) -> Result<RepositoryOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let mut steps = Steps::default();
        if prior.image_tag_mutability != desired.image_tag_mutability {
            let (mutability, exclusions) = mutability_to_aws(&desired.image_tag_mutability);
            let call = self
                .client
                .put_image_tag_mutability()
                .repository_name(&desired.name)
                .image_tag_mutability(mutability)
                .set_image_tag_mutability_exclusion_filters(exclusions);
            steps.next(call.send().await.map_err(failed("PutImageTagMutability")))?;
        }
        if prior.lifecycle != desired.lifecycle {
            steps.next(self.put_lifecycle(&desired.name, desired.lifecycle.as_ref()).await)?;
        }
        if prior.policy != desired.policy {
            steps.next(self.put_policy(&desired.name, desired.policy.as_ref()).await)?;
        }
        let (removed, set) = prior.tags.changes_to(&desired.tags);
        if !removed.is_empty() {
            let call = self.client.untag_resource().resource_arn(outputs.arn.as_str());
            let answer = call.set_tag_keys(Some(removed)).send().await;
            steps.next(answer.map_err(failed("UntagResource")))?;
        }
        if !set.is_empty() {
            let call = self.client.tag_resource().resource_arn(outputs.arn.as_str());
            let answer = call.set_tags(Some(to_list(&cx.tags(&set)))).send().await;
            steps.next(answer.map_err(failed("TagResource")))?;
        }
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Repository>) -> Result<(), HandlerError> {
        let call = self.client.delete_repository().repository_name(&prior.spec.name);
        let answer = call.force(prior.contents == Contents::Purge).send().await;
        match found(answer.map_err(failed("DeleteRepository"))) {
            Err(full) if full.kind() == HandlerErrorKind::NotEmpty => Err(full.with_details(vec![format!(
                "{} holds images: delete them first, or have the repository deleted with its data",
                prior.spec.name
            )])),
            answer => answer.map(drop),
        }
    }
}

/// Classifies the errors of `operation`.
fn failed<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> HandlerError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| classify(Service::Ecr, operation, error)
}

/// The answer, or `None` if there is nothing of that name.
fn found<T>(answer: Result<T, HandlerError>) -> Result<Option<T>, HandlerError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(gone) if gone.kind() == HandlerErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(
    operation: &'static str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> HandlerError {
    HandlerError::new(HandlerErrorKind::Malformed, operation, error.to_string()).with_source(error)
}

fn outputs(
    operation: &'static str,
    repository: &types::Repository,
) -> Result<RepositoryOutputs, HandlerError> {
    let arn = repository.repository_arn().unwrap_or_default().parse();
    let arn = arn.map_err(|error| HandlerError::malformed(operation, "no ARN").with_source(error))?;
    let (Some(name), Some(uri)) = (repository.repository_name(), repository.repository_uri()) else {
        return Err(HandlerError::malformed(operation, "no name or no URI"));
    };
    Ok(RepositoryOutputs { arn, name: name.to_owned(), uri: uri.to_owned() })
}

/// The repository as DescribeRepositories tells it: without policies and tags.
fn spec(repository: &types::Repository) -> Result<Repository, HandlerError> {
    Ok(Repository::builder()
        .name(repository.repository_name().unwrap_or_default())
        .image_tag_mutability(mutability_from_aws(repository)?)
        .encryption(encryption_from_aws(repository.encryption_configuration())?)
        .build())
}

fn mutability_to_aws(
    of: &ImageTagMutability,
) -> (types::ImageTagMutability, Option<Vec<types::ImageTagMutabilityExclusionFilter>>) {
    let filters = |patterns: &[String]| {
        let filter = |pattern: &String| {
            types::ImageTagMutabilityExclusionFilter::builder()
                .filter_type(types::ImageTagMutabilityExclusionFilterType::Wildcard)
                .filter(pattern)
                .build()
                .expect("it has a type and a pattern")
        };
        Some(patterns.iter().map(filter).collect())
    };
    match of {
        ImageTagMutability::Mutable => (types::ImageTagMutability::Mutable, None),
        ImageTagMutability::Immutable => (types::ImageTagMutability::Immutable, None),
        ImageTagMutability::MutableWithExclusion(patterns) => {
            (types::ImageTagMutability::MutableWithExclusion, filters(patterns))
        }
        ImageTagMutability::ImmutableWithExclusion(patterns) => {
            (types::ImageTagMutability::ImmutableWithExclusion, filters(patterns))
        }
    }
}

fn mutability_from_aws(repository: &types::Repository) -> Result<ImageTagMutability, HandlerError> {
    let patterns = || {
        let filters = repository.image_tag_mutability_exclusion_filters().iter();
        filters.map(|filter| filter.filter().to_owned()).collect()
    };
    match repository.image_tag_mutability() {
        None | Some(types::ImageTagMutability::Mutable) => Ok(ImageTagMutability::Mutable),
        Some(types::ImageTagMutability::Immutable) => Ok(ImageTagMutability::Immutable),
        Some(types::ImageTagMutability::MutableWithExclusion) => {
            Ok(ImageTagMutability::MutableWithExclusion(patterns()))
        }
        Some(types::ImageTagMutability::ImmutableWithExclusion) => {
            Ok(ImageTagMutability::ImmutableWithExclusion(patterns()))
        }
        Some(other) => Err(unknown("tag mutability", other.as_str())),
    }
}

fn encryption_to_aws(of: &Encryption) -> types::EncryptionConfiguration {
    let (encryption_type, key) = match of {
        Encryption::Aes256 => (types::EncryptionType::Aes256, None),
        Encryption::Kms { key } => (types::EncryptionType::Kms, key.as_ref()),
        Encryption::KmsDsse { key } => (types::EncryptionType::KmsDsse, key.as_ref()),
    };
    types::EncryptionConfiguration::builder()
        .encryption_type(encryption_type)
        .set_kms_key(key.map(|key| key.text().to_owned()))
        .build()
        .expect("it has a type")
}

fn encryption_from_aws(of: Option<&types::EncryptionConfiguration>) -> Result<Encryption, HandlerError> {
    let Some(of) = of else { return Ok(Encryption::Aes256) };
    let key = of.kms_key().map(|key| Input::Known(key.to_owned()));
    match of.encryption_type() {
        types::EncryptionType::Aes256 => Ok(Encryption::Aes256),
        types::EncryptionType::Kms => Ok(Encryption::Kms { key }),
        types::EncryptionType::KmsDsse => Ok(Encryption::KmsDsse { key }),
        other => Err(unknown("encryption", other.as_str())),
    }
}

fn unknown(what: &str, value: &str) -> HandlerError {
    let message = format!("the {what} {value} is not known to this version");
    HandlerError::new(HandlerErrorKind::Malformed, "DescribeRepositories", message)
}

fn to_list(tags: &Tags) -> Vec<types::Tag> {
    let tag = |(key, value)| types::Tag::builder().key(key).value(value).build();
    tags.iter().map(|tag_of| tag(tag_of).expect("it has a key and a value")).collect()
}

#[cfg(test)]
mod tests;
