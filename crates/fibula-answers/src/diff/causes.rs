//! Which piece of what changed it was: the old cluster, with only that piece of the new one, must turn
//! the message that stands for the others.
//!
//! A network is made for each piece that could have had a part, and `walk` follows each message in it.
//! Where no piece turns a message by itself, it is the fewest that do together.

use std::collections::{BTreeMap, BTreeSet};

use fibula_cluster::{NamespaceSelection, PodSelection, Policy};
use fibula_network::walk::{Verdict, Walks};
use fibula_network::{Addr, Choice, ElementId, Family, Header, Kind, Network, Proto};

use super::entities::{Entities, Entity};
use super::pieces::{Edit, Pieces, What};
use crate::reach::Who;
use crate::trace::Ground;
use crate::trace::policies::Direction;

/// A message that opens or closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Witness {
    /// Who sends it; none for the world.
    pub(super) from: Option<Entity>,
    pub(super) to: To,
    pub(super) family: Family,
    pub(super) proto: Proto,
    pub(super) port: u16,
    /// The values of the choices of both networks.
    pub(super) choices: Vec<u8>,
    /// Whether it is open now, and was not.
    pub(super) opens: bool,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Entity(Entity),
    /// The Node that hosts the sender.
    OwnNode,
    World(Addr),
    /// A way in, of the world or of a pod: from this address to that one, to whom it leads.
    Door(Addr, Addr, Entity),
}

/// What made a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Because {
    /// Places in the list of pieces.
    pub pieces: Vec<usize>,
    /// Whether that was tried: each by itself makes the difference, or all of them together do.
    pub proved: Option<Proof>,
    /// Whether a message was followed that ends otherwise in the two networks: what differs for no
    /// message that could be sent has no cause.
    pub followed: bool,
}

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Each piece by itself makes the difference.
    Each,
    /// All of them together do, and none of them can be missing.
    Together,
}

/// How many pods are made anew at most, over all pieces that are tried.
const MOST_PODS: usize = 300_000;
/// How many pieces are tried at most.
const MOST_PIECES: usize = 64;
/// How many combinations of pieces are tried at most, where none does it by itself.
const MOST_SETS: usize = 64;
/// How many ways of one message are followed.
const MOST_BRANCHES: usize = 64;
/// How many pieces are named of several that do it.
const MOST_NAMED: usize = 3;

/// Tries pieces.
pub(super) struct Trial<'a> {
    pieces: &'a Pieces<'a>,
    entities: &'a Entities,
    grounds: [Ground<'a>; 2],
    old: Ground<'a>,
    choices: &'a [Choice],
    /// By side and element, a process of it.
    processes: [BTreeMap<ElementId, ElementId>; 2],
}

// === impl Trial ===

impl<'a> Trial<'a> {
    pub(super) fn new(
        pieces: &'a Pieces<'a>,
        entities: &'a Entities,
        grounds: [Ground<'a>; 2],
        choices: &'a [Choice],
    ) -> Trial<'a> {
        let processes = grounds.map(|Ground { network, .. }| {
            let mut processes = BTreeMap::new();
            for id in network.ids().filter(|id| network.kind(*id).is_process()) {
                if let Some(host) = network.facts.host(id) {
                    processes.entry(host).or_insert(id);
                }
            }
            processes
        });
        Trial { pieces, entities, grounds, old: grounds[0], choices, processes }
    }

    /// What made the difference for each message, and whether there is one.
    pub(super) fn causes(&self, witnesses: &[Witness]) -> Vec<Because> {
        let mut causes = self.tried(witnesses);
        let without = |because: &Because| because.pieces.is_empty();
        if causes.iter().any(without) {
            let walks = self.grounds.map(|ground| Walks::new(ground.network));
            for (because, witness) in causes.iter_mut().zip(witnesses) {
                let open = || [0, 1].map(|side| self.is_open(side, &walks[side], witness));
                because.followed =
                    !without(because) || matches!(open(), [Some(was), Some(is)] if was != is);
            }
        }
        causes.iter_mut().for_each(|because| because.followed |= !because.pieces.is_empty());
        causes
    }

