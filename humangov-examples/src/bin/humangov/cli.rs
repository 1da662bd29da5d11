// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words and flags of the command.

mod recovery;

pub use recovery::{
    ConsentFlag, LockFlag, OnCancel, Orphan, RecordedStates, Recover, State, StateCommand, StateList,
    StateRebuild, StateShow, Unlock,
};

use crate::session::StoreUrl;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, builder::FalseyValueParser};
use clap_complete::Shell;
use std::{path::PathBuf, time::Duration};

/// Where the configuration is if nothing else is said.
const CONFIG: &str = "humangov.toml";

/// Where the sandbox is if nothing else is said.
pub const SANDBOX: &str = ".humangov/sandbox.json";

/// Deploys one isolated HumanGov application for each US state on AWS.
#[derive(Debug, Parser)]
#[command(name = "humangov", version, max_term_width = 100, after_help = after_help())]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The configuration.
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        env = "HUMANGOV_CONFIG",
        default_value = CONFIG,
        hide_env = true
    )]
    pub config: PathBuf,
    /// The AWS profile, instead of `AWS_PROFILE`.
    #[arg(long, global = true, value_name = "NAME", env = "HUMANGOV_PROFILE", hide_env = true)]
    pub profile: Option<String>,
    /// The region, instead of `fleet.region`, `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's.
    #[arg(long, global = true, value_name = "NAME", env = "HUMANGOV_REGION", hide_env = true)]
    pub region: Option<String>,
    /// Another endpoint for all services, such as an emulator's, instead of `AWS_ENDPOINT_URL`.
    #[arg(long, global = true, value_name = "URL", env = "HUMANGOV_ENDPOINT_URL", hide_env = true)]
    pub endpoint_url: Option<String>,
    /// Where state is kept, instead of `state.url`: `file:DIR`, `s3://BUCKET/PREFIX` or `dynamodb://TABLE`. [default: file:.humangov]
    #[arg(long, global = true, value_name = "URL", env = "HUMANGOV_STATE", hide_env = true)]
    pub state: Option<StoreUrl>,
    /// A sandbox instead of AWS: an account in a file, `.humangov/sandbox.json` if none is named.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = SANDBOX,
        env = "HUMANGOV_SANDBOX",
        hide_env = true,
        conflicts_with_all = ["endpoint_url", "profile"]
    )]
    pub sandbox: Option<PathBuf>,
    /// Calls to the sandbox that go wrong: a JSON list of faults.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        requires = "sandbox",
        env = "HUMANGOV_SANDBOX_FAULTS",
        hide_env = true
    )]
    pub sandbox_faults: Option<PathBuf>,
    /// One JSON document on standard output, and events as JSON lines on standard error.
    #[arg(long, global = true, action = ArgAction::SetTrue, value_parser = FalseyValueParser::new(), env = "HUMANGOV_JSON", hide_env = true)]
    pub json: bool,
    /// No colours, as with `NO_COLOR`.
    #[arg(long, global = true, action = ArgAction::SetTrue, value_parser = FalseyValueParser::new(), env = "HUMANGOV_NO_COLOR", hide_env = true)]
    pub no_color: bool,
}

impl Global {
    /// `humangov COMMAND` with those of these flags without which it would work elsewhere, and these states: for people to type.
    pub fn again(&self, command: &str, states: &States) -> String {
        self.line(command, states.states.iter().map(String::as_str))
    }

    /// The same with any words at the end.
    pub fn line<'a>(&self, command: &str, more: impl IntoIterator<Item = &'a str>) -> String {
        let mut words = vec!["humangov".to_owned(), command.to_owned()];
        if let Some(sandbox) = &self.sandbox {
            let named = sandbox.as_os_str() != SANDBOX;
            words.push(if named {
                format!("--sandbox={}", sandbox.display())
            } else {
                "--sandbox".to_owned()
            });
        }
        if self.config.as_os_str() != CONFIG {
            words.push(format!("--config {}", self.config.display()));
        }
        let flags = [
            ("--profile", &self.profile),
            ("--region", &self.region),
            ("--endpoint-url", &self.endpoint_url),
            ("--state", &self.state.as_ref().map(ToString::to_string)),
        ];
        words.extend(
            flags.into_iter().filter_map(|(flag, value)| Some(format!("{flag} {}", value.as_ref()?))),
        );
        words.extend(more.into_iter().map(str::to_owned));
        words.join(" ")
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented configuration to begin with.
    Init(Init),
    /// Check the configuration without calling AWS.
    Validate(Validate),
    /// Show what would change; with `--out`, save it for `apply --plan`.
    #[command(visible_alias = "diff")]
    Plan(Plan),
    /// Make it so; when something fails, undo what this run did.
    #[command(visible_aliases = ["deploy", "up"])]
    Apply(Apply),
    /// List what there is, and how it is running.
    Status(Status),
    /// Take states down, keeping their data.
    #[command(visible_alias = "down")]
    Destroy(Destroy),
    /// Bring runs that were killed or are stuck to their end.
    Recover(Recover),
    /// Tell who works on a state; with `--force`, break their lock.
    Unlock(Unlock),
    /// Let go of resources: they stay in AWS, and nothing here knows of them any more.
    Orphan(Orphan),
    /// Look at what is recorded, or make it anew from what is in AWS.
    State(State),
    /// Draw the resources and what they wait for, coloured by what would change.
    Graph(Graph),
    /// Look after the sandbox: an AWS account in a file, to try things out.
    Sandbox(Sandbox),
    /// Print the JSON Schema of the configuration.
    Schema,
    /// Print a script that completes this command's words in a shell.
    #[command(visible_alias = "completion")]
    Completions(Completions),
}

