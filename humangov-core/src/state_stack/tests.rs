// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    fleet_settings::{Alb, LoadBalancerSettings, ManagedPolicy, NetworkSettings},
    kind::elbv2::{Scheme, Stickiness, TargetGroup},
    resource::Resource,
    tenant::UsState,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn load_balancer(alb: Alb) -> LoadBalancerSettings {
    LoadBalancerSettings::builder().alb(alb).build()
}

fn shared() -> LoadBalancerSettings {
    load_balancer(Alb::shared("humangov.example"))
}

fn fleet(name: &str, load_balancer: LoadBalancerSettings) -> FleetSettings {
    FleetSettings::builder()
        .name(name.parse().unwrap())
        .account("123456789012")
        .region("us-east-1")
        .network(NetworkSettings::new("vpc-1", ["subnet-1", "subnet-2"]))
        .load_balancer(load_balancer)
        .tags([("team", "hr")].into_iter().collect())
        .build()
}

fn state(fleet: FleetSettings, tenant: impl Into<Tenant>) -> StateStack {
    let images = Images::new("humangov/app:v1", "humangov/nginx:v1");
    StateStack::builder().fleet(fleet).tenant(tenant).images(images).build()
}

fn california() -> StateStack {
    state(fleet("humangov", LoadBalancerSettings::default()), UsState::California)
}

/// Every resource: what it is, and what it waits for.
fn shown(stack: &Stack) -> String {
    let resources = stack.resources();
    let after = |i: &u32| json!(resources[*i as usize].address());
    let all = resources.iter().map(|declared| {
        let after: Vec<Value> = declared.as_ref().iter().map(after).collect();
        let mut spec = declared.spec().canonical().to_value();
        drop_unset(&mut spec);
        (declared.address().to_string(), json!({ "after": after, "spec": spec }))
    });
    let all: serde_json::Map<String, Value> = all.collect();
    let text = json!({ "resources": all, "exports": stack.exports() });
    // Sorted: whether serde_json keeps the order of insertion depends on what else is built.
    serde_json::to_string_pretty(&crate::value::Canonical::new(&text).to_value()).unwrap()
}

/// Leaves out what is left to AWS.
fn drop_unset(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(drop_unset);
            map.retain(|_, value| !value.is_null() && *value != json!([]) && *value != json!({}));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_unset),
        _ => {}
    }
}

fn addresses(stack: &Stack) -> Vec<&str> {
    stack.resources().iter().map(|declared| declared.address().as_str()).collect()
}

fn get<R: Resource>(stack: &Stack, name: &str) -> R {
    let address = format!("{}/{name}", R::KIND).parse().unwrap();
    stack.get(&address).unwrap().spec().try_into_resource().unwrap()
}

fn problems(state: StateStack) -> String {
    state.into_stack().unwrap().check().map_or_else(|error| error.to_string(), |()| String::new())
}

#[test]
fn california_with_its_own_load_balancer_is_this() {
    let stack = california().into_stack().unwrap();
    assert_eq!(stack.check(), Ok(()));
    assert!(stack.warnings().is_empty());
    insta::assert_snapshot!(shown(&stack));
}

#[test]
fn california_behind_the_shared_load_balancer_is_this() {
    let mut state = state(fleet("humangov", shared()), UsState::California);
    let scaling = AutoscalingSettings::builder().min_capacity(1).max_capacity(4).cpu_percent(60).build();
    state.autoscaling = Some(scaling);
    let stack = state.into_stack().unwrap();
    assert_eq!(stack.check(), Ok(()));
    insta::assert_snapshot!(shown(&stack));
}

#[test]
fn every_state_fits_with_the_longest_fleet_name() {
    let custom = ["district-of-columbia", "staging"].map(|slug| Tenant::custom(slug).unwrap());
    for load_balancer in [shared(), LoadBalancerSettings::default()] {
        let mut names = BTreeSet::new();
        for tenant in UsState::ALL.map(Tenant::State).into_iter().chain(custom.clone()) {
            let stack =
                state(fleet("humangov-production1", load_balancer.clone()), tenant).into_stack().unwrap();
            assert_eq!(stack.check(), Ok(()), "{}", stack.name());
            for declared in stack.resources() {
                let spec = declared.spec().canonical().to_value();
                if let Some(name) = spec["name"].as_str() {
                    let kind = declared.spec().info().kind.to_string();
                    assert!(names.insert((kind, name.to_owned())), "{name} is taken");
                }
            }
        }
    }
}

