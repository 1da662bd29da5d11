// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `elbv2.target_group`.

use crate::{
    elbv2::{
        batch::{arn, by_names, each, gone, int, number},
        tags,
    },
    error::{Service, classify},
    reset::reset,
    steps::Steps,
};
use aws_sdk_elasticloadbalancingv2::{Client, types};
use humangov_core::{
    arn::Arn,
    handler::{Cx, Depth, Handler, HandlerError, Live, Lookup, Prior, Update},
    kind::elbv2::{
        HealthCheck, HealthCheckPort, LoadBalancingAlgorithm, Protocol, ProtocolVersion, Stickiness,
        TargetGroup, TargetGroupOutputs,
    },
    tags::Tags,
};
use std::collections::BTreeMap;

/// Makes, reads, changes and deletes target groups. Targets are ECS's to register.
#[derive(Debug, Clone)]
pub struct TargetGroupHandler {
    client: Client,
}

impl TargetGroupHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The target groups of these names; all of them without.
    async fn describe(&self, names: Option<Vec<String>>) -> Result<Vec<types::TargetGroup>, HandlerError> {
        let mut pages = self.client.describe_target_groups().set_names(names).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| classify(Service::Elbv2, "DescribeTargetGroups", error))?);
        }
        Ok(found)
    }

    async fn attributes(&self, arn: &str) -> Result<BTreeMap<String, String>, HandlerError> {
        let call = self.client.describe_target_group_attributes().target_group_arn(arn);
        let answer = call
            .send()
            .await
            .map_err(|error| classify(Service::Elbv2, "DescribeTargetGroupAttributes", error))?;
        let attributes = answer.attributes.unwrap_or_default();
        Ok(attributes.into_iter().filter_map(|one| Some((one.key?, one.value.unwrap_or_default()))).collect())
    }

    async fn set_attributes(
        &self,
        arn: &str,
        attributes: BTreeMap<&'static str, String>,
    ) -> Result<(), HandlerError> {
        let attribute = |(key, value)| types::TargetGroupAttribute::builder().key(key).value(value).build();
        let attributes = attributes.into_iter().map(attribute).collect();
        let call = self.client.modify_target_group_attributes().target_group_arn(arn);
        let answer = call.set_attributes(Some(attributes)).send().await;
        answer.map(drop).map_err(|error| classify(Service::Elbv2, "ModifyTargetGroupAttributes", error))
    }

    /// Sets what of `check` is set.
    async fn set_health_check(
        &self,
        arn: &str,
        check: &HealthCheck,
        version: Option<ProtocolVersion>,
    ) -> Result<(), HandlerError> {
        self.client
            .modify_target_group()
            .target_group_arn(arn)
            .set_health_check_path(check.path.clone())
            .set_health_check_protocol(check.protocol.map(|protocol| protocol.as_str().into()))
            .set_health_check_port(check.port.map(write_port))
            .set_health_check_interval_seconds(check.interval_seconds.map(int))
            .set_health_check_timeout_seconds(check.timeout_seconds.map(int))
            .set_healthy_threshold_count(check.healthy_threshold_count.map(int))
            .set_unhealthy_threshold_count(check.unhealthy_threshold_count.map(int))
            .set_matcher(write_matcher(check, version))
            .send()
            .await
            .map(drop)
            .map_err(|error| classify(Service::Elbv2, "ModifyTargetGroup", error))
    }
}

impl Handler for TargetGroupHandler {
    type Resource = TargetGroup;

