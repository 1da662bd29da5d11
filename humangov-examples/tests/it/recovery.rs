// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs of the real command that are killed, stopped or stuck, and how they are brought to their end.
//!
//! The account is a sandbox that is served, so that it outlives whoever is killed.

use crate::{
    battery::Served,
    emulator::virtual_environment,
    screens::screen,
    world::{Ran, World, config, text},
};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long anything is waited for on a busy machine.
const LONG: Duration = Duration::from_mins(1);

/// A user, and the account that they work in.
struct Scene {
    user: World,
    account: Served,
    /// Its file.
    _account: World,
}

impl Scene {
    /// An account in which these calls go wrong.
    fn new(faults: &Value) -> Self {
        // Made at its first use, which takes longer than a call may go unanswered.
        virtual_environment();
        let scaling = "[service.autoscaling]\nmin_capacity = 1\nmax_capacity = 3\ncpu_percent = 60\n";
        let config = config(&["california", "texas"], "v1", scaling);
        let behind = World::sandbox(&config);
        let account = Served::failing(&behind, faults);
        Self { user: World::new(account.url(), &config), account, _account: behind }
    }

    /// One in which the service of California is made and its answer never comes.
    fn unanswered() -> Self {
        Self::new(&json!([
            {"operation": "CreateService", "tenant": "california", "kind": {"slow": 600_000}}
        ]))
    }

    /// Begins a run that never gets its answer, up to where it waits for that.
    fn begun(&self) -> Begun {
        let told = self.user.path("told");
        let mut command = self.user.command("apply california --yes");
        let child = command.stdout(Stdio::null()).stderr(File::create(&told).unwrap()).spawn().unwrap();
        Self::wait("the service is there", || self.services() == 1);
        Begun { child: Some(child), told }
    }

    /// How many services there are, by somebody who knows nothing of us.
    fn services(&self) -> usize {
        let script = "import boto3, json\necs = boto3.client('ecs')\nfound = []\n\
                      for arn in ecs.list_clusters()['clusterArns']:\n    \
                      found += ecs.list_services(cluster=arn)['serviceArns']\nprint(json.dumps(len(found)))";
        usize::try_from(self.account.boto3(script).as_u64().unwrap()).unwrap()
    }

