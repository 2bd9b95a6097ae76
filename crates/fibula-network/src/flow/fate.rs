//! Where all messages to one target end, from every switch.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::atoms::Atom;
use super::classes::Classes;
use super::decide::{Decider, Decision, add};
use super::fields::Fields;
use super::ground::Ground;
use super::matching::{Case, Move};
use crate::element::{ElementId, Kind};
use crate::fib::Owner;
use crate::set::{SetId, Space};
use crate::walk::{Ending, Verdict};

/// Follows sets of headers through a network.
pub struct Flow<'g> {
    /// The network, prepared.
    pub ground: &'g Ground<'g>,
    /// What the levels of the space mean.
    pub fields: Fields,
    /// The sets.
    pub space: Space,
    decider: Decider,
}

/// A target, and what is known of the messages to it.
pub struct Toward<'g> {
    /// The target.
    pub atom: Atom,
    zone: u32,
    zone_listens: bool,
    owners: &'g [Owner],
    /// The switches that own the target or lead to its owner: each decides in its own way.
    special: Vec<ElementId>,
    known: FxHashMap<(Spot, Kind), Fate>,
}

/// Where each header to a target ends: disjoint sets that together are all headers.
pub type Fate = Rc<[(SetId, End)]>;

/// How some messages end that were at a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// How.
    pub verdict: Verdict,
    /// Where. For a loop it is one of the switches that the message goes round.
    pub at: At,
}

/// A place as seen from a switch, in words that hold for all switches that decide alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// The switch that hosts the one that hosts it …, so many times; 0 is the switch itself.
    Up(u8),
    /// The listener with an index, of a switch that is found likewise.
    Listener(u8, u32),
    /// This element.
    Is(ElementId),
}

/// Switches that treat a target alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Spot {
    One(ElementId),
    /// A class, and the special switch that hosts its members, or what hosts those.
    Class(u32, Option<ElementId>),
}

/// Where a move leads from a switch.
enum Next {
    End(End),
    Switch { to: ElementId, by_host: bool },
}

// === impl Flow ===