    /// The pieces that make the difference for each message.
    fn tried(&self, witnesses: &[Witness]) -> Vec<Because> {
        let relevant: Vec<Vec<usize>> = witnesses.iter().map(|w| self.relevant(w)).collect();
        let mut asked: BTreeSet<usize> = relevant.iter().flatten().copied().collect();
        let untried =
            |pieces: &Vec<usize>| Because { pieces: pieces.clone(), ..Because::default() };
        let pods = self.pieces.clusters[0].pods.len() * asked.len();
        if pods > MOST_PODS || asked.len() > MOST_PIECES || self.old.remake.is_none() {
            return relevant.iter().map(untried).collect();
        }
        let mut alone: Vec<Vec<usize>> = vec![vec![]; witnesses.len()];
        while let Some(piece) = asked.pop_first() {
            let Some(network) = self.with(&[piece]) else { continue };
            let walks = Walks::new(&network);
            for (at, witness) in witnesses.iter().enumerate() {
                if relevant[at].contains(&piece) && self.turns(&walks, witness) {
                    alone[at].push(piece);
                }
            }
        }
        let mut left = MOST_SETS;
        let mut together: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        let mut all = vec![];
        for (at, mut pieces) in alone.into_iter().enumerate() {
            if !pieces.is_empty() {
                // What is about the target itself tells most.
                pieces.sort_by_key(|piece| !self.is_of_target(*piece, &witnesses[at]));
                pieces.truncate(MOST_NAMED);
                all.push(Because { pieces, proved: Some(Proof::Each), followed: true });
                continue;
            }
            // Messages of the same pieces mostly need the same ones of them.
            let known = together.get(&relevant[at]).filter(|set| self.do_turn(set, &witnesses[at]));
            let set = match known {
                Some(set) => Some(set.clone()),
                None => self.fewest(&relevant[at], &witnesses[at], &mut left),
            };
            all.push(match set {
                Some(set) => {
                    together.insert(relevant[at].clone(), set.clone());
                    Because { pieces: set, proved: Some(Proof::Together), followed: true }
                }
                None => untried(&relevant[at]),
            });
        }
        all
    }

    /// The fewest of some pieces that turn a message together, one left out after the other; none
    /// where all of them do not.
    fn fewest(&self, all: &[usize], witness: &Witness, left: &mut usize) -> Option<Vec<usize>> {
        if all.len() < 2 || *left == 0 || !self.do_turn(all, witness) {
            return None;
        }
        let mut set = all.to_vec();
        for piece in all {
            let less: Vec<usize> = set.iter().copied().filter(|other| other != piece).collect();
            if *left == 0 {
                return None;
            }
            *left -= 1;
            if self.do_turn(&less, witness) {
                set = less;
            }
        }
        Some(set)
    }

    fn do_turn(&self, some: &[usize], witness: &Witness) -> bool {
        self.with(some).is_some_and(|network| self.turns(&Walks::new(&network), witness))
    }

    /// The network of the old cluster with some pieces. None where it has other elements.
    fn with(&self, some: &[usize]) -> Option<Network> {
        let network = self.old.remake?(&self.pieces.applied(some));
        (network.elements.len() == self.old.network.elements.len()).then_some(network)
    }

    /// Whether a message ends in a network as it does in the new one, and not as in the old one.
    fn turns(&self, walks: &Walks<'_>, witness: &Witness) -> bool {
        self.is_open(0, walks, witness) == Some(witness.opens)
    }

    /// Whether a message arrives, in a network of the elements of one side.
    fn is_open(&self, side: usize, walks: &Walks<'_>, witness: &Witness) -> Option<bool> {
        let network = walks.network();
        if let To::Door(src, dst, entity) = witness.to {
            return self.is_way_in(side, walks, witness, (src, dst, entity));
        }
        let from = witness.from?;
        let addr = |id: ElementId| {
            let own = &network.fib(id)?.me.own;
            own.iter().copied().find(|addr| addr.family() == witness.family)
        };
        let sender = from.sides[side]?;
        let target = match witness.to {
            To::Entity(entity) => addr(entity.sides[side]?),
            To::OwnNode => addr(network.fib(sender)?.me.host?),
            To::World(addr) => Some(addr),
            To::Door(..) => None,
        };
        let (Some(src), Some(dst)) = (addr(sender), target) else { return Some(false) };
        let header = Header { src, sport: 40_000, dst, dport: witness.port, proto: witness.proto };
        let choices = self.choices(network, witness);
        let process = *self.processes[side].get(&sender)?;
        let lives = walks.branches(process, header, &choices, MOST_BRANCHES).lives;
        Some(!lives.is_empty() && lives.iter().all(|life| arrived(life.ending.verdict)))
    }

