// SPDX-License-Identifier: MIT OR Apache-2.0
//! Application Auto Scaling.

mod target;

pub use target::{Metric, ScalableTarget, ScalableTargetOutputs, TargetTracking};
