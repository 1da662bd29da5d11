// SPDX-License-Identifier: MIT OR Apache-2.0
//! Between the spec of a security group and the SDK's types.

use aws_sdk_ec2::types;
use humangov_core::{
    handler::{HandlerError, Live},
    kind::ec2::{EgressRule, IngressRule, IpPermission, Peer, SecurityGroup, SecurityGroupOutputs, Traffic},
    resource::Resource,
    tags::Tags,
    value::Input,
};

/// What changes from some rules to others. All in canonical form.
#[derive(Debug, PartialEq)]
pub(super) struct Rules {
    pub added: Vec<IpPermission>,
    /// Same traffic, another description.
    pub described: Vec<IpPermission>,
    pub removed: Vec<IpPermission>,
}

impl Rules {
    pub(super) fn between(now: &[IpPermission], wanted: &[IpPermission]) -> Self {
        let find = |list: &[IpPermission], rule: &IpPermission| {
            list.iter().find(|other| other.same_traffic(rule)).cloned()
        };
        let mut rules = Self { added: Vec::new(), described: Vec::new(), removed: Vec::new() };
        for rule in wanted {
            match find(now, rule) {
                None => rules.added.push(rule.clone()),
                Some(there) if there.description != rule.description => rules.described.push(rule.clone()),
                Some(_) => {}
            }
        }
        rules.removed = now.iter().filter(|rule| find(wanted, rule).is_none()).cloned().collect();
        rules
    }
}

/// Rules in canonical form, each traffic once.
pub(super) fn canonical<R: AsRef<IpPermission>>(rules: &[R]) -> Vec<IpPermission> {
    let mut all: Vec<IpPermission> = Vec::with_capacity(rules.len());
    for rule in rules {
        let mut rule = rule.as_ref().clone();
        rule.canonicalize();
        if !all.iter().any(|other| other.same_traffic(&rule)) {
            all.push(rule);
        }
    }
    all
}

/// The group that `wanted` means, among those found.
pub(super) fn pick(
    found: &[types::SecurityGroup],
    vpc_id: &str,
    wanted: &SecurityGroup,
) -> Option<Result<Live<SecurityGroup>, HandlerError>> {
    let group = found
        .iter()
        .find(|group| group.group_name() == Some(&wanted.name) && group.vpc_id() == Some(vpc_id))?;
    Some(live(group, wanted))
}

fn live(group: &types::SecurityGroup, wanted: &SecurityGroup) -> Result<Live<SecurityGroup>, HandlerError> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let Some(id) = group.group_id() else {
        return Err(HandlerError::malformed("DescribeSecurityGroups", "a group without an id"));
    };
    let outputs = SecurityGroupOutputs {
        id: id.to_owned(),
        name: text(group.group_name()),
        vpc_id: text(group.vpc_id()),
    };
    let tags: Tags = group.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect();
    let mut spec = SecurityGroup::builder()
        .name(&outputs.name)
        .description(text(group.description()))
        .vpc_id(outputs.vpc_id.as_str())
        .egress(rules(id, group.ip_permissions_egress()).into_iter().map(EgressRule::from).collect())
        .tags(tags.of_user())
        .build();
    spec.ingress = rules(id, group.ip_permissions()).into_iter().map(IngressRule::from).collect();
    // In a VPC with IPv6 AWS's own default has a second rule; whoever asks for the default gets that.
    let default = EgressRule::default_of_aws();
    if wanted.egress == [default.clone()]
        && spec.egress.len() == 2
        && spec.egress.contains(&default)
        && spec.egress.contains(&Traffic::all().to_cidr("::/0"))
    {
        spec.egress = vec![default];
    }
    spec.normalize();
    Ok(Live { spec, outputs, tags: Some(tags) })
}

/// AWS tells the rules of the same ports together, one entry for all whom they are with.
pub(super) fn rules(id: &str, permissions: &[types::IpPermission]) -> Vec<IpPermission> {
    let mut rules = Vec::new();
    for permission in permissions {
        let Ok(protocol) = permission.ip_protocol().unwrap_or("-1").parse() else { continue };
        let mut add = |peer: Option<Peer>, description: Option<&str>| {
            let Some(peer) = peer else { return };
            let mut rule = IpPermission::new(protocol, permission.from_port(), permission.to_port(), peer);
            description.unwrap_or_default().clone_into(&mut rule.description);
            rule.canonicalize();
            rules.push(rule);
        };
        for range in permission.ip_ranges() {
            add(range.cidr_ip().map(|cidr| Peer::Cidr(cidr.to_owned())), range.description());
        }
        for range in permission.ipv6_ranges() {
            add(range.cidr_ipv6().map(|cidr| Peer::Cidr(cidr.to_owned())), range.description());
        }
        for pair in permission.user_id_group_pairs() {
            let group =
                |other: &str| if other == id { Peer::Itself } else { Peer::Group(Input::from(other)) };
            add(pair.group_id().map(group), pair.description());
        }
        for list in permission.prefix_list_ids() {
            add(list.prefix_list_id().map(|list| Peer::PrefixList(Input::from(list))), list.description());
        }
    }
    rules
}

pub(super) fn permissions(id: &str, rules: &[IpPermission]) -> Vec<types::IpPermission> {
    rules.iter().map(|rule| to_permission(id, rule)).collect()
}

fn to_permission(id: &str, rule: &IpPermission) -> types::IpPermission {
    let description = (!rule.description.is_empty()).then(|| rule.description.clone());
    let permission = types::IpPermission::builder()
        .ip_protocol(rule.ip_protocol.to_string())
        .set_from_port(rule.from_port)
        .set_to_port(rule.to_port);
    let pair = |group: &str| {
        types::UserIdGroupPair::builder().group_id(group).set_description(description.clone()).build()
    };
    match &rule.peer {
        Peer::Cidr(cidr) if cidr.contains(':') => permission
            .ipv6_ranges(types::Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build()),
        Peer::Cidr(cidr) => {
            permission.ip_ranges(types::IpRange::builder().cidr_ip(cidr).set_description(description).build())
        }
        Peer::Group(group) => permission.user_id_group_pairs(pair(group.text())),
        Peer::Itself => permission.user_id_group_pairs(pair(id)),
        Peer::PrefixList(list) => permission.prefix_list_ids(
            types::PrefixListId::builder().prefix_list_id(list.text()).set_description(description).build(),
        ),
    }
    .build()
}

pub(super) fn tags(tags: &Tags) -> Vec<types::Tag> {
    tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build()).collect()
}
