// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a test in somebody else's crate looks like: a stack deployed in the sandbox, then looked at. Needs no network, no
//! account, no port, and no time.

use humangov_aws::{Clients, Network, registry, sandbox::Sandbox};
use humangov_core::{
    base_stack::BaseStack,
    event::Events,
    exec::{Cancel, Executor},
    fleet::{self, Fleet, FleetPlanOptions},
    fleet_settings::{FleetSettings, NetworkSettings},
    state_stack::{Images, StateStack},
    store::MemoryStore,
    tenant::UsState,
};
use std::{error::Error, sync::Arc};

#[tokio::test(start_paused = true)]
async fn ohio_is_deployed_with_one_service_and_a_table_of_its_own() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::new();
    let clients = Clients::new(&sandbox.sdk_config());
    let (handlers, store) = (registry(&clients), MemoryStore::new());
    let vpc = Network::lookup_default(&clients.ec2).await?;
    let hr = FleetSettings::builder()
        .name("hr".parse()?)
        .account(sandbox.account())
        .region(sandbox.region())
        .network(NetworkSettings::new(vpc.vpc_id.as_str(), vpc.subnet_ids()))
        .build();
    let ohio = StateStack::builder()
        .fleet(&hr)
        .tenant(UsState::Ohio)
        .images(Images::new("app:v1", "nginx:v1"))
        .build();
    let fleet = Fleet::new(vec![BaseStack::builder().fleet(&hr).build().into_stack()?, ohio.into_stack()?])?;
    let plan = fleet.plan(&handlers, &store, &FleetPlanOptions::default()).await?;
    let executor = Executor::new(handlers, Arc::new(store.clone()));
    let report = fleet::apply(&executor, &store, &plan, &Cancel::new(), &Events::none()).await?;

    assert!(report.stacks.iter().all(|(_, result)| result.is_good()), "{report:?}");
    assert_eq!(sandbox.count("CreateService"), 1);
    let tables = sandbox.resources().into_iter().filter(|found| found.kind == "dynamodb.table");
    assert_eq!(tables.map(|found| found.name).collect::<Vec<_>>(), ["hr-ohio-dynamodb"]);
    Ok(())
}
