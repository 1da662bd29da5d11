// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nothing is lost: deployments that die at any point, or meet any fault at any call, leave what their record tells, and can be
//! brought to their end or back to where they began. All of it over the sandbox, in no time of the wall's.
#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod crashes;
mod declared;
mod faults;
mod picture;
mod programs;
mod scenario;
mod wire;

use std::{fmt::Arguments, io::Write};

/// Tells how much was tried, and from which seed: always, not only when a test fails.
fn tell(what: Arguments<'_>) {
    let mut told = std::io::stderr().lock();
    writeln!(told, "{what}").unwrap();
}
