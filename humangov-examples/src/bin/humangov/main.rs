// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov`: deploys one isolated application for each US state on AWS, from one configuration.

mod cli;
mod commands;
mod config;
mod declare;
mod exit;
mod output;
#[cfg(test)]
mod reference;
mod session;

use clap::{CommandFactory, FromArgMatches, error::ErrorKind};
use exit::Exit;
use output::{Failure, Output};
use std::process::ExitCode;

fn main() -> ExitCode {
    log();
    match parse() {
        Ok(cli) => {
            let output = Output::new(cli.global.json, cli.global.no_color);
            commands::run(&cli, output).unwrap_or_else(|failure| {
                failure.tell(output.is_json());
                failure.exit()
            })
        }
        Err(error) => tell_usage(&error),
    }
    .into()
}

/// Writes what the libraries trace to standard error, as far as `HUMANGOV_LOG` asks for it: `debug`, `humangov_core=trace,warn`.
fn log() {
    if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("HUMANGOV_LOG") {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
}

fn parse() -> Result<cli::Cli, clap::Error> {
    // Help and usage errors are printed before the flag could be read.
    let plain = std::env::args_os().any(|arg| arg == "--no-color");
    let color = if plain { clap::ColorChoice::Never } else { clap::ColorChoice::Auto };
    cli::Cli::from_arg_matches(&cli::Cli::command().color(color).try_get_matches()?)
}

/// Shows help where it was asked for; else what is wrong with the arguments.
fn tell_usage(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            drop(error.print());
            Exit::Ok
        }
        _ if std::env::args_os().any(|arg| arg == "--json") => {
            let text = error.render().to_string();
            let failure = Failure::refused("cli.arguments", text.trim().trim_start_matches("error: "));
            failure.tell(true);
            failure.exit()
        }
        _ => {
            drop(error.print());
            Exit::Refused
        }
    }
}