/// Write a commented configuration.
#[derive(Debug, Args)]
pub struct Init {
    /// The states to begin with, by name or postal code.
    #[arg(value_name = "STATES")]
    pub states: Vec<String>,
    /// What all names in AWS begin with.
    #[arg(long, value_name = "NAME", default_value = "humangov")]
    pub fleet: String,
}

/// Check the configuration.
#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    pub states: States,
}

/// Show what would change.
#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub states: States,
    /// List what stays as it is, too.
    #[arg(long)]
    pub all: bool,
    /// Save the plan here, for `apply --plan`.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// End with 2 when there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Believe what is recorded instead of reading what is there: quick, and blind to drift.
    #[arg(long)]
    pub no_refresh: bool,
}

/// Make it so.
#[derive(Debug, Args)]
pub struct Apply {
    #[command(flatten)]
    pub states: States,
    /// Do what this saved plan says, and nothing else.
    #[arg(long, value_name = "FILE", conflicts_with = "states")]
    pub plan: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunFlags,
}

/// Take states down.
#[derive(Debug, Args)]
pub struct Destroy {
    #[command(flatten)]
    pub states: States,
    /// Delete tables, buckets and repositories with all they hold, for ever.
    #[arg(long)]
    pub delete_data: bool,
    #[command(flatten)]
    pub run: RunFlags,
}

/// List what there is.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub states: States,
    /// List every resource.
    #[arg(long)]
    pub all: bool,
    /// Leave out drift, for which every resource is read.
    #[arg(long)]
    pub no_refresh: bool,
}

/// Draw the resources.
#[derive(Debug, Args)]
pub struct Graph {
    #[command(flatten)]
    pub states: States,
    /// As DOT, for Graphviz, instead of Mermaid.
    #[arg(long)]
    pub dot: bool,
}

/// Look after the sandbox.
#[derive(Debug, Args)]
pub struct Sandbox {
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// What to do with the sandbox.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Begin with an empty account, and forget what was recorded of the old one.
    Reset(SandboxReset),
    /// List what there is in the account.
    Show,
    /// Serve the account over HTTP on 127.0.0.1, for the AWS CLI or boto3, until Ctrl-C.
    Serve(SandboxServe),
}

/// Begin with an empty account.
#[derive(Debug, Args)]
pub struct SandboxReset {
    /// How long things take: no time, a few seconds, or as long as on AWS, with its rates.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Timing::Brisk)]
    pub timing: Timing,
}

/// How long things take in a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Timing {
    Instant,
    Brisk,
    AwsLike,
}

/// Serve the account.
#[derive(Debug, Args)]
pub struct SandboxServe {
    /// The port; a free one when it is 0.
    #[arg(long, value_name = "PORT", default_value_t = 4666)]
    pub port: u16,
}

/// Flags of commands that change something.
#[derive(Debug, Clone, Args)]
pub struct RunFlags {
    #[command(flatten)]
    pub consent: ConsentFlag,
    /// How many steps run at once, over all states.
    #[arg(long, visible_alias = "parallelism", value_name = "N", default_value_t = 16, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=256), env = "HUMANGOV_CONCURRENCY", hide_env = true)]
    pub concurrency: usize,
    /// The longest that one step may take, such as 90s or 10m; then the run is rolled back. [default: 30m]
    #[arg(long, value_name = "TIME", value_parser = duration, env = "HUMANGOV_TIMEOUT", hide_env = true)]
    pub timeout: Option<Duration>,
    /// What Ctrl-C or SIGTERM has become of what the run did: it is undone, or it stays and the next run goes on from there.
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        default_value_t,
        env = "HUMANGOV_ON_CANCEL",
        hide_env = true
    )]
    pub on_cancel: OnCancel,
    #[command(flatten)]
    pub lock: LockFlag,
}

/// Print a completion script.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Which states.
#[derive(Debug, Clone, Default, Args)]
pub struct States {
    /// States by name or postal code, or `base` for what they share; all of the configuration when none is given.
    #[arg(value_name = "STATES")]
    pub states: Vec<String>,
}

/// A time as people write it: `90s`, `10m`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    const FORM: &str = "write a time such as 90s, 10m or 1h30m";
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(FORM.to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| FORM.to_owned())?;
        let unit = rest[digits..].chars().next();
        let seconds = match unit {
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') => 1,
            _ => return Err(FORM.to_owned()),
        };
        let part = number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| FORM.to_owned())?;
        total = total.checked_add(part).ok_or_else(|| FORM.to_owned())?;
        rest = &rest[digits + 1..];
    }
    if total.is_zero() { Err("must be more than nothing".to_owned()) } else { Ok(total) }
}

fn after_help() -> String {
    format!(
        "Exit codes:\n{}\n\nEvery flag of all commands can be given as HUMANGOV_<FLAG> in the environment.",
        crate::exit::table()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_to_be_typed_next_works_in_the_same_place() {
        let cli = Cli::parse_from([
            "humangov",
            "--no-color",
            "plan",
            "--sandbox",
            "--config",
            "a.toml",
            "ohio",
            "texas",
        ]);
        let Command::Plan(plan) = &cli.command else { panic!("{cli:?}") };
        assert_eq!(
            cli.global.again("apply", &plan.states),
            "humangov apply --sandbox --config a.toml ohio texas"
        );
        let cli = Cli::parse_from(["humangov", "plan", "--sandbox=x.json", "--region", "us-west-2"]);
        let Command::Plan(plan) = &cli.command else { panic!("{cli:?}") };
        assert_eq!(
            cli.global.again("apply", &plan.states),
            "humangov apply --sandbox=x.json --region us-west-2"
        );
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("1h30m", 5400), (" 1m5s ", 65)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "10", "m", "1.5h", "0s", "-1s", "99999999999999999999s", "1d", "5m é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
