// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Application Auto Scaling.

mod target;

pub use target::ScalableTargetHandler;
