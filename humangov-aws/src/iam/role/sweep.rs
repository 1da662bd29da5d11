// SPDX-License-Identifier: MIT OR Apache-2.0
//! All roles of an account in a few calls.

use super::{RoleHandler, boundary, description, document, failed, from_list, max_session_duration, outputs};
use aws_sdk_iam::types;
use futures_util::future::try_join;
use humangov_core::{
    handler::{Depth, HandlerError, Live, Lookup},
    kind::iam::Role,
    resource::Resource,
};
use std::collections::{HashMap, HashSet};

/// From how many roles on the whole account is swept.
const FEWEST: usize = 2;
/// The greatest page of GetAccountAuthorizationDetails and ListRoles.
const PAGE: i32 = 1_000;

impl RoleHandler {
    /// The roles asked for, by name, as the account's listings tell them; `None` if they are too few to list the account for.
    pub(super) async fn sweep(
        &self,
        at: &[Lookup<'_, Role>],
    ) -> Result<Option<HashMap<String, Live<Role>>>, HandlerError> {
        if at.iter().filter(|at| at.depth == Depth::Full).count() < FEWEST {
            return Ok(None);
        }
        let names: HashSet<&str> = at.iter().map(|at| at.spec.name.as_str()).collect();
        let mut paths = at.iter().map(|at| at.spec.path.as_str());
        let path = paths.next().filter(|first| paths.all(|path| path == *first)).unwrap_or("/");
        let (details, settings) = try_join(self.details(&names), self.settings(path)).await?;
        let mut found = HashMap::with_capacity(details.len());
        for detail in details {
            let mut live = live(&detail)?;
            // Only ListRoles tells these, and only GetAccountAuthorizationDetails all else.
            if let Some(role) = settings.get(&live.spec.name) {
                live.spec.description = description(role);
                live.spec.max_session_duration = max_session_duration(role);
            }
            found.insert(live.spec.name.clone(), live);
        }
        Ok(Some(found))
    }

    async fn details(&self, names: &HashSet<&str>) -> Result<Vec<types::RoleDetail>, HandlerError> {
        let call = self.client.get_account_authorization_details().filter(types::EntityType::Role);
        let mut pages = call.into_paginator().page_size(PAGE).send();
        let mut details = Vec::with_capacity(names.len());
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("GetAccountAuthorizationDetails"))?;
            let roles = page.role_detail_list.unwrap_or_default().into_iter();
            details.extend(roles.filter(|role| role.role_name().is_some_and(|name| names.contains(name))));
        }
        Ok(details)
    }

    async fn settings(&self, path: &str) -> Result<HashMap<String, types::Role>, HandlerError> {
        let mut pages = self.client.list_roles().path_prefix(path).into_paginator().page_size(PAGE).send();
        let mut settings = HashMap::new();
        while let Some(page) = pages.next().await {
            let roles = page.map_err(failed("ListRoles"))?.roles;
            settings.extend(roles.into_iter().map(|role| (role.role_name().to_owned(), role)));
        }
        Ok(settings)
    }
}

/// Whether what was found is what is asked for, as far as that says.
pub(super) fn agrees(asked: &Role, found: &Role) -> bool {
    let (mut asked, mut found) = (asked.clone(), found.clone());
    asked.normalize();
    found.normalize();
    // What is left to AWS is not compared.
    asked.description = asked.description.or_else(|| found.description.clone());
    asked.max_session_duration = asked.max_session_duration.or(found.max_session_duration);
    asked.permissions_boundary = asked.permissions_boundary.or_else(|| found.permissions_boundary.clone());
    asked == found
}

fn live(detail: &types::RoleDetail) -> Result<Live<Role>, HandlerError> {
    const OPERATION: &str = "GetAccountAuthorizationDetails";
    let tags = from_list(detail.tags());
    let name = detail.role_name().unwrap_or_default();
    let trust = detail.assume_role_policy_document().unwrap_or_default();
    let mut spec = Role::builder()
        .name(name)
        .path(detail.path().unwrap_or_default())
        .trust(document(OPERATION, trust)?)
        .tags(tags.of_user())
        .build();
    for policy in detail.role_policy_list() {
        let document = document(OPERATION, policy.policy_document().unwrap_or_default())?;
        spec.inline_policies.insert(policy.policy_name().unwrap_or_default().to_owned(), document);
    }
    let attached = detail.attached_managed_policies().iter();
    spec.managed_policies = attached.filter_map(|policy| policy.policy_arn().map(str::to_owned)).collect();
    spec.permissions_boundary = boundary(detail.permissions_boundary());
    let outputs = outputs(OPERATION, detail.arn().unwrap_or_default(), name)?;
    Ok(Live { spec, outputs, tags: Some(tags) })
}
