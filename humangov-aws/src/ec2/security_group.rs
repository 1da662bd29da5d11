// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `ec2.security_group`.

mod convert;
#[cfg(test)]
mod tests;

use crate::error::{Service, classify};
use aws_sdk_ec2::{Client, types};
use convert::Rules;
use futures_util::future::join_all;
use humangov_core::{
    handler::{Cx, Effect, Handler, HandlerError, HandlerErrorKind as Kind, Live, Lookup, Prior, Update},
    kind::ec2::{EgressRule, IpPermission, SecurityGroup, SecurityGroupOutputs},
    tags::Tags,
};
use std::collections::BTreeMap;

/// The most values that a filter takes (DescribeSecurityGroups, `Filters`).
const NAMES_PER_CALL: usize = 200;

/// Makes, reads, changes and deletes security groups. Groups of one VPC are read together, tags and rules and all.
#[derive(Debug, Clone)]
pub struct SecurityGroupHandler {
    client: Client,
}

/// Which way traffic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

impl SecurityGroupHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The groups of these names in a VPC, those that are there.
    async fn find(&self, vpc_id: &str, names: &[&str]) -> Result<Vec<types::SecurityGroup>, HandlerError> {
        // A filter takes `*` and `?` for others, unless told not to.
        let exact = |name: &&str| name.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
        let names = types::Filter::builder()
            .name("group-name")
            .set_values(Some(names.iter().map(exact).collect()))
            .build();
        let vpc = types::Filter::builder().name("vpc-id").values(vpc_id).build();
        let request = self.client.describe_security_groups().filters(vpc).filters(names);
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| classify(Service::Ec2, "DescribeSecurityGroups", error))?;
            found.extend(page.security_groups.unwrap_or_default());
        }
        Ok(found)
    }

    /// The group of this id.
    async fn get(&self, id: &str) -> Result<types::SecurityGroup, HandlerError> {
        let answer = self.client.describe_security_groups().group_ids(id).send().await;
        let answer = answer.map_err(|error| classify(Service::Ec2, "DescribeSecurityGroups", error))?;
        answer.security_groups.unwrap_or_default().into_iter().next().ok_or_else(|| {
            HandlerError::new(Kind::NotFound, "DescribeSecurityGroups", format!("group {id} is not listed"))
        })
    }

    async fn authorize(
        &self,
        direction: Direction,
        id: &str,
        rules: &[IpPermission],
    ) -> Result<(), HandlerError> {
        let rules = Some(convert::permissions(id, rules));
        let answer = match direction {
            Direction::In => {
                let request = self.client.authorize_security_group_ingress().group_id(id);
                let answer = request.set_ip_permissions(rules).send().await.map(drop);
                answer.map_err(|error| classify(Service::Ec2, "AuthorizeSecurityGroupIngress", error))
            }
            Direction::Out => {
                let request = self.client.authorize_security_group_egress().group_id(id);
                let answer = request.set_ip_permissions(rules).send().await.map(drop);
                answer.map_err(|error| classify(Service::Ec2, "AuthorizeSecurityGroupEgress", error))
            }
        };
        answer.map_err(|error| match error.kind() {
            // This group, or one that a rule refers to, was made a moment ago and is not known everywhere yet.
            Kind::NotFound => error.with_kind(Kind::NotYet),
            _ => error,
        })
    }

    async fn revoke(
        &self,
        direction: Direction,
        id: &str,
        rules: &[IpPermission],
    ) -> Result<(), HandlerError> {
        let rules = Some(convert::permissions(id, rules));
        match direction {
            Direction::In => {
                let request = self.client.revoke_security_group_ingress().group_id(id);
                let answer = request.set_ip_permissions(rules).send().await.map(drop);
                answer.map_err(|error| classify(Service::Ec2, "RevokeSecurityGroupIngress", error))
            }
            Direction::Out => {
                let request = self.client.revoke_security_group_egress().group_id(id);
                let answer = request.set_ip_permissions(rules).send().await.map(drop);
                answer.map_err(|error| classify(Service::Ec2, "RevokeSecurityGroupEgress", error))
            }
        }
    }

    async fn describe_rules(
        &self,
        direction: Direction,
        id: &str,
        rules: &[IpPermission],
    ) -> Result<(), HandlerError> {
        let rules = Some(convert::permissions(id, rules));
        match direction {
            Direction::In => {
                let request = self.client.update_security_group_rule_descriptions_ingress().group_id(id);
                let answer = request.set_ip_permissions(rules).send().await.map(drop);
                answer.map_err(|e| classify(Service::Ec2, "UpdateSecurityGroupRuleDescriptionsIngress", e))
            }
            Direction::Out => {
                let request = self.client.update_security_group_rule_descriptions_egress().group_id(id);
                let answer = request.set_ip_permissions(rules).send().await.map(drop);
                answer.map_err(|e| classify(Service::Ec2, "UpdateSecurityGroupRuleDescriptionsEgress", e))
            }
        }
    }

    async fn rules(&self, direction: Direction, id: &str) -> Result<Vec<IpPermission>, HandlerError> {
        let group = self.get(id).await?;
        Ok(match direction {
            Direction::In => convert::rules(id, group.ip_permissions()),
            Direction::Out => convert::rules(id, group.ip_permissions_egress()),
        })
    }

    /// Brings the rules from what they are to what they should be: new ones first, so that what both allow is never cut off.
    async fn sync(
        &self,
        direction: Direction,
        id: &str,
        now: &[IpPermission],
        wanted: &[IpPermission],
    ) -> Result<(), HandlerError> {
        let mut rules = Rules::between(now, wanted);
        if !rules.added.is_empty() {
            match self.authorize(direction, id, &rules.added).await {
                // One rule that is there already fails the whole call, so what is there now is asked for.
                Err(error) if error.kind() == Kind::AlreadyExists => {
                    rules = Rules::between(&self.rules(direction, id).await?, wanted);
                    if !rules.added.is_empty() {
                        self.authorize(direction, id, &rules.added).await?;
                    }
                }
                done => done?,
            }
        }
        if !rules.described.is_empty() {
            self.describe_rules(direction, id, &rules.described).await.map_err(unknown)?;
        }
        if !rules.removed.is_empty() {
            match self.revoke(direction, id, &rules.removed).await {
                // Likewise for one that is gone already.
                Err(error) if error.kind() == Kind::NotFound => {
                    let now = self.rules(direction, id).await.map_err(unknown)?;
                    let removed = Rules::between(&now, wanted).removed;
                    if !removed.is_empty() {
                        self.revoke(direction, id, &removed).await.map_err(unknown)?;
                    }
                }
                done => done.map_err(unknown)?,
            }
        }
        Ok(())
    }

    /// The rules of a group that was just made, which lets nothing in and everything out.
    async fn settle(&self, id: &str, spec: &SecurityGroup) -> Result<(), HandlerError> {
        let ingress = convert::canonical(&spec.ingress);
        if !ingress.is_empty() {
            self.sync(Direction::In, id, &[], &ingress).await?;
        }
        let egress = convert::canonical(&spec.egress);
        if egress != [EgressRule::default_of_aws().permission().clone()] {
            // In a VPC with IPv6 AWS lets that out as well.
            let now = self.rules(Direction::Out, id).await?;
            self.sync(Direction::Out, id, &now, &egress).await?;
        }
        Ok(())
    }

    async fn put_tags(&self, cx: &Cx, id: &str, prior: &Tags, desired: &Tags) -> Result<(), HandlerError> {
        let (removed, set) = prior.changes_to(desired);
        if !removed.is_empty() {
            let tags = removed.into_iter().map(|key| types::Tag::builder().key(key).build()).collect();
            let request = self.client.delete_tags().resources(id).set_tags(Some(tags));
            request.send().await.map_err(|error| classify(Service::Ec2, "DeleteTags", error))?;
        }
        if !set.is_empty() {
            let request =
                self.client.create_tags().resources(id).set_tags(Some(convert::tags(&cx.tags(&set))));
            request.send().await.map_err(|error| classify(Service::Ec2, "CreateTags", error))?;
        }
        Ok(())
    }
}

