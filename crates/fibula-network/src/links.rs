//! The links of a network (N2).

use std::collections::BTreeSet;

use crate::element::ElementId;

/// Which elements can exchange messages (N2). A link has no direction.
///
/// The links of 5,000 Nodes with one another (G8) are one mesh, not 12.5 million pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Neighbours by element, each list sorted, one after the other.
    neighbours: Vec<ElementId>,
    /// Where the list of each element starts in `neighbours`, and where the last ends.
    starts: Vec<u32>,
    meshes: Vec<Mesh>,
}

/// Links between each two of many elements, with exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mesh {
    /// The elements, sorted.
    pub members: Vec<ElementId>,
    /// The pairs that have no link after all, the lower first.
    pub except: BTreeSet<(ElementId, ElementId)>,
}

// === impl Links ===

impl Links {
    /// Links from pairs and meshes among `elements` elements. Repeats, order and direction make no
    /// difference. Costs time linear in both, and a sort of each element's neighbours.
    pub fn new(
        elements: usize,
        pairs: impl IntoIterator<Item = (ElementId, ElementId)>,
        meshes: Vec<Mesh>,
    ) -> Links {
        let pairs: Vec<(ElementId, ElementId)> = pairs.into_iter().collect();
        // Count, then place: of a million pairs few share an element, so that hardly any are
        // left to sort.
        let mut starts = vec![0; elements + 1];
        for (a, b) in &pairs {
            starts[a.index() + 1] += 1;
            starts[b.index() + 1] += 1;
        }
        for i in 0..elements {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut neighbours = vec![ElementId(0); 2 * pairs.len()];
        for (a, b) in pairs {
            for (from, to) in [(a, b), (b, a)] {
                let next = &mut next[from.index()];
                neighbours[*next as usize] = to;
                *next += 1;
            }
        }
        let mut links = Links { neighbours, starts, meshes };
        links.tidy();
        links
    }

    /// Sorts each element's neighbours and leaves out repeats.
    fn tidy(&mut self) {
        let mut kept = 0;
        let mut start = 0;
        for i in 1..self.starts.len() {
            let end = self.starts[i] as usize;
            self.neighbours[start..end].sort_unstable();
            let mut last = None;
            for at in start..end {
                let neighbour = self.neighbours[at];
                if last.replace(neighbour) != Some(neighbour) {
                    self.neighbours[kept] = neighbour;
                    kept += 1;
                }
            }
            start = end;
            self.starts[i] = kept as u32;
        }
        self.neighbours.truncate(kept);
    }

    /// Whether a link joins the two. Costs a search among the fewer of their neighbours.
    pub fn contains(&self, a: ElementId, b: ElementId) -> bool {
        let (few, other) = match self.listed(a).len() <= self.listed(b).len() {
            true => (self.listed(a), b),
            false => (self.listed(b), a),
        };
        few.binary_search(&other).is_ok() || self.meshes.iter().any(|mesh| mesh.contains(a, b))
    }

    /// The neighbours that an element has apart from the meshes, sorted.
    pub fn listed(&self, element: ElementId) -> &[ElementId] {
        let at = |i: usize| self.starts[i] as usize;
        &self.neighbours[at(element.index())..at(element.index() + 1)]
    }

    /// The meshes.
    pub fn meshes(&self) -> &[Mesh] {
        &self.meshes
    }

    /// The pairs that are listed apart from the meshes, sorted, the lower element first.
    pub fn pairs(&self) -> impl Iterator<Item = (ElementId, ElementId)> + '_ {
        (0..self.starts.len().saturating_sub(1) as u32)
            .map(ElementId)
            .flat_map(|a| self.listed(a).iter().map(move |b| (a, *b)))
            .filter(|(a, b)| a <= b)
    }

    /// The same links without the one between these two.
    pub fn without(&self, a: ElementId, b: ElementId) -> Links {
        let pair = (a.min(b), a.max(b));
        let mut meshes = self.meshes.clone();
        for mesh in meshes.iter_mut().filter(|mesh| mesh.contains(a, b)) {
            mesh.except.insert(pair);
        }
        Links::new(self.starts.len() - 1, self.pairs().filter(|p| *p != pair), meshes)
    }

    /// How many links there are.
    pub fn count(&self) -> usize {
        self.pairs().count() + self.meshes.iter().map(Mesh::count).sum::<usize>()
    }
}

// === impl Mesh ===

impl Mesh {
    /// Whether it joins the two.
    pub fn contains(&self, a: ElementId, b: ElementId) -> bool {
        a != b
            && self.members.binary_search(&a).is_ok()
            && self.members.binary_search(&b).is_ok()
            && !self.except.contains(&(a.min(b), a.max(b)))
    }

    fn count(&self) -> usize {
        let n = self.members.len();
        n * n.saturating_sub(1) / 2 - self.except.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn n2_repeats_order_and_direction_of_pairs_make_no_difference(
            pairs in prop::collection::vec((0u32..9, 0u32..9), 0..40),
        ) {
            let pairs: Vec<_> = pairs.into_iter().map(|(a, b)| (ElementId(a), ElementId(b))).collect();
            let links = Links::new(9, pairs.clone(), vec![]);
            let turned = pairs.iter().rev().chain(&pairs).map(|(a, b)| (*b, *a));
            prop_assert_eq!(&links, &Links::new(9, turned, vec![]));
            let expected: BTreeSet<_> = pairs.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
            prop_assert_eq!(links.pairs().collect::<Vec<_>>(), Vec::from_iter(expected.clone()));
            for a in (0..9).map(ElementId) {
                for b in (0..9).map(ElementId) {
                    prop_assert_eq!(links.contains(a, b), expected.contains(&(a.min(b), a.max(b))));
                }
            }
        }
    }
}
