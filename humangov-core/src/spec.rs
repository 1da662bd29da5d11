// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Spec`]: a resource with its type erased.

use crate::{
    address::Kind,
    resource::{Resource, Rule},
    value::{Canonical, Digest},
};
use serde_json::Value;

/// What the engine must know of a kind, without its type.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KindInfo {
    /// The kind.
    pub kind: Kind,
    /// Its rules.
    pub rules: &'static [Rule],
    /// Whether its resources hold data.
    pub holds_data: bool,
    normalize: fn(Value) -> Result<Value, serde_json::Error>,
}

impl KindInfo {
    /// The facts of `R`.
    pub const fn of<R: Resource>() -> Self {
        Self { kind: R::KIND, rules: R::RULES, holds_data: R::HOLDS_DATA, normalize: normalize::<R> }
    }

    /// Normalizes `spec` once its references are resolved: a set sorts otherwise when the text of its elements is known.
    ///
    /// # Errors
    /// When `spec` does not fit the type.
    pub(crate) fn normalized(&self, spec: Value) -> Result<Value, serde_json::Error> {
        (self.normalize)(spec)
    }
}

fn normalize<R: Resource>(spec: Value) -> Result<Value, serde_json::Error> {
    let mut resource = R::deserialize(spec)?;
    resource.normalize();
    serde_json::to_value(resource)
}

/// A resource as the engine sees it: kind, canonical JSON, digest. References in it are not resolved.
#[derive(Debug, Clone)]
pub struct Spec {
    info: KindInfo,
    canonical: Canonical,
}

impl Spec {
    /// Erases the type of `resource`, which is normalized first. Also gives its JSON, references and all.
    pub(crate) fn erase<R: Resource>(mut resource: R) -> Result<(Self, Value), serde_json::Error> {
        resource.normalize();
        let value = serde_json::to_value(&resource)?;
        Ok((Self { info: KindInfo::of::<R>(), canonical: Canonical::new(&value) }, value))
    }

    /// The resource with its type again, if this is an `R`.
    pub fn try_into_resource<R: Resource>(&self) -> Option<R> {
        if self.info.kind != R::KIND {
            return None;
        }
        serde_json::from_str(self.canonical.as_str()).ok()
    }

    /// The facts of the kind.
    pub fn info(&self) -> &KindInfo {
        &self.info
    }

    /// The canonical JSON.
    pub fn canonical(&self) -> &Canonical {
        &self.canonical
    }

    /// The digest of the canonical JSON.
    pub fn digest(&self) -> Digest {
        self.canonical.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Set {
        of: Vec<String>,
        more: Option<u32>,
    }
    impl Resource for Set {
        const KIND: Kind = Kind::new("test.set");
        type Outputs = ();
        fn normalize(&mut self) {
            self.of.sort_unstable();
        }
    }

    #[test]
    fn what_is_resolved_is_normalized_again() {
        let info = KindInfo::of::<Set>();
        assert_eq!(
            info.normalized(json!({"of": ["b", "a"], "more": null})).expect("fits"),
            json!({"of": ["a", "b"], "more": null})
        );
        let unresolved = json!({"of": [{"$ref": "test.set/a#x"}, "a"], "more": null});
        info.normalized(unresolved).expect_err("a reference where the type has text does not fit");
    }
}
