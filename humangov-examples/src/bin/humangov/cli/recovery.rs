// SPDX-License-Identifier: MIT OR Apache-2.0
//! Words and flags of what looks after runs and records, and of locks.

use super::{RunFlags, States, duration};
use clap::{ArgAction, Args, Subcommand, ValueEnum, builder::FalseyValueParser};
use humangov_core::{address::Address, exec::OnFailure, names::FleetName};
use std::time::Duration;

/// Bring runs that have not ended to their end.
///
/// Needs the store and the account, but no configuration: what a run was to do is in its journal.
#[derive(Debug, Args)]
pub struct Recover {
    #[command(flatten)]
    pub recorded: RecordedStates,
    /// Go on the way the run was going, forward or back. The default.
    #[arg(long, conflicts_with = "rollback")]
    pub resume: bool,
    /// Undo what the run did.
    #[arg(long)]
    pub rollback: bool,
    #[command(flatten)]
    pub run: RunFlags,
}

/// Tell who works on a state, or break their lock.
#[derive(Debug, Args)]
pub struct Unlock {
    /// The state, or `base`.
    #[arg(value_name = "STATE")]
    pub stack: String,
    /// Break the lock. Whoever holds it can then record nothing more, and their run is left to `recover`.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub fleet: FleetFlag,
    #[command(flatten)]
    pub consent: ConsentFlag,
}

/// Let go of resources.
#[derive(Debug, Args)]
pub struct Orphan {
    /// The state, or `base`.
    #[arg(value_name = "STATE")]
    pub stack: String,
    /// The resources, such as `ecs.service/app`.
    #[arg(value_name = "ADDRESS", required = true)]
    pub addresses: Vec<Address>,
    #[command(flatten)]
    pub fleet: FleetFlag,
    #[command(flatten)]
    pub consent: ConsentFlag,
    #[command(flatten)]
    pub lock: LockFlag,
}

/// Look at what is recorded.
#[derive(Debug, Args)]
pub struct State {
    #[command(subcommand)]
    pub command: StateCommand,
}

/// What to do with what is recorded.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List what is recorded, who works on it, and runs that have not ended.
    List(StateList),
    /// Show the record of a state: every resource with what AWS calls it.
    Show(StateShow),
    /// Make records that are lost anew, from the configuration, names, tags and what AWS answers.
    Rebuild(StateRebuild),
}

/// List what is recorded.
#[derive(Debug, Args)]
pub struct StateList {
    #[command(flatten)]
    pub fleet: FleetFlag,
}

/// Show what is recorded.
#[derive(Debug, Args)]
pub struct StateShow {
    #[command(flatten)]
    pub recorded: RecordedStates,
}

/// Make records anew.
#[derive(Debug, Args)]
pub struct StateRebuild {
    #[command(flatten)]
    pub states: States,
    /// Write over records that are there. They may know what cannot be found again: what is no longer declared, or was
    /// replaced and is still to be deleted.
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub lock: LockFlag,
}

/// States that need not be in a configuration.
#[derive(Debug, Clone, Args)]
pub struct RecordedStates {
    /// States by name or postal code, or `base`; all that are recorded when none is given.
    #[arg(value_name = "STATES")]
    pub states: Vec<String>,
    #[command(flatten)]
    pub fleet: FleetFlag,
}

/// Which fleet.
#[derive(Debug, Clone, Default, Args)]
pub struct FleetFlag {
    /// The fleet, instead of the configuration's; not needed where the store has only one.
    #[arg(long, value_name = "NAME")]
    pub fleet: Option<FleetName>,
}

/// Whether to ask.
#[derive(Debug, Clone, Args)]
pub struct ConsentFlag {
    /// Do not ask.
    #[arg(long, short, visible_alias = "auto-approve", env = "HUMANGOV_YES", hide_env = true, action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    pub yes: bool,
}

/// Whether to wait.
#[derive(Debug, Clone, Args)]
pub struct LockFlag {
    /// How long to wait for somebody else who works on the state, such as 30s or 10m. [default: not at all]
    #[arg(long, value_name = "TIME", value_parser = duration, env = "HUMANGOV_LOCK_TIMEOUT", hide_env = true)]
    pub lock_timeout: Option<Duration>,
}

/// What becomes of a run that is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OnCancel {
    #[default]
    Rollback,
    Halt,
}

impl From<OnCancel> for OnFailure {
    fn from(on: OnCancel) -> Self {
        match on {
            OnCancel::Rollback => Self::RollBack,
            OnCancel::Halt => Self::Halt,
        }
    }
}
