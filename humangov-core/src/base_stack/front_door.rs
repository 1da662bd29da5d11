// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`FrontDoor`]: a load balancer, its security group and its listeners, shared or a tenant's own.

use crate::{
    fleet_settings::{FleetSettings, NetworkSettings},
    kind::{
        ec2::{IngressRule, SecurityGroup},
        elbv2::{Action, Listener, ListenerProtocol, LoadBalancer},
    },
    names,
    stack::{Stack, StackError},
    value::Handle,
};

/// A load balancer with what belongs to it, as the fleet's settings have it.
pub(crate) struct FrontDoor<'a> {
    pub(crate) fleet: &'a FleetSettings,
    pub(crate) network: &'a NetworkSettings,
    /// The tenant, or `shared`: part of the names.
    pub(crate) of: &'a str,
    /// What the security group is for.
    pub(crate) description: String,
}

impl FrontDoor<'_> {
    pub(crate) fn security_group(&self) -> SecurityGroup {
        let settings = &self.fleet.load_balancer;
        let mut group = SecurityGroup::builder()
            .name(names::security_group(self.fleet.name.as_str(), self.of, "alb"))
            .description(self.description.as_str())
            .vpc_id(self.network.vpc_id.clone())
            .tags(self.fleet.tags.clone())
            .build();
        for &port in settings.ports() {
            let rules = settings.ingress_cidrs.iter().map(|cidr| IngressRule::tcp(port).from_cidr(cidr));
            group.ingress.extend(rules);
        }
        group
    }

    pub(crate) fn load_balancer(&self, group: &Handle<SecurityGroup>) -> LoadBalancer {
        let settings = &self.fleet.load_balancer;
        LoadBalancer::builder()
            .name(self.fleet.load_balancer_name(self.of, self.network))
            .scheme(settings.scheme)
            .subnets(self.network.of_load_balancer().iter().cloned())
            .security_group(group.get(SecurityGroup::ID))
            .idle_timeout_seconds(settings.idle_timeout_seconds)
            .drop_invalid_header_fields(true)
            .tags(self.fleet.tags.clone())
            .build()
    }

    /// The listener that answers with `action`: HTTPS, to which HTTP then redirects, or HTTP alone.
    pub(crate) fn add_listeners(
        &self,
        stack: &mut Stack,
        balancer: &Handle<LoadBalancer>,
        action: Action,
    ) -> Result<Handle<Listener>, StackError> {
        let listener = |port: u16, protocol: ListenerProtocol, action: Action| {
            Listener::builder()
                .load_balancer(balancer)
                .port(port)
                .protocol(protocol)
                .default_action(action)
                .tags(self.fleet.tags.clone())
                .build()
        };
        match &self.fleet.load_balancer.certificate_arn {
            Some(certificate) => {
                stack.add("http", listener(80, ListenerProtocol::Http, Action::redirect_to_https()))?;
                let protocol = ListenerProtocol::https(certificate.clone());
                stack.add("https", listener(443, protocol, action))
            }
            None => stack.add("http", listener(80, ListenerProtocol::Http, action)),
        }
    }
}
