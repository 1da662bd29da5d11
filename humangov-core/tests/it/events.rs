// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run tells.

use crate::world::{World, address, chain, thing};
use futures_util::StreamExt;
use humangov_core::{
    event::{Event, EventKind, Events},
    exec::Cancel,
    handler::HandlerErrorKind,
    testing::{CallOperation, Fault, Thing, When},
};
use std::collections::HashSet;

fn check_order(events: &[Event]) {
    let mut open = HashSet::new();
    let (mut rollbacks, mut cleanups) = (0, 0);
    assert!(matches!(events.first().unwrap().what, EventKind::RunStarted { .. }));
    assert!(matches!(events.last().unwrap().what, EventKind::RunFinished { .. }));
    for event in events {
        match &event.what {
            EventKind::StepStarted { address, operation } => assert!(open.insert((address, operation))),
            EventKind::StepFinished { address, operation, .. }
            | EventKind::StepFailed { address, operation, .. } => {
                assert!(open.remove(&(address, operation)), "started before finished: {event:?}");
            }
            EventKind::StepProgressed { address, .. } | EventKind::StepRetried { address, .. } => {
                assert!(open.iter().any(|(a, _)| *a == address), "only what runs goes on: {event:?}");
            }
            EventKind::RollbackStarted => {
                rollbacks += 1;
                assert!(open.is_empty(), "what runs is waited for");
            }
            EventKind::CleanupStarted => {
                cleanups += 1;
                assert!(open.is_empty());
            }
            _ => {}
        }
    }
    assert!(open.is_empty() && rollbacks <= 1 && cleanups <= 1);
}

/// One line of JSON each, as programs read them; run ids and words of this machine left out.
fn ndjson(events: &[Event]) -> String {
    let lines = events.iter().map(|event| {
        // As text: the order of a JSON tree depends on what else is built.
        serde_json::to_string(event).unwrap().replace(&event.run.to_string(), "RUN")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_run_that_works_tells_every_step() {
    let world = World::new();
    world.cloud.set_polls("b", 1);
    world.applied(&chain()).await;
    check_order(&world.events());
    insta::assert_snapshot!(ndjson(&world.events()));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_tells_why_and_that_it_goes_back() {
    let world = World::new();
    let b = address("test.thing/b");
    let create = || When::any().operation(CallOperation::Create).address(&b);
    world.faults.add(create().nth(1), Fault::Refuse(HandlerErrorKind::Throttled));
    world.faults.add(create().nth(2), Fault::Refuse(HandlerErrorKind::AccessDenied));
    let _ = world.apply(&chain()).await;
    check_order(&world.events());
    insta::assert_snapshot!(ndjson(&world.events()));
}

#[tokio::test(start_paused = true)]
async fn a_clean_up_is_told() {
    let world = World::new();
    world.applied(&chain()).await;
    let mut next = crate::world::stack();
    next.add("a", Thing::builder().name("a2").shape("square").build()).unwrap();
    world.events.lock().unwrap().clear();
    world.applied(&next).await;
    let events = world.events();
    check_order(&events);
    assert!(events.iter().any(|event| event.what == EventKind::CleanupStarted));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_events_ends_with_the_run() {
    let world = World::new();
    let plan = world.plan(&chain()).await.unwrap();
    let (events, stream) = Events::channel();
    let executor = world.executor();
    let run = async move {
        let report =
            executor.apply(&plan, &humangov_core::plan::Imports::none(), &Cancel::new(), &events).await;
        drop(events);
        report
    };
    let (report, events) = tokio::join!(run, stream.collect::<Vec<_>>());
    assert!(report.unwrap().outcome.is_applied());
    check_order(&events);
    let texts: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    let back: Vec<Event> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(back, events, "events can be read back");
}

#[tokio::test(start_paused = true)]
async fn nobody_listening_is_no_reason_to_stop() {
    let world = World::new();
    let mut stack = crate::world::stack();
    stack.add("a", thing("a")).unwrap();
    let plan = world.plan(&stack).await.unwrap();
    let (events, stream) = Events::channel();
    drop(stream);
    let report = world.executor().apply(&plan, &world.imports, &Cancel::new(), &events).await.unwrap();
    assert!(report.outcome.is_applied());
}
