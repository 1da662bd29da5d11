// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov completions`.

use crate::{
    cli::{Cli, Completions},
    exit::Exit,
    output::{Failure, print},
};
use clap::CommandFactory;

/// Prints the completion script of a shell.
pub fn run(args: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "humangov", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
