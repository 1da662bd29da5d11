// SPDX-License-Identifier: MIT OR Apache-2.0
//! What would be done, before it is: desired, recorded and live compared, field by field.
//!
//! [`refresh`] reads what is live, in batches; [`plan`] and [`plan_destroy`] are pure. A [`Plan`] is a value: it prints, saves
//! and loads, and holds all that its execution needs.

mod change;
mod diff;
mod drift;
mod error;
mod planner;
mod rebuild;
mod refresh;
mod render;

pub use change::{
    Action, Change, Desired, FieldChange, FieldEffect, Origin, Plan, PlanKind, Prior, ReplaceOrder, Summary,
};
pub(crate) use diff::{Sides, diff, keep_unmanaged};
pub use drift::{Drift, DriftKind, drift};
pub use error::{PlanError, PlanErrorKind, Refusal};
pub use planner::{DataPolicy, Imports, PlanOptions, plan, plan_destroy};
pub use rebuild::{Rebuilt, rebuild};
pub use refresh::{LiveSet, RefreshError, RefreshTarget, refresh, refresh_partly};
pub use render::{PlanView, brief_value};
