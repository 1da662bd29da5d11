// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was changed outside, told from the record alone.

use crate::world::{World, chain};
use humangov_core::{
    address::RunId,
    handler::{Depth, HandlerErrorKind},
    plan::{DriftKind, Imports, RefreshTarget, drift, refresh_partly},
    resource::Resource,
    testing::{CallOperation, Fault, Vault, When},
};

#[tokio::test(start_paused = true)]
async fn the_record_alone_tells_what_was_changed_outside() {
    let world = World::new();
    world.applied(&chain()).await;
    let looked = async |world: &World| {
        let live = world.live(None, Depth::Full).await;
        drift(&world.registry(), &world.snapshot().await.unwrap().value, &live)
    };
    assert_eq!(looked(&world).await, [], "nobody touched it");
    world.cloud.edit("b", |thing| thing.size = 3);
    world.cloud.remove("c");
    let found = looked(&world).await;
    let [b, c] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((b.address.name(), c.address.name(), &c.what), ("b", "c", &DriftKind::Gone));
    let DriftKind::Changed(fields) = &b.what else { panic!("{b:#?}") };
    let [size] = &fields[..] else { panic!("{fields:#?}") };
    assert_eq!((size.path.as_str(), &size.before, &size.after), ("size", &Some(3.into()), &Some(1.into())));
}

#[tokio::test(start_paused = true)]
async fn what_can_be_read_is_told_besides_what_cannot() {
    let world = World::new();
    let mut both = chain();
    both.add("papers", Vault::builder().name("papers").build()).unwrap();
    world.applied(&both).await;
    world.faults.add(
        When::any().operation(CallOperation::Read).kind(Vault::KIND),
        Fault::Refuse(HandlerErrorKind::AccessDenied),
    );
    let (snapshot, imports) = (world.snapshot().await.unwrap().value, Imports::none());
    let target = RefreshTarget {
        fleet: &snapshot.fleet,
        name: &snapshot.stack,
        stack: None,
        snapshot: Some(&snapshot),
        imports: &imports,
    };
    let (found, failed) =
        refresh_partly(&world.registry(), &[target], Depth::Full, RunId::from_u128(0)).await;
    let failed = failed.unwrap();
    let [(_, address, _)] = failed.failures() else { panic!("{failed}") };
    assert_eq!(address.as_str(), "test.vault/papers");
    assert_eq!((found[0].addresses().count(), found[0].get(address)), (3, None));
    assert_eq!(drift(&world.registry(), &snapshot, &found[0]), []);
}
