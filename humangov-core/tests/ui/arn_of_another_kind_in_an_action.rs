// SPDX-License-Identifier: MIT OR Apache-2.0
//! Traffic is forwarded to target groups, not to load balancers.
use humangov_core::{
    kind::elbv2::{Action, LoadBalancer},
    value::Handle,
};

fn action(load_balancer: &Handle<LoadBalancer>) -> Action {
    Action::forward(load_balancer)
}

fn main() {}
