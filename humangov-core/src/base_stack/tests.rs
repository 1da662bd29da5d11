// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    fleet_settings::{Alb, LoadBalancerSettings, NetworkSettings},
    kind::ecr::TagStatus,
    resource::Resource,
    value::{Input, Output},
};
use serde_json::json;

fn fleet() -> FleetSettings {
    FleetSettings::builder()
        .name("humangov".parse().unwrap())
        .account("123456789012")
        .region("us-east-1")
        .network(NetworkSettings::new("vpc-1", ["subnet-1", "subnet-2"]))
        .build()
}

fn shared(certificate: Option<&str>) -> FleetSettings {
    let mut fleet = fleet();
    fleet.load_balancer = LoadBalancerSettings::builder().alb(Alb::shared("humangov.example")).build();
    fleet.load_balancer.certificate_arn = certificate.map(Input::from);
    fleet
}

fn stack(fleet: FleetSettings) -> Stack {
    BaseStack::builder().fleet(fleet).build().into_stack().unwrap()
}

fn addresses(stack: &Stack) -> Vec<&str> {
    stack.resources().iter().map(|declared| declared.address().as_str()).collect()
}

fn get<R: Resource>(stack: &Stack, name: &str) -> R {
    let address = format!("{}/{name}", R::KIND).parse().unwrap();
    stack.get(&address).unwrap().spec().try_into_resource().unwrap()
}

#[test]
fn without_a_shared_load_balancer_four_resources_do() {
    let stack = stack(fleet());
    assert_eq!(stack.check(), Ok(()));
    assert_eq!(
        addresses(&stack),
        ["ecr.repository/app", "ecr.repository/nginx", "ecs.cluster/main", "iam.role/execution"]
    );
    let role: Role = get(&stack, "execution");
    let policy = role.inline_policies["start-tasks"].to_json().unwrap();
    let policy = crate::value::Canonical::new(&policy).to_value();
    insta::assert_snapshot!(serde_json::to_string_pretty(&policy).unwrap());
}

#[test]
fn the_shared_load_balancer_answers_404_and_lends_its_listener() {
    for (certificate, listeners, lent) in [
        (None, vec!["elbv2.listener/http"], "elbv2.listener/http#arn"),
        (
            Some("arn:aws:acm:us-east-1:123456789012:certificate/1"),
            vec!["elbv2.listener/http", "elbv2.listener/https"],
            "elbv2.listener/https#arn",
        ),
    ] {
        let stack = stack(shared(certificate));
        assert_eq!(stack.check(), Ok(()));
        assert_eq!(addresses(&stack)[4..6], ["ec2.security_group/alb", "elbv2.load_balancer/shared"]);
        assert_eq!(addresses(&stack)[6..], listeners);
        assert_eq!(stack.exports()["listener_arn"], json!({ "$ref": lent }));
        let name = lent.trim_start_matches("elbv2.listener/").trim_end_matches("#arn");
        let listener: Listener = get(&stack, name);
        assert_eq!(json!(listener.default_action)["fixed_response"]["status_code"], 404);
    }
}

#[test]
fn everything_that_can_be_imported_is_exported() {
    let stack = stack(shared(None));
    let imports = [
        json!(Output::from(BaseStack::cluster_arn())),
        json!(Output::from(BaseStack::cluster_name())),
        json!(Output::from(BaseStack::execution_role_arn())),
        json!(Output::from(BaseStack::app_repository_uri())),
        json!(Output::from(BaseStack::nginx_repository_uri())),
        json!(Output::from(BaseStack::alb_dns_name())),
        json!(Output::from(BaseStack::alb_hosted_zone_id())),
        json!(Output::from(BaseStack::alb_security_group_id())),
        json!(Output::from(BaseStack::listener_arn())),
    ];
    assert_eq!(imports.len(), stack.exports().len());
    for import in imports {
        let name = import["$import"].as_str().unwrap().strip_prefix("base#").unwrap();
        assert!(stack.exports().contains_key(name), "{name}");
    }
}

#[test]
fn the_managed_policy_takes_the_place_of_the_narrow_one_and_is_warned_of() {
    let mut fleet = fleet();
    fleet.managed_policies.insert(ManagedPolicy::AmazonEcsTaskExecutionRolePolicy);
    fleet.permissions_boundary = Some("arn:aws:iam::123456789012:policy/boundary".to_owned());
    let stack = stack(fleet);
    assert_eq!(stack.check(), Ok(()));
    assert_eq!(stack.warnings().len(), 1);
    let role: Role = get(&stack, "execution");
    assert!(role.inline_policies.is_empty());
    assert_eq!(
        role.managed_policies,
        ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]
    );
    assert_eq!(role.permissions_boundary.as_deref(), Some("arn:aws:iam::123456789012:policy/boundary"));
}

#[test]
fn a_shared_load_balancer_without_a_network_is_refused() {
    let mut fleet = shared(None);
    fleet.network = None;
    let text = stack(fleet).check().unwrap_err().to_string();
    assert!(text.contains("fleet.network: a shared load balancer needs a VPC and subnets"), "{text}");
}

#[test]
fn repositories_can_be_kept_otherwise() {
    let base = BaseStack::builder()
        .fleet(fleet())
        .image_tag_mutability(ImageTagMutability::Mutable)
        .image_lifecycle(LifecyclePolicy::new().expire_untagged_after_days(14))
        .container_insights(ContainerInsights::Enhanced)
        .build();
    let stack = base.into_stack().unwrap();
    assert_eq!(stack.check(), Ok(()));
    let repository: Repository = get(&stack, "nginx");
    assert_eq!(repository.image_tag_mutability, ImageTagMutability::Mutable);
    assert_eq!(repository.lifecycle.unwrap().rules[0].tag_status, TagStatus::Untagged);
}
