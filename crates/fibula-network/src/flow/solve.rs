//! How fates are found: the switches that messages can come to, as a graph, and its fixpoints.
//!
//! A node is a message that arrives: at switches that treat its target alike, from a kind of
//! element, with a target. Where a header ends that arrives there is
//!
//! ```text
//!   ends(node)  = the ends that the switch decides itself
//!                 ∪ ends(next), for each next node, of what the header became on the way there
//!   loop(node)  = loop(next) for some next node, likewise
//! ```
//!
//! the least solution for the ends, since an end is reached in some number of steps, and the greatest
//! for the loop, since to go round is never to end. `walk` says *loop* where a message comes back to
//! a switch as it was there before; whether it can is the same question, for there are not more
//! than so many headers.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::atoms::Atom;
use super::became::Became;
use super::chains::Care;
use super::decide::{Decision, Entering, add};
use super::fate::{At, End, Fate, Flow};
use super::likeness::has_listeners;
use super::matching::{Case, Move};
use super::toward::{Spot, Toward};
use crate::element::{ElementId, Kind};
use crate::set::{SetId, Space};
use crate::walk::Verdict;

/// Messages that arrive and are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Here {
    spot: Spot,
    from: Kind,
    target: Atom,
    care: Care,
    entering: Entering,
}

/// A node of the graph, which stands for all messages that are [`Here`].
struct Node<'g> {
    here: Here,
    toward: Rc<Toward<'g>>,
    switch: ElementId,
    ways: Vec<(SetId, Way)>,
}

/// What happens to some headers at a node.
enum Way {
    End(End),
    On { to: Place, at: ElementId, by_host: bool, became: Became },
}

/// Another node, or one that was solved before.
enum Place {
    Known(Fate),
    Node(usize),
}

/// A graph under construction: the nodes, of which each leads only to others and to known ones.
struct Graph<'g> {
    nodes: Vec<Node<'g>>,
    places: FxHashMap<Here, usize>,
}

/// Where a move leads from a switch.
enum Next {
    End(End),
    Switch { to: ElementId, by_host: bool },
}

// === impl Flow ===

impl<'g> Flow<'g> {
    /// Where each header to the target ends that is at the switch.
    pub(super) fn solve(
        &mut self,
        toward: &Rc<Toward<'g>>,
        switch: ElementId,
        from: Kind,
        entering: Entering,
    ) -> Fate {
        let here = self.here(toward, switch, from, entering);
        if let Some(known) = self.known.get(&here) {
            return known.clone();
        }
        let mut graph = Graph { nodes: vec![], places: FxHashMap::default() };
        graph.place(here, toward, switch);
        let mut next = 0;
        while next < graph.nodes.len() {
            let ways = self.ways(&mut graph, next);
            graph.nodes[next].ways = ways;
            next += 1;
        }
        let (order, circular) = graph.order();
        let mut fates = self.ends(&graph, &order, circular);
        if circular {
            let loops = self.loops(&graph, &order);
            for (fate, set) in fates.iter_mut().zip(loops) {
                add(&mut self.space, fate, set, End { verdict: Verdict::Loop, at: At::Up(0) });
            }
        }
        for (node, fate) in graph.nodes.iter().zip(fates) {
            self.known.insert(node.here, fate.into());
        }
        self.known.get(&here).cloned().unwrap_or_else(|| Rc::new([]))
    }

    fn here(&self, toward: &Toward<'g>, switch: ElementId, from: Kind, entering: Entering) -> Here {
        let spot = toward.spot(self.ground, switch);
        Here { spot, from, target: toward.atom, care: toward.care, entering }
    }

    fn decide(&mut self, toward: &Toward<'g>, switch: ElementId, here: Here) -> Decision {
        let ground = self.ground;
        let Some(fib) = ground.network.fib(switch) else { return Rc::new([]) };
        let case = Case {
            ground,
            network: ground.network,
            fields: self.fields,
            switch,
            fib,
            arrived: here.from,
            care: toward.care,
            trust: self.trust,
            target: toward.atom,
            zone: toward.zone,
            zone_listens: toward.zone_listens,
            owners: toward.owners,
        };
        self.decider.decide(&mut self.space, &case, here.entering)
    }

