//! What all promises are asked with.

use std::collections::BTreeMap;
use std::rc::Rc;

use fibula_network::filters::{Filters, Owner};
use fibula_network::ranges::{of_family, tidy, without};
use fibula_network::set::{Level, SetId, Space};
use fibula_network::walk::Walks;
use fibula_network::{Addr, ChoiceId, ElementId, Family, Kind, Network, Port, Range};
use rustc_hash::FxHashMap;

use super::Member;
use super::alike::Alike;
use super::entrances::{self, Entrance};
use super::pairs::Asked;
use super::picked::Population;
use crate::reach::{Door, Doubts, Joints, Parties, Party, PartyId, Users, Who, own_ranges};
use crate::stranger;
use crate::trace::{Ground, Unread};

/// What all promises are asked with.
pub(super) struct Scene<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) filters: Filters<'a>,
    pub(super) parties: &'a Parties,
    pub(super) joints: &'a Joints,
    pub(super) atoms: Atoms,
    /// Policies that were not read (DR-21).
    pub(super) unread: Vec<Unread>,
    pub(super) everybody: Population,
    /// Of what is open and of what is closed, as sources and as targets: those of whom no policy
    /// could say more that was not read; none where all were read.
    pub(super) certain: Option<[[Population; 2]; 2]>,
    /// Addresses of the world in each atom that nobody has.
    pub(super) outside: Vec<Vec<Range>>,
    /// A pod of a namespace that was not read.
    pub(super) stranger: Option<ElementId>,
    pub(super) names: Names,
    declared: FxHashMap<ElementId, Vec<Port>>,
    /// Whether all switches have addresses of the same families.
    pub(super) one_family: bool,
    /// By switch, its first process.
    processes: FxHashMap<ElementId, ElementId>,
    walks: Option<Walks<'a>>,
    world: Option<Rc<[Range]>>,
    /// The atoms of each family that have an address in some ranges of the world, as targets.
    pub(super) within: FxHashMap<(Vec<Range>, Family), SetId>,
    /// What was asked of some targets, from everybody.
    pub(super) asked: FxHashMap<(Asked, SetId), SetId>,
    users: Option<Users<'a>>,
    doors: Option<Vec<Door>>,
    /// By pod, its party among those of doors, each of which is one pod.
    alone: Option<Parties>,
    entrances: Option<Vec<Entrance>>,
    likes: Option<Rc<Alike>>,
    /// By atom, what may come to it: of all targets, and of Nodes by their own pods.
    columns: Option<Rc<[Vec<SetId>; 2]>>,
}

/// The atoms of each switch whose addresses nobody else claims.
#[derive(Default)]
pub(super) struct Atoms {
    of: Vec<Vec<u32>>,
    /// Those whose addresses somebody else claims too (POD-7), sorted.
    pub(super) contested: Vec<ElementId>,
}

/// Parties, and parts of the world that were named since.
pub(super) struct Names {
    pub(super) all: Vec<Party>,
    world: FxHashMap<Vec<Range>, PartyId>,
}

// === impl Scene ===