    async fn read(&self, at: Lookup<'_, TargetGroup>) -> Result<Option<Live<TargetGroup>>, HandlerError> {
        self.read_many(&[at]).await.pop().unwrap_or(Ok(None))
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, TargetGroup>],
    ) -> Vec<Result<Option<Live<TargetGroup>>, HandlerError>> {
        let names = at.iter().map(name);
        let found =
            by_names(names, types::TargetGroup::target_group_name, |names| self.describe(names)).await;
        let pick = |at: &Lookup<'_, TargetGroup>| -> Result<Option<&types::TargetGroup>, HandlerError> {
            let of_name = found[name(at)].as_ref().map_err(HandlerError::clone)?;
            let recorded = at.outputs.map(|outputs| outputs.arn.as_str());
            Ok(of_name.iter().find(|one| one.target_group_arn() == recorded).or(of_name.first()))
        };
        let picked: Vec<_> = at.iter().map(pick).collect();
        let arns = |depth: Option<Depth>| {
            at.iter().zip(&picked).filter_map(move |(at, picked)| {
                let picked = picked.as_ref().ok().copied().flatten()?;
                picked.target_group_arn().filter(|_| depth.is_none_or(|depth| depth == at.depth))
            })
        };
        let tags = tags::of(&self.client, arns(None).collect::<Vec<_>>()).await;
        let attributes = each(arns(Some(Depth::Full)).collect::<Vec<_>>(), |arn| self.attributes(arn)).await;
        let live = |(at, picked): (&Lookup<'_, TargetGroup>, Result<_, HandlerError>)| {
            let Some(group): Option<&types::TargetGroup> = picked? else { return Ok(None) };
            let outputs = outputs("DescribeTargetGroups", group)?;
            let Some(tags) = tags[outputs.arn.as_str()].clone()? else { return Ok(None) };
            let mut spec = spec(group, &tags);
            if at.depth == Depth::Full {
                let Some(attributes) = attributes[outputs.arn.as_str()].clone()? else { return Ok(None) };
                read_attributes(&mut spec, &attributes);
            }
            Ok(Some(Live { spec, outputs, tags: Some(tags) }))
        };
        at.iter().zip(picked.clone()).map(live).collect()
    }

    async fn create(&self, cx: &Cx, spec: &TargetGroup) -> Result<TargetGroupOutputs, HandlerError> {
        let (mut steps, check) = (Steps::default(), &spec.health_check);
        let answer = self
            .client
            .create_target_group()
            .name(&spec.name)
            .port(int(spec.port))
            .protocol(spec.protocol.as_str().into())
            .set_protocol_version(spec.protocol_version.map(|version| version.as_str().to_owned()))
            .vpc_id(spec.vpc_id.text())
            .target_type(spec.target_type.as_str().into())
            .set_health_check_path(check.path.clone())
            .set_health_check_protocol(check.protocol.map(|protocol| protocol.as_str().into()))
            .set_health_check_port(check.port.map(write_port))
            .set_health_check_interval_seconds(check.interval_seconds.map(int))
            .set_health_check_timeout_seconds(check.timeout_seconds.map(int))
            .set_healthy_threshold_count(check.healthy_threshold_count.map(int))
            .set_unhealthy_threshold_count(check.unhealthy_threshold_count.map(int))
            .set_matcher(write_matcher(check, spec.protocol_version))
            .set_tags(Some(tags::to_list(&cx.tags(&spec.tags))))
            .send()
            .await
            .map_err(|error| classify(Service::Elbv2, "CreateTargetGroup", error));
        let made = steps.next(answer)?;
        let first = made.target_groups().first();
        let outputs = if let Some(Ok(outputs)) = first.map(|made| outputs("CreateTargetGroup", made)) {
            outputs
        } else {
            // The answer lacks something: what was made is there to be asked.
            let found = steps.next(self.describe(Some(vec![spec.name.clone()])).await)?;
            let made = found.first().ok_or_else(|| {
                HandlerError::malformed("DescribeTargetGroups", "the target group just made is not listed")
            })?;
            outputs("DescribeTargetGroups", made)?
        };
        let attributes = attributes(spec);
        if !attributes.is_empty() {
            steps.next(self.set_attributes(outputs.arn.as_str(), attributes).await)?;
        }
        Ok(outputs)
    }

    async fn update(
        &self,
        cx: &Cx,
        change: Update<'_, TargetGroup>,
    ) -> Result<TargetGroupOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let (arn, mut steps) = (outputs.arn.as_str(), Steps::default());
        let desired = &with_defaults(prior, desired);
        let check = changed(&prior.health_check, &desired.health_check);
        if check != HealthCheck::default() {
            steps.next(self.set_health_check(arn, &check, desired.protocol_version).await)?;
        }
        let (known, mut attributes) = (attributes(prior), attributes(desired));
        attributes.retain(|key, value| known.get(key) != Some(value));
        if !attributes.is_empty() {
            steps.next(self.set_attributes(arn, attributes).await)?;
        }
        tags::change(&self.client, cx, arn, (&prior.tags, &desired.tags), &mut steps).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, TargetGroup>) -> Result<(), HandlerError> {
        let call = self.client.delete_target_group().target_group_arn(prior.outputs.arn.as_str());
        gone(call.send().await.map_err(|error| classify(Service::Elbv2, "DeleteTargetGroup", error)))
    }
}

/// The name to look under: the recorded one, since the one wanted may be that of a replacement yet to be made.
fn name<'a>(at: &Lookup<'a, TargetGroup>) -> &'a str {
    at.outputs.map_or(&at.spec.name, |outputs| &outputs.name)
}

