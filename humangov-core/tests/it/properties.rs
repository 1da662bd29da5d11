// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random stacks, random edits, random failures.

use crate::world::World;
use humangov_core::{
    exec::Outcome,
    plan::Action,
    testing::{
        When,
        strategies::{faults, histories},
    },
};
use proptest::prelude::*;

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_any_stack_ends_as_declared_or_as_before(
        designs in histories(7, 3),
        faults in prop::collection::vec(prop::option::weighted(0.6, faults()), 4),
    ) {
        block_on(async {
            let world = World::new();
            for (design, fault) in designs.iter().zip(faults) {
                world.faults.clear();
                if let Some((at, operation, nth, fault)) = fault {
                    let address = at.get(&design.addresses()).clone();
                    world.faults.add(When::any().operation(operation).address(&address).nth(nth), fault);
                }
                let stack = design.stack();
                let before = world.all().await;
                let plan = world.plan(&stack).await.unwrap();
                let delete_first = plan.changes.iter().any(|change| matches!(change.action, Action::Replace(humangov_core::plan::ReplaceOrder::DeleteFirst)));
                let refused = world.cloud.refused_deletes();
                let report = world.execute(&plan).await.unwrap();
                match &report.outcome {
                    Outcome::Applied => world.settled(&stack).await,
                    Outcome::Incomplete { .. } => {
                        world.nothing_lost().await;
                        world.faults.clear();
                        world.applied(&stack).await;
                    }
                    Outcome::RolledBack { .. } => {
                        assert_eq!(world.all().await, before, "{report:#?}");
                        assert!(report.left.is_empty(), "{report:#?}");
                    }
                    // A fault can hit an undo as well; then what is left is known, and the next run repairs it.
                    Outcome::Stuck { .. } => {
                        assert!(!world.faults.fired().is_empty(), "{report:#?}");
                        assert!(!report.left.is_empty(), "{report:#?}");
                    }
                    Outcome::Cancelled { .. } => panic!("nobody asked: {report:#?}"),
                    _ => panic!("new"),
                }
                if !delete_first {
                    assert_eq!(world.cloud.refused_deletes(), refused, "order of deletes: {report:#?}");
                }
            }
        });
    }

    #[test]
    fn destroying_any_stack_leaves_nothing(designs in histories(8, 1)) {
        block_on(async {
            let world = World::to_be_left_empty();
            let _ = world.apply(&designs[0].stack()).await;
            let _ = world.apply(&designs[1].stack()).await;
            world.destroyed().await;
            assert!(world.cloud.names().is_empty());
            assert!(world.snapshot().await.is_none());
        });
    }
}