impl<'a> Scene<'a> {
    pub(super) fn new(
        ground: Ground<'a>,
        mut filters: Filters<'a>,
        parties: &'a Parties,
        joints: &'a Joints,
    ) -> Scene<'a> {
        let network = ground.network;
        let atoms = Atoms::new(network, &filters);
        let unread: Vec<Unread> = crate::reach::policies(ground.unread);
        let doubts = Doubts::new(&unread);
        let everybody = Population::new(&mut filters, &atoms, None);
        let certain = (!unread.is_empty()).then(|| {
            let withheld: [&dyn Fn(&Who) -> bool; 2] =
                [&|who| doubts.source(who), &|who| doubts.target(who)];
            let opened: [&dyn Fn(&Who) -> bool; 2] =
                [&|who| doubts.opens(who), &|who| doubts.opens(who)];
            [withheld, opened].map(|sides| {
                sides.map(|doubtful| {
                    let is = |id: ElementId| {
                        let party = parties.of(id);
                        party.is_none_or(|party| !doubtful(&parties.get(party).who))
                    };
                    let only = network.ids().map(is).collect();
                    Population::new(&mut filters, &atoms, Some(only))
                })
            })
        });
        let outside = outside(ground, &filters);
        let names = Names { all: parties.all.clone(), world: FxHashMap::default() };
        let mut declared: FxHashMap<ElementId, Vec<Port>> = FxHashMap::default();
        for open in &network.facts.open {
            if let Some(switch) = network.facts.host(open.process) {
                declared.entry(switch).or_default().push(open.port);
            }
        }
        let mut processes = FxHashMap::default();
        for id in network.ids().filter(|id| network.kind(*id).is_process()) {
            if let Some(host) = network.facts.host(id) {
                processes.entry(host).or_insert(id);
            }
        }
        let mut scene = Scene {
            ground,
            declared,
            one_family: true,
            processes,
            stranger: stranger::find(network),
            filters,
            parties,
            joints,
            atoms,
            unread,
            everybody,
            certain,
            outside,
            names,
            walks: None,
            world: None,
            within: FxHashMap::default(),
            asked: FxHashMap::default(),
            users: None,
            doors: None,
            alone: None,
            entrances: None,
            likes: None,
            columns: None,
        };
        let switches = network.of_kind(Kind::Pod).chain(network.of_kind(Kind::Node));
        let mut families: Vec<u8> = switches.map(|id| scene.families(id)).collect();
        families.sort_unstable();
        families.dedup();
        scene.one_family = families.len() < 2;
        scene
    }

    pub(super) fn network(&self) -> &'a Network {
        self.ground.network
    }

    /// Who can use Services; none without a cluster.
    pub(super) fn users(&mut self) -> Option<(&mut Users<'a>, &mut Filters<'a>)> {
        let cluster = self.ground.cluster?;
        let (filters, joints) = (&mut self.filters, self.joints);
        let users = self.users.get_or_insert_with(|| Users::new(cluster, filters, joints));
        Some((users, filters))
    }

    /// All addresses of the world of the families that pods have, sorted and apart.
    pub(super) fn world(&mut self) -> Rc<[Range]> {
        if self.world.is_none() {
            self.world = Some(self.all_world().into());
        }
        self.world.clone().unwrap_or_default()
    }

    fn all_world(&self) -> Vec<Range> {
        let all = tidy(self.outside.iter().flatten().copied().collect());
        match self.joints.families[..] {
            [family] => of_family(&all, family),
            _ => all,
        }
    }

    /// All ways in from the world, in which each target is one pod.
    pub(super) fn doors(&mut self) -> &[Door] {
        if self.doors.is_none() {
            let alone = crate::reach::alone(self.ground);
            let doors = crate::reach::all_doors(self.ground, &self.filters, &alone);
            (self.doors, self.alone) = (Some(doors), Some(alone));
        }
        self.doors.as_deref().unwrap_or_default()
    }

    /// The switch that is meant by a party of a door.
    pub(super) fn behind(&self, party: PartyId) -> Option<ElementId> {
        self.alone.as_ref()?.get(party).elements.first().copied()
    }

    /// All ways in that those inside can use; they are to be put back.
    pub(super) fn take_entrances(&mut self) -> Vec<Entrance> {
        self.entrances.take().unwrap_or_else(|| entrances::all(self))
    }

    pub(super) fn put_entrances(&mut self, all: Vec<Entrance>) {
        self.entrances = Some(all);
    }

    /// By what ways in tell senders apart.
    pub(super) fn alike(&mut self) -> Rc<Alike> {
        let known = self.likes.take().unwrap_or_else(|| Rc::new(Alike::new(self)));
        self.likes.insert(known).clone()
    }

    pub(super) fn columns(&mut self) -> Rc<[Vec<SetId>; 2]> {
        let filters = &self.filters;
        let columns = self.columns.get_or_insert_with(|| {
            Rc::new(
                [filters.allowed, filters.own_node]
                    .map(|set| crate::reach::cells::columns(filters, set, Filters::TARGET)),
            )
        });
        columns.clone()
    }

    /// These values of choices, as a set.
    pub(super) fn under(&mut self, values: &BTreeMap<ChoiceId, u8>) -> SetId {
        let space = &mut self.filters.space;
        values.iter().fold(Space::FULL, |set, (choice, value)| {
            let level = Level(Filters::CHOICE.0 + choice.0);
            let value = space.interval(level, u32::from(*value), u32::from(*value));
            space.and(set, value)
        })
    }

    /// Switches by the parties that they are of, how many of each; without the stranger.
    pub(super) fn members(&self, elements: impl IntoIterator<Item = ElementId>) -> Vec<Member> {
        let known = elements.into_iter().filter(|id| Some(*id) != self.stranger);
        let mut parties: Vec<PartyId> = known.filter_map(|id| self.parties.of(id)).collect();
        parties.sort_unstable();
        let member = |same: &[PartyId]| Member {
            party: same[0],
            some: same.len(),
            of: self.parties.get(same[0]).elements.len(),
        };
        parties.chunk_by(|a, b| a == b).map(member).collect()
    }

    /// The ports that processes of a switch declare.
    pub(super) fn declared(&self, id: ElementId) -> impl Iterator<Item = Port> {
        self.declared.get(&id).into_iter().flatten().copied()
    }

    /// A process of a switch.
    pub(super) fn process(&self, id: ElementId) -> Option<ElementId> {
        self.processes.get(&id).copied()
    }

    /// The addresses of a switch.
    pub(super) fn addresses(&self, id: ElementId) -> &'a [Addr] {
        self.network().fib(id).map_or(&[], |fib| &fib.me.own)
    }

    /// Follows many messages.
    pub(super) fn walks(&mut self) -> &Walks<'a> {
        let network = self.ground.network;
        self.walks.get_or_insert_with(|| Walks::new(network))
    }

    /// The families that a switch has addresses of, as bits.
    pub(super) fn families(&self, id: ElementId) -> u8 {
        let families =
            self.addresses(id).iter().map(|addr| 1 << crate::reach::index(addr.family()));
        families.fold(0, |all, one: u8| all | one)
    }

    /// The Node that hosts a pod.
    pub(super) fn host(&self, pod: ElementId) -> Option<ElementId> {
        self.network().fib(pod)?.me.host
    }
}

