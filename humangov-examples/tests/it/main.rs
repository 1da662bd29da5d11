// SPDX-License-Identifier: MIT OR Apache-2.0
//! End-to-end tests against AWS emulators that others wrote, over HTTP.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "what a test measured")]
#![expect(clippy::disallowed_methods, reason = "servers are waited for by the clock on the wall")]

mod emulator;
mod proxy;
mod world;

mod battery;
mod budget;
mod kills;
mod launch;
mod life;
mod rebuild;
mod recovery;
mod refuse;
mod rollback;
mod sandbox;
mod screens;
mod smoke;
mod stores;
