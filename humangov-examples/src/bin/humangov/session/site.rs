// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Site`]: what a session must be told to find its account, region and records.

use super::{StoreUrl, sandbox};
use crate::{cli::Global, config::Config, output::Failure};
use humangov_core::names::FleetName;
use std::{fs, path::Path};

/// Where state is kept if nothing else is said.
const STATE: &str = ".humangov";

/// What a session must be told: what the configuration says of it, or, where there is none, nothing but flags.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The fleet; `None`: the only one that the store has.
    pub fleet: Option<FleetName>,
    /// The region.
    pub region: Option<String>,
    /// The only account to work in.
    pub account: Option<String>,
    state: Option<StoreUrl>,
}

impl From<&Config> for Site {
    fn from(config: &Config) -> Self {
        Self {
            fleet: Some(config.fleet.name.clone()),
            region: config.fleet.region.clone(),
            account: config.fleet.account.clone(),
            state: config.state.url.clone(),
        }
    }
}

impl Site {
    /// From the configuration if it is there, and for `fleet` if one is named. One that has problems is done without where the
    /// fleet is named.
    pub fn find(global: &Global, fleet: Option<&FleetName>) -> Result<Self, Failure> {
        let named = || Self { fleet: fleet.cloned(), ..Self::default() };
        if !global.config.exists() {
            return Ok(named());
        }
        match Config::load(&global.config) {
            Ok(config) => {
                let mut site = Self::from(&config);
                if fleet.is_some() {
                    site.fleet = fleet.cloned();
                }
                Ok(site)
            }
            Err(_) if fleet.is_some() => Ok(named()),
            Err(error) => Err(Failure::from(error).hint(
                "with --fleet NAME, --region and --state this needs no configuration; \
                 --config with a file that is not there leaves this one out",
            )),
        }
    }

    /// Where state is kept: as the flag says, beside a sandbox where there is one, as the configuration says, or here.
    ///
    /// A sandbox never meets the state of a real account, although the configuration names it: that tells of other resources.
    pub fn state(&self, global: &Global) -> StoreUrl {
        match (&global.state, &global.sandbox, &self.state) {
            (Some(state), _, _) | (None, None, Some(state)) => state.clone(),
            (None, Some(sandbox), _) => sandbox::records(sandbox),
            (None, None, None) => StoreUrl::File(STATE.into()),
        }
    }
}

/// The only fleet in the store of which anything is kept for this account and region.
pub fn only_fleet(state: &StoreUrl, account: &str, region: &str) -> Result<FleetName, Failure> {
    let fleets = fleets(state, account, region);
    match fleets.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::refused(
            "session.no_fleet",
            format!("no fleet is named, and none was found for account {account} and {region} in {state}"),
        )
        .hint("name it with --fleet, or the configuration with --config")),
        more => {
            let names: Vec<String> = more.iter().map(ToString::to_string).collect();
            let names = crate::config::and_list(&names);
            Err(Failure::refused("session.no_fleet", format!("{state} has more than one fleet: {names}"))
                .hint("name one with --fleet"))
        }
    }
}

fn fleets(state: &StoreUrl, account: &str, region: &str) -> Vec<FleetName> {
    match state {
        StoreUrl::File(directory) => fleets_in(directory, account, region),
        // A bucket or a table may be many users', each of whom may see no more than their own fleet.
        _ => Vec::new(),
    }
}

fn fleets_in(directory: &Path, account: &str, region: &str) -> Vec<FleetName> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let here = entries.filter(|entry| entry.path().join(account).join(region).is_dir());
    let mut fleets: Vec<FleetName> =
        here.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    fleets.sort();
    fleets
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_fleet_is_found_where_it_is_the_only_one_of_its_account_and_region() {
        let store = tempfile::tempdir().unwrap();
        let state = StoreUrl::File(store.path().to_owned());
        let found = || {
            only_fleet(&state, "123456789012", "us-east-1").map_err(|failure| failure.message().to_owned())
        };
        assert!(found().unwrap_err().contains("none was found"));
        let make = |path: &str| fs::create_dir_all(store.path().join(path)).unwrap();
        make("humangov/123456789012/us-east-1");
        make("other/123456789012/us-west-2");
        assert_eq!(found().unwrap().as_str(), "humangov");
        make("other/123456789012/us-east-1");
        assert!(found().unwrap_err().ends_with("has more than one fleet: humangov and other"));
    }
}