    /// What happens at a node; nodes to which that leads are added to the graph.
    fn ways(&mut self, graph: &mut Graph<'g>, node: usize) -> Vec<(SetId, Way)> {
        let Node { here, ref toward, switch, .. } = graph.nodes[node];
        let toward = toward.clone();
        let network = self.ground.network;
        let kind = network.kind(switch);
        let mut ways = vec![];
        for (set, step) in self.decide(&toward, switch, here).iter() {
            let after = match step.became.target {
                Some(target) => self.after(target, toward.care),
                None => toward.clone(),
            };
            let hops = match step.to {
                Move::Trusted => continue,
                Move::OneOf(hops) => {
                    self.hops(&after, switch, hops).into_iter().map(Move::To).collect()
                }
                to => vec![to],
            };
            let no_link = Next::End(End { verdict: Verdict::NoLink, at: At::Up(0) });
            let nothing = hops.is_empty().then_some(no_link);
            let hops: Vec<Next> = hops.iter().map(|to| self.next(&after, switch, *to)).collect();
            for next in hops.into_iter().chain(nothing) {
                let way = match next {
                    Next::End(end) => Way::End(end),
                    Next::Switch { to: at, by_host } => {
                        let there = self.here(&after, at, kind, Entering::default());
                        let to = match self.known.get(&there) {
                            Some(known) => Place::Known(known.clone()),
                            None => Place::Node(graph.place(there, &after, at)),
                        };
                        Way::On { to, at, by_host, became: step.became }
                    }
                };
                ways.push((*set, way));
            }
        }
        ways
    }

    /// The least solution: the ends that each node leads to.
    fn ends(
        &mut self,
        graph: &Graph<'g>,
        order: &[usize],
        circular: bool,
    ) -> Vec<Vec<(SetId, End)>> {
        let mut fates: Vec<Vec<(SetId, End)>> = vec![vec![]; graph.nodes.len()];
        loop {
            let mut grown = false;
            for &node in order {
                let fate = self.ends_of(&graph.nodes[node], &fates);
                let same = fate.len() == fates[node].len()
                    && fate.iter().all(|part| fates[node].contains(part));
                grown |= !same;
                fates[node] = fate;
            }
            if !circular || !grown {
                return fates;
            }
        }
    }

    fn ends_of(&mut self, node: &Node<'g>, fates: &[Vec<(SetId, End)>]) -> Vec<(SetId, End)> {
        let mut parts = vec![];
        for (set, way) in &node.ways {
            match way {
                Way::End(end) => add(&mut self.space, &mut parts, *set, *end),
                Way::On { to, at, by_host, became } => {
                    let there = match to {
                        Place::Known(fate) => &fate[..],
                        Place::Node(node) => &fates[*node][..],
                    };
                    for (part, end) in there {
                        let before = became.before(&mut self.space, self.fields, *part);
                        let hit = self.space.and(*set, before);
                        let end = self.seen_from(*at, *by_host, *end);
                        add(&mut self.space, &mut parts, hit, end);
                    }
                }
            }
        }
        parts
    }

    /// The greatest solution: the headers of each node that can go on for ever within the graph.
    fn loops(&mut self, graph: &Graph<'g>, order: &[usize]) -> Vec<SetId> {
        let mut loops = vec![Space::FULL; graph.nodes.len()];
        loop {
            let mut shrunk = false;
            for &node in order {
                let mut all = Space::EMPTY;
                for (set, way) in &graph.nodes[node].ways {
                    if let Way::On { to: Place::Node(next), became, .. } = way {
                        let before = became.before(&mut self.space, self.fields, loops[*next]);
                        let hit = self.space.and(*set, before);
                        all = self.space.or(all, hit);
                    }
                }
                shrunk |= all != loops[node];
                loops[node] = all;
            }
            if !shrunk {
                return loops;
            }
        }
    }

