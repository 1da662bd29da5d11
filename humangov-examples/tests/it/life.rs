// SPDX-License-Identifier: MIT OR Apache-2.0
//! A state's whole life, on servers that others wrote, looked at with boto3.

use crate::{
    emulator::Emulator,
    world::{World, config, text},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every kind that one state and the base are made of.
const KINDS: [&str; 13] = [
    "dynamodb.table",
    "ec2.security_group",
    "ecr.repository",
    "ecs.cluster",
    "ecs.service",
    "ecs.task_definition",
    "elbv2.listener",
    "elbv2.load_balancer",
    "elbv2.target_group",
    "iam.role",
    "logs.log_group",
    "s3.bucket",
    "autoscaling.target",
];

fn all(look: &Value) -> Vec<(&str, &Value)> {
    let kinds = look.as_object().unwrap();
    kinds
        .iter()
        .flat_map(|(kind, items)| items.as_array().unwrap().iter().map(move |item| (kind.as_str(), item)))
        .collect()
}

/// The one resource of `kind` that is of `stack`, by its tags.
fn of_stack<'a>(look: &'a Value, kind: &str, stack: &str) -> Vec<&'a Value> {
    let tagged = |item: &&Value| item["tags"]["humangov:stack"] == stack;
    look[kind].as_array().into_iter().flatten().filter(tagged).collect()
}

/// Holds that what status says is what an independent look finds, and the other way round.
pub fn as_status_says(world: &World, look: &Value) -> BTreeMap<String, Value> {
    let status = world.status();
    assert_eq!(all(look).len(), status.len(), "{look:#}\n{status:#?}");
    for (name, resource) in &status {
        let kind = text(&resource["kind"]);
        let arn = &resource["arn"];
        let mut found = look[kind].as_array().into_iter().flatten();
        let found = found.find(|item| {
            [&item["arn"], &item["name"], &item["settings"]["GroupId"]].contains(&&resource["physical_id"])
                || item["arn"] == *arn
        });
        let found =
            found.unwrap_or_else(|| panic!("boto3 does not find {name}: {resource:#}\n{:#}", look[kind]));
        if kind != "autoscaling.target" {
            assert_eq!(found["tags"]["humangov:fleet"], "humangov", "{name}");
            assert_eq!(found["tags"]["humangov:stack"], resource["stack"], "{name}");
            assert_eq!(found["tags"]["humangov:address"], resource["address"], "{name}");
        }
    }
    status
}

fn a_whole_life(emulator: &Emulator, more: &str, kinds: &[&str]) {
    let world = World::new(&emulator.url(), &config(&["california"], "v1", more));
    world.expect(0, "apply california --yes");

    let look = emulator.look("humangov");
    let status = as_status_says(&world, &look);
    let said: BTreeSet<&str> = status.values().map(|resource| text(&resource["kind"])).collect();
    assert_eq!(said, kinds.iter().copied().collect::<BTreeSet<_>>());
    settings_are_right(&look);

    // Nothing changed: nothing to do.
    let plan = world.expect(0, "plan california --detailed-exitcode");
    assert!(plan.stdout.contains("no changes"), "{}", plan.stdout);

    // A new image is a new revision, and the service in place.
    world.configure(&config(&["california"], "v2", more));
    let plan: Value =
        serde_json::from_str(&world.expect(2, "plan california --detailed-exitcode --json").stdout).unwrap();
    assert_eq!(
        changes(&plan),
        ["california replace create_first ecs.task_definition/app", "california update ecs.service/app"]
    );
    world.expect(0, "apply california --yes");
    world.expect(0, "plan --detailed-exitcode");
    let look = emulator.look("humangov");
    let image = &of_stack(&look, "ecs.task_definition", "california")[0]["settings"]["containerDefinitions"];
    assert!(image.to_string().contains("humangov/app:v2"), "{image:#}");
    assert_eq!(of_stack(&look, "ecs.task_definition", "california").len(), 1, "the old revision is gone");

    // Destroying keeps data, and says so.
    let destroyed = world.expect(0, "destroy --yes");
    let told = format!("{}{}", destroyed.stdout, destroyed.stderr);
    for kept in ["s3.bucket/documents", "dynamodb.table/employees"] {
        assert!(
            told.lines().any(|line| line.contains(kept) && line.contains("kept")),
            "{kept} is kept:\n{told}"
        );
    }
    let left: BTreeSet<String> =
        all(&emulator.look("humangov")).iter().map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(left, ["dynamodb.table", "ecr.repository", "s3.bucket"].map(str::to_owned).into());

    // And takes it along when asked to.
    world.expect(0, "destroy --yes --delete-data");
    assert_eq!(all(&emulator.look("humangov")), []);
    assert!(world.status().is_empty());
}

