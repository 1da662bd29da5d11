// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of AWS Identity and Access Management.

mod role;

pub use role::RoleHandler;
