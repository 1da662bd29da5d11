// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Fleet`]: stacks that import from each other, planned and applied together.
//!
//! Reads of all stacks go to AWS together. A stack is applied once every stack it imports from is; stacks that do not need each
//! other are applied at the same time, and the failure of one neither stops nor undoes another.

mod apply;
mod plan;
mod report;

pub use apply::apply;
pub use plan::{Fleet, FleetError, FleetErrorKind, FleetPlan, FleetPlanOptions, Teardown};
pub use report::{FleetReport, StackResult};
