// SPDX-License-Identifier: MIT OR Apache-2.0
//! Amazon EC2: security groups.

mod permission;
mod security_group;

pub use permission::{EgressRule, IngressRule, IpPermission, IpProtocol, Peer, Traffic};
pub use security_group::{SecurityGroup, SecurityGroupOutputs};
