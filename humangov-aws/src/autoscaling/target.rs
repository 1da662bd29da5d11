// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `autoscaling.target`.

use crate::{
    error::{Service, classify},
    reset::reset,
};
use aws_sdk_applicationautoscaling::{
    Client,
    types::{self, MetricType, PolicyType, ScalableDimension::EcsServiceDesiredCount, ServiceNamespace::Ecs},
};
use futures_util::future::join_all;
use humangov_core::{
    handler::{Cx, Depth, Effect, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Update},
    kind::autoscaling::{Metric, ScalableTarget, ScalableTargetOutputs, TargetTracking},
    tags::Tags,
};
use std::collections::{BTreeMap, HashMap};

/// The most targets one DescribeScalableTargets takes.
const BATCH: usize = 50;

/// How long ECS services wait between two steps of scaling where a policy does not say, in seconds.
const DEFAULT_COOLDOWN: u32 = 300;

/// Makes, reads, changes and deletes scalable targets and their policies.
#[derive(Debug, Clone)]
pub struct ScalableTargetHandler {
    client: Client,
}

impl ScalableTargetHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Those of these targets that exist.
    async fn describe(&self, ids: &[String]) -> Result<Vec<types::ScalableTarget>, HandlerError> {
        let mut pages = self
            .client
            .describe_scalable_targets()
            .service_namespace(Ecs)
            .scalable_dimension(EcsServiceDesiredCount)
            .set_resource_ids(Some(ids.to_vec()))
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| classify(Service::AutoScaling, "DescribeScalableTargets", error))?;
            found.extend(page.scalable_targets.unwrap_or_default());
        }
        Ok(found)
    }

    /// The policies of a target, by name. One that [`TargetTracking`] cannot express is left out: wanted, it is put again; not
    /// wanted, it is somebody else's.
    async fn policies(&self, id: &str) -> Result<BTreeMap<String, TargetTracking>, HandlerError> {
        let mut pages = self
            .client
            .describe_scaling_policies()
            .service_namespace(Ecs)
            .scalable_dimension(EcsServiceDesiredCount)
            .resource_id(id)
            .into_paginator()
            .send();
        let mut found = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| classify(Service::AutoScaling, "DescribeScalingPolicies", error))?;
            let policies = page.scaling_policies.unwrap_or_default();
            found.extend(policies.iter().filter_map(|p| Some((p.policy_name.clone(), from_policy(p)?))));
        }
        Ok(found)
    }

    async fn live(
        &self,
        at: Lookup<'_, ScalableTarget>,
        target: &types::ScalableTarget,
    ) -> Result<Live<ScalableTarget>, HandlerError> {
        let id = target.resource_id();
        let Some((cluster, service)) = id.strip_prefix("service/").and_then(|rest| rest.split_once('/'))
        else {
            return Err(HandlerError::malformed("DescribeScalableTargets", "no resource id of a service"));
        };
        let mut spec = ScalableTarget::builder()
            .cluster_name(cluster)
            .service_name(service)
            .min_capacity(natural(target.min_capacity()))
            .max_capacity(natural(target.max_capacity()))
            .build();
        if at.depth == Depth::Full {
            spec.policies = self.policies(id).await?;
        }
        let arn = target.scalable_target_arn().map(str::to_owned);
        // Its tags are not read: it is whose the service is.
        Ok(Live { spec, outputs: ScalableTargetOutputs { resource_id: id.to_owned(), arn }, tags: None })
    }

    async fn register(
        &self,
        id: &str,
        spec: &ScalableTarget,
        tags: Option<&Tags>,
    ) -> Result<ScalableTargetOutputs, HandlerError> {
        let answer = self
            .client
            .register_scalable_target()
            .service_namespace(Ecs)
            .scalable_dimension(EcsServiceDesiredCount)
            .resource_id(id)
            .min_capacity(int(spec.min_capacity))
            .max_capacity(int(spec.max_capacity))
            .set_tags(tags.map(to_map))
            .send()
            .await
            .map_err(|error| classify(Service::AutoScaling, "RegisterScalableTarget", error))?;
        Ok(ScalableTargetOutputs { resource_id: id.to_owned(), arn: answer.scalable_target_arn })
    }

    async fn put(&self, id: &str, name: &str, policy: &TargetTracking) -> Result<(), HandlerError> {
        self.client
            .put_scaling_policy()
            .service_namespace(Ecs)
            .scalable_dimension(EcsServiceDesiredCount)
            .resource_id(id)
            .policy_name(name)
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(configuration(policy)?)
            .send()
            .await
            .map(drop)
            .map_err(|error| match classify(Service::AutoScaling, "PutScalingPolicy", error) {
                // A target that was just registered is not seen everywhere yet.
                error if error.kind() == HandlerErrorKind::NotFound => {
                    error.with_kind(HandlerErrorKind::NotYet)
                }
                error => error,
            })
    }

    async fn drop_policy(&self, id: &str, name: &str) -> Result<(), HandlerError> {
        let answer = self
            .client
            .delete_scaling_policy()
            .service_namespace(Ecs)
            .scalable_dimension(EcsServiceDesiredCount)
            .resource_id(id)
            .policy_name(name)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match classify(Service::AutoScaling, "DeleteScalingPolicy", error) {
                gone if gone.kind() == HandlerErrorKind::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }

    async fn change_tags(
        &self,
        cx: &Cx,
        arn: Option<&str>,
        prior: &Tags,
        desired: &Tags,
    ) -> Result<(), HandlerError> {
        let (removed, set) = prior.changes_to(desired);
        // Targets of old have no ARN, and what has none cannot be tagged.
        let Some(arn) = arn else { return Ok(()) };
        if !removed.is_empty() {
            self.client
                .untag_resource()
                .resource_arn(arn)
                .set_tag_keys(Some(removed))
                .send()
                .await
                .map_err(|error| classify(Service::AutoScaling, "UntagResource", error))?;
        }
        if !set.is_empty() {
            self.client
                .tag_resource()
                .resource_arn(arn)
                .set_tags(Some(to_map(&cx.tags(&set))))
                .send()
                .await
                .map_err(|error| classify(Service::AutoScaling, "TagResource", error))?;
        }
        Ok(())
    }
}

