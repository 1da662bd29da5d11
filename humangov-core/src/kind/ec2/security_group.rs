// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ec2.security_group`: who may talk to a load balancer or a task.

use super::permission::{EgressRule, IngressRule, IpPermission, canonical_set, is_text};
use crate::{
    address::Kind,
    resource::{Resource, Rule, Violations},
    tags::Tags,
    value::{Attr, Input},
};
use serde::{Deserialize, Serialize};
use typed_builder::TypedBuilder;

/// A security group of a VPC.
///
/// Rules are sets: their order means nothing, and AWS's spelling of addresses and protocols is used throughout.
///
/// ```
/// use humangov_core::{kind::ec2::{IngressRule, SecurityGroup}, stack::Stack};
/// let mut stack = Stack::new("humangov".parse()?, "california".parse()?);
/// let balancer = stack.add("balancer", SecurityGroup::builder()
///     .name("humangov-california-alb")
///     .description("load balancer of California")
///     .vpc_id("vpc-0123456789abcdef0")
///     .ingress_rule(IngressRule::tcp(80).from_cidr("0.0.0.0/0"))
///     .build())?;
/// stack.add("task", SecurityGroup::builder()
///     .name("humangov-california-task")
///     .description("tasks of California")
///     .vpc_id("vpc-0123456789abcdef0")
///     .ingress_rule(IngressRule::tcp(80).from_group(balancer.get(SecurityGroup::ID)))
///     .build())?;
/// stack.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TypedBuilder)]
#[non_exhaustive]
#[builder(doc)]
pub struct SecurityGroup {
    /// The name: 1 to 255 of letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`, not beginning `sg-`; unique in the VPC,
    /// whatever its case.
    #[builder(setter(into))]
    pub name: String,
    /// What the group is for: 1 to 255 characters as in the name. It cannot be changed.
    #[builder(setter(into))]
    pub description: String,
    /// The VPC.
    #[builder(setter(into))]
    pub vpc_id: Input<String>,
    /// What comes in. By default nothing.
    #[builder(via_mutators, mutators(
        /// Lets something in.
        pub fn ingress_rule(&mut self, rule: IngressRule) {
            self.ingress.push(rule);
        }
    ))]
    #[serde(default)]
    pub ingress: Vec<IngressRule>,
    /// What goes out. By default everything, to every IPv4 address.
    #[builder(default = all_out())]
    #[serde(default = "all_out")]
    pub egress: Vec<EgressRule>,
    /// Tags.
    #[builder(default)]
    #[serde(default)]
    pub tags: Tags,
}

fn all_out() -> Vec<EgressRule> {
    vec![EgressRule::default_of_aws()]
}

impl SecurityGroup {
    /// The id, `sg-...`.
    pub const ID: Attr<Self, String> = Attr::new("id");
    /// The name.
    pub const NAME: Attr<Self, String> = Attr::new("name");
    /// The VPC's id.
    pub const VPC_ID: Attr<Self, String> = Attr::new("vpc_id");
}

/// What is known of a security group that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupOutputs {
    /// The id, `sg-...`.
    pub id: String,
    /// The name.
    pub name: String,
    /// The VPC's id.
    pub vpc_id: String,
}

impl Resource for SecurityGroup {
    const KIND: Kind = Kind::new("ec2.security_group");
    const RULES: &'static [Rule] = &[
        Rule::ReplaceCreateFirst("/name"),
        Rule::ReplaceCreateFirst("/description"),
        Rule::ReplaceCreateFirst("/vpc_id"),
    ];
    type Outputs = SecurityGroupOutputs;

    fn normalize(&mut self) {
        canonical_set(&mut self.ingress);
        canonical_set(&mut self.egress);
    }

    fn validate(&self, found: &mut Violations) {
        for (path, text) in [("name", &self.name), ("description", &self.description)] {
            // AWS trims: a name with spaces around it would not be found again.
            found.check(!text.is_empty() && is_text(text) && text.trim() == text, path, || {
                format!(
                    "a security group's {path} has 1 to 255 of letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$*, \
                     and no space at its ends"
                )
            });
        }
        let lower = self.name.to_ascii_lowercase();
        found.check(!lower.starts_with("sg-"), "name", || "names beginning sg- are reserved by AWS");
        found.check(lower != "default", "name", || "every VPC has a group named default already");
        found.check(
            self.vpc_id.known().is_none_or(|id| id.starts_with("vpc-")),
            "vpc_id",
            || "a VPC's id begins vpc-",
        );
        validate_rules(&self.ingress, "ingress", found);
        validate_rules(&self.egress, "egress", found);
        self.tags.validate(found);
    }
}

