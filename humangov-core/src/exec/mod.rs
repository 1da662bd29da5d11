// SPDX-License-Identifier: MIT OR Apache-2.0
//! Executes plans: as parallel as the order allows, and back again when something fails.
//!
//! A plan is lowered to steps (schedule), a pure machine decides which step may run or must be undone, and the driver performs
//! steps through handlers. The driver alone owns the run: its machine, its snapshot, its journal; steps only return results. A run
//! that did not get to its end is replayed from its journal into the same state, and goes on, goes back, or is only recorded as it is.

mod cancel;
mod driver;
mod error;
mod executor;
mod machine;
mod outcome;
mod perform;
mod recover;
mod run;
mod schedule;
mod unfinished;

pub use crate::journal::Recovery;
pub use cancel::{Cancel, CancelLevel};
pub use error::{ExecError, ExecErrorKind};
pub use executor::{ExecOptions, Executor, OnFailure};
pub use machine::{Direction, IllegalTransition, Machine, Mode, Signal, Status, StepShape, Task};
pub use outcome::{LeftOver, Outcome, Report, StepFailure, StepReport};
pub use unfinished::{RunProgress, Unfinished, unfinished};
