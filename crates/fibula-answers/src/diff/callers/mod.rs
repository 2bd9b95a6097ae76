//! Ways in that are there for the world, and that pods of the cluster use too: an address of a Node or
//! of a load balancer, at which a Node may put its own address in place of theirs (SVC-61). Policies
//! then see a Node, so what is open between the two says nothing of it.
//!
//! Each is followed by `walk`, from one pod of all that are alike: that no policy tells apart, on Nodes
//! alike, of which neither hosts whom it leads to. Ways in of which nothing can have changed are not
//! followed: the same entries lead there, and filters say the same of whom they lead to. That a pod
//! happens to be on another Node now is no change of them.

mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_cluster::Cluster;
use fibula_network::filters::{Filters, Pair};
use fibula_network::walk::Walks;
use fibula_network::{Addr, ChoiceId, ElementId, Header, Kind, Proto};
use rustc_hash::FxHashMap;

use super::cells::by_value;
use super::classes::{self, Class};
use super::doors::Key;
use super::entities::Entities;
use crate::reach::doubts::Doubts;
use crate::reach::fronts::Front;
use crate::reach::{At, By, MOST_BRANCHES, Outcome, PartyId, SPORT, outcome};
use crate::trace::Ground;
use known::{Known, changed, moved};

/// What is asked with.
pub(super) struct Callers<'a> {
    pub(super) grounds: [Ground<'a>; 2],
    pub(super) filters: [&'a Filters<'a>; 2],
    pub(super) entities: &'a Entities,
    pub(super) classes: &'a [Class],
    pub(super) doubts: [&'a Doubts; 2],
    /// How many pods are asked about at most, over all ways in.
    pub(super) most: usize,
}

/// What opened or closed to some pods by a way in.
pub(super) struct Called {
    pub(super) opens: bool,
    pub(super) key: Key,
    pub(super) at: At,
    pub(super) open: Open,
    /// Numbers of entities.
    pub(super) who: Vec<usize>,
}

/// How sure it is that a way in is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Open {
    pub(super) certain: bool,
    /// The choices that it depends on, where it is not certain.
    pub(super) choices: BTreeSet<ChoiceId>,
    /// Whether policies that were not read could withhold it (DR-21).
    pub(super) unread: bool,
}

/// Pods that no policy tells apart, on Nodes alike, by Node.
type Alike = BTreeMap<(usize, usize), BTreeMap<ElementId, Vec<usize>>>;

/// A way in by what it is.
type Way = (By, bool, u16, Proto);

/// By way in, where it stands and who comes in.
type Found = BTreeMap<Key, (At, BTreeMap<usize, Open>)>;

// === impl Open ===

impl Open {
    /// By one way or another.
    fn or(&mut self, other: Open) {
        if self.certain || other.certain {
            *self = Open { certain: true, ..Open::default() };
        } else {
            self.choices.extend(other.choices);
            self.unread |= other.unread;
        }
    }

    /// What is open now and was not: perhaps, where one of the two is not certain. Where neither is,
    /// nobody knows of a difference.
    fn since(now: &Open, then: Option<&Open>) -> Option<Open> {
        match then {
            None => Some(now.clone()),
            Some(then) => (now.certain && !then.certain).then(|| then.clone()),
        }
    }
}

// === impl Callers ===

