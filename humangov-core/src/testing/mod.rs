// SPDX-License-Identifier: MIT OR Apache-2.0
//! What tests of the engine, of stores and of tools need: a cloud in memory, faults, suites and strategies.
//!
//! ```
//! use humangov_core::{
//!     event::Events,
//!     exec::{Cancel, Executor},
//!     plan::{Imports, PlanOptions, plan},
//!     stack::Stack,
//!     store::MemoryStore,
//!     testing::{FakeCloud, Thing},
//! };
//! use std::sync::Arc;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut stack = Stack::new("humangov".parse()?, "california".parse()?);
//! let base = stack.add("base", Thing::builder().name("base").build())?;
//! stack.add("web", Thing::builder().name("web").link(&base).build())?;
//!
//! let cloud = FakeCloud::lasting();
//! let executor = Executor::new(cloud.registry(), Arc::new(MemoryStore::new()));
//! let plan = plan(&stack, None, None, &Imports::none(), &PlanOptions::default())?;
//! let report = executor.apply(&plan, &Imports::none(), &Cancel::new(), &Events::none()).await?;
//! assert!(report.outcome.is_applied());
//! assert_eq!(cloud.names(), ["base", "web"]);
//! # Ok(())
//! # }
//! ```

mod crash;
mod fake_cloud;
mod faults;
mod hand_clock;
mod lease_race;
mod run_race;
mod store_suite;
pub mod strategies;
mod tapped_store;
mod thing;

pub use crash::{Crash, CrashingStore, Side};
pub use fake_cloud::FakeCloud;
pub use faults::{CallOperation, Fault, Faults, Seen, When};
pub use hand_clock::HandClock;
pub use lease_race::lease_race;
pub use run_race::run_race;
pub use store_suite::{state_suite, store_suite};
pub use tapped_store::TappedStore;
pub use thing::{Thing, ThingOutputs, Vault, VaultOutputs};
