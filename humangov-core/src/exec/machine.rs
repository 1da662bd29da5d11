// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Machine`]: which step may run, which must be undone. Synchronous, and knows no cloud.

use crate::graph::Dag;
use std::collections::VecDeque;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waits for other steps.
    Blocked,
    /// May run.
    Ready,
    /// Runs.
    Running,
    /// Its outcome is not known: it may have worked.
    InDoubt,
    /// Has worked.
    Done,
    /// Has failed.
    Failed,
    /// Is being undone.
    Undoing,
    /// Was undone.
    Undone,
    /// Could not be undone.
    UndoFailed,
    /// Never ran, and will not.
    Skipped,
}

/// What happens to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Nothing it waits for is left.
    Release,
    /// It begins.
    Start,
    /// It worked.
    Succeed,
    /// Its answer was lost, and looking did not help.
    Doubt,
    /// It failed.
    Fail,
    /// It must be undone.
    Undo,
    /// It was undone.
    UndoSucceed,
    /// It could not be undone.
    UndoFail,
    /// It will not run.
    Skip,
    /// Whatever it did stays.
    LetGo,
}

/// A signal that a step's status does not allow: a mistake of whoever drives the machine, never of a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {status:?} cannot {signal:?}")]
pub struct IllegalTransition {
    status: Status,
    signal: Signal,
}

impl Status {
    /// The status after `signal`. The one place that says what may follow what.
    ///
    /// # Errors
    /// When the status does not allow the signal.
    pub const fn after(self, signal: Signal) -> Result<Self, IllegalTransition> {
        Ok(match (self, signal) {
            (Self::Blocked, Signal::Release) => Self::Ready,
            (Self::Ready, Signal::Start) => Self::Running,
            (Self::Running | Self::InDoubt, Signal::Succeed) => Self::Done,
            (Self::Running, Signal::Doubt) => Self::InDoubt,
            (Self::Running | Self::InDoubt, Signal::Fail) => Self::Failed,
            (Self::Done | Self::Failed | Self::InDoubt | Self::UndoFailed, Signal::Undo) => Self::Undoing,
            (Self::Undoing, Signal::UndoSucceed) => Self::Undone,
            (Self::Undoing, Signal::UndoFail) => Self::UndoFailed,
            (Self::Blocked | Self::Ready, Signal::Skip)
            | (Self::Done | Self::Failed | Self::InDoubt | Self::UndoFailed, Signal::LetGo) => Self::Skipped,
            (status, signal) => return Err(IllegalTransition { status, signal }),
        })
    }
}

/// What the machine must know of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepShape {
    /// The steps it runs after.
    pub after: Vec<u32>,
    /// Whether it runs only once every other step has worked, and is never undone.
    pub cleanup: bool,
}

impl AsRef<[u32]> for StepShape {
    fn as_ref(&self) -> &[u32] {
        &self.after
    }
}

/// What the machine is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Steps run in order.
    Forward,
    /// Everything worked; what is no longer needed goes.
    Cleanup,
    /// Nothing new starts; what runs is waited for.
    Draining,
    /// What was done is undone, in reverse order.
    Unwinding,
    /// Nothing is left to do.
    Finished,
}

/// Which way a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Forward.
    Do,
    /// Back.
    Undo,
}

/// A step to run, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Task {
    /// The step.
    pub step: u32,
    /// Which way.
    pub direction: Direction,
}

/// Decides what may run. Every call is O(1) but for the edges of the step it is about.
///
/// ```
/// use humangov_core::exec::{Direction, Machine, Mode, StepShape, Task};
/// let second = StepShape { after: vec![0], ..StepShape::default() };
/// let mut machine = Machine::new(&[StepShape::default(), second]).expect("no cycle");
/// let first = machine.next_task().expect("ready");
/// assert_eq!(machine.next_task(), None, "the second waits");
/// machine.succeeded(first)?;
/// let second = machine.next_task().expect("ready");
/// machine.failed(second, true)?;
/// assert_eq!(machine.next_task(), Some(Task { step: 1, direction: Direction::Undo }));
/// # Ok::<(), humangov_core::exec::IllegalTransition>(())
/// ```
#[derive(Debug, Clone)]
pub struct Machine {
    dag: Dag,
    cleanup: Box<[bool]>,
    status: Box<[Status]>,
    /// Steps each blocked step still waits for; a clean-up step also waits for the commit.
    waiting: Box<[u32]>,
    /// Whether a step must be undone when the run goes back.
    applied: Box<[bool]>,
    /// Dependents of each step that must be undone before it.
    undo_waiting: Box<[u32]>,
    /// May run; those that were begun out of turn are still in it, and are passed over.
    ready: VecDeque<u32>,
    undo_ready: VecDeque<u32>,
    /// How many of either may still be begun.
    waiting_to_begin: u32,
    running: u32,
    forward_left: u32,
    mode: Mode,
    unwind: bool,
    /// What it was at when it was halted, and whether it would have gone back.
    halted: Option<(Mode, bool)>,
}

