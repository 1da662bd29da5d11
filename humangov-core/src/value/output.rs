// SPDX-License-Identifier: MIT OR Apache-2.0
//! Typed names of attributes, and the handles and imports they are asked of.

use crate::{
    address::{Address, StackName},
    resource::Resource,
    value::{Reference, Source},
};
use serde::{Serialize, Serializer};
use std::{fmt, marker::PhantomData};

/// The name of an attribute of type `T` among the outputs of an `R`.
///
/// ```
/// use humangov_core::{kind::logs::LogGroup, value::Attr};
/// const NAME: Attr<LogGroup, String> = Attr::new("name");
/// ```
pub struct Attr<R, T> {
    name: &'static str,
    of: PhantomData<fn(R) -> T>,
}

impl<R, T> Attr<R, T> {
    /// The attribute serialized under `name` in the kind's outputs.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// The name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<R, T> Clone for Attr<R, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R, T> Copy for Attr<R, T> {}
impl<R, T> fmt::Debug for Attr<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attr({})", self.name)
    }
}

/// An attribute of a declared resource: a `T` that is known once the resource exists.
pub struct Output<T> {
    reference: Reference,
    of: PhantomData<fn() -> T>,
}

impl<T> Output<T> {
    /// What this names.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    pub(crate) fn into_reference(self) -> Reference {
        self.reference
    }
}

impl<T> Clone for Output<T> {
    fn clone(&self) -> Self {
        Self { reference: self.reference.clone(), of: PhantomData }
    }
}
impl<T> fmt::Debug for Output<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({})", self.reference)
    }
}

impl<T> Serialize for Output<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.reference.serialize(serializer)
    }
}

/// An export of another stack: a `T` that is known once that stack is applied.
///
/// ```
/// use humangov_core::value::{Import, Input};
/// let vpc: Input<String> = Import::new("humangov".parse()?, "vpc_id").into();
/// # Ok::<(), humangov_core::address::ParseWordError>(())
/// ```
pub struct Import<T> {
    reference: Reference,
    of: PhantomData<fn() -> T>,
}

impl<T> Import<T> {
    /// The export `name` of `stack`.
    pub fn new(stack: StackName, name: &str) -> Self {
        Self { reference: Reference { source: Source::Stack(stack), attr: name.into() }, of: PhantomData }
    }

    pub(crate) fn into_reference(self) -> Reference {
        self.reference
    }
}

impl<T> From<Import<T>> for Output<T> {
    fn from(import: Import<T>) -> Self {
        Self { reference: import.reference, of: PhantomData }
    }
}
impl<T> Clone for Import<T> {
    fn clone(&self) -> Self {
        Self { reference: self.reference.clone(), of: PhantomData }
    }
}
impl<T> fmt::Debug for Import<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Import({})", self.reference)
    }
}

/// A resource that was added to a stack. Other resources refer to it, or to its attributes.
pub struct Handle<R> {
    address: Address,
    of: PhantomData<fn() -> R>,
}

impl<R: Resource> Handle<R> {
    pub(crate) fn new(address: Address) -> Self {
        Self { address, of: PhantomData }
    }

    /// The attribute `attr` of this resource.
    pub fn get<T>(&self, attr: Attr<R, T>) -> Output<T> {
        let reference = Reference { source: Source::Resource(self.address.clone()), attr: attr.name.into() };
        Output { reference, of: PhantomData }
    }

    /// The address of this resource.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), of: PhantomData }
    }
}
impl<R> fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.address)
    }
}
