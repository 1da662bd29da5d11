// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `elbv2.load_balancer`.

use crate::{
    elbv2::{
        batch::{arn, by_names, each, gone, present},
        tags,
    },
    error::{Service, classify},
    reset::reset,
    steps::Steps,
};
use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{self, LoadBalancerStateEnum as State},
};
use humangov_core::{
    handler::{Cx, Depth, Handler, HandlerError, HandlerErrorKind, Live, Lookup, Prior, Readiness, Update},
    kind::elbv2::{
        AccessLogs, DesyncMitigationMode, IpAddressType, LoadBalancer, LoadBalancerOutputs,
        XffHeaderProcessingMode,
    },
    tags::Tags,
    value::Input,
};
use std::collections::BTreeMap;

/// Makes, reads, changes and deletes Application Load Balancers.
#[derive(Debug, Clone)]
pub struct LoadBalancerHandler {
    client: Client,
}

impl LoadBalancerHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The load balancers of these names; all of them without.
    async fn describe(&self, names: Option<Vec<String>>) -> Result<Vec<types::LoadBalancer>, HandlerError> {
        let mut pages =
            self.client.describe_load_balancers().set_names(names).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| classify(Service::Elbv2, "DescribeLoadBalancers", error))?);
        }
        Ok(found)
    }

    async fn attributes(&self, arn: &str) -> Result<BTreeMap<String, String>, HandlerError> {
        let call = self.client.describe_load_balancer_attributes().load_balancer_arn(arn);
        let answer = call
            .send()
            .await
            .map_err(|error| classify(Service::Elbv2, "DescribeLoadBalancerAttributes", error))?;
        let attributes = answer.attributes.unwrap_or_default();
        Ok(attributes.into_iter().filter_map(|one| Some((one.key?, one.value.unwrap_or_default()))).collect())
    }

    async fn set_attributes(
        &self,
        arn: &str,
        attributes: BTreeMap<&'static str, String>,
    ) -> Result<(), HandlerError> {
        let attribute = |(key, value)| types::LoadBalancerAttribute::builder().key(key).value(value).build();
        let attributes = attributes.into_iter().map(attribute).collect();
        let call = self.client.modify_load_balancer_attributes().load_balancer_arn(arn);
        let answer = call.set_attributes(Some(attributes)).send().await;
        answer.map(drop).map_err(|error| classify(Service::Elbv2, "ModifyLoadBalancerAttributes", error))
    }
}

impl Handler for LoadBalancerHandler {
    type Resource = LoadBalancer;

