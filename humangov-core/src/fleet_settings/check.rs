// SPDX-License-Identifier: MIT OR Apache-2.0
//! What no single resource can tell is wrong.

use super::{Alb, FleetSettings};
use crate::{resource::Violations, stack::Stack, tenant::Tenant, value::Input};
use std::collections::BTreeMap;

/// The most tenants of one shared load balancer: each has a target group, of which a load balancer takes 100 (Elastic Load
/// Balancing quotas, "Target groups per Application Load Balancer"; not adjustable).
pub const MAX_SHARED_TENANTS: usize = 100;

/// Adds to `found` what keeps `tenants` from sharing one load balancer: there are too many, or the rules of two would have one
/// priority ([`Tenant::rule_priority`]), which only custom tenants can.
///
/// ```
/// use humangov_core::{fleet_settings::check_shared_tenants, resource::Violations, tenant::{Tenant, UsState}};
/// let mut found = Violations::default();
/// check_shared_tenants(UsState::ALL.map(Tenant::State).iter(), &mut found);
/// assert!(found.is_empty());
/// ```
pub fn check_shared_tenants<'a>(tenants: impl IntoIterator<Item = &'a Tenant>, found: &mut Violations) {
    let mut by_priority: BTreeMap<u16, &Tenant> = BTreeMap::new();
    let mut count = 0;
    for tenant in tenants {
        count += 1;
        let priority = tenant.rule_priority();
        match by_priority.insert(priority, tenant) {
            Some(other) if other != tenant => found.add(
                &format!("tenants.{tenant}"),
                format!(
                    "cannot share a load balancer with {other}: both names give rule priority {priority}; \
                     rename one, or have a load balancer each"
                ),
            ),
            Some(_) => count -= 1,
            None => {}
        }
    }
    found.check(count <= MAX_SHARED_TENANTS, "tenants", || {
        format!("{count} tenants; a shared load balancer serves at most {MAX_SHARED_TENANTS}")
    });
}

impl FleetSettings {
    /// Adds to `stack` what is wrong with the settings themselves.
    pub(crate) fn check(&self, stack: &mut Stack) {
        let mut refuse = |holds: bool, path: &str, message: String| {
            if !holds {
                stack.refuse(path, message);
            }
        };
        let account = &self.account;
        refuse(
            account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()),
            "fleet.account",
            format!("{account:?} is not an account; allowed are 12 digits"),
        );
        refuse(
            is_word(&self.region) && self.region.split('-').count() >= 3,
            "fleet.region",
            format!("{:?} is not a region, such as us-east-1", self.region),
        );
        refuse(
            is_word(&self.partition),
            "fleet.partition",
            format!("{:?} is not a partition, such as aws", self.partition),
        );
        for arn in &self.image_repositories {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            refuse(
                matches!(parts.as_slice(), ["arn", _, "ecr", _, _, rest] if rest.starts_with("repository/")),
                "fleet.image_repositories",
                format!(
                    "{arn:?} is not the ARN of a repository, arn:PARTITION:ecr:REGION:ACCOUNT:repository/NAME"
                ),
            );
        }
        if let Alb::Shared { domain } = &self.load_balancer.alb {
            refuse(
                is_domain(domain),
                "fleet.load_balancer.alb.domain",
                format!("{domain:?} is not a domain, such as humangov.example"),
            );
        }
        refuse(
            !self.load_balancer.ingress_cidrs.is_empty(),
            "fleet.load_balancer.ingress_cidrs",
            format!(
                "nobody could send requests; write {} for everyone",
                super::LoadBalancerSettings::ANYWHERE
            ),
        );
    }

    /// Why the execution role could not pull `image`, if that is so: it is in ECR, but not in a repository named to the fleet.
    pub(crate) fn cannot_pull(&self, image: &Input<String>) -> Option<String> {
        let arn = self.repository_of(image.known()?)?;
        let allowed = self.has(super::ManagedPolicy::AmazonEcsTaskExecutionRolePolicy)
            || self.image_repositories.contains(&arn)
            || [self.app_repository(), self.nginx_repository()]
                .iter()
                .any(|name| self.repository_arn(name) == arn);
        (!allowed).then(|| {
            format!("the execution role may pull only the fleet's own images, not those of {arn}; name that repository too")
        })
    }

    /// The ARN of the private repository of ECR that an image is in, if it is in one.
    fn repository_of(&self, image: &str) -> Option<String> {
        let (host, path) = image.split_once('/')?;
        let (account, rest) = host.split_once(".dkr.ecr.").or_else(|| host.split_once(".dkr-ecr."))?;
        let region = rest.split('.').next()?;
        let name = path.split_once('@').map_or(path, |(name, _)| name);
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        Some(format!("arn:{}:ecr:{region}:{account}:repository/{name}", self.partition))
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Host names in it must be ones that a rule can tell: no wildcards, and only letters after the last dot.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.rsplit_once('.').is_some_and(|(_, last)| last.bytes().all(|b| b.is_ascii_alphabetic()))
        && text.split('.').all(label)
}
