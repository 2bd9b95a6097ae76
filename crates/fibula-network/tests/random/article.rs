//! The article's graph for a few Nodes, with R1 to R4.

use std::collections::BTreeSet;

use fibula_network::*;

use super::{Dice, draw};

/// A network under construction.
struct Builder {
    network: Network,
    pairs: Vec<(ElementId, ElementId)>,
}

/// The pipelines that the switches of a kind share.
const POD: PipelineId = PipelineId(0);
const NODE: PipelineId = PipelineId(1);
const OUTSIDE: PipelineId = PipelineId(2);

/// 1 to 4 Nodes with a daemon at most, 0 to 4 pods each, one or two containers in each; an outside
/// and a world. Up to two choices and two named sets, which no entry uses yet.
pub(super) fn network(dice: &mut Dice<'_>) -> Network {
    let mut b = Builder { network: Network::default(), pairs: vec![] };
    let outside = b.switch(Kind::Outside, None, OUTSIDE, vec![]);
    let world = b.element(Kind::World, Some(outside), None);
    let mut nodes = vec![];
    for _ in 0..1 + dice.below(4) {
        let own = b.fresh(dice);
        let node = b.switch(Kind::Node, None, NODE, own);
        b.pairs.push((node, outside));
        nodes.push(node);
        if dice.once_in(2) {
            b.process(Kind::Daemon, node, dice);
        }
        for _ in 0..dice.below(5) {
            let own = b.fresh(dice);
            let pod = b.switch(Kind::Pod, Some(node), POD, own);
            for _ in 0..1 + dice.below(2) {
                b.process(Kind::Container, pod, dice);
            }
        }
    }
    b.finish(outside, world, nodes, dice)
}

// === impl Builder ===

impl Builder {
    /// An address or, for dual stack, two that nobody has.
    fn fresh(&self, dice: &mut Dice<'_>) -> Vec<Addr> {
        let taken: BTreeSet<Addr> = self.network.facts.addr.iter().map(|(_, a)| *a).collect();
        let families = ["10.0.0.1", "fd00::1"].into_iter().take(1 + usize::from(dice.once_in(3)));
        let mut own: Vec<Addr> = families
            .filter_map(|base| {
                let first = base.parse().ok();
                std::iter::successors(first, |addr: &Addr| addr.next())
                    .find(|addr| !taken.contains(addr))
            })
            .collect();
        own.sort_unstable();
        own
    }

    fn element(&mut self, kind: Kind, host: Option<ElementId>, fib: Option<Fib>) -> ElementId {
        let n = &mut self.network;
        let id = ElementId(n.elements.len() as u32);
        let name = format!("{kind}{}", id.0).into();
        n.elements.push(Element { kind, name, place: PlaceId(id.0.into()) });
        n.facts.host.push(host);
        n.fibs.push(fib);
        self.pairs.extend(host.map(|host| (id, host)));
        id
    }

    fn switch(
        &mut self,
        kind: Kind,
        host: Option<ElementId>,
        pipeline: PipelineId,
        own: Vec<Addr>,
    ) -> ElementId {
        let me = Me { own: own.clone(), host, ..Me::default() };
        let id = self.element(kind, host, Some(Fib { pipeline, me }));
        for addr in own {
            self.network.facts.addr.push((Entity::Switch(id), addr));
            let via = host.unwrap_or(id);
            self.network.owners.push(Owner { addr, when: None, to: id, via });
        }
        id
    }

    fn process(&mut self, kind: Kind, host: ElementId, dice: &mut Dice<'_>) {
        let process = self.element(kind, Some(host), None);
        for _ in 0..dice.below(3) {
            let port = draw::port(dice);
            let place = PlaceId(port.number.into());
            self.network.facts.open.push(Open { process, port, place });
            if let Some(fib) = &mut self.network.fibs[host.index()] {
                fib.me.listeners.push(Listener { port, process, place });
                fib.me.listeners.sort_unstable();
            }
        }
    }

    fn finish(
        self,
        outside: ElementId,
        world: ElementId,
        nodes: Vec<ElementId>,
        dice: &mut Dice<'_>,
    ) -> Network {
        let Builder { network: mut n, pairs } = self;
        let mesh = Mesh { members: nodes, except: BTreeSet::new() };
        n.links = Links::new(n.elements.len(), pairs, vec![mesh]);
        n.owners.sort_unstable();
        n.facts.addr.sort_unstable();
        n.facts.open.sort_unstable();
        for name in ["some", "more"].iter().take(dice.below(3)) {
            let ranges = (0..dice.below(4)).map(|_| draw::range(dice)).collect();
            n.sets.push(AddrSet::new(name, ranges));
        }
        for id in ["POD-7", "DR-19"].iter().take(dice.below(3)) {
            let values = 2 + dice.below(2) as u8;
            n.choices.push(Choice { id: (*id).into(), question: "which?".into(), values });
        }
        let closed = Action::Discard(Reason::ClosedPort);
        let declared = if dice.once_in(2) { Action::Deliver(Receiver::Me) } else { closed };
        let listener = Action::Deliver(Receiver::Listener);
        let next = Action::Forward(Hop::OwnersNode);
        let cluster = Addrs::In(Range::prefix("10.0.0.0".parse().unwrap_or(Addr::MIN).into(), 16));
        let pod = vec![
            Entry::new("F1", Pattern::listened(Addrs::In(Range::LOOPBACK_V4)), listener),
            Entry::new("F1", Pattern::listened(Addrs::In(Range::LOOPBACK_V6)), listener),
            Entry::new("F2", Pattern::listened(Addrs::Own), listener),
            Entry::new("R1", Pattern::to(Addrs::Own), declared),
            Entry::new("R2", Pattern::to(Addrs::In(Range::LOOPBACK_V4)), declared),
            Entry::new("R2", Pattern::to(Addrs::In(Range::LOOPBACK_V6)), declared),
            Entry::new("F3", Pattern::ANY, Action::Forward(Hop::Host)),
        ];
        let node = vec![
            Entry::new("R4", Pattern::listened(Addrs::Own), listener),
            Entry::new("R4", Pattern::to(Addrs::Own), declared),
            Entry::new("F4", Pattern::to(Addrs::Hosted), Action::Forward(Hop::Owner)),
            Entry::new("F5", Pattern::to(Addrs::Elsewhere(Kind::Pod)), next),
            Entry::new("R4", Pattern::to(Addrs::Elsewhere(Kind::Node)), next),
            Entry::new("R3", Pattern::to(cluster), Action::Discard(Reason::NoRoute)),
            Entry::new("R3", Pattern::ANY, Action::Forward(Hop::To(outside))),
        ];
        let world = Action::Deliver(Receiver::Element(world));
        let beyond = vec![
            Entry::new("R3", Pattern::to(Addrs::Elsewhere(Kind::Pod)), next),
            Entry::new("R3", Pattern::to(Addrs::Elsewhere(Kind::Node)), next),
            Entry::new("R3", Pattern::ANY, world),
        ];
        // An empty table before each, for changes to put their entries in.
        for (name, entries) in [("pod", pod), ("node", node), ("outside", beyond)] {
            let first = TableId(n.tables.len() as u32);
            n.tables.push(Table::new("before", vec![]));
            n.tables.push(Table::new(name, entries));
            n.pipelines.push(vec![first, TableId(first.0 + 1)]);
        }
        n
    }
}