fn outputs(operation: &'static str, group: &types::TargetGroup) -> Result<TargetGroupOutputs, HandlerError> {
    let arn: Arn<TargetGroup> = arn(operation, group.target_group_arn())?;
    let lacks = |what: &str| HandlerError::malformed(operation, format!("the answer has no {what}"));
    if !arn.resource().starts_with("targetgroup/") {
        return Err(lacks("target group's ARN"));
    }
    let name = group.target_group_name().ok_or_else(|| lacks("name"))?.to_owned();
    Ok(TargetGroupOutputs { name, arn_suffix: arn.resource().to_owned(), arn })
}

fn spec(group: &types::TargetGroup, tags: &Tags) -> TargetGroup {
    let mut spec = TargetGroup::builder()
        .name(group.target_group_name().unwrap_or_default())
        .port(number(group.port()).unwrap_or_default())
        .vpc_id(group.vpc_id().unwrap_or_default())
        .health_check(read_health_check(group))
        .tags(tags.of_user())
        .build();
    spec.protocol = group.protocol().and_then(|word| word.as_str().parse().ok()).unwrap_or(spec.protocol);
    spec.protocol_version = group.protocol_version().and_then(|word| word.parse().ok());
    spec.target_type =
        group.target_type().and_then(|word| word.as_str().parse().ok()).unwrap_or(spec.target_type);
    spec
}

fn read_health_check(group: &types::TargetGroup) -> HealthCheck {
    let mut check = HealthCheck::default();
    check.path = group.health_check_path().map(str::to_owned);
    check.protocol = group.health_check_protocol().and_then(|word| word.as_str().parse().ok());
    check.port = group.health_check_port().and_then(|port| match port {
        "traffic-port" => Some(HealthCheckPort::TrafficPort),
        port => port.parse().ok().map(HealthCheckPort::Port),
    });
    check.interval_seconds = number(group.health_check_interval_seconds());
    check.timeout_seconds = number(group.health_check_timeout_seconds());
    check.healthy_threshold_count = number(group.healthy_threshold_count());
    check.unhealthy_threshold_count = number(group.unhealthy_threshold_count());
    check.matcher =
        group.matcher().and_then(|matcher| matcher.http_code().or(matcher.grpc_code())).map(str::to_owned);
    check
}

fn write_port(port: HealthCheckPort) -> String {
    match port {
        HealthCheckPort::Port(port) => port.to_string(),
        _ => "traffic-port".to_owned(),
    }
}

fn write_matcher(check: &HealthCheck, version: Option<ProtocolVersion>) -> Option<types::Matcher> {
    let codes = check.matcher.as_deref()?;
    let matcher = types::Matcher::builder();
    Some(match version {
        Some(ProtocolVersion::Grpc) => matcher.grpc_code(codes).build(),
        _ => matcher.http_code(codes).build(),
    })
}

/// `desired`, with AWS's defaults for what was taken out of it. Attributes of target groups cannot be emptied.
fn with_defaults(prior: &TargetGroup, desired: &TargetGroup) -> TargetGroup {
    let mut wanted = desired.clone();
    let grpc = desired.protocol_version == Some(ProtocolVersion::Grpc);
    let (path, codes) = if grpc { ("/AWS.ALB/healthcheck", "12") } else { ("/", "200") };
    let (was, check) = (&prior.health_check, &mut wanted.health_check);
    reset(was.path.as_ref(), &mut check.path, path.to_owned());
    reset(was.protocol.as_ref(), &mut check.protocol, Protocol::Http);
    reset(was.port.as_ref(), &mut check.port, HealthCheckPort::TrafficPort);
    reset(was.interval_seconds.as_ref(), &mut check.interval_seconds, 30);
    reset(was.timeout_seconds.as_ref(), &mut check.timeout_seconds, 5);
    reset(was.healthy_threshold_count.as_ref(), &mut check.healthy_threshold_count, 5);
    reset(was.unhealthy_threshold_count.as_ref(), &mut check.unhealthy_threshold_count, 2);
    reset(was.matcher.as_ref(), &mut check.matcher, codes.to_owned());
    reset(prior.deregistration_delay_seconds.as_ref(), &mut wanted.deregistration_delay_seconds, 300);
    reset(prior.slow_start_seconds.as_ref(), &mut wanted.slow_start_seconds, 0);
    reset(prior.stickiness.as_ref(), &mut wanted.stickiness, Stickiness::Off);
    reset(
        prior.load_balancing_algorithm.as_ref(),
        &mut wanted.load_balancing_algorithm,
        LoadBalancingAlgorithm::RoundRobin,
    );
    wanted
}

