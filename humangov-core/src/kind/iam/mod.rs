// SPDX-License-Identifier: MIT OR Apache-2.0
//! AWS Identity and Access Management.

mod managed_policy;
mod policy_document;
mod role;

pub use managed_policy::ManagedPolicy;
pub use policy_document::{
    Condition, Effect, ParsePolicyError, PolicyDocument, PolicyUse, PolicyVersion, Principal, Statement,
};
pub use role::{Role, RoleOutputs};
