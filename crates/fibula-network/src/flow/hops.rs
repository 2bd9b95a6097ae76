//! Lists of switches of which a message goes to one: those that stand for all.

use super::fate::Flow;
use super::toward::Toward;
use crate::element::ElementId;
use crate::fib::HopsId;

/// The switches of a list, as one switch sees them, by class and by whether a link leads there.
pub(super) struct Hops {
    /// Those that no other switch hosts.
    alike: Vec<Vec<ElementId>>,
    /// Those that a switch hosts, which can make a difference.
    hosted: Vec<ElementId>,
    sorted: Vec<ElementId>,
}

impl<'g> Flow<'g> {
    /// The switches of a list to follow from a switch: all, where every alternative is asked for;
    /// else one of those that treat the target alike, and may have more that do.
    pub(super) fn hops(
        &mut self,
        toward: &Toward<'g>,
        switch: ElementId,
        list: HopsId,
    ) -> Vec<ElementId> {
        let ground = self.ground;
        if !toward.care.trusts() {
            return ground.network.hops(list).to_vec();
        }
        let classes = toward.classes(ground);
        let hops = self.hops.entry((list, switch, toward.by_layout)).or_insert_with(|| {
            let mut sorted = ground.network.hops(list).to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            let host = |id: &ElementId| ground.network.fib(*id).and_then(|fib| fib.me.host);
            let (hosted, mut rest): (Vec<_>, Vec<_>) =
                sorted.iter().copied().partition(|id| host(id).is_some());
            let form =
                |id: &ElementId| (classes.of(*id), ground.network.links.contains(switch, *id));
            rest.sort_by_cached_key(form);
            let alike = rest.chunk_by(|a, b| form(a) == form(b)).map(<[_]>::to_vec).collect();
            Hops { alike, hosted, sorted }
        });
        let special = |id: &ElementId| toward.special.binary_search(id).is_ok();
        let first = |alike: &Vec<ElementId>| alike.iter().copied().find(|id| !special(id));
        let in_list = |id: &&ElementId| hops.sorted.binary_search(id).is_ok();
        let mut followed: Vec<ElementId> = hops.alike.iter().filter_map(first).collect();
        followed.extend(&hops.hosted);
        followed.extend(toward.special.iter().filter(in_list));
        followed
    }
}
