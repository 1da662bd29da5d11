// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command, killed at random moments on servers that others wrote, and what an independent look finds after `recover`.

use crate::{
    emulator::Emulator,
    life::as_status_says,
    stores::MAKE,
    world::{World, config},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How many kills are to hit a running command on each server.
const KILLS: usize = 50;

/// How many are tried for that, at most: the commands take longer at one time than at another, and some end before.
const TRIES: usize = 4 * KILLS;

/// Moments that look random and are the same whenever the seed is: splitmix64.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

const DESTROY: &str = "destroy --yes --delete-data california base";

/// Runs `words` to its end, and tells how long that took.
fn measured(world: &World, words: &str) -> u64 {
    let started = Instant::now();
    world.expect(0, words);
    u64::try_from(started.elapsed().as_millis()).unwrap()
}

fn killed_often(emulator: &Emulator, world: &World, seed: u64) {
    let mut moments = Moments(seed);
    let mut apply = measured(world, "apply --yes california");
    as_status_says(world, &emulator.look("humangov"));
    let mut destroy = measured(world, DESTROY);
    let (mut kill, mut hit, mut ended) = (0, 0, BTreeMap::<String, usize>::new());
    let mut there = false;
    while hit < KILLS {
        kill += 1;
        assert!(kill <= TRIES, "only {hit} of {TRIES} kills hit a running command");
        let down = there && moments.next(2) == 0;
        let (words, lasts) =
            if down { (DESTROY, &mut destroy) } else { ("apply --yes california", &mut apply) };
        if !down {
            // A new image each time: there is always something to do.
            world.configure(&config(&["california"], &format!("v{kill}"), ""));
        }
        let moment = moments.next(*lasts);
        let mut running = world.command(words).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment));
        running.kill().unwrap();
        let ended_itself = running.wait().unwrap().code();
        hit += usize::from(ended_itself.is_none());
        let context = format!("seed {seed}, kill {kill}: {words} after {moment} of {lasts} ms");
        if let Some(code) = ended_itself {
            // Whatever the kills before left, it went on from there.
            assert_eq!(code, 0, "{context}");
            // The machine is less busy than it was: a whole run is shorter now.
            *lasts = moment.max(200);
        }
        let recovered = world.run("recover --yes");
        assert_eq!(recovered.code, 0, "{context}\n{}\n{}", recovered.stdout, recovered.stderr);
        println!("{context}: {}", recovered.stdout.lines().next().unwrap_or_default());
        // What is there is what is said to be there, whatever had been done.
        let status = as_status_says(world, &emulator.look("humangov"));
        there = status.keys().any(|name| name.starts_with("california "));
        *ended.entry(format!("{} resources", status.len())).or_default() += 1;
    }
    println!("{hit} of {kill} kills hit a running command; afterwards there were {ended:?}");
    // And from wherever that led, it goes on.
    world.expect(0, "apply --yes california");
    as_status_says(world, &emulator.look("humangov"));
    world.expect(0, "plan --detailed-exitcode california");
    world.expect(0, DESTROY);
    assert!(world.status().is_empty());
}

#[test]
fn a_command_that_is_killed_on_moto_is_recovered_from_its_files() {
    let moto = Emulator::moto_with(&[("EMULATOR_POLLS", "1")]);
    let world = World::new(&moto.url(), &config(&["california"], "v1", ""));
    killed_often(&moto, &world, 20_261_126);
}

fn killed_often_on_ministack(state: &str, seed: u64) {
    let ministack = Emulator::ministack();
    ministack.boto3(MAKE);
    let world = World::new(&ministack.url(), &config(&["california"], "v1", "")).with_state(state);
    killed_often(&ministack, &world, seed);
}

#[test]
fn a_command_that_is_killed_on_ministack_is_recovered_from_its_bucket() {
    killed_often_on_ministack("s3://state/humangov", 7);
}

#[test]
fn a_command_that_is_killed_on_ministack_is_recovered_from_its_table() {
    killed_often_on_ministack("dynamodb://state", 11);
}
