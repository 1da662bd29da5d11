// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `iam.role`.

mod sweep;

use crate::{
    error::{Service, classify},
    steps::Steps,
};
use aws_sdk_iam::{Client, types};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::{join_all, try_join, try_join_all};
use humangov_core::{
    handler::{Cx, Depth, Effect, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Update},
    kind::iam::{PolicyDocument, Role, RoleOutputs},
    tags::Tags,
};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// What a session may last where nobody said, in seconds (CreateRole, `MaxSessionDuration`).
const DEFAULT_SESSION: u32 = 3_600;

/// Makes, reads, changes and deletes roles, with their inline policies and what is attached to them.
#[derive(Debug, Clone)]
pub struct RoleHandler {
    client: Client,
}

impl RoleHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn get(&self, name: &str) -> Result<Option<types::Role>, HandlerError> {
        match self.client.get_role().role_name(name).send().await.map_err(failed("GetRole")) {
            Ok(answer) => answer
                .role
                .map(Some)
                .ok_or_else(|| HandlerError::malformed("GetRole", "no role in the answer")),
            Err(gone) if gone.kind() == HandlerErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn attached(&self, role: &str) -> Result<Vec<String>, HandlerError> {
        let mut arns = Vec::new();
        let mut pages = self.client.list_attached_role_policies().role_name(role).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("ListAttachedRolePolicies"))?;
            let policies = page.attached_policies.unwrap_or_default();
            arns.extend(policies.into_iter().filter_map(|policy| policy.policy_arn));
        }
        Ok(arns)
    }

    async fn inline_names(&self, role: &str) -> Result<Vec<String>, HandlerError> {
        let mut names = Vec::new();
        let mut pages = self.client.list_role_policies().role_name(role).into_paginator().send();
        while let Some(page) = pages.next().await {
            names.extend(page.map_err(failed("ListRolePolicies"))?.policy_names);
        }
        Ok(names)
    }

    async fn inline(&self, role: &str) -> Result<BTreeMap<String, PolicyDocument>, HandlerError> {
        let names = self.inline_names(role).await?;
        let documents = names.into_iter().map(|name| async {
            let answer = self.client.get_role_policy().role_name(role).policy_name(&name).send().await;
            let answer = answer.map_err(failed("GetRolePolicy")).map_err(|error| match error.kind() {
                // Gone since it was listed: the role is there, and a second look will agree with itself.
                HandlerErrorKind::NotFound => error.with_kind(HandlerErrorKind::Transient),
                _ => error,
            })?;
            Ok((name, document("GetRolePolicy", answer.policy_document())?))
        });
        Ok(try_join_all(documents).await?.into_iter().collect())
    }

    async fn put_inline(
        &self,
        role: &str,
        name: &str,
        document: &PolicyDocument,
    ) -> Result<(), HandlerError> {
        self.client
            .put_role_policy()
            .role_name(role)
            .policy_name(name)
            .policy_document(text("PutRolePolicy", document)?)
            .send()
            .await
            .map(drop)
            .map_err(failed("PutRolePolicy"))
    }

    async fn attach(&self, role: &str, arn: &str) -> Result<(), HandlerError> {
        self.client
            .attach_role_policy()
            .role_name(role)
            .policy_arn(arn)
            .send()
            .await
            .map(drop)
            .map_err(failed("AttachRolePolicy"))
            .map_err(|error| match error.kind() {
                // One code for both: a role that is not to be found yet, and a policy that there is not.
                HandlerErrorKind::NotFound if error.to_string().contains(arn) => {
                    error.with_kind(HandlerErrorKind::Invalid)
                }
                _ => error,
            })
    }

    async fn delete_inline(&self, role: &str, name: &str) -> Result<(), HandlerError> {
        let answer = self.client.delete_role_policy().role_name(role).policy_name(name).send().await;
        gone_is_fine(answer.map(drop).map_err(failed("DeleteRolePolicy")))
    }

    async fn detach(&self, role: &str, arn: &str) -> Result<(), HandlerError> {
        let answer = self.client.detach_role_policy().role_name(role).policy_arn(arn).send().await;
        gone_is_fine(answer.map(drop).map_err(failed("DetachRolePolicy")))
    }

    async fn put_boundary(&self, role: &str, boundary: Option<&str>) -> Result<(), HandlerError> {
        if let Some(arn) = boundary {
            let call = self.client.put_role_permissions_boundary().role_name(role).permissions_boundary(arn);
            call.send().await.map(drop).map_err(failed("PutRolePermissionsBoundary"))
        } else {
            let answer = self.client.delete_role_permissions_boundary().role_name(role).send().await;
            gone_is_fine(answer.map(drop).map_err(failed("DeleteRolePermissionsBoundary")))
        }
    }

    async fn put_trust(&self, role: &str, trust: &PolicyDocument) -> Result<(), HandlerError> {
        self.client
            .update_assume_role_policy()
            .role_name(role)
            .policy_document(text("UpdateAssumeRolePolicy", trust)?)
            .send()
            .await
            .map(drop)
            .map_err(failed("UpdateAssumeRolePolicy"))
    }

    /// Both settings at once: UpdateRole resets the session's duration when it is left out.
    async fn put_settings(&self, role: &Role) -> Result<(), HandlerError> {
        self.client
            .update_role()
            .role_name(&role.name)
            .description(role.description.as_deref().unwrap_or_default())
            .max_session_duration(seconds(session(role)))
            .send()
            .await
            .map(drop)
            .map_err(failed("UpdateRole"))
    }

    async fn change_tags(
        &self,
        cx: &Cx,
        steps: &mut Steps,
        prior: &Role,
        desired: &Role,
    ) -> Result<(), HandlerError> {
        let (removed, set) = prior.tags.changes_to(&desired.tags);
        if !removed.is_empty() {
            let call = self.client.untag_role().role_name(&desired.name).set_tag_keys(Some(removed));
            steps.next(call.send().await.map_err(failed("UntagRole")))?;
        }
        if !set.is_empty() {
            let call =
                self.client.tag_role().role_name(&desired.name).set_tags(Some(to_list(&cx.tags(&set))));
            steps.next(call.send().await.map_err(failed("TagRole")))?;
        }
        Ok(())
    }
}

