// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of Amazon EC2.

mod security_group;

pub use security_group::SecurityGroupHandler;
