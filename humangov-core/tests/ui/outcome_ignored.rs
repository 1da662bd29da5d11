// SPDX-License-Identifier: MIT OR Apache-2.0
//! A run that was executed is not a run that worked.
#![deny(unused_must_use)]
use humangov_core::exec::{Outcome, Report};

fn outcome(report: Report) -> Outcome {
    report.outcome
}

fn run(report: Report) {
    outcome(report);
}

fn main() {}
