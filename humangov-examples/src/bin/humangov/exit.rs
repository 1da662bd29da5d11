// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Exit`]: the exit codes, in one table that `--help` and the documentation show.

use std::process::ExitCode;

/// How a run of the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// As wished.
    Ok,
    /// Failed.
    Error,
    /// There are changes.
    Changes,
    /// Some stacks succeeded and some did not.
    Partial,
    /// Failed and was undone.
    RolledBack,
    /// Refused before anything was touched.
    Refused,
    /// Somebody else works on it.
    Locked,
    /// Stopped by the user.
    Interrupted,
}

/// Every code, its name in JSON, and what it means.
const TABLE: [(Exit, u8, &str, &str); 8] = [
    (Exit::Ok, 0, "ok", "done, or nothing to do"),
    (Exit::Error, 1, "error", "something failed; what was done is told and recorded"),
    (Exit::Changes, 2, "changes", "there are changes (only with plan --detailed-exitcode)"),
    (Exit::Partial, 3, "partial", "some stacks were done and some were not"),
    (Exit::RolledBack, 4, "rolled_back", "something failed, and everything this run had done was undone"),
    (
        Exit::Refused,
        5,
        "refused",
        "refused before anything was touched: arguments, configuration, ownership or no consent",
    ),
    (Exit::Locked, 6, "locked", "somebody else works on the stack"),
    (Exit::Interrupted, 130, "interrupted", "stopped by Ctrl-C or SIGTERM"),
];

impl Exit {
    fn row(self) -> (u8, &'static str, &'static str) {
        let [(_, code, name, meaning)] =
            TABLE.iter().filter(|(exit, ..)| *exit == self).collect::<Vec<_>>()[..]
        else {
            unreachable!("every exit has one row")
        };
        (*code, name, meaning)
    }

    /// The code that the process ends with.
    pub fn code(self) -> u8 {
        self.row().0
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        self.row().1
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table for people.
pub fn table() -> String {
    let rows = TABLE.iter().map(|(_, code, _, meaning)| format!("  {code:>3}  {meaning}"));
    rows.collect::<Vec<_>>().join("\n")
}

/// The table for the documentation.
#[cfg(test)]
pub fn markdown() -> String {
    let rows = TABLE.iter().map(|(_, code, name, meaning)| format!("| {code} | `{name}` | {meaning} |"));
    format!("| code | in JSON | meaning |\n|---|---|---|\n{}\n", rows.collect::<Vec<_>>().join("\n"))
}
