//! The nodes of a space: each kept once, all edges in one array.

use super::SetId;

/// The level of the two ends, below that of every node.
pub(super) const END: u8 = u8::MAX;

/// From the value after the previous edge's up to `hi`, go on at `to`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) hi: u32,
    pub(super) to: SetId,
}

/// Where a node's edges start; they end where those of the next head start.
#[derive(Clone, Copy)]
struct Head {
    start: u32,
    level: u8,
}

/// A place of the unique table. The tag is the node's hash, kept so that a probe seldom has to
/// look at edges and growing never does.
#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    id: SetId,
}

/// Every node made so far, by id, and the table that finds a node by its edges.
pub(super) struct Nodes {
    /// One head per node and one more, which ends the last.
    heads: Vec<Head>,
    edges: Vec<Edge>,
    /// Open addressing, at most half full, a power of two long.
    slots: Vec<Slot>,
}

const VACANT: Slot = Slot { tag: 0, id: SetId(0) };

// === impl Nodes ===

impl Nodes {
    pub(super) fn new() -> Nodes {
        let end = Head { start: 0, level: END };
        Nodes { heads: vec![end; 3], edges: Vec::new(), slots: vec![VACANT; 256] }
    }

    /// How many there are, the two ends included.
    pub(super) fn len(&self) -> usize {
        self.heads.len() - 1
    }

    /// The level that a set asks first; [`END`] if it asks nothing.
    pub(super) fn level(&self, set: SetId) -> u8 {
        self.heads[set.0 as usize].level
    }

    /// Where the edges of a set are; nowhere for the two ends.
    pub(super) fn span(&self, set: SetId) -> std::ops::Range<usize> {
        let at = set.0 as usize;
        self.heads[at].start as usize..self.heads[at + 1].start as usize
    }

    /// The edges of a set, sorted, the last ending at the top of the domain.
    pub(super) fn edges(&self, set: SetId) -> &[Edge] {
        &self.edges[self.span(set)]
    }

    /// One edge, by its place in a span.
    pub(super) fn edge(&self, at: usize) -> Edge {
        self.edges[at]
    }

    /// The edges at some places.
    pub(super) fn slice(&self, places: std::ops::Range<usize>) -> &[Edge] {
        &self.edges[places]
    }

    /// The one node with these edges, which are sorted, cover the domain, and differ in their
    /// targets where they touch. Cost: linear in the edges.
    pub(super) fn intern(&mut self, level: u8, edges: &[Edge]) -> SetId {
        if let [only] = edges {
            return only.to;
        }
        let tag = tag(level, edges);
        let mask = self.slots.len() - 1;
        let mut at = tag as usize & mask;
        while self.slots[at].id != VACANT.id {
            let Slot { tag: other, id } = self.slots[at];
            if other == tag && self.level(id) == level && self.edges(id) == edges {
                return id;
            }
            at = (at + 1) & mask;
        }
        let id = self.append(level, edges);
        self.slots[at] = Slot { tag, id };
        if self.len() * 2 > self.slots.len() {
            self.grow();
        }
        id
    }

    fn append(&mut self, level: u8, edges: &[Edge]) -> SetId {
        let id = self.len();
        self.edges.extend_from_slice(edges);
        // Ids cannot run out first: a node has at least two edges.
        let start = u32::try_from(self.edges.len()).expect("a space holds at most 2^32 edges");
        self.heads[id].level = level;
        self.heads.push(Head { start, level: END });
        SetId(id as u32)
    }

    fn grow(&mut self) {
        let mut slots = vec![VACANT; self.slots.len() * 2];
        let mask = slots.len() - 1;
        for slot in self.slots.iter().filter(|slot| slot.id != VACANT.id) {
            let mut at = slot.tag as usize & mask;
            while slots[at].id != VACANT.id {
                at = (at + 1) & mask;
            }
            slots[at] = *slot;
        }
        self.slots = slots;
    }
}

/// A hash of a node. Multiplication carries only upwards, so the last step folds the upper half
/// down before the upper half is taken.
fn tag(level: u8, edges: &[Edge]) -> u32 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(super::cache::ODD);
    let word = |edge: &Edge| u64::from(edge.hi) << 32 | u64::from(edge.to.0);
    let hash = edges.iter().map(word).fold(u64::from(level), mix);
    (mix(hash, hash >> 32) >> 32) as u32
}