impl Handler for ScalableTargetHandler {
    type Resource = ScalableTarget;

    async fn read(
        &self,
        at: Lookup<'_, ScalableTarget>,
    ) -> Result<Option<Live<ScalableTarget>>, HandlerError> {
        self.read_many(&[at]).await.pop().unwrap_or(Ok(None))
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, ScalableTarget>],
    ) -> Vec<Result<Option<Live<ScalableTarget>>, HandlerError>> {
        let id = |at: &Lookup<'_, ScalableTarget>| {
            at.spec.resource_id().or_else(|| at.outputs.map(|outputs| outputs.resource_id.clone()))
        };
        let mut answers = Vec::with_capacity(at.len());
        for asked in at.chunks(BATCH) {
            let ids: Vec<Option<String>> = asked.iter().map(id).collect();
            let known: Vec<String> = ids.iter().flatten().cloned().collect();
            // Without ids AWS would list every target there is.
            let found = if known.is_empty() { Ok(Vec::new()) } else { self.describe(&known).await };
            let each = asked.iter().zip(&ids).map(async |(at, id)| match (&found, id) {
                (Err(error), Some(_)) => Err(error.clone()),
                (Ok(found), Some(id)) => match found.iter().find(|target| target.resource_id() == id) {
                    Some(target) => self.live(*at, target).await.map(Some),
                    None => Ok(None),
                },
                (_, None) => Ok(None),
            });
            answers.extend(join_all(each).await);
        }
        answers
    }

    async fn create(&self, cx: &Cx, spec: &ScalableTarget) -> Result<ScalableTargetOutputs, HandlerError> {
        let id = known_id(spec, "RegisterScalableTarget")?;
        let outputs = self.register(&id, spec, Some(&cx.tags(&spec.tags))).await?;
        for (name, policy) in &spec.policies {
            self.put(&id, name, policy).await.map_err(|error| error.with_effect(Effect::Unknown))?;
        }
        Ok(outputs)
    }

    async fn update(
        &self,
        cx: &Cx,
        change: Update<'_, ScalableTarget>,
    ) -> Result<ScalableTargetOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let id = &outputs.resource_id;
        let mut after = outputs.clone();
        if (prior.min_capacity, prior.max_capacity) != (desired.min_capacity, desired.max_capacity) {
            after = self.register(id, desired, None).await?;
        }
        for (name, policy) in &desired.policies {
            let was = prior.policies.get(name);
            let policy = with_defaults(was, policy);
            if was != Some(&policy) {
                self.put(id, name, &policy).await?;
            }
        }
        for name in prior.policies.keys().filter(|name| !desired.policies.contains_key(*name)) {
            self.drop_policy(id, name).await?;
        }
        self.change_tags(cx, after.arn.as_deref(), &prior.tags, &desired.tags).await?;
        Ok(after)
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, ScalableTarget>) -> Result<(), HandlerError> {
        let id = &prior.outputs.resource_id;
        // Its policies, and the alarms they made, go with it.
        let answer = self
            .client
            .deregister_scalable_target()
            .service_namespace(Ecs)
            .scalable_dimension(EcsServiceDesiredCount)
            .resource_id(id)
            .send()
            .await;
        let Err(error) = answer else { return Ok(()) };
        let error = classify(Service::AutoScaling, "DeregisterScalableTarget", error);
        match error.kind() {
            HandlerErrorKind::NotFound => Ok(()),
            // Some servers call what is not there invalid.
            HandlerErrorKind::Invalid if self.describe(std::slice::from_ref(id)).await?.is_empty() => Ok(()),
            _ => Err(error),
        }
    }
}

