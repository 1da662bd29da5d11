// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reference documentation is made from the types and compared with what is checked in.
//!
//! After a change: `UPDATE_REFERENCE=1 cargo test --bin humangov reference`.

use crate::{cli::Cli, config::schema, exit};
use clap::CommandFactory;
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

#[track_caller]
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(name);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
        fs::write(&path, text).expect("writable");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "docs/reference/{name} is out of date; UPDATE_REFERENCE=1 writes it anew:\n{text}"
    );
}

#[test]
fn the_json_schema_is_up_to_date() {
    check("humangov.schema.json", &format!("{:#}\n", schema().to_value()));
}

#[test]
fn the_reference_of_the_configuration_is_up_to_date() {
    let root = schema().to_value();
    let mut text = "# `humangov.toml`\n\nMade from the types of the program, like [humangov.schema.json](humangov.schema.json). \
                    A commented file to begin with: `humangov init`.\n"
        .to_owned();
    section(&mut text, &root, "the top", &root);
    let sections = root["properties"].as_object().expect("an object");
    for (name, property) in sections {
        let target = follow(&root, property);
        if name == "overrides" {
            let one = follow(&root, &target["additionalProperties"]);
            section(&mut text, &root, "`[overrides.STATE]`", one);
        } else if target["properties"].is_object() {
            section(&mut text, &root, &format!("`[{name}]`"), target);
            if name == "service" {
                section(&mut text, &root, "`[service.autoscaling]`", &root["$defs"]["Autoscaling"]);
            }
        }
    }
    check("config.md", &text);
}

/// What a property is, through the reference to its definition.
fn follow<'s>(root: &'s Value, property: &'s Value) -> &'s Value {
    match property["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).expect("it is defined"),
        None => property,
    }
}

fn section(text: &mut String, root: &Value, title: &str, section: &Value) {
    let description = section["description"].as_str().unwrap_or_default();
    let _ = write!(
        text,
        "\n## {title}\n\n{description}\n\n| key | what | values | default |\n|---|---|---|---|\n"
    );
    let required: Vec<&str> =
        section["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, property) in section["properties"].as_object().into_iter().flatten() {
        let description = property["description"].as_str().unwrap_or_default();
        let default = match &property["default"] {
            Value::Null if required.contains(&key.as_str()) => "needed".to_owned(),
            Value::Null => String::new(),
            default => format!("`{default}`"),
        };
        let _ = writeln!(text, "| `{key}` | {description} | {} | {default} |", values(root, property));
    }
}

/// What may stand there, in words.
fn values(root: &Value, property: &Value) -> String {
    let target = follow(root, property);
    if let Some(choices) = target["oneOf"].as_array() {
        let words = choices.iter().map(|choice| {
            format!(
                "`{}`: {}",
                choice["const"],
                choice["description"].as_str().unwrap_or_default().trim_end_matches('.')
            )
        });
        return words.collect::<Vec<_>>().join("; ");
    }
    if let Some(choices) = target["enum"].as_array() {
        return choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    }
    let number = |key: &str| target[key].as_u64();
    match target["type"].as_str() {
        Some("boolean") => "`true`, `false`".to_owned(),
        Some("integer") => match (number("minimum"), number("maximum")) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            _ => "whole number".to_owned(),
        },
        Some("array") => {
            let items = values(root, &target["items"]);
            format!(
                "list of {}",
                if items.contains(':') { format!("({items})") } else { format!("{items}s") }
            )
        }
        Some("object") => "table".to_owned(),
        Some("string") => "text".to_owned(),
        _ => "text or whole number".to_owned(),
    }
}

#[test]
fn the_reference_of_the_command_is_up_to_date() {
    let mut command = Cli::command().color(clap::ColorChoice::Never).term_width(100);
    command.build();
    let mut text = format!(
        "# The `humangov` command\n\nMade from the program; `humangov help` says the same.\n\n## Exit codes\n\n{}",
        exit::markdown()
    );
    let _ = write!(
        text,
        "\n## humangov\n\n```text\n{}\n```\n",
        command.render_long_help().to_string().trim_end()
    );
    tell_subcommands(&mut command, &mut text);
    check("cli.md", &text);
}

fn tell_subcommands(command: &mut clap::Command, text: &mut String) {
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        let help = sub.render_long_help().to_string();
        // The flags of all commands are told once, above.
        let own = help.split("\nEverywhere:").next().unwrap_or_default();
        let name = sub.get_bin_name().unwrap_or_default();
        let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", own.trim_end());
        tell_subcommands(sub, text);
    }
}

#[test]
fn every_error_code_is_documented_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut returned = BTreeSet::new();
    for sources in ["humangov-core/src", "humangov-aws/src", "humangov-examples/src"] {
        each_source(&root.join(sources), &mut |text| {
            let functions = text.split("fn code(").skip(1).map(|rest| rest.split("\n    }\n").next());
            functions.flatten().for_each(|body| returned.extend(codes_in(body)));
            // The first text that a failure of the command is made with.
            let failures = ["refused(", "Failure::new(", "Self::new("].map(|call| text.split(call).skip(1));
            for rest in failures.into_iter().flatten() {
                let argument = rest.lines().take(4).collect::<Vec<_>>().join("\n");
                returned.extend(codes_in(&argument).into_iter().take(1));
            }
        });
    }
    let page = fs::read_to_string(root.join("docs/errors.md")).expect("it is there");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<String> = rows.filter(|word| word.contains('.')).map(str::to_owned).collect();
    assert!(returned.len() > 50, "{returned:?}");
    assert_eq!(documented, returned);
}

fn each_source(directory: &Path, look: &mut dyn FnMut(&str)) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            each_source(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            look(&fs::read_to_string(&path).expect("readable"));
        }
    }
}

/// Texts in quotes that look like `cli.arguments`.
fn codes_in(source: &str) -> Vec<String> {
    let word =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let quoted = source.split('"').skip(1).step_by(2);
    quoted
        .filter(|text| text.split_once('.').is_some_and(|(area, name)| word(area) && word(name)))
        .map(str::to_owned)
        .collect()
}
