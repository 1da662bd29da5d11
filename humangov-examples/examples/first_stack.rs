// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two stacks declared in Rust, checked and planned without an account: what all states share, and California.
//!
//! A first plan needs neither credentials nor a network. To execute plans on AWS, give an
//! [`Executor`](humangov_core::exec::Executor) the handlers of `humangov_aws::registry`.
//!
//! ```text
//! $ cargo run --example first_stack
//! base                          4 to create
//!   + ecr.repository/app        create
//!   ...
//! ```

use humangov_core::{
    base_stack::BaseStack,
    fleet::{Fleet, FleetPlanOptions},
    fleet_settings::{FleetSettings, NetworkSettings},
    handler::Registry,
    state_stack::{AutoscalingSettings, Images, StateStack},
    store::MemoryStore,
    tenant::UsState,
};
use std::{error::Error, io::Write};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = FleetSettings::builder()
        .name("humangov".parse()?)
        .account("123456789012")
        .region("us-east-1")
        .network(NetworkSettings::new("vpc-1", ["subnet-1", "subnet-2"]))
        .build();
    let base = BaseStack::builder().fleet(&settings).build().into_stack()?;
    let california = StateStack::builder()
        .fleet(&settings)
        .tenant(UsState::California)
        .images(Images::new("nginx:1.29", "nginx:1.29"))
        .autoscaling(AutoscalingSettings::builder().min_capacity(1).max_capacity(4).cpu_percent(60).build())
        .build()
        .into_stack()?;

    // Every problem of every stack in one error, before any call.
    let fleet = Fleet::new(vec![base, california])?;
    fleet.check()?;

    let mut options = FleetPlanOptions::default();
    // Nothing is recorded yet and nothing is to be read: no handler is asked.
    options.refresh = false;
    let plan = fleet.plan(&Registry::new(), &MemoryStore::new(), &options).await?;
    write!(anstream::stdout(), "{plan}")?;
    Ok(())
}
