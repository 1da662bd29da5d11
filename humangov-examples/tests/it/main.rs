// SPDX-License-Identifier: MIT OR Apache-2.0
//! End-to-end tests against AWS emulators that others wrote, over HTTP.
#![expect(clippy::unwrap_used, reason = "tests")]

mod emulator;
mod proxy;

mod smoke;