    /// Where a move leads, if a link leads there (N2).
    fn next(&self, toward: &Toward<'g>, switch: ElementId, to: Move) -> Next {
        let network = self.ground.network;
        let end = |verdict, at| Next::End(End { verdict, at });
        let me = network.fib(switch).map(|fib| &fib.me);
        let owner = toward.owners.first();
        let by_host = to == Move::Host;
        let (to, at) = match to {
            Move::End(verdict) => return end(verdict, At::Up(0)),
            Move::Deliver(to) if to == switch => return end(Verdict::Delivered, At::Up(0)),
            Move::Host => (me.and_then(|me| me.host), None),
            Move::Owner => (owner.map(|owner| owner.to), None),
            Move::OwnersNode => (owner.map(|owner| owner.via), None),
            Move::To(to) | Move::Deliver(to) => (Some(to), None),
            Move::Listener(i) => {
                let listener = me.and_then(|me| me.listeners.get(i as usize));
                (listener.map(|listener| listener.process), Some(At::Listener(0, i)))
            }
            Move::SomeListener => {
                let fib = network.fib(switch);
                let all = fib.is_some_and(|fib| has_listeners(network, switch, fib));
                return end(if all { Verdict::Delivered } else { Verdict::NoLink }, At::Up(0));
            }
            // These are moves to several switches, or to none.
            Move::OneOf(_) | Move::Trusted => (None, None),
        };
        match to.filter(|to| network.links.contains(switch, *to)) {
            None => end(Verdict::NoLink, At::Up(0)),
            Some(to) if network.kind(to).is_process() => {
                end(Verdict::Delivered, at.unwrap_or(At::Is(to)))
            }
            Some(to) => Next::Switch { to, by_host },
        }
    }

    /// An end at `there`, as it is called where the message came from.
    fn seen_from(&self, there: ElementId, by_host: bool, end: End) -> End {
        let at = match end.at {
            _ if end.verdict == Verdict::Loop => At::Up(0),
            At::Up(n) if by_host => At::Up(n.saturating_add(1)),
            At::Listener(n, i) if by_host => At::Listener(n.saturating_add(1), i),
            at => At::Is(self.place(there, at)),
        };
        End { at, ..end }
    }
}

// === impl Graph ===

impl<'g> Graph<'g> {
    /// The node for such messages, which is new if there is none.
    fn place(&mut self, here: Here, toward: &Rc<Toward<'g>>, switch: ElementId) -> usize {
        let Graph { nodes, places } = self;
        *places.entry(here).or_insert_with(|| {
            nodes.push(Node { here, toward: toward.clone(), switch, ways: vec![] });
            nodes.len() - 1
        })
    }

    /// The nodes, each after those that it leads to, as far as that is possible; and whether some
    /// lead back to themselves.
    fn order(&self) -> (Vec<usize>, bool) {
        let (mut order, mut circular) = (Vec::with_capacity(self.nodes.len()), false);
        // Whether a node is on the path that led here; none where nothing led to it yet.
        let mut on_path: Vec<Option<bool>> = vec![None; self.nodes.len()];
        for first in 0..self.nodes.len() {
            let mut path = vec![];
            if on_path[first].is_none() {
                on_path[first] = Some(true);
                path.push((first, self.nodes[first].ways.iter()));
            }
            while let Some((node, ways)) = path.last_mut() {
                let Some((_, way)) = ways.next() else {
                    on_path[*node] = Some(false);
                    order.push(*node);
                    path.pop();
                    continue;
                };
                let Way::On { to: Place::Node(next), .. } = way else { continue };
                circular |= on_path[*next] == Some(true);
                if on_path[*next].is_none() {
                    on_path[*next] = Some(true);
                    path.push((*next, self.nodes[*next].ways.iter()));
                }
            }
        }
        (order, circular)
    }
}