impl Machine {
    /// A machine over these steps, each named by its index.
    ///
    /// # Errors
    /// A cycle, if steps wait for each other.
    pub fn new(steps: &[StepShape]) -> Result<Self, crate::graph::Cycle> {
        let dag = Dag::new(steps)?;
        let len = steps.len();
        let cleanup: Box<[bool]> = steps.iter().map(|step| step.cleanup).collect();
        let waiting: Box<[u32]> = (0..)
            .zip(cleanup.iter())
            .map(|(step, &cleanup)| count(dag.dependencies(step)) + u32::from(cleanup))
            .collect();
        let mut machine = Self {
            forward_left: u32::try_from(cleanup.iter().filter(|cleanup| !**cleanup).count())
                .unwrap_or(u32::MAX),
            status: vec![Status::Blocked; len].into(),
            applied: vec![false; len].into(),
            undo_waiting: vec![0; len].into(),
            ready: VecDeque::new(),
            undo_ready: VecDeque::new(),
            waiting_to_begin: 0,
            running: 0,
            mode: Mode::Forward,
            unwind: true,
            halted: None,
            dag,
            cleanup,
            waiting,
        };
        for step in 0..count(&machine.status) {
            if machine.waiting[step as usize] == 0 {
                machine.make_ready(step);
            }
        }
        machine.settle();
        Ok(machine)
    }

    /// What the machine is at.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How far `step` is.
    pub fn status(&self, step: u32) -> Status {
        self.status[step as usize]
    }

    /// Whether [`Machine::next_task`] would give a step now.
    pub fn has_task(&self) -> bool {
        match self.mode {
            Mode::Forward | Mode::Cleanup | Mode::Unwinding => self.waiting_to_begin > 0,
            Mode::Draining | Mode::Finished => false,
        }
    }

    /// Whether `step` has done something, or may have, that was not undone.
    pub fn is_applied(&self, step: u32) -> bool {
        self.applied[step as usize]
    }

    /// How many steps run now.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// The next step that may run now, which then runs. `None`: nothing may, for now or for good.
    pub fn next_task(&mut self) -> Option<Task> {
        if !self.has_task() {
            return None;
        }
        loop {
            let (step, direction) = match self.mode {
                Mode::Forward | Mode::Cleanup => (self.ready.pop_front(), Direction::Do),
                Mode::Unwinding => (self.undo_ready.pop_front(), Direction::Undo),
                Mode::Draining | Mode::Finished => return None,
            };
            let Some(step) = step else {
                // All that waited was begun out of turn, or let go.
                self.waiting_to_begin = 0;
                self.settle();
                return None;
            };
            let task = Task { step, direction };
            if self.begin(task).is_ok() {
                return Some(task);
            }
        }
    }

    /// Begins `task`, which may run now: as [`Machine::next_task`] did when what is now replayed happened.
    ///
    /// # Errors
    /// When it may not run now.
    pub fn begin(&mut self, task: Task) -> Result<(), IllegalTransition> {
        let status = self.status(task.step);
        let (signal, mode_fits) = match task.direction {
            Direction::Do => (Signal::Start, matches!(self.mode, Mode::Forward | Mode::Cleanup)),
            Direction::Undo => {
                let free = self.applied[task.step as usize] && self.undo_waiting[task.step as usize] == 0;
                (Signal::Undo, self.mode == Mode::Unwinding && free)
            }
        };
        if !mode_fits || self.waiting_to_begin == 0 {
            return Err(IllegalTransition { status, signal });
        }
        self.signal(task.step, signal)?;
        self.waiting_to_begin -= 1;
        self.running += 1;
        Ok(())
    }