#[test]
fn no_state_names_the_data_of_another() {
    for load_balancer in [shared(), LoadBalancerSettings::default()] {
        let states = UsState::ALL.map(|of| state(fleet("humangov", load_balancer.clone()), of));
        let stacks = states.clone().map(|state| shown(&state.into_stack().unwrap()));
        for (i, state) in states.iter().enumerate() {
            let names = [state.table_name(), state.bucket_name()];
            for (j, stack) in stacks.iter().enumerate() {
                for name in &names {
                    assert_eq!(
                        stack.contains(&format!("{name}\"")),
                        i == j,
                        "{name} in {}",
                        states[j].tenant
                    );
                    assert!(i == j || !stack.contains(name.as_str()), "{name} in {}", states[j].tenant);
                }
            }
        }
    }
}

#[test]
fn the_application_is_told_of_the_stacks_own_resources() {
    let stack = state(fleet("humangov", shared()), UsState::NewYork).into_stack().unwrap();
    let task: ecs::TaskDefinition = get(&stack, "app");
    let app = task.containers.iter().find(|container| container.name == "app").unwrap();
    assert_eq!(
        json!(app.environment),
        json!({
            "US_STATE": "new york",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_BUCKET": { "$ref": "s3.bucket/documents#name" },
            "AWS_DYNAMODB_TABLE": { "$ref": "dynamodb.table/employees#name" },
        })
    );
}

#[test]
fn the_task_role_reaches_this_table_and_this_bucket() {
    let stack = california().into_stack().unwrap();
    let role: crate::kind::iam::Role = get(&stack, "task");
    let policy = role.inline_policies["app"].to_json().unwrap();
    let (table, bucket) = (get::<Table>(&stack, "employees"), get::<Bucket>(&stack, "documents"));
    assert_eq!(
        policy["Statement"][0]["Resource"],
        format!("arn:aws:dynamodb:us-east-1:123456789012:table/{}", table.name)
    );
    assert_eq!(policy["Statement"][1]["Resource"], format!("arn:aws:s3:::{}/*", bucket.name));
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 2);
}

#[test]
fn clients_stay_with_a_task_when_there_can_be_several() {
    let stickiness = |change: fn(&mut StateStack)| {
        let mut state = california();
        change(&mut state);
        get::<TargetGroup>(&state.into_stack().unwrap(), "web").stickiness
    };
    let scaling =
        |max| AutoscalingSettings::builder().min_capacity(1).max_capacity(max).cpu_percent(60).build();
    let on = Some(Stickiness::LbCookie { duration_seconds: Stickiness::DAY });
    assert_eq!(stickiness(|_| {}), Some(Stickiness::Off));
    assert_eq!(stickiness(|state| state.desired_count = 2), on);
    let (one, many) = (scaling(1), scaling(2));
    let mut state = california();
    for (scaling, expected) in [(one, Some(Stickiness::Off)), (many, on)] {
        state.autoscaling = Some(scaling);
        let stack = state.clone().into_stack().unwrap();
        assert_eq!(get::<TargetGroup>(&stack, "web").stickiness, expected);
    }
}

#[test]
fn every_launch_type_builds() {
    let ec2 = |mode| Ec2Settings::builder().network_mode(mode).build().into();
    let external = |mode| ExternalSettings::builder().network_mode(mode).build().into();
    let spot = FargateSettings::builder().capacity(FargateCapacity::Spot).build();
    let table: [(LaunchSettings, &str, bool, Option<&str>); 7] = [
        (LaunchSettings::default(), "fargate", true, Some("ip")),
        (spot.into(), "fargate_capacity", true, Some("ip")),
        (ec2(Ec2NetworkMode::Awsvpc), "ec2", true, Some("ip")),
        (ec2(Ec2NetworkMode::Bridge), "ec2", false, Some("instance")),
        (ec2(Ec2NetworkMode::Host), "ec2", false, Some("instance")),
        (external(ExternalNetworkMode::Host), "external", false, None),
        (external(ExternalNetworkMode::Bridge), "external", false, None),
    ];
    for load_balancer in [shared(), LoadBalancerSettings::default()] {
        for (launch, variant, has_group, target_type) in table.clone() {
            let mut state = state(fleet("humangov", load_balancer.clone()), UsState::Texas);
            state.launch = launch;
            for desired_count in 0..3 {
                state.desired_count = desired_count;
                assert_eq!(problems(state.clone()), "", "{:?} x {desired_count}", state.launch);
            }
            let stack = state.into_stack().unwrap();
            let service = json!(get::<ecs::Service>(&stack, "app"));
            assert!(service["launch"][variant].is_object(), "{service}");
            assert_eq!(addresses(&stack).contains(&"ec2.security_group/task"), has_group);
            let group = stack.get(&"elbv2.target_group/web".parse().unwrap());
            let group = group.map(|declared| declared.spec().canonical().to_value());
            assert_eq!(group.as_ref().and_then(|group| group["target_type"].as_str()), target_type);
            assert_eq!(stack.exports().contains_key("url"), target_type.is_some());
        }
    }
}

