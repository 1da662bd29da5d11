// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many stacks together.

use crate::world::{World, chain, fleet, thing};
use humangov_core::{
    event::Events,
    exec::Cancel,
    fleet::{self, FleetPlan, StackResult},
    handler::HandlerErrorKind,
    plan::{Plan, plan},
    stack::Stack,
    testing::{CallOperation, Fault, When},
};

fn planned(world: &World, stack: &Stack) -> Plan {
    plan(stack, None, None, &world.imports, &world.plan_options).unwrap()
}

fn of_one(name: &str) -> Stack {
    let mut stack = Stack::new(fleet(), name.parse().unwrap());
    stack.add(name, thing(name)).unwrap();
    stack
}

#[tokio::test(start_paused = true)]
async fn what_was_made_for_others_in_vain_goes_unless_somebody_else_may_use_it() {
    for others in [false, true] {
        let world = World::new();
        let (base, california) = (planned(&world, &of_one("base")), planned(&world, &chain()));
        if others {
            // Another process was quicker.
            world.execute(&planned(&world, &of_one("texas"))).await.unwrap();
        }
        let plan = FleetPlan {
            format_version: FleetPlan::FORMAT,
            plans: vec![base, california],
            after: vec![Vec::new(), vec![0]],
        };
        let refused = Fault::Refuse(HandlerErrorKind::AccessDenied);
        world.faults.add(
            When::any().operation(CallOperation::Create).address(&"test.thing/c".parse().unwrap()),
            refused,
        );
        let (executor, cancel) = (world.executor(), Cancel::new());
        let report = fleet::apply(&executor, &*world.store, &plan, &cancel, &Events::none()).await.unwrap();
        let taken_down = matches!(report.stacks[0].1, StackResult::TakenDown { .. });
        assert_eq!(taken_down, !others, "{report:#?}");
        assert_eq!(world.cloud.names(), if others { vec!["base", "texas"] } else { vec![] });
    }
}