fn validate_rules<R: AsRef<IpPermission>>(rules: &[R], path: &str, found: &mut Violations) {
    // The quota is 60 unless raised, and cannot be raised above this.
    found.check(rules.len() <= 1000, path, || format!("{} rules; a group has at most 1000", rules.len()));
    let canonical = |rule: &R| {
        let mut rule = rule.as_ref().clone();
        rule.canonicalize();
        rule
    };
    let all: Vec<IpPermission> = rules.iter().map(canonical).collect();
    for (position, rule) in rules.iter().enumerate() {
        found.within(&format!("{path}.{position}"), |found| {
            rule.as_ref().validate(found);
            let this = &all[position];
            let other =
                |other: &IpPermission| this.same_traffic(other) && this.description != other.description;
            found.check(
                !all[..position].iter().any(other),
                "description",
                || "another rule for the same traffic has another description; AWS keeps one",
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::ec2::{IpProtocol, Peer};

    fn group() -> SecurityGroup {
        SecurityGroup::builder()
            .name("humangov-california-task")
            .description("tasks of California")
            .vpc_id("vpc-0123456789abcdef0")
            .ingress_rule(IngressRule::tcp(80).from_group("sg-0123456789abcdef0"))
            .build()
    }

    fn problems(group: &SecurityGroup) -> String {
        let mut found = Violations::default();
        group.validate(&mut found);
        found.to_string()
    }

    #[test]
    fn a_usual_group_lets_everything_out() {
        let group = group();
        assert_eq!(problems(&group), "");
        assert_eq!(group.egress, [EgressRule::all().to_cidr("0.0.0.0/0")]);
    }

    #[test]
    fn what_aws_would_refuse_is_told_with_its_path() {
        let ports = |from, to| IngressRule::from(IpPermission::new(IpProtocol::Tcp, from, to, Peer::Itself));
        let mut cases = vec![];
        let mut case = |spoil: &dyn Fn(&mut SecurityGroup), expected: &'static str| {
            let mut group = group();
            spoil(&mut group);
            cases.push((group, expected));
        };
        case(&|g| g.name = "sg-mine".into(), "name: names beginning sg- are reserved");
        case(&|g| g.name = "Default".into(), "name: every VPC has a group named default");
        case(&|g| g.name = "mine ".into(), "name: a security group's name has 1 to 255");
        case(&|g| g.description = String::new(), "description: a security group's description has 1 to 255");
        case(&|g| g.description = "d'or".into(), "description: a security group's description has 1 to 255");
        case(&|g| g.vpc_id = "subnet-1".into(), "vpc_id: a VPC's id begins vpc-");
        case(
            &|g| g.ingress = vec![ports(Some(2), Some(1))],
            "ingress.0.from_port: ports of TCP and UDP go from 0",
        );
        case(&|g| g.ingress = vec![ports(None, None)], "ingress.0.from_port: ports of TCP and UDP go from 0");
        case(
            &|g| g.ingress = vec![IngressRule::tcp(80).from_cidr("0.0.0.0")],
            "ingress.0.peer.cidr: \"0.0.0.0\" is not a range of addresses",
        );
        case(
            &|g| g.egress = vec![EgressRule::tcp(80).to_group("web")],
            "egress.0.peer.group: a security group's id begins sg-",
        );
        case(
            &|g| {
                g.ingress = vec![
                    IngressRule::tcp(80).from_cidr("10.0.0.0/8"),
                    IngressRule::tcp(80).from_cidr("10.1.0.0/8").described("other"),
                ];
            },
            "ingress.1.description: another rule for the same traffic",
        );
        for (group, expected) in cases {
            let text = problems(&group);
            assert!(text.starts_with(expected), "{expected}\n{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }

    #[test]
    fn the_order_of_rules_makes_no_difference() {
        let (web, tls) =
            (IngressRule::tcp(80).from_cidr("0.0.0.0/0"), IngressRule::tcp(443).from_cidr("0.0.0.0/0"));
        let (mut one, mut other) = (group(), group());
        one.ingress = vec![web.clone(), tls.clone(), web.clone()];
        other.ingress = vec![tls, web];
        one.normalize();
        other.normalize();
        assert_eq!(one, other);
    }
}
