// SPDX-License-Identifier: MIT OR Apache-2.0
//! One module a command.

mod apply;
mod completions;
mod destroy;
mod graph;
mod init;
mod orphan;
mod plan;
mod planning;
mod recover;
mod running;
mod sandbox;
mod schema;
mod standing;
mod state;
mod status;
mod telling;
mod unlock;
mod validate;

use crate::{
    cli::{Cli, Command, States},
    config::Config,
    exit::Exit,
    output::{Failure, Output},
};
use humangov_core::{base_stack::BaseStack, tenant::Tenant};

/// Does what was asked.
pub fn run(cli: &Cli, output: Output) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Init(args) => init::run(args, &cli.global, output),
        Command::Validate(args) => validate::run(args, &cli.global, output),
        Command::Plan(args) => block_on(plan::run(args, &cli.global, output)),
        Command::Apply(args) => block_on(apply::run(args, &cli.global, output)),
        Command::Status(args) => block_on(status::run(args, &cli.global, output)),
        Command::Destroy(args) => block_on(destroy::run(args, &cli.global, output)),
        Command::Recover(args) => block_on(recover::run(args, &cli.global, output)),
        Command::Unlock(args) => block_on(unlock::run(args, &cli.global, output)),
        Command::Orphan(args) => block_on(orphan::run(args, &cli.global, output)),
        Command::State(args) => block_on(state::run(args, &cli.global, output)),
        Command::Graph(args) => block_on(graph::run(args, &cli.global, output)),
        Command::Sandbox(args) => sandbox::run(args, &cli.global, output),
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(args),
    }
}

/// Runs a command that calls AWS.
fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Error, "cli.runtime", format!("no threads could be started: {error}"))
    })?;
    runtime.block_on(command)
}

/// Whether this word stands for the base, which every command but `destroy` includes anyway.
fn is_base(word: &str) -> bool {
    word.trim().eq_ignore_ascii_case(BaseStack::NAME)
}

/// The states that were named, or all of the configuration, in its order; none when only the base was named.
fn chosen(states: &States, config: &Config) -> Result<Vec<Tenant>, Failure> {
    let mut chosen = Vec::new();
    let mut problems = Vec::new();
    for text in states.states.iter().filter(|text| !is_base(text)) {
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
    if states.states.is_empty() { Ok(config.states.clone()) } else { Ok(chosen) }
}