/// `desired`, with AWS's defaults for what was taken out of it.
fn with_defaults(prior: Option<&TargetTracking>, desired: &TargetTracking) -> TargetTracking {
    let mut wanted = desired.clone();
    if let Some(prior) = prior {
        reset(prior.scale_in_cooldown.as_ref(), &mut wanted.scale_in_cooldown, DEFAULT_COOLDOWN);
        reset(prior.scale_out_cooldown.as_ref(), &mut wanted.scale_out_cooldown, DEFAULT_COOLDOWN);
    }
    wanted
}

fn known_id(spec: &ScalableTarget, operation: &'static str) -> Result<String, HandlerError> {
    spec.resource_id().ok_or_else(|| {
        HandlerError::new(
            HandlerErrorKind::Invalid,
            operation,
            "the cluster's or the service's name is not known",
        )
    })
}

/// AWS's integers are signed; validation has seen to it that ours fit.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn natural(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn to_map(tags: &Tags) -> HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn configuration(
    policy: &TargetTracking,
) -> Result<types::TargetTrackingScalingPolicyConfiguration, HandlerError> {
    let (metric, label) = match &policy.metric {
        Metric::CpuUtilization => (MetricType::EcsServiceAverageCpuUtilization, None),
        Metric::MemoryUtilization => (MetricType::EcsServiceAverageMemoryUtilization, None),
        Metric::AlbRequestCountPerTarget { resource_label } => {
            (MetricType::AlbRequestCountPerTarget, Some(resource_label.text().to_owned()))
        }
        other => {
            let message = format!("this version cannot write {other:?}");
            return Err(HandlerError::new(HandlerErrorKind::Invalid, "PutScalingPolicy", message));
        }
    };
    let metric = types::PredefinedMetricSpecification::builder()
        .predefined_metric_type(metric)
        .set_resource_label(label)
        .build()
        .expect("the metric, the one field that is required, is set");
    Ok(types::TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(policy.target_value.into())
        .predefined_metric_specification(metric)
        .set_scale_in_cooldown(policy.scale_in_cooldown.map(int))
        .set_scale_out_cooldown(policy.scale_out_cooldown.map(int))
        .disable_scale_in(policy.disable_scale_in)
        .build()
        .expect("the value, the one field that is required, is set"))
}

fn from_policy(policy: &types::ScalingPolicy) -> Option<TargetTracking> {
    let configuration = policy.target_tracking_scaling_policy_configuration()?;
    let specification = configuration.predefined_metric_specification()?;
    let metric = match specification.predefined_metric_type() {
        MetricType::EcsServiceAverageCpuUtilization => Metric::CpuUtilization,
        MetricType::EcsServiceAverageMemoryUtilization => Metric::MemoryUtilization,
        MetricType::AlbRequestCountPerTarget => Metric::AlbRequestCountPerTarget {
            resource_label: specification.resource_label().unwrap_or_default().into(),
        },
        _ => return None,
    };
    let mut found =
        TargetTracking::builder().metric(metric).target_value(whole(configuration.target_value())?).build();
    found.scale_in_cooldown = configuration.scale_in_cooldown().map(natural);
    found.scale_out_cooldown = configuration.scale_out_cooldown().map(natural);
    found.disable_scale_in = configuration.disable_scale_in().unwrap_or_default();
    Some(found)
}

/// The value as a whole number, if it is one.
fn whole(value: f64) -> Option<u32> {
    // `Display` of a whole f64 has no fraction, and of others has one.
    value.to_string().parse().ok()
}

#[cfg(test)]
mod tests;
