//! A target, and which switches treat the messages to it alike.

use rustc_hash::FxHashSet;

use super::atoms::Atom;
use super::chains::Care;
use super::classes::Classes;
use super::ground::Ground;
use super::trust::Trust;
use crate::element::ElementId;
use crate::fib::{BackendsId, Owner};

/// A target, and which switches treat the messages to it alike.
pub struct Toward<'g> {
    /// The target.
    pub atom: Atom,
    pub(super) care: Care,
    pub(super) zone: u32,
    pub(super) zone_listens: bool,
    /// Whether an entry says *listened* of this target or of another one that its messages are
    /// rewritten to.
    pub(super) by_layout: bool,
    pub(super) owners: &'g [Owner],
    /// The switches that each decide in their own way: those that own the target or lead to its
    /// owner, those that see backends of it which nobody else sees, and all that are special for
    /// the targets to which its messages are rewritten. Sorted.
    pub(super) special: Vec<ElementId>,
}

/// Switches that treat a target alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Spot {
    One(ElementId),
    /// A class, and the special switch that hosts its members, or what hosts those.
    Class(u32, Option<ElementId>),
}

// === impl Toward ===

impl<'g> Toward<'g> {
    /// Costs a few searches for each target to which its messages can be rewritten, but for those
    /// that are trusted to end with a reason.
    pub(super) fn new(
        ground: &'g Ground<'g>,
        trust: Option<&Trust>,
        atom: Atom,
        care: Care,
    ) -> Toward<'g> {
        let network = ground.network;
        let (mut special, mut by_layout) = (vec![], false);
        // Classes with chains are by layout too.
        by_layout |= care == Care::Exact;
        let mut todo = vec![atom];
        let mut met: FxHashSet<Atom> = FxHashSet::from_iter([atom]);
        let mut followed: FxHashSet<BackendsId> = FxHashSet::default();
        while let Some(atom) = todo.pop() {
            let addr = ground.atoms.range(atom).lo;
            let holders = ground.holders(addr);
            let owners = network.owners_of(addr).iter();
            special.extend(owners.flat_map(|owner| [owner.to, owner.via]));
            special.extend(holders.iter().map(|(_, holder)| *holder));
            by_layout |= ground.zone_listens(ground.zone(addr));
            for rewriting in ground.rewriting(addr) {
                let list = rewriting.to;
                let trusted = care.trusts() && trust.is_some_and(|trust| trust.trusts(list));
                // An own target is rewritten by its holders alone; and who sees a trusted list does
                // not matter to whoever asks roughly.
                let indifferent = rewriting.own || trusted && care == Care::Roughly;
                if !indifferent && ground.rewrites.is_scoped(list) {
                    special.extend(ground.rewrites.named(network, list));
                }
                if !trusted && followed.insert(list) {
                    let members = network.backends(list).members.iter();
                    let atoms = members.map(|backend| ground.atoms.of(backend.addr));
                    todo.extend(atoms.filter(|atom| met.insert(*atom)));
                }
            }
        }
        special.sort_unstable();
        special.dedup();
        let addr = ground.atoms.range(atom).lo;
        let (zone, owners) = (ground.zone(addr), network.owners_of(addr));
        let zone_listens = ground.zone_listens(zone);
        Toward { atom, care, zone, zone_listens, by_layout, owners, special }
    }

    /// The ordinary classes of switches.
    pub(super) fn classes(&self, ground: &'g Ground<'g>) -> &'g Classes {
        match self.care {
            Care::Exact => ground.chained().0,
            _ if self.by_layout => &ground.layouts,
            _ => &ground.classes,
        }
    }

    /// One switch of each class that a special one hosts.
    pub(super) fn hosted<'a>(
        &'a self,
        ground: &'a Ground<'g>,
        host: ElementId,
    ) -> impl Iterator<Item = ElementId> + 'a {
        ground.hosted(host, self.care, self.by_layout, &self.special)
    }

    pub(super) fn spot(&self, ground: &'g Ground<'g>, switch: ElementId) -> Spot {
        let special = |id: &ElementId| self.special.binary_search(id).is_ok();
        if special(&switch) {
            return Spot::One(switch);
        }
        let host = |id: ElementId| ground.network.fib(id).and_then(|fib| fib.me.host);
        let mut above = host(switch);
        let mut steps = 0u8;
        while let Some(id) = above.filter(|id| !special(id)) {
            steps = steps.saturating_add(1);
            above = if steps < u8::MAX { host(id) } else { None };
        }
        Spot::Class(self.classes(ground).of(switch), above)
    }
}
