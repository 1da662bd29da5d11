// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans for people: the text of the library, coloured by sign. Colour says nothing that the sign does not.

use super::{DIM, STRONG, WARN};
use anstyle::{AnsiColor, Style};
use humangov_core::{
    fleet::{Fleet, FleetPlan},
    plan::PlanView,
};
use std::fmt::Write;

/// The plan's text in colour, and the line that sums it up; with every resource that stays as it is when `all` of a fleet is to
/// be told.
pub fn plan_text(plan: &FleetPlan, all: Option<&Fleet>) -> String {
    let plain = match all {
        None => plan.to_string(),
        Some(fleet) => {
            let stacks = plan.plans.iter().zip(fleet.stacks());
            let views = stacks.map(|(plan, stack)| PlanView::new(plan).with_unchanged_of(stack).to_string());
            views.collect::<Vec<_>>().join("\n")
        }
    };
    let mut text = String::new();
    for line in plain.lines() {
        let style = style_of(line);
        let _ = writeln!(text, "{style}{line}{style:#}");
    }
    let sum = plan.summary();
    let stacks = plan.plans.iter().filter(|plan| !plan.is_no_op()).count();
    let stacks = match stacks {
        1 => "1 stack".to_owned(),
        n => format!("{n} stacks"),
    };
    if plan.is_no_op() {
        let _ = write!(
            text,
            "\n{STRONG}No changes.{STRONG:#} {} resources are as they should be.",
            sum.unchanged + sum.keep
        );
    } else {
        let _ = write!(
            text,
            "\n{STRONG}Plan:{STRONG:#} {} to create, {} to change, {} to replace, {} to delete in {stacks}.",
            sum.create,
            sum.change + sum.adopt,
            sum.replace,
            sum.delete
        );
    }
    text
}

fn style_of(line: &str) -> Style {
    let sign = line.strip_prefix("  ").and_then(|line| line.chars().next());
    match sign {
        Some('+') => AnsiColor::Green.on_default(),
        Some('~' | '±' | '←') => AnsiColor::Yellow.on_default(),
        Some('-') => AnsiColor::Red.on_default(),
        Some('!') => WARN,
        Some(' ') if line.ends_with("  unchanged") => DIM,
        _ if line.starts_with(|c: char| c.is_ascii_alphanumeric()) => STRONG,
        _ => Style::new(),
    }
}
