// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

const ALL: [Status; 10] = [
    Status::Blocked,
    Status::Ready,
    Status::Running,
    Status::InDoubt,
    Status::Done,
    Status::Failed,
    Status::Undoing,
    Status::Undone,
    Status::UndoFailed,
    Status::Skipped,
];
const SIGNALS: [Signal; 10] = [
    Signal::Release,
    Signal::Start,
    Signal::Succeed,
    Signal::Doubt,
    Signal::Fail,
    Signal::Undo,
    Signal::UndoSucceed,
    Signal::UndoFail,
    Signal::Skip,
    Signal::LetGo,
];

#[test]
fn exactly_these_transitions_are_legal() {
    let legal: Vec<String> = ALL
        .iter()
        .flat_map(|status| SIGNALS.iter().map(move |signal| (status, signal)))
        .filter_map(|(status, signal)| {
            Some(format!("{status:?} {signal:?} -> {:?}", status.after(*signal).ok()?))
        })
        .collect();
    insta::assert_snapshot!(legal.join("\n"), @r"
    Blocked Release -> Ready
    Blocked Skip -> Skipped
    Ready Start -> Running
    Ready Skip -> Skipped
    Running Succeed -> Done
    Running Doubt -> InDoubt
    Running Fail -> Failed
    InDoubt Succeed -> Done
    InDoubt Fail -> Failed
    InDoubt Undo -> Undoing
    InDoubt LetGo -> Skipped
    Done Undo -> Undoing
    Done LetGo -> Skipped
    Failed Undo -> Undoing
    Failed LetGo -> Skipped
    Undoing UndoSucceed -> Undone
    Undoing UndoFail -> UndoFailed
    UndoFailed Undo -> Undoing
    UndoFailed LetGo -> Skipped
    ");
}

fn shape(after: &[u32], cleanup: bool) -> StepShape {
    StepShape { after: after.to_vec(), cleanup }
}

#[test]
fn no_steps_are_finished_at_once() {
    assert_eq!(Machine::new(&[]).unwrap().mode(), Mode::Finished);
}

#[test]
fn clean_up_waits_for_every_forward_step() {
    let mut machine = Machine::new(&[shape(&[], false), shape(&[], true), shape(&[], false)]).unwrap();
    let (a, b) = (machine.next_task().unwrap(), machine.next_task().unwrap());
    assert_eq!((a.step, b.step, machine.next_task()), (0, 2, None));
    machine.succeeded(a).unwrap();
    assert_eq!(machine.next_task(), None);
    machine.succeeded(b).unwrap();
    assert_eq!((machine.mode(), machine.next_task().unwrap().step), (Mode::Cleanup, 1));
}

#[test]
fn a_failed_clean_up_undoes_nothing_and_holds_up_only_what_waits_for_it() {
    let mut machine =
        Machine::new(&[shape(&[], false), shape(&[], true), shape(&[1], true), shape(&[], true)]).unwrap();
    let first = machine.next_task().unwrap();
    machine.succeeded(first).unwrap();
    let (one, three) = (machine.next_task().unwrap(), machine.next_task().unwrap());
    machine.failed(one, false).unwrap();
    machine.succeeded(three).unwrap();
    assert_eq!(machine.mode(), Mode::Finished);
    assert_eq!((machine.status(0), machine.status(2)), (Status::Done, Status::Skipped));
}

#[test]
fn what_runs_when_a_step_fails_is_waited_for_and_then_undone() {
    let mut machine = Machine::new(&[shape(&[], false), shape(&[], false)]).unwrap();
    let (a, b) = (machine.next_task().unwrap(), machine.next_task().unwrap());
    machine.failed(a, false).unwrap();
    assert_eq!((machine.mode(), machine.next_task()), (Mode::Draining, None));
    machine.succeeded(b).unwrap();
    assert_eq!(machine.next_task(), Some(Task { step: 1, direction: Direction::Undo }));
}

#[test]
fn a_stuck_undo_keeps_what_it_needs_and_lets_the_others_go() {
    let mut machine =
        Machine::new(&[shape(&[], false), shape(&[0], false), shape(&[], false), shape(&[1, 2], false)])
            .unwrap();
    while let Some(task) = machine.next_task() {
        if task.step == 3 { machine.failed(task, false) } else { machine.succeeded(task) }.unwrap();
        if machine.mode() == Mode::Unwinding {
            break;
        }
    }
    while let Some(task) = machine.next_task() {
        if task.step == 1 { machine.failed(task, true) } else { machine.succeeded(task) }.unwrap();
    }
    let statuses: Vec<Status> = (0..4).map(|step| machine.status(step)).collect();
    assert_eq!(statuses, [Status::Done, Status::UndoFailed, Status::Undone, Status::Failed]);
    assert_eq!(machine.mode(), Mode::Finished);
}

#[test]
fn stopping_after_the_commit_undoes_nothing() {
    let mut machine = Machine::new(&[shape(&[], false), shape(&[], true)]).unwrap();
    let task = machine.next_task().unwrap();
    machine.succeeded(task).unwrap();
    machine.stop(true);
    assert_eq!(
        (machine.mode(), machine.status(0), machine.status(1)),
        (Mode::Finished, Status::Done, Status::Skipped)
    );
}

#[test]
fn a_run_that_was_settled_and_not_closed_can_still_be_rolled_back() {
    let mut machine = Machine::new(&[shape(&[], false), shape(&[0], false)]).unwrap();
    let task = machine.next_task().unwrap();
    machine.succeeded(task).unwrap();
    machine.halt();
    assert_eq!(machine.mode(), Mode::Finished);
    machine.resume();
    machine.roll_back();
    assert_eq!(machine.next_task(), Some(Task { step: 0, direction: Direction::Undo }));
    machine.succeeded(Task { step: 0, direction: Direction::Undo }).unwrap();
    assert_eq!((machine.mode(), machine.status(0)), (Mode::Finished, Status::Undone));
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    Works,
    Fails { applied: bool },
    Doubt,
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        12 => Just(Ending::Works),
        1 => any::<bool>().prop_map(|applied| Ending::Fails { applied }),
        1 => Just(Ending::Doubt),
    ]
}

