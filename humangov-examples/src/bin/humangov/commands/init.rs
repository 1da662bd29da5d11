// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov init`.

use crate::{
    cli::{Global, Init},
    config::{Config, SAMPLE},
    exit::Exit,
    output::{Failure, Output, document},
};
use humangov_core::{
    names::FleetName,
    tenant::{CustomTenants, Tenant},
};
use serde_json::json;
use std::{fs::OpenOptions, io::Write};

/// Writes the commented configuration; never over one that is there.
pub fn run(args: &Init, global: &Global, output: Output) -> Result<Exit, Failure> {
    let text = sample(args)?;
    let path = &global.config;
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::refused("init.exists", format!("{shown} is there already, and stays as it is"))
                .hint("give another file with --config")
        }
        _ => Failure::refused("init.io", format!("{shown} could not be written: {error}")),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let told = format!("Wrote {shown}.\nNext: put your images in it, then: humangov validate");
    output.result(&told, || document(json!({ "written": path })))?;
    Ok(Exit::Ok)
}

/// The sample with the fleet and the states of the arguments.
fn sample(args: &Init) -> Result<String, Failure> {
    let refuse = |error: &dyn std::fmt::Display| Failure::refused("cli.arguments", error.to_string());
    let fleet: FleetName = args.fleet.parse().map_err(|error| refuse(&error))?;
    let mut states = Vec::new();
    for text in &args.states {
        let state = Tenant::parse(text, CustomTenants::Refused).map_err(|error| refuse(&error))?;
        if !states.contains(&state) {
            states.push(state);
        }
    }
    let mut text = SAMPLE.to_owned();
    let list: Vec<String> = states.iter().map(|state| format!("\"{state}\"")).collect();
    // Nobody who did not ask for fifty load balancers should get them.
    let list = if list.is_empty() { "\"california\"".to_owned() } else { list.join(", ") };
    text = text.replacen("states = [\"all\"]", &format!("states = [{list}]"), 1);
    text = text.replace("name = \"humangov\"", &format!("name = \"{fleet}\""));
    text = text.replace(".amazonaws.com/humangov/", &format!(".amazonaws.com/{fleet}/"));
    Config::parse("humangov.toml", &text).map(|_| text).map_err(Failure::from)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_sample_is_a_configuration_for_any_fleet_and_states() {
        let text =
            sample(&Init { states: vec!["ny".into(), "Ohio".into(), "NY".into()], fleet: "hr".into() })
                .unwrap();
        let config = Config::parse("humangov.toml", &text).unwrap();
        assert_eq!(config.states.iter().map(Tenant::slug).collect::<Vec<_>>(), ["new-york", "ohio"]);
        assert_eq!(config.fleet.name.as_str(), "hr");
        assert!(config.images.app.contains("/hr/app:"));
    }

    #[test]
    fn every_commented_setting_of_the_sample_is_valid_too() {
        // A comment that is one setting or one section header, not prose.
        let setting = |line: &str| line.contains(" = ") || line.starts_with('[') && line.ends_with(']');
        let uncommented: String = SAMPLE
            .lines()
            .map(|line| match line.strip_prefix("# ").filter(|rest| setting(rest) && !rest.ends_with('.')) {
                Some(rest) => format!("{rest}\n"),
                None => format!("{line}\n"),
            })
            // The two that exclude each other with the defaults shown beside them.
            .map(|line| if line.starts_with("network_mode") { "\n".to_owned() } else { line })
            .collect();
        let config = Config::parse("humangov.toml", &uncommented)
            .unwrap_or_else(|error| panic!("{error}\n{uncommented}"));
        assert!(
            config.network.is_some() && config.service.autoscaling.is_some() && !config.overrides.is_empty()
        );
    }
}
