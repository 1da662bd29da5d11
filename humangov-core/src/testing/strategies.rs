// SPDX-License-Identifier: MIT OR Apache-2.0
//! proptest strategies: random stacks of [`Thing`]s, and random edits of them.

use crate::{address::Address, handler::HandlerErrorKind};
use crate::{
    stack::Stack,
    testing::{CallOperation, Fault, Thing},
    value::Handle,
};
use proptest::{prelude::*, sample::Index};

/// A stack of things as plain numbers, so that it can be edited and shrinks well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Design(Vec<ThingDesign>);

/// One thing of a [`Design`].
#[derive(Debug, Clone, PartialEq, Eq)]
struct ThingDesign {
    present: bool,
    size: u32,
    shape: u32,
    slot: u32,
    note: u32,
    links: Vec<usize>,
}

/// A change of one thing.
#[derive(Debug, Clone)]
enum Edit {
    Nothing,
    Toggle,
    Resize(u32),
    Note(u32),
    Reshape,
    Reslot,
    Relink(Vec<Index>),
}

impl Design {
    /// The name of the resource of the `n`-th thing.
    pub fn name(n: usize) -> String {
        format!("t{n}")
    }

    /// The addresses of all things, there or not.
    pub fn addresses(&self) -> Vec<Address> {
        let address = |n| format!("test.thing/{}", Self::name(n)).parse().expect("an address");
        (0..self.0.len()).map(address).collect()
    }

    /// The design declared as a stack.
    ///
    /// # Panics
    /// Never: a design links only what comes earlier.
    pub fn stack(&self) -> Stack {
        let mut stack =
            Stack::new("humangov".parse().expect("a fleet"), "california".parse().expect("a stack"));
        let mut handles: Vec<Option<Handle<Thing>>> = Vec::new();
        for (n, design) in self.0.iter().enumerate() {
            let handle = design.present.then(|| {
                let mut thing = Thing::builder()
                    .name(format!("t{n}-{}", design.shape))
                    .size(design.size)
                    .shape(format!("shape {}", design.shape))
                    .slot(design.slot)
                    .build();
                thing.notes.insert("note".to_owned(), design.note.to_string());
                let linked = design.links.iter().filter_map(|&link| handles[link].as_ref());
                thing.links = linked.map(|thing| thing.get(Thing::ID).into()).collect();
                stack.add(&Self::name(n), thing).expect("every name is used once, and links go back")
            });
            handles.push(handle);
        }
        stack
    }

    fn edited(&self, edits: &[Edit]) -> Self {
        let mut design = self.clone();
        for (n, (thing, edit)) in design.0.iter_mut().zip(edits).enumerate() {
            match edit {
                Edit::Nothing => {}
                Edit::Toggle => thing.present = !thing.present,
                Edit::Resize(size) => thing.size = *size,
                Edit::Note(note) => thing.note = *note,
                Edit::Reshape => thing.shape += 1,
                Edit::Reslot => thing.slot += 1,
                Edit::Relink(links) => thing.links = back(n, links),
            }
        }
        design
    }
}

/// Links to what comes before `n`, each once.
fn back(n: usize, links: &[Index]) -> Vec<usize> {
    let mut links: Vec<usize> = links.iter().filter(|_| n > 0).map(|link| link.index(n)).collect();
    links.sort_unstable();
    links.dedup();
    links
}

fn links() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 0..4)
}

/// Designs of one to `most` things.
pub fn designs(most: usize) -> impl Strategy<Value = Design> {
    let thing = (prop::bool::weighted(0.8), 0u32..10, 0u32..3, links());
    prop::collection::vec(thing, 1..=most).prop_map(|things| {
        let things = things.into_iter().enumerate();
        let things = things.map(|(n, (present, size, note, links))| ThingDesign {
            present,
            size,
            shape: 0,
            slot: 0,
            note,
            links: back(n, &links),
        });
        Design(things.collect())
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => Just(Edit::Nothing),
        2 => Just(Edit::Toggle),
        2 => (0u32..10).prop_map(Edit::Resize),
        1 => (0u32..3).prop_map(Edit::Note),
        2 => Just(Edit::Reshape),
        1 => Just(Edit::Reslot),
        2 => links().prop_map(Edit::Relink),
    ]
}

/// A design of one to `most` things, and `steps` designs more, each an edit of the one before.
pub fn histories(most: usize, steps: usize) -> impl Strategy<Value = Vec<Design>> {
    let edits = prop::collection::vec(prop::collection::vec(edit(), most), steps);
    (designs(most), edits).prop_map(|(first, edits)| {
        let mut designs = vec![first];
        for edits in &edits {
            let next = designs[designs.len() - 1].edited(edits);
            designs.push(next);
        }
        designs
    })
}

/// A fault, and the call it hits: of which of the things, for what, and which time.
pub fn faults() -> impl Strategy<Value = (Index, CallOperation, u32, Fault)> {
    let operation = prop_oneof![
        4 => Just(CallOperation::Create),
        3 => Just(CallOperation::Update),
        1 => Just(CallOperation::Delete),
        1 => Just(CallOperation::Ready),
    ];
    let fault = prop_oneof![
        Just(Fault::Refuse(HandlerErrorKind::AccessDenied)),
        Just(Fault::Refuse(HandlerErrorKind::Throttled)),
        Just(Fault::LoseAnswer),
        Just(Fault::TimeOut),
        Just(Fault::Part(HandlerErrorKind::AccessDenied)),
        Just(Fault::Part(HandlerErrorKind::NotFound)),
        Just(Fault::Resent),
        Just(Fault::Hang),
    ];
    (any::<Index>(), operation, 1u32..3, fault)
}