proptest! {
    #[test]
    fn any_graph_and_any_failures_end_in_order_and_leave_nothing(
        edges in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..24),
        cleanups in prop::collection::vec(any::<bool>(), 24),
        endings in prop::collection::vec(ending(), 24),
        undo_fails in prop::collection::vec(prop::bool::weighted(0.1), 24),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 128),
        parallel in 1usize..6,
    ) {
        let steps: Vec<StepShape> = edges.iter().enumerate().map(|(i, edges)| {
            let after = edges.iter().filter(|_| i > 0).map(|edge| edge.index(i)).filter(|&e| cleanups[e] == cleanups[i]);
            shape(&after.map(|e| u32::try_from(e).unwrap()).collect::<Vec<_>>(), cleanups[i])
        }).collect();
        let mut machine = Machine::new(&steps).unwrap();
        let (mut running, mut done, mut left) = (Vec::new(), HashSet::new(), HashSet::new());
        let mut turns = picks.iter().cycle();
        loop {
            while running.len() < parallel && let Some(task) = machine.next_task() {
                let after = &steps[task.step as usize].after;
                match task.direction {
                    Direction::Do => prop_assert!(after.iter().all(|a| done.contains(a)), "dependencies come first"),
                    Direction::Undo => {
                        prop_assert!(left.contains(&task.step), "only what was done is undone");
                        let dependents = steps.iter().enumerate().filter(|(_, s)| s.after.contains(&task.step));
                        for (dependent, _) in dependents {
                            prop_assert!(!left.contains(&u32::try_from(dependent).unwrap()), "dependents are undone first");
                        }
                    }
                }
                running.push(task);
            }
            if running.is_empty() { break; }
            let task: Task = running.swap_remove(turns.next().unwrap().index(running.len()));
            let step = task.step as usize;
            match (task.direction, endings[step]) {
                (Direction::Undo, _) if undo_fails[step] => machine.failed(task, true).unwrap(),
                (Direction::Undo, _) => { left.remove(&task.step); machine.succeeded(task).unwrap(); }
                (Direction::Do, Ending::Works) => {
                    done.insert(task.step);
                    if !steps[step].cleanup { left.insert(task.step); }
                    machine.succeeded(task).unwrap();
                }
                (Direction::Do, Ending::Fails { applied }) => {
                    if applied && !steps[step].cleanup { left.insert(task.step); }
                    machine.failed(task, applied).unwrap();
                }
                (Direction::Do, Ending::Doubt) => {
                    if !steps[step].cleanup { left.insert(task.step); }
                    machine.in_doubt(task).unwrap();
                }
            }
        }
        prop_assert_eq!(machine.mode(), Mode::Finished, "it always ends");
        let statuses: Vec<Status> = (0..steps.len()).map(|s| machine.status(u32::try_from(s).unwrap())).collect();
        let committed = steps.iter().zip(&statuses).all(|(s, status)| s.cleanup || *status == Status::Done);
        if committed {
            prop_assert!(steps.iter().zip(&statuses).all(|(s, status)| s.cleanup || *status == Status::Done));
        } else {
            prop_assert!(steps.iter().zip(&statuses).all(|(s, status)| !s.cleanup || *status == Status::Skipped));
            if !statuses.contains(&Status::UndoFailed) {
                prop_assert!(left.is_empty(), "everything was undone: {:?}", left);
            }
        }
    }
}