/// Addresses of the world in each atom: what nobody has, is in none of the cluster's ranges (R3,
/// DR-13), and leads to no Service.
fn outside(ground: Ground<'_>, filters: &Filters<'_>) -> Vec<Vec<Range>> {
    let loopback = [Range::prefix([127, 0, 0, 0].into(), 8), Range::one(Addr::LOOPBACK_V6)];
    let mut taken: Vec<Range> = loopback.to_vec();
    if let Some(cluster) = ground.cluster {
        taken.extend(own_ranges(cluster));
        for service in &cluster.services {
            let balancers = service.balancers.iter().filter_map(|balancer| balancer.ip);
            let ips = service.cluster_ips.iter().chain(&service.external_ips).copied();
            taken.extend(ips.chain(balancers).map(|ip| Range::one(Addr::from(ip))));
        }
    }
    let taken = tidy(taken);
    let of = |atom: &fibula_network::filters::FilterAtom| match atom.owner {
        Owner::Nobody => without(&atom.ranges, &taken),
        Owner::Pods | Owner::Nodes => vec![],
    };
    filters.atoms.iter().map(|(_, atom)| of(atom)).collect()
}

// === impl Atoms ===

impl Atoms {
    fn new(network: &Network, filters: &Filters<'_>) -> Atoms {
        let mut atoms = Atoms { of: vec![vec![]; network.elements.len()], contested: vec![] };
        for owner in &network.owners {
            match owner.when {
                Some(_) => atoms.contested.push(owner.to),
                None => atoms.of[owner.to.index()].push(filters.atoms.of(owner.addr)),
            }
        }
        atoms.contested.sort_unstable();
        atoms.contested.dedup();
        for id in &atoms.contested {
            atoms.of[id.index()].clear();
        }
        for own in &mut atoms.of {
            own.sort_unstable();
            own.dedup();
        }
        atoms
    }

    /// The atoms of a switch, sorted.
    pub(super) fn of(&self, id: ElementId) -> &[u32] {
        &self.of[id.index()]
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (ElementId, &[u32])> {
        let ids = (0..).map(ElementId);
        ids.zip(&self.of).map(|(id, own)| (id, own.as_slice()))
    }
}

// === impl Names ===

impl Names {
    /// Addresses that nobody has, as a party.
    pub(super) fn world(&mut self, ranges: &[Range]) -> Member {
        let ranges = tidy(ranges.to_vec());
        let next = PartyId(self.all.len() as u32);
        let party = *self.world.entry(ranges.clone()).or_insert(next);
        if party == next {
            self.all.push(Party { who: Who::World(ranges), elements: vec![] });
        }
        Member { party, some: 1, of: 1 }
    }
}