/// What `desired` sets otherwise than `prior`.
fn changed(prior: &HealthCheck, desired: &HealthCheck) -> HealthCheck {
    fn other<T: PartialEq + Clone>(prior: Option<&T>, desired: Option<&T>) -> Option<T> {
        desired.filter(|_| prior != desired).cloned()
    }
    let mut check = HealthCheck::default();
    check.path = other(prior.path.as_ref(), desired.path.as_ref());
    check.protocol = other(prior.protocol.as_ref(), desired.protocol.as_ref());
    check.port = other(prior.port.as_ref(), desired.port.as_ref());
    check.interval_seconds = other(prior.interval_seconds.as_ref(), desired.interval_seconds.as_ref());
    check.timeout_seconds = other(prior.timeout_seconds.as_ref(), desired.timeout_seconds.as_ref());
    check.healthy_threshold_count =
        other(prior.healthy_threshold_count.as_ref(), desired.healthy_threshold_count.as_ref());
    check.unhealthy_threshold_count =
        other(prior.unhealthy_threshold_count.as_ref(), desired.unhealthy_threshold_count.as_ref());
    check.matcher = other(prior.matcher.as_ref(), desired.matcher.as_ref());
    check
}

const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";
const SLOW_START: &str = "slow_start.duration_seconds";
const ALGORITHM: &str = "load_balancing.algorithm.type";
const STICKINESS_ENABLED: &str = "stickiness.enabled";
const STICKINESS_TYPE: &str = "stickiness.type";
const LB_COOKIE_DURATION: &str = "stickiness.lb_cookie.duration_seconds";
const APP_COOKIE_NAME: &str = "stickiness.app_cookie.cookie_name";
const APP_COOKIE_DURATION: &str = "stickiness.app_cookie.duration_seconds";

/// The attributes that a spec sets.
fn attributes(spec: &TargetGroup) -> BTreeMap<&'static str, String> {
    let mut attributes = BTreeMap::new();
    let mut set = |key, value: Option<String>| attributes.extend(value.map(|value| (key, value)));
    set(DEREGISTRATION_DELAY, spec.deregistration_delay_seconds.map(|seconds| seconds.to_string()));
    set(SLOW_START, spec.slow_start_seconds.map(|seconds| seconds.to_string()));
    set(ALGORITHM, spec.load_balancing_algorithm.map(|algorithm| algorithm.as_str().to_owned()));
    set(
        STICKINESS_ENABLED,
        spec.stickiness.as_ref().map(|stickiness| (*stickiness != Stickiness::Off).to_string()),
    );
    match &spec.stickiness {
        Some(Stickiness::LbCookie { duration_seconds }) => {
            set(STICKINESS_TYPE, Some("lb_cookie".to_owned()));
            set(LB_COOKIE_DURATION, Some(duration_seconds.to_string()));
        }
        Some(Stickiness::AppCookie { cookie_name, duration_seconds }) => {
            set(STICKINESS_TYPE, Some("app_cookie".to_owned()));
            set(APP_COOKIE_NAME, Some(cookie_name.clone()));
            set(APP_COOKIE_DURATION, Some(duration_seconds.to_string()));
        }
        _ => {}
    }
    attributes
}

fn read_attributes(spec: &mut TargetGroup, attributes: &BTreeMap<String, String>) {
    let text = |key: &str| attributes.get(key).map(String::as_str);
    let seconds = |key: &str| text(key).and_then(|text| text.parse().ok());
    spec.deregistration_delay_seconds = seconds(DEREGISTRATION_DELAY);
    spec.slow_start_seconds = seconds(SLOW_START);
    spec.load_balancing_algorithm = text(ALGORITHM).and_then(|algorithm| algorithm.parse().ok());
    spec.stickiness = match (text(STICKINESS_ENABLED), text(STICKINESS_TYPE)) {
        (Some("true"), Some("app_cookie")) => Some(Stickiness::AppCookie {
            cookie_name: text(APP_COOKIE_NAME).unwrap_or_default().to_owned(),
            duration_seconds: seconds(APP_COOKIE_DURATION).unwrap_or_default(),
        }),
        (Some("true"), _) => {
            Some(Stickiness::LbCookie { duration_seconds: seconds(LB_COOKIE_DURATION).unwrap_or_default() })
        }
        (Some(_), _) => Some(Stickiness::Off),
        (None, _) => None,
    };
}

#[cfg(test)]
mod tests;