impl Callers<'_> {
    /// What opened and closed, and of how many ways in it was not asked.
    pub(super) fn all(&self, pair: &mut Pair) -> (Vec<Called>, usize) {
        let [Some(old), Some(new)] = self.grounds.map(|ground| ground.cluster) else {
            return (vec![], 0);
        };
        if self.grounds[0].network == self.grounds[1].network {
            return (vec![], 0);
        }
        let known = [(0, old), (1, new)].map(|(side, cluster)| {
            let network = self.grounds[side].network;
            Known::new((side, network), cluster, self.filters[side], self.entities)
        });
        if known.iter().all(|known| known.fronts.is_empty()) {
            return (vec![], 0);
        }
        let mut class_of: Vec<usize> = vec![usize::MAX; self.entities.all.len()];
        for (number, class) in self.classes.iter().enumerate() {
            class.entities.iter().for_each(|at| class_of[*at] = number);
        }
        let wanted = self.wanted(pair, [old, new], &known, &class_of);
        let mut cost: BTreeMap<Way, usize> = BTreeMap::new();
        for way in known.iter().flat_map(|known| &known.fronts).map(way) {
            if wanted.contains(&way) {
                *cost.entry(way).or_default() += self.entities.all.len();
            }
        }
        let mut left = self.most;
        let mut asked: BTreeSet<Way> = BTreeSet::new();
        for (way, cost) in cost {
            if let Some(rest) = left.checked_sub(cost) {
                left = rest;
                asked.insert(way);
            }
        }
        let found = [0, 1].map(|side| {
            let alike = self.alike(side, &class_of);
            self.followed(pair, side, &known[side], &asked, &alike)
        });
        (compared(&found), wanted.len() - asked.len())
    }

    /// The ways in of which something may have changed. One is asked about on both sides or on none:
    /// else it would seem to open or to close.
    fn wanted(
        &self,
        pair: &mut Pair,
        clusters: [&Cluster; 2],
        known: &[Known<'_>; 2],
        class_of: &[usize],
    ) -> BTreeSet<Way> {
        let differs = self.differs(pair);
        let moved = moved(clusters);
        let changed = changed(clusters);
        let stands = |path: &str| {
            let [was, is] =
                [0, 1].map(|side| known[side].services.get(path).map(|behind| &behind.standing));
            was == is
        };
        let names = known.each_ref().map(|known| {
            let names = known.fronts.iter().map(name);
            names.collect::<BTreeSet<_>>()
        });
        let mut wanted = BTreeSet::new();
        for side in [0, 1] {
            let end = |end: &ElementId| {
                let at = known[side].of.get(end);
                let class = at.and_then(|at| self.classes.get(class_of[*at]));
                class.is_none_or(|class| {
                    let mut atoms = class.atoms.into_iter().flatten();
                    atoms.any(|atom| differs[atom as usize])
                })
            };
            // What a pod's own Node judges before another one leads it on.
            let at = |front: &Front| {
                let at = Addr::from(front.at);
                let atom = pair.atom(self.filters.map(|filters| Some(filters.atoms.of(at))));
                atom.is_none_or(|atom| differs[atom as usize])
            };
            let is = |front: &&Front| {
                moved
                    || at(front)
                    || !names[1 - side].contains(&name(front))
                    || matches!(&front.by, By::Service(path) if changed.contains(path) || !stands(path))
                    || known[side].ends(front).into_iter().flatten().any(end)
            };
            wanted.extend(known[side].fronts.iter().filter(is).map(way));
        }
        wanted
    }

    /// By atom of the pair, whether filters have another word for it, as a target.
    fn differs(&self, pair: &mut Pair) -> Vec<bool> {
        let mut differs = vec![false; pair.atoms.len()];
        let sets = self.filters.map(|filters| [filters.egress, filters.ingress, filters.own_node]);
        for both in sets[0].into_iter().zip(sets[1]) {
            let [old, new] = [(0, both.0), (1, both.1)].map(|(side, set)| {
                let set = pair.import(side, self.filters[side], set);
                by_value(pair, set, Filters::TARGET)
            });
            for (at, (old, new)) in old.iter().zip(&new).enumerate() {
                differs[at] |= old != new;
            }
        }
        differs
    }

    /// The pods that are in both clusters.
    fn alike(&self, side: usize, class_of: &[usize]) -> Alike {
        let network = self.grounds[side].network;
        let atoms = &self.filters[side].atoms;
        let mut kinds: BTreeMap<(u32, Option<u32>, Vec<u32>), usize> = BTreeMap::new();
        let mut alike = Alike::new();
        let mut by_host: FxHashMap<ElementId, usize> = FxHashMap::default();
        for (at, entity) in self.entities.all.iter().enumerate() {
            let ([Some(_), Some(_)], Some(id)) = (entity.sides, entity.sides[side]) else {
                continue;
            };
            let host = network.fib(id).and_then(|fib| fib.me.host);
            let Some(host) = host.filter(|_| network.kind(id) == Kind::Pod) else { continue };
            let kind = *by_host.entry(host).or_insert_with(|| {
                let key = network.fib(host).map(|fib| {
                    let atoms = fib.me.own.iter().map(|addr| atoms.of(*addr));
                    (fib.pipeline.0, fib.me.zone.map(|zone| zone.0), atoms.collect())
                });
                let next = kinds.len();
                *kinds.entry(key.unwrap_or_default()).or_insert(next)
            });
            let hosts = alike.entry((class_of[at], kind)).or_default();
            hosts.entry(host).or_default().push(at);
        }
        alike
    }

    /// Follows the ways in of one side that are asked about.
    fn followed(
        &self,
        pair: &Pair,
        side: usize,
        known: &Known<'_>,
        asked: &BTreeSet<Way>,
        alike: &Alike,
    ) -> Found {
        let network = known.network;
        let walks = Walks::new(network);
        let mut processes: FxHashMap<ElementId, ElementId> = FxHashMap::default();
        for id in network.ids().filter(|id| network.kind(*id).is_process()) {
            if let Some(host) = network.facts.host(id) {
                processes.entry(host).or_insert(id);
            }
        }
        let mut found = Found::new();
        for front in known.fronts.iter().filter(|front| asked.contains(&way(front))) {
            let mut one = |who: &[usize], dst: Addr| -> Option<()> {
                let id = self.entities.all[*who.first()?].sides[side]?;
                let own = &network.fib(id)?.me.own;
                let src = *own.iter().find(|addr| addr.family() == dst.family())?;
                let Front { port: dport, proto, .. } = *front;
                let header = Header { src, sport: SPORT, dst, dport, proto };
                let outcome = outcome(&walks, *processes.get(&id)?, header, MOST_BRANCHES);
                self.note(pair, (side, known), front, (who, &outcome), &mut found);
                Some(())
            };
            // At the address of their own Node pods may come in otherwise than at that of another one
            // alike (SVC-54).
            let at = Addr::from(front.at);
            let mut ask = |who: &[usize], node: Option<usize>| {
                let Some(node) = node else {
                    one(who, at);
                    return;
                };
                let other = front.nodes.iter().copied().find(|other| *other != node);
                for node in [Some(node), other].into_iter().flatten() {
                    let own = known.nodes.get(node).and_then(|(id, _)| network.fib(*id));
                    let own = own.into_iter().flat_map(|fib| &fib.me.own);
                    let mut own = own.filter(|addr| addr.family() == at.family());
                    // The front stands at the first of them, or at each of one Node.
                    let dst = if front.nodes.len() == 1 { Some(&at) } else { own.next() };
                    dst.iter().for_each(|dst| _ = one(who, **dst));
                }
            };
            let ends = known.ends(front);
            for by_host in alike.values() {
                let (mut near, mut far): (Vec<usize>, Vec<usize>) = (vec![], vec![]);
                let mut own_node = None;
                for (host, own) in by_host {
                    let (single, plain): (Vec<usize>, Vec<usize>) = own.iter().partition(|at| {
                        let id = self.entities.all[**at].sides[side];
                        id.is_some_and(|id| ends.is_some_and(|ends| ends.contains(&id)))
                    });
                    let node = known.numbers.get(host).copied();
                    let node = node.filter(|node| front.nodes.binary_search(node).is_ok());
                    single.iter().for_each(|one| ask(&[*one], node));
                    if known.is_special(front, *host) {
                        ask(&plain, node);
                    } else if node.is_some() && !plain.is_empty() {
                        own_node = own_node.or(node);
                        near.extend(plain);
                    } else {
                        far.extend(plain);
                    }
                }
                ask(&near, own_node);
                ask(&far, None);
            }
        }
        found
    }

    /// Notes what became of a message of some pods.
    fn note(
        &self,
        pair: &Pair,
        (side, known): (usize, &Known<'_>),
        front: &Front,
        (who, outcome): (&[usize], &Outcome),
        found: &mut Found,
    ) {
        let doubts = self.doubts[side];
        let party = |whole: PartyId| &self.entities.wholes[whole.0 as usize].who;
        let choices = outcome.choices.iter();
        let choices: BTreeSet<ChoiceId> = choices
            .filter_map(|choice| classes::choice(pair, known.network.choice(*choice)))
            .collect();
        for (end, number) in &outcome.to {
            let Some(at) = known.of.get(end) else { continue };
            let whole = self.entities.all[*at].whole;
            let (by, is_nodes, port, proto) = way(front);
            let key = (by, is_nodes, port, proto, whole, *number);
            let (at, all) = found.entry(key).or_insert_with(|| (known.at(front), BTreeMap::new()));
            at.join(known.at(front));
            for one in who {
                let source = party(self.entities.all[*one].whole);
                let unread = doubts.source(source) || doubts.target(party(whole));
                let certain = outcome.choices.is_empty() && !unread;
                let open = Open { certain, choices: choices.clone(), unread };
                match all.get_mut(one) {
                    Some(known) => known.or(open),
                    None => _ = all.insert(*one, open),
                }
            }
        }
    }
}

/// What is open on one side and not on the other.
fn compared(found: &[Found; 2]) -> Vec<Called> {
    let mut called: BTreeMap<(bool, Key, Open), (At, Vec<usize>)> = BTreeMap::new();
    for (opens, is, was) in [(true, 1, 0), (false, 0, 1)] {
        for (key, (at, now)) in &found[is] {
            let then = found[was].get(key).map(|(_, then)| then);
            for (who, open) in now {
                let then = then.and_then(|then| then.get(who));
                let Some(open) = Open::since(open, then) else { continue };
                let one = called.entry((opens, key.clone(), open));
                one.or_insert_with(|| (at.clone(), vec![])).1.push(*who);
            }
        }
    }
    let called = called.into_iter().map(|((opens, key, open), (at, mut who))| {
        who.sort_unstable();
        Called { opens, key, at, open, who }
    });
    called.collect()
}

/// A way in by what it is, wherever it stands.
fn way(front: &Front) -> Way {
    (front.by.clone(), !front.nodes.is_empty(), front.port, front.proto)
}

/// A way in by where it stands.
fn name(front: &Front) -> (&By, IpAddr, u16, Proto) {
    (&front.by, front.at, front.port, front.proto)
}