/// `stack action kind/name` of everything a plan would do.
fn changes(plan: &Value) -> Vec<String> {
    let plans = plan["plans"].as_array().unwrap_or_else(|| panic!("no plans in {plan:#}"));
    let mut changes = Vec::new();
    for plan in plans {
        for change in plan["changes"].as_array().unwrap() {
            let action = match &change["action"] {
                Value::Object(replace) => format!("replace {}", text(&replace["replace"])),
                action => text(action).to_owned(),
            };
            if action != "record" {
                changes.push(format!("{} {action} {}", text(&plan["stack"]), text(&change["address"])));
            }
        }
    }
    changes
}

/// The settings that keep states apart and alive, as AWS's own API tells them.
fn settings_are_right(look: &Value) {
    let one = |kind: &str| {
        let found = of_stack(look, kind, "california");
        assert_eq!(found.len(), 1, "one {kind}");
        &found[0]["settings"]
    };
    let table = one("dynamodb.table");
    assert_eq!(table["KeySchema"][0]["AttributeName"], "id", "{table:#}");
    assert_eq!(
        (&table["billingMode"], &table["pointInTimeRecovery"]),
        (&Value::from("PAY_PER_REQUEST"), &Value::from("ENABLED"))
    );
    let task = one("ecs.task_definition");
    assert_eq!((&task["cpu"], &task["memory"]), (&Value::from("512"), &Value::from("1024")));
    let containers = task["containerDefinitions"].as_array().unwrap();
    let app = containers.iter().find(|container| container["name"] == "app").unwrap();
    let environment = environment(app);
    assert_eq!(environment["US_STATE"], "california");
    assert_eq!(environment["AWS_REGION"], "us-east-1");
    assert_eq!(environment["AWS_DEFAULT_REGION"], "us-east-1");
    assert_eq!(
        environment["AWS_DYNAMODB_TABLE"],
        text(&of_stack(look, "dynamodb.table", "california")[0]["name"])
    );
    assert_eq!(environment["AWS_BUCKET"], text(&of_stack(look, "s3.bucket", "california")[0]["name"]));
    assert!(
        containers.iter().all(|container| container["essential"] == true
            && container["logConfiguration"]["logDriver"] == "awslogs")
    );
    let service = one("ecs.service");
    assert_eq!(service["loadBalancers"][0]["containerName"], "nginx");
    assert_eq!(service["loadBalancers"][0]["containerPort"], 80);
    assert_eq!(
        service["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"], true,
        "{service:#}"
    );
    let role = one("iam.role");
    let policies = role["inlinePolicies"].to_string();
    assert!(policies.contains("dynamodb:PutItem") && !policies.contains("dynamodb:*"), "{policies}");
    assert!(role["AssumeRolePolicyDocument"].to_string().contains("aws:SourceAccount"));
    let group = one("logs.log_group");
    assert_eq!(group["retentionInDays"], 30);
}

fn environment(container: &Value) -> std::collections::BTreeMap<&str, &str> {
    let pairs = container["environment"].as_array().unwrap();
    pairs.iter().map(|pair| (text(&pair["name"]), text(&pair["value"]))).collect()
}

const SCALING: &str = "[service]\ndesired_count = 1\n[service.autoscaling]\nmin_capacity = 1\nmax_capacity = 4\ncpu_percent = 60\n";

#[test]
fn a_state_lives_and_goes_on_moto() {
    a_whole_life(&Emulator::moto(), SCALING, &KINDS);
}

#[test]
fn a_state_lives_and_goes_on_ministack() {
    // It has no Application Auto Scaling.
    let kinds: Vec<&str> = KINDS.iter().copied().filter(|kind| *kind != "autoscaling.target").collect();
    a_whole_life(&Emulator::ministack(), "", &kinds);
}

