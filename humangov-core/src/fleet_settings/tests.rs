// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{resource::Violations, tenant::Tenant};

fn fleet(region: &str) -> FleetSettings {
    FleetSettings::builder().name("humangov".parse().unwrap()).account("123456789012").region(region).build()
}

#[test]
fn the_partition_follows_the_region() {
    for (region, partition) in
        [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
    {
        let fleet = fleet(region);
        assert_eq!(fleet.partition, partition);
        let policy: String = fleet.managed(ManagedPolicy::AmazonS3FullAccess).into();
        assert_eq!(policy, format!("arn:{partition}:iam::aws:policy/AmazonS3FullAccess"));
    }
}

#[test]
fn roles_of_two_regions_differ() {
    assert_ne!(fleet("us-east-1").role_name("ohio", "task"), fleet("us-east-2").role_name("ohio", "task"));
    let longest = FleetSettings { name: "humangov-production1".parse().unwrap(), ..fleet("ap-southeast-1") };
    assert_eq!(
        longest.role_name("north-carolina", "task"),
        "humangov-production1-north-carolina-task-ap-southeast-1"
    );
}

#[test]
fn custom_tenants_with_one_rule_priority_cannot_share() {
    // Among so many, some pair meets.
    let tenants: Vec<Tenant> = (0..2000).map(|i| Tenant::custom(&format!("t{i}")).unwrap()).collect();
    let mut by_priority = std::collections::HashMap::new();
    let pair = tenants.iter().find_map(|tenant| {
        by_priority.insert(tenant.rule_priority(), tenant).map(|other| [other.clone(), tenant.clone()])
    });
    let [one, other] = pair.unwrap();
    let mut found = Violations::default();
    check_shared_tenants([&one, &other], &mut found);
    let text = found.to_string();
    assert!(
        text.starts_with(&format!("tenants.{other}: cannot share a load balancer with {one}: ")),
        "{text}"
    );
}

#[test]
fn a_shared_load_balancer_serves_a_hundred_tenants() {
    let tenants: Vec<Tenant> = (0..101).map(|i| Tenant::custom(&format!("t{i}")).unwrap()).collect();
    let problems = |tenants: &[Tenant]| {
        let mut found = Violations::default();
        check_shared_tenants(tenants.iter().chain(tenants), &mut found);
        found.to_string()
    };
    assert_eq!(problems(&tenants[..100]), "");
    assert_eq!(problems(&tenants), "tenants: 101 tenants; a shared load balancer serves at most 100");
}
