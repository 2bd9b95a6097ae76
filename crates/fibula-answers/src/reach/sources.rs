//! From where the world sends.

use std::rc::Rc;

use fibula_cluster::Cluster;
use fibula_network::filters::{Filters, Owner};
use fibula_network::ranges::{meet, of_family, prefix, tidy, without};
use fibula_network::{Addr, Family, Range};
use rustc_hash::FxHashMap;

use crate::names::SOMEWHERE;

/// An address of the world, and the ranges that it stands for.
pub(super) type Source = (Addr, Vec<Range>);

/// The addresses of the world, as far as policies tell them apart.
pub(super) struct Sources<'a> {
    pub(super) filters: &'a Filters<'a>,
    /// The cluster's own ranges, from which nobody sends out there (DR-13), sorted and apart.
    inside: Vec<Range>,
    /// How many are asked for.
    most: usize,
    known: FxHashMap<(Family, Vec<Range>), Rc<[Source]>>,
}

/// The ranges that a cluster's Nodes, pods and Services take their addresses from, sorted and apart:
/// whoever has none there is nobody (R3).
pub(crate) fn own_ranges(cluster: &Cluster) -> Vec<Range> {
    let ranges = cluster.ranges.iter();
    tidy(ranges.flat_map(|range| prefix(range.net.addr(), range.net.prefix_len())).collect())
}

// === impl Sources ===

impl<'a> Sources<'a> {
    pub(super) fn new(cluster: &Cluster, filters: &'a Filters<'a>, most: usize) -> Sources<'a> {
        let inside = own_ranges(cluster);
        Sources { filters, inside, most, known: FxHashMap::default() }
    }

    /// Those of a family that policies tell apart, or the ranges of who is allowed (SVC-25): each
    /// with those that it stands for.
    ///
    /// What is said of most of the world is said of the cluster's own ranges too: nobody is there, and
    /// so a rule about them makes no difference out there.
    pub(super) fn to(&mut self, family: Family, allowed: &[Range]) -> Rc<[Source]> {
        let key = (family, allowed.to_vec());
        if let Some(known) = self.known.get(&key) {
            return Rc::clone(known);
        }
        let atoms = self.filters.atoms.iter().map(|(_, atom)| atom);
        let atoms = atoms.filter(|atom| atom.owner == Owner::Nobody && atom.family == family);
        let parts = atoms.flat_map(|atom| match allowed {
            [] => vec![atom.ranges.clone()],
            allowed => vec![meet(&atom.ranges, allowed), without(&atom.ranges, allowed)],
        });
        let outside = parts.map(|ranges| without(&ranges, &self.inside));
        let mut all: Vec<Source> =
            outside.filter_map(|ranges| Some((self.one(&ranges)?, ranges))).collect();
        let most = all.iter().position(|(first, _)| *first == SOMEWHERE).unwrap_or_default();
        if let Some((first, mut ranges)) = (most < all.len()).then(|| all.remove(most)) {
            ranges.extend(of_family(&self.inside, family));
            all.insert(0, (first, tidy(ranges)));
        }
        all.truncate(self.most);
        let all: Rc<[Source]> = all.into();
        self.known.insert(key, Rc::clone(&all));
        all
    }

    /// One of these that nobody has.
    fn one(&self, ranges: &[Range]) -> Option<Addr> {
        let is = |addr: &Addr| self.filters.network.owners_of(*addr).is_empty();
        if ranges.iter().any(|range| range.contains(SOMEWHERE)) && is(&SOMEWHERE) {
            return Some(SOMEWHERE);
        }
        ranges.iter().flat_map(|range| [range.lo, range.hi]).find(is)
    }
}