    async fn read(&self, at: Lookup<'_, LoadBalancer>) -> Result<Option<Live<LoadBalancer>>, HandlerError> {
        self.read_many(&[at]).await.pop().unwrap_or(Ok(None))
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, LoadBalancer>],
    ) -> Vec<Result<Option<Live<LoadBalancer>>, HandlerError>> {
        let names = at.iter().map(name);
        let found =
            by_names(names, types::LoadBalancer::load_balancer_name, |names| self.describe(names)).await;
        let pick = |at: &Lookup<'_, LoadBalancer>| -> Result<Option<&types::LoadBalancer>, HandlerError> {
            let of_name = found[name(at)].as_ref().map_err(HandlerError::clone)?;
            let recorded = at.outputs.map(|outputs| outputs.arn.as_str());
            Ok(of_name.iter().find(|one| one.load_balancer_arn() == recorded).or(of_name.first()))
        };
        let picked: Vec<_> = at.iter().map(pick).collect();
        let arns = |depth: Option<Depth>| {
            at.iter().zip(&picked).filter_map(move |(at, picked)| {
                let picked = picked.as_ref().ok().copied().flatten()?;
                picked.load_balancer_arn().filter(|_| depth.is_none_or(|depth| depth == at.depth))
            })
        };
        let tags = tags::of(&self.client, arns(None).collect::<Vec<_>>()).await;
        let attributes = each(arns(Some(Depth::Full)).collect::<Vec<_>>(), |arn| self.attributes(arn)).await;
        let live = |(at, picked): (&Lookup<'_, LoadBalancer>, Result<_, HandlerError>)| {
            let Some(balancer): Option<&types::LoadBalancer> = picked? else { return Ok(None) };
            let outputs = outputs("DescribeLoadBalancers", balancer)?;
            let Some(tags) = tags[outputs.arn.as_str()].clone()? else { return Ok(None) };
            let mut spec = spec(balancer, &tags);
            if at.depth == Depth::Full {
                let Some(attributes) = attributes[outputs.arn.as_str()].clone()? else { return Ok(None) };
                read_attributes(&mut spec, &attributes);
            }
            Ok(Some(Live { spec, outputs, tags: Some(tags) }))
        };
        at.iter().zip(picked.clone()).map(live).collect()
    }

    async fn create(&self, cx: &Cx, spec: &LoadBalancer) -> Result<LoadBalancerOutputs, HandlerError> {
        let mut steps = Steps::default();
        let answer = self
            .client
            .create_load_balancer()
            .name(&spec.name)
            .r#type(types::LoadBalancerTypeEnum::Application)
            .scheme(spec.scheme.as_str().into())
            .set_subnets(Some(texts(&spec.subnets)))
            .set_security_groups(Some(texts(&spec.security_groups)))
            .set_ip_address_type(spec.ip_address_type.map(|kind| kind.as_str().into()))
            .set_tags(Some(tags::to_list(&cx.tags(&spec.tags))))
            .send()
            .await
            .map_err(|error| classify(Service::Elbv2, "CreateLoadBalancer", error));
        let made = steps.next(answer)?;
        let first = made.load_balancers().first();
        let outputs = if let Some(Ok(outputs)) = first.map(|made| outputs("CreateLoadBalancer", made)) {
            outputs
        } else {
            // The answer lacks something: what was made is there to be asked.
            let found = steps.next(self.describe(Some(vec![spec.name.clone()])).await)?;
            let made = found.first().ok_or_else(|| {
                HandlerError::malformed("DescribeLoadBalancers", "the load balancer just made is not listed")
            })?;
            outputs("DescribeLoadBalancers", made)?
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
        change: Update<'_, LoadBalancer>,
    ) -> Result<LoadBalancerOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let (arn, mut steps) = (outputs.arn.as_str(), Steps::default());
        let desired = &with_defaults(prior, desired);
        if prior.subnets != desired.subnets {
            let call = self.client.set_subnets().load_balancer_arn(arn);
            let answer = call.set_subnets(Some(texts(&desired.subnets))).send().await;
            steps.next(answer.map_err(|error| classify(Service::Elbv2, "SetSubnets", error)))?;
        }
        if prior.security_groups != desired.security_groups {
            let call = self.client.set_security_groups().load_balancer_arn(arn);
            let answer = call.set_security_groups(Some(texts(&desired.security_groups))).send().await;
            steps.next(answer.map_err(|error| classify(Service::Elbv2, "SetSecurityGroups", error)))?;
        }
        if let Some(kind) =
            desired.ip_address_type.filter(|_| prior.ip_address_type != desired.ip_address_type)
        {
            let call = self.client.set_ip_address_type().load_balancer_arn(arn);
            let answer = call.ip_address_type(kind.as_str().into()).send().await;
            steps.next(answer.map_err(|error| classify(Service::Elbv2, "SetIpAddressType", error)))?;
        }
        let (known, mut attributes) = (attributes(prior), attributes(desired));
        attributes.retain(|key, value| known.get(key) != Some(value));
        if !attributes.is_empty() {
            steps.next(self.set_attributes(arn, attributes).await)?;
        }
        tags::change(&self.client, cx, arn, (&prior.tags, &desired.tags), &mut steps).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, LoadBalancer>) -> Result<(), HandlerError> {
        let call = self.client.delete_load_balancer().load_balancer_arn(prior.outputs.arn.as_str());
        gone(
            call.send().await.map_err(|error| classify(Service::Elbv2, "DeleteLoadBalancer", error)).map_err(
                |error| match error.aws_code() {
                    Some("OperationNotPermitted") => protected(prior.outputs, error),
                    _ => error,
                },
            ),
        )
    }

    async fn ready(
        &self,
        _: &Cx,
        spec: &LoadBalancer,
        outputs: &LoadBalancerOutputs,
    ) -> Result<Readiness, HandlerError> {
        let call = self.client.describe_load_balancers().load_balancer_arns(outputs.arn.as_str());
        let answer = present(
            call.send().await.map_err(|error| classify(Service::Elbv2, "DescribeLoadBalancers", error)),
        )?;
        let balancers = answer.and_then(|answer| answer.load_balancers).unwrap_or_default();
        let Some(balancer) = balancers.first() else {
            return Ok(Readiness::Pending("not listed yet".to_owned()));
        };
        let state = balancer.state();
        Ok(match state.and_then(types::LoadBalancerState::code) {
            // Impaired: it serves, but cannot grow.
            Some(State::Active | State::ActiveImpaired) => Readiness::Ready,
            Some(State::Failed) => {
                let reason = format!("load balancer {} could not be set up", spec.name);
                let details = state.and_then(types::LoadBalancerState::reason).map(str::to_owned);
                Readiness::Failed { reason, details: details.into_iter().collect() }
            }
            other => Readiness::Pending(other.map_or("provisioning", State::as_str).to_owned()),
        })
    }
}