impl<'g> Flow<'g> {
    /// Follows nothing yet.
    pub fn new(ground: &'g Ground<'g>) -> Flow<'g> {
        let (fields, space) = Fields::new(ground.network, &ground.atoms);
        Flow { ground, fields, space, decider: Decider::default() }
    }

    /// Begins to ask about a target.
    pub fn toward(&self, atom: Atom) -> Toward<'g> {
        let ground = self.ground;
        let addr = ground.atoms.range(atom).lo;
        let owners = ground.network.owners_of(addr);
        let mut special: Vec<ElementId> = owners
            .iter()
            .flat_map(|owner| [owner.to, owner.via])
            .chain(ground.holders(addr).iter().map(|(_, id)| *id))
            .collect();
        special.sort_unstable();
        special.dedup();
        let zone = ground.zone(addr);
        let zone_listens = ground.zone_listens(zone);
        Toward { atom, zone, zone_listens, owners, special, known: FxHashMap::default() }
    }

    /// Where each message to the target ends that arrives at `switch` from an element of the kind
    /// `from`. Costs little where an alike switch or target was asked about before.
    pub fn fate(&mut self, toward: &mut Toward<'g>, switch: ElementId, from: Kind) -> Fate {
        if let Some(fate) = self.follow(toward, switch, from, &mut vec![]) {
            return fate;
        }
        // Some headers go in a circle: only one set at a time tells which.
        let parts = self.unroll(toward, switch, from, Space::FULL, &mut vec![]);
        let fate: Fate = parts.into();
        toward.known.insert((toward.spot(self.ground, switch), from), fate.clone());
        fate
    }

    /// A switch of each kind that treats the target in its own way: what is true of the messages
    /// to it from all of these is true from everywhere. Sorted.
    pub fn switches(&self, toward: &Toward<'g>) -> Vec<ElementId> {
        let classes = toward.classes(self.ground).members.iter().enumerate();
        let ordinary = classes.filter_map(|(class, members)| {
            let spot = Spot::Class(class as u32, None);
            members.iter().copied().find(|member| toward.spot(self.ground, *member) == spot)
        });
        let near = toward.special.iter().flat_map(|host| {
            let hosted = self.ground.hosted(*host, toward.zone_listens, &toward.special);
            std::iter::once(*host).chain(hosted)
        });
        let mut switches: Vec<ElementId> = ordinary.chain(near).collect();
        switches.sort_unstable();
        switches
    }

    /// The switches that treat the target as this one does, itself included; sorted. Costs a pass
    /// over its class, if they are all asked for.
    pub fn alike<'a>(
        &self,
        toward: &'a Toward<'g>,
        switch: ElementId,
    ) -> impl Iterator<Item = ElementId> + use<'a, 'g> {
        let ground = self.ground;
        let spot = toward.spot(ground, switch);
        let (one, members) = match spot {
            Spot::One(switch) => (Some(switch), &[][..]),
            Spot::Class(class, _) => (None, &toward.classes(ground).members[class as usize][..]),
        };
        let alike = members.iter().copied().filter(move |id| toward.spot(ground, *id) == spot);
        one.into_iter().chain(alike)
    }

    /// The element that a place means, seen from a switch.
    pub fn place(&self, switch: ElementId, at: At) -> ElementId {
        let network = self.ground.network;
        let up = |up| network.host_above(switch, up).unwrap_or(switch);
        match at {
            At::Is(element) => element,
            At::Up(n) => up(n),
            At::Listener(n, i) => {
                let listeners = network.fib(up(n)).map(|fib| &fib.me.listeners);
                listeners.and_then(|all| all.get(i as usize)).map_or(up(n), |l| l.process)
            }
        }
    }

    /// Where each message of a set ends that `process` sends: disjoint sets whose union it is.
    ///
    /// Costs a question for each target atom of the set.
    pub fn flow(&mut self, process: ElementId, set: SetId) -> Vec<(SetId, Ending)> {
        let network = self.ground.network;
        let Some(host) =
            network.facts.host(process).filter(|host| network.links.contains(process, *host))
        else {
            return vec![(set, Ending { verdict: Verdict::NoLink, at: process })];
        };
        let mut out = vec![];
        for (lo, hi) in self.space.values(set, self.fields.target()) {
            for atom in lo..=hi {
                let to = self.fields.to(&mut self.space, (atom, atom));
                let asked = self.space.and(set, to);
                let mut toward = self.toward(atom);
                let fate = self.fate(&mut toward, host, network.kind(process));
                for (part, end) in fate.iter() {
                    let hit = self.space.and(asked, *part);
                    let ending = Ending { verdict: end.verdict, at: self.place(host, end.at) };
                    add(&mut self.space, &mut out, hit, ending);
                }
            }
        }
        out
    }

    fn decide(&mut self, toward: &Toward<'g>, switch: ElementId, arrived: Kind) -> Decision {
        let ground = self.ground;
        let Some(fib) = ground.network.fib(switch) else { return Rc::new([]) };
        let case = Case {
            network: ground.network,
            atoms: &ground.atoms,
            fields: self.fields,
            switch,
            fib,
            class: ground.classes.of(switch),
            layout: ground.layouts.of(switch),
            arrived,
            target: toward.atom,
            zone: toward.zone,
            zone_listens: toward.zone_listens,
            owners: toward.owners,
            sieves: ground.sieves(),
        };
        self.decider.decide(&mut self.space, &case)
    }

    /// The fate of all headers at a switch; none if some of them go in a circle.
    fn follow(
        &mut self,
        toward: &mut Toward<'g>,
        switch: ElementId,
        from: Kind,
        path: &mut Vec<(Spot, Kind)>,
    ) -> Option<Fate> {
        let here = (toward.spot(self.ground, switch), from);
        if let Some(known) = toward.known.get(&here) {
            return Some(known.clone());
        }
        if path.contains(&here) {
            return None;
        }
        path.push(here);
        let mut parts = vec![];
        let kind = self.ground.network.kind(switch);
        for (set, to) in self.decide(toward, switch, from).iter() {
            match self.next(toward, switch, *to) {
                Next::End(end) => add(&mut self.space, &mut parts, *set, end),
                Next::Switch { to, by_host } => {
                    let there = self.follow(toward, to, kind, path)?;
                    for (part, end) in there.iter() {
                        let hit = self.space.and(*set, *part);
                        let end = self.seen_from(to, by_host, *end);
                        add(&mut self.space, &mut parts, hit, end);
                    }
                }
            }
        }
        path.pop();
        let fate: Fate = parts.into();
        toward.known.insert(here, fate.clone());
        Some(fate)
    }

    /// The fate of some headers at a switch, which came by this path.
    fn unroll(
        &mut self,
        toward: &mut Toward<'g>,
        switch: ElementId,
        from: Kind,
        set: SetId,
        path: &mut Vec<(Spot, Kind)>,
    ) -> Vec<(SetId, End)> {
        let here = (toward.spot(self.ground, switch), from);
        if path.contains(&here) {
            return vec![(set, End { verdict: Verdict::Loop, at: At::Up(0) })];
        }
        path.push(here);
        let mut parts = vec![];
        let kind = self.ground.network.kind(switch);
        for (part, to) in self.decide(toward, switch, from).iter() {
            let hit = self.space.and(set, *part);
            if self.space.is_empty(hit) {
                continue;
            }
            match self.next(toward, switch, *to) {
                Next::End(end) => add(&mut self.space, &mut parts, hit, end),
                Next::Switch { to, by_host } => {
                    for (part, end) in self.unroll(toward, to, kind, hit, path) {
                        let end = self.seen_from(to, by_host, end);
                        add(&mut self.space, &mut parts, part, end);
                    }
                }
            }
        }
        path.pop();
        parts
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
            At::Up(n) if by_host => At::Up(n.saturating_add(1)),
            At::Listener(n, i) if by_host => At::Listener(n.saturating_add(1), i),
            at => At::Is(self.place(there, at)),
        };
        End { at, ..end }
    }
}

// === impl Toward ===

impl<'g> Toward<'g> {
    fn classes(&self, ground: &'g Ground<'g>) -> &'g Classes {
        if self.zone_listens { &ground.layouts } else { &ground.classes }
    }

    fn spot(&self, ground: &'g Ground<'g>, switch: ElementId) -> Spot {
        if self.special.contains(&switch) {
            return Spot::One(switch);
        }
        let host = |id: ElementId| ground.network.fib(id).and_then(|fib| fib.me.host);
        let mut above = host(switch);
        let mut steps = 0u8;
        while let Some(id) = above.filter(|id| !self.special.contains(id)) {
            steps = steps.saturating_add(1);
            above = if steps < u8::MAX { host(id) } else { None };
        }
        Spot::Class(self.classes(ground).of(switch), above)
    }
}
