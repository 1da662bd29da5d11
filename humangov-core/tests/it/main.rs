// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine against a cloud in memory: one binary, a paused clock, no network.
#![expect(clippy::unwrap_used, reason = "tests")]

mod apply;
mod crashes;
mod drift;
mod events;
mod fail;
mod fleets;
mod floors;
mod imports;
mod journal;
mod lost;
mod plans;
mod properties;
mod rebuild;
mod resent;
mod shown;
mod stop;
mod stores;
mod ui;
mod world;