    fn wait(what: &str, done: impl Fn() -> bool) {
        let started = Instant::now();
        while !done() {
            assert!(started.elapsed() < LONG, "waited too long until {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    fn shows(&self, name: &str, code: i32, words: &str) {
        insta::assert_snapshot!(name, screen(words, &self.user.expect(code, words)));
    }

    /// Holds that nothing is left to do and nobody is in the way.
    #[track_caller]
    fn settled(&self) {
        let plan = self.user.expect(0, "plan california --detailed-exitcode");
        assert!(!plan.stderr.contains("has not ended"), "{}", plan.stderr);
        self.user.expect(0, "unlock california");
        let told = self.user.expect(0, "recover");
        assert!(told.stdout.contains("Nothing to recover"), "{}", told.stdout);
    }
}

/// A run that is under way; killed when dropped.
struct Begun {
    child: Option<Child>,
    told: std::path::PathBuf,
}

impl Begun {
    fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop, as a CI job is.
    fn terminate(&self) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    fn told(&self) -> String {
        fs::read_to_string(&self.told).unwrap()
    }

    fn ended(mut self) -> Ran {
        let status = self.child.take().unwrap().wait().unwrap();
        Ran { code: status.code().unwrap_or(-1), stdout: String::new(), stderr: self.told() }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

#[test]
fn a_run_that_was_killed_is_told_by_everything_and_goes_on() {
    let scene = Scene::unanswered();
    scene.begun().kill();
    scene.shows("killed_plan", 0, "plan california");
    scene.shows("killed_state_list", 0, "state list");
    let status: Value = serde_json::from_str(&scene.user.expect(0, "status --json").stdout).unwrap();
    let run = &status["unfinished"][0]["runs"][0];
    assert_eq!((text(&run["progress"]), text(&run["kind"])), ("forward", "apply"), "{status:#}");
    assert_eq!(text(&run["in_doubt"][0]["address"]), "ecs.service/app");
    scene.shows("recover_no_consent", 5, "recover");
    scene.shows("recover", 0, "recover --yes");
    assert_eq!(scene.services(), 1, "the one that was there was taken up");
    scene.settled();
}

#[test]
fn a_run_that_was_killed_is_undone_without_a_configuration() {
    let scene = Scene::unanswered();
    scene.begun().kill();
    fs::remove_file(scene.user.path("humangov.toml")).unwrap();
    scene.shows("recover_rollback", 0, "recover california --rollback --yes");
    assert_eq!(scene.services(), 0);
    let list = scene.user.expect(0, "state list").stdout;
    assert!(!list.contains("california"), "{list}");
    let document: Value = serde_json::from_str(&scene.user.expect(0, "recover --json").stdout).unwrap();
    assert_eq!((text(&document["exit"]), text(&document["fleet"])), ("ok", "humangov"));
}

#[test]
fn an_apply_after_a_kill_looks_up_what_is_in_doubt_and_goes_on_by_itself() {
    let scene = Scene::unanswered();
    scene.begun().kill();
    scene.shows("apply_after_a_kill", 0, "apply california --yes");
    assert_eq!(scene.services(), 1);
    scene.settled();
}

#[test]
fn while_a_run_is_under_way_others_look_and_wait_and_may_take_its_lock() {
    let scene = Scene::unanswered();
    let begun = scene.begun();
    scene.shows("under_way_plan", 0, "plan california");
    scene.shows("under_way_apply", 6, "apply california --yes");
    scene.shows("under_way_unlock", 6, "unlock california");
    let waited = scene.user.expect(6, "destroy california --yes --lock-timeout 2s");
    assert!(waited.stderr.contains("Waiting up to 2.0 s for california"), "{}", waited.stderr);
    let json: Value =
        serde_json::from_str(&scene.user.expect(6, "apply california --yes --json").stdout).unwrap();
    assert_eq!(json["error"]["lock"]["held"], true, "{json:#}");
    scene.shows("recover_under_way", 0, "recover --yes");
    // Another state is nobody's business.
    scene.user.expect(0, "plan texas");
    scene.shows("unlock", 0, "unlock california --force --yes");
    scene.shows("recover_after_unlock", 0, "recover california --yes");
    // Whoever was held up so long finds that they may do nothing more.
    begun.kill();
    assert_eq!(scene.services(), 1);
    scene.settled();
}

#[test]
fn the_base_stays_while_a_run_that_has_no_record_yet_may_need_it() {
    let scene = Scene::unanswered();
    scene.begun().kill();
    scene.shows("base_is_needed", 5, "destroy base --yes");
    scene.user.expect(0, "recover --yes");
    scene.settled();
}

#[test]
fn a_lock_that_is_damaged_is_told_and_made_anew_by_force() {
    let scene = Scene::unanswered();
    scene.begun().kill();
    let lock = scene.user.path(".humangov/humangov/123456789012/us-east-1/california.lock");
    let torn = fs::read(&lock).unwrap()[..40].to_vec();
    fs::write(&lock, &torn).unwrap();
    scene.shows("damaged_lock_apply", 1, "apply california --yes");
    scene.user.expect(1, "unlock california");
    assert_eq!(fs::read(&lock).unwrap(), torn);
    scene.shows("damaged_lock_unlock", 0, "unlock california --force --yes");
    // What was begun under it is still known.
    let told = scene.user.expect(0, "recover california --yes");
    assert!(told.stderr.contains("in doubt  ecs.service/app"), "{}", told.stderr);
    assert_eq!(scene.services(), 1);
    scene.settled();
}

#[test]
fn a_run_that_is_asked_to_stop_says_what_still_runs_and_what_to_type() {
    let scene = Scene::unanswered();
    let begun = scene.begun();
    begun.terminate();
    Scene::wait("it says so", || begun.told().contains("Once more leaves at once"));
    begun.terminate();
    let ran = begun.ended();
    insta::assert_snapshot!("left_at_once", screen("apply california --yes", &ran));
    assert_eq!(ran.code, 130);
    // It was about to undo what it had done, and so does whoever takes it up.
    scene.user.expect(0, "recover california --yes");
    assert_eq!(scene.services(), 0);
    scene.user.expect(2, "plan california --detailed-exitcode");
}

#[test]
fn a_run_that_is_asked_to_stop_undoes_what_it_did_or_leaves_it_as_the_flag_says() {
    for (flag, services) in [("rollback", 0), ("halt", 1)] {
        // Answered after a while, so that it can be waited for.
        let scene = Scene::new(&json!([
            {"operation": "CreateService", "tenant": "california", "times": 1, "kind": {"slow": 15_000}}
        ]));
        let told = scene.user.path("told");
        let words = format!("apply california --yes --on-cancel {flag}");
        let mut command = scene.user.command(&words);
        let child = command.stdout(Stdio::null()).stderr(File::create(&told).unwrap()).spawn().unwrap();
        let begun = Begun { child: Some(child), told };
        Scene::wait("the service is there", || scene.services() == 1);
        begun.terminate();
        let ran = begun.ended();
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        assert_eq!(scene.services(), services, "{flag}: {}", ran.stderr);
        let told = scene.user.expect(0, "recover");
        assert!(told.stdout.contains("Nothing to recover"), "a run that drained has ended: {}", told.stdout);
    }
}

#[test]
fn a_run_that_is_stuck_says_what_is_left_and_ends_once_that_is_let_go() {
    let denied = json!({"error": {"code": "AccessDeniedException", "message": "no"}});
    let scene = Scene::new(&json!([
        {"operation": "CreateService", "tenant": "california", "kind": denied},
        {"operation": "DeleteLogGroup", "tenant": "california", "kind": denied},
    ]));
    scene.user.expect(0, "apply base --yes");
    // One step at a time: which of those that go together is undone first is chance.
    scene.shows("stuck", 1, "apply california --yes --concurrency 1");
    scene.shows("stuck_plan", 0, "plan california");
    scene.shows("stuck_again", 1, "recover --yes");
    scene.shows("orphan_unknown", 5, "orphan california ecs.service/nginx --yes");
    scene.shows("orphan", 0, "orphan california logs.log_group/app --yes");
    scene.shows("recover_after_orphan", 0, "recover --yes");
    let groups =
        "import boto3, json\nprint(json.dumps(len(boto3.client('logs').describe_log_groups()['logGroups'])))";
    assert_eq!(scene.account.boto3(groups), 1, "it stays in AWS");
}
