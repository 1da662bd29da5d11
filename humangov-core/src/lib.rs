// SPDX-License-Identifier: MIT OR Apache-2.0
//! Typed AWS resources, a planner and an executor for one-application-per-tenant deployments.
//!
//! A [`Stack`](stack::Stack) is a set of typed resources joined by typed references. It is compared with what is recorded and what is live,
//! which gives a [`Plan`](plan::Plan): a value to show, save and execute. An [`Executor`](exec::Executor) performs it in parallel through
//! handlers, follows every step until it works, and goes back when one fails. This crate knows no AWS SDK; the handlers of
//! `humangov-aws`, or your own, connect it to a cloud.
//!
//! ```
//! use humangov_core::{
//!     base_stack::BaseStack,
//!     fleet::{Fleet, FleetPlanOptions},
//!     fleet_settings::{FleetSettings, NetworkSettings},
//!     handler::Registry,
//!     state_stack::{Images, StateStack},
//!     store::MemoryStore,
//!     tenant::UsState,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = FleetSettings::builder()
//!     .name("humangov".parse()?)
//!     .account("123456789012")
//!     .region("us-east-1")
//!     .network(NetworkSettings::new("vpc-1", ["subnet-1", "subnet-2"]))
//!     .build();
//! let base = BaseStack::builder().fleet(&settings).build().into_stack()?;
//! let california = StateStack::builder()
//!     .fleet(&settings)
//!     .tenant(UsState::California)
//!     .images(Images::new("humangov/app:v1", "humangov/nginx:v1"))
//!     .build()
//!     .into_stack()?;
//! let fleet = Fleet::new(vec![base, california])?;
//!
//! // Without reading what is there, a plan needs no handlers.
//! let mut options = FleetPlanOptions::default();
//! options.refresh = false;
//! let plan = fleet.plan(&Registry::new(), &MemoryStore::new(), &options).await?;
//! assert_eq!(plan.summary().create, 15);
//! assert!(plan.to_string().contains("+ ecs.service/app"));
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | you want to | look at |
//! | --- | --- |
//! | deploy the application for tenants | [`state_stack`], [`base_stack`], [`fleet_settings`], [`tenant`] |
//! | compose a stack of your own | [`stack`], [`kind`], [`value`], [`size`], [`arn`], [`names`], [`tags`] |
//! | plan and execute one stack | [`plan`], [`exec`] |
//! | plan and execute many stacks | [`fleet`] |
//! | watch and stop a run | [`event`], [`exec::Cancel`] |
//! | keep records elsewhere | [`store`] |
//! | add a kind | [`resource`], [`handler`] |
//! | test any of these | `testing`, with the feature of that name |
//!
//! The rest is what these are made of: [`address`], [`clock`], [`graph`], [`sensitive`], [`spec`].
//!
//! # Errors
//!
//! Every error has a `code()` that does not change, listed in `docs/errors.md` of the repository, and a `kind()` to match. `Display` never
//! repeats the source. A run that failed is not an `Err`: [`exec::Report`] has an [`exec::Outcome`], which must be looked at.
//!
//! # Features
//!
//! - `testing`: a cloud in memory, fault injection, a suite for stores, proptest strategies.
//!
//! # Stability
//!
//! 0.1: the API may change with a minor version. What is written changes more slowly: snapshots, plans and events carry format
//! versions, and physical names and tags stay as they are, since what is deployed is found by them.
//!
//! Minimum Rust version: 1.89, for file locks.

pub mod address;
pub mod arn;
pub mod base_stack;
pub mod clock;
pub mod event;
pub mod exec;
pub mod fleet;
pub mod fleet_settings;
pub mod graph;
pub mod handler;
pub mod journal;
pub mod kind;
pub mod names;
pub mod plan;
pub mod resource;
pub mod sensitive;
pub mod size;
pub mod spec;
pub mod stack;
pub mod state_stack;
pub mod store;
pub mod tags;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;

/// The examples of the README, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../README.md")]
struct Readme;