/// The name to look under: the recorded one, since the one wanted may be that of a replacement yet to be made.
fn name<'a>(at: &Lookup<'a, LoadBalancer>) -> &'a str {
    at.outputs.map_or(&at.spec.name, |outputs| &outputs.name)
}

fn protected(outputs: &LoadBalancerOutputs, error: HandlerError) -> HandlerError {
    let message = format!(
        "load balancer {} is protected from deletion; set deletion_protection to false and apply, then delete it",
        outputs.name
    );
    let told = HandlerError::new(HandlerErrorKind::Invalid, "DeleteLoadBalancer", message);
    let told = error.aws_code().map(str::to_owned).into_iter().fold(told, HandlerError::with_aws_code);
    let told = error.request_id().map(str::to_owned).into_iter().fold(told, HandlerError::with_request_id);
    told.with_source(error)
}

fn texts(inputs: &[Input<String>]) -> Vec<String> {
    inputs.iter().map(|input| input.text().to_owned()).collect()
}

fn outputs(
    operation: &'static str,
    balancer: &types::LoadBalancer,
) -> Result<LoadBalancerOutputs, HandlerError> {
    let arn: humangov_core::arn::Arn<LoadBalancer> = arn(operation, balancer.load_balancer_arn())?;
    let part = |part: Option<&str>, what: &str| match part {
        Some(part) if !part.is_empty() => Ok(part.to_owned()),
        _ => Err(HandlerError::malformed(operation, format!("the answer has no {what}"))),
    };
    Ok(LoadBalancerOutputs {
        name: part(balancer.load_balancer_name(), "name")?,
        dns_name: part(balancer.dns_name(), "DNS name")?,
        hosted_zone_id: part(balancer.canonical_hosted_zone_id(), "hosted zone")?,
        arn_suffix: part(arn.resource().strip_prefix("loadbalancer/"), "load balancer's ARN")?,
        arn,
    })
}

fn spec(balancer: &types::LoadBalancer, tags: &Tags) -> LoadBalancer {
    let subnets = balancer.availability_zones().iter().filter_map(types::AvailabilityZone::subnet_id);
    let mut spec = LoadBalancer::builder()
        .name(balancer.load_balancer_name().unwrap_or_default())
        .subnets(subnets)
        .security_groups(balancer.security_groups().iter().map(String::as_str))
        .tags(tags.of_user())
        .build();
    spec.scheme = balancer.scheme().and_then(|scheme| scheme.as_str().parse().ok()).unwrap_or(spec.scheme);
    spec.ip_address_type = balancer.ip_address_type().and_then(|kind| kind.as_str().parse().ok());
    spec
}

/// `desired`, with AWS's defaults for what was taken out of it.
fn with_defaults(prior: &LoadBalancer, desired: &LoadBalancer) -> LoadBalancer {
    let mut wanted = desired.clone();
    reset(prior.ip_address_type.as_ref(), &mut wanted.ip_address_type, IpAddressType::Ipv4);
    reset(prior.deletion_protection.as_ref(), &mut wanted.deletion_protection, false);
    reset(prior.idle_timeout_seconds.as_ref(), &mut wanted.idle_timeout_seconds, 60);
    reset(prior.client_keep_alive_seconds.as_ref(), &mut wanted.client_keep_alive_seconds, 3600);
    reset(prior.http2.as_ref(), &mut wanted.http2, true);
    reset(prior.drop_invalid_header_fields.as_ref(), &mut wanted.drop_invalid_header_fields, false);
    reset(prior.preserve_host_header.as_ref(), &mut wanted.preserve_host_header, false);
    reset(
        prior.desync_mitigation_mode.as_ref(),
        &mut wanted.desync_mitigation_mode,
        DesyncMitigationMode::Defensive,
    );
    reset(
        prior.xff_header_processing_mode.as_ref(),
        &mut wanted.xff_header_processing_mode,
        XffHeaderProcessingMode::Append,
    );
    reset(prior.access_logs.as_ref(), &mut wanted.access_logs, AccessLogs::Off);
    wanted
}