    /// Tells that `task` worked.
    ///
    /// # Errors
    /// When that step does not run.
    pub fn succeeded(&mut self, task: Task) -> Result<(), IllegalTransition> {
        match task.direction {
            Direction::Do => {
                self.signal(task.step, Signal::Succeed)?;
                self.running -= 1;
                if !self.cleanup[task.step as usize] {
                    self.applied[task.step as usize] = true;
                    self.forward_left -= 1;
                }
                for i in 0..self.dag.dependents(task.step).len() {
                    let dependent = self.dag.dependents(task.step)[i];
                    self.release(dependent);
                }
            }
            Direction::Undo => {
                self.signal(task.step, Signal::UndoSucceed)?;
                self.running -= 1;
                self.applied[task.step as usize] = false;
                for i in 0..self.dag.dependencies(task.step).len() {
                    let dependency = self.dag.dependencies(task.step)[i];
                    if self.applied[dependency as usize] {
                        self.undo_waiting[dependency as usize] -= 1;
                        if self.undo_waiting[dependency as usize] == 0 {
                            self.undo_ready.push_back(dependency);
                            self.waiting_to_begin += 1;
                        }
                    }
                }
            }
        }
        self.settle();
        Ok(())
    }

    /// Tells that `task` failed. `applied`: it left, or may have left, something to be undone.
    ///
    /// A forward step that fails has the run go back. A clean-up step that fails, or an undo, only holds up what waits for it.
    ///
    /// # Errors
    /// When that step does not run.
    pub fn failed(&mut self, task: Task, applied: bool) -> Result<(), IllegalTransition> {
        self.end_badly(task, Signal::Fail, applied)
    }

    /// Tells that what `task` did is not known, and that looking did not help: it is undone like what was done.
    ///
    /// # Errors
    /// When that step does not run.
    pub fn in_doubt(&mut self, task: Task) -> Result<(), IllegalTransition> {
        self.end_badly(task, Signal::Doubt, true)
    }

    fn end_badly(&mut self, task: Task, signal: Signal, applied: bool) -> Result<(), IllegalTransition> {
        match task.direction {
            Direction::Do => {
                self.signal(task.step, signal)?;
                self.running -= 1;
                if !self.cleanup[task.step as usize] {
                    self.applied[task.step as usize] = applied;
                    if self.mode == Mode::Forward {
                        self.mode = Mode::Draining;
                    }
                }
            }
            Direction::Undo => {
                self.signal(task.step, Signal::UndoFail)?;
                self.running -= 1;
            }
        }
        self.settle();
        Ok(())
    }

    /// Starts nothing more. What was done is undone if `unwind`, and nothing after the commit.
    pub fn stop(&mut self, unwind: bool) {
        match self.mode {
            Mode::Forward => {
                self.unwind = unwind;
                self.mode = Mode::Draining;
            }
            Mode::Cleanup => {
                self.unwind = false;
                self.mode = Mode::Draining;
            }
            Mode::Draining | Mode::Unwinding | Mode::Finished => {}
        }
        self.settle();
    }

    /// Starts nothing more, whichever way it was going, and undoes nothing.
    pub fn halt(&mut self) {
        if self.mode != Mode::Finished {
            self.halted.get_or_insert((self.mode, self.unwind));
            self.mode = Mode::Draining;
        }
        self.unwind = false;
        self.settle();
    }

    /// Goes on the way it was going before it was halted, unless nothing is left that way but what was halted; and tries once more to
    /// undo what could not be undone. Whether there is any of that.
    pub fn resume(&mut self) -> bool {
        let mut statuses = self.status.iter().zip(&self.cleanup);
        let failed =
            statuses.any(|(status, cleanup)| !cleanup && matches!(status, Status::Failed | Status::InDoubt));
        match (self.halted.take(), self.mode) {
            // Nobody saw it fail, and it cannot be begun again: the run stays as it is.
            (Some((Mode::Forward, _)), Mode::Draining) if failed => {}
            (Some((mode, unwind)), Mode::Draining) => {
                (self.mode, self.unwind) = (mode, unwind);
                self.settle();
            }
            (Some((Mode::Unwinding, _) | (Mode::Draining, true)), Mode::Finished)
                if self.forward_left > 0 =>
            {
                self.unwind_again();
                return true;
            }
            _ => {}
        }
        self.retry_undo()
    }

