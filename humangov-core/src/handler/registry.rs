// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Registry`]: which handler acts on which kind.

use crate::{
    address::Kind,
    handler::{DynHandler, Handler, erased::Erased},
    resource::Resource,
    spec::KindInfo,
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// The handlers by kind. Cheap to clone.
#[derive(Clone, Default)]
pub struct Registry(Arc<BTreeMap<Kind, Entry>>);

type Entry = (KindInfo, Arc<dyn DynHandler>);

impl Registry {
    /// No handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler, or replaces the one of its kind.
    #[must_use]
    pub fn with<H: Handler>(mut self, handler: H) -> Self {
        Arc::make_mut(&mut self.0).insert(
            <H::Resource as Resource>::KIND,
            (KindInfo::of::<H::Resource>(), Arc::new(Erased(handler))),
        );
        self
    }

    /// The handler of `kind`.
    pub fn get(&self, kind: &str) -> Option<&Arc<dyn DynHandler>> {
        self.0.get(kind).map(|(_, handler)| handler)
    }

    /// The facts of `kind`.
    pub fn info(&self, kind: &str) -> Option<&KindInfo> {
        self.0.get(kind).map(|(info, _)| info)
    }

    /// The kinds that have a handler, in order.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.0.keys()
    }

    /// Every handler wrapped by `wrap`: for counting, recording and faults.
    #[must_use]
    pub fn map(&self, wrap: impl Fn(&Kind, Arc<dyn DynHandler>) -> Arc<dyn DynHandler>) -> Self {
        let wrapped = self
            .0
            .iter()
            .map(|(kind, (info, handler))| (kind.clone(), (info.clone(), wrap(kind, Arc::clone(handler)))));
        Self(Arc::new(wrapped.collect()))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
