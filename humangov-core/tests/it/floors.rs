// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floors: a module imports only from its own floor and from those below.

use std::{fs, path::Path};

/// The floors, lowest first. Modules of one floor may use each other; `kind` may use all of the model.
const FLOORS: &[(&str, &[&str])] = &[
    ("words", &["address", "arn", "clock", "names", "sensitive", "size", "tenant"]),
    // Inputs know handles, and handles the trait of what they stand for: one floor, whose modules know each other.
    ("values and model", &["kind", "resource", "spec", "tags", "value"]),
    ("stack", &["graph", "stack"]),
    ("ports", &["handler", "store"]),
    ("plan", &["plan"]),
    ("record", &["event", "journal"]),
    ("run", &["exec"]),
    ("product", &["base_stack", "fleet", "fleet_settings", "state_stack"]),
    ("testing", &["testing"]),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

/// The modules of this crate that a source text imports from, outside its tests.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let (mut word, mut first) = (String::new(), true);
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => (word, first) = (String::new(), true),
                    ':' if depth == 0 && first => {
                        found.push(std::mem::take(&mut word));
                        first = false;
                    }
                    c if depth == 0 && first && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

fn sources(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::{\n    a::X,\n    b::{self, c::Y},\n    i::j::Z,\n    d::Z,\n};\nuse crate::e::F;\nfn f() { crate::g::h() }\n// crate::no\n#[cfg(test)]\nuse crate::not::T;";
    assert_eq!(imports(text), ["a", "b", "i", "d", "e", "g"]);
}

#[test]
fn a_module_imports_only_from_its_floor_and_those_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for (path, text) in &files {
        let inside = path.strip_prefix(&format!("{}/", root.display())).unwrap();
        let module = inside.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        let Some(own) = floor(module) else {
            wrong.push(format!("{inside}: the module {module} is on no floor"));
            continue;
        };
        for import in imports(text) {
            match floor(&import) {
                Some(other) if other <= own => {}
                Some(other) => wrong.push(format!(
                    "{inside} ({}) imports {import}, which is above it ({})",
                    FLOORS[own].0, FLOORS[other].0
                )),
                None => wrong.push(format!("{inside} imports {import}, which is on no floor")),
            }
        }
    }
    assert!(files.len() > 40, "the sources were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
