// SPDX-License-Identifier: MIT OR Apache-2.0
//! A role is no cluster.
use humangov_core::{
    kind::{ecs, iam::Role},
    value::Handle,
};

fn service(role: &Handle<Role>) {
    ecs::Service::builder().cluster(role);
}

fn main() {}
