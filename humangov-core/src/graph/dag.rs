// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Dag`]: edges in compressed rows, a topological order, cycles as paths.

/// A directed acyclic graph over `0..len`. An edge runs from a node to one it depends on.
#[derive(Debug, Clone)]
pub struct Dag {
    dependencies: Rows,
    dependents: Rows,
    order: Box<[u32]>,
}

/// One list of numbers per node, all in one allocation.
#[derive(Debug, Clone)]
struct Rows {
    starts: Box<[u32]>,
    items: Box<[u32]>,
}

impl Rows {
    fn row(&self, node: u32) -> &[u32] {
        &self.items[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }
}

/// A cycle: each node depends on the next, the last on the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<u32>);

impl Dag {
    /// The graph in which node `i` depends on the `i`-th item of `dependencies`. Repeated edges count once.
    ///
    /// # Errors
    /// A cycle, if there is one.
    pub fn new<D: AsRef<[u32]>>(dependencies: &[D]) -> Result<Self, Cycle> {
        let len = dependencies.len();
        let mut starts = Vec::with_capacity(len + 1);
        let mut items: Vec<u32> = Vec::new();
        let mut counts = vec![0u32; len + 1];
        starts.push(0);
        for row in dependencies {
            let start = items.len();
            items.extend_from_slice(row.as_ref());
            items[start..].sort_unstable();
            let mut kept = start;
            for i in start..items.len() {
                if i == start || items[i] != items[kept - 1] {
                    items[kept] = items[i];
                    kept += 1;
                }
            }
            items.truncate(kept);
            for &dependency in &items[start..] {
                counts[dependency as usize + 1] += 1;
            }
            starts.push(index(items.len()));
        }
        let dependencies = Rows { starts: starts.into(), items: items.into() };
        for i in 0..len {
            counts[i + 1] += counts[i];
        }
        let mut next = counts.clone();
        let mut reversed = vec![0; dependencies.items.len()];
        for node in 0..index(len) {
            for &dependency in dependencies.row(node) {
                reversed[next[dependency as usize] as usize] = node;
                next[dependency as usize] += 1;
            }
        }
        let dependents = Rows { starts: counts.into(), items: reversed.into() };
        let order = topological(&dependencies, &dependents, len)?;
        Ok(Self { dependencies, dependents, order })
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The nodes `node` depends on.
    pub fn dependencies(&self, node: u32) -> &[u32] {
        self.dependencies.row(node)
    }

    /// The nodes that depend on `node`.
    pub fn dependents(&self, node: u32) -> &[u32] {
        self.dependents.row(node)
    }

    /// All nodes, each after those it depends on; among equals the lower number first.
    pub fn order(&self) -> &[u32] {
        &self.order
    }
}

fn index(n: usize) -> u32 {
    u32::try_from(n).expect("a graph has fewer than 2^32 nodes and edges")
}

fn topological(dependencies: &Rows, dependents: &Rows, len: usize) -> Result<Box<[u32]>, Cycle> {
    // What is declared before use is already in order, which is nearly always.
    if (0..index(len)).all(|node| dependencies.row(node).last().is_none_or(|&last| last < node)) {
        return Ok((0..index(len)).collect());
    }
    let mut waiting: Vec<u32> = (0..index(len)).map(|node| index(dependencies.row(node).len())).collect();
    let mut ready: std::collections::BinaryHeap<_> =
        (0..index(len)).filter(|&node| waiting[node as usize] == 0).map(std::cmp::Reverse).collect();
    let mut order = Vec::with_capacity(len);
    while let Some(std::cmp::Reverse(node)) = ready.pop() {
        order.push(node);
        for &dependent in dependents.row(node) {
            waiting[dependent as usize] -= 1;
            if waiting[dependent as usize] == 0 {
                ready.push(std::cmp::Reverse(dependent));
            }
        }
    }
    if order.len() == len {
        return Ok(order.into());
    }
    // Every node left has a dependency that is left: walking along them must come round.
    let left = |node: u32| waiting[node as usize] > 0;
    let mut path: Vec<u32> = Vec::new();
    let mut seen_at = vec![usize::MAX; len];
    let mut node = (0..index(len)).find(|&node| left(node)).unwrap_or(0);
    while seen_at[node as usize] == usize::MAX {
        seen_at[node as usize] = path.len();
        path.push(node);
        match dependencies.row(node).iter().find(|&&dependency| left(dependency)) {
            Some(&dependency) => node = dependency,
            None => break,
        }
    }
    Err(Cycle(path.split_off(seen_at[node as usize].min(path.len()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cycle_is_told_as_a_path() {
        let edges: [&[u32]; 4] = [&[], &[0, 3], &[1], &[2]];
        assert_eq!(Dag::new(&edges).expect_err("cycle"), Cycle(vec![1, 3, 2]));
        let own: [&[u32]; 1] = [&[0]];
        assert_eq!(Dag::new(&own).expect_err("cycle"), Cycle(vec![0]));
    }

    #[test]
    fn repeated_edges_count_once() {
        let edges: [&[u32]; 2] = [&[], &[0, 0]];
        let dag = Dag::new(&edges).expect("acyclic");
        assert_eq!((dag.dependencies(1), dag.dependents(0)), (&[0u32][..], &[1u32][..]));
    }

    proptest! {
        #[test]
        fn the_order_puts_dependencies_first_or_a_true_cycle_is_found(
            edges in prop::collection::vec(prop::collection::vec(0u32..12, 0..3), 12)
        ) {
            match Dag::new(&edges) {
                Ok(dag) => {
                    let mut place = [0; 12];
                    for (i, &node) in dag.order().iter().enumerate() { place[node as usize] = i; }
                    for (node, row) in edges.iter().enumerate() {
                        for &dependency in row {
                            prop_assert!(place[dependency as usize] < place[node]);
                            prop_assert!(dag.dependents(dependency).contains(&u32::try_from(node).expect("small")));
                        }
                    }
                }
                Err(Cycle(path)) => {
                    prop_assert!(!path.is_empty());
                    for (i, &node) in path.iter().enumerate() {
                        prop_assert!(edges[node as usize].contains(&path[(i + 1) % path.len()]));
                    }
                }
            }
        }
    }
}
