// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ec2.

use super::{Found, unknown};
use crate::sandbox::{error::ApiError, ids::Ids, wire::Input, world::Cx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What there is in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Ec2 {}

/// A network interface that another service makes in a subnet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Interface {
    pub subnet_id: String,
    pub security_groups: Vec<String>,
    /// `ELB app/web/50dc6c495c0c9188`, or the ARN of a task's attachment.
    pub description: String,
    /// `amazon-elb`, or `amazon-ecs`.
    pub requester: String,
}

impl Ec2 {
    /// A region as every account has it: a default VPC with a public subnet in each of its zones.
    pub(in crate::sandbox) fn new(_region: &str, _ids: &mut Ids) -> Self {
        Self::default()
    }

    /// The VPC and the zone of a subnet, if there is one.
    pub(in crate::sandbox) fn subnet(&self, _id: &str) -> Option<(String, String)> {
        None
    }

    /// The VPC of a security group, if there is one.
    pub(in crate::sandbox) fn security_group_vpc(&self, _id: &str) -> Option<String> {
        None
    }

    /// The default security group of a VPC, if there is one.
    pub(in crate::sandbox) fn default_security_group(&self, _vpc_id: &str) -> Option<String> {
        None
    }

    /// Makes a network interface, which holds its security groups; tells its id and its private address.
    pub(in crate::sandbox) fn add_interface(
        &mut self,
        _interface: Interface,
        _ids: &mut Ids,
    ) -> (String, String) {
        (String::new(), String::new())
    }

    /// Gives a network interface other security groups.
    pub(in crate::sandbox) fn set_interface_groups(&mut self, _id: &str, _security_groups: &[String]) {}

    /// Lets a network interface go at `gone`; until then it holds its security groups.
    pub(in crate::sandbox) fn remove_interface(&mut self, _id: &str, _gone: Timestamp) {}
}

pub(super) fn call(_cx: &mut Cx<'_>, operation: &str, _input: Input<'_>) -> Result<Value, ApiError> {
    Err(unknown(operation))
}

pub(super) fn resources(_cx: &mut Cx<'_>) -> Vec<Found> {
    Vec::new()
}
