// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kind of resource is: its spec, its outputs, its rules and its checks.

use crate::{address::Kind, arn::Arn, value::Attr};
use serde::{Serialize, de::DeserializeOwned};
use std::{borrow::Cow, fmt};

/// A kind of resource: the desired settings are the value itself.
///
/// A field that is absent (`None`) is left to AWS: it is neither set nor compared. Collections are always compared whole.
/// `examples/custom_kind.rs` shows a kind made outside this crate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of resource",
    note = "kinds of this crate are in `humangov_core::kind`; your own implement `Resource`, and `Handler` to act on it"
)]
pub trait Resource:
    Serialize + DeserializeOwned + Clone + PartialEq + fmt::Debug + Send + Sync + 'static
{
    /// The kind's name: stable, since it is recorded, and never taken from the Rust type.
    const KIND: Kind;

    /// What a change of a field means. A field without a rule is changed in place.
    const RULES: &'static [Rule] = &[];

    /// Whether resources of this kind hold data that must outlive mistakes. They are kept on destroy unless asked otherwise.
    const HOLDS_DATA: bool = false;

    /// What is known once the resource exists. Other resources refer to its fields by their serialized names.
    type Outputs: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static;

    /// Brings equal meanings into one form: sorts sets, writes defaults out. Applied to what is desired and to what was read.
    fn normalize(&mut self) {}

    /// Adds to `found` everything AWS would refuse.
    fn validate(&self, found: &mut Violations) {
        let _ = found;
    }
}

/// A kind whose outputs have an `arn`, so that a handle can be given where its ARN is wanted.
pub trait HasArn: Resource {
    /// The ARN among the outputs.
    const ARN: Attr<Self, Arn<Self>> = Attr::new("arn");
}

/// What follows from a change of a field. Paths are JSON pointers into the spec; `*` stands for any element of a list or map.
/// A rule holds for everything below its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The field cannot be changed: the new resource is made first, the old one deleted after everything has moved.
    ReplaceCreateFirst(&'static str),
    /// The field cannot be changed and both cannot exist at once: the old one goes first.
    ReplaceDeleteFirst(&'static str),
    /// The field cannot be changed and replacing would lose data or identity: the plan is refused unless allowed by address.
    Immutable(&'static str),
    /// The field cannot be read back: compared with what was recorded, never with what is live.
    WriteOnly(&'static str),
    /// The list is a map in disguise: elements are matched, and shown, by this member of theirs.
    KeyedBy(&'static str, &'static str),
}

impl Rule {
    /// The path this rule is about.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ReplaceCreateFirst(path)
            | Self::ReplaceDeleteFirst(path)
            | Self::Immutable(path)
            | Self::WriteOnly(path)
            | Self::KeyedBy(path, _) => path,
        }
    }
}

/// Everything wrong with a spec, each with the path of its field.
///
/// ```
/// use humangov_core::resource::Violations;
/// let mut found = Violations::default();
/// found.within("containers.app", |found| {
///     found.check(false, "memory", || "a container has at least 6 MiB");
/// });
/// assert_eq!(found.to_string(), "containers.app.memory: a container has at least 6 MiB");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Violations {
    found: Vec<Violation>,
    prefix: String,
}

/// One thing that is wrong: where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field, such as `containers.app.memory`.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: Cow<'static, str>,
}

impl Violations {
    /// Adds a violation at `path` (below the current prefix).
    pub fn add(&mut self, path: &str, message: impl Into<Cow<'static, str>>) {
        let path = match (self.prefix.as_str(), path) {
            ("", path) => path.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, path) => format!("{prefix}.{path}"),
        };
        self.found.push(Violation { path, message: message.into() });
    }

    /// Adds a violation unless `holds`.
    pub fn check<M: Into<Cow<'static, str>>>(
        &mut self,
        holds: bool,
        path: &str,
        message: impl FnOnce() -> M,
    ) {
        if !holds {
            self.add(path, message());
        }
    }

    /// Runs `check` with all its paths below `prefix`.
    pub fn within(&mut self, prefix: &str, check: impl FnOnce(&mut Self)) {
        let outer = self.prefix.clone();
        self.prefix = if outer.is_empty() { prefix.to_owned() } else { format!("{outer}.{prefix}") };
        check(self);
        self.prefix = outer;
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// All of them, in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.found.iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.found.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}
