// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`PlanError`] and [`Refusal`]: why a plan cannot be made.

use crate::{
    address::{Address, StackName},
    plan::FieldChange,
    stack::StackError,
    tags::Owner,
};
use serde_json::Value;
use std::{error::Error, fmt};

/// Something a plan would not touch.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is where ours would be, and its tags do not say that it is ours.
    NotOurs {
        /// Where ours would be.
        address: Address,
        /// Whose it says it is, if it says.
        owner: Option<Owner>,
        /// Whether it is recorded as ours all the same.
        recorded: bool,
    },
    /// A setting that cannot be changed, where a new resource would lose data or identity.
    Immutable {
        /// The resource.
        address: Address,
        /// Its settings.
        fields: Vec<FieldChange>,
    },
}

/// A plan that cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(transparent)]
pub struct PlanError(#[from] PlanErrorKind);

impl PlanError {
    /// What went wrong.
    pub fn kind(&self) -> &PlanErrorKind {
        &self.0
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match &self.0 {
            PlanErrorKind::Stack(error) => error.code(),
            PlanErrorKind::Refused { .. } => "plan.refused",
        }
    }
}

/// Why a plan cannot be made.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PlanErrorKind {
    /// The stack cannot be.
    Stack(StackError),
    /// Resources that must not be touched.
    Refused {
        /// The stack.
        stack: StackName,
        /// Every one of them.
        refusals: Vec<Refusal>,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs { address, owner: None, recorded: false } => {
                write!(
                    f,
                    "{address} exists under our name but bears no tags of ours; rename or delete it, or use another fleet name"
                )
            }
            Self::NotOurs { address, owner: None, recorded: true } => {
                write!(
                    f,
                    "{address} is recorded as ours but bears no tags of ours any more; somebody made it anew or removed its humangov: tags"
                )
            }
            Self::NotOurs { address, owner: Some(owner), .. } => {
                write!(
                    f,
                    "{address} exists under our name but is {} of stack {} in fleet {}",
                    owner.address, owner.stack, owner.fleet
                )
            }
            Self::Immutable { address, fields } => {
                write!(f, "{address} cannot be changed so: ")?;
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    let show = |value: &Option<Value>| {
                        value.as_ref().map_or_else(|| "absent".to_owned(), crate::plan::brief_value)
                    };
                    write!(
                        f,
                        "{} is {} and would be {}",
                        field.path,
                        show(&field.before),
                        show(&field.after)
                    )?;
                }
                f.write_str("; AWS fixes this at creation, and a new one would lose its data or identity")
            }
        }
    }
}

impl fmt::Display for PlanErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(error) => error.fmt(f),
            Self::Refused { stack, refusals } => {
                write!(f, "stack {stack} cannot be planned")?;
                refusals.iter().try_for_each(|refusal| write!(f, "\n{refusal}"))
            }
        }
    }
}

impl Error for PlanErrorKind {}