impl Handler for RoleHandler {
    type Resource = Role;

    async fn read(&self, at: Lookup<'_, Role>) -> Result<Option<Live<Role>>, HandlerError> {
        let name = &at.spec.name;
        let Some(role) = self.get(name).await? else { return Ok(None) };
        let mut live = live(&role)?;
        if at.depth == Depth::Full {
            match try_join(self.inline(name), self.attached(name)).await {
                Ok((inline, attached)) => {
                    live.spec.inline_policies = inline;
                    live.spec.managed_policies = attached;
                }
                Err(gone) if gone.kind() == HandlerErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(live))
    }

    /// One sweep over the account tells of all roles at once, where one by one they take four calls each.
    async fn read_many(&self, at: &[Lookup<'_, Role>]) -> Vec<Result<Option<Live<Role>>, HandlerError>> {
        let found = match self.sweep(at).await {
            Ok(found) => found,
            Err(error) if error.kind().is_retryable() => return vec![Err(error); at.len()],
            // Not every deployer may look at the whole account: then each role is asked for.
            Err(_) => None,
        };
        join_all(at.iter().map(|at| async {
            let Some(found) = &found else { return self.read(*at).await };
            match found.get(&at.spec.name) {
                Some(live) if at.depth == Depth::Identity || sweep::agrees(at.spec, &live.spec) => {
                    Ok(Some(live.clone()))
                }
                None if at.outputs.is_none() => Ok(None),
                // The sweep lags behind changes: what it contradicts is looked at again, one by one.
                _ => self.read(*at).await,
            }
        }))
        .await
    }

    async fn create(&self, cx: &Cx, spec: &Role) -> Result<RoleOutputs, HandlerError> {
        let answer = self
            .client
            .create_role()
            .role_name(&spec.name)
            .path(&spec.path)
            .assume_role_policy_document(text("CreateRole", &spec.trust)?)
            .set_description(spec.description.clone())
            .set_max_session_duration(spec.max_session_duration.map(seconds))
            .set_permissions_boundary(spec.permissions_boundary.clone())
            .set_tags(Some(to_list(&cx.tags(&spec.tags))))
            .send()
            .await
            .map_err(failed("CreateRole"))?;
        // From here on the role is there: whatever fails leaves something behind.
        let left_behind = |error: HandlerError| error.with_effect(Effect::Unknown);
        for arn in &spec.managed_policies {
            self.attach(&spec.name, arn).await.map_err(left_behind)?;
        }
        for (name, document) in &spec.inline_policies {
            self.put_inline(&spec.name, name, document).await.map_err(left_behind)?;
        }
        let role =
            answer.role.ok_or_else(|| HandlerError::malformed("CreateRole", "no role in the answer"))?;
        outputs("CreateRole", &role.arn, &role.role_name)
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Role>) -> Result<RoleOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let role = &desired.name;
        let mut steps = Steps::default();
        if prior.trust != desired.trust {
            steps.next(self.put_trust(role, &desired.trust).await)?;
        }
        if prior.description.as_deref().unwrap_or_default()
            != desired.description.as_deref().unwrap_or_default()
            || session(prior) != session(desired)
        {
            steps.next(self.put_settings(desired).await)?;
        }
        if prior.permissions_boundary != desired.permissions_boundary {
            let boundary = desired.permissions_boundary.as_deref();
            steps.next(self.put_boundary(role, boundary).await)?;
        }
        // What is granted anew comes first, so that nothing is missing in between to who uses the role now.
        for arn in desired.managed_policies.iter().filter(|arn| !prior.managed_policies.contains(arn)) {
            steps.next(self.attach(role, arn).await)?;
        }
        for (name, document) in &desired.inline_policies {
            if prior.inline_policies.get(name) != Some(document) {
                steps.next(self.put_inline(role, name, document).await)?;
            }
        }
        for arn in prior.managed_policies.iter().filter(|arn| !desired.managed_policies.contains(arn)) {
            steps.next(self.detach(role, arn).await)?;
        }
        for name in prior.inline_policies.keys().filter(|name| !desired.inline_policies.contains_key(*name)) {
            steps.next(self.delete_inline(role, name).await)?;
        }
        self.change_tags(cx, &mut steps, prior, desired).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Role>) -> Result<(), HandlerError> {
        let role = &prior.spec.name;
        // What is there now counts, not what we gave it: anything left on the role keeps it from being deleted.
        let (attached, inline) = match try_join(self.attached(role), self.inline_names(role)).await {
            Err(gone) if gone.kind() == HandlerErrorKind::NotFound => return Ok(()),
            both => both?,
        };
        let mut steps = Steps::default();
        for arn in attached {
            steps.next(self.detach(role, &arn).await)?;
        }
        for name in inline {
            steps.next(self.delete_inline(role, &name).await)?;
        }
        let answer = self.client.delete_role().role_name(role).send().await;
        steps.next(gone_is_fine(answer.map(drop).map_err(failed("DeleteRole"))))
    }
}

/// Classifies the errors of `operation`.
fn failed<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> HandlerError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| classify(Service::Iam, operation, error)
}

