// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon CloudWatch Logs.

mod log_group;

pub use log_group::LogGroupHandler;
