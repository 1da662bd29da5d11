// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handler of `elbv2.listener`.

use crate::{
    elbv2::{
        action,
        batch::{arn, each, gone, int, number},
        tags,
    },
    error::{Service, classify},
    steps::Steps,
};
use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{self, ProtocolEnum},
};
use humangov_core::{
    arn::Arn,
    handler::{Cx, Depth, Handler, HandlerError, Live, Lookup, Prior, Update},
    kind::elbv2::{Https, Listener, ListenerOutputs, ListenerProtocol, LoadBalancer},
    tags::Tags,
    value::Input,
};

/// Makes, reads, changes and deletes listeners of Application Load Balancers.
#[derive(Debug, Clone)]
pub struct ListenerHandler {
    client: Client,
}

impl ListenerHandler {
    /// A handler over `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn of_balancer(&self, balancer: &str) -> Result<Vec<types::Listener>, HandlerError> {
        let call = self.client.describe_listeners().load_balancer_arn(balancer);
        let mut pages = call.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.map_err(|error| classify(Service::Elbv2, "DescribeListeners", error))?);
        }
        Ok(found)
    }

    /// The certificates besides the default one, which describing the listener does not tell.
    async fn additional_certificates(&self, listener: &str) -> Result<Vec<String>, HandlerError> {
        let call = self.client.describe_listener_certificates().listener_arn(listener);
        let mut pages = call.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item =
                item.map_err(|error| classify(Service::Elbv2, "DescribeListenerCertificates", error))?;
            found.extend(item.certificate_arn.filter(|_| item.is_default != Some(true)));
        }
        Ok(found)
    }

    /// One certificate: a call takes no more (AddListenerCertificates, `Certificates`).
    async fn add_certificate(&self, listener: &str, added: &Input<String>) -> Result<(), HandlerError> {
        let call = self.client.add_listener_certificates().listener_arn(listener);
        let answer = call.certificates(certificate(added)).send().await;
        answer.map(drop).map_err(|error| classify(Service::Elbv2, "AddListenerCertificates", error))
    }

    /// One certificate, as with adding.
    async fn remove_certificate(&self, listener: &str, removed: &Input<String>) -> Result<(), HandlerError> {
        let call = self.client.remove_listener_certificates().listener_arn(listener);
        let answer = call.certificates(certificate(removed)).send().await;
        gone(answer.map_err(|error| classify(Service::Elbv2, "RemoveListenerCertificates", error)))
    }
}

impl Handler for ListenerHandler {
    type Resource = Listener;

    async fn read(&self, at: Lookup<'_, Listener>) -> Result<Option<Live<Listener>>, HandlerError> {
        self.read_many(&[at]).await.pop().unwrap_or(Ok(None))
    }