fn gone_is_fine(answer: Result<(), HandlerError>) -> Result<(), HandlerError> {
    match answer {
        Err(gone) if gone.kind() == HandlerErrorKind::NotFound => Ok(()),
        answer => answer,
    }
}

fn outputs(operation: &'static str, arn: &str, name: &str) -> Result<RoleOutputs, HandlerError> {
    let arn = arn.parse().map_err(|error| HandlerError::malformed(operation, "no ARN").with_source(error))?;
    Ok(RoleOutputs { arn, name: name.to_owned() })
}

/// The role as GetRole tells it: without its policies.
fn live(role: &types::Role) -> Result<Live<Role>, HandlerError> {
    let trust = role.assume_role_policy_document().unwrap_or_default();
    let tags = from_list(role.tags());
    let mut spec = Role::builder()
        .name(role.role_name())
        .path(role.path())
        .trust(document("GetRole", trust)?)
        .tags(tags.of_user())
        .build();
    spec.description = description(role);
    spec.max_session_duration = max_session_duration(role);
    spec.permissions_boundary = boundary(role.permissions_boundary());
    let outputs = outputs("GetRole", role.arn(), role.role_name())?;
    Ok(Live { spec, outputs, tags: Some(tags) })
}

fn description(role: &types::Role) -> Option<String> {
    role.description().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn max_session_duration(role: &types::Role) -> Option<u32> {
    role.max_session_duration().and_then(|seconds| u32::try_from(seconds).ok())
}

fn boundary(boundary: Option<&types::AttachedPermissionsBoundary>) -> Option<String> {
    boundary?.permissions_boundary_arn().map(str::to_owned)
}

/// A document as IAM answers it: percent-encoded JSON.
fn document(operation: &'static str, encoded: &str) -> Result<PolicyDocument, HandlerError> {
    let wrong = |message: String| HandlerError::malformed(operation, message).with_effect(Effect::None);
    let json = percent_decode_str(encoded).decode_utf8();
    let json = json.map_err(|error| wrong("a policy is not UTF-8".to_owned()).with_source(error))?;
    json.parse().map_err(|error| wrong("a policy cannot be read".to_owned()).with_source(error))
}

fn text(operation: &'static str, document: &PolicyDocument) -> Result<String, HandlerError> {
    let unknown =
        || HandlerError::new(HandlerErrorKind::Invalid, operation, "a value in a policy is not known");
    document.to_json().map(|json| json.to_string()).ok_or_else(unknown)
}

fn session(role: &Role) -> u32 {
    role.max_session_duration.unwrap_or(DEFAULT_SESSION)
}

fn seconds(duration: u32) -> i32 {
    i32::try_from(duration).unwrap_or(i32::MAX)
}

fn to_list(tags: &Tags) -> Vec<types::Tag> {
    let tag = |(key, value)| types::Tag::builder().key(key).value(value).build();
    tags.iter().map(|tag_of| tag(tag_of).expect("it has a key and a value")).collect()
}

fn from_list(tags: &[types::Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

#[cfg(test)]
mod tests;
