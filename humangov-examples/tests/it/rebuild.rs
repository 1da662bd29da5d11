// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records that are lost, and made anew from what is in the account.

use crate::{
    battery::Served,
    screens::screen,
    world::{World, config},
};
use std::fs;

const FIVE: [&str; 5] = ["california", "texas", "ohio", "utah", "maine"];

fn store(world: &World) -> std::path::PathBuf {
    world.path("sandbox.json.store/humangov/123456789012/us-east-1")
}

#[test]
fn a_fleet_of_five_whose_records_are_deleted_is_rebuilt_and_needs_no_changes() {
    let more = "[service.autoscaling]\nmin_capacity = 1\nmax_capacity = 3\ncpu_percent = 60\n";
    for more in ["", more, "[load_balancer]\ndomain = \"humangov.example\"\n"] {
        let world = World::sandbox(&config(&FIVE, "v1", more));
        world.expect(0, "apply --yes");
        let recorded = |name: &str| -> serde_json::Value {
            serde_json::from_slice(&fs::read(store(&world).join(name)).unwrap()).unwrap()
        };
        let before = ["base.json", "ohio.json"].map(recorded);
        for entry in fs::read_dir(store(&world)).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let rebuilt = world.expect(0, "state rebuild");
        if more.is_empty() {
            insta::assert_snapshot!("state_rebuild", screen("state rebuild", &rebuilt));
        }
        for (before, name) in before.into_iter().zip(["base.json", "ohio.json"]) {
            let timeless = |mut snapshot: serde_json::Value| {
                for key in ["updated_at", "lease"] {
                    snapshot.as_object_mut().unwrap().remove(key);
                }
                snapshot
            };
            assert_eq!(timeless(recorded(name)), timeless(before), "as the apply had left it");
        }
        let plan = world.expect(0, "plan --detailed-exitcode");
        assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
        world.expect(0, "plan --detailed-exitcode --no-refresh");
        // A record that is there stays, unless it is to be written over.
        let kept = world.expect(0, "state rebuild ohio").stdout;
        assert!(kept.contains("ohio: its record is there and stays"), "{kept}");
        let again = world.expect(0, "state rebuild ohio --overwrite").stdout;
        assert!(again.contains("Rebuilt ohio"), "{again}");
        world.expect(0, "plan --detailed-exitcode");
        world.expect(0, "destroy --yes --delete-data");
    }
}

#[test]
fn what_lost_one_of_its_tags_is_named_and_the_rest_is_rebuilt() {
    let world = World::sandbox(&config(&FIVE, "v1", ""));
    world.expect(0, "apply --yes");
    let served = Served::start(&world);
    served.boto3(
        "import boto3, json\nlogs = boto3.client('logs')\n\
         group = [g for g in logs.describe_log_groups()['logGroups'] if 'texas' in g['logGroupName']][0]\n\
         logs.untag_resource(resourceArn=group['arn'].removesuffix(':*'), tagKeys=['humangov:address'])\nprint(json.dumps(1))",
    );
    drop(served);
    fs::remove_dir_all(store(&world)).unwrap();
    let rebuilt = world.expect(3, "state rebuild");
    insta::assert_snapshot!("state_rebuild_foreign", screen("state rebuild", &rebuilt));
    let plan = world.expect(5, "plan");
    assert!(plan.stderr.contains("logs.log_group/app"), "{}", plan.stderr);
    world.expect(0, "plan california ohio utah maine --detailed-exitcode");
}

#[test]
fn what_is_recorded_can_be_looked_at() {
    let world = World::sandbox(&config(&["california"], "v1", ""));
    let show =
        |name: &str, words: &str| insta::assert_snapshot!(name, screen(words, &world.expect(0, words)));
    show("state_list_nothing", "state list");
    world.expect(0, "apply --yes");
    show("state_list", "state list");
    show("state_show", "state show ca");
    let unknown = world.expect(5, "state show texas");
    assert!(
        unknown.stderr.contains("texas is not in the store, which has base and california"),
        "{}",
        unknown.stderr
    );
    // Where state is kept can be said, and is said.
    let elsewhere = world.expect(0, "state list --state file:elsewhere --fleet humangov");
    assert!(elsewhere.stderr.contains("store file:elsewhere"), "{}", elsewhere.stderr);
    assert!(elsewhere.stdout.contains("Nothing is recorded here"), "{}", elsewhere.stdout);
    let refused = world.expect(5, "state list --state ftp://elsewhere");
    assert!(refused.stderr.contains("s3://"), "{}", refused.stderr);
}