const DELETION_PROTECTION: &str = "deletion_protection.enabled";
const IDLE_TIMEOUT: &str = "idle_timeout.timeout_seconds";
const CLIENT_KEEP_ALIVE: &str = "client_keep_alive.seconds";
const HTTP2: &str = "routing.http2.enabled";
const DROP_INVALID_HEADER_FIELDS: &str = "routing.http.drop_invalid_header_fields.enabled";
const PRESERVE_HOST_HEADER: &str = "routing.http.preserve_host_header.enabled";
const DESYNC_MITIGATION_MODE: &str = "routing.http.desync_mitigation_mode";
const XFF_HEADER_PROCESSING_MODE: &str = "routing.http.xff_header_processing.mode";
const ACCESS_LOGS_ENABLED: &str = "access_logs.s3.enabled";
const ACCESS_LOGS_BUCKET: &str = "access_logs.s3.bucket";
const ACCESS_LOGS_PREFIX: &str = "access_logs.s3.prefix";

/// The attributes that a spec sets.
fn attributes(spec: &LoadBalancer) -> BTreeMap<&'static str, String> {
    let logs = match &spec.access_logs {
        None => [None, None, None],
        Some(AccessLogs::S3 { bucket, prefix }) => {
            // A prefix stays until an empty one is sent.
            [
                Some("true".to_owned()),
                Some(bucket.text().to_owned()),
                Some(prefix.clone().unwrap_or_default()),
            ]
        }
        Some(_) => [Some("false".to_owned()), None, None],
    };
    let [logs_enabled, logs_bucket, logs_prefix] = logs;
    [
        (DELETION_PROTECTION, spec.deletion_protection.map(|on| on.to_string())),
        (IDLE_TIMEOUT, spec.idle_timeout_seconds.map(|seconds| seconds.to_string())),
        (CLIENT_KEEP_ALIVE, spec.client_keep_alive_seconds.map(|seconds| seconds.to_string())),
        (HTTP2, spec.http2.map(|on| on.to_string())),
        (DROP_INVALID_HEADER_FIELDS, spec.drop_invalid_header_fields.map(|on| on.to_string())),
        (PRESERVE_HOST_HEADER, spec.preserve_host_header.map(|on| on.to_string())),
        (DESYNC_MITIGATION_MODE, spec.desync_mitigation_mode.map(|mode| mode.as_str().to_owned())),
        (XFF_HEADER_PROCESSING_MODE, spec.xff_header_processing_mode.map(|mode| mode.as_str().to_owned())),
        (ACCESS_LOGS_ENABLED, logs_enabled),
        (ACCESS_LOGS_BUCKET, logs_bucket),
        (ACCESS_LOGS_PREFIX, logs_prefix),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

fn read_attributes(spec: &mut LoadBalancer, attributes: &BTreeMap<String, String>) {
    let text = |key: &str| attributes.get(key).map(String::as_str);
    let on = |key: &str| text(key).and_then(|text| text.parse().ok());
    let seconds = |key: &str| text(key).and_then(|text| text.parse().ok());
    spec.deletion_protection = on(DELETION_PROTECTION);
    spec.idle_timeout_seconds = seconds(IDLE_TIMEOUT);
    spec.client_keep_alive_seconds = seconds(CLIENT_KEEP_ALIVE);
    spec.http2 = on(HTTP2);
    spec.drop_invalid_header_fields = on(DROP_INVALID_HEADER_FIELDS);
    spec.preserve_host_header = on(PRESERVE_HOST_HEADER);
    spec.desync_mitigation_mode = text(DESYNC_MITIGATION_MODE).and_then(|mode| mode.parse().ok());
    spec.xff_header_processing_mode = text(XFF_HEADER_PROCESSING_MODE).and_then(|mode| mode.parse().ok());
    spec.access_logs = on(ACCESS_LOGS_ENABLED).map(|enabled: bool| match text(ACCESS_LOGS_BUCKET) {
        Some(bucket) if enabled => AccessLogs::S3 {
            bucket: bucket.into(),
            prefix: text(ACCESS_LOGS_PREFIX).filter(|prefix| !prefix.is_empty()).map(str::to_owned),
        },
        _ => AccessLogs::Off,
    });
}

#[cfg(test)]
mod tests;