    /// Whether a way in leads to somebody: a connection of several may.
    fn is_way_in(
        &self,
        side: usize,
        walks: &Walks<'_>,
        witness: &Witness,
        (src, dst, to): (Addr, Addr, Entity),
    ) -> Option<bool> {
        let network = walks.network();
        let sender = match witness.from {
            Some(from) => *self.processes[side].get(&from.sides[side]?)?,
            None => network.of_kind(Kind::World).next()?,
        };
        // A Node that has another address there is meant by that.
        let mut dst = dst;
        if side == 0 && network.owners_of(dst).is_empty() {
            let node = self.old.network.owners_of(dst).first();
            let own = node.and_then(|node| network.fib(node.to)).map(|fib| &fib.me.own);
            let mut own = own.into_iter().flatten().filter(|addr| addr.family() == dst.family());
            dst = own.next().copied().unwrap_or(dst);
        }
        let header = Header { src, sport: 40_000, dst, dport: witness.port, proto: witness.proto };
        let choices = self.choices(network, witness);
        let lives = walks.branches(sender, header, &choices, MOST_BRANCHES).lives;
        let is = |id: ElementId| {
            self.entities.of(to.whole).iter().any(|entity| entity.sides[side] == Some(id))
        };
        Some(lives.iter().any(|life| {
            let at = life.ending.at;
            let at = if network.kind(at).is_process() { network.facts.host(at) } else { Some(at) };
            arrived(life.ending.verdict) && at.is_some_and(is)
        }))
    }

    /// How the choices of a network fall.
    fn choices(&self, network: &Network, witness: &Witness) -> Vec<u8> {
        let value = |choice: &Choice| {
            let at = self.choices.iter().position(|known| known == choice)?;
            witness.choices.get(at).copied()
        };
        network.choices.iter().map(|choice| value(choice).unwrap_or(0)).collect()
    }

    /// The pieces that could have had a part: of policies that speak of one of the two, of their own
    /// labels, ports and addresses, of their namespaces, and of Nodes. Decides nothing: it only spares
    /// trying the others.
    fn relevant(&self, witness: &Witness) -> Vec<usize> {
        let to = match witness.to {
            To::Entity(entity) | To::Door(_, _, entity) => Some(entity),
            To::OwnNode | To::World(_) => None,
        };
        let ends = [witness.from, to];
        let is = |piece: &usize| match &self.pieces.all[*piece].what {
            What::Policy { edit, .. } => {
                let [source, target] = ends.map(|end| {
                    let of = |entity| self.speaks(*piece, entity);
                    end.is_some_and(of)
                });
                match direction(edit) {
                    Some(Direction::Egress) => source,
                    Some(Direction::Ingress) => target,
                    None => source || target,
                }
            }
            What::Labels { whole, .. } | What::Ports(whole) | What::Addresses(whole) => {
                ends.into_iter().flatten().any(|end| end.whole == *whole)
            }
            What::Namespace { name, .. } => ends.into_iter().flatten().any(|end| {
                let who = &self.entities.wholes[end.whole.0 as usize].who;
                matches!(who, Who::Workload { namespace, .. } if namespace == name)
            }),
            What::Node(..) => true,
        };
        (0..self.pieces.all.len()).filter(is).collect()
    }

    /// Whether a piece is about whom a message goes to: a policy of theirs, or what is theirs.
    fn is_of_target(&self, piece: usize, witness: &Witness) -> bool {
        let (To::Entity(to) | To::Door(_, _, to)) = witness.to else { return false };
        match &self.pieces.all[piece].what {
            What::Policy { .. } => self.speaks(piece, to),
            What::Labels { whole, .. } | What::Ports(whole) | What::Addresses(whole) => {
                to.whole == *whole
            }
            What::Namespace { .. } | What::Node(..) => false,
        }
    }

    /// Whether a policy could be about a pod, before or after.
    fn speaks(&self, piece: usize, entity: Entity) -> bool {
        let policies = self.pieces.policies_of(piece);
        let pods = self.pieces.pods_of(entity);
        let means = |selection: &PodSelection| {
            pods.iter().flatten().any(|pod| {
                let within = match &selection.namespaces {
                    NamespaceSelection::Named(name) => *name == pod.namespace,
                    NamespaceSelection::By(_) => true,
                };
                within && selection.pods.matches(&pod.labels)
            })
        };
        policies.into_iter().flatten().any(|policy: &Policy| means(&policy.subject))
    }
}

fn arrived(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Delivered | Verdict::Closed)
}

fn direction(edit: &Edit) -> Option<Direction> {
    match edit {
        Edit::New | Edit::Gone | Edit::Subject | Edit::Isolates | Edit::Order => None,
        Edit::RuleNew(direction, _)
        | Edit::RuleGone(direction, _)
        | Edit::Action(direction, _)
        | Edit::PeerNew(direction, ..)
        | Edit::PeerGone(direction, ..)
        | Edit::PeerChanged(direction, ..)
        | Edit::PeersAny(direction, _)
        | Edit::PeersSome(direction, _)
        | Edit::Ports(direction, _) => Some(*direction),
    }
}