    async fn read_many(
        &self,
        at: &[Lookup<'_, Listener>],
    ) -> Vec<Result<Option<Live<Listener>>, HandlerError>> {
        let balancers: Vec<_> = at.iter().map(balancers).collect();
        let found = each(balancers.iter().flatten().map(Arn::as_str).collect::<Vec<_>>(), |balancer| {
            self.of_balancer(balancer)
        })
        .await;
        let pick = |(at, balancers): (&Lookup<'_, Listener>, &Vec<Arn<LoadBalancer>>)| {
            let mut listeners = Vec::new();
            for balancer in balancers {
                listeners
                    .extend(found[balancer.as_str()].as_ref().map_err(HandlerError::clone)?.iter().flatten());
            }
            Ok(pick(at, &listeners))
        };
        let picked: Vec<Result<_, HandlerError>> = at.iter().zip(&balancers).map(pick).collect();
        let there =
            || at.iter().zip(&picked).filter_map(|(at, one)| Some((at, one.as_ref().ok().copied()??)));
        let arns: Vec<&str> = there().filter_map(|(_, one)| one.listener_arn()).collect();
        let tags = tags::of(&self.client, arns).await;
        let secure: Vec<&str> = there()
            .filter(|(at, one)| at.depth == Depth::Full && one.protocol() == Some(&ProtocolEnum::Https))
            .filter_map(|(_, one)| one.listener_arn())
            .collect();
        let certificates = each(secure, |listener| self.additional_certificates(listener)).await;
        let live = |picked: Result<Option<&types::Listener>, HandlerError>| {
            let Some(listener) = picked? else { return Ok(None) };
            let outputs = outputs("DescribeListeners", Some(listener))?;
            let Some(tags) = tags[outputs.arn.as_str()].clone()? else { return Ok(None) };
            let additional = match certificates.get(outputs.arn.as_str()) {
                None => Vec::new(),
                Some(answer) => match answer.clone()? {
                    None => return Ok(None),
                    Some(additional) => additional,
                },
            };
            let spec = spec(listener, additional, &tags)?;
            Ok(Some(Live { spec, outputs, tags: Some(tags) }))
        };
        picked.iter().cloned().map(live).collect()
    }

    async fn create(&self, cx: &Cx, spec: &Listener) -> Result<ListenerOutputs, HandlerError> {
        let mut steps = Steps::default();
        let call = self
            .client
            .create_listener()
            .load_balancer_arn(spec.load_balancer.text())
            .port(int(spec.port))
            .default_actions(action::write(&spec.default_action))
            .set_tags(Some(tags::to_list(&cx.tags(&spec.tags))));
        let call = match https(&spec.protocol) {
            None => call.protocol(ProtocolEnum::Http),
            Some(https) => call
                .protocol(ProtocolEnum::Https)
                .ssl_policy(&https.ssl_policy)
                .certificates(certificate(&https.certificate_arn)),
        };
        let answer = call.send().await.map_err(|error| classify(Service::Elbv2, "CreateListener", error));
        let made = steps.next(answer)?;
        let outputs = if let Ok(outputs) = outputs("CreateListener", made.listeners().first()) {
            outputs
        } else {
            // The answer lacks the ARN: what was made is there to be asked.
            let listeners = steps.next(self.of_balancer(spec.load_balancer.text()).await)?;
            let port = Some(int(spec.port));
            outputs("DescribeListeners", listeners.iter().find(|one| one.port() == port))?
        };
        for added in additional(&spec.protocol) {
            steps.next(self.add_certificate(outputs.arn.as_str(), added).await)?;
        }
        Ok(outputs)
    }

    async fn update(&self, cx: &Cx, change: Update<'_, Listener>) -> Result<ListenerOutputs, HandlerError> {
        let Update { prior, outputs, desired } = change;
        let (arn, mut steps) = (outputs.arn.as_str(), Steps::default());
        let (was, wanted) = (https(&prior.protocol), https(&desired.protocol));
        let mut call = self.client.modify_listener().listener_arn(arn);
        let mut differs = false;
        if prior.default_action != desired.default_action {
            call = call.default_actions(action::write(&desired.default_action));
            differs = true;
        }
        if was.is_some() != wanted.is_some() {
            let protocol = if wanted.is_some() { ProtocolEnum::Https } else { ProtocolEnum::Http };
            call = call.protocol(protocol);
            differs = true;
        }
        if let Some(https) = wanted {
            if was.is_none_or(|was| was.ssl_policy != https.ssl_policy) {
                call = call.ssl_policy(&https.ssl_policy);
                differs = true;
            }
            if was.is_none_or(|was| was.certificate_arn != https.certificate_arn) {
                call = call.certificates(certificate(&https.certificate_arn));
                differs = true;
            }
        }
        if differs {
            let answer = call.send().await;
            steps.next(answer.map_err(|error| classify(Service::Elbv2, "ModifyListener", error)))?;
        }
        if wanted.is_some() {
            let (prior, desired) = (additional(&prior.protocol), additional(&desired.protocol));
            for added in desired.iter().filter(|one| !prior.contains(one)) {
                steps.next(self.add_certificate(arn, added).await)?;
            }
            for removed in prior.iter().filter(|one| !desired.contains(one)) {
                steps.next(self.remove_certificate(arn, removed).await)?;
            }
        }
        tags::change(&self.client, cx, arn, (&prior.tags, &desired.tags), &mut steps).await?;
        Ok(outputs.clone())
    }

    async fn delete(&self, _: &Cx, prior: Prior<'_, Listener>) -> Result<(), HandlerError> {
        let call = self.client.delete_listener().listener_arn(prior.outputs.arn.as_str());
        gone(call.send().await.map_err(|error| classify(Service::Elbv2, "DeleteListener", error)))
    }
}

/// The load balancers to look at: the one recorded, of which a listener's ARN tells, and the one wanted.
fn balancers(at: &Lookup<'_, Listener>) -> Vec<Arn<LoadBalancer>> {
    let recorded = at.outputs.and_then(|outputs| balancer_of(outputs.arn.as_str()));
    let wanted = at.spec.load_balancer.known().cloned().filter(|wanted| Some(wanted) != recorded.as_ref());
    recorded.into_iter().chain(wanted).collect()
}

/// `..:listener/app/NAME/BALANCER/LISTENER` is a listener of `..:loadbalancer/app/NAME/BALANCER`.
fn balancer_of(listener: &str) -> Option<Arn<LoadBalancer>> {
    let (balancer, _) = listener.rsplit_once('/')?;
    balancer.replacen(":listener/", ":loadbalancer/", 1).parse().ok()
}

/// The listener recorded, or else the one on the port wanted.
fn pick<'l>(at: &Lookup<'_, Listener>, listeners: &[&'l types::Listener]) -> Option<&'l types::Listener> {
    let recorded = at.outputs.map(|outputs| outputs.arn.as_str());
    let is_recorded = |one: &&&types::Listener| recorded.is_some() && one.listener_arn() == recorded;
    let wanted = at.spec.load_balancer.known().map(Arn::as_str);
    let is_wanted = |one: &&&types::Listener| {
        wanted.is_some() && one.load_balancer_arn() == wanted && one.port() == Some(int(at.spec.port))
    };
    listeners.iter().find(is_recorded).or_else(|| listeners.iter().find(is_wanted)).copied()
}

fn outputs(
    operation: &'static str,
    listener: Option<&types::Listener>,
) -> Result<ListenerOutputs, HandlerError> {
    Ok(ListenerOutputs { arn: arn(operation, listener.and_then(types::Listener::listener_arn))? })
}

fn spec(listener: &types::Listener, additional: Vec<String>, tags: &Tags) -> Result<Listener, HandlerError> {
    let balancer: Arn<LoadBalancer> = arn("DescribeListeners", listener.load_balancer_arn())?;
    let protocol = match listener.protocol() {
        Some(ProtocolEnum::Https) => {
            let certificate = listener.certificates().first().and_then(types::Certificate::certificate_arn);
            let mut https = Https::builder()
                .certificate_arn(certificate.unwrap_or_default())
                .ssl_policy(listener.ssl_policy().unwrap_or_default())
                .build();
            https.additional_certificates = additional.into_iter().map(Input::Known).collect();
            https.into()
        }
        _ => ListenerProtocol::Http,
    };
    Ok(Listener::builder()
        .load_balancer(balancer)
        .port(number(listener.port()).unwrap_or_default())
        .protocol(protocol)
        .default_action(action::read(listener.default_actions()))
        .tags(tags.of_user())
        .build())
}

fn https(protocol: &ListenerProtocol) -> Option<&Https> {
    match protocol {
        ListenerProtocol::Https(https) => Some(https),
        _ => None,
    }
}

fn additional(protocol: &ListenerProtocol) -> &[Input<String>] {
    https(protocol).map_or(&[], |https| &https.additional_certificates)
}

fn certificate(arn: &Input<String>) -> types::Certificate {
    types::Certificate::builder().certificate_arn(arn.text()).build()
}

#[cfg(test)]
mod tests;
