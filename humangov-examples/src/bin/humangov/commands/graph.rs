// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov graph`: the resources and what they wait for, coloured by what the plan does to them.

use super::{
    chosen,
    planning::{declared, open, planned},
    standing::{noted, stacks_of},
};
use crate::{
    cli::{Global, Graph},
    config::Config,
    exit::Exit,
    output::{Failure, Output, document},
};
use humangov_core::{
    address::Address,
    fleet::{Fleet, FleetPlan},
    plan::Action,
    value::{Source, walk_references},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Draws the plan as Mermaid or DOT.
pub async fn run(args: &Graph, global: &Global, output: Output) -> Result<Exit, Failure> {
    let config = Config::load(&global.config)?;
    let states = chosen(&args.states, &config)?;
    let session = open(global, &config, output).await?;
    let fleet = declared(&session, &config, &states).await?;
    noted(&session, &stacks_of(&fleet), global, output).await?;
    let plan = planned(&session, &fleet, true).await?;
    let picture = Picture::new(&fleet, &plan);
    let text = if args.dot { picture.dot() } else { picture.mermaid() };
    output.result(&text, || {
        document(json!({ "format": if args.dot { "dot" } else { "mermaid" }, "graph": text }))
    })?;
    Ok(Exit::Ok)
}

/// What becomes of a resource, as a word and two colours: fill and line.
const CLASSES: [(&str, &str, &str); 5] = [
    ("create", "#d5f2d8", "#2e7d32"),
    ("change", "#fff3cd", "#b8860b"),
    ("replace", "#e6d5f5", "#6a1b9a"),
    ("delete", "#f8d7da", "#b71c1c"),
    ("same", "#f2f2f2", "#777777"),
];

struct Picture {
    stacks: Vec<(String, Vec<Node>)>,
    edges: BTreeSet<(String, String)>,
}

struct Node {
    id: String,
    label: String,
    class: &'static str,
}

fn id(stack: &str, address: &str) -> String {
    format!("{stack}_{address}").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

impl Picture {
    fn new(fleet: &Fleet, plan: &FleetPlan) -> Self {
        let mut actions: BTreeMap<(&str, &Address), &'static str> = BTreeMap::new();
        for plan in &plan.plans {
            for change in &plan.changes {
                let class = match change.action {
                    Action::Create => "create",
                    Action::Update | Action::Adopt => "change",
                    Action::Replace(_) => "replace",
                    Action::Delete | Action::Forget => "delete",
                    _ => "same",
                };
                actions.insert((plan.stack.as_str(), &change.address), class);
            }
        }
        let exports: BTreeMap<(&str, &str), String> = fleet
            .stacks()
            .iter()
            .flat_map(|stack| stack.exports().iter().map(move |(name, value)| (stack, name, value)))
            .filter_map(|(stack, name, value)| {
                let mut from = None;
                walk_references(value, &mut |reference| {
                    if let Source::Resource(address) = reference.source {
                        from = Some(address);
                    }
                });
                Some(((stack.name().as_str(), name.as_str()), id(stack.name().as_str(), from?.as_str())))
            })
            .collect();
        let (mut stacks, mut edges) = (Vec::new(), BTreeSet::new());
        for stack in fleet.stacks() {
            let name = stack.name().as_str();
            let mut nodes = Vec::new();
            for resource in stack.resources() {
                let address = resource.address();
                let this = id(name, address.as_str());
                walk_references(&resource.spec().canonical().to_value(), &mut |reference| {
                    let other = match &reference.source {
                        Source::Resource(address) => Some(id(name, address.as_str())),
                        Source::Stack(other) => exports.get(&(other.as_str(), &*reference.attr)).cloned(),
                    };
                    edges.extend(other.map(|other| (this.clone(), other)));
                });
                let class = actions.get(&(name, address)).copied().unwrap_or("same");
                nodes.push(Node { id: this, label: address.to_string(), class });
            }
            for ((of, address), class) in &actions {
                if *of == name && stack.get(address).is_none() {
                    nodes.push(Node { id: id(name, address.as_str()), label: address.to_string(), class });
                }
            }
            stacks.push((name.to_owned(), nodes));
        }
        Self { stacks, edges }
    }

    fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (stack, nodes) in &self.stacks {
            let _ = writeln!(text, "  subgraph {}[\"{stack}\"]", id(stack, ""));
            for node in nodes {
                let _ = writeln!(text, "    {}[\"{}\"]:::{}", node.id, node.label, node.class);
            }
            text.push_str("  end\n");
        }
        for (from, to) in &self.edges {
            let _ = writeln!(text, "  {from} --> {to}");
        }
        for (class, fill, line) in CLASSES {
            let _ = writeln!(text, "  classDef {class} fill:{fill},stroke:{line},color:#111");
        }
        text
    }

    fn dot(&self) -> String {
        let mut text =
            "digraph humangov {\n  rankdir=LR;\n  node [shape=box, style=filled, fontname=\"sans-serif\"];\n"
                .to_owned();
        for (stack, nodes) in &self.stacks {
            let _ = writeln!(text, "  subgraph \"cluster_{stack}\" {{\n    label=\"{stack}\";");
            for node in nodes {
                let colors = CLASSES.iter().find(|(class, ..)| *class == node.class);
                let (fill, line) = colors.map_or(("#ffffff", "#000000"), |(_, fill, line)| (*fill, *line));
                let _ = writeln!(
                    text,
                    "    {} [label=\"{}\", fillcolor=\"{fill}\", color=\"{line}\", tooltip=\"{}\"];",
                    node.id, node.label, node.class
                );
            }
            text.push_str("  }\n");
        }
        for (from, to) in &self.edges {
            let _ = writeln!(text, "  {from} -> {to};");
        }
        text.push_str("}\n");
        text
    }
}
