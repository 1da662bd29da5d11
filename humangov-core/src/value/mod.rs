// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that may not be known yet, and the canonical text of what is known.
//!
//! A field of a resource that may come from another resource is an [`Input`]. It is a plain value, or a *reference*: data that
//! names an attribute of another resource. References can be saved, compared and resolved later, which closures could not.

mod canonical;
mod input;
mod output;

pub use canonical::{Canonical, Digest, Json, resolve, walk_references};
pub use input::{Input, Join, Reference, Source};
pub use output::{Attr, Handle, Import, Output};