    /// Goes back, whichever way it was going, unless everything that was wanted works: then nothing more is deleted.
    pub fn roll_back(&mut self) {
        match self.mode {
            Mode::Forward | Mode::Draining if self.forward_left > 0 => {
                self.unwind = true;
                self.mode = Mode::Draining;
                self.settle();
            }
            Mode::Finished if self.forward_left > 0 => self.unwind_again(),
            Mode::Unwinding | Mode::Finished => {}
            Mode::Forward | Mode::Draining | Mode::Cleanup => self.halt(),
        }
    }

    /// Whether what runs is waited for, to leave what was done as it is.
    pub fn leaves_it(&self) -> bool {
        self.mode == Mode::Draining && !(self.unwind && self.forward_left > 0)
    }

    /// Tries once more to undo what could not be undone, if that is how it ended, or how it goes so far. Whether there is any.
    fn retry_undo(&mut self) -> bool {
        let undo_failed = (0..count(&self.status)).filter(|&step| self.status(step) == Status::UndoFailed);
        let undo_failed: Vec<u32> = undo_failed.collect();
        match self.mode {
            _ if undo_failed.is_empty() => return false,
            Mode::Finished => self.unwind_again(),
            Mode::Unwinding => {
                // They were begun once: nothing else is in their way.
                self.waiting_to_begin += count(&undo_failed);
                self.undo_ready.extend(undo_failed);
            }
            Mode::Forward | Mode::Cleanup | Mode::Draining => return false,
        }
        true
    }

    /// Has `step` be as it is: it is not undone any more. Nothing if it did nothing, or runs.
    pub fn let_go(&mut self, step: u32) {
        if self.applied[step as usize] && self.signal(step, Signal::LetGo).is_ok() {
            self.applied[step as usize] = false;
            if self.mode == Mode::Unwinding && self.running == 0 {
                // What it kept from being undone no longer waits for it.
                self.begin_unwinding();
                self.settle();
            }
        }
    }

    /// Has a failure leave what was done as it is.
    pub fn never_unwind(&mut self) {
        self.unwind = false;
    }

    fn signal(&mut self, step: u32, signal: Signal) -> Result<(), IllegalTransition> {
        let status = &mut self.status[step as usize];
        *status = status.after(signal)?;
        Ok(())
    }

    fn release(&mut self, step: u32) {
        self.waiting[step as usize] -= 1;
        if self.waiting[step as usize] == 0 {
            self.make_ready(step);
        }
    }

    fn make_ready(&mut self, step: u32) {
        if self.signal(step, Signal::Release).is_ok() {
            self.ready.push_back(step);
            self.waiting_to_begin += 1;
        }
    }

    /// Goes on to the next mode once nothing is left in this one.
    fn settle(&mut self) {
        loop {
            let next = match self.mode {
                Mode::Forward if self.forward_left == 0 => {
                    for step in 0..count(&self.status) {
                        if self.cleanup[step as usize] {
                            self.release(step);
                        }
                    }
                    Mode::Cleanup
                }
                Mode::Cleanup | Mode::Unwinding if self.running == 0 && self.waiting_to_begin == 0 => {
                    Mode::Finished
                }
                Mode::Draining if self.running == 0 => {
                    if self.unwind && self.forward_left > 0 {
                        self.begin_unwinding();
                        Mode::Unwinding
                    } else {
                        Mode::Finished
                    }
                }
                _ => return,
            };
            self.mode = next;
            if next == Mode::Finished {
                self.skip_the_rest();
                return;
            }
        }
    }

    /// Goes back once more from where it had ended.
    fn unwind_again(&mut self) {
        self.begin_unwinding();
        self.mode = Mode::Unwinding;
        self.settle();
    }

    fn begin_unwinding(&mut self) {
        self.ready.clear();
        self.undo_ready.clear();
        self.waiting_to_begin = 0;
        for step in 0..count(&self.status) {
            if self.applied[step as usize] {
                let dependents =
                    self.dag.dependents(step).iter().filter(|&&d| self.applied[d as usize]).count();
                self.undo_waiting[step as usize] = u32::try_from(dependents).unwrap_or(u32::MAX);
                if dependents == 0 {
                    self.undo_ready.push_back(step);
                    self.waiting_to_begin += 1;
                }
            }
        }
    }

    fn skip_the_rest(&mut self) {
        self.ready.clear();
        self.undo_ready.clear();
        self.waiting_to_begin = 0;
        for status in &mut self.status {
            if let Ok(skipped) = status.after(Signal::Skip) {
                *status = skipped;
            }
        }
    }
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).expect("a graph has fewer than 2^32 nodes")
}

#[cfg(test)]
mod tests;
