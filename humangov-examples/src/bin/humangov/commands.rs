// SPDX-License-Identifier: MIT OR Apache-2.0
//! One module a command.

mod completions;
mod init;
mod schema;
mod validate;

use crate::{
    cli::{Cli, Command, States},
    config::Config,
    exit::Exit,
    output::{Failure, Output},
};
use humangov_core::tenant::Tenant;

/// Does what was asked.
pub fn run(cli: &Cli, output: Output) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Init(args) => init::run(args, &cli.global, output),
        Command::Validate(args) => validate::run(args, &cli.global, output),
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(args),
    }
}

/// The states that were named, or all of the configuration, in its order.
fn chosen(states: &States, config: &Config) -> Result<Vec<Tenant>, Failure> {
    let mut chosen = Vec::new();
    let mut problems = Vec::new();
    for text in &states.states {
        match Tenant::parse(text, config.custom_tenants()) {
            Ok(tenant) if !config.states.contains(&tenant) => {
                let known: Vec<String> = config.states.iter().map(ToString::to_string).collect();
                problems.push(format!(
                    "{tenant} is not in the configuration, which has {}",
                    crate::config::and_list(&known)
                ));
            }
            Ok(tenant) if chosen.contains(&tenant) => {}
            Ok(tenant) => chosen.push(tenant),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::refused("cli.states", problems.join("\n       ")));
    }
    if chosen.is_empty() { Ok(config.states.clone()) } else { Ok(chosen) }
}