#[test]
fn machines_of_ones_own_need_no_network() {
    let mut fleet = fleet("humangov", LoadBalancerSettings::default());
    fleet.network = None;
    let mut state = state(fleet, UsState::Texas);
    assert!(problems(state.clone()).contains("fleet.network: a load balancer and its tasks need a VPC"));
    state.launch = ExternalSettings::builder().build().into();
    assert_eq!(problems(state), "");
}

#[test]
fn a_machine_with_one_port_stops_the_old_task_first() {
    let mut state = california();
    state.launch = ExternalSettings::builder().build().into();
    let percents = |state: &StateStack| {
        let stack = state.clone().into_stack().unwrap();
        let deployment = get::<ecs::Service>(&stack, "app").deployment_configuration;
        (deployment.minimum_healthy_percent.unwrap(), deployment.maximum_percent.unwrap())
    };
    assert_eq!(percents(&state), (0, 100));
    state.desired_count = 3;
    assert_eq!(percents(&state), (50, 100));
}

#[test]
fn managed_policies_take_the_place_of_narrow_ones_and_are_warned_of() {
    let mut state = california();
    state.fleet.managed_policies.extend(ManagedPolicy::ALL);
    let stack = state.into_stack().unwrap();
    assert_eq!(stack.check(), Ok(()));
    let role: crate::kind::iam::Role = get(&stack, "task");
    assert!(role.inline_policies.is_empty());
    assert_eq!(
        role.managed_policies,
        ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess"]
    );
    insta::assert_snapshot!(stack.warnings().join("\n"), @r"
    AmazonS3FullAccess lets the tasks of California do everything with every bucket of the account, those of other tenants included
    AmazonDynamoDBFullAccess lets the tasks of California do everything with every table of the account, those of other tenants included
    ");
}

#[test]
fn one_managed_policy_leaves_the_rest_narrow() {
    let mut state = california();
    state.enable_execute_command = true;
    state.fleet.managed_policies.insert(ManagedPolicy::AmazonS3FullAccess);
    let role: crate::kind::iam::Role = get(&state.into_stack().unwrap(), "task");
    let actions: Vec<String> = role.inline_policies["app"]
        .statements
        .iter()
        .flat_map(|statement| {
            statement.actions.iter().map(|action| action.split(':').next().unwrap().to_owned())
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(actions, ["dynamodb", "ssmmessages"]);
}

#[test]
fn https_serves_443_and_redirects_80() {
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    let settings = LoadBalancerSettings::builder().certificate_arn(certificate).build();
    let stack = state(fleet("humangov", settings), UsState::California).into_stack().unwrap();
    assert_eq!(stack.check(), Ok(()));
    let action = |name| json!(get::<crate::kind::elbv2::Listener>(&stack, name).default_action);
    assert_eq!(action("http")["redirect"]["protocol"], "HTTPS");
    assert!(action("https")["forward"].is_object());
    let group: crate::kind::ec2::SecurityGroup = get(&stack, "alb");
    assert_eq!(group.ingress.len(), 2);
}

#[test]
fn what_cannot_be_changed_is_in_the_names_of_what_is_replaced() {
    let names = |change: fn(&mut FleetSettings)| {
        let mut state = california();
        change(&mut state.fleet);
        let stack = state.into_stack().unwrap();
        let balancer: crate::kind::elbv2::LoadBalancer = get(&stack, "web");
        (balancer.name, get::<TargetGroup>(&stack, "web").name)
    };
    let before = names(|_| {});
    let other_vpc =
        names(|fleet| fleet.network = Some(NetworkSettings::new("vpc-2", ["subnet-3", "subnet-4"])));
    let internal = names(|fleet| fleet.load_balancer.scheme = Scheme::Internal);
    for other in [other_vpc, internal] {
        assert_ne!(before.0, other.0);
        assert_ne!(before.1, other.1);
    }
    assert_eq!(before, names(|fleet| fleet.load_balancer.idle_timeout_seconds = 120));
    let shared = state(fleet("humangov", shared()), UsState::California).into_stack().unwrap();
    assert_ne!(before.1, get::<TargetGroup>(&shared, "web").name);
}

#[test]
fn what_no_resource_can_tell_is_refused() {
    type Change = fn(&mut StateStack);
    let table: [(Change, &str); 8] = [
        (|state| state.fleet.account = "42".into(), "fleet.account: \"42\" is not an account"),
        (|state| state.fleet.region = "US East".into(), "fleet.region: \"US East\" is not a region"),
        (|state| state.fleet.partition.clear(), "fleet.partition: \"\" is not a partition"),
        (
            |state| state.fleet.load_balancer.ingress_cidrs.clear(),
            "ingress_cidrs: nobody could send requests",
        ),
        (
            |state| state.fleet.load_balancer.alb = Alb::shared("*.humangov.example"),
            "fleet.load_balancer.alb.domain: \"*.humangov.example\" is not a domain",
        ),
        (
            |state| state.fleet.image_repositories.extend(["humangov/app".to_owned()]),
            "fleet.image_repositories: \"humangov/app\" is not the ARN of a repository",
        ),
        (
            |state| {
                let scaling = AutoscalingSettings::builder().min_capacity(1).max_capacity(2);
                state.autoscaling = Some(scaling.build());
            },
            "autoscaling: nothing to follow",
        ),
        (
            |state| {
                let scaling = AutoscalingSettings::builder().min_capacity(3).max_capacity(2).cpu_percent(101);
                state.autoscaling = Some(scaling.build());
            },
            "autoscaling.cpu_percent: allowed are 1 to 100 percent",
        ),
    ];
    for (change, expected) in table {
        let mut state = california();
        change(&mut state);
        let text = problems(state);
        assert!(text.contains(expected), "{text:?} lacks {expected:?}");
    }
}

#[test]
fn what_aws_would_refuse_of_a_setting_is_told_at_once() {
    let mut state = california();
    state.log_retention_in_days = 2;
    state.health_check_path = "health".to_owned();
    state.deregistration_delay_seconds = 3601;
    state.data.noncurrent_version_expiration_days = 0;
    state.fleet.permissions_boundary = Some("boundary".to_owned());
    state.images.app = "Not An Image".into();
    let text = problems(state);
    for expected in [
        "logs.log_group/app.retention_in_days: 2 days",
        "elbv2.target_group/web.health_check.path: ",
        "elbv2.target_group/web.deregistration_delay_seconds: 3601",
        "s3.bucket/documents.lifecycle_rules.former-versions.",
        "iam.role/task.permissions_boundary: ",
        "ecs.task_definition/app.containers.",
    ] {
        assert!(text.contains(expected), "{text:?} lacks {expected:?}");
    }
}

#[test]
fn images_that_ecs_may_not_pull_are_warned_of() {
    let registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    let warnings = |app: String, change: fn(&mut FleetSettings)| {
        let mut state = california();
        state.images = Images::new(app, format!("{registry}/humangov/nginx@sha256:{}", "0".repeat(64)));
        change(&mut state.fleet);
        state.into_stack().unwrap().warnings().join("\n")
    };
    assert_eq!(warnings(format!("{registry}/humangov/app:v1"), |_| {}), "");
    assert_eq!(warnings("public.ecr.aws/nginx/nginx:1.29".to_owned(), |_| {}), "");
    let other = format!("{registry}/other/app:v1");
    assert!(
        warnings(other.clone(), |_| {}).contains("arn:aws:ecr:us-east-1:123456789012:repository/other/app")
    );
    let named = |fleet: &mut FleetSettings| {
        let arn = "arn:aws:ecr:us-east-1:123456789012:repository/other/app";
        fleet.image_repositories.insert(arn.to_owned());
    };
    assert_eq!(warnings(other, named), "");
}