#[test]
fn two_states_share_the_base_and_name_only_what_is_their_own() {
    let emulator = Emulator::moto();
    let world = World::new(&emulator.url(), &config(&["california", "tx"], "v1", ""));
    world.expect(0, "apply --yes");
    let look = emulator.look("humangov");
    assert_eq!(look["ecs.cluster"].as_array().unwrap().len(), 1);
    assert_eq!(look["ecr.repository"].as_array().unwrap().len(), 2);
    assert_eq!(of_stack(&look, "iam.role", "base").len(), 1);
    for (state, other) in [("california", "texas"), ("texas", "california")] {
        let task = &of_stack(&look, "ecs.task_definition", state)[0]["settings"];
        for container in task["containerDefinitions"].as_array().unwrap() {
            let environment = environment(container).values().copied().collect::<Vec<_>>().join(" ");
            assert!(!environment.contains(other), "{state}: {environment}");
        }
        let app =
            task["containerDefinitions"].as_array().unwrap().iter().find(|c| c["name"] == "app").unwrap();
        assert_eq!(
            environment(app)["AWS_DYNAMODB_TABLE"],
            text(&of_stack(&look, "dynamodb.table", state)[0]["name"])
        );
        assert_eq!(environment(app)["AWS_BUCKET"], text(&of_stack(&look, "s3.bucket", state)[0]["name"]));
        let role = of_stack(&look, "iam.role", state)[0]["settings"].to_string();
        assert!(!role.contains(other), "{state}: {role}");
    }
    // One state goes; the base and the other stay as they are.
    world.expect(0, "destroy texas --yes --delete-data");
    let after = emulator.look("humangov");
    assert!(all(&after).iter().all(|(_, item)| item["tags"]["humangov:stack"] != "texas"));
    assert_eq!(of_stack(&after, "ecs.service", "california").len(), 1);
    world.expect(0, "plan california --detailed-exitcode");
}

#[test]
fn states_share_a_load_balancer_by_host_name() {
    let emulator = Emulator::moto();
    let shared = "[load_balancer]\nalb = \"shared\"\ndomain = \"humangov.example\"\n";
    let world = World::new(&emulator.url(), &config(&["california", "ohio"], "v1", shared));
    world.expect(0, "apply --yes");
    let look = emulator.look("humangov");
    assert_eq!(look["elbv2.load_balancer"].as_array().unwrap().len(), 1);
    for state in ["california", "ohio"] {
        let rule = of_stack(&look, "elbv2.listener_rule", state)[0]["settings"].to_string();
        assert!(rule.contains(&format!("{state}.humangov.example")), "{rule}");
    }
    world.expect(0, "plan --detailed-exitcode");
    world.expect(0, "destroy --yes --delete-data");
    assert_eq!(all(&emulator.look("humangov")), []);
}

#[test]
fn a_saved_plan_does_exactly_what_it_showed_and_goes_stale() {
    let emulator = Emulator::moto();
    let world = World::new(&emulator.url(), &config(&["california"], "v1", ""));
    world.expect(0, "plan --out first.plan");
    world.expect(0, "plan --out second.plan");
    world.expect(0, "apply --plan first.plan --yes");
    world.expect(0, "plan --detailed-exitcode");
    let stale = world.expect(5, "apply --plan second.plan --yes");
    assert!(stale.stderr.contains("plan again"), "{}", stale.stderr);
}

#[test]
fn what_was_changed_outside_is_shown_as_drift_and_set_back() {
    let emulator = Emulator::moto();
    let world = World::new(&emulator.url(), &config(&["california"], "v1", ""));
    world.expect(0, "apply --yes");
    let group = text(&world.status()["california logs.log_group/app"]["physical_id"]).to_owned();
    emulator.boto3(&format!(
        "import boto3, json\nboto3.client('logs').put_retention_policy(logGroupName='{group}', retentionInDays=7)\nprint(json.dumps(1))"
    ));
    let plan = world.expect(2, "plan --detailed-exitcode").stdout;
    assert!(plan.contains("drift") && plan.contains("7  →  30"), "{plan}");
    world.expect(0, "apply --yes");
    world.expect(0, "plan --detailed-exitcode");
}