impl Handler for SecurityGroupHandler {
    type Resource = SecurityGroup;

    async fn read(&self, at: Lookup<'_, SecurityGroup>) -> Result<Option<Live<SecurityGroup>>, HandlerError> {
        let Some(vpc_id) = vpc_of(&at) else { return Ok(None) };
        let found = self.find(vpc_id, &[&at.spec.name]).await?;
        convert::pick(&found, vpc_id, at.spec).transpose()
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, SecurityGroup>],
    ) -> Vec<Result<Option<Live<SecurityGroup>>, HandlerError>> {
        let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for at in at {
            if let Some(vpc_id) = vpc_of(at) {
                names.entry(vpc_id).or_default().push(&at.spec.name);
            }
        }
        names.values_mut().for_each(|names| {
            names.sort_unstable();
            names.dedup();
        });
        let calls = names.iter().flat_map(|(vpc_id, names)| {
            names
                .chunks(NAMES_PER_CALL)
                .map(move |names| async move { (*vpc_id, names, self.find(vpc_id, names).await) })
        });
        let answers = join_all(calls).await;
        at.iter()
            .map(|at| {
                let Some(vpc_id) = vpc_of(at) else { return Ok(None) };
                let asked = |(vpc, names, _): &&(&str, &[&str], _)| {
                    *vpc == vpc_id && names.contains(&at.spec.name.as_str())
                };
                match answers.iter().find(asked) {
                    Some((_, _, Ok(found))) => convert::pick(found, vpc_id, at.spec).transpose(),
                    Some((_, _, Err(error))) => Err(error.clone()),
                    None => Ok(None),
                }
            })
            .collect()
    }

    async fn create(&self, cx: &Cx, spec: &SecurityGroup) -> Result<SecurityGroupOutputs, HandlerError> {
        let tags = types::TagSpecification::builder()
            .resource_type(types::ResourceType::SecurityGroup)
            .set_tags(Some(convert::tags(&cx.tags(&spec.tags))))
            .build();
        let answer = self
            .client
            .create_security_group()
            .group_name(&spec.name)
            .description(&spec.description)
            .vpc_id(spec.vpc_id.text())
            .tag_specifications(tags)
            .send()
            .await
            .map_err(|error| classify(Service::Ec2, "CreateSecurityGroup", error))?;
        let id =
            answer.group_id.ok_or_else(|| HandlerError::malformed("CreateSecurityGroup", "no group id"))?;
        self.settle(&id, spec).await.map_err(unknown)?;
        Ok(SecurityGroupOutputs { id, name: spec.name.clone(), vpc_id: spec.vpc_id.text().to_owned() })
    }

    async fn update(
        &self,
        cx: &Cx,
        change: Update<'_, SecurityGroup>,
    ) -> Result<SecurityGroupOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let id = &outputs.id;
        let directions = [
            (Direction::In, convert::canonical(&prior.ingress), convert::canonical(&desired.ingress)),
            (Direction::Out, convert::canonical(&prior.egress), convert::canonical(&desired.egress)),
        ];
        for (direction, prior, desired) in &directions {
            self.sync(*direction, id, prior, desired).await?;
        }
        self.put_tags(cx, id, &prior.tags, &desired.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, SecurityGroup>) -> Result<(), HandlerError> {
        match self.client.delete_security_group().group_id(&prior.outputs.id).send().await {
            Ok(_) => Ok(()),
            Err(error) => match classify(Service::Ec2, "DeleteSecurityGroup", error) {
                gone if gone.kind() == Kind::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }
}

/// The VPC to look in: as declared, or as recorded. `None`: it does not exist yet, and neither does a group in it.
fn vpc_of<'a>(at: &Lookup<'a, SecurityGroup>) -> Option<&'a str> {
    let recorded = at.outputs.map(|outputs| &outputs.vpc_id);
    at.spec.vpc_id.known().or(recorded).map(String::as_str)
}

fn unknown(error: HandlerError) -> HandlerError {
    error.with_effect(Effect::Unknown)
}
